/* SPDX-License-Identifier: Apache-2.0 */
/* collector_private: what collector.c (life) and collector_build.c (parts) share. */
#pragma once

#include "collector/collector.h"
#include "collector/health/health_serve.h"
#include "collector/ingest/ingest.h"
#include "collector/tasks/keeper.h"
#include "collector/tasks/roller.h"
#include "collector/source/mirror.h"
#include "collector/source/source.h"
#include "collector/tasks/watch.h"
#include "metering/registry.h"
#include "metering/service.h"

struct HmCollector
{
  int lock_fd;
  HmRegistry *registry;
  HmMeterTable *meters;
  const HmStoreOps *ops;
  HmStore *store;
  char *topic;          /* (nullable) that records come from */
  char *holder;         /* this collector among others */
  HmPipeline *pipeline; /* NULL: not started */
  HmMirror *mirror;     /* NULL: no topic was named */
  HmSource *source;
  HmIngest *ingest; /* NULL: records come over the bus alone */
  gint reload;      /* atomic: somebody has asked for it */
  HmCollectorLoad load;
  gpointer load_user;
  HmKeeper *keeper;
  HmRoller *roller;
  HmWatch *watch;
  gint64 watch_every_ns, watched_at;
  GMutex reached_lock; /* of the next two */
  GArray *partitions;  /* (nullable) (element-type HmSourceReached) not noted in the store yet */
  HmTime reached;      /* all that was appended before is stored; HM_TIME_UNKNOWN: not known */
  HmHealth *health;
  HmHealthServe *serve;
  HmService *service;
  gint64 noted_at, beat_at;
  gint64 reported_at;
  HmPipelineCounts reported;
};

/* Makes and starts all parts. FALSE: some are there, for hm_collector_close(). */
gboolean hm_collector_build (HmCollector *collector, const HmCollectorConfig *config, gboolean until_end,
                             GError **error);

/* About every 100 ms, on the source's thread. */
void hm_collector_tick (gpointer collector);

/* A chore of the pipeline; @collector is an HmCollector. */
gboolean hm_collector_look_after_agents (HmEngine *engine, gpointer collector);

/* The same: notes in the store how far each partition is, so that a period can be closed. */
#define HM_COLLECTOR_REACHED_NS (10 * HM_NSEC_PER_SEC)
gboolean hm_collector_note_partitions (HmEngine *engine, gpointer collector);

/* The same at once, on the source's thread: a run that ends by itself may be over before the chore comes. FALSE: not all is noted, as the broker or the store does not
 * answer. */
gboolean hm_collector_at_end (gpointer collector);

/* (transfer full) */
void hm_collector_use_verifier (HmCollector *collector, HmVerifier *verifier);
