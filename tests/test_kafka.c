/* SPDX-License-Identifier: Apache-2.0 */
/* test_kafka: the publisher `kafka` against librdkafka's mock cluster, through the real module: what it sends, what it
 * confirms, and the configuration that it takes. */
#include "tests/kafka_kit.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what is read back -- */

static gboolean
has_value (const GPtrArray *messages, const char *value)
{
  for (guint i = 0; i < messages->len; i++)
    if (g_str_equal (((const KafkaReceived *)g_ptr_array_index (messages, i))->value, value))
      return TRUE;
  return FALSE;
}

static void
assert_header (const KafkaReceived *received, const char *name, const char *value)
{
  const char *found = g_hash_table_lookup (received->headers, name);

  assert_non_null (found);
  assert_string_equal (found, value);
}

static void
kafka_delivers_key_headers_and_value_when_it_publishes (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;
  const KafkaReceived *received;

  kafka_kit_publish (f, 7, "4f0c6a52", "{\"n\":18446744073709551615}");
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_DONE);
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, 1);
  received = g_ptr_array_index (messages, 0);
  assert_string_equal (received->key, "4f0c6a52");
  assert_string_equal (received->value, "{\"n\":18446744073709551615}");
  assert_int_equal (g_hash_table_size (received->headers), 9);
  assert_header (received, "ce_specversion", "1.0");
  assert_header (received, "ce_id", "id-7");
  assert_header (received, "ce_source", "site-a");
  assert_header (received, "ce_type", "hypermeter.samples/1");
  assert_header (received, "ce_subject", "4f0c6a52");
  assert_header (received, "ce_time", "1970-01-01T00:33:20.000000000Z");
  assert_header (received, "content-type", "application/json");
  assert_header (received, "hm-sent", "1970-01-01T00:50:00.000000000Z");
  assert_header (received, "hm-signature", "v1;k;00");
}

/* The partition that Java's clients choose. */
static void
kafka_chooses_the_partition_by_murmur2_when_it_publishes (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;

  for (guint64 i = 1; i <= 20; i++)
    {
      g_autofree char *key = g_strdup_printf ("instance-%" G_GUINT64_FORMAT, i);

      kafka_kit_publish (f, i, key, "{}");
    }
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, 20);
  for (guint i = 0; i < messages->len; i++)
    {
      const KafkaReceived *received = g_ptr_array_index (messages, i);

      assert_int_equal (received->partition,
                        rd_kafka_msg_partitioner_murmur2 (NULL, received->key, strlen (received->key),
                                                          KAFKA_KIT_PARTITIONS, NULL, NULL));
    }
}

/* What the client can mend by itself must cost neither a record nor the order. */
static void
kafka_loses_nothing_and_keeps_the_order_when_the_broker_errs_for_a_while (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;

  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  kafka_kit_deliver (f, 300, 5);
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, 300);
  kafka_kit_assert_order (messages, 300, 5);
}

/* An error that the client does not mend comes back as RETRY, and the outbox's second try succeeds. */
static void
kafka_gives_back_for_retry_when_the_broker_refuses (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;

  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  kafka_kit_deliver (f, 50, 5);
  assert_true (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY) > 0);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_REJECT), 0);
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, 50);
  kafka_kit_assert_order (messages, 50, 5);
}

/* A duplicate sequence is a success to the client, but it has no offset, and proves nothing. */
static void
kafka_sends_again_when_acknowledged_without_an_offset (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;

  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  kafka_kit_publish (f, 1, "key", "first");
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_RETRY);
  kafka_kit_publish (f, 1, "key", "first");
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_word (f->publisher, 1)->delivery, HM_DELIVERY_DONE);
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, 1);
  assert_true (has_value (messages, "first"));
}

static void
kafka_rejects_a_record_when_the_client_finds_it_too_large (void **state)
{
  KafkaKit *f = *state;
  g_autofree char *large = g_strnfill (1200000, 'x');

  kafka_kit_publish (f, 1, "key", large);
  kafka_kit_publish (f, 2, "key", "small");
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_REJECT);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->message->position, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 1)->delivery, HM_DELIVERY_DONE);
}

