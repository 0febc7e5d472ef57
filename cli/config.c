/* SPDX-License-Identifier: Apache-2.0 */
/* config: `hypermeter config explain`. Which source of the agent's polling polls a meter, how often, and why; or why none does. It
 * reads the agent's configuration and the table of shipped meters as files, so it answers for a configuration that is not in force
 * yet as well. */
#include "cli/command.h"

#include <string.h>

#include "metering/meter.h"
#include "metering/polling.h"
#include "metering/settings.h"

#define DEFAULT_CONFIG HM_SYSCONFDIR "/hypermeter/agent.conf"
#define TEXT_SHOWN     64
#define NONE_POLLED    1

static const HmColumn columns[] = {
  { "meter", HM_COLUMN_TEXT },
  { "polled", HM_COLUMN_BOOL },
  { "source", HM_COLUMN_TEXT },
  { "interval", HM_COLUMN_TEXT },
  { "pattern", HM_COLUMN_TEXT },
  { "where", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "resources", HM_COLUMN_LIST, .machine_only = TRUE },
  { "reason", HM_COLUMN_TEXT },
};

typedef struct
{
  char *config, *meters, *format;
  char **overrides;
  HmOutputFormat output;
  HmPolling *polling;
  GPtrArray *by_interval; /* (element-type HmPollingSource) shortest first, of equal ones the first */
  HmMeterTable *table;
  HmOutput *out;
  gboolean some_polled;
} Explain;

static void
explain_clear (Explain *e)
{
  g_clear_pointer (&e->by_interval, g_ptr_array_unref);
  g_clear_pointer (&e->polling, hm_polling_unref);
  g_clear_pointer (&e->table, hm_meter_table_free);
  g_strfreev (e->overrides);
  g_free (e->config);
  g_free (e->meters);
  g_free (e->format);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Explain, explain_clear)

/* -- rows -- */

/* "polling.yaml:4", or what stands for a file. (transfer full) */
static char *
place_of (const Explain *e, const HmPollingSource *source)
{
  return source->line > 0 ? g_strdup_printf ("%s:%u", e->polling->where, source->line)
                          : g_strdup (e->polling->where);
}

/* @source (nullable): the one that the reason speaks of. */
static gboolean
add_row (Explain *e, const char *meter, const HmPollingSource *source, const char *pattern,
         gboolean is_polled, const char *reason)
{
  g_autofree char *interval = source != NULL ? hm_duration_print (source->interval_ns) : NULL;
  g_autofree char *place = source != NULL ? place_of (e, source) : NULL;
  g_autofree char *resources
      = source != NULL && source->resources != NULL ? g_strjoinv (",", source->resources) : NULL;

  e->some_polled |= is_polled;
  return hm_output_row (e->out, (const char *[]){ meter, is_polled ? "yes" : "no",
                                                  source != NULL ? source->name : NULL, interval, pattern,
                                                  place, resources, reason });
}

/* Why @source takes the meter. (transfer full) */
static char *
why_taken (const HmPollingSource *source, const char *pattern)
{
  const char *whom = source->resources != NULL ? ", for the instances that it lists" : "";

  if (pattern != NULL)
    return g_strdup_printf ("the pattern names it%s", whom);
  return g_strdup_printf (
      "on by default, and %s%s",
      source->meters[0] != NULL ? "the source excludes others only" : "the source takes all of these", whom);
}

/* The sources that want @meter, in the order in which they get it: each that lists its instances takes those, the first that
 * does not takes the rest. FALSE when none wants it. */
static gboolean
explain_wanted (Explain *e, const HmMeter *meter)
{
  const HmPollingSource *taker = NULL;
  gboolean is_wanted = FALSE;

  for (guint i = 0; i < e->by_interval->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (e->by_interval, i);
      const char *pattern = hm_polling_source_why (source, meter);
      g_autofree char *reason = NULL;

      if (!hm_meter_filter_wants (source->filter, meter))
        continue;
      is_wanted = TRUE;
      reason = taker == NULL ? why_taken (source, pattern)
                             : g_strdup_printf ("left to source %s, which is %s", taker->name,
                                                taker->interval_ns < source->interval_ns ? "more frequent"
                                                                                         : "before it");
      add_row (e, meter->name, source, pattern, taker == NULL, reason);
      if (taker == NULL && source->resources == NULL)
        taker = source;
    }
  return is_wanted;
}

/* No source wants @meter: the one that excludes it says so, else nobody spoke of it. */
static void
explain_unwanted (Explain *e, const HmMeter *meter)
{
  gboolean is_excluded = FALSE;

  for (guint i = 0; i < e->by_interval->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (e->by_interval, i);
      const char *pattern = hm_polling_source_why (source, meter);

      if (pattern == NULL)
        continue;
      is_excluded = TRUE;
      add_row (e, meter->name, source, pattern, FALSE, "the source excludes it, and no other takes it");
    }
  if (!is_excluded)
    add_row (e, meter->name, NULL, NULL, FALSE,
             meter->off ? "off by default, and no source names it" : "no source names it");
}

static void
explain_meter (Explain *e, const HmMeter *meter)
{
  if (!explain_wanted (e, meter))
    explain_unwanted (e, meter);
}

/* -- which meters -- */

/* A name that no shipped meter has; a source may name it all the same. */
static void
explain_unknown (Explain *e, const char *name)
{
  const HmMeter meter = { .name = name, .off = TRUE };
  gboolean is_named = FALSE;

  for (guint i = 0; i < e->by_interval->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (e->by_interval, i);
      const char *pattern = hm_polling_source_why (source, &meter);

      if (pattern == NULL || *pattern == '!')
        continue;
      is_named = TRUE;
      add_row (e, name, source, pattern, FALSE, "the source names it, and no shipped plugin gives it");
    }
  if (!is_named)
    add_row (e, name, NULL, NULL, FALSE, "no shipped plugin gives it");
}

