/* SPDX-License-Identifier: Apache-2.0 */
/* serve: what the program's main thread does while the agent runs: it waits for signals, takes a changed configuration, tells
 * the service manager how the agent fares, and lets the control socket answer, until it is told to stop. */
#pragma once

#include "agent/agent.h"
#include "agent/schedule/reload.h"

G_BEGIN_DECLS

typedef struct
{
  HmAgent *agent; /* runs */
  const HmSettings *settings;
  const HmAgentConfig *config; /* what it was started with */
  HmReloadParts reload;        /* without the context */
} HmServing;

/* Comes back after SIGTERM or SIGINT. From then on these have their default meaning again, so that a second one ends the
 * process at once, whatever the stop is doing. SIGHUP is held by every thread (hm_command_line_hold_reload()), before and after as well: it is taken here alone, and
 * ends no agent that starts or stops. */
void hm_serve (const HmServing *serving);

G_END_DECLS
