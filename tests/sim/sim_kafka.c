/* SPDX-License-Identifier: Apache-2.0 */
/* sim_kafka: a simulated fleet for a real bus and a real collector; tests/e2e/sim.sh calls it for one step after the other:
 *
 *   meters  prints what the collector has to know of the fleet's meters
 *   make    makes the store at --store, with the policies that hold
 *   send    sends the records from --from to below --to, in percent, signed, in the order in which they arrive, and notes in --stamps when
 *           the broker took each
 *   decide  prints "DECISION ID" of each reading that is held out and that somebody is to decide about
 *   check   the store must hold what can be known of the records, and the same as a store that got them without a bus
 *   direct  the same fleet without a bus, to find a failure again: in order and in disorder, made small
 *
 * Each step plays the same histories: --seed, --histories, --end. What the broker stamps is now, so they end at --end, and every third one
 * two days before; what is known of each record's arrival comes from the broker's own answers. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/usage/decisions.h"
#include "metering/error.h"
#include "tests/sim/sim_store.h"

typedef struct
{
  gint64 seed, histories, end, from, to; /* end: in seconds */
  char *stamps, *keys, *brokers, *topic, *store;
} Options;

static Options options = { .histories = 100, .to = 100 };
static SimFleet fleet;
static GArray *deliveries; /* (element-type SimDelivery) in the order in which they are sent */

/* -- the fleet -- */

static HmTime
last_moment (const SimHistory *history)
{
  return history->records[history->n_records - 1].moment;
}

static void
play (void)
{
  GRand *rand = g_rand_new_with_seed ((guint32)options.seed);

  sim_look_at ((guint32)options.seed);
  sim_fleet_play (&fleet, (guint32)options.seed, (guint)options.histories);
  for (guint i = 0; i < fleet.n; i++)
    {
      SimHistory *history = fleet.histories[i];
      HmTime end = options.end * SIM_SECOND - (i % 3 == 2 ? 2 * SIM_DAY : 0);

      sim_shift (history, end - last_moment (history));
      memcpy (history->policies, fleet.histories[0]->policies, sizeof history->policies);
    }
  deliveries = sim_fleet_disorder (&fleet, rand);
  g_rand_free (rand);
}

/* -- when the broker took them -- */

typedef struct
{
  guint delivery;
  gint64 offset, appended_ms;
} Stamp;

static void
write_stamps (const GArray *stamps)
{
  FILE *file = fopen (options.stamps, "a");

  assert_non_null (file);
  for (guint i = 0; i < stamps->len; i++)
    {
      const Stamp *stamp = &g_array_index (stamps, Stamp, i);

      fprintf (file, "%u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", stamp->delivery, stamp->offset,
               stamp->appended_ms);
    }
  assert_int_equal (fclose (file), 0);
}

/* Of a record's copies the first one counts, that is, the one of the lowest offset, as all have one key. */
static void
read_stamps (void)
{
  g_autoptr (GHashTable) first = g_hash_table_new_full (NULL, NULL, NULL, g_free); /* offsets by record */
  FILE *file = fopen (options.stamps, "r");
  guint n = 0;
  Stamp stamp;

  assert_non_null (file);
  for (; fscanf (file, "%u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &stamp.delivery, &stamp.offset,
                 &stamp.appended_ms)
         == 3;
       n++)
    {
      SimRecord *record = g_array_index (deliveries, SimDelivery, stamp.delivery).record;
      const gint64 *known = g_hash_table_lookup (first, record);

      if (known != NULL && *known < stamp.offset)
        continue;
      g_hash_table_insert (first, record, g_memdup2 (&stamp.offset, sizeof stamp.offset));
      sim_append (record, stamp.appended_ms * HM_NSEC_PER_MSEC);
    }
  fclose (file);
  assert_int_equal (n, deliveries->len);
}

/* -- the agents' side -- */

typedef struct
{
  EngineKit *kit; /* encodes as the agent does */
  HmSigner *signers[SIM_HOSTS];
  rd_kafka_t *client;
  GArray *stamps; /* (element-type Stamp) */
} Producer;

