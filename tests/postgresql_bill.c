/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_bill: cases about the views that people read, and about who may change usage while a period is closed. */
#include "tests/postgresql_kit.h"

#include "collector/bill/statement_write.h"

#include <string.h>

#define DAY (24 * SUITE_GRAIN)

/* -- views -- */

static HmBucket *
new_bucket (const char *resource, HmTime grain, HmMeterType type, const char *unit, const char *quantity)
{
  HmBucket *bucket = hm_bucket_new ();
  HmCell *cell;

  bucket->grain = grain;
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup (resource);
  bucket->agent = g_strdup ("");
  bucket->epoch = g_strdup ("");
  bucket->project = g_strdup ("p1");
  bucket->user = g_strdup ("u1");
  bucket->flavor = g_strdup ("small");
  bucket->state = HM_STATE_RUNNING;
  cell = hm_bucket_cell (bucket, "", "some.meter", "", type, unit);
  assert_true (hm_int128_parse (quantity, &cell->quantity));
  cell->covered_ns = SUITE_GRAIN;
  cell->flags = HM_FLAG_FROM_START | HM_FLAG_LATE;
  return bucket;
}

/* @rows: freed. */
static void
commit_buckets (Suite *suite, HmResourceRow *resource, HmBucket **rows, guint n)
{
  suite_commit (suite,
                &(HmBatch){ .resources = resource, .n_resources = 1, .buckets = rows, .n_buckets = n });
  resource->version++;
  for (guint i = 0; i < n; i++)
    hm_bucket_free (rows[i]);
}

/* What floating numbers cannot: one terabyte for an hour in B·ns, and the greatest counter. */
static void
views_give_each_digit (void **state)
{
  Suite *suite = *state;
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + 1, 0);
  HmBucket *rows[]
      = { new_bucket ("r1", SUITE_MORNING, HM_GAUGE, "B", "3600000000000000000000001"),
          new_bucket ("r1", SUITE_MORNING + SUITE_GRAIN, HM_CUMULATIVE, "B", "18446744073709551615"),
          new_bucket ("r1", SUITE_MORNING + 2 * SUITE_GRAIN, HM_CUMULATIVE, "B",
                      "-170141183460469231731687303715884105727") };

  commit_buckets (suite, &resource, rows, G_N_ELEMENTS (rows));
  pg_kit_assert (
      suite,
      "SELECT concat_ws (' ', quantity, unit, type, covered_seconds, flags, state, flavor, "
      "bucket_start AT TIME ZONE 'UTC', bucket_ns) FROM hypermeter.usage_hourly "
      "ORDER BY bucket_ns LIMIT 1",
      "3600000000000000.000000001 B.s gauge 3600 from_start,late running small 2022-01-08 00:00:00 "
      "1641600000000000000");
  pg_kit_assert (suite,
                 "SELECT quantity || ' ' || unit FROM hypermeter.usage_hourly WHERE bucket_ns = "
                 "1641603600000000000",
                 "18446744073709551615 B");
  pg_kit_assert (suite, "SELECT min (quantity) FROM hypermeter.usage_daily",
                 "-170141183460469231731687303715884105727");
  pg_kit_assert (suite,
                 "SELECT quantity_approx = 18446744073709551615::float8 FROM hypermeter.usage_hourly "
                 "WHERE bucket_ns = 1641603600000000000",
                 "t");
}

static gboolean
add_up (const HmBucket *row, gpointer user)
{
  *(HmInt128 *)user += ((const HmCell *)g_ptr_array_index (row->cells, 0))->quantity;
  return TRUE;
}

/* The sums of all three views are what the program reads. */
static void
assert_views_agree (Suite *suite)
{
  static const char *const views[] = { "hourly", "daily", "monthly" };
  HmInt128 sum = 0;
  char text[HM_NUMBER_MAX];

  assert_true (suite->ops->list_buckets (suite->store, &suite_everything, add_up, &sum, NULL));
  hm_int128_print (sum, 0, text);
  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    {
      g_autofree char *select = g_strdup_printf ("SELECT sum (quantity) FROM hypermeter.usage_%s", views[i]);

      pg_kit_assert (suite, select, text);
    }
}

