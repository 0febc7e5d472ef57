/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_kit: librdkafka's mock cluster, the publisher `kafka` as a real module in front of it, an outbox of the
 * simplest kind, and a consumer that reads back. */
#pragma once

#include "tests/publisher_kit.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define KAFKA_KIT_TOPIC       "t.samples"
#define KAFKA_KIT_PARTITIONS  4
#define KAFKA_KIT_PATIENCE_US (120 * G_USEC_PER_SEC)

/* Numbers of requests. */
#define KAFKA_KIT_PRODUCE          0
#define KAFKA_KIT_INIT_PRODUCER_ID 22

typedef struct
{
  rd_kafka_t *handle; /* that the mock cluster lives in */
  rd_kafka_mock_cluster_t *cluster;
  const char *brokers;
  KitPublisher *publisher; /* (nullable) before kafka_kit_start() */
} KafkaKit;

/* A cluster of one broker that has the topic. (transfer full) */
KafkaKit *kafka_kit_new (void);
/* The publisher, with these options besides. */
void kafka_kit_start (KafkaKit *kit, const char *brokers, const char *key, const char *value);
void kafka_kit_free (KafkaKit *kit);

/* For cmocka: both at once, and the reverse. */
int kafka_kit_set_up (void **state);
int kafka_kit_tear_down (void **state);

/* A message as the topic has it, copied: it outlives the consumer. */
typedef struct
{
  char *key, *value;
  int partition;
  GHashTable *headers; /* name → text */
} KafkaReceived;

/* The messages of the topic, in order within each partition, until @n different ones are there; fails the test where
 * there are fewer. (transfer full) (element-type KafkaReceived) */
GPtrArray *kafka_kit_read (const char *brokers, const char *topic, guint n);

void kafka_kit_publish (KafkaKit *kit, guint64 position, const char *key, const char *value);

/* What an outbox does: positions 1 to @n, each with its number from 0 as the value and one of @keys keys, the first
 * that waits always first, until all are settled. */
void kafka_kit_deliver (KafkaKit *kit, guint n, guint keys);

/* That @messages hold all values from 0 to @n − 1, and in order within each key but for those that are there again. */
void kafka_kit_assert_order (const GPtrArray *messages, guint n, guint keys);

/* The next @n requests of that kind fail with @err. */
void kafka_kit_push_errors (rd_kafka_mock_cluster_t *cluster, int16_t api, guint n, rd_kafka_resp_err_t err);

/* What the publisher tells of itself by that name; FALSE when it tells no such thing. */
gboolean kafka_kit_figure (KafkaKit *kit, const char *meter, guint64 *ret_value);
/* Waits until it tells @least or more. */
void kafka_kit_await_figure (KafkaKit *kit, const char *meter, guint64 least);

/* Counts the lines of the log that hold @part from now on (one part at a time); kafka_kit_tear_down() ends it. */
void kafka_kit_listen (const char *part);
guint kafka_kit_lines (void);
void kafka_kit_await_line (void);
/* The same, while the publisher's clock goes on by a second at each look. */
void kafka_kit_age_until_line (KafkaKit *kit);

/* Whether the partition of the topic, that there must be, has a leader. */
void kafka_kit_lead (KafkaKit *kit, const char *topic, int partition, gboolean leads);
