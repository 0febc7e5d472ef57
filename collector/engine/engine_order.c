/* SPDX-License-Identifier: Apache-2.0 */
/* engine_order: where the new records of a resource stand (place.h), and whether all of them come after what was folded.
 *
 * Called by engine_fold.c for each resource of a batch, on the storing thread; engine_place.c places stored ones beside them. */
#include "collector/engine/engine_private.h"

#include "collector/usage/fold_state.h"

/* Of more than that nobody keeps a list: the resource is folded again when the time of one has come. */
#define WAITING_MAX 4096

struct HmWaiting
{
  GArray *placed; /* (element-type HmPlaced) stored ones; their texts: */
  GStringChunk *text;
  gboolean lost; /* not all of them are listed: nobody can tell what is due */
};

/* -- those that wait -- */

void
hm_waiting_free (HmWaiting *waiting)
{
  g_array_unref (waiting->placed);
  g_string_chunk_free (waiting->text);
  g_free (waiting);
}

gsize
hm_waiting_bytes (const HmWaiting *waiting)
{
  return waiting != NULL ? 1024 + waiting->placed->len * sizeof (HmPlaced) : 0;
}

static gboolean
none_waits (const HmEntry *entry)
{
  const GArray *boots = entry->fold->clocks->boots;

  for (guint i = 0; i < boots->len; i++)
    if (g_array_index (boots, HmBootClock, i).parked_last != 0)
      return FALSE;
  return entry->parked == 0;
}

void
hm_entry_list_waiting (HmEntry *entry)
{
  if (entry->waiting != NULL || !none_waits (entry))
    return;
  entry->waiting = g_new0 (HmWaiting, 1);
  entry->waiting->placed = g_array_new (FALSE, FALSE, sizeof (HmPlaced));
  entry->waiting->text = g_string_chunk_new (128);
}

static const char *
keep (HmWaiting *waiting, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (waiting->text, text) : NULL;
}

/* One that is apart may be placed elsewhere when those before it are known: then all is placed anew. */
static void
wait_for (HmEntry *entry, const HmPlaced *placed, gint64 grain_ns)
{
  HmPlaced kept = *placed;

  if (entry->waiting == NULL || entry->waiting->lost)
    return;
  entry->waiting->lost = placed->place.apart || entry->waiting->placed->len >= WAITING_MAX;
  kept.key.agent = keep (entry->waiting, placed->key.agent);
  kept.key.epoch = keep (entry->waiting, placed->key.epoch);
  kept.reading.boot = keep (entry->waiting, placed->reading.boot);
  if (placed->arrival != NULL)
    kept.grain
        = hm_grain_of (hm_entry_kept_at (entry, placed->reading.time, placed->reading.appended), grain_ns);
  kept.arrival = NULL;
  g_array_append_val (entry->waiting->placed, kept);
}

/* -- places -- */

HmPlaced
hm_placed_new (const HmArrival *arrival)
{
  const HmRecord *record = &arrival->decoded->record;

  return (HmPlaced){ .key = { record->time, record->agent.id, record->agent.epoch, record->seq },
                     .reading = hm_clock_reading (record, arrival->appended),
                     .arrival = arrival };
}

int
hm_placed_compare (gconstpointer a, gconstpointer b)
{
  return hm_place_key_compare (&((const HmPlaced *)a)->key, &((const HmPlaced *)b)->key);
}

int
hm_placed_compare_readings (gconstpointer a, gconstpointer b)
{
  return hm_clock_reading_compare (&((const HmPlaced *)a)->reading, &((const HmPlaced *)b)->reading);
}

void
hm_entry_park (HmEntry *entry, const HmPlaced *placed, gint64 grain_ns)
{
  HmTime at = placed->place.parked ? placed->place.time : placed->place.waits;

  if (placed->reading.takes_part && at != HM_TIME_UNKNOWN && (entry->parked == 0 || at < entry->parked))
    entry->parked = at;
  if (placed->reading.takes_part && placed->place.parked)
    wait_for (entry, placed, grain_ns);
}

