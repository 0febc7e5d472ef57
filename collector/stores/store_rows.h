/* SPDX-License-Identifier: Apache-2.0 */
/* store_rows: the rows that a store keeps, and those of one transaction. Part of the contract, collector/stores/store.h. Plain data; who makes a
 * row owns what it points to. */
#pragma once

#include "collector/usage/bucket.h"
#include "collector/stores/store_bill.h"
#include "metering/plugin.h"

G_BEGIN_DECLS

typedef struct
{
  const char *topic;
  gint32 partition;
  gint64 expected; /* what the row must say now */
  gint64 next;     /* what it will say */
} HmOffsetMove;

/* One record as it came, its exact bytes. Key: (grain of time, source, resource, agent, epoch, seq). */
typedef struct
{
  HmTime
      grain; /* the store's grain that holds `time`; of a record from before its resource's edge, that holds
                 * `appended`: so it is kept as long as those that came with it */
  const char *source, *resource, *agent, *epoch;
  guint64 seq;
  HmTime time;
  const char *schema;
  const char *topic;
  gint32 partition;
  gint64 offset;
  HmTime appended; /* the broker's append time */
  HmTime received;
  const char *signature; /* (nullable) */
  gboolean verified;     /* its signature was recomputed with a key of its agent, and is right */
  gboolean description;  /* the bytes describe a person's resource: kept in the description table */
  const char *
      sha256; /* (nullable) of a description that is read: the hash of its bytes, which may have been erased; 64 hex digits */
  const void *value; /* NULL in what is read: the bytes were erased */
  gsize length;
  const void *
      redacted; /* (nullable) of a row that is read: what is left of them, without names; to be folded, and no evidence */
  gsize redacted_length;
} HmRawRow;

/* What is known of one resource: for people, and for the fold. */
typedef struct
{
  const char *source, *resource, *kind;
  const char *project, *user, *flavor;         /* (nullable) the latest revision's */
  const char *name, *project_name, *user_name; /* (nullable) from its description */
  HmState state;
  const char *agent;
  HmTime first_seen,
      last_seen;   /* times of its earliest and latest record: all its raw rows lie between them */
  guint64 version; /* 0: not stored yet. Written only where the stored version is this; then it is one more */
  const char *fold; /* hm_fold_state_to_json() */
  gsize fold_length;
  const char *seen; /* hm_seen_to_json() */
  gsize seen_length;
  HmTime edge; /* raw rows of an older grain may be gone: the checkpoint stands for them. 0: none is gone */
  const char
      *checkpoint; /* (nullable) what folding again begins with; the engine's own text. Written: NULL leaves
                           * what is stored, which stays until there is another one */
  gsize checkpoint_length;
  HmTime
      rolled; /* days before it have rollups (HmRollupRow), and months that ended before it; 0: none has. Where the stored row says
                   * more, the store removes the rollups of days from it on and of months that end after it, and the evidence of days from it and
                   * from the day of `edge` on */
  HmTime reached; /* latest append time of all its records; 0: not known */
  HmTime
      parked; /* earliest time of its records that are from the future, until it is reached; 0: there is none */
  guint decided; /* how many decisions there are (HmDecisionRow) */
} HmResourceRow;

/* -- readings that are held out, and what was decided -- */

typedef enum
{
  HM_DECISION_NONE,
  HM_DECISION_RELEASE, /* it was so: it counts */
  HM_DECISION_REJECT,  /* it was not: it never counts, and nobody is asked again */
  HM_DECISION_REBASE,  /* the counter began anew here: it counts from this reading on */
} HmDecision;

const char *hm_decision_name (HmDecision decision); /* "release"; NULL for none */

