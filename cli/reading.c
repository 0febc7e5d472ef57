/* SPDX-License-Identifier: Apache-2.0 */
/* reading: what the commands that read a store have in common. The store's URL comes from --store, else from
 * the collector's configuration, else it is the collector's own default. Reading never waits for a collector
 * and never blocks one. */
#include "cli/command.h"

#include "metering/registry.h"
#include "metering/settings.h"

/* As the collector has them. */
#define DEFAULT_CONFIG HM_SYSCONFDIR "/hypermeter/collector.conf"
#define DEFAULT_STORE  "sqlite://" HM_LOCALSTATEDIR "/lib/hypermeter/usage.db"

/* -- options -- */

/* Ids are bytes of UTF-8 in every locale; G_OPTION_ARG_STRING would convert them, or refuse. */
#define ARG_ID G_OPTION_ARG_FILENAME

static void
add_store (HmReading *r, const HmCommand *command, GOptionContext *context)
{
  const char *forms
      = (command->asks & HM_ASKS_FILES) != 0 ? "csv (default) or ndjson" : "table, json, ndjson or csv";
  const GOptionEntry store[]
      = { { "output", 'o', 0, G_OPTION_ARG_STRING, &r->format, forms, "FORM" },
          { "store", 's', 0, G_OPTION_ARG_STRING, &r->store_url,
            "Store to read, e.g. sqlite:///var/lib/hypermeter/usage.db or postgresql://user@host/database",
            "URL" },
          { "config", 'c', 0, G_OPTION_ARG_FILENAME, &r->config,
            "Collector's configuration to take the store from", "FILE" },
          { "plugin-path", 0, 0, G_OPTION_ARG_FILENAME, &r->plugin_path, "Folders of plugins", "PATH" },
          { NULL } };

  g_option_context_add_main_entries (context, store, NULL);
}

static GOptionContext *
new_context (HmReading *r, const HmCommand *command, const GOptionEntry *entries)
{
  const GOptionEntry period[]
      = { { "from", 0, 0, G_OPTION_ARG_STRING, &r->from,
            "First moment: 2026-11-21, RFC 3339, today, this-month, -2h", "T" },
          { "to", 0, 0, G_OPTION_ARG_STRING, &r->to, "First moment that no longer counts", "T" },
          { NULL } };
  const GOptionEntry owner[] = { { "source", 0, 0, ARG_ID, &r->source, "Only this site", "NAME" },
                                 { "project", 0, 0, ARG_ID, &r->project, "Only this project", "ID" },
                                 { "user", 0, 0, ARG_ID, &r->user, "Only this user", "ID" },
                                 { "resource", 0, 0, ARG_ID, &r->resource, "Only this resource", "ID" },
                                 { NULL } };
  const GOptionEntry limit[]
      = { { "limit", 'n', 0, G_OPTION_ARG_INT64, &r->limit, "At most so many rows", "N" }, { NULL } };
  const GOptionEntry zone[]
      = { { "zone", 'z', 0, G_OPTION_ARG_STRING, &r->zone,
            "Hours, days and months of this time zone, e.g. Europe/Berlin; default: UTC", "ZONE" },
          { NULL } };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->examples);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  if ((command->asks & HM_ASKS_PERIOD) != 0)
    g_option_context_add_main_entries (context, period, NULL);
  if ((command->asks & HM_ASKS_OWNER) != 0)
    g_option_context_add_main_entries (context, owner, NULL);
  if ((command->asks & HM_ASKS_LIMIT) != 0)
    g_option_context_add_main_entries (context, limit, NULL);
  if ((command->asks & HM_ASKS_ZONE) != 0)
    g_option_context_add_main_entries (context, zone, NULL);
  add_store (r, command, context);
  return context;
}

static gboolean
use_zone (HmReading *r, GError **error)
{
  if (r->zone == NULL || (r->calendar = hm_calendar_new (r->zone, error)) != NULL)
    return TRUE;
  g_prefix_error (error, "--zone: ");
  return FALSE;
}

gboolean
hm_reading_parse (HmReading *r, const HmCommand *command, const GOptionEntry *entries, int argc, char **argv,
                  GError **error)
{
  g_autofree char *program = g_strdup_printf ("hypermeter %s", command->name);
  g_autoptr (GOptionContext) context = new_context (r, command, entries);
  g_autoptr (GError) local = NULL;

  g_set_prgname (program);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see '%s --help'", local->message, program);
  else if (argc > 1)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is not expected here; see '%s --help'", argv[1],
                 program);
  else if (r->format != NULL && !hm_output_format_parse (r->format, &r->output))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--output: '%s' is none of table, json, ndjson, csv",
                 r->format);
  else if (r->limit < 0)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "--limit: must not be negative");
  else
    return use_zone (r, error);
  return FALSE;
}

/* -- configuration -- */

