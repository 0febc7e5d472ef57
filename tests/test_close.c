/* SPDX-License-Identifier: Apache-2.0 */
/* test_close: periods closed over a real store: what is refused, what a statement says, what a correction says, and that nothing is lost beside a close. */
#include "tests/bill_kit.h"

#include "collector/bill/engine_close.h"
#include "collector/engine/engine_requests.h"
#include "collector/bill/periods.h"
#include "collector/bill/statement.h"
#include "metering/log.h"

#define DAY_NAME "2024-10-04" /* of MORNING */

static int
set_up (void **state)
{
  *state = bill_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  bill_kit_free (*state);
  return 0;
}

/* -- words -- */

/* Readings of @resource's counter at minutes @from and @to of the day. */
static void
use (BillKit *bill, const char *resource, guint minute, guint64 value)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  engine_kit_add_reading (bill->kit, arrivals, resource, minute, value, HM_STATE_RUNNING);
  engine_kit_take (bill->kit, arrivals);
}

static char *
ask (BillKit *bill, const char *name, gboolean accept, GError **error)
{
  HmCloseOrder order
      = { .name = name, .zone = "UTC", .accept = accept, .accept_unrolled = accept, .author = "somebody" };

  return hm_engine_close_period (bill->kit->engine, &order, error) ? order.result : NULL;
}

/* How many lines there are is for other meters to say as well. */
static void
forget_counts (char *text)
{
  g_autoptr (GRegex) counts = g_regex_new ("\\b[0-9]+ lines?\\b", 0, 0, NULL);
  g_autofree char *without = g_regex_replace_literal (counts, text, -1, 0, "lines", 0, NULL);

  strcpy (text, without); /* it is shorter */
}

static void
assert_closes (BillKit *bill, const char *name, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *result = ask (bill, name, FALSE, &error);

  if (result == NULL)
    fail_msg ("%s", error->message);
  forget_counts (result);
  assert_string_equal (result, expected);
}

static void
assert_refused (BillKit *bill, const char *name, gboolean accept, HmError code, const char *part)
{
  g_autoptr (GError) error = NULL;

  assert_null (ask (bill, name, accept, &error));
  kit_assert_error (&error, code, part);
}

/* The day is over, all of it is stored, and rolled up. */
static void
end_day (BillKit *bill)
{
  hm_fake_clock_advance (bill->clock, 2 * DAY);
  bill_kit_reach (bill, MORNING + DAY + HOUR + SECOND);
  bill_kit_roll (bill, MORNING + DAY);
}

static gboolean
append_line (const HmStatementLine *line, gpointer text)
{
  g_auto (HmLineText) parts = hm_line_text (line);

  if (strcmp (line->meter, "cpu") == 0)
    g_string_append_printf (text, "%s %s %s=%s%s;", parts.statement, line->project, line->resource,
                            parts.quantity, line->adjustment != 0 ? " adjusted" : "");
  return TRUE;
}

/* "statement project resource=quantity;" of cpu's lines. */
static void
assert_lines (BillKit *bill, const char *expected)
{
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (bill->kit->ops.list_lines (bill->kit->store, &all, append_line, text, NULL));
  assert_string_equal (text->str, expected);
}

static GPtrArray *
statements (BillKit *bill)
{
  return hm_statements_load (&bill->kit->ops, bill->kit->store, NULL);
}

/* -- what is refused -- */

static void
close_refuses_a_period_that_is_not_over (void **state)
{
  BillKit *bill = *state;

  assert_refused (bill, DAY_NAME, FALSE, HM_ERROR_USAGE,
                  "is not over: it can be closed from 2024-10-05T01:00:00");
  assert_refused (bill, DAY_NAME, TRUE, HM_ERROR_USAGE,
                  "is not over: it can be closed from 2024-10-05T00:00:00");
  assert_refused (bill, "2099-01", TRUE, HM_ERROR_USAGE, "is not over");
  assert_lines (bill, "");
}

