/* SPDX-License-Identifier: Apache-2.0 */
/* generate: plays many agents from a seed and keeps its own sums.
 *
 * Writes N sample records of R instances, 30 samples each (counters of the instance, of two disks and an interface, and a
 * few gauges), to Kafka or to standard output, and beside them what each series must come to: the truth of the
 * end-to-end tests. It shares no code with agent, codec or collector: records are printed, sums are added up here.
 *
 * Counters begin at zero with the instance's start, so a counter's usage is its last value; gauges are constant, so
 * their usage is value × time between their first and last record, and so is the time in their state. Each instance's records are one per minute; with --shuffle their
 * order within the instance is random, with --double each is sent twice. With --keys they are signed, by the code that signs for the agent. */
#include <glib.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "metering/signature.h"

#define NSEC      G_GINT64_CONSTANT (1000000000)
#define INTERVAL  (60 * NSEC)
#define AGENTS    50
#define BEGINNING (G_GINT64_CONSTANT (1790000000) * NSEC) /* 2026-09-21, within an hour */

typedef struct
{
  const char *meter, *unit, *device; /* device NULL: the instance itself */
  gboolean gauge;
  guint64 step; /* a counter grows by up to this each minute; a gauge has this value */
} Series;

static const Series all_series[] = {
  { "cpu", "ns", NULL, FALSE, 60000000000 },
  { "cpu.user", "ns", NULL, FALSE, 20000000000 },
  { "cpu.system", "ns", NULL, FALSE, 10000000000 },
  { "cpu.guest", "ns", NULL, FALSE, 30000000000 },
  { "memory.swap.in", "KiB", NULL, FALSE, 1000 },
  { "memory.swap.out", "KiB", NULL, FALSE, 1000 },
  { "disk.device.read.requests", "request", "disk:vda", FALSE, 10000 },
  { "disk.device.write.requests", "request", "disk:vda", FALSE, 10000 },
  { "disk.device.read.bytes", "B", "disk:vda", FALSE, 4000000000 },
  { "disk.device.write.bytes", "B", "disk:vda", FALSE, 4000000000 },
  { "disk.device.read.latency", "ns", "disk:vda", FALSE, 60000000000 },
  { "disk.device.write.latency", "ns", "disk:vda", FALSE, 60000000000 },
  { "disk.device.read.requests", "request", "disk:vdb", FALSE, 10000 },
  { "disk.device.write.requests", "request", "disk:vdb", FALSE, 10000 },
  { "disk.device.read.bytes", "B", "disk:vdb", FALSE, 4000000000 },
  { "disk.device.write.bytes", "B", "disk:vdb", FALSE, 4000000000 },
  { "network.incoming.bytes", "B", "nic:52:54:00:00:00:01", FALSE, 8000000000 },
  { "network.outgoing.bytes", "B", "nic:52:54:00:00:00:01", FALSE, 8000000000 },
  { "network.incoming.packets", "packet", "nic:52:54:00:00:00:01", FALSE, 1000000 },
  { "network.outgoing.packets", "packet", "nic:52:54:00:00:00:01", FALSE, 1000000 },
  { "network.incoming.packets.error", "packet", "nic:52:54:00:00:00:01", FALSE, 2 },
  { "network.outgoing.packets.error", "packet", "nic:52:54:00:00:00:01", FALSE, 2 },
  { "network.incoming.packets.drop", "packet", "nic:52:54:00:00:00:01", FALSE, 2 },
  { "network.outgoing.packets.drop", "packet", "nic:52:54:00:00:00:01", FALSE, 2 },
  { "instance", "instance", NULL, TRUE, 1 },
  { "vcpus", "vcpu", NULL, TRUE, 4 },
  { "memory", "KiB", NULL, TRUE, 8388608 },
  { "memory.resident", "KiB", NULL, TRUE, 7000001 },
  { "disk.device.capacity", "B", "disk:vda", TRUE, 10737418240 },
  { "disk.device.capacity", "B", "disk:vdb", TRUE, 1099511627776 },
};
#define N_SERIES G_N_ELEMENTS (all_series)

typedef struct
{
  guint64 values[N_SERIES]; /* counters now */
  guint64 random;           /* of its own, so that its values do not depend on the order of sending */
  guint64 *order;           /* the order in which its records are sent: minute numbers */
  guint64 *history;         /* values of each minute, with --shuffle: [minute][series] */
} Instance;

