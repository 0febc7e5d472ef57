/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_rows: the rows at hand and those in the store are one, whatever the resource goes through from
 * commit to commit, and whenever a record says it was. */
#include "tests/engine_kit.h"

#include "metering/log.h"

#include <string.h>

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  hm_log_capture (NULL, NULL);
  engine_kit_free (*state);
  return 0;
}

/* One commit of @n records, a minute apart; the counter grows by 10, and every third finds it paused. */
static void
take_changes (EngineKit *kit, guint first, guint n)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = first; i < first + n; i++)
    engine_kit_add_reading (kit, arrivals, "r1", i, 10 * (guint64)i,
                            i % 3 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING);
  engine_kit_take (kit, arrivals);
}

static void
engine_keeps_usage_when_the_state_changes_in_the_first_grain (void **state)
{
  EngineKit *kit = *state;

  take_changes (kit, 1, 2);
  take_changes (kit, 3, 5);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 60);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 7);
  for (guint i = 8; i < 20; i++)
    take_changes (kit, i, 1);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 180);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 19);
}

static void
engine_keeps_usage_when_the_state_changes_after_it_folded_again (void **state)
{
  EngineKit *kit = *state;
  HmEngineCounts counts;

  take_changes (kit, 1, 1);
  take_changes (kit, 4, 2);
  take_changes (kit, 2, 1); /* late */
  take_changes (kit, 7, 6);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.refolds, 1);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 110);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 10);
}

static void
count_warnings (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer lines)
{
  if (level != G_LOG_LEVEL_WARNING)
    return;
  assert_string_equal (fields->resource, "r1");
  assert_non_null (strstr (text, "r1 was folded again"));
  ++*(guint *)lines;
}

/* It costs the more the longer the resource has lived; whoever runs the collector must be able to see it. */
static void
engine_says_that_it_folded_again_once_a_minute (void **state)
{
  EngineKit *kit = *state;
  HmEngineCounts counts;
  guint lines = 0;

  hm_log_capture (count_warnings, &lines);
  take_changes (kit, 10, 5);
  assert_int_equal (lines, 0);
  for (guint i = 9; i > 4; i--)
    take_changes (kit, i, 1);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.refolds, 5);
  assert_int_equal (lines, 1);
}

/* About an agent's work, under the id that an instance has. */
static void
add_agent_record (EngineKit *kit, GPtrArray *arrivals, HmRecordKind kind, guint minute)
{
  HmRecord record;

  engine_kit_record (&record, "r1", 1000 + minute, MORNING + minute * MINUTE);
  record.kind = kind;
  record.resource = (HmResourceStamp){ .id = "r1", .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
  record.n_samples = 0;
  record.from = record.time - MINUTE;
  record.to = record.time;
  record.records = record.resources = 1;
  record.reason = "full";
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &record));
}

static void
engine_folds_again_for_a_late_record_behind_one_that_takes_no_part (void **state)
{
  static const HmRecordKind kinds[] = { HM_RECORD_GAP, HM_RECORD_HEARTBEAT };
  EngineKit *kit = *state;
  HmEngineCounts counts;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GPtrArray) late = engine_kit_arrivals ();
      guint first = 1 + i * 20;

      take_changes (kit, first, 1);
      take_changes (kit, first + 10, 1);
      add_agent_record (kit, late, kinds[i], first + 1);
      engine_kit_add_reading (kit, late, "r1", first + 5, 10 * ((guint64)first + 5), HM_STATE_RUNNING);
      engine_kit_take (kit, late);
      take_changes (kit, first + 11, 1);
      hm_engine_counts (kit->engine, &counts);
      assert_int_equal (counts.refolds, i + 1);
      assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * (first + 11) - 10);
    }
}

/* The bus's clock says the same time. */
static void
take_at_once (EngineKit *kit, const HmRecord *record)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();
  HmArrival *arrival = engine_kit_arrival (kit, record);

  arrival->appended = record->time;
  g_ptr_array_add (one, arrival);
  engine_kit_take (kit, one);
}