static void
close_refuses_names_and_zones_that_are_none (void **state)
{
  BillKit *bill = *state;
  HmCloseOrder order = { .name = DAY_NAME, .zone = "Europe/Atlantis", .author = "somebody" };
  g_autoptr (GError) error = NULL;

  assert_refused (bill, "2024-13", FALSE, HM_ERROR_USAGE, "is no month or day");
  assert_false (hm_engine_close_period (bill->kit->engine, &order, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "no time zone");
  order.zone = "Asia/Kolkata";
  assert_false (hm_engine_close_period (bill->kit->engine, &order, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "grain = 30m would do");
}

static void
close_waits_for_each_partition (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  hm_fake_clock_advance (bill->clock, 2 * DAY);
  bill_kit_roll (bill, MORNING + DAY);
  assert_refused (
      bill, DAY_NAME, FALSE, HM_ERROR_USAGE,
      "cannot be closed yet: not all that was sent is stored: t/0 (until when it is stored nobody has "
      "noted: offset 1 is next since 20");
  bill_kit_reach (bill, MORNING + DAY + HOUR);
  assert_refused (bill, DAY_NAME, FALSE, HM_ERROR_USAGE,
                  "t/0 (stored until 2024-10-05T01:00:00.000000000Z: offset 1 is next since 20");
  bill_kit_reach (bill, MORNING + DAY + HOUR + 1);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
}

static void
close_names_what_its_author_accepts (void **state)
{
  BillKit *bill = *state;
  g_autoptr (GPtrArray) made = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  const HmStatementRow *statement;

  use (bill, "r1", 1, 100);
  hm_fake_clock_advance (bill->clock, 2 * DAY);
  result = ask (bill, DAY_NAME, TRUE, &error);
  if (result == NULL)
    fail_msg ("%s", error->message);
  made = statements (bill);
  assert_int_equal (made->len, 1);
  statement = made->pdata[0];
  assert_non_null (strstr (statement->missing,
                           "not all that was sent is stored: t/0 (until when it is stored nobody has noted: "
                           "offset 1 is next since 20"));
}

static void
correction_names_what_its_author_accepts (void **state)
{
  BillKit *bill = *state;
  g_autoptr (GPtrArray) made = NULL;
  g_autofree char *result = NULL;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  use (bill, "r1", 120, 900);
  bill_kit_roll (bill, 0);
  result = ask (bill, NULL, TRUE, NULL);
  assert_non_null (result);
  made = statements (bill);
  assert_int_equal (made->len, 2);
  assert_null (((const HmStatementRow *)made->pdata[0])->missing);
  assert_string_equal (((const HmStatementRow *)made->pdata[1])->missing, "1 resource is not rolled up yet");
}

/* Who accepts what a day lacks has not looked at what another day's correction lacks. */
static void
close_accepts_nothing_of_other_periods (void **state)
{
  BillKit *bill = *state;
  g_autofree char *other = NULL, *own = NULL;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  use (bill, "r1", 120, 900);
  bill_kit_roll (bill, 0);
  hm_fake_clock_advance (bill->clock, DAY);
  other = ask (bill, "2024-10-05", TRUE, NULL);
  forget_counts (other);
  assert_string_equal (other, "closed 2024-10-05 of UTC: statement 2, lines; the correction of " DAY_NAME
                              " of UTC waits: 1 resource is not rolled up yet");
  own = ask (bill, DAY_NAME, TRUE, NULL);
  forget_counts (own);
  assert_string_equal (own, DAY_NAME " of UTC is closed already; statement 3 corrects statement 1 (" DAY_NAME
                                     " of UTC), lines");
}

static void
close_waits_for_rollups (void **state)
{
  use (*state, "r1", 1, 100);
  end_day (*state);
  bill_kit_roll (*state, 0);
  assert_refused (*state, DAY_NAME, FALSE, HM_ERROR_USAGE, "1 resource is not rolled up yet");
}

static void
close_refuses_what_another_period_has (void **state)
{
  BillKit *bill = *state;

  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  hm_fake_clock_advance (bill->clock, 60 * DAY);
  bill_kit_reach (bill, MORNING + 60 * DAY);
  assert_refused (bill, "2024-10", FALSE, HM_ERROR_USAGE, "has time in common with " DAY_NAME);
}

/* -- what is said -- */

static void
close_says_what_was_used_once (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  use (bill, "r2", 1, 5);
  use (bill, "r2", 2, 15);
  use (bill, "r1", 24 * 60 + 30, 4840); /* three a minute, of which 30 are the next day's */
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  assert_lines (bill, "1 p1 r1=4650;1 p1 r2=10;");
  assert_closes (bill, DAY_NAME, DAY_NAME " of UTC is closed already");
}

static void
close_hashes_its_lines (void **state)
{
  BillKit *bill = *state;
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GPtrArray) made = NULL;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  assert_true (bill->kit->ops.list_lines (bill->kit->store, &all, bill_kit_hash_line, hash, NULL));
  made = statements (bill);
  assert_string_equal (((const HmStatementRow *)made->pdata[0])->sha256, g_checksum_get_string (hash));
}

static void
close_corrects_what_came_late (void **state)
{
  BillKit *bill = *state;
  g_autoptr (GPtrArray) before = NULL, after = NULL;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  before = statements (bill);
  use (bill, "r1", 120, 900);
  bill_kit_roll (bill, MORNING + DAY);
  assert_closes (bill, NULL, "statement 2 corrects statement 1 (" DAY_NAME " of UTC), lines");
  assert_lines (bill, "1 p1 r1=600;2 p1 r1=200;");
  after = statements (bill);
  assert_string_equal (((const HmStatementRow *)before->pdata[0])->sha256,
                       ((const HmStatementRow *)after->pdata[0])->sha256);
  assert_closes (bill, NULL, "nothing to correct");
}

/* A reading between two that were there: what was one counter life is two, and less was used. */
static void
close_takes_back_what_was_too_much (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 23 * 60, 700);
  use (bill, "r1", 25 * 60, 2700); /* half of it is this day's */
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  assert_lines (bill, "1 p1 r1=1600;");
  use (bill, "r1", 24 * 60, 800); /* only 100 of 2000 was, it turns out */
  bill_kit_roll (bill, MORNING + 2 * DAY);
  assert_closes (bill, NULL, "statement 2 corrects statement 1 (" DAY_NAME " of UTC), lines");
  assert_lines (bill, "1 p1 r1=1600;2 p1 r1=-900;");
}

