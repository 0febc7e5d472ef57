/* SPDX-License-Identifier: Apache-2.0 */
/* entry: one resource at hand: its description, its fold and the rows that may still change. */
#include "collector/engine/entry.h"

#include "collector/usage/fold_state.h"

#include <string.h>

#define BYTES_PER_CELL     300
#define BYTES_PER_DECISION 200

static void
replace (char **slot, const char *text)
{
  if (g_strcmp0 (*slot, text) == 0)
    return;
  g_free (*slot);
  *slot = g_strdup (text);
}

static char **
name_slot (HmEntry *entry, guint i)
{
  char **const names[HM_ENTRY_NAMES] = { &entry->name, &entry->project_name, &entry->user_name };

  return names[i];
}

/* Which of them has that key; HM_ENTRY_NAMES: none. */
static guint
name_of (const char *key)
{
  static const char *const keys[HM_ENTRY_NAMES] = { "display_name", "project_name", "user_name" };
  guint i = 0;

  while (i < HM_ENTRY_NAMES && strcmp (key, keys[i]) != 0)
    i++;
  return i;
}

/* A record of names tells them; every record tells the rest. */
static void
describe_names (HmEntry *entry, const HmRecord *record)
{
  for (guint k = 0; k < record->n_description; k++)
    {
      guint i = name_of (record->description[k].key);

      if (i < HM_ENTRY_NAMES)
        replace (name_slot (entry, i), record->description[k].value);
    }
}

guint
hm_entry_names_in (HmEntry *entry, const HmRecord *record)
{
  guint names = 0;

  for (guint k = 0; k < record->n_description; k++)
    {
      guint i = name_of (record->description[k].key);

      if (i < HM_ENTRY_NAMES && g_strcmp0 (*name_slot (entry, i), record->description[k].value) == 0)
        names |= 1U << i;
    }
  return names;
}

guint
hm_entry_names (HmEntry *entry)
{
  guint names = 0;

  for (guint i = 0; i < HM_ENTRY_NAMES; i++)
    names |= *name_slot (entry, i) != NULL ? 1U << i : 0;
  return names;
}

void
hm_entry_forget_names (HmEntry *entry, guint names)
{
  for (guint i = 0; i < HM_ENTRY_NAMES; i++)
    if ((names & 1U << i) != 0)
      g_clear_pointer (name_slot (entry, i), g_free);
}

void
hm_entry_name (HmEntry *entry, const HmRecord *record)
{
  replace (&entry->kind, record->resource.kind);
  replace (&entry->agent, record->agent.id);
}

void
hm_entry_describe (HmEntry *entry, const HmRecord *record)
{
  const HmResourceStamp *resource = &record->resource;

  hm_entry_name (entry, record);
  if (resource->project != NULL)
    replace (&entry->project, resource->project);
  if (resource->user != NULL)
    replace (&entry->user, resource->user);
  if (resource->flavor != NULL)
    replace (&entry->flavor, resource->flavor);
  if (resource->state != HM_STATE_UNKNOWN)
    entry->state = resource->state;
  describe_names (entry, record);
}

void
hm_entry_reset (HmEntry *entry)
{
  /* Of which kind it is, and whose record was the latest, is said where no record is folded, too. */
  g_clear_pointer (&entry->project, g_free);
  g_clear_pointer (&entry->user, g_free);
  g_clear_pointer (&entry->flavor, g_free);
  hm_entry_forget_names (entry, hm_entry_names (entry));
  entry->state = HM_STATE_UNKNOWN;
  entry->first_seen = entry->last_seen = HM_TIME_UNKNOWN;
  hm_entry_go_back (entry, hm_fold_state_new ());
}

/* What was seen before the edge is not seen again. */
void
hm_entry_go_back (HmEntry *entry, HmFoldState *fold)
{
  if (entry->last_seen >= entry->edge)
    entry->last_seen = fold->time;
  entry->parked = 0;
  entry->erased = 0;
  hm_fold_state_free (entry->fold);
  entry->fold = fold;
  g_clear_pointer (&entry->waiting, hm_waiting_free);
  g_clear_pointer (&entry->claims, g_ptr_array_unref);
  g_array_set_size (entry->held, 0);
  g_array_set_size (entry->buckets, 0);
  g_hash_table_remove_all (entry->grains);
}

/* -- readings that are held -- */

static const char *
keep_text (HmEntry *entry, const char *text)
{
  if (entry->held_text == NULL)
    entry->held_text = g_string_chunk_new (256);
  return g_string_chunk_insert_const (entry->held_text, text);
}

static gboolean
same_record (const HmHeldRow *a, const HmHeldRow *b)
{
  return a->seq == b->seq && strcmp (a->epoch, b->epoch) == 0 && strcmp (a->agent, b->agent) == 0;
}

/* One record may say several values of one series: of these the last stands, in every store. Those of a record come together. */
static void
let_go_of_same (GArray *held, const HmHeldRow *row)
{
  for (guint i = held->len; i-- > 0 && same_record (&g_array_index (held, HmHeldRow, i), row);)
    {
      const HmHeldRow *before = &g_array_index (held, HmHeldRow, i);

      if (strcmp (before->device, row->device) == 0 && strcmp (before->meter, row->meter) == 0
          && strcmp (before->sample_epoch, row->sample_epoch) == 0)
        {
          g_array_remove_index (held, i);
          return;
        }
    }
}

