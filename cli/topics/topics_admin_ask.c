/* SPDX-License-Identifier: Apache-2.0 */
/* topics_admin_ask: describes topics and makes them; see topics_admin.h. Each function asks one thing and waits for the answer. */
#include "cli/topics/topics_admin_private.h"

#include <string.h>

#define TEXT_SHOWN 300
#define PAUSE_MS   50

/* -- describing -- */

static void
take_partition (const rd_kafka_metadata_partition_t *partition, HmTopicState *state)
{
  guint copies = (guint)partition->replica_cnt;

  state->replication = state->partitions == 0 ? copies : MIN (state->replication, copies);
  state->partitions++;
  state->leaderless += partition->leader < 0;
  state->short_of_copies += partition->isr_cnt < partition->replica_cnt;
}

static void
take_topic (const rd_kafka_metadata_t *metadata, const char *name, HmTopicState *state)
{
  for (int i = 0; i < metadata->topic_cnt; i++)
    {
      const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];

      if (!g_str_equal (topic->topic, name))
        continue;
      state->exists = topic->partition_cnt > 0;
      for (int j = 0; j < topic->partition_cnt; j++)
        take_partition (&topic->partitions[j], state);
    }
}

static GHashTable *
settings_of (const rd_kafka_ConfigResource_t *resource)
{
  GHashTable *settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  size_t n;
  const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs (resource, &n);

  for (size_t i = 0; i < n; i++)
    {
      const char *value = rd_kafka_ConfigEntry_value (entries[i]);

      if (value != NULL)
        g_hash_table_insert (settings, g_strdup (rd_kafka_ConfigEntry_name (entries[i])),
                             hm_text_clean (value, TEXT_SHOWN, NULL));
    }
  return settings;
}

static gboolean
take_resource (HmTopicsAdmin *admin, const rd_kafka_ConfigResource_t *resource, HmTopicState *state,
               GError **error)
{
  rd_kafka_resp_err_t err = rd_kafka_ConfigResource_error (resource);

  if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    {
      state->exists = FALSE;
      return TRUE;
    }
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      hm_topics_admin_fail (admin, err, rd_kafka_ConfigResource_name (resource),
                            rd_kafka_ConfigResource_error_string (resource), error);
      return FALSE;
    }
  state->settings = settings_of (resource);
  return TRUE;
}

/* Matches the answer's topics with @names: a broker may give them in any order. */
static gboolean
take_resources (HmTopicsAdmin *admin, rd_kafka_event_t *event, const char *const *names, guint n,
                HmTopicState *states, GError **error)
{
  size_t n_resources;
  const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources (
      rd_kafka_event_DescribeConfigs_result (event), &n_resources);

  for (size_t i = 0; i < n_resources; i++)
    for (guint j = 0; j < n; j++)
      if (states[j].settings == NULL && g_str_equal (names[j], rd_kafka_ConfigResource_name (resources[i]))
          && !take_resource (admin, resources[i], &states[j], error))
        return FALSE;
  return TRUE;
}

static gboolean
describe_settings (HmTopicsAdmin *admin, const char *const *names, guint n, HmTopicState *states,
                   GError **error)
{
  g_autofree rd_kafka_ConfigResource_t **resources = g_new (rd_kafka_ConfigResource_t *, n);
  rd_kafka_AdminOptions_t *options = hm_topics_admin_options (admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_queue_t *queue = rd_kafka_queue_new (admin->client);
  rd_kafka_event_t *event;
  gboolean taken;

  for (guint i = 0; i < n; i++)
    resources[i] = rd_kafka_ConfigResource_new (RD_KAFKA_RESOURCE_TOPIC, names[i]);
  rd_kafka_DescribeConfigs (admin->client, resources, n, options, queue);
  event = hm_topics_admin_await (admin, queue, "the topics' settings", error);
  taken = event != NULL && take_resources (admin, event, names, n, states, error);
  g_clear_pointer (&event, rd_kafka_event_destroy);
  rd_kafka_ConfigResource_destroy_array (resources, n);
  rd_kafka_AdminOptions_destroy (options);
  rd_kafka_queue_destroy (queue);
  return taken;
}

gboolean
hm_topics_admin_describe (HmTopicsAdmin *admin, const char *const *names, guint n, HmTopicState *ret_states,
                          GError **error)
{
  g_autofree HmTopicState *states = g_new0 (HmTopicState, n);
  const rd_kafka_metadata_t *metadata = hm_topics_admin_metadata (admin, error);

  if (metadata == NULL)
    return FALSE;
  for (guint i = 0; i < n; i++)
    take_topic (metadata, names[i], &states[i]);
  rd_kafka_metadata_destroy (metadata);
  if (describe_settings (admin, names, n, states, error))
    {
      memcpy (ret_states, states, n * sizeof *states);
      return TRUE;
    }
  for (guint i = 0; i < n; i++)
    hm_topic_state_clear (&states[i]);
  return FALSE;
}

/* The first that is not there, or NULL. */
static const char *
first_missing (const char *const *names, guint n, const HmTopicState *states)
{
  for (guint i = 0; i < n; i++)
    if (!states[i].exists)
      return names[i];
  return NULL;
}

gboolean
hm_topics_admin_describe_made (HmTopicsAdmin *admin, const char *const *names, guint n,
                               HmTopicState *ret_states, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + admin->timeout_us;
  const char *missing;

  do
    {
      if (!hm_topics_admin_describe (admin, names, n, ret_states, error))
        return FALSE;
      missing = first_missing (names, n, ret_states);
      if (missing == NULL)
        return TRUE;
      for (guint i = 0; i < n; i++)
        hm_topic_state_clear (&ret_states[i]);
      rd_kafka_poll (admin->client, PAUSE_MS);
    }
  while (hm_topics_admin_may_wait (admin, deadline));
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
               "%s: was made, but the broker that answers does not know it yet", missing);
  return FALSE;
}

