/* SPDX-License-Identifier: Apache-2.0 */
/* topics_options: see topics_options.h. Of the file only one section counts, the agent's [publisher:kafka] or else the collector's
 * [source]: both say where the cluster is, and what the topic of samples is called. */
#include "cli/topics/topics_options.h"

#include <string.h>

#include "metering/settings.h"

#define DEFAULT_CONFIG  HM_SYSCONFDIR "/hypermeter/agent.conf"
#define AGENT_SECTION   "publisher:kafka"
#define SOURCE_SECTION  "source"
#define PARTITIONS      12
#define PARTITIONS_MAX  10000
#define REPLICATION_MAX 100
#define RETENTION       "14d"
#define TIMEOUT         "15s"

/* The section's other keys are the agent's or the collector's to judge. */
static const HmOption table[] = {
  { .key = "topic", .type = HM_OPTION_TEXT, .help = "Samples" },
  { .key = "declare-topic", .type = HM_OPTION_TEXT, .help = "Declarations of meters" },
  HM_TOPICS_ADMIN_OPTION,
  { .key = "", .type = HM_OPTION_PREFIX, .help = "Anything else" },
  { .key = NULL },
};

void
hm_topics_options_clear (HmTopicsOptions *o)
{
  for (guint i = 0; i < HM_TOPIC_ROLES; i++)
    g_free (o->names[i]);
  g_strfreev (o->pairs);
  g_free (o->config);
  g_free (o->brokers);
  g_free (o->format);
  g_free (o->retention);
  g_free (o->timeout);
}

/* -- what it reads -- */

static const char *
section_of (const HmSettings *settings)
{
  if (!hm_settings_has (settings, AGENT_SECTION) && hm_settings_has (settings, SOURCE_SECTION))
    return SOURCE_SECTION;
  return AGENT_SECTION;
}

/* --option kafka.KEY=VALUE and --brokers as the overrides that a section of the file takes. (transfer full) */
static GStrv
overrides_of (const HmTopicsOptions *o, const char *section)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; o->pairs != NULL && o->pairs[i] != NULL; i++)
    g_ptr_array_add (list, g_strdup_printf ("%s.%s", section, o->pairs[i]));
  if (o->brokers != NULL)
    g_ptr_array_add (list, g_strdup_printf ("%s.kafka.bootstrap.servers=%s", section, o->brokers));
  g_ptr_array_add (list, NULL);
  return (GStrv)g_ptr_array_free (list, FALSE);
}

/* The file is read twice: which section counts stands in it. (transfer full) */
static HmOptions *
load_section (const HmTopicsOptions *o, GError **error)
{
  const char *path = o->config != NULL ? o->config : DEFAULT_CONFIG;
  g_autoptr (HmSettings) plain = hm_settings_load (path, o->config != NULL, NULL, error);
  const char *section = plain != NULL ? section_of (plain) : NULL;
  g_auto (GStrv) overrides = section != NULL ? overrides_of (o, section) : NULL;
  g_autoptr (HmSettings) settings
      = section != NULL ? hm_settings_load (path, o->config != NULL, (const char *const *)overrides, error)
                        : NULL;

  return settings != NULL ? hm_settings_section (settings, section, table, error) : NULL;
}

static void
take_name (HmTopicsOptions *o, HmTopicRole role, const char *configured)
{
  if (o->names[role] == NULL)
    o->names[role] = g_strdup (configured != NULL ? configured : hm_topic_role_default (role));
}

/* An empty declare-topic says that no meters are declared, so the topic is of no use. */
static void
take_names (HmTopicsOptions *o, const HmOptions *options)
{
  const char *declare = hm_options_text (options, "declare-topic");
  gboolean declares = declare == NULL || *declare != '\0';

  o->wanted[HM_TOPIC_METERS] &= declares || o->names[HM_TOPIC_METERS] != NULL;
  take_name (o, HM_TOPIC_SAMPLES, hm_options_text (options, "topic"));
  take_name (o, HM_TOPIC_METERS, declares ? declare : NULL);
  take_name (o, HM_TOPIC_CONFIG, NULL);
  take_name (o, HM_TOPIC_DEAD_LETTER, NULL);
}

/* One name for two of them would be judged by the rules of both. */
static gboolean
check_names (const HmTopicsOptions *o, GError **error)
{
  for (guint i = 0; i < HM_TOPIC_ROLES; i++)
    for (guint j = 0; j < i; j++)
      if (g_str_equal (o->names[i], o->names[j]))
        {
          g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s and %s cannot both be the topic %s",
                       hm_topic_role_name (j), hm_topic_role_name (i), o->names[i]);
          return FALSE;
        }
  return TRUE;
}

static gboolean
check_wanted (const HmTopicsOptions *o, GError **error)
{
  for (guint role = 0; role < HM_TOPIC_ROLES; role++)
    if (o->wanted[role])
      return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "declare-topic is empty: there is no topic of meters");
  return FALSE;
}

HmOptions *
hm_topics_options_load (HmTopicsOptions *o, GError **error)
{
  g_autoptr (HmOptions) options = load_section (o, error);

  if (options == NULL)
    return NULL;
  take_names (o, options);
  return check_names (o, error) && check_wanted (o, error) ? g_steal_pointer (&options) : NULL;
}

/* -- command line -- */

