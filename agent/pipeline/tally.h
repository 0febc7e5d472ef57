/* SPDX-License-Identifier: Apache-2.0 */
/* tally: what one pollster has cost and said since the start. Kept by the pipeline for snapshot pollsters, by the readers for
 * reading ones. */
#pragma once

#include "metering/plugin.h"

G_BEGIN_DECLS

typedef struct
{
  const HmPlugin *plugin;
  guint64 calls;                        /* that came back */
  gint64 spent_ns;                      /* in them, by the monotonic clock */
  guint64 no_data, retry, gone, broken; /* what it said */
  guint64 late;                         /* times that it overran its time */
  guint64 skipped;     /* calls that were left out, because it still ran or had used up its time */
  guint64 quarantined; /* calls that were left out, because it was broken there */
  gboolean is_stuck;   /* a call has overrun and not come back yet */
} HmPluginTally;

/* Counts a call that came back. */
void hm_tally_call (HmPluginTally *tally, HmResult result, gint64 took_ns);

G_END_DECLS
