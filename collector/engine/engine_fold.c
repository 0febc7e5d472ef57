/* SPDX-License-Identifier: Apache-2.0 */
/* engine_fold: the new records of a resource into its rows.
 *
 * A batch's records are sorted first, so what is out of order within a batch needs nothing more. When one
 * of them still comes before what was folded already, the resource is folded again (engine_refold.c). A row from
 * before the resource's edge goes into its checkpoint before it is changed: the records that made it are gone. */
#include "collector/engine/engine_private.h"

#include "collector/usage/fold_state.h"
#include "metering/count.h"
#include "metering/error.h"

#include <string.h>

/* -- rows for the fold -- */

/* Two copies of one row would each be written, and the one that is behind could win. */
static gboolean
keep_bucket (const HmBucket *row, gpointer user)
{
  HmFolding *folding = user;

  if (hm_entry_find_bucket (folding->entry, row->grain, row->agent, row->epoch, row->project, row->user,
                            row->flavor, row->state)
      != NULL)
    {
      g_set_error (&folding->error, HM_ERROR, HM_ERROR_TEMPORARY,
                   "a row of %s was loaded although it was at hand", row->resource);
      return FALSE;
    }
  hm_entry_add_bucket (folding->entry, hm_bucket_copy (row));
  return TRUE;
}

/* The rows of one grain are loaded together, before the first is made there: from then on all of them are at
 * hand. Where rows are made anew none is loaded, but the grain is at hand all the same, also for the
 * batches that follow. */
gboolean
hm_folding_load_grain (HmFolding *folding, HmTime grain)
{
  HmEntry *entry = folding->entry;

  if (hm_entry_has_grain (entry, grain))
    return TRUE;
  hm_entry_note_grain (entry, grain);
  if ((folding->again && grain >= entry->edge) || entry->version == 0)
    return TRUE;
  return folding->engine->ops->buckets_load (folding->engine->store, entry->source, entry->resource, grain,
                                             keep_bucket, folding, &folding->error)
         && folding->error == NULL;
}

/* The row of @key's key as it was at the edge, or that it was not there. */
static gboolean
keep_as_it_was (HmFolding *folding, const HmBucket *key, const HmBucket *row)
{
  HmEntry *entry = folding->entry;

  if (!hm_folding_load_checkpoint (folding))
    return FALSE;
  if (!hm_checkpoint_has (entry->checkpoint, key))
    hm_checkpoint_add (entry->checkpoint, row != NULL ? hm_bucket_copy (row) : hm_bucket_copy_key (key));
  return TRUE;
}

static HmEntryBucket *
find_row (HmEntry *entry, const HmBucket *key)
{
  return hm_entry_find_bucket (entry, key->grain, key->agent, key->epoch, key->project, key->user,
                               key->flavor, key->state);
}

static HmBucket *
give_row (HmFolding *folding, const HmBucket *key)
{
  HmEntry *entry = folding->entry;
  HmEntryBucket *at = find_row (entry, key);

  if (at == NULL && !hm_folding_load_grain (folding, key->grain))
    return NULL;
  if (at == NULL)
    at = find_row (entry, key);
  if (key->grain < entry->edge && !keep_as_it_was (folding, key, at != NULL ? at->bucket : NULL))
    return NULL;
  if (at == NULL)
    at = hm_entry_add_bucket (entry, hm_bucket_copy_key (key));
  at->changed = TRUE;
  return at->bucket;
}

static HmBucket *
give_bucket (HmFoldOutput *self, HmTime grain, const char *agent, const char *epoch, const char *project,
             const char *user, const char *flavor, HmState state)
{
  HmFolding *folding = (HmFolding *)(gpointer)self;
  GPtrArray none = { NULL, 0 };
  const HmBucket key = { .grain = grain,
                         .source = folding->entry->source,
                         .resource = folding->entry->resource,
                         .agent = (char *)(gsize)agent,
                         .epoch = (char *)(gsize)epoch,
                         .project = (char *)(gsize)project,
                         .user = (char *)(gsize)user,
                         .flavor = (char *)(gsize)flavor,
                         .state = state,
                         .cells = &none };

  return give_row (folding, &key);
}

