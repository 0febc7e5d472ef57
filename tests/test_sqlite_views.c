/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlite_views: what people and dashboards read of an SQLite store, through another program's connection: sums of the three views of usage
 * are those of the store's own reading, digit by digit, however far a resource is rolled up. */
#include "tests/store_suite.h"

#include <sqlite3.h>

#define DAY   (24 * SUITE_GRAIN)
#define MONTH (SUITE_MORNING - 7 * DAY) /* 2022-01-01 */

/* 1 TB for an hour, in B·ns. */
#define TB_HOUR ((HmInt128)1000000000000 * SUITE_GRAIN)

static char *
new_url (const char *folder)
{
  return g_strdup_printf ("sqlite://%s/usage.db", folder);
}

static char *
path_of (const Suite *suite)
{
  return g_build_filename (suite->folder, "usage.db", NULL);
}

static HmCell *
add_cell (HmBucket *bucket, const char *device, const char *meter, HmMeterType type, HmInt128 quantity)
{
  HmCell *cell = hm_bucket_cell (bucket, device, meter, "", type, "B");

  cell->quantity = quantity;
  cell->covered_ns = SUITE_GRAIN - 1;
  return cell;
}

static HmBucket *
new_bucket (const char *resource, HmTime grain, const char *epoch)
{
  HmBucket *bucket = hm_bucket_new ();

  bucket->grain = grain;
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup (resource);
  bucket->agent = g_strdup (*epoch != '\0' ? "node" : "");
  bucket->epoch = g_strdup (epoch);
  bucket->project = g_strdup ("p1");
  bucket->user = g_strdup ("u1");
  bucket->flavor = g_strdup ("");
  bucket->state = HM_STATE_RUNNING;
  return bucket;
}

/* @times hours of what is hard to add up: too large for a double, for 64 bits, or behind the point. */
static void
add_usage (HmBucket *bucket, HmInt128 times)
{
  add_cell (bucket, "", "memory", HM_GAUGE, TB_HOUR * times + times)->covered_ns *= (gint64)times;
  add_cell (bucket, "", "small", HM_GAUGE, times)->covered_ns *= (gint64)times;
  add_cell (bucket, "disk:vda", "bytes", HM_CUMULATIVE, (HmInt128)G_MAXUINT64 * times)->covered_ns
      *= (gint64)times;
  add_cell (bucket, "disk:vdb", "bytes", HM_DELTA, 1000000000 * times)->covered_ns *= (gint64)times;
  add_cell (bucket, "disk:vdc", "bytes", HM_DELTA, 0)->covered_ns *= (gint64)times;
}

/* Three hours on each of three days, at both sides of the end of January; rolled up to @rolled. */
static void
commit_usage (Suite *suite, const char *resource, HmTime rolled)
{
  const HmTime days[] = { MONTH, MONTH + 30 * DAY, MONTH + 31 * DAY };
  g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (GPtrArray) rolled_up = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  HmResourceRow row = suite_resource (resource, MONTH, MONTH + 32 * DAY, 0);
  HmRollupRow rollups[4];
  guint n = 0;

  row.rolled = rolled;
  for (guint d = 0; d < G_N_ELEMENTS (days); d++)
    for (guint hour = 0; hour < 24; hour += 10)
      {
        HmBucket *bucket = new_bucket (resource, days[d] + hour * SUITE_GRAIN, "e");

        add_usage (bucket, 1);
        g_ptr_array_add (buckets, bucket);
      }
  for (guint d = 0; d < G_N_ELEMENTS (days) && days[d] < rolled; d++)
    {
      rollups[n] = (HmRollupRow){ HM_STEP_DAY, new_bucket (resource, days[d], "") };
      add_usage (rollups[n].bucket, 3);
      g_ptr_array_add (rolled_up, rollups[n++].bucket);
    }
  if (MONTH + 31 * DAY <= rolled)
    {
      rollups[n] = (HmRollupRow){ HM_STEP_MONTH, new_bucket (resource, MONTH, "") };
      add_usage (rollups[n].bucket, 6);
      g_ptr_array_add (rolled_up, rollups[n++].bucket);
    }
  suite_commit (suite, &(HmBatch){ .resources = &row,
                                   .n_resources = 1,
                                   .buckets = (HmBucket *const *)buckets->pdata,
                                   .n_buckets = buckets->len,
                                   .rollups = rollups,
                                   .n_rollups = n });
}

