/* SPDX-License-Identifier: Apache-2.0 */
/* seed_store: a store to ask questions of, for tests/cli.sh.
 *
 * Records made by hand go through the encoder, the decoder and the collector's engine into a store opened by
 * its module, so the figures in it are those that a collector would have made. All times are fixed, over the
 * edge of a month; only the store's own notes of when it committed are of today.
 *
 * Usage: seed_store URL METERS [empty|losses|held|contradicted|bill|outage]    bill: signed records, rolled up, and January closed. METERS: the shipped meters.json; plugins come from
 * HYPERMETER_PLUGIN_PATH */
#include <string.h>

#include "collector/engine/engine.h"
#include "collector/bill/engine_close.h"
#include "collector/engine/engine_roll.h"
#include "metering/registry.h"
#include "metering/signature.h"

#define TOPIC    "hypermeter.samples"
#define HOUR     (3600 * HM_NSEC_PER_SEC)
#define HALF     (HOUR / 2)
#define EVENING  (G_GINT64_CONSTANT (1769893200) * HM_NSEC_PER_SEC) /* 2026-01-31T21:00:00Z */
#define READINGS 10 /* half an hour apart, until 2026-02-01T02:00:00Z */

typedef struct
{
  HmRegistry *registry;
  const HmStoreOps *ops;
  HmStore *store;
  HmMeterTable *meters;
  HmEngine *engine;
  HmEncoder *encoder;
  HmDecoder *decoder;
  GPtrArray *arrivals; /* (element-type HmArrival) not stored yet */
  gint64 offset;
  HmSigner *signer; /* (nullable) */
} Seed;

/* What cannot be seeded is nothing to be tested. */
static void G_GNUC_NORETURN
give_up (const char *what, const GError *error)
{
  g_printerr ("seed_store: %s: %s\n", what, error != NULL ? error->message : "failed");
  exit (70);
}

/* -- the way into the store -- */

static HmArrival *
arrive (Seed *seed, GBytes *bytes, HmTime time)
{
  HmArrival *arrival = hm_arrival_new ();

  arrival->topic = TOPIC;
  arrival->offset = arrival->expected = seed->offset++;
  arrival->appended = arrival->received = time;
  arrival->key = "key";
  arrival->key_length = strlen (arrival->key);
  arrival->value = g_bytes_get_data (bytes, &arrival->length);
  arrival->owner = bytes;
  arrival->release = (GDestroyNotify)g_bytes_unref;
  g_ptr_array_add (seed->arrivals, arrival);
  return arrival;
}

static void
send (Seed *seed, const HmRecord *record)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = hm_encoder_encode (seed->encoder, record, &error);
  HmArrival *arrival;

  if (bytes == NULL)
    give_up ("encoding", error);
  arrival = arrive (seed, bytes, record->time + HM_NSEC_PER_SEC);
  arrival->ce_id = hm_record_id (record);
  arrival->key = record->kind == HM_RECORD_GAP || record->kind == HM_RECORD_HEARTBEAT ? record->agent.id
                                                                                      : record->resource.id;
  arrival->key_length = strlen (arrival->key);
  hm_arrival_decode (arrival, seed->decoder, seed->meters, NULL);
  if (arrival->decoded == NULL)
    give_up (arrival->detail, NULL);
  if (seed->signer == NULL)
    return;
  arrival->signature
      = hm_signer_sign (seed->signer, arrival->key, arrival->ce_id, arrival->value, arrival->length);
  arrival->verified = TRUE;
}

static void
store_all (Seed *seed)
{
  g_autoptr (GError) error = NULL;
  gboolean owned;
  gint64 next;

  if (!hm_engine_offset (seed->engine, TOPIC, 0, 0, &next, &error)
      || !hm_engine_offset (seed->engine, TOPIC, 1, 42, &next, &error)
      || !hm_engine_take (seed->engine, (HmArrival *const *)seed->arrivals->pdata, seed->arrivals->len,
                          &owned, &error))
    give_up ("storing", error);
  if (!owned)
    give_up ("storing: the offset has moved", NULL);
}

/* -- records -- */

