/* SPDX-License-Identifier: Apache-2.0 */
/* fold_model_check: holds the rows that the fold made against the model's. */
#include "tests/fold_model.h"

static void
assert_cell (GHashTable *model, const HmBucket *row, const HmCell *cell)
{
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT "|%s|%s|%s|%s|%s|%d|%s|%s|%s", row->grain,
                                          row->agent, row->epoch, row->project, row->user, row->flavor,
                                          (int)row->state, cell->device, cell->meter, cell->epoch);
  const KitExpected *expected = g_hash_table_lookup (model, key);

  if (expected == NULL)
    fail_msg ("a cell that should not be: %s", key);
  else if (expected->quantity != cell->quantity || expected->covered_ns != cell->covered_ns
           || expected->count != cell->count || expected->flags != cell->flags)
    fail_msg ("%s: quantity %.0f, not %.0f; covered %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT
              "; count %d, not %d; flags %x, not %x",
              key, (double)cell->quantity, (double)expected->quantity, cell->covered_ns, expected->covered_ns,
              (int)cell->count, (int)expected->count, cell->flags, expected->flags);
}

static void
assert_held (GHashTable *model, const KitRows *rows)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, rows->held);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const HmHeldRow *row = &((const KitHeld *)value)->row;
      const KitExpectedHeld *expected = g_hash_table_lookup (model, key);

      if (expected == NULL)
        fail_msg ("held out, and should not be: %s", (const char *)key);
      else if (row->flag != expected->flag || row->amount != expected->amount
               || row->base_time != expected->base_time || row->decision != expected->decision)
        fail_msg ("%s: flag %x, not %x; amount %.0f, not %.0f; decision %d, not %d", (const char *)key,
                  row->flag, expected->flag, (double)row->amount, (double)expected->amount,
                  (int)row->decision, (int)expected->decision);
    }
  assert_int_equal (g_hash_table_size (rows->held), g_hash_table_size (model));
}

void
kit_model_assert (const KitModel *model, const KitRows *rows)
{
  GHashTableIter iter;
  gpointer value;
  guint cells = 0;

  g_hash_table_iter_init (&iter, rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmBucket *row = value;

      for (guint i = 0; i < row->cells->len; i++)
        assert_cell (model->cells, row, g_ptr_array_index (row->cells, i));
      cells += row->cells->len;
    }
  assert_int_equal (cells, g_hash_table_size (model->cells));
  assert_held (model->held, rows);
}
