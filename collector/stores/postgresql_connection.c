/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_connection: one connection: how it is made, what is set up in it, when it is given up, and what the
 * server's refusals mean.
 *
 * The URL goes to libpq as it is, so TLS, several hosts and password files are libpq's own parameters. Its password is
 * shown nowhere: messages have the name that is made here, and libpq's word about a malformed URL, which quotes it, is
 * not passed on. A connection that is lost is made anew by the next call outside of a transaction, with
 * all its settings; statements are then prepared again. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"
#include "metering/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME       "postgresql://"
#define SYSTEM_SINCE 160000 /* the libpq for which sslrootcert=system is no file of that name */

/* OpenSSL knows which it is, and libpq does not pass it on. */
#define DISTRUST                                                                                             \
  " (the server's certificate is not signed by sslrootcert's, or its time is over; the server's log says "   \
  "which)"

/* What holds where the URL does not say otherwise. A network that has gone is noticed within half a minute: the group's
 * session timeout is 45 s. */
static const struct
{
  const char *keyword, *value;
} defaults[] = {
  { "application_name", "hypermeter" }, { "connect_timeout", "10" }, { "keepalives_idle", "10" },
  { "keepalives_interval", "5" },       { "keepalives_count", "3" }, { "tcp_user_timeout", "30000" },
};

/* Statements of the collector go by key, so the planner has no choice to make that old statistics could spoil. Limits
 * that the URL (options=-c…), the role or the database sets are left as they are; docs/store.md says what they are for. */
#define COMMON_SETTINGS                                                                                      \
  "SET client_min_messages = warning; SET search_path = hypermeter, pg_catalog, pg_temp; SET jit = off; "    \
  "SET default_transaction_isolation = 'read committed'; "
#define READ_SETTINGS COMMON_SETTINGS "SET default_transaction_read_only = on"
#define WRITE_SETTINGS                                                                                       \
  COMMON_SETTINGS                                                                                            \
  "SET hypermeter.schema = " G_STRINGIFY (                                                                   \
      HM_PG_SCHEMA) "; "                                                                                     \
                    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "      \
                    "SELECT set_config (name, CASE name WHEN 'lock_timeout' THEN '20s' ELSE '30s' END, "     \
                    "false) "                                                                                \
                    "FROM pg_settings WHERE name IN ('lock_timeout', "                                       \
                    "'idle_in_transaction_session_timeout') "                                                \
                    "AND setting = '0'; "                                                                    \
                    "SELECT set_config (name, 'lz4', false) FROM pg_settings "                               \
                    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"

/* -- the address -- */

static const char *
value_of (const PQconninfoOption *options, const char *keyword)
{
  for (; options->keyword != NULL; options++)
    if (strcmp (options->keyword, keyword) == 0)
      return options->val != NULL ? options->val : "";
  return "";
}

gboolean
hm_pg_address (HmStore *store, const char *url, GError **error)
{
  PQconninfoOption *options = g_str_has_prefix (url, SCHEME) ? PQconninfoParse (url, NULL) : NULL;
  const char *port;

  if (options == NULL)
    {
      g_set_error (
          error, HM_ERROR, HM_ERROR_CONFIG,
          "the store's URL is none of PostgreSQL's: postgresql://user@host:port/database?parameter=value");
      return FALSE;
    }
  port = value_of (options, "port");
  store->url = g_strdup (url);
  store->name = g_strdup_printf (SCHEME "%s%s%s/%s", value_of (options, "host"), *port != '\0' ? ":" : "",
                                 port, value_of (options, "dbname"));
  PQconninfoFree (options);
  return TRUE;
}

