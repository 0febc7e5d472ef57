/* SPDX-License-Identifier: Apache-2.0 */
/* export_lock: one export writes into a folder at a time. The lock is flock(2) on a file that is never removed (removing it would let two hold two locks of
 * one name); it goes with the process. What one that was stopped has left half written is taken away by the next, which alone may be sure that nobody
 * writes it. */
#include "cli/export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define LOCK        ".export.lock"
#define FOLDER_MODE 0750

static gboolean
is_working_name (const char *name)
{
  return g_str_has_suffix (name, ".new")
         && (g_str_has_prefix (name, ".statement-") || g_str_has_prefix (name, ".provisional-")
             || g_str_has_prefix (name, ".manifest"));
}

static gboolean
clear (HmFiles *files, const char *folder, GError **error)
{
  g_auto (GStrv) names = files->list (files, folder);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      if (is_working_name (names[i]) && files->unlink (files, path) != 0 && errno != ENOENT)
        {
          g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: cannot be removed: %s", path,
                       g_strerror (errno));
          return FALSE;
        }
    }
  if (names == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: cannot be read: %s", folder, g_strerror (errno));
  return names != NULL;
}

static gboolean
make_folder (HmFiles *files, const char *folder, GError **error)
{
  if (files->make_folder (files, folder, FOLDER_MODE) == 0 || errno == EEXIST)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", folder, g_strerror (errno));
  return FALSE;
}

static int
take_lock (HmFiles *files, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, LOCK, NULL);
  int fd = files->open (files, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0660);
  gboolean locked = fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0;

  if (fd >= 0 && !locked && errno == EWOULDBLOCK)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "%s: another export is writing here; try again when it is done", folder);
  else if (!locked)
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: cannot be locked: %s", path, g_strerror (errno));
  if (locked || fd < 0)
    return fd;
  files->close (files, fd);
  return -1;
}

int
hm_export_lock (HmFiles *files, const char *folder, GError **error)
{
  int fd = make_folder (files, folder, error) ? take_lock (files, folder, error) : -1;

  if (fd < 0 || clear (files, folder, error))
    return fd;
  files->close (files, fd);
  return -1;
}
