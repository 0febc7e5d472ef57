/* SPDX-License-Identifier: Apache-2.0 */
/* report: what the agent has done and how it fares, for whoever shows it: the status command, the self-metrics. */
#pragma once

#include "agent/outbox/outbox.h"
#include "agent/pipeline/pipeline.h"
#include "agent/schedule/quarantine.h"
#include "agent/schedule/readers.h"
#include "agent/schedule/scheduler.h"

G_BEGIN_DECLS

/* All memory of it is its own; the plugins are resident. */
typedef struct
{
  GArray *jobs;       /* (element-type HmJobReport) one per source, and the agent's other jobs */
  GArray *plugins;    /* (element-type HmPluginTally) snapshot pollsters, then readers */
  GArray *quarantine; /* (element-type HmQuarantined) */
  HmQuarantineCounts quarantine_counts;
  HmPipelineCounts pipeline;
  HmReaderCounts readers;
  HmReadCost last_read; /* of the last poll that gave something */
  HmOutboxStatus outbox;
  gboolean is_away; /* the hypervisor is */
} HmAgentReport;

void hm_agent_report_clear (HmAgentReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmAgentReport, hm_agent_report_clear)

G_END_DECLS
