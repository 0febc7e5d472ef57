/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_schema: whose file it is, which schema it has, and how it gets the newest one.
 *
 * Called once, when a store is opened. The migrations are compiled in, so a collector and its schema cannot
 * be installed apart; each one that ran is noted with the checksum of its text, and a text that changed
 * afterwards is refused, because then nobody knows what the file really holds. */
#include "collector/stores/sqlite.h"

#include "collector/stores/sqlite_migrations.h"
#include "metering/error.h"
#include "metering/option.h"
#include "metering/signature.h"

/* "HMTR": marks the file as ours. */
#define APPLICATION_ID 0x484d5452

/* Pages of 16 KiB: a raw record of thirty samples lies in one page instead of on an overflow chain, which
 * makes inserts twice as fast as with 4 KiB. The log is folded back at 64 MiB, so that a backlog is not
 * slowed by it. */
#define FRESH_PRAGMAS "PRAGMA page_size = 16384;"
#define WRITE_PRAGMAS                                                                                        \
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4096; "               \
  "PRAGMA journal_size_limit = 134217728; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
#define ASK_PRAGMAS                                                                                          \
  "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;" /* what people ask for stays asked */
#define READ_PRAGMAS "PRAGMA query_only = 1; PRAGMA cache_size = -16384;"

#define CREATE_MIGRATION                                                                                     \
  "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, "          \
  "applied INTEGER NOT NULL) STRICT"

static gboolean
execute (HmStore *store, const char *sql, const char *doing, GError **error)
{
  return sqlite3_exec (store->db, sql, NULL, NULL, NULL) == SQLITE_OK || hm_sqlite_fail (store, doing, error);
}

/* The first value of the first row, 0 without one. */
static gboolean
ask (HmStore *store, const char *sql, gint64 *ret_number, GError **error)
{
  sqlite3_stmt *statement = NULL;
  gboolean fine = sqlite3_prepare_v2 (store->db, sql, -1, &statement, NULL) == SQLITE_OK;
  int result = fine ? sqlite3_step (statement) : SQLITE_ERROR;

  fine = fine && (result == SQLITE_ROW || result == SQLITE_DONE);
  if (!fine && sqlite3_errcode (store->db) == SQLITE_NOTADB)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: not an SQLite database", store->path);
  else if (!fine)
    hm_sqlite_fail (store, "reading the schema", error);
  if (fine)
    *ret_number = result == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : 0;
  sqlite3_finalize (statement);
  return fine;
}

/* *@ret_version: 0 for a file that nobody has used yet. */
static gboolean
identify (HmStore *store, gint64 *ret_version, GError **error)
{
  gint64 application, version, tables;

  if (!ask (store, "PRAGMA application_id", &application, error)
      || !ask (store, "PRAGMA user_version", &version, error)
      || !ask (store, "SELECT count (*) FROM sqlite_schema", &tables, error))
    return FALSE;
  if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0))
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: the database of another application", store->path);
  else if (version > (gint64)G_N_ELEMENTS (hm_sqlite_migrations))
    g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                 "%s: has schema %" G_GINT64_FORMAT ", this program knows schemas up to %" G_GSIZE_FORMAT,
                 store->path, version, G_N_ELEMENTS (hm_sqlite_migrations));
  else
    {
      *ret_version = version;
      return TRUE;
    }
  return FALSE;
}

/* -- migrations -- */

static gboolean
note_migration (HmStore *store, guint version, const char *sha256, GError **error)
{
  const HmClock *clock = hm_clock_system ();
  char *note = sqlite3_mprintf ("INSERT INTO migration VALUES (%u, %Q, %Q, %lld); PRAGMA user_version = %u",
                                version, hm_sqlite_migrations[version - 1].name, sha256,
                                (long long)clock->wall (clock), version);
  gboolean noted = note != NULL && execute (store, note, "noting a migration", error);

  sqlite3_free (note);
  return noted;
}

static gboolean
apply (HmStore *store, guint version, GError **error)
{
  const HmMigration *migration = &hm_sqlite_migrations[version - 1];
  char sha256[65];

  hm_sha256_hex (migration->sql, migration->length, sha256);
  if (execute (store, migration->sql, migration->name, error)
      && note_migration (store, version, sha256, error))
    return TRUE;
  g_prefix_error (error, "migration %u: ", version);
  return FALSE;
}

