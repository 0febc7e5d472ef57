/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the fold's rules for counters: one for each line of the table in docs/usage.md, and for how an
 * amount is divided over grains and revisions. */
#include "tests/fold_kit.h"

#include <string.h>

/* -- the same life -- */

static void
fold_counts_the_difference_within_one_life (void **state)
{
  KitFold *f = *state;

  f->record.resource.epoch_start = HM_TIME_UNKNOWN;
  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_read (f, 2 * MINUTE, "cpu", 1000);
  kit_fold_read (f, 4 * MINUTE, "cpu", 1300);
  kit_fold_assert (f, "cpu", 300, 3 * MINUTE, HM_FLAG_BASELINE);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "cpu").count, 3);
}

static void
fold_keeps_every_digit_of_the_largest_values (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", G_MAXUINT64);
  kit_fold_assert (f, "cpu", (HmInt128)G_MAXUINT64, MINUTE, HM_FLAG_FROM_START);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 90 * SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", G_MAXUINT64);
  kit_fold_assert (f, "cpu", (HmInt128)G_MAXUINT64 * 2, 90 * SECOND, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

static void
fold_holds_a_lower_value_out_and_counts_nothing_twice_when_it_recovers (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_read (f, 2 * MINUTE, "cpu", 400);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
  kit_fold_read (f, 3 * MINUTE, "cpu", 1100);
  kit_fold_assert (f, "cpu", 1100, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
}

static void
fold_counts_a_lower_value_whole_when_the_guest_counts (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "faults", 1000);
  kit_fold_read (f, 2 * MINUTE, "faults", 400);
  kit_fold_read (f, 3 * MINUTE, "faults", 450);
  kit_fold_assert (f, "faults", 1450, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

static void
fold_goes_round_when_the_declared_width_explains_the_lower_value (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "narrow", G_MAXUINT32 - 9);
  kit_fold_read (f, 2 * MINUTE, "narrow", 5);
  kit_fold_assert (f, "narrow", (HmInt128)G_MAXUINT32 - 9 + 15, 2 * MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_WRAP);
}

static void
fold_does_not_go_round_when_that_would_be_more_than_half_a_turn (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "narrow", 1000);
  kit_fold_read (f, 2 * MINUTE, "narrow", 990);
  kit_fold_assert (f, "narrow", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
}

static void
fold_says_estimated_when_the_gap_is_longer_than_three_intervals (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 100);
  kit_fold_read (f, 4 * MINUTE, "cpu", 200);
  kit_fold_assert (f, "cpu", 200, 4 * MINUTE, HM_FLAG_FROM_START);
  kit_fold_read (f, 7 * MINUTE + 1, "cpu", 300);
  kit_fold_assert (f, "cpu", 300, 7 * MINUTE + 1, HM_FLAG_FROM_START | HM_FLAG_ESTIMATED_DISTRIBUTION);
}

static void
fold_measures_the_gap_by_the_fallback_when_no_interval_is_stated (void **state)
{
  KitFold *f = *state;

  f->record.interval_ns = 0;
  f->settings.fallback_interval = 10 * SECOND;
  kit_fold_read (f, 10 * SECOND, "cpu", 100);
  kit_fold_read (f, 40 * SECOND, "cpu", 200);
  kit_fold_assert (f, "cpu", 200, 40 * SECOND, HM_FLAG_FROM_START);
  kit_fold_read (f, 70 * SECOND + 1, "cpu", 300);
  kit_fold_assert (f, "cpu", 300, 70 * SECOND + 1, HM_FLAG_FROM_START | HM_FLAG_ESTIMATED_DISTRIBUTION);
}

/* -- the first reading of a series -- */

static void
fold_counts_from_the_start_when_it_is_known_and_metered (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 5 * MINUTE, "cpu", 1000);
  kit_fold_assert (f, "cpu", 1000, 5 * MINUTE, HM_FLAG_FROM_START);
}

static void
fold_takes_a_baseline_when_the_start_cannot_be_used (void **state)
{
  static const struct
  {
    HmTime start, since;
  } cases[] = {
    { HM_TIME_UNKNOWN, MORNING },      { MORNING, MORNING + 1 }, /* counted before metering began */
    { MORNING, HM_TIME_UNKNOWN },                                /* which nobody knows */
    { MORNING + 5 * MINUTE, MORNING },                           /* began when it was read */
    { MORNING + 6 * MINUTE, MORNING },                           /* began after it was read */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KitFold *f = *state;

      f->record.resource.epoch_start = cases[i].start;
      f->record.agent.metering_since = cases[i].since;
      kit_fold_read (f, 5 * MINUTE, "cpu", 1000);
      kit_fold_assert (f, "cpu", 0, 0, HM_FLAG_BASELINE);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
fold_takes_the_samples_own_start_when_it_has_its_own_epoch (void **state)
{
  KitFold *f = *state;
  HmSample *sample = kit_fold_sample (f, "disk.read", 1000);

  sample->epoch = "1";
  sample->epoch_start = MORNING + 2 * MINUTE;
  kit_fold_at (f, 5 * MINUTE);
  kit_fold_assert (f, "disk.read", 1000, 3 * MINUTE, HM_FLAG_FROM_START);

  sample = kit_fold_sample (f, "narrow", 1000);
  sample->epoch = "1"; /* and no start: the resource's is another life's */
  kit_fold_at (f, 6 * MINUTE);
  kit_fold_assert (f, "narrow", 0, 0, HM_FLAG_BASELINE);
}

static void
fold_takes_a_baseline_when_a_counter_is_negative (void **state)
{
  KitFold *f = *state;

  kit_fold_sample (f, "cpu", 0)->value = (HmValue){ HM_VALUE_I64, { .i64 = -5 } };
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_assert (f, "cpu", 0, 0, HM_FLAG_BASELINE);
  kit_fold_sample (f, "cpu", 0)->value = (HmValue){ HM_VALUE_I64, { .i64 = -2 } };
  kit_fold_at (f, 2 * MINUTE);
  kit_fold_assert (f, "cpu", 3, MINUTE, HM_FLAG_BASELINE);
}

/* -- a new life -- */

static void
fold_counts_the_new_life_whole_when_its_start_is_known (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 90 * SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", 30);
  kit_fold_assert (f, "cpu", 1030, 90 * SECOND, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

static void
fold_counts_the_new_life_whole_although_the_value_grew (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 90 * SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", 1001);
  kit_fold_assert (f, "cpu", 2001, 90 * SECOND, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

static void
fold_counts_a_devices_new_life_alone (void **state)
{
  KitFold *f = *state;

  for (guint i = 1; i <= 2; i++)
    {
      HmSample *sample = kit_fold_sample (f, "disk.read", 100 * i);

      sample->device = "disk:vda";
      sample->epoch = i == 1 ? "1" : "2";
      sample->epoch_start = MORNING + (i - 1) * 90 * SECOND;
      kit_fold_sample (f, "cpu", 100 * i);
      kit_fold_at (f, i * MINUTE);
    }
  kit_fold_assert (f, "disk.read", 300, 90 * SECOND, HM_FLAG_FROM_START | HM_FLAG_RESET);
  kit_fold_assert (f, "cpu", 200, 2 * MINUTE, HM_FLAG_FROM_START);
}

static void
fold_infers_the_reset_when_the_new_start_is_unknown (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = HM_TIME_UNKNOWN;
  kit_fold_read (f, 3 * MINUTE, "cpu", 30);
  kit_fold_assert (f, "cpu", 1030, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_RESET_INFERRED);
}

static void
fold_takes_a_baseline_when_the_new_life_began_before_its_host_was_metered (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.agent.id = "b";
  f->record.agent.metering_since = MORNING + 3 * MINUTE;
  f->record.resource.epoch_start = MORNING + 2 * MINUTE;
  kit_fold_read (f, 4 * MINUTE, "cpu", 500);
  kit_fold_read (f, 5 * MINUTE, "cpu", 510);
  kit_fold_assert (f, "cpu", 1010, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_BASELINE);
}

static void
fold_says_moved_when_another_host_begins_the_new_life (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.agent.id = "b";
  f->record.resource.epoch = "other:9:0";
  f->record.resource.epoch_start = MORNING + 90 * SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", 50);
  kit_fold_assert (f, "cpu", 1050, 90 * SECOND, HM_FLAG_FROM_START | HM_FLAG_MOVED);
}

/* Two processes worked while memory was copied, so both count, each against its own last reading. */
static void
fold_counts_both_lives_when_two_hosts_report (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 6; i++)
    {
      gboolean on_b = i % 2 == 1;

      f->record.agent.id = on_b ? "b" : "a";
      kit_fold_read (f, (i + 1) * MINUTE, "cpu", on_b ? 10 * i : 1000 + i);
    }
  kit_fold_assert (f, "cpu", 1004 + 50, 5 * MINUTE + 6 * MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_OVERLAP);
}

/* -- one series, one time -- */

static void
fold_counts_a_reading_once_when_it_comes_again (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_DUPLICATE);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "cpu").count, 1);
}

static void
fold_keeps_the_smaller_key_when_two_values_conflict (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.agent.epoch = "a2";
  kit_fold_read (f, 1 * MINUTE, "cpu", 5000);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
  kit_fold_read (f, 2 * MINUTE, "cpu", 1100);
  kit_fold_assert (f, "cpu", 1100, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
}

static void
fold_leaves_a_sample_out_when_its_definition_is_another (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_sample (f, "cpu", 2000)->unit = "s";
  kit_fold_at (f, 2 * MINUTE);
  kit_fold_sample (f, "cpu", 3000)->type = HM_DELTA;
  kit_fold_at (f, 3 * MINUTE);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
}

static void
fold_keeps_the_range_alone_when_values_are_doubles (void **state)
{
  static const double values[] = { 2.5, 1.5, 2.0 };
  KitFold *f = *state;
  const HmCell *cell;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      kit_fold_sample (f, "cpu", 0)->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = values[i] } };
      kit_fold_at (f, (i + 1) * MINUTE);
    }
  kit_fold_assert (f, "cpu", 0, 0, HM_FLAG_INEXACT);
  cell = kit_rows_cell (f->rows, MORNING, "cpu");
  assert_int_equal (cell->count, 3);
  assert_true (cell->min.f64 == 1.5 && cell->max.f64 == 2.5 && cell->last.f64 == 2.0);
}

/* -- grains and revisions -- */

static void
fold_divides_by_time_share_when_the_interval_crosses_a_grain (void **state)
{
  KitFold *f = *state;

  f->record.resource.epoch_start = MORNING + 59 * MINUTE;
  kit_fold_read (f, 61 * MINUTE, "cpu", 101);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING, "cpu")->quantity, 51);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING + HOUR, "cpu")->quantity, 50);
  assert_int_equal (kit_rows_cell (f->rows, MORNING, "cpu")->covered_ns, MINUTE);
  assert_int_equal (kit_rows_cell (f->rows, MORNING, "cpu")->count, 0);
  assert_int_equal (kit_rows_cell (f->rows, MORNING + HOUR, "cpu")->count, 1);
  kit_fold_assert (f, "cpu", 101, 2 * MINUTE, HM_FLAG_FROM_START);
}

