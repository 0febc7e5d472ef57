/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_read_bill: periods, statements and their lines, adjustments, out of the store. On the connection's thread; a visitor must not use
 * the statement that it is called from. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

static gboolean
period_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmPeriodRow row = { .id = sqlite3_column_int64 (st, 0),
                            .name = hm_sqlite_text (st, 1),
                            .zone = hm_sqlite_text (st, 2),
                            .from = sqlite3_column_int64 (st, 3),
                            .to = sqlite3_column_int64 (st, 4),
                            .closed = sqlite3_column_int64 (st, 5),
                            .author = hm_sqlite_text (st, 6),
                            .accepted = hm_sqlite_text (st, 7),
                            .touched = sqlite3_column_int (st, 8) };

  return ((HmPeriodVisit)visit->visit) (&row, visit->user);
}

static gboolean
statement_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmStatementRow row = { .number = sqlite3_column_int64 (st, 0),
                               .period = sqlite3_column_int64 (st, 1),
                               .corrects = sqlite3_column_int64 (st, 2),
                               .made = sqlite3_column_int64 (st, 3),
                               .author = hm_sqlite_text (st, 4),
                               .lines = (guint64)sqlite3_column_int64 (st, 5),
                               .sha256 = hm_sqlite_text (st, 6),
                               .records = (guint64)sqlite3_column_int64 (st, 7),
                               .root = hm_sqlite_text (st, 8),
                               .missing = hm_sqlite_text (st, 9) };

  return ((HmStatementVisit)visit->visit) (&row, visit->user);
}

static gboolean
fail_row (HmSqliteVisit *visit, const char *what, gint64 number)
{
  g_set_error (&visit->error, HM_ERROR, HM_ERROR_DATA, "%s: %s %" G_GINT64_FORMAT " cannot be read",
               visit->store->path, what, number);
  return FALSE;
}

static gboolean
line_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  HmStatementLine row = { .number = sqlite3_column_int64 (st, 0),
                          .line = sqlite3_column_int64 (st, 1),
                          .source = hm_sqlite_text (st, 2),
                          .project = hm_sqlite_text (st, 3),
                          .user = hm_sqlite_text (st, 4),
                          .resource = hm_sqlite_text (st, 5),
                          .device = hm_sqlite_text (st, 6),
                          .meter = hm_sqlite_text (st, 7),
                          .unit = hm_sqlite_text (st, 8),
                          .flags = (guint32)sqlite3_column_int64 (st, 12),
                          .adjustment = sqlite3_column_int64 (st, 13) };

  if (!hm_meter_type_parse (hm_sqlite_text (st, 9), &row.type)
      || !hm_int128_parse (hm_sqlite_text (st, 10), &row.quantity)
      || !hm_int128_parse (hm_sqlite_text (st, 11), &row.covered_ns))
    return fail_row (visit, "a line of statement", row.number);
  return ((HmLineVisit)visit->visit) (&row, visit->user);
}

static gboolean
adjustment_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  HmAdjustmentRow row = { .id = sqlite3_column_int64 (st, 0),
                          .source = hm_sqlite_text (st, 1),
                          .project = hm_sqlite_text (st, 2),
                          .user = hm_sqlite_text (st, 3),
                          .resource = hm_sqlite_text (st, 4),
                          .device = hm_sqlite_text (st, 5),
                          .meter = hm_sqlite_text (st, 6),
                          .unit = hm_sqlite_text (st, 7),
                          .reason = hm_sqlite_text (st, 10),
                          .author = hm_sqlite_text (st, 11),
                          .made = sqlite3_column_int64 (st, 12),
                          .statement = sqlite3_column_int64 (st, 13),
                          .key = hm_sqlite_text (st, 14) };

  if (!hm_meter_type_parse (hm_sqlite_text (st, 8), &row.type)
      || !hm_int128_parse (hm_sqlite_text (st, 9), &row.quantity))
    return fail_row (visit, "adjustment", row.id);
  return ((HmAdjustmentVisit)visit->visit) (&row, visit->user);
}

/* -- lists -- */

gboolean
hm_sqlite_list_periods (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_PERIODS, &query, error)
         && hm_sqlite_visit (&query, &each, period_row, error);
}

gboolean
hm_sqlite_list_statements (HmStore *store, const HmStoreFilter *filter, HmStatementVisit visit, gpointer user,
                           GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_LIST_STATEMENTS, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, filter->number);
  hm_sqlite_put_limit (&query, filter);
  return hm_sqlite_visit (&query, &each, statement_row, error);
}

gboolean
hm_sqlite_list_lines (HmStore *store, const HmStoreFilter *filter, HmLineVisit visit, gpointer user,
                      GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_LIST_LINES, &query, error))
    return FALSE;
  /* The range of numbers. */
  hm_sqlite_put_i64 (&query, filter->number != 0 ? filter->number : G_MININT64);
  hm_sqlite_put_i64 (&query, filter->number != 0 ? filter->number : G_MAXINT64);
  hm_sqlite_put_text (&query, filter->source);
  hm_sqlite_put_text (&query, filter->project);
  hm_sqlite_put_text (&query, filter->user);
  hm_sqlite_put_text (&query, filter->resource);
  hm_sqlite_put_limit (&query, filter);
  return hm_sqlite_visit (&query, &each, line_row, error);
}

gboolean
hm_sqlite_list_adjustments (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_ADJUSTMENTS, &query, error)
         && hm_sqlite_visit (&query, &each, adjustment_row, error);
}
