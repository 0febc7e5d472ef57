/* SPDX-License-Identifier: Apache-2.0 */
/* entry: what the engine has at hand of one resource, and the bounded cache of such entries.
 *
 * The states with which records are folded in are loaded from the store once and kept over batches, as long
 * as there is room. What an entry holds is ahead of the store while a batch is being folded; when the
 * transaction does not succeed, the whole cache is dropped. The engine's thread only. */
#pragma once

#include "collector/pipeline/arrival.h"
#include "collector/usage/checkpoint.h"
#include "collector/usage/fold.h"
#include "collector/engine/seen.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

typedef struct
{
  const char *source, *resource;
} HmEntryKey;

/* The records of a resource that wait (engine_order.c). */
typedef struct HmWaiting HmWaiting;
void hm_waiting_free (HmWaiting *waiting);
gsize hm_waiting_bytes (const HmWaiting *waiting); /* (nullable) */

/* A bucket row in memory. */
typedef struct
{
  HmBucket *bucket;
  gboolean changed; /* in this batch */
  gboolean same;    /* though it was made anew, it is what is stored */
} HmEntryBucket;

typedef struct
{
  HmEntryKey key; /* first, so that an entry is its own key; borrowed from the two below */
  char *source, *resource;
  char *kind, *project, *user, *flavor, *name, *project_name, *user_name, *agent;
  HmState state;
  HmTime first_seen; /* HM_TIME_UNKNOWN: nothing stored yet */
  HmTime last_seen;  /* HM_TIME_UNKNOWN: nothing was folded yet */
  guint64 version;
  HmTime edge;            /* raw rows before it may be gone; 0: none is */
  HmTime rolled;          /* days before it are rolled up; 0: none is */
  HmTime reached, parked; /* as of its row (HmResourceRow) */
  HmWaiting *waiting;     /* (nullable) those that wait, all of them; NULL: they are not at hand */
  guint decided;          /* decisions about its readings that are stored */
  HmDecisions *decisions; /* (nullable) these, when they were needed */
  HmFoldState *fold;
  HmSeen *seen;
  GArray *buckets;    /* (element-type HmEntryBucket), by grain */
  GHashTable *grains; /* (element-type HmTime) all of whose rows are in `buckets` */
  gsize bytes;        /* about what all of this takes */
  GList *link;        /* in the cache's order of use */

  /* of the batch at hand */
  GPtrArray *taken;  /* (element-type HmArrival) new records */
  GHashTable *index; /* (nullable) the same by (agent, epoch, seq), made when it is asked for */
  gboolean again;    /* it is to be folded again, whatever came */
  gboolean refolded;
  HmTime refolded_from;     /* the earliest grain whose rows are made anew */
  HmTime held_from;         /* readings that are held are found anew from here on */
  GArray *held;             /* (element-type HmHeldRow) found in this batch; their texts: */
  GStringChunk *held_text;  /* (nullable) */
  HmCheckpoint *checkpoint; /* (nullable) loaded when something is about to need it */
  guint beyond;             /* of `taken`: from before the edge */
  HmTime beyond_day;        /* of the latest of these */
  GPtrArray *claims;        /* (nullable) (element-type utf8) agents that measured it at once */
  char *unstated;           /* (nullable) the agent of which it was said last that it states no interval */
  guint future;             /* of `taken`: from the future */
  HmTime future_day;        /* of the latest of these */
  guint erased;             /* stored records of which nothing is left: folded again without them */
  char *fold_json, *seen_json, *checkpoint_json; /* as they are written */
} HmEntry;

/* An entry of which nothing is known. */
HmEntry *hm_entry_new (const char *source, const char *resource);
void hm_entry_free (HmEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEntry, hm_entry_free)

/* Whether a record of @time comes from before the edge: it is kept, and not folded. */
static inline gboolean
hm_entry_is_beyond (const HmEntry *entry, HmTime time)
{
  return time < entry->edge;
}

/* The time under whose grain a record is stored: its own, or its append time, so that nothing is kept for long because of what a wrong
 * clock says, and nothing goes at once. */
static inline HmTime
hm_entry_kept_at (const HmEntry *entry, HmTime time, HmTime appended)
{
  return hm_entry_is_beyond (entry, time) || hm_arrival_is_future (time, appended) ? appended : time;
}

static inline void
hm_entry_note_first (HmEntry *entry, HmTime time)
{
  if (entry->first_seen == HM_TIME_UNKNOWN || time < entry->first_seen)
    entry->first_seen = time;
}

/* All raw rows lie under first_seen or later, those of records that wait as well. */
static inline void
hm_entry_see (HmEntry *entry, HmTime time, HmTime appended)
{
  hm_entry_note_first (entry, hm_entry_kept_at (entry, time, appended));
}

/* Says what kind of resource it is and whose, which every row says. */
void hm_entry_name (HmEntry *entry, const HmRecord *record);
/* Describes the resource by @record, which must be the latest so far. */
void hm_entry_describe (HmEntry *entry, const HmRecord *record);

/* What people call it, a bit for each: those that are known, those that @record says just so. */
#define HM_ENTRY_NAMES 3
guint hm_entry_names (HmEntry *entry);
guint hm_entry_names_in (HmEntry *entry, const HmRecord *record);
/* The records that follow may say them again. */
void hm_entry_forget_names (HmEntry *entry, guint names);

/* Forgets all that was folded, for folding everything again; the key, the version and `seen` stay. */
void hm_entry_reset (HmEntry *entry);
/* Forgets what was folded after @fold (transfer full) was the state. What describes the resource stays: the records that
 * follow say it again, all but what none of them says. */
void hm_entry_go_back (HmEntry *entry, HmFoldState *fold);

/* The row of that key at hand, or NULL. */
HmEntryBucket *hm_entry_find_bucket (HmEntry *entry, HmTime grain, const char *agent, const char *epoch,
                                     const char *project, const char *user, const char *flavor,
                                     HmState state);
/* Adds a reading that is held; its texts are copied. */
void hm_entry_hold (HmEntry *entry, const HmHeldRow *row);

/* Adds a row; (transfer full). What was found before may have moved; the rows themselves have not. */
HmEntryBucket *hm_entry_add_bucket (HmEntry *entry, HmBucket *bucket);
/* Lets go of the row of @key's key, if it is at hand. */
void hm_entry_drop_bucket (HmEntry *entry, const HmBucket *key);
gboolean hm_entry_has_grain (const HmEntry *entry, HmTime grain);
void hm_entry_note_grain (HmEntry *entry, HmTime grain);

/* After the commit: what was written is no longer new; rows older than the newest two grains are let go. */
void hm_entry_settle (HmEntry *entry, gint64 grain_ns);

/* -- the cache -- */

typedef struct HmEntryCache HmEntryCache;

/* @bytes: how much the entries may take between batches. */
HmEntryCache *hm_entry_cache_new (const HmStoreOps *ops, HmStore *store, gsize bytes);
void hm_entry_cache_free (HmEntryCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEntryCache, hm_entry_cache_free)

/* The entry of that resource, loaded from the store, or a new one. (transfer none), valid until the next trim
 * or clear. NULL: it could not be loaded. */
HmEntry *hm_entry_cache_get (HmEntryCache *cache, const char *source, const char *resource, GError **error);

/* Whether as much was loaded since the last trim as may stay at hand: what is needed next had better wait until then. */
gboolean hm_entry_cache_is_full (const HmEntryCache *cache);
/* Makes room: lets go of those that were not used for longest. */
void hm_entry_cache_trim (HmEntryCache *cache);
void hm_entry_cache_clear (HmEntryCache *cache);

G_END_DECLS
