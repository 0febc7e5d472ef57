/* SPDX-License-Identifier: Apache-2.0 */
/* crash_files: see crash_files.h. A folder has its entries as they are read, those on the medium, and the changes between the two
 * in their order; a file (crash_inode) the same of its bytes. One lock around everything. */
#include "tests/fakes/crash_files.h"
#include "tests/fakes/crash_inode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MAX_FD 256

/* One change of a folder's entries: @name is @inode from now on, or is not there; a rename takes @from away in the same breath. */
typedef struct
{
  char *name, *from;
  CrashInode *inode; /* (nullable) */
} Entry;

typedef struct
{
  gboolean durable;         /* its own entry, in its parent */
  GHashTable *now, *medium; /* name → CrashInode */
  GQueue changes;           /* (element-type Entry) */
} Folder;

struct CrashFiles
{
  HmFiles files;
  GMutex lock;
  GHashTable *folders; /* path → Folder */
  struct
  {
    CrashInode *inode; /* NULL: not open */
    gboolean writable;
  } open[MAX_FD];
  guint failing;
  GRand *rand; /* of failing syncs */
  guint64 room;
};

/* -- folders -- */

static GHashTable *
new_entries (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)crash_inode_unref);
}

static Folder *
folder_new (gboolean durable)
{
  Folder *folder = g_new0 (Folder, 1);

  folder->durable = durable;
  folder->now = new_entries ();
  folder->medium = new_entries ();
  return folder;
}

static void
free_entry (Entry *entry)
{
  g_free (entry->name);
  g_free (entry->from);
  crash_inode_unref (entry->inode);
  g_free (entry);
}

static void
folder_free (Folder *folder)
{
  g_hash_table_unref (folder->now);
  g_hash_table_unref (folder->medium);
  g_queue_clear_full (&folder->changes, (GDestroyNotify)free_entry);
  g_free (folder);
}

static void
apply_entry (GHashTable *entries, const Entry *entry)
{
  if (entry->inode != NULL)
    g_hash_table_replace (entries, g_strdup (entry->name), crash_inode_ref (entry->inode));
  else
    g_hash_table_remove (entries, entry->name);
  if (entry->from != NULL)
    g_hash_table_remove (entries, entry->from);
}

static void
change_folder (Folder *folder, const char *name, CrashInode *inode, const char *from)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->name = g_strdup (name);
  entry->from = g_strdup (from);
  entry->inode = inode != NULL ? crash_inode_ref (inode) : NULL;
  apply_entry (folder->now, entry);
  g_queue_push_tail (&folder->changes, entry);
}

static void
copy_entries (GHashTable *to, GHashTable *from)
{
  GHashTableIter iter;
  gpointer name, inode;

  g_hash_table_remove_all (to);
  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &name, &inode))
    g_hash_table_replace (to, g_strdup (name), crash_inode_ref (inode));
}

/* All that is durable, and of the rest any part. */
static void
crash_folder (Folder *folder, GRand *rand)
{
  int habit = g_rand_int_range (rand, 0, 4);
  GHashTableIter iter;
  gpointer inode;
  Entry *entry;

  while ((entry = g_queue_pop_head (&folder->changes)) != NULL)
    {
      if (habit < 2 ? habit == 1 : g_rand_boolean (rand))
        apply_entry (folder->medium, entry);
      free_entry (entry);
    }
  copy_entries (folder->now, folder->medium);
  g_hash_table_iter_init (&iter, folder->now);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    {
      CrashInode *file = inode;

      crash_inode_keep_some (file, rand);
      crash_inode_copy (file->now, file->medium);
    }
}

static Folder *
folder_of (CrashFiles *self, const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return g_hash_table_lookup (self->folders, parent);
}

static int
fail_with (int error)
{
  errno = error;
  return -1;
}

/* -- the operations; each holds the lock -- */

