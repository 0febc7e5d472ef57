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

/* Comes back after SIGTERM or SIGINT. From then on the signals have their default meaning again, so that a second one ends
 * the process at once, whatever the stop is doing. */
void hm_serve (const HmServing *serving);

/* SIGHUP waits until hm_serve() answers it, instead of ending a process that only starts. Before the first thread, which takes it over. */
void hm_serve_block_reload (gboolean block);

G_END_DECLS
