/* SPDX-License-Identifier: Apache-2.0 */
/* figures: the agent's health by the names of hypermeter.self's meters. Called by the pollster of that namespace, on its
 * worker. What is not known is not told: absent is never zero. */
#include "agent/health/health.h"

#include "agent/agent_private.h"
#include "metering/log.h"

typedef struct
{
  const char *meter;
  HmMaybe value;
} Figure;

typedef struct
{
  HmFigureFunc each;
  gpointer user;
} Listener;

#define MAYBE(known, number) ((known) ? HM_GIVEN ((guint64)(number)) : HM_ABSENT)

static void
tell_all (const Listener *listener, const char *device, const Figure *figures, guint n)
{
  for (guint i = 0; i < n; i++)
    if (figures[i].value.given)
      listener->each (figures[i].meter, device, figures[i].value.value, listener->user);
}

#define TELL(listener, device, figures) tell_all (listener, device, figures, G_N_ELEMENTS (figures))

static void
tell_process (const Listener *listener, const HmAgentHealth *health)
{
  const HmProcessUse *process = &health->process;
  const Figure figures[] = {
    { "agent.uptime", HM_GIVEN ((guint64)health->uptime_ns) },
    { "agent.cpu.time", HM_GIVEN ((guint64)process->cpu_ns) },
    { "agent.memory.resident", process->memory_kib },
    { "agent.threads", process->threads },
    { "agent.descriptors", process->descriptors },
    { "agent.log.dropped", HM_GIVEN (hm_log_dropped ()) },
  };

  TELL (listener, NULL, figures);
}

static void
tell_polls (const Listener *listener, const HmAgentHealth *health)
{
  const HmPipelineCounts *polls = &health->report.pipeline;
  const HmReaderCounts *readers = &health->report.readers;
  gboolean has_read = polls->polls > polls->failed;
  const Figure figures[] = {
    { "agent.polls", HM_GIVEN (polls->polls) },
    { "agent.polls.failed", HM_GIVEN (polls->failed) },
    { "agent.samples", HM_GIVEN (polls->samples + readers->samples) },
    { "agent.samples.absent", HM_GIVEN (polls->absent) },
    { "agent.records", HM_GIVEN (polls->records + readers->records) },
    { "agent.records.refused", HM_GIVEN (polls->refused + readers->refused) },
    { "agent.instances", MAYBE (has_read, polls->domains) },
    { "agent.instances.ownerless", MAYBE (has_read, polls->ownerless) },
    { "agent.quarantine", HM_GIVEN (health->report.quarantine_counts.size) },
    { "agent.libvirt.calls", MAYBE (health->has_hypervisor, polls->rpcs) },
    { "agent.libvirt.time", MAYBE (has_read, health->report.last_read.wall_ns) },
    { "agent.libvirt.unanswered", MAYBE (health->has_hypervisor, polls->unanswered) },
  };

  TELL (listener, NULL, figures);
}

static void
tell_inspector (const Listener *listener, const HmAgentHealth *health)
{
  const HmInspectorHealth *inspector = &health->inspector;
  const Figure figures[] = {
    { "agent.libvirt.connects", MAYBE (health->has_inspector, inspector->connects_total) },
    { "agent.libvirt.hanging", MAYBE (health->has_inspector, inspector->hanging_calls) },
    { "agent.hung.guests", MAYBE (health->has_inspector, inspector->hung) },
  };

  TELL (listener, NULL, figures);
}

static void
tell_jobs (const Listener *listener, const HmAgentHealth *health)
{
  for (guint i = 0; i < health->report.jobs->len; i++)
    {
      const HmJobReport *job = &g_array_index (health->report.jobs, HmJobReport, i);
      g_autofree char *device = g_strconcat ("source:", job->name, NULL);
      const Figure figures[] = {
        { "agent.ticks", HM_GIVEN (job->ticks) },
        { "agent.ticks.skipped", HM_GIVEN (job->skipped) },
        { "agent.ticks.late", HM_GIVEN ((guint64)job->late_sum_ns) },
      };

      TELL (listener, device, figures);
    }
}

static void
tell_plugins (const Listener *listener, const HmAgentHealth *health)
{
  for (guint i = 0; i < health->report.plugins->len; i++)
    {
      const HmPluginTally *tally = &g_array_index (health->report.plugins, HmPluginTally, i);
      g_autofree char *device = g_strconcat ("plugin:", tally->plugin->name, NULL);
      const Figure figures[] = {
        { "agent.plugin.calls", HM_GIVEN (tally->calls) },
        { "agent.plugin.time", HM_GIVEN ((guint64)tally->spent_ns) },
        { "agent.plugin.failures", HM_GIVEN (tally->retry + tally->broken) },
      };

      TELL (listener, device, figures);
    }
}

