/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_list: rows for people, one in memory at a time, however many there are. Each list is one statement, so it
 * shows the store at one moment. On the connection's thread; a visitor must not use the store that it is called from. */
#include "collector/stores/postgresql.h"

#include "metering/record.h"

/* NULL: no limit. */
void
hm_pg_put_limit (HmPgQuery *query, guint64 limit)
{
  hm_pg_put_time (query, limit > 0 && limit <= G_MAXINT64 ? (gint64)limit : HM_TIME_UNKNOWN);
}

/* $1, $2, $3 of most lists. */
static gboolean
query_period (HmStore *store, HmPgStatement which, const HmStoreFilter *filter, HmPgQuery *ret_query,
              GError **error)
{
  if (!hm_pg_query (store, which, ret_query, error))
    return FALSE;
  hm_pg_put_time (ret_query, filter->from);
  hm_pg_put_time (ret_query, filter->to);
  if (which != ST_LIST_DEAD_LETTERS) /* they are nobody's as long as they are not understood */
    hm_pg_put_text (ret_query, filter->source);
  return TRUE;
}

/* $4 to $7 as well. */
gboolean
hm_pg_query_filtered (HmStore *store, HmPgStatement which, const HmStoreFilter *filter, HmPgQuery *ret_query,
                      GError **error)
{
  if (!query_period (store, which, filter, ret_query, error))
    return FALSE;
  hm_pg_put_text (ret_query, filter->project);
  hm_pg_put_text (ret_query, filter->user);
  hm_pg_put_text (ret_query, filter->resource);
  hm_pg_put_limit (ret_query, filter->limit);
  return TRUE;
}

gboolean
hm_pg_list_buckets (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                    GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  return hm_pg_query_filtered (store, ST_LIST_BUCKETS, filter, &query, error)
         && hm_pg_visit (&query, &each, hm_pg_bucket_row, error);
}

gboolean
hm_pg_list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit, gpointer user,
                      GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!hm_pg_query_filtered (store, ST_LIST_RESOURCES, filter, &query, error))
    return FALSE;
  hm_pg_put_text (&query, filter->agent);
  hm_pg_put_i64 (&query, filter->edge_before);
  hm_pg_put_i64 (&query, filter->rolled_before);
  return hm_pg_visit (&query, &each, hm_pg_resource_row, error);
}

gboolean
hm_pg_list_raw (HmStore *store, const HmStoreFilter *filter, HmRawVisit visit, gpointer user, GError **error)
{
  HmPgVisit each
      = { .store = store, .visit = (gpointer)visit, .user = user, .filter = filter, .left = filter->limit };
  gboolean by_content = filter->project != NULL || filter->user != NULL;
  HmPgQuery query;

  if (!query_period (store, ST_LIST_RAW, filter, &query, error))
    return FALSE;
  hm_pg_put_text (&query, filter->resource);
  hm_pg_put_limit (&query, by_content ? 0 : filter->limit);
  hm_pg_put_i64 (&query, store->grain_ns);
  return hm_pg_visit (&query, &each, hm_pg_raw_row, error);
}

gboolean
hm_pg_list_dead_letters (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit, gpointer user,
                         GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_period (store, ST_LIST_DEAD_LETTERS, filter, &query, error))
    return FALSE;
  hm_pg_put_limit (&query, filter->limit);
  hm_pg_put_i64 (&query, filter->after);
  hm_pg_put_i64 (&query, filter->settled);
  return hm_pg_visit (&query, &each, hm_pg_dead_letter_row, error);
}

gboolean
hm_pg_list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_period (store, ST_LIST_BINS, filter, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, HM_BIN_NS);
  hm_pg_put_text (&query, filter->agent);
  hm_pg_put_limit (&query, filter->limit);
  return hm_pg_visit (&query, &each, hm_pg_bin_row, error);
}

gboolean
hm_pg_list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user,
                   GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_period (store, ST_LIST_LOSSES, filter, &query, error))
    return FALSE;
  hm_pg_put_text (&query, filter->agent);
  hm_pg_put_limit (&query, filter->limit);
  return hm_pg_visit (&query, &each, hm_pg_loss_row, error);
}

gboolean
hm_pg_list_anomalies (HmStore *store, const HmStoreFilter *filter, HmAnomalyVisit visit, gpointer user,
                      GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_period (store, ST_LIST_ANOMALIES, filter, &query, error))
    return FALSE;
  hm_pg_put_limit (&query, filter->limit);
  return hm_pg_visit (&query, &each, hm_pg_anomaly_row, error);
}

/* -- without a filter -- */

gboolean
hm_pg_list_all (HmStore *store, HmPgStatement which, gpointer visit, HmPgRow row, gpointer user,
                GError **error)
{
  HmPgVisit each = { .store = store, .visit = visit, .user = user };
  HmPgQuery query;

  return hm_pg_query (store, which, &query, error) && hm_pg_visit (&query, &each, row, error);
}

gboolean
hm_pg_list_meters (HmStore *store, HmMeterVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_METERS, (gpointer)visit, hm_pg_meter_row, user, error);
}

gboolean
hm_pg_list_agents (HmStore *store, HmAgentVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_AGENTS, (gpointer)visit, hm_pg_agent_row, user, error);
}

gboolean
hm_pg_list_offsets (HmStore *store, HmOffsetVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_OFFSETS, (gpointer)visit, hm_pg_offset_row, user, error);
}

gboolean
hm_pg_list_gaps (HmStore *store, HmGapVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_GAPS, (gpointer)visit, hm_pg_gap_row, user, error);
}

gboolean
hm_pg_list_requests (HmStore *store, gboolean open_only, HmRequestVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!hm_pg_query (store, ST_LIST_REQUESTS, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, open_only);
  return hm_pg_visit (&query, &each, hm_pg_request_row, error);
}

gboolean
hm_pg_status (HmStore *store, HmStoreStatus *ret_status, GError **error)
{
  HmPgQuery query;
  PGresult *result;

  if (!hm_pg_query (store, ST_STATUS, &query, error))
    return FALSE;
  result = hm_pg_ask (&query, "reading the status", error);
  if (result == NULL)
    return FALSE;
  *ret_status = (HmStoreStatus){ .raw = (guint64)hm_pg_i64 (result, 0, 0),
                                 .resources = (guint64)hm_pg_i64 (result, 0, 1),
                                 .buckets = (guint64)hm_pg_i64 (result, 0, 2),
                                 .dead_letters = (guint64)hm_pg_i64 (result, 0, 3),
                                 .bytes = (guint64)hm_pg_i64 (result, 0, 4),
                                 .oldest_raw = hm_pg_time (result, 0, 5),
                                 .last_commit = hm_pg_time (result, 0, 6) };
  PQclear (result);
  return TRUE;
}

gboolean
hm_pg_size (HmStore *store, guint64 *ret_bytes, GError **error)
{
  HmPgQuery query;
  PGresult *result;

  if (!hm_pg_query (store, ST_SIZE, &query, error))
    return FALSE;
  result = hm_pg_ask (&query, "asking for the size", error);
  if (result == NULL)
    return FALSE;
  *ret_bytes = (guint64)hm_pg_i64 (result, 0, 0);
  PQclear (result);
  return TRUE;
}
