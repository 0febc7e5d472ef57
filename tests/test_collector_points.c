/* SPDX-License-Identifier: Apache-2.0 */
/* test_collector_points: every statement of the collector on SQLite, stopped and failed. See points_kit.h. */
#include "metering/log.h"
#include "collector/stores/sqlite.h"
#include "tests/points_kit.h"

#include <glib/gstdio.h>
#include <gmodule.h>
#include <sqlite3.h>
#include <unistd.h>

typedef struct
{
  PointsStore store; /* first: the kit gets it */
  char *folder, *path, *url;
} Fixture;

/* What a process has written the kernel keeps when it dies: nothing needs a disk here. */
G_MODULE_EXPORT int
fsync (int fd)
{
  (void)fd;
  return 0;
}

G_MODULE_EXPORT int
fdatasync (int fd)
{
  (void)fd;
  return 0;
}

/* -- all tables as one text -- */

/* A SELECT of one column for each table, without what counts transactions and repetitions. */
#define SELECTS                                                                                              \
  "SELECT 'SELECT ''' || m.name || '|'' || ' || group_concat ('quote (\"' || c.name || '\")', ' || ''|'' "   \
  "|| ') "                                                                                                   \
  "|| ' AS line FROM \"' || m.name || '\" ORDER BY line' "                                                   \
  "FROM sqlite_schema m JOIN pragma_table_info (m.name) c WHERE m.type = 'table' "                           \
  "AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN ('migration', 'lease') "                                 \
  "AND c.name NOT IN ('id', 'version', 'committed') GROUP BY m.name ORDER BY m.name"

static void
append_rows (sqlite3 *db, const char *sql, GString *text)
{
  sqlite3_stmt *rows;

  if (sqlite3_prepare_v2 (db, sql, -1, &rows, NULL) != SQLITE_OK)
    fail_msg ("%s: %s", sql, sqlite3_errmsg (db));
  while (sqlite3_step (rows) == SQLITE_ROW)
    g_string_append_printf (text, "%s\n", (const char *)sqlite3_column_text (rows, 0));
  assert_int_equal (sqlite3_finalize (rows), SQLITE_OK);
}

static char *
dump (gpointer user)
{
  const Fixture *fixture = user;
  GString *text = g_string_new (NULL);
  sqlite3_stmt *tables;
  sqlite3 *db;

  assert_int_equal (sqlite3_open_v2 (fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal (sqlite3_prepare_v2 (db, SELECTS, -1, &tables, NULL), SQLITE_OK);
  while (sqlite3_step (tables) == SQLITE_ROW)
    append_rows (db, (const char *)sqlite3_column_text (tables, 0), text);
  assert_int_equal (sqlite3_finalize (tables), SQLITE_OK);
  assert_int_equal (sqlite3_close (db), SQLITE_OK);
  return g_string_free (text, FALSE);
}

static void
remove_file (gpointer user)
{
  static const char *const files[] = { "", "-wal", "-shm", ".lock" };
  const Fixture *fixture = user;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, files[i], NULL);

      g_unlink (path);
    }
}

static const char *
text_of (guint i)
{
  return hm_sqlite_texts[i];
}

static gboolean
writes (const char *sql, gpointer user)
{
  const Fixture *fixture = user;
  sqlite3_stmt *statement;
  gboolean writing;
  sqlite3 *db;

  assert_int_equal (sqlite3_open_v2 (fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    fail_msg ("%s: %s", sql, sqlite3_errmsg (db));
  writing = !sqlite3_stmt_readonly (statement);
  assert_int_equal (sqlite3_finalize (statement), SQLITE_OK);
  assert_int_equal (sqlite3_close (db), SQLITE_OK);
  return writing;
}

static int
set_up (void **state)
{
  static const PointsFailure failures[]
      = { { SQLITE_BUSY, FALSE }, { SQLITE_FULL, FALSE }, { SQLITE_IOERR, TRUE } };
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->folder = kit_temp_folder ();
  fixture->path = g_build_filename (fixture->folder, "usage.db", NULL);
  fixture->url = g_strconcat ("sqlite://", fixture->path, NULL);
  fixture->store = (PointsStore){ .store = "sqlite",
                                  .commit = "sqlite.COMMIT.before",
                                  .failures = failures,
                                  .n_failures = G_N_ELEMENTS (failures),
                                  .url = fixture->url,
                                  .remove = remove_file,
                                  .dump = dump,
                                  .texts = text_of,
                                  .n_texts = N_STATEMENTS,
                                  .writes = writes,
                                  .user = fixture };
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  kit_remove_tree (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->url);
  g_free (fixture);
  return 0;
}

static void
drop_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    { "tables_are_the_same_when_sqlite_was_stopped_at_any_statement", points_stop_everywhere, set_up,
      tear_down, NULL },
    { "tables_are_the_same_when_any_statement_of_sqlite_failed", points_fail_everywhere, set_up, tear_down,
      NULL },
    { "bill_is_the_same_when_sqlite_was_stopped_at_each_statement", points_stop_at_each_statement, set_up,
      tear_down, NULL },
    { "bill_is_the_same_when_each_statement_of_sqlite_failed", points_fail_at_each_statement, set_up,
      tear_down, NULL },
  };

  hm_log_capture (drop_line, NULL);
  return cmocka_run_group_tests_name ("collector_points", tests, NULL, NULL);
}
