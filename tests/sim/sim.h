/* SPDX-License-Identifier: Apache-2.0 */
/* sim: a small fleet that is known from both sides.
 *
 * world.c lets an instance live on two hosts: what it consumes, whose it is and in what state are known at every moment. agents.c
 * writes down what the hosts' agents would record of it, with the mistakes that readings have. bus.c loses, doubles, delays and shuffles
 * records. truth.c says what can be known from those that were delivered, by looking through all of them for each question.
 * None of it calls the fold: test_sim*.c compare it with the collector. Not thread-safe. */
#pragma once

#include "collector/stores/store_rows.h"
#include "metering/record.h"
#include "tests/sim/rows.h"

G_BEGIN_DECLS

/* Rules that the collector does not have yet, or has otherwise; what they are about is not played, or not expected, while they are 0. */
#define SIM_RULE_OWNERS     1 /* one agent's gauges and state at a time; seconds in each state */
#define SIM_RULE_HELD       1 /* implausible, regress_stuck */
#define SIM_RULE_DUPLICATES 1 /* the flag alone: such readings are played and count once */
#define SIM_RULE_OVERLAPS   1 /* the flag alone: both lives are played and count */

#define SIM_HOSTS   2
#define SIM_RECORDS 64
#define SIM_SAMPLES 12

#define SIM_SECOND  HM_NSEC_PER_SEC
#define SIM_MINUTE  (60 * SIM_SECOND)
#define SIM_HOUR    (60 * SIM_MINUTE)
#define SIM_DAY     (24 * SIM_HOUR)
#define SIM_MORNING (20000 * SIM_DAY)

/* The series of an instance; names, types and rules are in sim_series. */
typedef enum
{
  SIM_CPU,     /* restarts with the process */
  SIM_DISK,    /* restarts with the process or the device */
  SIM_FAULTS,  /* restarts with the guest, and nothing says so */
  SIM_NARROW,  /* 32 bits wide */
  SIM_NETWORK, /* bounded where a policy says by how much */
  SIM_TRAFFIC, /* a delta; the last of those that count */
  SIM_MEMORY,
  SIM_CAPACITY,
  SIM_EXISTENCE,
  SIM_STATE, /* the collector's own: time in each state */
  SIM_SERIES,
} SimSeries;

#define SIM_COUNTERS SIM_TRAFFIC /* those before it are cumulative */
#define SIM_MEASURED SIM_STATE   /* those before it are read */

typedef struct
{
  const char *meter, *device, *unit; /* device: "" for the instance itself */
  HmMeterType type;
  HmHold hold;
} SimSeriesRow;

extern const SimSeriesRow sim_series[SIM_SERIES];

/* What can happen in a history, beside its instance's creation; names are in sim_events. */
typedef enum
{
  SIM_EVENT_READ,
  SIM_EVENT_SILENCE,
  SIM_EVENT_SUSPEND,
  SIM_EVENT_STOP,
  SIM_EVENT_CRASH,
  SIM_EVENT_REBOOT,
  SIM_EVENT_UNDEFINE,
  SIM_EVENT_LOSE,
  SIM_EVENT_MIGRATE_LIVE,
  SIM_EVENT_MIGRATE_COLD,
  SIM_EVENT_SPLIT,
  SIM_EVENT_GIVE_AWAY,
  SIM_EVENT_RESIZE,
  SIM_EVENT_REPLUG,
  SIM_EVENT_RESTART_AGENT,
  SIM_EVENT_STEP,
  SIM_EVENT_OUTAGE,
  SIM_EVENT_REBOOT_HOST,
  SIM_EVENT_LOW,
  SIM_EVENT_STUCK,
  SIM_EVENT_TOO_MUCH,
  SIM_EVENT_TWICE,
  SIM_EVENT_CONTRADICT,
  SIM_EVENTS,
} SimEvent;

extern const char *const sim_events[SIM_EVENTS];