/* A reading that the fold did not count. Key: (source, resource, agent, epoch, seq, device, meter, sample_epoch). */
typedef struct
{
  const char *source, *resource;
  const char *agent, *epoch; /* the agent process that sent it */
  guint64 seq;
  const char *device, *meter, *sample_epoch; /* "" where there is none */
  const char *unit;
  HmMeterType type;
  HmTime time;
  guint32 flag;  /* why: one of HmFlags (regress, regress_stuck, implausible, conflict) */
  HmValue value; /* of the reading */
  HmTime base_time;
  HmValue base;        /* the reading that it was compared with; base_time HM_TIME_UNKNOWN: there is none */
  HmInt128 amount;     /* what would have been counted; 0 where that makes no sense */
  HmDecision decision; /* that the fold heeded */
} HmHeldRow;

/* 16 hex digits that name it for people: the beginning of SHA-256 over the key's parts, each preceded by its length. */
#define HM_HELD_ID_MAX 17
void hm_held_id (const HmHeldRow *row, char ret_id[HM_HELD_ID_MAX]);

/* Append-only; the latest of one reading stands. */
typedef struct
{
  gint64 id; /* given by the store, in the order in which they were made */
  const char *source, *resource, *agent, *epoch;
  guint64 seq;
  const char *device, *meter, *sample_epoch;
  HmDecision decision;
  const char *author, *reason;
  HmTime made;
} HmDecisionRow;

/* What holds for all records from `from` on. Append-only; the latest of one `from` stands. */
typedef struct
{
  HmTime from;
  gboolean hold;
  guint64 network_limit;
  const char *author;
  HmTime made;
} HmPolicyRow;

/* -- rollups -- */

typedef enum
{
  HM_STEP_GRAIN, /* the buckets themselves */
  HM_STEP_DAY,   /* of UTC */
  HM_STEP_MONTH, /* of UTC */
} HmUsageStep;

/* What one resource used in a day or month that is over: its buckets added up, without counter lives: agent and epoch are "", cells of
 * one (device, meter) are one (epoch ""). Key: (step, grain = start, source, resource, project, user, flavor, state). */
typedef struct
{
  HmUsageStep step; /* never HM_STEP_GRAIN */
  HmBucket *bucket;
} HmRollupRow;

/* What stands behind a day of one resource: the Merkle root over its raw rows of that day's grains (collector/bill/merkle.h). */
typedef struct
{
  const char *source, *resource;
  HmTime day;
  guint64 records;
  const char *root; /* 64 hex digits */
} HmEvidenceRow;

typedef struct
{
  gint64 id; /* given by the store */
  const char *topic;
  gint32 partition;
  gint64 offset;
  HmTime
      appended; /* as of a raw row; HM_TIME_UNKNOWN: it was made before that was kept, and `received` stands for it */
  HmTime received;
  const void *key; /* (nullable) */
  gsize key_length;
  const char *ce_id;     /* (nullable) */
  const char *signature; /* (nullable) */
  const void *value;
  gsize length;
  const char *reason; /* hm_refusal_name() */
  const char *detail;
  gboolean verified; /* its signature is right: so it is accounted for, though it is not taken */
  gboolean
      headers_lost; /* a ce_id or hm-signature came that was no good and is not kept: so it is not unsigned */

  /* Where it was counted when it was refused. Later it may be read otherwise; what is taken back is this. */
  const char *source, *agent, *epoch; /* in HmAgentRow.refused of this process; NULL: of none */
  gboolean accounted;                 /* and in refused_records and refused_sum of: */
  gint64 bin;
  guint64 sum;

  HmTime settled;      /* 0: nobody has decided yet. It stays, as evidence */
  const char *outcome; /* (nullable) "accepted", "discarded" */
} HmDeadLetter;

typedef struct
{
  const char *name, *unit;
  HmMeterType type;
  HmValueType value;
} HmMeterRow;

/* Counts of one agent process in one batch, added to what is stored. Of the times the stored row keeps the earliest or latest; one
 * that is HM_TIME_UNKNOWN says nothing. What a heartbeat said is taken where it is the latest. */
