/* SPDX-License-Identifier: Apache-2.0 */
/* tally: what one batch says of the agents that its records come from: how many came of each process and of each of its
 * five-minute bins, what heartbeats and gap records say, and what somebody has to look at. Part of HmBatchRows; the
 * engine's thread only. Borrows from the arrivals, which outlive it. */
#pragma once

#include "collector/pipeline/arrival.h"
#include "collector/engine/processes.h"

G_BEGIN_DECLS

typedef struct HmTally HmTally;

HmTally *hm_tally_new (void);
void hm_tally_free (HmTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmTally, hm_tally_free)

/* A decoded record that is stored with this batch. */
void hm_tally_take (HmTally *tally, const HmArrival *arrival);
/* One that was stored already. */
void hm_tally_repeat (HmTally *tally, const HmArrival *arrival);

typedef enum
{
  HM_TALLY_REFUSED,  /* it was not taken and never was */
  HM_TALLY_CONFLICT, /* another one of its number was taken: so it is none that is missing */
} HmTallyRefusal;

/* Whose it is, is what the record says, or its ce_id where it does not decode. Counted for a process that is known, or
 * whose signature is right: nobody makes agents by sending rubbish. Writes into @letter where it was counted. */
void hm_tally_refuse (HmTally *tally, const HmArrival *arrival, const HmProcesses *processes,
                      HmTallyRefusal refusal, HmDeadLetter *letter);
/* It is taken now: out of the bin in which it was counted, if it was. That it was refused stays so. @letter's texts outlive the tally. */
void hm_tally_take_back (HmTally *tally, const HmDeadLetter *letter);

/* What a heartbeat says of a bin that ended; its texts outlive the tally. NULL, or what was said of that bin in this batch before, which stands. */
const HmBinClosed *hm_tally_close (HmTally *tally, const HmBinClosed *closed);

/* @kind is static; the other texts are copied. */
void hm_tally_note (HmTally *tally, HmAnomaly kind, const char *source, const char *subject,
                    const char *detail, HmTime noticed);

/* Notes the processes of one agent that interleave since this batch. */
void hm_tally_compare (HmTally *tally, const HmProcesses *processes);

/* Sorts by key and gives the contract's view; valid as long as @tally. */
void hm_tally_finish (HmTally *tally, HmBatch *ret_batch);

/* After finish, when the batch is stored. */
void hm_tally_settle (const HmTally *tally, HmProcesses *processes);

guint64 hm_tally_samples (const HmTally *tally);
guint64 hm_tally_duplicates (const HmTally *tally);

G_END_DECLS
