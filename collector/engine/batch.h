/* SPDX-License-Identifier: Apache-2.0 */
/* batch: the rows of one transaction while they come together. Private to the engine's files. Rows borrow
 * from the arrivals and the entries; both outlive the batch. */
#pragma once

#include "collector/pipeline/arrival.h"
#include "collector/engine/entry.h"
#include "collector/usage/rollup.h"
#include "collector/stores/store.h"
#include "collector/engine/tally.h"

G_BEGIN_DECLS

typedef struct
{
  GArray *moves;        /* (element-type HmOffsetMove) */
  GPtrArray *touched;   /* (element-type HmEntry) with new records, in the order in which they came */
  GArray *raw;          /* (element-type HmRawRow) */
  GArray *resources;    /* (element-type HmResourceRow) */
  GArray *refolded;     /* (element-type HmRefold) */
  GPtrArray *buckets;   /* (element-type HmBucket) */
  GArray *held;         /* (element-type HmHeldRow) */
  GArray *dead_letters; /* (element-type HmDeadLetter) */
  GArray *meters;       /* (element-type HmMeterRow) */
  GArray *settled;      /* (element-type HmDeadLetter) */
  GArray *answered;     /* (element-type HmRequestRow) */
  GArray *gaps;         /* (element-type HmGapRow) */
  GArray *rollups;      /* (element-type HmRollupRow) */
  GArray *evidence;     /* (element-type HmEvidenceRow) */
  GPtrArray *rolled;    /* (element-type HmRollup) whose rows `rollups` borrows */
  GArray *decisions;    /* (element-type HmDecisionRow) */
  GArray *policies;     /* (element-type HmPolicyRow) */
  GArray *adjustments;  /* (element-type HmAdjustmentRow) */
  GArray *redacted;     /* (element-type HmRedactedRow) */
  GArray *erasures;     /* (element-type HmErasureRow) */
  HmTally *tally;       /* what is counted per agent */
  GPtrArray *text;      /* what some of these borrow */
  guint64 verified;     /* of the records taken */
  guint64 refused[HM_REFUSALS], verdicts[HM_VERDICTS];
} HmBatchRows;

HmBatchRows *hm_batch_rows_new (void);
void hm_batch_rows_free (HmBatchRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmBatchRows, hm_batch_rows_free)

/* Moves the partition's offset past @arrival, and over the hole before it, if there is one. */
void hm_batch_rows_move (HmBatchRows *rows, const HmArrival *arrival);

/* @detail is copied. The letter is where it is until the next one. */
HmDeadLetter *hm_batch_rows_refuse (HmBatchRows *rows, const HmArrival *arrival, HmRefusal refusal,
                                    const char *detail);

/* The raw row of a decoded arrival; not of one from before its resource's edge, whose grain is another. */
void hm_batch_raw_row (const HmArrival *arrival, gint64 grain_ns, HmRawRow *ret_row);

/* The rows of one entry after it was folded. */
void hm_batch_rows_add_entry (HmBatchRows *rows, HmEntry *entry, gint64 grain_ns);

/* Sorts by key and gives the contract's view of it; valid as long as @rows. */
void hm_batch_rows_finish (HmBatchRows *rows, HmBatch *ret_batch);

static inline HmTime
hm_grain_of (HmTime time, gint64 grain_ns)
{
  return time - time % grain_ns;
}

G_END_DECLS
