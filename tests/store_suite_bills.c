/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_bills: the cases about closed periods, statements and their lines, adjustments, and how far a partition has come. */
#include "tests/store_suite.h"

#define DAY   (24 * SUITE_GRAIN)
#define HUGE_ ((HmInt128)G_MAXINT64 * G_MAXINT64)

/* A day of UTC: @day days after SUITE_MORNING's. */
static HmPeriodRow
period (const char *name, gint64 day)
{
  return (HmPeriodRow){ .name = name,
                        .zone = "UTC",
                        .from = SUITE_MORNING + day * DAY,
                        .to = SUITE_MORNING + (day + 1) * DAY,
                        .closed = SUITE_MORNING + 100 * DAY,
                        .author = "zoë" };
}

static HmStatementRow
statement (gint64 number, gint64 of)
{
  return (HmStatementRow){ .number = number,
                           .period = of,
                           .made = SUITE_MORNING + 100 * DAY,
                           .author = "zoë",
                           .lines = 2,
                           .sha256 = "aa",
                           .records = 3,
                           .root = "bb" };
}

static HmStatementLine
line (gint64 number, gint64 at, const char *resource)
{
  return (HmStatementLine){ .number = number,
                            .line = at,
                            .source = "site",
                            .project = "p1",
                            .user = "u1",
                            .resource = resource,
                            .device = "disk:vda",
                            .meter = "disk.device.read.bytes",
                            .unit = "B",
                            .quantity = at,
                            .covered_ns = SUITE_GRAIN,
                            .flags = HM_FLAG_LATE };
}

static HmAdjustmentRow
adjustment (HmInt128 quantity)
{
  return (HmAdjustmentRow){ .source = "site",
                            .project = "p1",
                            .user = "",
                            .resource = "r1",
                            .device = "",
                            .meter = "memory",
                            .unit = "KiB",
                            .type = HM_GAUGE,
                            .quantity = quantity,
                            .reason = "an outage of ours",
                            .author = "zoë",
                            .made = SUITE_MORNING };
}

/* -- lists as text -- */

static gboolean
append_period (const HmPeriodRow *row, gpointer user)
{
  g_string_append_printf (user, "%" G_GINT64_FORMAT " %s %s %d-%d by %s %s%s;", row->id, row->name, row->zone,
                          (int)((row->from - SUITE_MORNING) / DAY), (int)((row->to - SUITE_MORNING) / DAY),
                          row->author, row->accepted != NULL ? row->accepted : "-",
                          row->touched ? " touched" : "");
  return TRUE;
}