static void
tell_deltas (const Listener *listener, const HmAgentHealth *health)
{
  const HmDeltasStatus *deltas = &health->deltas;
  const Figure figures[] = {
    { "agent.deltas.held", HM_GIVEN (deltas->held_out) },
    { "agent.deltas.refused", HM_GIVEN (deltas->refused) },
    { "agent.deltas.failures", HM_GIVEN (deltas->failures) },
  };

  TELL (listener, NULL, figures);
}

static void
tell_outbox (const Listener *listener, const HmAgentHealth *health)
{
  const HmOutboxStatus *outbox = &health->report.outbox;
  const Figure figures[] = {
    { "agent.notifications", HM_GIVEN (health->notifications.messages) },
    { "agent.notifications.refused", HM_GIVEN (health->notifications.refused) },
    { "agent.outbox.waiting", HM_GIVEN (outbox->waiting) },
    { "agent.outbox.bytes", HM_GIVEN (outbox->waiting_bytes) },
    { "agent.outbox.age", HM_GIVEN ((guint64)health->outbox_age_ns) },
    { "agent.outbox.confirmed", HM_GIVEN (outbox->confirmed) },
    { "agent.outbox.rejected", HM_GIVEN (outbox->rejected) },
    { "agent.outbox.dropped", HM_GIVEN (outbox->dropped) },
    { "agent.outbox.refused", HM_GIVEN (outbox->refused) },
    { "agent.outbox.damaged", HM_GIVEN (outbox->damaged) },
    { "agent.outbox.unsaid", HM_GIVEN (outbox->unsaid) },
    { "agent.outbox.bins.dropped", HM_GIVEN (outbox->bins_dropped) },
    { "agent.outbox.unsynced", HM_GIVEN (outbox->unsynced) },
    { "agent.outbox.syncs", HM_GIVEN (outbox->syncs) },
    { "agent.outbox.segments", HM_GIVEN (outbox->segments) },
    { "agent.outbox.size", HM_GIVEN (outbox->bytes) },
  };

  TELL (listener, NULL, figures);
}

typedef struct
{
  const Listener *listener;
  const char *device;
} PublisherListener;

/* A publisher need not know by which name it is told apart. */
static void
pass_on (const char *meter, const char *device, guint64 value, gpointer user)
{
  const PublisherListener *own = user;

  own->listener->each (meter, device != NULL ? device : own->device, value, own->listener->user);
}

static void
tell_backlog (const Listener *listener, const char *device, const HmOutboxPublisherStatus *backlog)
{
  const Figure figures[] = {
    { "agent.publisher.waiting", HM_GIVEN (backlog->waiting) },
    { "agent.publisher.skipped", HM_GIVEN (backlog->skipped) },
  };

  TELL (listener, device, figures);
}

static void
tell_delivery (const Listener *listener, const char *device, const HmDeliveryReport *report)
{
  const Figure figures[] = {
    { "agent.publisher.delivered", HM_GIVEN (report->done) },
    { "agent.publisher.retried", HM_GIVEN (report->retried) },
    { "agent.publisher.rejected", HM_GIVEN (report->rejected) },
  };

  TELL (listener, device, figures);
}

static void
tell_publishers (const Listener *listener, const HmAgent *agent, const HmAgentHealth *health)
{
  for (guint i = 0; i < health->publishers->len; i++)
    {
      const HmDeliveryReport *report = &g_array_index (health->publishers, HmDeliveryReport, i);
      g_autofree char *device = g_strconcat ("publisher:", report->plugin->name, NULL);
      PublisherListener own = { listener, device };

      tell_delivery (listener, device, report);
      tell_backlog (listener, device, &g_array_index (health->backlogs, HmOutboxPublisherStatus, i));
      hm_delivery_figures (g_ptr_array_index (agent->deliveries, i), pass_on, &own);
    }
}

void
hm_agent_figures (gpointer agent, HmFigureFunc each, gpointer user)
{
  const Listener listener = { each, user };
  g_auto (HmAgentHealth) health = { 0 };

  hm_agent_health (agent, &health);
  tell_process (&listener, &health);
  tell_polls (&listener, &health);
  tell_inspector (&listener, &health);
  tell_jobs (&listener, &health);
  tell_plugins (&listener, &health);
  tell_deltas (&listener, &health);
  tell_outbox (&listener, &health);
  tell_publishers (&listener, agent, &health);
}
