/* SPDX-License-Identifier: Apache-2.0 */
/* fold_state: what has to be remembered of the records before, and nothing else. Private to the fold's files.
 *
 * Everything but the members marked "not kept" is written by hm_fold_state_to_json(); those only save time.
 * All bounds below depend on the records alone, so the same records give the same state on every machine. */
#pragma once

#include "collector/usage/fold.h"
#include "collector/usage/place.h"

G_BEGIN_DECLS

#define HM_FOLD_STATE_FORM 1 /* raised when its text means something else */

#define HM_DAY_NS (86400 * HM_NSEC_PER_SEC)

/* A change of the state alone is kept while an interval of a counter that was read may begin before it, at least this long; … */
#define HM_REVISION_AGE HM_DAY_NS
/* … never more than so many revisions are: such changes go first, then the oldest, and the next one stands for what went. */
#define HM_REVISIONS_MAX 64
/* A counter life that had no reading for so long is dropped when its series begins another one. */
#define HM_SEGMENT_AGE  (7 * HM_DAY_NS)
#define HM_SEGMENTS_MAX 16
/* A series that had none for so long is dropped when the resource gets a new one. */
#define HM_SERIES_AGE (45 * HM_DAY_NS)
#define HM_SERIES_MAX 8192

/* Readings in a row that are too low before it is said that the counter does not recover. */
#define HM_REGRESS_STUCK 3

/* The collector's own series: how long the resource was known to be in its row's state. No sample has that name. */
#define HM_METER_STATE_TIME "state.time"

/* The life of a resource's counters on one host. The state holds each once, so pointers can be compared. */
typedef struct
{
  char *agent, *epoch; /* "" where the resource has no epoch */
  gint64 read_ns;      /* how long the latest read that gave samples took */
  guint number;        /* its place in the state's list */
  gboolean used;       /* scratch of the sweep; not kept */
} HmCounterLife;

typedef struct
{
  HmTime from;
  char *project, *user, *flavor; /* "" where nothing has said it yet */
  HmState state;
} HmRevision;

/* What no counter of that name can exceed. */
typedef enum
{
  HM_BOUND_NONE,
  HM_BOUND_CPUS,    /* all CPUs of the host, all the time */
  HM_BOUND_ONE_CPU, /* a vCPU is one thread */
  HM_BOUND_NETWORK, /* the policy's limit */
} HmBound;

HmBound hm_bound_of (HmMeterType type, const char *meter, const char *unit);

/* One counter life of a series, and the reading that the next one is compared with. */
typedef struct
{
  HmCounterLife *life;
  char *epoch; /* the sample's own, "" where it is the resource's; interned */
  HmTime time;
  HmInt128 value;
  gint64 read_ns;  /* how long that read took; 0 where nothing is bounded by it */
  HmTime counted;  /* where the latest interval ended that was counted; 0: none was */
  guint regressed; /* readings in a row that were too low, up to HM_REGRESS_STUCK */
  guint number;    /* of the record that it was read in; not kept */
} HmSegment;

typedef struct
{
  const char *device, *meter;
} HmSeriesKey;

typedef struct
{
  char *device, *meter, *unit; /* interned GRefStrings, as the cells' are */
  HmSeriesKey key;             /* the first two, borrowed */
  HmMeterType type;
  HmTime time; /* of the latest sample; HM_TIME_UNKNOWN before the first */
  HmValue value;
  GArray *segments; /* cumulative: (element-type HmSegment), the one read last in front */

  /* A gauge's value goes on until `until`, at the expense of the life that reported it; NULL: it has ended.
   * Of a delta: the life that counted last, and until when. */
  HmCounterLife *holder;
  char *holder_epoch; /* (nullable) interned */
  HmTime until;
  /* Of a delta: the life that counted last of all of other agents than the holder's, and until when. */
  HmCounterLife *rival; /* (nullable) */
  HmTime rival_until;

  guint number;       /* of the record of the latest sample, or that said the state that lasts; not kept */
  HmBound bound;      /* follows from the name; not kept */
  const HmMeter *row; /* (nullable) the meter table's; not kept */
  gboolean resolved;  /* row was looked up; not kept */
  guint cell_hint;    /* not kept */
} HmSeries;

