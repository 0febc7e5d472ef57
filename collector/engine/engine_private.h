/* SPDX-License-Identifier: Apache-2.0 */
/* engine_private: what the engine's files share. */
#pragma once

#include "collector/engine/batch.h"
#include "collector/engine/engine.h"
#include "collector/engine/entry.h"
#include "collector/engine/foreign.h"
#include "collector/usage/place.h"

/* A record and where it stands. */
typedef struct
{
  HmPlaceKey key;
  HmClockReading reading;
  HmPlace place;
  const HmArrival *arrival; /* NULL: it is stored, */
  HmTime grain;             /* under this one */
} HmPlaced;

struct HmEngine
{
  const HmStoreOps *ops;
  HmStore *store;
  const HmMeterTable *meters;
  HmFoldSettings settings;
  HmCloseSettings close;
  HmCloseRetry close_retry;
  GArray *policies;      /* (element-type HmFoldPolicy) the settings' */
  gboolean policies_due; /* they are to be read anew before anything is folded */
  GArray *placed;        /* (element-type HmPlaced) scratch of the fold: new records of one resource */
  HmEntryCache *cache;
  HmForeign *foreign;
  HmProcesses *processes;
  HmDecoder *decoder; /* for stored records */
  GPtrArray *waiting; /* (element-type HmEntry) resources whose edge is to be moved; their names alone */
  GHashTable
      *unrolled; /* (nullable) (element-type utf8) resources that could not be rolled up; engine_roll.c's */
  HmEngineCounts counts;
  gboolean (*give_up) (gpointer user); /* (nullable) */
  gpointer give_up_user;
  gboolean gave_up; /* in this attempt */
  gboolean doubts;  /* the store has refused the record alone: it may be there, though nobody remembers */
};

/* Asks whether to end here; once yes, always yes until the next attempt. */
gboolean hm_engine_gives_up (HmEngine *engine);

/* Puts every arrival where it belongs: an entry, the dead letters, or nowhere. Where their resources take too much room together, only
 * the first *@n, one at least. */
gboolean hm_engine_gather (HmEngine *engine, HmArrival *const *arrivals, guint *n, HmBatchRows *rows,
                           GError **error);

/* -- engine_agents.c -- */

/* A dead letter, unless this one is stored already. */
gboolean hm_engine_refuse (HmEngine *engine, HmArrival *arrival, HmBatchRows *rows, HmRefusal refusal,
                           const char *detail, GError **error);
/* A record whose number was taken with other bytes. */
gboolean hm_engine_refuse_conflict (HmEngine *engine, HmArrival *arrival, HmBatchRows *rows, GError **error);
/* What a heartbeat says of bins that ended. */
gboolean hm_engine_close_bins (HmEngine *engine, const HmArrival *arrival, HmBatchRows *rows, GError **error);
/* Whether this very message is a dead letter in the store. */
gboolean hm_engine_has_letter (HmEngine *engine, const HmArrival *arrival, gboolean *ret_has, GError **error);

/* Folds the new records of every touched entry and adds the rows that come of it. */
gboolean hm_engine_fold (HmEngine *engine, HmBatchRows *rows, GError **error);

/* Folds and writes what was gathered, and remembers it; whatever does not come to a commit is forgotten, @rows NULL at once. */
gboolean hm_engine_store_rows (HmEngine *engine, HmBatchRows *rows, gboolean *ret_owned, GError **error);

/* What the store says of how gauges hold; where it says nothing yet, it is to keep what the engine was made with. */
gboolean hm_engine_settle_holding (HmEngine *engine, GError **error);

/* Who has sent, where that was forgotten. */
gboolean hm_engine_load_processes (HmEngine *engine, GError **error);

/* -- engine_fold.c: one resource on its way through the fold -- */

typedef struct HmFolding HmFolding;
struct HmFolding
{
  HmFoldOutput output; /* first: the fold hands it back */
  HmEngine *engine;
  HmEntry *entry;
  gboolean again;   /* rows from the edge on are made anew: none is loaded */
  gboolean careful; /* some stored records are known to be placed elsewhere than where they say */
  /* (nullable) Is shown each stored record before it is folded again, maybe more than once; FALSE: as if it were not there. */
  gboolean (*row) (HmFolding *folding, const HmRawRow *row);
  HmTime decided; /* as if nobody had decided anything after it; HM_TIME_UNKNOWN: all counts */
  GError *error;
};

