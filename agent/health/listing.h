/* SPDX-License-Identifier: Apache-2.0 */
/* listing: what --list-plugins, --list-meters, --print-config and --write-config print, and what the log says of a start. Pure: text in, text
 * out. */
#pragma once

#include "agent/options.h"
#include "agent/plugins.h"
#include "agent/health/survey.h"

G_BEGIN_DECLS

/* One line per plugin, and one per refused module with the reason. (transfer full) */
char *hm_list_plugins (const HmRegistry *registry, const GPtrArray *choices);

/* One line for the log, key=value: version, who it is, how often it polls what, how many meters that are, by which plugins.
 * (transfer full) */
char *hm_list_start (const HmAgentConfig *config, const GPtrArray *choices);

/* Every meter of every plugin of @registry as "text", "json" (meters.json) or "markdown" (docs/meters.md).
 * HM_ERROR_USAGE for another @format. (transfer full) */
char *hm_list_meters (const HmRegistry *registry, const char *format, GError **error);

/* The text of them, with what @survey found out: how many samples each gives here, or why none. (transfer full) */
char *hm_list_meters_here (const HmRegistry *registry, const HmSurvey *survey);

/* The configuration in force, secrets masked. @comments: every key with its help, those that are not set
 * commented out, and the sections of publishers that do not run commented out as well. (transfer full) */
char *hm_list_config (const HmAgentConfig *config, const GPtrArray *choices, gboolean comments);

G_END_DECLS