static int
open_inode (CrashFiles *self, CrashInode *inode, int flags)
{
  for (int fd = 0; fd < MAX_FD; fd++)
    if (self->open[fd].inode == NULL)
      {
        self->open[fd].inode = crash_inode_ref (inode);
        self->open[fd].writable = (flags & O_ACCMODE) != O_RDONLY;
        if ((flags & O_TRUNC) != 0 && inode->now->len > 0)
          crash_inode_change (inode, TRUE, 0, NULL, 0);
        return fd;
      }
  return fail_with (EMFILE);
}

static int
open_path (CrashFiles *self, const char *path, int flags)
{
  g_autofree char *name = g_path_get_basename (path);
  Folder *folder = folder_of (self, path);
  CrashInode *inode = folder != NULL ? g_hash_table_lookup (folder->now, name) : NULL;

  if (folder == NULL || (inode == NULL && (flags & O_CREAT) == 0))
    return fail_with (ENOENT);
  if (inode != NULL && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
    return fail_with (EEXIST);
  if (inode == NULL)
    {
      inode = crash_inode_new ();
      change_folder (folder, name, inode, NULL);
      crash_inode_unref (inode);
    }
  return open_inode (self, inode, flags);
}

static int
crash_open_file (HmFiles *files, const char *path, int flags, mode_t mode)
{
  CrashFiles *self = (CrashFiles *)files;
  int fd;

  (void)mode;
  g_mutex_lock (&self->lock);
  fd = open_path (self, path, flags);
  g_mutex_unlock (&self->lock);
  return fd;
}

static CrashInode *
inode_at (const CrashFiles *self, int fd)
{
  return fd >= 0 && fd < MAX_FD ? self->open[fd].inode : NULL;
}

static ssize_t
crash_pread (HmFiles *files, int fd, void *bytes, size_t length, off_t offset)
{
  CrashFiles *self = (CrashFiles *)files;
  ssize_t got = -1;
  const CrashInode *inode;

  g_mutex_lock (&self->lock);
  inode = inode_at (self, fd);
  if (inode == NULL)
    errno = EBADF;
  else
    got = (gsize)offset < inode->now->len ? (ssize_t)MIN (length, inode->now->len - (gsize)offset) : 0;
  if (got > 0)
    memcpy (bytes, inode->now->data + offset, (gsize)got);
  g_mutex_unlock (&self->lock);
  return got;
}

/* As much as there is room for; 0 of it: ENOSPC. */
static ssize_t
write_some (CrashFiles *self, CrashInode *inode, const void *bytes, gsize length, gsize offset)
{
  gsize end = offset + length, grows = end > inode->now->len ? end - inode->now->len : 0;

  if (grows > self->room)
    {
      gsize lacks = grows - (gsize)self->room;

      if (lacks >= length)
        return fail_with (ENOSPC);
      length -= lacks;
      grows = (gsize)self->room;
    }
  if (self->room != G_MAXUINT64)
    self->room -= grows;
  crash_inode_change (inode, FALSE, offset, bytes, length);
  return (ssize_t)length;
}

static ssize_t
crash_pwrite (HmFiles *files, int fd, const void *bytes, size_t length, off_t offset)
{
  CrashFiles *self = (CrashFiles *)files;
  ssize_t done = -1;
  CrashInode *inode;

  g_mutex_lock (&self->lock);
  inode = inode_at (self, fd);
  if (inode == NULL || !self->open[fd].writable)
    errno = EBADF;
  else
    done = write_some (self, inode, bytes, length, (gsize)offset);
  g_mutex_unlock (&self->lock);
  return done;
}

static off_t
crash_size (HmFiles *files, int fd)
{
  CrashFiles *self = (CrashFiles *)files;
  const CrashInode *inode;
  off_t size;

  g_mutex_lock (&self->lock);
  inode = inode_at (self, fd);
  size = inode != NULL ? (off_t)inode->now->len : fail_with (EBADF);
  g_mutex_unlock (&self->lock);
  return size;
}

static int
crash_truncate (HmFiles *files, int fd, off_t length)
{
  CrashFiles *self = (CrashFiles *)files;
  CrashInode *inode;
  int result = 0;

  g_mutex_lock (&self->lock);
  inode = inode_at (self, fd);
  if (inode == NULL || !self->open[fd].writable)
    result = fail_with (EBADF);
  else
    crash_inode_change (inode, TRUE, (gsize)length, NULL, 0);
  g_mutex_unlock (&self->lock);
  return result;
}

static int
sync_inode (CrashFiles *self, CrashInode *inode)
{
  if (self->failing == 0)
    {
      crash_inode_sync (inode);
      return 0;
    }
  self->failing--;
  crash_inode_keep_some (inode, self->rand);
  if (g_rand_boolean (self->rand))
    crash_inode_copy (inode->now, inode->medium);
  return fail_with (EIO);
}

static int
crash_sync (HmFiles *files, int fd)
{
  CrashFiles *self = (CrashFiles *)files;
  CrashInode *inode;
  int result;

  g_mutex_lock (&self->lock);
  inode = inode_at (self, fd);
  result = inode != NULL ? sync_inode (self, inode) : fail_with (EBADF);
  g_mutex_unlock (&self->lock);
  return result;
}

static int
crash_close (HmFiles *files, int fd)
{
  CrashFiles *self = (CrashFiles *)files;
  int result = 0;

  g_mutex_lock (&self->lock);
  if (inode_at (self, fd) == NULL)
    result = fail_with (EBADF);
  else
    g_clear_pointer (&self->open[fd].inode, crash_inode_unref);
  g_mutex_unlock (&self->lock);
  return result;
}

/* From one folder to another it is durable at once: no promise rests on when. */
static void
move_entry (Folder *folder, const char *old, Folder *other, const char *new, CrashInode *inode)
{
  g_hash_table_replace (other->now, g_strdup (new), crash_inode_ref (inode));
  g_hash_table_replace (other->medium, g_strdup (new), crash_inode_ref (inode));
  g_hash_table_remove (folder->medium, old);
  change_folder (folder, old, NULL, NULL);
}

static int
rename_entry (HmFiles *files, const char *from, const char *to, gboolean replaces)
{
  CrashFiles *self = (CrashFiles *)files;
  g_autofree char *old = g_path_get_basename (from);
  g_autofree char *new = g_path_get_basename (to);
  Folder *folder, *other;
  CrashInode *inode;
  int result = 0;

  g_mutex_lock (&self->lock);
  folder = folder_of (self, from);
  other = folder_of (self, to);
  inode = folder != NULL ? g_hash_table_lookup (folder->now, old) : NULL;
  if (inode == NULL || other == NULL)
    result = fail_with (ENOENT);
  else if (!replaces && g_hash_table_contains (other->now, new))
    result = fail_with (EEXIST);
  else if (folder != other)
    move_entry (folder, old, other, new, inode);
  else
    change_folder (folder, new, inode, old);
  g_mutex_unlock (&self->lock);
  return result;
}

static int
crash_rename (HmFiles *files, const char *from, const char *to)
{
  return rename_entry (files, from, to, TRUE);
}

static int
crash_rename_new (HmFiles *files, const char *from, const char *to)
{
  return rename_entry (files, from, to, FALSE);
}

static int
crash_unlink (HmFiles *files, const char *path)
{
  CrashFiles *self = (CrashFiles *)files;
  g_autofree char *name = g_path_get_basename (path);
  Folder *folder;
  int result = 0;

  g_mutex_lock (&self->lock);
  folder = folder_of (self, path);
  if (folder == NULL || !g_hash_table_contains (folder->now, name))
    result = fail_with (ENOENT);
  else
    change_folder (folder, name, NULL, NULL);
  g_mutex_unlock (&self->lock);
  return result;
}

static int
crash_make_folder (HmFiles *files, const char *path, mode_t mode)
{
  CrashFiles *self = (CrashFiles *)files;
  int result = 0;

  (void)mode;
  g_mutex_lock (&self->lock);
  if (g_hash_table_contains (self->folders, path))
    result = fail_with (EEXIST);
  else if (folder_of (self, path) == NULL)
    result = fail_with (ENOENT);
  else
    g_hash_table_insert (self->folders, g_strdup (path), folder_new (FALSE));
  g_mutex_unlock (&self->lock);
  return result;
}

static void
keep_subfolders (CrashFiles *self, const char *path)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_autofree char *parent = g_path_get_dirname (key);

      if (g_str_equal (parent, path))
        ((Folder *)value)->durable = TRUE;
    }
}

