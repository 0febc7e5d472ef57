/* SPDX-License-Identifier: Apache-2.0 */
/* test_future: records that say a time which had not come when they were appended. They are kept, and nothing else changes: no figure,
 * no order, nobody's latest. When the resource is appended that late they are counted, as if they had come then. */
#include "collector/engine/engine_private.h"
#include "collector/engine/engine_prune.h"
#include "tests/chance.h"
#include "tests/engine_kit.h"

#include <string.h>

#define AHEAD (300 * HM_NSEC_PER_SEC)

/* A record of @time, appended at MORNING + @minute. */
static void
take_appended (EngineKit *kit, guint64 seq, HmTime time, guint minute)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();
  HmArrival *arrival;
  HmSample samples[2];
  HmRecord record;

  engine_kit_record (&record, "r", seq, time);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = 1000 * seq;
  record.samples = samples;
  arrival = engine_kit_arrival (kit, &record);
  arrival->appended = MORNING + minute * MINUTE;
  g_ptr_array_add (one, arrival);
  engine_kit_take (kit, one);
}

/* As it should be: at the minute of its number. */
static void
take_minute (EngineKit *kit, guint minute)
{
  take_appended (kit, minute, MORNING + minute * MINUTE, minute);
}

static HmEngineCounts
counts_of (EngineKit *kit)
{
  HmEngineCounts counts;

  hm_engine_counts (kit->engine, &counts);
  return counts;
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
assert_same_but_for (EngineKit *a, EngineKit *b, guint32 flags)
{
  g_autofree char *left = engine_kit_dump_figures (a, flags), *right = engine_kit_dump_figures (b, flags);

  assert_string_equal (left, right);
}

static void
assert_same_usage (EngineKit *a, EngineKit *b)
{
  assert_same_but_for (a, b, 0);
}

static void
engine_keeps_what_is_from_the_future_and_folds_on (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  for (guint minute = 1; minute <= 9; minute++)
    {
      if (minute == 4)
        take_appended (kit, 100, MORNING + 400 * DAY, minute);
      if (minute == 6)
        take_appended (kit, 101, MORNING + 400 * DAY + HOUR, minute);
      if (minute == 8)
        take_appended (kit, 101, MORNING + 400 * DAY + HOUR, minute);
      take_minute (kit, minute);
      take_minute (whole, minute);
    }
  assert_same_usage (kit, whole);
  assert_int_equal (engine_kit_raw_rows (kit), 11);
  assert_int_equal (counts_of (kit).refolds, 0);
  assert_int_equal (counts_of (kit).future, 2);
  assert_int_equal (counts_of (kit).duplicates, 1);
  assert_anomalies (kit, "future site r 2025-11-08;");
}

static void
engine_leaves_the_future_out_when_it_folds_again (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  take_minute (kit, 1);
  take_appended (kit, 100, MORNING + 2 * HOUR, 2);
  take_minute (kit, 70);
  take_appended (kit, 50, MORNING + 50 * MINUTE, 71);
  take_minute (whole, 1);
  take_minute (whole, 50);
  take_minute (whole, 70);
  assert_int_equal (counts_of (kit).refolds, 1);
  assert_same_usage (kit, whole);
}

/* The host was started with a clock that is ahead, and says so of no record that it is. */
static void
engine_folds_in_what_is_due_of_a_clock_that_is_ahead (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), late = engine_kit_new ();
  g_autofree char *got = NULL, *expected = NULL;

  (void)state;
  for (guint minute = 1; minute <= 90; minute++)
    take_appended (kit, minute, MORNING + (minute + 10) * MINUTE, minute);
  assert_int_equal (counts_of (kit).refolds, 0);
  for (guint minute = 90; minute >= 1; minute--)
    take_appended (late, minute, MORNING + (minute + 10) * MINUTE, minute);
  got = engine_kit_dump (kit);
  expected = engine_kit_dump (late);
  assert_string_equal (got, expected);
  engine_kit_restart (kit);
  for (guint minute = 91; minute <= 120; minute++)
    take_appended (kit, minute, MORNING + (minute + 10) * MINUTE, minute);
  assert_int_equal (counts_of (kit).refolds, 1);
}

