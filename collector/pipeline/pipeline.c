/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: the source's side of it: what is pushed in, fenced off, asked and stopped.
 *
 * One lock covers what the threads tell each other (generation, calls, results); it is held for moments only,
 * never over a decode or a transaction. */
#include "collector/pipeline/pipeline_private.h"

#include "collector/pipeline/verify.h"

#define MEANWHILE_NS (100 * HM_NSEC_PER_MSEC)

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

HmPipeline *
hm_pipeline_new (HmEngine *engine, const HmMeterTable *meters, const HmPipelineSettings *settings)
{
  HmPipeline *pipeline = g_new0 (HmPipeline, 1);

  pipeline->engine = engine;
  pipeline->meters = meters;
  pipeline->settings = *settings;
  /* What waits to be decoded need not be a batch: decoding goes on one by one. */
  pipeline->consumed = hm_queue_new (MAX (settings->batch_records / 4, 1), settings->batch_bytes / 4);
  pipeline->decoded = hm_queue_new (settings->batch_records, settings->batch_bytes);
  pipeline->generation = 1;
  pipeline->chores = g_array_new (FALSE, FALSE, sizeof (HmChore));
  pipeline->committed = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_mutex_init (&pipeline->lock);
  g_cond_init (&pipeline->changed);
  return pipeline;
}

void
hm_pipeline_free (HmPipeline *pipeline)
{
  if (pipeline == NULL)
    return;
  hm_queue_free (pipeline->consumed);
  hm_queue_free (pipeline->decoded);
  hm_engine_free (pipeline->engine);
  hm_verifier_unref (pipeline->verifier);
  g_hash_table_unref (pipeline->committed);
  g_array_unref (pipeline->chores);
  g_clear_error (&pipeline->failure);
  g_mutex_clear (&pipeline->lock);
  g_cond_clear (&pipeline->changed);
  g_free (pipeline);
}

/* -- the source's thread -- */

void
hm_pipeline_every (HmPipeline *pipeline, gint64 interval_ns, HmPipelineChore chore, gpointer user)
{
  const HmChore fresh = { chore, user, interval_ns, G_MININT64 };

  g_array_append_val (pipeline->chores, fresh);
}

void
hm_pipeline_start (HmPipeline *pipeline)
{
  hm_engine_give_up_when (pipeline->engine, hm_pipeline_must_give_up, pipeline);
  pipeline->running = 2;
  pipeline->decoding = g_thread_new ("decode", hm_pipeline_decode, pipeline);
  pipeline->storing = g_thread_new ("store", hm_pipeline_store, pipeline);
}

void
hm_pipeline_set_verifier (HmPipeline *pipeline, HmVerifier *verifier)
{
  HmVerifier *old;

  g_mutex_lock (&pipeline->lock);
  old = pipeline->verifier;
  pipeline->verifier = verifier;
  g_mutex_unlock (&pipeline->lock);
  hm_verifier_unref (old);
}

HmVerifier *
hm_pipeline_verifier (HmPipeline *pipeline)
{
  HmVerifier *verifier;

  g_mutex_lock (&pipeline->lock);
  verifier = pipeline->verifier != NULL ? hm_verifier_ref (pipeline->verifier) : NULL;
  g_mutex_unlock (&pipeline->lock);
  return verifier;
}

gboolean
hm_pipeline_stop (HmPipeline *pipeline, gint64 timeout_ns)
{
  gint64 now = g_get_monotonic_time ();
  gboolean ended;

  g_mutex_lock (&pipeline->lock);
  pipeline->stopping = TRUE;
  pipeline->give_up_at = now + timeout_ns / 2000;
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
  hm_queue_close (pipeline->consumed);
  hm_queue_close (pipeline->decoded);
  g_mutex_lock (&pipeline->lock);
  while (pipeline->running > 0
         && g_cond_wait_until (&pipeline->changed, &pipeline->lock, now + timeout_ns / 1000))
    ;
  ended = pipeline->running == 0;
  g_mutex_unlock (&pipeline->lock);
  if (!ended)
    return FALSE;
  g_clear_pointer (&pipeline->decoding, g_thread_join);
  g_clear_pointer (&pipeline->storing, g_thread_join);
  hm_queue_clear (pipeline->consumed);
  hm_queue_clear (pipeline->decoded);
  return TRUE;
}

void
hm_pipeline_push (HmPipeline *pipeline, GPtrArray *chunk)
{
  g_ptr_array_set_free_func (chunk, free_arrival);
  hm_queue_push (pipeline->consumed, chunk);
}

gboolean
hm_pipeline_wait_room (HmPipeline *pipeline, gint64 timeout_ns)
{
  return hm_queue_wait_room (pipeline->consumed, timeout_ns);
}

gboolean
hm_pipeline_half_empty (HmPipeline *pipeline)
{
  return hm_queue_half_empty (pipeline->consumed);
}

guint64
hm_pipeline_generation (HmPipeline *pipeline)
{
  guint64 generation;

  g_mutex_lock (&pipeline->lock);
  generation = pipeline->generation;
  g_mutex_unlock (&pipeline->lock);
  return generation;
}

/* -- waiting for the other threads -- */