/* The outbox may hold it, so it must not be given up by the client. */
static void
kafka_delivers_a_record_when_it_is_as_large_as_can_be (void **state)
{
  KafkaKit *f = *state;
  g_autofree char *largest = g_strnfill (HM_RECORD_MAX, 'x');

  kafka_kit_publish (f, 1, "key", largest);
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_DONE);
}

/* The broker says "too large" of a whole batch. Sent again one by one, the first is refused alone; the others
 * pass. */
static void
refuse_a_batch_and_one (KafkaKit *f, rd_kafka_resp_err_t err)
{
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 2, err);
  kafka_kit_deliver (f, 10, 1);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_REJECT), 1);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 9);
  assert_true (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY) > 0);
}

static void
kafka_rejects_only_the_one_when_the_broker_refuses_a_batch (void **state)
{
  refuse_a_batch_and_one (*state, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

/* Larger than a segment of the topic. */
static void
kafka_rejects_only_the_one_when_a_batch_is_larger_than_a_segment (void **state)
{
  refuse_a_batch_and_one (*state, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
}

/* -- no broker -- */

/* Hands over again what comes back, until @n are delivered. */
static void
deliver (KafkaKit *f, guint n)
{
  for (guint i = 0; kit_publisher_count (f->publisher, HM_DELIVERY_DONE) < n; i++)
    {
      const KitConfirmed *word;

      kit_publisher_wait (f->publisher, i + 1);
      word = kit_publisher_word (f->publisher, i);
      if (word->delivery == HM_DELIVERY_RETRY)
        kit_publisher_publish (f->publisher, word->message);
    }
}

static void
kafka_waits_says_so_once_and_delivers_when_the_broker_comes_back (void **state)
{
  KafkaKit *f = *state;

  kafka_kit_listen ("no broker can be reached");
  rd_kafka_mock_broker_set_down (f->cluster, 1);
  for (guint64 i = 1; i <= 5; i++)
    kafka_kit_publish (f, i, "key", "{}");
  kafka_kit_await_line ();
  rd_kafka_mock_broker_set_up (f->cluster, 1);
  deliver (f, 5);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 5);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_REJECT), 0);
  assert_int_equal (kafka_kit_lines (), 1);
}

static void
kafka_gives_everything_back_when_it_is_freed_without_a_broker (void **state)
{
  KafkaKit *f = *state;
  gint64 began;

  rd_kafka_mock_broker_set_down (f->cluster, 1);
  for (guint64 i = 1; i <= 10; i++)
    kafka_kit_publish (f, i, "key", "{}");
  began = g_get_monotonic_time ();
  kit_publisher_stop (f->publisher);
  assert_true (g_get_monotonic_time () - began < 30 * G_USEC_PER_SEC);
  assert_int_equal (f->publisher->confirmed->len, 10);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY), 10);
}

static void
kafka_takes_no_more_than_its_queue_when_nothing_is_confirmed (void **state)
{
  KafkaKit *f = *state;
  guint taken = 0;

  rd_kafka_mock_broker_set_down (f->cluster, 1);
  for (;;)
    {
      g_autoptr (HmMessage) message = kit_message (taken + 1, "key", "{}");

      if (taken > 5000 || !f->publisher->plugin->publisher->publish (f->publisher->self, message))
        break;
      taken++;
    }
  /* One may have come back with the reason. */
  assert_int_equal (taken - kit_publisher_count (f->publisher, HM_DELIVERY_RETRY), 1000);
}

/* -- the end -- */

/* How much had been confirmed when free() came back. */
static gpointer
end (gpointer data)
{
  KitPublisher *publisher = data;
  guint n;

  kit_publisher_stop (publisher);
  g_mutex_lock (&publisher->lock);
  n = publisher->confirmed->len;
  g_mutex_unlock (&publisher->lock);
  return GUINT_TO_POINTER (n);
}

