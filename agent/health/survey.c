/* SPDX-License-Identifier: Apache-2.0 */
/* survey: one reading of everything, to say what can be had here. main calls it for --list-meters; it runs on main's thread, which
 * has nothing else to do. */
#include "agent/health/survey.h"

#include "metering/error.h"

struct HmSurvey
{
  GHashTable *given;  /* (element-type utf8 guint) samples by meter */
  GHashTable *failed; /* (element-type utf8 utf8) by meter: what its pollster said */
  char *away;         /* (nullable) why the hypervisor says nothing */
  guint instances, running;
};

/* What most often keeps a field from being given. */
static const struct
{
  HmFields field;
  const char *reason;
} hindrances[] = {
  { HM_FIELD_HOST_POOLS, "no storage pool of this host is active" },
  { HM_FIELD_BALLOON,
    "the guest reports it: needs its balloon driver and <memballoon> with <stats period='…'/>" },
  { HM_FIELD_PERF, "no instance has this perf event enabled (virsh perf --enable)" },
  { HM_FIELD_MIGRATION, "no instance migrates now" },
};

static void
count (HmSurvey *survey, const HmSink *sink)
{
  for (guint i = 0; i < hm_sink_size (sink); i++)
    {
      const char *meter = hm_sink_get (sink, i)->meter;
      guint so_far = GPOINTER_TO_UINT (g_hash_table_lookup (survey->given, meter));

      g_hash_table_insert (survey->given, g_strdup (meter), GUINT_TO_POINTER (so_far + 1));
    }
}

static void
note_failure (HmSurvey *survey, const HmPlugin *plugin, const char *reason)
{
  for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
    g_hash_table_insert (survey->failed, g_strdup (meter->name), g_strdup (reason));
}

/* -- pollsters -- */

static void
try_snapshot_pollster (HmSurvey *survey, const HmPlugin *plugin, const HmSnapshot *snapshot, HmSink *sink)
{
  const HmHostPollster *of_host = hm_plugin_host_pollster (plugin);
  const HmHost *host = hm_snapshot_host (snapshot);

  hm_sink_clear (sink);
  if (of_host != NULL && host != NULL)
    of_host->emit (host, sink);
  for (guint i = 0; plugin->snapshot_pollster != NULL && i < hm_snapshot_size (snapshot); i++)
    plugin->snapshot_pollster->emit (hm_snapshot_get (snapshot, i), sink);
  count (survey, sink);
}

static HmResult
read_once (const HmReadingPollster *pollster, gpointer self, HmSink *sink, GError **error)
{
  HmResult result = pollster->sample != NULL ? pollster->sample (self, error) : HM_OK;

  return result == HM_OK || result == HM_NO_DATA ? pollster->emit (self, sink, error) : result;
}

static void
try_reading_pollster (HmSurvey *survey, const HmPluginChoice *choice, const HmPluginContext *context,
                      HmSink *sink)
{
  const HmReadingPollster *pollster = choice->plugin->reading_pollster;
  g_autoptr (GError) error = NULL;
  gpointer self = pollster->create (choice->options, context, &error);
  HmResult result = HM_RETRY;

  hm_sink_clear (sink);
  if (self != NULL)
    {
      result = read_once (pollster, self, sink, &error);
      pollster->free (self);
    }
  if (result == HM_OK)
    count (survey, sink);
  else
    note_failure (survey, choice->plugin,
                  error != NULL ? error->message : "this host has nothing of the kind");
}

/* -- the hypervisor -- */

/* (transfer full) (nullable) */
static HmSnapshot *
read_hypervisor (const HmAgentConfig *config, const HmAgentPorts *ports, GError **error)
{
  HmLibvirtOptions options = {
    .uri = hm_options_text (config->inspector, "uri"),
    .connections = (guint)hm_options_integer (config->inspector, "connections"),
    .root = hm_options_text (config->inspector, "root"),
    .owners = config->owners,
    .clock = ports->clock,
  };
  gint64 timeout = hm_options_integer (config->inspector, "timeout");
  HmInspector *inspector = ports->inspector_new (&options, NULL, NULL, error);
  HmSnapshot *snapshot;

  if (inspector == NULL)
    return NULL;
  snapshot = inspector->read (inspector, ((HmFields)1 << HM_FIELD_COUNT) - 1, timeout, error);
  inspector->close (inspector, timeout);
  return snapshot;
}

static gboolean
needs_hypervisor (const HmPlugin *plugin)
{
  return plugin->snapshot_pollster != NULL || hm_plugin_host_pollster (plugin) != NULL;
}

static void
look_at_hypervisor (HmSurvey *survey, const HmAgentConfig *config, const GPtrArray *choices,
                    const HmAgentPorts *ports, HmSink *sink)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSnapshot) snapshot = read_hypervisor (config, ports, &error);

  if (snapshot == NULL)
    {
      survey->away = g_strdup (error->message);
      return;
    }
  survey->instances = hm_snapshot_size (snapshot);
  for (guint i = 0; i < survey->instances; i++)
    survey->running += hm_snapshot_get (snapshot, i)->resource->state == HM_STATE_RUNNING;
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (choice->enabled && needs_hypervisor (choice->plugin))
        try_snapshot_pollster (survey, choice->plugin, snapshot, sink);
    }
}

HmSurvey *
hm_survey_run (const HmAgentConfig *config, const GPtrArray *choices, const HmAgentPorts *ports)
{
  HmSurvey *survey = g_new0 (HmSurvey, 1);
  g_autoptr (HmSink) sink = hm_sink_new (NULL);
  HmPluginContext context = { .clock = ports->clock, .root = hm_options_text (config->inspector, "root") };

  survey->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  survey->failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  look_at_hypervisor (survey, config, choices, ports, sink);
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (!choice->enabled)
        note_failure (survey, choice->plugin, "the configuration or the namespaces leave its plugin out");
      else if (choice->plugin->reading_pollster != NULL)
        try_reading_pollster (survey, choice, &context, sink);
    }
  return survey;
}

void
hm_survey_free (HmSurvey *survey)
{
  if (survey == NULL)
    return;
  g_hash_table_unref (survey->given);
  g_hash_table_unref (survey->failed);
  g_free (survey->away);
  g_free (survey);
}

/* -- answers -- */

guint
hm_survey_given (const HmSurvey *survey, const char *meter)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (survey->given, meter));
}

char *
hm_survey_reason (const HmSurvey *survey, const HmMeter *meter)
{
  const char *failed = g_hash_table_lookup (survey->failed, meter->name);

  if (failed != NULL)
    return g_strdup (failed);
  if (meter->needs == 0)
    return g_strdup ("this host has nothing of the kind");
  if (survey->away != NULL)
    return g_strdup_printf ("hypervisor: %s", survey->away);
  if ((meter->needs & HM_FIELDS_HOST) == 0 && survey->running == 0)
    return g_strdup_printf ("of the instances here (%u) none runs", survey->instances);
  for (guint i = 0; i < G_N_ELEMENTS (hindrances); i++)
    if (meter->needs & hindrances[i].field)
      return g_strdup (hindrances[i].reason);
  return g_strdup ("no instance here gives it: neither libvirt's driver nor its metadata");
}
