/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite: a store in one file, for one collector; the command line reads it at the same time.
 *
 * WAL, so that readers and the writer do not wait for each other. synchronous=NORMAL is enough behind Kafka:
 * after a power cut the file may stand at an earlier commit, whole, and as the offsets are in the same
 * transaction the collector then takes from Kafka again what is missing. A commit of what came over no bus syncs the log. The collector holds a lock on
 * <file>.lock as long as it lives. One connection, one thread.
 *
 * The parts: sqlite_schema.c (migrations), sqlite_text.c (the SQL), sqlite_statement.c (how it is run), sqlite_row.c
 * (columns); the operations are in sqlite_transaction.c, sqlite_write*.c, sqlite_read*.c, sqlite_prune.c, sqlite_ask.c and sqlite_backup.c. */
#include "collector/stores/sqlite.h"

#include "metering/access.h"
#include "metering/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME "sqlite://"

/* A request is over in the time of an fsync; a batch of a backlog takes seconds, and the next one follows at once. */
#define BUSY_TIMEOUT_MS 2000
#define ASK_TIMEOUT_MS  30000

/* Of a file that cannot be opened. */
static HmError
code_of (int number)
{
  switch (number)
    {
    case EACCES:
    case EPERM:
    case EROFS:
      return HM_ERROR_PERMISSION;
    default:
      return HM_ERROR_UNAVAILABLE;
    }
}

static gboolean
fail_create (const char *path, GError **error)
{
  int number = errno;

  g_set_error (error, HM_ERROR, number == ENOENT || number == ENOTDIR ? HM_ERROR_CREATE : code_of (number),
               "%s: %s", path, g_strerror (number));
  return FALSE;
}

gboolean
hm_sqlite_fail (HmStore *store, const char *doing, GError **error)
{
  HmError code = HM_ERROR_UNAVAILABLE;

  switch (sqlite3_errcode (store->db) & 0xff) /* without the extended half */
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      code = HM_ERROR_INTERNAL;
      break;
    case SQLITE_READONLY:
      code = store->open ? HM_ERROR_INTERNAL : HM_ERROR_PERMISSION;
      break;
    case SQLITE_CANTOPEN:
      code = code_of (sqlite3_system_errno (store->db));
      break;
    case SQLITE_BUSY:
      code = store->mode == HM_STORE_ASK ? HM_ERROR_TEMPORARY : HM_ERROR_UNAVAILABLE;
      break;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      code = HM_ERROR_DATA;
      break;
    default:
      break;
    }
  g_set_error (error, HM_ERROR, code, "%s: %s: %s", store->path, doing, sqlite3_errmsg (store->db));
  return FALSE;
}

void
hm_sqlite_close (HmStore *store)
{
  if (store == NULL)
    return;
  for (guint i = 0; i < N_STATEMENTS; i++)
    sqlite3_finalize (store->statements[i]);
  sqlite3_close (store->db);
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  hm_bucket_free (store->row);
  g_free (store->path);
  g_free (store);
}

HmStore *
hm_sqlite_new (HmStoreMode mode)
{
  HmStore *store = g_new0 (HmStore, 1);

  store->mode = mode;
  store->lock_fd = -1;
  return store;
}

char *
hm_sqlite_path_of (const char *url, GError **error)
{
  g_autofree char *path
      = g_str_has_prefix (url, SCHEME "/") ? g_uri_unescape_string (url + strlen (SCHEME), NULL) : NULL;

  if (path == NULL || strpbrk (path, "?#") != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "'%s' is no store: sqlite:///path/to/file", url);
      return NULL;
    }
  return g_steal_pointer (&path);
}

static gboolean
open_lock (HmStore *store, const char *path)
{
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  store->lock_fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  store->is_lock_new = store->lock_fd >= 0;
  if (store->lock_fd < 0 && errno == EEXIST)
    store->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  return store->lock_fd >= 0;
}

/* Not one that its maker has removed since it was opened. */
static gboolean
is_there (int fd, const char *path)
{
  struct stat is, named;

  return fstat (fd, &is) == 0 && stat (path, &named) == 0 && is.st_ino == named.st_ino
         && is.st_dev == named.st_dev;
}