struct HmFoldState
{
  HmTime time; /* order key of the last record; HM_TIME_UNKNOWN before the first */
  char *agent, *agent_epoch;
  guint64 seq;
  HmState
      said; /* by the last record, or the one before it that said one; the latest revision's unless another agent than the owner spoke */
  char *owner;          /* the agent whose gauges count, and who says the state; "" before the first record */
  HmTime owner_until;   /* nobody else takes its place before, while it runs; HM_TIME_UNKNOWN: it has ended */
  gint64 owner_hold;    /* the shortest that its records stated since it was missed; 0: none has */
  HmCounterLife *other; /* (nullable) of the agent besides the owner that said last that it runs, … */
  HmTime other_time;    /* … when, … */
  gint64 other_hold;    /* … and for how long that is believed */
  HmTime sampled;       /* of the owner's latest record with samples; HM_TIME_UNKNOWN */
  HmSeries *lasting;    /* HM_METER_STATE_TIME: held as a gauge is, by the life that said the state */
  HmTime forgotten;     /* latest reading of all that was dropped; HM_TIME_UNKNOWN */
  GArray *revisions;    /* (element-type HmRevision), by time */
  GPtrArray *lives;     /* (element-type HmCounterLife) */
  GPtrArray *series;    /* (element-type HmSeries), in the order in which they came to be */
  GHashTable *index;    /* (nullable) the same by key; not kept */
  GArray *pieces;       /* scratch of the span; not kept */
  HmClocks *clocks;     /* by which records are placed; the engine's */
};

/* The life of that key, made if it is not there; drops those that nothing refers to when it makes one. */
HmCounterLife *hm_fold_state_life (HmFoldState *state, const char *agent, const char *epoch);

/* The series of @sample, made if it is not there. *@hint: where to look first; left behind the one found.
 * NULL when there are too many. */
HmSeries *hm_fold_state_series (HmFoldState *state, const HmSample *sample, HmTime now, guint *hint);

/* Puts a segment in front of the series' others; forgets those that are too old or too many. */
HmSegment *hm_fold_state_add_segment (HmFoldState *state, HmSeries *series, HmCounterLife *life,
                                      const char *epoch, HmTime now);

/* Begins a revision at @from when what @stamp says differs from the latest one; TRUE when it did. */
gboolean hm_fold_state_revise (HmFoldState *state, HmTime from, const HmResourceStamp *stamp);

/* Index of the revision in force at @time; the first one's before it. There must be one. */
guint hm_fold_state_revision_at (const HmFoldState *state, HmTime time);

/* What the latest revision says; HM_STATE_UNKNOWN before the first. */
HmState hm_fold_state_now (const HmFoldState *state);

void hm_fold_state_note (HmFoldState *state, const HmRecord *record); /* @record is the last one now */
/* @agent owns the resource until @until; HM_TIME_UNKNOWN: until somebody else comes. */
void hm_fold_state_own (HmFoldState *state, const char *agent, HmTime until, gint64 hold);

/* For the reader of the JSON form: adds as is. */
HmSeries *hm_fold_state_append_series (HmFoldState *state, const char *device, const char *meter,
                                       HmMeterType type, const char *unit);
void hm_fold_state_append_life (HmFoldState *state, const char *agent, const char *epoch);
/* One that was a sample's. */
static inline HmValue
hm_value_narrow (HmInt128 value)
{
  return value < 0 ? (HmValue){ HM_VALUE_I64, { .i64 = (gint64)value } }
                   : (HmValue){ HM_VALUE_U64, { .u64 = (guint64)value } };
}

void hm_series_end (HmSeries *series); /* a gauge holds no longer */
void hm_series_hold (HmSeries *series, HmCounterLife *life, const char *epoch, HmTime until);

G_END_DECLS