static void
close_corrects_in_the_statement_after_the_next_period (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  use (bill, "r1", 120, 900);
  bill_kit_reach (bill, MORNING + 3 * DAY);
  hm_fake_clock_advance (bill->clock, DAY);
  bill_kit_roll (bill, MORNING + 2 * DAY);
  assert_closes (bill, "2024-10-05",
                 "closed 2024-10-05 of UTC: statement 2, lines; statement 3 corrects statement 1 (" DAY_NAME
                 " of UTC), lines");
}

static void
close_lets_a_correction_wait_for_rollups (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  use (bill, "r1", 120, 900);
  bill_kit_roll (bill, 0);
  assert_closes (bill, NULL, "the correction of " DAY_NAME " of UTC waits: 1 resource is not rolled up yet");
  bill_kit_roll (bill, MORNING + DAY);
  assert_closes (bill, NULL, "statement 2 corrects statement 1 (" DAY_NAME " of UTC), lines");
}

static void
note_line (GLogLevelFlags level, const HmLogFields *fields, const char *line, gpointer text)
{
  (void)level, (void)fields;
  g_string_append_printf (text, "%s;", line);
}

static void
close_tells_the_log_what_it_is_at (void **state)
{
  g_autoptr (GString) log = g_string_new (NULL);

  end_day (*state);
  hm_log_capture (note_line, log);
  assert_closes (*state, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  hm_log_capture (NULL, NULL);
  assert_non_null (strstr (log->str, "lines are sorted;" DAY_NAME " of UTC: 0 lines sorted, now written"));
}

/* -- whoever else is there -- */

static void
close_leaves_the_work_to_who_has_the_lease (void **state)
{
  BillKit *bill = *state;
  guint64 token;

  end_day (bill);
  assert_true (
      bill->kit->real->lease (bill->kit->store, HM_CLOSE_LEASE, "another", 3600 * SECOND, &token, NULL));
  assert_refused (bill, DAY_NAME, FALSE, HM_ERROR_TEMPORARY, "another collector closes");
  assert_true (bill->kit->real->lease (bill->kit->store, HM_CLOSE_LEASE, "another", -1, &token, NULL));
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
}

static guint64 stolen;

/* As after a pause of which this process knows nothing: another has had the lease meanwhile. */
static gboolean
lease_of_a_stale_holder (HmStore *store, const char *name, const char *holder, gint64 ttl_ns,
                         guint64 *ret_token, GError **error)
{
  (void)store;
  (void)name;
  (void)holder;
  (void)ttl_ns;
  (void)error;
  *ret_token = ++stolen;
  return TRUE;
}

static void
close_gives_up_when_another_has_had_the_lease (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  end_day (bill);
  bill->kit->ops.lease = lease_of_a_stale_holder;
  assert_refused (bill, DAY_NAME, FALSE, HM_ERROR_TEMPORARY, "has had the lease of periods meanwhile");
  bill->kit->ops.lease = bill->kit->real->lease;
  assert_lines (bill, "");
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
}

static BillKit *racing;

/* The other collector's record is stored at the last moment at which it can be. */
static gboolean
lock_after_a_late_record (HmStore *store, GError **error)
{
  BillKit *bill = racing;

  racing = NULL;
  if (bill != NULL)
    {
      bill->kit->real->rollback (store);
      use (bill, "r1", 120, 900);
      bill_kit_roll (bill, MORNING + DAY);
      assert_true (bill->kit->real->begin (store, NULL, 0, &(gboolean){ FALSE }, error));
    }
  return bill_kit_lock (store, error);
}

static void
close_beside_a_fold_loses_nothing (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  end_day (bill);
  racing = bill;
  bill->kit->ops.lock_periods = lock_after_a_late_record;
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  use (bill, "r1", 150, 1000);
  bill_kit_roll (bill, MORNING + DAY);
  assert_closes (bill, NULL, "statement 2 corrects statement 1 (" DAY_NAME " of UTC), lines");
  assert_lines (bill, "1 p1 r1=800;2 p1 r1=100;");
}

static HmFakeClock *waiting;

/* Others are at it for an hour. */
static gboolean
lock_after_an_hour (HmStore *store, GError **error)
{
  hm_fake_clock_advance (waiting, HOUR);
  return bill_kit_lock (store, error);
}

static gboolean
take_closed (const HmPeriodRow *row, gpointer closed)
{
  *(HmTime *)closed = row->closed;
  return TRUE;
}

/* What comes to be stored while it waits is in the statement. */
static void
close_is_dated_when_nothing_can_change_any_more (void **state)
{
  BillKit *bill = *state;
  g_autoptr (GPtrArray) made = NULL;
  HmTime before, closed = 0;

  use (bill, "r1", 1, 100);
  end_day (bill);
  waiting = bill->clock;
  before = bill->clock->clock.wall (&bill->clock->clock);
  bill->kit->ops.lock_periods = lock_after_an_hour;
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  made = statements (bill);
  assert_int_equal (((const HmStatementRow *)made->pdata[0])->made, before + HOUR);
  assert_true (bill->kit->real->list_periods (bill->kit->store, take_closed, &closed, NULL));
  assert_int_equal (closed, before + HOUR);
}

/* -- requests -- */

static void
add_request_of (BillKit *bill, const char *action, const char *target, const char *author, const char *reason)
{
  const HmRequestRow request
      = { .action = action, .target = target, .author = author, .reason = reason, .asked = MORNING };
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (!bill->kit->real->request_add (bill->kit->store, &request, &id, &error))
    fail_msg ("%s", error->message);
}

static void
add_request (BillKit *bill, const char *action, const char *target)
{
  add_request_of (bill, action, target, "somebody", "why not");
}

static gboolean
append_request (const HmRequestRow *row, gpointer text)
{
  g_string_append_printf (text, "%s;", row->done != 0 ? row->result : "open");
  return TRUE;
}

static void
assert_answers (BillKit *bill, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean more;

  if (!hm_engine_answer_requests (bill->kit->engine, NULL, 10, &more, &error))
    fail_msg ("%s", error->message);
  assert_true (bill->kit->real->list_requests (bill->kit->store, FALSE, append_request, text, NULL));
  forget_counts (text->str);
  assert_string_equal (text->str, expected);
}

static void
close_is_asked_for_by_a_request (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  add_request (bill, "close", "{\"name\":\"" DAY_NAME "\",\"zone\":\"UTC\",\"accept\":\"no\"}");
  assert_answers (bill, "not done: " DAY_NAME " of UTC is not over: it can be closed from "
                        "2024-10-05T01:00:00.000000000Z on;");
  end_day (bill);
  add_request (bill, "close", "{\"name\":\"" DAY_NAME "\"}");
  assert_answers (bill, "not done: " DAY_NAME " of UTC is not over: it can be closed from "
                        "2024-10-05T01:00:00.000000000Z on;closed " DAY_NAME " of UTC: statement 1, lines;");
}

static guint attempts;

static gboolean
lock_in_vain (HmStore *store, GError **error)
{
  (void)store;
  attempts++;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY, "others work for long");
  return FALSE;
}