static void
note_stamp (rd_kafka_t *client G_GNUC_UNUSED, const rd_kafka_message_t *message, void *producer)
{
  rd_kafka_timestamp_type_t type;
  const Stamp stamp = { GPOINTER_TO_UINT (message->_private), message->offset,
                        rd_kafka_message_timestamp (message, &type) };

  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail_msg ("not sent: %s", rd_kafka_err2str (message->err));
  assert_int_equal (type, RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME);
  g_array_append_val (((Producer *)producer)->stamps, stamp);
}

static rd_kafka_t *
new_client (Producer *producer)
{
  static const char *const settings[][2] = { { "enable.idempotence", "true" },
                                             { "linger.ms", "1" },
                                             { "partitioner", "murmur2_random" },
                                             { "message.timeout.ms", "300000" } };
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  char reason[256];
  rd_kafka_t *client;

  rd_kafka_conf_set (conf, "bootstrap.servers", options.brokers, reason, sizeof reason);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    assert_int_equal (rd_kafka_conf_set (conf, settings[i][0], settings[i][1], reason, sizeof reason), 0);
  rd_kafka_conf_set_opaque (conf, producer);
  rd_kafka_conf_set_dr_msg_cb (conf, note_stamp);
  client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (client == NULL)
    fail_msg ("%s", reason);
  return client;
}

static HmSigner *
signer_of (Producer *producer, const char *agent)
{
  guint host = (guint)g_ascii_strtoull (strrchr (agent, '-') + 1, NULL, 10);
  g_autofree char *path = g_build_filename (options.keys, agent, agent, NULL);
  g_autoptr (GError) error = NULL;

  if (producer->signers[host] == NULL)
    producer->signers[host] = hm_signer_new_from_file (agent, path, &error);
  if (producer->signers[host] == NULL)
    fail_msg ("%s", error->message);
  return producer->signers[host];
}

