/* SPDX-License-Identifier: Apache-2.0 */
/* test_postgresql_points: every statement of the collector on PostgreSQL, stopped and failed. See points_kit.h. The program starts a server
 * of its own. What fails here is the connection: before a statement, when it is on its way, and after its answer. */
#include "metering/log.h"
#include "collector/stores/postgresql.h"
#include "tests/points_kit.h"
#include "tests/postgresql_server.h"

#include <libpq-fe.h>

typedef struct
{
  PointsStore store; /* first: the kit gets it */
  PGconn *db;        /* the test's own look into it */
} Fixture;

static PGresult *
run_in (PGconn *db, const char *sql)
{
  PGresult *result = PQexec (db, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK && PQresultStatus (result) != PGRES_TUPLES_OK)
    fail_msg ("%s: %s", sql, PQerrorMessage (db));
  return result;
}

static PGresult *
run (const Fixture *fixture, const char *sql)
{
  return run_in (fixture->db, sql);
}

/* -- all tables as one text -- */

/* One SELECT for all of them, without what counts transactions and repetitions; so without ids, which are not given again, what refers to them
 * and hashes of it. */
#define SELECTS                                                                                              \
  "SELECT 'SELECT line FROM (' || string_agg (format ("                                                      \
  "'SELECT %L || (to_jsonb (t) - "                                                                           \
  "''{id,version,committed,period,adjustment,subject,sha256}''::text[])::text AS line FROM %s t', "          \
  "relname, oid::regclass), ' UNION ALL ') || ') u ORDER BY line COLLATE \"C\"' FROM pg_class "              \
  "WHERE relnamespace = 'hypermeter'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition "        \
  "AND relname NOT IN ('migration', 'lease')"

static char *
dump (gpointer user)
{
  GString *text = g_string_new (NULL);
  PGresult *selects = run (user, SELECTS), *rows = run (user, PQgetvalue (selects, 0, 0));

  for (int i = 0; i < PQntuples (rows); i++)
    g_string_append_printf (text, "%s\n", PQgetvalue (rows, i, 0));
  PQclear (rows);
  PQclear (selects);
  return g_string_free (text, FALSE);
}

/* Waits for what a collector that was stopped still does in the server. */
static void
remove_schema (gpointer user)
{
  PQclear (run (user, "DROP SCHEMA IF EXISTS hypermeter CASCADE"));
}

/* Until no other connection is within a transaction: one whose program is gone is not for long. A child has no part in its parent's connection. */
static void
settle (gpointer user)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  PGconn *db = PQconnectdb (pg_kit_base);
  gboolean over = FALSE;

  (void)user;
  while (!over)
    {
      PGresult *result = run_in (db, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database () AND "
                                     "backend_type = 'client backend' AND pid <> pg_backend_pid () AND "
                                     "state IS DISTINCT FROM 'idle'");

      over = PQntuples (result) == 0;
      PQclear (result);
      assert_true (g_get_monotonic_time () < deadline);
    }
  PQfinish (db);
}

static const char *
text_of (guint i)
{
  return hm_pg_texts[i] != NULL ? hm_pg_texts[i] : hm_pg_bill_texts[i];
}

static gboolean
writes (const char *sql, gpointer user)
{
  (void)user;
  return g_regex_match_simple ("\\b(INSERT INTO|DELETE FROM|UPDATE [a-z])", sql, 0, 0);
}

static int
set_up (void **state)
{
  static const PointsFailure failures[] = { { 1, FALSE } };
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->db = PQconnectdb (pg_kit_base);
  fixture->store = (PointsStore){ .store = "postgresql",
                                  .commit = "postgresql.COMMIT.before",
                                  .failures = failures,
                                  .n_failures = G_N_ELEMENTS (failures),
                                  .most_points = 20,
                                  .url = pg_kit_base,
                                  .remove = remove_schema,
                                  .dump = dump,
                                  .settle = settle,
                                  .texts = text_of,
                                  .n_texts = N_STATEMENTS,
                                  .writes = writes,
                                  .user = fixture };
  PQclear (run (fixture, "SET client_min_messages = warning"));
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  remove_schema (fixture);
  PQfinish (fixture->db);
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
    { "tables_are_the_same_when_postgresql_was_left_at_any_statement", points_stop_everywhere, set_up,
      tear_down, NULL },
    { "tables_are_the_same_when_the_connection_was_lost_at_any_statement", points_fail_everywhere, set_up,
      tear_down, NULL },
    { "bill_is_the_same_when_postgresql_was_left_at_each_statement", points_stop_at_each_statement, set_up,
      tear_down, NULL },
    { "bill_is_the_same_when_the_connection_was_lost_at_each_statement", points_fail_at_each_statement,
      set_up, tear_down, NULL },
  };
  int failed;

  hm_log_capture (drop_line, NULL);
  pg_kit_start ();
  failed = cmocka_run_group_tests_name ("postgresql_points", tests, NULL, NULL);
  pg_kit_stop ();
  return failed;
}