static void
list_new (const HmEntry *entry, GArray *placed)
{
  g_array_set_size (placed, 0);
  for (guint i = 0; i < entry->taken->len; i++)
    {
      HmPlaced fresh = hm_placed_new (g_ptr_array_index (entry->taken, i));

      if (!hm_entry_is_beyond (entry, fresh.reading.time))
        g_array_append_val (placed, fresh);
    }
}

/* Places each and lets go of those that wait. FALSE: one of them may change where others are. */
static gboolean
place_each (HmEntry *entry, HmClocks *clocks, gint64 grain_ns, GArray *placed)
{
  guint kept = 0;

  for (guint i = 0; i < placed->len; i++)
    {
      HmPlaced *one = &g_array_index (placed, HmPlaced, i);

      if (!hm_clocks_is_next (clocks, &one->reading, entry->reached))
        return FALSE;
      one->place = hm_clocks_place (clocks, &one->reading, entry->reached);
      one->key.at = one->place.time;
      hm_entry_park (entry, one, grain_ns);
      if (!one->place.parked)
        g_array_index (placed, HmPlaced, kept++) = *one;
    }
  g_array_set_size (placed, kept);
  return TRUE;
}

/* They are sorted, so the first that takes part in the fold decides; those that take no part are always in
 * order, and say nothing about the ones behind them. */
static gboolean
is_in_order (const HmFoldState *state, const GArray *placed)
{
  const HmPlaceKey last = { state->time, state->agent, state->agent_epoch, state->seq };

  for (guint i = 0; state->time != HM_TIME_UNKNOWN && i < placed->len; i++)
    {
      const HmPlaced *one = &g_array_index (placed, HmPlaced, i);

      if (one->reading.takes_part)
        return hm_place_key_compare (&one->key, &last) > 0;
    }
  return TRUE;
}

gboolean
hm_entry_place_new (HmEntry *entry, gint64 grain_ns, GArray *placed)
{
  hm_entry_list_waiting (entry);
  list_new (entry, placed);
  if (placed->len > 1)
    g_array_sort (placed, hm_placed_compare_readings);
  if (!place_each (entry, entry->fold->clocks, grain_ns, placed))
    return FALSE;
  if (placed->len > 1)
    g_array_sort (placed, hm_placed_compare);
  return is_in_order (entry->fold, placed);
}

/* Adds those that wait and forgets that they do; their texts stay. FALSE: they are not at hand, or an edge has passed one. */
static gboolean
list_waiting (HmEntry *entry, GArray *placed)
{
  GArray *waiting = entry->waiting != NULL && !entry->waiting->lost ? entry->waiting->placed : NULL;

  for (guint i = 0; waiting != NULL && i < waiting->len; i++)
    if (g_array_index (waiting, HmPlaced, i).grain < entry->edge)
      return FALSE;
  if (waiting == NULL)
    return FALSE;
  g_array_append_vals (placed, waiting->data, waiting->len);
  g_array_set_size (waiting, 0);
  entry->parked = 0;
  return TRUE;
}

static gboolean
any_is_apart (const GArray *placed)
{
  for (guint i = 0; i < placed->len; i++)
    if (g_array_index (placed, HmPlaced, i).place.apart)
      return TRUE;
  return FALSE;
}

/* As if all of them came now: so they are placed as when the resource is folded again. Where that cannot be, it is. */
gboolean
hm_entry_place_due (HmEntry *entry, gint64 grain_ns, GArray *placed)
{
  g_autoptr (HmClocks) clocks = hm_clocks_copy (entry->fold->clocks);
  HmClocks *before;

  list_new (entry, placed);
  if (!list_waiting (entry, placed))
    return FALSE;
  hm_clocks_unpark (clocks);
  g_array_sort (placed, hm_placed_compare_readings);
  if (!place_each (entry, clocks, grain_ns, placed) || entry->waiting->lost || any_is_apart (placed))
    return FALSE;
  g_array_sort (placed, hm_placed_compare);
  if (!is_in_order (entry->fold, placed))
    return FALSE;
  before = entry->fold->clocks;
  entry->fold->clocks = g_steal_pointer (&clocks);
  hm_clocks_free (before);
  return TRUE;
}
