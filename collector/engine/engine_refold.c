/* SPDX-License-Identifier: Apache-2.0 */
/* engine_refold: a resource folded again from its stored records.
 *
 * They are read from the store some grains at a time (engine_walk.c), with the new ones among them. Where some are placed elsewhere than where
 * they are stored, engine_place.c goes on. It begins with the checkpoint, where there is
 * one: rows of the edge's grain and later ones are made anew, older ones are put back to what they were at the edge where
 * the checkpoint says so, and are right as they are where it does not. Called by engine_fold.c for a record that came late,
 * and by engine_prune.c for the next checkpoint. */
#include "collector/engine/engine_private.h"

#include "collector/usage/fold_state.h"
#include "metering/error.h"

#include <string.h>

typedef struct
{
  HmTime *until;      /* (nullable) */
  gboolean begun;     /* the first record was seen */
  guint next;         /* of the entry's new records */
  gboolean surprised; /* a record is placed elsewhere than where it says */
} Plain;

/* -- the checkpoint -- */

static gboolean
read_checkpoint (const HmResourceRow *row, gpointer user)
{
  HmFolding *folding = user;
  HmEntry *entry = folding->entry;

  if (row->version != entry->version || row->edge != entry->edge)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "resource %s is no longer at version %" G_GUINT64_FORMAT, row->resource, entry->version);
  else if (row->checkpoint == NULL)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_DATA, "resource %s has an edge and no checkpoint",
                 row->resource);
  else
    entry->checkpoint = hm_checkpoint_from_json (row->checkpoint, row->checkpoint_length, &folding->error);
  return FALSE;
}

gboolean
hm_folding_load_checkpoint (HmFolding *folding)
{
  HmEntry *entry = folding->entry;
  HmEngine *engine = folding->engine;

  if (entry->checkpoint != NULL)
    return TRUE;
  if (!engine->ops->resource_load (engine->store, entry->source, entry->resource, read_checkpoint, folding,
                                   &folding->error))
    return FALSE;
  if (entry->checkpoint == NULL && folding->error == NULL)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_TEMPORARY, "resource %s is not stored any more",
                 entry->resource);
  return entry->checkpoint != NULL;
}

/* -- rows before the edge -- */

static HmTime
earliest (const HmEntry *entry)
{
  HmTime from = entry->edge;

  for (guint i = 0; i < entry->checkpoint->rows->len; i++)
    from = MIN (from, ((const HmBucket *)g_ptr_array_index (entry->checkpoint->rows, i))->grain);
  return from;
}

static void
put_back_row (HmEntry *entry, const HmBucket *was)
{
  HmBucket *row;

  hm_entry_drop_bucket (entry, was);
  if (was->cells->len == 0)
    return;
  row = hm_bucket_copy (was);
  g_free (row->source); /* one that was read has no names */
  g_free (row->resource);
  row->source = g_strdup (entry->source);
  row->resource = g_strdup (entry->resource);
  hm_entry_add_bucket (entry, row)->changed = TRUE;
}

/* All rows from the earliest of these on are removed from the store, so all of them are written again. */
static gboolean
put_back (HmFolding *folding)
{
  HmEntry *entry = folding->entry;
  const GPtrArray *rows = entry->checkpoint->rows;

  entry->refolded_from = earliest (entry);
  for (HmTime grain = entry->refolded_from; grain < entry->edge; grain += folding->engine->settings.grain_ns)
    if (!hm_folding_load_grain (folding, grain))
      return FALSE;
  for (guint i = 0; i < entry->buckets->len; i++)
    g_array_index (entry->buckets, HmEntryBucket, i).changed = TRUE;
  for (guint i = 0; i < rows->len; i++)
    put_back_row (entry, g_ptr_array_index (rows, i));
  return TRUE;
}

/* (transfer full) The state at the edge. */
static HmFoldState *
state_at_edge (HmFolding *folding)
{
  const HmEntry *entry = folding->entry;

  if (!hm_folding_load_checkpoint (folding))
    return NULL;
  return hm_fold_state_from_json (entry->checkpoint->fold, strlen (entry->checkpoint->fold), &folding->error);
}