void
hm_pipeline_set_meanwhile (HmPipeline *pipeline, HmPipelineMeanwhile function, gpointer user)
{
  pipeline->meanwhile = function;
  pipeline->meanwhile_user = user;
}

/* Under the lock. One wait at a time: what is called meanwhile does not wait too. */
static void
begin_waiting (HmPipeline *pipeline)
{
  g_assert (!pipeline->awaited);
  pipeline->awaited = TRUE;
}

static void
look_around (HmPipeline *pipeline)
{
  if (pipeline->meanwhile != NULL)
    pipeline->meanwhile (pipeline->meanwhile_user);
}

static void
drain (HmPipeline *pipeline, HmQueue *queue)
{
  while (!hm_queue_drain (queue, MEANWHILE_NS))
    look_around (pipeline);
}

static gboolean
await_call (HmPipeline *pipeline)
{
  gint64 deadline = g_get_monotonic_time () + MEANWHILE_NS / 1000;
  gboolean called;

  g_mutex_lock (&pipeline->lock);
  while (pipeline->call != NULL && g_cond_wait_until (&pipeline->changed, &pipeline->lock, deadline))
    ;
  called = pipeline->call == NULL;
  pipeline->awaited = !called;
  g_mutex_unlock (&pipeline->lock);
  return called;
}

void
hm_pipeline_fence (HmPipeline *pipeline, gboolean give_up)
{
  g_mutex_lock (&pipeline->lock);
  begin_waiting (pipeline);
  pipeline->generation++;
  pipeline->fencing = TRUE;
  pipeline->give_up = give_up;
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
  hm_queue_clear (pipeline->decoded); /* the decoding thread may be waiting for room there */
  drain (pipeline, pipeline->consumed);
  drain (pipeline, pipeline->decoded);
  g_mutex_lock (&pipeline->lock);
  pipeline->awaited = FALSE;
  pipeline->fencing = FALSE;
  pipeline->give_up = FALSE;
  pipeline->lost = FALSE;
  g_mutex_unlock (&pipeline->lock);
}

void
hm_pipeline_call (HmPipeline *pipeline, HmPipelineCall function, gpointer user)
{
  g_mutex_lock (&pipeline->lock);
  begin_waiting (pipeline);
  pipeline->call = function;
  pipeline->call_user = user;
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
  hm_queue_wake (pipeline->decoded);
  while (!await_call (pipeline))
    look_around (pipeline);
}

gint64
hm_pipeline_committed (HmPipeline *pipeline, gint32 partition)
{
  const HmCommitted *committed;
  gint64 next;

  g_mutex_lock (&pipeline->lock);
  committed = g_hash_table_lookup (pipeline->committed, GINT_TO_POINTER (partition));
  next = committed != NULL ? committed->next : -1;
  g_mutex_unlock (&pipeline->lock);
  return next;
}

HmTime
hm_pipeline_reached (HmPipeline *pipeline, gint32 partition, gboolean *ret_by_broker)
{
  const HmCommitted *committed;
  HmTime appended;
  gboolean by_broker;

  g_mutex_lock (&pipeline->lock);
  committed = g_hash_table_lookup (pipeline->committed, GINT_TO_POINTER (partition));
  appended = committed != NULL ? committed->appended : HM_TIME_UNKNOWN;
  by_broker = committed != NULL && committed->by_broker;
  g_mutex_unlock (&pipeline->lock);
  if (ret_by_broker != NULL)
    *ret_by_broker = by_broker;
  return appended;
}

void
hm_pipeline_forget_committed (HmPipeline *pipeline, gint32 partition)
{
  g_mutex_lock (&pipeline->lock);
  g_hash_table_remove (pipeline->committed, GINT_TO_POINTER (partition));
  g_mutex_unlock (&pipeline->lock);
}

gboolean
hm_pipeline_was_lost (HmPipeline *pipeline)
{
  gboolean lost;

  g_mutex_lock (&pipeline->lock);
  lost = pipeline->lost;
  pipeline->lost = FALSE;
  g_mutex_unlock (&pipeline->lock);
  return lost;
}

GError *
hm_pipeline_failure (HmPipeline *pipeline)
{
  GError *failure;

  g_mutex_lock (&pipeline->lock);
  failure = pipeline->failure != NULL ? g_error_copy (pipeline->failure) : NULL;
  g_mutex_unlock (&pipeline->lock);
  return failure;
}

void
hm_pipeline_counts (HmPipeline *pipeline, HmPipelineCounts *ret_counts)
{
  gsize bytes;
  HmPipelineCounts counts;

  g_mutex_lock (&pipeline->lock);
  counts = pipeline->counts;
  counts.since_commit_ns
      = pipeline->last_commit == 0 ? -1 : (g_get_monotonic_time () - pipeline->last_commit) * 1000;
  counts.busy_ns = pipeline->busy_since == 0 ? 0 : (g_get_monotonic_time () - pipeline->busy_since) * 1000;
  counts.awaited = pipeline->awaited;
  g_mutex_unlock (&pipeline->lock);
  hm_queue_size (pipeline->consumed, &counts.decoding, &bytes);
  hm_queue_size (pipeline->decoded, &counts.storing, &bytes);
  *ret_counts = counts;
}
