/* SPDX-License-Identifier: Apache-2.0 */
/* explain_rows: the rows of an explanation. */
#pragma once

#include "cli/command.h"
#include "collector/bill/shadow.h"

G_BEGIN_DECLS

/* What is explained. */
typedef struct
{
  char *source, *resource, *meter; /* NULL: nothing was found */
  char *device;                    /* (nullable) of that alone */
  HmTime until;                    /* of what was appended by then; HM_TIME_UNKNOWN: of all */
  HmMeterType type;
  char *unit;
  HmInt128 quantity, covered_ns;
  guint32 flags;
} HmExplained;

/* Writes all of it; rows of records as many as the reading's limit says. */
gboolean hm_explain_show (HmReading *reading, const HmExplained *explained, const HmShadowFolded *folded,
                          GError **error);

G_END_DECLS