/* While it runs nobody else can write. */
static void
close_that_fails_for_now_is_tried_less_and_less_often (void **state)
{
  static const guint expected[] = { 1, 1, 2, 2, 3 };
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  end_day (bill);
  attempts = 0;
  bill->kit->ops.lock_periods = lock_in_vain;
  add_request (bill, "close", "{\"name\":\"" DAY_NAME "\"}");
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      assert_answers (bill, "open;");
      assert_int_equal (attempts, expected[i]);
      hm_fake_clock_advance (bill->clock, i == 0 ? HM_NSEC_PER_SEC / 2 : HM_NSEC_PER_SEC);
    }
  for (guint i = 0; i < 10; i++)
    {
      hm_fake_clock_advance (bill->clock, 60 * HM_NSEC_PER_SEC);
      assert_answers (bill, "open;");
    }
  assert_int_equal (attempts, 13);
  bill->kit->ops.lock_periods = bill_kit_lock;
  hm_fake_clock_advance (bill->clock, 60 * HM_NSEC_PER_SEC);
  assert_answers (bill, "closed " DAY_NAME " of UTC: statement 1, lines;");
}

static void
adjustment_is_a_line_of_the_next_statement (void **state)
{
  BillKit *bill = *state;

  use (bill, "r1", 1, 100);
  use (bill, "r1", 90, 700);
  add_request (bill, "adjust",
               "{\"project\":\"p1\",\"meter\":\"cpu\",\"unit\":\"us\",\"quantity\":\"-0.25\"}");
  assert_answers (bill, "adjusted: -0.25 us of project p1, in the next statement;");
  end_day (bill);
  assert_closes (bill, DAY_NAME, "closed " DAY_NAME " of UTC: statement 1, lines");
  assert_lines (bill, "1 p1 =-250 adjusted;1 p1 r1=600;");
  use (bill, "r1", 120, 900);
  bill_kit_roll (bill, MORNING + DAY);
  assert_closes (bill, NULL, "statement 2 corrects statement 1 (" DAY_NAME " of UTC), lines");
  assert_lines (bill, "1 p1 =-250 adjusted;1 p1 r1=600;2 p1 r1=200;");
}