static void
give_held (HmFoldOutput *self, const HmHeldRow *row)
{
  hm_entry_hold (((HmFolding *)(gpointer)self)->entry, row);
}

HmFolding
hm_folding (HmEngine *engine, HmEntry *entry)
{
  return (HmFolding){ .output = { .bucket = give_bucket, .held = give_held },
                      .engine = engine,
                      .entry = entry,
                      .decided = HM_TIME_UNKNOWN };
}

/* -- one record -- */

/* By name, so that it is one anomaly whoever was first. */
static void
note_claim (HmEntry *entry, const char *agent, const char *other)
{
  gboolean first = strcmp (agent, other) < 0;
  g_autofree char *detail
      = g_strdup_printf ("agents %s and %s measure it at once", first ? agent : other, first ? other : agent);

  if (entry->claims == NULL)
    entry->claims = g_ptr_array_new_with_free_func (g_free);
  if (!g_ptr_array_find_with_equal_func (entry->claims, detail, g_str_equal, NULL))
    g_ptr_array_add (entry->claims, g_steal_pointer (&detail));
}

static void
see (HmEntry *entry, const HmRecord *record)
{
  if (entry->last_seen == HM_TIME_UNKNOWN || record->time >= entry->last_seen)
    {
      hm_entry_describe (entry, record);
      entry->last_seen = record->time;
    }
  hm_entry_note_first (entry, record->time);
}

static gboolean
apply (HmFolding *folding, const HmRecord *record, const HmFoldContext *context)
{
  HmEntry *entry = folding->entry;

  if (hm_fold_is_claimed_twice (entry->fold, record))
    note_claim (entry, entry->fold->agent, record->agent.id);
  if (hm_fold (entry->fold, record, context, &folding->engine->settings, &folding->output))
    return TRUE;
  if (folding->error == NULL)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_INTERNAL, "a record of %s could not be folded",
                 entry->resource);
  return FALSE;
}

gboolean
hm_folding_apply (HmFolding *folding, const HmRecord *record, HmTime appended, const HmPlace *place)
{
  gboolean late = appended > HM_BIN_NS && appended - HM_BIN_NS > place->time;
  const HmFoldContext context = { place->flags | (late ? HM_FLAG_LATE : 0), folding->entry->decisions };
  g_autofree HmSample *samples = NULL;
  HmRecord shifted;

  if (place->time == record->time)
    {
      see (folding->entry, record);
      return apply (folding, record, &context);
    }
  hm_place_shift (record, place->time, &shifted, &samples);
  see (folding->entry, &shifted);
  return apply (folding, &shifted, &context);
}

static gboolean
fold_on (HmFolding *folding, const GArray *placed)
{
  for (guint i = 0; i < placed->len; i++)
    {
      const HmPlaced *one = &g_array_index (placed, HmPlaced, i);

      if (!(one->arrival != NULL ? hm_folding_apply (folding, &one->arrival->decoded->record,
                                                     one->reading.appended, &one->place)
                                 : hm_folding_apply_stored (folding, one)))
        return FALSE;
    }
  return TRUE;
}

/* -- a resource -- */

static int
compare_arrivals (gconstpointer a, gconstpointer b)
{
  const HmArrival *left = *(const HmArrival *const *)a, *right = *(const HmArrival *const *)b;

  return hm_record_compare (&left->decoded->record, &right->decoded->record);
}

/* How far the resource is appended. TRUE: the time of a record that waits has come. */
static gboolean
reach (HmEntry *entry)
{
  for (guint i = 0; i < entry->taken->len; i++)
    entry->reached = MAX (entry->reached, ((const HmArrival *)g_ptr_array_index (entry->taken, i))->appended);
  return entry->parked != 0 && entry->reached >= entry->parked;
}

static void
see_new (HmEntry *entry)
{
  for (guint i = 0; i < entry->taken->len; i++)
    {
      const HmArrival *arrival = g_ptr_array_index (entry->taken, i);

      if (!hm_entry_is_beyond (entry, arrival->decoded->record.time))
        hm_entry_see (entry, arrival->decoded->record.time, arrival->appended);
    }
}