static void
start_record (HmRecord *record, HmRecordKind kind, const char *agent, const char *epoch, guint64 seq,
              HmTime time)
{
  hm_record_init (record, kind);
  record->source = "site-a";
  record->agent = (HmAgentStamp){ .id = agent, .epoch = epoch, .metering_since = EVENING - HOUR };
  record->seq = seq;
  record->time = time;
  record->interval_ns = HALF;
}

static HmSample
sample (const char *meter, HmMeterType type, const char *unit, const char *device, HmValue value)
{
  return (HmSample){ .meter = meter,
                     .type = type,
                     .unit = unit,
                     .device = device,
                     .value = value,
                     .epoch_start = HM_TIME_UNKNOWN,
                     .start = HM_TIME_UNKNOWN };
}

#define U64(number) ((HmValue){ .type = HM_VALUE_U64, .u64 = (number) })
#define I64(number) ((HmValue){ .type = HM_VALUE_I64, .i64 = (number) })
#define F64(number) ((HmValue){ .type = HM_VALUE_DOUBLE, .f64 = (number) })

static void
describe (Seed *seed, HmRecord *record, const char *name, const char *project_name, const char *user_name)
{
  static char keys[][16] = { "display_name", "project_name", "user_name" };
  g_autofree char *first = g_strdup (name), *second = g_strdup (project_name), *third = g_strdup (user_name);
  const HmAttr description[] = { { keys[0], first }, { keys[1], second }, { keys[2], third } };

  record->event = "described";
  record->observed = "event";
  record->description = description;
  record->n_description = G_N_ELEMENTS (description);
  send (seed, record);
}

static const HmResourceStamp web = { .id = "4f0c6a52-0000-4000-8000-000000000001",
                                     .kind = "instance",
                                     .project = "p-research",
                                     .user = "u-1",
                                     .flavor = "m1.small",
                                     .state = HM_STATE_RUNNING,
                                     .epoch = "boot:1:0",
                                     .epoch_start = EVENING };

/* A counter of each kind of device, and what is allocated; the same every half hour. */
static void
read_web (Seed *seed, HmRecord *record, guint64 k)
{
  const HmSample samples[] = {
    sample ("cpu", HM_CUMULATIVE, "ns", NULL, U64 (k * 60 * HM_NSEC_PER_SEC)),
    sample ("disk.device.read.bytes", HM_CUMULATIVE, "B", "disk:vda", U64 (k << 30)),
    sample ("disk.device.read.bytes", HM_CUMULATIVE, "B", "disk:vdb", U64 (k * 512)),
    sample ("memory", HM_GAUGE, "KiB", NULL, U64 (524288)),
    sample ("vcpus", HM_GAUGE, "vcpu", NULL, U64 (2)),
  };

  record->samples = samples;
  record->n_samples = G_N_ELEMENTS (samples);
  send (seed, record);
}

/* The agent is started anew at midnight; its first record arrives twice. */
static void
seed_web (Seed *seed)
{
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, "node-17", "e1", 1, EVENING);
  record.resource = web;
  describe (seed, &record, "web", "Research", "operator");
  for (guint64 k = 1; k <= READINGS; k++)
    {
      gboolean anew = k > 6;

      start_record (&record, HM_RECORD_SAMPLES, "node-17", anew ? "e2" : "e1", anew ? k - 6 : k + 1,
                    EVENING + (gint64)k * HALF);
      record.resource = web;
      read_web (seed, &record, k);
      if (k == 1)
        read_web (seed, &record, k);
    }
}

/* A record of the last one's moment contradicts it: about a gauge, and about a counter. */
static void
contradict_web (Seed *seed)
{
  const HmSample samples[] = {
    sample ("cpu", HM_CUMULATIVE, "ns", NULL, U64 (G_MAXUINT64)),
    sample ("memory", HM_GAUGE, "KiB", NULL, U64 (77)),
  };
  HmRecord record;

  start_record (&record, HM_RECORD_SAMPLES, "node-17", "e2", READINGS, EVENING + READINGS * HALF);
  record.resource = web;
  record.samples = samples;
  record.n_samples = G_N_ELEMENTS (samples);
  send (seed, &record);
}

