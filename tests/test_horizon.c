/* SPDX-License-Identifier: Apache-2.0 */
/* test_horizon: raw rows go, and nothing changes. Random lives of instances arrive late, twice and in batches of any size, while their
 * raw rows are removed at random moments and up to random edges: the tables are those of a store that keeps
 * everything and never got what came from before an edge. */
#include "collector/engine/engine_private.h"
#include "collector/engine/engine_prune.h"
#include "tests/chance.h"
#include "tests/engine_history.h"

#include <string.h>

#define RESOURCES 8
#define ROUNDS    20
#define BUDGET_NS (G_GINT64_CONSTANT (1) << 40)

static const char *const names[RESOURCES] = { "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8" };

static int
set_up (void **state)
{
  *state = chance_new ();
  return 0;
}

static int
tear_down (void **state)
{
  g_rand_free (*state);
  return 0;
}

/* -- edges -- */

static gboolean
note_edge (const HmResourceRow *row, gpointer edges)
{
  g_hash_table_insert (edges, g_strdup (row->resource), g_memdup2 (&row->edge, sizeof row->edge));
  return TRUE;
}

/* (transfer full) (element-type utf8 HmTime) */
static GHashTable *
list_edges (EngineKit *kit)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  GHashTable *edges = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  assert_true (kit->real->list_resources (kit->store, &filter, note_edge, edges, NULL));
  return edges;
}

static void
prune (EngineKit *kit, HmTime edge)
{
  const HmRetention retention
      = { .raw = edge, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_prune (kit->engine, &retention, BUDGET_NS, &more, &error))
      fail_msg ("%s", error->message);
}

static gboolean
find_oldest (const HmRawRow *row, gpointer oldest)
{
  *(HmTime *)oldest = MIN (*(HmTime *)oldest, row->grain);
  return TRUE;
}

static void
assert_no_raw_before (EngineKit *kit, HmTime edge)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmTime oldest = G_MAXINT64;

  assert_true (kit->real->list_raw (kit->store, &filter, find_oldest, &oldest, NULL));
  assert_true (oldest >= edge);
}

/* -- the run with retention -- */

typedef struct
{
  GRand *rand;
  EngineKit *kit;
  GPtrArray *order;   /* (element-type GBytes) borrowed */
  guint at;           /* of `order` */
  GPtrArray *counted; /* (element-type GBytes) borrowed: not from before an edge */
  GHashTable *edges;
  guint64 beyond; /* not counted, once each */
  GHashTable *came;
} Run;

static HmTime
time_of (Run *run, guint i)
{
  g_autoptr (HmArrival) arrival = engine_history_arrive (run->kit, g_ptr_array_index (run->order, i));

  run->kit->offset--;
  return arrival->decoded->record.time;
}

/* A repetition changes nothing, wherever its first was. */
static void
judge (Run *run, const HmArrival *arrival, GBytes *bytes)
{
  const HmRecord *record = &arrival->decoded->record;
  const HmTime *edge = g_hash_table_lookup (run->edges, record->resource.id);

  if (!g_hash_table_add (run->came, bytes))
    return;
  if (edge != NULL && record->time < *edge)
    run->beyond++;
  else
    g_ptr_array_add (run->counted, bytes);
}

static void
take_some (Run *run, gint32 most)
{
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();

  for (gint32 n = g_rand_int_range (run->rand, 1, most + 1); n > 0 && run->at < run->order->len; n--)
    {
      GBytes *bytes = g_ptr_array_index (run->order, run->at++);
      HmArrival *arrival = engine_history_arrive (run->kit, bytes);

      judge (run, arrival, bytes);
      g_ptr_array_add (batch, arrival);
    }
  engine_kit_take (run->kit, batch);
}

/* @bold: also up to what has not come yet. */
static void
prune_some (Run *run, gboolean bold)
{
  HmTime edge = time_of (run, (guint)g_rand_int_range (run->rand, 0, (gint32)run->order->len));

  for (guint i = run->at; !bold && i < run->order->len; i++)
    edge = MIN (edge, time_of (run, i));
  edge -= edge % HOUR;
  prune (run->kit, edge);
  assert_no_raw_before (run->kit, edge);
  g_hash_table_unref (run->edges);
  run->edges = list_edges (run->kit);
}

static guint64
count_beyond (EngineKit *kit)
{
  HmEngineCounts counts;

  hm_engine_counts (kit->engine, &counts);
  return counts.beyond_horizon;
}

