/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of readings that the fold holds out (too low, too much, contradicting another one), and of what people decide
 * about them. */
#include "tests/fold_kit.h"

#include <string.h>

#define STUCK (HM_FLAG_REGRESS | HM_FLAG_REGRESS_STUCK)

static void
assert_held (const KitHeld *held, guint32 flag, guint64 value, HmTime base_time, guint64 base,
             HmInt128 amount)
{
  assert_int_equal (held->row.flag, flag);
  assert_true (held->row.value.type == HM_VALUE_U64 && held->row.value.u64 == value);
  assert_true (held->row.base_time == base_time && held->row.base.u64 == base);
  kit_assert_i128 (held->row.amount, amount);
}

/* A host with two CPUs; "cpu" stands at 10 s at the first minute, read within a second. */
static void
begin_bounded (KitFold *f)
{
  f->record.agent.cpus = 2;
  f->record.read_ns = SECOND;
  kit_fold_read (f, 1 * MINUTE, "cpu", 10 * SECOND);
}

/* What may have been a time of @ns, by a clock that is slow or was set back. */
#define SLACK(ns) ((ns) + (ns) / 8 + SECOND)

/* What two CPUs can do between two readings a minute apart, each read within a second. */
#define MOST (2 * SLACK (MINUTE + 2 * SECOND))

/* -- regress -- */

static void
regress_is_told_with_its_base (void **state)
{
  KitFold *f = *state;
  const KitHeld *held;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_sample (f, "cpu", 400);
  kit_fold_at (f, 2 * MINUTE);
  held = kit_rows_held (f->rows, "cpu");
  assert_held (held, HM_FLAG_REGRESS, 400, MORNING + MINUTE, 1000, 0);
  assert_string_equal (held->agent, "a");
  assert_string_equal (held->epoch, "a1"); /* the agent's, not the counter's */
  assert_int_equal (held->row.seq, 2);
  assert_true (held->row.time == MORNING + 2 * MINUTE && held->row.type == HM_CUMULATIVE);
  assert_int_equal (held->row.decision, HM_DECISION_NONE);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
  assert_int_equal (f->rows->uncounted, 1);
}

static void
regress_stuck_is_said_from_the_third_in_a_row (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  for (guint i = 0; i < 2; i++)
    kit_fold_read (f, (2 + i) * MINUTE, "cpu", 400 + i);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
  f->state = kit_state_reload (f->state);
  g_hash_table_remove_all (f->rows->held);
  kit_fold_read (f, 4 * MINUTE, "cpu", 402);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | STUCK);
  assert_held (kit_rows_held (f->rows, "cpu"), HM_FLAG_REGRESS_STUCK, 402, MORNING + MINUTE, 1000, 0);
  g_hash_table_remove_all (f->rows->held);
  kit_fold_read (f, 5 * MINUTE, "cpu", 403);
  assert_int_equal (kit_rows_held (f->rows, "cpu")->row.flag, HM_FLAG_REGRESS_STUCK);
}

static void
regress_stuck_needs_three_of_one_life_in_a_row (void **state)
{
  static const guint64 values[] = { 1000, 400, 401, 1001, 402, 403 };
  KitFold *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    kit_fold_read (f, (1 + i) * MINUTE, "cpu", values[i]);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 6 * MINUTE;
  kit_fold_read (f, 7 * MINUTE, "cpu", 9);
  kit_fold_read (f, 8 * MINUTE, "cpu", 8);
  kit_fold_assert (f, "cpu", 1010, 4 * MINUTE + MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS | HM_FLAG_RESET);
}

static void
regress_counts_again_when_it_recovers_and_nothing_twice (void **state)
{
  static const guint64 values[] = { 1000, 400, 500, 600, 1000, 1050 };
  KitFold *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    kit_fold_read (f, (1 + i) * MINUTE, "cpu", values[i]);
  kit_fold_assert (f, "cpu", 1050, 6 * MINUTE, HM_FLAG_FROM_START | STUCK | HM_FLAG_ESTIMATED_DISTRIBUTION);
}

static void
regress_counts_from_the_reading_that_is_rebased (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_read (f, 2 * MINUTE, "cpu", 400);
  g_hash_table_remove_all (f->rows->held);
  kit_fold_decide (f, "cpu", HM_DECISION_REBASE);
  kit_fold_read (f, 3 * MINUTE, "cpu", 450);
  assert_int_equal (kit_rows_held (f->rows, "cpu")->row.decision, HM_DECISION_REBASE);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS | HM_FLAG_REBASED);
  f->state = kit_state_reload (f->state);
  kit_fold_read (f, 4 * MINUTE, "cpu", 475);
  kit_fold_assert (f, "cpu", 1025, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS | HM_FLAG_REBASED);
}

