/* SPDX-License-Identifier: Apache-2.0 */
/* engine: one batch, one transaction.
 *
 * An attempt has three steps: gather (engine_gather.c: each record to its resource),
 * fold (each resource's new records in order, see engine_fold.c), write. An attempt that fails leaves nothing
 * behind: the transaction is rolled back and all that was loaded is forgotten, because it is ahead of the
 * store. */
#include "collector/engine/engine_private.h"

#include "collector/engine/trace.h"
#include "metering/error.h"
#include "metering/log.h"

#include <string.h>

/* Another collector changed what was loaded in between: that many times in a row it is loaded again. */
#define ATTEMPTS 3

#define MIRROR_LEASE "mirror"

gboolean
hm_engine_load_processes (HmEngine *engine, GError **error)
{
  if (engine->processes == NULL)
    engine->processes = hm_processes_new (engine->ops, engine->store, HM_PROCESSES_MAX, error);
  return engine->processes != NULL;
}

static void
free_entry (gpointer entry)
{
  hm_entry_free (entry);
}

HmEngine *
hm_engine_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters,
               const HmEngineSettings *settings, GError **error)
{
  g_autoptr (HmEngine) engine = g_new0 (HmEngine, 1);

  engine->ops = ops;
  engine->store = store;
  engine->meters = meters;
  engine->close = settings->close;
  engine->settings = (HmFoldSettings){ .grain_ns = settings->grain_ns,
                                       .hold_intervals = settings->hold_intervals,
                                       .fallback_interval = settings->fallback_interval_ns,
                                       .meters = meters };
  engine->cache = hm_entry_cache_new (ops, store, settings->cache_bytes);
  engine->decoder = hm_decoder_new (meters);
  engine->waiting = g_ptr_array_new_with_free_func (free_entry);
  engine->placed = g_array_new (FALSE, FALSE, sizeof (HmPlaced));
  engine->foreign = hm_foreign_new (ops, store, meters);
  return hm_engine_settle_holding (engine, error) && hm_foreign_load (engine->foreign, error)
                 && hm_engine_load_processes (engine, error) && hm_engine_load_policies (engine, error)
             ? g_steal_pointer (&engine)
             : NULL;
}

void
hm_engine_free (HmEngine *engine)
{
  if (engine == NULL)
    return;
  hm_entry_cache_free (engine->cache);
  hm_foreign_free (engine->foreign);
  hm_processes_free (engine->processes);
  hm_decoder_free (engine->decoder);
  g_ptr_array_unref (engine->waiting);
  g_array_unref (engine->placed);
  g_clear_pointer (&engine->policies, g_array_unref);
  g_clear_pointer (&engine->unrolled, g_hash_table_unref);
  g_free (engine);
}

/* What one record is to blame for says nothing of who has sent, which takes long to list. */
static void
forget_resources (HmEngine *engine)
{
  hm_entry_cache_clear (engine->cache);
  hm_foreign_forget (engine->foreign);
}

void
hm_engine_forget (HmEngine *engine)
{
  forget_resources (engine);
  g_clear_pointer (&engine->processes, hm_processes_free);
}

void
hm_engine_give_up_when (HmEngine *engine, gboolean (*asked) (gpointer user), gpointer user)
{
  engine->give_up = asked;
  engine->give_up_user = user;
}

gboolean
hm_engine_gives_up (HmEngine *engine)
{
  engine->gave_up = engine->gave_up || (engine->give_up != NULL && engine->give_up (engine->give_up_user));
  return engine->gave_up;
}

void
hm_engine_counts (const HmEngine *engine, HmEngineCounts *ret_counts)
{
  *ret_counts = engine->counts;
}

/* -- writing -- */

static gboolean
commit (HmEngine *engine, const HmBatch *batch, gboolean *ret_owned, GError **error)
{
  gboolean written = engine->ops->write (engine->store, batch, error);

  *ret_owned = !written || !hm_engine_gives_up (engine);
  if (written && *ret_owned && engine->ops->commit (engine->store, error))
    return TRUE;
  engine->ops->rollback (engine->store);
  return written && !*ret_owned;
}

static gboolean
write_rows (HmEngine *engine, HmBatchRows *rows, gboolean *ret_owned, GError **error)
{
  HmBatch batch;
  gboolean owned, done;

  hm_batch_rows_finish (rows, &batch);
  if (!engine->ops->begin (engine->store, (const HmOffsetMove *)(gpointer)rows->moves->data, rows->moves->len,
                           &owned, error))
    return FALSE;
  if (!owned)
    {
      *ret_owned = FALSE;
      return TRUE;
    }
  hm_trace_transaction (TRUE);
  done = commit (engine, &batch, ret_owned, error);
  hm_trace_transaction (FALSE);
  return done;
}

