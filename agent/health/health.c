/* SPDX-License-Identifier: Apache-2.0 */
/* health: see health.h. What its three askers have in common: one look at every part. */
#include "agent/health/health.h"

#include "agent/agent_private.h"
#include "metering/count.h"
#include "metering/log.h"

/* How far beyond a read's own time limit the thread that polls may be behind its schedule: pollsters, encoding and a
 * machine that is short of CPU come on top. */
#define PATIENCE_NS (30 * HM_NSEC_PER_SEC)

static GArray *
list_publishers (HmAgent *agent)
{
  GArray *publishers = g_array_new (FALSE, TRUE, sizeof (HmDeliveryReport));

  g_array_set_size (publishers, agent->deliveries->len);
  for (guint i = 0; i < agent->deliveries->len; i++)
    hm_delivery_report (g_ptr_array_index (agent->deliveries, i),
                        &g_array_index (publishers, HmDeliveryReport, i));
  return publishers;
}

static GArray *
list_backlogs (const HmAgent *agent)
{
  HmOutbox *outbox = agent->outbox;
  GArray *backlogs = g_array_new (FALSE, TRUE, sizeof (HmOutboxPublisherStatus));

  g_array_set_size (backlogs, agent->deliveries->len);
  for (guint i = 0; i < backlogs->len; i++)
    outbox->publisher_status (outbox, i, &g_array_index (backlogs, HmOutboxPublisherStatus, i));
  return backlogs;
}

static void
ask_inspector (HmAgent *agent, HmAgentHealth *health)
{
  HmInspector *inspector = agent->inspector;

  health->has_hypervisor = inspector != NULL;
  health->has_inspector = inspector != NULL && inspector->health != NULL;
  if (health->has_inspector)
    inspector->health (inspector, &health->inspector);
}

void
hm_agent_health (HmAgent *agent, HmAgentHealth *ret_health)
{
  const HmClock *clock = agent->ports.clock;
  HmAgentHealth health = { .publishers = list_publishers (agent), .backlogs = list_backlogs (agent) };

  hm_agent_report (agent, &health.report);
  hm_process_use (&health.process);
  hm_dispatcher_counts (agent->dispatcher, &health.notifications);
  if (agent->deltas != NULL)
    hm_deltas_status (agent->deltas, &health.deltas);
  health.has_messages = agent->messages != NULL;
  if (health.has_messages)
    hm_messages_file_counts (agent->messages, &health.messages);
  ask_inspector (agent, &health);
  health.uptime_ns = clock->monotonic (clock) - agent->started_ns;
  if (health.report.outbox.oldest != HM_TIME_UNKNOWN)
    health.outbox_age_ns = MAX (clock->wall (clock) - health.report.outbox.oldest, 0);
  *ret_health = health;
}

void
hm_agent_health_clear (HmAgentHealth *health)
{
  hm_agent_report_clear (&health->report);
  g_clear_pointer (&health->publishers, g_array_unref);
  g_clear_pointer (&health->backlogs, g_array_unref);
}

/* Only names of ours and counts: this goes to the service manager. */
char *
hm_agent_describe (gpointer agent)
{
  g_auto (HmAgentHealth) health = { 0 };
  const HmAgentReport *report = &health.report;
  g_autofree char *instances = NULL, *samples = NULL, *waiting = NULL;

  hm_agent_health (agent, &health);
  instances = hm_count_print (report->pipeline.domains, "instance");
  samples = hm_count_print (report->pipeline.samples + report->readers.samples, "sample");
  waiting = hm_count_print (report->outbox.waiting, "record");
  return g_strdup_printf ("%s, %s since the start, %s waiting%s", instances, samples, waiting,
                          report->is_away ? "; the hypervisor is away" : "");
}

gboolean
hm_agent_progresses (gpointer data)
{
  HmAgent *agent = data;
  const HmClock *clock = agent->ports.clock;
  gint64 limit = hm_options_integer (agent->config->inspector, "timeout") + PATIENCE_NS;

  return agent->scheduler == NULL || clock->monotonic (clock) - limit < hm_scheduler_next (agent->scheduler);
}
