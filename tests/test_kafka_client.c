/* SPDX-License-Identifier: Apache-2.0 */
/* test_kafka_client: what the publisher `kafka` does when things go wrong below it, against librdkafka's mock cluster:
 * nothing is lost and each key's order is kept, whatever the brokers do. */
#include "tests/kafka_kit.h"

#include <string.h>

#define N    300
#define KEYS 5

static guint64
figure (KafkaKit *f, const char *meter)
{
  guint64 value;

  assert_true (kafka_kit_figure (f, meter, &value));
  return value;
}

static void
deliver_and_check (KafkaKit *f)
{
  g_autoptr (GPtrArray) messages = NULL;

  kafka_kit_deliver (f, N, KEYS);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), N);
  messages = kafka_kit_read (f->brokers, KAFKA_KIT_TOPIC, N);
  kafka_kit_assert_order (messages, N, KEYS);
}

/* The identity that it asks for is refused once, which librdkafka takes for the end. */
static void
client_is_built_anew_and_all_resent_when_an_error_is_fatal (void **state)
{
  KafkaKit *f = kafka_kit_new ();

  *state = f;
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_INIT_PRODUCER_ID, 1,
                         RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  kafka_kit_start (f, f->brokers, NULL, NULL);
  deliver_and_check (f);
  assert_int_equal (figure (f, "agent.publisher.clients"), 2);
}

/* The queue is small, so that there is always more to hand over while some come back. Two errors are not among them. For its policy a
 * broker refuses a batch for good, and the client sends the next one before anybody can call it back; that a batch is a duplicate the mock says
 * of what it never kept, and the client goes on as well. */
static void
client_keeps_the_order_when_errors_of_many_kinds_come (void **state)
{
  static const rd_kafka_resp_err_t errors[] = {
    RD_KAFKA_RESP_ERR_NO_ERROR,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_NO_ERROR,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    RD_KAFKA_RESP_ERR_NO_ERROR,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    RD_KAFKA_RESP_ERR_NO_ERROR,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
  };
  KafkaKit *f = kafka_kit_new ();

  *state = f;
  kafka_kit_start (f, f->brokers, "kafka.queue.buffering.max.messages", "20");
  for (guint i = 0; i < 4; i++)
    rd_kafka_mock_push_request_errors_array (f->cluster, KAFKA_KIT_PRODUCE, G_N_ELEMENTS (errors), errors);
  deliver_and_check (f);
  assert_true (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY) > 0);
}

/* The second address is another cluster's, and answers when the first one's is gone. */
static void
client_is_built_anew_when_the_broker_is_of_another_cluster (void **state)
{
  KafkaKit *f = kafka_kit_new (), *other = kafka_kit_new ();
  g_autofree char *both = g_strdup_printf ("%s,%s", f->brokers, other->brokers);
  g_autoptr (GPtrArray) messages = NULL;

  *state = f;
  rd_kafka_mock_broker_set_down (other->cluster, 1);
  kafka_kit_start (f, both, NULL, NULL);
  kafka_kit_deliver (f, 1, 1);
  rd_kafka_mock_broker_set_down (f->cluster, 1);
  rd_kafka_mock_broker_set_up (other->cluster, 1);
  kafka_kit_deliver (f, 2, 1);
  kafka_kit_await_figure (f, "agent.publisher.clients", 2);
  messages = kafka_kit_read (other->brokers, KAFKA_KIT_TOPIC, 1);
  assert_string_equal (((const KafkaReceived *)g_ptr_array_index (messages, 0))->value, "1");
  kit_publisher_free (g_steal_pointer (&f->publisher));
  kafka_kit_free (other);
}

/* -- a broker that vanishes, or is slow -- */

/* In the midst of a delivery, twice. */
static gpointer
vanish (gpointer data)
{
  KafkaKit *f = data;

  for (guint i = 1; i <= 2; i++)
    {
      kit_publisher_wait (f->publisher, i * N / 4);
      kafka_kit_listen ("no broker can be reached");
      rd_kafka_mock_broker_set_down (f->cluster, 1);
      kafka_kit_await_line ();
      rd_kafka_mock_broker_set_up (f->cluster, 1);
    }
  return NULL;
}

