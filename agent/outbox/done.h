/* SPDX-License-Identifier: Apache-2.0 */
/* done: which numbers of a lane are settled: all below the first that is not, and ranges above it. A plain value under its owner's
 * lock; its size is the number of holes, not that of what is done. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 next;  /* the first that is not done */
  GArray *above; /* (element-type HmDoneRange) beyond it: in order, none touches another */
} HmDone;

typedef struct
{
  guint64 first, end; /* [first, end) */
} HmDoneRange;

void hm_done_init (HmDone *done, guint64 next);
void hm_done_clear (HmDone *done);

/* [@first, @end) is done. */
void hm_done_add (HmDone *done, guint64 first, guint64 end);
/* What @other has not of [@first, @end) is done. */
void hm_done_add_gaps (HmDone *done, const HmDone *other, guint64 first, guint64 end);
/* How many of [@first, @end) are. */
guint64 hm_done_count (const HmDone *done, guint64 first, guint64 end);
HmDone hm_done_copy (const HmDone *done);
gboolean hm_done_has (const HmDone *done, guint64 number);

/* The first stretch within [@from, @end) that is not done. FALSE: all of it is. */
gboolean hm_done_find_gap (const HmDone *done, guint64 from, guint64 end, HmDoneRange *ret_gap);

/* Nothing from @next on is done any more. */
void hm_done_take_back (HmDone *done, guint64 next);

G_END_DECLS
