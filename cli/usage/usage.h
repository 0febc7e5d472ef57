/* SPDX-License-Identifier: Apache-2.0 */
/* usage: what the two halves of `hypermeter usage` share: usage.c, which reads the options and the store, and usage_show.c. */
#pragma once

#include "cli/command.h"
#include "cli/names.h"
#include "cli/usage/quantity.h"

G_BEGIN_DECLS

typedef struct
{
  HmReading reading;
  char *by, *meter, *unit;
  char *as_of, *device; /* (nullable) */
  gboolean explain, range;
  gint64 decimals; /* AS_FORM: as the form wants it */
  gint64 top;      /* 0: all */
  gboolean ids;

  guint32 columns; /* a bit per HmBy */
  HmQuantityStyle style;
  HmGroups *groups;
  HmNames *names;
  GError *failed;
} HmUsage;

gboolean hm_usage_is_table (const HmUsage *usage);

/* Writes all figures that were read. HM_ERROR_USAGE, and no answer at all, where one has no such unit as was asked for. */
gboolean hm_usage_show (HmUsage *usage, GError **error);

G_END_DECLS