static void
roll_up (Suite *suite, HmResourceRow *resource, HmTime until, const HmRollupRow *rollups, guint n)
{
  resource->rolled = until;
  suite_commit (suite,
                &(HmBatch){ .resources = resource, .n_resources = 1, .rollups = rollups, .n_rollups = n });
  resource->version++;
  for (guint i = 0; i < n; i++)
    hm_bucket_free (rollups[i].bucket);
}

/* One day, all of January, and back again. */
static void
views_agree_at_every_moment (void **state)
{
  const HmTime january = SUITE_MORNING - 7 * DAY, next_day = SUITE_MORNING + DAY,
               february = january + 31 * DAY;
  Suite *suite = *state;
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, february, 0);
  HmBucket *rows[] = { new_bucket ("r1", SUITE_MORNING, HM_DELTA, "B", "1"),
                       new_bucket ("r1", next_day, HM_DELTA, "B", "18446744073709551615"),
                       new_bucket ("r1", next_day + SUITE_GRAIN, HM_DELTA, "B", "18446744073709551615"),
                       new_bucket ("r1", february, HM_DELTA, "B", "1000") };

  commit_buckets (suite, &resource, rows, G_N_ELEMENTS (rows));
  assert_views_agree (suite);
  roll_up (
      suite, &resource, next_day + DAY,
      (HmRollupRow[]){ { HM_STEP_DAY, new_bucket ("r1", SUITE_MORNING, HM_DELTA, "B", "1") },
                       { HM_STEP_DAY, new_bucket ("r1", next_day, HM_DELTA, "B", "36893488147419103230") } },
      2);
  assert_views_agree (suite);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.usage_daily", "3");
  roll_up (
      suite, &resource, february,
      (HmRollupRow[]){ { HM_STEP_MONTH, new_bucket ("r1", january, HM_DELTA, "B", "36893488147419103231") } },
      1);
  assert_views_agree (suite);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.usage_monthly", "2");
  roll_up (suite, &resource, next_day, NULL, 0);
  assert_views_agree (suite);
  roll_up (suite, &resource, 0, NULL, 0);
  assert_views_agree (suite);
}

/* 1,600 resources with a bucket on each of three days, of which 400 each are rolled up to the first, second, third and fourth. */
#define MANY                                                                                                 \
  "SET search_path = hypermeter; INSERT INTO resource_state SELECT 'site', 'm' || i, 'instance', 'p1', "     \
  "'u1', "                                                                                                   \
  "'', NULL, NULL, NULL, 1, 'node', d, d + 2 * 86400000000000, d, d + 2 * 86400000000000, 1, '{}', '{}', "   \
  "0, "                                                                                                      \
  "NULL, d + i / 400 * 86400000000000, 0, 0, 0 FROM generate_series (0, 1599) i, (VALUES "                   \
  "(1641600000000000000)) v (d); "                                                                           \
  "INSERT INTO buckets SELECT d, 'site', 'm' || i, 'node', 'e', 'p1', 'u1', '', 1, "                         \
  "'[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1],\"c\":1}]' FROM generate_series (0, 1599) i, "           \
  "generate_series (1641600000000000000, 1641772800000000000, 86400000000000) d; "                           \
  "INSERT INTO rollup SELECT 1, b.grain, b.source, b.resource, b.project, b.\"user\", b.flavor, b.state, "   \
  "b.cells FROM buckets b JOIN resource_state r USING (source, resource) WHERE b.grain < r.rolled"