static void
assert_periods (Suite *suite, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_periods (suite->store, append_period, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
append_statement (const HmStatementRow *row, gpointer user)
{
  g_string_append_printf (user,
                          "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT "<%" G_GINT64_FORMAT
                          " %" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT " %s %s;",
                          row->number, row->period, row->corrects, row->lines, row->sha256, row->records,
                          row->root, row->missing != NULL ? row->missing : "-");
  return TRUE;
}

static void
assert_statements (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_statements (suite->store, filter, append_statement, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
append_line (const HmStatementLine *row, gpointer user)
{
  g_string_append_printf (user, "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " %s;", row->number, row->line,
                          row->resource);
  return TRUE;
}

static void
assert_lines (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_lines (suite->store, filter, append_line, text, NULL));
  assert_string_equal (text->str, expected);
}

/* -- periods and statements -- */

static void
period_is_marked_and_otherwise_stays_as_it_was (void **state)
{
  Suite *suite = *state;
  HmPeriodRow rows[] = { period ("b", 1), period ("a", 0) };
  HmPeriodRow mark = period ("other", 5);

  rows[0].accepted = "t/0 from 5";
  rows[0].touched = TRUE;
  suite_commit (suite, &(HmBatch){ .periods = rows, .n_periods = 2 });
  suite_reopen (suite);
  assert_periods (suite, "2 a UTC 0-1 by zoë -;1 b UTC 1-2 by zoë t/0 from 5 touched;");
  mark.id = 1;
  suite_commit (suite, &(HmBatch){ .periods = &mark, .n_periods = 1 });
  assert_periods (suite, "2 a UTC 0-1 by zoë -;1 b UTC 1-2 by zoë t/0 from 5;");
  mark.touched = TRUE;
  mark.id = 2;
  suite_commit (suite, &(HmBatch){ .periods = &mark, .n_periods = 1 });
  assert_periods (suite, "2 a UTC 0-1 by zoë - touched;1 b UTC 1-2 by zoë t/0 from 5;");
}

static void
period_is_closed_once (void **state)
{
  Suite *suite = *state;
  HmPeriodRow row = period ("a", 0);
  HmBatch batch = { .periods = &row, .n_periods = 1 };

  suite_commit (suite, &batch);
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "a");
  row.zone = "Europe/Lisbon";
  suite_commit (suite, &batch);
}

static void
statement_belongs_to_the_period_of_its_batch (void **state)
{
  Suite *suite = *state;
  HmPeriodRow first = period ("a", 0), second = period ("b", 1);
  HmStatementRow rows[] = { statement (1, 0), statement (2, 1) };
  HmStatementRow third = statement (3, 0);
  HmStoreFilter filter = suite_everything;

  rows[1].corrects = 1;
  rows[1].missing = "t/0 from 5";
  suite_commit (suite,
                &(HmBatch){ .periods = &first, .n_periods = 1, .statements = rows, .n_statements = 2 });
  suite_commit (suite,
                &(HmBatch){ .periods = &second, .n_periods = 1, .statements = &third, .n_statements = 1 });
  assert_statements (suite, &filter,
                     "1 of 1<0 2 aa 3 bb -;2 of 1<1 2 aa 3 bb t/0 from 5;3 of 2<0 2 aa 3 bb -;");
  filter.number = 2;
  assert_statements (suite, &filter, "2 of 1<1 2 aa 3 bb t/0 from 5;");
  filter.number = 0;
  filter.limit = 1;
  assert_statements (suite, &filter, "1 of 1<0 2 aa 3 bb -;");
}

static void
statement_never_changes (void **state)
{
  Suite *suite = *state;
  HmPeriodRow first = period ("a", 0);
  HmStatementRow row = statement (1, 0);
  HmBatch batch = { .statements = &row, .n_statements = 1 };

  suite_commit (suite,
                &(HmBatch){ .periods = &first, .n_periods = 1, .statements = &row, .n_statements = 1 });
  row.period = 1;
  row.sha256 = "cc";
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "1");
  assert_statements (suite, &suite_everything, "1 of 1<0 2 aa 3 bb -;");
}

static gboolean
check_line (const HmStatementLine *row, gpointer user)
{
  const HmStatementLine *expected = user;

  assert_int_equal (row->number, expected->number);
  assert_int_equal (row->line, expected->line);
  assert_string_equal (row->source, expected->source);
  assert_string_equal (row->project, expected->project);
  assert_string_equal (row->user, expected->user);
  assert_string_equal (row->resource, expected->resource);
  assert_string_equal (row->device, expected->device);
  assert_string_equal (row->meter, expected->meter);
  assert_string_equal (row->unit, expected->unit);
  assert_int_equal (row->type, expected->type);
  assert_true (row->quantity == expected->quantity);
  assert_true (row->covered_ns == expected->covered_ns);
  assert_int_equal (row->flags, expected->flags);
  assert_int_equal (row->adjustment, expected->adjustment);
  return TRUE;
}

static void
line_comes_back_as_it_was (void **state)
{
  Suite *suite = *state;
  HmStatementLine row = line (1, 1, "r1");

  row.type = HM_GAUGE;
  row.quantity = -HUGE_;
  row.covered_ns = HUGE_ + 1;
  row.flags = (1u << HM_FLAG_COUNT) - 1;
  row.adjustment = 9;
  suite_commit (suite, &(HmBatch){ .lines = &row, .n_lines = 1 });
  suite_reopen (suite);
  assert_true (suite->ops->list_lines (suite->store, &suite_everything, check_line, &row, NULL));
}

static void
list_lines_filters_by_each_member (void **state)
{
  Suite *suite = *state;
  HmStatementLine rows[] = { line (2, 1, "r1"), line (1, 2, "r2"), line (1, 1, "r1"), line (1, 10, "r3") };
  HmStoreFilter filter = suite_everything;

  rows[3].project = "p2";
  rows[3].user = "u2";
  suite_commit (suite, &(HmBatch){ .lines = rows, .n_lines = 4 });
  assert_lines (suite, &filter, "1.1 r1;1.2 r2;1.10 r3;2.1 r1;");
  filter.number = 1;
  assert_lines (suite, &filter, "1.1 r1;1.2 r2;1.10 r3;");
  filter.project = "p1";
  assert_lines (suite, &filter, "1.1 r1;1.2 r2;");
  filter.resource = "r2";
  assert_lines (suite, &filter, "1.2 r2;");
  filter = suite_everything;
  filter.user = "u2";
  assert_lines (suite, &filter, "1.10 r3;");
  filter.source = "elsewhere";
  assert_lines (suite, &filter, "");
  filter = suite_everything;
  filter.limit = 3;
  assert_lines (suite, &filter, "1.1 r1;1.2 r2;1.10 r3;");
}

static gboolean
count_line (const HmStatementLine *row, gpointer user)
{
  gint64 *n = user;

  assert_int_equal (row->line, ++*n);
  return TRUE;
}

/* A close reads usage and writes lines until all are there, and then commits. */
static void
lines_of_many_writes_are_one_transaction (void **state)
{
  Suite *suite = *state;
  HmStatementLine rows[500];
  gint64 n = 0;

  assert_true (suite_begin (suite, NULL));
  for (guint part = 0; part < 10; part++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        rows[i] = line (1, ++n, "r1");
      assert_true (suite->ops->write (suite->store,
                                      &(HmBatch){ .lines = rows, .n_lines = G_N_ELEMENTS (rows) }, NULL));
    }
  suite->ops->rollback (suite->store);
  assert_lines (suite, &suite_everything, "");
  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .lines = rows, .n_lines = 100 }, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .lines = &rows[100], .n_lines = 400 }, NULL));
  assert_true (suite->ops->commit (suite->store, NULL));
  n = rows[0].line - 1;
  assert_true (suite->ops->list_lines (suite->store, &suite_everything, count_line, &n, NULL));
  assert_int_equal (n, rows[499].line);
}

