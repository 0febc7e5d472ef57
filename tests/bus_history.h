/* SPDX-License-Identifier: Apache-2.0 */
/* bus_history: a small topic of two partitions in memory that holds what a collector can meet, and a collector without threads that
 * takes it from where its store stands up to the end, as the source does it over Kafka. */
#pragma once

#include "collector/engine/engine.h"
#include "tests/kit.h"

#define BUS_TOPIC      "t"
#define BUS_PARTITIONS 2

typedef struct BusHistory BusHistory;

/* Resources of two agents, one of them in both partitions; late records, repetitions, conflicts, what cannot be read, what the store
 * refuses, foreign meters, descriptions, heartbeats with bins, gap records, and offsets that the bus has dropped. */
BusHistory *bus_history_new (void);
/* One that holds nothing yet, and what may be put into it: a record, any text, an offset that the bus has dropped. */
BusHistory *bus_history_empty (void);
void bus_history_add (BusHistory *history, guint partition, const HmRecord *record);
void bus_history_add_text (BusHistory *history, guint partition, const char *key, const char *text);
void bus_history_add_hole (BusHistory *history, guint partition);
gint64 bus_history_end (const BusHistory *history, guint partition);
void bus_history_free (BusHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusHistory, bus_history_free)

/* One life of a collector: opens the store at @url, asks it where each partition stands, looks at the record before as the source does,
 * takes all that is left in batches, and closes it. What fails for a while is tried again; *@ret_retries (nullable) says how often.
 * Anything else, and a topic that the store does not recognise, fails the test. */
void bus_history_take (BusHistory *history, const HmStoreOps *ops, const char *url, guint *ret_retries);

/* -- the same in parts, for who does more than to take records -- */

typedef struct
{
  BusHistory *history;
  const HmStoreOps *ops;
  guint most_retries; /* up to here the caller's */
  HmStore *store;
  HmEngine *engine;
  gint64 next[BUS_PARTITIONS]; /* where the store stands */
  guint retries;
} BusLife;

/* @close (nullable): for who closes periods. */
void bus_life_begin (BusLife *life, const char *url, const HmCloseSettings *close);
/* Takes what comes before @ends, in batches that begin at the same offsets in each life. */
void bus_life_take (BusLife *life, const gint64 ends[BUS_PARTITIONS]);
void bus_life_end (BusLife *life);

/* As the pipeline decides it. FALSE: @error was none; else it is cleared, and the caller tries again. */
gboolean bus_life_must_retry (BusLife *life, GError **error);
