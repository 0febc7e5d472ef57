/* SPDX-License-Identifier: Apache-2.0 */
/* agent_events: what the inspector tells besides the polls, on its way to the notification plugins and the outbox. */
#include "agent/agent_private.h"

/* What is not here any more, though it may be elsewhere, is not polled: that a pollster was broken for it is no matter. */
static void
forget (HmAgent *agent, const HmDomainEvent *event)
{
  static const char *const ends[] = { "undefined", "lost", "migrated-out", NULL };

  if (g_strv_contains (ends, event->event))
    hm_quarantine_forget (agent->quarantine, event->resource->id);
  if (g_str_equal (event->event, "undefined"))
    hm_deltas_forget (agent->deltas, event->resource->id);
}

/* From here on a domain event is a message like any other. */
void
hm_agent_take_event (const HmDomainEvent *event, gpointer user)
{
  HmAgent *agent = user;
  g_autofree char *event_type = g_strconcat ("libvirt.domain.", event->event, NULL);
  HmNotice notice = {
    .event_type = event_type,
    .time = event->time,
    .resource = event->resource,
    .device = event->device,
    .not_before = event->not_before,
    .compared = event->compared,
    .last_read = event->last_read,
  };

  if (event->values != NULL && agent->edges != NULL)
    {
      notice.samples = hm_edges_end (agent->edges, event->values, &notice.n_samples);
      notice.read_ns = MAX (event->time - event->values->wall_ns + event->values->read_ns, 0);
    }
  hm_dispatcher_dispatch (agent->dispatcher, &notice);
  forget (agent, event);
}

void
hm_agent_take_first_values (const HmDomain *domain, gpointer user)
{
  HmAgent *agent = user;

  if (agent->edges != NULL)
    hm_edges_begin (agent->edges, domain);
}

HmFields
hm_agent_moments (gpointer user)
{
  return hm_edges_fields (((HmAgent *)user)->edges);
}

void
hm_agent_make_edges (HmAgent *agent)
{
  agent->edges = hm_edges_new (agent->outbox, agent->quarantine, agent->ports.clock, agent->roster);
}

/* The inspector answers through hm_agent_take_event(). */
static void
audit_instances (gpointer user)
{
  HmAgent *agent = user;

  agent->inspector->audit (agent->inspector);
}

void
hm_agent_schedule_audits (HmAgent *agent)
{
  if (agent->inspector != NULL && agent->wants_events)
    hm_scheduler_add (agent->scheduler, "auditing instances",
                      hm_options_integer (agent->config->agent, "exists-interval"), audit_instances, agent);
}

void
hm_agent_beat (gpointer user)
{
  HmAgent *agent = user;

  agent->outbox->heartbeat (agent->outbox);
}

void
hm_agent_schedule_heartbeats (HmAgent *agent)
{
  hm_scheduler_add (agent->scheduler, "heartbeats",
                    hm_options_integer (agent->config->agent, "heartbeat-interval"), hm_agent_beat, agent);
}
