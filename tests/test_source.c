/* SPDX-License-Identifier: Apache-2.0 */
/* test_source: the consumer against librdkafka's mock cluster, with pipeline, engine and a real store behind
 * it. What the mock cluster does not have (append times, static members, several collectors) is tested with a
 * real broker. */
#include "tests/source_kit.h"

#include <stdio.h>
#include <string.h>

/* -- what is said -- */

static gint alarms, receipts; /* atomic: librdkafka's own threads say something, too */

static void
capture (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)fields;
  (void)user;
  g_atomic_int_add (&alarms, level == G_LOG_LEVEL_CRITICAL);
  g_atomic_int_add (&receipts, strstr (text, "LogAppendTime") != NULL);
}

static int
set_up_quiet (void **state)
{
  g_atomic_int_set (&alarms, 0);
  g_atomic_int_set (&receipts, 0);
  hm_log_capture (capture, NULL);
  return bus_set_up (state);
}

static int
tear_down_quiet (void **state)
{
  hm_log_capture (NULL, NULL);
  return bus_tear_down (state);
}

/* -- cases -- */

static gboolean
check_raw (const HmRawRow *row, gpointer user)
{
  (void)user;
  assert_string_equal (row->signature, "v1;k;00");
  assert_string_equal (row->topic, BUS_TOPIC);
  assert_int_equal (row->appended, row->received); /* nothing better is known of the mock cluster */
  return TRUE;
}

static void
source_takes_everything_and_says_once_whose_time_it_took (void **state)
{
  Bus *bus = *state;
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  bus_with_group = TRUE;
  bus_produce_records (bus, 0, "r0", 1, 300);
  bus_produce_records (bus, 1, "r1", 1, 40);
  bus_collect_all (bus);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 340);
  assert_int_equal (bus_stored_offset (bus, 0), 300);
  assert_int_equal (bus_stored_offset (bus, 1), 40);
  assert_int_equal (g_atomic_int_get (&receipts), 1);
  assert_true (bus->kit->real->list_raw (bus->kit->store, &all, check_raw, NULL, NULL));
}

static void
source_goes_on_where_the_store_says_whatever_the_group (void **state)
{
  Bus *bus = *state;
  HmSourceCounts counts;

  bus_produce_records (bus, 0, "r0", 1, 50);
  bus_collect_all (bus);
  assert_null (bus_collect (bus, &counts)); /* another group, nothing new */
  assert_int_equal (counts.consumed, 0);
  bus_produce_records (bus, 0, "r0", 51, 10);
  assert_null (bus_collect (bus, &counts));
  assert_int_equal (counts.consumed, 10);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 60);
  assert_int_equal (g_atomic_int_get (&alarms), 0);
}

typedef struct
{
  guint calls;
  gboolean known;
  HmTime reached;
  GArray *rows; /* (element-type HmSourceReached) */
  gint64 stored;
} End;

static End end;

static void
ask_stored (HmEngine *engine, gpointer user)
{
  gboolean found;

  (void)user;
  assert_true (hm_engine_find_offset (engine, BUS_TOPIC, 0, &end.stored, &found, NULL));
}

static gboolean
note_end (gpointer user)
{
  const BusCollector *collector = user;

  end.calls++;
  end.known = hm_source_reached (collector->source, end.rows, &end.reached);
  hm_pipeline_call (collector->pipeline, ask_stored, NULL);
  return end.known;
}

static gboolean
note_end_the_third_time (gpointer user)
{
  (void)user;
  return ++end.calls == 3;
}

static gboolean
note_no_end (gpointer user)
{
  (void)user;
  end.calls++;
  return FALSE;
}

static gboolean
run_out_of_patience (gpointer user)
{
  BusCollector *collector = user;

  collector->source->settings.patience_ns = 0;
  return note_no_end (user);
}

/* Whoever is there for a moment alone has to say so now, or nobody knows that all is stored. */
static void
source_says_once_that_it_is_at_the_end (void **state)
{
  Bus *bus = *state;
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (HmSourceReached));
  HmTime before = hm_clock_system ()->wall (hm_clock_system ());

  end = (End){ .rows = rows };
  bus_at_end = note_end;
  bus_produce_records (bus, 0, "r0", 1, 50);
  bus_collect_all (bus);
  assert_int_equal (end.calls, 1);
  assert_true (end.known);
  assert_true (end.reached >= before);
  assert_int_equal (rows->len, BUS_PARTITIONS);
  assert_int_equal (g_array_index (rows, HmSourceReached, 0).next, 50);
  assert_int_equal (g_array_index (rows, HmSourceReached, 1).next, 0);
  assert_int_equal (end.stored, 50);
}

