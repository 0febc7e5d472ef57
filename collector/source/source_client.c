/* SPDX-License-Identifier: Apache-2.0 */
/* source_client: the life of librdkafka's client, and the questions that it is asked. */
#include "collector/source/source_private.h"

#include "metering/error.h"
#include "metering/json.h"
#include "metering/log.h"

#define ASK_TIMEOUT_MS 2000

static void
log_line (const rd_kafka_t *client, int level, const char *facility, const char *text)
{
  (void)client;
  hm_log (level <= 4   ? G_LOG_LEVEL_WARNING
          : level <= 6 ? G_LOG_LEVEL_INFO
                       : G_LOG_LEVEL_DEBUG,
          NULL, "kafka: %s: %s", facility, text);
}

/* Brokers that are away come back by themselves; after a fatal error the client never works again. */
static void
take_error (rd_kafka_t *client, int code, const char *reason, void *user)
{
  HmSource *source = user;
  char fatal[512];

  if (code != RD_KAFKA_RESP_ERR__FATAL)
    {
      hm_warning ("kafka: %s", reason);
      return;
    }
  rd_kafka_fatal_error (client, fatal, sizeof fatal);
  hm_warning ("kafka: the consumer is made anew after: %s", fatal);
  source->rebuild = TRUE;
}

/* Partitions may be added to a topic. That without a number is the client's own. */
static void
count_partitions (HmSource *source, const HmJson *topics)
{
  guint n = 0;

  for (guint i = 0; i < hm_json_size (topics); i++)
    if (g_str_equal (hm_json_member (topics, i), source->topic))
      {
        const HmJson *partitions = hm_json_at (hm_json_element (topics, i), "partitions");

        for (guint j = 0; j < hm_json_size (partitions); j++)
          n += g_ascii_isdigit (*hm_json_member (partitions, j));
      }
  source->counts.topic_partitions = MAX (source->counts.topic_partitions, n);
}

/* Whether any broker is connected stands in the client's statistics and nowhere else. */
static int
take_statistics (rd_kafka_t *client, char *json, size_t length, void *user)
{
  HmSource *source = user;
  g_autoptr (HmJson) statistics = hm_json_parse (json, length, NULL); /* librdkafka's own text */
  const HmJson *brokers = statistics != NULL ? hm_json_at (statistics, "brokers") : NULL;
  gboolean up = FALSE;

  (void)client;
  for (guint i = 0; brokers != NULL && i < hm_json_size (brokers) && !up; i++)
    up = g_strcmp0 (hm_json_get_text (hm_json_element (brokers, i), "state"), "UP") == 0;
  source->counts.broker_away = !up;
  count_partitions (source, hm_json_at (statistics, "topics"));
  return 0;
}

gboolean
hm_source_connect (HmSource *source, GError **error)
{
  rd_kafka_conf_t *conf = hm_source_conf_new (source->options, error);
  char reason[512];

  if (conf == NULL || !hm_source_conf_set (conf, "group.instance.id", source->member, error))
    {
      g_clear_pointer (&conf, rd_kafka_conf_destroy);
      return FALSE;
    }
  rd_kafka_conf_set_opaque (conf, source);
  rd_kafka_conf_set_log_cb (conf, log_line);
  rd_kafka_conf_set_error_cb (conf, take_error);
  rd_kafka_conf_set_stats_cb (conf, take_statistics);
  rd_kafka_conf_set_rebalance_cb (conf, hm_source_rebalanced);
  source->client = rd_kafka_new (RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
  if (source->client == NULL)
    {
      rd_kafka_conf_destroy (conf);
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "[source]: %s", reason);
      return FALSE;
    }
  rd_kafka_poll_set_consumer (source->client);
  return TRUE;
}

/* -- letting go -- */

typedef struct
{
  GMutex lock;
  GCond done;
  rd_kafka_t *client; /* NULL once it is destroyed */
  gint refs;
} Burial;

static void
unref_burial (Burial *burial)
{
  if (!g_atomic_int_dec_and_test (&burial->refs))
    return;
  g_mutex_clear (&burial->lock);
  g_cond_clear (&burial->done);
  g_free (burial);
}

static gpointer
bury (gpointer user)
{
  Burial *burial = user;

  rd_kafka_destroy_flags (burial->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  g_mutex_lock (&burial->lock);
  burial->client = NULL;
  g_cond_signal (&burial->done);
  g_mutex_unlock (&burial->lock);
  unref_burial (burial);
  return NULL;
}

void
hm_source_disconnect (HmSource *source, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  Burial *burial;

  if (source->client == NULL)
    return;
  burial = g_new0 (Burial, 1);
  g_mutex_init (&burial->lock);
  g_cond_init (&burial->done);
  burial->client = g_steal_pointer (&source->client);
  burial->refs = 2;
  g_thread_unref (g_thread_new ("bury", bury, burial));
  g_mutex_lock (&burial->lock);
  while (burial->client != NULL && g_cond_wait_until (&burial->done, &burial->lock, deadline))
    ;
  g_mutex_unlock (&burial->lock);
  unref_burial (burial);
}

/* -- questions -- */

static gboolean
set_unavailable (HmSource *source, rd_kafka_resp_err_t code, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "topic %s: %s", source->topic, rd_kafka_err2str (code));
  return FALSE;
}

