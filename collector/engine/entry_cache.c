/* SPDX-License-Identifier: Apache-2.0 */
/* entry_cache: entries by resource, the least recently used let go first. */
#include "collector/engine/entry.h"

#include <string.h>

#define BYTES_OF_ENTRY (sizeof (HmEntry) + 1024)

struct HmEntryCache
{
  const HmStoreOps *ops;
  HmStore *store;
  gsize limit;
  gsize loaded;        /* since the cache was last made small */
  GHashTable *entries; /* an entry is its own key */
  GQueue used;         /* the one used last in front */
};

static guint
entry_hash (gconstpointer key)
{
  const HmEntryKey *entry = key;

  return g_str_hash (entry->resource) * 31 + g_str_hash (entry->source);
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  const HmEntryKey *left = a, *right = b;

  return strcmp (left->resource, right->resource) == 0 && strcmp (left->source, right->source) == 0;
}

static void
free_bucket (gpointer data)
{
  hm_bucket_free (((HmEntryBucket *)data)->bucket);
}

void
hm_entry_free (HmEntry *entry)
{
  hm_entry_forget_names (entry, hm_entry_names (entry));
  g_free (entry->project);
  g_free (entry->user);
  g_free (entry->flavor);
  g_clear_pointer (&entry->waiting, hm_waiting_free);
  g_free (entry->kind);
  g_free (entry->agent);
  hm_fold_state_free (entry->fold);
  hm_seen_free (entry->seen);
  g_array_unref (entry->buckets);
  g_array_unref (entry->held);
  g_clear_pointer (&entry->held_text, g_string_chunk_free);
  hm_decisions_free (entry->decisions);
  g_hash_table_unref (entry->grains);
  g_ptr_array_unref (entry->taken);
  g_clear_pointer (&entry->index, g_hash_table_unref);
  g_clear_pointer (&entry->claims, g_ptr_array_unref);
  g_free (entry->unstated);
  g_free (entry->fold_json);
  g_free (entry->seen_json);
  g_free (entry->checkpoint_json);
  hm_checkpoint_free (entry->checkpoint);
  g_free (entry->source);
  g_free (entry->resource);
  g_free (entry);
}

static void
free_entry (gpointer entry)
{
  hm_entry_free (entry);
}

HmEntry *
hm_entry_new (const char *source, const char *resource)
{
  HmEntry *entry = g_new0 (HmEntry, 1);

  entry->source = g_strdup (source);
  entry->resource = g_strdup (resource);
  entry->key = (HmEntryKey){ entry->source, entry->resource };
  entry->buckets = g_array_new (FALSE, FALSE, sizeof (HmEntryBucket));
  g_array_set_clear_func (entry->buckets, free_bucket);
  entry->held = g_array_new (FALSE, FALSE, sizeof (HmHeldRow));
  entry->grains = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  entry->taken = g_ptr_array_new ();
  entry->seen = hm_seen_new ();
  entry->bytes = BYTES_OF_ENTRY;
  hm_entry_reset (entry);
  return entry;
}

/* -- loading -- */

typedef struct
{
  HmEntry *entry;
  GError *error;
} Loading;

static gboolean
load_states (HmEntry *entry, const HmResourceRow *row, GError **error)
{
  g_autoptr (HmFoldState) fold = hm_fold_state_from_json (row->fold, row->fold_length, error);
  g_autoptr (HmSeen) seen = fold != NULL ? hm_seen_from_json (row->seen, row->seen_length, error) : NULL;

  if (seen == NULL)
    {
      g_prefix_error (error, "resource %s: ", row->resource);
      return FALSE;
    }
  hm_fold_state_free (entry->fold);
  hm_seen_free (entry->seen);
  entry->fold = g_steal_pointer (&fold);
  entry->seen = g_steal_pointer (&seen);
  entry->bytes = BYTES_OF_ENTRY + 4 * (row->fold_length + row->seen_length);
  return TRUE;
}

