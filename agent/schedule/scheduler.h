/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler: when what is done. Jobs on absolute deadlines of the monotonic clock, so nothing drifts.
 *
 * A job's deadlines lie on a grid: every moment that is the seed's hash plus a multiple of the interval. The hash comes from
 * the agent's id, so that a fleet does not poll in one breath; it is one number for all jobs, so that a job of 60 s
 * falls due together with every sixth tick of one of 10 s. A new job runs at once, and then on its grid. A tick
 * that passes while jobs run, or while the machine sleeps, is skipped and counted, never made up for.
 *
 * Everything but the thread can be driven by hand: hm_scheduler_next() and hm_scheduler_run_due(). */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

typedef struct HmScheduler HmScheduler;
typedef void (*HmJob) (gpointer user);

HmScheduler *hm_scheduler_new (const HmClock *clock, const char *seed);

/* Deadlines on the wall clock's multiples of the interval instead (00, 10, 20 s …), and there again after that clock was
 * stepped: a moment that it shows a second time after a small step back does not run the job a second time. Before
 * the first job. */
void hm_scheduler_align (HmScheduler *scheduler);

/* @together is called once after all jobs that were due at one moment have run, on their thread. Before the first run. */
void hm_scheduler_set_together (HmScheduler *scheduler, HmJob together, gpointer user);

/* Adds a job, at any time, from any thread. @interval_ns above 0. Returns its number, which is never used again. */
guint hm_scheduler_add (HmScheduler *scheduler, const char *name, gint64 interval_ns, HmJob job,
                        gpointer user);

/* A number that is not there any more is fine for these. They belong on the scheduler's own thread (in a job, or by
 * hm_scheduler_post()) or before it starts: what a job uses must outlive its run. */
void hm_scheduler_remove (HmScheduler *scheduler, guint job);
/* From its next tick on the new grid; nothing runs at once, the counts go on. */
void hm_scheduler_set_interval (HmScheduler *scheduler, guint job, gint64 interval_ns);

/* Runs @job once on the scheduler's thread, as soon as no other runs. From any thread. */
void hm_scheduler_post (HmScheduler *scheduler, HmJob job, gpointer user);

/* Monotonic moment at which something is due; G_MAXINT64: never. */
gint64 hm_scheduler_next (HmScheduler *scheduler);

/* Runs every job that is due now, on the calling thread; returns how many. */
guint hm_scheduler_run_due (HmScheduler *scheduler);

/* Makes a job due once more in @delay_ns unless it is due earlier anyway; its grid stays. From any thread. */
void hm_scheduler_again (HmScheduler *scheduler, guint job, gint64 delay_ns);

/* What one job has done since it was added. Lateness: how long after its deadline a tick began. */
typedef struct
{
  guint job;
  char *name;
  gint64 interval_ns;
  guint64 ticks;   /* on the grid; runs at once or asked for again are not in here */
  guint64 skipped; /* ticks */
  gint64 late_last_ns, late_max_ns, late_sum_ns;
  gint64 next_ns; /* monotonic */
} HmJobReport;

/* In the order in which they were added. Any thread. (transfer full) (element-type HmJobReport) */
GArray *hm_scheduler_report (HmScheduler *scheduler);

/* Runs what is due on a thread of its own from now on. */
gboolean hm_scheduler_start (HmScheduler *scheduler, GError **error);

/* Nothing new begins. Waits for a job that runs; FALSE when it still did after @timeout_ns: then the
 * scheduler and all that its jobs use must stay in memory. */
gboolean hm_scheduler_stop (HmScheduler *scheduler, gint64 timeout_ns);

void hm_scheduler_free (HmScheduler *scheduler); /* a stopped one */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmScheduler, hm_scheduler_free)

G_END_DECLS
