/* SPDX-License-Identifier: Apache-2.0 */
/* shadow: what the commands share that fold resources again: which ones, and with the collector's settings. */
#pragma once

#include "cli/command.h"
#include "collector/bill/shadow.h"

G_BEGIN_DECLS

typedef struct
{
  char *source, *resource;
} HmShadowName;

/* The resources that the filter of @reading names, by (source, resource). A project's are those that it has used something of; with @all whoever
 * they are of, and were. (transfer full) (element-type HmShadowName) */
GPtrArray *hm_shadow_names (const HmReading *reading, gboolean all, GError **error);

/* Reads the collector's meters into @reading->table, once. */
gboolean hm_shadow_meters (HmReading *reading, GError **error);

/* [usage] of the collector's configuration, where one was read; else what a collector does without. Its meters likewise. */
HmShadow *hm_shadow_open (HmReading *reading, GError **error);

G_END_DECLS
