/* SPDX-License-Identifier: Apache-2.0 */
/* explain_private: what the files of an explanation's rows share. */
#pragma once

#include "cli/usage/explain_rows.h"
#include "cli/usage/quantity.h"
#include "cli/usage/segments.h"

G_BEGIN_DECLS

typedef struct
{
  HmReading *reading;
  const HmExplained *it;
  const HmShadowFolded *folded;
  HmOutput *output;
  HmTime from, to;  /* that is explained */
  GArray *segments; /* (element-type HmLifeSum) */
  guint64 records;  /* that there are */
} HmShowing;

/* One row; what is NULL is not there. */
typedef struct
{
  const char *part, *device, *agent, *life, *id, *topic, *offset, *partition, *verified;
  HmTime from, to;
  const char *first, *last;
  const HmFigure *figure; /* (nullable) quantity, covered time and their unit */
  const char *unit;       /* where there is no figure */
  guint32 flags;
} HmShowingRow;

void hm_showing_row (const HmShowing *showing, const HmShowingRow *row);
HmFigure hm_showing_figure (const HmShowing *showing, HmInt128 quantity, HmInt128 covered_ns);

/* FALSE of the time in a state, which is between records; it is read of nothing. */
gboolean hm_showing_has_readings (const HmShowing *showing);

/* Those that close an interval, as many as the limit says, each after the one that opened it where that was not shown. */
void hm_showing_records (HmShowing *showing);

G_END_DECLS
