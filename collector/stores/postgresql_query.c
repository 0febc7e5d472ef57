/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_query: the few calls with which a statement is prepared, given its parameters, run and read. Everything
 * goes in binary form, both ways. Called by the other files of the store on the connection's thread. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

#include <string.h>

#define BINARY 1

/* -- sending, and the answer -- */

PGresult *
hm_pg_answer (HmStore *store)
{
  PGresult *last = NULL, *next;

  for (hm_pg_wait_answer (store); (next = PQgetResult (store->db)) != NULL; hm_pg_wait_answer (store))
    {
      PQclear (last);
      last = next;
      if (PQresultStatus (last) == PGRES_COPY_IN || PQstatus (store->db) != CONNECTION_OK)
        break;
    }
  return last;
}

PGresult *
hm_pg_send (HmStore *store, const char *sql)
{
  return PQsendQuery (store->db, sql) == 1 ? hm_pg_answer (store) : NULL;
}

static gboolean
is_fine (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);

  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Gives the result back, or the error. */
static PGresult *
take (HmStore *store, PGresult *result, const char *doing, GError **error)
{
  if (is_fine (result))
    return result;
  hm_pg_fail (store, result, doing, error);
  PQclear (result);
  return NULL;
}

gboolean
hm_pg_execute (HmStore *store, const char *sql, const char *doing, GError **error)
{
  PGresult *result = take (store, hm_pg_send (store, sql), doing, error);
  gboolean done = result != NULL;

  PQclear (result);
  return done;
}

gboolean
hm_pg_ask_number (HmStore *store, const char *sql, const char *doing, gint64 *ret_number, GError **error)
{
  PGresult *result = take (store, hm_pg_send (store, sql), doing, error);
  gboolean there = result != NULL && PQntuples (result) > 0;
  gboolean done = result != NULL;

  if (done)
    *ret_number = there ? g_ascii_strtoll (PQgetvalue (result, 0, 0), NULL, 10) : 0;
  PQclear (result);
  return done;
}

static const char *
text_of (HmPgStatement which)
{
  return hm_pg_texts[which] != NULL ? hm_pg_texts[which] : hm_pg_bill_texts[which];
}

gboolean
hm_pg_query (HmStore *store, HmPgStatement which, HmPgQuery *ret_query, GError **error)
{
  g_autofree char *name = g_strdup_printf ("s%d", which);
  PGresult *result;

  if (!hm_pg_ready (store, error))
    return FALSE;
  if (!store->prepared[which])
    {
      result = PQsendPrepare (store->db, name, text_of (which), 0, NULL) == 1 ? hm_pg_answer (store) : NULL;
      result = take (store, result, "preparing a statement", error);
      if (result == NULL)
        return FALSE;
      PQclear (result);
      store->prepared[which] = TRUE;
    }
  ret_query->store = store;
  ret_query->which = which;
  ret_query->n = 0;
  return TRUE;
}

/* -- parameters -- */

void
hm_pg_put_blob (HmPgQuery *query, const void *bytes, gsize length)
{
  g_assert (query->n < HM_PG_PARAMETERS_MAX);
  query->values[query->n] = bytes;
  query->lengths[query->n++] = (int)length;
}

void
hm_pg_put_text (HmPgQuery *query, const char *text)
{
  hm_pg_put_blob (query, text, text != NULL ? strlen (text) : 0);
}

void
hm_pg_put_i64 (HmPgQuery *query, gint64 number)
{
  gint64 *at = &query->numbers[query->n];

  *at = GINT64_TO_BE (number);
  hm_pg_put_blob (query, at, sizeof *at);
}

void
hm_pg_put_time (HmPgQuery *query, HmTime time)
{
  if (time != HM_TIME_UNKNOWN)
    hm_pg_put_i64 (query, time);
  else
    hm_pg_put_blob (query, NULL, 0);
}

void
hm_pg_put_rows (HmPgQuery *query, HmPgRows *rows)
{
  for (guint i = 0; i < hm_pg_rows_columns (rows); i++)
    {
      const GByteArray *column = hm_pg_rows_column (rows, i);

      hm_pg_put_blob (query, column->data, column->len);
    }
}

/* -- running -- */

static gboolean
start (HmPgQuery *query)
{
  g_autofree char *name = g_strdup_printf ("s%d", query->which);
  int formats[HM_PG_PARAMETERS_MAX];

  for (int i = 0; i < query->n; i++)
    formats[i] = BINARY;
  return PQsendQueryPrepared (query->store->db, name, query->n, query->values, query->lengths, formats,
                              BINARY)
         == 1;
}

PGresult *
hm_pg_ask (HmPgQuery *query, const char *doing, GError **error)
{
  return take (query->store, start (query) ? hm_pg_answer (query->store) : NULL, doing, error);
}

gboolean
hm_pg_run (HmPgQuery *query, const char *doing, guint64 *ret_changes, GError **error)
{
  PGresult *result = hm_pg_ask (query, doing, error);
  gboolean done = result != NULL;

  if (done && ret_changes != NULL)
    *ret_changes = g_ascii_strtoull (PQcmdTuples (result), NULL, 10);
  PQclear (result);
  return done;
}