static void
take_setting (char **setting, const HmSettings *settings, const char *section, const char *key)
{
  if (*setting == NULL)
    *setting = g_strdup (hm_settings_peek (settings, section, key));
}

gboolean
hm_reading_configure (HmReading *r, GError **error)
{
  g_autoptr (HmSettings) settings = NULL;

  if (r->store_url == NULL || r->config != NULL)
    {
      settings
          = hm_settings_load (r->config != NULL ? r->config : DEFAULT_CONFIG, r->config != NULL, NULL, error);
      if (settings == NULL)
        return FALSE;
      take_setting (&r->store_url, settings, "store", "url");
      take_setting (&r->plugin_path, settings, "collector", "plugin-path");
      take_setting (&r->meters, settings, "collector", "meters");
      take_setting (&r->runtime_dir, settings, "collector", "runtime-dir");
      take_setting (&r->silent_after, settings, "collector", "silent-after");
      if (r->runtime_dir == NULL)
        r->runtime_dir = g_strdup (HM_RUNSTATEDIR "/hypermeter");
    }
  r->found_store = r->store_url != NULL;
  if (!r->found_store)
    r->store_url = g_strdup (DEFAULT_STORE);
  return TRUE;
}

/* -- the store -- */

gboolean
hm_reading_find (HmReading *r, GError **error)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  g_autofree char *scheme = hm_store_scheme (r->store_url);
  const HmRegistered *found;

  if (scheme == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                   "--store: that is no URL, such as sqlite:///path/to/file");
      return FALSE;
    }
  r->registry = hm_registry_new ();
  hm_registry_scan_path (r->registry, r->plugin_path, namespaces);
  found = hm_registry_find (r->registry, HM_NS_STORE, scheme);
  if (found == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "there is no plugin '%s' to read that store with",
                   scheme);
      return FALSE;
    }
  r->ops = found->plugin->store;
  return TRUE;
}

static gboolean
open_store (HmReading *r, GError **error)
{
  if (r->ops == NULL && !hm_reading_find (r, error))
    return FALSE;
  r->store = r->ops->open (r->store_url, r->mode, 0, error);
  if (r->store == NULL && !r->found_store)
    g_prefix_error (error, "no --store was given and no configuration names one: ");
  return r->store != NULL;
}

static gboolean
fill_filter (HmReading *r, const HmCommand *command, GError **error)
{
  HmTime now = hm_clock_system ()->wall (hm_clock_system ());
  gint64 grain = (command->asks & HM_ASKS_STEPS) != 0 ? r->ops->grain (r->store) : 1;
  HmStoreFilter *filter = &r->filter;

  *filter = (HmStoreFilter){ .from = HM_TIME_UNKNOWN,
                             .to = HM_TIME_UNKNOWN,
                             .source = r->source,
                             .project = r->project,
                             .user = r->user,
                             .resource = r->resource,
                             .limit = (guint64)r->limit };
  if (r->from != NULL
      && !hm_moment_parse_in (r->calendar, r->from, now, grain, "--from", &filter->from, error))
    return FALSE;
  if (r->to != NULL && !hm_moment_parse_in (r->calendar, r->to, now, grain, "--to", &filter->to, error))
    return FALSE;
  if (filter->to == HM_TIME_UNKNOWN || filter->from == HM_TIME_UNKNOWN || filter->from <= filter->to)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--from (%s) lies after --to (%s)", r->from, r->to);
  return FALSE;
}

gboolean
hm_reading_connect (HmReading *reading, const HmCommand *command, GError **error)
{
  return open_store (reading, error) && fill_filter (reading, command, error);
}

gboolean
hm_reading_open (HmReading *reading, const HmCommand *command, const GOptionEntry *entries, int argc,
                 char **argv, GError **error)
{
  return hm_reading_parse (reading, command, entries, argc, argv, error)
         && hm_reading_configure (reading, error) && hm_reading_connect (reading, command, error);
}

HmOutput *
hm_reading_output (const HmReading *reading, const HmColumn *columns, guint n_columns)
{
  return hm_output_new (reading->output, columns, n_columns, (guint64)reading->limit);
}

void
hm_reading_clear (HmReading *r)
{
  if (r->store != NULL)
    r->ops->close (r->store);
  g_clear_pointer (&r->registry, hm_registry_free);
  g_clear_pointer (&r->table, hm_meter_table_free);
  g_free (r->store_url);
  g_free (r->config);
  g_free (r->runtime_dir);
  g_free (r->silent_after);
  g_free (r->plugin_path);
  g_free (r->meters);
  g_free (r->from);
  g_free (r->to);
  g_free (r->zone);
  hm_calendar_free (r->calendar);
  g_free (r->source);
  g_free (r->project);
  g_free (r->user);
  g_free (r->resource);
  g_free (r->format);
}
