/* SPDX-License-Identifier: Apache-2.0 */
/* agent: see agent.h. The main thread builds, starts and stops. The order of the start is the way of a record
 * backwards, so that nothing is made before there is somebody to take it:
 *
 *   state folder → outbox → publishers → inspector and its events → readers → messages → schedule
 *
 * and the stop is the same in reverse, with the drain between the sources and the publishers. */
#include "agent/agent_private.h"

#include "agent/identity.h"
#include "metering/count.h"
#include "metering/error.h"
#include "metering/log.h"

#define AWAY_FIRST_NS HM_NSEC_PER_SEC
#define AWAY_LAST_NS  (60 * HM_NSEC_PER_SEC)

/* What one snapshot pollster may take of one poll. They are pure and take microseconds. */
#define POLLSTER_BUDGET_NS HM_NSEC_PER_SEC

/* The part of the stop's time that is kept for closing the publishers: a fifth, one second of the usual five. */
#define CLOSING_SHARE 5

/* What a stop waits for optional publishers, when the required ones have everything. */
#define OPTIONAL_NS HM_NSEC_PER_SEC

/* What a publisher promises for its end is a second; a slow machine has as much again. */
#define PUBLISHERS_END_NS (2 * HM_NSEC_PER_SEC)

HmAgent *
hm_agent_new (const HmAgentConfig *config, const GPtrArray *choices, const HmAgentPorts *ports,
              GError **error)
{
  g_autoptr (HmAgent) agent = g_new0 (HmAgent, 1);

  agent->config = config;
  agent->ports = *ports;
  g_mutex_init (&agent->lock);
  hm_backoff_init (&agent->away, AWAY_FIRST_NS, AWAY_LAST_NS);
  return hm_agent_build (agent, choices, error) ? g_steal_pointer (&agent) : NULL;
}

/* Deliveries last: the outbox calls them for as long as it is there. */
void
hm_agent_free (HmAgent *agent)
{
  if (agent == NULL || agent->is_in_use)
    return;
  hm_scheduler_free (agent->scheduler);
  hm_pipeline_free (agent->pipeline);
  hm_edges_free (agent->edges);
  hm_readers_free (agent->readers);
  hm_deltas_free (agent->deltas);
  hm_messages_file_free (agent->messages);
  hm_dispatcher_free (agent->dispatcher);
  if (agent->outbox != NULL)
    agent->outbox->free (agent->outbox);
  g_clear_pointer (&agent->publishers, g_array_unref);
  g_free (agent->outbox_folder);
  g_clear_pointer (&agent->deliveries, g_ptr_array_unref);
  hm_meter_table_free (agent->meters);
  hm_meter_table_free (agent->own_meters);
  hm_endpoint_free (agent->endpoint);
  g_clear_pointer (&agent->pollsters, g_array_unref);
  g_clear_pointer (&agent->reading, g_array_unref);
  g_clear_pointer (&agent->sources, g_ptr_array_unref);
  hm_roster_unref (agent->roster);
  hm_polling_unref (agent->next_polling);
  hm_quarantine_free (agent->quarantine);
  g_mutex_clear (&agent->lock);
  hm_agent_state_free (agent->state);
  hm_identity_clear (&agent->identity);
  hm_keys_free (agent->keys);
  g_free (agent);
}

/* -- start -- */

static gboolean
start_state (HmAgent *agent, GError **error)
{
  agent->state = hm_agent_state_open (hm_options_text (agent->config->agent, "state-dir"), error);
  return agent->state != NULL
         && hm_agent_state_metering_since (agent->state, agent->config->id,
                                           hm_options_text (agent->config->agent, "source"),
                                           agent->ports.clock, &agent->identity.metering_since, error);
}

static gboolean
start_publishers (HmAgent *agent, GError **error)
{
  for (guint i = 0; i < agent->deliveries->len; i++)
    if (!hm_delivery_start (g_ptr_array_index (agent->deliveries, i), agent->outbox, i, error))
      return FALSE;
  return TRUE;
}

static gboolean
start_inspector (HmAgent *agent, GError **error)
{
  const HmAgentConfig *config = agent->config;
  HmLibvirtOptions options = {
    .uri = hm_options_text (config->inspector, "uri"),
    .connections = (guint)hm_options_integer (config->inspector, "connections"),
    .root = hm_options_text (config->inspector, "root"),
    .state_dir = hm_options_text (config->agent, "state-dir"),
    .owners = config->owners,
    .clock = agent->ports.clock,
    .moments = hm_agent_moments,
    .on_read = hm_agent_take_first_values,
  };

  agent->inspector
      = agent->ports.inspector_new (&options, agent->wants_events ? hm_agent_take_event : NULL, agent, error);
  return agent->inspector != NULL;
}