static void
engine_counts_the_future_when_its_time_has_come (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  take_minute (kit, 1);
  take_appended (kit, 60, MORNING + HOUR, 2);
  take_minute (kit, 50);
  assert_int_equal (counts_of (kit).refolds, 0);
  engine_kit_restart (kit);
  take_minute (kit, 61);
  assert_int_equal (counts_of (kit).refolds, 1);
  take_minute (kit, 62);
  assert_int_equal (counts_of (kit).refolds, 1);
  take_minute (whole, 1);
  take_minute (whole, 50);
  for (guint minute = 60; minute <= 62; minute++)
    take_minute (whole, minute);
  assert_same_but_for (kit, whole, HM_FLAG_FUTURE);
}

/* Nothing is at hand of the resource from one batch to the next: what waits is in the store alone. */
static void
engine_counts_the_future_when_its_entry_was_let_go (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  kit->cache_bytes = 0;
  engine_kit_restart (kit);
  take_minute (kit, 1);
  take_appended (kit, 60, MORNING + HOUR, 2);
  take_appended (kit, 90, MORNING + 90 * MINUTE, 3);
  take_minute (kit, 50);
  assert_int_equal (counts_of (kit).refolds, 0);
  take_minute (kit, 61);
  assert_int_equal (counts_of (kit).refolds, 1);
  take_minute (kit, 62);
  assert_int_equal (counts_of (kit).refolds, 1);
  take_minute (kit, 91);
  assert_int_equal (counts_of (kit).refolds, 2);
  take_minute (whole, 1);
  take_minute (whole, 50);
  for (guint minute = 60; minute <= 62; minute++)
    take_minute (whole, minute);
  take_minute (whole, 90);
  take_minute (whole, 91);
  assert_same_but_for (kit, whole, HM_FLAG_FUTURE);
}

/* What wakes it is a record from before it, and before all that lies in the grain in which it is kept. */
static void
engine_counts_the_future_when_a_late_record_shows_that_its_time_has_come (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  take_appended (kit, 1, MORNING + MINUTE, 1);
  take_appended (kit, 100, MORNING + 100 * MINUTE, 70);
  take_appended (kit, 200, MORNING + 200 * MINUTE, 130);
  take_appended (kit, 2, MORNING + 2 * MINUTE, 200);
  for (guint minute = 1; minute <= 2; minute++)
    take_minute (whole, minute);
  take_minute (whole, 100);
  take_minute (whole, 200);
  assert_same_but_for (kit, whole, HM_FLAG_FUTURE);
}

static void
restart_with_any_room (EngineKit *kit, GRand *rand)
{
  kit->cache_bytes = g_rand_boolean (rand) ? 0 : 1 << 20;
  engine_kit_restart (kit);
}

/* The whole, in any order and in batches of any size, with restarts between: what wakes and what is woken change places. */
static void
engine_wakes_the_future_in_whatever_order_it_comes (void **state)
{
  const struct
  {
    guint minute, appended;
  } records[]
      = { { 1, 1 }, { 40, 2 }, { 3, 3 }, { 50, 30 }, { 45, 44 }, { 200, 46 }, { 120, 47 }, { 60, 60 } };
  g_autoptr (GRand) rand = chance_new ();
  g_autofree char *expected = NULL;

  (void)state;
  for (guint round = 0; round < 40; round++)
    {
      g_autoptr (EngineKit) kit = engine_kit_new ();
      g_autofree char *got = NULL;
      guint order[G_N_ELEMENTS (records)];

      for (guint i = 0; i < G_N_ELEMENTS (order); i++)
        order[i] = i;
      for (guint i = round > 0 ? G_N_ELEMENTS (order) : 0; i > 1; i--)
        {
          guint other = (guint)g_rand_int_range (rand, 0, (gint32)i), swapped = order[i - 1];

          order[i - 1] = order[other];
          order[other] = swapped;
        }
      for (guint i = 0; i < G_N_ELEMENTS (order); i++)
        {
          guint minute = records[order[i]].minute;

          if (g_rand_int_range (rand, 0, 4) == 0)
            restart_with_any_room (kit, rand);
          take_appended (kit, minute, MORNING + minute * MINUTE, records[order[i]].appended);
        }
      got = engine_kit_dump_usage (kit);
      if (expected == NULL)
        expected = g_steal_pointer (&got);
      else
        assert_string_equal (got, expected);
    }
}

