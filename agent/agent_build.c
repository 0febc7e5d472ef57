/* SPDX-License-Identifier: Apache-2.0 */
/* agent_build: from the configuration to parts that could run. Nothing here writes or starts anything: --check-config is this, and a
 * look at the files and folders of which the start makes use. */
#include "agent/agent_private.h"

#include <unistd.h>

#include "agent/health/health.h"
#include "agent/identity.h"
#include "agent/inventory/generation.h"
#include "agent/inventory/inventory_file.h"
#include "agent/messages/messages_file.h"
#include "metering/access.h"
#include "metering/error.h"
#include "metering/log.h"

#define RETRY_FIRST_NS (100 * HM_NSEC_PER_MSEC)
#define RETRY_LAST_NS  (30 * HM_NSEC_PER_SEC)

/* A reading pollster that takes longer is late. */
#define READER_DEADLINE_NS (10 * HM_NSEC_PER_SEC)

/* -- identity -- */

static void
build_identity (HmAgent *agent)
{
  const HmAgentConfig *config = agent->config;

  hm_identity_fill (&agent->identity, config->id, hm_options_text (config->agent, "source"),
                    agent->context.root, hm_uri_is_local (hm_options_text (config->inspector, "uri")),
                    agent->ports.clock);
  agent->identity.keys = agent->keys;
}

/* -- plugins -- */

/* What one plugin's failure means: the end where the configuration names it, or it is the only way out; else
 * it is left out. */
static gboolean
forgive (const HmAgent *agent, const HmPluginChoice *choice, GError *local, GError **error)
{
  HmLogFields fields = { .plugin = choice->plugin->name };

  g_prefix_error (&local, "%s, [%s]: ", agent->config->where, choice->section);
  if (choice->named || choice->plugin->publisher != NULL)
    {
      local->code = HM_ERROR_CONFIG;
      local->domain = HM_ERROR;
      g_propagate_error (error, local);
      return FALSE;
    }
  hm_log (G_LOG_LEVEL_WARNING, &fields, "%s, left out", local->message);
  g_error_free (local);
  return TRUE;
}

static gboolean
build_publisher (HmAgent *agent, const HmPluginChoice *choice, GError **error)
{
  HmDeliveryOptions options = { .first_wait = RETRY_FIRST_NS, .longest_wait = RETRY_LAST_NS };
  HmDeliveryWorker *worker;

  worker = hm_delivery_new (choice->plugin, &options, choice->options, &agent->context, error);
  if (worker == NULL)
    return FALSE;
  g_ptr_array_add (agent->deliveries, worker);
  return !agent->ports.checks || hm_delivery_check (worker, error);
}

static gboolean
build_handler (HmAgent *agent, const HmPluginChoice *choice, GError **error)
{
  const HmNotification *notification = choice->plugin->notification;
  gpointer self = NULL;

  if (notification->create != NULL)
    {
      self = notification->create (choice->options, &agent->context, error);
      if (self == NULL)
        return FALSE;
    }
  hm_dispatcher_add (agent->dispatcher, choice->plugin, self);
  agent->wants_events = TRUE;
  return TRUE;
}

static gboolean
build_reader (HmAgent *agent, const HmPluginChoice *choice, GError **error)
{
  gpointer self = choice->plugin->reading_pollster->create (choice->options, &agent->context, error);

  if (self == NULL)
    return FALSE;
  hm_readers_add (agent->readers, choice->plugin, self);
  g_array_append_val (agent->reading, choice->plugin);
  return TRUE;
}

/* A snapshot is of domains and their host, so it has nothing for another namespace's pollster. */
static gboolean
build_pollster (HmAgent *agent, const HmPluginChoice *choice, GError **error)
{
  if (!g_str_equal (choice->plugin->ns, HM_NS_POLL_COMPUTE)
      && hm_plugin_host_pollster (choice->plugin) == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
                   "a snapshot pollster of %s, where there are no snapshots", choice->plugin->ns);
      return FALSE;
    }
  g_array_append_val (agent->pollsters, choice->plugin);
  return TRUE;
}