static int
crash_sync_folder (HmFiles *files, const char *path)
{
  CrashFiles *self = (CrashFiles *)files;
  Folder *folder;

  g_mutex_lock (&self->lock);
  folder = g_hash_table_lookup (self->folders, path);
  if (folder != NULL)
    {
      g_queue_clear_full (&folder->changes, (GDestroyNotify)free_entry);
      copy_entries (folder->medium, folder->now);
      keep_subfolders (self, path);
    }
  g_mutex_unlock (&self->lock);
  return folder != NULL ? 0 : fail_with (ENOENT);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static char **
crash_list (HmFiles *files, const char *path)
{
  CrashFiles *self = (CrashFiles *)files;
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  Folder *folder;

  g_mutex_lock (&self->lock);
  folder = g_hash_table_lookup (self->folders, path);
  if (folder != NULL)
    {
      g_hash_table_iter_init (&iter, folder->now);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_mutex_unlock (&self->lock);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  if (folder == NULL)
    g_strfreev ((char **)g_ptr_array_free (names, FALSE));
  return folder != NULL ? (char **)g_ptr_array_free (names, FALSE) : (errno = ENOENT, NULL);
}

/* -- */

HmFiles *
crash_files_table (CrashFiles *files)
{
  return &files->files;
}

CrashFiles *
crash_files_new (const char *root)
{
  CrashFiles *self = g_new0 (CrashFiles, 1);

  self->files = (HmFiles){
    .open = crash_open_file,
    .pread = crash_pread,
    .pwrite = crash_pwrite,
    .size = crash_size,
    .truncate = crash_truncate,
    .sync = crash_sync,
    .close = crash_close,
    .rename = crash_rename,
    .rename_new = crash_rename_new,
    .unlink = crash_unlink,
    .make_folder = crash_make_folder,
    .sync_folder = crash_sync_folder,
    .list = crash_list,
  };
  g_mutex_init (&self->lock);
  self->room = G_MAXUINT64;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)folder_free);
  g_hash_table_insert (self->folders, g_strdup (root), folder_new (TRUE));
  return self;
}

