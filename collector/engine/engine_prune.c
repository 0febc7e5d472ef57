/* SPDX-License-Identifier: Apache-2.0 */
/* engine_prune: moves the edges of resources, so that raw rows before them can go.
 *
 * A resource is folded again up to the new edge, on an entry that is thrown away afterwards: that gives the state there, and the
 * rows as they were there. Where the stored rows are others by now, records from behind the edge have changed them, and the
 * checkpoint keeps what was. Then the resource's row is written with its version compared, like any other. A day of records at most
 * is folded for one resource in one step: the first edge of a store that is years old takes many steps, and no long one. */
#include "collector/engine/engine_prune.h"

#include "collector/engine/engine_private.h"
#include "collector/usage/fold_state.h"
#include "metering/error.h"

/* That many names are listed at a time. */
#define LIST_MAX 512
/* An interval reaches over no more grains than that from where it ends (HM_SPAN_GRAINS_MAX). */
#define REACH 744

typedef struct
{
  HmEngine *engine;
  HmEntry *then; /* the resource as it was at the new edge */
  HmTime edge;   /* the new one */
  HmTime moved;  /* as of the resource's clocks */
  HmCheckpoint *checkpoint;
  GPtrArray *now; /* (element-type HmBucket) stored rows of one grain */
} Move;

/* -- the rows that are others by now -- */

static gboolean
keep_row (const HmBucket *row, gpointer now)
{
  g_ptr_array_add (now, hm_bucket_copy (row));
  return TRUE;
}

static gboolean
same_cells (const HmBucket *a, const HmBucket *b)
{
  g_autofree char *left = hm_bucket_cells_to_json (a, NULL), *right = hm_bucket_cells_to_json (b, NULL);

  return g_str_equal (left, right);
}

static void
compare_row (Move *move, const HmBucket *now)
{
  HmEntryBucket *at = hm_entry_find_bucket (move->then, now->grain, now->agent, now->epoch, now->project,
                                            now->user, now->flavor, now->state);

  if (at == NULL)
    hm_checkpoint_add (move->checkpoint, hm_bucket_copy_key (now));
  else if (!same_cells (at->bucket, now))
    hm_checkpoint_add (move->checkpoint, hm_bucket_copy (at->bucket));
}

static gboolean
compare_grain (Move *move, HmTime grain, GError **error)
{
  HmEngine *engine = move->engine;

  g_ptr_array_set_size (move->now, 0);
  if (!engine->ops->buckets_load (engine->store, move->then->source, move->then->resource, grain, keep_row,
                                  move->now, error))
    return FALSE;
  for (guint i = 0; i < move->now->len; i++)
    compare_row (move, g_ptr_array_index (move->now, i));
  return TRUE;
}

/* A record that is placed later than where it says has rows there, which no record from behind the edge makes again. */
static void
keep_later (Move *move)
{
  for (guint i = 0; i < move->then->buckets->len; i++)
    {
      const HmBucket *row = g_array_index (move->then->buckets, HmEntryBucket, i).bucket;

      if (row->grain >= move->edge)
        hm_checkpoint_add (move->checkpoint, hm_bucket_copy (row));
    }
}

/* Before the old edge only what is at hand can be another: its checkpoint had all that was. */
static gboolean
compare_rows (Move *move, GError **error)
{
  const HmEntry *then = move->then;
  gint64 grain_ns = move->engine->settings.grain_ns;
  HmTime from = MIN (move->edge, then->fold->time != HM_TIME_UNKNOWN ? then->fold->time : move->edge);
  HmTime grain = MAX (hm_grain_of (from, grain_ns) - REACH * grain_ns, 0);

  if (then->buckets->len > 0)
    grain = MIN (grain, g_array_index (then->buckets, HmEntryBucket, 0).bucket->grain);
  for (; grain < move->edge; grain += grain_ns)
    if ((grain >= then->edge || hm_entry_has_grain (then, grain)) && !compare_grain (move, grain, error))
      return FALSE;
  keep_later (move);
  return TRUE;
}

/* -- one resource -- */

typedef struct
{
  HmFolding folding;                                       /* first: it comes back with each record */
  void (*held) (HmFoldOutput *self, const HmHeldRow *row); /* the folding's own */
  HmTime reached;
} Reaching;

static gboolean
note_reached (HmFolding *folding, const HmRawRow *row)
{
  Reaching *reaching = (Reaching *)(gpointer)folding;

  reaching->reached = MAX (reaching->reached, row->appended);
  return TRUE;
}