HmFolding hm_folding (HmEngine *engine, HmEntry *entry);

/* FALSE and folding->error when it cannot be; what was folded is half changed then, and is to be thrown away. */
gboolean hm_folding_apply (HmFolding *folding, const HmRecord *record, HmTime appended, const HmPlace *place);
gboolean hm_folding_load_grain (HmFolding *folding, HmTime grain);

/* -- engine_order.c -- */

HmPlaced hm_placed_new (const HmArrival *arrival);
int hm_placed_compare (gconstpointer a, gconstpointer b);          /* of two HmPlaced: by their keys */
int hm_placed_compare_readings (gconstpointer a, gconstpointer b); /* by what their clocks said */
/* Before records are placed after entry->fold: has those that wait listed from here on, where none does yet. */
void hm_entry_list_waiting (HmEntry *entry);
/* Notes until when it waits, or lets others wait. */
void hm_entry_park (HmEntry *entry, const HmPlaced *placed, gint64 grain_ns);
/* The new records that are to be folded now, in @placed, in order. FALSE: they cannot be folded in after what was. */
gboolean hm_entry_place_new (HmEntry *entry, gint64 grain_ns, GArray *placed);
/* The same with those that wait among them, where the time of one has come. Texts of stored ones are the entry's. */
gboolean hm_entry_place_due (HmEntry *entry, gint64 grain_ns, GArray *placed);

/* -- engine_context.c -- */

/* What was decided about the entry's readings, at hand. */
gboolean hm_folding_load_decisions (HmFolding *folding);
/* Those of @rows that are about the entry, as if they were stored; @rows outlives the batch. */
void hm_entry_add_decisions (HmEntry *entry, const HmBatchRows *rows);

/* Has that resource folded again from its edge when hm_engine_store_rows() stores @rows, with what rows->decisions says of it by then, beside what
 * was decided before. HM_ERROR_DATA: nothing of it is stored. */
gboolean hm_engine_refold (HmEngine *engine, HmBatchRows *rows, const char *source, const char *resource,
                           GError **error);

/* -- engine_unroll.c -- */

/* Takes back what was rolled up, as far as the entry's rows are others now or raw rows are added. */
gboolean hm_folding_unroll (HmFolding *folding);

/* -- engine_walk.c: the stored records of a resource -- */

typedef struct
{
  HmDecoded *decoded;
  HmTime appended;
  HmTime grain;
} HmStored;

typedef struct HmWalk HmWalk;
struct HmWalk
{
  HmFolding *folding;
  gboolean (*wants) (HmWalk *walk, const HmRawRow *row); /* FALSE: it is passed over */
  gboolean (*take) (HmWalk *walk); /* whole grains are in `stored`, by time; FALSE: enough */
  gpointer user;
  GArray *stored; /* (element-type HmStored) */
  guint rows;     /* that were read, of which */
  HmTime grain;   /* is that of the last one */
  gboolean over;  /* set by wants: no more than what was read is of interest */
};

/* All stored records from the entry's edge on, a few grains at a time. FALSE and folding->error, or `take` had enough. */
gboolean hm_walk (HmWalk *walk);

/* (transfer full) NULL and folding->error. */
HmDecoded *hm_folding_decode (HmFolding *folding, const HmRawRow *row);

/* -- engine_place.c -- */

/* Folds a stored record at its place. */
gboolean hm_folding_apply_stored (HmFolding *folding, const HmPlaced *placed);

/* What hm_folding_again() does, where records are not in the order in which they are stored. The entry has gone back. */
gboolean hm_folding_again_placed (HmFolding *folding, HmTime *until);

/* -- engine_refold.c -- */

/* entry->checkpoint, which there is where the entry has an edge. */
gboolean hm_folding_load_checkpoint (HmFolding *folding);

/* *@ret_from: readings of that time and later ones are found anew when the entry is folded again; HM_TIME_UNKNOWN: all. */
gboolean hm_engine_held_from (HmEngine *engine, HmEntry *entry, HmTime *ret_from, GError **error);

/* Folds the entry again from its edge on: all its stored records, and the new ones among them. With *@until: those before it
 * alone, and of these no more than a day's; *@until is where it ended then. */
gboolean hm_folding_again (HmFolding *folding, HmTime *until);