gboolean
hm_source_ask_topic (HmSource *source, guint *ret_partitions, GError **error)
{
  rd_kafka_topic_t *topic = rd_kafka_topic_new (source->client, source->topic, NULL);
  const struct rd_kafka_metadata *metadata = NULL;
  rd_kafka_resp_err_t code = topic != NULL
                                 ? rd_kafka_metadata (source->client, 0, topic, &metadata, ASK_TIMEOUT_MS)
                                 : rd_kafka_last_error ();

  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    code = metadata->topics[0].err;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR
      && (metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0))
    code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    *ret_partitions = (guint)metadata->topics[0].partition_cnt;
  g_clear_pointer (&metadata, rd_kafka_metadata_destroy);
  g_clear_pointer (&topic, rd_kafka_topic_destroy);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR || set_unavailable (source, code, error);
}

/* @which: RD_KAFKA_OFFSET_BEGINNING or _END, which the protocol takes for a time: the question behind rd_kafka_query_watermark_offsets(). That
 * function itself is not called, because up to librdkafka 2.2 it waits for a broker that went away until it is back, whatever its timeout. */
static gboolean
ask_offset (HmSource *source, gint32 partition, gint64 which, gint64 *ret_offset, GError **error)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (1);
  rd_kafka_topic_partition_t *asked = rd_kafka_topic_partition_list_add (list, source->topic, partition);
  rd_kafka_resp_err_t code;

  asked->offset = which;
  code = rd_kafka_offsets_for_times (source->client, list, ASK_TIMEOUT_MS);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    code = asked->err != RD_KAFKA_RESP_ERR_NO_ERROR || asked->offset >= 0 ? asked->err
                                                                          : RD_KAFKA_RESP_ERR__NO_OFFSET;
  *ret_offset = asked->offset;
  rd_kafka_topic_partition_list_destroy (list);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR || set_unavailable (source, code, error);
}

gboolean
hm_source_ask_end (HmSource *source, gint32 partition, gint64 *ret_end, GError **error)
{
  return ask_offset (source, partition, RD_KAFKA_OFFSET_END, ret_end, error);
}

gboolean
hm_source_ask_watermarks (HmSource *source, gint32 partition, HmWatermarks *ret_watermarks, GError **error)
{
  return ask_offset (source, partition, RD_KAFKA_OFFSET_BEGINNING, &ret_watermarks->low, error)
         && hm_source_ask_end (source, partition, &ret_watermarks->high, error);
}

gboolean
hm_source_subscribe (HmSource *source, GError **error)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (1);
  rd_kafka_resp_err_t code;

  rd_kafka_topic_partition_list_add (list, source->topic, RD_KAFKA_PARTITION_UA);
  code = rd_kafka_subscribe (source->client, list);
  rd_kafka_topic_partition_list_destroy (list);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR || set_unavailable (source, code, error);
}

/* Fetching keeps the client's copy of the watermarks fresh, so nobody is asked. */
GArray *
hm_source_list (HmSource *source)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (HmSourcePartition));

  for (guint i = 0; i < source->partitions->len; i++)
    {
      const HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);
      HmSourcePartition row = { .id = partition->id, .high = -1, .halted = partition->halted };
      gint64 low, high;

      row.committed = hm_pipeline_committed (source->pipeline, partition->id);
      if (row.committed < 0)
        row.committed = partition->stored;
      if (source->client != NULL
          && rd_kafka_get_watermark_offsets (source->client, source->topic, partition->id, &low, &high)
                 == RD_KAFKA_RESP_ERR_NO_ERROR
          && high >= 0)
        row.high = high;
      row.appended = hm_pipeline_reached (source->pipeline, partition->id, NULL);
      g_array_append_val (list, row);
    }
  return list;
}

/* Nobody depends on it, so nobody waits for it. */
void
hm_source_commit (HmSource *source)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new ((int)source->partitions->len);

  for (guint i = 0; i < source->partitions->len; i++)
    {
      const HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);
      gint64 next = hm_pipeline_committed (source->pipeline, partition->id);

      if (next >= 0)
        rd_kafka_topic_partition_list_add (list, source->topic, partition->id)->offset = next;
    }
  if (list->cnt > 0 && source->client != NULL)
    rd_kafka_commit (source->client, list, TRUE);
  rd_kafka_topic_partition_list_destroy (list);
}