static void
client_loses_nothing_when_the_broker_vanishes_during_delivery (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  GThread *thread;

  *state = f;
  /* Small batches, so that there is a midst. */
  kafka_kit_start (f, f->brokers, "kafka.queue.buffering.max.messages", "10");
  thread = g_thread_new ("vanish", vanish, f);
  deliver_and_check (f);
  g_thread_join (thread);
}

static gpointer
quicken (gpointer data)
{
  KafkaKit *f = data;

  kafka_kit_await_line ();
  rd_kafka_mock_broker_set_rtt (f->cluster, 1, 0);
  return NULL;
}

/* So slow that requests run into their time limit, and their answers come when nobody waits for them any more. */
static void
client_loses_nothing_when_the_broker_is_slow (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  GThread *thread;

  *state = f;
  kafka_kit_start (f, f->brokers, "kafka.socket.timeout.ms", "500");
  kafka_kit_publish (f, 1, "key-0", "0");
  kit_publisher_wait (f->publisher, 1);
  kafka_kit_listen ("timed out");
  rd_kafka_mock_broker_set_rtt (f->cluster, 1, 700);
  thread = g_thread_new ("quicken", quicken, f);
  deliver_and_check (f);
  g_thread_join (thread);
}

/* -- a partition that takes nothing -- */

/* The client repeats it by itself, so nothing comes back. */
static void
client_loses_nothing_when_replicas_are_missing_for_a_while (void **state)
{
  KafkaKit *f = kafka_kit_new ();

  *state = f;
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 100, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  kafka_kit_start (f, f->brokers, NULL, NULL);
  deliver_and_check (f);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY), 0);
  kafka_kit_await_figure (f, "agent.publisher.requests", 100);
}

static int
partition_of (const char *key)
{
  return rd_kafka_msg_partitioner_murmur2 (NULL, key, strlen (key), KAFKA_KIT_PARTITIONS, NULL, NULL);
}

static void
client_says_once_that_a_record_is_stuck_when_its_partition_has_no_leader (void **state)
{
  KafkaKit *f = kafka_kit_new ();

  *state = f;
  kafka_kit_lead (f, KAFKA_KIT_TOPIC, partition_of ("key-0"), FALSE);
  kafka_kit_start (f, f->brokers, NULL, NULL);
  kafka_kit_publish (f, 1, "key-0", "{}");
  kafka_kit_publish (f, 2, "key-0", "{}");
  assert_int_equal (figure (f, "agent.publisher.stuck"), 0);
  kafka_kit_listen ("the first is of key-0");
  kafka_kit_age_until_line (f);
  kafka_kit_await_figure (f, "agent.publisher.stuck", 2);
  /* Others go their way. */
  assert_int_not_equal (partition_of ("key-1"), partition_of ("key-0"));
  kafka_kit_publish (f, 3, "key-1", "{}");
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->message->position, 3);
  assert_int_equal (kafka_kit_lines (), 1);
  kafka_kit_listen ("no record is stuck any more");
  kafka_kit_lead (f, KAFKA_KIT_TOPIC, partition_of ("key-0"), TRUE);
  kafka_kit_await_line ();
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 3);
  assert_int_equal (figure (f, "agent.publisher.stuck"), 0);
}

/* When the outbox was told why. */
static gpointer
give_leader (gpointer data)
{
  KafkaKit *f = data;
  gint64 deadline;

  kafka_kit_age_until_line (f);
  deadline = g_get_monotonic_time () + KAFKA_KIT_PATIENCE_US;
  while (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY) == 0 && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  kafka_kit_lead (f, KAFKA_KIT_TOPIC, partition_of ("key-0"), TRUE);
  return NULL;
}