/* -- sums -- */

typedef struct
{
  const char *device, *meter;
  HmMeterType type;
  HmInt128 quantity, covered;
} Sum;

static gboolean
add_up (const HmBucket *row, gpointer user)
{
  Sum *sum = user;

  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);

      if (!hm_text_equal (cell->device, sum->device) || !hm_text_equal (cell->meter, sum->meter))
        continue;
      sum->quantity += cell->quantity;
      sum->covered += cell->covered_ns;
    }
  return TRUE;
}

/* As views.py prints it. */
static char *
sums_of_the_store (Suite *suite)
{
  static const char *const views[] = { "usage_hourly", "usage_daily", "usage_monthly" };
  static const Sum sums[] = { { .device = "disk:vda", .meter = "bytes" },
                              { .device = "disk:vdb", .meter = "bytes" },
                              { .device = "disk:vdc", .meter = "bytes" },
                              { .device = "", .meter = "memory", .type = HM_GAUGE },
                              { .device = "", .meter = "small", .type = HM_GAUGE } };
  GString *text = g_string_new (NULL);

  for (guint view = 0; view < G_N_ELEMENTS (views); view++)
    for (guint i = 0; i < G_N_ELEMENTS (sums); i++)
      {
        const HmStoreFilter filter
            = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .step = (HmUsageStep)view };
        char quantity[HM_NUMBER_MAX], covered[HM_NUMBER_MAX];
        Sum sum = sums[i];

        assert_true (suite->ops->list_usage (suite->store, &filter, add_up, &sum, NULL));
        hm_int128_print (sum.quantity, sum.type == HM_GAUGE ? 9 : 0, quantity);
        hm_int128_print (sum.covered, 9, covered);
        g_string_append_printf (text, "%s p1 %s %s %s %s %s\n", views[view], sum.meter, sum.device,
                                sum.type == HM_GAUGE ? "B.s" : "B", quantity, covered);
      }
  return g_string_free (text, FALSE);
}

