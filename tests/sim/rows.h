/* SPDX-License-Identifier: Apache-2.0 */
/* rows: the rows of the tables of docs/usage.md, and how often each was met. */
#pragma once

#include "collector/usage/bucket.h"

G_BEGIN_DECLS

typedef enum
{
  SIM_ROW_NEXT,
  SIM_ROW_FROM_START,
  SIM_ROW_BASELINE,
  SIM_ROW_RESET,
  SIM_ROW_RESET_INFERRED,
  SIM_ROW_RESET_GROWN,
  SIM_ROW_REGRESS,
  SIM_ROW_REGRESS_STUCK,
  SIM_ROW_GUEST_RESET,
  SIM_ROW_WRAP,
  SIM_ROW_IMPLAUSIBLE,
  SIM_ROW_GAP,
  SIM_ROW_MOVED,
  SIM_ROW_OVERLAP,
  SIM_ROW_DUPLICATE,
  SIM_ROW_CONFLICT,
  SIM_ROW_LATE,
  SIM_ROW_REPEATED,
  SIM_ROW_LOST,
  SIM_ROW_UNKNOWN,
  SIM_ROW_PAUSED,
  SIM_ROW_SHUTTING_DOWN,
  SIM_ROW_SHUTOFF,
  SIM_ROW_SHUTOFF_EXISTS,
  SIM_ROW_UNDEFINED,
  SIM_ROW_LOST_STATE,
  SIM_ROW_OWNER,
  SIM_ROW_FLAVOR,
  SIM_ROW_REMOVED,
  SIM_ROW_DELTA,
  SIM_ROW_CLOCK_STEP,
  SIM_ROW_FUTURE,
  SIM_ROW_HELD,
  SIM_ROW_RELEASED,
  SIM_ROW_REBASED,
  SIM_ROWS,
} SimRow;

#define SIM_BIT(row) (G_GUINT64_CONSTANT (1) << (row))

typedef struct
{
  guint64 played[SIM_ROWS]; /* delivered records by which the world meant it */
  guint64 told[SIM_ROWS];   /* rows of usage that say it by a flag */
  guint64 events[32];       /* histories in which it happened, by SimEvent */
} SimHits;

void sim_hits_play (SimHits *hits, guint64 rows);
void sim_hits_tell (SimHits *hits, guint32 flags);
void sim_hits_happen (SimHits *hits, guint32 events);

/* Prints all as TAP comments, and fails the test when any that the collector knows was met less than @least times. */
void sim_hits_assert (const SimHits *hits, guint64 least);

G_END_DECLS