static void
play (Run *run, gboolean bold)
{
  gint32 most = g_rand_int_range (run->rand, 1, 60);
  guint64 beyond = 0;

  run->kit->cache_bytes = g_rand_boolean (run->rand) ? 0 : 1 << 20;
  engine_kit_restart (run->kit);
  while (run->at < run->order->len)
    {
      take_some (run, most);
      if (g_rand_int_range (run->rand, 0, 4 + (gint32)run->order->len / most / 6) < 4)
        prune_some (run, bold);
      if (g_rand_int_range (run->rand, 0, 10) > 0)
        continue;
      beyond += count_beyond (run->kit);
      engine_kit_restart (run->kit);
    }
  assert_int_equal (beyond + count_beyond (run->kit), run->beyond);
}

/* -- the comparison -- */

static char *
usage_without_retention (const GPtrArray *records)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) all = engine_kit_arrivals ();

  for (guint i = 0; i < records->len; i++)
    g_ptr_array_add (all, engine_history_arrive (kit, g_ptr_array_index (records, i)));
  engine_kit_take (kit, all);
  return engine_kit_dump_usage (kit);
}

static int
compare_times (gconstpointer a, gconstpointer b, gpointer times)
{
  const HmTime *left = g_hash_table_lookup (times, *(gpointer const *)a),
               *right = g_hash_table_lookup (times, *(gpointer const *)b);

  return (*left > *right) - (*left < *right);
}

/* As they were made, on all resources at once; then some a little late, some very, some twice. */
static GPtrArray *
arrange (Run *run, const GPtrArray *encoded)
{
  g_autoptr (GHashTable) times = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  GRand *rand = run->rand;

  run->order = g_ptr_array_new ();
  for (guint i = 0; i < encoded->len; i++)
    {
      HmTime time;

      g_ptr_array_add (run->order, encoded->pdata[i]);
      time = time_of (run, i);
      g_hash_table_insert (times, encoded->pdata[i], g_memdup2 (&time, sizeof time));
    }
  g_ptr_array_sort_with_data (run->order, compare_times, times);
  engine_history_shuffle (rand, run->order, (guint)g_rand_int_range (rand, 1, 80));
  for (gint32 late = g_rand_int_range (rand, 0, 40); late > 0; late--)
    {
      guint from = (guint)g_rand_int_range (rand, 0, (gint32)run->order->len);
      gpointer moved = g_ptr_array_index (run->order, from);

      if (g_rand_boolean (rand))
        g_ptr_array_remove_index (run->order, from);
      g_ptr_array_insert (run->order, g_rand_int_range (rand, (gint32)from, (gint32)run->order->len + 1),
                          moved);
    }
  return run->order;
}

/* Returns how many came from before an edge. */
static guint64
compare_runs (GRand *rand, gboolean bold)
{
  g_autoptr (GPtrArray) encoded = engine_history_encode (rand, names, RESOURCES, 60),
                        counted = g_ptr_array_new ();
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GHashTable) came = g_hash_table_new (NULL, NULL);
  Run run = { .rand = rand, .kit = kit, .counted = counted, .edges = list_edges (kit), .came = came };
  g_autoptr (GPtrArray) order = arrange (&run, encoded);
  g_autofree char *got = NULL, *expected = NULL;

  play (&run, bold);
  g_hash_table_unref (run.edges);
  assert_int_equal (counted->len + run.beyond, encoded->len);
  got = engine_kit_dump_usage (kit);
  expected = usage_without_retention (counted);
  assert_string_equal (got, expected);
  return run.beyond;
}

static void
usage_is_the_same_without_its_raw_rows (void **state)
{
  for (guint round = 0; round < ROUNDS; round++)
    assert_int_equal (compare_runs (*state, FALSE), 0);
}

static void
usage_is_as_if_what_came_from_beyond_had_not_come (void **state)
{
  guint64 beyond = 0;

  for (guint round = 0; round < ROUNDS; round++)
    beyond += compare_runs (*state, TRUE);
  assert_true (beyond > 0);
}

/* -- one life, looked at closely -- */

static void
take_one (EngineKit *kit, guint minute, guint64 value)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  engine_kit_add_reading (kit, one, "r", minute, value, HM_STATE_RUNNING);
  engine_kit_take (kit, one);
}

