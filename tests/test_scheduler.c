/* SPDX-License-Identifier: Apache-2.0 */
/* test_scheduler: deadlines on a fake clock, driven by hand; the thread on the real one. */
#include "agent/schedule/scheduler.h"

#include "tests/kit.h"

#define MINUTE (60 * HM_NSEC_PER_SEC)
#define HOUR   (60 * MINUTE)

typedef struct
{
  HmFakeClock *clock;
  HmScheduler *scheduler;
  guint runs;
  gint64 takes; /* each run takes so long */
  gint64 last;  /* when the last run began */
  GMutex lock;
  GCond changed;
  gboolean entered, may_end; /* of a run that waits */
} Fixture;

static void
run (gpointer user)
{
  Fixture *f = user;

  f->runs++;
  f->last = f->clock->monotonic_ns;
  hm_fake_clock_advance (f->clock, f->takes);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (1000 * HM_NSEC_PER_SEC);
  f->scheduler = hm_scheduler_new (&f->clock->clock, "node-17");
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_scheduler_free (f->scheduler);
  g_free (f->clock);
  g_free (f);
  return 0;
}

/* Moves the clock to the next deadline and runs what is due; returns that moment. */
static gint64
tick (Fixture *f)
{
  gint64 next = hm_scheduler_next (f->scheduler);

  if (next > f->clock->monotonic_ns)
    hm_fake_clock_advance (f->clock, next - f->clock->monotonic_ns);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  return next;
}

static guint64
skipped (const Fixture *f, guint job)
{
  g_autoptr (GArray) reports = hm_scheduler_report (f->scheduler);

  for (guint i = 0; i < reports->len; i++)
    if (g_array_index (reports, HmJobReport, i).job == job)
      return g_array_index (reports, HmJobReport, i).skipped;
  fail_msg ("nothing is told of job %u", job);
  return 0;
}

static void
scheduler_runs_at_once_when_a_job_is_new (void **state)
{
  Fixture *f = *state;

  hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  assert_true (hm_scheduler_next (f->scheduler) == f->clock->monotonic_ns);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  assert_int_equal (f->runs, 1);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
}

/* A million ticks, each late by a different bit: every deadline is still first + k × interval. */
static void
scheduler_does_not_drift_when_it_runs_a_million_ticks (void **state)
{
  Fixture *f = *state;
  guint job = hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  gint64 first;

  tick (f);
  first = tick (f);
  for (gint64 k = 1; k <= 1000000; k++)
    {
      gint64 deadline = hm_scheduler_next (f->scheduler);

      assert_true (deadline == first + k * MINUTE);
      hm_fake_clock_advance (f->clock, deadline - f->clock->monotonic_ns + k % 1000 * HM_NSEC_PER_MSEC);
      assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
    }
  assert_true (skipped (f, job) == 0);
}

static void
scheduler_skips_two_ticks_when_a_run_takes_two_and_a_half_periods (void **state)
{
  Fixture *f = *state;
  guint job = hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  gint64 deadline;

  tick (f);
  f->takes = 5 * MINUTE / 2;
  deadline = tick (f);
  assert_true (skipped (f, job) == 2);
  assert_true (hm_scheduler_next (f->scheduler) == deadline + 3 * MINUTE);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
}

static void
scheduler_skips_two_ticks_when_it_wakes_two_and_a_half_periods_late (void **state)
{
  Fixture *f = *state;
  guint job = hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  gint64 deadline;

  tick (f);
  deadline = hm_scheduler_next (f->scheduler);
  hm_fake_clock_advance (f->clock, deadline - f->clock->monotonic_ns + 5 * MINUTE / 2);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  assert_true (skipped (f, job) == 2);
  assert_true (hm_scheduler_next (f->scheduler) == deadline + 3 * MINUTE);
}

static guint warnings;

static void
count_warning (GLogLevelFlags level, const HmLogFields *fields G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
               gpointer user G_GNUC_UNUSED)
{
  warnings += level == G_LOG_LEVEL_WARNING;
}

