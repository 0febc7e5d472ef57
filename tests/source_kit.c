/* SPDX-License-Identifier: Apache-2.0 */
/* source_kit: see source_kit.h. */
#include "tests/source_kit.h"

#include <string.h>

/* -- the group -- */

/* The mock cluster lets a new group wait for three seconds. One case goes through it; for the others,
 * subscribing gives all partitions at once, which is what a group of one would say (linked with --wrap). */
gboolean bus_with_group;

rd_kafka_resp_err_t __real_rd_kafka_subscribe (rd_kafka_t *client,
                                               const rd_kafka_topic_partition_list_t *topics);
rd_kafka_resp_err_t __wrap_rd_kafka_subscribe (rd_kafka_t *client,
                                               const rd_kafka_topic_partition_list_t *topics);

rd_kafka_resp_err_t
__wrap_rd_kafka_subscribe (rd_kafka_t *client, const rd_kafka_topic_partition_list_t *topics)
{
  rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new (BUS_PARTITIONS);

  if (bus_with_group)
    {
      rd_kafka_topic_partition_list_destroy (all);
      return __real_rd_kafka_subscribe (client, topics);
    }
  rd_kafka_topic_partition_list_add_range (all, BUS_TOPIC, 0, BUS_PARTITIONS - 1);
  hm_source_rebalanced (client, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, all, rd_kafka_opaque (client));
  rd_kafka_topic_partition_list_destroy (all);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

gint64 bus_emptied_up_to;

gint64 bus_outdated_end;

rd_kafka_resp_err_t __real_rd_kafka_offsets_for_times (rd_kafka_t *client,
                                                       rd_kafka_topic_partition_list_t *list, int timeout_ms);
rd_kafka_resp_err_t __wrap_rd_kafka_offsets_for_times (rd_kafka_t *client,
                                                       rd_kafka_topic_partition_list_t *list, int timeout_ms);

rd_kafka_resp_err_t
__wrap_rd_kafka_offsets_for_times (rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
  rd_kafka_topic_partition_t *asked = &list->elems[0];
  gboolean end = asked->offset == RD_KAFKA_OFFSET_END;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

  if (asked->partition != 0 || bus_emptied_up_to == 0)
    code = __real_rd_kafka_offsets_for_times (client, list, timeout_ms);
  else
    asked->offset = bus_emptied_up_to;
  if (asked->partition == 0 && end && bus_outdated_end != 0)
    asked->offset = bus_outdated_end;
  return code;
}

/* -- the bus -- */

void
bus_start_cluster (Bus *bus)
{
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  rd_kafka_conf_set (conf, "test.mock.num.brokers", "1", NULL, 0);
  rd_kafka_conf_set (conf, "message.max.bytes", "4000000", NULL, 0);
  bus->producer = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  assert_non_null (bus->producer);
  bus->cluster = rd_kafka_handle_mock_cluster (bus->producer);
  assert_int_equal (rd_kafka_mock_topic_create (bus->cluster, BUS_TOPIC, BUS_PARTITIONS, 1), 0);
}

int
bus_set_up (void **state)
{
  Bus *bus = g_new0 (Bus, 1);

  bus_emptied_up_to = bus_outdated_end = 0;
  bus_patience_ns = 60 * HM_NSEC_PER_SEC;
  bus_meddle = NULL;
  bus_at_end = NULL;
  bus_with_group = FALSE;
  bus->kit = engine_kit_new ();
  bus_start_cluster (bus);
  *state = bus;
  return 0;
}

int
bus_tear_down (void **state)
{
  Bus *bus = *state;

  rd_kafka_destroy (bus->producer);
  engine_kit_free (bus->kit);
  g_free (bus);
  return 0;
}

void
bus_produce (Bus *bus, gint32 partition, const char *key, const char *id, char *bytes, gsize length)
{
  rd_kafka_resp_err_t code
      = rd_kafka_producev (bus->producer, RD_KAFKA_V_TOPIC (BUS_TOPIC), RD_KAFKA_V_PARTITION (partition),
                           RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY (key, strlen (key)),
                           RD_KAFKA_V_VALUE (bytes, length), RD_KAFKA_V_HEADER ("ce_id", id, -1),
                           RD_KAFKA_V_HEADER ("hm-signature", "v1;k;00", -1), RD_KAFKA_V_END);

  assert_int_equal (code, 0);
}

void
bus_produce_records (Bus *bus, gint32 partition, const char *resource, guint64 first, guint n)
{
  for (guint64 i = first; i < first + n; i++)
    {
      HmRecord record;
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *text = NULL, *id = NULL;

      engine_kit_record (&record, resource, i, MORNING + (gint64)i * MINUTE);
      bytes = hm_encoder_encode (bus->kit->encoder, &record, NULL);
      text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      id = hm_record_id (&record);
      bus_produce (bus, partition, resource, id, text, g_bytes_get_size (bytes));
    }
  assert_int_equal (rd_kafka_flush (bus->producer, 30000), 0);
}

/* -- the collector -- */

static HmOptions *
options_of (Bus *bus, const char *servers)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  HmOptions *options;

  g_hash_table_insert (pairs, g_strdup ("topic"), g_strdup (BUS_TOPIC));
  g_hash_table_insert (pairs, g_strdup ("kafka.bootstrap.servers"), g_strdup (servers));
  g_hash_table_insert (pairs, g_strdup ("kafka.group.id"), g_strdup_printf ("g%u", bus->runs++));
  options = hm_options_new (hm_source_options, pairs, "the test", &error);
  if (options == NULL)
    fail_msg ("%s", error->message);
  return options;
}

