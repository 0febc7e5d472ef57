/* SPDX-License-Identifier: Apache-2.0 */
/* split: a record that is larger than the bus takes, as several that are not.
 *
 * The stamper (stamp.c) calls it for every record that enters the outbox, under the outbox's lock. The parts have all of the record's frame (its
 * time, read_ns and interval too), each a number of its own, and together exactly its samples, in their order. A lifecycle record's values go
 * before it as samples records; the event, and all that belongs to it, stands in the last part alone. */
#pragma once

#include "metering/codec.h"

G_BEGIN_DECLS

/* What becomes of it, in order. */
typedef struct
{
  /* @part is made, its number is in it. @value: (transfer full) its bytes. */
  void (*part) (const HmRecord *part, GBytes *value, gpointer user);
  /* @part has one sample, and would be @bytes: it is left out and takes no number. */
  void (*refused) (const HmRecord *part, gsize bytes, gpointer user);
  gpointer user;
} HmSplitter;

/* @number: the last one that the record's resource has, raised by what is made. HM_ERROR_DATA: the record cannot be encoded, or is
 * larger than @max_bytes without any sample; @number is then as it was, and what was made is to be forgotten. */
gboolean hm_split (HmEncoder *encoder, const HmRecord *record, gsize max_bytes, guint64 *number,
                   const HmSplitter *splitter, GError **error);

/* "sample cpu of vcpu:0 of 4f0c6a52", of a part with one sample; long names are cut. (transfer full) */
char *hm_split_name (const HmRecord *part);

G_END_DECLS
