/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_held: the cases about readings that are held out, decisions, policies, and what else a resource's row says of them. */
#include "tests/store_suite.h"

static HmHeldRow
held (const char *resource, guint64 seq, HmTime time)
{
  return (HmHeldRow){ .source = "site",
                      .resource = resource,
                      .agent = "node",
                      .epoch = "e1",
                      .seq = seq,
                      .device = "disk:vda",
                      .meter = "disk.device.read.bytes",
                      .sample_epoch = "",
                      .unit = "B",
                      .type = HM_CUMULATIVE,
                      .time = time,
                      .flag = HM_FLAG_REGRESS,
                      .value = { HM_VALUE_U64, { .u64 = 10 } },
                      .base_time = time - 1,
                      .base = { HM_VALUE_U64, { .u64 = 20 } } };
}

static gboolean
append_held (const HmHeldRow *row, gpointer user)
{
  g_string_append_printf (user, "%s/%" G_GUINT64_FORMAT "@%" G_GINT64_FORMAT " %d;", row->resource, row->seq,
                          row->time - SUITE_MORNING, row->decision);
  return TRUE;
}

static void
assert_held (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_held (suite->store, filter, append_held, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
check_held (const HmHeldRow *row, gpointer user)
{
  const HmHeldRow *expected = user;

  assert_string_equal (row->agent, expected->agent);
  assert_string_equal (row->epoch, expected->epoch);
  assert_int_equal (row->seq, expected->seq);
  assert_string_equal (row->device, expected->device);
  assert_string_equal (row->meter, expected->meter);
  assert_string_equal (row->sample_epoch, expected->sample_epoch);
  assert_string_equal (row->unit, expected->unit);
  assert_int_equal (row->type, expected->type);
  assert_int_equal (row->time, expected->time);
  assert_int_equal (row->flag, expected->flag);
  assert_int_equal (row->value.type, expected->value.type);
  assert_int_equal (row->value.u64, expected->value.u64); /* a double's bits, too */
  assert_int_equal (row->base_time, expected->base_time);
  assert_int_equal (row->base.type, expected->base.type);
  assert_int_equal (row->base.u64, expected->base.u64);
  assert_true (row->amount == expected->amount);
  assert_int_equal (row->decision, expected->decision);
  return TRUE;
}

static void
held_reading_comes_back_as_it_was (void **state)
{
  Suite *suite = *state;
  HmHeldRow row = held ("r1", G_MAXINT64, SUITE_MORNING);

  row.sample_epoch = "boot:1";
  row.flag = HM_FLAG_IMPLAUSIBLE;
  row.value.u64 = G_MAXUINT64;
  row.base = (HmValue){ HM_VALUE_I64, { .i64 = G_MININT64 } };
  row.amount = -((HmInt128)1 << 100);
  row.decision = HM_DECISION_RELEASE;
  suite_commit (suite, &(HmBatch){ .held = &row, .n_held = 1 });
  suite_reopen (suite);
  assert_true (suite->ops->list_held (suite->store, &suite_everything, check_held, &row, NULL));
}

static void
held_reading_without_base_and_of_a_double_comes_back_as_it_was (void **state)
{
  Suite *suite = *state;
  HmHeldRow row = held ("r1", 1, SUITE_MORNING);

  row.value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = 0.1 + 0.2 } };
  row.base_time = HM_TIME_UNKNOWN;
  row.base = (HmValue){ 0 };
  suite_commit (suite, &(HmBatch){ .held = &row, .n_held = 1 });
  assert_true (suite->ops->list_held (suite->store, &suite_everything, check_held, &row, NULL));
}

static void
held_reading_replaces_that_of_its_key (void **state)
{
  Suite *suite = *state;
  HmHeldRow rows[] = { held ("r1", 1, SUITE_MORNING), held ("r1", 1, SUITE_MORNING) };

  rows[1].device = "disk:vdb";
  suite_commit (suite, &(HmBatch){ .held = rows, .n_held = 2 });
  rows[0].time += 7;
  rows[0].decision = HM_DECISION_REJECT;
  suite_commit (suite, &(HmBatch){ .held = rows, .n_held = 1 });
  assert_held (suite, &suite_everything, "r1/1@0 0;r1/1@7 2;");
}

