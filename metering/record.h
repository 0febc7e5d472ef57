/* SPDX-License-Identifier: Apache-2.0 */
/* record: what travels on the bus, decoded. One record is about one resource and one read, or one event.
 *
 * On its way out a record borrows everything from the snapshot and the sink; decoded, it owns everything in
 * one arena. The wire form is docs/records.md and docs/schemas/. */
#pragma once

#include "metering/sample.h"

G_BEGIN_DECLS

#define HM_SCHEMA_SAMPLES   "hypermeter.samples/1"
#define HM_SCHEMA_LIFECYCLE "hypermeter.lifecycle/1"
#define HM_SCHEMA_GAP       "hypermeter.gap/1"
#define HM_SCHEMA_HEARTBEAT "hypermeter.heartbeat/1"

typedef enum
{
  HM_RECORD_SAMPLES,
  HM_RECORD_LIFECYCLE,
  HM_RECORD_GAP,
  HM_RECORD_HEARTBEAT,
} HmRecordKind;

const char *hm_record_schema (HmRecordKind kind);

/* Limits that a decoder enforces. */
#define HM_RECORD_MAX         (1024 * 1024) /* bytes of one encoded record */
#define HM_RECORD_SAMPLES_MAX 65536
#define HM_ATTRS_MAX          256  /* pairs of one description, or of one sample */
#define HM_ATTR_MAX           4096 /* bytes of one of their values */
#define HM_BIN_NS             (300 * HM_NSEC_PER_SEC)

typedef struct
{
  const char *id;        /* agent id */
  const char *epoch;     /* new at every start of the agent process */
  gint64 bin;            /* five-minute bin, see 3-records */
  guint32 cpus;          /* CPUs of the host, 0 = absent */
  HmTime metering_since; /* HM_TIME_UNKNOWN = absent */
} HmAgentStamp;

typedef struct
{
  const char *boot; /* (nullable) the host's boot id */
  gint64 boot_ns;   /* CLOCK_BOOTTIME at `time` */
  gboolean synced;
  gint64 max_error_ns; /* -1 = absent */
} HmClockStamp;

typedef struct
{
  const char *id, *kind;
  const char *project, *user, *flavor; /* (nullable) */
  HmState state;                       /* HM_STATE_UNKNOWN = absent */
  const char *epoch;                   /* (nullable) */
  HmTime epoch_start;
} HmResourceStamp;

typedef struct
{
  const char *epoch;
  gint64 bin;
  guint64 records, sum;
} HmBinCount;

typedef struct
{
  HmRecordKind kind;
  const char *source;
  HmAgentStamp agent;
  guint64 seq; /* of this resource within agent.epoch, from 1 */
  HmResourceStamp resource;
  HmTime time;
  gint64 read_ns, interval_ns; /* 0 = absent */
  HmClockStamp clock;

  const HmSample *samples; /* also the final values of a lifecycle record */
  guint n_samples;

  /* lifecycle */
  const char *event;    /* "started" */
  const char *device;   /* (nullable) */
  HmTime not_before;    /* HM_TIME_UNKNOWN = absent */
  HmTime last_read;     /* of an end: when all counters that ended were last read; HM_TIME_UNKNOWN = absent */
  const char *observed; /* "event" or "comparison" */
  const HmAttr *description; /* of a `described` or `exists` event */
  guint n_description;

  /* gap */
  HmTime from, to;
  guint64 records, resources;
  const char *reason;

  /* heartbeat */
  guint64 backlog;
  HmTime oldest_unsent;
  const HmBinCount *bins;
  guint n_bins;
} HmRecord;

/* A record with nothing in it: every time unknown, max_error -1, everything else zero. */
void hm_record_init (HmRecord *record, HmRecordKind kind);

/* Fills in record->resource. Only the pointers are copied: @resource must outlive @record. Its description is
 * not taken, as only `described` and `exists` records carry it. Any thread. */
void hm_record_set_resource (HmRecord *record, const HmResource *resource);

/* The deterministic id: agent/epoch/resource/seq, each part percent-encoded. (transfer full) */
char *hm_record_id (const HmRecord *record);

G_END_DECLS
