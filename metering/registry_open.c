/* SPDX-License-Identifier: Apache-2.0 */
/* registry_open: which modules may be opened, and from where: registry.c's, and parts of a program that are loaded when they are asked
 * for. On the thread that starts the program. */
#include "metering/registry_private.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/registry.h"

char **
hm_plugin_path_split (const char *path)
{
  const char *given = path != NULL ? path : g_getenv ("HYPERMETER_PLUGIN_PATH");

  return g_strsplit (given != NULL ? given : HM_PLUGIN_DIR, ":", -1);
}

char *
hm_module_check_writers (const char *path, mode_t type)
{
  struct stat st;

  if (stat (path, &st) != 0)
    return g_strdup (g_strerror (errno));
  if ((st.st_mode & S_IFMT) != type)
    return g_strdup (type == S_IFDIR ? "it is not a folder" : "it is not a regular file");
  if ((st.st_mode & S_IWOTH) != 0)
    return g_strdup ("everybody may write to it");
  if (st.st_uid != 0 && st.st_uid != geteuid ())
    return g_strdup_printf ("it belongs to user %u, who is neither root nor this program's", st.st_uid);
  return NULL;
}

GModule *
hm_module_open (const char *path, char **ret_reason)
{
  g_autoptr (GError) error = NULL;
  GModule *module = g_module_open_full (path, G_MODULE_BIND_LOCAL, &error);

  if (module != NULL)
    g_module_make_resident (module);
  else
    *ret_reason = g_strdup (error->message);
  return module;
}

/* -- a part of the program -- */

/* (transfer full) (nullable) */
static char *
find_part (const char *path, const char *file)
{
  g_auto (GStrv) folders = hm_plugin_path_split (path);

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *found = g_build_filename (folders[i], file, NULL);

      if (*folders[i] != '\0' && access (found, F_OK) == 0)
        return g_steal_pointer (&found);
    }
  return NULL;
}

GModule *
hm_registry_open_part (const char *path, const char *file, GError **error)
{
  g_autofree char *found = find_part (path, file);
  g_autofree char *folder = found != NULL ? g_path_get_dirname (found) : NULL;
  g_autofree char *reason = NULL;
  GModule *module = NULL;

  if (found == NULL)
    reason = g_strdup ("it is in no folder of the plugin path");
  else if ((reason = hm_module_check_writers (folder, S_IFDIR)) == NULL
           && (reason = hm_module_check_writers (found, S_IFREG)) == NULL)
    module = hm_module_open (found, &reason);
  if (module == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", found != NULL ? found : file, reason);
  return module;
}
