/* SPDX-License-Identifier: Apache-2.0 */
/* readers: pollsters that get their information elsewhere themselves, each on a worker of its own, so that
 * one that hangs holds up nobody. */
#pragma once

#include "agent/pipeline/deltas.h"
#include "agent/outbox/outbox.h"
#include "agent/schedule/quarantine.h"
#include "agent/pipeline/samples.h"
#include "agent/pipeline/tally.h"

G_BEGIN_DECLS

typedef struct
{
  HmOutbox *outbox;
  HmQuarantine *quarantine;
  HmDeltas *deltas;   /* (nullable: there are none) */
  HmHostStamp host;   /* with the clock that all go by */
  gint64 deadline_ns; /* a call that takes longer is named */
} HmReaderParts;

typedef struct
{
  guint64 rounds; /* calls to emit() */
  guint64 records, samples, refused;
  guint64 no_data, retry, gone, broken; /* what the pollsters said */
  guint64 late;                         /* calls that took longer than the deadline */
  guint64 skipped;                      /* rounds that a pollster missed because it still ran */
} HmReaderCounts;

typedef struct HmReaders HmReaders;

/* @parts is copied; what it points to must outlive the readers. */
HmReaders *hm_readers_new (const HmReaderParts *parts);

/* Adds a reading pollster and what its create() made (transfer full). Before the start. */
void hm_readers_add (HmReaders *readers, const HmPlugin *pollster, gpointer self);

/* Who polls what from the next round on: the reading pollsters in the order in which they were added. Takes a reference. Before the
 * first round, and then on the thread that kicks. */
void hm_readers_set_roster (HmReaders *readers, HmRoster *roster);

gboolean hm_readers_start (HmReaders *readers, GError **error);

/* Begins a round of what the sources @due carry: wakes every worker with something of it, and each that samples on every tick, if
 * it is idle; one that still runs is skipped, and named once per burst. Never blocks. */
void hm_readers_kick (HmReaders *readers, HmSourceSet due);

/* Waits until no worker runs; FALSE when @timeout_ns passed first. */
gboolean hm_readers_wait (HmReaders *readers, gint64 timeout_ns);

/* Any thread. */
void hm_readers_counts (HmReaders *readers, HmReaderCounts *ret_counts);
/* Appends one per pollster to @tallies. (element-type HmPluginTally) */
void hm_readers_tallies (HmReaders *readers, GArray *tallies);

/* FALSE when a worker still ran after @timeout_ns: it is named, and readers and outbox must stay in memory.
 */
gboolean hm_readers_stop (HmReaders *readers, gint64 timeout_ns);

void hm_readers_free (HmReaders *readers); /* stopped ones, or never started */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmReaders, hm_readers_free)

G_END_DECLS
