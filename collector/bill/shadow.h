/* SPDX-License-Identifier: Apache-2.0 */
/* shadow: one resource folded again, in memory, from what is stored of it.
 *
 * It is the engine's own folding (engine_refold.c) on a store that is only read, so what it finds is what the collector would write.
 * `verify` compares it with what is stored, `usage --explain` and `proof` show how a figure came about, `usage --as-of` leaves out what
 * came later. The collector may write meanwhile: what is given is of one version of the resource. One thread's, as the store is. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

/* One stored record. Texts are those of the folding that it belongs to, as in all that follows. */
typedef struct
{
  const char *agent, *epoch;
  guint64 seq;
  HmTime time, appended;
  const char *topic;
  gint32 partition;
  gint64 offset;
  const char *signature; /* (nullable) */
  gboolean verified;
  gsize length;
} HmShadowRecord;

/* One interval that was counted, or held out, and the stored record that closed it; what lies in rows of others or of other grains than
 * those that are wanted is cut off. */
typedef struct
{
  const HmShadowRecord *record;
  const char *device, *meter, *unit;
  HmMeterType type;
  const char *agent, *epoch, *sample_epoch; /* the counter life */
  HmTime from, to;
  HmInt128 amount;
  gint64 covered_ns;
  HmValue value;
  guint32 flags;
  const HmShadowRecord
      *opened;       /* (nullable) the record that opened it; NULL: it is gone, or there was none */
  gboolean has_base; /* the next are there: what was read then */
  HmTime base_time;
  HmValue base;
} HmShadowInterval;

typedef struct
{
  HmTime
      until; /* as if nothing appended after it had come, and nobody decided anything since; HM_TIME_UNKNOWN: all */
  gboolean stored;            /* what is stored is wanted as well */
  gboolean intervals;         /* so are these: */
  const char *device, *meter; /* (nullable) of these alone … */
  HmTime from, to;            /* … in rows of these grains; HM_TIME_UNKNOWN: without an end */
  const char *project, *user; /* (nullable) whose rows they are; other owners' are `others` */
} HmShadowWish;

typedef struct
{
  guint64 version;
  HmTime edge, rolled;    /* as of the resource's row */
  HmTime from;            /* rows of this grain and later ones were made anew; HM_TIME_UNKNOWN: all */
  guint erased;           /* records of which nothing is left, and that were not */
  GPtrArray *buckets;     /* (element-type HmBucket) from `from` on */
  GPtrArray *held;        /* (element-type HmHeldRow) */
  char *fold;             /* the state */
  GPtrArray *stored;      /* (element-type HmBucket) from `from` on; as wished */
  GPtrArray *stored_held; /* (element-type HmHeldRow) likewise */
  char *stored_fold;      /* likewise */
  GPtrArray *intervals;   /* (element-type HmShadowInterval) in the order of folding */
  GPtrArray *others;      /* likewise; the time that somebody else had it */
  GPtrArray *numbered;    /* (element-type HmShadowRecord) those that were folded: number 1 is the first */
  GHashTable *known;      /* (element-type HmShadowRecord) the records that it was made of */
  GStringChunk *texts;
} HmShadowFolded;

void hm_shadow_folded_free (HmShadowFolded *folded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmShadowFolded, hm_shadow_folded_free)

typedef struct HmShadow HmShadow;

/* @settings: the collector's; `cache_bytes` is not looked at. @ops, @store, @meters outlive it. NULL and the store's error. */
HmShadow *hm_shadow_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters,
                         const HmEngineSettings *settings, GError **error);
void hm_shadow_free (HmShadow *shadow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmShadow, hm_shadow_free)

/* HM_ERROR_DATA: what is stored cannot be read. HM_ERROR_TEMPORARY: the resource changed each time it was tried. HM_ERROR_USAGE: there is
 * no such resource, or it cannot be known as of @wish->until. (transfer full) */
HmShadowFolded *hm_shadow_fold (HmShadow *shadow, const char *source, const char *resource,
                                const HmShadowWish *wish, GError **error);

G_END_DECLS
