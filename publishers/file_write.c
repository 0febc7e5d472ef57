/* SPDX-License-Identifier: Apache-2.0 */
/* file_write: whole lines at the end of one file, and when they are on disk.
 *
 * Called by the publisher's thread (file.c). Each line is one write, so that a reader never sees half of one for long, and what
 * a failed write left behind is cut off again. Nothing else is ever cut off or written over. */
#include "publishers/file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE    0640
#define PATIENCE_MS  200 /* for the reader of a full pipe; a stop has a second */
#define OPEN_FLAGS   (O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static gboolean
fail (const HmFile *file, HmError code, GError **error)
{
  g_set_error (error, HM_ERROR, code, "%s: %s", file->path, g_strerror (errno));
  return FALSE;
}

/* -- bytes -- */

/* Only what is no regular file keeps a writer waiting. */
static gboolean
wait_for_room (int fd)
{
  struct pollfd room = { .fd = fd, .events = POLLOUT };

  if (poll (&room, 1, PATIENCE_MS) > 0)
    return TRUE;
  errno = EAGAIN;
  return FALSE;
}

static gboolean
write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, bytes, length);

      if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room (fd))))
        continue;
      if (n < 0)
        return FALSE;
      bytes += n;
      length -= (gsize)n;
    }
  return TRUE;
}

off_t
hm_file_size (const HmFile *file)
{
  off_t size = file->is_regular ? lseek (file->fd, 0, SEEK_END) : 0;

  return MAX (size, 0);
}

/* Somebody else may have made it shorter in the meantime. */
static gboolean
cut (const HmFile *file, off_t length)
{
  return file->is_regular && (hm_file_size (file) <= length || ftruncate (file->fd, length) == 0);
}

/* Where the half line cannot be cut off it is ended, and readers see one bad line. */
gboolean
hm_file_append (HmFile *file, const char *line, gsize length, GError **error)
{
  off_t before = hm_file_size (file);

  if (write_all (file->fd, line, length))
    return TRUE;
  fail (file, HM_ERROR_UNAVAILABLE, error);
  if (!cut (file, before))
    write_all (file->fd, "\n", 1);
  return FALSE;
}

/* -- on disk -- */

static gboolean
sync_folder (const HmFile *file)
{
  g_autofree char *folder = g_path_get_dirname (file->path);
  int fd = open (folder, FOLDER_FLAGS);
  gboolean good = fd >= 0 && (fsync (fd) == 0 || errno == EINVAL);
  int reason = errno;

  if (fd >= 0)
    close (fd);
  errno = reason;
  return good;
}

/* A pipe or a terminal has nothing to sync. */
gboolean
hm_file_sync (HmFile *file, GError **error)
{
  if (!file->is_regular)
    return TRUE;
  if (file->sync (file->fd) == 0 && (!file->name_is_new || sync_folder (file)))
    {
      file->name_is_new = FALSE;
      file->synced = hm_file_size (file);
      return TRUE;
    }
  fail (file, HM_ERROR_UNAVAILABLE, error);
  if (!cut (file, file->synced))
    hm_warning ("%s: what was not synced cannot be cut off, its lines will be there twice: %s", file->path,
                g_strerror (errno));
  return FALSE;
}

/* -- opening -- */

/* A line that a crash cut off is ended, so that the first new one does not continue it. */
static gboolean
end_torn_line (int fd, off_t size)
{
  char last = '\n';

  return size == 0 || (pread (fd, &last, 1, size - 1) == 1 && (last == '\n' || write_all (fd, "\n", 1)));
}

/* A line belongs to the stretch of time in which the file was last written. */
static void
look (HmFile *file, const struct stat *status)
{
  file->is_regular = S_ISREG (status->st_mode);
  file->name_is_new = TRUE;
  file->synced = hm_file_size (file);
  if (file->rotate_interval > 0)
    file->slot = (gint64)status->st_mtim.tv_sec * HM_NSEC_PER_SEC / file->rotate_interval;
}

int
hm_file_open_path (const char *path, int flags, mode_t mode)
{
  return open (path, flags, mode);
}

gboolean
hm_file_reopen (HmFile *file, GError **error)
{
  struct stat status;
  int fd = file->open (file->path, OPEN_FLAGS, FILE_MODE);

  if (fd < 0 || fstat (fd, &status) != 0 || (S_ISREG (status.st_mode) && !end_torn_line (fd, status.st_size)))
    {
      fail (file, HM_ERROR_CREATE, error);
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  hm_file_close (file);
  file->fd = fd;
  look (file, &status);
  return TRUE;
}

gboolean
hm_file_open (HmFile *file, GError **error)
{
  file->fd = -1;
  return hm_file_reopen (file, error);
}

void
hm_file_close (HmFile *file)
{
  if (file->fd >= 0)
    close (file->fd);
  file->fd = -1;
}
