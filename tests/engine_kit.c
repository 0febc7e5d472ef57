/* SPDX-License-Identifier: Apache-2.0 */
/* engine_kit: see the header. Failing one of its steps fails the calling test. */
#include "tests/engine_kit.h"

#include <string.h>

static void
make_engine (EngineKit *kit)
{
  const HmEngineSettings settings = {
    .grain_ns = HOUR, .hold_intervals = 3, .fallback_interval_ns = MINUTE, .cache_bytes = kit->cache_bytes
  };
  g_autoptr (GError) error = NULL;

  kit->engine = hm_engine_new (&kit->ops, kit->store, kit->meters, &settings, &error);
  if (kit->engine == NULL)
    fail_msg ("%s", error->message);
}

EngineKit *
engine_kit_open (const char *scheme, const char *url)
{
  EngineKit *kit = g_new0 (EngineKit, 1);
  g_autoptr (GError) error = NULL;
  gint64 next;

  kit->meters = kit_fold_meters ();
  kit->real = kit_plugin (HM_NS_STORE, scheme)->store;
  kit->ops = *kit->real;
  kit->store = kit->real->open (url, HM_STORE_WRITE, HOUR, &error);
  if (kit->store == NULL || !kit->real->offset_init (kit->store, "t", 0, 0, &next, &error))
    fail_msg ("%s", error->message);
  kit->encoder = hm_encoder_new ();
  kit->decoder = hm_decoder_new (kit->meters);
  kit->cache_bytes = 64 << 20;
  make_engine (kit);
  return kit;
}

EngineKit *
engine_kit_new (void)
{
  char *folder = kit_temp_folder ();
  g_autofree char *url = g_strdup_printf ("sqlite://%s/usage.db", folder);
  EngineKit *kit = engine_kit_open ("sqlite", url);

  kit->folder = folder;
  return kit;
}

void
engine_kit_free (EngineKit *kit)
{
  hm_engine_free (kit->engine);
  hm_encoder_free (kit->encoder);
  hm_decoder_free (kit->decoder);
  kit->real->close (kit->store);
  hm_meter_table_free (kit->meters);
  if (kit->folder != NULL)
    kit_remove_tree (kit->folder);
  g_free (kit->folder);
  g_free (kit);
}

void
engine_kit_restart (EngineKit *kit)
{
  hm_engine_free (kit->engine);
  make_engine (kit);
}

/* -- records and arrivals -- */

void
engine_kit_record (HmRecord *ret_record, const char *resource, guint64 seq, HmTime time)
{
  static const HmSample samples[] = {
    { .meter = "cpu",
      .type = HM_CUMULATIVE,
      .unit = "ns",
      .value = { HM_VALUE_U64, { .u64 = 1000 } },
      .epoch_start = HM_TIME_UNKNOWN,
      .start = HM_TIME_UNKNOWN },
    { .meter = "memory",
      .type = HM_GAUGE,
      .unit = "KiB",
      .value = { HM_VALUE_U64, { .u64 = 4096 } },
      .epoch_start = HM_TIME_UNKNOWN,
      .start = HM_TIME_UNKNOWN },
  };

  hm_record_init (ret_record, HM_RECORD_SAMPLES);
  ret_record->source = "site";
  ret_record->agent.id = "node";
  ret_record->agent.epoch = "e1";
  ret_record->agent.bin = 1;
  ret_record->agent.metering_since = MORNING - DAY;
  ret_record->seq = seq;
  ret_record->resource.id = resource;
  ret_record->resource.kind = "instance";
  ret_record->resource.project = "p1";
  ret_record->resource.user = "u1";
  ret_record->resource.state = HM_STATE_RUNNING;
  ret_record->resource.epoch = "boot:1:0";
  ret_record->time = time;
  ret_record->interval_ns = MINUTE;
  ret_record->clock.boot = "boot";
  ret_record->clock.boot_ns = time - MORNING + DAY;
  ret_record->clock.synced = TRUE;
  ret_record->samples = samples;
  ret_record->n_samples = G_N_ELEMENTS (samples);
}