static void
fold_counts_before_the_edge_when_the_reading_lies_on_it (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, HOUR, "cpu", 77);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING, "cpu")->quantity, 77);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING + HOUR, "cpu")->quantity, 0);
  assert_int_equal (kit_rows_cell (f->rows, MORNING + HOUR, "cpu")->count, 1);
}

/* What the rows of one owner say about "cpu", the only meter in them. */
static KitSum
sum_of_project (const KitFold *f, const char *project)
{
  KitSum sum = { 0 };
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmBucket *row = value;
      const HmCell *cell = strcmp (row->project, project) == 0 ? g_ptr_array_index (row->cells, 0) : NULL;

      if (cell == NULL)
        continue;
      assert_int_equal (row->cells->len, 1);
      sum.quantity += cell->quantity;
      sum.covered_ns += cell->covered_ns;
      sum.cells++;
    }
  return sum;
}

/* The disk's pace is slower than the events', so its interval holds the moment of the change. */
static void
fold_divides_by_time_share_when_the_owner_changes_in_between (void **state)
{
  KitFold *f = *state;

  kit_fold_event (f, 0, "started", HM_STATE_RUNNING);
  f->record.resource.project = "q";
  kit_fold_event (f, 20 * SECOND, "owner-changed", HM_STATE_RUNNING);
  kit_fold_read (f, 1 * MINUTE, "cpu", 600);
  kit_assert_i128 (sum_of_project (f, "p").quantity, 200);
  kit_assert_i128 (sum_of_project (f, "q").quantity, 400);
  assert_int_equal (sum_of_project (f, "p").covered_ns, 20 * SECOND);
}