static void
scheduler_says_it_once_when_ticks_are_skipped_again_and_again (void **state)
{
  Fixture *f = *state;

  static const struct
  {
    gint64 takes;
    guint lines; /* so far */
  } ticks[] = {
    { 5 * MINUTE / 2, 1 }, { 5 * MINUTE / 2, 1 }, { 5 * MINUTE / 2, 1 }, { 0, 1 }, { 5 * MINUTE / 2, 2 }
  };

  warnings = 0;
  hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  tick (f);
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++)
    {
      /* Each time anew, or the log would fold the lines. */
      hm_log_capture (count_warning, NULL);
      f->takes = ticks[i].takes;
      tick (f);
      assert_int_equal (warnings, ticks[i].lines);
    }
  hm_log_capture (NULL, NULL);
}

static gint64
phase_of (Fixture *f, const char *seed)
{
  g_autoptr (HmScheduler) scheduler = hm_scheduler_new (&f->clock->clock, seed);

  hm_scheduler_add (scheduler, "poll", MINUTE, run, f);
  hm_scheduler_run_due (scheduler);
  return hm_scheduler_next (scheduler) % MINUTE;
}

static void
scheduler_spreads_the_phase_when_agents_have_different_ids (void **state)
{
  Fixture *f = *state;
  guint per_quarter[4] = { 0 };

  assert_true (phase_of (f, "node-17") == phase_of (f, "node-17"));
  for (guint i = 0; i < 400; i++)
    {
      g_autofree char *id = g_strdup_printf ("node-%u", i);

      per_quarter[phase_of (f, id) / (MINUTE / 4)]++;
    }
  for (guint i = 0; i < 4; i++)
    assert_in_range (per_quarter[i], 50, 150);
}

/* The same host keeps its place, whenever its agent starts. */
static void
scheduler_keeps_the_phase_when_the_agent_starts_again_later (void **state)
{
  Fixture *f = *state;
  gint64 phase = phase_of (f, "node-17");

  hm_fake_clock_advance (f->clock, 12345 * HM_NSEC_PER_MSEC);
  assert_true (phase_of (f, "node-17") == phase);
}

static void
scheduler_runs_again_early_when_it_is_asked_to (void **state)
{
  Fixture *f = *state;
  guint job = hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  gint64 deadline;

  hm_scheduler_run_due (f->scheduler);
  deadline = hm_scheduler_next (f->scheduler);
  hm_scheduler_again (f->scheduler, job, HM_NSEC_PER_SEC);
  assert_true (hm_scheduler_next (f->scheduler) == f->clock->monotonic_ns + HM_NSEC_PER_SEC);
  tick (f);
  assert_int_equal (f->runs, 2);
  assert_true (hm_scheduler_next (f->scheduler) == deadline);
  assert_true (skipped (f, job) == 0);
}

static void
scheduler_runs_each_job_when_two_are_due (void **state)
{
  Fixture *f = *state;

  hm_scheduler_add (f->scheduler, "a", MINUTE, run, f);
  hm_scheduler_add (f->scheduler, "b", MINUTE, run, f);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 2);
  assert_int_equal (f->runs, 2);
}

static void
scheduler_has_nothing_to_do_when_it_has_no_jobs (void **state)
{
  Fixture *f = *state;

  assert_true (hm_scheduler_next (f->scheduler) == G_MAXINT64);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
}

/* -- several jobs -- */

/* Moves the clock to the next deadline and runs what is due; returns how many jobs that was. */
static guint
tick_all (Fixture *f)
{
  gint64 next = hm_scheduler_next (f->scheduler);

  hm_fake_clock_advance (f->clock, MAX (next - f->clock->monotonic_ns, 0));
  return hm_scheduler_run_due (f->scheduler);
}

