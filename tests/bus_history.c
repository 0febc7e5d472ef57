/* SPDX-License-Identifier: Apache-2.0 */
/* bus_history: see the header. */
#include "tests/bus_history.h"

#include "tests/engine_kit.h"

#include <string.h>

#define TOPIC       BUS_TOPIC
#define MAX_RETRIES 20
#define TOO_GREAT   (G_GUINT64_CONSTANT (1) << 63) /* for a store: a number that none of them can hold */

typedef struct
{
  const char *key;
  GBytes *value; /* NULL: dropped by the bus */
  HmTime appended;
} Message;

struct BusHistory
{
  HmMeterTable *meters;
  HmEncoder *encoder;
  HmDecoder *decoder;
  GArray *messages[BUS_PARTITIONS]; /* (element-type Message) */
};

/* How many offsets of each partition are taken together. */
static const gint64 batches[BUS_PARTITIONS] = { 8, 8 };

/* -- what is on the bus -- */

static void
add_bytes (BusHistory *history, guint partition, const char *key, GBytes *value, HmTime appended)
{
  const Message message = { g_intern_string (key), value, appended };

  g_array_append_val (history->messages[partition], message);
}

void
bus_history_add (BusHistory *history, guint partition, const HmRecord *record)
{
  gboolean of_agent = record->kind == HM_RECORD_GAP || record->kind == HM_RECORD_HEARTBEAT;
  g_autoptr (GError) error = NULL;
  GBytes *value = hm_encoder_encode (history->encoder, record, &error);

  if (value == NULL)
    fail_msg ("%s", error->message);
  add_bytes (history, partition, of_agent ? record->agent.id : record->resource.id, value,
             record->time + SECOND);
}

static void
start (HmRecord *record, const char *agent, const char *resource, guint64 seq, guint minute)
{
  engine_kit_record (record, resource, seq, MORNING + minute * MINUTE);
  record->agent.id = agent;
  record->agent.bin = record->time / HM_BIN_NS;
}

/* The counter of @resource stood at @value in that minute, which is the record's number too. */
static void
add_reading (BusHistory *history, guint partition, const char *agent, const char *resource, guint minute,
             guint64 value)
{
  HmSample samples[2];
  HmRecord record;

  start (&record, agent, resource, minute, minute);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = value;
  record.samples = samples;
  record.resource.state = minute % 4 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
  bus_history_add (history, partition, &record);
}

static void
add_readings (BusHistory *history, guint partition, const char *agent, const char *resource, guint first,
              guint n)
{
  for (guint minute = first; minute < first + n; minute++)
    add_reading (history, partition, agent, resource, minute, 100 * (guint64)minute);
}

static void
add_foreign (BusHistory *history, guint partition, guint minute, const char *unit)
{
  const HmSample sample = { .meter = "site.rooms",
                            .type = HM_GAUGE,
                            .unit = unit,
                            .value = { HM_VALUE_U64, { .u64 = 3 } },
                            .epoch_start = HM_TIME_UNKNOWN,
                            .start = HM_TIME_UNKNOWN };
  HmRecord record;

  start (&record, "node", "r3", minute, minute);
  record.samples = &sample;
  record.n_samples = 1;
  bus_history_add (history, partition, &record);
}

static void
add_description (BusHistory *history, guint partition, guint minute, const char *name)
{
  g_autofree char *key = g_strdup ("display_name"), *value = g_strdup (name);
  const HmAttr pair = { key, value };
  HmRecord record;

  start (&record, "node", "r2", minute, minute);
  record.kind = HM_RECORD_LIFECYCLE;
  record.n_samples = 0;
  record.event = "described";
  record.observed = "event";
  record.description = &pair;
  record.n_description = 1;
  bus_history_add (history, partition, &record);
}

