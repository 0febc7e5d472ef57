/* SPDX-License-Identifier: Apache-2.0 */
/* check: what --check-config of the collector looks at besides the configuration's own words. */
#pragma once

#include "collector/config.h"

G_BEGIN_DECLS

/* Whether a start would find its files and folders, and could read what it has to: keys, tokens, certificates, the table of meters. Connects
 * to nothing, makes and changes nothing. HM_ERROR_CONFIG: file, section, key, reason. */
gboolean hm_collector_check (const HmCollectorConfig *config, GError **error);

G_END_DECLS