/* The lock goes with the process, so a killed collector leaves none behind. */
gboolean
hm_sqlite_take_lock (HmStore *store, GError **error)
{
  g_autofree char *path = g_strconcat (store->path, ".lock", NULL);

  do
    {
      if (!open_lock (store, path))
        return fail_create (path, error);
      if (flock (store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        {
          g_set_error (error, HM_ERROR, errno == EWOULDBLOCK ? HM_ERROR_TEMPORARY : HM_ERROR_UNAVAILABLE,
                       "%s: another collector has this store", store->path);
          return FALSE;
        }
    }
  while (!is_there (store->lock_fd, path));
  return TRUE;
}

/* A file of somebody else's is left as it was found: without a lock beside it. */
static void
remove_new_lock (const HmStore *store)
{
  g_autofree char *path = g_strconcat (store->path, ".lock", NULL);

  if (store->is_lock_new)
    unlink (path);
}

/* SQLite would make it for everybody to read; its log gets the same rights. One that is there is not opened here: closing it would
 * take the locks that this process has on it. */
static gboolean
create_file (const HmStore *store, GError **error)
{
  int fd = open (store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

  if (fd >= 0)
    close (fd);
  return fd >= 0 || errno == EEXIST || fail_create (store->path, error);
}

static int
open_flags (HmStoreMode mode)
{
  switch (mode)
    {
    case HM_STORE_WRITE:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case HM_STORE_ASK:
      return SQLITE_OPEN_READWRITE;
    case HM_STORE_READ:
      break;
    }
  return SQLITE_OPEN_READONLY;
}

static gboolean
fail_open (const HmStore *store, GError **error)
{
  int number = store->db != NULL ? sqlite3_system_errno (store->db) : 0;
  const char *reason = store->db != NULL ? sqlite3_errmsg (store->db) : "out of memory";

  g_set_error (error, HM_ERROR, code_of (number), "%s: %s", store->path,
               number == ENOENT || number == ENOTDIR ? "there is no store" : reason);
  return FALSE;
}

gboolean
hm_sqlite_connect (HmStore *store, GError **error)
{
  if (store->mode == HM_STORE_WRITE && !create_file (store, error))
    return FALSE;
  if (sqlite3_open_v2 (store->path, &store->db, open_flags (store->mode) | SQLITE_OPEN_NOMUTEX, NULL)
      != SQLITE_OK)
    return fail_open (store, error);
  /* SQLite opens for reading what it may not write. */
  if (store->mode != HM_STORE_READ && sqlite3_db_readonly (store->db, "main") == 1)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_PERMISSION, "%s: may not be written by this user", store->path);
      return FALSE;
    }
  sqlite3_busy_timeout (store->db, store->mode == HM_STORE_ASK ? ASK_TIMEOUT_MS : BUSY_TIMEOUT_MS);
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return TRUE;
}

static HmStore *
open_store (const char *url, HmStoreMode mode, gint64 grain_ns, GError **error)
{
  g_autoptr (HmStore) store = hm_sqlite_new (mode);

  store->path = hm_sqlite_path_of (url, error);
  if (store->path == NULL || (mode == HM_STORE_WRITE && !hm_sqlite_take_lock (store, error)))
    return NULL;
  if (!hm_sqlite_connect (store, error) || !hm_sqlite_schema_open (store, grain_ns, error))
    {
      remove_new_lock (store);
      return NULL;
    }
  store->open = TRUE;
  return g_steal_pointer (&store);
}

static gint64
grain (HmStore *store)
{
  return store->grain_ns;
}

static gboolean
check (const char *url, GError **error)
{
  g_autofree char *path = hm_sqlite_path_of (url, error);

  return path != NULL;
}

/* However they are written. GLib leaves two slashes at the beginning, which are no more than one here. */
static gboolean
is_same_folder (const char *one, const char *other)
{
  g_autofree char *a = g_canonicalize_filename (one, "/"), *b = g_canonicalize_filename (other, "/");

  return g_str_equal (a + strspn (a, "/"), b + strspn (b, "/"));
}

/* Beside the file there are others: its log, its lock. */
static gboolean
look (const char *url, const char *made, GError **error)
{
  g_autofree char *path = hm_sqlite_path_of (url, error);
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL,
                  *lock = g_strconcat (path != NULL ? path : "", ".lock", NULL);

  if (path == NULL || !hm_access_there (path, R_OK | W_OK, error)
      || !hm_access_there (lock, R_OK | W_OK, error))
    return FALSE;
  return (is_same_folder (folder, made) || hm_access_file (path, error)) && hm_access_folder (folder, error);
}

static const HmStoreOps ops = {
  .check = check,
  .look = look,
  .open = open_store,
  .close = hm_sqlite_close,
  .grain = grain,
  .setting = hm_sqlite_setting,
  .offset_get = hm_sqlite_offset_get,
  .offset_init = hm_sqlite_offset_init,
  .begin = hm_sqlite_begin,
  .write = hm_sqlite_write,
  .commit = hm_sqlite_commit,
  .rollback = hm_sqlite_rollback,
  .resource_load = hm_sqlite_resource_load,
  .buckets_load = hm_sqlite_buckets_load,
  .usage_load = hm_sqlite_usage_load,
  .raw_load = hm_sqlite_raw_load,
  .raw_find = hm_sqlite_raw_find,
  .dead_letter_find = hm_sqlite_dead_letter_find,
  .pass_over = hm_sqlite_pass_over,
  .message_find = hm_sqlite_message_find,
  .dead_letter_get = hm_sqlite_dead_letter_get,
  .prune = hm_sqlite_prune,
  .lease = hm_sqlite_lease,
  .offset_reached = hm_sqlite_offset_reached,
  .lock_periods = hm_sqlite_lock_periods,
  .request_add = hm_sqlite_request_add,
  .list_requests = hm_sqlite_list_requests,
  .backup = hm_sqlite_backup,
  .restore = hm_sqlite_restore,
  .list_buckets = hm_sqlite_list_buckets,
  .list_resources = hm_sqlite_list_resources,
  .list_raw = hm_sqlite_list_raw,
  .list_dead_letters = hm_sqlite_list_dead_letters,
  .list_meters = hm_sqlite_list_meters,
  .list_agents = hm_sqlite_list_agents,
  .list_offsets = hm_sqlite_list_offsets,
  .list_gaps = hm_sqlite_list_gaps,
  .list_bins = hm_sqlite_list_bins,
  .list_losses = hm_sqlite_list_losses,
  .list_anomalies = hm_sqlite_list_anomalies,
  .list_usage = hm_sqlite_list_usage,
  .list_evidence = hm_sqlite_list_evidence,
  .list_periods = hm_sqlite_list_periods,
  .list_statements = hm_sqlite_list_statements,
  .list_lines = hm_sqlite_list_lines,
  .list_adjustments = hm_sqlite_list_adjustments,
  .list_erasures = hm_sqlite_list_erasures,
  .list_held = hm_sqlite_list_held,
  .list_decisions = hm_sqlite_list_decisions,
  .list_policies = hm_sqlite_list_policies,
  .status = hm_sqlite_status,
  .size = hm_sqlite_size,
};

HM_PLUGIN (sqlite, .ns = HM_NS_STORE, .summary = "Keeps usage and evidence in one SQLite file",
           .store = &ops);
