/* SPDX-License-Identifier: Apache-2.0 */
/* rollup: bucket rows of one resource added up over a day or month: per attribute revision and state, without counter lives. Pure. */
#pragma once

#include "collector/stores/store_rows.h"

G_BEGIN_DECLS

typedef struct
{
  HmTime start;
  GPtrArray *rows; /* (element-type HmBucket) */
} HmRollup;

HmRollup *hm_rollup_new (HmTime start);
void hm_rollup_free (HmRollup *rollup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmRollup, hm_rollup_free)

/* Adds a row of the same resource. A sum that has no room is left out, and its cell says overflow, as in the fold. Cells of one device and
 * meter are one, unless type or unit differ: then the unit stands for the epoch, and tells them apart. */
void hm_rollup_add (HmRollup *rollup, const HmBucket *bucket);

/* The start of the UTC month that holds @time, and of the next one. */
HmTime hm_rollup_month (HmTime time);
HmTime hm_rollup_next_month (HmTime time);

G_END_DECLS
