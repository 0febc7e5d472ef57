/* SPDX-License-Identifier: Apache-2.0 */
/* redact: a description without what people gave or are called, and which stored ones are to lose it.
 *
 * What decides about usage stays: ids, owner, flavor, state, samples. Of the description the flavor and the
 * image stay; all else goes, known or not. Used by the engine, which erases, and by the command that counts what would be. */
#pragma once

#include "collector/stores/store.h"
#include "metering/codec.h"

G_BEGIN_DECLS

/* Which descriptions. */
typedef struct
{
  const char *source, *resource;
  const char *project, *user; /* (nullable) those that say so alone */
} HmRedactWish;

/* What is left of a record; it borrows from that and from the two below. */
typedef struct
{
  HmRecord record;
  HmAttr *description;
  HmSample *samples;
} HmRedacted;

void hm_redacted_init (HmRedacted *redacted, const HmRecord *record);
void hm_redacted_clear (HmRedacted *redacted);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmRedacted, hm_redacted_clear)

/* @record: what is stored of @row. Both are borrowed. @wanted: the wish is about it. FALSE: stop. */
typedef gboolean (*HmRedactVisit) (const HmRawRow *row, const HmRecord *record, gboolean wanted,
                                   gpointer user);

/* Visits each stored description of the resource whose bytes are still there, in the order of grains. HM_ERROR_DATA where one cannot be read. */
gboolean hm_redact_each (const HmStoreOps *ops, HmStore *store, HmDecoder *decoder, const HmRedactWish *wish,
                         HmRedactVisit visit, gpointer user, GError **error);

G_END_DECLS
