/* SPDX-License-Identifier: Apache-2.0 */
/* plugins: see plugins.h. On the main thread, before anything runs. */
#include "agent/plugins.h"

#include <string.h>

#include "metering/error.h"

#define DEFAULT_PUBLISHER "kafka"

static const char *const own_namespaces[]
    = { HM_NS_POLL_COMPUTE, HM_NS_POLL_HOST, HM_NS_SELF, HM_NS_NOTIFICATION, HM_NS_PUBLISHER, NULL };

static const HmOption common_options[] = {
  { .key = "enabled", .type = HM_OPTION_BOOL, .fallback = "true", .help = "Whether this plugin runs" },
  { .key = NULL },
};

static const HmOption publisher_options[] = {
  { .key = "enabled", .type = HM_OPTION_BOOL, .fallback = "true", .help = "Whether this plugin runs" },
  { .key = "required",
    .type = HM_OPTION_BOOL,
    .fallback = "true",
    .help = "Whether a record waits until this publisher has confirmed it. An optional one never holds "
            "records back" },
  { .key = NULL },
};

/* What every step of choosing needs. */
typedef struct
{
  const HmRegistry *registry;
  HmSettings *settings;
  const char *where;
  const char *const *namespaces;
  GPtrArray *choices; /* (element-type HmPluginChoice) */
} Choosing;

/* -- scanning -- */

HmRegistry *
hm_agent_plugins_scan (const char *path, const char *const *namespaces)
{
  HmRegistry *registry = hm_registry_new ();
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();

  for (guint i = 0; own_namespaces[i] != NULL; i++)
    g_ptr_array_add (wanted, (gpointer)(guintptr)own_namespaces[i]);
  for (guint i = 0; namespaces[i] != NULL; i++)
    g_ptr_array_add (wanted, (gpointer)(guintptr)namespaces[i]);
  g_ptr_array_add (wanted, NULL);
  hm_registry_scan_path (registry, path, (const char *const *)wanted->pdata);
  return registry;
}

/* -- one plugin -- */

static void
free_choice (gpointer data)
{
  HmPluginChoice *choice = data;

  hm_options_unref (choice->options);
  g_free (choice->table);
  g_free (choice->section);
  g_free (choice);
}

static guint
table_size (const HmOption *table)
{
  guint n = 0;

  while (table != NULL && table[n].key != NULL)
    n++;
  return n;
}

/* The common rows, then the plugin's. */
static HmOption *
join_tables (const HmOption *common, const HmOption *own)
{
  guint n = table_size (common), m = table_size (own);
  HmOption *table = g_new0 (HmOption, n + m + 1);

  memcpy (table, common, n * sizeof (HmOption));
  if (m > 0)
    memcpy (table + n, own, m * sizeof (HmOption));
  return table;
}

/* Without its section, or switched off, nothing can be required of it; TRUE when something would have been. */
static gboolean
relax (HmOption *table)
{
  gboolean relaxed = FALSE;

  for (; table->key != NULL; table++)
    {
      relaxed |= table->required;
      table->required = FALSE;
    }
  return relaxed;
}

static gboolean
is_publisher (const HmPluginChoice *choice)
{
  return choice->plugin->publisher != NULL;
}

/* What its namespace and its own section say. */
static gboolean
decide (const HmPluginChoice *choice, const char *const *namespaces, gboolean lacks_options)
{
  if (!hm_options_bool (choice->options, "enabled"))
    return FALSE;
  if (is_publisher (choice))
    return choice->named;
  return !lacks_options && g_strv_contains (namespaces, choice->plugin->ns);
}

static gboolean
is_switched_off (const Choosing *c, const char *section)
{
  return g_strcmp0 (hm_settings_peek (c->settings, section, "enabled"), "false") == 0;
}

static HmPluginChoice *
choose_one (const Choosing *c, const HmRegistered *registered, GError **error)
{
  HmPluginChoice *choice = g_new0 (HmPluginChoice, 1);
  gboolean lacks_options;

  choice->plugin = registered->plugin;
  choice->origin = registered->origin;
  choice->section = g_strdup_printf ("%s:%s", hm_plugin_kind (choice->plugin), choice->plugin->name);
  choice->named = hm_settings_has (c->settings, choice->section);
  choice->table
      = join_tables (is_publisher (choice) ? publisher_options : common_options, choice->plugin->options);
  lacks_options = (!choice->named || is_switched_off (c, choice->section)) && relax (choice->table);
  choice->options = hm_settings_section (c->settings, choice->section, choice->table, error);
  if (choice->options == NULL)
    {
      free_choice (choice);
      return NULL;
    }
  choice->enabled = decide (choice, c->namespaces, lacks_options);
  choice->required = is_publisher (choice) && hm_options_bool (choice->options, "required");
  return choice;
}

/* -- those that the configuration names -- */