static void
adjustment_is_refused_where_it_makes_no_sense (void **state)
{
  BillKit *bill = *state;

  add_request (bill, "adjust", "{\"project\":\"p\",\"meter\":\"none\",\"unit\":\"ns\",\"quantity\":\"1\"}");
  add_request (bill, "adjust", "{\"project\":\"p\",\"meter\":\"cpu\",\"unit\":\"B\",\"quantity\":\"1\"}");
  add_request (bill, "adjust", "{\"project\":\"\",\"meter\":\"cpu\",\"unit\":\"ns\",\"quantity\":\"1\"}");
  assert_answers (
      bill, "not done: there is no meter 'none';not done: the meter counts in ns, of which B is no unit;"
            "not done: whose usage? There is no project;");
}

static gboolean
append_adjustment (const HmAdjustmentRow *row, gpointer text)
{
  g_string_append_printf (text, "%s|%s;", row->author, row->reason);
  return TRUE;
}

static void
request_texts_are_cleaned_and_cut (void **state)
{
  BillKit *bill = *state;
  g_autofree char *lengthy = g_strnfill (100000, 'x'), *cut = g_strnfill (HM_WORDS_MAX, 'x');
  g_autofree char *expected = g_strdup_printf ("a\xef\xbf\xbd"
                                               "b|%s;",
                                               cut);
  g_autoptr (GString) text = g_string_new (NULL);

  add_request_of (bill, "adjust", "{\"project\":\"p1\",\"meter\":\"cpu\",\"unit\":\"ns\",\"quantity\":\"1\"}",
                  "a\nb", lengthy);
  assert_answers (bill, "adjusted: 1 ns of project p1, in the next statement;");
  assert_true (bill->kit->real->list_adjustments (bill->kit->store, append_adjustment, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
adjustment_refuses_names_that_hold_control_characters (void **state)
{
  add_request (*state, "adjust",
               "{\"project\":\"p\\n1\",\"meter\":\"cpu\",\"unit\":\"ns\",\"quantity\":\"1\"}");
  assert_answers (*state, "not done: project: holds what is no text;");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (close_refuses_a_period_that_is_not_over),
    CASE (close_refuses_names_and_zones_that_are_none),
    CASE (close_waits_for_each_partition),
    CASE (close_names_what_its_author_accepts),
    CASE (correction_names_what_its_author_accepts),
    CASE (close_accepts_nothing_of_other_periods),
    CASE (close_waits_for_rollups),
    CASE (close_refuses_what_another_period_has),
    CASE (close_says_what_was_used_once),
    CASE (close_hashes_its_lines),
    CASE (close_corrects_what_came_late),
    CASE (close_takes_back_what_was_too_much),
    CASE (close_corrects_in_the_statement_after_the_next_period),
    CASE (close_lets_a_correction_wait_for_rollups),
    CASE (close_tells_the_log_what_it_is_at),
    CASE (close_leaves_the_work_to_who_has_the_lease),
    CASE (close_gives_up_when_another_has_had_the_lease),
    CASE (close_beside_a_fold_loses_nothing),
    CASE (close_is_dated_when_nothing_can_change_any_more),
    CASE (close_is_asked_for_by_a_request),
    CASE (close_that_fails_for_now_is_tried_less_and_less_often),
    CASE (adjustment_is_a_line_of_the_next_statement),
    CASE (adjustment_is_refused_where_it_makes_no_sense),
    CASE (request_texts_are_cleaned_and_cut),
    CASE (adjustment_refuses_names_that_hold_control_characters),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