static void
list_held_filters_by_each_member (void **state)
{
  Suite *suite = *state;
  HmHeldRow rows[] = { held ("r2", 1, SUITE_MORNING + 1), held ("r1", 2, SUITE_MORNING + 1),
                       held ("r1", 3, SUITE_MORNING) };
  HmStoreFilter filter = suite_everything;

  rows[1].decision = HM_DECISION_REBASE;
  suite_commit (suite, &(HmBatch){ .held = rows, .n_held = 3 });
  assert_held (suite, &filter, "r1/3@0 0;r1/2@1 3;r2/1@1 0;");
  filter.undecided = TRUE;
  assert_held (suite, &filter, "r1/3@0 0;r2/1@1 0;");
  filter.limit = 1;
  assert_held (suite, &filter, "r1/3@0 0;");
  filter = suite_everything;
  filter.from = SUITE_MORNING + 1;
  filter.resource = "r1";
  assert_held (suite, &filter, "r1/2@1 3;");
  filter.source = "site";
  assert_held (suite, &filter, "r1/2@1 3;");
  filter.to = SUITE_MORNING + 1;
  assert_held (suite, &filter, "");
  filter = suite_everything;
  filter.source = "elsewhere";
  assert_held (suite, &filter, "");
}

static void
commit_refold (Suite *suite, guint64 version, HmTime from, const HmHeldRow *row)
{
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, version);
  const HmRefold refold = { "site", "r1", from, from };

  suite_commit (suite, &(HmBatch){ .resources = &resource,
                                   .n_resources = 1,
                                   .refolded = &refold,
                                   .n_refolded = 1,
                                   .held = row,
                                   .n_held = row != NULL ? 1 : 0 });
}

static void
refolded_resource_loses_its_held_readings (void **state)
{
  Suite *suite = *state;
  HmHeldRow rows[] = { held ("r1", 1, SUITE_MORNING), held ("r1", 2, SUITE_MORNING + 1),
                       held ("r1", 3, SUITE_MORNING + 2), held ("r2", 1, SUITE_MORNING + 1) };
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);

  suite_commit (suite, &(HmBatch){ .resources = &resource, .n_resources = 1, .held = rows, .n_held = 4 });
  commit_refold (suite, 1, SUITE_MORNING + 1, &rows[2]);
  assert_held (suite, &suite_everything, "r1/1@0 0;r2/1@1 0;r1/3@2 0;");
  commit_refold (suite, 2, HM_TIME_UNKNOWN, NULL);
  assert_held (suite, &suite_everything, "r2/1@1 0;");
}

static void
held_reading_of_a_number_beyond_the_store_is_refused (void **state)
{
  Suite *suite = *state;
  HmHeldRow row = held ("r1", (guint64)G_MAXINT64 + 1, SUITE_MORNING);

  suite_assert_refused (suite, &(HmBatch){ .held = &row, .n_held = 1 }, HM_ERROR_DATA, "2^63 - 1");
}

/* -- decisions and policies -- */

static HmDecisionRow
decision (const char *resource, guint64 seq, HmDecision what)
{
  return (HmDecisionRow){ .source = "site",
                          .resource = resource,
                          .agent = "node",
                          .epoch = "e1",
                          .seq = seq,
                          .device = "disk:vda",
                          .meter = "disk.device.read.bytes",
                          .sample_epoch = "boot:1",
                          .decision = what,
                          .author = "zoë",
                          .reason = "it was so",
                          .made = SUITE_MORNING + (HmTime)seq };
}

typedef struct
{
  GString *text;
  gint64 last; /* id */
} Decisions;

