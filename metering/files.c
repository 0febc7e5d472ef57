/* SPDX-License-Identifier: Apache-2.0 */
/* files: the real file system behind the table that the outbox works by, and the two loops that everybody needs around a read or a
 * write. Called on whatever thread reads or writes; keeps nothing. */
#include "metering/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 4096 /* of a disk */

/* -- the system's */

static int
system_open (HmFiles *self G_GNUC_UNUSED, const char *path, int flags, mode_t mode)
{
  return open (path, flags | O_CLOEXEC, mode);
}

static ssize_t
system_pread (HmFiles *self G_GNUC_UNUSED, int fd, void *bytes, size_t length, off_t offset)
{
  return pread (fd, bytes, length, offset);
}

static ssize_t
system_pwrite (HmFiles *self G_GNUC_UNUSED, int fd, const void *bytes, size_t length, off_t offset)
{
  return pwrite (fd, bytes, length, offset);
}

static off_t
system_size (HmFiles *self G_GNUC_UNUSED, int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 ? st.st_size : -1;
}

static int
system_truncate (HmFiles *self G_GNUC_UNUSED, int fd, off_t length)
{
  return ftruncate (fd, length);
}

static int
system_sync (HmFiles *self G_GNUC_UNUSED, int fd)
{
  return fdatasync (fd);
}

static int
system_close (HmFiles *self G_GNUC_UNUSED, int fd)
{
  return close (fd);
}

static int
system_rename (HmFiles *self G_GNUC_UNUSED, const char *from, const char *to)
{
  return rename (from, to);
}

/* Not every file system knows RENAME_NOREPLACE; a second name is refused by all of them where it is taken. */
static int
system_rename_new (HmFiles *self G_GNUC_UNUSED, const char *from, const char *to)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  return link (from, to) == 0 ? unlink (from) : -1;
}

static int
system_unlink (HmFiles *self G_GNUC_UNUSED, const char *path)
{
  return unlink (path);
}

static int
system_make_folder (HmFiles *self G_GNUC_UNUSED, const char *path, mode_t mode)
{
  return mkdir (path, mode);
}

/* The names in a folder are on disk when the folder itself was synced; fdatasync() promises that of none. */
static int
system_sync_folder (HmFiles *self G_GNUC_UNUSED, const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result, code;

  if (fd < 0)
    return -1;
  result = fsync (fd);
  code = errno;
  close (fd);
  errno = code;
  return result;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
is_an_entry (const char *name)
{
  return strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

/* readdir() tells its end and its failure apart by errno alone. */
static int
read_names (DIR *folder, GPtrArray *names)
{
  const struct dirent *entry;

  while (errno = 0, (entry = readdir (folder)) != NULL)
    if (is_an_entry (entry->d_name))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  return errno;
}

static char **
system_list (HmFiles *self G_GNUC_UNUSED, const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  DIR *folder = opendir (path);
  int code;

  if (folder == NULL)
    return NULL;
  code = read_names (folder, names);
  closedir (folder);
  if (code != 0)
    {
      errno = code;
      return NULL;
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

HmFiles *
hm_files_system (void)
{
  static HmFiles files = {
    .open = system_open,
    .pread = system_pread,
    .pwrite = system_pwrite,
    .size = system_size,
    .truncate = system_truncate,
    .sync = system_sync,
    .close = system_close,
    .rename = system_rename,
    .rename_new = system_rename_new,
    .unlink = system_unlink,
    .make_folder = system_make_folder,
    .sync_folder = system_sync_folder,
    .list = system_list,
  };

  return &files;
}

/* -- loops */

ssize_t
hm_files_read (HmFiles *files, int fd, void *bytes, size_t length, off_t offset)
{
  size_t done = 0;

  while (done < length)
    {
      ssize_t n = files->pread (files, fd, (char *)bytes + done, length - done, offset + (off_t)done);

      if (n == 0)
        break;
      if (n > 0)
        done += (size_t)n;
      else if (errno != EINTR)
        return -1;
    }
  return (ssize_t)done;
}

int
hm_files_write (HmFiles *files, int fd, const void *bytes, size_t length, off_t offset)
{
  size_t done = 0;

  while (done < length)
    {
      ssize_t n = files->pwrite (files, fd, (const char *)bytes + done, length - done, offset + (off_t)done);

      if (n > 0)
        done += (size_t)n;
      else if (n == 0)
        {
          /* A regular file takes a byte or says why not; what does neither would be asked for ever. */
          errno = EIO;
          return -1;
        }
      else if (errno != EINTR)
        return -1;
    }
  return 0;
}

static ssize_t
salvage_piece (HmFiles *files, int fd, guint8 *bytes, size_t length, off_t offset)
{
  ssize_t n = hm_files_read (files, fd, bytes, length, offset);

  if (n >= 0 || errno != EIO)
    return n;
  memset (bytes, 0, length);
  return (ssize_t)length;
}

ssize_t
hm_files_salvage (HmFiles *files, int fd, void *bytes, size_t length, off_t offset)
{
  size_t done = 0;

  while (done < length)
    {
      size_t place = (size_t)offset + done, wanted = MIN (length - done, PIECE_BYTES - place % PIECE_BYTES);
      ssize_t n = salvage_piece (files, fd, (guint8 *)bytes + done, wanted, (off_t)place);

      if (n < 0)
        return -1;
      done += (size_t)n;
      if ((size_t)n < wanted)
        break;
    }
  return (ssize_t)done;
}
