/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror: dead letters on a topic of librdkafka's mock cluster: each at least once, whatever the broker says, and by one collector. The storing
 * thread is the test's. */
#include "tests/engine_kit.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>

#include "collector/source/mirror.h"
#include "collector/source/source.h"

#define TOPIC "letters"
#define LONG  (60 * HM_NSEC_PER_SEC)

typedef struct
{
  EngineKit *kit;
  rd_kafka_t *broker; /* whose mock cluster it is */
  rd_kafka_mock_cluster_t *cluster;
  const HmStoreOps *ops; /* the mirror's */
  HmMirror *mirror;
  gint64 hole_ns;
} Bus;

static void
be_quiet (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level;
  (void)fields;
  (void)text;
  (void)user;
}

static int
set_up (void **state)
{
  Bus *bus = g_new0 (Bus, 1);
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  hm_log_capture (be_quiet, NULL);
  rd_kafka_conf_set (conf, "test.mock.num.brokers", "1", NULL, 0);
  bus->broker = rd_kafka_new (RD_KAFKA_PRODUCER, conf, NULL, 0);
  assert_non_null (bus->broker);
  bus->cluster = rd_kafka_handle_mock_cluster (bus->broker);
  assert_int_equal (rd_kafka_mock_topic_create (bus->cluster, TOPIC, 1, 1), 0);
  bus->kit = engine_kit_new ();
  bus->ops = bus->kit->real;
  *state = bus;
  return 0;
}

static void
end_mirror (Bus *bus)
{
  if (bus->mirror == NULL)
    return;
  assert_true (hm_mirror_stop (bus->mirror, LONG));
  g_clear_pointer (&bus->mirror, hm_mirror_free);
}

static int
tear_down (void **state)
{
  Bus *bus = *state;

  end_mirror (bus);
  rd_kafka_destroy (bus->broker);
  engine_kit_free (bus->kit);
  hm_log_capture (NULL, NULL);
  g_free (bus);
  return 0;
}

static HmOptions *
options_of (const char *servers, const char *topic)
{
  GHashTable *pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  HmOptions *options;

  g_hash_table_insert (pairs, g_strdup ("kafka.bootstrap.servers"), g_strdup (servers));
  g_hash_table_insert (pairs, g_strdup ("kafka.group.id"), g_strdup ("not the mirror's"));
  g_hash_table_insert (pairs, g_strdup ("dead-letter-topic"), g_strdup (topic));
  options = hm_options_new (hm_source_options, pairs, "the test", &error);
  g_hash_table_unref (pairs);
  if (options == NULL)
    fail_msg ("%s", error->message);
  return options;
}

/* A store in which letter 2 appears after letter 3 was read, as where its transaction ended later. */

static HmStoreOps late;
static gint hidden; /* so many lists do not have it yet; the mirror's thread alone */

typedef struct
{
  HmDeadLetterVisit visit;
  gpointer user;
} Hiding;

static gboolean
hide (const HmDeadLetter *letter, gpointer user)
{
  const Hiding *hiding = user;

  return (letter->id == 2 && hidden > 0) || hiding->visit (letter, hiding->user);
}

static gboolean
late_list (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit, gpointer user,
           GError **error)
{
  Hiding hiding = { visit, user };
  gboolean listed
      = kit_plugin (HM_NS_STORE, "sqlite")->store->list_dead_letters (store, filter, hide, &hiding, error);

  hidden = MAX (hidden - 1, 0);
  return listed;
}

static void
start_mirror (Bus *bus)
{
  g_autofree char *url = g_strdup_printf ("sqlite://%s/usage.db", bus->kit->folder);
  g_autoptr (HmOptions) options = options_of (rd_kafka_mock_cluster_bootstraps (bus->cluster), TOPIC);
  const HmMirrorSettings settings = {
    .options = options, .ops = bus->ops, .url = url, .holder = "this", .look_ns = 1, .hole_ns = bus->hole_ns
  };
  g_autoptr (GError) error = NULL;

  bus->mirror = hm_mirror_new (&settings, &error);
  if (bus->mirror == NULL)
    fail_msg ("%s", error->message);
  hm_mirror_start (bus->mirror);
}

