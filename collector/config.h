/* SPDX-License-Identifier: Apache-2.0 */
/* config: the collector's sections and keys, checked. Read by main before anything runs; read-only
 * afterwards. */
#pragma once

#include "collector/tasks/keeper.h"
#include "collector/pipeline/verify.h"

G_BEGIN_DECLS

#define HM_COLLECTOR_CONFIG_FILE HM_SYSCONFDIR "/hypermeter/collector.conf"

typedef struct
{
  HmOptions *collector, *source, *store, *usage, *ingest;
  HmVerifyChoices *verify;
} HmCollectorConfig;

/* Everything that can be said without opening anything, kafka.* keys included. @where: for messages.
 * HM_ERROR_CONFIG. (transfer full) */
HmCollectorConfig *hm_collector_config_new (HmSettings *settings, const char *where, GError **error);
void hm_collector_config_free (HmCollectorConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmCollectorConfig, hm_collector_config_free)

/* The file of meters: [collector] meters, else HYPERMETER_METERS, else the installed one. */
const char *hm_collector_config_meters (const HmCollectorConfig *config);

/* What section store says of retention; the holder is the caller's to name. */
void hm_collector_config_keep (const HmCollectorConfig *config, HmKeeperSettings *ret_settings);

/* As a file; @comments: with every key explained. (transfer full) */
char *hm_collector_config_print (const HmCollectorConfig *config, gboolean comments);

G_END_DECLS