static void
assert_told_why (KitPublisher *publisher)
{
  for (guint i = 0;; i++)
    {
      const KitConfirmed *word = kit_publisher_word (publisher, i);

      if (word->delivery != HM_DELIVERY_RETRY)
        continue;
      assert_non_null (strstr (word->reason, "of key-0: has each partition of " KAFKA_KIT_TOPIC " a leader"));
      return;
    }
}

static void
client_tells_the_outbox_why_and_keeps_the_order_when_stuck_records_leave_no_room (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  GThread *thread;

  *state = f;
  kafka_kit_lead (f, KAFKA_KIT_TOPIC, partition_of ("key-0"), FALSE);
  kafka_kit_start (f, f->brokers, "kafka.queue.buffering.max.messages", "20");
  kafka_kit_listen ("the first is of key-0");
  thread = g_thread_new ("give-leader", give_leader, f);
  deliver_and_check (f);
  g_thread_join (thread);
  assert_true (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY) > 0);
  assert_told_why (f->publisher);
}

/* -- figures -- */

/* It is told of the last interval of the statistics, where that had an answer: so there are answers all the time. Returns how many
 * records it took. */
static guint
deliver_until_rtt (KafkaKit *f)
{
  gint64 deadline = g_get_monotonic_time () + KAFKA_KIT_PATIENCE_US;
  guint words = f->publisher->confirmed->len, n = 0;
  guint64 rtt = 0;

  while (rtt == 0)
    {
      assert_true (g_get_monotonic_time () < deadline);
      kafka_kit_publish (f, N + ++n, "key", "more");
      kit_publisher_wait (f->publisher, words + n);
      kafka_kit_figure (f, "agent.publisher.rtt", &rtt);
    }
  return n;
}

static void
client_tells_its_traffic_and_never_less_when_it_is_built_anew (void **state)
{
  KafkaKit *f = kafka_kit_new ();
  guint64 bytes;
  guint more;

  *state = f;
  rd_kafka_mock_broker_set_down (f->cluster, 1); /* so that nothing is known yet */
  kafka_kit_start (f, f->brokers, NULL, NULL);
  assert_false (kafka_kit_figure (f, "agent.publisher.throttle", &bytes));
  rd_kafka_mock_broker_set_up (f->cluster, 1);
  kafka_kit_deliver (f, N, KEYS);
  kafka_kit_await_figure (f, "agent.publisher.bytes", N);
  kafka_kit_await_figure (f, "agent.publisher.requests", 1);
  kafka_kit_await_figure (f, "agent.publisher.brokers", 1);
  more = deliver_until_rtt (f);
  bytes = figure (f, "agent.publisher.bytes");
  kafka_kit_push_errors (f->cluster, KAFKA_KIT_PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  kafka_kit_publish (f, N + more + 1, "key", "again");
  kafka_kit_await_figure (f, "agent.publisher.clients", 2);
  assert_true (figure (f, "agent.publisher.bytes") >= bytes);
  assert_int_equal (figure (f, "agent.publisher.unproven"), 1);
  kafka_kit_await_figure (f, "agent.publisher.brokers", 1);
  assert_true (figure (f, "agent.publisher.bytes") > bytes);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define CASE(test) cmocka_unit_test_teardown (test, kafka_kit_tear_down)
    CASE (client_is_built_anew_and_all_resent_when_an_error_is_fatal),
    CASE (client_keeps_the_order_when_errors_of_many_kinds_come),
    CASE (client_is_built_anew_when_the_broker_is_of_another_cluster),
    CASE (client_loses_nothing_when_the_broker_vanishes_during_delivery),
    CASE (client_loses_nothing_when_the_broker_is_slow),
    CASE (client_loses_nothing_when_replicas_are_missing_for_a_while),
    CASE (client_says_once_that_a_record_is_stuck_when_its_partition_has_no_leader),
    CASE (client_tells_the_outbox_why_and_keeps_the_order_when_stuck_records_leave_no_room),
    CASE (client_tells_its_traffic_and_never_less_when_it_is_built_anew),
  };

  return cmocka_run_group_tests_name ("kafka_client", tests, NULL, NULL);
}