static void
refuse (Bus *bus, const char *bytes)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();
  HmArrival *arrival = engine_kit_arrival_of_bytes (bus->kit, "r1", bytes, strlen (bytes));

  arrival->ce_id = g_strdup ("id");
  arrival->signature = g_strdup ("v1;k;00");
  g_ptr_array_add (one, arrival);
  engine_kit_take (bus->kit, one);
}

/* -- waiting -- */

static HmMirrorCounts
counts_of (Bus *bus)
{
  HmMirrorCounts counts;

  hm_mirror_counts (bus->mirror, &counts);
  return counts;
}

static gboolean
find_position (const HmOffsetRow *row, gpointer position)
{
  if (strcmp (row->topic, TOPIC) == 0)
    *(gint64 *)position = row->next;
  return TRUE;
}

static gint64
position_of (Bus *bus)
{
  gint64 position = -1;

  assert_true (bus->kit->real->list_offsets (bus->kit->store, find_position, &position, NULL));
  return position;
}

/* With the storing thread's turns in between. */
static void
await_sent (Bus *bus, guint64 sent)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (counts_of (bus).sent < sent && g_get_monotonic_time () < deadline)
    hm_mirror_turn (bus->kit->engine, bus->mirror);
  assert_int_equal (counts_of (bus).sent, sent);
}

static void
await_position (Bus *bus, gint64 position)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (position_of (bus) < position && g_get_monotonic_time () < deadline)
    hm_mirror_turn (bus->kit->engine, bus->mirror);
  assert_int_equal (position_of (bus), position);
}

/* -- what is on the topic -- */

