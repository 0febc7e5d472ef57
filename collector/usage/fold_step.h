/* SPDX-License-Identifier: Apache-2.0 */
/* fold_step: one record on its way through the fold. Private to the fold's files.
 *
 * fold.c takes the record apart; fold_cumulative.c and fold_gauge.c say what a reading is worth; fold_span.c
 * puts that into the rows of the grains and revisions that it spans. Every function that puts something into
 * a row returns FALSE when that row could not be had, and the fold stops there. */
#pragma once

#include "collector/usage/fold_state.h"

G_BEGIN_DECLS

#define HM_STEP_ROWS 4

/* An `exists` record comes each hour; what it says is known for as long as two may be missing. */
#define HM_KNOWN_NS (3 * 3600 * HM_NSEC_PER_SEC)

/* No record, whatever interval it states, makes a value hold longer. */
#define HM_HOLD_MAX (31 * HM_DAY_NS)

/* Over more grains than that no amount is spread (31 days of hours): what lies further back counts in the
 * first one that is kept. One clock that is years off would make a row for every hour of them. */
#define HM_SPAN_GRAINS_MAX 744

/* A row that was asked for during this step. */
typedef struct
{
  HmTime grain;
  const HmCounterLife *life;
  guint revision;
  HmBucket *bucket; /* NULL: the place is empty */
} HmStepRow;

/* A part of an interval that lies in one row. */
typedef struct
{
  HmBucket *bucket;
  gint64 ns;
} HmPiece;

typedef struct
{
  HmFoldState *state;
  const HmRecord *record;
  const HmFoldContext *context;
  const HmFoldSettings *settings;
  HmFoldOutput *output;
  HmCounterLife *life;        /* the record's */
  gint64 interval_ns;         /* that the record states, or the fallback */
  gint64 hold_ns;             /* how long a value of this record holds; a longer gap is an estimate */
  guint number;               /* that the output gave it; 0: none */
  HmFoldOpening opening;      /* of what is counted next */
  gboolean owns;              /* its agent says what state the resource is in, and its gauges count */
  const HmFoldPolicy *policy; /* (nullable) in force at the record's time */

  HmStepRow rows[HM_STEP_ROWS];
  guint next_row;
  HmTime from, to; /* what state->pieces are the parts of; HM_TIME_UNKNOWN: of nothing */
  const HmCounterLife *span_life;
} HmFoldStep;

/* The meter table's row for the series; NULL for a foreign meter. */
const HmMeter *hm_step_meter (const HmFoldStep *step, HmSeries *series);

/* Forgets rows and parts: after a new revision they may be others. */
void hm_step_reset (HmFoldStep *step);

/* Adds @amount, which came to be in [@from, @to), to the cells of the grains and revisions in it. */
gboolean hm_step_count (HmFoldStep *step, HmSeries *series, const HmSample *sample, HmTime from,
                        HmInt128 amount, guint32 flags);
/* Adds @value × the time in [@from, @to) of a gauge to the rows of the life that holds it. */
gboolean hm_step_integrate (HmFoldStep *step, HmSeries *series, HmInt128 value, HmTime from, HmTime to,
                            guint32 flags);
/* The sample's own traces in the row of its own time: count, range, latest, and what is to be said about it.
 */
gboolean hm_step_touch (HmFoldStep *step, HmSeries *series, const HmSample *sample, guint32 flags);
/* Only what is to be said about it: the sample itself is left out. */
gboolean hm_step_mark (HmFoldStep *step, const HmSample *sample, guint32 flags);
/* The traces of a gauge's reading that says nothing about what is counted: another agent owns the resource. */
gboolean hm_step_note (HmFoldStep *step, const HmSample *sample, guint32 flags);

/* A reading that is not counted, and why. */
typedef struct
{
  guint32 flag;
  HmTime base_time; /* HM_TIME_UNKNOWN: there is none */
  HmValue base;
  HmInt128 amount;
} HmHeld;

/* Tells that the sample is held out; what somebody decided about it. */
HmDecision hm_step_hold_out (HmFoldStep *step, const HmSample *sample, const HmHeld *held);

/* Fills in what @trace leaves open, and gives it to whoever asks for it; somebody must. */
void hm_step_trace (HmFoldStep *step, const HmSeries *series, const HmCounterLife *life, const char *epoch,
                    HmFoldTrace trace);
void hm_step_trace_uncounted (HmFoldStep *step, const HmBucket *row, const HmSample *sample, guint32 flags);

/* Whether @amount can have come to be since @from, where something was read within @read_ns. */
gboolean hm_step_is_possible (const HmFoldStep *step, const HmSeries *series, gint64 read_ns, HmTime from,
                              HmInt128 amount);

/* Whether the record's agent owns the resource from here on: step->owns. */
void hm_step_own (HmFoldStep *step);
/* Brings the time in the state that is in force to the record's time … */
gboolean hm_step_advance_state (HmFoldStep *step);
/* … and says how long what the record says of it is known. */
void hm_step_know_state (HmFoldStep *step);

/* That of the sample's life; NULL: it is new. */
const HmSegment *hm_step_segment (const HmFoldStep *step, const HmSeries *series, const HmSample *sample);
gboolean hm_step_cumulative (HmFoldStep *step, HmSeries *series, const HmSample *sample, guint32 *ret_flags);
static inline HmTime
hm_time_after (HmTime time, gint64 ns)
{
  HmTime end;

  return __builtin_add_overflow (time, ns, &end) ? G_MAXINT64 : end;
}

void hm_step_gauge (HmFoldStep *step, HmSeries *series, const HmSample *sample);
gboolean hm_step_delta (HmFoldStep *step, HmSeries *series, const HmSample *sample);

/* Brings all gauges to the record's time, as the records before let them hold. */
gboolean hm_step_advance (HmFoldStep *step);
/* Ends or renews gauges by what the record says about the resource. */
void hm_step_clip (HmFoldStep *step);

static inline const char *
hm_sample_epoch (const HmSample *sample)
{
  return sample->epoch != NULL ? sample->epoch : "";
}

G_END_DECLS