static gboolean
append_decision (const HmDecisionRow *row, gpointer user)
{
  Decisions *decisions = user;

  assert_true (row->id > decisions->last);
  decisions->last = row->id;
  g_string_append_printf (decisions->text, "%s/%s/%s/%" G_GUINT64_FORMAT "/%s/%s/%s %s by %s: %s @%d;",
                          row->resource, row->agent, row->epoch, row->seq, row->device, row->meter,
                          row->sample_epoch, hm_decision_name (row->decision), row->author, row->reason,
                          (int)(row->made - SUITE_MORNING));
  return TRUE;
}

static void
assert_decisions (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Decisions decisions = { text, 0 };

  assert_true (suite->ops->list_decisions (suite->store, filter, append_decision, &decisions, NULL));
  assert_string_equal (text->str, expected);
}

#define DECIDED(resource, seq, what, made)                                                                   \
  resource "/node/e1/" seq "/disk:vda/disk.device.read.bytes/boot:1 " what " by zoë: it was so @" made ";"

static void
decisions_are_kept_in_the_order_in_which_they_were_made (void **state)
{
  Suite *suite = *state;
  HmDecisionRow rows[] = { decision ("r1", 9, HM_DECISION_REJECT), decision ("r2", 1, HM_DECISION_RELEASE) };
  HmDecisionRow again = decision ("r1", 9, HM_DECISION_REBASE);
  HmStoreFilter filter = suite_everything;

  suite_commit (suite, &(HmBatch){ .decisions = rows, .n_decisions = 2 });
  suite_commit (suite, &(HmBatch){ .decisions = &again, .n_decisions = 1 });
  assert_decisions (suite, &filter,
                    DECIDED ("r1", "9", "reject", "9") DECIDED ("r2", "1", "release", "1")
                        DECIDED ("r1", "9", "rebase", "9"));
  filter.resource = "r1";
  assert_decisions (suite, &filter, DECIDED ("r1", "9", "reject", "9") DECIDED ("r1", "9", "rebase", "9"));
  filter.source = "site";
  filter.limit = 1;
  assert_decisions (suite, &filter, DECIDED ("r1", "9", "reject", "9"));
  filter = suite_everything;
  filter.to = SUITE_MORNING + 9;
  assert_decisions (suite, &filter, DECIDED ("r2", "1", "release", "1"));
  filter.source = "elsewhere";
  assert_decisions (suite, &filter, "");
}

static gboolean
append_policy (const HmPolicyRow *row, gpointer user)
{
  g_string_append_printf (user, "%d:%s %" G_GUINT64_FORMAT " by %s @%d;", (int)(row->from - SUITE_MORNING),
                          row->hold ? "hold" : "-", row->network_limit, row->author,
                          (int)(row->made - SUITE_MORNING));
  return TRUE;
}

static void
policies_come_in_the_order_in_which_they_hold (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  const HmPolicyRow rows[] = { { SUITE_MORNING + 5, TRUE, 0, "a", SUITE_MORNING + 1 },
                               { SUITE_MORNING - 5, FALSE, G_MAXINT64, "b", SUITE_MORNING + 2 },
                               { SUITE_MORNING + 5, FALSE, 7, "c", SUITE_MORNING + 3 } };

  suite_commit (suite, &(HmBatch){ .policies = rows, .n_policies = 3 });
  assert_true (suite->ops->list_policies (suite->store, append_policy, text, NULL));
  assert_string_equal (text->str, "-5:- 9223372036854775807 by b @2;5:hold 0 by a @1;5:- 7 by c @3;");
}

/* -- what else the rows say -- */

static gboolean
check_bill_members (const HmResourceRow *row, gpointer user)
{
  guint *n = user;

  assert_int_equal (row->rolled, SUITE_MORNING);
  assert_int_equal (row->reached, SUITE_MORNING + 3);
  assert_int_equal (row->parked, SUITE_MORNING + 4);
  assert_int_equal (row->decided, 5);
  (*n)++;
  return TRUE;
}

