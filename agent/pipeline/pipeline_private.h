/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline_private: the pipeline's inside, for the files that it is made of: polls (pipeline.c), the workers that they hand what
 * was read to (pipeline_worker.c), and what a worker does with it (pipeline_turn.c). */
#pragma once

#include "agent/pipeline/pipeline.h"

G_BEGIN_DECLS

/* One pollster, under the pipeline's lock. */
typedef struct
{
  HmPluginTally tally;
  gint64 spent;         /* of this turn's time, ns */
  gboolean overrunning; /* it used up its time in the turn before: said already */
} HmPipelinePollster;

/* What one read gave, to be evaluated. Belongs to the poll and to each worker that was ever given it: a pollster that does not
 * come back still looks at the snapshot. */
typedef struct
{
  gint refs;
  HmSnapshot *snapshot;
  HmRoster *roster;
  HmSourceSet due;
  /* The current worker's alone, and after the end the poll's. */
  guint next; /* domain; beyond the last: the host */
  HmPipelineCounts counts;
  gboolean done; /* under the lock */
} HmPipelineTurn;

/* A thread that evaluates turns. Dismissed while a pollster is inside a call, it touches nothing any more but that pollster's
 * entry when the call comes back, and ends. All under the lock, but for the sink, which is its own. */
typedef struct
{
  HmPipeline *pipeline;
  GThread *thread;
  HmSink *sink;
  HmPipelineTurn *turn; /* (nullable) */
  gboolean dismissed;
  gint inside;          /* the pollster that it is with; -1: none */
  gint64 entered;       /* when, monotonic */
  const char *resource; /* for which: an id of the turn's */
} HmPipelineWorker;

struct HmPipeline
{
  HmPipelineParts parts;
  GMutex lock;
  GCond changed;
  HmRoster *roster;
  GArray *pollsters;        /* (element-type HmPipelinePollster) in the roster's order */
  HmPipelineWorker *worker; /* (nullable) the one that turns go to */
  GPtrArray *ended;         /* (element-type GThread) to be joined */
  guint n_workers;          /* that have not ended */
  gboolean stop;
  HmPipelineCounts counts;
  HmReadCost last_read;
};

/* The counts that polls and turns add up: all but those of reads. */
void hm_pipeline_counts_add (HmPipelineCounts *counts, const HmPipelineCounts *more);

HmPipelineTurn *hm_pipeline_turn_new (HmPipeline *pipeline, HmSnapshot *snapshot, HmSourceSet due);
HmPipelineTurn *hm_pipeline_turn_ref (HmPipelineTurn *turn);
void hm_pipeline_turn_unref (HmPipelineTurn *turn); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPipelineTurn, hm_pipeline_turn_unref)

/* Evaluates what is left of the worker's turn, without the lock. FALSE: the worker was dismissed on the way. */
gboolean hm_pipeline_turn_run (HmPipelineWorker *worker);

/* Hands the turn to a worker and comes back when it is done, or as much of it as can be. */
gboolean hm_pipeline_work (HmPipeline *pipeline, HmPipelineTurn *turn, GError **error);

/* Before and after a call of a pollster. May not: it is still busy, or has no time left in this turn. */
gboolean hm_pipeline_enter (HmPipelineWorker *worker, guint pollster, const char *resource);
/* FALSE: the worker was dismissed meanwhile. */
gboolean hm_pipeline_leave (HmPipelineWorker *worker, HmResult result);

G_END_DECLS