static void
start_pipeline (HmAgent *agent)
{
  HmPipelineParts parts = {
    .inspector = agent->inspector,
    .outbox = agent->outbox,
    .quarantine = agent->quarantine,
    .deltas = agent->deltas,
    .host = hm_agent_host (agent),
    .timeout_ns = hm_options_integer (agent->config->inspector, "timeout"),
    .budget_ns = POLLSTER_BUDGET_NS,
  };

  agent->pipeline = hm_pipeline_new (&parts, agent->roster);
}

/* An agent that neither polls instances nor handles notifications has no use for a hypervisor. */
static gboolean
start_hypervisor (HmAgent *agent, GError **error)
{
  if (agent->pollsters->len == 0 && !agent->wants_events)
    return TRUE;
  hm_agent_make_edges (agent);
  if (!start_inspector (agent, error))
    return FALSE;
  if (agent->pollsters->len > 0)
    start_pipeline (agent);
  return TRUE;
}

static gboolean
start_messages (HmAgent *agent, GError **error)
{
  const char *path = hm_options_text (agent->config->notification, "file");

  if (path == NULL || !agent->wants_events)
    return TRUE;
  agent->messages = hm_messages_file_new (path, hm_options_text (agent->config->agent, "state-dir"),
                                          agent->dispatcher, agent->ports.clock, error);
  if (agent->messages == NULL)
    g_prefix_error (error, "%s, [notification]: file: ", agent->config->where);
  return agent->messages != NULL;
}

gboolean
hm_agent_start (HmAgent *agent, GError **error)
{
  return start_state (agent, error) && agent->outbox->open (agent->outbox, error)
         && start_publishers (agent, error) && start_hypervisor (agent, error)
         && hm_readers_start (agent->readers, error) && start_messages (agent, error);
}

gboolean
hm_agent_run (HmAgent *agent, GError **error)
{
  hm_agent_schedule (agent);
  hm_agent_schedule_audits (agent);
  hm_agent_schedule_heartbeats (agent);
  if (agent->messages != NULL && !hm_messages_file_start (agent->messages, error))
    return FALSE;
  agent->is_running = hm_scheduler_start (agent->scheduler, error);
  return agent->is_running;
}

/* -- time limits -- */

static gint64
deadline_of (const HmAgent *agent)
{
  return g_get_monotonic_time () + hm_options_integer (agent->config->agent, "stop-timeout") / 1000;
}

/* Nanoseconds to @deadline. */
static gint64
left (gint64 deadline)
{
  return MAX (deadline - g_get_monotonic_time (), 0) * 1000;
}

/* TRUE when each of those that are @required, or of those that are not, has confirmed everything. */
static gboolean
wait_for (HmAgent *agent, gboolean required, gint64 deadline)
{
  gboolean drained = TRUE;

  for (guint i = 0; i < agent->deliveries->len; i++)
    if (g_array_index (agent->publishers, HmOutboxPublisher, i).required == required)
      drained &= hm_delivery_drain (g_ptr_array_index (agent->deliveries, i), left (deadline));
  return drained;
}

/* TRUE when every publisher has confirmed everything. They are given only what is on disk. All send side by side; what an optional
 * one may hold up is @optional_ns, and nothing of what a required one needs. */
static gboolean
drain (HmAgent *agent, gint64 deadline, gint64 optional_ns)
{
  gboolean drained = agent->outbox->flush (agent->outbox, left (deadline));

  for (guint i = 0; i < agent->deliveries->len; i++)
    hm_delivery_wake (g_ptr_array_index (agent->deliveries, i));
  drained &= wait_for (agent, TRUE, deadline);
  drained &= wait_for (agent, FALSE, MIN (deadline, g_get_monotonic_time () + optional_ns / 1000));
  return drained;
}

/* -- once -- */

gboolean
hm_agent_once (HmAgent *agent, GError **error)
{
  gint64 deadline;
  HmOutboxStatus status;
  g_autofree char *waiting = NULL;

  if (!hm_agent_poll (agent, hm_roster_all (agent->roster), error))
    return FALSE;
  if (agent->messages != NULL)
    hm_messages_file_read (agent->messages);
  deadline = deadline_of (agent);
  hm_readers_wait (agent->readers, left (deadline));
  if (drain (agent, deadline, left (deadline)))
    return TRUE;
  agent->gave_up = TRUE;
  agent->outbox->status (agent->outbox, &status);
  waiting = hm_count_print (status.waiting, "record");
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "not delivered in time: %s", waiting);
  return FALSE;
}

/* -- stop -- */

/* A poll that does not end by itself is made to, so that what hangs is left behind by the inspector alone. */
static gboolean
stop_schedule (HmAgent *agent, gint64 deadline)
{
  g_atomic_int_set (&agent->is_stopping, TRUE);
  if (hm_scheduler_stop (agent->scheduler, left (deadline) / 2))
    return TRUE;
  if (agent->inspector == NULL || agent->inspector->interrupt == NULL)
    return FALSE;
  agent->inspector->interrupt (agent->inspector);
  return hm_scheduler_stop (agent->scheduler, left (deadline) / 2);
}

