/* SPDX-License-Identifier: Apache-2.0 */
/* stop_at: stops a collector (SIGSTOP) right before a statement on PostgreSQL, for tests/e2e/fencing.sh. Preloaded, so that it stands between
 * the store and libpq.
 *
 * The file HM_STOP_AT names holds the first letters of the statement: BEGIN, CopyData (the next piece of a COPY), COMMIT. It is removed, and
 * the process stops; without the file nothing happens. */
#include <dlfcn.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <gmodule.h>
#include <libpq-fe.h>
#include <signal.h>

static void
pass (const char *statement)
{
  const char *path = g_getenv ("HM_STOP_AT");
  g_autofree char *wanted = NULL;

  if (path == NULL || !g_file_get_contents (path, &wanted, NULL, NULL))
    return;
  if (*g_strstrip (wanted) == '\0' || !g_str_has_prefix (statement, wanted))
    return;
  g_unlink (path);
  raise (SIGSTOP);
}

/* The store's module has loaded the library for itself alone, so it is asked for by name. */
static void
find (const char *function, void *ret_function)
{
  void *library = dlopen ("libpq.so.5", RTLD_NOW);

  *(void **)ret_function = library != NULL ? dlsym (library, function) : NULL;
  if (*(void **)ret_function == NULL)
    g_error ("%s: %s", function, dlerror ());
}

G_MODULE_EXPORT int
PQsendQuery (PGconn *db, const char *sql)
{
  int (*send) (PGconn *, const char *);

  find ("PQsendQuery", &send);
  pass (sql);
  return send (db, sql);
}

G_MODULE_EXPORT int
PQputCopyData (PGconn *db, const char *bytes, int length)
{
  int (*put) (PGconn *, const char *, int);

  find ("PQputCopyData", &put);
  pass ("CopyData");
  return put (db, bytes, length);
}
