/* SPDX-License-Identifier: Apache-2.0 */
/* bucket: rows and cells in memory.
 *
 * The fold adds to cells, the store loads and writes rows, the command line reads them. Cells are kept
 * sorted, so that finding one is a binary search and writing them needs no sort. */
#include "collector/usage/bucket.h"

#include <string.h>

#define LIMB G_GINT64_CONSTANT (1000000000)

const char *
hm_flag_name (guint bit)
{
  static const char *const names[HM_FLAG_COUNT] = {
    "from_start", "baseline",  "reset",         "reset_inferred", "regress",    "estimated_distribution",
    "moved",      "conflict",  "inexact",       "wrap",           "overflow",   "overlap",
    "late",       "duplicate", "regress_stuck", "implausible",    "clock_step", "future",
    "released",   "rebased",   "held",
  };

  return bit < HM_FLAG_COUNT ? names[bit] : NULL;
}

static void
cell_free (gpointer data)
{
  HmCell *cell = data;

  g_clear_pointer (&cell->device, g_ref_string_release);
  g_clear_pointer (&cell->meter, g_ref_string_release);
  g_clear_pointer (&cell->epoch, g_ref_string_release);
  g_clear_pointer (&cell->unit, g_ref_string_release);
  g_free (cell);
}

HmBucket *
hm_bucket_new (void)
{
  HmBucket *bucket = g_new0 (HmBucket, 1);

  bucket->cells = g_ptr_array_new_with_free_func (cell_free);
  return bucket;
}

void
hm_bucket_free (HmBucket *bucket)
{
  if (bucket == NULL)
    return;
  g_free (bucket->source);
  g_free (bucket->resource);
  g_free (bucket->agent);
  g_free (bucket->epoch);
  g_free (bucket->project);
  g_free (bucket->user);
  g_free (bucket->flavor);
  g_ptr_array_unref (bucket->cells);
  g_free (bucket);
}

HmBucket *
hm_bucket_copy_key (const HmBucket *bucket)
{
  HmBucket *copy = hm_bucket_new ();

  copy->grain = bucket->grain;
  copy->source = g_strdup (bucket->source);
  copy->resource = g_strdup (bucket->resource);
  copy->agent = g_strdup (bucket->agent);
  copy->epoch = g_strdup (bucket->epoch);
  copy->project = g_strdup (bucket->project);
  copy->user = g_strdup (bucket->user);
  copy->flavor = g_strdup (bucket->flavor);
  copy->state = bucket->state;
  return copy;
}

static HmCell *
copy_cell (const HmCell *cell)
{
  HmCell *copy = g_memdup2 (cell, sizeof *cell);

  g_ref_string_acquire (copy->device);
  g_ref_string_acquire (copy->meter);
  g_ref_string_acquire (copy->epoch);
  g_ref_string_acquire (copy->unit);
  return copy;
}

HmBucket *
hm_bucket_copy (const HmBucket *bucket)
{
  HmBucket *copy = hm_bucket_copy_key (bucket);

  for (guint i = 0; i < bucket->cells->len; i++)
    g_ptr_array_add (copy->cells, copy_cell (g_ptr_array_index (bucket->cells, i)));
  return copy;
}

gboolean
hm_bucket_same_key (const HmBucket *a, const HmBucket *b)
{
  return a->grain == b->grain && a->state == b->state && strcmp (a->epoch, b->epoch) == 0
         && strcmp (a->agent, b->agent) == 0 && strcmp (a->project, b->project) == 0
         && strcmp (a->user, b->user) == 0 && strcmp (a->flavor, b->flavor) == 0;
}

static int
compare_key (const HmCell *cell, const char *device, const char *meter, const char *epoch)
{
  int order = strcmp (cell->device, device);

  if (order == 0)
    order = strcmp (cell->meter, meter);
  return order != 0 ? order : strcmp (cell->epoch, epoch);
}

