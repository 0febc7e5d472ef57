/* SPDX-License-Identifier: Apache-2.0 */
/* test_kafka_declare: meters declared by the publisher `kafka`, against librdkafka's mock cluster: before the first
 * record, again by each new client, and what a cluster that does not take them costs. */
#include "tests/kafka_kit.h"

#include <string.h>

#define DECLARED "hypermeter.meters"

static const HmMeter rows[] = {
  { "cpu", HM_CUMULATIVE, "ns", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE, "CPU time" },
  { "memory", HM_GAUGE, "MiB", HM_VALUE_U64, 0, HM_HOLD_ALLOCATION, 0, HM_LIFE_PROCESS, FALSE, "Memory" },
  { "room.light", HM_GAUGE, "count", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, TRUE,
    "Of \"lamps\"" },
};

#define ROWS G_N_ELEMENTS (rows)

static int
set_up (void **state)
{
  HmMeterTable *table = hm_meter_table_new ();

  for (guint i = 0; i < ROWS; i++)
    assert_true (hm_meter_table_add (table, &rows[i], "test", NULL));
  kit_publisher_meters = table;
  *state = kafka_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  kafka_kit_tear_down (state);
  hm_meter_table_free ((HmMeterTable *)(guintptr)kit_publisher_meters);
  kit_publisher_meters = NULL;
  return 0;
}

static guint64
figure (KafkaKit *f, const char *meter)
{
  guint64 value;

  assert_true (kafka_kit_figure (f, meter, &value));
  return value;
}

static gboolean
is_taken (KafkaKit *f)
{
  g_autoptr (HmMessage) message = kit_message (1, "key", "{}");

  return f->publisher->plugin->publisher->publish (f->publisher->self, message);
}

/* -- cases -- */

static void
declare_writes_each_row_under_its_name_when_it_starts (void **state)
{
  KafkaKit *f = *state;
  g_autoptr (GPtrArray) messages = NULL;

  kafka_kit_start (f, f->brokers, NULL, NULL);
  messages = kafka_kit_read (f->brokers, DECLARED, ROWS);
  for (guint i = 0; i < messages->len; i++)
    {
      const KafkaReceived *received = g_ptr_array_index (messages, i);
      const HmMeter *meter = hm_meter_table_find (kit_publisher_meters, received->key);
      g_autofree char *row = NULL;

      assert_non_null (meter);
      row = hm_meter_to_json (meter);
      assert_string_equal (received->value, row);
      assert_string_equal (g_hash_table_lookup (received->headers, "content-type"), "application/json");
    }
}

/* Where no broker answers, both wait; the first record is taken when every meter is known to be there. */
static void
declare_comes_before_the_first_record_when_the_broker_comes_late (void **state)
{
  KafkaKit *f = *state;

  rd_kafka_mock_broker_set_down (f->cluster, 1);
  kafka_kit_listen ("no broker can be reached");
  kafka_kit_start (f, f->brokers, NULL, NULL);
  kafka_kit_await_line ();
  /* One comes back at once and says why; then none is taken. */
  assert_true (is_taken (f));
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_RETRY);
  assert_non_null (strstr (kit_publisher_word (f->publisher, 0)->reason, "onnect"));
  hm_fake_clock_advance (f->publisher->clock, 3600 * HM_NSEC_PER_SEC);
  assert_false (is_taken (f));
  assert_int_equal (figure (f, "agent.publisher.declared"), 0);
  rd_kafka_mock_broker_set_up (f->cluster, 1);
  kafka_kit_publish (f, 1, "key", "{}");
  assert_int_equal (figure (f, "agent.publisher.declared"), ROWS);
  assert_int_equal (figure (f, "agent.publisher.declared.refused"), 0);
  kit_publisher_wait (f->publisher, 2);
  g_ptr_array_unref (kafka_kit_read (f->brokers, DECLARED, ROWS));
}

static void
declare_comes_again_before_the_next_record_when_the_client_is_new (void **state)
{
  KafkaKit *f = *state;

  kafka_kit_start (f, f->brokers, NULL, NULL);
  kafka_kit_await_figure (f, "agent.publisher.declared", ROWS);
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  kafka_kit_publish (f, 1, "key", "{}");
  kit_publisher_wait (f->publisher, 1);
  kafka_kit_publish (f, 1, "key", "{}");
  assert_int_equal (figure (f, "agent.publisher.clients"), 2);
  assert_int_equal (figure (f, "agent.publisher.declared"), 2 * ROWS);
}

