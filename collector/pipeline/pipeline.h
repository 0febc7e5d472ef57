/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: the collector's threads between the source and the store.
 *
 * source → queue → decoding thread → queue → storing thread. The source's thread owns the consumer and calls
 * the functions below; the storing thread owns the engine and with it the store's connection. A commit starts
 * as soon as the one before has finished, with whatever has come in meanwhile: small batches when it is
 * quiet, large ones in a backlog.
 *
 * Every arrival carries the generation of the assignment under which it was consumed. Once the generation has
 * moved on, arrivals of an older one are thrown away wherever they are. */
#pragma once

#include "collector/engine/engine.h"
#include "collector/pipeline/queue.h"

G_BEGIN_DECLS

typedef struct
{
  guint batch_records; /* at most in one transaction, and as many again in the queue before it */
  gsize batch_bytes;
} HmPipelineSettings;

typedef struct HmPipeline HmPipeline;

/* @engine (transfer full) is used by the pipeline's thread alone from now on. Nothing runs before start. */
HmPipeline *hm_pipeline_new (HmEngine *engine, const HmMeterTable *meters,
                             const HmPipelineSettings *settings);

/* A chore of the storing thread: run at the start, between two transactions once @interval_ns has passed since it ended, and after the next
 * batch at the latest when it says TRUE: it has more to do. It takes as little time as a batch. Before start. */
typedef gboolean (*HmPipelineChore) (HmEngine *engine, gpointer user);
void hm_pipeline_every (HmPipeline *pipeline, gint64 interval_ns, HmPipelineChore chore, gpointer user);

void hm_pipeline_start (HmPipeline *pipeline);

/* From the next records on signatures are verified with @verifier (transfer full) (nullable). Any thread. */
void hm_pipeline_set_verifier (HmPipeline *pipeline, HmVerifier *verifier);
/* (transfer full) (nullable) The present one. Any thread. */
HmVerifier *hm_pipeline_verifier (HmPipeline *pipeline);

/* Lets the transaction at hand finish, gives it up before it commits when it has not by half of @timeout_ns,
 * and ends the threads. FALSE: a thread is still busy; then the pipeline must be left alone until the process
 * ends. */
gboolean hm_pipeline_stop (HmPipeline *pipeline, gint64 timeout_ns);
void hm_pipeline_free (HmPipeline *pipeline); /* stopped, or never started */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPipeline, hm_pipeline_free)

/* -- for the source's thread -- */

/* A fence and a call wait for another thread, which may hang: after each 100 ms of it @function is called, so that the source's thread
 * still looks after the rest. It comes in the midst of what waits (a rebalance, say): it must neither fence nor call, nor change what is
 * consumed or assigned. NULL: nobody is called. */
typedef void (*HmPipelineMeanwhile) (gpointer user);
void hm_pipeline_set_meanwhile (HmPipeline *pipeline, HmPipelineMeanwhile function, gpointer user);

/* @chunk (transfer full) (element-type HmArrival): consumed under the present generation. */
void hm_pipeline_push (HmPipeline *pipeline, GPtrArray *chunk);
gboolean hm_pipeline_wait_room (HmPipeline *pipeline, gint64 timeout_ns); /* as hm_queue_wait_room() */
gboolean hm_pipeline_half_empty (HmPipeline *pipeline);

guint64 hm_pipeline_generation (HmPipeline *pipeline);

/* Begins a new generation: what is under way is thrown away. The transaction at hand is waited for; with
 * @give_up it ends without a commit as soon as it can. When this returns no older arrival is left: none will
 * be stored any more, and all of them have been given back, so that the client they came from may go. */
void hm_pipeline_fence (HmPipeline *pipeline, gboolean give_up);

/* Runs @function on the storing thread, between two transactions (or while the database is away), and waits
 * for it. */
typedef void (*HmPipelineCall) (HmEngine *engine, gpointer user);
void hm_pipeline_call (HmPipeline *pipeline, HmPipelineCall function, gpointer user);

/* Where the store's offset of that partition was moved to by this pipeline, -1 as long as it was not, or since
 * it was forgotten, because the partition is no longer ours. */
gint64 hm_pipeline_committed (HmPipeline *pipeline, gint32 partition);
/* The append time of the last record before that; HM_TIME_UNKNOWN where nothing was moved. *@ret_by_broker (nullable): whether that is the broker's
 * word; else it is when the record was received, which says nothing of those behind it. */
HmTime hm_pipeline_reached (HmPipeline *pipeline, gint32 partition, gboolean *ret_by_broker);
void hm_pipeline_forget_committed (HmPipeline *pipeline, gint32 partition);

/* TRUE once, when somebody else has moved an offset: the source must ask where its partitions are. */
gboolean hm_pipeline_was_lost (HmPipeline *pipeline);

/* Set when the storing thread cannot go on at all; (transfer full) NULL otherwise. */
GError *hm_pipeline_failure (HmPipeline *pipeline);

typedef struct
{
  HmEngineCounts engine;
  guint decoding, storing; /* arrivals in the queues */
  gboolean store_away;     /* the database does not answer; it is tried again */
  gint64 since_commit_ns;  /* -1: none yet */
  guint64 steps;           /* that the storing thread has begun or ended */
  gint64
      busy_ns; /* for how long the storing thread has been at one step (an attempt to store, a call); 0: it waits */
  gboolean awaited; /* the source's thread waits, in a fence or a call */
} HmPipelineCounts;

void hm_pipeline_counts (HmPipeline *pipeline, HmPipelineCounts *ret_counts);

G_END_DECLS
