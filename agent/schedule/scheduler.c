/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler: see scheduler.h. The jobs run on the scheduler's one thread, one after the other: that thread is
 * the poll worker. The lock is never held while a job runs, so a job may ask for itself again, add and remove. */
#include "agent/schedule/scheduler_private.h"

#include "metering/log.h"

/* FNV-1a: the same on every machine and in every version, so that a host keeps its place in the minute. */
static guint64
hash (const char *text)
{
  guint64 value = G_GUINT64_CONSTANT (14695981039346656037);

  for (; *text != '\0'; text++)
    value = (value ^ (guint8)*text) * G_GUINT64_CONSTANT (1099511628211);
  return value;
}

HmScheduler *
hm_scheduler_new (const HmClock *clock, const char *seed)
{
  HmScheduler *scheduler = g_new0 (HmScheduler, 1);

  scheduler->clock = clock;
  scheduler->seed = hash (seed);
  scheduler->jobs = g_ptr_array_new_with_free_func (hm_scheduler_job_free);
  g_mutex_init (&scheduler->lock);
  g_cond_init (&scheduler->changed);
  return scheduler;
}

void
hm_scheduler_free (HmScheduler *scheduler)
{
  if (scheduler == NULL)
    return;
  g_ptr_array_unref (scheduler->jobs);
  g_mutex_clear (&scheduler->lock);
  g_cond_clear (&scheduler->changed);
  g_free (scheduler);
}

void
hm_scheduler_set_together (HmScheduler *scheduler, HmJob together, gpointer user)
{
  scheduler->together = together;
  scheduler->together_user = user;
}

/* -- what is due -- */

static gint64
next_locked (HmScheduler *scheduler)
{
  gint64 next = HM_SCHEDULER_NEVER;

  hm_scheduler_follow_wall_clock (scheduler);
  for (guint i = 0; i < scheduler->jobs->len; i++)
    next = MIN (next,
                MIN (hm_scheduler_job_at (scheduler, i)->tick, hm_scheduler_job_at (scheduler, i)->extra));
  return next;
}

gint64
hm_scheduler_next (HmScheduler *scheduler)
{
  gint64 next;

  g_mutex_lock (&scheduler->lock);
  next = next_locked (scheduler);
  g_mutex_unlock (&scheduler->lock);
  return next;
}

static void
count_tick (HmJobReport *report, gint64 late)
{
  report->ticks++;
  report->late_last_ns = late;
  report->late_max_ns = MAX (report->late_max_ns, late);
  report->late_sum_ns += late;
}

/* Takes the job's due moments that have come. FALSE: none has. */
static gboolean
take_due (const HmScheduler *scheduler, HmSchedulerJob *job, gint64 at)
{
  if (MIN (job->tick, job->extra) > at)
    return FALSE;
  if (job->extra <= at)
    job->extra = HM_SCHEDULER_NEVER;
  if (job->tick <= at)
    {
      count_tick (&job->report, at - job->tick);
      job->slot = hm_scheduler_slot (scheduler, job);
      job->tick += job->report.interval_ns;
    }
  return TRUE;
}

/* What has passed by @at, at the end of a run, is not made up for. */
static void
skip_passed (HmSchedulerJob *job, gint64 at)
{
  gint64 interval = job->report.interval_ns;
  gint64 passed = job->tick <= at ? (at - job->tick) / interval + 1 : 0;

  if (passed > 0 && !job->skipping)
    hm_warning ("%s: takes longer than its interval, ticks are skipped", job->report.name);
  job->tick += passed * interval;
  job->report.skipped += (guint64)passed;
  job->skipping = passed > 0;
}

/* Under the lock, which is let go meanwhile. Afterwards a job may be another's or gone. */
static void
run_one (HmScheduler *scheduler, guint number)
{
  const HmSchedulerJob *job = hm_scheduler_find_job (scheduler, number);
  HmJob run;
  gpointer user;

  if (job == NULL)
    return;
  run = job->run;
  user = job->user;
  g_mutex_unlock (&scheduler->lock);
  run (user);
  g_mutex_lock (&scheduler->lock);
}