static gboolean
check_duration (const char *text, gint64 least, const char *option, gint64 *ret_ns, GError **error)
{
  g_autofree char *print = hm_duration_print (least);
  gint64 ns;

  if (!hm_duration_parse (text, &ns))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--%s: '%s' is no duration such as %s", option, text,
                 print);
  else if (ns < least)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--%s=%s: it must be at least %s", option, text, print);
  else
    {
      *ret_ns = ns;
      return TRUE;
    }
  return FALSE;
}

static gboolean
check_pairs (const HmTopicsOptions *o, GError **error)
{
  for (guint i = 0; o->pairs != NULL && o->pairs[i] != NULL; i++)
    if (!g_str_has_prefix (o->pairs[i], HM_TOPICS_ADMIN_PREFIX) || strchr (o->pairs[i], '=') == NULL)
      {
        g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--option takes kafka.KEY=VALUE");
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_numbers (const HmTopicsOptions *o, GError **error)
{
  if (o->partitions < 1 || o->partitions > PARTITIONS_MAX)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--partitions=%d: 1 to %d", o->partitions, PARTITIONS_MAX);
  else if (o->replication < 0 || o->replication > REPLICATION_MAX)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--replication=%d: 1 to %d", o->replication,
                 REPLICATION_MAX);
  else
    return TRUE;
  return FALSE;
}

/* The words behind create or check: which topics; all without any. */
static gboolean
take_words (HmTopicsOptions *o, int argc, char **argv, GError **error)
{
  for (guint role = 0; argc == 2 && role < HM_TOPIC_ROLES; role++)
    o->wanted[role] = TRUE;
  for (int i = 2; i < argc; i++)
    {
      HmTopicRole role;

      if (!hm_topic_role_parse (argv[i], &role))
        {
          g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                       "'%s' is none of samples, meters, config, dead-letter", argv[i]);
          return FALSE;
        }
      o->wanted[role] = TRUE;
    }
  return TRUE;
}

static gboolean
check_words (HmTopicsOptions *o, int argc, char **argv, GError **error)
{
  o->create = argc > 1 && g_str_equal (argv[1], "create");
  if (!o->create && (argc < 2 || !g_str_equal (argv[1], "check")))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "it takes the word create or check; see 'hypermeter topics --help'");
  else if (o->format != NULL && !hm_output_format_parse (o->format, &o->output))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--output: '%s' is none of table, json, ndjson, csv",
                 o->format);
  else
    return take_words (o, argc, argv, error) && check_numbers (o, error) && check_pairs (o, error)
           && check_duration (o->retention != NULL ? o->retention : RETENTION, HM_TOPIC_RETENTION_MIN,
                              "retention", &o->retention_ns, error)
           && check_duration (o->timeout != NULL ? o->timeout : TIMEOUT, HM_NSEC_PER_SEC, "timeout",
                              &o->timeout_ns, error);
  return FALSE;
}

/* (transfer full) */
static GOptionContext *
new_context (const GOptionEntry *entries, const char *summary, const char *help)
{
  GOptionContext *context = g_option_context_new ("create|check [samples|meters|config|dead-letter]...");

  g_set_prgname ("hypermeter topics");
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, help);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

gboolean
hm_topics_options_parse (HmTopicsOptions *o, const char *summary, const char *help, int argc, char **argv,
                         GError **error)
{
  const GOptionEntry entries[] = {
    { "brokers", 0, 0, G_OPTION_ARG_STRING, &o->brokers, "Where the cluster is (default localhost:9092)",
      "HOST:PORT,..." },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &o->config,
      "The agent's or the collector's configuration, for names and kafka.* keys (default " DEFAULT_CONFIG ")",
      "FILE" },
    { "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->pairs,
      "Any key of librdkafka; kafka.KEY.file=PATH takes it from a file", "kafka.KEY=VALUE" },
    { "samples", 0, 0, G_OPTION_ARG_STRING, &o->names[HM_TOPIC_SAMPLES],
      "Its name (default hypermeter.samples)", "TOPIC" },
    { "meters", 0, 0, G_OPTION_ARG_STRING, &o->names[HM_TOPIC_METERS], "Its name (default hypermeter.meters)",
      "TOPIC" },
    { "agent-config", 0, 0, G_OPTION_ARG_STRING, &o->names[HM_TOPIC_CONFIG],
      "Its name (default hypermeter.config)", "TOPIC" },
    { "dead-letter", 0, 0, G_OPTION_ARG_STRING, &o->names[HM_TOPIC_DEAD_LETTER],
      "Its name (default hypermeter.dead-letter)", "TOPIC" },
    { "partitions", 0, 0, G_OPTION_ARG_INT, &o->partitions,
      "create: of samples and dead-letter (default 12); the others have one", "N" },
    { "replication", 0, 0, G_OPTION_ARG_INT, &o->replication,
      "create: copies of each record (default 3, or the number of brokers)", "N" },
    { "retention", 0, 0, G_OPTION_ARG_STRING, &o->retention,
      "create: of samples and dead-letter, 7d at least (default 14d)", "DURATION" },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &o->dry_run, "create: only ask the cluster whether it would",
      NULL },
    { "output", 'o', 0, G_OPTION_ARG_STRING, &o->format, "table, json, ndjson or csv", "FORM" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &o->timeout, "For each answer of the cluster (default 15s)",
      "DURATION" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = new_context (entries, summary, help);
  g_autoptr (GError) local = NULL;

  o->partitions = PARTITIONS;
  if (g_option_context_parse (context, &argc, &argv, &local))
    return check_words (o, argc, argv, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter topics --help'", local->message);
  return FALSE;
}
