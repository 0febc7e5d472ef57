/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of whose word counts while several hosts tell of one guest, and of the time in each state. */
#include "tests/fold_kit.h"

#include <string.h>

/* -- speaking as one host or the other -- */

/* What the next records are: of that agent, whose guest is in that state. */
static void
speak_as (KitFold *f, const char *agent, HmState state)
{
  f->record.agent.id = agent;
  f->record.resource.epoch = agent;
  f->record.resource.state = state;
}

/* One reading of "memory" by that agent. */
static void
read_by (KitFold *f, const char *agent, HmState state, gint64 after, guint64 memory)
{
  speak_as (f, agent, state);
  kit_fold_read (f, after, "memory", memory);
}

static void
event_by (KitFold *f, const char *agent, gint64 after, const char *event, HmState state)
{
  speak_as (f, agent, state);
  kit_fold_event (f, after, event, state);
}

/* The time that the rows of that agent and state cover by cells of that meter. */
static gint64
covered_by (const KitFold *f, const char *agent, HmState state, const char *meter)
{
  gint64 covered = 0;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmBucket *row = value;

      for (guint i = 0; i < row->cells->len; i++)
        {
          const HmCell *cell = g_ptr_array_index (row->cells, i);

          if (strcmp (row->agent, agent) == 0 && row->state == state && strcmp (cell->meter, meter) == 0)
            covered += cell->covered_ns;
        }
    }
  return covered;
}

/* -- gauges and state have one owner -- */

static void
owner_stays_while_an_incoming_guest_waits (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  event_by (f, "b", 20 * SECOND, "migrated-in", HM_STATE_PAUSED);
  read_by (f, "b", HM_STATE_PAUSED, 30 * SECOND, 99);
  f->state = kit_state_reload (f->state);
  read_by (f, "a", HM_STATE_RUNNING, 1 * MINUTE, 10);
  kit_fold_assert (f, "memory", (HmInt128)10 * MINUTE, MINUTE, HM_FLAG_OVERLAP);
  assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "memory"), MINUTE);
}

static void
owner_is_the_new_host_from_the_moment_that_its_guest_goes_on (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  event_by (f, "b", 10 * SECOND, "migrated-in", HM_STATE_PAUSED);
  event_by (f, "a", 20 * SECOND, "suspended", HM_STATE_PAUSED);
  event_by (f, "b", 30 * SECOND, "resumed", HM_STATE_RUNNING);
  event_by (f, "a", 40 * SECOND, "migrated-out", HM_STATE_SHUTOFF); /* ends nothing that is b's */
  read_by (f, "b", HM_STATE_RUNNING, 1 * MINUTE, 10);
  read_by (f, "b", HM_STATE_RUNNING, 2 * MINUTE, 10);
  kit_fold_assert (f, "memory", (HmInt128)10 * 2 * MINUTE, 2 * MINUTE, 0);
  assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "memory"), 20 * SECOND + 30 * SECOND);
  assert_int_equal (covered_by (f, "a", HM_STATE_PAUSED, "memory"), 10 * SECOND);
  assert_int_equal (covered_by (f, "b", HM_STATE_RUNNING, "memory"), MINUTE);
}

static void
owner_is_the_new_host_when_the_old_one_has_ended (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  event_by (f, "a", 20 * SECOND, "migrated-out", HM_STATE_SHUTOFF);
  f->state = kit_state_reload (f->state);
  read_by (f, "b", HM_STATE_PAUSED, 30 * SECOND, 10);
  read_by (f, "b", HM_STATE_PAUSED, 60 * SECOND, 10);
  assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "memory"), 20 * SECOND);
  assert_int_equal (covered_by (f, "b", HM_STATE_PAUSED, "memory"), 30 * SECOND);
}

static void
owner_stays_when_two_hosts_run_it (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 6; i++)
    read_by (f, i % 2 == 0 ? "a" : "b", HM_STATE_RUNNING, i * 30 * SECOND, i % 2 == 0 ? 10 : 99);
  kit_fold_assert (f, "memory", (HmInt128)10 * 150 * SECOND, 150 * SECOND, HM_FLAG_OVERLAP);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "memory").count, 6);
}

