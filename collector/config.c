/* SPDX-License-Identifier: Apache-2.0 */
/* config: the tables of the collector's sections. */
#include "collector/config.h"

#include <errno.h>
#include <unistd.h>

#include "collector/config_usage.h"
#include "collector/ingest/ingest.h"
#include "collector/source/mirror.h"
#include "collector/source/source.h"
#include "collector/stores/store.h"
#include "metering/http_server.h"
#include "metering/topic.h"

#define MIB  (G_GINT64_CONSTANT (1) << 20)
#define HOUR (3600 * HM_NSEC_PER_SEC)
#define DAY  (24 * HOUR)

#define KEEP_MAX (36500 * DAY)

static const HmOption collector_options[] = {
  { .key = "state-dir",
    .type = HM_OPTION_TEXT,
    .fallback = HM_LOCALSTATEDIR "/lib/hypermeter",
    .help = "What must outlive the collector. One collector per folder" },
  { .key = "runtime-dir",
    .type = HM_OPTION_TEXT,
    .fallback = HM_RUNSTATEDIR "/hypermeter",
    .help = "What lives only as long as the collector" },
  { .key = "plugin-path",
    .type = HM_OPTION_TEXT,
    .help
    = "Folders of plugins, separated by colons; default: HYPERMETER_PLUGIN_PATH, else the installed folder" },
  { .key = "meters",
    .type = HM_OPTION_TEXT,
    .help = "The file of shipped meters; default: HYPERMETER_METERS, else the installed meters.json" },
  { .key = "signatures",
    .type = HM_OPTION_CHOICE,
    .fallback = "accept",
    .choices = HM_SIGNATURE_POLICIES,
    .help = "Records of sources that have no section of their own: require takes verified ones alone; accept "
            "takes unsigned "
            "ones and those of unknown keys too, but no wrong signature; off does not look" },
  { .key = "keys-dir",
    .type = HM_OPTION_TEXT,
    .help = "Folder of keys that records are verified with: in a folder per agent, named as its id in a "
            "ce_id, a file "
            "per key, named as the key's id" },
  { .key = "silent-after",
    .type = HM_OPTION_DURATION,
    .fallback = "5m",
    .min = HM_NSEC_PER_SEC,
    .max = DAY,
    .help = "An agent of which nothing comes for so long is silent: an alarm is logged, and counted" },
  { .key = "listen",
    .type = HM_OPTION_TEXT,
    .fallback = "127.0.0.1:9464",
    .help = "Where /livez, /readyz and /metrics are answered: ADDRESS:PORT in numbers; empty: nowhere" },
  { .key = "tls-certificate", .type = HM_OPTION_TEXT, .help = "PEM file: TLS there, and nothing else" },
  { .key = "tls-key", .type = HM_OPTION_TEXT, .help = "PEM file; without it, in the certificate's" },
  { .key = "tls-client-ca",
    .type = HM_OPTION_TEXT,
    .help = "PEM file: clients need a certificate that it has signed" },
  { .key = "stuck-after",
    .type = HM_OPTION_DURATION,
    .fallback = "2m",
    .min = 10 * HM_NSEC_PER_SEC,
    .max = DAY,
    .help = "A thread that takes longer over one step does not come back: /livez says so, and the watchdog "
            "is not told that all is well" },
  { .key = "ready-lag",
    .type = HM_OPTION_DURATION,
    .fallback = "5m",
    .min = HM_NSEC_PER_SEC,
    .max = DAY,
    .help = "Behind by more than this and not getting closer: not ready" },
  { .key = "ready-commit",
    .type = HM_OPTION_DURATION,
    .fallback = "1m",
    .min = HM_NSEC_PER_SEC,
    .max = DAY,
    .help = "Nothing committed for so long, though records wait: not ready" },
  { .key = "log-level",
    .type = HM_OPTION_CHOICE,
    .fallback = "notice",
    .choices = "debug|info|notice|warning|error",
    .help = "The least important lines that are logged" },
  { .key = NULL },
};

