/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_grid: at which moments a job's deadlines lie, by the monotonic clock alone or on the wall clock's multiples. Called by
 * the scheduler's other files, under its lock. */
#include "agent/schedule/scheduler_private.h"

/* The wall clock moves against the monotonic one by a step alone, since both are slewed alike; what is below this comes from
 * reading one after the other. */
#define STEP_NS (10 * HM_NSEC_PER_MSEC)

static gint64
offset_now (const HmScheduler *scheduler)
{
  return scheduler->clock->wall (scheduler->clock) - hm_scheduler_now (scheduler);
}

void
hm_scheduler_align (HmScheduler *scheduler)
{
  scheduler->aligned = TRUE;
  scheduler->offset = offset_now (scheduler);
}

/* One number for all intervals, so that deadlines of one are among those of each that divides it. */
static gint64
phase_of (const HmScheduler *scheduler, gint64 interval)
{
  gint64 phase;

  if (!scheduler->aligned)
    return (gint64)(scheduler->seed % (guint64)interval);
  phase = -scheduler->offset % interval;
  return phase < 0 ? phase + interval : phase;
}

/* The first deadline after @moment. */
gint64
hm_scheduler_grid_after (const HmScheduler *scheduler, gint64 interval, gint64 moment)
{
  gint64 phase = phase_of (scheduler, interval);
  gint64 passed = moment - phase;

  /* Before the first one ever the division would round the wrong way. */
  return passed < 0 ? phase : phase + (passed / interval + 1) * interval;
}

gint64
hm_scheduler_slot (const HmScheduler *scheduler, const HmSchedulerJob *job)
{
  return (job->tick + scheduler->offset) / job->report.interval_ns;
}

/* After the wall clock was stepped. A slot that it jumped into, and that has not had its tick, has it now; one that had it and lies
 * ahead again does not have it twice. */
static void
align_job (const HmScheduler *scheduler, HmSchedulerJob *job)
{
  gint64 interval = job->report.interval_ns, at = hm_scheduler_now (scheduler);
  gint64 slot;

  if (job->tick == HM_SCHEDULER_NEVER)
    return;
  slot = (at + scheduler->offset) / interval;
  if (job->slot >= 0 && slot > job->slot)
    job->tick = slot * interval - scheduler->offset;
  else
    job->tick = hm_scheduler_grid_after (scheduler, interval, at);
  if (hm_scheduler_slot (scheduler, job) == job->slot)
    job->tick += interval;
}

/* The thread may sleep to a deadline that is none any more, when another finds the step. */
void
hm_scheduler_follow_wall_clock (HmScheduler *scheduler)
{
  gint64 offset;

  if (!scheduler->aligned)
    return;
  offset = offset_now (scheduler);
  if (ABS (offset - scheduler->offset) < STEP_NS)
    return;
  scheduler->offset = offset;
  for (guint i = 0; i < scheduler->jobs->len; i++)
    align_job (scheduler, hm_scheduler_job_at (scheduler, i));
  g_cond_broadcast (&scheduler->changed);
}
