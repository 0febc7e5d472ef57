/* SPDX-License-Identifier: Apache-2.0 */
/* list_meters: collects the meters of all plugins that were built, for meters.json and docs/meters.md.
 *
 * Run by make only. It loads the modules through the registry as a program would, so a plugin that the
 * registry refuses, or a meter that two plugins define differently, stops the build here and not at a
 * customer's.
 *
 * Usage: list_meters json|markdown PATH    PATH: folders of modules, separated by colons */
#include "metering/registry.h"

#include <stdio.h>

static const char intro[]
    = "# Meters\n"
      "\n"
      "Generated from the rows in the plugins by `make update-docs`; `make check` compares.\n"
      "\n"
      "A meter has one name, one type and one unit in the whole system, the unit in which its origin gives "
      "it, so that\n"
      "nothing is cut off on the way. `cumulative` counts up within one counter life, `gauge` is a state "
      "that holds until\n"
      "the next reading, `delta` is what came since the sample's start. What was not given has no sample; it "
      "is never\n"
      "taken for zero.\n"
      "\n"
      "- **holds** says how long a value goes on across the states of its instance: with its `existence` "
      "(shut off too),\n"
      "  its `allocation` (while there is a process), its `disk` (while it is defined), its `activity` "
      "(counted while\n"
      "  there is a process), its `state`, or regardless of it (`none`).\n"
      "- **life** says what restarts a counter: a new `process`, a `device` unplugged and plugged again, a "
      "reboot of the\n"
      "  `guest`.\n"
      "- Meters that are **off** are taken when a configuration names them.\n";

/* -- collecting -- */

static gboolean
check_refused (const HmRegistry *registry)
{
  const GPtrArray *refused = hm_registry_refused (registry);

  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);

      g_printerr ("%s: %s\n", one->origin, one->reason);
    }
  return refused->len == 0;
}

/* Every meter that there is. NULL after it said why not: two plugins differ on one. */
static HmMeterTable *
collect (const HmRegistry *registry)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (GPtrArray) plugins = hm_registry_list (registry, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < plugins->len; i++)
    {
      const HmRegistered *registered = g_ptr_array_index (plugins, i);
      const HmMeter *meter = registered->plugin->meters;

      for (; meter != NULL && meter->name != NULL; meter++)
        if (!hm_meter_table_add (table, meter, registered->origin, &error))
          {
            g_printerr ("%s\n", error->message);
            return NULL;
          }
    }
  return g_steal_pointer (&table);
}

/* -- printing -- */

static void
print_plugin (const HmPlugin *plugin, GString *out)
{
  g_string_append_printf (out, "\n### %s\n\n%s.\n\n", plugin->name, plugin->summary);
  g_string_append (out, "| meter | type | unit | holds | life | by default | what it is |\n");
  g_string_append (out, "|---|---|---|---|---|---|---|\n");
  for (const HmMeter *meter = plugin->meters; meter->name != NULL; meter++)
    g_string_append_printf (out, "| `%s` | %s | %s | %s | %s | %s | %s |\n", meter->name,
                            hm_meter_type_name (meter->type), meter->unit, hm_hold_name (meter->hold),
                            hm_life_name (meter->life), meter->off ? "off" : "on", meter->help);
}

/* Namespace after namespace, plugin after plugin. */
static void
print_markdown (const HmRegistry *registry, GString *out)
{
  g_autoptr (GPtrArray) plugins = hm_registry_list (registry, NULL);
  const char *last = "";

  g_string_append (out, intro);
  for (guint i = 0; i < plugins->len; i++)
    {
      const HmPlugin *plugin = ((const HmRegistered *)g_ptr_array_index (plugins, i))->plugin;

      if (plugin->meters == NULL)
        continue;
      if (!g_str_equal (plugin->ns, last))
        g_string_append_printf (out, "\n## %s\n", plugin->ns);
      last = plugin->ns;
      print_plugin (plugin, out);
    }
}

static gboolean
print (const HmRegistry *registry, const char *form, GString *out)
{
  g_autoptr (HmMeterTable) table = collect (registry);
  g_autofree char *json = NULL;

  if (table == NULL)
    return FALSE;
  if (g_str_equal (form, "markdown"))
    {
      print_markdown (registry, out);
      return TRUE;
    }
  json = hm_meter_table_to_json (table);
  g_string_append (out, json);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  if (argc != 3 || (!g_str_equal (argv[1], "json") && !g_str_equal (argv[1], "markdown")))
    {
      g_printerr ("usage: %s json|markdown PATH\n", argv[0]);
      return 64;
    }
  if (hm_registry_scan_path (registry, argv[2], NULL) == 0)
    g_printerr ("%s: no plugin there\n", argv[2]);
  else if (check_refused (registry) && print (registry, argv[1], out) && fputs (out->str, stdout) != EOF
           && fflush (stdout) == 0)
    return 0;
  return 70;
}
