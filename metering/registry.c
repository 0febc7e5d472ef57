/* SPDX-License-Identifier: Apache-2.0 */
/* registry: from folders of modules to plugins that may be trusted to be what they say.
 *
 * A program scans the plugin path at its start, on its main thread, before any plugin runs. Loading a module
 * runs the constructors of it and of its libraries (the dynamic linker's doing, and lint refuses them in the
 * tree); so a module that another user could have written is not even opened. Whatever was opened stays. */
#include "metering/registry.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/files.h"
#include "metering/plugin_check.h"
#include "metering/registry_private.h"

#define MODULE_SUFFIX ".so"

struct HmRegistry
{
  GPtrArray *plugins; /* (element-type Entry) */
  GPtrArray *refused; /* (element-type HmRefused) */
  HmMeterTable *meters;
};

/* What is handed out, and the text behind it. */
typedef struct
{
  HmRegistered registered;
  char *origin;
} Entry;

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_free (entry->origin);
  g_free (entry);
}

static void
free_refused (gpointer data)
{
  HmRefused *refused = data;

  g_free (refused->origin);
  g_free (refused->reason);
  g_free (refused);
}

HmRegistry *
hm_registry_new (void)
{
  HmRegistry *registry = g_new (HmRegistry, 1);

  registry->plugins = g_ptr_array_new_with_free_func (free_entry);
  registry->refused = g_ptr_array_new_with_free_func (free_refused);
  registry->meters = hm_meter_table_new ();
  return registry;
}

void
hm_registry_free (HmRegistry *registry)
{
  if (registry == NULL)
    return;
  g_ptr_array_unref (registry->plugins);
  g_ptr_array_unref (registry->refused);
  hm_meter_table_free (registry->meters);
  g_free (registry);
}

/* -- one descriptor -- */

/* A module is found by its file's name, so that must be the plugin's own. */
static char *
check_stem (const HmPlugin *plugin, const char *origin)
{
  g_autofree char *stem = NULL;

  if (!g_str_has_suffix (origin, MODULE_SUFFIX))
    return NULL;
  stem = g_path_get_basename (origin);
  stem[strlen (stem) - strlen (MODULE_SUFFIX)] = '\0';
  return g_str_equal (stem, plugin->name)
             ? NULL
             : g_strdup_printf ("its name is \"%s\", its file's is \"%s\"", plugin->name, stem);
}

static char *
check_duplicate (const HmRegistry *registry, const HmPlugin *plugin)
{
  const HmRegistered *first = hm_registry_find (registry, plugin->ns, plugin->name);

  return first != NULL
             ? g_strdup_printf ("%s of %s is there already, from %s", plugin->name, plugin->ns, first->origin)
             : NULL;
}