/* Who confirms uses the worker and the outbox, which are freed after the publisher. */
static void
kafka_confirms_nothing_after_its_end_when_it_is_left_behind (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  GThread *thread;

  *state = f;
  kafka_kit_start (f, f->brokers, NULL, NULL);
  kit_publisher_hold (f->publisher);
  kafka_kit_publish (f, 1, "key", "{}");
  kit_publisher_await_held (f->publisher, 1);
  kafka_kit_listen ("left behind");
  thread = g_thread_new ("end", end, f->publisher);
  kafka_kit_await_line ();
  kit_publisher_release (f->publisher);
  assert_int_equal (GPOINTER_TO_UINT (g_thread_join (thread)), 1);
}

/* -- TLS material -- */

static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBdDCCARugAwIBAgIUOeKfMhLDwd6g56q8t692qjN6vgQwCgYIKoZIzj0EAwIw\n"
                                "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjExMTQzMzZaGA8yMTI2MTAyODExNDMz\n"
                                "NlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCgU\n"
                                "EQuT0B0EDQ6p/UUGnL3sAb8TMhpTxSOhcDmzrpppyRQlTLvFH8gJQZttRK3cpON2\n"
                                "d9YQSuaPb7BjheBcX2ujUzBRMB0GA1UdDgQWBBRfvbBnGMwUKi07wUv5ZlSb82Mb\n"
                                "/jAfBgNVHSMEGDAWgBRfvbBnGMwUKi07wUv5ZlSb82Mb/jAPBgNVHRMBAf8EBTAD\n"
                                "AQH/MAoGCCqGSM49BAMCA0cAMEQCID1Wr8QrgDDYTEqLzM0bAI1o3QzA4NSDL4w4\n"
                                "7FkrNjykAiARbDe+7rF7U81JEaKjKugFKLO79ufqCmF4g03BkBAsYA==\n"
                                "-----END CERTIFICATE-----\n";

/* A host is metered although its bus is not set up yet; what the outbox is told is why. */
static void
kafka_makes_a_client_when_the_file_of_the_authority_comes (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "ca.pem", NULL);
  g_autoptr (GError) error = NULL;
  guint64 clients;

  *state = f;
  kafka_kit_listen ("ssl.ca.location");
  f->publisher
      = kit_publisher_new ("kafka", &error, "topic", KAFKA_KIT_TOPIC, "kafka.bootstrap.servers", f->brokers,
                           "kafka.security.protocol", "ssl", "kafka.ssl.ca.location", path, NULL);
  assert_non_null (f->publisher->self);
  assert_int_equal (kafka_kit_lines (), 1);
  assert_true (f->publisher->plugin->publisher->start (f->publisher->self, &error));
  kafka_kit_publish (f, 1, "key", "{}");
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_RETRY);
  assert_non_null (strstr (kit_publisher_word (f->publisher, 0)->reason, "ssl.ca.location"));
  assert_true (kafka_kit_figure (f, "agent.publisher.clients", &clients));
  assert_int_equal (clients, 0);
  kit_write_file (folder, "ca.pem", authority);
  kafka_kit_await_figure (f, "agent.publisher.clients", 1);
  kit_remove_tree (folder);
}

/* -- configuration -- */

static void
assert_refused (const char *key, const char *value, const char *part)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher = kit_publisher_new ("kafka", &error, key, value, NULL);

  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
  kit_publisher_free (publisher);
}