void (*bus_meddle) (gpointer collector);
gboolean (*bus_at_end) (gpointer collector);

gint64 bus_patience_ns;

void
bus_start_collector (Bus *bus, BusCollector *collector, const char *servers, gboolean until_end)
{
  const HmPipelineSettings settings = { .batch_records = 100, .batch_bytes = 1 << 20 };
  HmSourceSettings source = { .member = "m",
                              .until_end = until_end,
                              .patience_ns = bus_patience_ns,
                              .tick = bus_meddle,
                              .at_end = bus_at_end,
                              .user = collector };

  *collector = (BusCollector){ .options = options_of (bus, servers) };
  source.options = collector->options;
  engine_kit_restart (bus->kit);
  collector->pipeline = hm_pipeline_new (g_steal_pointer (&bus->kit->engine), bus->kit->meters, &settings);
  hm_pipeline_start (collector->pipeline);
  collector->source = hm_source_new (&source, collector->pipeline, NULL);
  assert_non_null (collector->source);
}

void
bus_end_collector (BusCollector *collector)
{
  assert_true (hm_pipeline_stop (collector->pipeline, 30 * HM_NSEC_PER_SEC));
  hm_source_free (collector->source, 30 * HM_NSEC_PER_SEC);
  hm_pipeline_free (collector->pipeline);
  hm_options_unref (collector->options);
}

GError *
bus_collect (Bus *bus, HmSourceCounts *ret_counts)
{
  BusCollector collector;
  GError *error = NULL;
  HmSourceCounts counts;

  bus_start_collector (bus, &collector, rd_kafka_mock_cluster_bootstraps (bus->cluster), TRUE);
  hm_source_run (collector.source, &error);
  hm_source_counts (collector.source, ret_counts != NULL ? ret_counts : &counts);
  bus_end_collector (&collector);
  return error;
}

void
bus_collect_all (Bus *bus)
{
  GError *error = bus_collect (bus, NULL);

  if (error != NULL)
    fail_msg ("%s", error->message);
}

gint64
bus_stored_offset (Bus *bus, gint32 partition)
{
  gint64 next = -1;
  gboolean found;

  assert_true (bus->kit->real->offset_get (bus->kit->store, BUS_TOPIC, partition, &next, &found, NULL));
  return next;
}
