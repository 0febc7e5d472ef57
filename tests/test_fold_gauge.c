/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the fold's rules for gauges and deltas: how long a value holds, what ends it, and where it counts.
 */
#include "tests/fold_kit.h"

#include <string.h>

/* -- holding -- */

static void
gauge_counts_its_value_until_the_next_reading (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "memory", 100);
  kit_fold_read (f, 2 * MINUTE, "memory", 300);
  kit_fold_read (f, 4 * MINUTE, "memory", 7);
  kit_fold_assert (f, "memory", (HmInt128)100 * MINUTE + (HmInt128)300 * 2 * MINUTE, 3 * MINUTE, 0);
}

static void
gauge_counts_nothing_beyond_the_last_record (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "memory", 100);
  kit_fold_assert (f, "memory", 0, 0, 0);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "memory").count, 1);
}

static void
gauge_holds_three_intervals_and_is_unknown_then (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "memory", 100);
  kit_fold_read (f, 10 * MINUTE, "memory", 100);
  kit_fold_assert (f, "memory", (HmInt128)100 * 3 * MINUTE, 3 * MINUTE, 0);
  kit_fold_read (f, 11 * MINUTE, "memory", 100);
  kit_fold_assert (f, "memory", (HmInt128)100 * 4 * MINUTE, 4 * MINUTE, 0);
}

static void
gauge_holds_by_the_interval_of_its_own_record (void **state)
{
  KitFold *f = *state;

  f->record.interval_ns = 10 * MINUTE;
  kit_fold_read (f, 0, "capacity", 100);
  f->record.interval_ns = 5 * SECOND;
  kit_fold_read (f, 29 * MINUTE, "memory", 1);
  kit_fold_assert (f, "capacity", (HmInt128)100 * 29 * MINUTE, 29 * MINUTE, 0);
  kit_fold_read (f, 31 * MINUTE, "memory", 1);
  kit_fold_assert (f, "capacity", (HmInt128)100 * 30 * MINUTE, 30 * MINUTE, 0);
}

static void
gauge_advances_with_every_record_of_its_resource (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "memory", 100);
  kit_fold_event (f, 30 * SECOND, "exists", HM_STATE_RUNNING);
  kit_fold_assert (f, "memory", (HmInt128)100 * 30 * SECOND, 30 * SECOND, 0);
  kit_fold_read (f, 40 * SECOND, "cpu", 1);
  kit_fold_assert (f, "memory", (HmInt128)100 * 40 * SECOND, 40 * SECOND, 0);
}

static void
gauge_holds_a_month_when_the_interval_is_absurd (void **state)
{
  static const gint64 absurd[] = { G_MAXINT64, 40 * DAY };

  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      KitFold *f = *state;

      f->record.interval_ns = absurd[i];
      kit_fold_read (f, 0, "memory", 2);
      kit_fold_read (f, 100 * DAY, "memory", 3);
      kit_fold_assert (f, "memory", (HmInt128)2 * 31 * DAY, 31 * DAY, 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
gauge_of_the_largest_value_stays_exact (void **state)
{
  KitFold *f = *state;

  f->record.interval_ns = HOUR;
  kit_fold_read (f, 0, "memory", G_MAXUINT64);
  kit_fold_read (f, 1 * HOUR, "memory", 0);
  kit_fold_assert (f, "memory", (HmInt128)G_MAXUINT64 * HOUR, HOUR, 0);
}

static void
gauge_keeps_range_and_latest_in_the_grain_of_each_reading (void **state)
{
  static const guint64 values[] = { 5, 9, 2, 4 };
  KitFold *f = *state;
  const HmCell *cell;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    kit_fold_read (f, 57 * MINUTE + i * MINUTE, "memory", values[i]);
  cell = kit_rows_cell (f->rows, MORNING, "memory");
  assert_int_equal (cell->count, 3);
  assert_true (cell->has_range && cell->min.u64 == 2 && cell->max.u64 == 9 && cell->last.u64 == 2);
  assert_true (cell->last_time == MORNING + 59 * MINUTE);
  kit_assert_i128 (cell->quantity, (HmInt128)(5 + 9 + 2) * MINUTE);
  cell = kit_rows_cell (f->rows, MORNING + HOUR, "memory");
  assert_true (cell->count == 1 && cell->min.u64 == 4 && cell->max.u64 == 4);
  kit_assert_i128 (cell->quantity, 0);
}

/* `exists` comes each hour, and nobody reads a disk of what is shut off. */
static void
gauge_of_a_disk_is_renewed_for_as_long_as_a_state_is_known (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "capacity", 5);
  kit_fold_event (f, 1 * MINUTE, "stopped", HM_STATE_SHUTOFF);
  for (guint i = 1; i <= 24; i++)
    kit_fold_event (f, i * HOUR, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "capacity", (HmInt128)5 * 24 * HOUR, 24 * HOUR, 0);
  kit_fold_read (f, 25 * HOUR, "capacity", 5); /* one that is read is believed no shorter */
  kit_fold_event (f, 40 * HOUR, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "capacity", (HmInt128)5 * 28 * HOUR, 28 * HOUR, 0);
}

/* What everything else was read without is gone. */
static void
gauge_is_held_by_policy_only_while_nothing_is_read (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 0, TRUE, 0);
  kit_fold_sample (f, "capacity", 7)->device = "disk:vdb";
  kit_fold_read (f, 0, "memory", 10);
  for (guint i = 1; i <= 60; i++)
    {
      kit_fold_read (f, i * MINUTE + SECOND, "memory", 10);
      f->state = kit_state_reload (f->state);
    }
  assert_in_range (kit_rows_sum (f->rows, NULL, "capacity").covered_ns, 3 * MINUTE, 4 * MINUTE);
  kit_fold_read (f, 600 * MINUTE, "memory", 10);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "memory").covered_ns, 600 * MINUTE);
  assert_in_range (kit_rows_sum (f->rows, NULL, "capacity").covered_ns, 3 * MINUTE, 4 * MINUTE);
}

