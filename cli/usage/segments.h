/* SPDX-License-Identifier: Apache-2.0 */
/* segments: intervals of a shadow, by counter life. Pure. */
#pragma once

#include "collector/bill/shadow.h"

G_BEGIN_DECLS

/* One counter life of one device. */
typedef struct
{
  const HmShadowInterval *first, *last;
  HmInt128 quantity, covered_ns;
  guint32 flags;
  guint intervals;
} HmLifeSum;

/* In the order of their first intervals; they borrow from @intervals (element-type HmShadowInterval). (transfer full) (element-type HmLifeSum) */
GArray *hm_segments_new (const GPtrArray *intervals);

/* Time of one device in a row. */
typedef struct
{
  const char *device;
  HmTime from, to;
} HmSpan;

/* What @intervals cover, by device and time. They are borrowed from. (transfer full) (element-type HmSpan) */
GArray *hm_spans_new (const GPtrArray *intervals);

/* Of which records it was shown what they close, and open. (transfer full) */
GHashTable *hm_shown_new (void);
/* Whether what opened @interval was not shown yet of its device. Notes it, and the record that closes it. */
gboolean hm_shown_opening (GHashTable *shown, const HmShadowInterval *interval);

G_END_DECLS
