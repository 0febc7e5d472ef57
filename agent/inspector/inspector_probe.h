/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_probe: the job that asks libvirtd for whose process somebody waits. No domain can hold it up. */
#pragma once

#include "agent/inspector/inspector_connection.h"
#include "agent/inspector/inspector_hung.h"

typedef struct
{
  HmJob job;
  GArray *probed; /* (element-type HmProbed) what came of each, in the order of @ids */
} HmProbe;

/* @ids: (element-type utf8) copied. Free with hm_job_unref (&probe->job). (transfer full) */
HmProbe *hm_probe_new (const GPtrArray *ids);