static void
gauge_is_spread_over_no_more_grains_than_a_counter (void **state)
{
  KitFold *f = *state;

  f->settings.grain_ns = 5 * MINUTE;
  f->record.interval_ns = 40 * DAY;
  kit_fold_read (f, 0, "memory", 2);
  kit_fold_read (f, 31 * DAY, "cpu", 3);
  kit_fold_assert (f, "memory", (HmInt128)2 * 31 * DAY, 31 * DAY, HM_FLAG_ESTIMATED_DISTRIBUTION);
  assert_in_range (g_hash_table_size (f->rows->rows), 744, 747);
  kit_rows_assert_traced (f->rows);
}

/* Whatever rows somebody asks for, their mean is what was held. */
static void
gauge_covers_in_each_row_the_time_that_its_amount_is_of (void **state)
{
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer row;

  f->settings.grain_ns = 5 * MINUTE;
  f->record.interval_ns = 1 * DAY;
  kit_fold_read (f, 0, "memory", 1000);
  kit_fold_read (f, 72 * HOUR, "memory", 1000);
  kit_fold_assert (f, "memory", (HmInt128)1000 * 72 * HOUR, 72 * HOUR, HM_FLAG_ESTIMATED_DISTRIBUTION);
  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      const HmCell *cell = hm_bucket_cell (row, "", "memory", "", HM_GAUGE, "KiB");

      kit_assert_i128 (cell->quantity, (HmInt128)1000 * cell->covered_ns);
    }
}

static void
gauge_stops_counting_when_its_value_turns_inexact (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "memory", 100);
  kit_fold_sample (f, "memory", 0)->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = 99.5 } };
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_read (f, 2 * MINUTE, "cpu", 1);
  kit_fold_assert (f, "memory", (HmInt128)100 * MINUTE, MINUTE, HM_FLAG_INEXACT);
  assert_true (kit_rows_cell (f->rows, MORNING, "memory")->min.f64 == 99.5);
}

/* -- clipping -- */

/* Minutes that a value counts: read at 0, the state said at 1, 2 and 3, the next reading of something else
 * at 10. */
typedef struct
{
  const char *meter;
  int running, paused, shutting_down, shutoff, undefined, lost;
} Row;

static int
count_minutes (void **state, const char *meter, HmState said)
{
  KitFold *f = *state;
  gint64 covered;

  kit_fold_read (f, 0, meter, 1);
  for (guint i = 1; i <= 3; i++)
    kit_fold_event (f, i * MINUTE, "exists", said);
  kit_fold_at (f, 10 * MINUTE);
  covered = kit_rows_sum (f->rows, NULL, meter).covered_ns;
  kit_fold_teardown (state);
  kit_fold_setup (state);
  assert_int_equal (covered % MINUTE, 0);
  return (int)(covered / MINUTE);
}