/* A clock that stood at 1970 when the first record was made; also one that goes to the end of time. */
static void
engine_takes_a_clock_that_was_years_off_for_what_it_is (void **state)
{
  static const HmTime times[] = { 0, DAY, MORNING, G_MAXINT64 };
  EngineKit *kit = *state;
  HmSample samples[30];
  char devices[30][8];
  HmRecord record;

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      engine_kit_record (&record, "r1", i + 1, times[i]);
      record.clock.boot_ns = (i + 1) * DAY;
      for (guint j = 0; j < G_N_ELEMENTS (samples); j++)
        {
          g_snprintf (devices[j], sizeof devices[j], "vcpu:%u", j);
          samples[j] = record.samples[0];
          samples[j].device = devices[j];
          samples[j].value.u64 = 1000 * (guint64)(i + 1);
        }
      record.samples = samples;
      record.n_samples = G_N_ELEMENTS (samples);
      take_at_once (kit, &record);
    }
  assert_true (engine_kit_cpu (kit, "r1").quantity == 3 * 1000 * 30);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 4 * 30);
  assert_true (engine_kit_cpu (kit, "r1").cells <= (1 + 25 + 744 + 744) * 30);
}

static void
add_each (EngineKit *kit, GPtrArray *arrivals, guint minute)
{
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *name = g_strdup_printf ("r%02u", i);

      engine_kit_add_reading (kit, arrivals, name, minute, minute * 1000, HM_STATE_RUNNING);
    }
}

/* A small record brings all that is at hand of its resource into memory. */
static void
engine_ends_a_batch_where_it_has_loaded_enough (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) first = engine_kit_arrivals (), next = engine_kit_arrivals ();
  HmEngineCounts counts;

  add_each (kit, first, 1);
  engine_kit_take (kit, first);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.commits, 1);
  kit->cache_bytes = 20000;
  engine_kit_restart (kit);
  add_each (kit, next, 2);
  engine_kit_take (kit, next);
  hm_engine_counts (kit->engine, &counts);
  assert_in_range (counts.commits, 3, 20);
  assert_int_equal (counts.records, 40);
  assert_int_equal (engine_kit_raw_rows (kit), 80);
}

static const HmStoreOps *whole;

typedef struct
{
  HmRawVisit visit;
  gpointer user;
} Without;

/* As the stores give a row whose description was erased. */
static gboolean
visit_without_3 (const HmRawRow *row, gpointer user)
{
  Without *without = user;
  HmRawRow given = *row;

  if (row->seq == 3)
    {
      given.description = TRUE;
      given.value = NULL;
      given.length = 0;
    }
  return without->visit (&given, without->user);
}

static gboolean
load_without_3 (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                HmRawVisit visit, gpointer user, GError **error)
{
  Without without = { visit, user };

  return whole->raw_load (store, source, resource, from, limit, visit_without_3, &without, error);
}

static gboolean
append_anomaly (const HmAnomalyRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s;", row->kind, row->subject, row->detail);
  return TRUE;
}

static void
engine_folds_again_without_what_was_erased (void **state)
{
  const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) most = engine_kit_arrivals (), late = engine_kit_arrivals ();
  g_autoptr (GString) anomalies = g_string_new (NULL);
  g_autofree char *letters = NULL;

  whole = kit->real;
  kit->ops.raw_load = load_without_3;
  for (guint minute = 1; minute <= 9; minute++)
    if (minute != 5)
      engine_kit_add_reading (kit, most, "r1", minute, minute * 1000, HM_STATE_RUNNING);
  engine_kit_take (kit, most);
  engine_kit_add_reading (kit, late, "r1", 5, 5000, HM_STATE_RUNNING);
  engine_kit_take (kit, late);
  letters = engine_kit_letters (kit);
  assert_string_equal (letters, "");
  assert_true (engine_kit_cpu (kit, "r1").quantity == 8000);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 8);
  assert_true (kit->real->list_anomalies (kit->store, &everything, append_anomaly, anomalies, NULL));
  assert_string_equal (anomalies->str, "folded_without_erased r1 1 record;");
}