static gboolean
load_row (const HmResourceRow *row, gpointer user)
{
  Loading *loading = user;
  HmEntry *entry = loading->entry;

  if (!load_states (entry, row, &loading->error))
    return FALSE;
  entry->version = row->version;
  entry->edge = row->edge;
  entry->rolled = row->rolled;
  entry->reached = row->reached;
  entry->parked = row->parked;
  entry->decided = row->decided;
  entry->kind = g_strdup (row->kind);
  entry->agent = g_strdup (row->agent);
  entry->first_seen = row->first_seen;
  entry->project = g_strdup (row->project);
  entry->user = g_strdup (row->user);
  entry->flavor = g_strdup (row->flavor);
  entry->name = g_strdup (row->name);
  entry->project_name = g_strdup (row->project_name);
  entry->user_name = g_strdup (row->user_name);
  entry->state = row->state;
  if (row->last_seen >= row->first_seen) /* otherwise nothing was folded yet */
    entry->last_seen = row->last_seen;
  return FALSE;
}

static HmEntry *
load (HmEntryCache *cache, const char *source, const char *resource, GError **error)
{
  g_autoptr (HmEntry) entry = hm_entry_new (source, resource);
  Loading loading = { entry, NULL };

  if (!cache->ops->resource_load (cache->store, source, resource, load_row, &loading, error))
    return NULL;
  if (loading.error != NULL)
    {
      g_propagate_error (error, loading.error);
      return NULL;
    }
  return g_steal_pointer (&entry);
}

/* -- the cache -- */

HmEntryCache *
hm_entry_cache_new (const HmStoreOps *ops, HmStore *store, gsize bytes)
{
  HmEntryCache *cache = g_new0 (HmEntryCache, 1);

  cache->ops = ops;
  cache->store = store;
  cache->limit = bytes;
  cache->entries = g_hash_table_new_full (entry_hash, entry_equal, free_entry, NULL);
  g_queue_init (&cache->used);
  return cache;
}

void
hm_entry_cache_free (HmEntryCache *cache)
{
  if (cache == NULL)
    return;
  hm_entry_cache_clear (cache);
  g_hash_table_unref (cache->entries);
  g_free (cache);
}

HmEntry *
hm_entry_cache_get (HmEntryCache *cache, const char *source, const char *resource, GError **error)
{
  const HmEntryKey key = { source, resource };
  HmEntry *entry = g_hash_table_lookup (cache->entries, &key);

  if (entry != NULL)
    {
      g_queue_unlink (&cache->used, entry->link);
      g_queue_push_head_link (&cache->used, entry->link);
      return entry;
    }
  entry = load (cache, source, resource, error);
  if (entry == NULL)
    return NULL;
  cache->loaded += entry->bytes;
  g_hash_table_add (cache->entries, entry);
  g_queue_push_head (&cache->used, entry);
  entry->link = cache->used.head;
  return entry;
}

static gsize
total (const HmEntryCache *cache)
{
  gsize bytes = 0;

  for (const GList *at = cache->used.head; at != NULL; at = at->next)
    bytes += ((const HmEntry *)at->data)->bytes;
  return bytes;
}

gboolean
hm_entry_cache_is_full (const HmEntryCache *cache)
{
  return cache->loaded > cache->limit;
}

void
hm_entry_cache_trim (HmEntryCache *cache)
{
  gsize bytes = total (cache);

  cache->loaded = 0;
  while (bytes > cache->limit && cache->used.tail != NULL)
    {
      HmEntry *entry = g_queue_pop_tail (&cache->used);

      bytes -= MIN (bytes, entry->bytes);
      g_hash_table_remove (cache->entries, entry);
    }
}

void
hm_entry_cache_clear (HmEntryCache *cache)
{
  cache->loaded = 0;
  g_queue_clear (&cache->used);
  g_hash_table_remove_all (cache->entries);
}
