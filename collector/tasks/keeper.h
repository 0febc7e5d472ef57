/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: what is kept for how long, and how large the store may become. Decides what is too old, by the clock, and lets
 * engine_prune.c take it away a little at a time, in one collector of several. Size removes nothing: it raises an alarm. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

#define HM_KEEPER_EVERY_NS (60 * HM_NSEC_PER_SEC)

typedef struct
{
  gint64 raw_ns, letters_ns, bins_ns, messages_ns; /* 0: for ever */
  guint64 max_bytes;                               /* 0: any size */
  const HmClock *clock;                            /* outlives the keeper */
  const char *holder;                              /* this collector among others; copied */
} HmKeeperSettings;

typedef struct
{
  guint64 bytes;  /* of the store, when it was last asked; 0: not yet, or the store cannot say */
  gboolean over;  /* more than max_bytes */
  guint64 alarms; /* how often it became so */
} HmKeeperCounts;

typedef struct HmKeeper HmKeeper;

/* @ops and @store outlive it. */
HmKeeper *hm_keeper_new (const HmStoreOps *ops, HmStore *store, const HmKeeperSettings *settings);
void hm_keeper_free (HmKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmKeeper, hm_keeper_free)

/* A chore of the pipeline (HmPipelineChore), every HM_KEEPER_EVERY_NS: one turn. TRUE: there is more to do. */
gboolean hm_keeper_turn (HmEngine *engine, gpointer keeper);

/* What is too old at @now: raw rows by whole days, so that an edge moves once a day; the rest by whole hours. Where a period was ever closed, a turn
 * leaves raw rows of what came after the latest one, too. */
void hm_keeper_retention (const HmKeeperSettings *settings, HmTime now, HmRetention *ret_retention);

/* Any thread. */
void hm_keeper_counts (HmKeeper *keeper, HmKeeperCounts *ret_counts);

G_END_DECLS
