/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_bill: periods, statements and their lines, adjustments, into the store and out of it; and how far a partition has come, without
 * which none is closed. Quantities are of 128 bits and kept as decimal text. On the connection's thread.
 *
 * There is one collector and one writer: whoever is in a transaction is alone, so that periods need no lock of their own. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

gboolean
hm_sqlite_offset_reached (HmStore *store, const char *topic, gint32 partition, gint64 next, HmTime reached,
                          GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_POSITION_REACHED, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, topic);
  hm_sqlite_put_i64 (&query, partition);
  hm_sqlite_put_i64 (&query, next);
  hm_sqlite_put_i64 (&query, reached);
  return hm_sqlite_run (&query, "noting how far a partition has come", NULL, error);
}

gboolean
hm_sqlite_lock_periods (HmStore *store, GError **error)
{
  if (!sqlite3_get_autocommit (store->db))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s: periods are locked within a transaction alone",
               store->path);
  return FALSE;
}

/* -- periods that usage has changed in -- */

static void
append_grain (gpointer key, gpointer value, gpointer text)
{
  (void)value;
  g_string_append_printf (text, "%s%" G_GINT64_FORMAT, ((GString *)text)->len > 1 ? "," : "",
                          *(const gint64 *)key);
}

gboolean
hm_sqlite_touch_periods (HmStore *store, GHashTable *grains, GError **error)
{
  g_autoptr (GString) list = g_string_new ("[");
  HmSqliteQuery query;

  if (g_hash_table_size (grains) == 0)
    return TRUE;
  g_hash_table_foreach (grains, append_grain, list);
  g_string_append_c (list, ']');
  if (!hm_sqlite_query (store, ST_PERIODS_TOUCH, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, list->str);
  return hm_sqlite_run (&query, "marking closed periods", NULL, error);
}

/* -- writing -- */

static gboolean
mark_period (HmStore *store, const HmPeriodRow *period, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_PERIOD_MARK, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, period->id);
  hm_sqlite_put_i64 (&query, period->touched != FALSE);
  return hm_sqlite_run (&query, "marking a period", NULL, error);
}

static gboolean
add_period (HmStore *store, const HmPeriodRow *period, gint64 *ret_id, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_PERIOD_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, period->name);
  hm_sqlite_put_text (&query, period->zone);
  hm_sqlite_put_i64 (&query, period->from);
  hm_sqlite_put_i64 (&query, period->to);
  hm_sqlite_put_i64 (&query, period->closed);
  hm_sqlite_put_text (&query, period->author);
  hm_sqlite_put_text (&query, period->accepted);
  hm_sqlite_put_i64 (&query, period->touched != FALSE);
  if (!hm_sqlite_run (&query, "storing a period", &changes, error))
    return FALSE;
  if (changes == 1)
    *ret_id = sqlite3_last_insert_rowid (store->db);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "period %s of %s is closed by now", period->name,
                 period->zone);
  return changes == 1;
}

