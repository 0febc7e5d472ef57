/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_counts: the cases about what is counted and said of agents and bins: counts, heartbeats, losses, anomalies, message ids. */
#include "tests/store_suite.h"

#include "metering/record.h"

#define FIRST_BIN (SUITE_MORNING / HM_BIN_NS)

/* -- agents -- */

static gboolean
copy_agent (const HmAgentRow *row, gpointer user)
{
  *(HmAgentRow *)user = *row;
  return TRUE;
}

static HmAgentRow
only_agent (Suite *suite)
{
  HmAgentRow row = { 0 };

  assert_true (suite->ops->list_agents (suite->store, copy_agent, &row, NULL));
  return row;
}

static void
commit_agent (Suite *suite, const HmAgentRow *part)
{
  HmAgentRow row = *part;

  row.source = "site";
  row.agent = "node";
  row.epoch = "e1";
  suite_commit (suite, &(HmBatch){ .agents = &row, .n_agents = 1 });
}

static void
agent_keeps_the_ends_of_its_times (void **state)
{
  Suite *suite = *state;
  HmAgentRow row;

  commit_agent (suite, &(HmAgentRow){ .first_time = 50, .last_time = 60, .last_appended = 70 });
  commit_agent (suite, &(HmAgentRow){ .first_time = 55, .last_time = 58, .last_appended = 71 });
  commit_agent (suite, &(HmAgentRow){ .first_time = 40, .last_time = 65, .last_appended = 69 });
  row = only_agent (suite);
  assert_int_equal (row.first_time, 40);
  assert_int_equal (row.last_time, 65);
  assert_int_equal (row.last_appended, 71);
}

/* A refused record does not say when it was made. */
static void
agent_takes_a_time_that_is_unknown_for_none (void **state)
{
  Suite *suite = *state;
  const HmAgentRow unknown = { .first_time = HM_TIME_UNKNOWN,
                               .last_time = HM_TIME_UNKNOWN,
                               .last_appended = HM_TIME_UNKNOWN,
                               .refused = 1 };
  HmAgentRow row;

  commit_agent (suite, &unknown);
  row = only_agent (suite);
  assert_int_equal (row.first_time, HM_TIME_UNKNOWN);
  assert_int_equal (row.last_time, HM_TIME_UNKNOWN);
  commit_agent (suite, &(HmAgentRow){ .first_time = 50, .last_time = 60, .last_appended = 70 });
  commit_agent (suite, &unknown);
  row = only_agent (suite);
  assert_int_equal (row.first_time, 50);
  assert_int_equal (row.last_time, 60);
  assert_int_equal (row.last_appended, 70);
  assert_int_equal (row.refused, 2);
}

static void
agent_keeps_what_its_latest_heartbeat_said (void **state)
{
  Suite *suite = *state;
  HmAgentRow row;

  commit_agent (suite, &(HmAgentRow){ .records = 1 });
  assert_int_equal (only_agent (suite).heartbeat, 0);
  commit_agent (suite, &(HmAgentRow){ .heartbeat = 200, .backlog = 7, .oldest_unsent = 150 });
  commit_agent (suite, &(HmAgentRow){ .heartbeat = 100, .backlog = 9, .oldest_unsent = 50 });
  commit_agent (suite, &(HmAgentRow){ .records = 1 });
  row = only_agent (suite);
  assert_int_equal (row.heartbeat, 200);
  assert_int_equal (row.backlog, 7);
  assert_int_equal (row.oldest_unsent, 150);
  commit_agent (suite, &(HmAgentRow){ .heartbeat = 300 });
  row = only_agent (suite);
  assert_int_equal (row.heartbeat, 300);
  assert_int_equal (row.backlog, 0);
  assert_int_equal (row.oldest_unsent, 0);
  assert_int_equal (row.records, 2);
}

static void
agent_gives_back_a_refused_record (void **state)
{
  Suite *suite = *state;

  commit_agent (suite, &(HmAgentRow){ .refused = 3 });
  commit_agent (suite, &(HmAgentRow){ .refused = (guint64)-1 });
  assert_int_equal (only_agent (suite).refused, 2);
}

/* -- bins -- */

static HmBinRow
bin_row (const char *agent, gint64 bin)
{
  return (HmBinRow){ .source = "site", .agent = agent, .epoch = "e1", .bin = bin };
}

static HmBinClosed
bin_closed (const char *agent, gint64 bin, guint64 records)
{
  return (HmBinClosed){ "site", agent, "e1", bin, records, 77, SUITE_MORNING };
}