/* Adding a meter that the table has never changes the table: it only says whether the two agree. */
static gboolean
check_meters (HmRegistry *registry, const HmPlugin *plugin, const char *origin, GError **error)
{
  for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
    if (hm_meter_table_find (registry->meters, meter->name) != NULL
        && !hm_meter_table_add (registry->meters, meter, origin, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_meters (HmRegistry *registry, const HmPlugin *plugin, const char *origin, GError **error)
{
  for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
    if (!hm_meter_table_add (registry->meters, meter, origin, error))
      return FALSE;
  return TRUE;
}

static char *
check (const HmRegistry *registry, const HmPlugin *plugin, const char *origin)
{
  char *reason = hm_plugin_check_abi (plugin);

  if (reason == NULL)
    reason = hm_plugin_check (plugin);
  if (reason == NULL)
    reason = check_stem (plugin, origin);
  if (reason == NULL)
    reason = check_duplicate (registry, plugin);
  return reason;
}

gboolean
hm_registry_add (HmRegistry *registry, const HmPlugin *plugin, const char *origin, GError **error)
{
  g_autofree char *reason = check (registry, plugin, origin);
  Entry *entry;

  if (reason != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", origin, reason);
      return FALSE;
    }
  if (!check_meters (registry, plugin, origin, error) || !add_meters (registry, plugin, origin, error))
    return FALSE;

  entry = g_new (Entry, 1);
  entry->origin = g_strdup (origin);
  entry->registered.plugin = plugin;
  entry->registered.origin = entry->origin;
  g_ptr_array_add (registry->plugins, entry);
  return TRUE;
}

/* -- modules -- */

static void
refuse (HmRegistry *registry, const char *origin, const char *reason)
{
  HmRefused *refused = g_new (HmRefused, 1);

  refused->origin = g_strdup (origin);
  refused->reason = g_strdup (reason);
  g_ptr_array_add (registry->refused, refused);
}

/* The descriptor of the module at @path; it and what it points to are part of the module. */
static const HmPlugin *
open_module (const char *path, char **ret_reason)
{
  GModule *module = hm_module_open (path, ret_reason);
  gpointer symbol = NULL;

  if (module == NULL)
    return NULL;
  if (!g_module_symbol (module, HM_PLUGIN_SYMBOL, &symbol) || symbol == NULL)
    *ret_reason = g_strdup_printf ("it is not a plugin: %s", g_module_error ());
  return symbol;
}

/* TRUE where @plugin is of one of @namespaces. One that cannot be read is wanted, so that it is refused
 * aloud. */
static gboolean
is_wanted (const HmPlugin *plugin, const char *const *namespaces)
{
  g_autofree char *reason = hm_plugin_check_abi (plugin);

  return namespaces == NULL || reason != NULL || plugin->ns == NULL
         || g_strv_contains (namespaces, plugin->ns);
}

static gboolean
scan_module (HmRegistry *registry, const char *path, const char *const *namespaces)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = hm_module_check_writers (path, S_IFREG);
  const HmPlugin *plugin = reason == NULL ? open_module (path, &reason) : NULL;

  if (plugin == NULL)
    {
      refuse (registry, path, reason);
      return FALSE;
    }
  if (!is_wanted (plugin, namespaces))
    return FALSE;
  if (!hm_registry_add (registry, plugin, path, &error))
    {
      refuse (registry, path, error->message);
      return FALSE;
    }
  return TRUE;
}

/* -- folders -- */

static gboolean
is_module (const char *name)
{
  return name[0] != '.' && g_str_has_suffix (name, MODULE_SUFFIX);
}

/* Sorted names of all that is in @folder. (transfer full) NULL with a reason when it cannot be listed to its end: a plugin that is
 * left out without a word is missed late. */
static GStrv
list_folder (const char *folder, char **ret_reason)
{
  HmFiles *files = hm_files_system ();
  GStrv names = files->list (files, folder);

  if (names == NULL)
    *ret_reason = g_strdup (g_strerror (errno));
  return names;
}

guint
hm_registry_scan (HmRegistry *registry, const char *folder, const char *const *namespaces)
{
  g_auto (GStrv) names = NULL;
  g_autofree char *reason = NULL;
  guint added = 0;

  if (access (folder, F_OK) != 0 && errno == ENOENT)
    return 0;
  reason = hm_module_check_writers (folder, S_IFDIR);
  if (reason == NULL)
    names = list_folder (folder, &reason);
  if (names == NULL)
    {
      refuse (registry, folder, reason);
      return 0;
    }
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      if (is_module (names[i]))
        added += scan_module (registry, path, namespaces);
    }
  return added;
}

guint
hm_registry_scan_path (HmRegistry *registry, const char *path, const char *const *namespaces)
{
  g_auto (GStrv) folders = hm_plugin_path_split (path);
  guint added = 0;

  for (guint i = 0; folders[i] != NULL; i++)
    if (*folders[i] != '\0')
      added += hm_registry_scan (registry, folders[i], namespaces);
  return added;
}

/* -- asking -- */

const HmRegistered *
hm_registry_find (const HmRegistry *registry, const char *ns, const char *name)
{
  for (guint i = 0; i < registry->plugins->len; i++)
    {
      const Entry *entry = g_ptr_array_index (registry->plugins, i);
      const HmPlugin *plugin = entry->registered.plugin;

      if (g_str_equal (plugin->ns, ns) && g_str_equal (plugin->name, name))
        return &entry->registered;
    }
  return NULL;
}

static gint
by_namespace_and_name (gconstpointer a, gconstpointer b)
{
  const HmPlugin *left = (*(const HmRegistered *const *)a)->plugin;
  const HmPlugin *right = (*(const HmRegistered *const *)b)->plugin;
  int order = strcmp (left->ns, right->ns);

  return order != 0 ? order : strcmp (left->name, right->name);
}

GPtrArray *
hm_registry_list (const HmRegistry *registry, const char *ns)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < registry->plugins->len; i++)
    {
      Entry *entry = g_ptr_array_index (registry->plugins, i);

      if (ns == NULL || g_str_equal (entry->registered.plugin->ns, ns))
        g_ptr_array_add (list, &entry->registered);
    }
  g_ptr_array_sort (list, by_namespace_and_name);
  return list;
}

const GPtrArray *
hm_registry_refused (const HmRegistry *registry)
{
  return registry->refused;
}
