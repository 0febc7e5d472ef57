/* SPDX-License-Identifier: Apache-2.0 */
/* rollup: see rollup.h. Used by engine_roll.c for what is stored, and by whoever checks that. */
#include "collector/usage/rollup.h"

#define MONTH_DAYS_MAX 31
#define DAY_NS         (86400 * HM_NSEC_PER_SEC)

static void
free_bucket (gpointer bucket)
{
  hm_bucket_free (bucket);
}

HmRollup *
hm_rollup_new (HmTime start)
{
  HmRollup *rollup = g_new (HmRollup, 1);

  rollup->start = start;
  rollup->rows = g_ptr_array_new_with_free_func (free_bucket);
  return rollup;
}

void
hm_rollup_free (HmRollup *rollup)
{
  if (rollup == NULL)
    return;
  g_ptr_array_unref (rollup->rows);
  g_free (rollup);
}

static gboolean
is_of (const HmBucket *row, const HmBucket *bucket)
{
  return row->state == bucket->state && hm_text_equal (row->project, bucket->project)
         && hm_text_equal (row->user, bucket->user) && hm_text_equal (row->flavor, bucket->flavor);
}

static HmBucket *
row_of (HmRollup *rollup, const HmBucket *bucket)
{
  HmBucket key, *row;

  for (guint i = 0; i < rollup->rows->len; i++)
    if (is_of (g_ptr_array_index (rollup->rows, i), bucket))
      return g_ptr_array_index (rollup->rows, i);
  key = *bucket;
  key.grain = rollup->start;
  key.agent = key.epoch = (char *)(gsize) "";
  row = hm_bucket_copy_key (&key);
  g_ptr_array_add (rollup->rows, row);
  return row;
}

static HmCell *
cell_of (HmBucket *row, const HmCell *cell)
{
  HmCell *sum = hm_bucket_cell (row, cell->device, cell->meter, "", cell->type, cell->unit);

  if (sum->type != cell->type || !hm_text_equal (sum->unit, cell->unit))
    sum = hm_bucket_cell (row, cell->device, cell->meter, cell->unit, cell->type, cell->unit);
  return sum;
}

static void
add_cell (HmCell *sum, const HmCell *cell)
{
  HmInt128 quantity;
  gint64 covered;

  sum->flags |= cell->flags;
  if (__builtin_add_overflow (sum->quantity, cell->quantity, &quantity)
      || __builtin_add_overflow (sum->covered_ns, cell->covered_ns, &covered))
    {
      sum->flags |= HM_FLAG_OVERFLOW;
      return;
    }
  sum->quantity = quantity;
  sum->covered_ns = covered;
  hm_cell_add_readings (sum, cell);
}

void
hm_rollup_add (HmRollup *rollup, const HmBucket *bucket)
{
  HmBucket *row = row_of (rollup, bucket);

  for (guint i = 0; i < bucket->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (bucket->cells, i);

      add_cell (cell_of (row, cell), cell);
    }
}

/* -- months -- */

HmTime
hm_rollup_month (HmTime time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / HM_NSEC_PER_SEC);

  return time - time % DAY_NS - (g_date_time_get_day_of_month (date) - 1) * DAY_NS;
}

HmTime
hm_rollup_next_month (HmTime time)
{
  return hm_rollup_month (hm_rollup_month (time) + MONTH_DAYS_MAX * DAY_NS);
}