static void
fold_gives_the_first_revision_what_was_before_it (void **state)
{
  KitFold *f = *state;

  f->record.resource.epoch_start = MORNING - 2 * HOUR;
  f->record.agent.metering_since = 0;
  kit_fold_read (f, 1 * MINUTE, "cpu", 121);
  kit_assert_i128 (sum_of_project (f, "p").quantity, 121);
  assert_int_equal (sum_of_project (f, "p").cells, 3);
}

static void
fold_keeps_what_was_said_when_a_stamp_leaves_it_out (void **state)
{
  KitFold *f = *state;
  const HmBucket *row;

  kit_fold_read (f, 1 * MINUTE, "cpu", 10);
  f->record.resource.project = f->record.resource.user = f->record.resource.flavor = NULL;
  f->record.resource.state = HM_STATE_UNKNOWN;
  kit_fold_read (f, 2 * MINUTE, "cpu", 20);
  row = kit_rows_at (f->rows, MORNING);
  assert_string_equal (row->project, "p");
  assert_string_equal (row->user, "u");
  assert_string_equal (row->flavor, "f");
  assert_int_equal (row->state, HM_STATE_RUNNING);
}

static void
fold_puts_a_life_into_rows_of_its_own (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 10);
  f->record.resource.epoch = "boot:2:0";
  kit_fold_read (f, 2 * MINUTE, "cpu", 20);
  f->record.agent.id = "b";
  kit_fold_read (f, 3 * MINUTE, "cpu", 30);
  assert_int_equal (g_hash_table_size (f->rows->rows), 3);
}