/* FALSE: no more rows are wanted, or there are none. The last result says whether all went well. */
static gboolean
visit_one (HmPgQuery *query, HmPgRow row, gpointer user, PGresult **ret_last)
{
  PGresult *result;
  gboolean more;

  hm_pg_wait_answer (query->store);
  result = PQgetResult (query->store->db);
  if (PQresultStatus (result) != PGRES_SINGLE_TUPLE)
    {
      *ret_last = result;
      return FALSE;
    }
  more = row (result, 0, user);
  PQclear (result);
  return more;
}

/* Whoever stops early leaves rows on their way: closing the connection is the one way to be rid of them that cannot
 * hit the next statement by mistake. */
static gboolean
finish (HmPgQuery *query, PGresult *last, const char *doing, GError **error)
{
  PGresult *end;

  if (last == NULL)
    {
      hm_pg_drop (query->store);
      return TRUE;
    }
  last = take (query->store, last, doing, error);
  if (last == NULL && query->store->db == NULL)
    return FALSE;
  end = hm_pg_answer (query->store); /* nothing: the statement is over */
  PQclear (end);
  PQclear (last);
  return last != NULL;
}

/* -- many rows within a transaction -- */

#define CURSOR  "hm_rows"
#define FETCHED 1000
#define FETCH   "FETCH " G_STRINGIFY (FETCHED) " FROM " CURSOR

static gboolean
open_cursor (HmPgQuery *query, const char *doing, GError **error)
{
  g_autofree char *sql
      = g_strconcat ("DECLARE " CURSOR " NO SCROLL CURSOR FOR ", text_of (query->which), NULL);
  PGconn *db = query->store->db;
  int formats[HM_PG_PARAMETERS_MAX];
  PGresult *result = NULL;

  for (int i = 0; i < query->n; i++)
    formats[i] = BINARY;
  if (PQsendQueryParams (db, sql, query->n, NULL, query->values, query->lengths, formats, BINARY) == 1)
    result = hm_pg_answer (query->store);
  result = take (query->store, result, doing, error);
  PQclear (result);
  return result != NULL;
}

/* Some rows at a time: others who wait for this transaction see that its program is alive. */
static gboolean
each_of_cursor (HmPgQuery *query, const char *doing, HmPgRow row, gpointer user, GError **error)
{
  HmStore *store = query->store;
  gboolean more = TRUE, wanted = TRUE;

  if (!open_cursor (query, doing, error))
    return FALSE;
  while (more)
    {
      PGresult *result = PQsendQueryParams (store->db, FETCH, 0, NULL, NULL, NULL, NULL, BINARY) == 1
                             ? hm_pg_answer (store)
                             : NULL;
      int n;

      result = take (store, result, doing, error);
      if (result == NULL)
        return FALSE;
      n = PQntuples (result);
      for (int i = 0; wanted && i < n; i++)
        wanted = row (result, i, user);
      more = wanted && n == FETCHED;
      PQclear (result);
    }
  return hm_pg_execute (store, "CLOSE " CURSOR, doing, error);
}

gboolean
hm_pg_each (HmPgQuery *query, const char *doing, HmPgRow row, gpointer user, GError **error)
{
  PGresult *last = NULL;

  if (query->store->in_transaction && query->which >= ST_LIST_USAGE)
    return each_of_cursor (query, doing, row, user, error);
  if (!start (query) || PQsetSingleRowMode (query->store->db) != 1)
    return hm_pg_fail (query->store, NULL, doing, error);
  while (visit_one (query, row, user, &last))
    ;
  return finish (query, last, doing, error);
}

gboolean
hm_pg_fits (HmStore *store, guint64 number, const char *what, GError **error)
{
  if (number <= G_MAXINT64)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s %" G_GUINT64_FORMAT " is beyond 2^63 - 1", store->name,
               what, number);
  return FALSE;
}

/* -- columns -- */

const char *
hm_pg_text (const PGresult *result, int row, int column)
{
  return PQgetisnull (result, row, column) ? NULL : PQgetvalue (result, row, column);
}

gint64
hm_pg_i64 (const PGresult *result, int row, int column)
{
  gint64 number = 0;

  if (PQgetlength (result, row, column) == sizeof number)
    memcpy (&number, PQgetvalue (result, row, column), sizeof number);
  return GINT64_FROM_BE (number);
}

HmTime
hm_pg_time (const PGresult *result, int row, int column)
{
  return PQgetisnull (result, row, column) ? HM_TIME_UNKNOWN : hm_pg_i64 (result, row, column);
}

gboolean
hm_pg_bool (const PGresult *result, int row, int column)
{
  return PQgetlength (result, row, column) == 1 && *PQgetvalue (result, row, column) != 0;
}

gsize
hm_pg_blob (const PGresult *result, int row, int column, const void **ret_bytes)
{
  *ret_bytes = hm_pg_text (result, row, column);
  return (gsize)PQgetlength (result, row, column);
}
