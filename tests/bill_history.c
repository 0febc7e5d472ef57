/* SPDX-License-Identifier: Apache-2.0 */
/* bill_history: see the header. */
#include "tests/bill_history.h"

#include "collector/engine/engine_private.h"
#include "collector/engine/engine_prune.h"
#include "collector/engine/engine_requests.h"
#include "collector/engine/engine_roll.h"
#include "collector/bill/periods.h"
#include "tests/engine_kit.h"

#include <string.h>

#define MOST_RETRIES 5000 /* each statement may fail once in one life, and each has its own */
#define CHUNKS       2
#define NOW          (MORNING + 3 * DAY)
#define BUDGET_NS    (HM_NSEC_PER_SEC * 3600)
#define MESSAGE_ID   "m1"
#define SPOILT       4711

struct BillHistory
{
  BusHistory *bus;
  gint64 ends[CHUNKS][BUS_PARTITIONS];
};

/* -- the time -- */

static HmFakeClock *
clock_of_all (void)
{
  static HmFakeClock *clock = NULL;

  if (clock == NULL)
    clock = hm_fake_clock_new (NOW);
  return clock;
}

/* So that what is written down at a time of the program's own is the same in each life. */
const HmClock *__wrap_hm_clock_system (void);

const HmClock *
__wrap_hm_clock_system (void)
{
  return &clock_of_all ()->clock;
}

/* -- what is on the bus -- */

static void
add_reading (BusHistory *bus, guint partition, const char *resource, guint minute, guint64 value)
{
  HmSample samples[2];
  HmRecord record;

  engine_kit_record (&record, resource, minute, MORNING + minute * MINUTE);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = value;
  record.samples = samples;
  bus_history_add (bus, partition, &record);
}

static void
add_foreign (BusHistory *bus, guint minute)
{
  const HmSample sample = { .meter = "site.rooms",
                            .type = HM_GAUGE,
                            .unit = "room",
                            .value = { HM_VALUE_U64, { .u64 = 3 } },
                            .epoch_start = HM_TIME_UNKNOWN,
                            .start = HM_TIME_UNKNOWN };
  HmRecord record;

  engine_kit_record (&record, "r2", minute, MORNING + minute * MINUTE);
  record.samples = &sample;
  record.n_samples = 1;
  bus_history_add (bus, 0, &record);
}

static void
add_description (BusHistory *bus, guint minute)
{
  char key[] = "display_name", value[] = "web";
  const HmAttr pair = { key, value };
  HmRecord record;

  engine_kit_record (&record, "r2", minute, MORNING + minute * MINUTE);
  record.kind = HM_RECORD_LIFECYCLE;
  record.n_samples = 0;
  record.event = "described";
  record.observed = "event";
  record.description = &pair;
  record.n_description = 1;
  bus_history_add (bus, 0, &record);
}

static void
about_agent (HmRecord *record, HmRecordKind kind, guint64 seq)
{
  engine_kit_record (record, "node", seq, MORNING + HOUR + seq * MINUTE);
  record->kind = kind;
  record->n_samples = 0;
  record->resource = (HmResourceStamp){ .id = "node", .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
}

static void
add_heartbeat (BusHistory *bus, guint64 seq, guint64 records)
{
  const HmBinCount bin = { "e1", MORNING / HM_BIN_NS, records, 5 };
  HmRecord record;

  about_agent (&record, HM_RECORD_HEARTBEAT, seq);
  record.bins = &bin;
  record.n_bins = 1;
  bus_history_add (bus, 1, &record);
}

static void
add_gap_record (BusHistory *bus, guint64 seq)
{
  HmRecord record;

  about_agent (&record, HM_RECORD_GAP, seq);
  record.from = record.time - MINUTE;
  record.to = record.time;
  record.records = record.resources = 1;
  record.reason = "full";
  bus_history_add (bus, 1, &record);
}

static void
note_ends (BillHistory *history, guint chunk)
{
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    history->ends[chunk][i] = bus_history_end (history->bus, i);
}

BillHistory *
bill_history_new (void)
{
  BillHistory *history = g_new0 (BillHistory, 1);
  BusHistory *bus = history->bus = bus_history_empty ();

  add_reading (bus, 0, "r1", 1, 100);
  add_reading (bus, 0, "r1", 90, 700);
  add_reading (bus, 0, "r1", 95, 50); /* less than it was: held */
  add_reading (bus, 0, "r2", 1, 5);
  add_reading (bus, 0, "r2", 2, 15);
  add_description (bus, 3);
  add_foreign (bus, 4);
  bus_history_add_text (bus, 0, "r1", "this is no JSON");
  add_reading (bus, 0, "r1", 24 * 60 + 30, 2000);
  add_heartbeat (bus, 1, 5);
  bus_history_add_hole (bus, 1);
  add_heartbeat (bus, 2, 6); /* says something else about a bin */
  add_gap_record (bus, 3);
  add_reading (bus, 1, "r2", 24 * 60 + 31, 1500); /* the last of each partition stays when older ones go */
  note_ends (history, 0);
  add_reading (bus, 0, "r1", 120, 900); /* late */
  add_reading (bus, 0, "r2", 200, 75);
  add_reading (bus, 0, "r1", 24 * 60 + 40, 2100);
  note_ends (history, 1);
  return history;
}

void
bill_history_free (BillHistory *history)
{
  bus_history_free (history->bus);
  g_free (history);
}

/* -- a life -- */

typedef struct
{
  BillHistory *history;
  BusLife bus;
  void (*settle) (gpointer user);
  gpointer user;
} Life;

#define TRY(life, call)                                                                                      \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    g_autoptr (GError) error = NULL;                                                                         \
                                                                                                             \
    do                                                                                                       \
      call;                                                                                                  \
    while (bus_life_must_retry (&(life)->bus, &error));                                                      \
  }                                                                                                          \
  G_STMT_END