/* -- the example of docs/usage.md -- */

#define GIB ((HmInt128)1024 * 1024) /* in KiB */

typedef struct
{
  HmTime grain;
  const char *project, *epoch;
  gint64 cpu_seconds, cpu_covered;
  guint32 cpu_flags;
  HmInt128 memory;
  gint64 memory_covered;
} ExampleRow;

static void
read_example (KitFold *f, gint64 after, guint64 cpu_seconds, guint64 gib)
{
  kit_fold_sample (f, "memory", gib * (guint64)GIB);
  kit_fold_read (f, after, "cpu", cpu_seconds * SECOND);
}

static void
play_example (KitFold *f)
{
  f->record.interval_ns = 2 * MINUTE;
  f->record.agent.metering_since = MORNING + 8 * HOUR;
  f->record.resource.project = "blue";
  f->record.resource.epoch_start = MORNING + 9 * HOUR + 50 * MINUTE;
  read_example (f, 9 * HOUR + 58 * MINUTE, 40, 4);
  read_example (f, 10 * HOUR + 2 * MINUTE, 52, 4);
  f->record.resource.project = "red";
  kit_fold_event (f, 10 * HOUR + 3 * MINUTE, "owner-changed", HM_STATE_RUNNING);
  read_example (f, 10 * HOUR + 4 * MINUTE, 58, 2);
  kit_fold_event (f, 10 * HOUR + 5 * MINUTE, "stopped", HM_STATE_SHUTOFF);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 10 * HOUR + 9 * MINUTE + 30 * SECOND;
  kit_fold_event (f, 10 * HOUR + 9 * MINUTE + 30 * SECOND, "started", HM_STATE_RUNNING);
  read_example (f, 10 * HOUR + 12 * MINUTE, 5, 2);
}

static void
assert_example (const ExampleRow *expected, HmBucket *row)
{
  const HmCell *cpu = hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns");
  const HmCell *memory = hm_bucket_cell (row, "", "memory", "", HM_GAUGE, "KiB");

  kit_assert_i128 (cpu->quantity, (HmInt128)expected->cpu_seconds * SECOND);
  assert_int_equal (cpu->covered_ns, expected->cpu_covered);
  assert_int_equal (cpu->flags, expected->cpu_flags);
  kit_assert_i128 (memory->quantity, expected->memory);
  assert_int_equal (memory->covered_ns, expected->memory_covered);
}

