/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_files: what is in the outbox of an agent that does not run, by its files (docs/outbox.md). */
#pragma once

#include "metering/journal.h"

G_BEGIN_DECLS

typedef struct
{
  guint segments;
  guint64 bytes, records;
  guint64 first, last; /* numbers that can be read; 0: none */
} HmLaneFiles;

typedef struct
{
  HmLaneFiles lanes[HM_LANES];
  HmTime oldest, newest; /* HM_TIME_UNKNOWN: there is no record */
  guint64 damaged;       /* bytes that are no record */
} HmOutboxFiles;

/* Reads every segment in @folder. @from: (element-type guint64 [HM_LANES]) @ret_counts gets, for each of its @n, how many records there are
 * from these numbers on. HM_ERROR_PERMISSION, HM_ERROR_TEMPORARY. */
gboolean hm_outbox_files_read (const char *folder, guint64 (*from)[HM_LANES], guint n,
                               HmOutboxFiles *ret_files, guint64 *ret_counts, GError **error);

G_END_DECLS