static void
owner_is_the_other_when_it_was_not_heard_of_for_its_hold (void **state)
{
  KitFold *f = *state;

  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  read_by (f, "b", HM_STATE_RUNNING, 3 * MINUTE, 20); /* a may still speak */
  f->state = kit_state_reload (f->state);
  read_by (f, "b", HM_STATE_RUNNING, 4 * MINUTE, 20);
  read_by (f, "b", HM_STATE_RUNNING, 5 * MINUTE, 20);
  kit_fold_assert (f, "memory", (HmInt128)10 * 3 * MINUTE + (HmInt128)20 * MINUTE, 4 * MINUTE,
                   HM_FLAG_OVERLAP);
}

static void
owner_is_no_agent_that_says_there_is_nothing (void **state)
{
  static const HmState states[] = { HM_STATE_UNDEFINED, HM_STATE_LOST };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      KitFold *f = *state;

      speak_as (f, "b", HM_STATE_SHUTOFF);
      kit_fold_read (f, 0, "capacity", 1);
      event_by (f, "a", 1 * MINUTE, "undefined", states[i]);
      event_by (f, "b", 2 * MINUTE, "exists", HM_STATE_SHUTOFF);
      kit_fold_assert (f, "capacity", (HmInt128)2 * MINUTE, 2 * MINUTE, 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

/* The clocks of two hosts differ by less than a migration takes, or the event of the pause is missing. */
static void
owner_hands_over_where_the_other_already_runs (void **state)
{
  static const HmState ends[] = { HM_STATE_SHUTOFF, HM_STATE_PAUSED, HM_STATE_UNDEFINED, HM_STATE_LOST };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      KitFold *f = *state;

      f->record.resource.kind = "instance";
      read_by (f, "a", HM_STATE_RUNNING, 0, 10);
      event_by (f, "b", 10 * SECOND, "migrated-in", HM_STATE_PAUSED);
      event_by (f, "b", 30 * SECOND, "resumed", HM_STATE_RUNNING);
      f->state = kit_state_reload (f->state);
      event_by (f, "a", 31 * SECOND, "migrated-out", ends[i]);
      f->state = kit_state_reload (f->state);
      event_by (f, "a", 32 * SECOND, "stopped", HM_STATE_SHUTOFF);
      read_by (f, "b", HM_STATE_RUNNING, 70 * SECOND, 10);
      read_by (f, "b", HM_STATE_RUNNING, 130 * SECOND, 10);
      kit_fold_assert (f, "memory", (HmInt128)10 * 130 * SECOND, 130 * SECOND, 0);
      assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "memory"), 70 * SECOND);
      assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "state.time"), 31 * SECOND);
      assert_int_equal (covered_by (f, "b", HM_STATE_RUNNING, "state.time"), 99 * SECOND);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
owner_keeps_what_nobody_else_runs_any_more (void **state)
{
  KitFold *f = *state;

  f->record.resource.kind = "instance";
  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  event_by (f, "b", 10 * SECOND, "resumed", HM_STATE_RUNNING);
  event_by (f, "b", 20 * SECOND, "stopped", HM_STATE_SHUTOFF); /* it said something else since */
  event_by (f, "a", 30 * SECOND, "suspended", HM_STATE_PAUSED);
  read_by (f, "a", HM_STATE_RUNNING, 40 * SECOND, 10);
  event_by (f, "b", 50 * SECOND, "resumed", HM_STATE_RUNNING);
  for (guint i = 1; i < 5; i++)
    read_by (f, "a", HM_STATE_RUNNING, 50 * SECOND + i * MINUTE, 10);
  event_by (f, "a", 5 * MINUTE, "suspended", HM_STATE_PAUSED); /* that was long ago */
  event_by (f, "a", 6 * MINUTE, "exists", HM_STATE_PAUSED);
  assert_int_equal (covered_by (f, "a", HM_STATE_PAUSED, "state.time"), 70 * SECOND);
}

