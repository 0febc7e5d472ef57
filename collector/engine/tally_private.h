/* SPDX-License-Identifier: Apache-2.0 */
/* tally_private: what tally's files share. */
#pragma once

#include "collector/engine/tally.h"

/* One process in this batch. The row comes first: it is the key. */
typedef struct
{
  HmAgentRow row;
  HmBinRow *last; /* (nullable) the bin of its latest record */
} HmTallyProcess;

struct HmTally
{
  GHashTable *processes; /* (element-type HmTallyProcess) */
  GHashTable *bins;      /* (element-type HmBinRow) */
  GHashTable *said;      /* (element-type HmBinClosed) */
  GArray *agent_rows;    /* (element-type HmAgentRow) the same in order, once it is finished */
  GArray *bin_rows;      /* (element-type HmBinRow) */
  GArray *closed;        /* (element-type HmBinClosed) */
  GArray *losses;        /* (element-type HmLossRow) */
  GArray *anomalies;     /* (element-type HmAnomalyRow) */
  GPtrArray *text;       /* what some of these borrow */
  guint64 samples, duplicates;
};

/* By source, agent, epoch. */
int hm_tally_compare_processes (gconstpointer a, gconstpointer b);

HmTallyProcess *hm_tally_find (HmTally *tally, const char *source, const char *agent, const char *epoch);
HmTallyProcess *hm_tally_add (HmTally *tally, const HmAgentRow *row);
HmBinRow *hm_tally_bin (HmTally *tally, HmTallyProcess *process, gint64 bin);

/* The sum of the record's id. */
guint64 hm_tally_sum (const HmArrival *arrival, const HmRecord *record);
