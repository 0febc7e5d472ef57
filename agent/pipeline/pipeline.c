/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: one poll. The scheduler's thread calls it when sources are due.
 *
 *   fields of what is due → one read for all domains and the host → a worker evaluates it (pipeline_turn.c) */
#include "agent/pipeline/pipeline_private.h"

#include "metering/error.h"
#include "metering/log.h"

HmPipeline *
hm_pipeline_new (const HmPipelineParts *parts, HmRoster *roster)
{
  HmPipeline *pipeline = g_new0 (HmPipeline, 1);

  pipeline->parts = *parts;
  pipeline->roster = hm_roster_ref (roster);
  pipeline->pollsters = g_array_new (FALSE, FALSE, sizeof (HmPipelinePollster));
  for (guint i = 0; i < hm_roster_n_pollsters (roster); i++)
    {
      HmPipelinePollster pollster = { .tally.plugin = hm_roster_pollster (roster, i) };

      g_array_append_val (pipeline->pollsters, pollster);
    }
  pipeline->ended = g_ptr_array_new ();
  g_mutex_init (&pipeline->lock);
  g_cond_init (&pipeline->changed);
  return pipeline;
}

void
hm_pipeline_free (HmPipeline *pipeline)
{
  if (pipeline == NULL)
    return;
  hm_roster_unref (pipeline->roster);
  g_array_unref (pipeline->pollsters);
  g_ptr_array_unref (pipeline->ended);
  g_mutex_clear (&pipeline->lock);
  g_cond_clear (&pipeline->changed);
  g_free (pipeline);
}

void
hm_pipeline_set_roster (HmPipeline *pipeline, HmRoster *roster)
{
  hm_roster_ref (roster);
  hm_roster_unref (pipeline->roster);
  pipeline->roster = roster;
}

/* -- one poll -- */

void
hm_pipeline_counts_add (HmPipelineCounts *counts, const HmPipelineCounts *more)
{
  counts->records += more->records;
  counts->samples += more->samples;
  counts->refused += more->refused;
  counts->absent += more->absent;
  counts->retry += more->retry;
  counts->gone += more->gone;
  counts->broken += more->broken;
}

static void
count_failure (HmPipeline *pipeline)
{
  g_mutex_lock (&pipeline->lock);
  pipeline->counts.polls++;
  pipeline->counts.failed++;
  g_mutex_unlock (&pipeline->lock);
}

static void
count_turn (HmPipeline *pipeline, const HmPipelineTurn *turn)
{
  HmPipelineCounts *counts = &pipeline->counts;
  const HmReadCost *cost = hm_snapshot_cost (turn->snapshot);

  g_mutex_lock (&pipeline->lock);
  hm_pipeline_counts_add (counts, &turn->counts);
  counts->polls++;
  counts->unanswered += cost->unanswered;
  counts->rpcs += cost->rpcs;
  counts->domains = hm_snapshot_size (turn->snapshot);
  counts->ownerless = turn->counts.ownerless;
  pipeline->last_read = *cost;
  g_mutex_unlock (&pipeline->lock);
  hm_debug ("poll: %u domains, %" G_GUINT64_FORMAT " samples, %u calls, %" G_GUINT64_FORMAT
            " absent, %u unanswered",
            hm_snapshot_size (turn->snapshot), turn->counts.samples, cost->rpcs, turn->counts.absent,
            cost->unanswered);
}

gboolean
hm_pipeline_has_duty (const HmPipeline *pipeline, HmSourceSet due)
{
  for (guint i = 0; i < hm_roster_n_pollsters (pipeline->roster); i++)
    if (hm_roster_has_duty (pipeline->roster, i, due))
      return TRUE;
  return FALSE;
}

gboolean
hm_pipeline_poll (HmPipeline *pipeline, HmSourceSet due, GError **error)
{
  HmInspector *inspector = pipeline->parts.inspector;
  g_autoptr (HmPipelineTurn) turn = NULL;
  HmSnapshot *snapshot;

  if (!hm_pipeline_has_duty (pipeline, due))
    return TRUE;
  snapshot = inspector->read (inspector, hm_roster_fields (pipeline->roster, due), pipeline->parts.timeout_ns,
                              error);
  if (snapshot == NULL)
    {
      count_failure (pipeline);
      return FALSE;
    }
  turn = hm_pipeline_turn_new (pipeline, snapshot, due);
  if (!hm_pipeline_work (pipeline, turn, error))
    {
      count_failure (pipeline);
      g_prefix_error (error, "no worker for the pollsters: ");
      return FALSE;
    }
  count_turn (pipeline, turn);
  return TRUE;
}

/* -- for those who show it -- */

void
hm_pipeline_counts (HmPipeline *pipeline, HmPipelineCounts *ret_counts)
{
  g_mutex_lock (&pipeline->lock);
  *ret_counts = pipeline->counts;
  g_mutex_unlock (&pipeline->lock);
}

void
hm_pipeline_last_read (HmPipeline *pipeline, HmReadCost *ret_cost)
{
  g_mutex_lock (&pipeline->lock);
  *ret_cost = pipeline->last_read;
  g_mutex_unlock (&pipeline->lock);
}

void
hm_pipeline_tallies (HmPipeline *pipeline, GArray *tallies)
{
  g_mutex_lock (&pipeline->lock);
  for (guint i = 0; i < pipeline->pollsters->len; i++)
    g_array_append_val (tallies, g_array_index (pipeline->pollsters, HmPipelinePollster, i).tally);
  g_mutex_unlock (&pipeline->lock);
}
