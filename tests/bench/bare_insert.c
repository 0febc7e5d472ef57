/* SPDX-License-Identifier: Apache-2.0 */
/* bare_insert: one of the three parts that the collector is held against: the same raw bytes into an SQLite table, one
 * row a record, 10,000 rows a transaction, WAL, synchronous NORMAL. Usage: bare_insert FILE DATABASE */
#include "tests/bench/timing.h"

#include <sqlite3.h>
#include <string.h>

#define BATCH 10000

static void
run (sqlite3 *db, const char *sql)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (db));
}

static void
insert (sqlite3_stmt *statement, guint64 number, const char *line, gsize length)
{
  sqlite3_bind_int64 (statement, 1, (sqlite3_int64)number);
  sqlite3_bind_blob64 (statement, 2, line, length, SQLITE_STATIC);
  if (sqlite3_step (statement) != SQLITE_DONE)
    g_error ("insert failed");
  sqlite3_reset (statement);
}

int
main (int argc, char **argv)
{
  g_autofree char *bytes = NULL;
  gsize length;
  guint64 count = 0;
  sqlite3 *db;
  sqlite3_stmt *statement;
  double wall, cpu;

  if (argc != 3 || !g_file_get_contents (argv[1], &bytes, &length, NULL)
      || sqlite3_open (argv[2], &db) != SQLITE_OK)
    return 64;
  run (db, "PRAGMA journal_mode=WAL");
  run (db, "PRAGMA synchronous=NORMAL");
  run (db, "CREATE TABLE raw (id INTEGER PRIMARY KEY, value BLOB)");
  sqlite3_prepare_v2 (db, "INSERT INTO raw VALUES (?, ?)", -1, &statement, NULL);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  run (db, "BEGIN");
  for (char *line = bytes, *end; (end = memchr (line, '\n', (gsize)(bytes + length - line))) != NULL;
       line = end + 1)
    {
      insert (statement, count++, line, (gsize)(end - line));
      if (count % BATCH == 0)
        run (db, "COMMIT; BEGIN");
    }
  run (db, "COMMIT");
  report ("bare-insert", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          count);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return 0;
}
