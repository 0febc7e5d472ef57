/* SPDX-License-Identifier: Apache-2.0 */
/* agents_rows: what a store knows of agents, brought together: who sent, what came of it, whose resources they are. */
#pragma once

#include "collector/usage/completeness.h"

G_BEGIN_DECLS

typedef struct
{
  char *source, *agent;
  char *epoch;    /* NULL: of all its processes */
  HmAgentRow row; /* counts added up, times widened; its texts are not used */
  guint processes;
  HmCompleteness sums;
  guint64
      holes; /* numbers left out between those that were taken, of all its resources, whatever the period */
  GHashTable *projects; /* (element-type utf8) of its resources */
} HmAgentLine;

/* A line per agent, or with @each_process per agent process, of @filter (source, agent, from, to), in the order of (source, agent, epoch). Those
 * that have neither sent nor miss anything in the filter's period are left out. (transfer full) (element-type HmAgentLine)
 * NULL and the store's error. */
GPtrArray *hm_agent_lines (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter,
                           gboolean each_process, GError **error);

/* Its projects, sorted, separated by commas. (transfer full) */
char *hm_agent_line_projects (const HmAgentLine *line);

G_END_DECLS
