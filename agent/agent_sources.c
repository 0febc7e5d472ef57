/* SPDX-License-Identifier: Apache-2.0 */
/* agent_sources: the sources of the polling on the schedule: each is a job, those that are due at one moment are polled together.
 * All of it on the scheduler's thread once that runs; the main thread hands a new polling over through one pointer. */
#include "agent/agent_private.h"

#include "metering/error.h"
#include "metering/log.h"

/* -- what is due -- */

gboolean
hm_agent_poll (HmAgent *agent, HmSourceSet due, GError **error)
{
  hm_readers_kick (agent->readers, due);
  return agent->pipeline == NULL || hm_pipeline_poll (agent->pipeline, due, error);
}

static gboolean
set_away (HmAgent *agent, gboolean is_away)
{
  gboolean was_away;

  g_mutex_lock (&agent->lock);
  was_away = agent->is_away;
  agent->is_away = is_away;
  g_mutex_unlock (&agent->lock);
  return was_away != is_away;
}

static void
poll_again (HmAgent *agent, HmSourceSet due)
{
  const HmClock *clock = agent->ports.clock;
  gint64 pause;

  hm_backoff_fail (&agent->away, clock->monotonic (clock), g_random_int ());
  pause = hm_backoff_left (&agent->away, clock->monotonic (clock));
  for (guint i = 0; i < agent->sources->len; i++)
    {
      const HmAgentSource *source = g_ptr_array_index (agent->sources, i);

      if ((source->bit & due) != 0)
        hm_scheduler_again (agent->scheduler, source->job, pause);
    }
}

/* One line when the hypervisor goes, one when it is back; between them it is asked with growing pauses,
 * besides on every tick. */
static void
note_hypervisor (HmAgent *agent, HmSourceSet due, const GError *error)
{
  gboolean changed = set_away (agent, error != NULL);

  if (error == NULL)
    {
      if (changed)
        hm_notice ("hypervisor: there again");
      hm_backoff_clear (&agent->away);
      return;
    }
  if (changed)
    hm_warning ("hypervisor: %s; tried again until it answers", error->message);
  poll_again (agent, due);
}

static HmSourceSet
take_due (HmAgent *agent)
{
  HmSourceSet due = 0;

  for (guint i = 0; i < agent->sources->len; i++)
    {
      HmAgentSource *source = g_ptr_array_index (agent->sources, i);

      due |= source->due ? source->bit : 0;
      source->due = FALSE;
    }
  return due;
}

/* A tick without anything for the hypervisor says nothing about it, nor does a read that the stop may have interrupted. */
static void
poll_due (gpointer user)
{
  HmAgent *agent = user;
  HmSourceSet due = take_due (agent);
  gboolean asks = agent->pipeline != NULL && hm_pipeline_has_duty (agent->pipeline, due);
  g_autoptr (GError) error = NULL;

  if (due == 0)
    return;
  hm_agent_poll (agent, due, &error);
  if (asks && (error == NULL || !g_atomic_int_get (&agent->is_stopping)))
    note_hypervisor (agent, due, error);
}

static void
mark_due (gpointer user)
{
  ((HmAgentSource *)user)->due = TRUE;
}

/* -- the schedule -- */

void
hm_agent_source_free (gpointer data)
{
  HmAgentSource *source = data;

  g_free (source->name);
  g_free (source);
}

static HmAgentSource *
new_source (HmAgent *agent, const HmPollingSource *model)
{
  HmAgentSource *source = g_new0 (HmAgentSource, 1);

  source->agent = agent;
  source->name = g_strdup (model->name);
  source->interval_ns = model->interval_ns;
  source->job = hm_scheduler_add (agent->scheduler, source->name, source->interval_ns, mark_due, source);
  return source;
}

/* Takes the source of that name from among @sources. (nullable) (transfer full) */
static HmAgentSource *
take_source (GPtrArray *sources, const char *name)
{
  for (guint i = 0; i < sources->len; i++)
    if (g_str_equal (((const HmAgentSource *)g_ptr_array_index (sources, i))->name, name))
      return g_ptr_array_steal_index (sources, i);
  return NULL;
}

/* The source's job as it was, or for another interval, or a new one. */
static HmAgentSource *
make_source (HmAgent *agent, GPtrArray *before, const HmPollingSource *model)
{
  HmAgentSource *source = take_source (before, model->name);

  if (source == NULL)
    return new_source (agent, model);
  if (source->interval_ns != model->interval_ns)
    hm_scheduler_set_interval (agent->scheduler, source->job, model->interval_ns);
  source->interval_ns = model->interval_ns;
  return source;
}

static void
schedule (HmAgent *agent)
{
  g_autoptr (GPtrArray) before = g_steal_pointer (&agent->sources);

  agent->sources = g_ptr_array_new_with_free_func (hm_agent_source_free);
  for (guint i = 0; i < hm_roster_n_sources (agent->roster); i++)
    {
      HmAgentSource *source = make_source (agent, before, hm_roster_source (agent->roster, i));

      source->bit = G_GUINT64_CONSTANT (1) << i;
      g_ptr_array_add (agent->sources, source);
    }
  for (guint i = 0; i < before->len; i++)
    hm_scheduler_remove (agent->scheduler, ((const HmAgentSource *)g_ptr_array_index (before, i))->job);
}

void
hm_agent_schedule (HmAgent *agent)
{
  if (hm_options_bool (agent->config->agent, "align"))
    hm_scheduler_align (agent->scheduler);
  hm_scheduler_set_together (agent->scheduler, poll_due, agent);
  schedule (agent);
}

/* -- another polling -- */

void
hm_agent_take_polling (HmAgent *agent, HmPolling *polling)
{
  g_autoptr (HmRoster) readers = hm_roster_new (polling, agent->reading);

  hm_roster_unref (agent->roster);
  agent->roster = hm_roster_new (polling, agent->pollsters);
  hm_readers_set_roster (agent->readers, readers);
  if (agent->pipeline != NULL)
    hm_pipeline_set_roster (agent->pipeline, agent->roster);
  if (agent->edges != NULL)
    hm_edges_set_roster (agent->edges, agent->roster);
}

static void
take_next_polling (gpointer user)
{
  HmAgent *agent = user;
  g_autoptr (HmPolling) polling = NULL;

  g_mutex_lock (&agent->lock);
  polling = g_steal_pointer (&agent->next_polling);
  g_mutex_unlock (&agent->lock);
  if (polling == NULL)
    return;
  hm_agent_take_polling (agent, polling);
  schedule (agent);
}

gboolean
hm_agent_check_polling (const HmPolling *polling, GError **error)
{
  if (polling->sources->len > 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: there is no source", polling->where);
  return FALSE;
}

void
hm_agent_set_polling (HmAgent *agent, HmPolling *polling)
{
  if (!agent->is_running)
    {
      hm_agent_take_polling (agent, polling);
      return;
    }
  g_mutex_lock (&agent->lock);
  hm_polling_unref (agent->next_polling);
  agent->next_polling = hm_polling_ref (polling);
  g_mutex_unlock (&agent->lock);
  hm_scheduler_post (agent->scheduler, take_next_polling, agent);
}