/* All or nothing, whatever interrupts it. */
static gboolean
migrate (HmStore *store, guint from, GError **error)
{
  g_autofree char *first
      = g_strdup_printf ("%s; PRAGMA application_id = %d", CREATE_MIGRATION, APPLICATION_ID);
  gboolean done = execute (store, "BEGIN IMMEDIATE", "migrating", error);

  if (done && from == 0)
    done = execute (store, first, "creating the schema", error);
  for (guint version = from + 1; done && version <= G_N_ELEMENTS (hm_sqlite_migrations); version++)
    done = apply (store, version, error);
  done = done && execute (store, "COMMIT", "migrating", error);
  if (!done && !sqlite3_get_autocommit (store->db))
    sqlite3_exec (store->db, "ROLLBACK", NULL, NULL, NULL);
  return done;
}

static gboolean
check_applied (HmStore *store, guint version, GError **error)
{
  const HmMigration *migration = &hm_sqlite_migrations[version - 1];
  g_autofree char *sql = NULL;
  char sha256[65];
  gint64 same;

  hm_sha256_hex (migration->sql, migration->length, sha256);
  sql = g_strdup_printf ("SELECT sha256 = '%s' FROM migration WHERE version = %u", sha256, version);
  if (!ask (store, sql, &same, error))
    return FALSE;
  if (same == 0)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s is not the text that this store was made with",
                 store->path, migration->name);
  return same != 0;
}

static gboolean
check_all_applied (HmStore *store, gint64 version, GError **error)
{
  for (guint i = 1; i <= (guint)version; i++)
    if (!check_applied (store, i, error))
      return FALSE;
  return TRUE;
}

/* -- settings -- */

gboolean
hm_sqlite_setting (HmStore *store, const char *name, gint64 value, gint64 *ret_value, GError **error)
{
  g_autofree char *keep = g_strdup_printf (
      "INSERT INTO setting VALUES ('%s', '%" G_GINT64_FORMAT "') ON CONFLICT (name) DO NOTHING", name, value);
  g_autofree char *is
      = g_strdup_printf ("SELECT CAST (value AS INTEGER) FROM setting WHERE name = '%s'", name);

  return (store->mode != HM_STORE_WRITE || value == 0 || execute (store, keep, "keeping a setting", error))
         && ask (store, is, ret_value, error);
}

static gboolean
settle_grain (HmStore *store, gint64 grain_ns, GError **error)
{
  g_autofree char *is = NULL, *asked = NULL;

  if (!hm_sqlite_setting (store, "grain_ns", grain_ns, &store->grain_ns, error))
    return FALSE;
  if (store->grain_ns <= 0)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: has no grain", store->path);
  if (store->grain_ns <= 0 || store->mode != HM_STORE_WRITE || store->grain_ns == grain_ns)
    return store->grain_ns > 0;
  is = hm_duration_print (store->grain_ns);
  asked = hm_duration_print (grain_ns);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s: was made with a grain of %s, and that holds for its life; %s is "
               "asked for",
               store->path, is, asked);
  return FALSE;
}

gboolean
hm_sqlite_schema_open (HmStore *store, gint64 grain_ns, GError **error)
{
  static const char *const pragmas[] = {
    [HM_STORE_READ] = READ_PRAGMAS,
    [HM_STORE_ASK] = ASK_PRAGMAS,
    [HM_STORE_WRITE] = WRITE_PRAGMAS,
  };
  gboolean write = store->mode == HM_STORE_WRITE;
  gint64 version;

  if (!identify (store, &version, error))
    return FALSE;
  if (!write && version < (gint64)G_N_ELEMENTS (hm_sqlite_migrations))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: %s", store->path,
                   version == 0 ? "nothing has been collected into it yet"
                                : "has an older schema, which a collector of this version brings up to date");
      return FALSE;
    }
  if (version == 0 && !execute (store, FRESH_PRAGMAS, "setting up", error))
    return FALSE;
  if (!execute (store, pragmas[store->mode], "setting up", error))
    return FALSE;
  return check_all_applied (store, version, error)
         && (!write || version == (gint64)G_N_ELEMENTS (hm_sqlite_migrations)
             || migrate (store, (guint)version, error))
         && settle_grain (store, grain_ns, error);
}

gboolean
hm_sqlite_schema_check (HmStore *store, GError **error)
{
  gint64 version, sound;

  if (!identify (store, &version, error))
    return FALSE;
  if (version == 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: nothing has ever been collected into it",
                   store->path);
      return FALSE;
    }
  if (!check_all_applied (store, version, error)
      || !ask (store, "SELECT count (*) = 1 AND max (quick_check) = 'ok' FROM pragma_quick_check (1)", &sound,
               error))
    return FALSE;
  if (sound == 0)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: is damaged", store->path);
  return sound != 0;
}
