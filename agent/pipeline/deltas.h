/* SPDX-License-Identifier: Apache-2.0 */
/* deltas: turns counters into what came since the reading before, whoever was restarted in between.
 *
 * What each counter was last read as is kept in the state folder. It is written before the record is handed on, so a kill
 * in between loses that record's deltas and never counts anything twice. Without a counter to turn nothing is kept, read or
 * written. Thread-safe. */
#pragma once

#include "metering/record.h"
#include "metering/sink.h"

G_BEGIN_DECLS

#define HM_DELTAS_FILE   "deltas"
#define HM_DELTAS_MAX    65536 /* counters; those of the reading that fills the table may be more */
#define HM_DELTAS_OF_ONE 1024  /* of one resource */

typedef struct HmDeltas HmDeltas;

typedef struct
{
  guint counters;    /* that are kept */
  guint64 baselines; /* readings that could only begin a count */
  guint64 held_out;  /* lower than before within one life */
  guint64 refused;   /* new ones, when there are HM_DELTAS_MAX */
  guint64 failures;  /* writes; what came then is in the next delta */
} HmDeltasStatus;

/* Opens nothing yet. @clock must outlive it. (transfer full) */
HmDeltas *hm_deltas_new (const char *state_dir, const HmClock *clock);
void hm_deltas_free (HmDeltas *deltas);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDeltas, hm_deltas_free)

/* Turns every counter that was put into @sink by hm_sink_delta() into its delta with its start, or into an absent one, and
 * remembers it. @record: what the sink's samples are going to be of, with resource and time. Once, before they are.
 * @deltas NULL: all are absent. */
void hm_deltas_settle (HmDeltas *deltas, const HmRecord *record, HmSink *sink);

/* The resource is no more, and neither are its counters. What was read before and settles later is absent; a life that goes on
 * nevertheless begins anew. @deltas: (nullable) */
void hm_deltas_forget (HmDeltas *deltas, const char *id);

void hm_deltas_status (HmDeltas *deltas, HmDeltasStatus *ret_status);

G_END_DECLS