/* A broker may be silent for a moment just then. */
static void
source_says_again_that_it_is_at_the_end_until_it_is_noted (void **state)
{
  end = (End){ 0 };
  bus_at_end = note_end_the_third_time;
  bus_produce_records (*state, 0, "r0", 1, 5);
  bus_collect_all (*state);
  assert_int_equal (end.calls, 3);
}

static void
source_fails_when_its_end_is_not_noted_within_its_patience (void **state)
{
  GError *error;

  end = (End){ 0 };
  bus_at_end = run_out_of_patience;
  bus_produce_records (*state, 0, "r0", 1, 5);
  error = bus_collect (*state, NULL);
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "everything is stored, but that could not be noted");
  assert_int_equal (end.calls, 2);
  assert_int_equal (bus_stored_offset (*state, 0), 5);
}

static void
source_begins_an_empty_topic_without_a_word (void **state)
{
  bus_collect_all (*state);
  assert_int_equal (bus_stored_offset (*state, 1), 0);
  assert_int_equal (g_atomic_int_get (&alarms), 0);
}

static void
source_takes_a_message_without_a_value_for_a_dead_letter (void **state)
{
  Bus *bus = *state;
  g_autofree char *letters = NULL;

  bus_produce (bus, 0, "r", "a/b/c/1", NULL, 0);
  bus_produce_records (bus, 0, "r0", 1, 1);
  bus_collect_all (bus);
  letters = engine_kit_letters (bus->kit);
  assert_true (g_str_has_prefix (letters, "bad-json: "));
  assert_int_equal (engine_kit_raw_rows (bus->kit), 1);
}

/* One record of resource r0 under any key, with any headers. */
static void
produce_odd (Bus *bus, gconstpointer key, gsize key_length, rd_kafka_headers_t *headers)
{
  char value[] = "whatever";

  assert_int_equal (rd_kafka_producev (bus->producer, RD_KAFKA_V_TOPIC (BUS_TOPIC), RD_KAFKA_V_PARTITION (0),
                                       RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_KEY (key, key_length),
                                       RD_KAFKA_V_VALUE (value, strlen (value)), RD_KAFKA_V_HEADERS (headers),
                                       RD_KAFKA_V_END),
                    0);
  assert_int_equal (rd_kafka_flush (bus->producer, 30000), 0);
}

#define NO_JSON "bad-json: lexical error: invalid char in json text. at byte 1;"

static void
source_takes_a_message_with_odd_headers_for_a_dead_letter (void **state)
{
  static const char expected[] = "bad-signature: hm-signature: there more than once;"
                                 "bad-signature: hm-signature: 1048576 bytes, of 1024 at most;"
                                 "bad-signature: ce_id: empty, or with bytes that are not printable ASCII;"
                                 "bad-schema: ce_type: there more than once;" NO_JSON NO_JSON;
  Bus *bus = *state;
  g_autofree char *large = g_malloc0 (1 << 20);
  g_autofree char *letters = NULL;
  rd_kafka_headers_t *headers[6];

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    headers[i] = rd_kafka_headers_new (2);
  for (guint i = 0; i < 2; i++)
    {
      rd_kafka_header_add (headers[0], "hm-signature", -1, "v1;k;00", -1);
      rd_kafka_header_add (headers[3], "ce_type", -1, "hypermeter.samples/1", -1);
    }
  rd_kafka_header_add (headers[1], "hm-signature", -1, large, 1 << 20);
  rd_kafka_header_add (headers[2], "ce_id", -1, "a\0b", 3);
  bus_produce_records (bus, 0, "r0", 1, 5);
  for (guint i = 0; i < 5; i++)
    produce_odd (bus, "r0", 2, headers[i]);
  produce_odd (bus, large, 1 << 20, headers[5]);
  bus_collect_all (bus);
  bus_produce_records (bus, 0, "r0", 6, 5);
  bus_collect_all (bus); /* which knows the one before again */
  assert_int_equal (engine_kit_raw_rows (bus->kit), 10);
  letters = engine_kit_letters (bus->kit);
  assert_string_equal (letters, expected);
  assert_int_equal (g_atomic_int_get (&alarms), 0);
}

