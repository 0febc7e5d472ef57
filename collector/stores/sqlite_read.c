/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_read: rows out of the store, handed to a visitor one at a time: what the fold loads, and what the
 * command line lists. On the connection's thread; a visitor must not use the statement that it is called
 * from. What is counted and asked is sqlite_read_counts.c's. */
#include "collector/stores/sqlite.h"

/* -- what the fold loads -- */

static gboolean
query_resource (HmStore *store, HmSqliteStatement which, const char *source, const char *resource,
                HmSqliteQuery *ret_query, GError **error)
{
  if (!hm_sqlite_query (store, which, ret_query, error))
    return FALSE;
  hm_sqlite_put_text (ret_query, source);
  hm_sqlite_put_text (ret_query, resource);
  return TRUE;
}

gboolean
hm_sqlite_resource_load (HmStore *store, const char *source, const char *resource, HmResourceVisit visit,
                         gpointer user, GError **error)
{
  HmSqliteVisit one = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return query_resource (store, ST_RESOURCE_LOAD, source, resource, &query, error)
         && hm_sqlite_visit (&query, &one, hm_sqlite_resource_row, error);
}

gboolean
hm_sqlite_buckets_load (HmStore *store, const char *source, const char *resource, HmTime grain,
                        HmBucketVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!query_resource (store, ST_BUCKETS_LOAD, source, resource, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, grain);
  return hm_sqlite_visit (&query, &each, hm_sqlite_bucket_row, error);
}

gboolean
hm_sqlite_usage_load (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
                      HmBucketVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!query_resource (store, ST_USAGE_LOAD, source, resource, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, from);
  hm_sqlite_put_i64 (&query, to);
  return hm_sqlite_visit (&query, &each, hm_sqlite_bucket_row, error);
}

/* Ends with the grain in which row number `limit` is. */
typedef struct
{
  HmSqliteVisit each; /* first: what goes to the visitor */
  guint limit, rows;
  HmTime grain; /* of the last one */
} Loading;

static gboolean
load_row (sqlite3_stmt *statement, gpointer user)
{
  Loading *loading = user;
  HmTime grain = sqlite3_column_int64 (statement, 0);

  if (loading->limit > 0 && loading->rows >= loading->limit && grain != loading->grain)
    return FALSE;
  loading->grain = grain;
  loading->rows++;
  return hm_sqlite_raw_row (statement, &loading->each);
}

gboolean
hm_sqlite_raw_load (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                    HmRawVisit visit, gpointer user, GError **error)
{
  Loading loading = { .each = { store, (gpointer)visit, user, NULL }, .limit = limit };
  HmSqliteQuery query;

  if (!query_resource (store, ST_RAW_LOAD, source, resource, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, store->grain_ns - 1);
  hm_sqlite_put_time (&query, from);
  return hm_sqlite_visit (&query, &loading.each, load_row, error);
}

/* -- one raw row -- */

typedef struct
{
  HmRawVisit visit;
  gpointer user;
  gboolean found;
} Finding;

static gboolean
note_found (const HmRawRow *row, gpointer user)
{
  Finding *finding = user;

  finding->found = TRUE;
  return finding->visit (row, finding->user);
}

static gboolean
find_raw (HmStore *store, HmSqliteStatement which, const HmRawRow *key, gint64 third, Finding *finding,
          GError **error)
{
  HmSqliteVisit one = { store, (gpointer)note_found, finding, NULL };
  HmSqliteQuery query;

  if (!query_resource (store, which, key->source, key->resource, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, third);
  hm_sqlite_put_text (&query, key->agent);
  hm_sqlite_put_text (&query, key->epoch);
  hm_sqlite_put_i64 (&query, (gint64)key->seq);
  return hm_sqlite_visit (&query, &one, hm_sqlite_raw_row, error);
}

gboolean
hm_sqlite_raw_find (HmStore *store, const HmRawRow *key, HmRawVisit visit, gpointer user, GError **error)
{
  Finding finding = { visit, user, FALSE };

  if (key->seq > G_MAXINT64)
    return TRUE; /* such a row cannot be there */
  return find_raw (store, ST_RAW_FIND, key, key->grain, &finding, error)
         && (finding.found || find_raw (store, ST_RAW_SEEK, key, store->grain_ns - 1, &finding, error));
}

gboolean
hm_sqlite_dead_letter_find (HmStore *store, const char *topic, gint32 partition, gint64 offset,
                            HmDeadLetterVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_DEAD_LETTER_FIND, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, topic);
  hm_sqlite_put_i64 (&query, partition);
  hm_sqlite_put_i64 (&query, offset);
  return hm_sqlite_visit (&query, &each, hm_sqlite_dead_letter_row, error);
}

gboolean
hm_sqlite_dead_letter_get (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit one = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_DEAD_LETTER_GET, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, id);
  return hm_sqlite_visit (&query, &one, hm_sqlite_dead_letter_row, error);
}