typedef struct
{
  const char *source, *agent, *epoch;
  HmTime first_time, last_time, last_appended;
  guint64 records, samples, duplicates;
  guint64 refused;      /* dead letters that say to be its; verified or not */
  HmTime heartbeat;     /* time of the latest one; 0: none. What it said: */
  guint64 backlog;      /* records that wait at the agent */
  HmTime oldest_unsent; /* 0: nothing waits */
} HmAgentRow;

#define HM_BIN_NONE G_MININT64 /* a refused record that does not say its bin */
#define HM_BIN_MAX                                                                                           \
  (G_MAXINT64 / HM_BIN_NS - 1) /* beyond it a bin begins at no time that can be written: none is stored */

/* What came of one bin of an agent process in one batch, added to what is stored (`sum` modulo 2^64: kept as two numbers of 32 bits, whose
 * sums no database rounds). Heartbeats do not count, repetitions neither. */
typedef struct
{
  const char *source, *agent, *epoch;
  gint64 bin;
  guint64 records, sum; /* taken */
  guint64 refused_records,
      refused_sum; /* dead letters whose signature is right. A replayed one that was taken is taken back here: both are
                                         * added modulo 2^64, so that (guint64)-1 is one less */
  guint64 late; /* of those taken: appended more than HM_BIN_NS after their time */
} HmBinRow;

/* What a heartbeat says was made in a bin that has ended. The first word stands; another one is the engine's to find. */
typedef struct
{
  const char *source, *agent, *epoch;
  gint64 bin;
  guint64 records, sum;
  HmTime said; /* the heartbeat's append time */
} HmBinClosed;

/* What a gap record says: key (source, agent, epoch, seq). */
typedef struct
{
  const char *source, *agent, *epoch;
  guint64 seq;
  HmTime from, to; /* HM_TIME_UNKNOWN: it does not know */
  guint64 records, resources;
  const char *reason;
  HmTime appended;
} HmLossRow;

/* What it can be that somebody has to look at. */
typedef enum
{
  HM_ANOMALY_AGENT_ID_TWICE,
  HM_ANOMALY_RESOURCE_CLAIMED_TWICE,
  HM_ANOMALY_NO_INTERVAL,
  HM_ANOMALY_CONFLICT,
  HM_ANOMALY_BIN_SAID_TWICE,
  HM_ANOMALY_BIN_OUT_OF_RANGE,
  HM_ANOMALY_BEYOND_HORIZON,
  HM_ANOMALY_FUTURE,
  HM_ANOMALY_FOLDED_WITHOUT_ERASED,
  HM_ANOMALIES,
} HmAnomaly;
const char *hm_anomaly_name (HmAnomaly anomaly); /* "agent_id_twice"; NULL from HM_ANOMALIES on */

/* What somebody has to look at. Key: (kind, source, subject, detail): said once. */
typedef struct
{
  const char *kind; /* hm_anomaly_name() */
  const char *source;
  const char *subject; /* agent, resource, or topic/partition */
  const char *detail;
  HmTime
      noticed; /* the append time of the record that showed it, or of the latest in its batch; the first stands */
} HmAnomalyRow;

/* A message without sequence number (of other systems' agents), known again by its own id. */
typedef struct
{
  const char *source, *id;
  HmTime time;
} HmMessageRow;

/* What a person asks of the collector, whether it runs or not. */
typedef struct
{
  gint64 id; /* given by the store */
  const char *
      action; /* "replay", "discard"; "release", "reject", "rebase"; "recompute"; "close"; "adjust"; "policy"; "erase" */
  gint64 subject; /* the dead letter's id; 0 where it is about something else: */
  const char
      *target; /* (nullable) what it is about, one JSON object; engine_requests.h says of what members */
  const char *author;
  const char *reason; /* (nullable) why, in the asker's words */
  HmTime asked;
  HmTime done; /* 0: not yet */
  const char *
      result; /* (nullable) one line for people; it begins with the letter's outcome if this has settled it */
} HmRequestRow;

/* Offsets that the bus does not have: dropped before anybody had read them, or a hole between two that it has. */
typedef struct
{
  const char *topic;
  gint32 partition;
  gint64 from, to; /* half open */
  HmTime noticed;
} HmGapRow;

