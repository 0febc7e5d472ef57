/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_keep: the cases about what is kept and for how long: checkpoints, evidence, retention, the status. */
#include "tests/store_suite.h"

#include "metering/record.h"

#include <string.h>

#define DAY (24 * SUITE_GRAIN)

/* -- checkpoints -- */

static void
commit_resource (Suite *suite, const char *resource, const char *agent, HmTime first_seen, HmTime edge)
{
  HmResourceRow row = suite_resource (resource, first_seen, SUITE_MORNING + DAY, 0);

  row.agent = agent;
  row.edge = edge;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
}

static gboolean
check_checkpoint (const HmResourceRow *row, gpointer user)
{
  const HmResourceRow *expected = user;

  assert_int_equal (row->edge, expected->edge);
  assert_int_equal (row->checkpoint != NULL, expected->checkpoint != NULL);
  assert_int_equal (row->checkpoint_length, expected->checkpoint_length);
  if (expected->checkpoint != NULL)
    assert_memory_equal (row->checkpoint, expected->checkpoint, row->checkpoint_length);
  return FALSE;
}

static void
resource_keeps_its_checkpoint (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0), written;

  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_true (suite->ops->resource_load (suite->store, "site", "r1", check_checkpoint, &row, NULL));
  row.version = 1;
  row.edge = SUITE_MORNING + DAY;
  row.checkpoint = "{\"fold\":{}}and more";
  row.checkpoint_length = strlen ("{\"fold\":{}}");
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_true (suite->ops->resource_load (suite->store, "site", "r1", check_checkpoint, &row, NULL));
  written = row;
  written.version = 2;
  written.checkpoint = NULL;
  suite_commit (suite, &(HmBatch){ .resources = &written, .n_resources = 1 });
  assert_true (suite->ops->resource_load (suite->store, "site", "r1", check_checkpoint, &row, NULL));
}

static gboolean
append_resource (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s ", row->resource);
  return TRUE;
}

static void
assert_resources (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_resources (suite->store, filter, append_resource, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
list_resources_filters_by_agent_and_edge (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;

  commit_resource (suite, "behind", "a", SUITE_MORNING - DAY, SUITE_MORNING - 1);
  commit_resource (suite, "there", "a", SUITE_MORNING - DAY, SUITE_MORNING);
  commit_resource (suite, "young", "b", SUITE_MORNING, 0);
  commit_resource (suite, "never", "b", SUITE_MORNING - 1, 0);
  assert_resources (suite, &filter, "behind never there young ");
  filter.edge_before = SUITE_MORNING;
  assert_resources (suite, &filter, "behind never ");
  filter.agent = "b";
  assert_resources (suite, &filter, "never ");
  filter.edge_before = 0;
  assert_resources (suite, &filter, "never young ");
}

/* -- dead letters -- */

static void
commit_letters (Suite *suite, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      HmDeadLetter letter = suite_letter (i);

      letter.verified = i == 1;
      letter.appended = i == 1 ? SUITE_MORNING : HM_TIME_UNKNOWN;
      suite_commit (suite, &(HmBatch){ .dead_letters = &letter, .n_dead_letters = 1 });
    }
}

static gboolean
append_id (const HmDeadLetter *row, gpointer ids)
{
  g_array_append_val (ids, row->id);
  return TRUE;
}

/* The ids of the letters that are listed. */
static GArray *
list_letters (Suite *suite, const HmStoreFilter *filter)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  assert_true (suite->ops->list_dead_letters (suite->store, filter, append_id, ids, NULL));
  return ids;
}

static gint64
letter_at (Suite *suite, guint place)
{
  g_autoptr (GArray) ids = list_letters (suite, &suite_everything);

  assert_true (place < ids->len);
  return g_array_index (ids, gint64, place);
}

static guint
count_letters (Suite *suite, gboolean settled)
{
  HmStoreFilter filter = suite_everything;
  g_autoptr (GArray) ids = NULL;

  filter.settled = settled;
  ids = list_letters (suite, &filter);
  return ids->len;
}

static gboolean
append_letter (const HmDeadLetter *row, gpointer text)
{
  g_string_append_printf (text, "%d %s %s %d %s;", (int)row->offset, row->verified ? "verified" : "-",
                          row->appended == HM_TIME_UNKNOWN ? "-" : "appended",
                          (int)(row->settled == 0 ? 0 : row->settled - SUITE_MORNING),
                          row->outcome != NULL ? row->outcome : "-");
  return TRUE;
}

