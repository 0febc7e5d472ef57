/* SPDX-License-Identifier: Apache-2.0 */
/* seed_bills: a store to make bills of, and what a collector does in it when asked, for tests/bills.sh and tests/erase.sh.
 *
 * Records made by hand go through the encoder, the decoder and the engine into a store opened by its module. All times of records are fixed: October 2025 in
 * Europe/Berlin ends within them.
 *
 * Usage: seed_bills URL METERS first|late|gauges|roll|names|names-late|answer|prune    plugins come from HYPERMETER_PLUGIN_PATH
 *   first   two projects' counters before and after the end of the month
 *   late    a reading of one of them within it
 *   gauges  what two instances of a third project have, and a value with fractions, from three hours before the end of the month on
 *   roll    rolls up every day there is
 *   names   an instance whose descriptions have names, and alone say whose it is
 *   names-late   a reading of it from before the last of these
 *   answer  answers what is asked, as a collector does
 *   prune   lets all raw records go, as they do when they are old */
#include <string.h>

#include "collector/engine/engine_prune.h"
#include "collector/engine/engine_requests.h"
#include "collector/engine/engine_roll.h"
#include "metering/registry.h"

#define TOPIC "hypermeter.samples"
#define HOUR  (3600 * HM_NSEC_PER_SEC)
#define END   (G_GINT64_CONSTANT (1761951600) * HM_NSEC_PER_SEC) /* 2025-10-31T23:00:00Z */

typedef struct
{
  HmRegistry *registry;
  const HmStoreOps *ops;
  HmStore *store;
  HmMeterTable *meters;
  HmEngine *engine;
  GPtrArray *arrivals; /* (element-type HmArrival) */
  gint64 offset;
} Seed;

static void G_GNUC_NORETURN
give_up (const char *what, const GError *error)
{
  g_printerr ("seed_bills: %s: %s\n", what, error != NULL ? error->message : "failed");
  exit (70);
}

static void
open_all (Seed *seed, const char *url, const char *meters)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  const HmEngineSettings settings = { .grain_ns = HOUR,
                                      .hold_intervals = 3,
                                      .fallback_interval_ns = HOUR,
                                      .cache_bytes = 1 << 20,
                                      .close = { .grace_ns = HOUR, .holder = "seed" } };
  g_autofree char *scheme = hm_store_scheme (url);
  g_autoptr (GError) error = NULL;

  seed->registry = hm_registry_new ();
  hm_registry_scan_path (seed->registry, NULL, namespaces);
  seed->ops = hm_registry_find (seed->registry, HM_NS_STORE, scheme)->plugin->store;
  seed->meters = hm_meter_table_new ();
  seed->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_arrival_free);
  if (hm_meter_table_load (seed->meters, meters, &error))
    seed->store = seed->ops->open (url, HM_STORE_WRITE, HOUR, &error);
  if (seed->store != NULL)
    seed->engine = hm_engine_new (seed->ops, seed->store, seed->meters, &settings, &error);
  if (seed->engine == NULL || !hm_engine_offset (seed->engine, TOPIC, 0, 0, &seed->offset, &error))
    give_up ("opening", error);
}

static void
close_all (Seed *seed)
{
  g_ptr_array_unref (seed->arrivals);
  hm_engine_free (seed->engine);
  seed->ops->close (seed->store);
  hm_meter_table_free (seed->meters);
  hm_registry_free (seed->registry);
}

/* -- records -- */

static void
send (Seed *seed, const HmRecord *record)
{
  g_autoptr (HmEncoder) encoder = hm_encoder_new ();
  g_autoptr (HmDecoder) decoder = hm_decoder_new (seed->meters);
  HmArrival *arrival = hm_arrival_new ();
  GBytes *bytes = hm_encoder_encode (encoder, record, NULL);

  arrival->topic = TOPIC;
  arrival->offset = arrival->expected = seed->offset++;
  arrival->appended = arrival->received = record->time + HM_NSEC_PER_SEC;
  arrival->key = record->resource.id;
  arrival->key_length = strlen (arrival->key);
  arrival->value = g_bytes_get_data (bytes, &arrival->length);
  arrival->owner = bytes;
  arrival->release = (GDestroyNotify)g_bytes_unref;
  arrival->ce_id = hm_record_id (record);
  hm_arrival_decode (arrival, decoder, seed->meters, NULL);
  if (arrival->decoded == NULL)
    give_up (arrival->detail, NULL);
  g_ptr_array_add (seed->arrivals, arrival);
}

static void
start_record (HmRecord *record, HmRecordKind kind, const char *resource, const char *project, guint64 seq,
              int hours)
{
  hm_record_init (record, kind);
  record->source = "site";
  record->agent = (HmAgentStamp){ .id = "node", .epoch = "e1", .metering_since = END - 48 * HOUR };
  record->seq = seq;
  record->time = END + hours * HOUR;
  record->interval_ns = HOUR;
  record->resource.id = resource;
  record->resource.kind = "instance";
  record->resource.project = project;
  record->resource.state = HM_STATE_RUNNING;
  record->resource.epoch = "boot:1:0";
}

/* Of @project's one instance, so many hours after the month's end. */
static void
read_samples (Seed *seed, const char *resource, const char *project, guint64 seq, int hours,
              const HmSample *samples, gsize n)
{
  HmRecord record;

  start_record (&record, HM_RECORD_SAMPLES, resource, project, seq, hours);
  record.samples = samples;
  record.n_samples = n;
  send (seed, &record);
}

static HmSample
sample (const char *meter, HmMeterType type, const char *unit, HmValue value)
{
  return (HmSample){ .meter = meter,
                     .type = type,
                     .unit = unit,
                     .value = value,
                     .epoch_start = HM_TIME_UNKNOWN,
                     .start = HM_TIME_UNKNOWN };
}

