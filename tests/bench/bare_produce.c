/* SPDX-License-Identifier: Apache-2.0 */
/* bare_produce: what the agent's way to Kafka is held against: the same keys, ids and values (KEY TAB ID TAB VALUE a line) through a bare
 * librdkafka producer with the same guarantees, compression and headers, each waiting for its delivery report.
 * Usage: bare_produce BROKERS TOPIC FILE */
#include "tests/bench/timing.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

static guint64 delivered;

static void
on_delivery (rd_kafka_t *client G_GNUC_UNUSED, const rd_kafka_message_t *message, void *user G_GNUC_UNUSED)
{
  delivered += message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= 0;
}

static rd_kafka_t *
new_producer (const char *brokers)
{
  static const char *const pairs[][2] = { { "enable.idempotence", "true" },
                                          { "acks", "all" },
                                          { "max.in.flight.requests.per.connection", "1" },
                                          { "message.timeout.ms", "0" },
                                          { "partitioner", "murmur2_random" },
                                          { "compression.codec", "lz4" } };
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  rd_kafka_conf_set (conf, "bootstrap.servers", brokers, NULL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    rd_kafka_conf_set (conf, pairs[i][0], pairs[i][1], NULL, 0);
  rd_kafka_conf_set_dr_msg_cb (conf, on_delivery);
  return rd_kafka_new (RD_KAFKA_PRODUCER, conf, NULL, 0);
}

static rd_kafka_headers_t *
make_headers (const char *key, const char *id)
{
  const char *const pairs[][2] = { { "ce_specversion", "1.0" },
                                   { "ce_id", id },
                                   { "ce_source", "site-a" },
                                   { "ce_type", "hypermeter.samples/1" },
                                   { "ce_subject", key },
                                   { "ce_time", "2026-11-21T01:27:00.123456789Z" },
                                   { "content-type", "application/json" },
                                   { "hm-sent", "2026-11-21T01:27:00.123456789Z" } };
  rd_kafka_headers_t *headers = rd_kafka_headers_new (G_N_ELEMENTS (pairs));

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    rd_kafka_header_add (headers, pairs[i][0], -1, pairs[i][1], -1);
  return headers;
}

static void
produce (rd_kafka_t *client, const char *topic, char *line)
{
  char *id = strchr (line, '\t'), *value = id != NULL ? strchr (id + 1, '\t') : NULL;
  rd_kafka_headers_t *headers;

  if (value == NULL)
    g_error ("no KEY TAB ID TAB VALUE: %s", line);
  *id++ = *value++ = '\0';
  headers = make_headers (line, id);
  while (rd_kafka_producev (client, RD_KAFKA_V_TOPIC (topic), RD_KAFKA_V_KEY (line, strlen (line)),
                            RD_KAFKA_V_VALUE (value, strlen (value)), RD_KAFKA_V_HEADERS (headers),
                            RD_KAFKA_V_MSGFLAGS (0), RD_KAFKA_V_END)
         == RD_KAFKA_RESP_ERR__QUEUE_FULL)
    rd_kafka_poll (client, 10);
  rd_kafka_poll (client, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *bytes = NULL;
  guint64 count = 0;
  rd_kafka_t *client;
  double wall, cpu;

  if (argc != 4 || !g_file_get_contents (argv[3], &bytes, NULL, NULL))
    return 64;
  client = new_producer (argv[1]);
  if (client == NULL)
    return 69;
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  for (char *line = bytes, *end; (end = strchr (line, '\n')) != NULL; line = end + 1, count++)
    {
      *end = '\0';
      produce (client, argv[2], line);
    }
  while (delivered < count && rd_kafka_outq_len (client) > 0)
    rd_kafka_poll (client, 100);
  report ("bare-produce", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          delivered);
  return delivered == count ? 0 : 70;
}
