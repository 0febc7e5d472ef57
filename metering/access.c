/* SPDX-License-Identifier: Apache-2.0 */
/* access: see access.h. Called by the programs' --check-config. */
#include "metering/access.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/error.h"

static gboolean
refuse (const char *path, int number, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, g_strerror (number));
  return FALSE;
}

static gboolean
takes_files (const char *folder, GError **error)
{
  struct stat status;

  if (stat (folder, &status) != 0)
    return refuse (folder, errno, error);
  if (!S_ISDIR (status.st_mode))
    return refuse (folder, ENOTDIR, error);
  return access (folder, W_OK | X_OK) == 0 || refuse (folder, errno, error);
}

gboolean
hm_access_folder (const char *path, GError **error)
{
  g_autofree char *there = g_strdup (path);
  struct stat status;

  /* A link to nowhere is there: mkdir() makes nothing of its name. */
  while (lstat (there, &status) != 0 && errno == ENOENT)
    {
      char *above = g_path_get_dirname (there);

      g_free (there);
      there = above;
    }
  if (takes_files (there, error))
    return TRUE;
  if (!g_str_equal (there, path))
    g_prefix_error (error, "%s cannot be made: ", path);
  return FALSE;
}

gboolean
hm_access_there (const char *path, int mode, GError **error)
{
  struct stat status;

  if (stat (path, &status) != 0)
    return errno == ENOENT || refuse (path, errno, error);
  if (S_ISDIR (status.st_mode))
    return refuse (path, EISDIR, error);
  return access (path, mode) == 0 || refuse (path, errno, error);
}

gboolean
hm_access_file (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (access (path, F_OK) != 0 && errno == ENOENT)
    return takes_files (folder, error);
  return hm_access_there (path, R_OK | W_OK, error);
}
