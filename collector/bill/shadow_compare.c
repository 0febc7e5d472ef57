/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_compare: both sides are made a sorted list of figures, and walked together. Called by whoever verifies; any thread. */
#include "collector/bill/shadow_compare.h"

#include "collector/usage/rollup.h"
#include "collector/bill/statement.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)

/* A cell and its row. */
typedef struct
{
  const HmBucket *row;
  const HmCell *cell;
} Figure;

typedef struct
{
  HmUsageStep step;
  HmDifferenceVisit visit;
  gpointer user;
} Comparing;

/* -- figures -- */

static int
compare_lives (const Figure *a, const Figure *b)
{
  int order = strcmp (a->row->agent, b->row->agent);

  if (order == 0)
    order = strcmp (a->row->epoch, b->row->epoch);
  return order != 0 ? order : strcmp (a->cell->epoch, b->cell->epoch);
}

static int
compare_keys (const Figure *a, const Figure *b)
{
  const char *const pairs[][2] = {
    { a->cell->device, b->cell->device }, { a->cell->meter, b->cell->meter },
    { a->row->project, b->row->project }, { a->row->user, b->row->user },
    { a->row->flavor, b->row->flavor },
  };
  int order = (a->row->grain > b->row->grain) - (a->row->grain < b->row->grain);

  for (guint i = 0; i < G_N_ELEMENTS (pairs) && order == 0; i++)
    order = strcmp (pairs[i][0], pairs[i][1]);
  if (order == 0)
    order = (a->row->state > b->row->state) - (a->row->state < b->row->state);
  return order != 0 ? order : compare_lives (a, b);
}

static int
compare_figures (gconstpointer a, gconstpointer b)
{
  return compare_keys (a, b);
}

/* (transfer full) (element-type Figure) */
static GArray *
list_figures (const GPtrArray *rows)
{
  GArray *figures = g_array_new (FALSE, FALSE, sizeof (Figure));

  for (guint i = 0; i < rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows, i);

      for (guint k = 0; k < row->cells->len; k++)
        {
          const Figure figure = { row, g_ptr_array_index (row->cells, k) };

          g_array_append_val (figures, figure);
        }
    }
  g_array_sort (figures, compare_figures);
  return figures;
}

/* -- differences -- */

static const char *
step_name (HmUsageStep step)
{
  static const char *const names[] = { "cell", "day", "month" };

  return names[step];
}

static void
tell (const Comparing *comparing, const Figure *at, const char *name, const char *stored, const char *made)
{
  const HmDifference difference = { .what = step_name (comparing->step),
                                    .start = at->row->grain,
                                    .device = at->cell->device,
                                    .meter = at->cell->meter,
                                    .figure = name,
                                    .stored = stored,
                                    .made = made };

  if (g_strcmp0 (stored, made) != 0)
    comparing->visit (&difference, comparing->user);
}

static void
tell_numbers (const Comparing *comparing, const Figure *at, const char *name, HmInt128 stored, HmInt128 made)
{
  char left[HM_NUMBER_MAX], right[HM_NUMBER_MAX];

  hm_int128_print (stored, 0, left);
  hm_int128_print (made, 0, right);
  tell (comparing, at, name, left, right);
}

static void
tell_flags (const Comparing *comparing, const Figure *stored, const Figure *made)
{
  g_autofree char *left = hm_flags_to_text (stored->cell->flags);
  g_autofree char *right = hm_flags_to_text (made->cell->flags);

  tell (comparing, made, "flags", left, right);
}

/* (transfer full) */
static char *
range_text (const HmCell *cell)
{
  char min[HM_NUMBER_MAX], max[HM_NUMBER_MAX], last[HM_NUMBER_MAX];

  if (!cell->has_range)
    return g_strdup ("");
  hm_value_print (cell->min, min);
  hm_value_print (cell->max, max);
  hm_value_print (cell->last, last);
  return g_strdup_printf ("%s..%s, %s", min, max, last);
}

static void
compare_rest (const Comparing *comparing, const Figure *stored, const Figure *made)
{
  const HmCell *left = stored->cell, *right = made->cell;
  g_autofree char *left_range = range_text (left), *right_range = range_text (right);

  tell_numbers (comparing, made, "count", (HmInt128)left->count, (HmInt128)right->count);
  tell_numbers (comparing, made, "last_time", left->last_time, right->last_time);
  tell (comparing, made, "range", left_range, right_range);
  tell (comparing, made, "unit", left->unit, right->unit);
}

static void
compare_pair (const Comparing *comparing, const Figure *stored, const Figure *made)
{
  tell_numbers (comparing, made, "quantity", stored->cell->quantity, made->cell->quantity);
  tell_numbers (comparing, made, "covered_ns", stored->cell->covered_ns, made->cell->covered_ns);
  tell_flags (comparing, stored, made);
  compare_rest (comparing, stored, made);
}

static void
tell_alone (const Comparing *comparing, const Figure *figure, gboolean is_stored)
{
  char number[HM_NUMBER_MAX];

  hm_int128_print (figure->cell->quantity, 0, number);
  tell (comparing, figure, "quantity", is_stored ? number : NULL, is_stored ? NULL : number);
}