gboolean
hm_engine_held_from (HmEngine *engine, HmEntry *entry, HmTime *ret_from, GError **error)
{
  HmFolding folding = hm_folding (engine, entry);
  g_autoptr (HmFoldState) fold = NULL;

  if (entry->edge == 0)
    {
      *ret_from = HM_TIME_UNKNOWN;
      return TRUE;
    }
  fold = state_at_edge (&folding);
  if (fold == NULL)
    {
      g_propagate_error (error, folding.error);
      return FALSE;
    }
  *ret_from = hm_checkpoint_held_from (entry->edge, fold);
  g_clear_pointer (&entry->checkpoint, hm_checkpoint_free);
  return TRUE;
}

static gboolean
go_back (HmFolding *folding)
{
  HmEntry *entry = folding->entry;
  HmFoldState *fold;

  folding->again = TRUE;
  entry->refolded = TRUE;
  entry->refolded_from = entry->held_from = HM_TIME_UNKNOWN;
  if (entry->edge == 0)
    {
      hm_entry_reset (entry);
      return TRUE;
    }
  fold = state_at_edge (folding);
  if (fold == NULL)
    return FALSE;
  hm_entry_go_back (entry, fold);
  entry->held_from = hm_checkpoint_held_from (entry->edge, fold);
  return put_back (folding);
}

/* -- records, where each stands at its own time -- */

/* FALSE without an error: they do not. */
static gboolean
apply_plainly (HmFolding *folding, Plain *plain, const HmRecord *record, HmTime appended)
{
  HmFoldState *state = folding->entry->fold;
  const HmClockReading reading = hm_clock_reading (record, appended);
  HmPlace place;

  plain->surprised = !hm_clocks_is_next (state->clocks, &reading, folding->entry->reached)
                     || !hm_fold_in_order (state, record);
  if (plain->surprised)
    return FALSE;
  place = hm_clocks_place (state->clocks, &reading, folding->entry->reached);
  if (!reading.takes_part && place.parked)
    return TRUE;
  plain->surprised = place.flags != 0;
  return !plain->surprised && hm_folding_apply (folding, record, appended, &place);
}

/* Applies the new records that come before @record (NULL: all). */
static gboolean
apply_new_before (HmFolding *folding, Plain *plain, const HmRecord *record)
{
  const GPtrArray *taken = folding->entry->taken;

  for (; plain->next < taken->len; plain->next++)
    {
      const HmArrival *arrival = g_ptr_array_index (taken, plain->next);
      const HmRecord *fresh = &arrival->decoded->record;

      if (record != NULL && hm_record_compare (fresh, record) > 0)
        return TRUE;
      if (!hm_entry_is_beyond (folding->entry, fresh->time)
          && !apply_plainly (folding, plain, fresh, arrival->appended))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_plainly (HmWalk *walk)
{
  for (guint i = 0; i < walk->stored->len; i++)
    {
      const HmStored *stored = &g_array_index (walk->stored, HmStored, i);
      const HmRecord *record = &stored->decoded->record;

      if (!apply_new_before (walk->folding, walk->user, record)
          || !apply_plainly (walk->folding, walk->user, record, stored->appended))
        return FALSE;
    }
  return TRUE;
}

/* However much there is, one turn is about a day of it. */
static gboolean
wants_before (HmWalk *walk, const HmRawRow *row)
{
  Plain *plain = walk->user;

  if (plain->until == NULL)
    return TRUE;
  if (!plain->begun && *plain->until - row->grain > HM_DAY_NS)
    *plain->until = row->grain + HM_DAY_NS;
  plain->begun = TRUE;
  walk->over = row->grain >= *plain->until;
  return !walk->over;
}

static gboolean
again_plainly (HmFolding *folding, Plain *plain)
{
  HmWalk walk = { .folding = folding, .wants = wants_before, .take = take_plainly, .user = plain };

  return go_back (folding) && hm_walk (&walk) && apply_new_before (folding, plain, NULL);
}

/* Nearly always each record stands where it says, and then one walk does. */
gboolean
hm_folding_again (HmFolding *folding, HmTime *until)
{
  HmTime moved = folding->entry->fold->clocks->moved, end = until != NULL ? *until : HM_TIME_UNKNOWN;
  Plain plain = { .until = until != NULL ? &end : NULL };
  gboolean careful = folding->careful || (moved != HM_TIME_UNKNOWN && moved >= folding->entry->edge);

  if (!careful && !again_plainly (folding, &plain) && !plain.surprised)
    return FALSE;
  if (careful || plain.surprised)
    return go_back (folding) && hm_folding_again_placed (folding, until);
  if (until != NULL)
    *until = end;
  return TRUE;
}