static const HmOption store_options[] = {
  { .key = "url",
    .type = HM_OPTION_TEXT,
    .fallback = "sqlite://" HM_LOCALSTATEDIR "/lib/hypermeter/usage.db",
    .help
    = "Where usage is kept: sqlite:///path/to/file, or postgresql://user@host:port/database?parameter=value, "
      "as libpq takes it (its password better in a file: passfile=/path)" },
  { .key = "batch-records",
    .type = HM_OPTION_INTEGER,
    .fallback = "15000",
    .min = 1,
    .max = 1000000,
    .help = "Records in one transaction at most, and as many again in the queue before it" },
  { .key = "batch-size",
    .type = HM_OPTION_SIZE,
    .fallback = "24MiB",
    .min = MIB,
    .max = 1024 * MIB,
    .help = "The same in bytes" },
  { .key = "cache-size",
    .type = HM_OPTION_SIZE,
    .fallback = "128MiB",
    .min = 0,
    .max = 65536 * MIB,
    .help = "Room for the states of resources between transactions; what does not fit is loaded again" },
  { .key = "keep-raw",
    .type = HM_OPTION_DURATION,
    .fallback = "45d",
    .min = 0,
    .max = KEEP_MAX,
    .help = "For how long raw records are kept, a day at least; 0s: for ever. Where periods are closed, "
            "those of what is not closed yet stay longer. What comes from before that is stored and not "
            "counted" },
  { .key = "keep-dead-letters",
    .type = HM_OPTION_DURATION,
    .fallback = "90d",
    .min = 0,
    .max = KEEP_MAX,
    .help = "For how long dead letters are kept after they were settled, an hour at least; 0s: for ever" },
  { .key = "keep-bins",
    .type = HM_OPTION_DURATION,
    .fallback = "90d",
    .min = 0,
    .max = KEEP_MAX,
    .help = "For how long it is known what came of each five minutes of an agent, two days at least; 0s: for "
            "ever" },
  { .key = "message-horizon",
    .type = HM_OPTION_DURATION,
    .fallback = "45d",
    .min = 0,
    .max = KEEP_MAX,
    .help = "For how long a message without sequence number is known again, an hour at least; 0s: for ever" },
  { .key = "max-size",
    .type = HM_OPTION_SIZE,
    .fallback = "0",
    .min = 0,
    .max = G_MAXINT64,
    .help = "A store that is larger raises an alarm; nothing is removed for it. 0: any size" },
  { .key = NULL },
};