/* Every sixth tick of the fast job is one of the slow job's, wherever the host's place in the minute is. */
static void
scheduler_runs_jobs_together_when_one_interval_divides_the_other (void **state)
{
  Fixture *f = *state;
  guint fast = hm_scheduler_add (f->scheduler, "fast", 10 * HM_NSEC_PER_SEC, run, f), both = 0;

  hm_scheduler_run_due (f->scheduler);
  hm_fake_clock_advance (f->clock, 3 * HM_NSEC_PER_SEC);
  hm_scheduler_add (f->scheduler, "slow", MINUTE, run, f);
  hm_scheduler_run_due (f->scheduler);
  for (guint i = 0; i < 60; i++)
    both += tick_all (f) == 2;
  assert_in_range (both, 9, 10);
  assert_true (skipped (f, fast) == 0);
}

static guint together_calls, runs_at_together;

static void
count_together (gpointer user)
{
  together_calls++;
  runs_at_together = ((Fixture *)user)->runs;
}

static void
scheduler_calls_together_once_when_all_that_was_due_has_run (void **state)
{
  Fixture *f = *state;

  together_calls = 0;
  hm_scheduler_set_together (f->scheduler, count_together, f);
  hm_scheduler_add (f->scheduler, "a", MINUTE, run, f);
  hm_scheduler_add (f->scheduler, "b", MINUTE, run, f);
  hm_scheduler_run_due (f->scheduler);
  assert_int_equal (together_calls, 1);
  assert_int_equal (runs_at_together, 2);
  hm_scheduler_run_due (f->scheduler);
  assert_int_equal (together_calls, 1);
}

/* -- jobs that come and go -- */

/* The grid of the one that stays is as it was. */
static void
scheduler_takes_and_drops_jobs_when_it_runs (void **state)
{
  Fixture *f = *state;
  gint64 deadline;
  guint second;

  hm_scheduler_add (f->scheduler, "a", MINUTE, run, f);
  tick (f);
  deadline = hm_scheduler_next (f->scheduler);
  second = hm_scheduler_add (f->scheduler, "b", MINUTE / 60, run, f);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  assert_true (hm_scheduler_next (f->scheduler) < deadline);
  hm_scheduler_remove (f->scheduler, second);
  assert_true (hm_scheduler_next (f->scheduler) == deadline);
  hm_scheduler_remove (f->scheduler, second);
  hm_scheduler_again (f->scheduler, second, 0);
  assert_int_equal (tick_all (f), 1);
}

static void
remove_itself (gpointer user)
{
  Fixture *f = user;

  f->runs++;
  hm_scheduler_remove (f->scheduler, f->runs);
}

static void
scheduler_goes_on_when_a_job_removes_itself (void **state)
{
  Fixture *f = *state;

  hm_scheduler_add (f->scheduler, "a", MINUTE, remove_itself, f);
  hm_scheduler_add (f->scheduler, "b", MINUTE, remove_itself, f);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 2);
  assert_true (hm_scheduler_next (f->scheduler) == G_MAXINT64);
}

/* A shorter interval: no burst, and the first tick is on the new grid. */
static void
scheduler_goes_over_to_another_grid_when_an_interval_changes (void **state)
{
  Fixture *f = *state;
  guint job = hm_scheduler_add (f->scheduler, "a", MINUTE, run, f);
  guint other = hm_scheduler_add (f->scheduler, "b", MINUTE / 6, run, f);
  gint64 next;

  hm_scheduler_run_due (f->scheduler);
  tick_all (f);
  f->runs = 0;
  hm_scheduler_set_interval (f->scheduler, job, MINUTE / 6);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
  next = hm_scheduler_next (f->scheduler);
  assert_int_equal (tick_all (f), 2);
  assert_true (hm_scheduler_next (f->scheduler) == next + MINUTE / 6);
  assert_true (skipped (f, job) == 0);
  assert_true (skipped (f, other) == 0);
}

static void
scheduler_runs_once_what_is_posted (void **state)
{
  Fixture *f = *state;
  g_autoptr (GArray) reports = NULL;

  hm_scheduler_post (f->scheduler, run, f);
  reports = hm_scheduler_report (f->scheduler);
  assert_int_equal (reports->len, 0);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
  assert_int_equal (f->runs, 1);
  assert_true (hm_scheduler_next (f->scheduler) == G_MAXINT64);
}

