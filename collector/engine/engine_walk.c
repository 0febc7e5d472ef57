/* SPDX-License-Identifier: Apache-2.0 */
/* engine_walk: the stored records of a resource, from its edge on, some grains at a time.
 *
 * All that is read is taken in: a store from which rows are on their way would have to give up its connection, and rows of usage are loaded
 * while records are applied. Used by engine_refold.c and engine_place.c. */
#include "collector/engine/engine_private.h"

#include "metering/error.h"

/* As many stored records as that are read at a time, and what more there is of the last one's grain. */
#define CHUNK 200

HmDecoded *
hm_folding_decode (HmFolding *folding, const HmRawRow *row)
{
  g_autofree char *detail = NULL;
  gboolean whole = row->value != NULL, left = row->redacted != NULL;
  const char *bytes = whole ? row->value : left ? row->redacted : "";
  gsize length = whole ? row->length : left ? row->redacted_length : 0;
  HmRefusal refusal;
  HmDecoded *decoded = hm_decoder_decode (folding->engine->decoder, bytes, length, &refusal, &detail);

  if (decoded == NULL)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_DATA,
                 "%s cannot be folded again: its stored record %" G_GUINT64_FORMAT
                 " of agent %s cannot be read: %s",
                 row->resource, row->seq, row->agent, detail);
  return decoded;
}

static void
clear_stored (gpointer stored)
{
  hm_decoded_free (((HmStored *)stored)->decoded);
}

static int
compare_stored (gconstpointer a, gconstpointer b)
{
  const HmStored *left = a, *right = b;

  return hm_record_compare (&left->decoded->record, &right->decoded->record);
}

/* What is older than the edge the checkpoint stands for, or it was not counted. Of a description that
 * was erased the names are gone alone; where nothing is left of it nobody knows what it said. */
static gboolean
read_row (const HmRawRow *row, gpointer user)
{
  HmWalk *walk = user;
  HmFolding *folding = walk->folding;
  HmEntry *entry = folding->entry;
  HmStored stored = { .appended = row->appended, .grain = row->grain };

  walk->rows++;
  walk->grain = row->grain;
  if (hm_entry_is_beyond (entry, row->time) || !walk->wants (walk, row)
      || (folding->row != NULL && !folding->row (folding, row)))
    return TRUE;
  entry->reached = MAX (entry->reached, row->appended);
  hm_entry_see (entry, row->time, row->appended);
  if (row->description && row->value == NULL && row->redacted == NULL)
    {
      entry->erased++;
      return TRUE;
    }
  stored.decoded = hm_folding_decode (folding, row);
  if (stored.decoded == NULL)
    return FALSE;
  g_array_append_val (walk->stored, stored);
  return TRUE;
}

static gboolean
read_all (HmWalk *walk)
{
  HmFolding *folding = walk->folding;
  const HmEntry *entry = folding->entry;
  HmEngine *engine = folding->engine;
  HmTime from = entry->edge;

  do
    {
      walk->rows = 0;
      if (!engine->ops->raw_load (engine->store, entry->source, entry->resource, from, CHUNK, read_row, walk,
                                  &folding->error)
          || folding->error != NULL)
        return FALSE;
      g_array_sort (walk->stored, compare_stored);
      if (!walk->take (walk))
        return FALSE;
      g_array_set_size (walk->stored, 0);
      from = walk->grain + 1;
    }
  while (walk->rows >= CHUNK && !walk->over);
  return TRUE;
}

gboolean
hm_walk (HmWalk *walk)
{
  g_autoptr (GArray) stored = g_array_new (FALSE, FALSE, sizeof (HmStored));

  g_array_set_clear_func (stored, clear_stored);
  walk->stored = stored;
  walk->over = FALSE;
  walk->folding->entry->erased = 0;
  return read_all (walk);
}
