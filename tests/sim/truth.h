/* SPDX-License-Identifier: Apache-2.0 */
/* truth: what an observer who has exactly the delivered records, and all the time in the world, can know of them. */
#pragma once

#include "collector/stores/store_rows.h"
#include "tests/sim/sim.h"

G_BEGIN_DECLS

#define SIM_TOTALS 512

/* What one series came to in one counter life under one revision, over all time. All text is interned. */
typedef struct
{
  const char *agent, *epoch, *project, *flavor;
  HmState state;
  SimSeries series;
  const char *sample_epoch;
  HmInt128 quantity;
  gint64 covered_ns;
  guint32 flags;
} SimTotal;

/* A reading that is held out. Text is interned. */
typedef struct
{
  const char *agent, *epoch;
  guint64 seq;
  SimSeries series;
  guint32 flag;
} SimHeld;

typedef struct
{
  SimTotal totals[SIM_TOTALS];
  guint n;
  SimHeld held[SIM_TOTALS];
  guint n_held;
} SimTruth;

/* The total of @key, made empty if it is not there; its figures are not looked at. */
SimTotal *sim_total (SimTruth *truth, const SimTotal *key);

/* FALSE for a series that is not the simulator's. */
gboolean sim_series_find (const char *device, const char *meter, SimSeries *ret_series);

/* Adds the cells of a row that the collector made. FALSE for a cell of no series of the simulator's. */
gboolean sim_truth_add_row (SimTruth *truth, const HmBucket *row);

/* Adds a reading that the collector held out. FALSE for one of no series of the simulator's. */
gboolean sim_truth_add_held (SimTruth *truth, const HmHeldRow *row);

/* What the delivered records are worth; intervals are divided over grains of @grain. */
void sim_truth (SimHistory *history, gint64 grain, SimTruth *ret_truth);

/* NULL, or in words what of @got is otherwise than in @truth. (transfer full) (nullable) */
char *sim_truth_compare (const SimTruth *truth, const SimTruth *got);

/* The same of the readings that were held out. (transfer full) (nullable) */
char *sim_truth_compare_held (const SimTruth *truth, const SimTruth *got);

/* The same without revisions: rounding may move a unit from one to another when grains differ. (transfer full) (nullable) */
char *sim_truth_compare_lives (const SimTruth *a, const SimTruth *b);

/* The same by revision alone, as rollups have it: without counter lives. (transfer full) (nullable) */
char *sim_truth_compare_usage (const SimTruth *truth, const SimTruth *usage);

/* NULL, or in words where @got is not what the counters of the world really counted, or, where nothing
 * was lost, how long it was whose and in what state. (transfer full) (nullable) */
char *sim_truth_compare_world (SimHistory *history, const SimTruth *got);

G_END_DECLS