static void
append_header (GString *text, const rd_kafka_headers_t *headers, const char *name)
{
  const void *value;
  size_t size;

  if (rd_kafka_header_get_last (headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
    g_string_append_printf (text, " %s=%.*s", name, (int)size, (const char *)value);
}

static void
append_message (GString *text, const rd_kafka_message_t *message)
{
  static const char *const names[]
      = { "hm-letter", "hm-reason", "hm-topic", "hm-partition", "hm-offset", "ce_id", "hm-signature" };
  rd_kafka_headers_t *headers;

  g_string_append_printf (text, "%.*s:%.*s", (int)message->key_len, (const char *)message->key,
                          (int)message->len, (const char *)message->payload);
  assert_int_equal (rd_kafka_message_headers (message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    append_header (text, headers, names[i]);
  g_string_append_c (text, '\n');
}

static rd_kafka_t *
new_reader (Bus *bus)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new (1);
  rd_kafka_t *reader;

  rd_kafka_conf_set (conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps (bus->cluster), NULL, 0);
  rd_kafka_conf_set (conf, "group.id", "reader", NULL, 0);
  reader = rd_kafka_new (RD_KAFKA_CONSUMER, conf, NULL, 0);
  assert_non_null (reader);
  rd_kafka_topic_partition_list_add (all, TOPIC, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  assert_int_equal (rd_kafka_assign (reader, all), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy (all);
  return reader;
}

/* The first @n messages. */
static void
assert_topic (Bus *bus, guint n, const char *expected)
{
  rd_kafka_t *reader = new_reader (bus);
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  for (guint got = 0; got < n && g_get_monotonic_time () < deadline;)
    {
      rd_kafka_message_t *message = rd_kafka_consumer_poll (reader, 100);

      if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        {
          append_message (text, message);
          got++;
        }
      g_clear_pointer (&message, rd_kafka_message_destroy);
    }
  rd_kafka_destroy (reader);
  assert_string_equal (text->str, expected);
}

/* -- cases -- */

static void
mirror_sends_each_letter_with_its_headers_and_its_reason (void **state)
{
  Bus *bus = *state;

  refuse (bus, "{");
  refuse (bus, "[]");
  start_mirror (bus);
  await_sent (bus, 2);
  assert_topic (bus, 2,
                "r1:{ hm-letter=1 hm-reason=bad-json hm-topic=t hm-partition=0 hm-offset=0 ce_id=id "
                "hm-signature=v1;k;00\n"
                "r1:[] hm-letter=2 hm-reason=bad-json hm-topic=t hm-partition=0 hm-offset=1 ce_id=id "
                "hm-signature=v1;k;00\n");
}

static void
mirror_goes_on_where_it_had_got (void **state)
{
  Bus *bus = *state;

  refuse (bus, "{");
  refuse (bus, "[]");
  start_mirror (bus);
  await_position (bus, 2);
  end_mirror (bus);
  refuse (bus, "{}{");
  start_mirror (bus);
  await_position (bus, 3);
  assert_int_equal (counts_of (bus).sent, 1);
}

static void
mirror_sends_a_letter_that_appears_behind_a_later_one (void **state)
{
  Bus *bus = *state;

  late = *bus->kit->real;
  late.list_dead_letters = late_list;
  hidden = 20; /* for many looks */
  bus->ops = &late;
  refuse (bus, "{");
  refuse (bus, "[]");
  refuse (bus, "{}{");
  start_mirror (bus);
  await_position (bus, 3);
  assert_int_equal (counts_of (bus).sent, 3);
}

static void
mirror_goes_past_a_letter_that_never_appears (void **state)
{
  Bus *bus = *state;

  late = *bus->kit->real;
  late.list_dead_letters = late_list;
  hidden = G_MAXINT;
  bus->ops = &late;
  bus->hole_ns = 1;
  refuse (bus, "{");
  refuse (bus, "[]");
  refuse (bus, "{}{");
  start_mirror (bus);
  await_position (bus, 3);
  assert_int_equal (counts_of (bus).sent, 2);
}

static void
mirror_sends_what_a_broker_refused_before (void **state)
{
  Bus *bus = *state;
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  rd_kafka_mock_topic_set_error (bus->cluster, TOPIC, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  start_mirror (bus);
  refuse (bus, "{");
  while (!counts_of (bus).failing && g_get_monotonic_time () < deadline)
    hm_mirror_turn (bus->kit->engine, bus->mirror);
  assert_true (counts_of (bus).failing);
  refuse (bus, "[]"); /* storing goes on */
  assert_int_equal (position_of (bus), 0);
  rd_kafka_mock_topic_set_error (bus->cluster, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
  await_sent (bus, 2);
  await_position (bus, 2);
  assert_false (counts_of (bus).failing);
}

static void
mirror_is_one_collectors_at_a_time (void **state)
{
  Bus *bus = *state;
  HmEngine *engine = bus->kit->engine;
  gboolean mine = FALSE;
  gint64 position = -1;

  assert_true (hm_engine_mirror (engine, TOPIC, "this", HOUR, 0, &mine, &position, NULL));
  assert_true (mine);
  assert_int_equal (position, 0);
  assert_true (hm_engine_mirror (engine, TOPIC, "other", HOUR, 7, &mine, &position, NULL));
  assert_false (mine);
  assert_int_equal (position_of (bus), 0);
  assert_true (hm_engine_mirror (engine, TOPIC, "this", HOUR, 5, &mine, &position, NULL));
  assert_true (mine);
  assert_int_equal (position, 5);
  assert_true (hm_engine_mirror (engine, TOPIC, "this", HOUR, 3, &mine, &position, NULL));
  assert_int_equal (position, 5); /* never back */
  assert_int_equal (position_of (bus), 5);
}

static void
mirror_refuses_the_topic_that_is_read (void **state)
{
  g_autoptr (HmOptions) same = options_of ("a:1", "hypermeter.samples"), none = options_of ("a:1", "");
  const HmMirrorSettings nothing = { .options = none };
  GError *error = NULL;

  (void)state;
  assert_false (hm_mirror_options_check (same, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "dead-letter-topic");
  assert_true (hm_mirror_options_check (none, &error));
  assert_null (hm_mirror_new (&nothing, &error));
  assert_null (error);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (mirror_sends_each_letter_with_its_headers_and_its_reason),
    CASE (mirror_goes_on_where_it_had_got),
    CASE (mirror_sends_a_letter_that_appears_behind_a_later_one),
    CASE (mirror_goes_past_a_letter_that_never_appears),
    CASE (mirror_sends_what_a_broker_refused_before),
    CASE (mirror_is_one_collectors_at_a_time),
    cmocka_unit_test (mirror_refuses_the_topic_that_is_read),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
