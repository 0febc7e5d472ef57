/* SPDX-License-Identifier: Apache-2.0 */
/* engine_roll: moves the day up to which a resource is rolled up.
 *
 * A day's rows are its buckets added up; a month's likewise, when its last day is. The buckets cannot change meanwhile: the resource's row is
 * written with its version compared, like any other, and every change of them raises it. Raw rows of the day become the leaves of a
 * tree, of which the root is kept. A day whose raw rows may be gone keeps the root that it has. */
#include "collector/engine/engine_roll.h"

#include "collector/engine/engine_private.h"
#include "collector/bill/evidence.h"
#include "metering/error.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)

/* That many names are listed at a time. */
#define LIST_MAX 512
/* An interval reaches over no more grains than that from where it ends (HM_SPAN_GRAINS_MAX). */
#define REACH 744
/* Of one resource in one step, so that a store that is years old holds up nobody. */
#define DAYS_MAX 4

/* -- usage -- */

static gboolean
add_row (const HmBucket *row, gpointer rollup)
{
  hm_rollup_add (rollup, row);
  return TRUE;
}

static gboolean
add_rollup (HmEngine *engine, const HmEntry *entry, HmUsageStep step, HmTime start, HmTime end,
            HmBatchRows *rows, GError **error)
{
  HmRollup *rollup = hm_rollup_new (start);

  g_ptr_array_add (rows->rolled, rollup);
  if (!engine->ops->usage_load (engine->store, entry->source, entry->resource, start, end, add_row, rollup,
                                error))
    return FALSE;
  for (guint i = 0; i < rollup->rows->len; i++)
    {
      const HmRollupRow row = { step, g_ptr_array_index (rollup->rows, i) };

      g_array_append_val (rows->rollups, row);
    }
  return TRUE;
}

/* -- evidence -- */

static gboolean
add_root (const HmEvidenceRow *row, gpointer user)
{
  HmBatchRows *rows = user;
  HmEvidenceRow copy = *row;
  char *root = g_strdup (row->root);

  g_ptr_array_add (rows->text, root);
  copy.root = root;
  g_array_append_val (rows->evidence, copy);
  return TRUE;
}

static gboolean
add_evidence (HmEngine *engine, const HmEntry *entry, HmTime day, HmBatchRows *rows, GError **error)
{
  const HmStoreFilter filter
      = { .from = day, .to = day + DAY_NS, .source = entry->source, .resource = entry->resource };

  return day < entry->edge || hm_evidence_make (engine->ops, engine->store, &filter, add_root, rows, error);
}

/* -- one resource -- */

static gboolean
roll_day (HmEngine *engine, const HmEntry *entry, HmTime day, HmBatchRows *rows, GError **error)
{
  HmTime end = day + DAY_NS;

  if (!add_rollup (engine, entry, HM_STEP_DAY, day, end, rows, error)
      || !add_evidence (engine, entry, day, rows, error))
    return FALSE;
  return hm_rollup_next_month (day) != end
         || add_rollup (engine, entry, HM_STEP_MONTH, hm_rollup_month (day), end, rows, error);
}

/* An interval that ends with the first record may begin so far before it. */
static HmTime
first_month (const HmEngine *engine, const HmEntry *entry)
{
  return hm_rollup_month (MAX (entry->first_seen - REACH * engine->settings.grain_ns, 0));
}

/* Nothing of it stays in @rows where it fails. */
static gboolean
roll_entry (HmEngine *engine, HmEntry *entry, HmTime until, HmBatchRows *rows, GError **error)
{
  HmTime rolled = entry->rolled != 0 ? entry->rolled : first_month (engine, entry);
  guint n_rollups = rows->rollups->len, n_evidence = rows->evidence->len;

  for (guint i = 0; i < DAYS_MAX && rolled < until; i++)
    {
      if (!roll_day (engine, entry, rolled, rows, error))
        {
          g_array_set_size (rows->rollups, n_rollups);
          g_array_set_size (rows->evidence, n_evidence);
          return FALSE;
        }
      rolled += DAY_NS;
    }
  entry->rolled = rolled;
  g_ptr_array_add (rows->touched, entry);
  return TRUE;
}