/* Nobody looked for two hours and a half, half of which its gauges do not hold; its state is known all the while. */
static void
seed_outage (Seed *seed)
{
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, "node-17", "e1", 1, EVENING);
  record.resource = web;
  describe (seed, &record, "web", "Research", "operator");
  for (guint64 k = 1; k <= 6; k += 5)
    {
      start_record (&record, HM_RECORD_SAMPLES, "node-17", "e1", k + 1, EVENING + (gint64)k * HALF);
      record.resource = web;
      read_web (seed, &record, k);
    }
}

/* Names and ids that would like to be more than text: controls, a line of their own, quotes, commas, wide
 * letters. */
static const HmResourceStamp hostile = { .id = "4f0c6a52-0000-4000-8000-000000000002",
                                         .kind = "instance",
                                         .project = "p-\x1b[31m,\"evil\"\r\nmeter,1",
                                         .user = "u-2",
                                         .flavor = "m1.\xe5\xa4\xa7",
                                         .state = HM_STATE_PAUSED,
                                         .epoch = "boot:2:0",
                                         .epoch_start = EVENING };

/* Numbers that need all their digits, and meters of somebody else's plugin. */
static void
read_hostile (Seed *seed, HmRecord *record)
{
  const HmSample samples[] = {
    sample ("disk.device.write.bytes", HM_CUMULATIVE, "B", "disk:vda",
            U64 (G_GUINT64_CONSTANT (9007199254740993))),
    sample ("network.incoming.bytes", HM_CUMULATIVE, "B", "nic:52:54:00:10:00:01", U64 (G_MAXUINT64)),
    sample ("acme.balance", HM_GAUGE, "count", NULL, I64 (-5)),
    sample ("acme.load", HM_GAUGE, "count", NULL, F64 (0.25)),
    sample ("acme.widgets", HM_CUMULATIVE, "widget", NULL, U64 (7)),
  };

  record->samples = samples;
  record->n_samples = G_N_ELEMENTS (samples);
  send (seed, record);
}

static void
seed_hostile (Seed *seed)
{
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, "node-18", "e1", 1, EVENING);
  record.resource = hostile;
  describe (seed, &record, "\xe6\xbc\xa2\xe5\xad\x97 \x1b]0;owned\x07", "Evil\tand\nSons \xe2\x80\xae",
            "=cmd|' /C'!A0");
  for (guint k = 1; k <= 2; k++)
    {
      start_record (&record, HM_RECORD_SAMPLES, "node-18", "e1", k + 1, EVENING + HOUR + (k - 1) * HALF);
      record.resource = hostile;
      read_hostile (seed, &record);
    }
}

/* A hypervisor is nobody's. */
static void
seed_host (Seed *seed)
{
  const HmSample samples[]
      = { sample ("host.cpu.time", HM_CUMULATIVE, "ns", "mode:user", U64 (90 * HM_NSEC_PER_SEC)) };
  HmRecord record;

  start_record (&record, HM_RECORD_SAMPLES, "node-17", "e1", 1, EVENING + HALF);
  record.resource
      = (HmResourceStamp){ .id = "node-17", .kind = "host", .epoch = "boot", .epoch_start = EVENING };
  record.samples = samples;
  record.n_samples = G_N_ELEMENTS (samples);
  send (seed, &record);
}

/* -- dead letters -- */

static void
refuse_bytes (Seed *seed, const void *bytes, gsize length)
{
  HmArrival *arrival = arrive (seed, g_bytes_new (bytes, length), EVENING + HOUR);

  arrival->ce_id = g_strdup ("id");
  hm_arrival_decode (arrival, seed->decoder, seed->meters, NULL);
  if (arrival->decoded != NULL)
    give_up ("a dead letter was taken for a record", NULL);
}

static void
refuse_as (Seed *seed, HmRefusal refusal)
{
  HmArrival *arrival = arrive (seed, g_bytes_new_static ("{}", 2), EVENING + HOUR);

  arrival->signature = g_strdup ("v1;k;00");
  hm_arrival_refuse (arrival, refusal, g_strdup_printf ("seeded as %s", hm_refusal_name (refusal)));
}