static void
gauge_is_clipped_by_hold_and_state (void **state)
{
  static const Row rows[] = {
    { "stateless", 3, 3, 3, 3, 1, 1 }, { "existence", 3, 3, 3, 3, 1, 1 }, { "memory", 3, 3, 3, 1, 1, 1 },
    { "capacity", 3, 3, 3, 10, 1, 1 }, { "activity", 3, 3, 3, 1, 1, 1 },  { "state", 3, 3, 3, 3, 1, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];

      assert_int_equal (count_minutes (state, row->meter, HM_STATE_RUNNING), row->running);
      assert_int_equal (count_minutes (state, row->meter, HM_STATE_PAUSED), row->paused);
      assert_int_equal (count_minutes (state, row->meter, HM_STATE_SHUTTING_DOWN), row->shutting_down);
      assert_int_equal (count_minutes (state, row->meter, HM_STATE_SHUTOFF), row->shutoff);
      assert_int_equal (count_minutes (state, row->meter, HM_STATE_UNDEFINED), row->undefined);
      assert_int_equal (count_minutes (state, row->meter, HM_STATE_LOST), row->lost);
    }
}

static void
gauge_of_a_foreign_meter_is_clipped_like_memory (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 2; i++)
    {
      HmSample *sample = kit_fold_sample (f, "existence", 5);

      sample->meter = "foreign";
      kit_fold_at (f, i * MINUTE);
    }
  kit_fold_event (f, 90 * SECOND, "stopped", HM_STATE_SHUTOFF);
  kit_fold_event (f, 2 * MINUTE, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "foreign", (HmInt128)5 * 90 * SECOND, 90 * SECOND, 0);
}

static void
gauge_counts_in_the_state_that_it_was_held_in (void **state)
{
  KitFold *f = *state;
  guint found = 0;
  GHashTableIter iter;
  gpointer value;

  kit_fold_read (f, 0, "memory", 1);
  kit_fold_event (f, 20 * SECOND, "suspended", HM_STATE_PAUSED);
  kit_fold_event (f, 1 * MINUTE, "resumed", HM_STATE_RUNNING);
  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmBucket *row = value;
      const HmCell *cell = g_ptr_array_index (row->cells, 0);

      found++;
      assert_int_equal (cell->covered_ns, row->state == HM_STATE_RUNNING ? 20 * SECOND : 40 * SECOND);
    }
  assert_int_equal (found, 2);
}

static void
gauge_read_in_a_state_that_ends_it_is_not_held (void **state)
{
  KitFold *f = *state;

  f->record.resource.state = HM_STATE_SHUTOFF;
  kit_fold_read (f, 0, "memory", 1);
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_assert (f, "memory", 0, 0, 0);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "memory").count, 1);
}

static void
gauge_of_a_disk_goes_on_from_the_record_that_says_shutoff_again (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "capacity", 1);
  kit_fold_event (f, 1 * MINUTE, "stopped", HM_STATE_SHUTOFF);  /* to 181 min */
  kit_fold_event (f, 190 * MINUTE, "exists", HM_STATE_SHUTOFF); /* from here on again */
  kit_fold_event (f, 192 * MINUTE, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "capacity", (HmInt128)183 * MINUTE, 183 * MINUTE, 0);
  kit_fold_event (f, 193 * MINUTE, "undefined", HM_STATE_UNDEFINED);
  kit_fold_event (f, 194 * MINUTE, "exists", HM_STATE_SHUTOFF);
  kit_fold_event (f, 195 * MINUTE, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "capacity", (HmInt128)184 * MINUTE, 184 * MINUTE, 0);
}

static void
gauge_of_a_device_ends_when_the_device_is_removed (void **state)
{
  KitFold *f = *state;

  kit_fold_sample (f, "capacity", 1)->device = "disk:vda";
  kit_fold_sample (f, "capacity", 1)->device = "disk:vdb";
  kit_fold_at (f, 0);
  f->record.device = "disk:vdb";
  kit_fold_event (f, 1 * MINUTE, "device-removed", HM_STATE_RUNNING);
  f->record.device = NULL;
  kit_fold_at (f, 2 * MINUTE);
  assert_int_equal (kit_rows_sum (f->rows, "disk:vda", "capacity").covered_ns, 2 * MINUTE);
  assert_int_equal (kit_rows_sum (f->rows, "disk:vdb", "capacity").covered_ns, 1 * MINUTE);
}

/* -- whose it is -- */