/* The counter stood at @seconds. */
static void
read_cpu (Seed *seed, const char *resource, const char *project, guint64 seq, int hours, guint64 seconds)
{
  const HmValue value = { HM_VALUE_U64, { .u64 = seconds * HM_NSEC_PER_SEC } };
  const HmSample cpu = sample ("cpu", HM_CUMULATIVE, "ns", value);

  read_samples (seed, resource, project, seq, hours, &cpu, 1);
}

/* A load below zero is none. */
static void
read_memory (Seed *seed, const char *resource, guint64 seq, int hours, guint64 kib, double load)
{
  const HmSample samples[]
      = { sample ("memory", HM_GAUGE, "KiB", (HmValue){ HM_VALUE_U64, { .u64 = kib } }),
          sample ("acme.load", HM_GAUGE, "count", (HmValue){ HM_VALUE_DOUBLE, { .f64 = load } }) };

  read_samples (seed, resource, "p3", seq, hours, samples, load < 0 ? 1 : 2);
}

static void
store_all (Seed *seed)
{
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (!hm_engine_take (seed->engine, (HmArrival *const *)seed->arrivals->pdata, seed->arrivals->len, &owned,
                       &error)
      || !owned)
    give_up ("storing", error);
}

/* p1 uses 100 s an hour, p2, whose name asks for quotes, ten. */
static void
seed_first (Seed *seed)
{
  read_cpu (seed, "r1", "p1", 1, -2, 0);
  read_cpu (seed, "r1", "p1", 3, 1, 300);
  read_cpu (seed, "r2", "p,2", 1, -2, 0);
  read_cpu (seed, "r2", "p,2", 2, 2, 40);
  store_all (seed);
}

/* Of r1's 300 s it was 290 before the month's end. It comes now. */
static void
seed_late (Seed *seed)
{
  HmArrival *arrival;

  read_cpu (seed, "r1", "p1", 2, 0, 290);
  arrival = g_ptr_array_index (seed->arrivals, 0);
  arrival->appended = arrival->received = g_get_real_time () * 1000;
  store_all (seed);
}

/* With a reading in it, where @seconds is not 0. */
static void
describe (Seed *seed, const char *project, guint64 seq, int hours, guint64 seconds)
{
  static char keys[][16] = { "display_name", "flavor.vcpus", "project_name", "user_name" };
  static char values[][16] = { "Ada's web", "2", "Ada's shop", "Ada L." };
  const HmAttr description[]
      = { { keys[0], values[0] }, { keys[1], values[1] }, { keys[2], values[2] }, { keys[3], values[3] } };
  const HmValue value = { HM_VALUE_U64, { .u64 = seconds * HM_NSEC_PER_SEC } };
  const HmSample cpu = sample ("cpu", HM_CUMULATIVE, "ns", value);
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, "r3", project, seq, hours);
  record.resource.user = "u3";
  record.event = "described";
  record.observed = "event";
  record.description = description;
  record.n_description = G_N_ELEMENTS (description);
  record.samples = &cpu;
  record.n_samples = seconds != 0 ? 1 : 0;
  send (seed, &record);
}

/* It becomes p4's in the month's last hour. */
static void
seed_names (Seed *seed)
{
  describe (seed, "p3", 1, -4, 0);
  read_cpu (seed, "r3", "p3", 2, -3, 100);
  describe (seed, "p4", 4, -1, 400);
  read_cpu (seed, "r3", "p4", 5, 2, 500);
  store_all (seed);
}

static void
seed_names_late (Seed *seed)
{
  read_cpu (seed, "r3", "p3", 3, -2, 150);
  store_all (seed);
}

static void
seed_gauges (Seed *seed)
{
  read_memory (seed, "r3", 1, -3, 100, 0.25);
  read_memory (seed, "r3", 2, -2, 300, 0.75);
  read_memory (seed, "r3", 3, -1, 201, 0.5);
  read_memory (seed, "r3", 4, 0, 700, -1);
  read_memory (seed, "r3", 5, 1, 700, -1);
  read_memory (seed, "r4", 1, -2, 50, -1);
  read_memory (seed, "r4", 2, -1, 60, -1);
  store_all (seed);
}

static void
roll (Seed *seed)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_roll (seed->engine, END + 30 * 24 * HOUR, HM_NSEC_PER_SEC, &more, &error))
      give_up ("rolling up", error);
}

static void
answer (Seed *seed)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_answer_requests (seed->engine, NULL, 10, &more, &error))
      give_up ("answering", error);
}

static void
prune (Seed *seed)
{
  const HmRetention all = {
    .raw = END + 49 * HOUR, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN
  };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_prune (seed->engine, &all, HM_NSEC_PER_SEC, &more, &error))
      give_up ("pruning", error);
}

int
main (int argc, char **argv)
{
  Seed seed = { 0 };

  if (argc != 4)
    {
      g_printerr ("usage: seed_bills URL METERS first|late|gauges|roll|names|names-late|answer|prune\n");
      return 64;
    }
  open_all (&seed, argv[1], argv[2]);
  if (strcmp (argv[3], "first") == 0)
    seed_first (&seed);
  else if (strcmp (argv[3], "late") == 0)
    seed_late (&seed);
  else if (strcmp (argv[3], "names") == 0)
    seed_names (&seed);
  else if (strcmp (argv[3], "names-late") == 0)
    seed_names_late (&seed);
  else if (strcmp (argv[3], "prune") == 0)
    prune (&seed);
  else if (strcmp (argv[3], "gauges") == 0)
    seed_gauges (&seed);
  else if (strcmp (argv[3], "roll") == 0)
    roll (&seed);
  else
    answer (&seed);
  close_all (&seed);
  return 0;
}
