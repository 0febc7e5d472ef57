/* SPDX-License-Identifier: Apache-2.0 */
/* polling_notes: what a polling asks for in vain, for the log. A file of Ceilometer's serves all its agents, so much of it may be
 * nothing to this one: that is said in a line, and is no mistake. On the main thread, at the start and after a reload. */
#pragma once

#include "agent/plugins.h"
#include "metering/polling.h"

G_BEGIN_DECLS

/* Logs the polling's own notes, and in one line the patterns that no pollster of @choices (element-type HmPluginChoice) that runs
 * has a meter for. */
void hm_polling_notes_say (const HmPolling *polling, const GPtrArray *choices);

G_END_DECLS
