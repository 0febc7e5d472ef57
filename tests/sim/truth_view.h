/* SPDX-License-Identifier: Apache-2.0 */
/* truth_view: what the files of truth share: the delivered records in order, and what each of them says. */
#pragma once

#include "tests/sim/truth.h"

G_BEGIN_DECLS

/* What the records up to one say of the resource. */
typedef struct
{
  const char *project, *flavor;
  HmState state;
} Said;

/* A reading of the series that is being looked at, which was taken. */
typedef struct
{
  guint at; /* its record's place in the order */
  const HmSample *sample;
  gboolean held_out, counted;
  gboolean none; /* held out, and of a life of which nothing else is known */
} Point;

typedef struct
{
  const SimHistory *history;
  SimRecord *ordered[SIM_RECORDS];
  guint n;
  Said said[SIM_RECORDS];
  gboolean owns[SIM_RECORDS];    /* its agent has the say */
  guint handed[SIM_RECORDS];     /* the record to whose agent it leaves the say; itself: to none */
  gboolean changed[SIM_RECORDS]; /* from the record before */
  gint64 grain;
  SimTruth *truth;

  SimSeries series;
  Point points[SIM_RECORDS];
  guint n_points;
} View;

static inline const HmRecord *
record_at (const View *view, guint i)
{
  return &view->ordered[i]->placed;
}

static inline HmTime
time_at (const View *view, guint i)
{
  return view->ordered[i]->placed.time;
}

static inline gint64
interval_of (const HmRecord *record)
{
  return record->interval_ns > 0 ? record->interval_ns : SIM_MINUTE;
}

static inline gint64
hold_of (const HmRecord *record)
{
  return 3 * interval_of (record);
}

static inline gboolean
is_gone (HmState state)
{
  return state == HM_STATE_UNDEFINED || state == HM_STATE_LOST;
}

/* truth_owner.c: whose it is and in what state after each record of @view. */
void sim_view_listen (View *view);

G_END_DECLS