/* TRUE when there is none, too. It is freed with the agent, as a pollster that is left behind may still ask how it fares. */
static gboolean
stop_messages (HmAgent *agent, gint64 deadline)
{
  if (agent->messages == NULL)
    return TRUE;
  return hm_messages_file_stop (agent->messages, left (deadline) / 2);
}

/* Half of the time is for a poll that is under way, the other half for sending what it gives. A read that hangs still uses
 * the inspector; a pollster that does, does not. */
static gboolean
stop_sources (HmAgent *agent, gint64 deadline)
{
  gboolean polled = stop_schedule (agent, deadline);
  gboolean clean = polled;

  clean &= hm_readers_stop (agent->readers, left (deadline) / 2);
  if (polled && agent->pipeline != NULL)
    clean &= hm_pipeline_stop (agent->pipeline, left (deadline) / 2);
  clean &= stop_messages (agent, deadline);
  if (polled && agent->inspector != NULL)
    clean &= agent->inspector->close (g_steal_pointer (&agent->inspector), left (deadline) / 2);
  return clean;
}

/* Side by side: each may take the time that a publisher has for its end, and there is that time once. */
static gboolean
stop_deliveries (HmAgent *agent)
{
  gint64 deadline = g_get_monotonic_time () + PUBLISHERS_END_NS / 1000;
  gboolean clean = TRUE;

  for (guint i = 0; i < agent->deliveries->len; i++)
    hm_delivery_end (g_ptr_array_index (agent->deliveries, i));
  for (guint i = 0; i < agent->deliveries->len; i++)
    clean &= hm_delivery_stop (g_ptr_array_index (agent->deliveries, i), left (deadline));
  if (!clean)
    hm_warning ("a publisher does not end, left behind");
  return clean;
}

static void
say_what_waits (HmAgent *agent)
{
  HmOutboxStatus status;
  g_autofree char *waiting = NULL;

  agent->outbox->status (agent->outbox, &status);
  waiting = hm_count_print (status.waiting, "record");
  if (status.waiting > 0)
    hm_notice ("outbox: not delivered in time, for the next start: %s", waiting);
}

static gboolean
is_started (const HmAgent *agent)
{
  return agent->state != NULL;
}

gboolean
hm_agent_stop (HmAgent *agent)
{
  gint64 timeout = hm_options_integer (agent->config->agent, "stop-timeout");
  gint64 deadline = deadline_of (agent) - timeout / 1000 / CLOSING_SHARE;
  gboolean clean;

  g_clear_pointer (&agent->endpoint, hm_endpoint_free);
  if (!is_started (agent))
    return TRUE;
  clean = stop_sources (agent, deadline);
  if (!clean)
    hm_warning ("a poll or an event does not come back, left behind");
  if (agent->is_running)
    hm_agent_beat (agent);
  if (!agent->gave_up)
    drain (agent, deadline, OPTIONAL_NS);
  clean &= stop_deliveries (agent);
  agent->outbox->flush (agent->outbox, left (deadline));
  say_what_waits (agent);
  clean &= agent->outbox->end (agent->outbox);
  agent->is_in_use = !clean;
  return clean;
}

HmKeys *
hm_agent_keys (HmAgent *agent)
{
  return agent->keys;
}

void
hm_agent_reopen (HmAgent *agent)
{
  for (guint i = 0; i < agent->deliveries->len; i++)
    hm_delivery_reopen (g_ptr_array_index (agent->deliveries, i));
}

gboolean
hm_agent_listen (HmAgent *agent, GError **error)
{
  return agent->endpoint == NULL || hm_endpoint_start (agent->endpoint, agent, error);
}

void
hm_agent_report (HmAgent *agent, HmAgentReport *ret_report)
{
  HmAgentReport report = { .jobs = hm_scheduler_report (agent->scheduler),
                           .plugins = g_array_new (FALSE, FALSE, sizeof (HmPluginTally)),
                           .quarantine = hm_quarantine_list (agent->quarantine) };

  hm_quarantine_counts (agent->quarantine, &report.quarantine_counts);
  if (agent->pipeline != NULL)
    {
      hm_pipeline_counts (agent->pipeline, &report.pipeline);
      hm_pipeline_last_read (agent->pipeline, &report.last_read);
      hm_pipeline_tallies (agent->pipeline, report.plugins);
    }
  hm_readers_counts (agent->readers, &report.readers);
  hm_readers_tallies (agent->readers, report.plugins);
  agent->outbox->status (agent->outbox, &report.outbox);
  g_mutex_lock (&agent->lock);
  report.is_away = agent->is_away;
  g_mutex_unlock (&agent->lock);
  *ret_report = report;
}

void
hm_agent_report_clear (HmAgentReport *report)
{
  g_clear_pointer (&report->jobs, g_array_unref);
  g_clear_pointer (&report->plugins, g_array_unref);
  g_clear_pointer (&report->quarantine, g_array_unref);
}
