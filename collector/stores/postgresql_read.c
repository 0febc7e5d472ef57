/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_read: what the fold and the engine look for: a resource's rows, and rows of which there is one or none.
 * On the connection's thread; a visitor must not use the store that it is called from. */
#include "collector/stores/postgresql.h"

static gboolean
query_resource (HmStore *store, HmPgStatement which, const char *source, const char *resource,
                HmPgQuery *ret_query, GError **error)
{
  if (!hm_pg_query (store, which, ret_query, error))
    return FALSE;
  hm_pg_put_text (ret_query, source);
  hm_pg_put_text (ret_query, resource);
  return TRUE;
}

/* All rows at once, for where there are few: whoever stops early costs no connection. */
static gboolean
visit_few (HmPgQuery *query, HmPgVisit *visit, HmPgRow row, guint *ret_rows, GError **error)
{
  PGresult *result = hm_pg_ask (query, "reading", error);
  int n = PQntuples (result);
  gboolean more = TRUE;

  if (result == NULL)
    return FALSE;
  for (int i = 0; more && i < n; i++)
    more = row (result, i, visit);
  PQclear (result);
  if (ret_rows != NULL)
    *ret_rows = (guint)n;
  if (visit->error == NULL)
    return TRUE;
  g_propagate_error (error, visit->error);
  return FALSE;
}

gboolean
hm_pg_resource_load (HmStore *store, const char *source, const char *resource, HmResourceVisit visit,
                     gpointer user, GError **error)
{
  HmPgVisit one = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  return query_resource (store, ST_RESOURCE_LOAD, source, resource, &query, error)
         && visit_few (&query, &one, hm_pg_resource_row, NULL, error);
}

gboolean
hm_pg_buckets_load (HmStore *store, const char *source, const char *resource, HmTime grain,
                    HmBucketVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_resource (store, ST_BUCKETS_LOAD, source, resource, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, grain);
  return visit_few (&query, &each, hm_pg_bucket_row, NULL, error);
}

gboolean
hm_pg_usage_load (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
                  HmBucketVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_resource (store, ST_USAGE_LOAD, source, resource, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, from);
  hm_pg_put_i64 (&query, to);
  hm_pg_put_i64 (&query, store->grain_ns);
  return hm_pg_visit (&query, &each, hm_pg_bucket_row, error);
}

gboolean
hm_pg_raw_load (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                HmRawVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_resource (store, ST_RAW_LOAD, source, resource, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, store->grain_ns - 1);
  hm_pg_put_time (&query, from);
  hm_pg_put_i64 (&query, limit > 0 ? limit : G_MAXINT64);
  return hm_pg_visit (&query, &each, hm_pg_raw_row, error);
}

static gboolean
find_raw (HmPgVisit *visit, HmPgStatement which, const HmRawRow *key, gint64 third, guint *ret_rows,
          GError **error)
{
  HmPgQuery query;

  if (!query_resource (visit->store, which, key->source, key->resource, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, third);
  hm_pg_put_text (&query, key->agent);
  hm_pg_put_text (&query, key->epoch);
  hm_pg_put_i64 (&query, (gint64)key->seq);
  return visit_few (&query, visit, hm_pg_raw_row, ret_rows, error);
}

gboolean
hm_pg_raw_find (HmStore *store, const HmRawRow *key, HmRawVisit visit, gpointer user, GError **error)
{
  HmPgVisit one = { .store = store, .visit = (gpointer)visit, .user = user };
  guint found;

  if (key->seq > G_MAXINT64)
    return TRUE; /* such a row cannot be there */
  return find_raw (&one, ST_RAW_FIND, key, key->grain, &found, error)
         && (found > 0 || find_raw (&one, ST_RAW_SEEK, key, store->grain_ns - 1, &found, error));
}

gboolean
hm_pg_dead_letter_find (HmStore *store, const char *topic, gint32 partition, gint64 offset,
                        HmDeadLetterVisit visit, gpointer user, GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!hm_pg_query (store, ST_DEAD_LETTER_FIND, &query, error))
    return FALSE;
  hm_pg_put_text (&query, topic);
  hm_pg_put_i64 (&query, partition);
  hm_pg_put_i64 (&query, offset);
  return visit_few (&query, &each, hm_pg_dead_letter_row, NULL, error);
}

gboolean
hm_pg_dead_letter_get (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user, GError **error)
{
  HmPgVisit one = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!hm_pg_query (store, ST_DEAD_LETTER_GET, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, id);
  return visit_few (&query, &one, hm_pg_dead_letter_row, NULL, error);
}

gboolean
hm_pg_message_find (HmStore *store, const char *source, const char *id, gboolean *ret_found, HmTime *ret_time,
                    GError **error)
{
  HmPgQuery query;
  PGresult *result;

  if (!query_resource (store, ST_MESSAGE_FIND, source, id, &query, error))
    return FALSE;
  result = hm_pg_ask (&query, "looking for a message", error);
  if (result == NULL)
    return FALSE;
  *ret_found = PQntuples (result) > 0;
  if (*ret_found)
    *ret_time = hm_pg_i64 (result, 0, 0);
  PQclear (result);
  return TRUE;
}