static const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

typedef enum
{
  TAKE, /* the next chunk */
  ASK,
  ASK_HELD,   /* about the reading that is held */
  ASK_LETTER, /* about the dead letter */
  MESSAGE,
  ROLL,
  REACH,
  SPOIL,
  PRUNE
} Kind;

typedef struct
{
  Kind kind;
  const char *action, *target; /* of a request */
  guint chunk;                 /* of TAKE */
} Step;

static const Step script[] = {
  { .kind = TAKE, .chunk = 0 },
  { ASK, "policy",
    "{\"from\":\"2100-01-01T00:00:00.000000000Z\",\"unknown\":\"hold\",\"network_limit\":1000}", 0 },
  { ASK, "adjust",
    "{\"project\":\"p1\",\"meter\":\"cpu\",\"unit\":\"ns\",\"quantity\":\"-25\",\"resource\":\"r1\"}", 0 },
  { ASK_HELD, "rebase", NULL, 0 },
  { ASK_LETTER, "discard", NULL, 0 },
  { ASK, "erase", "{\"source\":\"site\",\"resource\":\"r2\"}", 0 },
  { .kind = MESSAGE },
  { .kind = ROLL },
  { .kind = REACH },
  { ASK, "close", "{\"name\":\"2024-10-04\",\"zone\":\"UTC\"}", 0 },
  { .kind = TAKE, .chunk = 1 },
  { .kind = ROLL },
  { ASK, "close", "{}", 0 },
  { .kind = SPOIL },
  { ASK, "recompute", "{\"source\":\"site\",\"resource\":\"r2\"}", 0 },
  { .kind = ROLL },
  { ASK, "close", "{}", 0 },
  { .kind = PRUNE },
};
#define LAST_STEP (G_N_ELEMENTS (script) - 1)

/* -- requests -- */

/* Each request says in its reason which step it is. */
typedef struct
{
  gboolean there[G_N_ELEMENTS (script)], done[G_N_ELEMENTS (script)];
  guint n;
} Asked;

static gboolean
note_request (const HmRequestRow *row, gpointer user)
{
  Asked *asked = user;
  guint64 step = g_ascii_strtoull (row->reason, NULL, 10);

  assert_true (step < G_N_ELEMENTS (script));
  assert_false (asked->there[step]);
  asked->there[step] = TRUE;
  asked->done[step] = row->done != 0;
  asked->n++;
  return TRUE;
}

static Asked
list_asked (Life *life)
{
  Asked asked;

  TRY (life, (asked = (Asked){ 0 },
              life->bus.ops->list_requests (life->bus.store, FALSE, note_request, &asked, &error)));
  return asked;
}

static gboolean
note_held (const HmHeldRow *row, gpointer id)
{
  hm_held_id (row, id);
  return TRUE;
}

static char *
target_of (Life *life, const Step *step)
{
  char id[HM_HELD_ID_MAX] = "";

  if (step->kind != ASK_HELD)
    return g_strdup (step->target);
  TRY (life, life->bus.ops->list_held (life->bus.store, &all, note_held, id, &error));
  return g_strdup_printf ("{\"held\":\"%s\",\"source\":\"site\",\"resource\":\"r1\"}", id);
}

static gboolean
note_letter (const HmDeadLetter *row, gpointer id)
{
  *(gint64 *)id = row->id;
  return TRUE;
}

static gint64
subject_of (Life *life, const Step *step)
{
  gint64 id = 0;

  if (step->kind == ASK_LETTER)
    TRY (life, life->bus.ops->list_dead_letters (life->bus.store, &all, note_letter, &id, &error));
  return id;
}

static void
add_request (Life *life, guint step)
{
  g_autofree char *reason = g_strdup_printf ("%u", step), *target = target_of (life, &script[step]);
  const HmRequestRow request = { .action = script[step].action,
                                 .subject = subject_of (life, &script[step]),
                                 .target = target,
                                 .author = "somebody",
                                 .reason = reason,
                                 .asked = NOW };
  g_autoptr (GError) error = NULL;
  gint64 id;

  do
    {
      life->settle (life->user);
      if (list_asked (life).there[step])
        return;
      life->bus.ops->request_add (life->bus.store, &request, &id, &error);
    }
  while (bus_life_must_retry (&life->bus, &error));
}

