/* SPDX-License-Identifier: Apache-2.0 */
/* samples: from a full sink to records in the outbox. Shared by the pipeline and the readers. */
#pragma once

#include "agent/outbox/outbox.h"
#include "agent/schedule/roster.h"

G_BEGIN_DECLS

/* A sample is below 1 kB on the wire, so a record of this many is below what a broker takes by default (1
 * MB). */
#define HM_SAMPLES_PER_RECORD 1000

/* Appends records like @model with the samples of @sink: one per interval of the sources that carry them by @duty, which
 * becomes the record's, divided over several where it has more than HM_SAMPLES_PER_RECORD. Returns how many were
 * appended; *@ret_refused counts those that could not be encoded, which are logged. An empty sink makes none. Any
 * thread; @sink is the caller's. */
guint hm_samples_append (HmOutbox *outbox, HmRecordClass class, const HmRecord *model, const HmDuty *duty,
                         const HmSink *sink, guint *ret_refused);

/* Who the host and the agent are, as resources. All borrowed. */
typedef struct
{
  const HmClock *clock;
  const char *agent_id;
  const char *epoch;      /* (nullable) life of the host's counters: its boot id */
  HmTime epoch_start;     /* when that began */
  const char *self_epoch; /* life of the agent's own counters: its process */
  HmTime self_start;      /* likewise */
} HmHostStamp;

/* A samples record of the host, or for HM_NS_SELF of the agent: nobody's instance, so no project. Taken now; @read_ns: how
 * long that took. */
void hm_samples_begin_host (const HmHostStamp *host, const char *ns, gint64 read_ns, HmRecord *ret_record);

G_END_DECLS