static void
assert_letter (Suite *suite, gint64 id, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->dead_letter_get (suite->store, id, append_letter, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
settle (Suite *suite, gint64 id, HmTime when)
{
  HmDeadLetter letter = { .id = id, .settled = when, .outcome = "discarded" };

  suite_commit (suite, &(HmBatch){ .settled = &letter, .n_settled = 1 });
}

static void
letter_stays_as_evidence_when_it_is_settled (void **state)
{
  Suite *suite = *state;
  gint64 first, second;

  commit_letters (suite, 3);
  first = letter_at (suite, 0);
  second = letter_at (suite, 1);
  settle (suite, second, SUITE_MORNING + 5);
  assert_letter (suite, first, "0 - - 0 -;");
  assert_letter (suite, second, "1 verified appended 5 discarded;");
  assert_letter (suite, letter_at (suite, 1) + 1000, "");
  assert_int_equal (count_letters (suite, FALSE), 2);
  assert_int_equal (count_letters (suite, TRUE), 3);
}

static gboolean
append_counted (const HmDeadLetter *row, gpointer text)
{
  g_string_append_printf (text, "%s %s/%s/%s %s", row->headers_lost ? "lost" : "whole",
                          row->source != NULL ? row->source : "-", row->agent != NULL ? row->agent : "-",
                          row->epoch != NULL ? row->epoch : "-", row->accounted ? "accounted" : "not");
  if (row->accounted)
    g_string_append_printf (text, " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT, row->bin, row->sum);
  g_string_append_c (text, ';');
  return TRUE;
}

static void
letter_keeps_where_it_was_counted (void **state)
{
  Suite *suite = *state;
  HmDeadLetter letters[] = { suite_letter (0), suite_letter (1), suite_letter (2), suite_letter (3) };
  g_autoptr (GString) text = g_string_new (NULL);

  letters[0].headers_lost = TRUE;
  for (guint i = 1; i < G_N_ELEMENTS (letters); i++)
    {
      letters[i].source = "site";
      letters[i].agent = "node";
      letters[i].epoch = "e1";
      letters[i].accounted = i > 1;
    }
  letters[2].bin = HM_BIN_NONE;
  letters[2].sum = G_MAXUINT64;
  letters[3].bin = 0;
  suite_commit (suite, &(HmBatch){ .dead_letters = letters, .n_dead_letters = G_N_ELEMENTS (letters) });
  assert_true (suite->ops->list_dead_letters (suite->store, &suite_everything, append_counted, text, NULL));
  assert_string_equal (text->str, "lost -/-/- not;whole site/node/e1 not;"
                                  "whole site/node/e1 accounted -9223372036854775808 18446744073709551615;"
                                  "whole site/node/e1 accounted 0 0;");
}

static void
letter_is_settled_once (void **state)
{
  Suite *suite = *state;
  HmDeadLetter letter = { .settled = SUITE_MORNING + 9, .outcome = "accepted" };
  gint64 id;

  commit_letters (suite, 1);
  letter.id = id = letter_at (suite, 0);
  settle (suite, id, SUITE_MORNING + 5);
  suite_assert_refused (suite, &(HmBatch){ .settled = &letter, .n_settled = 1 }, HM_ERROR_TEMPORARY,
                        "settled");
  assert_letter (suite, id, "0 - - 5 discarded;");
  letter.id = id + 1000;
  suite_assert_refused (suite, &(HmBatch){ .settled = &letter, .n_settled = 1 }, HM_ERROR_TEMPORARY,
                        "settled");
}

static void
list_dead_letters_goes_on_after_an_id (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;
  g_autoptr (GArray) two = NULL, rest = NULL;

  commit_letters (suite, 3);
  filter.limit = 2;
  two = list_letters (suite, &filter);
  assert_int_equal (two->len, 2);
  filter.after = g_array_index (two, gint64, 1);
  rest = list_letters (suite, &filter);
  assert_int_equal (rest->len, 1);
  assert_true (g_array_index (rest, gint64, 0) > filter.after);
}

/* -- retention -- */

static const HmRetention keep_all = { HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };

/* Until nothing more is to be removed. */
static void
prune (Suite *suite, const HmRetention *retention)
{
  gboolean more = TRUE;

  while (more)
    {
      g_autoptr (GError) error = NULL;

      if (!suite->ops->prune (suite->store, retention, &more, &error))
        fail_msg ("%s", error->message);
    }
}

static void
assert_all_raw (Suite *suite, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_raw (suite->store, &suite_everything, suite_append_raw, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
prune_removes_grains_before_the_edge (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING - 1, "a"), suite_raw ("r1", 2, SUITE_MORNING, "b"),
                      suite_raw ("r2", 1, SUITE_MORNING + SUITE_GRAIN, "c") };

  rows[0].description = rows[1].description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = G_N_ELEMENTS (rows) });
  prune (suite, &keep_all);
  assert_all_raw (suite, "r1/1=a;r1/2=b;r2/1=c;");
  retention.raw = SUITE_MORNING;
  prune (suite, &retention);
  assert_all_raw (suite, "r1/2=b;r2/1=c;");
  prune (suite, &retention);
  retention.raw = SUITE_MORNING + 2 * SUITE_GRAIN;
  prune (suite, &retention);
  assert_all_raw (suite, "");
}

/* Equal bytes are the same description as far as a grain goes. */
static void
prune_leaves_a_description_that_a_younger_record_shares (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  HmRawRow rows[]
      = { suite_raw ("r1", 1, SUITE_MORNING - 1, "same"), suite_raw ("r1", 2, SUITE_MORNING, "same"),
          suite_raw ("r2", 1, SUITE_MORNING + 1, "same") };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i].description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = G_N_ELEMENTS (rows) });
  retention.raw = SUITE_MORNING;
  prune (suite, &retention);
  assert_all_raw (suite, "r1/2=same;r2/1=same;");
}