/* The log says a line that repeats once a minute. */
static void
say_refolded (const HmEntry *entry)
{
  const HmLogFields fields = { .resource = entry->resource };

  hm_log (entry->again ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING, &fields,
          "resource %s was folded again from all its stored records, because %s", entry->resource,
          entry->again ? "somebody asked for it" : "one came late");
}

static void
count_signatures (HmEngineCounts *counts, const HmBatchRows *rows)
{
  counts->verified += rows->verified;
  counts->unverified += rows->raw->len - rows->verified;
  for (guint i = 0; i < HM_REFUSALS; i++)
    counts->refused[i] += rows->refused[i];
  for (guint i = 0; i < HM_VERDICTS; i++)
    counts->verdicts[i] += rows->verdicts[i];
}

static void
settle (HmEngine *engine, const HmBatchRows *rows)
{
  HmEngineCounts *counts = &engine->counts;

  for (guint i = 0; i < rows->touched->len; i++)
    {
      HmEntry *entry = g_ptr_array_index (rows->touched, i);

      if (entry->refolded)
        say_refolded (entry);
      counts->beyond_horizon += entry->beyond;
      counts->future += entry->future;
      entry->version++;
      hm_entry_settle (entry, engine->settings.grain_ns);
    }
  hm_entry_cache_trim (engine->cache);
  hm_tally_settle (rows->tally, engine->processes);
  counts->records += rows->raw->len;
  counts->samples += hm_tally_samples (rows->tally);
  counts->duplicates += hm_tally_duplicates (rows->tally);
  counts->dead_letters += rows->dead_letters->len;
  count_signatures (counts, rows);
  counts->refolds += rows->refolded->len;
  counts->rows += rows->raw->len + rows->resources->len + rows->buckets->len + rows->dead_letters->len;
  counts->commits++;
}

static gboolean
fold_and_write (HmEngine *engine, HmBatchRows *rows, gboolean *ret_owned, GError **error)
{
  const HmClock *clock = hm_clock_system ();
  gint64 start = clock->monotonic (clock), folded;
  gboolean done = hm_engine_fold (engine, rows, error);

  folded = clock->monotonic (clock);
  engine->counts.fold_ns += folded - start;
  if (!done || hm_engine_gives_up (engine))
    {
      *ret_owned = FALSE;
      return done;
    }
  done = write_rows (engine, rows, ret_owned, error);
  engine->counts.write_ns += clock->monotonic (clock) - folded;
  return done;
}

gboolean
hm_engine_store_rows (HmEngine *engine, HmBatchRows *rows, gboolean *ret_owned, GError **error)
{
  GError *failure = NULL;
  gboolean owned = TRUE, done = rows != NULL && hm_engine_load_processes (engine, &failure)
                                && (!engine->policies_due || hm_engine_load_policies (engine, &failure))
                                && fold_and_write (engine, rows, &owned, &failure);

  engine->policies_due = engine->policies_due || (rows != NULL && rows->policies->len > 0);
  if (done && owned)
    settle (engine, rows);
  else if (g_error_matches (failure, HM_ERROR, HM_ERROR_DATA))
    forget_resources (engine);
  else
    hm_engine_forget (engine);
  if (done)
    *ret_owned = owned;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return done;
}

static gboolean
attempt (HmEngine *engine, HmArrival *const *arrivals, guint *n, gboolean *ret_owned, GError **error)
{
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();

  engine->gave_up = FALSE;
  return hm_engine_store_rows (engine, hm_engine_gather (engine, arrivals, n, rows, error) ? rows : NULL,
                               ret_owned, error);
}