/* (nullable) */
static const HmRegistered *
find_by_section (const HmRegistry *registry, const char *section)
{
  g_autoptr (GPtrArray) all = hm_registry_list (registry, NULL);
  const char *name = strchr (section, ':') + 1;

  for (guint i = 0; i < all->len; i++)
    {
      const HmRegistered *registered = g_ptr_array_index (all, i);
      const char *kind = hm_plugin_kind (registered->plugin);

      if (g_str_has_prefix (section, kind) && section[strlen (kind)] == ':'
          && g_str_equal (registered->plugin->name, name))
        return registered;
    }
  return NULL;
}

static const char *
why_missing (const HmRegistry *registry, const char *name)
{
  const GPtrArray *refused = hm_registry_refused (registry);
  g_autofree char *file = g_strdup_printf ("%s.so", name);

  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);
      g_autofree char *base = g_path_get_basename (one->origin);

      if (g_str_equal (base, file))
        return one->reason;
    }
  return "there is no such plugin in the plugin path";
}

/* A plugin that is not there may still be named to say that it is off, with whatever options it once had. */
static gboolean
pass_over (HmSettings *settings, const char *section, GError **error)
{
  static const HmOption anything[]
      = { { .key = "", .type = HM_OPTION_PREFIX, .help = "anything" }, { .key = NULL } };
  g_autoptr (HmOptions) options = hm_settings_section (settings, section, anything, error);

  return options != NULL;
}

static gboolean
add_choice (const Choosing *c, const HmRegistered *registered, GError **error)
{
  HmPluginChoice *choice = choose_one (c, registered, error);

  if (choice == NULL)
    return FALSE;
  g_ptr_array_add (c->choices, choice);
  return TRUE;
}

static gboolean
add_named (const Choosing *c, const char *section, GError **error)
{
  const HmRegistered *registered = find_by_section (c->registry, section);

  if (registered != NULL)
    return add_choice (c, registered, error);
  if (is_switched_off (c, section))
    return pass_over (c->settings, section, error);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s, [%s]: %s", c->where, section,
               why_missing (c->registry, strchr (section, ':') + 1));
  return FALSE;
}

static gboolean
add_all_named (const Choosing *c, GError **error)
{
  static const char *const kinds[] = { "publisher:", "pollster:", "notification:" };

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_auto (GStrv) sections = hm_settings_sections (c->settings, kinds[k]);

      for (guint i = 0; sections[i] != NULL; i++)
        if (!add_named (c, sections[i], error))
          return FALSE;
    }
  return TRUE;
}

/* -- the others -- */

static gboolean
is_chosen (const Choosing *c, const HmPlugin *plugin)
{
  for (guint i = 0; i < c->choices->len; i++)
    if (((const HmPluginChoice *)g_ptr_array_index (c->choices, i))->plugin == plugin)
      return TRUE;
  return FALSE;
}

static gboolean
add_unnamed (const Choosing *c, GError **error)
{
  g_autoptr (GPtrArray) all = hm_registry_list (c->registry, NULL);

  for (guint i = 0; i < all->len; i++)
    {
      const HmRegistered *registered = g_ptr_array_index (all, i);

      if (!is_chosen (c, registered->plugin) && !add_choice (c, registered, error))
        return FALSE;
    }
  return TRUE;
}

static guint
count_publishers (const GPtrArray *choices, gboolean (*which) (const HmPluginChoice *choice))
{
  guint n = 0;

  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      n += is_publisher (choice) && which (choice);
    }
  return n;
}

static gboolean
is_named (const HmPluginChoice *choice)
{
  return choice->named;
}

static gboolean
is_enabled (const HmPluginChoice *choice)
{
  return choice->enabled;
}

static void
enable_default_publisher (GPtrArray *choices)
{
  for (guint i = 0; i < choices->len; i++)
    {
      HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (is_publisher (choice) && g_str_equal (choice->plugin->name, DEFAULT_PUBLISHER))
        choice->enabled = TRUE;
    }
}

GPtrArray *
hm_agent_plugins_choose (const HmRegistry *registry, HmSettings *settings, const char *where,
                         const char *const *namespaces, GError **error)
{
  g_autoptr (GPtrArray) choices = g_ptr_array_new_with_free_func (free_choice);
  Choosing c = { registry, settings, where, namespaces, choices };
  gboolean names_one;

  if (!add_all_named (&c, error) || !add_unnamed (&c, error))
    return NULL;
  names_one = count_publishers (choices, is_named) > 0;
  if (!names_one)
    enable_default_publisher (choices);
  if (count_publishers (choices, is_enabled) > 0)
    return g_steal_pointer (&choices);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s, [publisher:" DEFAULT_PUBLISHER "]: no publisher is enabled: %s", where,
               names_one ? "the configuration switches all of them off"
                         : why_missing (registry, DEFAULT_PUBLISHER));
  return NULL;
}