#define MANY 12000

static gboolean
check_byte (const HmRawRow *row, gpointer n)
{
  assert_int_equal (row->length, 1);
  (*(guint *)n)++;
  return TRUE;
}

/* More rows than one transaction removes; those that are left have their bytes. */
static void
prune_says_when_there_is_more (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  g_autofree HmRawRow *rows = g_new0 (HmRawRow, MANY);
  gboolean more = TRUE;
  guint left = MANY;

  for (guint i = 0; i < MANY; i++)
    {
      rows[i] = suite_raw ("r1", i + 1, SUITE_MORNING + i, "x");
      rows[i].description = TRUE;
    }
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = MANY });
  retention.raw = SUITE_MORNING + SUITE_GRAIN;
  while (more)
    {
      guint n = 0;

      assert_true (suite->ops->prune (suite->store, &retention, &more, NULL));
      assert_true (suite->ops->list_raw (suite->store, &suite_everything, check_byte, &n, NULL));
      assert_true (n < left || !more);
      left = n;
    }
  assert_int_equal (left, 0);
}

static gboolean
count_bin (const HmBinState *row, gpointer n)
{
  (void)row;
  (*(guint *)n)++;
  return TRUE;
}

static gboolean
count_loss (const HmLossRow *row, gpointer n)
{
  (void)row;
  (*(guint *)n)++;
  return TRUE;
}

static void
assert_n_bins (Suite *suite, guint expected)
{
  guint n = 0;

  assert_true (suite->ops->list_bins (suite->store, &suite_everything, count_bin, &n, NULL));
  assert_int_equal (n, expected);
}

static void
prune_removes_bins_that_have_ended (void **state)
{
  Suite *suite = *state;
  const gint64 first = SUITE_MORNING / HM_BIN_NS;
  HmRetention retention = keep_all;
  const HmBinRow came[] = { { .source = "site", .agent = "a", .epoch = "e1", .bin = first },
                            { .source = "site", .agent = "a", .epoch = "e1", .bin = first + 1 },
                            { .source = "site", .agent = "a", .epoch = "e1", .bin = HM_BIN_NONE } };
  const HmBinClosed closed[]
      = { { "site", "a", "e1", first, 1, 2, 3 }, { "site", "b", "e1", first, 1, 2, 3 } };

  suite_commit (suite, &(HmBatch){ .bins = came, .n_bins = 3, .closed = closed, .n_closed = 2 });
  retention.bins = SUITE_MORNING + HM_BIN_NS - 1;
  prune (suite, &retention);
  assert_n_bins (suite, 4);
  retention.bins++;
  prune (suite, &retention);
  assert_n_bins (suite, 2); /* what has no bin has no end */
}

static void
prune_removes_losses_that_have_ended (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  HmLossRow rows[] = { { .source = "site", .agent = "a", .epoch = "e1", .seq = 1, .reason = "r" },
                       { .source = "site", .agent = "a", .epoch = "e1", .seq = 2, .reason = "r" },
                       { .source = "site", .agent = "a", .epoch = "e1", .seq = 3, .reason = "r" } };
  guint n = 0;

  rows[0].to = SUITE_MORNING - 1;
  rows[1].to = SUITE_MORNING;
  rows[2].from = rows[2].to = HM_TIME_UNKNOWN; /* but it had ended when it was reported */
  rows[2].appended = SUITE_MORNING - 1;
  suite_commit (suite, &(HmBatch){ .losses = rows, .n_losses = 3 });
  retention.bins = SUITE_MORNING;
  prune (suite, &retention);
  assert_true (suite->ops->list_losses (suite->store, &suite_everything, count_loss, &n, NULL));
  assert_int_equal (n, 1);
}

