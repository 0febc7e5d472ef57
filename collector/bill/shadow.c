/* SPDX-License-Identifier: Apache-2.0 */
/* shadow: the engine's folding, on a resource that is thrown away afterwards. What is read from the store in several steps is of one version
 * of the resource's row, which each change of it raises: where it was raised meanwhile, all is read again. */
#include "collector/bill/shadow_private.h"

#include "collector/usage/fold_state.h"
#include "metering/error.h"

#include <string.h>

HmShadow *
hm_shadow_beside (HmEngine *engine)
{
  HmShadow *shadow = g_new0 (HmShadow, 1);

  shadow->engine = engine;
  shadow->cache = hm_entry_cache_new (engine->ops, engine->store, 0);
  return shadow;
}

HmShadow *
hm_shadow_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters,
               const HmEngineSettings *settings, GError **error)
{
  HmEngine *engine = hm_engine_new (ops, store, meters, settings, error);
  HmShadow *shadow;

  if (engine == NULL)
    return NULL;
  shadow = hm_shadow_beside (engine);
  shadow->owned = engine;
  return shadow;
}

void
hm_shadow_free (HmShadow *shadow)
{
  if (shadow == NULL)
    return;
  hm_entry_cache_free (shadow->cache);
  hm_engine_free (shadow->owned);
  g_free (shadow);
}

/* -- what comes out -- */

static void
free_bucket (gpointer bucket)
{
  hm_bucket_free (bucket);
}

static HmShadowFolded *
new_folded (void)
{
  HmShadowFolded *folded = g_new0 (HmShadowFolded, 1);

  folded->buckets = g_ptr_array_new_with_free_func (free_bucket);
  folded->stored = g_ptr_array_new_with_free_func (free_bucket);
  folded->held = g_ptr_array_new_with_free_func (g_free);
  folded->stored_held = g_ptr_array_new_with_free_func (g_free);
  folded->intervals = g_ptr_array_new_with_free_func (g_free);
  folded->others = g_ptr_array_new_with_free_func (g_free);
  folded->numbered = g_ptr_array_new ();
  folded->known = hm_shadow_records_new ();
  folded->texts = g_string_chunk_new (1024);
  return folded;
}

void
hm_shadow_folded_free (HmShadowFolded *folded)
{
  if (folded == NULL)
    return;
  g_ptr_array_unref (folded->buckets);
  g_ptr_array_unref (folded->stored);
  g_ptr_array_unref (folded->held);
  g_ptr_array_unref (folded->stored_held);
  g_ptr_array_unref (folded->intervals);
  g_ptr_array_unref (folded->others);
  g_ptr_array_unref (folded->numbered);
  g_hash_table_unref (folded->known);
  g_string_chunk_free (folded->texts);
  g_free (folded->fold);
  g_free (folded->stored_fold);
  g_free (folded);
}

static HmHeldRow *
copy_held (HmShadowFolded *folded, const HmHeldRow *row)
{
  HmHeldRow *copy = g_memdup2 (row, sizeof *row);

  copy->source = copy->resource = NULL;
  copy->agent = hm_shadow_keep (folded, row->agent);
  copy->epoch = hm_shadow_keep (folded, row->epoch);
  copy->device = hm_shadow_keep (folded, row->device);
  copy->meter = hm_shadow_keep (folded, row->meter);
  copy->sample_epoch = hm_shadow_keep (folded, row->sample_epoch);
  copy->unit = hm_shadow_keep (folded, row->unit);
  return copy;
}

/* -- the records behind it -- */

static gboolean
take_row (HmFolding *folding, const HmRawRow *row)
{
  HmShadowing *shadowing = (HmShadowing *)(gpointer)folding;
  HmTime until = shadowing->wish->until;

  if (until != HM_TIME_UNKNOWN && row->appended > until)
    return FALSE;
  hm_shadow_note_record (shadowing->folded, row);
  return TRUE;
}

/* -- what is stored -- */

static gboolean
keep_bucket (const HmBucket *row, gpointer user)
{
  HmShadowFolded *folded = user;

  g_ptr_array_add (folded->stored, hm_bucket_copy (row));
  return TRUE;
}

static gboolean
keep_held (const HmHeldRow *row, gpointer user)
{
  HmShadowFolded *folded = user;

  g_ptr_array_add (folded->stored_held, copy_held (folded, row));
  return TRUE;
}

static gboolean
read_stored (HmShadowing *shadowing, GError **error)
{
  const HmEngine *engine = shadowing->folding.engine;
  const HmEntry *entry = shadowing->folding.entry;
  HmStoreFilter filter = { .from = shadowing->folded->from,
                           .to = HM_TIME_UNKNOWN,
                           .source = entry->source,
                           .resource = entry->resource };

  if (!engine->ops->list_buckets (engine->store, &filter, keep_bucket, shadowing->folded, error))
    return FALSE;
  filter.from = entry->held_from; /* older ones are not found again */
  return engine->ops->list_held == NULL
         || engine->ops->list_held (engine->store, &filter, keep_held, shadowing->folded, error);
}

/* -- one attempt -- */

