/* SPDX-License-Identifier: Apache-2.0 */
/* replace: the one way in which files of the state folder are written anew.
 *
 * Called by the keeper of the inventory, on its thread, and by the deltas, on a poll's. */
#include "agent/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/log.h"

gint hm_replace_good_calls = -1;

gboolean
hm_replace_fails (void)
{
  if (hm_replace_good_calls < 0)
    return FALSE;
  if (hm_replace_good_calls-- > 0)
    return FALSE;
  errno = EIO;
  return TRUE;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0)
    {
      gssize written = hm_replace_fails () ? -1 : write (fd, text, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      text += written;
      length -= (gsize)written;
    }
  return TRUE;
}

static gboolean
write_new (const char *path, const char *text, gsize length, gboolean durable)
{
  int fd, number;
  gboolean good;

  g_unlink (path);
  fd = hm_replace_fails () ? -1 : open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return FALSE;
  good = write_all (fd, text, length) && (!durable || (!hm_replace_fails () && fsync (fd) == 0));
  number = errno;
  if (close (fd) != 0 && good)
    return FALSE;
  errno = number;
  return good;
}

static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = hm_replace_fails () ? -1 : open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = fd >= 0 && fsync (fd) == 0;
  int number = errno;

  if (fd >= 0)
    close (fd);
  errno = number;
  return good;
}

gboolean
hm_replace_file (const char *path, const char *text, gsize length, gboolean durable, GError **error)
{
  g_autofree char *fresh = g_strconcat (path, ".new", NULL);

  if (write_new (fresh, text, length, durable) && !hm_replace_fails () && g_rename (fresh, path) == 0
      && (!durable || sync_folder (path)))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", path, g_strerror (errno));
  g_unlink (fresh);
  return FALSE;
}

void
hm_set_aside (const char *path, const char *reason)
{
  g_autofree char *aside = g_strconcat (path, ".damaged", NULL);

  if (g_rename (path, aside) == 0)
    hm_warning ("%s: %s; set aside as %s", path, reason, aside);
  else
    hm_warning ("%s: %s; not to be set aside: %s", path, reason, g_strerror (errno));
}