/* The fold's names are the same strings as the cell's, so most of them need no comparison. */
static gboolean
has_key (const HmCell *cell, const char *device, const char *meter, const char *epoch)
{
  return hm_text_equal (cell->device, device) && hm_text_equal (cell->meter, meter)
         && hm_text_equal (cell->epoch, epoch);
}

/* Where the cell of that key is, or would have to be. */
static guint
search (const GPtrArray *cells, const char *device, const char *meter, const char *epoch, gboolean *ret_found)
{
  guint low = 0, high = cells->len;

  *ret_found = FALSE;
  while (low < high && !*ret_found)
    {
      guint middle = low + (high - low) / 2;
      int order = compare_key (g_ptr_array_index (cells, middle), device, meter, epoch);

      *ret_found = order == 0;
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return *ret_found ? high : low;
}

static HmCell *
cell_new (const char *device, const char *meter, const char *epoch, HmMeterType type, const char *unit)
{
  HmCell *cell = g_new0 (HmCell, 1);

  cell->device = g_ref_string_new_intern (device);
  cell->meter = g_ref_string_new_intern (meter);
  cell->epoch = g_ref_string_new_intern (epoch);
  cell->type = type;
  cell->unit = g_ref_string_new_intern (unit);
  cell->last_time = HM_TIME_UNKNOWN;
  return cell;
}

HmCell *
hm_bucket_cell_at (HmBucket *bucket, guint *hint, const char *device, const char *meter, const char *epoch,
                   HmMeterType type, const char *unit)
{
  GPtrArray *cells = bucket->cells;
  gboolean found = *hint < cells->len && has_key (g_ptr_array_index (cells, *hint), device, meter, epoch);

  if (!found)
    *hint = search (cells, device, meter, epoch, &found);
  if (!found)
    g_ptr_array_insert (cells, (gint)*hint, cell_new (device, meter, epoch, type, unit));
  return g_ptr_array_index (cells, *hint);
}

HmCell *
hm_bucket_cell (HmBucket *bucket, const char *device, const char *meter, const char *epoch, HmMeterType type,
                const char *unit)
{
  guint hint = G_MAXUINT;

  return hm_bucket_cell_at (bucket, &hint, device, meter, epoch, type, unit);
}

/* 3 and 3.0 are one number, and two texts. */
static gboolean
is_less (HmValue a, HmValue b)
{
  return hm_value_is_less (a, b) || (!hm_value_is_less (b, a) && a.type < b.type);
}

static gboolean
is_later (const HmCell *cell, const HmCell *sum)
{
  return cell->last_time != sum->last_time ? cell->last_time > sum->last_time
                                           : is_less (sum->last, cell->last);
}

static void
add_range (HmCell *sum, const HmCell *cell)
{
  if (!sum->has_range || is_less (cell->min, sum->min))
    sum->min = cell->min;
  if (!sum->has_range || is_less (sum->max, cell->max))
    sum->max = cell->max;
  if (!sum->has_range || is_later (cell, sum))
    sum->last = cell->last;
  sum->has_range = TRUE;
}

void
hm_cell_add_readings (HmCell *sum, const HmCell *cell)
{
  if (cell->count == 0)
    return;
  if (cell->has_range && (sum->count == 0 || sum->has_range))
    add_range (sum, cell);
  else
    sum->has_range = FALSE;
  sum->count += cell->count;
  sum->last_time = MAX (sum->last_time, cell->last_time);
}

void
hm_limbs_from_int128 (HmInt128 number, gint64 ret_limbs[5])
{
  for (guint i = 0; i < 5; i++, number /= LIMB)
    ret_limbs[i] = (gint64)(number % LIMB);
}

gboolean
hm_limbs_to_int128 (const gint64 limbs[5], HmInt128 *ret_number)
{
  HmInt128 number = 0;

  for (guint i = 5; i-- > 0;)
    if (__builtin_mul_overflow (number, (HmInt128)LIMB, &number)
        || __builtin_add_overflow (number, (HmInt128)limbs[i], &number))
      return FALSE;
  *ret_number = number;
  return TRUE;
}