static void
fold_gives_the_figures_of_the_documentation (void **state)
{
  const ExampleRow rows[] = {
    { MORNING + 9 * HOUR, "blue", "boot:1:0", 46, 10 * MINUTE, HM_FLAG_FROM_START, 4 * GIB * 2 * MINUTE,
      2 * MINUTE },
    { MORNING + 10 * HOUR, "blue", "boot:1:0", 9, 3 * MINUTE, 0, 4 * GIB * 3 * MINUTE, 3 * MINUTE },
    { MORNING + 10 * HOUR, "red", "boot:1:0", 3, 1 * MINUTE, 0, 6 * GIB * MINUTE, 2 * MINUTE },
    { MORNING + 10 * HOUR, "red", "boot:2:0", 5, 150 * SECOND, HM_FLAG_RESET, 0, 0 },
  };
  KitFold *f = *state;

  play_example (f);
  assert_int_equal (g_hash_table_size (f->rows->rows), G_N_ELEMENTS (rows));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      HmBucket *row = f->rows->output.bucket (&f->rows->output, rows[i].grain, "a", rows[i].epoch,
                                              rows[i].project, "u", "f", HM_STATE_RUNNING);

      assert_example (&rows[i], row);
    }
}

/* The last counters, read while the guest's CPUs stood, come with the end and in the epoch that ends. */
static void
fold_counts_final_values_once_when_a_life_ends (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 100);
  f->record.kind = HM_RECORD_LIFECYCLE;
  f->record.event = "stopped";
  f->record.resource.state = HM_STATE_SHUTOFF;
  f->record.read_ns = 3 * SECOND;
  kit_fold_sample (f, "cpu", 130);
  kit_fold_at (f, 90 * SECOND);
  kit_fold_event (f, 2 * MINUTE, "exists", HM_STATE_SHUTOFF);
  kit_fold_assert (f, "cpu", 130, 90 * SECOND, HM_FLAG_FROM_START);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (fold_counts_the_difference_within_one_life),
    fold_test (fold_keeps_every_digit_of_the_largest_values),
    fold_test (fold_holds_a_lower_value_out_and_counts_nothing_twice_when_it_recovers),
    fold_test (fold_counts_a_lower_value_whole_when_the_guest_counts),
    fold_test (fold_goes_round_when_the_declared_width_explains_the_lower_value),
    fold_test (fold_does_not_go_round_when_that_would_be_more_than_half_a_turn),
    fold_test (fold_says_estimated_when_the_gap_is_longer_than_three_intervals),
    fold_test (fold_measures_the_gap_by_the_fallback_when_no_interval_is_stated),
    fold_test (fold_counts_from_the_start_when_it_is_known_and_metered),
    fold_test (fold_takes_a_baseline_when_the_start_cannot_be_used),
    fold_test (fold_takes_the_samples_own_start_when_it_has_its_own_epoch),
    fold_test (fold_takes_a_baseline_when_a_counter_is_negative),
    fold_test (fold_counts_the_new_life_whole_when_its_start_is_known),
    fold_test (fold_counts_the_new_life_whole_although_the_value_grew),
    fold_test (fold_counts_a_devices_new_life_alone),
    fold_test (fold_infers_the_reset_when_the_new_start_is_unknown),
    fold_test (fold_takes_a_baseline_when_the_new_life_began_before_its_host_was_metered),
    fold_test (fold_says_moved_when_another_host_begins_the_new_life),
    fold_test (fold_counts_both_lives_when_two_hosts_report),
    fold_test (fold_counts_a_reading_once_when_it_comes_again),
    fold_test (fold_keeps_the_smaller_key_when_two_values_conflict),
    fold_test (fold_leaves_a_sample_out_when_its_definition_is_another),
    fold_test (fold_keeps_the_range_alone_when_values_are_doubles),
    fold_test (fold_divides_by_time_share_when_the_interval_crosses_a_grain),
    fold_test (fold_counts_before_the_edge_when_the_reading_lies_on_it),
    fold_test (fold_divides_by_time_share_when_the_owner_changes_in_between),
    fold_test (fold_gives_the_first_revision_what_was_before_it),
    fold_test (fold_keeps_what_was_said_when_a_stamp_leaves_it_out),
    fold_test (fold_puts_a_life_into_rows_of_its_own),
    fold_test (fold_gives_the_figures_of_the_documentation),
    fold_test (fold_counts_final_values_once_when_a_life_ends),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
