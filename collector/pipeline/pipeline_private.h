/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline_private: what pipeline.c and pipeline_threads.c share. */
#pragma once

#include "collector/pipeline/pipeline.h"

typedef struct
{
  HmPipelineChore run;
  gpointer user;
  gint64 interval_ns;
  gint64 due; /* monotonic ns */
} HmChore;

/* How far a partition was stored. */
typedef struct
{
  gint64 next;
  HmTime appended;    /* of the last record */
  gboolean by_broker; /* that is the broker's word */
} HmCommitted;

struct HmPipeline
{
  HmEngine *engine;
  const HmMeterTable *meters;
  HmPipelineSettings settings;
  HmQueue *consumed, *decoded;
  GThread *decoding, *storing;
  GArray *chores; /* (element-type HmChore) the storing thread's */

  GMutex lock;
  GCond changed;
  guint64 generation;
  gboolean fencing;     /* everything at hand is to be given back */
  HmVerifier *verifier; /* (nullable) */
  gboolean give_up;     /* the transaction at hand is to end without a commit */
  gboolean stopping;
  gint64 give_up_at; /* GLib's monotonic µs; 0: not yet known */
  guint running;     /* threads */
  HmPipelineCall call;
  gpointer call_user;
  GHashTable *committed; /* partition → HmCommitted * */
  gboolean lost;
  GError *failure;
  HmPipelineCounts counts;
  gint64 last_commit; /* monotonic µs */
  gint64 busy_since;  /* the same; 0: the storing thread waits */
  gboolean awaited;   /* the source's thread is in a fence or a call */

  HmPipelineMeanwhile meanwhile; /* (nullable) the source's thread's */
  gpointer meanwhile_user;
};

gpointer hm_pipeline_decode (gpointer pipeline); /* the decoding thread */
gpointer hm_pipeline_store (gpointer pipeline);  /* the storing thread */

/* Whether the engine is to end without a commit; asked on the storing thread. */
gboolean hm_pipeline_must_give_up (gpointer pipeline);
