/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_private: the scheduler's inside, for the files that it is made of: its life, thread and runs (scheduler.c), its jobs
 * (scheduler_jobs.c), their deadlines (scheduler_grid.c). */
#pragma once

#include "agent/schedule/scheduler.h"

G_BEGIN_DECLS

#define HM_SCHEDULER_NEVER G_MAXINT64

typedef struct
{
  HmJobReport report; /* name, number, interval and counts */
  HmJob run;
  gpointer user;
  gint64 tick;             /* next deadline on the grid; NEVER: it is not on one */
  gint64 extra;            /* due once more at this moment; NEVER: not */
  gint64 slot;             /* multiple of the interval that the last tick was for, when they are aligned */
  gboolean once, skipping; /* skipping: the run before this one had skipped ticks: said already */
} HmSchedulerJob;

struct HmScheduler
{
  const HmClock *clock;
  guint64 seed;
  gboolean aligned;
  gint64 offset; /* of the wall clock to the monotonic one, when they are aligned */
  HmJob together;
  gpointer together_user;
  GMutex lock;
  GCond changed;
  GPtrArray *jobs; /* (element-type HmSchedulerJob) */
  guint last_job;
  GThread *thread;
  gboolean stop, running;
};

/* -- deadlines; under the lock -- */

/* The first deadline after @moment. */
gint64 hm_scheduler_grid_after (const HmScheduler *scheduler, gint64 interval, gint64 moment);

/* Which multiple of its interval the job's tick is for, when they are aligned. */
gint64 hm_scheduler_slot (const HmScheduler *scheduler, const HmSchedulerJob *job);

/* Aligns all jobs anew when the wall clock was stepped. */
void hm_scheduler_follow_wall_clock (HmScheduler *scheduler);

/* -- jobs; under the lock -- */

gint64 hm_scheduler_now (const HmScheduler *scheduler);
HmSchedulerJob *hm_scheduler_job_at (HmScheduler *scheduler, guint i);
HmSchedulerJob *hm_scheduler_find_job (HmScheduler *scheduler, guint number); /* (nullable) */
void hm_scheduler_job_free (gpointer job);

G_END_DECLS