static void
kafka_refuses_a_key_when_delivery_rests_on_it (void **state)
{
  static const char *const keys[] = { "kafka.acks",
                                      "kafka.request.required.acks",
                                      "kafka.enable.idempotence",
                                      "kafka.partitioner",
                                      "kafka.message.timeout.ms",
                                      "kafka.delivery.timeout.ms",
                                      "kafka.max.in.flight",
                                      "kafka.enable.gapless.guarantee",
                                      "kafka.delivery.report.only.error",
                                      "kafka.enable.auto.commit",
                                      "kafka.enable.auto.offset.store",
                                      "kafka.auto.offset.reset",
                                      "kafka.isolation.level",
                                      "kafka.transactional.id",
                                      "kafka.max.in.flight.requests.per.connection" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    assert_refused (keys[i], "1", keys[i]);
}

static void
kafka_refuses_a_key_when_librdkafka_does_not_know_it (void **state)
{
  (void)state;
  assert_refused ("kafka.no.such.key", "1", "kafka.no.such.key");
  assert_refused ("kafka.linger.ms", "soon", "kafka.linger.ms");
  assert_refused ("kafka.dr_cb", "1", "kafka.dr_cb");
}

/* Such a client plays its brokers itself: it confirms all, and all is lost. */
static void
kafka_refuses_a_key_when_it_makes_brokers_up (void **state)
{
  (void)state;
  assert_refused ("kafka.test.mock.num.brokers", "1", "kafka.test.mock.num.brokers");
  assert_refused ("kafka.test.mock.broker.rtt", "1", "kafka.test.mock.broker.rtt");
}

static void
kafka_refuses_a_topic_when_no_broker_would_take_its_name (void **state)
{
  g_autofree char *longest = g_strnfill (249, 't'), *longer = g_strconcat (longest, "t", NULL);
  KitPublisher *publisher = kit_publisher_new ("kafka", NULL, "topic", longest, "declare-topic", "", NULL);

  (void)state;
  assert_non_null (publisher->self);
  kit_publisher_free (publisher);
  assert_refused ("topic", longer, "topic: ");
  assert_refused ("topic", "", "topic: no topic has such a name");
  assert_refused ("topic", "two words", "topic: ");
  assert_refused ("topic", "..", "topic: ");
  assert_refused ("declare-topic", "hypermeter/meters", "declare-topic: ");
}

/* Each key alone is fine; only a client that is built shows it. */
static void
kafka_refuses_keys_when_they_contradict_the_guarantee (void **state)
{
  (void)state;
  assert_refused ("kafka.queuing.strategy", "lifo", "queuing.strategy");
  assert_refused ("kafka.retries", "0", "retries");
}

static void
kafka_refuses_a_size_when_the_largest_record_would_not_pass (void **state)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher = kit_publisher_new ("kafka", &error, "kafka.message.max.bytes", "1114112", NULL);

  (void)state;
  assert_non_null (publisher->self);
  kit_publisher_free (publisher);
  assert_refused ("kafka.message.max.bytes", "1114111", "kafka.message.max.bytes");
}

/* The file may come; the contradiction stays. */
static void
kafka_refuses_a_contradiction_when_a_file_is_missing_as_well (void **state)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher
      = kit_publisher_new ("kafka", &error, "kafka.security.protocol", "ssl", "kafka.ssl.ca.location",
                           "/nowhere.pem", "kafka.queuing.strategy", "lifo", NULL);

  (void)state;
  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, "queuing.strategy");
  kit_publisher_free (publisher);
}

/* The refusal of a value must not print the value: it may be a secret. */
static void
kafka_keeps_a_secret_when_it_refuses_its_value (void **state)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher
      = kit_publisher_new ("kafka", &error, "kafka.security.protocol", "hunter2-in-the-wrong-line", NULL);

  (void)state;
  assert_null (publisher->self);
  assert_null (strstr (error->message, "hunter2"));
  kit_publisher_free (publisher);
}

