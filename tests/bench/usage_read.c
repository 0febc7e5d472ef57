/* SPDX-License-Identifier: Apache-2.0 */
/* usage_read: one project's usage by meter, through the store and the command's grouping, and by SQL on the view, in turn.
 * Prints "read" and "sql": the least wall and CPU time of one reading, and how many figures it gave. Usage: usage_read URL month|open ROUNDS
 *   month  the last month that is rolled up
 *   open   the month after it, which is days and hours yet */
#include "cli/usage/group.h"
#include "tests/bench/timing.h"
#include "tests/bench/usage_kit.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PROJECT "00000000000000000000000000000000"

typedef struct
{
  UsageStore store;
  sqlite3 *sqlite;    /* (nullable) */
  PGconn *connection; /* (nullable) */
  HmTime from, to;
} Read;

typedef struct
{
  double wall, cpu;
  guint figures;
} Cost;

/* -- through the store -- */

static gboolean
add_row (const HmBucket *row, gpointer groups)
{
  g_autoptr (GError) error = NULL;

  usage_must (hm_groups_add (groups, row, &error), error);
  return TRUE;
}

static guint
read_store (const Read *self)
{
  const HmStoreFilter filter
      = { .from = self->from, .to = self->to, .project = PROJECT, .step = HM_STEP_MONTH };
  g_autoptr (HmGroups) groups = hm_groups_new (1u << HM_BY_PROJECT, NULL);
  g_autoptr (GPtrArray) figures = NULL;
  g_autoptr (GError) error = NULL;

  usage_must (self->store.ops->list_usage (self->store.store, &filter, add_row, groups, &error), error);
  figures = hm_groups_figures (groups);
  return figures->len;
}

/* -- by SQL -- */

static guint
read_sqlite (const Read *self)
{
  g_autofree char *sql = g_strdup_printf ("SELECT meter, unit, sum (limb0), sum (limb1), sum (limb2), sum "
                                          "(limb3), sum (limb4) FROM usage_monthly "
                                          "WHERE project = '%s' AND bucket_ns >= %" G_GINT64_FORMAT
                                          " AND bucket_ns < %" G_GINT64_FORMAT " GROUP BY meter, unit",
                                          PROJECT, self->from, self->to);
  sqlite3_stmt *statement;
  guint figures = 0;

  if (sqlite3_prepare_v2 (self->sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (self->sqlite));
  while (sqlite3_step (statement) == SQLITE_ROW)
    figures++;
  if (sqlite3_finalize (statement) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (self->sqlite));
  return figures;
}

static guint
read_postgresql (const Read *self)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT meter, unit, sum (quantity) FROM usage_monthly WHERE project = '%s' AND bucket_ns >= "
      "%" G_GINT64_FORMAT " AND bucket_ns < %" G_GINT64_FORMAT " GROUP BY meter, unit",
      PROJECT, self->from, self->to);
  PGresult *result = PQexec (self->connection, sql);
  guint figures;

  if (PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s", PQerrorMessage (self->connection));
  figures = (guint)PQntuples (result);
  PQclear (result);
  return figures;
}

static void
connect_to (Read *self, const char *url)
{
  if (g_str_has_prefix (url, "postgresql:"))
    {
      self->connection = PQconnectdb (url);
      if (PQstatus (self->connection) != CONNECTION_OK)
        g_error ("%s", PQerrorMessage (self->connection));
    }
  else if (sqlite3_open_v2 (url + strlen ("sqlite://"), &self->sqlite, SQLITE_OPEN_READONLY, NULL)
           != SQLITE_OK)
    g_error ("%s: %s", url, sqlite3_errmsg (self->sqlite));
}

/* -- both -- */

static void
measure (const Read *self, guint (*reading) (const Read *self), Cost *least)
{
  double wall = seconds_of (CLOCK_MONOTONIC), cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);

  least->figures = reading (self);
  wall = seconds_of (CLOCK_MONOTONIC) - wall;
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  least->wall = MIN (least->wall, wall);
  least->cpu = MIN (least->cpu, cpu);
}

int
main (int argc, char **argv)
{
  Cost read = { G_MAXDOUBLE, G_MAXDOUBLE, 0 }, sql = read;
  Read self = { 0 };

  if (argc != 4)
    return 64;
  self.from = g_str_equal (argv[2], "open") ? OPEN_MONTH : LAST_MONTH;
  self.to = self.from == LAST_MONTH ? OPEN_MONTH : OPEN_MONTH + 30 * DAY_NS;
  self.store = usage_store_open (argv[1], HM_STORE_READ);
  connect_to (&self, argv[1]);
  for (gint64 round = g_ascii_strtoll (argv[3], NULL, 10); round > 0; round--)
    {
      measure (&self, read_store, &read);
      measure (&self, self.sqlite != NULL ? read_sqlite : read_postgresql, &sql);
    }
  report ("read", read.wall, read.cpu, read.figures);
  report ("sql", sql.wall, sql.cpu, sql.figures);
  PQfinish (self.connection);
  sqlite3_close (self.sqlite);
  usage_store_close (&self.store);
  return 0;
}
