/* SPDX-License-Identifier: Apache-2.0 */
/* engine_place: a resource folded again, where some of its records are placed elsewhere than where they say (place.h).
 *
 * Stored records lie under the grain of the time that they state, so they are read twice. The first walk notes of each what its clock said,
 * and then all are placed, boot by boot. The second folds them: those that stand at their own time as they come, and in between, at
 * their places, all others, each read by itself. A note takes some hundred bytes, as long as the resource is being folded; nothing else is
 * held in memory. Records that are not after what the checkpoint stands for have come from beyond it, and are left out.
 *
 * An edge divides the records by where they are stored. The checkpoint there stands for those before it, so all of them must be placed
 * before all others, in time and in the boot time of each host: where it is to lie is therefore moved to the next grain of which that is
 * so. Called by engine_refold.c, on the storing thread. */
#include "collector/engine/engine_private.h"

#include "collector/usage/fold_state.h"
#include "metering/error.h"

#include <string.h>

typedef struct
{
  HmFolding *folding;
  HmTime until; /* of no interest is what is stored from here on; G_MAXINT64: all is */
  GArray *all;  /* (element-type HmPlaced) by what their clocks said; their texts: */
  GStringChunk *text;
  GPtrArray
      *turns; /* (element-type HmPlaced) those that the second walk does not fold as they come, by place */
  GHashTable
      *aside; /* (element-type HmPlaced) the stored ones of these, and those that are left out, by number */
  guint next; /* of `turns` */
} Placing;

/* One that is read by itself. */
typedef struct
{
  HmFolding *folding;
  HmDecoded *decoded; /* (nullable) */
} Found;

/* A grain must not be the edge when it is one of (after, last]. */
typedef struct
{
  HmTime after, last;
} Bad;

/* -- the first walk -- */

static gboolean
wants_all (HmWalk *walk G_GNUC_UNUSED, const HmRawRow *row G_GNUC_UNUSED)
{
  return TRUE;
}

static const char *
keep (Placing *placing, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (placing->text, text) : NULL;
}

static gboolean
note_clocks (HmWalk *walk)
{
  Placing *placing = walk->user;

  for (guint i = 0; i < walk->stored->len; i++)
    {
      const HmStored *stored = &g_array_index (walk->stored, HmStored, i);
      const HmRecord *record = &stored->decoded->record;
      HmPlaced placed = { .key = { .at = record->time,
                                   .agent = keep (placing, record->agent.id),
                                   .epoch = keep (placing, record->agent.epoch),
                                   .seq = record->seq },
                          .reading = hm_clock_reading (record, stored->appended),
                          .grain = stored->grain };

      placed.reading.boot = keep (placing, placed.reading.boot);
      if (placed.reading.takes_part)
        g_array_append_val (placing->all, placed);
    }
  return TRUE;
}

static void
note_new (Placing *placing)
{
  const HmEntry *entry = placing->folding->entry;

  for (guint i = 0; i < entry->taken->len; i++)
    {
      HmPlaced placed = hm_placed_new (g_ptr_array_index (entry->taken, i));

      if (!hm_entry_is_beyond (entry, placed.reading.time))
        g_array_append_val (placing->all, placed);
    }
}

/* -- places -- */

static gboolean
is_after (const HmFoldState *state, const HmPlaced *placed)
{
  const HmPlaceKey last = { state->time, state->agent, state->agent_epoch, state->seq };

  return state->time == HM_TIME_UNKNOWN || hm_place_key_compare (&placed->key, &last) > 0;
}

/* What is left out is said to be parked. */
static void
place_all (Placing *placing)
{
  HmEntry *entry = placing->folding->entry;
  g_autoptr (HmClocks) clocks = hm_clocks_copy (entry->fold->clocks);
  gint64 grain_ns = placing->folding->engine->settings.grain_ns;

  hm_entry_list_waiting (entry);
  g_array_sort (placing->all, hm_placed_compare_readings);
  for (guint i = 0; i < placing->all->len; i++)
    {
      HmPlaced *one = &g_array_index (placing->all, HmPlaced, i);

      one->place = hm_clocks_place (clocks, &one->reading, entry->reached);
      one->key.at = one->place.time;
      if (one->place.parked)
        hm_entry_park (entry, one, grain_ns);
      else if (one->reading.takes_part && !is_after (entry->fold, one))
        {
          one->place.parked = TRUE;
          entry->beyond += one->arrival != NULL;
        }
    }
}