static void
regress_stays_out_when_it_is_rejected_or_released (void **state)
{
  static const HmDecision decisions[] = { HM_DECISION_REJECT, HM_DECISION_RELEASE };

  for (guint i = 0; i < G_N_ELEMENTS (decisions); i++)
    {
      KitFold *f = *state;

      kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
      kit_fold_decide (f, "cpu", decisions[i]);
      kit_fold_read (f, 2 * MINUTE, "cpu", 400);
      assert_int_equal (kit_rows_held (f->rows, "cpu")->row.decision, decisions[i]);
      kit_fold_read (f, 3 * MINUTE, "cpu", 1001);
      kit_fold_assert (f, "cpu", 1001, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_REGRESS);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
regress_is_none_when_the_guests_kernel_counts (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "faults", 1000);
  for (guint i = 0; i < 4; i++)
    kit_fold_read (f, (2 + i) * MINUTE, "faults", 10 - i);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
  kit_fold_assert (f, "faults", 1034, 5 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_RESET);
}

/* -- implausible -- */

static void
implausible_is_more_than_all_cpus_and_both_windows_allow (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  kit_fold_read (f, 2 * MINUTE, "cpu", 10 * SECOND + MOST);
  kit_fold_assert (f, "cpu", 10 * SECOND + MOST, 2 * MINUTE, HM_FLAG_FROM_START);
  f->state = kit_state_reload (f->state);
  kit_fold_read (f, 3 * MINUTE, "cpu", 10 * SECOND + 2 * MOST + 1);
  kit_fold_assert (f, "cpu", 10 * SECOND + MOST, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE);
  assert_held (kit_rows_held (f->rows, "cpu"), HM_FLAG_IMPLAUSIBLE, 10 * SECOND + 2 * MOST + 1,
               MORNING + 2 * MINUTE, 10 * SECOND + MOST, MOST + 1);
}

static void
implausible_heeds_the_window_of_the_base_not_of_a_later_read (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  f->record.read_ns = 0;
  kit_fold_read (f, 90 * SECOND, "narrow", 1); /* in between, read at once */
  f->state = kit_state_reload (f->state);
  f->record.read_ns = SECOND;
  kit_fold_read (f, 2 * MINUTE, "cpu", 10 * SECOND + MOST);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
}

static void
implausible_is_nothing_when_the_cpus_are_not_known (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  f->record.agent.cpus = 0;
  kit_fold_read (f, 2 * MINUTE, "cpu", G_MAXUINT64);
  kit_fold_assert (f, "cpu", G_MAXUINT64, 2 * MINUTE, HM_FLAG_FROM_START);
}

static void
implausible_is_no_base_so_a_single_wrong_reading_costs_nothing (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  kit_fold_read (f, 2 * MINUTE, "cpu", DAY);
  kit_fold_read (f, 3 * MINUTE, "cpu", 15 * SECOND);
  kit_fold_assert (f, "cpu", 15 * SECOND, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE);
}

/* It was real, and there was time for it after all: the next reading has it, and nothing counts twice. */
static void
implausible_is_counted_once_when_time_explains_it (void **state)
{
  for (guint decided = 0; decided < 2; decided++)
    {
      KitFold *f = *state;

      begin_bounded (f);
      if (decided)
        kit_fold_decide (f, "cpu", HM_DECISION_RELEASE);
      kit_fold_read (f, 2 * MINUTE, "cpu", 5 * MINUTE);
      kit_fold_read (f, 4 * MINUTE, "cpu", 5 * MINUTE + 10 * SECOND);
      kit_fold_assert (f, "cpu", 5 * MINUTE + 10 * SECOND, 4 * MINUTE,
                       HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE | (decided ? HM_FLAG_RELEASED : 0));
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
implausible_counts_and_is_the_base_when_it_is_released (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  kit_fold_decide (f, "cpu", HM_DECISION_RELEASE);
  kit_fold_read (f, 2 * MINUTE, "cpu", DAY);
  kit_fold_assert (f, "cpu", DAY, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE | HM_FLAG_RELEASED);
  assert_int_equal (kit_rows_held (f->rows, "cpu")->row.decision, HM_DECISION_RELEASE);
  kit_fold_read (f, 3 * MINUTE, "cpu", DAY + 5);
  kit_fold_assert (f, "cpu", DAY + 5, 3 * MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE | HM_FLAG_RELEASED);
}

static void
implausible_is_the_base_alone_when_it_is_rebased (void **state)
{
  KitFold *f = *state;

  begin_bounded (f);
  kit_fold_decide (f, "cpu", HM_DECISION_REBASE);
  kit_fold_read (f, 2 * MINUTE, "cpu", DAY);
  kit_fold_read (f, 3 * MINUTE, "cpu", DAY + 5);
  kit_fold_assert (f, "cpu", 10 * SECOND + 5, 2 * MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_IMPLAUSIBLE | HM_FLAG_REBASED);
}

static void
implausible_holds_a_life_out_from_its_beginning (void **state)
{
  KitFold *f = *state;

  f->record.agent.cpus = 1;
  kit_fold_read (f, 1 * MINUTE, "cpu", 2 * MINUTE);
  assert_held (kit_rows_held (f->rows, "cpu"), HM_FLAG_IMPLAUSIBLE, 2 * MINUTE, HM_TIME_UNKNOWN, 0,
               2 * MINUTE);
  kit_fold_assert (f, "cpu", 0, 0, HM_FLAG_IMPLAUSIBLE);
  kit_fold_read (f, 3 * MINUTE, "cpu", 2 * MINUTE);
  kit_fold_assert (f, "cpu", 2 * MINUTE, 3 * MINUTE, HM_FLAG_IMPLAUSIBLE | HM_FLAG_FROM_START);
  g_hash_table_remove_all (f->rows->held);
  f->record.resource.epoch = "boot:2:0";
  f->record.resource.epoch_start = MORNING + 3 * MINUTE;
  kit_fold_read (f, 4 * MINUTE, "cpu", DAY);
  assert_held (kit_rows_held (f->rows, "cpu"), HM_FLAG_IMPLAUSIBLE, DAY, HM_TIME_UNKNOWN, 0, DAY);
  f->record.resource.epoch = "boot:3:0";
  f->record.resource.epoch_start = HM_TIME_UNKNOWN; /* it may have begun long ago */
  kit_fold_read (f, 5 * MINUTE, "cpu", HOUR);
  assert_int_equal (g_hash_table_size (f->rows->held), 1);
}

static void
implausible_is_a_vcpu_that_ran_for_longer_than_the_time (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "vcpu.time", 1000);
  kit_fold_read (f, 2 * MINUTE, "vcpu.time", 1000 + SLACK (MINUTE));
  kit_fold_read (f, 3 * MINUTE, "vcpu.time", 1001 + 2 * SLACK (MINUTE));
  assert_int_equal (kit_rows_held (f->rows, "vcpu.time")->row.seq, 3);
}

/* CPU time runs by another clock than the one that says when it was read. */
static void
implausible_is_no_busy_vcpu_by_a_clock_that_is_slow_or_set_back (void **state)
{
  KitFold *f = *state;

  for (guint i = 1; i <= 60; i++)
    kit_fold_read (f, i * 5 * MINUTE - i * 25 * SECOND, "vcpu.time", i * 5 * (guint64)MINUTE);
  kit_fold_teardown (state);
  kit_fold_setup (state);
  f = *state;
  for (guint i = 1; i <= 60; i++)
    kit_fold_read (f, i * 10 * SECOND - (i > 1 ? SECOND : 0), "vcpu.time", i * 10 * (guint64)SECOND);
  kit_fold_assert (f, "vcpu.time", 10 * MINUTE, 10 * MINUTE - SECOND, HM_FLAG_FROM_START);
}

static void
implausible_is_traffic_where_a_policy_limits_it (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 4 * MINUTE, FALSE, 1000);
  kit_fold_read (f, 1 * MINUTE, "network.incoming.bytes", 0);
  kit_fold_read (f, 3 * MINUTE, "network.incoming.bytes", 100000000);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
  kit_fold_read (f, 4 * MINUTE, "network.incoming.bytes", 100000000 + 68500);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
  kit_fold_read (f, 5 * MINUTE, "network.incoming.bytes", 100000000 + 2 * 68500 + 1);
  assert_held (kit_rows_held (f->rows, "network.incoming.bytes"), HM_FLAG_IMPLAUSIBLE,
               100000000 + 2 * 68500 + 1, MORNING + 4 * MINUTE, 100000000 + 68500, 68501);
}

static void
implausible_is_nothing_when_the_bound_is_beyond_all_numbers (void **state)
{
  KitFold *f = *state;

  kit_fold_policy (f, 0, FALSE, G_MAXUINT64);
  f->record.agent.cpus = G_MAXUINT32;
  f->record.read_ns = G_MAXINT64;
  kit_fold_sample (f, "network.incoming.bytes", G_MAXUINT64);
  kit_fold_read (f, 1 * MINUTE, "cpu", G_MAXUINT64);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
}

/* -- conflict -- */

static void
conflict_is_told_with_the_reading_that_is_kept (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.agent.epoch = "a2";
  kit_fold_read (f, 1 * MINUTE, "cpu", 5000);
  assert_held (kit_rows_held (f->rows, "cpu"), HM_FLAG_CONFLICT, 5000, MORNING + MINUTE, 1000, 0);
  assert_string_equal (kit_rows_held (f->rows, "cpu")->epoch, "a2");
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
}

static void
conflict_is_none_between_two_agents (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 2; i++)
    {
      f->record.agent.id = f->record.resource.epoch = i == 0 ? "a" : "b";
      kit_fold_sample (f, "traffic", i == 0 ? 100 : 70)->start = MORNING;
      kit_fold_read (f, 1 * MINUTE, "cpu", i == 0 ? 1000 : 5000);
      f->state = kit_state_reload (f->state);
    }
  kit_fold_assert (f, "traffic", 170, 2 * MINUTE, HM_FLAG_OVERLAP);
  kit_fold_assert (f, "cpu", 6000, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_OVERLAP);
  f->record.agent.epoch = "b2"; /* of the same life */
  kit_fold_sample (f, "traffic", 71)->start = MORNING;
  kit_fold_read (f, 1 * MINUTE, "cpu", 5000);
  assert_int_equal (g_hash_table_size (f->rows->held), 1);
  kit_fold_assert (f, "traffic", 170, 2 * MINUTE, HM_FLAG_OVERLAP | HM_FLAG_CONFLICT);
  kit_fold_assert (f, "cpu", 6000, 2 * MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_OVERLAP | HM_FLAG_DUPLICATE);
}

