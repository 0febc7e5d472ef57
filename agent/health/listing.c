/* SPDX-License-Identifier: Apache-2.0 */
/* listing: see listing.h. Called by main, which prints and ends. */
#include "agent/health/listing.h"

#include <string.h>

#include "metering/error.h"

/* -- plugins -- */

static const char *
state_of (const HmPluginChoice *choice)
{
  if (!choice->enabled)
    return "off";
  if (choice->plugin->publisher == NULL)
    return "on";
  return choice->required ? "on, required" : "on, optional";
}

char *
hm_list_plugins (const HmRegistry *registry, const GPtrArray *choices)
{
  GString *out = g_string_new (NULL);
  const GPtrArray *refused = hm_registry_refused (registry);

  g_string_append_printf (out, "%-24s %-24s %-8s %-13s %s\n", "PLUGIN", "NAMESPACE", "VERSION", "STATE",
                          "SUMMARY");
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);
      const HmPlugin *plugin = choice->plugin;

      g_string_append_printf (out, "%-24s %-24s %-8s %-13s %s\n", plugin->name, plugin->ns, plugin->version,
                              state_of (choice), plugin->summary);
    }
  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);

      g_string_append_printf (out, "refused: %s: %s\n", one->origin, one->reason);
    }
  return g_string_free (out, FALSE);
}

/* -- a start -- */

static guint
count_wanted (const HmAgentConfig *config, const HmPlugin *plugin)
{
  guint n = 0;

  for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
    n += hm_polling_find (config->polling, meter) != NULL;
  return n;
}

/* "default/60s,disks/10m" (transfer full) */
static char *
list_sources (const HmPolling *polling)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < polling->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (polling->sources, i);
      g_autofree char *interval = hm_duration_print (source->interval_ns);

      g_string_append_printf (out, "%s%s/%s", i > 0 ? "," : "", source->name, interval);
    }
  return g_string_free (out, FALSE);
}

char *
hm_list_start (const HmAgentConfig *config, const GPtrArray *choices)
{
  g_autofree char *sources = list_sources (config->polling);
  g_autoptr (GString) plugins = g_string_new (NULL);
  guint meters = 0;

  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (!choice->enabled)
        continue;
      meters += count_wanted (config, choice->plugin);
      g_string_append_printf (plugins, "%s%s", plugins->len > 0 ? "," : "", choice->plugin->name);
    }
  return g_strdup_printf ("starts: version=%s id=%s source=%s uri=%s polling=%s meters=%u plugins=%s",
                          PACKAGE_VERSION, config->id, hm_options_text (config->agent, "source"),
                          hm_options_text (config->inspector, "uri"), sources, meters, plugins->str);
}

/* -- meters -- */

/* One meter, and who measures it. */
typedef struct
{
  const HmMeter *meter;
  GString *plugins;
} Row;

static void
free_row (gpointer data)
{
  Row *row = data;

  g_string_free (row->plugins, TRUE);
  g_free (row);
}

static void
add_row (GPtrArray *rows, const HmMeter *meter, const char *plugin)
{
  Row *row;

  for (guint i = 0; i < rows->len; i++)
    {
      row = g_ptr_array_index (rows, i);
      if (g_str_equal (row->meter->name, meter->name))
        {
          g_string_append_printf (row->plugins, ", %s", plugin);
          return;
        }
    }
  row = g_new (Row, 1);
  row->meter = meter;
  row->plugins = g_string_new (plugin);
  g_ptr_array_add (rows, row);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const Row *const *)a)->meter->name, (*(const Row *const *)b)->meter->name);
}

/* Sorted by name. (transfer full) (element-type Row) */
static GPtrArray *
collect_rows (const HmRegistry *registry)
{
  g_autoptr (GPtrArray) plugins = hm_registry_list (registry, NULL);
  GPtrArray *rows = g_ptr_array_new_with_free_func (free_row);

  for (guint i = 0; i < plugins->len; i++)
    {
      const HmPlugin *plugin = ((const HmRegistered *)g_ptr_array_index (plugins, i))->plugin;

      for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
        add_row (rows, meter, plugin->name);
    }
  g_ptr_array_sort (rows, by_name);
  return rows;
}