/* -- making -- */

/* (nullable) (transfer full) */
static rd_kafka_NewTopic_t *
new_topic (const HmTopicPlan *plan, GError **error)
{
  g_autoptr (GHashTable) settings = hm_topic_plan_settings (plan);
  char reason[256] = "";
  rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new (plan->name, (int)plan->partitions,
                                                      (int)plan->replication, reason, sizeof reason);
  GHashTableIter iter;
  gpointer key, value;

  if (topic == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: %s", plan->name, reason);
      return NULL;
    }
  g_hash_table_iter_init (&iter, settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    rd_kafka_NewTopic_set_config (topic, key, value);
  return topic;
}

static gboolean
take_created (HmTopicsAdmin *admin, const char *name, rd_kafka_event_t *event, gboolean *ret_created,
              GError **error)
{
  size_t n;
  const rd_kafka_topic_result_t **results
      = rd_kafka_CreateTopics_result_topics (rd_kafka_event_CreateTopics_result (event), &n);
  rd_kafka_resp_err_t err = n == 1 ? rd_kafka_topic_result_error (results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;

  if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    {
      hm_topics_admin_fail (admin, err, name, n == 1 ? rd_kafka_topic_result_error_string (results[0]) : NULL,
                            error);
      return FALSE;
    }
  *ret_created = err == RD_KAFKA_RESP_ERR_NO_ERROR;
  return TRUE;
}

static gboolean
ask_to_create (HmTopicsAdmin *admin, const HmTopicPlan *plan, gboolean dry_run, gboolean *ret_created,
               GError **error)
{
  rd_kafka_NewTopic_t *topic = new_topic (plan, error);
  rd_kafka_AdminOptions_t *options;
  rd_kafka_queue_t *queue;
  rd_kafka_event_t *event;
  char reason[128];
  gboolean taken;

  if (topic == NULL)
    return FALSE;
  options = hm_topics_admin_options (admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  queue = rd_kafka_queue_new (admin->client);
  rd_kafka_AdminOptions_set_validate_only (options, dry_run, reason, sizeof reason);
  rd_kafka_CreateTopics (admin->client, &topic, 1, options, queue);
  event = hm_topics_admin_await (admin, queue, plan->name, error);
  taken = event != NULL && take_created (admin, plan->name, event, ret_created, error);
  g_clear_pointer (&event, rd_kafka_event_destroy);
  rd_kafka_queue_destroy (queue);
  rd_kafka_AdminOptions_destroy (options);
  rd_kafka_NewTopic_destroy (topic);
  return taken;
}

/* What the controller has made, the brokers learn a little later. */
static gboolean
await_leaders (HmTopicsAdmin *admin, const char *name, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + admin->timeout_us;
  HmTopicState state = { 0 };

  do
    {
      const rd_kafka_metadata_t *metadata = hm_topics_admin_metadata (admin, error);

      if (metadata == NULL)
        return FALSE;
      state = (HmTopicState){ 0 };
      take_topic (metadata, name, &state);
      rd_kafka_metadata_destroy (metadata);
      if (state.exists && state.leaderless == 0)
        return TRUE;
      rd_kafka_poll (admin->client, PAUSE_MS);
    }
  while (hm_topics_admin_may_wait (admin, deadline));
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: was made, but has no leaders yet", name);
  return FALSE;
}

gboolean
hm_topics_admin_create (HmTopicsAdmin *admin, const HmTopicPlan *plan, gboolean dry_run,
                        gboolean *ret_created, GError **error)
{
  gboolean created;

  if (!ask_to_create (admin, plan, dry_run, &created, error)
      || (!dry_run && !await_leaders (admin, plan->name, error)))
    return FALSE;
  *ret_created = created;
  return TRUE;
}