static void
engine_takes_a_clock_that_is_a_little_ahead (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  take_appended (kit, 1, MORNING + AHEAD, 0);
  assert_int_equal (counts_of (kit).future, 0);
  take_appended (kit, 2, MORNING + MINUTE + AHEAD + 1, 1);
  assert_int_equal (counts_of (kit).future, 1);
}

static void
prune (EngineKit *kit, HmTime edge)
{
  const HmRetention retention
      = { .raw = edge, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN };
  gboolean more = TRUE;

  while (more)
    assert_true (hm_engine_prune (kit->engine, &retention, G_MAXINT32, &more, NULL));
}

/* Nothing is known of it but its name, until something can be folded; nor when the raw record is gone. */
static void
engine_knows_a_resource_of_the_future_by_name_alone (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new (), whole = engine_kit_new ();

  (void)state;
  take_appended (kit, 100, MORNING + 400 * DAY, 1);
  engine_kit_restart (kit);
  take_appended (kit, 101, MORNING + 400 * DAY, 1);
  prune (kit, MORNING + DAY);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  engine_kit_restart (kit);
  for (guint day = 2; day <= 3; day++)
    {
      take_minute (kit, day * 24 * 60);
      take_minute (whole, day * 24 * 60);
    }
  assert_same_usage (kit, whole);
}

static gboolean
note_agent (const HmAgentRow *row, gpointer last)
{
  *(HmTime *)last = row->last_time;
  return TRUE;
}

static void
agent_is_no_later_than_what_it_sent (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  HmTime last = 0;

  (void)state;
  take_minute (kit, 1);
  take_appended (kit, 100, MORNING + 400 * DAY, 2);
  assert_true (kit->real->list_agents (kit->store, note_agent, &last, NULL));
  assert_true (last == MORNING + 2 * MINUTE);
}

/* Nothing of it is folded, and still it is somebody's. */
static void
engine_folds_again_when_all_of_a_resource_is_from_the_future (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  (void)state;
  take_appended (kit, 1, MORNING + HOUR, 1);
  if (!hm_engine_refold (kit->engine, rows, "site", "r", &error)
      || !hm_engine_store_rows (kit->engine, rows, &owned, &error))
    fail_msg ("%s", error->message);
  assert_true (owned);
  assert_int_equal (engine_kit_raw_rows (kit), 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (engine_keeps_what_is_from_the_future_and_folds_on),
    cmocka_unit_test (engine_leaves_the_future_out_when_it_folds_again),
    cmocka_unit_test (engine_folds_in_what_is_due_of_a_clock_that_is_ahead),
    cmocka_unit_test (engine_counts_the_future_when_its_time_has_come),
    cmocka_unit_test (engine_counts_the_future_when_its_entry_was_let_go),
    cmocka_unit_test (engine_counts_the_future_when_a_late_record_shows_that_its_time_has_come),
    cmocka_unit_test (engine_wakes_the_future_in_whatever_order_it_comes),
    cmocka_unit_test (engine_takes_a_clock_that_is_a_little_ahead),
    cmocka_unit_test (engine_knows_a_resource_of_the_future_by_name_alone),
    cmocka_unit_test (engine_folds_again_when_all_of_a_resource_is_from_the_future),
    cmocka_unit_test (agent_is_no_later_than_what_it_sent),
  };

  return cmocka_run_group_tests_name ("future", tests, NULL, NULL);
}
