/* SPDX-License-Identifier: Apache-2.0 */
/* bare_copy: one of the parts that the collector is held against: the same raw bytes into a PostgreSQL table by COPY, one row a
 * record, 10,000 rows a transaction. CPU is this process's; the server's is its own. Usage: bare_copy FILE URL */
#include "tests/bench/timing.h"

#include <libpq-fe.h>
#include <string.h>

#define BATCH 10000

static void
run (PGconn *connection, const char *sql, ExecStatusType expected)
{
  PGresult *result = PQexec (connection, sql);

  if (PQresultStatus (result) != expected)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  PQclear (result);
}

static void
put (GByteArray *out, gconstpointer number, guint size)
{
  g_byte_array_append (out, number, size);
}

static void
append (GByteArray *out, guint64 number, const char *line, gsize length)
{
  const guint16 columns = GUINT16_TO_BE (2);
  const guint32 eight = GUINT32_TO_BE (8), size = GUINT32_TO_BE ((guint32)length);
  const guint64 id = GUINT64_TO_BE (number);

  put (out, &columns, sizeof columns);
  put (out, &eight, sizeof eight);
  put (out, &id, sizeof id);
  put (out, &size, sizeof size);
  put (out, line, (guint)length);
}

static void
flush (PGconn *connection, GByteArray *out)
{
  if (PQputCopyData (connection, (const char *)out->data, (int)out->len) != 1)
    g_error ("%s", PQerrorMessage (connection));
  g_byte_array_set_size (out, 0);
}

static void
begin (PGconn *connection, GByteArray *out)
{
  static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* with its own NUL: 19 bytes */

  run (connection, "COPY bare FROM STDIN (FORMAT binary)", PGRES_COPY_IN);
  put (out, head, 19);
}

static void
end (PGconn *connection, GByteArray *out)
{
  PGresult *result;

  put (out, "\377\377", 2);
  flush (connection, out);
  if (PQputCopyEnd (connection, NULL) != 1)
    g_error ("%s", PQerrorMessage (connection));
  while ((result = PQgetResult (connection)) != NULL)
    {
      if (PQresultStatus (result) != PGRES_COMMAND_OK)
        g_error ("%s", PQerrorMessage (connection));
      PQclear (result);
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gsize length;
  guint64 count = 0;
  PGconn *connection = argc == 3 ? PQconnectdb (argv[2]) : NULL;
  double wall, cpu;

  if (connection == NULL || PQstatus (connection) != CONNECTION_OK
      || !g_file_get_contents (argv[1], &bytes, &length, NULL))
    return 64;
  run (connection, "CREATE TABLE bare (id bigint PRIMARY KEY, value bytea)", PGRES_COMMAND_OK);
  run (connection, "ALTER TABLE bare ALTER value SET STORAGE EXTERNAL", PGRES_COMMAND_OK);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  begin (connection, out);
  for (char *line = bytes, *stop; (stop = memchr (line, '\n', (gsize)(bytes + length - line))) != NULL;
       line = stop + 1)
    {
      append (out, count++, line, (gsize)(stop - line));
      if (out->len > 256 * 1024)
        flush (connection, out);
      if (count % BATCH == 0)
        {
          end (connection, out);
          begin (connection, out);
        }
    }
  end (connection, out);
  report ("bare-copy", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          count);
  run (connection, "DROP TABLE bare", PGRES_COMMAND_OK);
  PQfinish (connection);
  return 0;
}
