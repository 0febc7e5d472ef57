/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_kit: see kafka_kit.h. */
#include "tests/kafka_kit.h"

#include <stdlib.h>
#include <string.h>

#define NAP_US 10000

/* -- the cluster -- */

static rd_kafka_t *
client_new (rd_kafka_type_t type, const char *brokers)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  char reason[256];
  rd_kafka_t *client;

  if (brokers != NULL)
    rd_kafka_conf_set (conf, "bootstrap.servers", brokers, reason, sizeof reason);
  rd_kafka_conf_set (conf, "group.id", "test", reason, sizeof reason);
  rd_kafka_conf_set (conf, "log_level", "0", reason, sizeof reason);
  client = rd_kafka_new (type, conf, reason, sizeof reason);
  if (client == NULL)
    fail_msg ("%s", reason);
  return client;
}

KafkaKit *
kafka_kit_new (void)
{
  KafkaKit *kit = g_new0 (KafkaKit, 1);

  kit->handle = client_new (RD_KAFKA_PRODUCER, NULL);
  kit->cluster = rd_kafka_mock_cluster_new (kit->handle, 1);
  kit->brokers = rd_kafka_mock_cluster_bootstraps (kit->cluster);
  rd_kafka_mock_topic_create (kit->cluster, KAFKA_KIT_TOPIC, KAFKA_KIT_PARTITIONS, 1);
  return kit;
}

void
kafka_kit_start (KafkaKit *kit, const char *brokers, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  kit->publisher
      = kit_publisher_new ("kafka", &error, "topic", KAFKA_KIT_TOPIC, "kafka.bootstrap.servers", brokers,
                           "kafka.reconnect.backoff.max.ms", "200", "kafka.retry.backoff.ms", "50",
                           "kafka.statistics.interval.ms", "100", key, value, NULL);
  assert_non_null (kit->publisher->self);
  assert_true (kit->publisher->plugin->publisher->start (kit->publisher->self, &error));
}

void
kafka_kit_free (KafkaKit *kit)
{
  if (kit->publisher != NULL)
    kit_publisher_free (kit->publisher);
  rd_kafka_mock_cluster_destroy (kit->cluster);
  rd_kafka_destroy (kit->handle);
  g_free (kit);
}

int
kafka_kit_set_up (void **state)
{
  KafkaKit *kit = kafka_kit_new ();

  kafka_kit_start (kit, kit->brokers, NULL, NULL);
  *state = kit;
  return 0;
}

int
kafka_kit_tear_down (void **state)
{
  kafka_kit_free (*state);
  hm_log_capture (NULL, NULL);
  return 0;
}

void
kafka_kit_push_errors (rd_kafka_mock_cluster_t *cluster, int16_t api, guint n, rd_kafka_resp_err_t err)
{
  g_autofree rd_kafka_resp_err_t *errors = g_new (rd_kafka_resp_err_t, n);

  for (guint i = 0; i < n; i++)
    errors[i] = err;
  rd_kafka_mock_push_request_errors_array (cluster, api, n, errors);
}

