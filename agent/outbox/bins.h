/* SPDX-License-Identifier: Apache-2.0 */
/* bins: how many records of each five minutes there are, and the sum of their ids, until a heartbeat says it.
 *
 * By these the collector knows whether all that an agent made has arrived. The outbox counts each record as it finds it on disk
 * (heartbeats themselves are not counted), asks what has ended, takes out what a heartbeat said, and keeps the rest in its journal, so
 * that the next process closes what this one left open. A bin is (agent epoch, number). Not thread-safe: it is the outbox's, under its lock. */
#pragma once

#include "metering/journal.h"
#include "metering/record.h"

G_BEGIN_DECLS

typedef struct HmBins HmBins;

HmBins *hm_bins_new (void);
void hm_bins_free (HmBins *bins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmBins, hm_bins_free)

/* One record: @id is its hm_record_id(), @bin its agent.bin. */
void hm_bins_count (HmBins *bins, const char *epoch, gint64 bin, const char *id);

/* @said stand in a heartbeat that is kept: they are forgotten, whatever they hold here. */
void hm_bins_take (HmBins *bins, const HmBinCount *said, guint n);

/* @said stand in a heartbeat that is not kept after all: what hm_bins_take() took is there again. */
void hm_bins_put_back (HmBins *bins, const HmBinCount *said, guint n);

/* Those that nothing is added to any more: of another epoch than @epoch, and of @epoch those before @bin. Oldest first, up to @max of
 * them. (element-type HmBinCount) (transfer container): their epochs are valid as long as @bins is there. */
GArray *hm_bins_ended (const HmBins *bins, const char *epoch, gint64 bin, guint max);

/* How many it holds, open and ended. For tests: it has a bound that nothing else shows. */
guint hm_bins_size (const HmBins *bins);

/* How many were dropped because there were more than HM_JOURNAL_BINS_MAX: the collector will call them unknown. */
guint64 hm_bins_dropped (const HmBins *bins);

/* Takes what @journal has, in place of what is here; and the other way round. */
void hm_bins_load (HmBins *bins, const HmJournal *journal);
void hm_bins_store (const HmBins *bins, HmJournal *journal);

G_END_DECLS