static void
source_halts_a_partition_that_ends_before_what_is_stored (void **state)
{
  Bus *bus = *state;
  gint64 next;
  GError *error;

  end = (End){ 0 };
  bus_at_end = note_no_end;
  bus_produce_records (bus, 0, "r0", 1, 5);
  bus_produce_records (bus, 1, "r1", 1, 5);
  assert_true (bus->kit->real->offset_init (bus->kit->store, BUS_TOPIC, 0, 1000, &next, NULL));
  error = bus_collect (bus, NULL);
  kit_assert_error (&error, HM_ERROR_DATA, "that are halted: 1");
  assert_int_equal (end.calls, 1); /* nothing is gained by asking again */
  assert_int_equal (g_atomic_int_get (&alarms), 1);
  assert_int_equal (bus_stored_offset (bus, 0), 1000);
  assert_int_equal (bus_stored_offset (bus, 1), 5); /* the other one goes on */
}

static void
source_halts_a_partition_whose_records_are_others (void **state)
{
  Bus *bus = *state;
  GError *error;

  bus_produce_records (bus, 0, "r0", 1, 5);
  bus_collect_all (bus);
  rd_kafka_destroy (bus->producer); /* and the topic with it */
  bus_start_cluster (bus);
  bus_produce_records (bus, 0, "other", 100, 9);
  bus_produce_records (bus, 1, "r1", 1, 5);
  error = bus_collect (bus, NULL);
  kit_assert_error (&error, HM_ERROR_DATA, "that are halted: 1");
  assert_int_equal (g_atomic_int_get (&alarms), 1);
  assert_int_equal (bus_stored_offset (bus, 0), 5);
  assert_int_equal (bus_stored_offset (bus, 1), 5);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 10);
}

static gboolean
append_gap (const HmGapRow *row, gpointer text)
{
  g_string_append_printf (text, "%s/%d %d-%d;", row->topic, row->partition, (int)row->from, (int)row->to);
  return TRUE;
}

static char *
gaps_of (Bus *bus)
{
  GString *text = g_string_new (NULL);

  assert_true (bus->kit->real->list_gaps (bus->kit->store, append_gap, text, NULL));
  return g_string_free (text, FALSE);
}

static void
source_ends_and_notes_one_gap_when_retention_has_emptied_a_partition (void **state)
{
  Bus *bus = *state;
  gint64 next;
  HmSourceCounts counts;
  g_autofree char *gaps = NULL;

  bus_produce_records (bus, 0, "r0", 1, 5);
  assert_true (bus->kit->real->offset_init (bus->kit->store, BUS_TOPIC, 0, 2, &next, NULL));
  bus_emptied_up_to = 5;
  assert_null (bus_collect (bus, &counts));
  assert_int_equal (counts.gaps, 3);
  assert_int_equal (bus_stored_offset (bus, 0), 5);
  assert_null (bus_collect (bus, &counts)); /* not said, not counted again */
  assert_int_equal (counts.gaps, 0);
  assert_int_equal (g_atomic_int_get (&alarms), 1);
  gaps = gaps_of (bus);
  assert_string_equal (gaps, BUS_TOPIC "/0 2-5;");
}

/* The mock cluster keeps 5 MiB of a partition. */
static void
source_says_what_the_bus_has_dropped_and_goes_on (void **state)
{
  Bus *bus = *state;
  g_autofree char *padding = g_strnfill (100000, ' ');
  HmSourceCounts counts;

  bus_produce_records (bus, 0, "r0", 1, 3);
  bus_collect_all (bus);
  for (guint i = 0; i < 90; i++)
    bus_produce (bus, 0, "r", "a/b/c/1", padding, 100000);
  bus_produce_records (bus, 0, "r0", 4, 2);
  assert_null (bus_collect (bus, &counts));
  assert_true (counts.gaps > 0);
  assert_int_equal (g_atomic_int_get (&alarms), 1);
  assert_int_equal (counts.gaps + counts.consumed, 92);
  assert_int_equal (bus_stored_offset (bus, 0), 95);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 5);
}