typedef gboolean (*Build) (HmAgent *agent, const HmPluginChoice *choice, GError **error);

static Build
builder_of (const HmPlugin *plugin)
{
  if (plugin->publisher != NULL)
    return build_publisher;
  if (plugin->notification != NULL)
    return build_handler;
  return plugin->reading_pollster != NULL ? build_reader : build_pollster;
}

/* @publishers: those, or all others. */
static gboolean
build_plugins (HmAgent *agent, const GPtrArray *choices, gboolean publishers, GError **error)
{
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);
      g_autoptr (GError) local = NULL;

      if (!choice->enabled || (choice->plugin->publisher != NULL) != publishers)
        continue;
      if (!builder_of (choice->plugin) (agent, choice, &local)
          && !forgive (agent, choice, g_steal_pointer (&local), error))
        return FALSE;
    }
  return TRUE;
}

/* -- meters -- */

static const HmMeterTable *
tell_meters (gpointer agent)
{
  return ((const HmAgent *)agent)->meters;
}

static gboolean
add_meters (HmMeterTable *table, const HmPluginChoice *choice, GError **error)
{
  const HmMeter *meter = choice->plugin->meters;

  for (; meter != NULL && meter->name != NULL; meter++)
    if (!hm_meter_table_add (table, meter, choice->origin, error))
      return FALSE;
  return TRUE;
}

