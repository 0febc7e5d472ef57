/* SPDX-License-Identifier: Apache-2.0 */
/* statements_sqlite: stands between a store and libsqlite3. See statements.h. */
#include "tests/fakes/statements.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <sqlite3.h>

#define LIBRARY "sqlite"

typedef int (*Step) (sqlite3_stmt *statement);
typedef int (*Exec) (sqlite3 *db, const char *sql, int (*row) (void *, int, char **, char **), void *user,
                     char **ret_message);
typedef int (*OfConnection) (sqlite3 *db);

static sqlite3 *failed; /* its last statement failed, as far as the store has heard */
static int failed_with;

static void
find (const char *name, void *ret_function)
{
  *(void **)ret_function = dlsym (RTLD_NEXT, name);
  if (*(void **)ret_function == NULL)
    g_error ("%s: %s", name, dlerror ());
}

/* TRUE: the call is to end with failed_with. */
static gboolean
pass (sqlite3 *db, const char *sql, const char *moment)
{
  StatementFault fault = statements_pass (LIBRARY, sql, moment);
  Exec exec;

  find ("sqlite3_exec", &exec);
  if (fault.rolls_back && !sqlite3_get_autocommit (db))
    exec (db, "ROLLBACK", NULL, NULL, NULL);
  failed = fault.code != 0 ? db : NULL;
  failed_with = fault.code;
  return fault.code != 0;
}

static int
step_watched (Step step, sqlite3_stmt *statement)
{
  sqlite3 *db = sqlite3_db_handle (statement);
  int result;

  if (pass (db, sqlite3_sql (statement), "before"))
    return failed_with;
  result = step (statement);
  return pass (db, sqlite3_sql (statement), "after") ? failed_with : result;
}

G_MODULE_EXPORT int
sqlite3_step (sqlite3_stmt *statement)
{
  static Step step = NULL;
  int result;

  if (step == NULL)
    find ("sqlite3_step", &step);
  result = statements_enter () ? step_watched (step, statement) : step (statement);
  statements_leave ();
  return result;
}

static int
exec_watched (Exec exec, sqlite3 *db, const char *sql, int (*row) (void *, int, char **, char **), void *user,
              char **ret_message)
{
  int result;

  if (pass (db, sql, "before"))
    return failed_with;
  result = exec (db, sql, row, user, ret_message);
  return pass (db, sql, "after") ? failed_with : result;
}

G_MODULE_EXPORT int
sqlite3_exec (sqlite3 *db, const char *sql, int (*row) (void *, int, char **, char **), void *user,
              char **ret_message)
{
  static Exec exec = NULL;
  int result;

  if (exec == NULL)
    find ("sqlite3_exec", &exec);
  result = statements_enter () ? exec_watched (exec, db, sql, row, user, ret_message)
                               : exec (db, sql, row, user, ret_message);
  statements_leave ();
  return result;
}

G_MODULE_EXPORT int
sqlite3_errcode (sqlite3 *db)
{
  static OfConnection errcode = NULL;

  if (errcode == NULL)
    find ("sqlite3_errcode", &errcode);
  return db == failed ? failed_with : errcode (db);
}

/* The next connection may come to lie where this one was. */
G_MODULE_EXPORT int
sqlite3_close (sqlite3 *db)
{
  static OfConnection real_close = NULL;

  if (real_close == NULL)
    find ("sqlite3_close", &real_close);
  failed = db == failed ? NULL : failed;
  return real_close (db);
}