static void
gauge_has_one_owner_at_a_time_when_two_hosts_report (void **state)
{
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer value;

  kit_fold_read (f, 0, "memory", 10);
  f->record.agent.id = "b";
  kit_fold_read (f, 40 * SECOND, "memory", 99);
  f->record.agent.id = "a";
  kit_fold_read (f, 1 * MINUTE, "cpu", 1);
  kit_fold_assert (f, "memory", (HmInt128)10 * MINUTE, MINUTE, HM_FLAG_OVERLAP);
  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HmBucket *row = value;
      const HmCell *cell = hm_bucket_cell (row, "", "memory", "", HM_GAUGE, "KiB");

      assert_int_equal (cell->covered_ns, strcmp (row->agent, "a") == 0 ? MINUTE : 0);
      assert_int_equal (cell->count, 1);
    }
}

static void
gauge_keeps_the_smaller_key_when_two_values_conflict (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "memory", 10);
  f->record.agent.epoch = "a2";
  kit_fold_read (f, 0, "memory", 99);
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_assert (f, "memory", (HmInt128)10 * MINUTE, MINUTE, HM_FLAG_CONFLICT);
  assert_true (kit_rows_cell (f->rows, MORNING, "memory")->max.u64 == 10);
}

/* -- deltas -- */

static void
delta_is_divided_from_its_start (void **state)
{
  KitFold *f = *state;

  kit_fold_sample (f, "traffic", 100)->start = MORNING + 59 * MINUTE;
  kit_fold_at (f, 63 * MINUTE);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING, "traffic")->quantity, 25);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING + HOUR, "traffic")->quantity, 75);
  kit_fold_assert (f, "traffic", 100, 4 * MINUTE, 0);
}

static void
delta_spans_one_interval_when_its_start_cannot_be_used (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 5 * MINUTE, "traffic", 100);
  kit_fold_assert (f, "traffic", 100, MINUTE, 0);
  kit_fold_sample (f, "traffic", 1)->start = MORNING + 7 * MINUTE;
  f->record.interval_ns = 0;
  kit_fold_at (f, 7 * MINUTE);
  kit_fold_assert (f, "traffic", 101, 2 * MINUTE, 0);
}

static void
delta_counts_once_when_it_comes_again (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 5 * MINUTE, "traffic", 100);
  kit_fold_read (f, 5 * MINUTE, "traffic", 100);
  kit_fold_assert (f, "traffic", 100, MINUTE, HM_FLAG_DUPLICATE);
  kit_fold_read (f, 5 * MINUTE, "traffic", 50);
  kit_fold_assert (f, "traffic", 100, MINUTE, HM_FLAG_DUPLICATE | HM_FLAG_CONFLICT);
}

static void
delta_counts_although_there_is_no_time_for_it (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, -MORNING, "traffic", 100);
  kit_fold_assert (f, "traffic", 100, 0, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (gauge_counts_its_value_until_the_next_reading),
    fold_test (gauge_counts_nothing_beyond_the_last_record),
    fold_test (gauge_holds_three_intervals_and_is_unknown_then),
    fold_test (gauge_holds_by_the_interval_of_its_own_record),
    fold_test (gauge_advances_with_every_record_of_its_resource),
    fold_test (gauge_holds_a_month_when_the_interval_is_absurd),
    fold_test (gauge_of_the_largest_value_stays_exact),
    fold_test (gauge_keeps_range_and_latest_in_the_grain_of_each_reading),
    fold_test (gauge_of_a_disk_is_renewed_for_as_long_as_a_state_is_known),
    fold_test (gauge_is_held_by_policy_only_while_nothing_is_read),
    fold_test (gauge_is_spread_over_no_more_grains_than_a_counter),
    fold_test (gauge_covers_in_each_row_the_time_that_its_amount_is_of),
    fold_test (gauge_stops_counting_when_its_value_turns_inexact),
    fold_test (gauge_is_clipped_by_hold_and_state),
    fold_test (gauge_of_a_foreign_meter_is_clipped_like_memory),
    fold_test (gauge_counts_in_the_state_that_it_was_held_in),
    fold_test (gauge_read_in_a_state_that_ends_it_is_not_held),
    fold_test (gauge_of_a_disk_goes_on_from_the_record_that_says_shutoff_again),
    fold_test (gauge_of_a_device_ends_when_the_device_is_removed),
    fold_test (gauge_has_one_owner_at_a_time_when_two_hosts_report),
    fold_test (gauge_keeps_the_smaller_key_when_two_values_conflict),
    fold_test (delta_is_divided_from_its_start),
    fold_test (delta_spans_one_interval_when_its_start_cannot_be_used),
    fold_test (delta_counts_once_when_it_comes_again),
    fold_test (delta_counts_although_there_is_no_time_for_it),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
