/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the rows of docs/usage.md that concern what comes with a record, several lives at once, policies and traces. */
#include "tests/fold_kit.h"

#include <string.h>

/* -- what comes with a record -- */

static void
context_flags_are_in_every_cell_that_the_record_changes (void **state)
{
  static const guint32 flags[] = { HM_FLAG_LATE, HM_FLAG_CLOCK_STEP, HM_FLAG_FUTURE };

  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      KitFold *f = *state;

      kit_fold_sample (f, "memory", 5);
      kit_fold_read (f, 59 * MINUTE, "cpu", 10);
      f->context.flags = flags[i];
      kit_fold_sample (f, "cpu", 20);
      kit_fold_read (f, 61 * MINUTE, "traffic", 7);
      assert_int_equal (kit_rows_cell (f->rows, MORNING, "cpu")->flags, flags[i] | HM_FLAG_FROM_START);
      assert_int_equal (kit_rows_cell (f->rows, MORNING + HOUR, "cpu")->flags, flags[i]);
      assert_int_equal (kit_rows_cell (f->rows, MORNING, "memory")->flags, flags[i]);
      assert_int_equal (kit_rows_cell (f->rows, MORNING + HOUR, "traffic")->flags, flags[i]);
      f->context.flags = 0;
      kit_fold_read (f, 2 * HOUR + MINUTE, "cpu", 30);
      assert_int_equal (kit_rows_cell (f->rows, MORNING + 2 * HOUR, "cpu")->flags,
                        HM_FLAG_ESTIMATED_DISTRIBUTION);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
context_flags_stand_where_nothing_is_counted_too (void **state)
{
  KitFold *f = *state;

  f->context.flags = HM_FLAG_LATE;
  f->record.resource.epoch_start = HM_TIME_UNKNOWN;
  kit_fold_read (f, 1 * MINUTE, "cpu", 10);
  kit_fold_assert (f, "cpu", 0, 0, HM_FLAG_BASELINE | HM_FLAG_LATE);
}

/* -- two lives at once -- */

/* One reading of @meter by that agent, whose guest began at MORNING. */
static void
read_by (KitFold *f, const char *agent, gint64 after, const char *meter, guint64 value)
{
  f->record.agent.id = agent;
  f->record.resource.epoch = agent;
  kit_fold_read (f, after, meter, value);
}

/* What the cells of that agent say about that meter. */
static guint32
flags_of (const KitFold *f, const char *agent, const char *meter)
{
  guint32 flags = 0;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (strcmp (((const HmBucket *)value)->agent, agent) == 0)
      flags |= hm_bucket_cell (value, "", meter, "", HM_CUMULATIVE, "ns")->flags;
  return flags;
}

static void
overlap_counts_both_lives_and_says_so (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", 1 * MINUTE, "cpu", 100);
  f->record.resource.epoch_start = MORNING + 30 * SECOND;
  read_by (f, "b", 2 * MINUTE, "cpu", 7);
  assert_int_equal (flags_of (f, "a", "cpu"), HM_FLAG_FROM_START);
  assert_int_equal (flags_of (f, "b", "cpu"), HM_FLAG_MOVED | HM_FLAG_OVERLAP);
  f->state = kit_state_reload (f->state);
  read_by (f, "a", 3 * MINUTE, "cpu", 150);
  kit_fold_assert (f, "cpu", 157, 3 * MINUTE + 90 * SECOND,
                   HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_OVERLAP);
  assert_int_equal (flags_of (f, "a", "cpu"), HM_FLAG_FROM_START | HM_FLAG_OVERLAP);
}

static void
overlap_is_none_when_the_other_life_had_ended_or_counted_nothing (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", 1 * MINUTE, "cpu", 100);
  f->record.resource.epoch_start = MORNING + 1 * MINUTE;
  read_by (f, "b", 2 * MINUTE, "cpu", 7);
  f->record.agent.metering_since = MORNING + 90 * SECOND;
  read_by (f, "c", 150 * SECOND, "cpu", 7); /* a baseline */
  f->state = kit_state_reload (f->state);
  read_by (f, "b", 170 * SECOND, "cpu", 9);
  kit_fold_assert (f, "cpu", 109, 170 * SECOND, HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_BASELINE);
}

static void
overlap_is_none_between_lives_of_one_agent (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 100);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 30 * SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", 7);
  kit_fold_assert (f, "cpu", 107, 150 * SECOND, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

static void
overlap_of_deltas_counts_both_and_says_so (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", 1 * MINUTE, "traffic", 100);
  read_by (f, "b", 2 * MINUTE, "traffic", 50);
  kit_fold_assert (f, "traffic", 150, 2 * MINUTE, 0);
  f->state = kit_state_reload (f->state);
  read_by (f, "a", 150 * SECOND, "traffic", 10);
  kit_fold_assert (f, "traffic", 160, 3 * MINUTE, HM_FLAG_OVERLAP);
}

/* A delta of that agent over [@from, @to]. */
static void
delta_by (KitFold *f, const char *agent, gint64 from, gint64 to)
{
  f->record.agent.id = agent;
  f->record.resource.epoch = agent;
  kit_fold_sample (f, "traffic", 100)->start = MORNING + from;
  kit_fold_at (f, to);
  f->state = kit_state_reload (f->state);
}

static void
overlap_of_deltas_is_seen_beyond_the_one_that_came_last (void **state)
{
  KitFold *f = *state;

  delta_by (f, "a", 0, 60 * SECOND);
  delta_by (f, "b", 70 * SECOND, 90 * SECOND);
  delta_by (f, "b", 60 * SECOND, 100 * SECOND);
  kit_fold_assert (f, "traffic", 300, 120 * SECOND, 0);
  delta_by (f, "b", 59 * SECOND, 130 * SECOND);
  assert_int_equal (flags_of (f, "a", "traffic"), 0);
  assert_int_equal (flags_of (f, "b", "traffic"), HM_FLAG_OVERLAP);
}

static void
overlap_of_deltas_is_seen_beyond_one_without_an_exact_quantity (void **state)
{
  KitFold *f = *state;

  delta_by (f, "a", 0, 60 * SECOND);
  delta_by (f, "b", 60 * SECOND, 120 * SECOND);
  kit_fold_sample (f, "traffic", 0)->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = 0.5 } };
  kit_fold_at (f, 130 * SECOND);
  f->state = kit_state_reload (f->state);
  delta_by (f, "a", 119 * SECOND, 140 * SECOND);
  assert_int_equal (flags_of (f, "a", "traffic"), HM_FLAG_OVERLAP);
  assert_int_equal (flags_of (f, "b", "traffic"), HM_FLAG_INEXACT);
}