/* -- adjustments -- */

static gboolean
append_adjustment (const HmAdjustmentRow *row, gpointer user)
{
  char quantity[HM_NUMBER_MAX];

  hm_int128_print (row->quantity, 0, quantity);
  g_string_append_printf (
      user, "%" G_GINT64_FORMAT " %s/%s/%s/%s/%s/%s/%s %s %s: %s by %s in %" G_GINT64_FORMAT "%s%s;", row->id,
      row->source, row->project, row->user, row->resource, row->device, row->meter, row->unit,
      hm_meter_type_name (row->type), quantity, row->reason, row->author, row->statement,
      row->key != NULL ? " as " : "", row->key != NULL ? row->key : "");
  return TRUE;
}

static gboolean
append_key (const HmAdjustmentRow *row, gpointer text)
{
  g_string_append_printf (text, "%" G_GINT64_FORMAT "=%s;", (gint64)row->quantity,
                          row->key != NULL ? row->key : "");
  return TRUE;
}

static void
adjustment_of_a_name_is_stored_once (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmAdjustmentRow rows[] = { adjustment (1), adjustment (2), adjustment (3), adjustment (4) };
  HmAdjustmentRow again = adjustment (5);

  rows[1].key = "ticket-1";
  rows[2].key = "Ticket-1";
  again.key = "ticket-1";
  suite_commit (suite, &(HmBatch){ .adjustments = rows, .n_adjustments = 4 });
  suite_assert_refused (suite, &(HmBatch){ .adjustments = &again, .n_adjustments = 1 }, HM_ERROR_TEMPORARY,
                        "");
  assert_true (suite->ops->list_adjustments (suite->store, append_key, text, NULL));
  assert_string_equal (text->str, "1=;2=ticket-1;3=Ticket-1;4=;");
}

