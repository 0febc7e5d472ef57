/* SPDX-License-Identifier: Apache-2.0 */
/* source_kit: the consumer against librdkafka's mock cluster, with pipeline, engine and a real store behind it. Linked with
 * --wrap=rd_kafka_subscribe and --wrap=rd_kafka_offsets_for_times. */
#pragma once

#include "tests/engine_kit.h"

#include "collector/source/source_private.h"

#include <librdkafka/rdkafka_mock.h>

#define BUS_TOPIC      "samples"
#define BUS_PARTITIONS 2

typedef struct
{
  EngineKit *kit;
  rd_kafka_t *producer;
  rd_kafka_mock_cluster_t *cluster;
  guint runs; /* each with a group of its own: the mock cluster keeps members that left without a word */
} Bus;

int bus_set_up (void **state);
int bus_tear_down (void **state);

/* -- what is otherwise, until the next case -- */

extern gboolean bus_with_group; /* the group is asked, and not only said to be ours */
extern gint64
    bus_emptied_up_to; /* not 0: partition 0 is empty and begins there: its retention has passed by us */
extern gint64 bus_outdated_end; /* not 0: partition 0 is said to end there */
extern gint64 bus_patience_ns;  /* how long a broker may be away; what is slow here is not gone */
extern void (*bus_meddle) (
    gpointer collector); /* (nullable) on the source's thread, now and then: a BusCollector */
extern gboolean (*bus_at_end) (gpointer collector); /* (nullable) the same, where it ends by itself */

/* -- the bus -- */

/* A new, empty one; who has destroyed the producer of the one before has ended that. */
void bus_start_cluster (Bus *bus);
void bus_produce (Bus *bus, gint32 partition, const char *key, const char *id, char *bytes, gsize length);
/* @n records of one instance to one partition. */
void bus_produce_records (Bus *bus, gint32 partition, const char *resource, guint64 first, guint n);

/* -- the collector -- */

typedef struct
{
  HmPipeline *pipeline;
  HmSource *source;
  HmOptions *options;
  GError *error;
} BusCollector;

void bus_start_collector (Bus *bus, BusCollector *collector, const char *servers, gboolean until_end);
void bus_end_collector (BusCollector *collector);
/* One life until the end of the topic. (transfer full): its error, NULL when all was well */
GError *bus_collect (Bus *bus, HmSourceCounts *ret_counts);
void bus_collect_all (Bus *bus);
gint64 bus_stored_offset (Bus *bus, gint32 partition);