/* A decision is behind the state, too. HM_TIME_UNKNOWN is before all times. */
static void
note_decided (HmFoldOutput *self, const HmHeldRow *row)
{
  Reaching *reaching = (Reaching *)(gpointer)self;

  reaching->held (self, row);
  reaching->reached = MAX (reaching->reached, hm_decisions_made (reaching->folding.entry->decisions, row));
}

/* *@ret_reached: the latest append time, or decision, of all that is behind the state then. */
static gboolean
fold_until (Move *move, HmTime *ret_reached, GError **error)
{
  Reaching reaching = { .folding = hm_folding (move->engine, move->then) };
  HmFolding *folding = &reaching.folding;

  folding->row = note_reached;
  reaching.held = folding->output.held;
  folding->output.held = note_decided;
  folding->careful = move->moved != HM_TIME_UNKNOWN && move->moved >= move->then->edge;
  if (hm_folding_load_decisions (folding) && hm_folding_again (folding, &move->edge)
      && folding->error == NULL)
    {
      const HmCheckpoint *before = move->then->checkpoint;

      *ret_reached = MAX (reaching.reached, before != NULL ? before->reached : 0);
      return TRUE;
    }
  g_propagate_error (error, folding->error);
  return FALSE;
}

static gboolean
move_edge (HmEngine *engine, HmEntry *entry, HmTime edge, GError **error)
{
  g_autoptr (HmEntry) then = hm_entry_new (entry->source, entry->resource);
  g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (HmCheckpoint) checkpoint = NULL;
  Move move
      = { .engine = engine, .then = then, .edge = edge, .moved = entry->fold->clocks->moved, .now = now };
  HmTime reached;

  then->version = entry->version;
  then->edge = entry->edge;
  then->reached = entry->reached;
  then->decided = entry->decided;
  if (!fold_until (&move, &reached, error))
    return FALSE;
  checkpoint = move.checkpoint = hm_checkpoint_new (hm_fold_state_to_json (then->fold, NULL));
  if (!compare_rows (&move, error))
    return FALSE;
  checkpoint->reached = reached;
  checkpoint->grown = TRUE; /* though it may have no row */
  entry->checkpoint = g_steal_pointer (&checkpoint);
  entry->edge = move.edge;
  return TRUE;
}

/* -- as many as there is time for -- */

static gboolean
note_waiting (const HmResourceRow *row, gpointer waiting)
{
  g_ptr_array_add (waiting, hm_entry_new (row->source, row->resource));
  return TRUE;
}

static gboolean
list_waiting (HmEngine *engine, HmTime edge, GError **error)
{
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .edge_before = edge, .limit = LIST_MAX };

  return engine->ops->list_resources (engine->store, &filter, note_waiting, engine->waiting, error);
}

/* One that cannot be moved holds up no other: it is tried again when they are listed anew. */
static gboolean
move_next (HmEngine *engine, HmTime edge, HmBatchRows *rows, GError **error)
{
  g_autoptr (HmEntry) waiting = g_ptr_array_steal_index_fast (engine->waiting, engine->waiting->len - 1);
  HmEntry *entry = hm_entry_cache_get (engine->cache, waiting->source, waiting->resource, error);

  if (entry == NULL || (entry->edge < edge && !move_edge (engine, entry, edge, error)))
    return FALSE;
  if (entry->checkpoint != NULL)
    g_ptr_array_add (rows->touched, entry);
  return TRUE;
}

static gboolean
move_edges (HmEngine *engine, HmTime edge, gint64 budget_ns, GError **error)
{
  const HmClock *clock = hm_clock_system ();
  gint64 end = clock->monotonic (clock) + budget_ns;
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autoptr (GError) failure = NULL;
  gboolean moved = TRUE, owned = FALSE;

  engine->gave_up = FALSE;
  do
    moved = move_next (engine, edge, rows, &failure);
  while (moved && engine->waiting->len > 0 && clock->monotonic (clock) < end);
  if (rows->touched->len > 0 && !hm_engine_store_rows (engine, rows, &owned, error))
    return FALSE;
  if (owned)
    engine->counts.checkpoints += rows->touched->len;
  if (!moved)
    g_propagate_error (error, g_steal_pointer (&failure));
  return moved;
}

gboolean
hm_engine_prune (HmEngine *engine, const HmRetention *retention, gint64 budget_ns, gboolean *ret_more,
                 GError **error)
{
  if (retention->raw != HM_TIME_UNKNOWN && engine->waiting->len == 0
      && !list_waiting (engine, retention->raw, error))
    return FALSE;
  if (engine->waiting->len == 0)
    return engine->ops->prune (engine->store, retention, ret_more, error);
  *ret_more = TRUE;
  return move_edges (engine, retention->raw, budget_ns, error);
}
