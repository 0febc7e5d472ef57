/* SPDX-License-Identifier: Apache-2.0 */
/* evaluation_broker: librdkafka's mock cluster in a process of its own, so that `hypermeter demo` shows the whole way
 * on a machine that has no Kafka. It is in memory, keeps 5 MiB per partition and forgets all at its end: good for an
 * evaluation, never for a bill.
 *
 * Prints its bootstrap servers, then serves until SIGTERM or SIGINT. */
#include <glib-unix.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  char reason[256];
  rd_kafka_t *client;
  rd_kafka_mock_cluster_t *cluster;

  if (argc != 2)
    {
      g_printerr ("Usage: hypermeter-evaluation-broker TOPIC\n");
      return 64;
    }
  client = rd_kafka_new (RD_KAFKA_PRODUCER, rd_kafka_conf_new (), reason, sizeof reason);
  cluster = client != NULL ? rd_kafka_mock_cluster_new (client, 1) : NULL;
  if (cluster == NULL || rd_kafka_mock_topic_create (cluster, argv[1], 4, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      g_printerr ("hypermeter-evaluation-broker: the mock cluster could not be made\n");
      return 70;
    }
  g_print ("%s\n", rd_kafka_mock_cluster_bootstraps (cluster));
  fflush (stdout);
  g_unix_signal_add (SIGTERM, quit, loop);
  g_unix_signal_add (SIGINT, quit, loop);
  g_main_loop_run (loop);
  rd_kafka_mock_cluster_destroy (cluster);
  rd_kafka_destroy (client);
  return 0;
}