static void
about_agent (HmRecord *record, HmRecordKind kind, const char *agent, guint64 seq, guint minute)
{
  start (record, agent, agent, seq, minute);
  record->kind = kind;
  record->n_samples = 0;
  record->resource = (HmResourceStamp){ .id = agent, .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
}

static void
add_gap_record (BusHistory *history, guint partition, const char *agent, guint64 seq, guint minute)
{
  HmRecord record;

  about_agent (&record, HM_RECORD_GAP, agent, seq, minute);
  record.from = record.time - 10 * MINUTE;
  record.to = record.time;
  record.records = 4;
  record.resources = 2;
  record.reason = "full";
  bus_history_add (history, partition, &record);
}

static void
add_heartbeat (BusHistory *history, guint partition, const char *agent, guint64 seq, guint minute,
               guint64 records)
{
  HmRecord record;
  HmBinCount bins[2];

  about_agent (&record, HM_RECORD_HEARTBEAT, agent, seq, minute);
  for (guint i = 0; i < G_N_ELEMENTS (bins); i++)
    bins[i] = (HmBinCount){ "e1", record.agent.bin - 2 + i, records + i, G_MAXUINT64 - records };
  record.backlog = 7;
  record.oldest_unsent = record.time - MINUTE;
  record.bins = bins;
  record.n_bins = G_N_ELEMENTS (bins);
  bus_history_add (history, partition, &record);
}

void
bus_history_add_text (BusHistory *history, guint partition, const char *key, const char *text)
{
  add_bytes (history, partition, key, g_bytes_new (text, strlen (text)), MORNING + HOUR);
}

void
bus_history_add_hole (BusHistory *history, guint partition)
{
  add_bytes (history, partition, "", NULL, 0);
}

gint64
bus_history_end (const BusHistory *history, guint partition)
{
  return history->messages[partition]->len;
}

static void
add_too_great (BusHistory *history, guint partition)
{
  HmRecord record;

  start (&record, "node", "r1", TOO_GREAT, 30);
  bus_history_add (history, partition, &record);
}

static void
fill_first (BusHistory *history)
{
  add_readings (history, 0, "node", "r1", 1, 4);
  add_reading (history, 0, "node", "r1", 9, 900);
  add_readings (history, 0, "node", "r2", 1, 2);
  add_description (history, 0, 3, "web");
  bus_history_add_text (history, 0, "r1", "this is no JSON");
  add_reading (history, 0, "node", "r1", 2, 200); /* again */
  add_reading (history, 0, "node", "r1", 3, 1);   /* again, with other bytes */
  add_readings (history, 0, "node", "r1", 6, 2);  /* late */
  add_foreign (history, 0, 1, "room");
  add_heartbeat (history, 0, "node", 1, 10, 5);
  add_foreign (history, 0, 2, "floor");           /* a unit that it does not have */
  add_readings (history, 0, "node", "r1", 58, 5); /* into the next grain */
  add_gap_record (history, 0, "node", 2, 62);
  bus_history_add_text (history, 0, "r9", "{\"schema\":\"hypermeter.samples/1\"}");
  add_heartbeat (history, 0, "node", 3, 63, 6); /* says something else about a bin */
  add_reading (history, 0, "node", "r2", 50, 5000);
  add_too_great (history, 0); /* its batch is taken apart, and is the smallest */
  add_reading (history, 0, "node", "r2", 51, 5100);
}

static void
fill_second (BusHistory *history)
{
  add_readings (history, 1, "other", "r4", 1, 3);
  add_readings (history, 1, "other", "r1", 1, 3); /* of another agent, and in the other partition too */
  bus_history_add_hole (history, 1);
  bus_history_add_hole (history, 1);
  add_readings (history, 1, "other", "r4", 10, 3);
  add_reading (history, 1, "other", "r4", 1, 100); /* again */
  add_heartbeat (history, 1, "other", 1, 12, 9);
  bus_history_add_text (history, 1, "r4", "{}");
  add_readings (history, 1, "other", "r4", 5, 1); /* late */
  add_gap_record (history, 1, "other", 2, 70);
  add_readings (history, 1, "other", "r5", 130, 3);
}

static void
clear_message (gpointer data)
{
  g_clear_pointer (&((Message *)data)->value, g_bytes_unref);
}

BusHistory *
bus_history_empty (void)
{
  BusHistory *history = g_new0 (BusHistory, 1);

  history->meters = kit_fold_meters ();
  history->encoder = hm_encoder_new ();
  history->decoder = hm_decoder_new (history->meters);
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    {
      history->messages[i] = g_array_new (FALSE, FALSE, sizeof (Message));
      g_array_set_clear_func (history->messages[i], clear_message);
    }
  return history;
}

BusHistory *
bus_history_new (void)
{
  BusHistory *history = bus_history_empty ();

  fill_first (history);
  fill_second (history);
  return history;
}

void
bus_history_free (BusHistory *history)
{
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    g_array_unref (history->messages[i]);
  hm_decoder_free (history->decoder);
  hm_encoder_free (history->encoder);
  hm_meter_table_free (history->meters);
  g_free (history);
}

/* -- a collector -- */

gboolean
bus_life_must_retry (BusLife *life, GError **error)
{
  if (*error == NULL)
    return FALSE;
  if (!g_error_matches (*error, HM_ERROR, HM_ERROR_UNAVAILABLE)
      && !g_error_matches (*error, HM_ERROR, HM_ERROR_TEMPORARY))
    fail_msg ("%s", (*error)->message);
  if (++life->retries > life->most_retries)
    fail_msg ("still after %u times: %s", life->most_retries, (*error)->message);
  g_clear_error (error);
  return TRUE;
}

static void
release_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

static HmArrival *
arrive (const BusHistory *history, guint partition, gint64 offset)
{
  const Message *message = &g_array_index (history->messages[partition], Message, offset);
  HmArrival *arrival = hm_arrival_new ();

  arrival->topic = TOPIC;
  arrival->partition = (gint32)partition;
  arrival->offset = arrival->expected = offset;
  arrival->appended = arrival->received = message->appended;
  arrival->generation = 1;
  arrival->key = message->key;
  arrival->key_length = strlen (message->key);
  arrival->value = g_bytes_get_data (message->value, &arrival->length);
  arrival->owner = g_bytes_ref (message->value);
  arrival->release = release_bytes;
  hm_arrival_decode (arrival, history->decoder, history->meters, NULL);
  return arrival;
}

static gboolean
is_there (const BusHistory *history, guint partition, gint64 offset)
{
  return offset >= 0 && offset < (gint64)history->messages[partition]->len
         && g_array_index (history->messages[partition], Message, offset).value != NULL;
}

/* Where the store stands, and whether it knows what is before that. */
static void
ask_position (BusLife *life, guint partition)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmArrival) before = NULL;
  gboolean known = FALSE;

  do
    hm_engine_offset (life->engine, TOPIC, (gint32)partition, 0, &life->next[partition], &error);
  while (bus_life_must_retry (life, &error));
  if (!is_there (life->history, partition, life->next[partition] - 1))
    return;
  before = arrive (life->history, partition, life->next[partition] - 1);
  do
    hm_engine_recognises (life->engine, before, &known, &error);
  while (bus_life_must_retry (life, &error));
  if (!known)
    fail_msg ("the record before offset %" G_GINT64_FORMAT " of partition %u is not known",
              life->next[partition], partition);
}