static void
append_rows (GString *out, const HmRegistry *registry, const char *format)
{
  g_autoptr (GPtrArray) rows = collect_rows (registry);

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);

      /* The format is one of the two below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_string_append_printf (out, format, row->meter->name, hm_meter_type_name (row->meter->type),
                              row->meter->unit, row->meter->off ? "off" : "on", row->plugins->str,
                              row->meter->help);
#pragma GCC diagnostic pop
    }
}

static char *
list_text (const HmRegistry *registry)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%-34s %-10s %-9s %-3s %-23s %s\n", "METER", "TYPE", "UNIT", "", "PLUGIN",
                          "WHAT");
  append_rows (out, registry, "%-34s %-10s %-9s %-3s %-23s %s\n");
  return g_string_free (out, FALSE);
}

static char *
list_markdown (const HmRegistry *registry)
{
  GString *out
      = g_string_new ("| meter | type | unit | default | plugin | what |\n|---|---|---|---|---|---|\n");

  append_rows (out, registry, "| `%s` | %s | %s | %s | %s | %s |\n");
  return g_string_free (out, FALSE);
}

char *
hm_list_meters_here (const HmRegistry *registry, const HmSurvey *survey)
{
  g_autoptr (GPtrArray) rows = collect_rows (registry);
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%-35s %-10s %-9s %-7s %6s  %-15s %s\n", "METER", "TYPE", "UNIT", "DEFAULT",
                          "HERE", "PLUGIN", "WHAT, AND WHERE NONE IS HERE: WHY");
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);
      guint given = hm_survey_given (survey, row->meter->name);
      g_autofree char *reason = given == 0 ? hm_survey_reason (survey, row->meter) : NULL;

      g_string_append_printf (out, "%-35s %-10s %-9s %-7s %6u  %-15s %s%s%s\n", row->meter->name,
                              hm_meter_type_name (row->meter->type), row->meter->unit,
                              row->meter->off ? "off" : "on", given, row->plugins->str, row->meter->help,
                              given == 0 ? "; none here: " : "", given == 0 ? reason : "");
    }
  return g_string_free (out, FALSE);
}

/* The registry has made sure that all plugins agree on each meter. */
static char *
list_json (const HmRegistry *registry, GError **error)
{
  g_autoptr (GPtrArray) rows = collect_rows (registry);
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);

      if (!hm_meter_table_add (table, row->meter, row->plugins->str, error))
        return NULL;
    }
  return hm_meter_table_to_json (table);
}

char *
hm_list_meters (const HmRegistry *registry, const char *format, GError **error)
{
  if (g_str_equal (format, "text"))
    return list_text (registry);
  if (g_str_equal (format, "markdown"))
    return list_markdown (registry);
  if (g_str_equal (format, "json"))
    return list_json (registry, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--list-meters: \"%s\" is none of text, json, markdown",
               format);
  return NULL;
}

/* -- configuration -- */

static void
append_section (GString *out, const char *name, const HmOptions *options, gboolean comments, gboolean off)
{
  g_string_append_printf (out, "%s%s[%s]\n", out->len > 0 ? "\n" : "", off ? "#" : "", name);
  hm_options_print (options, comments, out);
}

/* Where there is none, its keys are shown as those of one that could be. */
static void
append_mappings (GString *out, const HmOwnerMap *owners, gboolean comments)
{
  g_autoptr (HmOptions) none = NULL;

  for (guint i = 0; i < owners->rules->len; i++)
    {
      const HmOwnerRule *rule = g_ptr_array_index (owners->rules, i);

      append_section (out, rule->section, rule->options, comments, FALSE);
    }
  if (!comments || owners->rules->len > 0)
    return;
  none = hm_options_new (hm_owner_map_table (), NULL, HM_OWNER_SECTION, NULL);
  append_section (out, HM_OWNER_SECTION "NAME", none, TRUE, TRUE);
}

static void
append_keys (GString *out, const GPtrArray *keys, gboolean comments)
{
  g_autoptr (HmOptions) none = NULL;
  gboolean has_section = FALSE;

  for (guint i = 0; i < keys->len; i++)
    {
      const HmKeyChoice *choice = g_ptr_array_index (keys, i);

      has_section |= choice->section != NULL;
      if (choice->section != NULL)
        append_section (out, choice->section, choice->options, comments, FALSE);
    }
  if (!comments || has_section)
    return;
  none = hm_options_new (hm_key_table (), NULL, HM_KEY_SECTION, NULL);
  append_section (out, HM_KEY_SECTION "ID", none, TRUE, TRUE);
}

char *
hm_list_config (const HmAgentConfig *config, const GPtrArray *choices, gboolean comments)
{
  GString *out = g_string_new (NULL);

  for (const HmAgentSection *section = hm_agent_sections (); section->name != NULL; section++)
    append_section (out, section->name, hm_agent_config_section (config, section), comments, FALSE);
  append_mappings (out, config->owners, comments);
  append_keys (out, config->keys, comments);
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      /* The mere header of a publisher's section would switch it on. */
      if (comments || choice->enabled || choice->named)
        append_section (out, choice->section, choice->options, comments,
                        !choice->named && choice->plugin->publisher != NULL);
    }
  return g_string_free (out, FALSE);
}
