/* SPDX-License-Identifier: Apache-2.0 */
/* health: how the running agent fares, gathered from its parts: for the control socket's `status` (health_status.c), for the
 * meters of hypermeter.self (figures.c), and for the service manager. Any thread, from the start to the stop's begin; each
 * part is asked under its own lock, none waits for the hypervisor. */
#pragma once

#include "agent/agent.h"
#include "metering/control.h"
#include "agent/outbox/delivery.h"
#include "agent/messages/messages_file.h"
#include "agent/pipeline/deltas.h"
#include "agent/pipeline/tally.h"

G_BEGIN_DECLS

/* What this process takes from its host. Absent: /proc does not tell. */
typedef struct
{
  HmMaybe memory_kib, threads, descriptors;
  gint64 cpu_ns;
} HmProcessUse;

void hm_process_use (HmProcessUse *ret_use);

typedef struct
{
  HmAgentReport report;
  HmProcessUse process;
  HmDispatcherCounts notifications;
  HmDeltasStatus deltas;
  gboolean has_messages; /* they are read from a file, too */
  HmMessagesCounts messages;
  gboolean has_hypervisor; /* there is one to speak of … */
  gboolean has_inspector;  /* … and it tells how well it answers */
  HmInspectorHealth inspector;
  GArray *publishers; /* (element-type HmDeliveryReport) */
  GArray *backlogs;   /* (element-type HmOutboxPublisherStatus) what waits for each of them */
  gint64 uptime_ns;
  gint64 outbox_age_ns; /* of the oldest record that waits; 0: none does */
} HmAgentHealth;

/* @ret_health: cleared by hm_agent_health_clear(). */
void hm_agent_health (HmAgent *agent, HmAgentHealth *ret_health);
void hm_agent_health_clear (HmAgentHealth *health);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmAgentHealth, hm_agent_health_clear)

/* For HmPluginContext: @agent is an HmAgent. */
void hm_agent_figures (gpointer agent, HmFigureFunc each, gpointer user);

/* The answer to `status`: its members, into the object that is open. Of `outbox`: two of these, outbox and publishers. */
void hm_agent_write_status (HmAgent *agent, HmJsonWriter *answer);
void hm_agent_write_outbox (HmAgent *agent, HmJsonWriter *answer);

/* For HmServiceParts, both of an HmAgent. One line for people: how much it measures, and what waits. (transfer full) */
char *hm_agent_describe (gpointer agent);

/* FALSE: the thread that polls is behind its schedule by more than any poll may take, so it does not come back. */
gboolean hm_agent_progresses (gpointer agent);

/* For /readyz and /metrics (endpoint.h), both of an HmAgent: writes "reasons" (docs/agent.md, "Health") and "ready" into the object that is
 * open, TRUE: ready; and all figures as
 * OpenMetrics, with what the server that is asked has refused (transfer full). */
gboolean hm_agent_write_ready (gpointer agent, HmJsonWriter *w);
GBytes *hm_agent_metrics (gpointer agent, guint64 http_refused);

/* What the control socket answers; `user` is an HmAgent. */
extern const HmControlCommand hm_agent_commands[];

G_END_DECLS
