/* SPDX-License-Identifier: Apache-2.0 */
/* engine_unroll: moves a resource's `rolled` back to the first day whose rollups are not right any more.
 *
 * Rollups are made of bucket rows, evidence of raw rows. Where rows were changed one by one, or raw rows come to a day, that is plain. Where a
 * resource was folded again all its rows are made anew, though most are what they were: they are compared with those that
 * are stored still, so that one late record does not undo a month. Called by engine_fold.c, before the transaction. */
#include "collector/engine/engine_private.h"

#include "collector/usage/fold_state.h"

typedef struct
{
  HmEntry *entry;
  HmTime first; /* grain of the first that differs */
} Comparing;

static gboolean
same_cells (const HmBucket *a, const HmBucket *b)
{
  g_autofree char *left = hm_bucket_cells_to_json (a, NULL), *right = hm_bucket_cells_to_json (b, NULL);

  return g_str_equal (left, right);
}

static gboolean
compare_row (const HmBucket *stored, gpointer user)
{
  Comparing *comparing = user;
  HmEntryBucket *made;

  if (stored->grain >= comparing->first)
    return TRUE;
  made = hm_entry_find_bucket (comparing->entry, stored->grain, stored->agent, stored->epoch, stored->project,
                               stored->user, stored->flavor, stored->state);
  if (made != NULL && same_cells (made->bucket, stored))
    made->same = TRUE;
  else
    comparing->first = stored->grain;
  return TRUE;
}

/* The first row that is not what it was. */
static gboolean
compare_refolded (HmFolding *folding, HmTime *ret_first)
{
  HmEntry *entry = folding->entry;
  const HmStoreFilter filter = {
    .from = entry->refolded_from, .to = entry->rolled, .source = entry->source, .resource = entry->resource
  };
  Comparing comparing = { entry, entry->rolled };

  if (!folding->engine->ops->list_buckets (folding->engine->store, &filter, compare_row, &comparing,
                                           &folding->error))
    return FALSE;
  *ret_first = comparing.first;
  return TRUE;
}

static void
look_at_rows (const HmEntry *entry, HmTime *first)
{
  for (guint i = 0; i < entry->buckets->len; i++)
    {
      const HmEntryBucket *at = &g_array_index (entry->buckets, HmEntryBucket, i);

      if (at->bucket->grain >= *first)
        return;
      if (at->changed && !at->same)
        *first = at->bucket->grain;
    }
}

static void
look_at_raw_rows (const HmEntry *entry, HmTime *first)
{
  for (guint i = 0; i < entry->taken->len; i++)
    {
      const HmArrival *arrival = g_ptr_array_index (entry->taken, i);

      *first = MIN (*first, hm_entry_kept_at (entry, arrival->decoded->record.time, arrival->appended));
    }
}

gboolean
hm_folding_unroll (HmFolding *folding)
{
  HmEntry *entry = folding->entry;
  HmTime first = entry->rolled;

  if (entry->rolled == 0)
    return TRUE;
  if (entry->refolded && !compare_refolded (folding, &first))
    return FALSE;
  look_at_rows (entry, &first);
  look_at_raw_rows (entry, &first);
  entry->rolled = first - first % HM_DAY_NS;
  return TRUE;
}