static gboolean
copy_bin (const HmBinState *row, gpointer user)
{
  *(HmBinState *)user = *row;
  return TRUE;
}

static HmBinState
only_bin (Suite *suite)
{
  HmBinState row = { 0 };

  assert_true (suite->ops->list_bins (suite->store, &suite_everything, copy_bin, &row, NULL));
  return row;
}

static void
commit_bin (Suite *suite, const HmBinRow *part)
{
  HmBinRow row = *part;

  row.source = "site";
  row.agent = "node";
  row.epoch = "e1";
  row.bin = FIRST_BIN;
  suite_commit (suite, &(HmBatch){ .bins = &row, .n_bins = 1 });
}

static void
bin_adds_up_counts_and_sums_modulo_2_64 (void **state)
{
  Suite *suite = *state;
  HmBinState row;

  for (guint i = 0; i < 3; i++)
    commit_bin (suite, &(HmBinRow){ .records = 2,
                                    .sum = G_MAXUINT64 - 5,
                                    .refused_records = 1,
                                    .refused_sum = G_GUINT64_CONSTANT (0x8000000080000001),
                                    .late = 1 });
  row = only_bin (suite);
  assert_int_equal (row.came.records, 6);
  assert_true (row.came.sum == G_MAXUINT64 - 17);
  assert_int_equal (row.came.refused_records, 3);
  assert_true (row.came.refused_sum == G_GUINT64_CONSTANT (0x8000000180000003));
  assert_int_equal (row.came.late, 3);
  assert_false (row.is_closed);
}

static void
bin_gives_back_a_refused_record (void **state)
{
  Suite *suite = *state;
  const guint64 sum = G_GUINT64_CONSTANT (0x123456789abcdef0);
  HmBinState row;

  commit_bin (suite, &(HmBinRow){ .refused_records = 2, .refused_sum = sum + 5 });
  commit_bin (suite, &(HmBinRow){ .refused_records = (guint64)-1, .refused_sum = -sum });
  row = only_bin (suite);
  assert_int_equal (row.came.refused_records, 1);
  assert_int_equal (row.came.refused_sum, 5);
}

static gboolean
append_bin (const HmBinState *row, gpointer text)
{
  if (row->came.bin == HM_BIN_NONE)
    g_string_append_printf (text, "%s none", row->came.agent);
  else
    g_string_append_printf (text, "%s +%d", row->came.agent, (int)(row->came.bin - FIRST_BIN));
  g_string_append_printf (text, " %d", (int)row->came.records);
  if (row->is_closed)
    g_string_append_printf (text, "/%d at %d", (int)row->records, (int)(row->said - SUITE_MORNING));
  g_string_append_c (text, ';');
  return TRUE;
}