void
hm_entry_hold (HmEntry *entry, const HmHeldRow *row)
{
  HmHeldRow kept = *row;

  let_go_of_same (entry->held, row);
  kept.source = entry->source;
  kept.resource = entry->resource;
  kept.agent = keep_text (entry, row->agent);
  kept.epoch = keep_text (entry, row->epoch);
  kept.device = keep_text (entry, row->device);
  kept.meter = keep_text (entry, row->meter);
  kept.sample_epoch = keep_text (entry, row->sample_epoch);
  kept.unit = keep_text (entry, row->unit);
  g_array_append_val (entry->held, kept);
}

/* -- rows -- */

static HmTime
grain_at (const GArray *buckets, guint i)
{
  return g_array_index (buckets, HmEntryBucket, i).bucket->grain;
}

/* How many rows are of @grain or earlier ones. An interval may span hundreds of grains, for every series. */
static guint
count_until (const GArray *buckets, HmTime grain)
{
  guint low = 0, high = buckets->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (grain_at (buckets, middle) <= grain)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

HmEntryBucket *
hm_entry_find_bucket (HmEntry *entry, HmTime grain, const char *agent, const char *epoch, const char *project,
                      const char *user, const char *flavor, HmState state)
{
  for (guint i = count_until (entry->buckets, grain); i-- > 0 && grain_at (entry->buckets, i) == grain;)
    {
      HmEntryBucket *at = &g_array_index (entry->buckets, HmEntryBucket, i);
      const HmBucket *bucket = at->bucket;

      if (bucket->state == state && strcmp (bucket->epoch, epoch) == 0 && strcmp (bucket->agent, agent) == 0
          && strcmp (bucket->project, project) == 0 && strcmp (bucket->user, user) == 0
          && strcmp (bucket->flavor, flavor) == 0)
        return at;
    }
  return NULL;
}

HmEntryBucket *
hm_entry_add_bucket (HmEntry *entry, HmBucket *bucket)
{
  HmEntryBucket added = { .bucket = bucket };
  guint at = count_until (entry->buckets, bucket->grain);

  g_array_insert_val (entry->buckets, at, added);
  return &g_array_index (entry->buckets, HmEntryBucket, at);
}

void
hm_entry_drop_bucket (HmEntry *entry, const HmBucket *key)
{
  for (guint i = count_until (entry->buckets, key->grain);
       i-- > 0 && grain_at (entry->buckets, i) == key->grain;)
    if (hm_bucket_same_key (g_array_index (entry->buckets, HmEntryBucket, i).bucket, key))
      {
        g_array_remove_index (entry->buckets, i);
        return;
      }
}

gboolean
hm_entry_has_grain (const HmEntry *entry, HmTime grain)
{
  return g_hash_table_contains (entry->grains, &grain);
}

void
hm_entry_note_grain (HmEntry *entry, HmTime grain)
{
  gint64 *key = g_new (gint64, 1);

  *key = grain;
  g_hash_table_add (entry->grains, key);
}

static gboolean
is_older (gpointer key, gpointer value G_GNUC_UNUSED, gpointer oldest)
{
  return *(const gint64 *)key < *(const HmTime *)oldest;
}

static void
forget_older (HmEntry *entry, HmTime oldest)
{
  g_array_remove_range (entry->buckets, 0, count_until (entry->buckets, oldest - 1));
  g_hash_table_foreach_remove (entry->grains, is_older, &oldest);
}

void
hm_entry_settle (HmEntry *entry, gint64 grain_ns)
{
  gsize cells = 0;

  if (entry->buckets->len > 0)
    forget_older (entry, grain_at (entry->buckets, entry->buckets->len - 1) - grain_ns);
  for (guint i = 0; i < entry->buckets->len; i++)
    {
      HmEntryBucket *at = &g_array_index (entry->buckets, HmEntryBucket, i);

      at->changed = at->same = FALSE;
      cells += at->bucket->cells->len;
    }
  entry->bytes = sizeof *entry + 1024 + cells * BYTES_PER_CELL + hm_waiting_bytes (entry->waiting)
                 + (entry->decisions != NULL ? entry->decided * BYTES_PER_DECISION : 0)
                 + 4
                       * ((entry->fold_json != NULL ? strlen (entry->fold_json) : 0)
                          + (entry->seen_json != NULL ? strlen (entry->seen_json) : 0));
  g_ptr_array_set_size (entry->taken, 0);
  g_clear_pointer (&entry->index, g_hash_table_unref);
  g_clear_pointer (&entry->claims, g_ptr_array_unref);
  g_clear_pointer (&entry->fold_json, g_free);
  g_clear_pointer (&entry->seen_json, g_free);
  g_clear_pointer (&entry->checkpoint_json, g_free);
  g_clear_pointer (&entry->checkpoint, hm_checkpoint_free);
  g_clear_pointer (&entry->held_text, g_string_chunk_free);
  g_array_set_size (entry->held, 0);
  entry->refolded = entry->again = FALSE;
  entry->beyond = entry->future = entry->erased = 0;
}