/* Too short a time is a slip, whatever it was meant to be. */
static gboolean
check_kept (const HmCollectorConfig *config, GError **error)
{
  static const struct
  {
    const char *key;
    gint64 least;
    const char *reason;
  } kept[] = { { "keep-raw", DAY, "less than a day, and not 0s, for ever" },
               { "keep-dead-letters", HOUR, "less than an hour, and not 0s, for ever" },
               { "keep-bins", 2 * DAY, "less than two days, and not 0s, for ever" },
               { "message-horizon", HOUR, "less than an hour, and not 0s, for ever" } };

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      gint64 given = hm_options_integer (config->store, kept[i].key);

      if (given == 0 || given >= kept[i].least)
        continue;
      hm_options_refuse (config->store, kept[i].key, kept[i].reason, error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_given (const HmOptions *options, const char *key)
{
  const char *text = hm_options_text (options, key);

  return text != NULL && *text != '\0';
}

static gboolean
check_listen (const HmCollectorConfig *config, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!is_given (config->collector, "listen")
      || hm_http_listen_check (hm_options_text (config->collector, "listen"), &local))
    return TRUE;
  hm_options_refuse (config->collector, "listen", local->message, error);
  return FALSE;
}

static gboolean
check_tls (const HmCollectorConfig *config, GError **error)
{
  static const char *const keys[] = { "tls-certificate", "tls-key", "tls-client-ca" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *path = hm_options_text (config->collector, keys[i]);
      g_autofree char *reason = NULL;

      if (path == NULL)
        continue;
      if (!is_given (config->collector, "tls-certificate"))
        reason = g_strdup ("there is no tls-certificate");
      else if (access (path, R_OK) != 0)
        reason = g_strdup_printf ("%s: %s", path, g_strerror (errno));
      if (reason == NULL)
        continue;
      hm_options_refuse (config->collector, keys[i], reason, error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_topic (const HmOptions *source, const char *key, GError **error)
{
  const char *name = hm_options_text (source, key);
  const char *reason = name != NULL ? hm_topic_check (name) : NULL;

  if (reason != NULL)
    hm_options_refuse (source, key, reason, error);
  return reason == NULL;
}

/* Which schemes there are is for the plugins to say. */
static gboolean
check_store (const HmOptions *store, GError **error)
{
  g_autofree char *scheme = hm_store_scheme (hm_options_text (store, "url"));

  if (scheme == NULL)
    hm_options_refuse (store, "url", "no URL, such as sqlite:///path/to/file", error);
  return scheme != NULL;
}

static gboolean
check_ingest (const HmCollectorConfig *config, const char *where, GError **error)
{
  if (hm_ingest_options_check (config->ingest, error))
    return TRUE;
  g_prefix_error (error, "%s, ", where);
  return FALSE;
}

static gboolean
check_kafka (const HmCollectorConfig *config, const char *where, GError **error)
{
  if (hm_source_options_check (config->source, error) && hm_mirror_options_check (config->source, error))
    return TRUE;
  g_prefix_error (error, "%s, ", where);
  return FALSE;
}

static gboolean
check (const HmCollectorConfig *config, const char *where, GError **error)
{
  gboolean mirrors = is_given (config->source, "dead-letter-topic"); /* empty: none */

  if (!hm_config_usage_check (config->usage, error))
    return FALSE;
  if (hm_source_is_off (config->source) && !hm_ingest_is_on (config->ingest))
    {
      hm_options_refuse (config->source, "topic",
                         "empty, and section ingest has no address: nothing would come", error);
      return FALSE;
    }
  return check_kept (config, error) && check_listen (config, error) && check_tls (config, error)
         && check_ingest (config, where, error) && check_store (config->store, error)
         && (hm_source_is_off (config->source) || check_topic (config->source, "topic", error))
         && (!mirrors || check_topic (config->source, "dead-letter-topic", error))
         && check_kafka (config, where, error);
}

HmCollectorConfig *
hm_collector_config_new (HmSettings *settings, const char *where, GError **error)
{
  g_autoptr (HmCollectorConfig) config = g_new0 (HmCollectorConfig, 1);

  config->collector = hm_settings_section (settings, "collector", collector_options, error);
  if (config->collector != NULL)
    config->source = hm_settings_section (settings, "source", hm_source_options, error);
  if (config->source != NULL)
    config->store = hm_settings_section (settings, "store", store_options, error);
  if (config->store != NULL)
    config->usage = hm_settings_section (settings, "usage", hm_config_usage_options, error);
  if (config->usage != NULL)
    config->ingest = hm_settings_section (settings, "ingest", hm_ingest_options, error);
  if (config->ingest != NULL)
    config->verify = hm_verify_choices_new (settings, config->collector, where, error);
  if (config->verify == NULL || !hm_settings_finish (settings, error) || !check (config, where, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
hm_collector_config_free (HmCollectorConfig *config)
{
  if (config == NULL)
    return;
  g_clear_pointer (&config->collector, hm_options_unref);
  g_clear_pointer (&config->source, hm_options_unref);
  g_clear_pointer (&config->store, hm_options_unref);
  g_clear_pointer (&config->usage, hm_options_unref);
  g_clear_pointer (&config->ingest, hm_options_unref);
  g_clear_pointer (&config->verify, hm_verify_choices_free);
  g_free (config);
}

const char *
hm_collector_config_meters (const HmCollectorConfig *config)
{
  const char *path = hm_options_text (config->collector, "meters");

  if (path == NULL)
    path = g_getenv ("HYPERMETER_METERS");
  return path != NULL ? path : HM_PKGDATADIR "/meters.json";
}

void
hm_collector_config_keep (const HmCollectorConfig *config, HmKeeperSettings *ret_settings)
{
  *ret_settings = (HmKeeperSettings){ .raw_ns = hm_options_integer (config->store, "keep-raw"),
                                      .letters_ns = hm_options_integer (config->store, "keep-dead-letters"),
                                      .bins_ns = hm_options_integer (config->store, "keep-bins"),
                                      .messages_ns = hm_options_integer (config->store, "message-horizon"),
                                      .max_bytes = (guint64)hm_options_integer (config->store, "max-size"),
                                      .clock = hm_clock_system () };
}

char *
hm_collector_config_print (const HmCollectorConfig *config, gboolean comments)
{
  const struct
  {
    const char *name;
    const HmOptions *options;
  } sections[] = { { "collector", config->collector },
                   { "source", config->source },
                   { "store", config->store },
                   { "usage", config->usage },
                   { "ingest", config->ingest } };
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      g_string_append_printf (out, "%s[%s]\n", i > 0 ? "\n" : "", sections[i].name);
      hm_options_print (sections[i].options, comments, out);
    }
  hm_verify_choices_print (config->verify, comments, out);
  return g_string_free (out, FALSE);
}
