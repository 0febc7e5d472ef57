/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline_worker: the threads that evaluate what polls read, and how a poll waits for them.
 *
 * There is one worker that turns go to. The polls' thread waits for it and looks at the clock: when a pollster has used up its
 * time and is still inside a call, the worker is dismissed with it, a new one takes the turn over, and that pollster is not
 * called again before it came back. So there is one thread more per pollster that hangs, and never another. */
#include "agent/pipeline/pipeline_private.h"

#include "metering/log.h"

/* How often the polls' thread looks at the clock while a worker works. */
#define LOOK_US (50 * G_TIME_SPAN_MILLISECOND)

static gint64
now (const HmPipeline *pipeline)
{
  return pipeline->parts.host.clock->monotonic (pipeline->parts.host.clock);
}

/* Under the lock, as all that follows up to the threads. */
static HmPipelinePollster *
pollster_at (HmPipeline *pipeline, guint i)
{
  return &g_array_index (pipeline->pollsters, HmPipelinePollster, i);
}

/* -- around a call -- */

static void
note_overrun (HmPipeline *pipeline, HmPipelinePollster *pollster)
{
  HmLogFields fields = { .plugin = pollster->tally.plugin->name };

  pollster->tally.late++;
  pipeline->counts.overruns++;
  if (!pollster->overrunning)
    hm_log (G_LOG_LEVEL_WARNING, &fields,
            "pollster %s: takes longer than it may, skipped for the rest of the poll",
            pollster->tally.plugin->name);
  pollster->overrunning = TRUE;
}

gboolean
hm_pipeline_enter (HmPipelineWorker *worker, guint i, const char *resource)
{
  HmPipeline *pipeline = worker->pipeline;
  HmPipelinePollster *pollster;
  gboolean may;

  g_mutex_lock (&pipeline->lock);
  pollster = pollster_at (pipeline, i);
  may = !pollster->tally.is_stuck && pollster->spent < pipeline->parts.budget_ns;
  if (may)
    {
      worker->inside = (gint)i;
      worker->entered = now (pipeline);
      worker->resource = resource;
    }
  else
    pollster->tally.skipped++;
  g_mutex_unlock (&pipeline->lock);
  return may;
}

static void
note_back (HmPipelinePollster *pollster)
{
  HmLogFields fields = { .plugin = pollster->tally.plugin->name };

  pollster->tally.is_stuck = FALSE;
  hm_log (G_LOG_LEVEL_MESSAGE, &fields, "pollster %s: came back, called again from now on",
          pollster->tally.plugin->name);
}

gboolean
hm_pipeline_leave (HmPipelineWorker *worker, HmResult result)
{
  HmPipeline *pipeline = worker->pipeline;
  HmPipelinePollster *pollster;
  gint64 took;
  gboolean dismissed;

  g_mutex_lock (&pipeline->lock);
  pollster = pollster_at (pipeline, (guint)worker->inside);
  took = now (pipeline) - worker->entered;
  worker->inside = -1;
  dismissed = worker->dismissed;
  hm_tally_call (&pollster->tally, result, took);
  pollster->spent += dismissed ? 0 : took;
  if (dismissed)
    note_back (pollster);
  else if (pollster->spent >= pipeline->parts.budget_ns)
    note_overrun (pipeline, pollster);
  g_mutex_unlock (&pipeline->lock);
  return !dismissed;
}

/* -- threads -- */

static void
free_worker (HmPipelineWorker *worker)
{
  hm_sink_free (worker->sink);
  hm_pipeline_turn_unref (worker->turn);
  g_free (worker);
}

/* Under the lock, which is let go meanwhile. */
static void
run_turn (HmPipelineWorker *worker)
{
  HmPipeline *pipeline = worker->pipeline;
  gboolean done;

  g_mutex_unlock (&pipeline->lock);
  done = hm_pipeline_turn_run (worker);
  g_mutex_lock (&pipeline->lock);
  if (!done)
    return;
  worker->turn->done = TRUE;
  g_clear_pointer (&worker->turn, hm_pipeline_turn_unref);
  g_cond_broadcast (&pipeline->changed);
}

static gpointer
run (gpointer data)
{
  HmPipelineWorker *worker = data;
  HmPipeline *pipeline = worker->pipeline;

  g_mutex_lock (&pipeline->lock);
  while (!worker->dismissed && !pipeline->stop)
    if (worker->turn != NULL)
      run_turn (worker);
    else
      g_cond_wait (&pipeline->changed, &pipeline->lock);
  g_ptr_array_add (pipeline->ended, worker->thread);
  pipeline->n_workers--;
  if (pipeline->worker == worker)
    pipeline->worker = NULL;
  free_worker (worker);
  g_cond_broadcast (&pipeline->changed);
  g_mutex_unlock (&pipeline->lock);
  return NULL;
}