static void
moved_is_a_new_life_and_the_old_one_goes_on_when_it_comes_back (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", 1 * MINUTE, "cpu", 100);
  f->record.resource.epoch_start = MORNING + 1 * MINUTE;
  read_by (f, "b", 2 * MINUTE, "cpu", 7);
  f->record.resource.epoch_start = MORNING;
  f->state = kit_state_reload (f->state);
  read_by (f, "a", 3 * MINUTE, "cpu", 130); /* continues its own segment: nothing is counted twice */
  kit_fold_assert (f, "cpu", 137, 4 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_OVERLAP);
}

/* -- what was read -- */

static void
read_of (KitFold *f, const char *meter, guint minute, double value)
{
  HmSample *sample = kit_fold_sample (f, meter, (guint64)value);

  if (value != (double)(guint64)value)
    sample->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = value } };
  kit_fold_at (f, minute * MINUTE);
  f->state = kit_state_reload (f->state);
}

/* The least and the latest of some readings would be taken for those of all. */
static void
range_is_of_all_readings_or_of_none (void **state)
{
  static const struct
  {
    double values[4];
    gboolean has_range;
  } rows[] = {
    { { 0.25, 0.5, 0.75, 9.5 }, TRUE }, { { 0.5, 3, 0.75, 9 }, FALSE },   { { 3, 3.5, 4.5, 5.5 }, FALSE },
    { { 0.5, 0.75, 1.5, 9 }, FALSE },   { { 0.25, 3, 3.5, 9.5 }, FALSE }, { { 1, 2, 3, 4 }, FALSE },
  };
  static const char *const meters[] = { "cpu", "traffic" };

  for (guint i = 0; i < G_N_ELEMENTS (rows) * G_N_ELEMENTS (meters); i++)
    {
      KitFold *f = *state;
      const char *meter = meters[i / G_N_ELEMENTS (rows)];
      const double *values = rows[i % G_N_ELEMENTS (rows)].values;
      const HmCell *cell;

      for (guint j = 0; j < 4; j++)
        read_of (f, meter, j + 1, values[j]);
      cell = kit_rows_cell (f->rows, MORNING, meter);
      assert_int_equal (cell->count, 4);
      assert_int_equal (cell->has_range, rows[i % G_N_ELEMENTS (rows)].has_range);
      if (cell->has_range)
        assert_true (cell->min.f64 == values[0] && cell->max.f64 == values[3] && cell->last.f64 == values[3]);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

/* -- one reading in several records -- */

static void
duplicate_counts_once_and_says_so (void **state)
{
  static const char *const meters[] = { "cpu", "memory", "traffic" };

  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    {
      KitFold *f = *state;
      KitSum sum;

      kit_fold_read (f, 1 * MINUTE, meters[i], 60);
      f->record.agent.epoch = "a2";
      kit_fold_read (f, 1 * MINUTE, meters[i], 60);
      kit_fold_at (f, 2 * MINUTE);
      sum = kit_rows_sum (f->rows, NULL, meters[i]);
      kit_assert_i128 (sum.quantity, i == 1 ? (HmInt128)60 * MINUTE : 60);
      assert_int_equal (sum.count, 1);
      assert_int_equal (sum.flags & ~HM_FLAG_FROM_START, HM_FLAG_DUPLICATE);
      assert_int_equal (g_hash_table_size (f->rows->held), 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

/* -- policies -- */

static void
policy_of_hold_covers_unknown_time_with_the_last_value (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 1 * HOUR, TRUE, 0);
  kit_fold_read (f, 0, "memory", 2);
  kit_fold_read (f, 30 * MINUTE, "memory", 2); /* before there was a policy: unknown */
  kit_fold_assert (f, "memory", (HmInt128)2 * 3 * MINUTE, 3 * MINUTE, 0);
  kit_fold_read (f, 1 * HOUR, "memory", 3);
  kit_fold_assert (f, "memory", (HmInt128)2 * 33 * MINUTE, 33 * MINUTE, HM_FLAG_HELD);
  assert_int_equal (kit_rows_cell (f->rows, MORNING, "memory")->flags, HM_FLAG_HELD);
  kit_fold_event (f, 2 * HOUR, "stopped", HM_STATE_SHUTOFF); /* states end a value still */
  kit_fold_event (f, 3 * HOUR, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "memory", (HmInt128)2 * 33 * MINUTE + (HmInt128)3 * HOUR, 93 * MINUTE, HM_FLAG_HELD);
}

static void
policy_of_hold_covers_a_month_at_most (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 0, TRUE, 0);
  kit_fold_read (f, 0, "memory", 2);
  kit_fold_read (f, 50 * DAY, "cpu", 2);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "memory").covered_ns, 31 * DAY + 3 * MINUTE);
}

static void
policy_ends_where_the_next_one_begins (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 0, TRUE, 0);
  kit_fold_policy (f, 1 * HOUR, FALSE, 0);
  kit_fold_read (f, 0, "memory", 2);
  kit_fold_read (f, 1 * HOUR, "memory", 2);
  kit_fold_assert (f, "memory", (HmInt128)2 * 3 * MINUTE, 3 * MINUTE, 0);
}

