/* SPDX-License-Identifier: Apache-2.0 */
/* engine: from a batch of arrivals to one transaction.
 *
 * Repetitions are dropped, records are folded into usage (or their resource is folded again from all its
 * records, when one comes late), what cannot be taken becomes a dead letter, and all of it is written
 * together with the offsets. It knows nothing of Kafka and of threads: the pipeline calls it on one thread,
 * tests call it with records made by hand. */
#pragma once

#include "collector/pipeline/arrival.h"
#include "collector/usage/fold.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

/* For engine_close.c. */
typedef struct
{
  gint64 grace_ns;      /* after a period's end, until it is closed */
  const char *holder;   /* this collector among others; outlives the engine */
  const HmClock *clock; /* (nullable) the machine's */
} HmCloseSettings;

/* A close that could not be done for now is tried again later each time, up to a minute: while it runs nobody else writes. */
typedef struct
{
  gint64 wait_ns; /* 0: none has failed */
  gint64 until;   /* monotonic ns */
} HmCloseRetry;

typedef struct
{
  gint64 grain_ns;
  guint hold_intervals; /* this and the next are kept where the store has none yet; what it has holds */
  gint64 fallback_interval_ns; /* … both 0: whoever reads only */
  gsize cache_bytes;           /* that resources at hand may take between batches */
  HmCloseSettings close;
} HmEngineSettings;

/* What became of the arrivals that were committed, since the engine was made. */
typedef struct
{
  guint64 records, samples;     /* taken */
  guint64 duplicates;           /* dropped: stored already, with the same bytes */
  guint64 verified, unverified; /* of `records`: by signature */
  guint64 dead_letters;
  guint64 refused[HM_REFUSALS];  /* the same by reason; the first is no reason */
  guint64 verdicts[HM_VERDICTS]; /* of all that came, taken or not: what their signatures said */
  guint64 refolds;               /* resources folded again from their stored records */
  guint64 beyond_horizon;        /* of `records`: from before their resource's edge, stored and not folded */
  guint64 future;                /* of `records`: from the future, stored and not folded */
  guint64 checkpoints;           /* edges that were moved */
  guint64 commits;
  guint64 rows; /* raw, resource, bucket and dead letter rows written */
  gint64 fold_ns, write_ns;
} HmEngineCounts;

typedef struct HmEngine HmEngine;

/* Loads the store's foreign meters. @ops, @store, @meters outlive the engine. NULL and the store's error; HM_ERROR_UNAVAILABLE where the store
 * does not say how gauges hold, and is only read. */
HmEngine *hm_engine_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters,
                         const HmEngineSettings *settings, GError **error);
void hm_engine_free (HmEngine *engine);
/* How gauges hold in this store, whatever the engine was made with. */
void hm_engine_holding (const HmEngine *engine, guint *ret_intervals, gint64 *ret_fallback_ns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEngine, hm_engine_free)

/* @asked is called between the steps of a batch, as long as it can still end without a trace; when it says
 * TRUE the batch ends there, as if somebody else owned its partitions. NULL: never. */
void hm_engine_give_up_when (HmEngine *engine, gboolean (*asked) (gpointer user), gpointer user);

/* Stores @n decoded (or refused) arrivals, each partition's in the order of its offsets, and moves the
 * offsets past them. Nothing or everything: in one transaction, or in several that each move the offsets as
 * far as they got, when the store refuses one of the records. Borrowed; an arrival that the store refuses is
 * made a dead letter.
 *
 * *@ret_owned FALSE: somebody else has moved an offset; nothing (more) was written, and the caller asks the
 * store where its partitions are. HM_ERROR_UNAVAILABLE: the database is not there; the same arrivals may be
 * given again. HM_ERROR_INTERNAL: the store does not even take the dead letter. */
gboolean hm_engine_take (HmEngine *engine, HmArrival *const *arrivals, guint n, gboolean *ret_owned,
                         GError **error);

/* Where the store says that partition goes on, if it has said so. */
gboolean hm_engine_find_offset (HmEngine *engine, const char *topic, gint32 partition, gint64 *ret_next,
                                gboolean *ret_found, GError **error);

/* Where the store says that partition goes on; where it has not said so yet, @first is noted and given. */
gboolean hm_engine_offset (HmEngine *engine, const char *topic, gint32 partition, gint64 first,
                           gint64 *ret_next, GError **error);

/* Passes over offsets that the bus has dropped; as the store's pass_over (collector/stores/store.h). */
gboolean hm_engine_pass_over (HmEngine *engine, const HmGapRow *gap, gboolean *ret_owned, GError **error);

/* Whether the store knows @arrival: its record is stored with these bytes, or it is a dead letter of this
 * offset. Used on the record before the one to be read next: a record that is not known there means that the
 * topic is another. */
gboolean hm_engine_recognises (HmEngine *engine, HmArrival *arrival, gboolean *ret_known, GError **error);

/* For the mirror of dead letters to @topic: takes or keeps the lease for @ttl_ns, notes that all letters up to @done are there, and gives how far that stands in
 * the store, which is further where another holder was at it. *@ret_mine FALSE: somebody else has the lease, or went on meanwhile;
 * *@ret_position is untouched. */
gboolean hm_engine_mirror (HmEngine *engine, const char *topic, const char *holder, gint64 ttl_ns,
                           gint64 done, gboolean *ret_mine, gint64 *ret_position, GError **error);

/* Forgets everything that was loaded; partitions have gone to somebody else and may come back changed. */
void hm_engine_forget (HmEngine *engine);

/* Replaces what was set for all records by what the store says now: another collector may have set something. */
gboolean hm_engine_load_policies (HmEngine *engine, GError **error);

void hm_engine_counts (const HmEngine *engine, HmEngineCounts *ret_counts);

G_END_DECLS