/* A description whose bytes are erased: what is left of it is kept in their place. Key: (grain, sha256) of a raw row. */
typedef struct
{
  HmTime grain;
  const char *sha256;
  const void *value; /* HmRawRow.redacted from now on */
  gsize length;
} HmRedactedRow;

/* Whose names were erased, for whom and why. Append-only. */
typedef struct
{
  gint64 id; /* given by the store */
  const char *source, *resource;
  const char *project, *user; /* (nullable) of those records alone that say so */
  guint64 records;            /* descriptions whose bytes were erased */
  const char *author, *reason;
  HmTime made;
} HmErasureRow;

/* A resource whose usage is made anew. */
typedef struct
{
  const char *source, *resource;
  HmTime from;      /* its bucket rows of this grain and later ones are removed first; HM_TIME_UNKNOWN: all */
  HmTime held_from; /* its held rows of this time and later ones likewise */
} HmRefold;

/* All that one transaction writes. */
typedef struct
{
  const HmRawRow *raw;
  guint n_raw;
  const HmResourceRow *resources;
  guint n_resources;
  HmBucket *const *
      buckets; /* each replaces the row of its key. A closed period (HmPeriodRow) that holds one of their grains is touched by it */
  guint n_buckets;
  const HmRefold *refolded; /* some of `resources` */
  guint n_refolded;
  const HmDeadLetter *dead_letters;
  guint n_dead_letters;
  const HmMeterRow *meters; /* foreign meters seen for the first time */
  guint n_meters;
  const HmAgentRow *agents;
  guint n_agents;
  const HmBinRow *bins;
  guint n_bins;
  const HmBinClosed *closed;
  guint n_closed;
  const HmLossRow *losses;
  guint n_losses;
  const HmAnomalyRow *anomalies;
  guint n_anomalies;
  const HmGapRow *gaps; /* holes that the moved offsets pass over; one that is there already is none */
  guint n_gaps;
  const HmMessageRow
      *messages; /* HM_ERROR_TEMPORARY where one is there: somebody else has stored it meanwhile */
  guint n_messages;
  const HmDeadLetter
      *settled; /* `id`, `settled`, `outcome`. HM_ERROR_TEMPORARY where one is settled already */
  guint n_settled;
  const HmRequestRow *answered; /* `id`, `done`, `result`. HM_ERROR_TEMPORARY where one is answered already */
  guint n_answered;
  const HmHeldRow *
      held; /* replaces that of its key. Those of a resource in `refolded` with a time from `held_from` on are removed first */
  guint n_held;
  const HmDecisionRow *decisions;
  guint n_decisions;
  const HmPolicyRow *policies;
  guint n_policies;
  const HmRollupRow *rollups; /* each replaces that of its key, after what HmResourceRow.rolled removes */
  guint n_rollups;
  const HmEvidenceRow *evidence; /* likewise */
  guint n_evidence;
  /* The next are written by the close of a period, in one transaction of as many writes as it takes. */
  const HmPeriodRow *
      periods; /* `id` 0: a new one, HM_ERROR_TEMPORARY where its (from, to, zone) is there; else `touched` alone is written */
  guint n_periods;
  const HmStatementRow *
      statements; /* a number that is there is HM_ERROR_TEMPORARY. A new period is named by `period` 0: the one of this batch */
  guint n_statements;
  const HmStatementLine *lines;
  guint n_lines;
  const HmAdjustmentRow *
      adjustments; /* `id` 0: a new one, HM_ERROR_TEMPORARY where its `key` is there; else `statement` alone is written, where it is 0: HM_ERROR_TEMPORARY where it is not */
  guint n_adjustments;
  const HmRedactedRow *redacted; /* after what is written of raw rows and resources */
  guint n_redacted;
  const HmErasureRow *erasures; /* where there are any, a store that can overwrites what it lets go of */
  guint n_erasures;
} HmBatch;

G_END_DECLS
