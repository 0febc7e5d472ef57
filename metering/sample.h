/* SPDX-License-Identifier: Apache-2.0 */
/* sample: one value of one meter. All text is borrowed from whoever holds the sample: a sink on its way
 * out of a pollster, a record at the collector. */
#pragma once

#include "metering/clock.h"
#include "metering/meter.h"
#include "metering/resource.h"

G_BEGIN_DECLS

typedef struct
{
  const char *meter;
  HmMeterType type;
  const char *unit;
  const char *device; /* (nullable) "disk:vda" */
  HmValue value;
  const char *epoch;   /* (nullable) the device's own counter life; NULL: the resource's */
  HmTime epoch_start;  /* HM_TIME_UNKNOWN */
  HmTime start;        /* of a delta; else HM_TIME_UNKNOWN */
  const HmAttr *attrs; /* (nullable) */
  guint n_attrs;
} HmSample;

G_END_DECLS
