/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: one poll, from the hypervisor's answer to records in the outbox.
 *
 * The scheduler's thread reads, a worker lets the pollsters evaluate what was read. A pollster that overruns its time is
 * left with its worker, named, and skipped until it comes back; another worker goes on with the others. */
#pragma once

#include "agent/pipeline/deltas.h"
#include "agent/outbox/outbox.h"
#include "agent/schedule/quarantine.h"
#include "agent/pipeline/samples.h"
#include "agent/pipeline/tally.h"
#include "metering/inspector.h"

G_BEGIN_DECLS

typedef struct
{
  HmInspector *inspector;
  HmOutbox *outbox;
  HmQuarantine *quarantine;
  HmDeltas *deltas;  /* (nullable: there are none) */
  HmHostStamp host;  /* with the clock that all go by */
  gint64 timeout_ns; /* for one read */
  gint64 budget_ns;  /* what one pollster may take of one poll */
} HmPipelineParts;

/* Since the start, except where it says otherwise. */
typedef struct
{
  guint64 polls, failed;       /* reads; those that gave nothing */
  guint64 records, samples;    /* made */
  guint64 refused;             /* records that the outbox could not take */
  guint64 absent;              /* statistics that were wanted and not given */
  guint64 retry, gone, broken; /* what pollsters said of one resource */
  guint64 overruns;            /* pollsters that used up their time of one poll */
  guint64 unanswered;          /* domains that did not answer in time */
  guint64 rpcs;                /* calls to the hypervisor */
  guint domains, ownerless;    /* of the last poll */
} HmPipelineCounts;

typedef struct HmPipeline HmPipeline;

/* @parts is copied; what it points to must outlive the pipeline. @roster: of the snapshot pollsters; takes a reference. */
HmPipeline *hm_pipeline_new (const HmPipelineParts *parts, HmRoster *roster);

/* A stopped one, or one that never polled. */
void hm_pipeline_free (HmPipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPipeline, hm_pipeline_free)

/* Who polls what from the next poll on; of the same pollsters. On the polls' thread. */
void hm_pipeline_set_roster (HmPipeline *pipeline, HmRoster *roster);

/* Whether the sources @due carry anything. On the polls' thread. */
gboolean hm_pipeline_has_duty (const HmPipeline *pipeline, HmSourceSet due);

/* One poll of what the sources @due carry; on one thread at a time. Nothing is read when that is nothing.
 * HM_ERROR_UNAVAILABLE when the hypervisor is not there. */
gboolean hm_pipeline_poll (HmPipeline *pipeline, HmSourceSet due, GError **error);

/* After the last poll. FALSE when a worker still was with a pollster, or in the outbox, after @timeout_ns: it is named, and
 * pipeline and parts must stay in memory. */
gboolean hm_pipeline_stop (HmPipeline *pipeline, gint64 timeout_ns);

/* Any thread. */
void hm_pipeline_counts (HmPipeline *pipeline, HmPipelineCounts *ret_counts);
void hm_pipeline_last_read (HmPipeline *pipeline, HmReadCost *ret_cost);
/* Appends one per pollster to @tallies. (element-type HmPluginTally) */
void hm_pipeline_tallies (HmPipeline *pipeline, GArray *tallies);

G_END_DECLS