/* No two plugins of one registry differ in a meter. */
static gboolean
build_meters (HmAgent *agent, const GPtrArray *choices, GError **error)
{
  agent->meters = hm_meter_table_new ();
  agent->own_meters = hm_meter_table_new ();
  agent->context.meters = tell_meters;
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (choice->enabled && !add_meters (agent->meters, choice, error))
        return FALSE;
      if (g_str_equal (choice->plugin->ns, HM_NS_SELF) && !add_meters (agent->own_meters, choice, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
build_endpoint (HmAgent *agent, GError **error)
{
  g_autoptr (GError) local = NULL;

  agent->endpoint = hm_endpoint_new (agent->config->agent, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s, [agent]: listen: ", agent->config->where);
  return FALSE;
}

/* -- parts -- */

static void
name_publishers (HmAgent *agent, const GPtrArray *choices)
{
  agent->publishers = g_array_new (FALSE, FALSE, sizeof (HmOutboxPublisher));
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);
      HmOutboxPublisher publisher = { .name = choice->plugin->name, .required = choice->required };

      if (choice->enabled && choice->plugin->publisher != NULL)
        g_array_append_val (agent->publishers, publisher);
    }
}

/* Its folder depends on nothing but the state folder, so that no change of the configuration orphans what waits. */
static gboolean
build_outbox (HmAgent *agent, const GPtrArray *choices, GError **error)
{
  const HmOptions *options = agent->config->outbox;
  HmOutboxOptions outbox = {
    .identity = &agent->identity,
    .max_bytes = (guint64)hm_options_integer (options, "max-bytes"),
    .max_age_ns = hm_options_integer (options, "max-age"),
    .linger_ns = hm_options_integer (options, "sync-interval"),
    .max_record_bytes = (gsize)hm_options_integer (options, "max-record-bytes"),
    .files = hm_files_system (),
  };

  name_publishers (agent, choices);
  agent->outbox_folder
      = g_build_filename (hm_options_text (agent->config->agent, "state-dir"), "outbox", NULL);
  outbox.folder = agent->outbox_folder;
  outbox.publishers = (const HmOutboxPublisher *)(gconstpointer)agent->publishers->data;
  outbox.n_publishers = agent->publishers->len;
  agent->outbox = hm_outbox_new (&outbox, error);
  return agent->outbox != NULL;
}

HmHostStamp
hm_agent_host (const HmAgent *agent)
{
  const HmClock *clock = agent->ports.clock;

  return (HmHostStamp){
    .clock = clock,
    .agent_id = agent->config->id,
    .epoch = agent->identity.boot_id,
    .epoch_start = clock->wall (clock) - clock->boot (clock),
    .self_epoch = agent->identity.agent_epoch,
    .self_start = agent->started,
  };
}

static void
build_readers (HmAgent *agent)
{
  HmReaderParts parts = {
    .outbox = agent->outbox,
    .quarantine = agent->quarantine,
    .deltas = agent->deltas,
    .host = hm_agent_host (agent),
    .deadline_ns = READER_DEADLINE_NS,
  };

  agent->readers = hm_readers_new (&parts);
  agent->reading = g_array_new (FALSE, FALSE, sizeof (const HmPlugin *));
}

/* -- what a start would find -- */

/* What is read whole and then replaced need not be one that this user may write. */
static gboolean
check_state (const char *folder, GError **error)
{
  static const struct
  {
    const char *name;
    int mode;
  } kept[] = { { HM_STATE_LOCK_FILE, R_OK | W_OK },
               { HM_STATE_SINCE_FILE, R_OK },
               { HM_INVENTORY_FILE, R_OK },
               { HM_GENERATIONS_FILE, R_OK },
               { HM_DELTAS_FILE, R_OK } };
  gboolean good = hm_access_folder (folder, error);

  for (guint i = 0; good && i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *path = g_build_filename (folder, kept[i].name, NULL);

      good = hm_access_there (path, kept[i].mode, error);
    }
  return good;
}

static gboolean
check_places (const HmAgent *agent, GError **error)
{
  const HmAgentConfig *config = agent->config;
  const char *messages = hm_options_text (config->notification, "file");
  GError *local = NULL;

  if (!check_state (hm_options_text (config->agent, "state-dir"), &local)
      || !hm_outbox_check (agent->outbox_folder, &local))
    return hm_options_refuse_error (config->agent, "state-dir", local, error);
  return messages == NULL || !agent->wants_events || hm_messages_file_check (messages, &local)
         || hm_options_refuse_error (config->notification, "file", local, error);
}

gboolean
hm_agent_build (HmAgent *agent, const GPtrArray *choices, GError **error)
{
  agent->started = agent->ports.clock->wall (agent->ports.clock);
  agent->started_ns = agent->ports.clock->monotonic (agent->ports.clock);
  agent->context.clock = agent->ports.clock;
  agent->context.figures = hm_agent_figures;
  agent->context.program = agent;
  agent->context.root = hm_options_text (agent->config->inspector, "root");
  agent->deliveries = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_delivery_free);
  agent->pollsters = g_array_new (FALSE, FALSE, sizeof (const HmPlugin *));
  agent->sources = g_ptr_array_new_with_free_func (hm_agent_source_free);
  agent->deltas = hm_deltas_new (hm_options_text (agent->config->agent, "state-dir"), agent->ports.clock);
  agent->quarantine = hm_quarantine_new (agent->ports.clock);
  agent->scheduler = hm_scheduler_new (agent->ports.clock, agent->config->id);
  agent->keys = hm_keys_new (agent->config->keys, agent->ports.clock, error);
  if (agent->keys == NULL || !build_endpoint (agent, error))
    return FALSE;
  build_identity (agent);
  if (!build_meters (agent, choices, error) || !build_plugins (agent, choices, TRUE, error)
      || !build_outbox (agent, choices, error))
    return FALSE;
  agent->dispatcher = hm_dispatcher_new (agent->outbox, agent->ports.clock);
  build_readers (agent);
  if (!build_plugins (agent, choices, FALSE, error))
    return FALSE;
  hm_agent_take_polling (agent, agent->config->polling);
  return !agent->ports.checks || check_places (agent, error);
}