/* Days of records, so more than are at hand at a time, and more than one step of an edge. */
static void
edge_moves_over_days (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();
  g_autoptr (GPtrArray) all = engine_kit_arrivals (), most = engine_kit_arrivals ();
  g_autofree char *got = NULL, *expected = NULL;
  HmEngineCounts counts;

  (void)state;
  for (guint minute = 1; minute < 4 * 24 * 60; minute += 5)
    {
      engine_kit_add_reading (whole, all, "r", minute, minute * 1000, HM_STATE_RUNNING);
      if (minute != 3 * 24 * 60 + 1)
        engine_kit_add_reading (kit, most, "r", minute, minute * 1000, HM_STATE_RUNNING);
    }
  engine_kit_take (whole, all);
  engine_kit_take (kit, most);
  prune (kit, MORNING + 3 * DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 24 * 60 / 5 - 1);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.checkpoints, 3);
  take_one (kit, 3 * 24 * 60 + 1, (3 * 24 * 60 + 1) * 1000);
  got = engine_kit_dump_usage (kit);
  expected = engine_kit_dump_usage (whole);
  assert_string_equal (got, expected);
}

static gboolean
append_anomaly (const HmAnomalyRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s %s;", row->kind, row->source, row->subject, row->detail);
  return TRUE;
}

static void
assert_anomalies (EngineKit *kit, const char *expected)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_anomalies (kit->store, &filter, append_anomaly, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
record_from_beyond_is_kept_as_long_as_what_came_with_it (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autofree char *before = NULL, *after = NULL;
  HmEngineCounts counts;

  (void)state;
  take_one (kit, 1, 1000);
  take_one (kit, 2 * 24 * 60, 9000);
  prune (kit, MORNING + DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 1);
  before = engine_kit_dump_usage (kit);
  take_one (kit, 7, 2000);
  take_one (kit, 8, 3000);
  take_one (kit, 8, 3000);
  after = engine_kit_dump_usage (kit);
  assert_string_equal (after, before);
  prune (kit, MORNING + DAY + HOUR);
  assert_int_equal (engine_kit_raw_rows (kit), 3);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.beyond_horizon, 2);
  assert_int_equal (counts.duplicates, 1);
  assert_anomalies (kit, "beyond_horizon site r 2024-10-04;");
  prune (kit, MORNING + 6 * DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
}

/* The record before the one to be read next may be older than what is kept. */
static void
engine_recognises_a_record_whose_raw_row_is_gone (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) again = engine_kit_arrivals ();
  gboolean known;

  (void)state;
  take_one (kit, 1, 1000);
  prune (kit, MORNING + DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  engine_kit_add_reading (kit, again, "r", 1, 1000, HM_STATE_RUNNING);
  engine_kit_add_reading (kit, again, "r", 2, 1000, HM_STATE_RUNNING);
  assert_true (hm_engine_recognises (kit->engine, again->pdata[0], &known, NULL));
  assert_true (known);
  assert_true (hm_engine_recognises (kit->engine, again->pdata[1], &known, NULL));
  assert_false (known);
}

static void
fold_again (EngineKit *kit)
{
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (!hm_engine_refold (kit->engine, rows, "site", "r", &error)
      || !hm_engine_store_rows (kit->engine, rows, &owned, &error))
    fail_msg ("%s", error->message);
  assert_true (owned);
}

/* What it was, and when it was seen last, no record says any more. */
static void
resource_stays_what_it_was_when_its_raw_rows_are_gone (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autofree char *before = NULL;

  (void)state;
  take_one (kit, 1, 1000);
  take_one (kit, 2, 2000);
  prune (kit, MORNING + DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  before = engine_kit_dump_usage (kit);
  for (guint again = 0; again < 2; again++)
    {
      g_autofree char *after = NULL;

      fold_again (kit);
      after = engine_kit_dump_usage (kit);
      assert_string_equal (after, before);
      engine_kit_restart (kit);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (edge_moves_over_days),
    cmocka_unit_test (resource_stays_what_it_was_when_its_raw_rows_are_gone),
    cmocka_unit_test (record_from_beyond_is_kept_as_long_as_what_came_with_it),
    cmocka_unit_test (engine_recognises_a_record_whose_raw_row_is_gone),
    cmocka_unit_test_setup_teardown (usage_is_the_same_without_its_raw_rows, set_up, tear_down),
    cmocka_unit_test_setup_teardown (usage_is_as_if_what_came_from_beyond_had_not_come, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