/* What another writer changed meanwhile is loaded again, but not for ever. */
static gboolean
attempt_again (HmEngine *engine, HmArrival *const *arrivals, guint *n, gboolean *ret_owned, GError **error)
{
  for (guint i = 1;; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (attempt (engine, arrivals, n, ret_owned, &failure))
        return TRUE;
      if (i < ATTEMPTS && g_error_matches (failure, HM_ERROR, HM_ERROR_TEMPORARY))
        continue;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
}

static gboolean
take_apart (HmEngine *engine, HmArrival *const *arrivals, guint n, const GError *refusal, gboolean *ret_owned,
            GError **error)
{
  guint half = n / 2;

  if (n > 1)
    return hm_engine_take (engine, arrivals, half, ret_owned, error)
           && (!*ret_owned || hm_engine_take (engine, arrivals + half, n - half, ret_owned, error));
  if (arrivals[0]->decoded == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "the store refuses even a dead letter: %s",
                   refusal->message);
      return FALSE;
    }
  hm_arrival_refuse (arrivals[0], HM_REFUSED_STORE, g_strdup (refusal->message));
  return hm_engine_take (engine, arrivals, n, ret_owned, error);
}

/* The first *@n of them. A batch that the store refuses for what it holds is halved until the record is alone. That one is tried again
 * first: what was at hand is forgotten by now, and may have been older than what another collector stored. Each half is a
 * transaction of its own: a partition's records are in order, so a half moves the offsets as far as it goes
 * and no further. */
static gboolean
take_first (HmEngine *engine, HmArrival *const *arrivals, guint *n, gboolean *ret_owned, GError **error)
{
  g_autoptr (GError) refusal = NULL;

  if (attempt_again (engine, arrivals, n, ret_owned, &refusal))
    return TRUE;
  if (*n == 1 && g_error_matches (refusal, HM_ERROR, HM_ERROR_DATA))
    {
      gboolean taken;

      g_clear_error (&refusal);
      engine->doubts = TRUE;
      taken = attempt_again (engine, arrivals, n, ret_owned, &refusal);
      engine->doubts = FALSE;
      if (taken)
        return TRUE;
    }
  if (g_error_matches (refusal, HM_ERROR, HM_ERROR_DATA))
    return take_apart (engine, arrivals, *n, refusal, ret_owned, error);
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* In as many transactions as their resources need to have room. */
gboolean
hm_engine_take (HmEngine *engine, HmArrival *const *arrivals, guint n, gboolean *ret_owned, GError **error)
{
  gboolean owned = TRUE;

  for (guint done, at = 0; owned && at < n; at += done)
    {
      done = n - at;
      if (!take_first (engine, arrivals + at, &done, &owned, error))
        return FALSE;
    }
  *ret_owned = owned;
  return TRUE;
}

gboolean
hm_engine_find_offset (HmEngine *engine, const char *topic, gint32 partition, gint64 *ret_next,
                       gboolean *ret_found, GError **error)
{
  return engine->ops->offset_get (engine->store, topic, partition, ret_next, ret_found, error);
}

gboolean
hm_engine_offset (HmEngine *engine, const char *topic, gint32 partition, gint64 first, gint64 *ret_next,
                  GError **error)
{
  gboolean found;

  if (!engine->ops->offset_get (engine->store, topic, partition, ret_next, &found, error))
    return FALSE;
  return found || engine->ops->offset_init (engine->store, topic, partition, first, ret_next, error);
}

gboolean
hm_engine_pass_over (HmEngine *engine, const HmGapRow *gap, gboolean *ret_owned, GError **error)
{
  return engine->ops->pass_over (engine->store, gap, ret_owned, error);
}

/* -- the mirror of dead letters -- */

static gboolean
move_mirror (HmEngine *engine, const char *topic, gint64 from, gint64 to, gboolean *ret_owned, GError **error)
{
  const HmOffsetMove move = { topic, HM_PARTITION_NONE, from, to };

  if (!engine->ops->begin (engine->store, &move, 1, ret_owned, error))
    return FALSE;
  if (!*ret_owned || engine->ops->commit (engine->store, error))
    return TRUE;
  engine->ops->rollback (engine->store);
  return FALSE;
}

gboolean
hm_engine_mirror (HmEngine *engine, const char *topic, const char *holder, gint64 ttl_ns, gint64 done,
                  gboolean *ret_mine, gint64 *ret_position, GError **error)
{
  guint64 token = 0;
  gint64 position = 0;
  gboolean owned = TRUE;

  if (!engine->ops->lease (engine->store, MIRROR_LEASE, holder, ttl_ns, &token, error))
    return FALSE;
  if (token != 0
      && (!hm_engine_offset (engine, topic, HM_PARTITION_NONE, 0, &position, error)
          || (position < done && !move_mirror (engine, topic, position, done, &owned, error))))
    return FALSE;
  *ret_mine = token != 0 && owned;
  if (*ret_mine)
    *ret_position = MAX (position, done);
  return TRUE;
}