/* -- those that cannot be -- */

static char *
name_of (const char *source, const char *resource)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (source), source, resource);
}

static gboolean
has_failed (const HmEngine *engine, const char *source, const char *resource)
{
  g_autofree char *name = name_of (source, resource);

  return engine->unrolled != NULL && g_hash_table_contains (engine->unrolled, name);
}

static void
note_failed (HmEngine *engine, const HmEntry *waiting)
{
  if (engine->unrolled == NULL)
    engine->unrolled = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (engine->unrolled, name_of (waiting->source, waiting->resource));
}

/* -- as many as there is time for -- */

typedef struct
{
  HmEngine *engine;
  HmTime until;
  GPtrArray *waiting; /* (element-type HmEntry) their names alone */
  HmBatchRows *rows;
  GError *failure; /* (nullable) the first */
} Turn;

static gboolean
note_waiting (const HmResourceRow *row, gpointer user)
{
  Turn *turn = user;

  if (!has_failed (turn->engine, row->source, row->resource))
    g_ptr_array_add (turn->waiting, hm_entry_new (row->source, row->resource));
  return TRUE;
}

/* They come by their names, so those that have failed would be all that is ever listed, were they many. They are tried again when there is no
 * other. */
static gboolean
list_waiting (Turn *turn, GError **error)
{
  HmEngine *engine = turn->engine;
  guint failed = engine->unrolled != NULL ? g_hash_table_size (engine->unrolled) : 0;
  const HmStoreFilter filter = {
    .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .rolled_before = turn->until, .limit = LIST_MAX + failed
  };

  if (!engine->ops->list_resources (engine->store, &filter, note_waiting, turn, error))
    return FALSE;
  if (turn->waiting->len == 0)
    g_clear_pointer (&engine->unrolled, g_hash_table_unref);
  return TRUE;
}

/* What the store says is not taken for what is at hand: one that nobody has seen yet has nothing to be rolled up. */
static gboolean
roll_next (HmEngine *engine, const HmEntry *waiting, HmTime until, HmBatchRows *rows, GError **error)
{
  HmEntry *entry = hm_entry_cache_get (engine->cache, waiting->source, waiting->resource, error);

  if (entry == NULL)
    return FALSE;
  if (entry->version == 0 || entry->first_seen == HM_TIME_UNKNOWN || entry->rolled >= until)
    return TRUE;
  return roll_entry (engine, entry, until, rows, error);
}

/* FALSE: the store is not there, which is no resource's fault. */
static gboolean
try_next (Turn *turn, const HmEntry *waiting)
{
  g_autoptr (GError) failure = NULL;
  gboolean there;

  if (roll_next (turn->engine, waiting, turn->until, turn->rows, &failure))
    return TRUE;
  there = !g_error_matches (failure, HM_ERROR, HM_ERROR_UNAVAILABLE);
  if (there)
    note_failed (turn->engine, waiting);
  if (turn->failure == NULL)
    turn->failure = g_steal_pointer (&failure);
  return there;
}

static void
try_all (Turn *turn, gint64 budget_ns)
{
  const HmClock *clock = hm_clock_system ();
  gint64 end = clock->monotonic (clock) + budget_ns;

  for (guint i = 0; i < turn->waiting->len; i++)
    if (!try_next (turn, g_ptr_array_index (turn->waiting, i)) || clock->monotonic (clock) > end
        || hm_entry_cache_is_full (turn->engine->cache))
      return;
}

/* One that cannot be rolled up holds up no other, and is said at the end. */
gboolean
hm_engine_roll (HmEngine *engine, HmTime until, gint64 budget_ns, gboolean *ret_more, GError **error)
{
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_entry_free);
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  Turn turn = { engine, until, waiting, rows, NULL };
  g_autoptr (GError) failure = NULL;
  gboolean owned = FALSE;

  engine->gave_up = FALSE;
  if (!list_waiting (&turn, error))
    return FALSE;
  try_all (&turn, budget_ns);
  failure = turn.failure;
  *ret_more = rows->touched->len > 0;
  if (rows->touched->len > 0 && !hm_engine_store_rows (engine, rows, &owned, error))
    return FALSE;
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
