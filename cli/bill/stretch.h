/* SPDX-License-Identifier: Apache-2.0 */
/* stretch: where one resource was not metered although it was there, from how much of each step was. Pure. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

/* Time that was not metered. It lies in [from, to); where it is all of that, `missing_ns` is its length. Within one step of which only a part was metered nobody
 * knows where it was: then it is shorter. */
typedef struct
{
  HmTime from, to;
  gint64 missing_ns;
} HmStretch;

/* One resource, step after step. */
typedef struct
{
  HmTime from, to;              /* when it was there */
  HmTime first_seen, last_seen; /* HM_TIME_UNKNOWN: never */
  HmStretch open;               /* that goes up to the end of the step before; `missing_ns` 0: none does */
} HmStretches;

typedef void (*HmStretchVisit) (const HmStretch *stretch, gpointer user);

/* The next step is [@start, @end), and @covered_ns of it were metered. Visits what is known to have ended. */
void hm_stretches_step (HmStretches *stretches, HmTime start, HmTime end, gint64 covered_ns,
                        HmStretchVisit visit, gpointer user);
/* After the last step. */
void hm_stretches_end (HmStretches *stretches, HmStretchVisit visit, gpointer user);

G_END_DECLS
