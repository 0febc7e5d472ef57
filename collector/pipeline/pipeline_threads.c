/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline_threads: the decoding thread and the storing thread, from their first line to their last. */
#include "collector/pipeline/pipeline_private.h"

#include "collector/pipeline/verify.h"
#include "metering/error.h"
#include "metering/log.h"

#define CHUNK_RECORDS 512
#define CHUNK_BYTES   (2 * 1024 * 1024)
#define RETRY_FIRST   (100 * HM_NSEC_PER_MSEC)
#define RETRY_LAST    (5 * HM_NSEC_PER_SEC)

/* -- the decoding thread -- */

static gboolean
is_current (HmPipeline *pipeline, guint64 generation)
{
  gboolean current;

  g_mutex_lock (&pipeline->lock);
  current = pipeline->generation == generation && !pipeline->fencing && !pipeline->stopping;
  g_mutex_unlock (&pipeline->lock);
  return current;
}

static gboolean
is_stopping (HmPipeline *pipeline)
{
  gboolean stopping;

  g_mutex_lock (&pipeline->lock);
  stopping = pipeline->stopping;
  g_mutex_unlock (&pipeline->lock);
  return stopping;
}

static void
end_thread (HmPipeline *pipeline)
{
  g_mutex_lock (&pipeline->lock);
  pipeline->running--;
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
}

/* Keys are exchanged between two chunks. */
static void
decode_chunk (HmPipeline *pipeline, HmDecoder *decoder, GPtrArray *chunk)
{
  g_autoptr (HmVerifier) verifier = hm_pipeline_verifier (pipeline);

  for (guint i = 0; i < chunk->len; i++)
    hm_arrival_decode (g_ptr_array_index (chunk, i), decoder, pipeline->meters, verifier);
}

gpointer
hm_pipeline_decode (gpointer user)
{
  HmPipeline *pipeline = user;
  g_autoptr (HmDecoder) decoder = hm_decoder_new (pipeline->meters);

  while (!is_stopping (pipeline))
    {
      GPtrArray *chunk = hm_queue_pop (pipeline->consumed, CHUNK_RECORDS, CHUNK_BYTES, -1);

      if (chunk == NULL)
        continue;
      decode_chunk (pipeline, decoder, chunk);
      hm_queue_wait_room (pipeline->decoded, -1);
      hm_queue_push (pipeline->decoded, chunk);
      hm_queue_done (pipeline->consumed);
    }
  end_thread (pipeline);
  return NULL;
}

/* -- the storing thread -- */

/* The engine asks this at the points where it can still end without a trace. */
gboolean
hm_pipeline_must_give_up (gpointer user)
{
  HmPipeline *pipeline = user;
  gboolean give_up;

  g_mutex_lock (&pipeline->lock);
  give_up = pipeline->give_up
            || (pipeline->stopping && pipeline->give_up_at != 0
                && g_get_monotonic_time () > pipeline->give_up_at);
  g_mutex_unlock (&pipeline->lock);
  return give_up;
}

static void
set_busy (HmPipeline *pipeline, gboolean busy)
{
  g_mutex_lock (&pipeline->lock);
  pipeline->busy_since = busy ? g_get_monotonic_time () : 0;
  pipeline->counts.steps++;
  g_mutex_unlock (&pipeline->lock);
}

static void
run_call (HmPipeline *pipeline)
{
  HmPipelineCall call;
  gpointer user;

  g_mutex_lock (&pipeline->lock);
  call = pipeline->call;
  user = pipeline->call_user;
  g_mutex_unlock (&pipeline->lock);
  if (call == NULL)
    return;
  set_busy (pipeline, TRUE);
  call (pipeline->engine, user);
  g_mutex_lock (&pipeline->lock);
  pipeline->call = NULL;
  pipeline->busy_since = 0;
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
}

/* Keeps the arrivals of the present generation and of none; FALSE when there are none. */
static gboolean
keep_current (HmPipeline *pipeline, GPtrArray *batch, guint64 *ret_generation)
{
  g_mutex_lock (&pipeline->lock);
  *ret_generation = pipeline->generation;
  g_mutex_unlock (&pipeline->lock);
  for (guint i = batch->len; i-- > 0;)
    {
      guint64 generation = ((const HmArrival *)g_ptr_array_index (batch, i))->generation;

      if (generation != *ret_generation && generation != HM_GENERATION_NONE)
        g_ptr_array_remove_index (batch, i);
    }
  return batch->len > 0;
}

static void
note_committed (HmPipeline *pipeline, const GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    {
      const HmArrival *arrival = g_ptr_array_index (batch, i);
      HmCommitted *committed
          = g_hash_table_lookup (pipeline->committed, GINT_TO_POINTER (arrival->partition));

      if (arrival->partition == HM_PARTITION_NONE)
        continue;
      if (committed == NULL)
        {
          committed = g_new (HmCommitted, 1);
          g_hash_table_insert (pipeline->committed, GINT_TO_POINTER (arrival->partition), committed);
        }
      *committed = (HmCommitted){ arrival->offset + 1, arrival->appended, arrival->by_broker };
    }
  pipeline->last_commit = g_get_monotonic_time ();
}

