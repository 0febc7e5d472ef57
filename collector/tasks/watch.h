/* SPDX-License-Identifier: Apache-2.0 */
/* watch: which agents have fallen silent, and which lack records that nobody accounts for. Says so in the log once, and once more when it
 * is over; counts it for whoever asks.
 *
 * Everything is judged as of the moment that the collector has reached on the bus, so a backlog is no silence. Looks at
 * stored rows alone and keeps only what was said. Runs on the storing thread, between two transactions, for a bounded time: the
 * agents' bins are looked at in turn. */
#pragma once

#include "collector/stores/store.h"

G_BEGIN_DECLS

#define HM_WATCH_WINDOW_NS (24 * 3600 * HM_NSEC_PER_SEC)      /* bins that are looked at */
#define HM_WATCH_GRACE_NS  (2 * HM_BIN_NS)                    /* after a heartbeat has closed a bin */
#define HM_WATCH_FORGET_NS (30 * 24 * 3600 * HM_NSEC_PER_SEC) /* who was silent for so long is gone */

typedef struct
{
  gint64 silent_after_ns;
  gint64 slice_ns;      /* of one look at bins, at most one agent's more */
  const HmClock *clock; /* outlives the watch */
} HmWatchSettings;

typedef struct
{
  guint agents, silent;    /* that are watched, and that are silent of these */
  guint incomplete_agents; /* that lack something, or have odd bins */
  guint64 incomplete_bins, missing_records;
} HmWatchCounts;

typedef struct HmWatch HmWatch;

/* @ops and @store outlive it. */
HmWatch *hm_watch_new (const HmStoreOps *ops, HmStore *store, const HmWatchSettings *settings);
void hm_watch_free (HmWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmWatch, hm_watch_free)

/* Everything that was appended up to @reached is stored. The storing thread. FALSE: the store could not be asked. */
gboolean hm_watch_look (HmWatch *watch, HmTime reached, GError **error);

/* As of the last look. Any thread. */
void hm_watch_counts (HmWatch *watch, HmWatchCounts *ret_counts);

G_END_DECLS
