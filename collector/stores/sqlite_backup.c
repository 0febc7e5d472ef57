/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_backup: the store, as it is at one moment, into another file; and the way back.
 *
 * The source is held in one read transaction from the first page to the last. That is what makes it one moment, and what lets the copy
 * end at all: without it SQLite begins anew whenever the collector commits. The collector goes on writing into its log, which cannot be
 * folded back beyond that moment and grows until the copy is done.
 *
 * The new file appears under its name when it is whole and on the disk; until then the name is taken by an empty file, which is no
 * store. It needs no log beside it. Called by `hypermeter store`, on the connection's thread. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* 16 MiB: some hundredths of a second. */
#define PAGES_PER_STEP 1024

/* -- the new file -- */

typedef struct
{
  const char *path;
  char *partial; /* (nullable) what becomes the file when it is whole */
  sqlite3 *db;
  int fd;
  gboolean whole;
} Copy;

static void
copy_clear (Copy *copy)
{
  if (copy->db != NULL)
    sqlite3_close (copy->db);
  if (copy->fd >= 0)
    close (copy->fd);
  if (copy->partial != NULL && !copy->whole)
    {
      g_unlink (copy->partial);
      g_unlink (copy->path);
    }
  g_free (copy->partial);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Copy, copy_clear)

static gboolean
fail_copy (const Copy *copy, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", copy->path, reason);
  return FALSE;
}

/* A log that is left of another database would be taken for the new file's. */
static gboolean
check_free (const Copy *copy, GError **error)
{
  static const char *const parts[] = { "", "-wal", "-shm", "-journal" };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *path = g_strconcat (copy->path, parts[i], NULL);

      if (!g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        continue;
      g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: is there already, and is not overwritten", path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
create (Copy *copy, GError **error)
{
  g_autofree char *partial = g_strconcat (copy->path, ".XXXXXX", NULL);
  int fd;

  if (!check_free (copy, error))
    return FALSE;
  fd = open (copy->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_copy (copy, g_strerror (errno), error);
  close (fd);
  copy->fd = g_mkstemp_full (partial, O_RDWR | O_CLOEXEC, 0600);
  if (copy->fd < 0)
    {
      fail_copy (copy, g_strerror (errno), error);
      g_unlink (copy->path);
      return FALSE;
    }
  copy->partial = g_steal_pointer (&partial);
  /* Nobody sees it before it is whole, so it needs no journal, and is synced once. */
  if (sqlite3_open_v2 (copy->partial, &copy->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)
          != SQLITE_OK
      || sqlite3_exec (copy->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL)
             != SQLITE_OK)
    return fail_copy (copy, sqlite3_errmsg (copy->db), error);
  return TRUE;
}

static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return synced;
}

static gboolean
publish (Copy *copy, GError **error)
{
  int closed;

  /* The pages say that there is a log beside them, as at the source. */
  if (sqlite3_exec (copy->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
    return fail_copy (copy, sqlite3_errmsg (copy->db), error);
  closed = sqlite3_close (copy->db);
  copy->db = NULL;
  if (closed != SQLITE_OK)
    return fail_copy (copy, sqlite3_errstr (closed), error);
  if (fsync (copy->fd) != 0 || rename (copy->partial, copy->path) != 0)
    return fail_copy (copy, g_strerror (errno), error);
  copy->whole = TRUE;
  return sync_folder (copy->path) || fail_copy (copy, g_strerror (errno), error);
}

/* -- page by page -- */

static gboolean
step (sqlite3_backup *backup, HmStoreProgress progress, gpointer user, int *ret_result)
{
  int result = sqlite3_backup_step (backup, PAGES_PER_STEP);
  guint64 total = (guint64)sqlite3_backup_pagecount (backup);
  guint64 done = total - (guint64)sqlite3_backup_remaining (backup);

  if ((result == SQLITE_OK || result == SQLITE_DONE) && progress != NULL && !progress (done, total, user))
    result = SQLITE_INTERRUPT;
  *ret_result = result;
  return result == SQLITE_OK;
}

static gboolean
copy_pages (HmStore *store, Copy *copy, HmStoreProgress progress, gpointer user, GError **error)
{
  sqlite3_backup *backup = sqlite3_backup_init (copy->db, "main", store->db, "main");
  int result = SQLITE_OK;

  while (backup != NULL && step (backup, progress, user, &result))
    ;
  if (result == SQLITE_INTERRUPT)
    {
      sqlite3_backup_finish (backup);
      g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: stopped before it was whole", copy->path);
      return FALSE;
    }
  if (backup != NULL && sqlite3_backup_finish (backup) == SQLITE_OK && result == SQLITE_DONE)
    return TRUE;
  return fail_copy (copy, sqlite3_errmsg (copy->db), error);
}

static gboolean
copy_store (HmStore *store, Copy *copy, HmStoreProgress progress, gpointer user, GError **error)
{
  gboolean copied;

  if (sqlite3_exec (store->db, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) != SQLITE_OK)
    return hm_sqlite_fail (store, "reading", error);
  copied = copy_pages (store, copy, progress, user, error);
  sqlite3_exec (store->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
  return copied && publish (copy, error);
}

gboolean
hm_sqlite_backup (HmStore *store, const char *path, HmStoreProgress progress, gpointer user, GError **error)
{
  g_auto (Copy) copy = { .path = path, .fd = -1 };

  return create (&copy, error) && copy_store (store, &copy, progress, user, error);
}

/* -- the way back -- */

/* Root restores what the collector, who is not root, has to write: the folder is its own. */
static gboolean
give_to_folder_owner (const char *path, int fd, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat st;

  if (geteuid () != 0 || (stat (folder, &st) == 0 && fchown (fd, st.st_uid, st.st_gid) == 0))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

gboolean
hm_sqlite_restore (const char *url, const char *path, HmStoreProgress progress, gpointer user, GError **error)
{
  g_autoptr (HmStore) target = hm_sqlite_new (HM_STORE_WRITE), source = hm_sqlite_new (HM_STORE_READ);
  g_auto (Copy) copy = { .fd = -1 };

  target->path = hm_sqlite_path_of (url, error);
  if (target->path == NULL)
    return FALSE;
  copy.path = target->path;
  source->path = g_strdup (path);
  return hm_sqlite_connect (source, error) && hm_sqlite_schema_check (source, error)
         && hm_sqlite_take_lock (target, error) && give_to_folder_owner (target->path, target->lock_fd, error)
         && create (&copy, error) && give_to_folder_owner (target->path, copy.fd, error)
         && copy_store (source, &copy, progress, user, error);
}
