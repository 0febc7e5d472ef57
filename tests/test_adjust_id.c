/* SPDX-License-Identifier: Apache-2.0 */
/* test_adjust_id: who asks for an adjustment, for what, and more than once under one name. */
#include "tests/bill_kit.h"

#include "collector/bill/engine_close.h"
#include "collector/engine/engine_requests.h"

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

#define TARGET(id, quantity)                                                                                 \
  "{\"project\":\"p1\",\"meter\":\"cpu\",\"unit\":\"ns\",\"quantity\":\"" quantity "\",\"id\":\"" id "\"}"

static void
ask_as (BillKit *bill, const char *action, const char *target, const char *author, const char *reason)
{
  const HmRequestRow row
      = { .action = action, .target = target, .author = author, .reason = reason, .asked = MORNING };
  gint64 id;

  assert_true (bill->kit->real->request_add (bill->kit->store, &row, &id, NULL));
}

static void
ask (BillKit *bill, const char *target)
{
  ask_as (bill, "adjust", target, "somebody", "why not");
}

static gboolean
append_answer (const HmRequestRow *row, gpointer text)
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
  assert_true (bill->kit->real->list_requests (bill->kit->store, FALSE, append_answer, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
append_adjustment (const HmAdjustmentRow *row, gpointer text)
{
  g_string_append_printf (text, "%s=%" G_GINT64_FORMAT " by %s;", row->key, (gint64)row->quantity,
                          row->author);
  return TRUE;
}

static void
assert_adjustments (BillKit *bill, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (bill->kit->real->list_adjustments (bill->kit->store, append_adjustment, text, NULL));
  assert_string_equal (text->str, expected);
}

/* -- cases -- */

static void
adjustment_of_an_id_is_made_once (void **state)
{
  BillKit *bill = *state;

  ask (bill, TARGET ("t-1", "2"));
  ask (bill, TARGET ("t-1", "2.0"));
  ask (bill, TARGET ("t-1", "3"));
  ask (bill, TARGET ("t-2", "2"));
  assert_answers (bill, "adjusted: 2 ns of project p1, in the next statement;"
                        "adjusted already: 2.0 ns of project p1, in the next statement;"
                        "not done: 't-1' is the id of adjustment 1 already, which says something else;"
                        "adjusted: 2 ns of project p1, in the next statement;");
  assert_adjustments (bill, "t-1=2 by somebody;t-2=2 by somebody;");
}

static void
adjustment_of_an_id_is_known_in_its_statement (void **state)
{
  BillKit *bill = *state;
  HmCloseOrder order = { .name = "2024-10-04", .zone = "UTC", .author = "somebody" };

  ask (bill, TARGET ("t-1", "2"));
  assert_answers (bill, "adjusted: 2 ns of project p1, in the next statement;");
  hm_fake_clock_advance (bill->clock, 2 * DAY);
  bill_kit_reach (bill, MORNING + DAY + HOUR + SECOND);
  bill_kit_roll (bill, MORNING + DAY);
  assert_true (hm_engine_close_period (bill->kit->engine, &order, NULL));
  g_free (order.result);
  ask (bill, TARGET ("t-1", "2"));
  assert_answers (bill, "adjusted: 2 ns of project p1, in the next statement;"
                        "adjusted already: 2 ns of project p1, in statement 1;");
  assert_adjustments (bill, "t-1=2 by somebody;");
}

static void
adjustment_needs_an_id_that_names_something (void **state)
{
  BillKit *bill = *state;

  ask (bill, TARGET ("", "1"));
  ask (bill, TARGET ("a\\nb", "1"));
  assert_answers (bill, "not done: id: is empty;not done: id: holds what is no text;");
  assert_adjustments (bill, "");
}

/* -- two collectors -- */

static const HmStoreOps *real;

/* The other one stores its own after ours has looked. */
static gboolean
list_and_lose (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error)
{
  const HmAdjustmentRow theirs = { .source = "",
                                   .project = "p1",
                                   .user = "",
                                   .resource = "",
                                   .device = "",
                                   .meter = "cpu",
                                   .unit = "ns",
                                   .quantity = 2,
                                   .reason = "theirs",
                                   .author = "another",
                                   .key = "t-1" };
  const HmBatch batch = { .adjustments = &theirs, .n_adjustments = 1 };
  gboolean owned;

  return real->list_adjustments (store, visit, user, error) && real->begin (store, NULL, 0, &owned, error)
         && real->write (store, &batch, error) && real->commit (store, error);
}

static void
adjustment_of_an_id_is_made_once_by_two_collectors (void **state)
{
  BillKit *bill = *state;

  real = bill->kit->real;
  bill->kit->ops.list_adjustments = list_and_lose;
  ask (bill, TARGET ("t-1", "2"));
  assert_answers (bill, "open;");
  assert_adjustments (bill, "t-1=2 by another;");
  bill->kit->ops.list_adjustments = real->list_adjustments;
  assert_answers (bill, "adjusted already: 2 ns of project p1, in the next statement;");
  assert_adjustments (bill, "t-1=2 by another;");
}

/* -- who, and why -- */

/* As any program can add it that may write into that table. */
static void
request_has_an_author_and_what_changes_usage_a_reason (void **state)
{
  static const char *const reasoned[] = { "adjust", "release", "reject", "rebase", "recompute", "erase" };
  BillKit *bill = *state;

  ask_as (bill, "close", "{}", "", NULL);
  ask_as (bill, "policy", "{}", " \xc2\xa0", "why not");
  assert_answers (bill, "not done: who asks? There is no author;not done: who asks? There is no author;");
  for (guint i = 0; i < G_N_ELEMENTS (reasoned); i++)
    ask_as (bill, reasoned[i], "{}", "somebody", i % 2 == 0 ? " " : NULL);
  assert_answers (bill, "not done: who asks? There is no author;not done: who asks? There is no author;"
                        "not done: why? There is no reason;not done: why? There is no reason;"
                        "not done: why? There is no reason;not done: why? There is no reason;"
                        "not done: why? There is no reason;not done: why? There is no reason;");
}

/* Statements bill it, though it is no agent's. */
static void
adjustment_may_be_of_the_time_in_a_state (void **state)
{
  BillKit *bill = *state;

  ask (bill,
       "{\"project\":\"p1\",\"meter\":\"state.time\",\"unit\":\"h\",\"quantity\":\"-1\",\"id\":\"t-1\"}");
  assert_answers (bill, "adjusted: -1 h of project p1, in the next statement;");
  assert_adjustments (bill, "t-1=-3600000000000 by somebody;");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (adjustment_of_an_id_is_made_once),
    CASE (adjustment_of_an_id_is_known_in_its_statement),
    CASE (adjustment_needs_an_id_that_names_something),
    CASE (adjustment_of_an_id_is_made_once_by_two_collectors),
    CASE (request_has_an_author_and_what_changes_usage_a_reason),
    CASE (adjustment_may_be_of_the_time_in_a_state),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