static void
note_attempt (HmPipeline *pipeline, const GPtrArray *batch, gboolean stored, gboolean owned)
{
  g_mutex_lock (&pipeline->lock);
  if (stored && owned)
    note_committed (pipeline, batch);
  pipeline->lost |= stored && !owned && !pipeline->give_up && !pipeline->stopping;
  pipeline->counts.store_away = !stored;
  hm_engine_counts (pipeline->engine, &pipeline->counts.engine);
  g_mutex_unlock (&pipeline->lock);
}

static void
tell_stored (const GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    hm_arrival_tell (g_ptr_array_index (batch, i), HM_ARRIVAL_STORED);
}

static void
fail (HmPipeline *pipeline, GError *error)
{
  g_mutex_lock (&pipeline->lock);
  if (pipeline->failure == NULL)
    pipeline->failure = error;
  else
    g_error_free (error);
  g_mutex_unlock (&pipeline->lock);
}

/* The database is not there. Waits; calls are still answered, so that the source is not held up. */
static void
wait_for_store (HmPipeline *pipeline, guint64 generation, gint64 wait_ns)
{
  gint64 deadline = g_get_monotonic_time () + wait_ns / 1000;
  gboolean waiting = TRUE;

  while (waiting && is_current (pipeline, generation))
    {
      g_mutex_lock (&pipeline->lock);
      waiting = pipeline->call != NULL || g_cond_wait_until (&pipeline->changed, &pipeline->lock, deadline);
      g_mutex_unlock (&pipeline->lock);
      run_call (pipeline);
    }
}

static gboolean
can_try_again (const GError *error)
{
  return g_error_matches (error, HM_ERROR, HM_ERROR_UNAVAILABLE)
         || g_error_matches (error, HM_ERROR, HM_ERROR_TEMPORARY);
}

/* Stores one batch, however long the database stays away. */
static void
store (HmPipeline *pipeline, GPtrArray *batch, guint64 generation)
{
  gint64 wait_ns = RETRY_FIRST;

  while (is_current (pipeline, generation))
    {
      g_autoptr (GError) error = NULL;
      gboolean owned = TRUE;
      gboolean stored;

      set_busy (pipeline, TRUE);
      stored
          = hm_engine_take (pipeline->engine, (HmArrival *const *)batch->pdata, batch->len, &owned, &error);

      set_busy (pipeline, FALSE);
      note_attempt (pipeline, batch, stored, owned);
      if (stored && owned)
        tell_stored (batch);
      if (stored)
        return;
      if (!can_try_again (error))
        {
          fail (pipeline, g_steal_pointer (&error));
          return;
        }
      hm_warning ("the store does not take records, trying again: %s", error->message);
      wait_for_store (pipeline, generation, wait_ns);
      wait_ns = MIN (wait_ns * 2, RETRY_LAST);
    }
}

/* *@last: the generation of the batch before. */
static void
store_current (HmPipeline *pipeline, GPtrArray *batch, guint64 *last)
{
  guint64 generation;

  if (!keep_current (pipeline, batch, &generation))
    return;
  if (generation != *last)
    hm_engine_forget (pipeline->engine);
  *last = generation;
  store (pipeline, batch, generation);
}

/* -- chores -- */

static gint64
monotonic_ns (void)
{
  return g_get_monotonic_time () * 1000;
}

/* Until the next one is due; negative: there is none. */
static gint64
chore_wait (const HmPipeline *pipeline)
{
  gint64 now = monotonic_ns (), wait = -1;

  for (guint i = 0; i < pipeline->chores->len; i++)
    {
      gint64 due = g_array_index (pipeline->chores, HmChore, i).due;
      gint64 left = due > now ? due - now : 0;

      wait = wait < 0 ? left : MIN (wait, left);
    }
  return wait;
}

static void
run_chores (HmPipeline *pipeline)
{
  for (guint i = 0; i < pipeline->chores->len && !is_stopping (pipeline); i++)
    {
      HmChore *chore = &g_array_index (pipeline->chores, HmChore, i);

      if (chore->due > monotonic_ns ())
        continue;
      if (!chore->run (pipeline->engine, chore->user))
        chore->due = monotonic_ns () + chore->interval_ns;
      g_mutex_lock (&pipeline->lock);
      hm_engine_counts (pipeline->engine, &pipeline->counts.engine);
      g_mutex_unlock (&pipeline->lock);
    }
}

gpointer
hm_pipeline_store (gpointer user)
{
  HmPipeline *pipeline = user;
  guint64 last = 0;

  while (!is_stopping (pipeline))
    {
      GPtrArray *batch = hm_queue_pop (pipeline->decoded, pipeline->settings.batch_records,
                                       pipeline->settings.batch_bytes, chore_wait (pipeline));

      run_call (pipeline);
      if (batch != NULL)
        {
          store_current (pipeline, batch, &last);
          g_ptr_array_unref (batch);
          hm_queue_done (pipeline->decoded);
        }
      run_chores (pipeline);
    }
  run_call (pipeline);
  end_thread (pipeline);
  return NULL;
}