static void
compare_all (const GPtrArray *stored, const GPtrArray *made, const Comparing *comparing)
{
  g_autoptr (GArray) left = list_figures (stored);
  g_autoptr (GArray) right = list_figures (made);
  guint i = 0, k = 0;

  while (i < left->len || k < right->len)
    {
      const Figure *a = i < left->len ? &g_array_index (left, Figure, i) : NULL;
      const Figure *b = k < right->len ? &g_array_index (right, Figure, k) : NULL;
      int order = a == NULL ? 1 : b == NULL ? -1 : compare_keys (a, b);

      if (order == 0)
        compare_pair (comparing, a, b);
      else
        tell_alone (comparing, order < 0 ? a : b, order < 0);
      i += order <= 0;
      k += order >= 0;
    }
}

void
hm_shadow_compare_cells (const GPtrArray *stored, const GPtrArray *made, HmDifferenceVisit visit,
                         gpointer user)
{
  const Comparing comparing = { HM_STEP_GRAIN, visit, user };

  compare_all (stored, made, &comparing);
}

/* -- sums -- */

static void
free_rollup (gpointer rollup)
{
  hm_rollup_free (rollup);
}

/* By the start of their day or month. (transfer full) */
static GHashTable *
roll_up (const GPtrArray *rows, HmUsageStep step)
{
  GHashTable *rollups = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_rollup);

  for (guint i = 0; i < rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows, i);
      gint64 start = step == HM_STEP_DAY ? row->grain - row->grain % DAY_NS : hm_rollup_month (row->grain);
      HmRollup *rollup = g_hash_table_lookup (rollups, &start);

      if (rollup == NULL)
        {
          rollup = hm_rollup_new (start);
          g_hash_table_insert (rollups, &rollup->start, rollup);
        }
      hm_rollup_add (rollup, row);
    }
  return rollups;
}

/* Their rows. (transfer container) (element-type HmBucket) */
static GPtrArray *
rows_of (GHashTable *rollups)
{
  GPtrArray *rows = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer rollup;

  g_hash_table_iter_init (&iter, rollups);
  while (g_hash_table_iter_next (&iter, NULL, &rollup))
    for (guint i = 0; i < ((const HmRollup *)rollup)->rows->len; i++)
      g_ptr_array_add (rows, g_ptr_array_index (((const HmRollup *)rollup)->rows, i));
  return rows;
}

void
hm_shadow_compare_sums (const GPtrArray *stored, const GPtrArray *made, HmUsageStep step,
                        HmDifferenceVisit visit, gpointer user)
{
  const Comparing comparing = { step, visit, user };
  g_autoptr (GHashTable) left = roll_up (stored, step), right = roll_up (made, step);
  g_autoptr (GPtrArray) stored_rows = rows_of (left), made_rows = rows_of (right);

  compare_all (stored_rows, made_rows, &comparing);
}

/* -- held readings -- */

/* Its id, and all that it says. (transfer full) */
static char *
held_text (const HmHeldRow *row)
{
  char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX], amount[HM_NUMBER_MAX];
  g_autofree char *flags = hm_flags_to_text (row->flag);
  const char *decision = hm_decision_name (row->decision);

  hm_value_print (row->value, value);
  hm_value_print (row->base, base);
  hm_int128_print (row->amount, 0, amount);
  return g_strdup_printf ("%s: %s after %s, amount %s%s%s", flags, value,
                          row->base_time != HM_TIME_UNKNOWN ? base : "none", amount,
                          decision != NULL ? ", " : "", decision != NULL ? decision : "");
}

static void
id_of (const HmHeldRow *row, char ret_id[HM_HELD_ID_MAX])
{
  HmHeldRow key = *row;

  key.source = key.resource = "";
  hm_held_id (&key, ret_id);
}

/* (transfer full) id → row; of several of one key the last stands, as in the store. */
static GHashTable *
index_held (const GPtrArray *rows)
{
  GHashTable *index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < rows->len; i++)
    {
      char *id = g_malloc (HM_HELD_ID_MAX);

      id_of (g_ptr_array_index (rows, i), id);
      g_hash_table_replace (index, id, g_ptr_array_index (rows, i));
    }
  return index;
}

static const HmHeldRow *
find_held (GHashTable *index, const HmHeldRow *row)
{
  char id[HM_HELD_ID_MAX];

  id_of (row, id);
  return g_hash_table_lookup (index, id);
}

static void
tell_held (const HmHeldRow *stored, const HmHeldRow *made, const Comparing *comparing)
{
  const HmHeldRow *at = stored != NULL ? stored : made;
  g_autofree char *left = stored != NULL ? held_text (stored) : NULL;
  g_autofree char *right = made != NULL ? held_text (made) : NULL;
  const HmDifference difference = { .what = "held",
                                    .start = at->time,
                                    .device = at->device,
                                    .meter = at->meter,
                                    .figure = "reading",
                                    .stored = left,
                                    .made = right };

  if (g_strcmp0 (left, right) != 0)
    comparing->visit (&difference, comparing->user);
}

void
hm_shadow_compare_held (const GPtrArray *stored, const GPtrArray *made, HmDifferenceVisit visit,
                        gpointer user)
{
  const Comparing comparing = { HM_STEP_GRAIN, visit, user };
  g_autoptr (GHashTable) left = index_held (stored), right = index_held (made);

  for (guint i = 0; i < stored->len; i++)
    tell_held (g_ptr_array_index (stored, i), find_held (right, g_ptr_array_index (stored, i)), &comparing);
  for (guint i = 0; i < made->len; i++)
    {
      HmHeldRow *row = g_ptr_array_index (made, i);

      if (find_held (right, row) == row && find_held (left, row) == NULL)
        tell_held (NULL, row, &comparing);
    }
}
