/* SPDX-License-Identifier: Apache-2.0 */
/* statements_postgresql: stands between a store and libpq. See statements.h.
 *
 * A statement has three points: before it is sent; "sent", when the server may have done it and may not; after its answer. One that fails
 * has lost its connection: the socket is shut, as when the network or the server goes, and libpq finds that out by itself. */
#include "tests/fakes/statements.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <libpq-fe.h>
#include <string.h>
#include <sys/socket.h>

#define LIBRARY "postgresql"

static char *name;           /* (nullable) of the statement that waits for its answer */
static GHashTable *prepared; /* name → SQL; every connection of the store has the same; below its lock */

G_LOCK_DEFINE_STATIC (prepared);

static void
find (const char *function, void *ret_function)
{
  *(void **)ret_function = dlsym (RTLD_NEXT, function);
  if (*(void **)ret_function == NULL)
    g_error ("%s: %s", function, dlerror ());
}

static void
pass (PGconn *db, const char *sql, const char *moment)
{
  if (statements_pass (LIBRARY, sql, moment).code != 0)
    shutdown (PQsocket (db), SHUT_RDWR);
}

static void
await_answer (const char *sql)
{
  g_free (name);
  name = g_strdup (sql);
}

/* -- what is sent -- */

G_MODULE_EXPORT int
PQsendQuery (PGconn *db, const char *sql)
{
  int (*send) (PGconn *, const char *);
  int result;
  gboolean watched = statements_enter ();

  find ("PQsendQuery", &send);
  if (watched)
    pass (db, sql, "before");
  result = send (db, sql);
  if (watched)
    {
      pass (db, sql, "sent");
      await_answer (sql);
    }
  statements_leave ();
  return result;
}

/* That a statement is prepared changes nothing, so it is no point. */
G_MODULE_EXPORT int
PQsendPrepare (PGconn *db, const char *statement, const char *sql, int n, const Oid *types)
{
  int (*send) (PGconn *, const char *, const char *, int, const Oid *);

  find ("PQsendPrepare", &send);
  G_LOCK (prepared);
  if (prepared == NULL)
    prepared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (prepared, g_strdup (statement), (gpointer)(guintptr)g_intern_string (sql));
  G_UNLOCK (prepared);
  return send (db, statement, sql, n, types);
}

static const char *
text_of (const char *statement)
{
  const char *sql;

  G_LOCK (prepared);
  sql = prepared != NULL ? g_hash_table_lookup (prepared, statement) : NULL;
  G_UNLOCK (prepared);
  return sql;
}

G_MODULE_EXPORT int
PQsendQueryPrepared (PGconn *db, const char *statement, int n, const char *const *values, const int *lengths,
                     const int *formats, int format)
{
  int (*send) (PGconn *, const char *, int, const char *const *, const int *, const int *, int);
  const char *sql = text_of (statement);
  int result;
  gboolean watched = statements_enter ();

  find ("PQsendQueryPrepared", &send);
  if (watched)
    pass (db, sql, "before");
  result = send (db, statement, n, values, lengths, formats, format);
  if (watched)
    {
      pass (db, sql, "sent");
      await_answer (sql);
    }
  statements_leave ();
  return result;
}

G_MODULE_EXPORT int
PQsendQueryParams (PGconn *db, const char *sql, int n, const Oid *types, const char *const *values,
                   const int *lengths, const int *formats, int format)
{
  int (*send) (PGconn *, const char *, int, const Oid *, const char *const *, const int *, const int *, int);
  int result;
  gboolean watched = statements_enter ();

  find ("PQsendQueryParams", &send);
  if (watched)
    pass (db, sql, "before");
  result = send (db, sql, n, types, values, lengths, formats, format);
  if (watched)
    {
      pass (db, sql, "sent");
      await_answer (sql);
    }
  statements_leave ();
  return result;
}

G_MODULE_EXPORT int
PQputCopyData (PGconn *db, const char *bytes, int length)
{
  int (*put) (PGconn *, const char *, int);
  int result;
  gboolean watched = statements_enter ();

  find ("PQputCopyData", &put);
  if (watched)
    pass (db, "CopyData", "before");
  result = put (db, bytes, length);
  if (watched)
    pass (db, "CopyData", "sent");
  statements_leave ();
  return result;
}

G_MODULE_EXPORT int
PQputCopyEnd (PGconn *db, const char *reason)
{
  int (*put) (PGconn *, const char *);
  int result;
  gboolean watched = statements_enter ();

  find ("PQputCopyEnd", &put);
  if (watched)
    pass (db, "CopyEnd", "before");
  result = put (db, reason);
  if (watched)
    {
      pass (db, "CopyEnd", "sent");
      await_answer ("CopyEnd");
    }
  statements_leave ();
  return result;
}

/* -- what is answered -- */

G_MODULE_EXPORT PGresult *
PQgetResult (PGconn *db)
{
  PGresult *(*get) (PGconn *);
  PGresult *result;
  gboolean watched = statements_enter ();

  find ("PQgetResult", &get);
  result = get (db);
  if (watched && name != NULL)
    {
      g_autofree char *sql = g_steal_pointer (&name);

      pass (db, sql, "after");
    }
  statements_leave ();
  return result;
}