static void
kafka_takes_a_secret_from_a_file_when_only_its_owner_reads_it (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "password", NULL);
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher;

  (void)state;
  kit_write_file (folder, "password", "GSSAPI\n");
  assert_int_equal (g_chmod (path, 0600), 0);
  /* A key whose value librdkafka checks shows that the file's text, without its line end, got there. */
  publisher = kit_publisher_new ("kafka", &error, "kafka.sasl.password.file", path, NULL);
  assert_non_null (publisher->self);
  kit_publisher_free (publisher);
  publisher = kit_publisher_new ("kafka", &error, "kafka.linger.ms.file", path, NULL);
  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, "kafka.linger.ms");
  kit_publisher_free (publisher);
  kit_write_file (folder, "password", "25\n");
  assert_int_equal (g_chmod (path, 0600), 0);
  publisher = kit_publisher_new ("kafka", &error, "kafka.linger.ms.file", path, NULL);
  assert_non_null (publisher->self);
  kit_publisher_free (publisher);
  kit_remove_tree (folder);
}

static void
kafka_refuses_a_secret_file_when_everybody_can_read_it (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "password", NULL);

  (void)state;
  kit_write_file (folder, "password", "secret\n");
  assert_int_equal (g_chmod (path, 0644), 0);
  assert_refused ("kafka.sasl.password.file", path, "mode is 0644");
  assert_refused ("kafka.sasl.password.file", "/nowhere/password", "/nowhere/password");
  assert_refused ("kafka.sasl.password.file", folder, folder);
  assert_refused ("kafka.acks.file", path, "kafka.acks.file");
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define WITH_CLUSTER(test) cmocka_unit_test_setup_teardown (test, kafka_kit_set_up, kafka_kit_tear_down)
    WITH_CLUSTER (kafka_delivers_key_headers_and_value_when_it_publishes),
    WITH_CLUSTER (kafka_chooses_the_partition_by_murmur2_when_it_publishes),
    WITH_CLUSTER (kafka_loses_nothing_and_keeps_the_order_when_the_broker_errs_for_a_while),
    WITH_CLUSTER (kafka_gives_back_for_retry_when_the_broker_refuses),
    WITH_CLUSTER (kafka_sends_again_when_acknowledged_without_an_offset),
    WITH_CLUSTER (kafka_rejects_a_record_when_the_client_finds_it_too_large),
    WITH_CLUSTER (kafka_delivers_a_record_when_it_is_as_large_as_can_be),
    WITH_CLUSTER (kafka_rejects_only_the_one_when_the_broker_refuses_a_batch),
    WITH_CLUSTER (kafka_rejects_only_the_one_when_a_batch_is_larger_than_a_segment),
    WITH_CLUSTER (kafka_waits_says_so_once_and_delivers_when_the_broker_comes_back),
    WITH_CLUSTER (kafka_gives_everything_back_when_it_is_freed_without_a_broker),
    WITH_CLUSTER (kafka_takes_no_more_than_its_queue_when_nothing_is_confirmed),
    cmocka_unit_test_teardown (kafka_confirms_nothing_after_its_end_when_it_is_left_behind,
                               kafka_kit_tear_down),
    cmocka_unit_test_teardown (kafka_makes_a_client_when_the_file_of_the_authority_comes,
                               kafka_kit_tear_down),
    cmocka_unit_test (kafka_refuses_a_key_when_delivery_rests_on_it),
    cmocka_unit_test (kafka_refuses_a_key_when_librdkafka_does_not_know_it),
    cmocka_unit_test (kafka_refuses_a_key_when_it_makes_brokers_up),
    cmocka_unit_test (kafka_refuses_a_topic_when_no_broker_would_take_its_name),
    cmocka_unit_test (kafka_refuses_keys_when_they_contradict_the_guarantee),
    cmocka_unit_test (kafka_refuses_a_size_when_the_largest_record_would_not_pass),
    cmocka_unit_test (kafka_refuses_a_contradiction_when_a_file_is_missing_as_well),
    cmocka_unit_test (kafka_keeps_a_secret_when_it_refuses_its_value),
    cmocka_unit_test (kafka_takes_a_secret_from_a_file_when_only_its_owner_reads_it),
    cmocka_unit_test (kafka_refuses_a_secret_file_when_everybody_can_read_it),
  };

  return cmocka_run_group_tests_name ("kafka", tests, NULL, NULL);
}