static void
run_together (HmScheduler *scheduler)
{
  if (scheduler->together == NULL)
    return;
  g_mutex_unlock (&scheduler->lock);
  scheduler->together (scheduler->together_user);
  g_mutex_lock (&scheduler->lock);
}

static void
conclude (HmScheduler *scheduler, guint number)
{
  HmSchedulerJob *job = hm_scheduler_find_job (scheduler, number);

  if (job != NULL && job->once)
    g_ptr_array_remove (scheduler->jobs, job);
  else if (job != NULL)
    skip_passed (job, hm_scheduler_now (scheduler));
}

/* Under the lock. All that is due at one moment, by one look at the clock. */
static guint
run_due_locked (HmScheduler *scheduler)
{
  g_autoptr (GArray) due = g_array_new (FALSE, FALSE, sizeof (guint));
  gint64 at = hm_scheduler_now (scheduler);

  hm_scheduler_follow_wall_clock (scheduler);
  for (guint i = 0; i < scheduler->jobs->len; i++)
    if (take_due (scheduler, hm_scheduler_job_at (scheduler, i), at))
      g_array_append_val (due, hm_scheduler_job_at (scheduler, i)->report.job);
  for (guint i = 0; i < due->len && !scheduler->stop; i++)
    run_one (scheduler, g_array_index (due, guint, i));
  if (due->len > 0 && !scheduler->stop)
    run_together (scheduler);
  for (guint i = 0; i < due->len; i++)
    conclude (scheduler, g_array_index (due, guint, i));
  return due->len;
}

guint
hm_scheduler_run_due (HmScheduler *scheduler)
{
  guint n;

  g_mutex_lock (&scheduler->lock);
  n = run_due_locked (scheduler);
  g_mutex_unlock (&scheduler->lock);
  return n;
}

/* -- the thread -- */

/* The condition waits on the system's monotonic clock, whatever clock the deadlines are of: it only decides
 * when to look again. */
static void
sleep_until (HmScheduler *scheduler, gint64 deadline)
{
  gint64 ns = deadline - hm_scheduler_now (scheduler);

  if (deadline == HM_SCHEDULER_NEVER)
    g_cond_wait (&scheduler->changed, &scheduler->lock);
  else if (ns > 0)
    g_cond_wait_until (&scheduler->changed, &scheduler->lock, g_get_monotonic_time () + ns / 1000 + 1);
}

static gpointer
run (gpointer data)
{
  HmScheduler *scheduler = data;

  g_mutex_lock (&scheduler->lock);
  while (!scheduler->stop)
    {
      run_due_locked (scheduler);
      if (!scheduler->stop)
        sleep_until (scheduler, next_locked (scheduler));
    }
  scheduler->running = FALSE;
  g_cond_broadcast (&scheduler->changed);
  g_mutex_unlock (&scheduler->lock);
  return NULL;
}

gboolean
hm_scheduler_start (HmScheduler *scheduler, GError **error)
{
  scheduler->running = TRUE; /* before there is a thread that could say otherwise */
  scheduler->thread = g_thread_try_new ("poll", run, scheduler, error);
  if (scheduler->thread == NULL)
    scheduler->running = FALSE;
  return scheduler->thread != NULL;
}

gboolean
hm_scheduler_stop (HmScheduler *scheduler, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE, running;

  g_mutex_lock (&scheduler->lock);
  scheduler->stop = TRUE;
  g_cond_broadcast (&scheduler->changed);
  while (scheduler->running && in_time)
    in_time = g_cond_wait_until (&scheduler->changed, &scheduler->lock, deadline);
  running = scheduler->running;
  g_mutex_unlock (&scheduler->lock);
  if (!running && scheduler->thread != NULL)
    g_thread_join (g_steal_pointer (&scheduler->thread));
  return !running;
}
