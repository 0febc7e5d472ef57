/* SPDX-License-Identifier: Apache-2.0 */
/* bill_check: see the header. */
#include "tests/bill_check.h"

#include "collector/bill/periods.h"
#include "collector/bill/statement.h"
#include "tests/kit.h"

static void
check (gboolean done, const GError *error)
{
  if (!done)
    fail_msg ("%s", error->message);
}

/* -- statements -- */

typedef struct
{
  GChecksum *hash;
  guint64 lines;
  GHashTable *adjustments; /* (element-type gint64 gint64) id → number of the statement with its line */
} Reading;

static gboolean
read_line (const HmStatementLine *line, gpointer user)
{
  Reading *reading = user;
  g_autofree char *text = hm_statement_line_to_json (line, NULL);

  g_checksum_update (reading->hash, (const guchar *)text, -1);
  assert_int_equal (line->line, ++reading->lines);
  if (line->adjustment != 0)
    assert_true (g_hash_table_insert (reading->adjustments, g_memdup2 (&line->adjustment, sizeof (gint64)),
                                      g_memdup2 (&line->number, sizeof (gint64))));
  return TRUE;
}

static void
check_statement (const HmStoreOps *ops, HmStore *store, const HmStatementRow *statement,
                 GHashTable *adjustments)
{
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = statement->number };
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GError) error = NULL;
  Reading reading = { hash, 0, adjustments };

  check (ops->list_lines (store, &filter, read_line, &reading, &error), error);
  assert_int_equal (reading.lines, statement->lines);
  assert_string_equal (g_checksum_get_string (hash), statement->sha256);
}

static gboolean
check_adjustment (const HmAdjustmentRow *row, gpointer adjustments)
{
  const gint64 *number = g_hash_table_lookup (adjustments, &row->id);

  assert_int_equal (number != NULL ? *number : 0, row->statement);
  g_hash_table_remove (adjustments, &row->id);
  return TRUE;
}

void
bill_check_statements (const HmStoreOps *ops, HmStore *store)
{
  g_autoptr (GHashTable) adjustments = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) statements = hm_statements_load (ops, store, &error);

  check (statements != NULL, error);
  for (guint i = 0; i < statements->len; i++)
    {
      assert_int_equal (((const HmStatementRow *)statements->pdata[i])->number, i + 1);
      check_statement (ops, store, statements->pdata[i], adjustments);
    }
  check (ops->list_adjustments (store, check_adjustment, adjustments, &error), error);
  assert_int_equal (g_hash_table_size (adjustments), 0);
}

/* -- sums -- */

typedef struct
{
  HmInt128 quantity, covered_ns; /* of buckets less that of lines */
} Sum;

static Sum *
sum_of (GHashTable *sums, const char *const parts[])
{
  g_autofree char *key = g_strjoinv ("|", (char **)(guintptr)parts);
  Sum *sum = g_hash_table_lookup (sums, key);

  if (sum == NULL)
    g_hash_table_insert (sums, g_steal_pointer (&key), sum = g_new0 (Sum, 1));
  return sum;
}

static gboolean
add_bucket (const HmBucket *row, gpointer sums)
{
  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);
      Sum *sum = sum_of (sums, (const char *const[]){ row->source, row->project, row->user, row->resource,
                                                      cell->device, cell->meter, cell->unit, NULL });

      sum->quantity += cell->quantity;
      sum->covered_ns += cell->covered_ns;
    }
  return TRUE;
}

static gboolean
take_line (const HmStatementLine *line, gpointer sums)
{
  Sum *sum = sum_of (sums, (const char *const[]){ line->source, line->project, line->user, line->resource,
                                                  line->device, line->meter, line->unit, NULL });

  if (line->adjustment != 0)
    return TRUE;
  sum->quantity -= line->quantity;
  sum->covered_ns -= line->covered_ns;
  return TRUE;
}

static void
check_period (const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period, const GPtrArray *statements)
{
  const HmStoreFilter within = { .from = period->from, .to = period->to };
  g_autoptr (GHashTable) sums = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer key, sum;

  check (ops->list_buckets (store, &within, add_bucket, sums, &error), error);
  for (guint i = 0; i < statements->len; i++)
    {
      const HmStatementRow *row = statements->pdata[i];
      const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = row->number };

      if (row->period == period->id)
        check (ops->list_lines (store, &filter, take_line, sums, &error), error);
    }
  g_hash_table_iter_init (&iter, sums);
  while (g_hash_table_iter_next (&iter, &key, &sum))
    if (((Sum *)sum)->quantity != 0 || ((Sum *)sum)->covered_ns != 0)
      fail_msg ("%s: its statements do not add up to the buckets of %s", period->name, (char *)key);
}

void
bill_check_sums (const HmStoreOps *ops, HmStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) periods = hm_periods_load (ops, store, &error);
  g_autoptr (GPtrArray) statements = periods != NULL ? hm_statements_load (ops, store, &error) : NULL;

  check (statements != NULL, error);
  for (guint i = 0; i < periods->len; i++)
    check_period (ops, store, periods->pdata[i], statements);
}
