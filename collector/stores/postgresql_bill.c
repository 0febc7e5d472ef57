/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_bill: periods that are closed, statements, their lines, and adjustments. Within the transaction of whoever closes, which
 * has locked out all others (hm_pg_lock_periods); the storing thread only. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

/* -- periods -- */

static gboolean
add_period (HmStore *store, const HmPeriodRow *row, gint64 *ret_id, GError **error)
{
  PGresult *result;
  HmPgQuery query;
  gboolean added;

  if (!hm_pg_query (store, ST_PERIOD_ADD, &query, error))
    return FALSE;
  hm_pg_put_text (&query, row->name);
  hm_pg_put_text (&query, row->zone);
  hm_pg_put_i64 (&query, row->from);
  hm_pg_put_i64 (&query, row->to);
  hm_pg_put_i64 (&query, row->closed);
  hm_pg_put_text (&query, row->author);
  hm_pg_put_text (&query, row->accepted);
  hm_pg_put_i64 (&query, row->touched);
  result = hm_pg_ask (&query, "storing a closed period", error);
  if (result == NULL)
    return FALSE;
  added = PQntuples (result) == 1;
  if (added)
    *ret_id = hm_pg_i64 (result, 0, 0);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "period %s of %s has been closed meanwhile", row->name,
                 row->zone);
  PQclear (result);
  return added;
}

static gboolean
touch_period (HmStore *store, const HmPeriodRow *row, GError **error)
{
  HmPgQuery query;

  if (!hm_pg_query (store, ST_PERIOD_TOUCH, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, row->id);
  hm_pg_put_i64 (&query, row->touched);
  return hm_pg_run (&query, "marking a closed period", NULL, error);
}

/* *@ret_new: the id of the new one; 0 without one. */
static gboolean
put_periods (HmStore *store, const HmBatch *batch, gint64 *ret_new, GError **error)
{
  *ret_new = 0;
  for (guint i = 0; i < batch->n_periods; i++)
    if (!(batch->periods[i].id == 0 ? add_period (store, &batch->periods[i], ret_new, error)
                                    : touch_period (store, &batch->periods[i], error)))
      return FALSE;
  return TRUE;
}

/* -- statements -- */

static gboolean
add_statement (HmStore *store, const HmStatementRow *row, gint64 period, GError **error)
{
  HmPgQuery query;
  guint64 added;

  if (!hm_pg_query (store, ST_STATEMENT_ADD, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, row->number);
  hm_pg_put_i64 (&query, period);
  hm_pg_put_i64 (&query, row->corrects);
  hm_pg_put_i64 (&query, row->made);
  hm_pg_put_text (&query, row->author);
  hm_pg_put_i64 (&query, (gint64)row->lines);
  hm_pg_put_text (&query, row->sha256);
  hm_pg_put_i64 (&query, (gint64)row->records);
  hm_pg_put_text (&query, row->root);
  hm_pg_put_text (&query, row->missing);
  if (!hm_pg_run (&query, "storing a statement", &added, error))
    return FALSE;
  if (added != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "statement %" G_GINT64_FORMAT " is there already",
                 row->number);
  return added == 1;
}

/* -- lines and adjustments -- */

static void
append_owner (HmPgRows *rows, const char *const texts[7], HmMeterType type, HmInt128 quantity)
{
  for (guint i = 0; i < 7; i++)
    hm_pg_rows_text (rows, texts[i]);
  hm_pg_rows_text (rows, hm_meter_type_name (type));
  hm_pg_rows_int128 (rows, quantity);
}

static gboolean
add_lines (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("iitttttttt"
                                              "ttii");

  for (guint i = 0; i < batch->n_lines; i++)
    {
      const HmStatementLine *line = &batch->lines[i];

      hm_pg_rows_i64 (rows, line->number);
      hm_pg_rows_i64 (rows, line->line);
      append_owner (rows,
                    (const char *const[]){ line->source, line->project, line->user, line->resource,
                                           line->device, line->meter, line->unit },
                    line->type, line->quantity);
      hm_pg_rows_int128 (rows, line->covered_ns);
      hm_pg_rows_i64 (rows, line->flags);
      hm_pg_rows_i64 (rows, line->adjustment);
      if (!hm_pg_put_piece (store, ST_LINE_ADD, rows, "storing a statement's lines", error))
        return FALSE;
    }
  return hm_pg_put_all (store, ST_LINE_ADD, rows, "storing a statement's lines", NULL, error);
}

static void
append_adjustment (HmPgRows *added, const HmAdjustmentRow *row)
{
  append_owner (added,
                (const char *const[]){ row->source, row->project, row->user, row->resource, row->device,
                                       row->meter, row->unit },
                row->type, row->quantity);
  hm_pg_rows_text (added, row->reason);
  hm_pg_rows_text (added, row->author);
  hm_pg_rows_i64 (added, row->made);
  hm_pg_rows_i64 (added, row->statement);
  hm_pg_rows_text (added, row->key);
}

static gboolean
take_adjustment (HmStore *store, const HmAdjustmentRow *row, GError **error)
{
  HmPgQuery query;
  guint64 taken;

  if (!hm_pg_query (store, ST_ADJUSTMENT_TAKE, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, row->id);
  hm_pg_put_i64 (&query, row->statement);
  if (!hm_pg_run (&query, "taking an adjustment", &taken, error))
    return FALSE;
  if (taken != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "adjustment %" G_GINT64_FORMAT " is not there or in a statement already", row->id);
  return taken == 1;
}

static gboolean
put_adjustments (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) added = hm_pg_rows_new ("tttttttttttiit");
  guint64 stored;
  guint wanted;

  for (guint i = 0; i < batch->n_adjustments; i++)
    if (batch->adjustments[i].id == 0)
      append_adjustment (added, &batch->adjustments[i]);
    else if (!take_adjustment (store, &batch->adjustments[i], error))
      return FALSE;
  wanted = hm_pg_rows_count (added);
  if (!hm_pg_put_all (store, ST_ADJUSTMENT_ADD, added, "storing adjustments", &stored, error))
    return FALSE;
  if (stored != wanted)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY,
                         "an adjustment of that name has been stored meanwhile");
  return stored == wanted;
}

gboolean
hm_pg_put_bills (HmStore *store, const HmBatch *batch, GError **error)
{
  gint64 new_period;

  if (!put_periods (store, batch, &new_period, error))
    return FALSE;
  for (guint i = 0; i < batch->n_statements; i++)
    {
      const HmStatementRow *row = &batch->statements[i];

      if (!add_statement (store, row, row->period != 0 ? row->period : new_period, error))
        return FALSE;
    }
  return add_lines (store, batch, error) && put_adjustments (store, batch, error);
}