static void
send_one (Producer *producer, guint delivery)
{
  const HmRecord *record = &g_array_index (deliveries, SimDelivery, delivery).record->record;
  HmArrival *arrival = engine_kit_signed (producer->kit, record, signer_of (producer, record->agent.id));
  rd_kafka_headers_t *headers = rd_kafka_headers_new (3);
  rd_kafka_resp_err_t failed;

  rd_kafka_header_add (headers, "ce_id", -1, arrival->ce_id, -1);
  rd_kafka_header_add (headers, "hm-signature", -1, arrival->signature, -1);
  failed = rd_kafka_producev (producer->client, RD_KAFKA_V_TOPIC (options.topic),
                              RD_KAFKA_V_KEY (arrival->key, arrival->key_length),
                              RD_KAFKA_V_VALUE ((void *)(gsize)arrival->value, arrival->length),
                              RD_KAFKA_V_HEADERS (headers), RD_KAFKA_V_OPAQUE (GUINT_TO_POINTER (delivery)),
                              RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail_msg ("not sent: %s", rd_kafka_err2str (failed));
  hm_arrival_free (arrival);
  rd_kafka_poll (producer->client, 0);
}

static void
send_them (void **state G_GNUC_UNUSED)
{
  Producer producer = { .kit = engine_kit_new (), .stamps = g_array_new (FALSE, FALSE, sizeof (Stamp)) };
  guint from = deliveries->len * (guint)options.from / 100, to = deliveries->len * (guint)options.to / 100;

  producer.client = new_client (&producer);
  for (guint i = from; i < to; i++)
    send_one (&producer, i);
  assert_int_equal (rd_kafka_flush (producer.client, 310000), RD_KAFKA_RESP_ERR_NO_ERROR);
  assert_int_equal (producer.stamps->len, to - from);
  write_stamps (producer.stamps);
  rd_kafka_destroy (producer.client);
  for (guint i = 0; i < SIM_HOSTS; i++)
    hm_signer_free (producer.signers[i]);
  g_array_unref (producer.stamps);
  engine_kit_free (producer.kit);
}

/* -- the store -- */

/* (transfer full) */
static EngineKit *
open_store (void)
{
  g_autofree char *scheme = g_uri_parse_scheme (options.store);

  assert_non_null (scheme);
  return engine_kit_open (scheme, options.store);
}

static void
make_store (void **state G_GNUC_UNUSED)
{
  g_autoptr (EngineKit) kit = open_store ();

  sim_fleet_set_policies (&fleet, kit);
}

/* -- what people decide -- */

/* (nullable) */
static const SimRecord *
find_record (const HmHeldRow *row)
{
  for (guint i = 0; i < deliveries->len; i++)
    {
      const SimDelivery *delivery = &g_array_index (deliveries, SimDelivery, i);
      const HmRecord *record = &delivery->record->record;

      if (record->seq == row->seq && strcmp (delivery->history->resource, row->resource) == 0
          && strcmp (record->agent.id, row->agent) == 0 && strcmp (record->agent.epoch, row->epoch) == 0)
        return delivery->record;
    }
  return NULL;
}

static HmDecision
decision_on (const HmHeldRow *row)
{
  const SimRecord *record = find_record (row);
  SimSeries series;

  assert_non_null (record);
  assert_true (sim_series_find (row->device, row->meter, &series));
  for (guint i = 0; i < record->record.n_samples; i++)
    if (record->series[i] == series)
      return record->decisions[i];
  return HM_DECISION_NONE;
}

/* Only what may be decided of a reading of that kind. */
static gboolean
print_decision (const HmHeldRow *row, gpointer user G_GNUC_UNUSED)
{
  HmDecision decision = decision_on (row);
  char id[HM_HELD_ID_MAX];

  if (decision == HM_DECISION_NONE || !hm_decision_check (decision, row->flag, NULL))
    return TRUE;
  hm_held_id (row, id);
  printf ("%s %s\n", hm_decision_name (decision), id);
  return TRUE;
}

static void
print_decisions (void **state G_GNUC_UNUSED)
{
  static const HmStoreFilter undecided
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .undecided = TRUE };
  g_autofree char *scheme = g_uri_parse_scheme (options.store);
  const HmStoreOps *ops = kit_plugin (HM_NS_STORE, scheme)->store;
  g_autoptr (GError) error = NULL;
  HmStore *store = ops->open (options.store, HM_STORE_READ, 0, &error);

  if (store == NULL || !ops->list_held (store, &undecided, print_decision, NULL, &error))
    fail_msg ("%s", error->message);
  ops->close (store);
}

/* -- what is in it -- */

