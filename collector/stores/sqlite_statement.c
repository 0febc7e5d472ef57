/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_statement: the few calls with which the statements of sqlite_text.c are bound, run and read.
 *
 * Each statement is prepared once per connection, at its first use, and kept. Called by the other files of
 * the store on the connection's thread. */
#include "collector/stores/sqlite.h"

gboolean
hm_sqlite_query (HmStore *store, HmSqliteStatement which, HmSqliteQuery *ret_query, GError **error)
{
  sqlite3_stmt **slot = &store->statements[which];

  if (*slot == NULL
      && sqlite3_prepare_v3 (store->db, hm_sqlite_texts[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL)
             != SQLITE_OK)
    return hm_sqlite_fail (store, "preparing a statement", error);
  *ret_query = (HmSqliteQuery){ .store = store, .statement = *slot };
  return TRUE;
}

/* -- binding -- */

void
hm_sqlite_put_text_n (HmSqliteQuery *query, const char *text, gsize length)
{
  query->failed
      |= sqlite3_bind_text64 (query->statement, ++query->at, text, length, SQLITE_STATIC, SQLITE_UTF8)
         != SQLITE_OK;
}

void
hm_sqlite_put_text (HmSqliteQuery *query, const char *text)
{
  query->failed |= sqlite3_bind_text (query->statement, ++query->at, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

void
hm_sqlite_put_i64 (HmSqliteQuery *query, gint64 number)
{
  query->failed |= sqlite3_bind_int64 (query->statement, ++query->at, number) != SQLITE_OK;
}

void
hm_sqlite_put_time (HmSqliteQuery *query, HmTime time)
{
  if (time != HM_TIME_UNKNOWN)
    hm_sqlite_put_i64 (query, time);
  else
    query->failed |= sqlite3_bind_null (query->statement, ++query->at) != SQLITE_OK;
}

void
hm_sqlite_put_blob (HmSqliteQuery *query, const void *bytes, gsize length)
{
  query->failed
      |= sqlite3_bind_blob64 (query->statement, ++query->at, bytes, length, SQLITE_STATIC) != SQLITE_OK;
}

/* A negative one is none. */
void
hm_sqlite_put_limit (HmSqliteQuery *query, const HmStoreFilter *filter)
{
  hm_sqlite_put_i64 (query, filter->limit > 0 && filter->limit <= G_MAXINT64 ? (gint64)filter->limit : -1);
}

/* -- running -- */

/* The error must be taken before the reset, and the statement reset whatever happened: an open one holds
 * locks. */
static gboolean
finish (HmSqliteQuery *query, gboolean fine, const char *doing, GError **error)
{
  fine = fine || hm_sqlite_fail (query->store, doing, error);
  sqlite3_reset (query->statement);
  sqlite3_clear_bindings (query->statement);
  return fine;
}

gboolean
hm_sqlite_run (HmSqliteQuery *query, const char *doing, int *ret_changes, GError **error)
{
  gboolean fine = !query->failed && sqlite3_step (query->statement) == SQLITE_DONE;

  if (fine && ret_changes != NULL)
    *ret_changes = sqlite3_changes (query->store->db);
  return finish (query, fine, doing, error);
}

gboolean
hm_sqlite_each (HmSqliteQuery *query, const char *doing, HmSqliteRow row, gpointer user, GError **error)
{
  int result = query->failed ? SQLITE_MISUSE : sqlite3_step (query->statement);

  while (result == SQLITE_ROW && row (query->statement, user))
    result = sqlite3_step (query->statement);
  return finish (query, result == SQLITE_ROW || result == SQLITE_DONE, doing, error);
}

const char *
hm_sqlite_text (sqlite3_stmt *statement, int column)
{
  return (const char *)sqlite3_column_text (statement, column);
}

HmTime
hm_sqlite_time (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL ? HM_TIME_UNKNOWN
                                                                : sqlite3_column_int64 (statement, column);
}