void
kafka_kit_lead (KafkaKit *kit, const char *topic, int partition, gboolean leads)
{
  assert_int_equal (rd_kafka_mock_partition_set_leader (kit->cluster, topic, partition, leads ? 1 : -1),
                    RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* -- reading back -- */

static void
free_received (gpointer data)
{
  KafkaReceived *received = data;

  g_free (received->key);
  g_free (received->value);
  g_hash_table_unref (received->headers);
  g_free (received);
}

static GHashTable *
copy_headers (const rd_kafka_message_t *message)
{
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rd_kafka_headers_t *headers;
  const char *name;
  const void *value;
  size_t length;

  if (rd_kafka_message_headers (message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return copy;
  for (size_t i = 0;
       rd_kafka_header_get_all (headers, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
    g_hash_table_insert (copy, g_strdup (name), g_strndup (value, length));
  return copy;
}

static KafkaReceived *
copy_message (const rd_kafka_message_t *message)
{
  KafkaReceived *received = g_new (KafkaReceived, 1);

  received->key = g_strndup (message->key, message->key_len);
  received->value = g_strndup (message->payload, message->len);
  received->partition = message->partition;
  received->headers = copy_headers (message);
  return received;
}

static rd_kafka_t *
consumer_new (const char *brokers, const char *topic)
{
  rd_kafka_t *consumer = client_new (RD_KAFKA_CONSUMER, brokers);
  rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new (KAFKA_KIT_PARTITIONS);

  for (int i = 0; i < KAFKA_KIT_PARTITIONS; i++)
    rd_kafka_topic_partition_list_add (all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_poll_set_consumer (consumer);
  rd_kafka_assign (consumer, all);
  rd_kafka_topic_partition_list_destroy (all);
  return consumer;
}

static void
keep (rd_kafka_message_t *message, GPtrArray *messages, GHashTable *different)
{
  if (message == NULL)
    return;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      KafkaReceived *received = copy_message (message);

      g_ptr_array_add (messages, received);
      g_hash_table_add (different, g_strconcat (received->key, "=", received->value, NULL));
    }
  rd_kafka_message_destroy (message);
}

GPtrArray *
kafka_kit_read (const char *brokers, const char *topic, guint n)
{
  rd_kafka_t *consumer = consumer_new (brokers, topic);
  GPtrArray *messages = g_ptr_array_new_with_free_func (free_received);
  g_autoptr (GHashTable) different = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 deadline = g_get_monotonic_time () + KAFKA_KIT_PATIENCE_US;

  while (g_hash_table_size (different) < n && g_get_monotonic_time () < deadline)
    keep (rd_kafka_consumer_poll (consumer, 100), messages, different);
  rd_kafka_consumer_close (consumer);
  rd_kafka_destroy (consumer);
  if (g_hash_table_size (different) < n)
    fail_msg ("%u messages in %s, where %u were expected", g_hash_table_size (different), topic, n);
  return messages;
}

void
kafka_kit_assert_order (const GPtrArray *messages, guint n, guint keys)
{
  g_autofree gboolean *seen = g_new0 (gboolean, n);
  g_autofree int *last = g_new (int, keys);

  for (guint key = 0; key < keys; key++)
    last[key] = -1;
  for (guint i = 0; i < messages->len; i++)
    {
      const KafkaReceived *received = g_ptr_array_index (messages, i);
      int value = atoi (received->value);

      if (seen[value])
        continue;
      assert_true (value > last[(guint)value % keys]);
      last[(guint)value % keys] = value;
      seen[value] = TRUE;
    }
  for (guint i = 0; i < n; i++)
    assert_true (seen[i]);
}

/* -- publishing -- */

void
kafka_kit_publish (KafkaKit *kit, guint64 position, const char *key, const char *value)
{
  g_autoptr (HmMessage) message = kit_message (position, key, value);

  kit_publisher_publish (kit->publisher, message);
}

typedef enum
{
  WAITING,
  IN_HANDS,
  SETTLED,
} Place;

/* The simplest outbox. */
typedef struct
{
  Place *places; /* of each position, from 1 */
  guint n, settled;
  guint heard; /* words of the publisher */
} Outbox;

static void
hear (Outbox *outbox, KitPublisher *publisher)
{
  g_mutex_lock (&publisher->lock);
  for (; outbox->heard < publisher->confirmed->len; outbox->heard++)
    {
      const KitConfirmed *word = g_ptr_array_index (publisher->confirmed, outbox->heard);
      gboolean again = word->delivery == HM_DELIVERY_RETRY;

      outbox->places[word->message->position] = again ? WAITING : SETTLED;
      outbox->settled += !again;
    }
  g_mutex_unlock (&publisher->lock);
}

/* 0: none waits. */
static guint
next_of (const Outbox *outbox)
{
  for (guint i = 1; i <= outbox->n; i++)
    if (outbox->places[i] == WAITING)
      return i;
  return 0;
}

static gboolean
hand_over (Outbox *outbox, KafkaKit *kit, guint position, guint keys)
{
  g_autofree char *key = g_strdup_printf ("key-%u", (position - 1) % keys);
  g_autofree char *value = g_strdup_printf ("%u", position - 1);
  g_autoptr (HmMessage) message = kit_message (position, key, value);

  outbox->places[position] = IN_HANDS;
  if (kit->publisher->plugin->publisher->publish (kit->publisher->self, message))
    return TRUE;
  outbox->places[position] = WAITING;
  return FALSE;
}

static void
nap (KitPublisher *publisher, const Outbox *outbox)
{
  g_mutex_lock (&publisher->lock);
  if (publisher->confirmed->len == outbox->heard)
    g_cond_wait_until (&publisher->changed, &publisher->lock, g_get_monotonic_time () + NAP_US);
  g_mutex_unlock (&publisher->lock);
}

void
kafka_kit_deliver (KafkaKit *kit, guint n, guint keys)
{
  g_autofree Place *places = g_new0 (Place, n + 1);
  Outbox outbox = { .places = places, .n = n };
  gint64 deadline = g_get_monotonic_time () + 2 * KAFKA_KIT_PATIENCE_US;

  while (outbox.settled < n)
    {
      guint position;

      if (g_get_monotonic_time () > deadline)
        fail_msg ("%u of %u are settled", outbox.settled, n);
      hear (&outbox, kit->publisher);
      position = next_of (&outbox);
      if (position == 0 || !hand_over (&outbox, kit, position, keys))
        nap (kit->publisher, &outbox);
    }
}

/* -- figures -- */

typedef struct
{
  const char *meter;
  guint64 value;
  gboolean found;
} Sought;

static void
look (const char *meter, const char *device, guint64 value, gpointer user)
{
  Sought *sought = user;

  assert_null (device);
  if (!g_str_equal (meter, sought->meter))
    return;
  sought->value = value;
  sought->found = TRUE;
}

gboolean
kafka_kit_figure (KafkaKit *kit, const char *meter, guint64 *ret_value)
{
  Sought sought = { .meter = meter };

  kit->publisher->plugin->publisher->figures (kit->publisher->self, look, &sought);
  if (sought.found)
    *ret_value = sought.value;
  return sought.found;
}

void
kafka_kit_await_figure (KafkaKit *kit, const char *meter, guint64 least)
{
  gint64 deadline = g_get_monotonic_time () + KAFKA_KIT_PATIENCE_US;
  guint64 value = 0;

  while (!kafka_kit_figure (kit, meter, &value) || value < least)
    {
      if (g_get_monotonic_time () > deadline)
        fail_msg ("%s is %" G_GUINT64_FORMAT, meter, value);
      g_usleep (NAP_US);
    }
}

/* -- the log -- */

static gint lines; /* atomic */

static void
count_lines (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
             gpointer part)
{
  if (strstr (text, part) != NULL)
    g_atomic_int_inc (&lines);
}

void
kafka_kit_listen (const char *part)
{
  g_atomic_int_set (&lines, 0);
  /* Not beside it: a client that was left behind may still say something. */
  hm_log_capture (count_lines, (gpointer)(guintptr)part);
}

guint
kafka_kit_lines (void)
{
  return (guint)g_atomic_int_get (&lines);
}

/* @clock: (nullable) to go on meanwhile. */
static void
await_line (HmFakeClock *clock)
{
  gint64 deadline = g_get_monotonic_time () + KAFKA_KIT_PATIENCE_US;

  while (kafka_kit_lines () == 0 && g_get_monotonic_time () < deadline)
    {
      if (clock != NULL)
        hm_fake_clock_advance (clock, HM_NSEC_PER_SEC);
      g_usleep (NAP_US);
    }
  assert_true (kafka_kit_lines () > 0);
}

void
kafka_kit_await_line (void)
{
  await_line (NULL);
}

void
kafka_kit_age_until_line (KafkaKit *kit)
{
  await_line (kit->publisher->clock);
}