/* The state knows the clocks of those that it is made of. */
static void
remember_clocks (const Placing *placing)
{
  const HmEntry *entry = placing->folding->entry;

  for (guint i = 0; i < placing->all->len; i++)
    {
      const HmPlaced *one = &g_array_index (placing->all, HmPlaced, i);

      if (one->arrival != NULL || one->grain < placing->until)
        hm_clocks_place (entry->fold->clocks, &one->reading, entry->reached);
    }
}

/* -- the edge -- */

static void
note_bad (GArray *bad, const HmPlaced *placed, HmTime *last)
{
  const Bad found = { placed->grain, *last };

  if (placed->grain < *last)
    g_array_append_val (bad, found);
  *last = MAX (*last, placed->grain);
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  return hm_placed_compare (*(const HmPlaced *const *)a, *(const HmPlaced *const *)b);
}

static void
note_bad_of_boots (const GArray *all, GArray *bad)
{
  HmTime last = HM_TIME_UNKNOWN;

  for (guint i = 0; i < all->len; i++)
    {
      const HmPlaced *one = &g_array_index (all, HmPlaced, i);

      if (i == 0 || g_strcmp0 (one->reading.boot, (one - 1)->reading.boot) != 0)
        last = HM_TIME_UNKNOWN;
      if (one->reading.boot != NULL)
        note_bad (bad, one, &last);
    }
}

static void
note_bad_of_places (const GArray *all, GArray *bad)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_sized_new (all->len);
  HmTime last = HM_TIME_UNKNOWN;

  for (guint i = 0; i < all->len; i++)
    {
      const HmPlaced *one = &g_array_index (all, HmPlaced, i);

      if (!one->place.parked)
        g_ptr_array_add (sorted, (gpointer)(gsize)one);
    }
  g_ptr_array_sort (sorted, compare_places);
  for (guint i = 0; i < sorted->len; i++)
    note_bad (bad, g_ptr_array_index (sorted, i), &last);
}

/* About a day of them at most; see engine_refold.c. */
static HmTime
day_of (const Placing *placing, HmTime until)
{
  HmTime first = until;

  for (guint i = 0; i < placing->all->len; i++)
    first = MIN (first, g_array_index (placing->all, HmPlaced, i).grain);
  return until - first > HM_DAY_NS ? first + HM_DAY_NS : until;
}

static HmTime
find_edge (const Placing *placing, HmTime until)
{
  g_autoptr (GArray) bad = g_array_new (FALSE, FALSE, sizeof (Bad));
  HmTime edge = day_of (placing, until), before;

  note_bad_of_boots (placing->all, bad);
  note_bad_of_places (placing->all, bad);
  do
    {
      before = edge;
      for (guint i = 0; i < bad->len; i++)
        {
          const Bad *one = &g_array_index (bad, Bad, i);

          if (one->after < edge && edge <= one->last)
            edge = one->last + placing->folding->engine->settings.grain_ns;
        }
    }
  while (edge != before);
  return edge;
}

/* -- the second walk -- */

static guint
number_hash (gconstpointer data)
{
  const HmPlaced *placed = data;

  return g_str_hash (placed->key.epoch) + (guint)placed->key.seq * 2654435761u;
}

static gboolean
number_equal (gconstpointer a, gconstpointer b)
{
  const HmPlaced *left = a, *right = b;

  return left->key.seq == right->key.seq && strcmp (left->key.epoch, right->key.epoch) == 0
         && strcmp (left->key.agent, right->key.agent) == 0;
}

static void
list_turns (Placing *placing)
{
  for (guint i = 0; i < placing->all->len; i++)
    {
      HmPlaced *one = &g_array_index (placing->all, HmPlaced, i);

      if (one->arrival == NULL
          && (one->grain >= placing->until || (one->place.flags == 0 && !one->place.parked)))
        continue;
      if (one->arrival == NULL)
        g_hash_table_add (placing->aside, one);
      if (!one->place.parked)
        g_ptr_array_add (placing->turns, one);
    }
  g_ptr_array_sort (placing->turns, compare_places);
}