typedef struct
{
  HmBucketVisit visit;
  gpointer user;
} Twice;

static guint loads_left; /* how many times a row comes twice */
static const HmStoreOps *honest;

static gboolean
visit_twice (const HmBucket *row, gpointer user)
{
  const Twice *twice = user;

  return twice->visit (row, twice->user) && twice->visit (row, twice->user);
}

static gboolean
doubling_load (HmStore *store, const char *source, const char *resource, HmTime grain, HmBucketVisit visit,
               gpointer user, GError **error)
{
  Twice twice = { visit, user };

  if (loads_left == 0)
    return honest->buckets_load (store, source, resource, grain, visit, user, error);
  loads_left--;
  return honest->buckets_load (store, source, resource, grain, visit_twice, &twice, error);
}

static void
engine_takes_no_row_that_it_has_already (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  GError *error = NULL;
  gboolean owned;

  take_changes (kit, 1, 4);
  engine_kit_restart (kit);
  honest = kit->real;
  kit->ops.buckets_load = doubling_load;
  loads_left = G_MAXUINT;
  for (guint i = 5; i < 8; i++)
    engine_kit_add_reading (kit, arrivals, "r1", i, 10 * (guint64)i, HM_STATE_RUNNING);
  assert_false (
      hm_engine_take (kit->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "r1");
  loads_left = 1; /* what was loaded then is forgotten, and loaded well */
  engine_kit_take (kit, arrivals);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 60);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 7);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

/* As another collector would do it on the same database. */
static void
name_meter (EngineKit *kit, const char *name, const char *unit)
{
  const HmMeterRow row = { name, unit, HM_GAUGE, HM_VALUE_U64 };
  gboolean owned;

  assert_true (kit->real->begin (kit->store, NULL, 0, &owned, NULL) && owned);
  assert_true (kit->real->write (kit->store, &(HmBatch){ .meters = &row, .n_meters = 1 }, NULL));
  assert_true (kit->real->commit (kit->store, NULL));
}

static void
engine_reads_the_meters_again_when_somebody_has_named_one_first (void **state)
{
  EngineKit *kit = *state;
  const HmSample sample = { .meter = "site.rooms",
                            .type = HM_GAUGE,
                            .unit = "room",
                            .value = { HM_VALUE_U64, { .u64 = 3 } },
                            .epoch_start = HM_TIME_UNKNOWN,
                            .start = HM_TIME_UNKNOWN };
  g_autofree char *letters = NULL;
  HmRecord record;

  name_meter (kit, sample.meter, "floor");
  engine_kit_record (&record, "r1", 1, MORNING);
  record.samples = &sample;
  record.n_samples = 1;
  engine_kit_take_record (kit, &record);
  letters = engine_kit_letters (kit);
  assert_non_null (strstr (letters, "bad-type: meter site.rooms is a gauge in floor"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (engine_keeps_usage_when_the_state_changes_in_the_first_grain),
    CASE (engine_keeps_usage_when_the_state_changes_after_it_folded_again),
    CASE (engine_says_that_it_folded_again_once_a_minute),
    CASE (engine_folds_again_for_a_late_record_behind_one_that_takes_no_part),
    CASE (engine_takes_a_clock_that_was_years_off_for_what_it_is),
    CASE (engine_ends_a_batch_where_it_has_loaded_enough),
    CASE (engine_folds_again_without_what_was_erased),
    CASE (engine_takes_no_row_that_it_has_already),
    CASE (engine_reads_the_meters_again_when_somebody_has_named_one_first),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