static void
conflict_stays_out_whatever_is_decided (void **state)
{
  static const HmDecision decisions[] = { HM_DECISION_RELEASE, HM_DECISION_REJECT, HM_DECISION_REBASE };

  for (guint i = 0; i < G_N_ELEMENTS (decisions); i++)
    {
      KitFold *f = *state;

      kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
      f->record.agent.epoch = "a2";
      kit_fold_decide (f, "cpu", decisions[i]);
      kit_fold_read (f, 1 * MINUTE, "cpu", 1500);
      assert_int_equal (kit_rows_held (f->rows, "cpu")->row.decision, decisions[i]);
      kit_fold_read (f, 2 * MINUTE, "cpu", 1600);
      kit_fold_assert (f, "cpu", 1600, 2 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
conflict_of_definitions_is_left_out_and_nobody_is_asked (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  kit_fold_sample (f, "cpu", 2000)->unit = "s";
  kit_fold_at (f, 2 * MINUTE);
  kit_fold_assert (f, "cpu", 1000, MINUTE, HM_FLAG_FROM_START | HM_FLAG_CONFLICT);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
}

/* -- decisions -- */

static void
decision_says_nothing_about_a_reading_that_is_not_held_out (void **state)
{
  static const HmDecision decisions[] = { HM_DECISION_RELEASE, HM_DECISION_REJECT, HM_DECISION_REBASE };
  KitFold *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (decisions); i++)
    {
      kit_fold_decide (f, "cpu", decisions[i]);
      kit_fold_read (f, (i + 1) * MINUTE, "cpu", 100 * (i + 1));
    }
  kit_fold_assert (f, "cpu", 300, 3 * MINUTE, HM_FLAG_FROM_START);
  assert_int_equal (g_hash_table_size (f->rows->held), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (regress_is_told_with_its_base),
    fold_test (regress_stuck_is_said_from_the_third_in_a_row),
    fold_test (regress_stuck_needs_three_of_one_life_in_a_row),
    fold_test (regress_counts_again_when_it_recovers_and_nothing_twice),
    fold_test (regress_counts_from_the_reading_that_is_rebased),
    fold_test (regress_stays_out_when_it_is_rejected_or_released),
    fold_test (regress_is_none_when_the_guests_kernel_counts),
    fold_test (implausible_is_more_than_all_cpus_and_both_windows_allow),
    fold_test (implausible_heeds_the_window_of_the_base_not_of_a_later_read),
    fold_test (implausible_is_nothing_when_the_cpus_are_not_known),
    fold_test (implausible_is_no_base_so_a_single_wrong_reading_costs_nothing),
    fold_test (implausible_is_counted_once_when_time_explains_it),
    fold_test (implausible_counts_and_is_the_base_when_it_is_released),
    fold_test (implausible_is_the_base_alone_when_it_is_rebased),
    fold_test (implausible_holds_a_life_out_from_its_beginning),
    fold_test (implausible_is_a_vcpu_that_ran_for_longer_than_the_time),
    fold_test (implausible_is_no_busy_vcpu_by_a_clock_that_is_slow_or_set_back),
    fold_test (implausible_is_traffic_where_a_policy_limits_it),
    fold_test (implausible_is_nothing_when_the_bound_is_beyond_all_numbers),
    fold_test (conflict_is_told_with_the_reading_that_is_kept),
    fold_test (conflict_is_none_between_two_agents),
    fold_test (conflict_stays_out_whatever_is_decided),
    fold_test (conflict_of_definitions_is_left_out_and_nobody_is_asked),
    fold_test (decision_says_nothing_about_a_reading_that_is_not_held_out),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