/* A source that is read each hour says nothing about how soon the others are missed. */
static void
owner_is_missed_after_the_shortest_interval_that_it_states (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i <= 3; i++)
    read_by (f, "a", HM_STATE_RUNNING, i * MINUTE, 10);
  f->record.interval_ns = HOUR;
  read_by (f, "a", HM_STATE_RUNNING, 3 * MINUTE + 1, 10);
  f->state = kit_state_reload (f->state);
  f->record.interval_ns = 0; /* lengthens nothing by more than its own */
  event_by (f, "a", 4 * MINUTE, "exists", HM_STATE_RUNNING);
  f->record.interval_ns = MINUTE;
  for (guint i = 7; i <= 20; i++)
    read_by (f, "b", HM_STATE_RUNNING, i * MINUTE, 10);
  assert_int_equal (covered_by (f, "b", HM_STATE_RUNNING, "memory"), 12 * MINUTE);
}

static void
owner_is_not_missed_when_its_interval_grows (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 60; i++)
    {
      f->record.interval_ns = i < 5 ? SECOND : 5 * MINUTE;
      read_by (f, "a", HM_STATE_RUNNING, i < 5 ? i * SECOND : i * 5 * MINUTE, 10);
      if (i > 6)
        read_by (f, "b", HM_STATE_RUNNING, i * 5 * MINUTE + 4 * MINUTE, 99);
    }
  assert_int_equal (covered_by (f, "b", HM_STATE_RUNNING, "memory"), 0);
}

static void
owner_is_no_agent_without_a_state_where_another_has_one (void **state)
{
  KitFold *f = *state;

  f->record.resource.kind = "instance";
  for (guint i = 0; i <= 10; i++)
    {
      speak_as (f, "x", HM_STATE_UNKNOWN);
      kit_fold_read (f, i * MINUTE, "stateless", 1);
      read_by (f, "h", HM_STATE_RUNNING, i * MINUTE + SECOND, 10);
    }
  kit_fold_assert (f, "memory", (HmInt128)10 * 10 * MINUTE, 10 * MINUTE, 0);
  kit_fold_assert (f, "state.time", 10 * MINUTE, 10 * MINUTE, 0);
  speak_as (f, "x", HM_STATE_UNKNOWN);
  kit_fold_read (f, 20 * MINUTE, "stateless", 1);
  read_by (f, "h", HM_STATE_RUNNING, 21 * MINUTE, 10);
  read_by (f, "h", HM_STATE_RUNNING, 22 * MINUTE, 10);
  assert_int_equal (covered_by (f, "h", HM_STATE_RUNNING, "memory"), (10 + 3 + 1) * MINUTE);
}

/* Where a guest was, it may stay defined, shut off, while the host that runs it is silent. */
static void
owner_that_runs_is_not_followed_by_one_that_is_shut_off (void **state)
{
  KitFold *f = *state;

  f->record.resource.kind = "instance";
  event_by (f, "a", 0, "stopped", HM_STATE_SHUTOFF);
  read_by (f, "b", HM_STATE_RUNNING, 1 * MINUTE, 10);
  event_by (f, "a", 11 * MINUTE, "exists", HM_STATE_SHUTOFF);
  f->state = kit_state_reload (f->state);
  event_by (f, "a", 12 * MINUTE, "exists", HM_STATE_SHUTOFF);
  read_by (f, "b", HM_STATE_RUNNING, 13 * MINUTE, 10);
  assert_int_equal (covered_by (f, "b", HM_STATE_RUNNING, "state.time"), 12 * MINUTE);
  assert_int_equal (covered_by (f, "a", HM_STATE_SHUTOFF, "state.time"), 1 * MINUTE);
}

static void
owner_alone_says_whose_the_resource_is (void **state)
{
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer row;

  read_by (f, "a", HM_STATE_RUNNING, 0, 10);
  f->record.resource.project = "q";
  read_by (f, "b", HM_STATE_RUNNING, 10 * SECOND, 10);
  f->record.resource.project = NULL;
  read_by (f, "a", HM_STATE_RUNNING, 20 * SECOND, 10);
  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    assert_string_equal (((const HmBucket *)row)->project, "p");
  assert_int_equal (g_hash_table_size (f->rows->rows), 2);
}