static void
ask_positions (BusLife *life)
{
  for (guint i = 0; i < BUS_PARTITIONS; i++)
    ask_position (life, i);
}

/* Where the bus has dropped what comes next. */
static void
pass_over (BusLife *life, guint partition, gint64 end)
{
  HmGapRow gap = { TOPIC, (gint32)partition, life->next[partition], life->next[partition], MORNING };
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  while (gap.to < end && !is_there (life->history, partition, gap.to))
    gap.to++;
  if (gap.to == gap.from)
    return;
  do
    hm_engine_pass_over (life->engine, &gap, &owned, &error);
  while (bus_life_must_retry (life, &error));
  ask_position (life, partition); /* owned or not: the database may have done it before it failed */
  assert_int_equal (life->next[partition], gap.to);
}

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

/* The next ones of both partitions, up to where a batch of each ends; so they are the same in each life. */
static GPtrArray *
consume (BusLife *life, const gint64 *ends)
{
  GPtrArray *arrivals = g_ptr_array_new_with_free_func (free_arrival);

  for (guint i = 0; i < BUS_PARTITIONS; i++)
    {
      gint64 end;

      pass_over (life, i, ends[i]);
      end = MIN ((life->next[i] / batches[i] + 1) * batches[i], ends[i]);
      for (gint64 offset = life->next[i]; offset < end && is_there (life->history, i, offset); offset++)
        g_ptr_array_add (arrivals, arrive (life->history, i, offset));
    }
  return arrivals;
}

static void
note_taken (BusLife *life, const GPtrArray *arrivals)
{
  for (guint i = 0; i < arrivals->len; i++)
    {
      const HmArrival *arrival = g_ptr_array_index (arrivals, i);

      life->next[arrival->partition] = arrival->offset + 1;
    }
}

/* FALSE: there is nothing left. */
static gboolean
take_batch (BusLife *life, const gint64 *ends)
{
  g_autoptr (GPtrArray) arrivals = consume (life, ends);
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (arrivals->len == 0)
    return FALSE;
  do
    hm_engine_take (life->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, &error);
  while (bus_life_must_retry (life, &error));
  if (owned)
    note_taken (life, arrivals);
  else
    ask_positions (life); /* a commit was made although it seemed to fail */
  return TRUE;
}

void
bus_life_begin (BusLife *life, const char *url, const HmCloseSettings *close)
{
  const HmEngineSettings settings = { .grain_ns = HOUR,
                                      .hold_intervals = 3,
                                      .fallback_interval_ns = MINUTE,
                                      .cache_bytes = 64 << 20,
                                      .close = close != NULL ? *close : (HmCloseSettings){ 0 } };
  g_autoptr (GError) error = NULL;

  do
    life->store = life->ops->open (url, HM_STORE_WRITE, HOUR, &error);
  while (bus_life_must_retry (life, &error));
  do
    life->engine = hm_engine_new (life->ops, life->store, life->history->meters, &settings, &error);
  while (bus_life_must_retry (life, &error));
  ask_positions (life);
}

void
bus_life_take (BusLife *life, const gint64 ends[BUS_PARTITIONS])
{
  while (take_batch (life, ends))
    continue;
}

void
bus_life_end (BusLife *life)
{
  hm_engine_free (life->engine);
  life->ops->close (life->store);
}

void
bus_history_take (BusHistory *history, const HmStoreOps *ops, const char *url, guint *ret_retries)
{
  BusLife life = { .history = history, .ops = ops, .most_retries = MAX_RETRIES };
  gint64 ends[BUS_PARTITIONS];

  for (guint i = 0; i < BUS_PARTITIONS; i++)
    ends[i] = bus_history_end (history, i);
  bus_life_begin (&life, url, NULL);
  bus_life_take (&life, ends);
  bus_life_end (&life);
  if (ret_retries != NULL)
    *ret_retries = life.retries;
}