/* What a reading is, beside what it says. */
typedef enum
{
  SIM_SOUND,
  SIM_TOO_LOW,
  SIM_TOO_MUCH,
} SimReading;

/* A record, and what only the world knows about it. */
typedef struct
{
  HmRecord record; /* its samples are those below */
  HmSample samples[SIM_SAMPLES];
  SimSeries series[SIM_SAMPLES];
  SimReading readings[SIM_SAMPLES];
  guint64 real[SIM_SAMPLES];         /* what the counter really stood at, without turns of its width */
  guint64 rows;                      /* bits of SimRow: what the world meant by it */
  HmDecision decisions[SIM_SAMPLES]; /* of people, about its readings */
  gboolean lost;
  guint copies;    /* how often it is delivered, at least once unless it is lost */
  HmTime appended; /* when it first was */
  HmTime moment;   /* when it really was */
  guint number;    /* its place in the history */

  /* What sim_place() makes of it. */
  HmRecord placed; /* as if its host's clock had been right */
  HmSample placed_samples[SIM_SAMPLES];
  guint32 flags; /* that it gives to what it changes */
  gboolean parked;
} SimRecord;

/* Whose the instance really was and in what state, from a moment on. */
typedef struct
{
  HmTime from;
  guint project, flavor;
  HmState state;
} SimMoment;

/* What somebody has set from a moment on. */
typedef struct
{
  HmTime from;
  gboolean hold;
  guint64 network_limit;
} SimPolicy;

typedef struct
{
  GRand *rand;
  guint32 seed;
  const char *resource;
  SimRecord records[SIM_RECORDS];
  guint n_records;
  SimMoment moments[SIM_RECORDS];
  guint n_moments;
  SimPolicy policies[2];
  guint n_policies;
  gboolean terse;   /* some records do not say whose or how it is, many say another interval or none */
  guint boots;      /* of its hosts */
  guint lives;      /* that the instance's process had */
  guint lifecycles; /* records of the kind */
  guint32 events;   /* bits of SimEvent: what happened */
  gint64 shift;     /* by how much later it is than it was played */
} SimHistory;

/* -- chance -- */

static inline gboolean
sim_chance (SimHistory *history, guint percent)
{
  return g_rand_int (history->rand) % 100 < percent;
}

/* From @least to below @most; @most is more. */
static inline gint64
sim_between (SimHistory *history, gint64 least, gint64 most)
{
  guint64 any = (guint64)g_rand_int (history->rand) << 32 | g_rand_int (history->rand);

  return least + (gint64)(any % (guint64)(most - least));
}

/* @prefix and @number as text that lives as long as the program; equal texts are one pointer. */
const char *sim_name (const char *prefix, guint number);
const char *sim_nothing (void); /* the empty one */

/* -- a history -- */

/* Plays a life of one instance, and what became of its records on the way. The same seed, the same history. @history is reused. */
void sim_play (SimHistory *history, guint32 seed, const char *resource);

/* bus.c: decides which records are lost, how often and when each arrives. */
void sim_deliver (SimHistory *history);

/* A real bus has taken a copy of @record, the first of them, at @appended. */
void sim_append (SimRecord *record, HmTime appended);

/* All of it, with its policies, happens that much later. */
void sim_shift (SimHistory *history, gint64 by);

/* clock.c: works out when each delivered record really was, as far as that can be known. */
void sim_place (SimHistory *history);

/* Places the delivered records, and gives those whose time has come in the order in which they count: by (place, agent, agent epoch, seq). Returns their number. */
guint sim_order (SimHistory *history, SimRecord *ret_ordered[SIM_RECORDS]);

/* The same as they arrive: doubled, and each partition's retries shuffled. At most 3 × SIM_RECORDS. */
guint sim_arrivals (SimHistory *history, SimRecord *ret_arrivals[3 * SIM_RECORDS]);

/* For the message of a failure: one line for each delivered record. (transfer full) */
char *sim_print (SimHistory *history);

G_END_DECLS