/* -- what the command line lists -- */

gboolean
hm_sqlite_query_filtered (HmStore *store, HmSqliteStatement which, const HmStoreFilter *filter,
                          HmSqliteQuery *ret_query, GError **error)
{
  if (!hm_sqlite_query (store, which, ret_query, error))
    return FALSE;
  hm_sqlite_put_time (ret_query, filter->from);
  hm_sqlite_put_time (ret_query, filter->to);
  if (which == ST_LIST_DEAD_LETTERS) /* they are nobody's as long as they are not understood */
    ret_query->at += 4;
  else
    {
      hm_sqlite_put_text (ret_query, filter->source);
      hm_sqlite_put_text (ret_query, filter->project);
      hm_sqlite_put_text (ret_query, filter->user);
      hm_sqlite_put_text (ret_query, filter->resource);
    }
  hm_sqlite_put_limit (ret_query, filter);
  return TRUE;
}

gboolean
hm_sqlite_list_buckets (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                        GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query_filtered (store, ST_LIST_BUCKETS, filter, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_bucket_row, error);
}

gboolean
hm_sqlite_list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit, gpointer user,
                          GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, ST_LIST_RESOURCES, filter, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, filter->agent);
  hm_sqlite_put_i64 (&query, filter->edge_before);
  hm_sqlite_put_i64 (&query, filter->rolled_before);
  return hm_sqlite_visit (&query, &each, hm_sqlite_resource_row, error);
}

gboolean
hm_sqlite_list_raw (HmStore *store, const HmStoreFilter *filter, HmRawVisit visit, gpointer user,
                    GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, ST_LIST_RAW, filter, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, store->grain_ns);
  return hm_sqlite_visit (&query, &each, hm_sqlite_raw_row, error);
}

gboolean
hm_sqlite_list_dead_letters (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit,
                             gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, ST_LIST_DEAD_LETTERS, filter, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, filter->settled != FALSE);
  hm_sqlite_put_i64 (&query, filter->after);
  return hm_sqlite_visit (&query, &each, hm_sqlite_dead_letter_row, error);
}

gboolean
hm_sqlite_list_meters (HmStore *store, HmMeterVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_METERS, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_meter_row, error);
}

gboolean
hm_sqlite_list_agents (HmStore *store, HmAgentVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_AGENTS, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_agent_row, error);
}

gboolean
hm_sqlite_list_offsets (HmStore *store, HmOffsetVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_POSITIONS, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_offset_row, error);
}

gboolean
hm_sqlite_list_gaps (HmStore *store, HmGapVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_GAPS, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_gap_row, error);
}

static gboolean
status_row (sqlite3_stmt *st, gpointer user)
{
  HmStoreStatus *status = user;

  *status = (HmStoreStatus){ .raw = (guint64)sqlite3_column_int64 (st, 0),
                             .resources = (guint64)sqlite3_column_int64 (st, 1),
                             .buckets = (guint64)sqlite3_column_int64 (st, 2),
                             .dead_letters = (guint64)sqlite3_column_int64 (st, 3),
                             .bytes = (guint64)sqlite3_column_int64 (st, 4),
                             .last_commit = hm_sqlite_time (st, 5),
                             .oldest_raw = hm_sqlite_time (st, 6) };
  return FALSE;
}

gboolean
hm_sqlite_status (HmStore *store, HmStoreStatus *ret_status, GError **error)
{
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_STATUS, &query, error)
         && hm_sqlite_each (&query, "reading the status", status_row, ret_status, error);
}

static gboolean
take_size (sqlite3_stmt *statement, gpointer bytes)
{
  *(guint64 *)bytes = (guint64)sqlite3_column_int64 (statement, 0);
  return FALSE;
}

gboolean
hm_sqlite_size (HmStore *store, guint64 *ret_bytes, GError **error)
{
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_SIZE, &query, error)
         && hm_sqlite_each (&query, "asking for the size", take_size, ret_bytes, error);
}
