/* SPDX-License-Identifier: Apache-2.0 */
/* roller: days that are over are rolled up, in one collector of several. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

#define HM_ROLLER_EVERY_NS (60 * HM_NSEC_PER_SEC)
/* After a day's end, so that most of what comes a little late is there. */
#define HM_ROLLER_AFTER_NS (2 * 3600 * HM_NSEC_PER_SEC)

typedef struct HmRoller HmRoller;

/* @ops, @store and @clock outlive it; @holder is copied: this collector among others. */
HmRoller *hm_roller_new (const HmStoreOps *ops, HmStore *store, const HmClock *clock, const char *holder);
void hm_roller_free (HmRoller *roller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmRoller, hm_roller_free)

/* A chore of the pipeline (HmPipelineChore), every HM_ROLLER_EVERY_NS: one turn. TRUE: there is more to do. */
gboolean hm_roller_turn (HmEngine *engine, gpointer roller);

G_END_DECLS
