/* SPDX-License-Identifier: Apache-2.0 */
/* health: how the running collector fares, by its progress: a process that is there proves nothing.
 *
 * The source's thread notes about once a second what it sees; whoever asks (HTTP, the control socket, the service manager) gets the last word
 * of it, and whether that word has become old is the first thing that is judged. Nobody who asks waits for broker or
 * database. Thread-safe. */
#pragma once

#include "collector/ingest/ingest.h"
#include "collector/tasks/keeper.h"
#include "collector/source/mirror.h"
#include "collector/source/source.h"
#include "collector/tasks/watch.h"
#include "metering/json.h"

G_BEGIN_DECLS

/* What other parts tell of themselves, for the metrics alone. */
typedef struct
{
  HmWatchCounts watch;
  gboolean mirrors; /* dead letters go to a topic, too */
  HmMirrorCounts mirror;
  gboolean ingests; /* records come over HTTP, too */
  HmIngestCounts ingest;
  HmKeeperCounts keeper;
} HmHealthOthers;

typedef struct
{
  gint64 stuck_ns;  /* a thread that takes longer over one step does not come back */
  gint64 lag_ns;    /* behind by more than this, and not getting closer: not ready */
  gint64 commit_ns; /* the same for the last commit, while there is something to commit */
  void (*counts) (HmPipeline *pipeline, HmPipelineCounts *ret_counts); /* hm_pipeline_counts() */
  HmPipeline *pipeline;                                                /* outlives it */
  const char *topic;                                                   /* the same */
  void (*others) (gpointer user, HmHealthOthers *ret_others);          /* (nullable) waits for nothing */
  gpointer others_user;
} HmHealthParts;

typedef struct HmHealth HmHealth;

HmHealth *hm_health_new (const HmHealthParts *parts, gint64 now_ns);
void hm_health_free (HmHealth *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmHealth, hm_health_free)

/* The source's word. @partitions (transfer full) (element-type HmSourcePartition). @now_ns: monotonic, everywhere below. */
void hm_health_note (HmHealth *health, const HmSourceCounts *source, GArray *partitions, gint64 now_ns);

/* Both threads come back from what they do. */
gboolean hm_health_lives (HmHealth *health, gint64 now_ns);

/* Writes "ready" and "reasons" (objects of "reason" and "detail", the names are in docs/collector.md) into the object that is open. TRUE: ready. */
gboolean hm_health_write_ready (HmHealth *health, gint64 now_ns, HmJsonWriter *w);

/* All figures (docs/collector.md, "Health") as OpenMetrics. @wall: now. @http_refused: hm_http_server_refused() of the
 * server that is asked. (transfer full) */
GBytes *hm_health_metrics (HmHealth *health, gint64 now_ns, HmTime wall, guint64 http_refused);

/* One line for the service manager. (transfer full) */
char *hm_health_describe (HmHealth *health, gint64 now_ns);

G_END_DECLS