static void
close_all (CrashFiles *self)
{
  for (int fd = 0; fd < MAX_FD; fd++)
    g_clear_pointer (&self->open[fd].inode, crash_inode_unref);
}

void
crash_files_free (CrashFiles *files)
{
  if (files == NULL)
    return;
  close_all (files);
  g_hash_table_unref (files->folders);
  g_mutex_clear (&files->lock);
  g_free (files);
}

void
crash_files_crash (CrashFiles *files, GRand *rand)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&files->lock);
  close_all (files);
  g_hash_table_iter_init (&iter, files->folders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Folder *folder = value;

      if (folder->durable || g_rand_boolean (rand))
        {
          folder->durable = TRUE;
          crash_folder (folder, rand);
        }
      else
        g_hash_table_iter_remove (&iter);
    }
  g_mutex_unlock (&files->lock);
}

void
crash_files_fail_syncs (CrashFiles *files, guint n, GRand *rand)
{
  g_mutex_lock (&files->lock);
  files->failing = n;
  files->rand = rand;
  g_mutex_unlock (&files->lock);
}

void
crash_files_set_room (CrashFiles *files, guint64 bytes)
{
  g_mutex_lock (&files->lock);
  files->room = bytes;
  g_mutex_unlock (&files->lock);
}

guint
crash_files_open (CrashFiles *files)
{
  guint n = 0;

  g_mutex_lock (&files->lock);
  for (int fd = 0; fd < MAX_FD; fd++)
    n += files->open[fd].inode != NULL;
  g_mutex_unlock (&files->lock);
  return n;
}