static void
declare_holds_no_record_back_and_says_so_once_when_the_topic_is_missing (void **state)
{
  KafkaKit *f = *state;

  rd_kafka_mock_topic_set_error (f->cluster, DECLARED, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  kafka_kit_listen ("cannot be declared");
  kafka_kit_start (f, f->brokers, NULL, NULL);
  kafka_kit_deliver (f, 10, 3);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 10);
  kafka_kit_await_figure (f, "agent.publisher.declared.refused", ROWS + 1);
  assert_int_equal (kafka_kit_lines (), 1);
  kafka_kit_listen ("the meters are declared");
  rd_kafka_mock_topic_set_error (f->cluster, DECLARED, RD_KAFKA_RESP_ERR_NO_ERROR);
  kafka_kit_await_line ();
  g_ptr_array_unref (kafka_kit_read (f->brokers, DECLARED, ROWS));
}

static void
declare_holds_no_record_back_and_is_tried_again_when_the_broker_refuses_the_write (void **state)
{
  KafkaKit *f = *state;

  kafka_kit_listen ("cannot be declared");
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  kafka_kit_start (f, f->brokers, NULL, NULL);
  kafka_kit_deliver (f, 10, 3);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY), 0);
  assert_int_equal (kafka_kit_lines (), 1);
  g_ptr_array_unref (kafka_kit_read (f->brokers, DECLARED, ROWS));
}

/* The client would wait for a leader for ever, without a word. */
static void
declare_holds_records_back_for_seconds_only_when_its_partition_has_no_leader (void **state)
{
  KafkaKit *f = *state;

  rd_kafka_mock_topic_create (f->cluster, DECLARED, 1, 1);
  kafka_kit_lead (f, DECLARED, 0, FALSE);
  kafka_kit_listen ("3 meters cannot be declared on " DECLARED);
  kafka_kit_start (f, f->brokers, NULL, NULL);
  assert_false (is_taken (f));
  kafka_kit_age_until_line (f);
  kafka_kit_deliver (f, 10, 3);
  assert_int_equal (figure (f, "agent.publisher.declared"), 0);
  assert_int_equal (figure (f, "agent.publisher.declared.refused"), ROWS);
  assert_int_equal (kafka_kit_lines (), 1);
  kafka_kit_listen ("the meters are declared");
  kafka_kit_lead (f, DECLARED, 0, TRUE);
  kafka_kit_await_line ();
  g_ptr_array_unref (kafka_kit_read (f->brokers, DECLARED, ROWS));
  assert_int_equal (figure (f, "agent.publisher.declared"), ROWS);
}

/* Nothing is delivered that could tell that the broker is back: the client that was away with it is built anew. */
static void
declare_holds_records_back_for_seconds_only_when_the_broker_comes_back_without_a_leader (void **state)
{
  KafkaKit *f = *state;

  rd_kafka_mock_topic_create (f->cluster, DECLARED, 1, 1);
  kafka_kit_lead (f, DECLARED, 0, FALSE);
  kafka_kit_listen ("no broker can be reached");
  kafka_kit_start (f, f->brokers, NULL, NULL);
  rd_kafka_mock_broker_set_down (f->cluster, 1);
  kafka_kit_await_line ();
  rd_kafka_mock_broker_set_up (f->cluster, 1);
  kafka_kit_listen ("cannot be declared");
  kafka_kit_age_until_line (f);
  kafka_kit_deliver (f, 10, 3);
}

static void
declare_writes_all_when_the_queue_is_smaller (void **state)
{
  KafkaKit *f = *state;

  kafka_kit_start (f, f->brokers, "kafka.queue.buffering.max.messages", "1");
  g_ptr_array_unref (kafka_kit_read (f->brokers, DECLARED, ROWS));
}

static void
declare_writes_nothing_when_its_topic_is_empty (void **state)
{
  KafkaKit *f = *state;

  kafka_kit_start (f, f->brokers, "declare-topic", "");
  kafka_kit_deliver (f, 10, 3);
  assert_int_equal (figure (f, "agent.publisher.declared"), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define CASE(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    CASE (declare_writes_each_row_under_its_name_when_it_starts),
    CASE (declare_comes_before_the_first_record_when_the_broker_comes_late),
    CASE (declare_comes_again_before_the_next_record_when_the_client_is_new),
    CASE (declare_holds_no_record_back_and_says_so_once_when_the_topic_is_missing),
    CASE (declare_holds_no_record_back_and_is_tried_again_when_the_broker_refuses_the_write),
    CASE (declare_holds_records_back_for_seconds_only_when_its_partition_has_no_leader),
    CASE (declare_holds_records_back_for_seconds_only_when_the_broker_comes_back_without_a_leader),
    CASE (declare_writes_all_when_the_queue_is_smaller),
    CASE (declare_writes_nothing_when_its_topic_is_empty),
  };

  return cmocka_run_group_tests_name ("kafka_declare", tests, NULL, NULL);
}
