/* SPDX-License-Identifier: Apache-2.0 */
/* erase: what the files of `hypermeter erase` share. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* How many dead letters, settled ones too, came under the key of each resource: their bytes are left as they are. (element-type utf8 guint)
 * (transfer full) NULL and the store's error. */
GHashTable *hm_erase_letters (const HmReading *r, GError **error);

/* A row for each of @names (element-type HmShadowName): what would be erased of it. */
gboolean hm_erase_count (const HmReading *r, const GPtrArray *names, GHashTable *letters, GError **error);

/* What was erased so far, by whom and why. */
gboolean hm_erase_list (const HmReading *r, GError **error);

G_END_DECLS