static void
free_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

/* @key outlives the arrival. */
static HmArrival *
arrival_of (EngineKit *kit, GBytes *bytes, const char *key)
{
  HmArrival *arrival = hm_arrival_new ();

  arrival->topic = "t";
  arrival->offset = arrival->expected = kit->offset++;
  arrival->received = arrival->appended = MORNING + 5 * DAY;
  arrival->generation = 1;
  arrival->key = key;
  arrival->key_length = strlen (key);
  arrival->value = g_bytes_get_data (bytes, &arrival->length);
  arrival->owner = bytes;
  arrival->release = free_bytes;
  return arrival;
}

/* (transfer full) */
static HmArrival *
arrival_of_record (EngineKit *kit, const HmRecord *record)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = hm_encoder_encode (kit->encoder, record, &error);
  gboolean of_agent = record->kind == HM_RECORD_GAP || record->kind == HM_RECORD_HEARTBEAT;

  if (bytes == NULL)
    fail_msg ("%s", error->message);
  return arrival_of (kit, bytes, g_intern_string (of_agent ? record->agent.id : record->resource.id));
}

HmArrival *
engine_kit_signed (EngineKit *kit, const HmRecord *record, HmSigner *signer)
{
  HmArrival *arrival = arrival_of_record (kit, record);

  arrival->ce_id = hm_record_id (record);
  if (signer != NULL)
    arrival->signature
        = hm_signer_sign (signer, arrival->key, arrival->ce_id, arrival->value, arrival->length);
  return arrival;
}

HmArrival *
engine_kit_arrival (EngineKit *kit, const HmRecord *record)
{
  HmArrival *arrival = arrival_of_record (kit, record);

  hm_arrival_decode (arrival, kit->decoder, kit->meters, NULL);
  if (arrival->decoded == NULL)
    fail_msg ("%s: %s", hm_refusal_name (arrival->refusal), arrival->detail);
  return arrival;
}

HmArrival *
engine_kit_arrival_of_bytes (EngineKit *kit, const char *key, const char *bytes, gsize length)
{
  HmArrival *arrival = arrival_of (kit, g_bytes_new (bytes, length), g_intern_string (key));

  hm_arrival_decode (arrival, kit->decoder, kit->meters, NULL);
  return arrival;
}

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

GPtrArray *
engine_kit_arrivals (void)
{
  return g_ptr_array_new_with_free_func (free_arrival);
}

void
engine_kit_take (EngineKit *kit, const GPtrArray *arrivals)
{
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (!hm_engine_take (kit->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, &error))
    fail_msg ("%s", error->message);
  assert_true (owned);
}

void
engine_kit_take_record (EngineKit *kit, const HmRecord *record)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  g_ptr_array_add (one, engine_kit_arrival (kit, record));
  engine_kit_take (kit, one);
}

void
engine_kit_add_reading (EngineKit *kit, GPtrArray *arrivals, const char *resource, guint minute,
                        guint64 value, HmState state)
{
  HmSample samples[2];
  HmRecord record;

  engine_kit_record (&record, resource, minute, MORNING + minute * MINUTE);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = value;
  record.samples = samples;
  record.resource.state = state;
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &record));
}

/* -- what is stored -- */

static const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

static gboolean
dump_bucket (const HmBucket *row, gpointer text)
{
  g_autofree char *cells = hm_bucket_cells_to_json (row, NULL);

  g_string_append_printf (text, "%" G_GINT64_FORMAT " %s %s %s %s %s %s %d %s\n", row->grain, row->resource,
                          row->agent, row->epoch, row->project, row->user, row->flavor, (int)row->state,
                          cells);
  return TRUE;
}

typedef struct
{
  GString *text;
  guint32 without;
} Figures;