static void
source_gives_up_on_a_broker_that_is_not_there (void **state)
{
  Bus *bus = *state;
  BusCollector collector;
  GError *error = NULL;

  bus_patience_ns = 100 * HM_NSEC_PER_MSEC;
  bus_start_collector (bus, &collector, "127.0.0.1:1", TRUE);
  assert_false (hm_source_run (collector.source, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "topic " BUS_TOPIC);
  bus_end_collector (&collector);
}

static rd_kafka_mock_cluster_t *leaving;

static void
leave_when_stored (gpointer user)
{
  const BusCollector *collector = user;

  if (leaving == NULL || hm_pipeline_committed (collector->pipeline, 0) < 10)
    return;
  rd_kafka_mock_broker_set_down (leaving, 1);
  leaving = NULL;
}

static void
source_ends_before_the_end_when_its_broker_has_gone (void **state)
{
  Bus *bus = *state;
  GError *error;

  bus_produce_records (bus, 0, "r0", 1, 10);
  bus_outdated_end = 20; /* half of it is still to come */
  leaving = bus->cluster;
  bus_meddle = leave_when_stored;
  bus_patience_ns = 5 * HM_NSEC_PER_SEC; /* in which it has to come to the broker, too */
  error = bus_collect (bus, NULL);
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "no broker has been there for more than 5s");
  assert_int_equal (bus_stored_offset (bus, 0), 10);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 10);
  rd_kafka_mock_broker_set_up (bus->cluster, 1);
  bus_outdated_end = 0;
  bus_patience_ns = 60 * HM_NSEC_PER_SEC;
  bus_produce_records (bus, 0, "r0", 11, 10);
  bus_collect_all (bus);
  assert_int_equal (bus_stored_offset (bus, 0), 20);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 20);
}

/* The client learns only in the middle of the question that nobody answers it any more. */
static void
ask_one_who_leaves (gpointer user)
{
  BusCollector *collector = user;
  HmWatermarks marks;

  if (leaving == NULL || hm_pipeline_committed (collector->pipeline, 0) < 10)
    return;
  rd_kafka_mock_broker_set_down (leaving, 1);
  leaving = NULL;
  assert_false (hm_source_ask_watermarks (collector->source, 0, &marks, &collector->error));
  kit_assert_error (&collector->error, HM_ERROR_UNAVAILABLE, "topic " BUS_TOPIC);
}

static void
source_does_not_wait_for_the_answer_of_a_broker_that_has_gone (void **state)
{
  Bus *bus = *state;
  GError *error;

  bus_produce_records (bus, 0, "r0", 1, 10);
  bus_outdated_end = 20; /* it is not at its end */
  leaving = bus->cluster;
  bus_meddle = ask_one_who_leaves;
  bus_patience_ns = HM_NSEC_PER_SEC;
  error = bus_collect (bus, NULL);
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "no broker has been there for more than 1s");
  assert_null (leaving);
}

static gpointer
run (gpointer user)
{
  BusCollector *collector = user;

  return GINT_TO_POINTER (hm_source_run (collector->source, &collector->error));
}

static void
source_waits_for_a_broker_until_it_is_told_to_stop (void **state)
{
  Bus *bus = *state;
  BusCollector collector;
  GThread *thread;

  bus_start_collector (bus, &collector, "127.0.0.1:1", FALSE);
  thread = g_thread_new ("run", run, &collector);
  hm_source_stop (collector.source);
  assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  bus_end_collector (&collector);
}

/* -- a store that does not do as it is told -- */

static const HmStoreOps *sound;
static gint refusals; /* atomic: so many begins are still to fail */

static gboolean
absent_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  if (g_atomic_int_add (&refusals, -1) <= 0)
    return sound->begin (store, moves, n, ret_owned, error);
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database is away");
  return FALSE;
}

static gboolean
disowning_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  if (g_atomic_int_add (&refusals, -1) <= 0)
    return sound->begin (store, moves, n, ret_owned, error);
  *ret_owned = FALSE;
  return TRUE;
}

static void
source_takes_everything_after_the_database_was_away (void **state)
{
  Bus *bus = *state;

  bus_produce_records (bus, 0, "r0", 1, 1000); /* more than the queues hold */
  sound = bus->kit->real;
  bus->kit->ops.begin = absent_begin;
  refusals = 4;
  bus_collect_all (bus);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 1000);
  assert_int_equal (bus_stored_offset (bus, 0), 1000);
}

static gint64 give_up_at;

/* As soon as it is paused, its partitions are taken and given back, and the database returns. */
static void
take_and_give_back (gpointer collector)
{
  HmSource *source = ((BusCollector *)collector)->source;
  rd_kafka_topic_partition_list_t *all;

  if (hm_source_now () > give_up_at)
    hm_source_stop (source);
  if (!source->paused || g_atomic_int_get (&refusals) <= 0)
    return;
  all = rd_kafka_topic_partition_list_new (BUS_PARTITIONS);
  rd_kafka_topic_partition_list_add_range (all, BUS_TOPIC, 0, BUS_PARTITIONS - 1);
  hm_source_rebalanced (source->client, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, all, source);
  g_atomic_int_set (&refusals, 0);
  hm_source_rebalanced (source->client, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, all, source);
  rd_kafka_topic_partition_list_destroy (all);
}

