/* SPDX-License-Identifier: Apache-2.0 */
/* status_agent: how the agent of this host fares, for `hypermeter status`. */
#pragma once

#include "cli/output.h"
#include "metering/json.h"

G_BEGIN_DECLS

/* `hypermeter status agent`; @argv[0] is "agent". As HmCommand's run. */
int hm_status_agent (int argc, char **argv, GError **error);

/* Shows an agent's answer as that command does: @line is the text of @answer. */
gboolean hm_status_show (HmOutputFormat format, const char *line, const HmJson *answer, GError **error);

/* One line about the agent at its default place. (transfer full) (nullable) There is none that would answer. */
char *hm_status_agent_brief (void);

G_END_DECLS