/* -- what it tells -- */

static void
scheduler_measures_how_late_ticks_begin (void **state)
{
  static const gint64 late[] = { 5, 30, 10 };
  Fixture *f = *state;
  g_autoptr (GArray) reports = NULL;
  const HmJobReport *report;

  hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  hm_scheduler_run_due (f->scheduler);
  for (guint i = 0; i < G_N_ELEMENTS (late); i++)
    {
      hm_fake_clock_advance (f->clock, hm_scheduler_next (f->scheduler) - f->clock->monotonic_ns + late[i]);
      assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
    }
  reports = hm_scheduler_report (f->scheduler);
  assert_int_equal (reports->len, 1);
  report = &g_array_index (reports, HmJobReport, 0);
  assert_string_equal (report->name, "poll");
  assert_true (report->interval_ns == MINUTE);
  assert_true (report->ticks == 3);
  assert_true (report->skipped == 0);
  assert_true (report->late_last_ns == 10);
  assert_true (report->late_max_ns == 30);
  assert_true (report->late_sum_ns == 45);
  assert_true (report->next_ns == hm_scheduler_next (f->scheduler));
}

/* -- on the wall clock -- */

/* Where the wall clock stands in its minute. */
static gint64
place (Fixture *f)
{
  return f->clock->wall_ns % MINUTE;
}

static void
begin_aligned (Fixture *f)
{
  f->clock->wall_ns += 17 * HM_NSEC_PER_SEC + 123;
  hm_scheduler_align (f->scheduler);
  hm_scheduler_add (f->scheduler, "poll", MINUTE, run, f);
  hm_scheduler_run_due (f->scheduler);
}

static void
scheduler_ticks_on_the_full_minute_when_it_is_aligned (void **state)
{
  Fixture *f = *state;

  begin_aligned (f);
  for (guint i = 0; i < 3; i++)
    {
      assert_int_equal (tick_all (f), 1);
      assert_true (place (f) == 0);
    }
}

/* By 20 s, to either side: the next tick is on the full minute again. */
static void
scheduler_aligns_again_when_the_wall_clock_is_stepped (void **state)
{
  static const gint64 steps[] = { 20 * HM_NSEC_PER_SEC, -20 * HM_NSEC_PER_SEC };
  Fixture *f = *state;

  begin_aligned (f);
  f->clock->wall_ns += HM_NSEC_PER_SEC;
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 0);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      tick_all (f);
      hm_fake_clock_advance (f->clock, 30 * HM_NSEC_PER_SEC);
      f->clock->wall_ns += steps[i];
      assert_int_equal (tick_all (f), 1);
      assert_true (place (f) == 0);
    }
}

/* By 15 ms over the full minute, just before its tick: that minute has it all the same, and the next one is on time. */
static void
scheduler_ticks_at_once_when_the_wall_clock_steps_over_a_minute (void **state)
{
  Fixture *f = *state;

  begin_aligned (f);
  tick_all (f);
  hm_fake_clock_advance (f->clock, MINUTE - 5 * HM_NSEC_PER_MSEC);
  f->clock->wall_ns += 15 * HM_NSEC_PER_MSEC;
  assert_true (hm_scheduler_next (f->scheduler) <= f->clock->monotonic_ns);
  assert_int_equal (hm_scheduler_run_due (f->scheduler), 1);
  assert_int_equal (tick_all (f), 1);
  assert_true (place (f) == 0);
}

/* Half a second after the tick the clock says half a second before it: that minute has had its tick. */
static void
scheduler_does_not_tick_twice_for_one_minute_when_the_wall_clock_steps_back (void **state)
{
  Fixture *f = *state;
  HmTime ticked;

  begin_aligned (f);
  tick_all (f);
  ticked = f->clock->wall_ns;
  hm_fake_clock_advance (f->clock, HM_NSEC_PER_SEC / 2);
  f->clock->wall_ns -= HM_NSEC_PER_SEC;
  assert_int_equal (tick_all (f), 1);
  assert_true (f->clock->wall_ns == ticked + MINUTE);
}

