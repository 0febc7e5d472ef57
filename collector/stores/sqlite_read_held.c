/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_read_held: readings that are held out, decisions and policies, out of the store. On the connection's thread; a visitor must not
 * use the statement that it is called from. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

#include <string.h>

static gboolean
take_value (sqlite3_stmt *st, int column, HmValue *ret_value)
{
  const char *text = hm_sqlite_text (st, column);
  HmValueType type;

  return hm_value_type_parse (hm_sqlite_text (st, column + 1), &type)
         && hm_value_parse (text, strlen (text), type, ret_value);
}

static gboolean
held_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  HmHeldRow row = { .source = hm_sqlite_text (st, 0),
                    .resource = hm_sqlite_text (st, 1),
                    .agent = hm_sqlite_text (st, 2),
                    .epoch = hm_sqlite_text (st, 3),
                    .seq = (guint64)sqlite3_column_int64 (st, 4),
                    .device = hm_sqlite_text (st, 5),
                    .meter = hm_sqlite_text (st, 6),
                    .sample_epoch = hm_sqlite_text (st, 7),
                    .unit = hm_sqlite_text (st, 8),
                    .time = sqlite3_column_int64 (st, 10),
                    .flag = (guint32)sqlite3_column_int64 (st, 11),
                    .base_time = hm_sqlite_time (st, 14),
                    .decision = (HmDecision)sqlite3_column_int (st, 18) };

  if (hm_meter_type_parse (hm_sqlite_text (st, 9), &row.type) && take_value (st, 12, &row.value)
      && take_value (st, 15, &row.base) && hm_int128_parse (hm_sqlite_text (st, 17), &row.amount))
    return ((HmHeldVisit)visit->visit) (&row, visit->user);
  g_set_error (&visit->error, HM_ERROR, HM_ERROR_DATA, "%s: a held reading of %s cannot be read",
               visit->store->path, row.resource);
  return FALSE;
}

static gboolean
decision_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmDecisionRow row = { .source = hm_sqlite_text (st, 0),
                              .resource = hm_sqlite_text (st, 1),
                              .agent = hm_sqlite_text (st, 2),
                              .epoch = hm_sqlite_text (st, 3),
                              .seq = (guint64)sqlite3_column_int64 (st, 4),
                              .device = hm_sqlite_text (st, 5),
                              .meter = hm_sqlite_text (st, 6),
                              .sample_epoch = hm_sqlite_text (st, 7),
                              .decision = (HmDecision)sqlite3_column_int (st, 8),
                              .author = hm_sqlite_text (st, 9),
                              .reason = hm_sqlite_text (st, 10),
                              .made = sqlite3_column_int64 (st, 11),
                              .id = sqlite3_column_int64 (st, 12) };

  return ((HmDecisionVisit)visit->visit) (&row, visit->user);
}

static gboolean
policy_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmPolicyRow row = { .from = sqlite3_column_int64 (st, 0),
                            .hold = sqlite3_column_int (st, 1),
                            .network_limit = (guint64)sqlite3_column_int64 (st, 2),
                            .author = hm_sqlite_text (st, 3),
                            .made = sqlite3_column_int64 (st, 4) };

  return ((HmPolicyVisit)visit->visit) (&row, visit->user);
}

/* Of one resource the index gives them; all others are looked through. */
static gboolean
is_of_one (const HmStoreFilter *filter)
{
  return filter->source != NULL && filter->resource != NULL;
}

gboolean
hm_sqlite_list_held (HmStore *store, const HmStoreFilter *filter, HmHeldVisit visit, gpointer user,
                     GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, is_of_one (filter) ? ST_LIST_HELD_OF : ST_LIST_HELD, filter, &query,
                                 error))
    return FALSE;
  hm_sqlite_put_i64 (&query, filter->undecided != FALSE);
  return hm_sqlite_visit (&query, &each, held_row, error);
}

gboolean
hm_sqlite_list_decisions (HmStore *store, const HmStoreFilter *filter, HmDecisionVisit visit, gpointer user,
                          GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query_filtered (store, is_of_one (filter) ? ST_LIST_DECISIONS_OF : ST_LIST_DECISIONS,
                                   filter, &query, error)
         && hm_sqlite_visit (&query, &each, decision_row, error);
}

gboolean
hm_sqlite_list_policies (HmStore *store, HmPolicyVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_POLICIES, &query, error)
         && hm_sqlite_visit (&query, &each, policy_row, error);
}
