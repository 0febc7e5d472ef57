/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_compare: what differs between what is stored and what comes out when it is made again. Pure. */
#pragma once

#include "collector/stores/store_rows.h"

G_BEGIN_DECLS

/* One difference. Text is borrowed and ends with the call. */
typedef struct
{
  const char *what; /* "cell", "day", "month", "held", "state", "evidence" */
  HmTime start;     /* of the grain, day or month; of a held reading its time; HM_TIME_UNKNOWN: of none */
  const char *device, *meter; /* (nullable) */
  const char *figure;         /* which of its figures: "quantity", "covered_ns", "flags", … */
  const char *stored, *made;  /* (nullable) as text; NULL: it is not there */
} HmDifference;

typedef void (*HmDifferenceVisit) (const HmDifference *difference, gpointer user);

/* Both (element-type HmBucket), of one resource, in any order: every figure of every cell. */
void hm_shadow_compare_cells (const GPtrArray *stored, const GPtrArray *made, HmDifferenceVisit visit,
                              gpointer user);

/* Both (element-type HmBucket), of one resource, in any order, added up per day or month of UTC as rollups are. @stored: as
 * list_usage() gives it. */
void hm_shadow_compare_sums (const GPtrArray *stored, const GPtrArray *made, HmUsageStep step,
                             HmDifferenceVisit visit, gpointer user);

/* Both (element-type HmHeldRow), of one resource. */
void hm_shadow_compare_held (const GPtrArray *stored, const GPtrArray *made, HmDifferenceVisit visit,
                             gpointer user);

G_END_DECLS
