/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_server: the server of tests/postgresql_server.h, in a folder that goes with it. Called by main() and the cases of the tests
 * that need one. */
#include "tests/postgresql_server.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit.h"

char *pg_kit_base;
static char *server_folder;

/* Runs scripts/real/postgres; its output. (transfer full) */
static char *
server (const char *command, const char *option, const char *value)
{
  g_autofree char *script = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "scripts/real/postgres", NULL);
  const char *argv[] = { script, command, server_folder, option, value, NULL };
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **)(gpointer)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
                     &error)
      || !g_spawn_check_wait_status (status, &error))
    {
      printf ("1..1\nnot ok 1 - %s %s: %s\n", script, command, error->message);
      exit (1);
    }
  return g_strchomp (output);
}

void
pg_kit_start (void)
{
  server_folder = kit_temp_folder ();
  pg_kit_base = server ("start", "--fast", "yes");
}

void
pg_kit_stop (void)
{
  g_free (server ("stop", NULL, NULL));
  kit_remove_tree (server_folder);
  g_clear_pointer (&server_folder, g_free);
  g_clear_pointer (&pg_kit_base, g_free);
}

char *
pg_kit_sql (const char *url, const char *text)
{
  PGconn *db = PQconnectdb (url);
  PGresult *result = PQexec (db, text);
  ExecStatusType status = PQresultStatus (result);
  char *value;

  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    fail_msg ("%s: %s", text, PQerrorMessage (db));
  value = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  PQfinish (db);
  return value;
}

void
pg_kit_run (const char *url, const char *text)
{
  g_free (pg_kit_sql (url, text));
}

char *
pg_kit_url (const char *database)
{
  return g_strdup_printf ("%.*s/%s", (int)(strrchr (pg_kit_base, '/') - pg_kit_base), pg_kit_base, database);
}

char *
pg_kit_new_url (const char *folder)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("case%u", ++n);
  g_autofree char *create = g_strdup_printf ("CREATE DATABASE %s", name);

  (void)folder;
  pg_kit_run (pg_kit_base, create);
  return pg_kit_url (name);
}