/* An hour back: the minutes that come again are polled again, or there were an hour without a sample. */
static void
scheduler_goes_on_when_the_wall_clock_steps_back_by_an_hour (void **state)
{
  Fixture *f = *state;
  gint64 before;

  begin_aligned (f);
  tick_all (f);
  before = f->clock->monotonic_ns;
  f->clock->wall_ns -= 60 * MINUTE + HM_NSEC_PER_SEC;
  assert_int_equal (tick_all (f), 1);
  assert_true (f->clock->monotonic_ns - before <= MINUTE);
  assert_true (place (f) == 0);
}

/* -- the thread -- */

static void
wait_inside (gpointer user)
{
  Fixture *f = user;

  g_mutex_lock (&f->lock);
  f->runs++;
  f->entered = TRUE;
  g_cond_broadcast (&f->changed);
  while (!f->may_end)
    g_cond_wait (&f->changed, &f->lock);
  g_mutex_unlock (&f->lock);
}

static void
wait_until_entered (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  gboolean in_time = TRUE;

  g_mutex_lock (&f->lock);
  while (!f->entered && in_time)
    in_time = g_cond_wait_until (&f->changed, &f->lock, deadline);
  g_mutex_unlock (&f->lock);
  assert_true (f->entered);
}

static void
let_end (Fixture *f)
{
  g_mutex_lock (&f->lock);
  f->may_end = TRUE;
  g_cond_broadcast (&f->changed);
  g_mutex_unlock (&f->lock);
}

static void
scheduler_stops_at_once_when_it_sleeps (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmScheduler) scheduler = hm_scheduler_new (hm_clock_system (), "node-17");

  let_end (f);
  hm_scheduler_add (scheduler, "poll", 3600 * HM_NSEC_PER_SEC, wait_inside, f);
  assert_true (hm_scheduler_start (scheduler, NULL));
  wait_until_entered (f);
  assert_true (hm_scheduler_stop (scheduler, 30 * HM_NSEC_PER_SEC));
  assert_int_equal (f->runs, 1);
}

static void
scheduler_wakes_when_a_job_is_asked_for_again (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmScheduler) scheduler = hm_scheduler_new (hm_clock_system (), "node-17");
  guint job = hm_scheduler_add (scheduler, "poll", 3600 * HM_NSEC_PER_SEC, wait_inside, f);

  let_end (f);
  assert_true (hm_scheduler_start (scheduler, NULL));
  wait_until_entered (f);
  g_mutex_lock (&f->lock);
  f->entered = FALSE;
  g_mutex_unlock (&f->lock);
  hm_scheduler_again (scheduler, job, HM_NSEC_PER_MSEC);
  wait_until_entered (f);
  assert_true (hm_scheduler_stop (scheduler, 30 * HM_NSEC_PER_SEC));
}

/* The wall clock of the next test; the scheduler's lock covers both. It is stepped to just before a full hour when the test's
 * own thread looks at it. */
static GThread *stepper;
static gint64 stepped_by;

static HmTime
read_stepped_wall (const HmClock *clock)
{
  HmTime wall = hm_clock_system ()->wall (clock);

  if (stepped_by == 0 && g_thread_self () == stepper)
    stepped_by = 2 * HOUR - wall % HOUR - 20 * HM_NSEC_PER_MSEC;
  return wall + stepped_by;
}

