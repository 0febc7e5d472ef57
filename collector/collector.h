/* SPDX-License-Identifier: Apache-2.0 */
/* collector: the daemon's parts, put together. Main thread only, but for hm_collector_stop(). */
#pragma once

#include "collector/config.h"
#include "collector/stores/store.h"
#include "metering/registry.h"

G_BEGIN_DECLS

/* In the state folder, for one collector at a time. */
#define HM_COLLECTOR_LOCK_FILE "collector.lock"

typedef struct HmCollector HmCollector;

/* Takes the state folder's lock, opens the store, loads the meters; connects to nothing yet. HM_ERROR_CREATE,
 * HM_ERROR_TEMPORARY (another collector has the folder or the store), HM_ERROR_CONFIG, and the store's. */
HmCollector *hm_collector_new (const HmCollectorConfig *config, gboolean until_end, GError **error);

/* Collects until hm_collector_stop(), or with until_end to the end. */
gboolean hm_collector_run (HmCollector *collector, GError **error);

/* The configuration as it is now, checked. (transfer full) */
typedef HmCollectorConfig *(*HmCollectorLoad) (gpointer user, GError **error);

/* What hm_collector_reload() asks; called on the thread of hm_collector_run(). */
void hm_collector_load_with (HmCollector *collector, HmCollectorLoad load, gpointer user);

/* Soon reads keys and policies of signatures anew; with a mistake what was there stays. Safe in a signal handler. */
void hm_collector_reload (HmCollector *collector);

/* Ends hm_collector_run() soon. Safe in a signal handler. */
void hm_collector_stop (HmCollector *collector);

/* Lets the transaction at hand finish or ends it without a trace, within 5 s, and says what was done. FALSE:
 * something hangs and still uses memory; then the process must end by _exit(). */
gboolean hm_collector_close (HmCollector *collector);

/* The store that the configuration names, once its plugin is in @registry and its URL is one. HM_ERROR_CONFIG. (transfer none) */
const HmStoreOps *hm_collector_find_store (HmRegistry *registry, const HmCollectorConfig *config,
                                           GError **error);

G_END_DECLS