static void
fail_of (SimHistory *history, EngineKit *direct, const char *wrong)
{
  g_autofree char *text = sim_print (history), *of_direct = sim_check_totals (direct, history, NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    print_message ("%s\n", lines[i]);
  fail_msg ("HYPERMETER_SIM_SEED=%u (%s of %s), %s without a bus: %s\nin memory: HYPERMETER_SIM_SEED=%u "
            "HYPERMETER_SIM_MEMORY=1 "
            "tests/sim/test_sim\nas it was: tests/sim/sim_kafka direct --seed=%u --histories=%u "
            "--end=%" G_GINT64_FORMAT,
            history->seed, history->resource, options.store, of_direct != NULL ? "wrong" : "right", wrong,
            history->seed, fleet.histories[0]->seed, fleet.n, options.end);
}

static void
assert_all_came (EngineKit *kit)
{
  g_autofree char *letters = engine_kit_letters (kit);
  guint64 records = 0;

  for (guint i = 0; i < fleet.n; i++)
    for (guint j = 0; j < fleet.histories[i]->n_records; j++)
      records += !fleet.histories[i]->records[j].lost;
  assert_string_equal (letters, "");
  assert_int_equal (engine_kit_raw_rows (kit), records);
  print_message ("# %u records, %u deliveries\n", (guint)records, deliveries->len);
}

static void
check (void **state G_GNUC_UNUSED)
{
  g_autoptr (EngineKit) kit = open_store (), direct = engine_kit_new ();
  g_autofree char *otherwise = NULL;
  SimHits hits = { 0 };

  read_stamps ();
  assert_all_came (kit);
  sim_fleet_set_policies (&fleet, direct);
  sim_fleet_feed (&fleet, direct);
  for (guint i = 0; i < fleet.n; i++)
    {
      SimHistory *history = fleet.histories[i];
      g_autofree char *wrong = sim_check_totals (kit, history, &hits);

      sim_count (history, &hits);
      if (wrong == NULL)
        wrong = sim_check_usage (kit, history);
      if (wrong != NULL)
        fail_of (history, direct, wrong);
    }
  otherwise = sim_compare_stores (direct, kit);
  if (otherwise != NULL)
    fail_msg ("not as without a bus: %s", otherwise);
  sim_hits_assert (&hits, 0);
}

/* -- without a bus -- */

static void
run_directly (void **state G_GNUC_UNUSED)
{
  g_autofree char *wrong = NULL;

  for (guint i = deliveries->len; i-- > 0;)
    sim_append (g_array_index (deliveries, SimDelivery, i).record,
                options.end * SIM_SECOND + 10 * SIM_SECOND + i * HM_NSEC_PER_MSEC);
  wrong = sim_fleet_check (&fleet, engine_kit_new, (guint32)options.seed);
  if (wrong != NULL)
    sim_fleet_blame (&fleet, engine_kit_new, wrong);
}

/* -- a step -- */

static int
print_meters (void)
{
  g_autoptr (HmMeterTable) meters = kit_fold_meters ();
  g_autofree char *json = hm_meter_table_to_json (meters);

  puts (json);
  return 0;
}

static void
parse (int argc, char **argv)
{
  const GOptionEntry entries[]
      = { { "seed", 0, 0, G_OPTION_ARG_INT64, &options.seed, "Of the first history", "N" },
          { "histories", 0, 0, G_OPTION_ARG_INT64, &options.histories, "Instances (100), not more", "N" },
          { "end", 0, 0, G_OPTION_ARG_INT64, &options.end, "When the last of them end", "SECONDS" },
          { "from", 0, 0, G_OPTION_ARG_INT64, &options.from, "The first that is sent (0)", "PERCENT" },
          { "to", 0, 0, G_OPTION_ARG_INT64, &options.to, "The first that is not (100)", "PERCENT" },
          { "stamps", 0, 0, G_OPTION_ARG_FILENAME, &options.stamps, "When the broker took each", "FILE" },
          { "keys", 0, 0, G_OPTION_ARG_FILENAME, &options.keys, "FOLDER/host-N/host-N signs", "FOLDER" },
          { "brokers", 0, 0, G_OPTION_ARG_STRING, &options.brokers, "Kafka", "LIST" },
          { "topic", 0, 0, G_OPTION_ARG_STRING, &options.topic, "Of the records", "NAME" },
          { "store", 0, 0, G_OPTION_ARG_STRING, &options.store, "What the collector fills", "URL" },
          { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new ("meters|make|send|decide|check|direct");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2)
    g_error ("%s", error != NULL ? error->message : "which step?");
}

int
main (int argc, char **argv)
{
  const struct CMUnitTest steps[] = {
    { "make", make_store, NULL, NULL, NULL },        { "send", send_them, NULL, NULL, NULL },
    { "decide", print_decisions, NULL, NULL, NULL }, { "check", check, NULL, NULL, NULL },
    { "direct", run_directly, NULL, NULL, NULL },
  };
  const char *step = argc > 1 ? argv[1] : "";
  int failed = 64;

  parse (argc, argv);
  if (strcmp (step, "meters") == 0)
    return print_meters ();
  play ();
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (strcmp (step, steps[i].name) == 0)
      {
        const struct CMUnitTest one[] = { steps[i] };

        failed = cmocka_run_group_tests (one, NULL, NULL);
      }
  g_array_unref (deliveries);
  sim_fleet_clear (&fleet);
  return failed;
}