/* Its thread sleeps for half an hour at least, and would sleep on. */
static void
scheduler_wakes_when_another_thread_finds_that_the_wall_clock_was_stepped (void **state)
{
  Fixture *f = *state;
  HmClock clock = *hm_clock_system ();
  g_autoptr (HmScheduler) scheduler = hm_scheduler_new (&clock, "node-17");

  clock.wall = read_stepped_wall;
  hm_scheduler_align (scheduler);
  stepper = g_thread_self ();
  let_end (f);
  hm_scheduler_add (scheduler, "poll", HOUR, wait_inside, f);
  assert_true (hm_scheduler_start (scheduler, NULL));
  wait_until_entered (f);
  g_mutex_lock (&f->lock);
  f->entered = FALSE;
  g_mutex_unlock (&f->lock);
  assert_true (hm_scheduler_next (scheduler) < G_MAXINT64);
  wait_until_entered (f);
  assert_true (hm_scheduler_stop (scheduler, 30 * HM_NSEC_PER_SEC));
}

static void
scheduler_says_so_when_a_job_does_not_end_in_time (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmScheduler) scheduler = hm_scheduler_new (hm_clock_system (), "node-17");

  hm_scheduler_add (scheduler, "poll", 3600 * HM_NSEC_PER_SEC, wait_inside, f);
  assert_true (hm_scheduler_start (scheduler, NULL));
  wait_until_entered (f);
  assert_false (hm_scheduler_stop (scheduler, HM_NSEC_PER_MSEC));
  let_end (f);
  assert_true (hm_scheduler_stop (scheduler, 30 * HM_NSEC_PER_SEC));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define SCHEDULER_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    SCHEDULER_TEST (scheduler_runs_at_once_when_a_job_is_new),
    SCHEDULER_TEST (scheduler_does_not_drift_when_it_runs_a_million_ticks),
    SCHEDULER_TEST (scheduler_skips_two_ticks_when_a_run_takes_two_and_a_half_periods),
    SCHEDULER_TEST (scheduler_skips_two_ticks_when_it_wakes_two_and_a_half_periods_late),
    SCHEDULER_TEST (scheduler_says_it_once_when_ticks_are_skipped_again_and_again),
    SCHEDULER_TEST (scheduler_spreads_the_phase_when_agents_have_different_ids),
    SCHEDULER_TEST (scheduler_keeps_the_phase_when_the_agent_starts_again_later),
    SCHEDULER_TEST (scheduler_runs_again_early_when_it_is_asked_to),
    SCHEDULER_TEST (scheduler_runs_each_job_when_two_are_due),
    SCHEDULER_TEST (scheduler_has_nothing_to_do_when_it_has_no_jobs),
    SCHEDULER_TEST (scheduler_runs_jobs_together_when_one_interval_divides_the_other),
    SCHEDULER_TEST (scheduler_calls_together_once_when_all_that_was_due_has_run),
    SCHEDULER_TEST (scheduler_takes_and_drops_jobs_when_it_runs),
    SCHEDULER_TEST (scheduler_goes_on_when_a_job_removes_itself),
    SCHEDULER_TEST (scheduler_goes_over_to_another_grid_when_an_interval_changes),
    SCHEDULER_TEST (scheduler_runs_once_what_is_posted),
    SCHEDULER_TEST (scheduler_measures_how_late_ticks_begin),
    SCHEDULER_TEST (scheduler_ticks_on_the_full_minute_when_it_is_aligned),
    SCHEDULER_TEST (scheduler_aligns_again_when_the_wall_clock_is_stepped),
    SCHEDULER_TEST (scheduler_ticks_at_once_when_the_wall_clock_steps_over_a_minute),
    SCHEDULER_TEST (scheduler_does_not_tick_twice_for_one_minute_when_the_wall_clock_steps_back),
    SCHEDULER_TEST (scheduler_goes_on_when_the_wall_clock_steps_back_by_an_hour),
    SCHEDULER_TEST (scheduler_stops_at_once_when_it_sleeps),
    SCHEDULER_TEST (scheduler_wakes_when_a_job_is_asked_for_again),
    SCHEDULER_TEST (scheduler_wakes_when_another_thread_finds_that_the_wall_clock_was_stepped),
    SCHEDULER_TEST (scheduler_says_so_when_a_job_does_not_end_in_time),
  };

  return cmocka_run_group_tests_name ("scheduler", tests, NULL, NULL);
}