static void
adjustment_is_taken_by_one_statement (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmAdjustmentRow rows[] = { adjustment (-HUGE_), adjustment (7) };
  HmAdjustmentRow taken = { .id = 2, .statement = 5 };

  suite_commit (suite, &(HmBatch){ .adjustments = rows, .n_adjustments = 2 });
  suite_commit (suite, &(HmBatch){ .adjustments = &taken, .n_adjustments = 1 });
  taken.statement = 6;
  suite_assert_refused (suite, &(HmBatch){ .adjustments = &taken, .n_adjustments = 1 }, HM_ERROR_TEMPORARY,
                        "2");
  assert_true (suite->ops->list_adjustments (suite->store, append_adjustment, text, NULL));
  assert_string_equal (
      text->str, "1 site/p1//r1//memory/KiB gauge -85070591730234615847396907784232501249: an outage of "
                 "ours by zoë in 0;"
                 "2 site/p1//r1//memory/KiB gauge 7: an outage of ours by zoë in 5;");
}

/* -- periods that usage has changed in -- */

static HmBucket *
new_bucket (HmTime grain)
{
  HmBucket *bucket = hm_bucket_new ();

  bucket->grain = grain;
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup ("r1");
  bucket->agent = g_strdup ("node");
  bucket->epoch = g_strdup ("e");
  bucket->project = g_strdup ("p1");
  bucket->user = g_strdup ("u1");
  bucket->flavor = g_strdup ("");
  bucket->state = HM_STATE_RUNNING;
  return bucket;
}

static void
commit_three_periods (Suite *suite)
{
  const HmPeriodRow rows[] = { period ("a", 0), period ("b", 1), period ("c", 2) };

  suite_commit (suite, &(HmBatch){ .periods = rows, .n_periods = 3 });
}

static void
usage_touches_the_closed_periods_that_it_is_in (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) before = new_bucket (SUITE_MORNING - SUITE_GRAIN),
                       last = new_bucket (SUITE_MORNING + DAY - SUITE_GRAIN),
                       third = new_bucket (SUITE_MORNING + 2 * DAY),
                       after = new_bucket (SUITE_MORNING + 3 * DAY);

  commit_three_periods (suite);
  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *[]){ before, after }, .n_buckets = 2 });
  assert_periods (suite, "1 a UTC 0-1 by zoë -;2 b UTC 1-2 by zoë -;3 c UTC 2-3 by zoë -;");
  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *[]){ before, last, third }, .n_buckets = 3 });
  assert_periods (suite, "1 a UTC 0-1 by zoë - touched;2 b UTC 1-2 by zoë -;3 c UTC 2-3 by zoë - touched;");
}

static void
rollups_touch_no_period (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) day = new_bucket (SUITE_MORNING);
  const HmRollupRow rollup = { HM_STEP_DAY, day };

  commit_three_periods (suite);
  suite_commit (suite, &(HmBatch){ .rollups = &rollup, .n_rollups = 1 });
  assert_periods (suite, "1 a UTC 0-1 by zoë -;2 b UTC 1-2 by zoë -;3 c UTC 2-3 by zoë -;");
}

static void
usage_that_is_removed_touches_its_period (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) first = new_bucket (SUITE_MORNING), second = new_bucket (SUITE_MORNING + DAY);
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + DAY, 0);
  const HmRefold refold = { "site", "r1", SUITE_MORNING + 1 };

  suite_commit (suite, &(HmBatch){ .resources = &resource,
                                   .n_resources = 1,
                                   .buckets = (HmBucket *[]){ first, second },
                                   .n_buckets = 2 });
  commit_three_periods (suite);
  resource.version = 1;
  suite_commit (suite,
                &(HmBatch){ .resources = &resource, .n_resources = 1, .refolded = &refold, .n_refolded = 1 });
  assert_periods (suite, "1 a UTC 0-1 by zoë -;2 b UTC 1-2 by zoë - touched;3 c UTC 2-3 by zoë -;");
}

/* -- how far a partition has come -- */

