/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_ask: what people ask of the collector, and who may do what only one may.
 *
 * A request is one row, written beside the collector in a transaction of its own that is over at once: the collector's BEGIN
 * IMMEDIATE waits for it, and where it waits too long that is HM_ERROR_UNAVAILABLE, which it tries again. The other way round a
 * person waits for a batch; sqlite.c gives them longer. On the connection's thread. */
#include "collector/stores/sqlite.h"

gboolean
hm_sqlite_request_add (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_REQUEST_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, request->action);
  hm_sqlite_put_i64 (&query, request->subject);
  hm_sqlite_put_text (&query, request->target);
  hm_sqlite_put_text (&query, request->author);
  hm_sqlite_put_text (&query, request->reason);
  hm_sqlite_put_i64 (&query, request->asked);
  if (!hm_sqlite_run (&query, "adding a request", NULL, error))
    return FALSE;
  *ret_id = sqlite3_last_insert_rowid (store->db);
  return TRUE;
}

gboolean
hm_sqlite_list_requests (HmStore *store, gboolean open_only, HmRequestVisit visit, gpointer user,
                         GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, open_only ? ST_LIST_REQUESTS_OPEN : ST_LIST_REQUESTS, &query, error)
         && hm_sqlite_visit (&query, &each, hm_sqlite_request_row, error);
}

/* -- leases -- */

static gboolean
take_token (sqlite3_stmt *statement, gpointer user)
{
  *(guint64 *)user = (guint64)sqlite3_column_int64 (statement, 0);
  return TRUE;
}

/* By this machine's clock: the file has no other. */
gboolean
hm_sqlite_lease (HmStore *store, const char *name, const char *holder, gint64 ttl_ns, guint64 *ret_token,
                 GError **error)
{
  const HmClock *clock = hm_clock_system ();
  HmTime now = clock->wall (clock);
  HmSqliteQuery query;
  guint64 token = 0;

  if (!hm_sqlite_query (store, ST_LEASE, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, name);
  hm_sqlite_put_text (&query, holder);
  hm_sqlite_put_i64 (&query, now + ttl_ns);
  hm_sqlite_put_i64 (&query, now);
  if (!hm_sqlite_each (&query, "taking a lease", take_token, &token, error))
    return FALSE;
  *ret_token = token;
  return TRUE;
}
