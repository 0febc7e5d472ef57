/* SPDX-License-Identifier: Apache-2.0 */
/* health_private: what health.c and health_metrics.c share. */
#pragma once

#include "collector/health/health.h"

/* One look at everything. */
typedef struct
{
  HmPipelineCounts pipeline;
  HmSourceCounts source;
  GArray *partitions; /* (element-type HmSourcePartition) a reference */
  gint64
      stalled_ns; /* for how long the storing thread has begun nothing, though something waits for it; 0: not so */
  gint64 source_age_ns; /* since the source's thread has said something */
  guint64 lag;          /* records, of the partitions whose end is known */
  HmTime
      behind; /* the earliest append time of what was stored last in a partition that is behind; HM_TIME_UNKNOWN: none is */
  gboolean lag_grows;
  gint64 up_ns;
  gboolean has_others;
  HmHealthOthers others;
} HmSight;

void hm_health_look (HmHealth *health, gint64 now_ns, HmSight *ret_sight);
void hm_sight_clear (HmSight *sight);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmSight, hm_sight_clear)

const char *hm_health_topic (const HmHealth *health);