/* A close that failed is put off. */
static void
ask (Life *life, guint step)
{
  gboolean more;

  add_request (life, step);
  while (!list_asked (life).done[step])
    {
      TRY (life, hm_engine_answer_requests (life->bus.engine, NULL, 10, &more, &error));
      clock_of_all ()->monotonic_ns += 61 * HM_NSEC_PER_SEC;
      assert_true (++life->bus.retries < life->bus.most_retries);
    }
}

/* -- the other steps -- */

static gboolean
has_message (Life *life)
{
  gboolean found = FALSE;
  HmTime time;

  TRY (life, life->bus.ops->message_find (life->bus.store, "site", MESSAGE_ID, &found, &time, &error));
  return found;
}

/* As the engine writes a batch. */
static void
write_batch (Life *life, const HmBatch *batch, GError **error)
{
  const HmStoreOps *ops = life->bus.ops;
  HmStore *store = life->bus.store;
  gboolean owned;

  if (!ops->begin (store, NULL, 0, &owned, error))
    return;
  if (!ops->write (store, batch, error) || !ops->commit (store, error))
    ops->rollback (store);
}

static void
add_message (Life *life)
{
  const HmMessageRow row = { "site", MESSAGE_ID, MORNING };
  g_autoptr (GError) error = NULL;

  do
    if (!has_message (life))
      write_batch (life, &(HmBatch){ .messages = &row, .n_messages = 1 }, &error);
  while (bus_life_must_retry (&life->bus, &error));
}

/* Days that one turn could not roll up are left for a later one. */
static void
roll (Life *life)
{
  const HmTime until = MORNING + 2 * DAY;
  guint unrolled;
  gboolean more;

  do
    {
      TRY (life, hm_engine_roll (life->bus.engine, until, BUDGET_NS, &more, &error));
      TRY (life, hm_periods_unrolled (life->bus.ops, life->bus.store, until, &unrolled, &error));
      assert_true (++life->bus.retries < life->bus.most_retries);
    }
  while (unrolled > 0);
}

static void
reach (Life *life)
{
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    TRY (life, life->bus.ops->offset_reached (life->bus.store, BUS_TOPIC, (gint32)i,
                                              life->history->ends[0][i], NOW, &error));
}

static gboolean
copy_spoilt (const HmBucket *row, gpointer user)
{
  HmBucket **copy = user;

  hm_bucket_free (*copy);
  *copy = hm_bucket_copy (row);
  ((HmCell *)g_ptr_array_index ((*copy)->cells, 0))->quantity = SPOILT;
  return TRUE;
}

/* A figure is wrong, as after an error of the program. */
static void
spoil (Life *life)
{
  HmBucket *row = NULL;

  TRY (life, life->bus.ops->buckets_load (life->bus.store, "site", "r2", MORNING, copy_spoilt, &row, &error));
  assert_non_null (row);
  TRY (life, write_batch (life, &(HmBatch){ .buckets = &row, .n_buckets = 1 }, &error));
  hm_bucket_free (row);
}

static void
prune (Life *life)
{
  const HmRetention all_gone = { MORNING + DAY, MORNING + DAY, NOW + DAY, NOW };
  gboolean more = TRUE;

  while (more)
    TRY (life, hm_engine_prune (life->bus.engine, &all_gone, BUDGET_NS, &more, &error));
}

static void
run_step (Life *life, guint step)
{
  static void (*const steps[]) (Life *)
      = { [MESSAGE] = add_message, [ROLL] = roll, [REACH] = reach, [SPOIL] = spoil, [PRUNE] = prune };

  if (script[step].kind == TAKE)
    bus_life_take (&life->bus, life->history->ends[script[step].chunk]);
  else if (script[step].action != NULL)
    ask (life, step);
  else
    steps[script[step].kind](life);
}

/* -- how far the lives before have come -- */

static gboolean
has_taken (const Life *life, guint chunk)
{
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    if (life->bus.next[i] < life->history->ends[chunk][i])
      return FALSE;
  return TRUE;
}

/* The step that is not known to be done, where none after it has begun. Requests are removed in the last one. */
static guint
first_step (Life *life)
{
  Asked asked = list_asked (life);
  guint first = 0;

  for (guint i = 0; i < G_N_ELEMENTS (script); i++)
    if (asked.done[i] || (script[i].kind == TAKE && has_taken (life, script[i].chunk))
        || (script[i].kind == MESSAGE && has_message (life)))
      first = i + 1;
    else if (asked.there[i])
      first = i;
  return asked.n == 0 && has_taken (life, CHUNKS - 1) ? LAST_STEP : first;
}

void
bill_history_take (BillHistory *history, const HmStoreOps *ops, const char *url,
                   void (*settle) (gpointer user), gpointer user)
{
  const HmCloseSettings close = { .grace_ns = HOUR, .holder = "one", .clock = &clock_of_all ()->clock };
  Life life = { .history = history,
                .bus = { .history = history->bus, .ops = ops, .most_retries = MOST_RETRIES },
                .settle = settle,
                .user = user };

  bus_life_begin (&life.bus, url, &close);
  for (guint i = first_step (&life); i < G_N_ELEMENTS (script); i++)
    run_step (&life, i);
  bus_life_end (&life.bus);
}