static char *
sums_of_the_views (Suite *suite)
{
  g_autofree char *path = path_of (suite);
  g_autofree char *script = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "views.py", NULL);
  const char *argv[] = { "/usr/bin/python3", script, path, NULL };
  g_autofree char *errors = NULL;
  char *output = NULL;
  int status;

  assert_true (g_spawn_sync (NULL, (char **)(gpointer)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output,
                             &errors, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    fail_msg ("%s", errors);
  return output;
}

static void
views_add_up_to_the_usage_digit_by_digit (void **state)
{
  Suite *suite = *state;
  g_autofree char *expected = NULL, *given = NULL;

  commit_usage (suite, "r1", 0);
  commit_usage (suite, "r2", MONTH + DAY);
  commit_usage (suite, "r3", MONTH + 31 * DAY);
  commit_usage (suite, "r4", MONTH + 33 * DAY);
  expected = sums_of_the_store (suite);
  given = sums_of_the_views (suite);
  assert_string_equal (given, expected);
  /* Four resources, nine hours: 36 times 10^12 B for an hour and a ns' worth of 1 B, in B·s. */
  assert_non_null (g_strstr_len (given, -1, "usage_monthly p1 memory  B.s 129600000000000000.000000036 "));
  assert_non_null (g_strstr_len (given, -1, "usage_hourly p1 bytes disk:vda B 664082786653543858140 "));
}

/* More than are looked for one by one; the first two are behind all others. */
static void
views_of_many_resources_add_up (void **state)
{
  Suite *suite = *state;
  g_autofree char *expected = NULL, *given = NULL;

  commit_usage (suite, "behind", 0);
  commit_usage (suite, "behind by a month", MONTH + DAY);
  for (guint i = 0; i < 1100; i++)
    {
      g_autofree char *name = g_strdup_printf ("r%u", i);

      commit_usage (suite, name, MONTH + 32 * DAY - (i == 7 ? DAY : 0));
    }
  expected = sums_of_the_store (suite);
  given = sums_of_the_views (suite);
  assert_string_equal (given, expected);
}

/* -- single rows -- */

static void
assert_rows (Suite *suite, const char *sql, const char *expected)
{
  g_autofree char *path = path_of (suite);
  g_autoptr (GString) text = g_string_new (NULL);
  sqlite3 *db;
  sqlite3_stmt *statement;

  assert_int_equal (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    fail_msg ("%s", sqlite3_errmsg (db));
  while (sqlite3_step (statement) == SQLITE_ROW)
    {
      for (int i = 0; i < sqlite3_column_count (statement); i++)
        g_string_append_printf (text, "%s%s", i > 0 ? "|" : "",
                                sqlite3_column_type (statement, i) == SQLITE_NULL
                                    ? "-"
                                    : (const char *)sqlite3_column_text (statement, i));
      g_string_append_c (text, ';');
    }
  assert_int_equal (sqlite3_finalize (statement), SQLITE_OK);
  assert_int_equal (sqlite3_close (db), SQLITE_OK);
  assert_string_equal (text->str, expected);
}

static void
figures_are_written_with_all_their_digits (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) bucket = new_bucket ("r1", SUITE_MORNING + SUITE_GRAIN, "e");
  HmInt128 largest = (HmInt128)(((HmUint128)1 << 127) - 1);

  add_cell (bucket, "a", "x", HM_GAUGE, largest)->covered_ns = 0;
  add_cell (bucket, "b", "x", HM_DELTA, largest)->covered_ns = G_MAXINT64;
  add_cell (bucket, "c", "x", HM_GAUGE, -1)->covered_ns = 5 * HM_NSEC_PER_SEC;
  add_cell (bucket, "d", "x", HM_DELTA, -(HmInt128)G_MAXUINT64)->covered_ns = 10;
  suite_commit (suite, &(HmBatch){ .buckets = &bucket, .n_buckets = 1 });
  assert_rows (
      suite,
      "SELECT bucket_start, state, type, unit, quantity, scale, covered_seconds FROM usage_hourly "
      "ORDER BY device",
      "2022-01-08T01:00:00Z|running|gauge|B.s|170141183460469231731687303715.884105727|9|0;"
      "2022-01-08T01:00:00Z|running|delta|B|170141183460469231731687303715884105727|0|9223372036.854775807;"
      "2022-01-08T01:00:00Z|running|gauge|B.s|-0.000000001|9|5;"
      "2022-01-08T01:00:00Z|running|delta|B|-18446744073709551615|0|0.00000001;");
}

static void
flags_and_states_have_the_names_that_the_program_gives_them (void **state)
{
  Suite *suite = *state;
  g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i <= HM_FLAG_COUNT; i++)
    {
      HmBucket *bucket = new_bucket ("r1", SUITE_MORNING + i * SUITE_GRAIN, "e");

      bucket->state = i <= HM_STATE_LOST ? (HmState)i : HM_STATE_UNKNOWN;
      add_cell (bucket, "", "x", HM_DELTA, 1)->flags = i < HM_FLAG_COUNT ? 1u << i : 3;
      g_string_append_printf (expected, "%s|%s;",
                              bucket->state != HM_STATE_UNKNOWN ? hm_state_name (bucket->state) : "",
                              i < HM_FLAG_COUNT ? hm_flag_name (i) : "from_start,baseline");
      g_ptr_array_add (buckets, bucket);
    }
  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *const *)buckets->pdata, .n_buckets = buckets->len });
  assert_rows (suite, "SELECT state, flags FROM usage_hourly ORDER BY bucket_ns", expected->str);
}

static void
lines_of_statements_are_written_with_all_their_digits (void **state)
{
  Suite *suite = *state;
  const HmPeriodRow period
      = { .name = "2022-01", .zone = "UTC", .from = MONTH, .to = MONTH + 31 * DAY, .author = "zoë" };
  const HmStatementRow statement = { .number = 1, .author = "zoë", .lines = 3, .sha256 = "aa", .root = "bb" };
  HmStatementLine lines[]
      = { { 1, 1, "site", "p1", "u1", "r1", "", "memory", "B", HM_GAUGE, TB_HOUR + 1, 90, HM_FLAG_LATE, 0 },
          { 1, 2, "site", "p1", "u1", "r1", "", "bytes", "B", HM_DELTA, -G_MAXINT64, -1, 0, 7 },
          { 1, 3, "site", "p1", "u1", "r1", "", "small", "B", HM_GAUGE, -5, TB_HOUR, 0, 0 } };

  suite_commit (suite, &(HmBatch){ .periods = &period,
                                   .n_periods = 1,
                                   .statements = &statement,
                                   .n_statements = 1,
                                   .lines = lines,
                                   .n_lines = 3 });
  assert_rows (suite,
               "SELECT line, type, unit, quantity, covered_seconds, flags, adjustment FROM statement_lines",
               "1|gauge|B.s|3600000000000000.000000001|0.00000009|late|-;"
               "2|delta|B|-9223372036854775807|-0.000000001||7;"
               "3|gauge|B.s|-0.000000005|3600000000000000||-;");
  assert_rows (
      suite, "SELECT number, period, zone, period_start, period_end, corrects, author, lines FROM statements",
      "1|2022-01|UTC|2022-01-01T00:00:00Z|2022-02-01T00:00:00Z|-|zoë|3;");
}