static void
prune_removes_letters_long_settled_and_no_others (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;

  commit_letters (suite, 4);
  settle (suite, letter_at (suite, 0), SUITE_MORNING - 1);
  settle (suite, letter_at (suite, 0), SUITE_MORNING);
  retention.letters = SUITE_MORNING;
  prune (suite, &retention);
  assert_int_equal (count_letters (suite, TRUE), 3);
  assert_int_equal (count_letters (suite, FALSE), 2);
}

/* Whoever gets the partition looks there for what it took last. */
static void
prune_leaves_the_letter_that_was_taken_last (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  const HmDeadLetter letters[] = { suite_letter (1), suite_letter (50) };

  suite_commit (suite, &(HmBatch){ .dead_letters = letters, .n_dead_letters = 2 });
  settle (suite, letter_at (suite, 0), SUITE_MORNING);
  assert_int_equal (suite_offset (suite, 0), 2);
  retention.letters = SUITE_MORNING + 1;
  prune (suite, &retention);
  assert_int_equal (count_letters (suite, TRUE), 2);
  suite_commit (suite, &(HmBatch){ 0 });
  prune (suite, &retention);
  assert_int_equal (count_letters (suite, TRUE), 1);
}

static void
letter_gets_an_id_of_its_own_after_pruning (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  gint64 last;

  commit_letters (suite, 2);
  last = letter_at (suite, 1);
  settle (suite, letter_at (suite, 1), SUITE_MORNING);
  settle (suite, letter_at (suite, 0), SUITE_MORNING);
  retention.letters = SUITE_MORNING + 1;
  prune (suite, &retention);
  commit_letters (suite, 1);
  assert_true (letter_at (suite, 0) > last);
}

static void
prune_forgets_messages_beyond_the_horizon (void **state)
{
  Suite *suite = *state;
  HmRetention retention = keep_all;
  const HmMessageRow rows[] = { { "site", "old", SUITE_MORNING - 1 }, { "site", "new", SUITE_MORNING } };
  gboolean found;
  HmTime time;

  suite_commit (suite, &(HmBatch){ .messages = rows, .n_messages = 2 });
  retention.messages = SUITE_MORNING;
  prune (suite, &retention);
  assert_true (suite->ops->message_find (suite->store, "site", "old", &found, &time, NULL));
  assert_false (found);
  assert_true (suite->ops->message_find (suite->store, "site", "new", &found, &time, NULL));
  assert_true (found);
}

static void
status_tells_the_oldest_record_and_open_letters (void **state)
{
  Suite *suite = *state;
  const HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING + 5 * SUITE_GRAIN, "a"),
                            suite_raw ("r2", 1, SUITE_MORNING + 7, "b") };
  HmStoreStatus status;

  assert_true (suite->ops->status (suite->store, &status, NULL));
  assert_int_equal (status.oldest_raw, HM_TIME_UNKNOWN);
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = 2 });
  commit_letters (suite, 3);
  settle (suite, letter_at (suite, 1), SUITE_MORNING);
  assert_true (suite->ops->status (suite->store, &status, NULL));
  assert_int_equal (status.oldest_raw, SUITE_MORNING);
  assert_int_equal (status.dead_letters, 2);
}

const struct CMUnitTest suite_keep_cases[] = {
  cmocka_unit_test (resource_keeps_its_checkpoint),
  cmocka_unit_test (list_resources_filters_by_agent_and_edge),
  cmocka_unit_test (letter_stays_as_evidence_when_it_is_settled),
  cmocka_unit_test (letter_is_settled_once),
  cmocka_unit_test (letter_keeps_where_it_was_counted),
  cmocka_unit_test (list_dead_letters_goes_on_after_an_id),
  cmocka_unit_test (prune_removes_grains_before_the_edge),
  cmocka_unit_test (prune_leaves_a_description_that_a_younger_record_shares),
  cmocka_unit_test (prune_says_when_there_is_more),
  cmocka_unit_test (prune_removes_bins_that_have_ended),
  cmocka_unit_test (prune_removes_losses_that_have_ended),
  cmocka_unit_test (prune_removes_letters_long_settled_and_no_others),
  cmocka_unit_test (prune_leaves_the_letter_that_was_taken_last),
  cmocka_unit_test (letter_gets_an_id_of_its_own_after_pruning),
  cmocka_unit_test (prune_forgets_messages_beyond_the_horizon),
  cmocka_unit_test (status_tells_the_oldest_record_and_open_letters),
};
const guint suite_n_keep_cases = G_N_ELEMENTS (suite_keep_cases);