static gboolean
check_glob (const char *glob, GError **error)
{
  const char *const globs[] = { glob, NULL };
  g_autoptr (GError) local = NULL;
  g_autoptr (HmMeterFilter) filter = glob[0] != '!' ? hm_meter_filter_new (globs, &local) : NULL;
  g_autofree char *clean = hm_text_clean (glob, TEXT_SHOWN, NULL);

  if (filter != NULL)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is neither a meter's name nor a pattern of such",
               clean);
  return FALSE;
}

static void
explain_glob (Explain *e, const char *glob)
{
  g_autoptr (GPtrArray) meters = hm_meter_table_list (e->table);
  gboolean matched = FALSE;

  for (guint i = 0; i < meters->len; i++)
    {
      const HmMeter *meter = g_ptr_array_index (meters, i);

      if (!hm_polling_pattern_names (glob, meter))
        continue;
      matched = TRUE;
      explain_meter (e, meter);
    }
  if (!matched)
    explain_unknown (e, glob);
}

static gboolean
explain_all (Explain *e, char **globs, GError **error)
{
  static char all[] = "*";
  char *everything[] = { all, NULL };

  if (globs[0] == NULL)
    globs = everything;
  for (guint i = 0; globs[i] != NULL; i++)
    if (!check_glob (globs[i], error))
      return FALSE;
  e->out = hm_output_new (e->output, columns, G_N_ELEMENTS (columns), 0);
  for (guint i = 0; globs[i] != NULL; i++)
    explain_glob (e, globs[i]);
  return hm_output_end (e->out, TRUE, error);
}

/* -- what it reads -- */

/* The agent's own table has more keys, and knows what they may be; here they are passed over. */
static gboolean
load_polling (Explain *e, GError **error)
{
  static const HmOption table[] = { HM_POLLING_OPTIONS,
                                    { .key = "", .type = HM_OPTION_PREFIX, .help = "anything else" },
                                    { .key = NULL } };
  g_autoptr (HmSettings) settings
      = hm_settings_load (e->config != NULL ? e->config : DEFAULT_CONFIG, e->config != NULL,
                          (const char *const *)e->overrides, error);
  g_autoptr (HmOptions) options
      = settings != NULL ? hm_settings_section (settings, "agent", table, error) : NULL;

  e->polling = options != NULL ? hm_polling_from_options (options, error) : NULL;
  return e->polling != NULL;
}

static gint
compare_intervals (gconstpointer a, gconstpointer b)
{
  const HmPollingSource *x = *(const HmPollingSource *const *)a, *y = *(const HmPollingSource *const *)b;

  if (x->interval_ns != y->interval_ns)
    return x->interval_ns < y->interval_ns ? -1 : 1;
  return x->line < y->line ? -1 : x->line > y->line;
}

static void
sort_sources (Explain *e)
{
  e->by_interval = g_ptr_array_new ();
  for (guint i = 0; i < e->polling->sources->len; i++)
    g_ptr_array_add (e->by_interval, g_ptr_array_index (e->polling->sources, i));
  g_ptr_array_sort (e->by_interval, compare_intervals);
}

static gboolean
load_all (Explain *e, GError **error)
{
  const char *path = e->meters != NULL ? e->meters : g_getenv ("HYPERMETER_METERS");

  e->table = hm_meter_table_new ();
  if (!hm_meter_table_load (e->table, path != NULL ? path : HM_PKGDATADIR "/meters.json", error)
      || !load_polling (e, error))
    return FALSE;
  sort_sources (e);
  return TRUE;
}

/* -- command line -- */

static gboolean
parse (Explain *e, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_STRING, &e->format, "table, json, ndjson or csv", "FORM" },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &e->config,
      "The agent's configuration (default " DEFAULT_CONFIG ")", "FILE" },
    { "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &e->overrides, "Sets one key, as the agent's --option does",
      "SECTION.KEY=VALUE" },
    { "meters", 0, 0, G_OPTION_ARG_FILENAME, &e->meters, "Table of the shipped meters", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("explain [METER|GLOB...]");
  g_autoptr (GError) local = NULL;

  g_set_prgname ("hypermeter config");
  g_option_context_set_summary (context, hm_command_config.summary);
  g_option_context_set_description (context, hm_command_config.examples);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter config --help'", local->message);
  else if (e->format != NULL && !hm_output_format_parse (e->format, &e->output))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--output: '%s' is none of table, json, ndjson, csv",
                 e->format);
  else if (*argc < 2 || !g_str_equal ((*argv)[1], "explain"))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "it takes the word explain; see 'hypermeter config --help'");
  else
    return TRUE;
  return FALSE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Explain) e = { 0 };

  if (!parse (&e, &argc, &argv, error) || !load_all (&e, error) || !explain_all (&e, argv + 2, error))
    return 1;
  return e.some_polled ? 0 : NONE_POLLED;
}

const HmCommand hm_command_config = {
  "config",
  "explain METER: which source of the agent polls it, how often, and why",
  "Examples:\n"
  "  hypermeter config explain cpu\n"
  "  hypermeter config explain 'disk.*' --config my.conf\n"
  "  hypermeter config explain --option agent.polling=$PWD/polling.yaml --output json\n"
  "\n"
  "Exit status: 0 something of it is polled, 1 nothing is, 64 wrong usage, 78 configuration.\n",
  0,
  run,
};
