/* SPDX-License-Identifier: Apache-2.0 */
/* bare_consume: one of the three parts that the collector is held against: the whole topic through librdkafka, every
 * byte summed, nothing kept. Usage: bare_consume BROKERS TOPIC RECORDS */
#include "tests/bench/timing.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#define BATCH 10000

static rd_kafka_t *
new_consumer (const char *brokers)
{
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  rd_kafka_conf_set (conf, "bootstrap.servers", brokers, reason, sizeof reason);
  rd_kafka_conf_set (conf, "group.id", "bare", reason, sizeof reason);
  rd_kafka_conf_set (conf, "enable.auto.commit", "false", reason, sizeof reason);
  rd_kafka_conf_set (conf, "auto.offset.reset", "earliest", reason, sizeof reason);
  rd_kafka_conf_set (conf, "check.crcs", "true", reason, sizeof reason);
  return rd_kafka_new (RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
}

static void
assign_all (rd_kafka_t *consumer, const char *topic)
{
  const struct rd_kafka_metadata *metadata;
  rd_kafka_topic_t *handle = rd_kafka_topic_new (consumer, topic, NULL);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (16);

  if (rd_kafka_metadata (consumer, 0, handle, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR)
    exit (69);
  for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
    rd_kafka_topic_partition_list_add (list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_metadata_destroy (metadata);
  rd_kafka_topic_destroy (handle);
  rd_kafka_assign (consumer, list);
  rd_kafka_topic_partition_list_destroy (list);
}

int
main (int argc, char **argv)
{
  static rd_kafka_message_t *messages[BATCH];
  rd_kafka_t *consumer = argc == 4 ? new_consumer (argv[1]) : NULL;
  guint64 wanted = argc == 4 ? g_ascii_strtoull (argv[3], NULL, 10) : 0, count = 0, bytes = 0;
  double wall, cpu;
  rd_kafka_queue_t *queue;

  if (consumer == NULL)
    return 64;
  rd_kafka_poll_set_consumer (consumer);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  assign_all (consumer, argv[2]);
  queue = rd_kafka_queue_get_consumer (consumer);
  while (count < wanted)
    {
      ssize_t n = rd_kafka_consume_batch_queue (queue, 50, messages, BATCH);

      for (ssize_t i = 0; i < n; i++)
        {
          count += messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
          bytes += messages[i]->len;
          rd_kafka_message_destroy (messages[i]);
        }
    }
  report ("bare-consume", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          count);
  fprintf (stderr, "%" G_GUINT64_FORMAT " bytes\n", bytes);
  return 0; /* no close: what is measured is over */
}