/* Why libpq does not take it; NULL: no reason is known. A key that is the superuser's may be read by its group. */
static const char *
reason_against (const char *keyword, const char *path)
{
  struct stat status;

  if (stat (path, &status) != 0 || access (path, R_OK) != 0)
    return g_strerror (errno);
  if (!S_ISREG (status.st_mode) && strcmp (keyword, "sslrootcert") != 0 && strcmp (keyword, "sslcert") != 0)
    return "libpq takes a regular file only";
  if (strcmp (keyword, "sslcrl") == 0 && status.st_size == 0)
    return "it is empty";
  if (strcmp (keyword, "passfile") == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return "libpq takes no password file that is open to anybody but its owner (mode 0600)";
  if (strcmp (keyword, "sslkey") == 0
      && (status.st_mode & (status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO)) != 0)
    return "libpq takes no key that is open to anybody but its owner (mode 0600, or 0640 where it is root's)";
  return NULL;
}

static gboolean
is_set (const PQconninfoOption *options, const char *keyword, const char *variable, const char *value)
{
  const char *set = value_of (options, keyword);

  if (*set == '\0')
    set = g_getenv (variable);
  return set != NULL && *set != '\0' && (value == NULL || strcmp (set, value) == 0);
}

/* There is a file that libpq reads: not the system's authorities, not a key of an engine's (ENGINE:KEY), not one that
 * something else in the URL or the environment makes needless. */
static gboolean
is_read (const PQconninfoOption *options, const char *keyword, const char *path)
{
  if (*path == '\0')
    return FALSE;
  if (strcmp (keyword, "passfile") == 0)
    return !is_set (options, "password", "PGPASSWORD", NULL);
  if (strcmp (keyword, "sslrootcert") == 0 && strcmp (path, "system") == 0 && PQlibVersion () >= SYSTEM_SINCE)
    return FALSE;
  if (strcmp (keyword, "sslkey") == 0 && strchr (path, ':') != NULL)
    return FALSE;
  return !is_set (options, "sslmode", "PGSSLMODE", "disable");
}

/* libpq passes over a file that is not there, or a password's that others may read, and then says no more than that a
 * password or a certificate is missing. */
static gboolean
check_file (const PQconninfoOption *options, const char *keyword, GError **error)
{
  const char *path = value_of (options, keyword);
  const char *reason = is_read (options, keyword, path) ? reason_against (keyword, path) : NULL;

  if (reason != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s=%s: %s", keyword, path, reason);
  return reason == NULL;
}

/* @keywords: NULL-terminated */
static gboolean
check_files (const char *url, const char *const *keywords, GError **error)
{
  PQconninfoOption *options = PQconninfoParse (url, NULL);
  gboolean good = TRUE;

  for (; good && options != NULL && *keywords != NULL; keywords++)
    good = check_file (options, *keywords, error);
  PQconninfoFree (options);
  return good;
}

static const char *const passwords[] = { "passfile", NULL };
static const char *const keys[] = { "sslcert", "sslkey", NULL };
/* What libpq may do without, saying nothing: a server is then not verified, or one whose certificate was revoked is
 * trusted. */
static const char *const trust[] = { "sslrootcert", "sslcrl", NULL };

gboolean
hm_pg_check_files (const char *url, GError **error)
{
  return check_files (url, passwords, error) && check_files (url, trust, error)
         && check_files (url, keys, error);
}

/* -- connecting -- */

/* One line, whatever the server quotes. */
static char *
clean (const char *message)
{
  g_autofree char *text = g_utf8_make_valid (message != NULL ? message : "no answer", -1);

  for (char *at = text; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  return g_strdup (g_strstrip (text));
}

PGconn *
hm_pg_connect (const HmStore *store, GError **error)
{
  const char *keywords[G_N_ELEMENTS (defaults) + 3], *values[G_N_ELEMENTS (defaults) + 3];
  guint n = 0;

  if (!check_files (store->url, trust, error))
    return NULL;
  for (; n < G_N_ELEMENTS (defaults); n++) /* the later one of two holds: the URL's */
    {
      keywords[n] = defaults[n].keyword;
      values[n] = defaults[n].value;
    }
  keywords[n] = "dbname";
  values[n++] = store->url;
  keywords[n] = "client_encoding";
  values[n++] = "UTF8";
  keywords[n] = values[n] = NULL;
  return PQconnectdbParams (keywords, values, 1);
}

void
hm_pg_drop (HmStore *store)
{
  PQfinish (store->db);
  store->db = NULL;
  memset (store->prepared, 0, sizeof store->prepared);
  g_hash_table_remove_all (store->partitions);
}

static gboolean
check_encoding (HmStore *store, GError **error)
{
  const char *encoding = PQparameterStatus (store->db, "server_encoding");

  if (g_strcmp0 (encoding, "UTF8") == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: the database must have the encoding UTF8, it has %s",
               store->name, encoding != NULL ? encoding : "none");
  return FALSE;
}

static void
say_notice (void *user, const char *message)
{
  g_autofree char *text = clean (message);

  hm_warning ("%s: the server says: %s", ((const HmStore *)user)->name, text);
}

static gboolean
set_up (HmStore *store, GError **error)
{
  gint64 lock_timeout_ms;

  PQsetNoticeProcessor (store->db, say_notice, store);
  store->patience_ms = -1;
  if (!check_encoding (store, error)
      || !hm_pg_execute (store, store->mode == HM_STORE_WRITE ? WRITE_SETTINGS : READ_SETTINGS, "setting up",
                         error)
      || !hm_pg_ask_number (store, "SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'",
                            "setting up", &lock_timeout_ms, error))
    return FALSE;
  if (store->mode == HM_STORE_WRITE && lock_timeout_ms > 0)
    store->patience_ms = (int)MAX (lock_timeout_ms / 4, 1);
  return TRUE;
}

/* A file that is not there may be on its way, so this passes like all else that stands between; but libpq does not say which it is. */
static gboolean
fail_connect (HmStore *store, GError **error)
{
  gboolean needs_password = PQconnectionNeedsPassword (store->db) == 1;
  g_autoptr (GError) refused = NULL, file = NULL;

  hm_pg_fail (store, NULL, "connecting", &refused);
  if (check_files (store->url, needs_password ? passwords : keys, &file))
    g_propagate_error (error, g_steal_pointer (&refused));
  else
    g_set_error (error, HM_ERROR, refused->code, "%s (%s)", refused->message, file->message);
  return FALSE;
}

gboolean
hm_pg_ready (HmStore *store, GError **error)
{
  g_autoptr (GError) file = NULL;

  if (store->db != NULL)
    return TRUE;
  if (store->in_transaction)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                   "%s: the connection was lost within the transaction", store->name);
      return FALSE;
    }
  store->db = hm_pg_connect (store, &file);
  if (file != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: connecting: %s", store->name, file->message);
      return FALSE;
    }
  if (PQstatus (store->db) != CONNECTION_OK)
    return fail_connect (store, error);
  if (set_up (store, error))
    return TRUE;
  hm_pg_drop (store);
  return FALSE;
}

/* -- what refusals mean -- */

/* By the class of the SQLSTATE; what is not here may pass, and is tried again later. */
static HmError
code_of (const char *state)
{
  static const char data[] = "21 22 23 54 ", broken[] = "0A 2F 38 39 3F 42 58 F0 ";
  char class[4] = { state[0], state[1], ' ', '\0' };

  if (strcmp (state, "40001") == 0 || strcmp (state, "40P01") == 0)
    return HM_ERROR_TEMPORARY;
  if (strcmp (state, "42501") == 0)
    return HM_ERROR_PERMISSION;
  if (strstr (data, class) != NULL)
    return HM_ERROR_DATA;
  if (strstr (broken, class) != NULL || strcmp (state, "XX001") == 0 || strcmp (state, "XX002") == 0)
    return HM_ERROR_INTERNAL;
  return HM_ERROR_UNAVAILABLE;
}

gboolean
hm_pg_fail (HmStore *store, const PGresult *result, const char *doing, GError **error)
{
  const char *state = result != NULL ? PQresultErrorField (result, PG_DIAG_SQLSTATE) : NULL;
  const char *message
      = state != NULL ? PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage (store->db);
  g_autofree char *reason = clean (message);
  gboolean lost = PQstatus (store->db) != CONNECTION_OK;

  g_set_error (error, HM_ERROR, state != NULL && !lost ? code_of (state) : HM_ERROR_UNAVAILABLE,
               "%s: %s: %s%s", store->name, doing, reason,
               strstr (reason, "certificate verify failed") != NULL ? DISTRUST : "");
  /* One that writes no more (25006) may be a standby by now, and the URL may name more than one host. */
  if (lost || g_strcmp0 (state, "25006") == 0)
    hm_pg_drop (store);
  return FALSE;
}
