/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_schema: whose schema it is, which version it has, and how it gets the newest one.
 *
 * Called once, when a store is opened. Everything lies in the database's schema "hypermeter". The migrations are compiled
 * in; each one that ran is noted with the checksum of its text, and a text that changed afterwards is refused,
 * because then nobody knows what the database really holds. Two collectors that start at once migrate one after
 * the other, under a lock; the second finds nothing left to do. */
#include "collector/stores/postgresql.h"

#include "collector/stores/postgresql_migrations.h"
#include "metering/error.h"
#include "metering/option.h"
#include "metering/signature.h"

G_STATIC_ASSERT (G_N_ELEMENTS (hm_postgresql_migrations) == HM_PG_SCHEMA);

#define LOCK "BEGIN; SELECT pg_advisory_xact_lock (1213027410, 1)"
/* It may have been made for us: a role that may not make any asks for none. */
#define FIRST                                                                                                \
  "DO $$ BEGIN IF to_regnamespace ('hypermeter') IS NULL THEN CREATE SCHEMA hypermeter; END IF; END $$; "    \
  "CREATE TABLE migration (version bigint PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, "           \
  "applied bigint NOT NULL)"

/* -- whose it is -- */

static gboolean
refuse (HmStore *store, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s", store->name, reason);
  return FALSE;
}

/* 0: there is nothing yet; 1: it is ours; 2: there are tables, and not ours. In one look, because another collector may be
 * about to make them. */
#define WHOSE                                                                                                \
  "WITH there AS (SELECT c.oid, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "        \
  "WHERE nspname = 'hypermeter') "                                                                           \
  "SELECT CASE WHEN (SELECT count (*) FROM there JOIN pg_attribute ON attrelid = oid "                       \
  "WHERE relname = 'migration' AND attname IN ('version', 'name', 'sha256', 'applied')) = 4 THEN 1 "         \
  "WHEN EXISTS (SELECT 1 FROM there) THEN 2 ELSE 0 END"

/* *@ret_version 0: there is nothing yet. */
static gboolean
identify (HmStore *store, gint64 *ret_version, GError **error)
{
  const gint64 known = G_N_ELEMENTS (hm_postgresql_migrations);
  gint64 whose, version = 0;

  if (!hm_pg_ask_number (store, WHOSE, "reading the schema", &whose, error))
    return FALSE;
  if (whose == 2)
    return refuse (store, "the schema \"hypermeter\" is another application's", error);
  if (whose == 1
      && !hm_pg_ask_number (store, "SELECT max (version) FROM hypermeter.migration", "reading the schema",
                            &version, error))
    return FALSE;
  if (version > known)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                   "%s: has schema %" G_GINT64_FORMAT ", this program knows schemas up to %" G_GINT64_FORMAT,
                   store->name, version, known);
      return FALSE;
    }
  *ret_version = version;
  return TRUE;
}

static gboolean
check_applied (HmStore *store, guint version, GError **error)
{
  const HmMigration *migration = &hm_postgresql_migrations[version - 1];
  g_autofree char *sql = NULL;
  char sha256[65];
  gint64 same;

  hm_sha256_hex (migration->sql, migration->length, sha256);
  sql = g_strdup_printf ("SELECT count (*) FROM migration WHERE version = %u AND sha256 = '%s'", version,
                         sha256);
  if (!hm_pg_ask_number (store, sql, "reading the schema", &same, error))
    return FALSE;
  if (same == 0)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s is not the text that this store was made with",
                 store->name, migration->name);
  return same != 0;
}

/* -- migrations -- */

static gboolean
apply (HmStore *store, guint version, GError **error)
{
  const HmMigration *migration = &hm_postgresql_migrations[version - 1];
  const HmClock *clock = hm_clock_system ();
  g_autofree char *note = NULL;
  char sha256[65];

  hm_sha256_hex (migration->sql, migration->length, sha256);
  note = g_strdup_printf ("INSERT INTO migration VALUES (%u, '%s', '%s', %" G_GINT64_FORMAT ")", version,
                          migration->name, sha256, clock->wall (clock));
  if (hm_pg_execute (store, migration->sql, migration->name, error)
      && hm_pg_execute (store, note, "noting a migration", error))
    return TRUE;
  g_prefix_error (error, "migration %u: ", version);
  return FALSE;
}

/* What is left to do once the lock is there. */
static gboolean
migrate_locked (HmStore *store, GError **error)
{
  gint64 from;

  if (!identify (store, &from, error)
      || (from == 0 && !hm_pg_execute (store, FIRST, "creating the schema", error)))
    return FALSE;
  for (guint version = (guint)from + 1; version <= G_N_ELEMENTS (hm_postgresql_migrations); version++)
    if (!apply (store, version, error))
      return FALSE;
  return hm_pg_commit (store, error);
}

/* All or nothing, whatever interrupts it. */
static gboolean
migrate (HmStore *store, GError **error)
{
  if (!hm_pg_execute (store, LOCK, "waiting to migrate", error))
    return FALSE;
  store->in_transaction = TRUE;
  if (migrate_locked (store, error))
    return TRUE;
  hm_pg_rollback (store);
  return FALSE;
}

/* -- settings -- */

gboolean
hm_pg_setting (HmStore *store, const char *name, gint64 value, gint64 *ret_value, GError **error)
{
  g_autofree char *keep = g_strdup_printf (
      "INSERT INTO setting VALUES ('%s', '%" G_GINT64_FORMAT "') ON CONFLICT (name) DO NOTHING", name, value);
  g_autofree char *is = g_strdup_printf ("SELECT value FROM setting WHERE name = '%s'", name);

  return hm_pg_ready (store, error)
         && (store->mode != HM_STORE_WRITE || value == 0
             || hm_pg_execute (store, keep, "keeping a setting", error))
         && hm_pg_ask_number (store, is, "reading a setting", ret_value, error);
}

static gboolean
settle_grain (HmStore *store, gint64 grain_ns, GError **error)
{
  g_autofree char *is = NULL, *asked = NULL;

  if (!hm_pg_setting (store, "grain_ns", grain_ns, &store->grain_ns, error))
    return FALSE;
  if (store->grain_ns <= 0)
    return refuse (store, "has no grain", error);
  if (store->mode != HM_STORE_WRITE || store->grain_ns == grain_ns)
    return TRUE;
  is = hm_duration_print (store->grain_ns);
  asked = hm_duration_print (grain_ns);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s: was made with a grain of %s, and that holds for its life; %s is asked for", store->name,
               is, asked);
  return FALSE;
}

gboolean
hm_pg_schema_open (HmStore *store, gint64 grain_ns, GError **error)
{
  const gint64 newest = G_N_ELEMENTS (hm_postgresql_migrations);
  gint64 version;

  if (!identify (store, &version, error))
    return FALSE;
  if (store->mode != HM_STORE_WRITE && version < newest)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: %s", store->name,
                   version == 0 ? "nothing has been collected into it yet"
                                : "has an older schema, which a collector of this version brings up to date");
      return FALSE;
    }
  for (guint i = 1; i <= (guint)version; i++)
    if (!check_applied (store, i, error))
      return FALSE;
  return (version == newest || migrate (store, error)) && settle_grain (store, grain_ns, error);
}