/* Under the lock, which the new thread waits for. */
static gboolean
hire (HmPipeline *pipeline, GError **error)
{
  HmPipelineWorker *worker = g_new0 (HmPipelineWorker, 1);

  worker->pipeline = pipeline;
  worker->sink = hm_sink_new (NULL);
  worker->inside = -1;
  worker->thread = g_thread_try_new ("pollsters", run, worker, error);
  if (worker->thread == NULL)
    {
      free_worker (worker);
      return FALSE;
    }
  pipeline->worker = worker;
  pipeline->n_workers++;
  return TRUE;
}

/* -- a turn, seen from the poll -- */

static void
name_stuck (const HmPipelineWorker *worker, HmPipelinePollster *pollster)
{
  const char *name = pollster->tally.plugin->name;
  HmLogFields fields = { .plugin = name, .resource = worker->resource };

  hm_log (G_LOG_LEVEL_WARNING, &fields, "pollster %s: does not come back from %s, skipped until it does",
          name, worker->resource);
}

/* The pollster's time is up and it is inside a call: somebody else takes the turn over. */
static void
dismiss (HmPipeline *pipeline, HmPipelineTurn *turn)
{
  HmPipelineWorker *worker = pipeline->worker;
  HmPipelinePollster *pollster = pollster_at (pipeline, (guint)worker->inside);

  name_stuck (worker, pollster);
  pollster->tally.is_stuck = TRUE;
  pollster->tally.late++;
  pollster->overrunning = TRUE;
  pipeline->counts.overruns++;
  hm_quarantine_enter (pipeline->parts.quarantine, pollster->tally.plugin->name, worker->resource,
                       "does not come back");
  worker->dismissed = TRUE;
  pipeline->worker = NULL;
  if (hire (pipeline, NULL))
    pipeline->worker->turn = hm_pipeline_turn_ref (turn);
  else
    turn->done = TRUE;
}

static gboolean
is_overdue (HmPipeline *pipeline)
{
  const HmPipelineWorker *worker = pipeline->worker;

  return worker->inside >= 0
         && pollster_at (pipeline, (guint)worker->inside)->spent + now (pipeline) - worker->entered
                >= pipeline->parts.budget_ns;
}

static void
wait_for (HmPipeline *pipeline, HmPipelineTurn *turn)
{
  while (!turn->done)
    if (!g_cond_wait_until (&pipeline->changed, &pipeline->lock, g_get_monotonic_time () + LOOK_US)
        && !turn->done && is_overdue (pipeline))
      dismiss (pipeline, turn);
}

/* They said so as their last deed under the lock. */
static void
join_ended (HmPipeline *pipeline)
{
  while (pipeline->ended->len > 0)
    g_thread_join (g_ptr_array_steal_index_fast (pipeline->ended, 0));
}

static void
begin_turn (HmPipeline *pipeline)
{
  join_ended (pipeline);
  for (guint i = 0; i < pipeline->pollsters->len; i++)
    {
      HmPipelinePollster *pollster = pollster_at (pipeline, i);

      if (pollster->spent < pipeline->parts.budget_ns && !pollster->tally.is_stuck)
        pollster->overrunning = FALSE;
      pollster->spent = 0;
    }
}

gboolean
hm_pipeline_work (HmPipeline *pipeline, HmPipelineTurn *turn, GError **error)
{
  gboolean hired;

  g_mutex_lock (&pipeline->lock);
  begin_turn (pipeline);
  hired = pipeline->worker != NULL || hire (pipeline, error);
  if (hired)
    {
      pipeline->worker->turn = hm_pipeline_turn_ref (turn);
      g_cond_broadcast (&pipeline->changed);
      wait_for (pipeline, turn);
    }
  g_mutex_unlock (&pipeline->lock);
  return hired;
}

/* -- stop -- */

static void
name_left_behind (HmPipeline *pipeline)
{
  for (guint i = 0; i < pipeline->pollsters->len; i++)
    if (pollster_at (pipeline, i)->tally.is_stuck)
      hm_warning ("pollster %s: does not come back, left behind",
                  pollster_at (pipeline, i)->tally.plugin->name);
}

gboolean
hm_pipeline_stop (HmPipeline *pipeline, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE, ended;

  g_mutex_lock (&pipeline->lock);
  pipeline->stop = TRUE;
  g_cond_broadcast (&pipeline->changed);
  while (pipeline->n_workers > 0 && in_time)
    in_time = g_cond_wait_until (&pipeline->changed, &pipeline->lock, deadline);
  ended = pipeline->n_workers == 0;
  if (!ended)
    name_left_behind (pipeline);
  else
    join_ended (pipeline);
  g_mutex_unlock (&pipeline->lock);
  return ended;
}