/* @due: the time of one that waits has come. */
static gboolean
fold_in (HmFolding *folding, gboolean due)
{
  HmEngine *engine = folding->engine;
  gint64 grain_ns = engine->settings.grain_ns;

  if (due ? hm_entry_place_due (folding->entry, grain_ns, engine->placed)
          : hm_entry_place_new (folding->entry, grain_ns, engine->placed))
    return fold_on (folding, engine->placed);
  return hm_folding_again (folding, NULL);
}

static gboolean
fold_entry (HmEngine *engine, HmEntry *entry, const HmBatchRows *rows, GError **error)
{
  HmFolding folding = hm_folding (engine, entry);
  gboolean due, done = hm_folding_load_decisions (&folding);

  g_ptr_array_sort (entry->taken, compare_arrivals);
  due = reach (entry);
  if (entry->again)
    hm_entry_add_decisions (entry, rows);
  done = done && (entry->again ? hm_folding_again (&folding, NULL) : fold_in (&folding, due))
         && folding.error == NULL && hm_folding_unroll (&folding);
  if (!done || folding.error != NULL)
    {
      g_propagate_error (error, folding.error);
      return FALSE;
    }
  hm_clocks_trim (entry->fold->clocks);
  see_new (entry);
  return TRUE;
}

static void
tell_claims (const HmEntry *entry, HmTally *tally)
{
  const HmArrival *latest;

  if (entry->claims == NULL || entry->taken->len == 0)
    return;
  latest = g_ptr_array_index (entry->taken, entry->taken->len - 1);
  for (guint i = 0; i < entry->claims->len; i++)
    hm_tally_note (tally, HM_ANOMALY_RESOURCE_CLAIMED_TWICE, entry->source, entry->resource,
                   g_ptr_array_index (entry->claims, i), latest->appended);
}

static gboolean
has_gauge (const HmRecord *record)
{
  for (guint i = 0; i < record->n_samples; i++)
    if (record->samples[i].type == HM_GAUGE)
      return TRUE;
  return FALSE;
}

/* How long a gauge holds is then a guess, which decides what it counts. Said once per resource and agent. */
static void
tell_unstated (HmEntry *entry, HmTally *tally)
{
  for (guint i = 0; i < entry->taken->len; i++)
    {
      const HmArrival *arrival = g_ptr_array_index (entry->taken, i);
      const HmRecord *record = &arrival->decoded->record;
      g_autofree char *detail = NULL;

      if (record->interval_ns > 0 || g_strcmp0 (entry->unstated, record->agent.id) == 0
          || !has_gauge (record))
        continue;
      detail = g_strdup_printf ("agent %s states no interval for its gauges", record->agent.id);
      hm_tally_note (tally, HM_ANOMALY_NO_INTERVAL, entry->source, entry->resource, detail,
                     arrival->appended);
      g_free (entry->unstated);
      entry->unstated = g_strdup (record->agent.id);
    }
}

/* Somebody has removed a description from the store by hand. What else stood in it is not counted any more, and this says so. */
static void
note_erased (const HmEntry *entry, HmBatchRows *rows)
{
  const HmArrival *late = g_ptr_array_index (entry->taken, 0);
  g_autofree char *detail = hm_count_print (entry->erased, "record");

  hm_tally_note (rows->tally, HM_ANOMALY_FOLDED_WITHOUT_ERASED, entry->source, entry->resource, detail,
                 late->appended);
}

gboolean
hm_engine_fold (HmEngine *engine, HmBatchRows *rows, GError **error)
{
  for (guint i = 0; i < rows->touched->len && !hm_engine_gives_up (engine); i++)
    {
      HmEntry *entry = g_ptr_array_index (rows->touched, i);

      if (!fold_entry (engine, entry, rows, error))
        return FALSE;
      tell_claims (entry, rows->tally);
      tell_unstated (entry, rows->tally);
      if (entry->erased > 0 && entry->taken->len > 0)
        note_erased (entry, rows);
      hm_batch_rows_add_entry (rows, entry, engine->settings.grain_ns);
    }
  return TRUE;
}