static void
anomalies_include_readings_that_wait (void **state)
{
  Suite *suite = *state;
  const HmAnomalyRow said = { "agent_id_twice", "site", "node", "two machines", SUITE_MORNING };
  HmHeldRow rows[] = { { .source = "site",
                         .resource = "r1",
                         .agent = "node",
                         .epoch = "e1",
                         .seq = 4,
                         .device = "disk:vda",
                         .meter = "bytes",
                         .sample_epoch = "",
                         .unit = "B",
                         .time = SUITE_MORNING + HM_NSEC_PER_SEC,
                         .flag = HM_FLAG_IMPLAUSIBLE,
                         .value = { HM_VALUE_U64, { .u64 = G_MAXUINT64 } },
                         .base_time = SUITE_MORNING,
                         .base = { HM_VALUE_U64, { .u64 = 7 } } } };
  HmHeldRow decided = rows[0];

  decided.seq = 5;
  decided.decision = HM_DECISION_REJECT;
  suite_commit (suite, &(HmBatch){ .anomalies = &said, .n_anomalies = 1, .held = rows, .n_held = 1 });
  suite_commit (suite, &(HmBatch){ .held = &decided, .n_held = 1 });
  assert_rows (suite, "SELECT kind, source, subject, detail, noticed FROM anomalies ORDER BY noticed",
               "agent_id_twice|site|node|two machines|2022-01-08T00:00:00Z;"
               "implausible|site|r1|disk:vda bytes: 18446744073709551615 B from node, number 4, after 7|"
               "2022-01-08T00:00:01Z;");
}

static void
resources_agents_and_dead_letters_have_times_to_read (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + SUITE_GRAIN, 0);
  const HmAgentRow agent = { .source = "site",
                             .agent = "node",
                             .epoch = "e1",
                             .first_time = SUITE_MORNING,
                             .last_time = SUITE_MORNING,
                             .last_appended = SUITE_MORNING,
                             .records = 3 };
  const HmMeterRow meter = { "x.heat", "K", HM_GAUGE, HM_VALUE_DOUBLE };
  HmDeadLetter letter = suite_letter (0);

  suite_commit (suite, &(HmBatch){ .resources = &row,
                                   .n_resources = 1,
                                   .agents = &agent,
                                   .n_agents = 1,
                                   .meters = &meter,
                                   .n_meters = 1,
                                   .dead_letters = &letter,
                                   .n_dead_letters = 1 });
  assert_rows (suite, "SELECT resource, kind, project, state, first_seen, last_seen FROM resources",
               "r1|instance|p1|running|2022-01-08T00:00:00Z|2022-01-08T01:00:00Z;");
  assert_rows (suite, "SELECT agent, last_time, records, heartbeat, oldest_unsent FROM agents",
               "node|2022-01-08T00:00:00Z|3|-|-;");
  assert_rows (suite, "SELECT * FROM meters", "x.heat|K|gauge|double;");
  assert_rows (suite, "SELECT topic, \"offset\", appended, received, reason, settled FROM dead_letters",
               "t|0|-|2022-01-08T00:00:00Z|bad-json|-;");
}

int
main (void)
{
  static const struct CMUnitTest own[] = {
    cmocka_unit_test (views_add_up_to_the_usage_digit_by_digit),
    cmocka_unit_test (views_of_many_resources_add_up),
    cmocka_unit_test (figures_are_written_with_all_their_digits),
    cmocka_unit_test (flags_and_states_have_the_names_that_the_program_gives_them),
    cmocka_unit_test (lines_of_statements_are_written_with_all_their_digits),
    cmocka_unit_test (anomalies_include_readings_that_wait),
    cmocka_unit_test (resources_agents_and_dead_letters_have_times_to_read),
  };

  return suite_run_own ("sqlite", new_url, own, G_N_ELEMENTS (own));
}
