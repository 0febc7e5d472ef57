/* SPDX-License-Identifier: Apache-2.0 */
/* fold_history: random lives of one instance, as the records that two hosts would have sent of it. */
#pragma once

#include "tests/fold_kit.h"

#define HISTORY_SAMPLES_MAX 16

typedef struct
{
  GPtrArray *records; /* (element-type HmRecord), in order of hm_record_compare() */
  GStringChunk *text;
  HmMeterTable *meters;
  HmDecisions *decisions; /* about some readings, whether they are held out or not */
  GArray *policies;       /* (element-type HmFoldPolicy) */
} KitHistory;

/* What comes with a record besides its text: some were placed by their host's boot time. */
static inline HmFoldContext
kit_history_context (const KitHistory *history, const HmRecord *record)
{
  return (HmFoldContext){ record->seq % 7 == 0 ? HM_FLAG_CLOCK_STEP : 0, history->decisions };
}

/* At most @n records, less than a day. The same @rand, the same history. */
KitHistory *kit_history_new (GRand *rand, guint n);
void kit_history_free (KitHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitHistory, kit_history_free)

/* For the message of a failure: one line for each record. (transfer full) */
char *kit_history_print (const KitHistory *history);