static gboolean
dump_figures (const HmBucket *row, gpointer user)
{
  const Figures *figures = user;
  g_autoptr (HmBucket) copy = hm_bucket_copy (row);

  for (guint i = 0; i < copy->cells->len; i++)
    ((HmCell *)g_ptr_array_index (copy->cells, i))->flags &= ~figures->without;
  return dump_bucket (copy, figures->text);
}

static gboolean
dump_life (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %d %" G_GINT64_FORMAT "\n", row->resource, (int)row->state,
                          row->last_seen);
  return TRUE;
}

static gboolean
dump_held (const HmHeldRow *row, gpointer text)
{
  g_string_append_printf (text, "held %s %s %s %" G_GUINT64_FORMAT " %s %" G_GINT64_FORMAT " %u %d\n",
                          row->resource, row->agent, row->epoch, row->seq, row->meter, row->time, row->flag,
                          (int)row->decision);
  return TRUE;
}

char *
engine_kit_dump_figures (EngineKit *kit, guint32 without)
{
  GString *text = g_string_new (NULL);
  Figures figures = { text, without | HM_FLAGS_OF_ARRIVAL };

  assert_true (kit->real->list_buckets (kit->store, &everything, dump_figures, &figures, NULL));
  assert_true (kit->real->list_resources (kit->store, &everything, dump_life, text, NULL));
  assert_true (kit->real->list_held (kit->store, &everything, dump_held, text, NULL));
  return g_string_free (text, FALSE);
}

static gboolean
dump_resource (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (
      text, "%s %s %s %s %s %s %s %s %d %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.*s\n", row->resource,
      row->kind, row->project, row->user, row->flavor, row->name, row->project_name, row->user_name,
      (int)row->state, row->agent, row->first_seen, row->last_seen, (int)row->fold_length, row->fold);
  return TRUE;
}

static gboolean
dump_raw (const HmRawRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %" G_GUINT64_FORMAT " %.*s\n", row->resource, row->agent, row->seq,
                          (int)row->length, (const char *)row->value);
  return TRUE;
}

static void
dump_usage (EngineKit *kit, GString *text)
{
  assert_true (kit->real->list_buckets (kit->store, &everything, dump_bucket, text, NULL));
  assert_true (kit->real->list_resources (kit->store, &everything, dump_resource, text, NULL));
}

char *
engine_kit_dump_usage (EngineKit *kit)
{
  GString *text = g_string_new (NULL);

  dump_usage (kit, text);
  return g_string_free (text, FALSE);
}

char *
engine_kit_dump (EngineKit *kit)
{
  GString *text = g_string_new (NULL);

  dump_usage (kit, text);
  assert_true (kit->real->list_raw (kit->store, &everything, dump_raw, text, NULL));
  return g_string_free (text, FALSE);
}

static gboolean
append_letter (const HmDeadLetter *row, gpointer text)
{
  g_string_append_printf (text, "%s: %s;", row->reason, row->detail);
  return TRUE;
}

char *
engine_kit_letters (EngineKit *kit)
{
  GString *text = g_string_new (NULL);

  assert_true (kit->real->list_dead_letters (kit->store, &everything, append_letter, text, NULL));
  return g_string_free (text, FALSE);
}

static gboolean
add_up (const HmBucket *row, gpointer user)
{
  KitSum *sum = user;

  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);

      if (strcmp (cell->meter, "cpu") != 0)
        continue;
      sum->quantity += cell->quantity;
      sum->count += cell->count;
      sum->cells++;
    }
  return TRUE;
}

KitSum
engine_kit_cpu (EngineKit *kit, const char *resource)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .resource = resource };
  KitSum sum = { 0 };

  assert_true (kit->real->list_buckets (kit->store, &filter, add_up, &sum, NULL));
  return sum;
}

guint64
engine_kit_raw_rows (EngineKit *kit)
{
  HmStoreStatus status;

  assert_true (kit->real->status (kit->store, &status, NULL));
  return status.raw;
}