/* So many that not all of them are looked for one by one. */
static void
views_agree_where_many_resources_are_behind (void **state)
{
  Suite *suite = *state;
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  HmBucket *row = new_bucket ("r1", SUITE_MORNING, HM_DELTA, "B", "1000000");
  HmStoreFilter filter = { .from = SUITE_MORNING, .to = SUITE_MORNING + 3 * DAY, .step = HM_STEP_DAY };
  HmInt128 sum = 0;

  commit_buckets (suite, &resource, &row, 1);
  pg_kit_run (suite->url, MANY);
  assert_views_agree (suite);
  assert_true (suite->ops->list_usage (suite->store, &filter, add_up, &sum, NULL));
  assert_true (sum == 1004800);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.open_bucket",
                 "2401"); /* 1200 + 800 + 400 of them */
}

static void
anomalies_have_readings_that_wait (void **state)
{
  Suite *suite = *state;
  const HmHeldRow rows[] = { { .source = "site",
                               .resource = "r1",
                               .agent = "node",
                               .epoch = "e",
                               .seq = 7,
                               .device = "",
                               .meter = "cpu",
                               .sample_epoch = "",
                               .unit = "ns",
                               .time = SUITE_MORNING,
                               .flag = HM_FLAG_REGRESS,
                               .value = { HM_VALUE_U64, { .u64 = G_MAXUINT64 } },
                               .base_time = SUITE_MORNING - 1 },
                             { .source = "site",
                               .resource = "r2",
                               .agent = "node",
                               .epoch = "e",
                               .seq = 8,
                               .device = "",
                               .meter = "cpu",
                               .sample_epoch = "",
                               .unit = "ns",
                               .time = SUITE_MORNING,
                               .flag = HM_FLAG_REGRESS,
                               .base_time = HM_TIME_UNKNOWN,
                               .decision = HM_DECISION_REJECT } };

  suite_commit (suite, &(HmBatch){ .held = rows, .n_held = 2 });
  pg_kit_assert (suite,
                 "SELECT string_agg (concat_ws (' ', kind, subject, detail), ';') FROM hypermeter.anomalies",
                 "regress r1 cpu: 18446744073709551615 ns from node, number 7, after 0");
}

/* The URL of the suite's store for another role of the same server. (transfer full) */
static char *
url_of (const Suite *suite, const char *role)
{
  return g_strconcat ("postgresql://", role, strchr (suite->url, '@'), NULL);
}

static void
reader_needs_the_views_alone (void **state)
{
  static const char *const views[]
      = { "usage_hourly", "usage_daily", "usage_monthly", "resources",  "meters",
          "agents",       "anomalies",   "dead_letters",  "statements", "statement_lines" };
  Suite *suite = *state;
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + 1, 0);
  HmBucket *row = new_bucket ("r1", SUITE_MORNING, HM_GAUGE, "KiB", "1000000000");
  g_autofree char *server = url_of (suite, "postgres"), *reader = url_of (suite, "reader");

  commit_buckets (suite, &resource, &row, 1);
  pg_kit_run (server, "CREATE ROLE reader LOGIN");
  pg_kit_run (suite->url, "GRANT USAGE ON SCHEMA hypermeter TO reader");
  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    {
      g_autofree char *grant = g_strdup_printf ("GRANT SELECT ON hypermeter.%s TO reader", views[i]);
      g_autofree char *select = g_strdup_printf ("SELECT * FROM hypermeter.%s", views[i]);

      pg_kit_run (suite->url, grant);
      pg_kit_run (reader, select);
    }
  g_free (server);
  server = pg_kit_sql (reader, "SELECT quantity || ' ' || unit FROM hypermeter.usage_monthly");
  assert_string_equal (server, "1 KiB.s");
}

/* -- the lock of periods -- */

#define HASTY "?options=-c%20lock_timeout%3D2s"

static HmStore *
begin_another (Suite *suite, const char *options)
{
  HmStore *store = pg_kit_open (suite, options);
  gboolean owned;

  assert_true (suite->ops->begin (store, NULL, 0, &owned, NULL));
  assert_true (owned);
  return store;
}

typedef struct
{
  const HmStoreOps *ops;
  HmStore *store;
  gboolean done;
  GError *error;
} Rival;