static void
resource_keeps_what_its_usage_rests_on (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  guint n = 0;

  row.rolled = SUITE_MORNING;
  row.reached = SUITE_MORNING + 3;
  row.parked = SUITE_MORNING + 4;
  row.decided = 5;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_true (suite->ops->resource_load (suite->store, "site", "r1", check_bill_members, &n, NULL));
  row.version = 1;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_true (suite->ops->list_resources (suite->store, &suite_everything, check_bill_members, &n, NULL));
  assert_int_equal (n, 2);
}

static gboolean
append_name (const HmResourceRow *row, gpointer user)
{
  g_string_append_printf (user, "%s;", row->resource);
  return TRUE;
}

/* 19000 is 2022-01-08, so January ends 24 days after SUITE_MORNING. */
static void
list_resources_finds_those_to_be_rolled_up (void **state)
{
  Suite *suite = *state;
  const HmTime day = 24 * SUITE_GRAIN, february = SUITE_MORNING + 24 * day;
  g_autoptr (GString) text = g_string_new (NULL);
  HmResourceRow rows[] = { suite_resource ("behind", SUITE_MORNING, february + 9 * day, 0),
                           suite_resource ("done", SUITE_MORNING, february + 9 * day, 0),
                           suite_resource ("gone", SUITE_MORNING, february - 1, 0),
                           suite_resource ("gone in its last month", SUITE_MORNING, february, 0),
                           suite_resource ("new", february + 9 * day, february + 9 * day, 0) };
  HmStoreFilter filter = suite_everything;

  rows[0].rolled = february + 8 * day;
  rows[1].rolled = february + 9 * day;
  rows[2].rolled = february;
  rows[3].rolled = february + day;
  filter.rolled_before = february + 9 * day;
  suite_commit (suite, &(HmBatch){ .resources = rows, .n_resources = G_N_ELEMENTS (rows) });
  assert_true (suite->ops->list_resources (suite->store, &filter, append_name, text, NULL));
  assert_string_equal (text->str, "behind;gone in its last month;");
}

static gboolean
append_target (const HmRequestRow *row, gpointer user)
{
  g_string_append_printf (user, "%s %s;", row->action, row->target != NULL ? row->target : "-");
  return TRUE;
}

static void
request_keeps_its_target (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmRequestRow request = { .action = "release", .author = "zoë", .asked = SUITE_MORNING };
  gint64 id;

  request.target = "{\"id\":\"0123456789abcdef\"}";
  assert_true (suite->ops->request_add (suite->store, &request, &id, NULL));
  request.target = NULL;
  assert_true (suite->ops->request_add (suite->store, &request, &id, NULL));
  assert_true (suite->ops->list_requests (suite->store, TRUE, append_target, text, NULL));
  assert_true (suite->ops->list_requests (suite->store, FALSE, append_target, text, NULL));
  assert_string_equal (text->str, "release {\"id\":\"0123456789abcdef\"};release -;"
                                  "release {\"id\":\"0123456789abcdef\"};release -;");
}

const struct CMUnitTest suite_held_cases[] = {
  cmocka_unit_test (held_reading_comes_back_as_it_was),
  cmocka_unit_test (held_reading_without_base_and_of_a_double_comes_back_as_it_was),
  cmocka_unit_test (held_reading_replaces_that_of_its_key),
  cmocka_unit_test (list_held_filters_by_each_member),
  cmocka_unit_test (refolded_resource_loses_its_held_readings),
  cmocka_unit_test (held_reading_of_a_number_beyond_the_store_is_refused),
  cmocka_unit_test (decisions_are_kept_in_the_order_in_which_they_were_made),
  cmocka_unit_test (policies_come_in_the_order_in_which_they_hold),
  cmocka_unit_test (resource_keeps_what_its_usage_rests_on),
  cmocka_unit_test (list_resources_finds_those_to_be_rolled_up),
  cmocka_unit_test (request_keeps_its_target),
};
const guint suite_n_held_cases = G_N_ELEMENTS (suite_held_cases);