/* One for each reason, in the order of HmRefusal; the second holds every byte there is. */
static void
seed_dead_letters (Seed *seed)
{
  static const char frame[] = "{\"schema\":\"hypermeter.samples/1\",\"source\":%s}";
  g_autofree char *large = g_strnfill (HM_RECORD_MAX + 1, ' ');
  g_autofree char *number = g_strdup_printf (frame, "1"), *empty = g_strdup_printf (frame, "\"\"");
  guint8 every[256];

  for (guint i = 0; i < sizeof every; i++)
    every[i] = (guint8)i;
  refuse_bytes (seed, "no json \x1b[2J, \"here\"\n", strlen ("no json \x1b[2J, \"here\"\n"));
  refuse_bytes (seed, every, sizeof every);
  refuse_bytes (seed, "{\"schema\":\"hypermeter.samples/9\"}",
                strlen ("{\"schema\":\"hypermeter.samples/9\"}"));
  refuse_bytes (seed, "{}", 2);
  refuse_bytes (seed, number, strlen (number));
  refuse_bytes (seed, empty, strlen (empty));
  refuse_bytes (seed, large, HM_RECORD_MAX + 1);
  refuse_as (seed, HM_REFUSED_BAD_SIGNATURE);
  refuse_as (seed, HM_REFUSED_WRONG_AGENT);
  refuse_as (seed, HM_REFUSED_STORE);
}

/* -- losses: a store of its own -- */

#define BIN (EVENING / HM_BIN_NS)

/* Five records of instance @resource were made in bin @bin; those whose bit is set in @came came, a minute apart. */
static void
send_bin (Seed *seed, const char *epoch, const char *resource, gint64 bin, guint first, guint came)
{
  const HmSample samples[] = { sample ("vcpus", HM_GAUGE, "vcpu", NULL, U64 (2)) };

  for (guint i = 0; i < 5; i++)
    {
      HmRecord record;

      start_record (&record, HM_RECORD_SAMPLES, "node-1", epoch, first + i,
                    bin * HM_BIN_NS + i * HM_NSEC_PER_SEC);
      record.agent.bin = bin;
      record.resource = (HmResourceStamp){
        .id = resource, .kind = "instance", .project = resource, .epoch = "boot:1:0", .epoch_start = EVENING
      };
      record.samples = samples;
      record.n_samples = G_N_ELEMENTS (samples);
      if ((came & 1u << i) != 0)
        send (seed, &record);
    }
}

