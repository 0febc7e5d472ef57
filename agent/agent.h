/* SPDX-License-Identifier: Apache-2.0 */
/* agent: all parts put together, started in order and stopped in reverse. */
#pragma once

#include "agent/inspector/inspector.h"
#include "agent/outbox/keys.h"
#include "agent/options.h"
#include "agent/outbox/outbox.h"
#include "agent/plugins.h"
#include "metering/polling.h"
#include "agent/schedule/report.h"

G_BEGIN_DECLS

typedef HmInspector *(*HmInspectorNew) (const HmLibvirtOptions *options, HmDomainEventFunc on_event,
                                        gpointer user, GError **error);

/* What the agent gets from outside of itself. */
typedef struct
{
  const HmClock *clock;
  HmInspectorNew inspector_new;
  gboolean checks; /* --check-config: files and folders are looked at as well */
} HmAgentPorts;

typedef struct HmAgent HmAgent;

/* Makes every part from the configuration and creates every plugin, which checks all options; opens and
 * starts nothing. A plugin that the configuration does not name and that fails is logged and left out. All
 * arguments must outlive the agent. (transfer full) */
HmAgent *hm_agent_new (const HmAgentConfig *config, const GPtrArray *choices, const HmAgentPorts *ports,
                       GError **error);

/* Takes the state folder and starts every part but the schedule, in order: what takes records before what
 * makes them. After a failure hm_agent_stop() stops what was started. */
gboolean hm_agent_start (HmAgent *agent, GError **error);

/* Polls on schedule from now on, on threads of its own. */
gboolean hm_agent_run (HmAgent *agent, GError **error);

/* One poll of everything, then waits until all of it is delivered. HM_ERROR_UNAVAILABLE when the hypervisor
 * is away, or a publisher has not confirmed everything within the stop's time limit. */
gboolean hm_agent_once (HmAgent *agent, GError **error);

/* Stops every part in reverse order, whatever fails, within the stop's time limit: sources first, then
 * sending to the deadline, then the publishers. What is not delivered by then waits in the outbox, and that is
 * said. FALSE when something hangs and was left behind: a poll, a publisher, or a thread that brings events inside a
 * handler or the outbox. It may come back at any time and use the agent's parts and what they borrow, so the process must
 * then end without freeing or waiting for anything. */
gboolean hm_agent_stop (HmAgent *agent);

/* Whether there is anything to poll in it at all. HM_ERROR_CONFIG. */
gboolean hm_agent_check_polling (const HmPolling *polling, GError **error);

/* From now on what @polling says is polled (takes a reference). A running agent changes between two ticks, soon after this
 * came back: a source of the same name and interval keeps its grid and counts, one of another interval goes over to its new
 * grid, a new one is polled at once. From the thread that starts and stops the agent. */
void hm_agent_set_polling (HmAgent *agent, HmPolling *polling);

/* What this agent signs with. (transfer none) */
HmKeys *hm_agent_keys (HmAgent *agent);

/* Has every publisher open its files anew. A running agent, from the thread that starts and stops it; waits for nothing. */
void hm_agent_reopen (HmAgent *agent);

/* Answers over HTTP from now on, where the configuration asks for it. A running agent, from the thread that starts and stops it; no longer
 * than to the stop's begin. */
gboolean hm_agent_listen (HmAgent *agent, GError **error);

/* @ret_report: cleared by hm_agent_report_clear(). Any thread, from the start to the stop's end. */
void hm_agent_report (HmAgent *agent, HmAgentReport *ret_report);

/* A stopped one, or one that was never started. One whose stop was FALSE is left as it is, for the thread that may
 * still use it; NULL is fine. */
void hm_agent_free (HmAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmAgent, hm_agent_free)

G_END_DECLS