static void
take_rows (HmShadowFolded *folded, const HmEntry *entry)
{
  for (guint i = 0; i < entry->buckets->len; i++)
    {
      const HmBucket *row = g_array_index (entry->buckets, HmEntryBucket, i).bucket;

      if (folded->from == HM_TIME_UNKNOWN || row->grain >= folded->from)
        g_ptr_array_add (folded->buckets, hm_bucket_copy (row));
    }
  for (guint i = 0; i < entry->held->len; i++)
    g_ptr_array_add (folded->held, copy_held (folded, &g_array_index (entry->held, HmHeldRow, i)));
  folded->fold = hm_fold_state_to_json (entry->fold, NULL);
}

/* How far the resource was appended then decides which records had come back from the future; what the checkpoint stands for is the least. */
static gboolean
go_to (HmFolding *folding, HmTime until)
{
  HmEntry *entry = folding->entry;

  if (until == HM_TIME_UNKNOWN)
    return TRUE;
  if (entry->edge != 0 && !hm_folding_load_checkpoint (folding))
    return FALSE;
  entry->reached = entry->checkpoint != NULL ? entry->checkpoint->reached : 0;
  return TRUE;
}

/* The quick way finds out in the middle that it does not do, and begins anew: intervals would be told twice, and how far the resource was
 * appended is not known before the end. */
static gboolean
fold_again (HmShadowing *shadowing, GError **error)
{
  HmFolding *folding = &shadowing->folding;

  folding->careful = shadowing->wish->intervals || shadowing->wish->until != HM_TIME_UNKNOWN;
  if (hm_folding_load_decisions (folding) && go_to (folding, shadowing->wish->until)
      && hm_folding_again (folding, NULL) && folding->error == NULL)
    {
      hm_clocks_trim (folding->entry->fold->clocks);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&folding->error));
  return FALSE;
}

/* What was folded before the edge is there as a whole alone. */
static gboolean
check_known (const HmShadowing *shadowing, GError **error)
{
  const HmEntry *entry = shadowing->folding.entry;
  HmTime until = shadowing->wish->until;
  char text[HM_TIME_TEXT_MAX];

  if (until == HM_TIME_UNKNOWN || entry->checkpoint == NULL || entry->checkpoint->reached <= until)
    return TRUE;
  hm_time_print (entry->edge, text);
  g_set_error (
      error, HM_ERROR, HM_ERROR_USAGE,
      "resource %s cannot be told as of then: its records of before %s are gone, and some of them were "
      "received, or decided about, later than that",
      entry->resource, text);
  return FALSE;
}

static gboolean
note_version (const HmResourceRow *row, gpointer version)
{
  *(guint64 *)version = row->version;
  return FALSE;
}

gboolean
hm_shadow_check_version (HmShadow *shadow, const char *source, const char *resource,
                         const HmShadowFolded *folded, GError **error)
{
  const HmEngine *engine = shadow->engine;
  guint64 version = 0;

  if (!engine->ops->resource_load (engine->store, source, resource, note_version, &version, error))
    return FALSE;
  if (version == folded->version)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "resource %s changes all the time", resource);
  return FALSE;
}

static gboolean
shadow_entry (HmShadowing *shadowing, GError **error)
{
  HmShadowFolded *folded = shadowing->folded;
  const HmEntry *entry = shadowing->folding.entry;

  folded->version = entry->version;
  folded->edge = entry->edge;
  folded->rolled = entry->rolled;
  folded->stored_fold = shadowing->wish->stored ? hm_fold_state_to_json (entry->fold, NULL) : NULL;
  if (!fold_again (shadowing, error) || !check_known (shadowing, error))
    return FALSE;
  folded->from = entry->refolded_from;
  folded->erased = entry->erased;
  take_rows (folded, entry);
  return !shadowing->wish->stored || read_stored (shadowing, error);
}

/* The entry is loaded as the engine loads one, and used up. */
static HmShadowFolded *
attempt (HmShadow *shadow, const char *source, const char *resource, const HmShadowWish *wish, GError **error)
{
  HmEngine *engine = shadow->engine;
  g_autoptr (HmShadowFolded) folded = new_folded ();
  HmEntry *entry;
  HmShadowing shadowing = { .wish = wish, .folded = folded };

  hm_entry_cache_clear (shadow->cache);
  entry = hm_entry_cache_get (shadow->cache, source, resource, error);
  if (entry == NULL)
    return NULL;
  if (entry->version == 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no resource %s", resource);
      return NULL;
    }
  shadowing.folding = hm_folding (engine, entry);
  shadowing.folding.row = take_row;
  shadowing.folding.decided = wish->until;
  shadowing.folding.output.number = wish->intervals ? hm_shadow_number : NULL;
  shadowing.folding.output.trace = wish->intervals ? hm_shadow_note_interval : NULL;
  return shadow_entry (&shadowing, error) && hm_shadow_check_version (shadow, source, resource, folded, error)
             ? g_steal_pointer (&folded)
             : NULL;
}

HmShadowFolded *
hm_shadow_fold (HmShadow *shadow, const char *source, const char *resource, const HmShadowWish *wish,
                GError **error)
{
  for (guint i = 1;; i++)
    {
      g_autoptr (GError) failure = NULL;
      HmShadowFolded *folded = attempt (shadow, source, resource, wish, &failure);

      if (folded != NULL)
        return folded;
      if (i < HM_SHADOW_ATTEMPTS && g_error_matches (failure, HM_ERROR, HM_ERROR_TEMPORARY))
        continue;
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
}