typedef struct
{
  gint64 records, resources, seed, first; /* first: the number of the first instance */
  char *brokers, *topic, *sums, *epoch, *keys;
  gboolean shuffle, twice, altered;
  HmSigner *signers[AGENTS]; /* with --keys, once they are needed */
  guint64 minutes;           /* records of one instance */
  Instance *instances;
  GRand *rand;
  rd_kafka_t *producer;
} Generator;

static void
print_time (GString *out, const char *name, gint64 ns)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (ns / NSEC);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (out, "\"%s\":\"%s.%09dZ\"", name, text, (int)(ns % NSEC));
}

static gint64
time_of (guint64 minute)
{
  return BEGINNING + (gint64)(minute + 1) * INTERVAL + 123456789;
}

static void
print_head (GString *out, const Generator *g, gint64 resource, guint64 minute)
{
  g_string_printf (out,
                   "{\"schema\":\"hypermeter.samples/"
                   "1\",\"source\":\"default\",\"agent\":{\"id\":\"agent-%d\",\"epoch\":\"%s\","
                   "\"bin\":%" G_GINT64_FORMAT ",\"cpus\":64,",
                   (int)(resource % AGENTS), g->epoch, time_of (minute) / (300 * NSEC));
  print_time (out, "metering_since", BEGINNING);
  g_string_append_printf (
      out,
      "},\"seq\":%" G_GUINT64_FORMAT ",\"resource\":{\"id\":\"instance-%06d\",\"kind\":\"instance\","
      "\"project\":\"project-%d\",\"user\":\"user-%d\",\"state\":\"running\",\"flavor\":\"m1.small\","
      "\"epoch\":\"boot:%d:0\",",
      minute + 1, (int)resource, (int)(resource % 7), (int)(resource % 11), (int)resource + 1000);
  print_time (out, "epoch_start", BEGINNING);
  g_string_append (out, "},");
  print_time (out, "time", time_of (minute));
  g_string_append_printf (out,
                          ",\"read_ns\":4100000,\"interval_ns\":%" G_GINT64_FORMAT
                          ",\"clock\":{\"boot\":\"boot\",\"boot_ns\":%" G_GINT64_FORMAT
                          ",\"synced\":true,\"max_error_ns\":512000},\"samples\":[",
                          INTERVAL, time_of (minute) - BEGINNING);
}

static void
print_sample (GString *out, const Series *series, guint64 value)
{
  const char *quote = value > G_GUINT64_CONSTANT (9007199254740991) ? "\"" : "";

  g_string_append_printf (out, "%s{\"meter\":\"%s\",\"type\":\"%s\",\"unit\":\"%s\"",
                          series == all_series ? "" : ",", series->meter,
                          series->gauge ? "gauge" : "cumulative", series->unit);
  if (series->device != NULL)
    g_string_append_printf (out, ",\"device\":\"%s\"", series->device);
  g_string_append_printf (out, ",\"value\":%s%" G_GUINT64_FORMAT "%s}", quote, value, quote);
}

/* xorshift64* */
static guint64
next_random (guint64 *state)
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * G_GUINT64_CONSTANT (2685821657736338717);
}

static void
advance (Instance *instance)
{
  for (guint i = 0; i < N_SERIES; i++)
    if (all_series[i].gauge)
      instance->values[i] = all_series[i].step;
    else
      instance->values[i] += next_random (&instance->random) % all_series[i].step;
}

/* The values of one minute of one instance. In order they are made as they are needed; shuffled, they were made before. */
static const guint64 *
values_of (Instance *instance, guint64 minute)
{
  if (instance->history != NULL)
    return instance->history + minute * N_SERIES;
  advance (instance);
  return instance->values;
}

static void
shuffle (const Generator *g, Instance *instance)
{
  instance->history = g_new0 (guint64, g->minutes * N_SERIES);
  instance->order = g_new (guint64, g->minutes);
  for (guint64 m = 0; m < g->minutes; m++)
    {
      advance (instance);
      memcpy (instance->history + m * N_SERIES, instance->values, sizeof instance->values);
      instance->order[m] = m;
    }
  for (guint64 m = g->minutes - 1; m > 0; m--)
    {
      guint64 other = (guint64)g_rand_int_range (g->rand, 0, (gint32)m + 1), kept = instance->order[m];

      instance->order[m] = instance->order[other];
      instance->order[other] = kept;
    }
}