static void
owner_lets_a_device_of_another_host_end_nothing (void **state)
{
  KitFold *f = *state;

  speak_as (f, "a", HM_STATE_RUNNING);
  kit_fold_sample (f, "capacity", 1)->device = "disk:vda";
  kit_fold_at (f, 0);
  f->record.device = "disk:vda";
  event_by (f, "b", 30 * SECOND, "device-removed", HM_STATE_PAUSED);
  f->record.device = NULL;
  event_by (f, "a", 1 * MINUTE, "exists", HM_STATE_RUNNING);
  kit_fold_assert (f, "capacity", MINUTE, MINUTE, 0);
}

static void
owner_is_the_last_agent_where_an_older_state_says_none (void **state)
{
  static const char old[]
      = "{\"version\":1,\"last\":[1728000000000000000,\"a\",\"a1\",1],\"revisions\":"
        "[[1728000000000000000,\"p\",\"u\",\"f\",1]],\"lives\":[[\"a\",\"a\"]],\"series\":"
        "[[\"\",\"cpu\",0,\"ns\",0,5,[[0,\"\"]]],[\"\",\"memory\",1,\"KiB\",0,7,"
        "[0,\"\",180000000000]]]}";
  KitFold *f = *state;

  hm_fold_state_free (f->state);
  f->state = hm_fold_state_from_json (old, strlen (old), NULL);
  assert_non_null (f->state);
  f->record.seq = 1;
  speak_as (f, "a", HM_STATE_RUNNING);
  kit_fold_sample (f, "cpu", 9);
  kit_fold_at (f, 1 * MINUTE);
  kit_fold_assert (f, "cpu", 4, MINUTE, 0);
  kit_fold_assert (f, "memory", (HmInt128)7 * MINUTE, MINUTE, 0);
}

/* -- seconds in each state -- */

/* So that it is one whose states are counted. */
static void
be_an_instance (KitFold *f)
{
  f->record.resource.kind = "instance";
}

static void
state_time_counts_what_lifecycle_records_say (void **state)
{
  KitFold *f = *state;

  be_an_instance (f);
  event_by (f, "a", 0, "started", HM_STATE_RUNNING);
  event_by (f, "a", 30 * MINUTE, "suspended", HM_STATE_PAUSED);
  event_by (f, "a", 40 * MINUTE, "resumed", HM_STATE_RUNNING);
  f->state = kit_state_reload (f->state);
  event_by (f, "a", 90 * MINUTE, "stopped", HM_STATE_SHUTOFF);
  event_by (f, "a", 120 * MINUTE, "exists", HM_STATE_SHUTOFF);
  assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "state.time"), 80 * MINUTE);
  assert_int_equal (covered_by (f, "a", HM_STATE_PAUSED, "state.time"), 10 * MINUTE);
  assert_int_equal (covered_by (f, "a", HM_STATE_SHUTOFF, "state.time"), 30 * MINUTE);
  kit_fold_assert (f, "state.time", 120 * MINUTE, 120 * MINUTE, 0);
  assert_int_equal (kit_rows_sum (f->rows, NULL, "state.time").cells, 4);
}

