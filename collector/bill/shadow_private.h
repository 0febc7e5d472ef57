/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_private: what the shadow's files share with the engine's. */
#pragma once

#include "collector/engine/engine_private.h"
#include "collector/bill/shadow.h"

struct HmShadow
{
  HmEngine *engine;    /* whose folding it is; nothing is ever taken by it */
  HmEngine *owned;     /* (nullable) the same, where it is ours */
  HmEntryCache *cache; /* holds the one entry that is folded */
};

/* A resource on its way. */
typedef struct
{
  HmFolding folding; /* first: what the fold finds comes back with it */
  const HmShadowWish *wish;
  HmShadowFolded *folded;
} HmShadowing;

/* The text, as long as @folded lasts. */
const char *hm_shadow_keep (HmShadowFolded *folded, const char *text);

/* A set of records, by agent, epoch and number. (transfer full) (element-type HmShadowRecord) */
GHashTable *hm_shadow_records_new (void);
void hm_shadow_note_record (HmShadowFolded *folded, const HmRawRow *row);

/* The `number` and the `trace` of a HmShadowing's folding. */
guint hm_shadow_number (HmFoldOutput *self, const HmRecord *record);
void hm_shadow_note_interval (HmFoldOutput *self, const HmFoldTrace *trace);

/* One that folds as @engine does, on its thread between two batches; @engine outlives it. */
HmShadow *hm_shadow_beside (HmEngine *engine);

/* A resource changes once a minute, and is read in a few milliseconds: so often it is read anew. */
#define HM_SHADOW_ATTEMPTS 8

/* Whether the resource is still of the version that was folded. HM_ERROR_TEMPORARY: it is not. */
gboolean hm_shadow_check_version (HmShadow *shadow, const char *source, const char *resource,
                                  const HmShadowFolded *folded, GError **error);
