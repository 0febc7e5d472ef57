/* SPDX-License-Identifier: Apache-2.0 */
/* bare_client: what the idle agent's memory is held against: a process with one libvirt connection, libvirt's event
 * loop and one Kafka producer that has sent one message. Prints "ready" and stays until standard input ends.
 * Usage: bare_client URI BROKERS TOPIC */
#include <glib.h>
#include <librdkafka/rdkafka.h>
#include <libvirt/libvirt.h>
#include <stdio.h>

static gpointer
run_events (gpointer unused G_GNUC_UNUSED)
{
  while (virEventRunDefaultImpl () == 0)
    continue;
  return NULL;
}

static rd_kafka_t *
new_producer (const char *brokers)
{
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  rd_kafka_conf_set (conf, "bootstrap.servers", brokers, reason, sizeof reason);
  rd_kafka_conf_set (conf, "enable.idempotence", "true", reason, sizeof reason);
  rd_kafka_conf_set (conf, "compression.codec", "lz4", reason, sizeof reason);
  return rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
}

int
main (int argc, char **argv)
{
  char byte[] = { 'x' };
  virConnectPtr connection;
  virDomainPtr *domains = NULL;
  rd_kafka_t *producer;

  if (argc != 4 || virEventRegisterDefaultImpl () < 0)
    return 64;
  connection = virConnectOpenReadOnly (argv[1]);
  producer = new_producer (argv[2]);
  if (connection == NULL || producer == NULL)
    return 69;
  g_thread_unref (g_thread_new ("events", run_events, NULL));
  virConnectListAllDomains (connection, &domains, 0);
  rd_kafka_producev (producer, RD_KAFKA_V_TOPIC (argv[3]), RD_KAFKA_V_VALUE (byte, sizeof byte),
                     RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  rd_kafka_flush (producer, 10000);
  puts ("ready");
  fflush (stdout);
  while (getchar () != EOF)
    continue;
  return 0;
}