static void
state_time_is_known_for_three_hours_or_three_intervals (void **state)
{
  static const gint64 intervals[] = { MINUTE, 2 * HOUR };

  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++)
    {
      KitFold *f = *state;

      be_an_instance (f);
      f->record.interval_ns = intervals[i];
      event_by (f, "a", 0, "started", HM_STATE_RUNNING);
      event_by (f, "a", 20 * HOUR, "exists", HM_STATE_RUNNING);
      event_by (f, "a", 21 * HOUR, "exists", HM_STATE_RUNNING);
      kit_fold_assert (f, "state.time", (i == 0 ? 4 : 7) * HOUR, (i == 0 ? 4 : 7) * HOUR, 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
state_time_ends_when_there_is_nothing (void **state)
{
  static const HmState states[] = { HM_STATE_UNDEFINED, HM_STATE_LOST };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      KitFold *f = *state;

      be_an_instance (f);
      event_by (f, "a", 0, "started", HM_STATE_RUNNING);
      event_by (f, "a", 1 * MINUTE, "undefined", states[i]);
      event_by (f, "a", 2 * MINUTE, "undefined", states[i]);
      kit_fold_assert (f, "state.time", MINUTE, MINUTE, 0);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

static void
state_time_is_divided_where_the_owner_changes (void **state)
{
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer value;

  be_an_instance (f);
  event_by (f, "a", 0, "started", HM_STATE_RUNNING);
  f->record.resource.project = "q";
  event_by (f, "a", 20 * MINUTE, "owner-changed", HM_STATE_RUNNING);
  event_by (f, "a", 50 * MINUTE, "exists", HM_STATE_RUNNING);
  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmCell *cell = g_ptr_array_index (((const HmBucket *)value)->cells, 0);

      assert_int_equal (cell->covered_ns,
                        strcmp (((const HmBucket *)value)->project, "q") == 0 ? 30 * MINUTE : 20 * MINUTE);
    }
}

static void
state_time_is_the_owners_to_say (void **state)
{
  KitFold *f = *state;

  be_an_instance (f);
  event_by (f, "a", 0, "started", HM_STATE_RUNNING);
  event_by (f, "b", 1 * MINUTE, "migrated-in", HM_STATE_PAUSED);
  event_by (f, "a", 2 * MINUTE, "exists", HM_STATE_RUNNING);
  assert_int_equal (covered_by (f, "a", HM_STATE_RUNNING, "state.time"), 2 * MINUTE);
  kit_fold_assert (f, "state.time", 2 * MINUTE, 2 * MINUTE, 0);
}

static void
state_time_is_of_instances_alone_and_no_agents_meter (void **state)
{
  KitFold *f = *state;

  event_by (f, "a", 0, "started", HM_STATE_RUNNING);
  event_by (f, "a", 1 * MINUTE, "exists", HM_STATE_RUNNING);
  kit_fold_assert (f, "state.time", 0, 0, 0);
  be_an_instance (f);
  kit_fold_sample (f, "cpu", 5)->meter = "state.time";
  kit_fold_at (f, 2 * MINUTE);
  kit_fold_sample (f, "cpu", 5000)->meter = "state.time";
  kit_fold_at (f, 3 * MINUTE);
  kit_fold_assert (f, "state.time", MINUTE, MINUTE, HM_FLAG_CONFLICT);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (owner_stays_while_an_incoming_guest_waits),
    fold_test (owner_is_the_new_host_from_the_moment_that_its_guest_goes_on),
    fold_test (owner_is_the_new_host_when_the_old_one_has_ended),
    fold_test (owner_stays_when_two_hosts_run_it),
    fold_test (owner_is_the_other_when_it_was_not_heard_of_for_its_hold),
    fold_test (owner_is_no_agent_that_says_there_is_nothing),
    fold_test (owner_hands_over_where_the_other_already_runs),
    fold_test (owner_keeps_what_nobody_else_runs_any_more),
    fold_test (owner_is_missed_after_the_shortest_interval_that_it_states),
    fold_test (owner_is_not_missed_when_its_interval_grows),
    fold_test (owner_is_no_agent_without_a_state_where_another_has_one),
    fold_test (owner_that_runs_is_not_followed_by_one_that_is_shut_off),
    fold_test (owner_alone_says_whose_the_resource_is),
    fold_test (owner_lets_a_device_of_another_host_end_nothing),
    fold_test (owner_is_the_last_agent_where_an_older_state_says_none),
    fold_test (state_time_counts_what_lifecycle_records_say),
    fold_test (state_time_is_known_for_three_hours_or_three_intervals),
    fold_test (state_time_ends_when_there_is_nothing),
    fold_test (state_time_is_divided_where_the_owner_changes),
    fold_test (state_time_is_the_owners_to_say),
    fold_test (state_time_is_of_instances_alone_and_no_agents_meter),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