/* KEYS/agent-N holds one file, the key, named by its id. */
static HmSigner *
read_signer (const Generator *g, guint agent)
{
  g_autofree char *folder = g_strdup_printf ("%s/agent-%u", g->keys, agent);
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *id = entries != NULL ? g_dir_read_name (entries) : NULL;
  g_autofree char *path = id != NULL ? g_build_filename (folder, id, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  HmSigner *signer = path != NULL ? hm_signer_new_from_file (id, path, &error) : NULL;

  if (signer == NULL)
    g_error ("%s: %s", folder, error != NULL ? error->message : "no key");
  return signer;
}

/* (transfer full) NULL: no header */
static rd_kafka_headers_t *
headers_of (Generator *g, guint agent, const char *key, const char *id, const GString *value)
{
  rd_kafka_headers_t *headers = rd_kafka_headers_new (3);
  g_autofree char *signature = NULL;

  rd_kafka_header_add (headers, "ce_id", -1, id, -1);
  rd_kafka_header_add (headers, "ce_type", -1, "hypermeter.samples/1", -1);
  if (g->keys == NULL)
    return headers;
  if (g->signers[agent] == NULL)
    g->signers[agent] = read_signer (g, agent);
  signature = hm_signer_sign (g->signers[agent], key, id, value->str, value->len);
  rd_kafka_header_add (headers, "hm-signature", -1, signature, -1);
  return headers;
}

static void
deliver (Generator *g, gint64 resource, guint64 minute, GString *value)
{
  guint agent = (guint)(resource % AGENTS);
  g_autofree char *key = g_strdup_printf ("instance-%06d", (int)resource);
  g_autofree char *id
      = g_strdup_printf ("agent-%d/%s/%s/%" G_GUINT64_FORMAT, (int)agent, g->epoch, key, minute + 1);
  rd_kafka_headers_t *headers;
  rd_kafka_resp_err_t failed;

  if (g->producer == NULL)
    {
      fwrite (value->str, 1, value->len, stdout);
      putchar ('\n');
      return;
    }
  headers = headers_of (g, agent, key, id, value);
  if (g->altered) /* once it is signed: the last sample's value has another last digit */
    value->str[value->len - 4] = value->str[value->len - 4] == '9' ? '8' : '9';
  do
    {
      failed
          = rd_kafka_producev (g->producer, RD_KAFKA_V_TOPIC (g->topic), RD_KAFKA_V_KEY (key, strlen (key)),
                               RD_KAFKA_V_VALUE (value->str, value->len), RD_KAFKA_V_HEADERS (headers),
                               RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      rd_kafka_poll (g->producer, failed == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
    }
  while (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL);
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
    g_error ("produce: %s", rd_kafka_err2str (failed));
}

static void
generate (Generator *g)
{
  g_autoptr (GString) out = g_string_sized_new (4096);

  for (guint64 round = 0; round < g->minutes; round++)
    for (gint64 r = 0; r < g->resources; r++)
      {
        Instance *instance = &g->instances[r];
        guint64 minute = instance->order != NULL ? instance->order[round] : round;
        const guint64 *values = values_of (instance, minute);

        print_head (out, g, g->first + r, minute);
        for (guint i = 0; i < N_SERIES; i++)
          print_sample (out, &all_series[i], values[i]);
        g_string_append (out, "]}");
        for (int times = g->twice ? 2 : 1; times > 0; times--)
          deliver (g, g->first + r, minute, out);
      }
}

static void
write_sum (const Generator *g, FILE *file, gint64 r, const Series *series, guint64 value, guint64 factor)
{
  fprintf (file,
           "{\"resource\":\"instance-%06d\",\"device\":\"%s\",\"meter\":\"%s\",\"value\":%" G_GUINT64_FORMAT
           ",\"factor\":%" G_GUINT64_FORMAT "}\n",
           (int)(g->first + r), series->device != NULL ? series->device : "", series->meter, value, factor);
}

/* "{resource, device, meter, quantity}" a line; a gauge's quantity is value × nanoseconds. */
static void
write_sums (const Generator *g)
{
  static const Series in_state = { .meter = "state.time" };
  const guint64 time = (g->minutes - 1) * (guint64)INTERVAL;
  FILE *file = fopen (g->sums, "w");

  if (file == NULL)
    g_error ("%s cannot be written", g->sums);
  for (gint64 r = 0; r < g->resources; r++)
    {
      for (guint i = 0; i < N_SERIES; i++)
        write_sum (g, file, r, &all_series[i], g->instances[r].values[i], all_series[i].gauge ? time : 1);
      if (time > 0)
        write_sum (g, file, r, &in_state, time, 1);
    }
  if (fclose (file) != 0)
    g_error ("%s could not be written", g->sums);
}

static rd_kafka_t *
new_producer (const char *brokers)
{
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  rd_kafka_t *producer;

  rd_kafka_conf_set (conf, "bootstrap.servers", brokers, reason, sizeof reason);
  rd_kafka_conf_set (conf, "enable.idempotence", "true", reason, sizeof reason);
  rd_kafka_conf_set (conf, "compression.codec", "lz4", reason, sizeof reason);
  rd_kafka_conf_set (conf, "linger.ms", "20", reason, sizeof reason);
  rd_kafka_conf_set (conf, "partitioner", "murmur2_random", reason, sizeof reason);
  rd_kafka_conf_set (conf, "message.timeout.ms", "300000", reason, sizeof reason);
  producer = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (producer == NULL)
    g_error ("producer: %s", reason);
  return producer;
}

static gboolean
parse (Generator *g, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "records", 'n', 0, G_OPTION_ARG_INT64, &g->records, "Records, about (10000)", "N" },
    { "resources", 'r', 0, G_OPTION_ARG_INT64, &g->resources, "Instances (100)", "R" },
    { "first", 'f', 0, G_OPTION_ARG_INT64, &g->first, "Number of the first instance (0)", "N" },
    { "seed", 's', 0, G_OPTION_ARG_INT64, &g->seed, "Seed (1)", "S" },
    { "brokers", 'b', 0, G_OPTION_ARG_STRING, &g->brokers, "Kafka; without it, standard output", "LIST" },
    { "topic", 't', 0, G_OPTION_ARG_STRING, &g->topic, "Topic (hypermeter.samples)", "NAME" },
    { "sums", 0, 0, G_OPTION_ARG_FILENAME, &g->sums, "Where to write what each series must come to", "FILE" },
    { "epoch", 0, 0, G_OPTION_ARG_STRING, &g->epoch, "Agent epoch (e1)", "TEXT" },
    { "shuffle", 0, 0, G_OPTION_ARG_NONE, &g->shuffle, "Random order within an instance", NULL },
    { "keys", 0, 0, G_OPTION_ARG_FILENAME, &g->keys, "Signs with the key in FOLDER/agent-N", "FOLDER" },
    { "altered", 0, 0, G_OPTION_ARG_NONE, &g->altered, "Changes a digit of each record after that", NULL },
    { "double", 0, 0, G_OPTION_ARG_NONE, &g->twice, "Each record twice", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- plays many agents from a seed");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  g->topic = g->topic != NULL ? g->topic : g_strdup ("hypermeter.samples");
  g->epoch = g->epoch != NULL ? g->epoch : g_strdup ("e1");
  g->minutes = (guint64)(g->records / MAX (g->resources, 1));
  return g->resources > 0 && g->minutes > 0;
}

static void
clear (Generator *g)
{
  for (gint64 r = 0; r < g->resources; r++)
    {
      g_free (g->instances[r].order);
      g_free (g->instances[r].history);
    }
  g_free (g->instances);
  g_rand_free (g->rand);
  g_free (g->brokers);
  g_free (g->topic);
  g_free (g->sums);
  g_free (g->epoch);
  g_free (g->keys);
  for (guint i = 0; i < AGENTS; i++)
    hm_signer_free (g->signers[i]);
}

int
main (int argc, char **argv)
{
  Generator g = { .records = 10000, .resources = 100, .seed = 1 };
  g_autoptr (GError) error = NULL;

  if (!parse (&g, argc, argv, &error))
    g_error ("%s", error != NULL ? error->message : "there must be at least one record of one instance");
  g.rand = g_rand_new_with_seed ((guint32)g.seed);
  g.instances = g_new0 (Instance, (gsize)g.resources);
  for (gint64 r = 0; r < g.resources; r++)
    {
      g.instances[r].random = (guint64)g.seed * 1000003 + (guint64)r + 1;
      if (g.shuffle)
        shuffle (&g, &g.instances[r]);
    }
  g.producer = g.brokers != NULL ? new_producer (g.brokers) : NULL;
  generate (&g);
  if (g.sums != NULL)
    write_sums (&g);
  if (g.producer != NULL && rd_kafka_flush (g.producer, 120000) != RD_KAFKA_RESP_ERR_NO_ERROR)
    g_error ("not all records were delivered");
  if (g.producer != NULL)
    rd_kafka_destroy (g.producer);
  clear (&g);
  return 0;
}
