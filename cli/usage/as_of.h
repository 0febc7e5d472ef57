/* SPDX-License-Identifier: Apache-2.0 */
/* as_of: usage as it was known at a moment. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

typedef struct
{
  const HmStoreFilter *filter;
  HmTime until;
  guint32 columns; /* a bit per HmBy (cli/usage/group.h) that the rows have to tell apart */
  gboolean ranges; /* least, greatest and latest values are wanted as well */
} HmAsOf;

/* A moment as people write it, or "statement:3": that at which statement 3 was made. HM_ERROR_USAGE. */
gboolean hm_as_of_parse (const HmReading *reading, const char *text, HmTime *ret_until, GError **error);

/* Visits rows that add up to what list_buckets() would have given at that moment: where it is the one of a statement about the time that is asked for, what the
 * statements of it said; else made of the records that were appended by then, by folding each resource again. HM_ERROR_USAGE, with the reason, where that cannot be
 * known any more. */
gboolean hm_as_of_read (HmReading *reading, const HmAsOf *as_of, HmBucketVisit visit, gpointer user,
                        GError **error);

/* The first half of it (as_of_stated.c). *@ret_why (transfer full) (nullable): why no statement tells it; nothing was visited. */
gboolean hm_as_of_tell (const HmReading *reading, const HmAsOf *as_of, HmBucketVisit visit, gpointer user,
                        char **ret_why, GError **error);

G_END_DECLS
