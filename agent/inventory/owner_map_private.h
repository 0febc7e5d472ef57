/* SPDX-License-Identifier: Apache-2.0 */
/* owner_map_private: what the checks of a mapping share. */
#pragma once

#include "agent/inventory/owner_map.h"

/* What is being read, for messages. */
typedef struct
{
  const char *where, *section, *key;
  GError **error;
} HmOwnerCheck;

/* The keys of what a mapping can find. */
extern const char *const hm_owner_keys[HM_OWNER_TEXTS];

/* HM_ERROR_CONFIG with file, section, key and this reason; FALSE. */
gboolean hm_owner_refuse (const HmOwnerCheck *check, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* NULL, and refused, when @text is no pattern. (transfer full) */
GPtrArray *hm_owner_pattern_parse (const HmOwnerCheck *check, const char *text);
gboolean hm_owner_pattern_has (const GPtrArray *pattern, HmOwnerText text);