static gpointer
begin_as_rival (gpointer user)
{
  Rival *rival = user;
  gboolean owned;

  rival->done = rival->ops->begin (rival->store, NULL, 0, &owned, &rival->error);
  return NULL;
}

static gpointer
lock_as_rival (gpointer user)
{
  Rival *rival = user;

  rival->done = rival->ops->lock_periods (rival->store, &rival->error);
  if (!rival->done) /* as any caller: the other one goes on */
    rival->ops->rollback (rival->store);
  return NULL;
}

static void
nobody_begins_while_periods_are_locked (void **state)
{
  Suite *suite = *state;
  HmStore *closer = begin_another (suite, "");
  Rival rival = { .ops = suite->ops, .store = suite->store };
  GThread *thread;

  assert_true (suite->ops->lock_periods (closer, NULL));
  thread = g_thread_new ("rival", begin_as_rival, &rival);
  pg_kit_await (
      suite, "SELECT count (*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE 'BEGIN%'",
      "1");
  assert_true (suite->ops->commit (closer, NULL));
  g_thread_join (thread);
  assert_true (rival.done);
  suite->ops->rollback (suite->store);
  suite->ops->close (closer);
}

/* It reads and computes between its statements; whoever waits comes back later. */
static void
collector_leaves_a_closer_that_is_at_work (void **state)
{
  Suite *suite = *state;
  HmStore *closer = begin_another (suite, ""), *collector = pg_kit_open (suite, HASTY);
  gboolean owned;
  GError *error = NULL;

  assert_true (suite->ops->lock_periods (closer, NULL));
  assert_false (suite->ops->begin (collector, NULL, 0, &owned, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "lock timeout");
  assert_true (suite->ops->commit (closer, NULL));
  assert_true (suite->ops->begin (collector, NULL, 0, &owned, NULL)); /* nothing is left of the first try */
  suite->ops->rollback (collector);
  suite->ops->close (collector);
  suite->ops->close (closer);
}

static void
assert_patience (const char *sql, const char *expected)
{
  PGresult *result = PQexec (pg_kit_db, sql);

  assert_string_equal (PQgetvalue (result, 0, 0), expected);
  PQclear (result);
}

/* It computes for as long as a period has lines, and the server takes that for standing still. */
static void
closer_may_compute_for_longer_than_others (void **state)
{
  Suite *suite = *state;
  HmStore *closer = begin_another (suite, "");
  gint64 next;
  gboolean found;

  assert_true (suite->ops->offset_get (closer, "t", 0, &next, &found, NULL)); /* over its connection */
  assert_patience ("SHOW idle_in_transaction_session_timeout", "30s");
  assert_true (suite->ops->lock_periods (closer, NULL));
  assert_patience ("SHOW idle_in_transaction_session_timeout", "10min");
  assert_true (suite->ops->commit (closer, NULL));
  assert_patience ("SHOW idle_in_transaction_session_timeout", "30s");
  suite->ops->close (closer);
}

/* Lines are hashed for three times as long as the server lets anybody stand still. FALSE: it has ended us, as it may if the machine stands still, too. */
static gboolean
hash_under_a_limit (Suite *suite, HmStore *closer, const GPtrArray *lines)
{
  const HmStatementWriter writer = { .ops = suite->ops, .store = closer };
  gint64 until = g_get_monotonic_time () + 3 * G_USEC_PER_SEC;
  gboolean owned, alive = TRUE;

  assert_true (suite->ops->begin (closer, NULL, 0, &owned, NULL));
  assert_true (suite->ops->lock_periods (closer, NULL));
  PQclear (PQexec (pg_kit_db, "SET LOCAL idle_in_transaction_session_timeout = '1s'"));
  while (alive && g_get_monotonic_time () < until)
    {
      g_autofree char *hash = hm_statement_hash (&writer, lines, NULL);

      alive = hash != NULL;
    }
  alive = alive && suite->ops->commit (closer, NULL);
  suite->ops->rollback (closer);
  return alive;
}

static void
closer_that_hashes_for_longer_than_the_limit_is_at_work (void **state)
{
  Suite *suite = *state;
  HmStore *closer = pg_kit_open (suite, "");
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();
  HmStatementLine line = { .number = 1,
                           .line = 1,
                           .source = "site",
                           .project = "p1",
                           .user = "u1",
                           .resource = "r1",
                           .device = "disk:vda",
                           .meter = "disk.device.read.bytes",
                           .unit = "B",
                           .quantity = 1 };
  gint64 next;
  gboolean found, alive = FALSE;

  for (guint i = 0; i < 10000; i++)
    g_ptr_array_add (lines, &line);
  for (guint i = 0; i < 5 && !alive; i++)
    {
      assert_true (suite->ops->offset_get (closer, "t", 0, &next, &found, NULL)); /* over its connection */
      alive = hash_under_a_limit (suite, closer, lines);
    }
  assert_true (alive);
  suite->ops->close (closer);
}

static void
closer_ends_a_collector_that_stands_still (void **state)
{
  Suite *suite = *state;
  HmStore *closer;
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  closer = begin_another (suite, HASTY);
  assert_true (suite->ops->lock_periods (closer, NULL));
  assert_true (suite->ops->commit (closer, NULL));
  assert_false (suite->ops->commit (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "");
  suite->ops->rollback (suite->store);
  suite->ops->close (closer);
}

static void
closer_gives_up_where_a_collector_works_for_long (void **state)
{
  Suite *suite = *state;
  PGconn *collector = PQconnectdb (suite->url);
  HmStore *closer;
  GError *error = NULL;

  PQclear (PQexec (collector, "BEGIN; SELECT pg_advisory_xact_lock_shared (1213027410, 3)"));
  assert_int_equal (PQsendQuery (collector, "SELECT pg_sleep (600)"), 1);
  closer = begin_another (suite, HASTY);
  assert_false (suite->ops->lock_periods (closer, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "waiting to close a period");
  suite->ops->rollback (closer);
  suite->ops->close (closer);
  pg_kit_end (suite, collector);
  PQfinish (collector);
}

/* Each shares the lock that the other waits for. */
static void
one_of_two_closers_goes_on (void **state)
{
  Suite *suite = *state;
  HmStore *stores[] = { begin_another (suite, ""), begin_another (suite, "") };
  Rival rivals[2];
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    {
      rivals[i] = (Rival){ .ops = suite->ops, .store = stores[i] };
      threads[i] = g_thread_new ("rival", lock_as_rival, &rivals[i]);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  assert_int_equal (rivals[0].done + rivals[1].done, 1);
  kit_assert_error (&rivals[rivals[0].done ? 1 : 0].error, HM_ERROR_TEMPORARY, "deadlock");
  for (guint i = 0; i < 2; i++)
    {
      suite->ops->rollback (stores[i]);
      suite->ops->close (stores[i]);
    }
}

const struct CMUnitTest pg_bill_cases[] = {
  cmocka_unit_test (views_give_each_digit),
  cmocka_unit_test (views_agree_at_every_moment),
  cmocka_unit_test (views_agree_where_many_resources_are_behind),
  cmocka_unit_test (anomalies_have_readings_that_wait),
  cmocka_unit_test (reader_needs_the_views_alone),
  cmocka_unit_test (nobody_begins_while_periods_are_locked),
  cmocka_unit_test (collector_leaves_a_closer_that_is_at_work),
  cmocka_unit_test (closer_may_compute_for_longer_than_others),
  cmocka_unit_test (closer_that_hashes_for_longer_than_the_limit_is_at_work),
  cmocka_unit_test (closer_ends_a_collector_that_stands_still),
  cmocka_unit_test (closer_gives_up_where_a_collector_works_for_long),
  cmocka_unit_test (one_of_two_closers_goes_on),
};
const guint pg_n_bill_cases = G_N_ELEMENTS (pg_bill_cases);
