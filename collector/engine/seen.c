/* SPDX-License-Identifier: Apache-2.0 */
/* seen: repetitions told from news, per agent process.
 *
 * The engine asks for every record, on its fold thread, and stores the answer's basis with the resource.
 * Numbers come from 1 without gaps, mostly in order, so what was seen is nearly always one number: the
 * highest. */
#include "collector/engine/seen.h"

#include <string.h>

#include "metering/error.h"
#include "metering/json.h"

/* Agent processes that are told apart; the one whose last record is oldest goes first. Its records would be
 * new again, so this is more starts than an agent makes while its records are kept anywhere. */
#define LIVES_MAX 4096

typedef struct
{
  guint64 first, last;
} Hole;

typedef struct
{
  char *agent, *epoch;
  guint64 highest;
  GArray *holes; /* (element-type Hole), ascending, apart, below `highest` */
} Life;

struct HmSeen
{
  GPtrArray *lives; /* (element-type Life), the one added to last at the end */
  guint n_holes;
};

static void
life_free (gpointer data)
{
  Life *life = data;

  g_free (life->agent);
  g_free (life->epoch);
  g_array_unref (life->holes);
  g_free (life);
}

static Life *
life_new (const char *agent, const char *epoch)
{
  Life *life = g_new0 (Life, 1);

  life->agent = g_strdup (agent);
  life->epoch = g_strdup (epoch);
  life->holes = g_array_new (FALSE, FALSE, sizeof (Hole));
  return life;
}

HmSeen *
hm_seen_new (void)
{
  HmSeen *seen = g_new0 (HmSeen, 1);

  seen->lives = g_ptr_array_new_with_free_func (life_free);
  return seen;
}

void
hm_seen_free (HmSeen *seen)
{
  if (seen == NULL)
    return;
  g_ptr_array_unref (seen->lives);
  g_free (seen);
}

static Life *
find_life (const HmSeen *seen, const char *agent, const char *epoch, guint *ret_at)
{
  for (guint i = seen->lives->len; i-- > 0;)
    {
      Life *life = g_ptr_array_index (seen->lives, i);

      *ret_at = i;
      if (strcmp (life->epoch, epoch) == 0 && strcmp (life->agent, agent) == 0)
        return life;
    }
  return NULL;
}

/* The hole that @seq lies in, or NULL. */
static Hole *
find_hole (const Life *life, guint64 seq, guint *ret_at)
{
  guint low = 0, high = life->holes->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      Hole *hole = &g_array_index (life->holes, Hole, middle);

      *ret_at = middle;
      if (seq >= hole->first && seq <= hole->last)
        return hole;
      if (seq < hole->first)
        high = middle;
      else
        low = middle + 1;
    }
  return NULL;
}

HmSeenResult
hm_seen_check (const HmSeen *seen, const char *agent, const char *epoch, guint64 seq)
{
  guint at;
  const Life *life = find_life (seen, agent, epoch, &at);

  if (life == NULL || seq > life->highest || find_hole (life, seq, &at) != NULL)
    return HM_SEEN_NEW;
  return HM_SEEN_REPEATED;
}

/* -- adding -- */

static void
drop_oldest_life (HmSeen *seen)
{
  seen->n_holes -= ((const Life *)g_ptr_array_index (seen->lives, 0))->holes->len;
  g_ptr_array_remove_index (seen->lives, 0);
}

/* The life to be added to, now the last one. */
static Life *
touch_life (HmSeen *seen, const char *agent, const char *epoch)
{
  guint at;
  Life *life = find_life (seen, agent, epoch, &at);

  if (life == NULL)
    {
      if (seen->lives->len >= LIVES_MAX)
        drop_oldest_life (seen);
      life = life_new (agent, epoch);
      g_ptr_array_add (seen->lives, life);
    }
  else if (at + 1 < seen->lives->len)
    g_ptr_array_add (seen->lives, g_ptr_array_steal_index (seen->lives, at));
  return life;
}

static void
write_off_oldest_hole (HmSeen *seen)
{
  for (guint i = 0; i < seen->lives->len; i++)
    {
      Life *life = g_ptr_array_index (seen->lives, i);

      if (life->holes->len == 0)
        continue;
      g_array_remove_index (life->holes, 0);
      seen->n_holes--;
      return;
    }
}

static void
insert_hole (HmSeen *seen, Life *life, guint at, guint64 first, guint64 last)
{
  Hole hole = { first, last };

  g_array_insert_val (life->holes, at, hole);
  seen->n_holes++;
}