static void
start_of_agent (HmRecord *record, HmRecordKind kind, guint64 seq)
{
  start_record (record, kind, "node-1", "e1", seq, EVENING + HOUR + (gint64)seq * HM_NSEC_PER_SEC);
  record->agent.bin = BIN + 12;
  record->resource = (HmResourceStamp){ .id = "node-1", .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
}

/* Of four bins one came whole, one lacks what a gap record explains, one lacks two, one is not closed; another process's
 * bin is said twice, with other numbers. */
static void
seed_losses (Seed *seed)
{
  static const HmBinCount bins[]
      = { { "e1", BIN, 5, 0 }, { "e1", BIN + 1, 5, 0 }, { "e1", BIN + 2, 5, 0 }, { "e0", BIN - 9, 7, 1 } },
      again[] = { { "e0", BIN - 9, 8, 1 } };
  HmBinCount said[G_N_ELEMENTS (bins)];
  HmRecord record;

  memcpy (said, bins, sizeof bins);
  for (guint i = 1; i <= 5; i++)
    {
      g_autofree char *id = g_strdup_printf ("node-1/e1/web/%u", i);

      said[0].sum += hm_id_sum (id);
    }
  send_bin (seed, "e1", "web", BIN, 1, 0x1f);
  send_bin (seed, "e1", "web", BIN + 1, 6, 0x17);
  send_bin (seed, "e1", "web", BIN + 2, 11, 0x16);
  send_bin (seed, "e1", "mail", BIN + 3, 1, 0x1f);
  start_of_agent (&record, HM_RECORD_GAP, 1);
  record.from = record.to = (BIN + 1) * HM_BIN_NS + 3 * HM_NSEC_PER_SEC;
  record.records = record.resources = 1;
  record.reason = "room";
  send (seed, &record);
  start_of_agent (&record, HM_RECORD_HEARTBEAT, 2);
  record.backlog = 9;
  record.bins = said;
  record.n_bins = G_N_ELEMENTS (said);
  send (seed, &record);
  start_of_agent (&record, HM_RECORD_HEARTBEAT, 3);
  record.backlog = 3;
  record.bins = again;
  record.n_bins = G_N_ELEMENTS (again);
  send (seed, &record);
}

/* One number has two contents; between the two the bus lacks four offsets. */
static void
seed_conflict (Seed *seed)
{
  const HmSample other[] = { sample ("vcpus", HM_GAUGE, "vcpu", NULL, U64 (2)) };
  HmRecord record;

  start_record (&record, HM_RECORD_SAMPLES, "node-2", "e1", 1, EVENING);
  record.resource = (HmResourceStamp){ .id = "lone", .kind = "instance", .epoch_start = HM_TIME_UNKNOWN };
  record.resource.epoch = "boot";
  send (seed, &record);
  record.samples = other;
  record.n_samples = G_N_ELEMENTS (other);
  seed->offset += 4;
  send (seed, &record);
  ((HmArrival *)g_ptr_array_index (seed->arrivals, seed->arrivals->len - 1))->expected -= 4;
}

/* -- a bill -- */

#define MARCH (G_GINT64_CONSTANT (1772323200) * HM_NSEC_PER_SEC) /* 2026-03-01T00:00:00Z */

/* The secret is 32 bytes of 0x2a. */
static void
sign_all (Seed *seed)
{
  guint8 secret[32];

  memset (secret, 0x2a, sizeof secret);
  seed->signer = hm_signer_new ("node-17-2026", secret);
}

static void
close_january (Seed *seed)
{
  HmCloseOrder order
      = { .name = "2026-01", .zone = "UTC", .accept = TRUE, .accept_unrolled = TRUE, .author = "seed" };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_roll (seed->engine, MARCH, HM_NSEC_PER_SEC, &more, &error))
      give_up ("rolling up", error);
  if (!hm_engine_close_period (seed->engine, &order, &error))
    give_up ("closing", error);
  g_free (order.result);
}

/* Three readings of the instance that no fold has counted. */
static void
fill_held (HmHeldRow rows[3])
{
  for (guint i = 0; i < 3; i++)
    rows[i] = (HmHeldRow){ .source = "site-a",
                           .resource = web.id,
                           .agent = "node-17",
                           .epoch = "e1",
                           .seq = 7 + i,
                           .device = i == 1 ? "disk:vda" : "",
                           .sample_epoch = "",
                           .type = i == 2 ? HM_GAUGE : HM_CUMULATIVE,
                           .time = EVENING + (i == 0 ? 1 : 2) * HOUR,
                           .base_time = i == 2 ? HM_TIME_UNKNOWN : EVENING };
  rows[0].meter = "cpu";
  rows[0].unit = "ns";
  rows[0].flag = HM_FLAG_IMPLAUSIBLE;
  rows[0].value = U64 (G_MAXUINT64);
  rows[0].base = U64 (5);
  rows[0].amount = G_MAXUINT64 - 5;
  rows[1].meter = "disk.device.read.bytes";
  rows[1].unit = "B";
  rows[1].flag = HM_FLAG_REGRESS;
  rows[1].value = U64 (10);
  rows[1].base = U64 (20);
  rows[1].decision = HM_DECISION_REJECT;
  rows[2].meter = "memory";
  rows[2].unit = "KiB";
  rows[2].flag = HM_FLAG_CONFLICT;
  rows[2].value = U64 (77);
}

static HmDecisionRow
decision_about (const HmHeldRow *row, HmDecision decision, const char *author, const char *reason,
                HmTime made)
{
  return (HmDecisionRow){ .source = row->source,
                          .resource = row->resource,
                          .agent = row->agent,
                          .epoch = row->epoch,
                          .seq = row->seq,
                          .device = row->device,
                          .meter = row->meter,
                          .sample_epoch = row->sample_epoch,
                          .decision = decision,
                          .author = author,
                          .reason = reason,
                          .made = made };
}