static gboolean
add_statement (HmStore *store, const HmStatementRow *statement, gint64 period, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_fits (store, statement->lines, "number of lines", error)
      || !hm_sqlite_fits (store, statement->records, "number of records", error)
      || !hm_sqlite_query (store, ST_STATEMENT_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, statement->number);
  hm_sqlite_put_i64 (&query, period);
  hm_sqlite_put_i64 (&query, statement->corrects);
  hm_sqlite_put_i64 (&query, statement->made);
  hm_sqlite_put_text (&query, statement->author);
  hm_sqlite_put_i64 (&query, (gint64)statement->lines);
  hm_sqlite_put_text (&query, statement->sha256);
  hm_sqlite_put_i64 (&query, (gint64)statement->records);
  hm_sqlite_put_text (&query, statement->root);
  hm_sqlite_put_text (&query, statement->missing);
  if (!hm_sqlite_run (&query, "storing a statement", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "statement %" G_GINT64_FORMAT " is there by now",
                 statement->number);
  return changes == 1;
}

/* What a line and an adjustment have in common. */
#define PUT_SUBJECT(query, row)                                                                              \
  (hm_sqlite_put_text (query, (row)->source), hm_sqlite_put_text (query, (row)->project),                    \
   hm_sqlite_put_text (query, (row)->user), hm_sqlite_put_text (query, (row)->resource),                     \
   hm_sqlite_put_text (query, (row)->device), hm_sqlite_put_text (query, (row)->meter),                      \
   hm_sqlite_put_text (query, (row)->unit), hm_sqlite_put_text (query, hm_meter_type_name ((row)->type)))

static gboolean
add_line (HmStore *store, gconstpointer row, GError **error)
{
  const HmStatementLine *line = row;
  char quantity[HM_NUMBER_MAX], covered[HM_NUMBER_MAX];
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_LINE_ADD, &query, error))
    return FALSE;
  hm_int128_print (line->quantity, 0, quantity);
  hm_int128_print (line->covered_ns, 0, covered);
  hm_sqlite_put_i64 (&query, line->number);
  hm_sqlite_put_i64 (&query, line->line);
  PUT_SUBJECT (&query, line);
  hm_sqlite_put_text (&query, quantity);
  hm_sqlite_put_text (&query, covered);
  hm_sqlite_put_i64 (&query, line->flags);
  hm_sqlite_put_i64 (&query, line->adjustment);
  return hm_sqlite_run (&query, "storing a statement's line", NULL, error);
}

/* A statement takes it once. */
static gboolean
take_adjustment (HmStore *store, const HmAdjustmentRow *adjustment, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_ADJUSTMENT_TAKE, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, adjustment->id);
  hm_sqlite_put_i64 (&query, adjustment->statement);
  if (!hm_sqlite_run (&query, "taking an adjustment", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "adjustment %" G_GINT64_FORMAT " is in another statement by now", adjustment->id);
  return changes == 1;
}

static gboolean
put_adjustment (HmStore *store, gconstpointer row, GError **error)
{
  const HmAdjustmentRow *adjustment = row;
  char quantity[HM_NUMBER_MAX];
  HmSqliteQuery query;
  int changes;

  if (adjustment->id != 0)
    return take_adjustment (store, adjustment, error);
  if (!hm_sqlite_query (store, ST_ADJUSTMENT_ADD, &query, error))
    return FALSE;
  hm_int128_print (adjustment->quantity, 0, quantity);
  PUT_SUBJECT (&query, adjustment);
  hm_sqlite_put_text (&query, quantity);
  hm_sqlite_put_text (&query, adjustment->reason);
  hm_sqlite_put_text (&query, adjustment->author);
  hm_sqlite_put_i64 (&query, adjustment->made);
  hm_sqlite_put_i64 (&query, adjustment->statement);
  hm_sqlite_put_text (&query, adjustment->key);
  if (!hm_sqlite_run (&query, "storing an adjustment", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "adjustment '%.64s' is there by now", adjustment->key);
  return changes == 1;
}

static gboolean
write_statements (HmStore *store, const HmBatch *batch, GError **error)
{
  gint64 last = 0; /* the period that is new in this batch */

  for (guint i = 0; i < batch->n_periods; i++)
    {
      const HmPeriodRow *period = &batch->periods[i];

      if (!(period->id != 0 ? mark_period (store, period, error) : add_period (store, period, &last, error)))
        return FALSE;
    }
  for (guint i = 0; i < batch->n_statements; i++)
    {
      gint64 period = batch->statements[i].period;

      if (!add_statement (store, &batch->statements[i], period != 0 ? period : last, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
hm_sqlite_write_bill (HmStore *store, const HmBatch *batch, GError **error)
{
  const HmSqlitePart parts[] = {
    { batch->lines, sizeof *batch->lines, batch->n_lines, add_line },
    { batch->adjustments, sizeof *batch->adjustments, batch->n_adjustments, put_adjustment },
  };

  return write_statements (store, batch, error)
         && hm_sqlite_write_parts (store, parts, G_N_ELEMENTS (parts), error);
}
