/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_read_counts: what came of each bin and what was lost, out of the store; message ids. On the connection's thread; a visitor must
 * not use the statement that it is called from. */
#include "collector/stores/sqlite.h"

#include "metering/record.h"

static gboolean
take_time (sqlite3_stmt *statement, gpointer user)
{
  *(HmTime *)user = sqlite3_column_int64 (statement, 0);
  return FALSE;
}

gboolean
hm_sqlite_message_find (HmStore *store, const char *source, const char *id, gboolean *ret_found,
                        HmTime *ret_time, GError **error)
{
  HmSqliteQuery query;
  HmTime time = HM_TIME_UNKNOWN;

  if (!hm_sqlite_query (store, ST_MESSAGE_FIND, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, source);
  hm_sqlite_put_text (&query, id);
  if (!hm_sqlite_each (&query, "looking for a message", take_time, &time, error))
    return FALSE;
  *ret_found = time != HM_TIME_UNKNOWN;
  if (*ret_found)
    *ret_time = time;
  return TRUE;
}

/* -- lists -- */

static gboolean
query_list (HmStore *store, HmSqliteStatement which, gint64 from, gint64 to, const HmStoreFilter *filter,
            HmSqliteQuery *ret_query, GError **error)
{
  if (!hm_sqlite_query (store, which, ret_query, error))
    return FALSE;
  hm_sqlite_put_time (ret_query, from);
  hm_sqlite_put_time (ret_query, to);
  hm_sqlite_put_text (ret_query, filter->source);
  hm_sqlite_put_text (ret_query, filter->agent);
  hm_sqlite_put_limit (ret_query, filter);
  return TRUE;
}

/* The bin that holds @time; unknown stays unknown. */
static gint64
bin_of (HmTime time)
{
  return time == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN : time / HM_BIN_NS - (time % HM_BIN_NS < 0 ? 1 : 0);
}

gboolean
hm_sqlite_list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user,
                     GError **error)
{
  gint64 end = filter->to == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN : bin_of (filter->to - 1) + 1;
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return query_list (store, ST_LIST_BINS, bin_of (filter->from), end, filter, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_bin_row, error);
}

gboolean
hm_sqlite_list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user,
                       GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return query_list (store, ST_LIST_LOSSES, filter->from, filter->to, filter, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_loss_row, error);
}

gboolean
hm_sqlite_list_anomalies (HmStore *store, const HmStoreFilter *filter, HmAnomalyVisit visit, gpointer user,
                          GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return query_list (store, ST_LIST_ANOMALIES, filter->from, filter->to, filter, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_anomaly_row, error);
}