static void
source_goes_on_when_its_partitions_were_taken_while_it_was_paused (void **state)
{
  Bus *bus = *state;

  bus_produce_records (bus, 0, "r0", 1, 6000); /* more than the queues hold, however they come */
  sound = bus->kit->real;
  bus->kit->ops.begin = absent_begin;
  refusals = G_MAXINT;
  give_up_at = hm_source_now () + 60 * HM_NSEC_PER_SEC;
  bus_meddle = take_and_give_back;
  bus_collect_all (bus);
  assert_int_equal (bus_stored_offset (bus, 0), 6000);
}

static gboolean
later_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next, gboolean *ret_found,
                  GError **error)
{
  bus_outdated_end = 0;
  return sound->offset_get (store, topic, partition, ret_next, ret_found, error);
}

static void
source_asks_for_the_end_again_when_the_store_was_ahead_of_it (void **state)
{
  Bus *bus = *state;

  bus_produce_records (bus, 0, "r0", 1, 5);
  bus_collect_all (bus);
  sound = bus->kit->real;
  bus->kit->ops.offset_get = later_offset_get;
  bus_outdated_end = 3;
  bus_collect_all (bus);
  assert_true (bus_outdated_end == 0 && g_atomic_int_get (&alarms) == 0);
}

static void
source_asks_again_where_it_is_when_an_offset_was_moved (void **state)
{
  Bus *bus = *state;
  HmSourceCounts counts;

  bus_produce_records (bus, 0, "r0", 1, 500);
  sound = bus->kit->real;
  bus->kit->ops.begin = disowning_begin;
  refusals = 2;
  assert_null (bus_collect (bus, &counts));
  assert_true (counts.assignments >= 2); /* one new one may answer several refusals */
  assert_int_equal (engine_kit_raw_rows (bus->kit), 500);
  assert_int_equal (bus_stored_offset (bus, 0), 500);
}

static gboolean
broken_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next, gboolean *ret_found,
                   GError **error)
{
  (void)store;
  (void)topic;
  (void)partition;
  (void)ret_next;
  (void)ret_found;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_INTERNAL, "the file is damaged");
  return FALSE;
}

static void
source_ends_when_the_store_is_broken (void **state)
{
  Bus *bus = *state;
  GError *error;

  bus->kit->ops.offset_get = broken_offset_get;
  error = bus_collect (bus, NULL);
  kit_assert_error (&error, HM_ERROR_INTERNAL, "damaged");
}

static void
source_survives_errors_of_the_broker (void **state)
{
  Bus *bus = *state;

  bus_produce_records (bus, 0, "r0", 1, 100);
  bus_produce_records (bus, 1, "r1", 1, 100);
  rd_kafka_mock_push_request_errors (bus->cluster, 1 /* Fetch */, 3,
                                     RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
                                     RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  rd_kafka_mock_push_request_errors (bus->cluster, 2 /* ListOffsets */, 1,
                                     RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  bus_collect_all (bus);
  assert_int_equal (engine_kit_raw_rows (bus->kit), 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up_quiet, tear_down_quiet)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (source_takes_everything_and_says_once_whose_time_it_took),
    CASE (source_goes_on_where_the_store_says_whatever_the_group),
    CASE (source_says_once_that_it_is_at_the_end),
    CASE (source_begins_an_empty_topic_without_a_word),
    CASE (source_takes_a_message_without_a_value_for_a_dead_letter),
    CASE (source_takes_a_message_with_odd_headers_for_a_dead_letter),
    CASE (source_says_again_that_it_is_at_the_end_until_it_is_noted),
    CASE (source_fails_when_its_end_is_not_noted_within_its_patience),
    CASE (source_halts_a_partition_that_ends_before_what_is_stored),
    CASE (source_halts_a_partition_whose_records_are_others),
    CASE (source_says_what_the_bus_has_dropped_and_goes_on),
    CASE (source_ends_and_notes_one_gap_when_retention_has_emptied_a_partition),
    CASE (source_ends_when_the_store_is_broken),
    CASE (source_gives_up_on_a_broker_that_is_not_there),
    CASE (source_ends_before_the_end_when_its_broker_has_gone),
    CASE (source_does_not_wait_for_the_answer_of_a_broker_that_has_gone),
    CASE (source_waits_for_a_broker_until_it_is_told_to_stop),
    CASE (source_takes_everything_after_the_database_was_away),
    CASE (source_asks_again_where_it_is_when_an_offset_was_moved),
    CASE (source_goes_on_when_its_partitions_were_taken_while_it_was_paused),
    CASE (source_asks_for_the_end_again_when_the_store_was_ahead_of_it),
    CASE (source_survives_errors_of_the_broker),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