/* Takes @seq out of a hole: cuts its edge, splits it, or closes it. */
static void
fill (HmSeen *seen, Life *life, guint64 seq)
{
  guint at;
  Hole *hole = find_hole (life, seq, &at);
  guint64 last;

  if (hole == NULL)
    return;
  last = hole->last;
  if (hole->first == last)
    {
      g_array_remove_index (life->holes, at);
      seen->n_holes--;
    }
  else if (seq == hole->first)
    hole->first++;
  else
    {
      hole->last = seq - 1;
      if (seq < last)
        insert_hole (seen, life, at + 1, seq + 1, last);
    }
}

void
hm_seen_add (HmSeen *seen, const char *agent, const char *epoch, guint64 seq)
{
  Life *life = touch_life (seen, agent, epoch);

  if (seq <= life->highest)
    fill (seen, life, seq);
  else
    {
      if (seq > life->highest + 1)
        insert_hole (seen, life, life->holes->len, life->highest + 1, seq - 1);
      life->highest = seq;
    }
  while (seen->n_holes > HM_SEEN_HOLES_MAX)
    write_off_oldest_hole (seen);
}

static guint64
missing_of (const Life *life)
{
  guint64 missing = 0;

  for (guint i = 0; i < life->holes->len; i++)
    {
      const Hole *hole = &g_array_index (life->holes, Hole, i);

      missing += hole->last - hole->first + 1;
    }
  return missing;
}

void
hm_seen_each (const HmSeen *seen, HmSeenVisit visit, gpointer user)
{
  for (guint i = 0; i < seen->lives->len; i++)
    {
      const Life *life = g_ptr_array_index (seen->lives, i);

      visit (life->agent, life->epoch, missing_of (life), user);
    }
}

/* -- JSON: [[agent, epoch, highest, first, last, first, last, …], …] -- */

char *
hm_seen_to_json (const HmSeen *seen, gsize *ret_length)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  hm_json_begin_array (w);
  for (guint i = 0; i < seen->lives->len; i++)
    {
      const Life *life = g_ptr_array_index (seen->lives, i);

      hm_json_begin_array (w);
      hm_json_text (w, life->agent);
      hm_json_text (w, life->epoch);
      hm_json_u64 (w, life->highest);
      for (guint j = 0; j < life->holes->len; j++)
        {
          hm_json_u64 (w, g_array_index (life->holes, Hole, j).first);
          hm_json_u64 (w, g_array_index (life->holes, Hole, j).last);
        }
      hm_json_end_array (w);
    }
  hm_json_end_array (w);
  text = hm_json_writer_finish (w, &length, NULL);
  g_assert (text != NULL); /* ids came through a decoder: UTF-8 */
  if (ret_length != NULL)
    *ret_length = length;
  return g_strndup (text, length);
}

static gboolean
read_holes (HmSeen *seen, Life *life, const HmJson *json)
{
  guint64 after = 0, first, last; /* a hole begins behind `after` */

  for (guint i = 3; i < hm_json_size (json); i += 2)
    {
      if (!hm_json_get_u64 (hm_json_element (json, i), NULL, &first)
          || !hm_json_get_u64 (hm_json_element (json, i + 1), NULL, &last) || first <= after || last < first
          || last >= life->highest)
        return FALSE;
      insert_hole (seen, life, life->holes->len, first, last);
      after = last + 1;
    }
  return TRUE;
}

static gboolean
read_life (HmSeen *seen, const HmJson *json)
{
  const char *agent = hm_json_get_text (hm_json_element (json, 0), NULL);
  const char *epoch = hm_json_get_text (hm_json_element (json, 1), NULL);
  Life *life;

  if (agent == NULL || epoch == NULL)
    return FALSE;
  life = life_new (agent, epoch);
  g_ptr_array_add (seen->lives, life);
  return hm_json_get_u64 (hm_json_element (json, 2), NULL, &life->highest) && read_holes (seen, life, json);
}

HmSeen *
hm_seen_from_json (const char *json, gsize length, GError **error)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autoptr (HmJson) tree = hm_json_parse (json, length, error);
  gboolean sound = hm_json_is_array (tree);

  for (guint i = 0; sound && i < hm_json_size (tree); i++)
    sound = read_life (seen, hm_json_element (tree, i));
  if (sound && seen->n_holes <= HM_SEEN_HOLES_MAX)
    return g_steal_pointer (&seen);
  if (tree == NULL)
    g_prefix_error (error, "numbers seen: ");
  else
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "numbers seen: not the form of a list of agent processes");
  return NULL;
}