/* About the second one it was decided twice. */
static void
seed_held (Seed *seed)
{
  HmHeldRow rows[3];
  HmDecisionRow decisions[2];
  const HmBatch batch = { .held = rows,
                          .n_held = G_N_ELEMENTS (rows),
                          .decisions = decisions,
                          .n_decisions = G_N_ELEMENTS (decisions) };
  g_autoptr (GError) error = NULL;
  gboolean owned;

  fill_held (rows);
  decisions[0] = decision_about (&rows[1], HM_DECISION_REBASE, "first@desk", "restored", EVENING + 3 * HOUR);
  decisions[1] = decision_about (&rows[1], HM_DECISION_REJECT, "second@desk", "it was not restored",
                                 EVENING + 4 * HOUR);
  if (!seed->ops->begin (seed->store, NULL, 0, &owned, &error)
      || !seed->ops->write (seed->store, &batch, &error) || !seed->ops->commit (seed->store, &error))
    give_up ("holding", error);
}

/* -- setting up -- */

static void
open_all (Seed *seed, const char *url, const char *meters)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  const HmEngineSettings settings
      = { .grain_ns = HOUR,
          .hold_intervals = 3,
          .fallback_interval_ns = 60 * HM_NSEC_PER_SEC,
          .cache_bytes = 1 << 20,
          .close = { .grace_ns = HOUR, .holder = "seed", .clock = hm_clock_system () } };
  g_autoptr (GError) error = NULL;
  g_autofree char *scheme = hm_store_scheme (url);
  const HmRegistered *found;

  seed->registry = hm_registry_new ();
  hm_registry_scan_path (seed->registry, NULL, namespaces);
  found = scheme != NULL ? hm_registry_find (seed->registry, HM_NS_STORE, scheme) : NULL;
  if (found == NULL)
    give_up (url, NULL);
  seed->ops = found->plugin->store;
  seed->meters = hm_meter_table_new ();
  if (!hm_meter_table_load (seed->meters, meters, &error)
      || (seed->store = seed->ops->open (url, HM_STORE_WRITE, settings.grain_ns, &error)) == NULL
      || (seed->engine = hm_engine_new (seed->ops, seed->store, seed->meters, &settings, &error)) == NULL)
    give_up (url, error);
  seed->encoder = hm_encoder_new ();
  seed->decoder = hm_decoder_new (seed->meters);
  seed->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_arrival_free);
}

static void
close_all (Seed *seed)
{
  hm_engine_free (seed->engine);
  hm_signer_free (seed->signer);
  seed->ops->close (seed->store);
  g_ptr_array_unref (seed->arrivals);
  hm_decoder_free (seed->decoder);
  hm_encoder_free (seed->encoder);
  hm_meter_table_free (seed->meters);
  hm_registry_free (seed->registry);
}

int
main (int argc, char **argv)
{
  Seed seed = { 0 };

  if (argc != 3 && argc != 4)
    {
      g_printerr ("usage: seed_store URL METERS [empty|losses|held|contradicted|bill|outage]\n");
      return 64;
    }
  open_all (&seed, argv[1], argv[2]);
  if (argc == 3)
    {
      seed_web (&seed);
      seed_hostile (&seed);
      seed_host (&seed);
      seed_dead_letters (&seed);
    }
  else if (strcmp (argv[3], "losses") == 0)
    {
      seed_losses (&seed);
      seed_conflict (&seed);
    }
  else if (strcmp (argv[3], "bill") == 0)
    {
      sign_all (&seed);
      seed_web (&seed);
      seed_host (&seed);
    }
  else if (strcmp (argv[3], "outage") == 0)
    seed_outage (&seed);
  else if (strcmp (argv[3], "held") == 0)
    seed_web (&seed);
  else if (strcmp (argv[3], "contradicted") == 0)
    {
      seed_web (&seed);
      contradict_web (&seed);
    }
  if (seed.arrivals->len > 0)
    store_all (&seed);
  if (seed.signer != NULL)
    close_january (&seed);
  if (argc == 4 && strcmp (argv[3], "held") == 0)
    seed_held (&seed);
  close_all (&seed);
  return 0;
}