/* -- traces -- */

static void
trace_names_the_reading_that_closes_the_interval (void **state)
{
  KitFold *f = *state;

  kit_fold_sample (f, "memory", 5);
  kit_fold_read (f, 59 * MINUTE, "cpu", 10);
  kit_fold_sample (f, "memory", 6);
  kit_fold_read (f, 61 * MINUTE, "cpu", 30);
  kit_rows_assert_traced (f->rows);
  assert_int_equal (g_hash_table_size (f->rows->traced), 2);
  assert_int_equal (f->rows->uncounted, 0);
  kit_fold_read (f, 62 * MINUTE, "cpu", 20);
  kit_rows_assert_traced (f->rows);
  assert_int_equal (f->rows->uncounted, 1);
}

/* -- what no clock and no agent should say -- */

static void
interval_is_the_fallback_when_it_is_none_or_negative (void **state)
{
  static const gint64 intervals[] = { 0, -1, G_MININT64 };

  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++)
    {
      KitFold *f = *state;

      f->record.interval_ns = intervals[i];
      kit_fold_sample (f, "traffic", 9);
      kit_fold_read (f, 10 * MINUTE, "memory", 1);
      kit_fold_read (f, 20 * MINUTE, "memory", 1);
      kit_fold_assert (f, "memory", 3 * MINUTE, 3 * MINUTE, 0);
      kit_fold_assert (f, "traffic", 9, MINUTE, 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
difference_keeps_every_digit_when_it_is_the_largest (void **state)
{
  KitFold *f = *state;

  f->record.resource.epoch_start = HM_TIME_UNKNOWN;
  kit_fold_sample (f, "cpu", 0)->value = (HmValue){ HM_VALUE_I64, { .i64 = G_MININT64 } };
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_read (f, 2 * MINUTE, "cpu", G_MAXUINT64);
  kit_fold_assert (f, "cpu", (HmInt128)G_MAXUINT64 - G_MININT64, MINUTE, HM_FLAG_BASELINE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (context_flags_are_in_every_cell_that_the_record_changes),
    fold_test (context_flags_stand_where_nothing_is_counted_too),
    fold_test (overlap_counts_both_lives_and_says_so),
    fold_test (overlap_is_none_when_the_other_life_had_ended_or_counted_nothing),
    fold_test (overlap_is_none_between_lives_of_one_agent),
    fold_test (overlap_of_deltas_counts_both_and_says_so),
    fold_test (overlap_of_deltas_is_seen_beyond_the_one_that_came_last),
    fold_test (overlap_of_deltas_is_seen_beyond_one_without_an_exact_quantity),
    fold_test (moved_is_a_new_life_and_the_old_one_goes_on_when_it_comes_back),
    fold_test (range_is_of_all_readings_or_of_none),
    fold_test (duplicate_counts_once_and_says_so),
    fold_test (policy_of_hold_covers_unknown_time_with_the_last_value),
    fold_test (policy_of_hold_covers_a_month_at_most),
    fold_test (policy_ends_where_the_next_one_begins),
    fold_test (trace_names_the_reading_that_closes_the_interval),
    fold_test (interval_is_the_fallback_when_it_is_none_or_negative),
    fold_test (difference_keeps_every_digit_when_it_is_the_largest),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
