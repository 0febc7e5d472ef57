/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_jobs: the scheduler's jobs as others add, change, remove and look at them, from any thread. */
#include "agent/schedule/scheduler_private.h"

gint64
hm_scheduler_now (const HmScheduler *scheduler)
{
  return scheduler->clock->monotonic (scheduler->clock);
}

static void
clear_report (gpointer data)
{
  g_free (((HmJobReport *)data)->name);
}

void
hm_scheduler_job_free (gpointer data)
{
  HmSchedulerJob *job = data;

  clear_report (&job->report);
  g_free (job);
}

HmSchedulerJob *
hm_scheduler_job_at (HmScheduler *scheduler, guint i)
{
  return g_ptr_array_index (scheduler->jobs, i);
}

/* Under the lock. (nullable) */
HmSchedulerJob *
hm_scheduler_find_job (HmScheduler *scheduler, guint number)
{
  for (guint i = 0; i < scheduler->jobs->len; i++)
    if (hm_scheduler_job_at (scheduler, i)->report.job == number)
      return hm_scheduler_job_at (scheduler, i);
  return NULL;
}

/* -- adding, changing, removing -- */

/* Runs at once. Its first tick is half an interval later at least, so that the two are not nearly one. */
static guint
add_job (HmScheduler *scheduler, const HmSchedulerJob *model)
{
  HmSchedulerJob *job = g_new (HmSchedulerJob, 1);
  guint number;

  *job = *model;
  g_mutex_lock (&scheduler->lock);
  number = job->report.job = ++scheduler->last_job;
  job->extra = hm_scheduler_now (scheduler);
  if (!job->once)
    job->tick = hm_scheduler_grid_after (scheduler, job->report.interval_ns,
                                         job->extra + job->report.interval_ns / 2);
  g_ptr_array_add (scheduler->jobs, job);
  g_cond_broadcast (&scheduler->changed);
  g_mutex_unlock (&scheduler->lock);
  return number;
}

guint
hm_scheduler_add (HmScheduler *scheduler, const char *name, gint64 interval_ns, HmJob run, gpointer user)
{
  HmSchedulerJob job = {
    .report = { .name = g_strdup (name), .interval_ns = interval_ns },
    .run = run,
    .user = user,
    .slot = -1,
  };

  return add_job (scheduler, &job);
}

void
hm_scheduler_post (HmScheduler *scheduler, HmJob run, gpointer user)
{
  HmSchedulerJob job = { .run = run, .user = user, .tick = HM_SCHEDULER_NEVER, .once = TRUE };

  add_job (scheduler, &job);
}

void
hm_scheduler_remove (HmScheduler *scheduler, guint number)
{
  HmSchedulerJob *job;

  g_mutex_lock (&scheduler->lock);
  job = hm_scheduler_find_job (scheduler, number);
  if (job != NULL)
    g_ptr_array_remove (scheduler->jobs, job);
  g_mutex_unlock (&scheduler->lock);
}

void
hm_scheduler_set_interval (HmScheduler *scheduler, guint number, gint64 interval_ns)
{
  HmSchedulerJob *job;

  g_mutex_lock (&scheduler->lock);
  job = hm_scheduler_find_job (scheduler, number);
  if (job != NULL)
    {
      job->report.interval_ns = interval_ns;
      job->tick = hm_scheduler_grid_after (scheduler, interval_ns, hm_scheduler_now (scheduler));
      job->slot = -1;
      g_cond_broadcast (&scheduler->changed);
    }
  g_mutex_unlock (&scheduler->lock);
}

void
hm_scheduler_again (HmScheduler *scheduler, guint number, gint64 delay_ns)
{
  HmSchedulerJob *job;

  g_mutex_lock (&scheduler->lock);
  job = hm_scheduler_find_job (scheduler, number);
  if (job != NULL)
    job->extra = MIN (job->extra, hm_scheduler_now (scheduler) + delay_ns);
  g_cond_broadcast (&scheduler->changed);
  g_mutex_unlock (&scheduler->lock);
}

/* -- reports -- */

/* What was posted is nobody's to see. */
GArray *
hm_scheduler_report (HmScheduler *scheduler)
{
  GArray *reports = g_array_new (FALSE, FALSE, sizeof (HmJobReport));

  g_array_set_clear_func (reports, clear_report);
  g_mutex_lock (&scheduler->lock);
  for (guint i = 0; i < scheduler->jobs->len; i++)
    {
      const HmSchedulerJob *job = hm_scheduler_job_at (scheduler, i);
      HmJobReport report = job->report;

      if (job->once)
        continue;
      report.name = g_strdup (report.name);
      report.next_ns = MIN (job->tick, job->extra);
      g_array_append_val (reports, report);
    }
  g_mutex_unlock (&scheduler->lock);
  return reports;
}
