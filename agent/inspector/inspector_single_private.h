/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_single_private: the job that reads one domain. */
#pragma once

#include "agent/inspector/inspector_decode.h"
#include "agent/inspector/inspector_read.h"
#include "agent/inspector/inspector_single.h"

typedef struct
{
  HmJob job;            /* its error is HM_ERROR_GONE when the domain is */
  HmInstance *instance; /* (nullable) */
  HmNewsQueue *queue;   /* (nullable) */
  gint has_returned;    /* atomic; then nothing of it is the lane's any more */
  HmFields fields;
  const char *root;
  const HmClock *clock;
  HmReading read;
} HmSingleJob;

/* @instance (nullable): nothing is read, but the lane is ready for it. @root: interned, as a call that hangs may need it longer than
 * whoever asked. @queue (nullable) is told when the lane is done with it. Free with hm_job_unref (&job->job). (transfer full) */
HmSingleJob *hm_single_job_new (HmInstance *instance, HmFields fields, const char *root, const HmClock *clock,
                                HmNewsQueue *queue);