static void
assert_bins (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_bins (suite->store, filter, append_bin, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
bin_keeps_the_first_word_about_it (void **state)
{
  Suite *suite = *state;
  HmBinClosed said = bin_closed ("node", FIRST_BIN, 30);

  said.sum = G_GUINT64_CONSTANT (0xfedcba9876543210);
  suite_commit (suite, &(HmBatch){ .closed = &said, .n_closed = 1 });
  said.records = 31;
  said.sum = 1;
  suite_commit (suite, &(HmBatch){ .closed = &said, .n_closed = 1 });
  assert_bins (suite, &suite_everything, "node +0 0/30 at 0;");
  assert_true (only_bin (suite).sum == G_GUINT64_CONSTANT (0xfedcba9876543210));
}

static void
bin_is_refused_when_its_number_is_too_large (void **state)
{
  HmBinClosed said = bin_closed ("node", FIRST_BIN, (guint64)G_MAXINT64 + 1);

  suite_assert_refused (*state, &(HmBatch){ .closed = &said, .n_closed = 1 }, HM_ERROR_DATA,
                        "9223372036854775808");
}

/* Two agents; bins that came and were said, only came, were only said. */
static void
fill_bins (Suite *suite)
{
  HmBinRow came[] = { bin_row ("a", FIRST_BIN), bin_row ("a", FIRST_BIN + 1), bin_row ("a", HM_BIN_NONE),
                      bin_row ("b", FIRST_BIN) };
  HmBinClosed closed[] = { bin_closed ("a", FIRST_BIN, 4), bin_closed ("a", FIRST_BIN + 2, 6),
                           bin_closed ("b", FIRST_BIN + 1, 0) };

  for (guint i = 0; i < G_N_ELEMENTS (came); i++)
    came[i].records = i + 1;
  suite_commit (suite, &(HmBatch){ .bins = came,
                                   .n_bins = G_N_ELEMENTS (came),
                                   .closed = closed,
                                   .n_closed = G_N_ELEMENTS (closed) });
}

static void
list_bins_gives_what_came_beside_what_was_said (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;

  fill_bins (suite);
  assert_bins (suite, &filter, "a none 3;a +0 1/4 at 0;a +1 2;a +2 0/6 at 0;b +0 4;b +1 0/0 at 0;");
  filter.agent = "b";
  assert_bins (suite, &filter, "b +0 4;b +1 0/0 at 0;");
  filter.limit = 1;
  assert_bins (suite, &filter, "b +0 4;");
  filter = suite_everything;
  filter.source = "elsewhere";
  assert_bins (suite, &filter, "");
}

static void
list_bins_gives_those_whose_period_is_touched (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;

  fill_bins (suite);
  filter.agent = "a";
  filter.from = SUITE_MORNING + HM_BIN_NS;
  assert_bins (suite, &filter, "a none 3;a +1 2;a +2 0/6 at 0;");
  filter.to = SUITE_MORNING + 2 * HM_BIN_NS;
  assert_bins (suite, &filter, "a none 3;a +1 2;");
  filter.from--;
  filter.to++;
  assert_bins (suite, &filter, "a none 3;a +0 1/4 at 0;a +1 2;a +2 0/6 at 0;");
}

/* -- losses -- */

static HmLossRow
loss_row (const char *agent, guint64 seq, HmTime from, HmTime to)
{
  return (HmLossRow){ .source = "site",
                      .agent = agent,
                      .epoch = "e1",
                      .seq = seq,
                      .from = from,
                      .to = to,
                      .records = seq * 10,
                      .resources = 2,
                      .reason = "outbox-full",
                      .appended = SUITE_MORNING };
}

static gboolean
append_loss (const HmLossRow *row, gpointer text)
{
  g_string_append_printf (text, "%s/%d %d of %d %s%s;", row->agent, (int)row->seq, (int)row->records,
                          (int)row->resources, row->reason, row->from == HM_TIME_UNKNOWN ? " once" : "");
  return TRUE;
}

static void
assert_losses (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_losses (suite->store, filter, append_loss, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
loss_is_noted_once (void **state)
{
  Suite *suite = *state;
  HmLossRow loss = loss_row ("a", 3, SUITE_MORNING, SUITE_MORNING + 9);

  suite_commit (suite, &(HmBatch){ .losses = &loss, .n_losses = 1 });
  loss.records = 99;
  suite_commit (suite, &(HmBatch){ .losses = &loss, .n_losses = 1 });
  assert_losses (suite, &suite_everything, "a/3 30 of 2 outbox-full;");
  loss.seq = (guint64)G_MAXINT64 + 1;
  suite_assert_refused (suite, &(HmBatch){ .losses = &loss, .n_losses = 1 }, HM_ERROR_DATA,
                        "sequence number");
}

static void
list_losses_filters_by_what_is_known (void **state)
{
  Suite *suite = *state;
  const HmLossRow rows[] = { loss_row ("a", 1, SUITE_MORNING, SUITE_MORNING + 10),
                             loss_row ("a", 2, SUITE_MORNING + 20, SUITE_MORNING + 20),
                             loss_row ("b", 1, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN) };
  HmStoreFilter filter = suite_everything;

  suite_commit (suite, &(HmBatch){ .losses = rows, .n_losses = G_N_ELEMENTS (rows) });
  filter.from = SUITE_MORNING + 20;
  assert_losses (suite, &filter, "a/2 20 of 2 outbox-full;b/1 10 of 2 outbox-full once;");
  filter.from = HM_TIME_UNKNOWN;
  filter.to = SUITE_MORNING + 20;
  assert_losses (suite, &filter, "a/1 10 of 2 outbox-full;b/1 10 of 2 outbox-full once;");
  filter.agent = "a";
  assert_losses (suite, &filter, "a/1 10 of 2 outbox-full;");
}

/* -- anomalies, messages -- */

static gboolean
append_anomaly (const HmAnomalyRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s %s at %d;", row->kind, row->source, row->subject, row->detail,
                          (int)(row->noticed - SUITE_MORNING));
  return TRUE;
}

static void
assert_anomalies (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_anomalies (suite->store, filter, append_anomaly, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
anomaly_is_said_once (void **state)
{
  Suite *suite = *state;
  HmAnomalyRow rows[] = { { "conflict", "site", "r1", "a", SUITE_MORNING + 5 },
                          { "conflict", "site", "r1", "b", SUITE_MORNING + 3 } };
  HmStoreFilter filter = suite_everything;

  suite_commit (suite, &(HmBatch){ .anomalies = rows, .n_anomalies = 2 });
  rows[0].noticed = SUITE_MORNING + 9;
  suite_commit (suite, &(HmBatch){ .anomalies = rows, .n_anomalies = 1 });
  assert_anomalies (suite, &filter, "conflict site r1 b at 3;conflict site r1 a at 5;");
  filter.from = SUITE_MORNING + 5;
  assert_anomalies (suite, &filter, "conflict site r1 a at 5;");
  filter.source = "elsewhere";
  assert_anomalies (suite, &filter, "");
}

static void
message_is_known_again_by_its_id (void **state)
{
  Suite *suite = *state;
  HmMessageRow row = { "site", "m-1", SUITE_MORNING };
  gboolean found = TRUE;
  HmTime time = 0;

  assert_true (suite->ops->message_find (suite->store, "site", "m-1", &found, &time, NULL));
  assert_false (found);
  suite_commit (suite, &(HmBatch){ .messages = &row, .n_messages = 1 });
  assert_true (suite->ops->message_find (suite->store, "site", "m-1", &found, &time, NULL));
  assert_true (found);
  assert_int_equal (time, SUITE_MORNING);
  assert_true (suite->ops->message_find (suite->store, "elsewhere", "m-1", &found, &time, NULL));
  assert_false (found);
  row.time++;
  suite_assert_refused (suite, &(HmBatch){ .messages = &row, .n_messages = 1 }, HM_ERROR_TEMPORARY, "m-1");
}

static void
rollback_takes_back_all_that_was_counted (void **state)
{
  Suite *suite = *state;
  HmAgentRow agent = { .source = "site", .agent = "node", .epoch = "e1", .records = 1 };
  HmBinRow bin = bin_row ("node", FIRST_BIN);
  HmBinClosed closed = bin_closed ("node", FIRST_BIN, 1);
  HmLossRow loss = loss_row ("node", 1, SUITE_MORNING, SUITE_MORNING);
  HmAnomalyRow anomaly = { "conflict", "site", "r1", "a", SUITE_MORNING };

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store,
                                  &(HmBatch){ .agents = &agent,
                                              .n_agents = 1,
                                              .bins = &bin,
                                              .n_bins = 1,
                                              .closed = &closed,
                                              .n_closed = 1,
                                              .losses = &loss,
                                              .n_losses = 1,
                                              .anomalies = &anomaly,
                                              .n_anomalies = 1 },
                                  NULL));
  suite->ops->rollback (suite->store);
  assert_null (only_agent (suite).agent);
  assert_bins (suite, &suite_everything, "");
  assert_losses (suite, &suite_everything, "");
  assert_anomalies (suite, &suite_everything, "");
}

const struct CMUnitTest suite_count_cases[] = {
  cmocka_unit_test (agent_keeps_the_ends_of_its_times),
  cmocka_unit_test (agent_takes_a_time_that_is_unknown_for_none),
  cmocka_unit_test (agent_keeps_what_its_latest_heartbeat_said),
  cmocka_unit_test (agent_gives_back_a_refused_record),
  cmocka_unit_test (bin_adds_up_counts_and_sums_modulo_2_64),
  cmocka_unit_test (bin_gives_back_a_refused_record),
  cmocka_unit_test (bin_keeps_the_first_word_about_it),
  cmocka_unit_test (bin_is_refused_when_its_number_is_too_large),
  cmocka_unit_test (list_bins_gives_what_came_beside_what_was_said),
  cmocka_unit_test (list_bins_gives_those_whose_period_is_touched),
  cmocka_unit_test (loss_is_noted_once),
  cmocka_unit_test (list_losses_filters_by_what_is_known),
  cmocka_unit_test (anomaly_is_said_once),
  cmocka_unit_test (message_is_known_again_by_its_id),
  cmocka_unit_test (rollback_takes_back_all_that_was_counted),
};
const guint suite_n_count_cases = G_N_ELEMENTS (suite_count_cases);