static gboolean
append_offset (const HmOffsetRow *row, gpointer user)
{
  g_string_append_printf (user, "%s/%d %" G_GINT64_FORMAT " ", row->topic, row->partition, row->next);
  if (row->reached == HM_TIME_UNKNOWN)
    g_string_append (user, "?;");
  else
    g_string_append_printf (user, "%d;", (int)(row->reached - SUITE_MORNING));
  return TRUE;
}

static void
assert_reached (Suite *suite, gint64 next, HmTime reached, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->offset_reached (suite->store, "t", 0, next, SUITE_MORNING + reached, NULL));
  assert_true (suite->ops->list_offsets (suite->store, append_offset, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
offset_keeps_the_latest_time_that_it_has_reached (void **state)
{
  Suite *suite = *state;

  suite_commit (suite, &(HmBatch){ 0 });
  assert_reached (suite, 2, 5, "t/0 1 ?;"); /* what lies between is not stored */
  assert_reached (suite, 1, 5, "t/0 1 5;");
  assert_reached (suite, 1, 4, "t/0 1 5;");
  assert_reached (suite, 0, 7, "t/0 1 7;");
  suite_commit (suite, &(HmBatch){ 0 });
  assert_reached (suite, 9, 9, "t/0 2 7;");
}

static void
periods_are_locked_within_a_transaction (void **state)
{
  Suite *suite = *state;
  HmPeriodRow row = period ("a", 0);
  GError *error = NULL;

  assert_false (suite->ops->lock_periods (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "transaction");
  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->lock_periods (suite->store, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .periods = &row, .n_periods = 1 }, NULL));
  assert_true (suite->ops->commit (suite->store, NULL));
  suite_commit (suite, &(HmBatch){ 0 }); /* and are free again */
  assert_periods (suite, "1 a UTC 0-1 by zoë -;");
}

/* -- for ever -- */

static void
what_a_bill_rests_on_is_never_too_old (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmPeriodRow row = period ("a", 0);
  HmStatementRow said = statement (1, 0);
  HmStatementLine one = line (1, 1, "r1");
  HmAdjustmentRow added = adjustment (7);
  const HmRetention all = { G_MAXINT64, G_MAXINT64, G_MAXINT64, G_MAXINT64 };
  gboolean more;

  suite_commit (suite, &(HmBatch){ .periods = &row,
                                   .n_periods = 1,
                                   .statements = &said,
                                   .n_statements = 1,
                                   .lines = &one,
                                   .n_lines = 1,
                                   .adjustments = &added,
                                   .n_adjustments = 1 });
  assert_true (suite->ops->prune (suite->store, &all, &more, NULL));
  assert_periods (suite, "1 a UTC 0-1 by zoë -;");
  assert_statements (suite, &suite_everything, "1 of 1<0 2 aa 3 bb -;");
  assert_lines (suite, &suite_everything, "1.1 r1;");
  assert_true (suite->ops->list_adjustments (suite->store, append_adjustment, text, NULL));
  assert_true (text->len > 0);
}

const struct CMUnitTest suite_bill_cases[] = {
  cmocka_unit_test (period_is_marked_and_otherwise_stays_as_it_was),
  cmocka_unit_test (period_is_closed_once),
  cmocka_unit_test (statement_belongs_to_the_period_of_its_batch),
  cmocka_unit_test (statement_never_changes),
  cmocka_unit_test (line_comes_back_as_it_was),
  cmocka_unit_test (list_lines_filters_by_each_member),
  cmocka_unit_test (lines_of_many_writes_are_one_transaction),
  cmocka_unit_test (adjustment_is_taken_by_one_statement),
  cmocka_unit_test (adjustment_of_a_name_is_stored_once),
  cmocka_unit_test (usage_touches_the_closed_periods_that_it_is_in),
  cmocka_unit_test (rollups_touch_no_period),
  cmocka_unit_test (usage_that_is_removed_touches_its_period),
  cmocka_unit_test (offset_keeps_the_latest_time_that_it_has_reached),
  cmocka_unit_test (periods_are_locked_within_a_transaction),
  cmocka_unit_test (what_a_bill_rests_on_is_never_too_old),
};
const guint suite_n_bill_cases = G_N_ELEMENTS (suite_bill_cases);