static gboolean
find_one (const HmRawRow *row, gpointer user)
{
  Found *found = user;

  found->decoded = hm_folding_decode (found->folding, row);
  return FALSE;
}

gboolean
hm_folding_apply_stored (HmFolding *folding, const HmPlaced *placed)
{
  const HmRawRow key = { .grain = placed->grain,
                         .source = folding->entry->source,
                         .resource = folding->entry->resource,
                         .agent = placed->key.agent,
                         .epoch = placed->key.epoch,
                         .seq = placed->key.seq };
  Found found = { .folding = folding };
  g_autoptr (HmDecoded) decoded = NULL;
  gboolean read
      = folding->engine->ops->raw_find (folding->engine->store, &key, find_one, &found, &folding->error);

  decoded = found.decoded;
  if (decoded == NULL && read && folding->error == NULL)
    g_set_error (&folding->error, HM_ERROR, HM_ERROR_TEMPORARY, "a record of %s is not stored any more",
                 folding->entry->resource);
  return decoded != NULL
         && hm_folding_apply (folding, &decoded->record, placed->reading.appended, &placed->place);
}

/* Those whose turn is before @key (NULL: all). */
static gboolean
apply_turns (Placing *placing, const HmPlaceKey *key)
{
  for (; placing->next < placing->turns->len; placing->next++)
    {
      const HmPlaced *one = g_ptr_array_index (placing->turns, placing->next);

      if (key != NULL && hm_place_key_compare (&one->key, key) > 0)
        return TRUE;
      if (!(one->arrival != NULL ? hm_folding_apply (placing->folding, &one->arrival->decoded->record,
                                                     one->reading.appended, &one->place)
                                 : hm_folding_apply_stored (placing->folding, one)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
wants_those (HmWalk *walk, const HmRawRow *row)
{
  Placing *placing = walk->user;
  const HmPlaced number = { .key = { .agent = row->agent, .epoch = row->epoch, .seq = row->seq } };

  walk->over = row->grain >= placing->until;
  return !walk->over && !g_hash_table_contains (placing->aside, &number);
}

static gboolean
fold_those (HmWalk *walk)
{
  for (guint i = 0; i < walk->stored->len; i++)
    {
      const HmStored *stored = &g_array_index (walk->stored, HmStored, i);
      const HmRecord *record = &stored->decoded->record;
      const HmPlaceKey key = { record->time, record->agent.id, record->agent.epoch, record->seq };
      const HmPlace place = { .time = record->time };

      if (!hm_fold_takes_part (record) && hm_arrival_is_future (record->time, stored->appended))
        continue;
      if (!apply_turns (walk->user, &key)
          || !hm_folding_apply (walk->folding, record, stored->appended, &place))
        return FALSE;
    }
  return TRUE;
}

static gboolean
fold_placed (Placing *placing, HmTime *until)
{
  HmWalk first = { .folding = placing->folding, .wants = wants_all, .take = note_clocks, .user = placing },
         second = { .folding = placing->folding, .wants = wants_those, .take = fold_those, .user = placing };

  if (!hm_walk (&first))
    return FALSE;
  note_new (placing);
  place_all (placing);
  if (until != NULL)
    *until = placing->until = find_edge (placing, *until);
  remember_clocks (placing);
  list_turns (placing);
  return hm_walk (&second) && apply_turns (placing, NULL);
}

gboolean
hm_folding_again_placed (HmFolding *folding, HmTime *until)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (HmPlaced));
  g_autoptr (GStringChunk) text = g_string_chunk_new (1024);
  g_autoptr (GPtrArray) turns = g_ptr_array_new ();
  g_autoptr (GHashTable) aside = g_hash_table_new (number_hash, number_equal);
  Placing placing
      = { .folding = folding, .until = G_MAXINT64, .all = all, .text = text, .turns = turns, .aside = aside };

  return fold_placed (&placing, until);
}
