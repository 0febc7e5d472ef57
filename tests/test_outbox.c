/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox: the outbox on disk, on a real file system: numbers, order, groups, release, restart, retry, reject. What goes wrong with
 * its files is in test_outbox_damage. */
#include "tests/outbox_kit.h"

#include <string.h>

/* -- the way through -- */

static void
outbox_gives_nothing_when_nothing_is_synced (void **state)
{
  OutboxKit *kit = *state;

  kit->options.linger_ns = 3600 * HM_NSEC_PER_SEC;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 1, 3);
  assert_null (kit->outbox->next (kit->outbox, 0));
  assert_int_equal (outbox_kit_status (kit).unsynced, 3);
  outbox_kit_flush (kit);
  assert_int_equal (outbox_kit_status (kit).unsynced, 0);
  outbox_kit_expect (kit, 0, "i-1/1 i-1/2 i-1/3");
}

static void
outbox_writes_by_itself_when_the_group_has_waited (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  outbox_kit_wait_change (kit);
  outbox_kit_expect (kit, 0, "i-1/1");
}

static void
outbox_keeps_the_order_when_classes_are_mixed (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  for (guint64 i = 1; i <= 6; i++)
    fake_append (kit->outbox, i % 2 == 0 ? HM_CLASS_DIAGNOSTIC : HM_CLASS_BILLING, "a", i, i);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2 a/3 a/4 a/5 a/6");
}

static void
outbox_numbers_each_resource_when_records_are_appended (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-2", 1, 1);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  assert_string_equal (message->id, "node-1/epoch-1/i-1/1");
  assert_string_equal (message->key, "i-1");
  assert_int_equal (HM_POSITION_NUMBER (message->position), 1);
  assert_int_equal (HM_POSITION_LANE (message->position), HM_CLASS_BILLING);
  hm_message_unref (message);
}

static void
outbox_refuses_a_record_when_it_cannot_be_encoded (void **state)
{
  OutboxKit *kit = *state;
  g_autoptr (GError) error = NULL;
  HmRecord record;

  outbox_kit_open (kit);
  fake_record (&record, "i-1", 1);
  record.resource.project = "\xff";
  assert_false (kit->outbox->append (kit->outbox, HM_CLASS_BILLING, &record, &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_DATA));
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "i-1/1");
}

static void
outbox_counts_what_it_refuses_when_nothing_of_a_record_is_left (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *device = g_strnfill (1000, 'd');
  HmSample sample;
  HmRecord record;

  kit->options.max_record_bytes = 1000;
  outbox_kit_open (kit);
  fake_record (&record, "i-1", 1);
  sample = record.samples[0];
  sample.device = device;
  record.samples = &sample;
  record.n_samples = 1;
  kit->outbox->append (kit->outbox, HM_CLASS_BILLING, &record, NULL);
  assert_int_equal (outbox_kit_status (kit).refused, 1);
}

/* -- publishers -- */

static void
outbox_gives_again_in_order_when_one_is_to_be_tried_again (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *messages[3];

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  for (guint i = 0; i < 3; i++)
    messages[i] = kit->outbox->next (kit->outbox, 0);
  kit->outbox->confirm (kit->outbox, 0, messages[0], HM_DELIVERY_DONE, NULL);
  kit->outbox->confirm (kit->outbox, 0, messages[1], HM_DELIVERY_RETRY, "away");
  assert_null (kit->outbox->next (kit->outbox, 0));
  kit->outbox->confirm (kit->outbox, 0, messages[2], HM_DELIVERY_RETRY, "away");
  outbox_kit_expect (kit, 0, "a/2 a/3");
  for (guint i = 0; i < 3; i++)
    hm_message_unref (messages[i]);
}

static void
outbox_gives_again_when_a_publisher_was_full (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  kit->outbox->put_back (kit->outbox, 0, message);
  hm_message_unref (message);
  outbox_kit_expect (kit, 0, "a/1 a/2");
}

static void
outbox_says_a_gap_when_a_required_publisher_rejects (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;
  OutboxGap gap;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  kit->outbox->confirm (kit->outbox, 0, message, HM_DELIVERY_REJECT, "too large");
  hm_message_unref (message);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.records, 1);
  assert_string_equal (gap.reason, "rejected: too large");
  assert_int_equal (outbox_kit_status (kit).rejected, 1);
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
}

static void
outbox_says_no_gap_when_an_optional_publisher_rejects (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 1);
  kit->outbox->confirm (kit->outbox, 1, message, HM_DELIVERY_REJECT, "too large");
  hm_message_unref (message);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1");
}

static void
outbox_keeps_each_publishers_place_when_they_differ (void **state)
{
  OutboxKit *kit = *state;
  HmOutboxPublisherStatus status;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 4);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2 a/3 a/4");
  outbox_kit_take (kit, 1, 2);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  kit->outbox->publisher_status (kit->outbox, 0, &status);
  assert_int_equal (status.waiting, 0);
  kit->outbox->publisher_status (kit->outbox, 1, &status);
  assert_int_equal (status.waiting, 2);
  assert_string_equal (status.name, "optional");
  assert_int_equal (outbox_kit_status (kit).waiting, 0);
  outbox_kit_expect (kit, 0, "");
  outbox_kit_expect (kit, 1, "a/3 a/4");
}

static void
outbox_begins_at_the_oldest_when_a_publisher_is_new (void **state)
{
  OutboxKit *kit = *state;

  kit->options.n_publishers = 1;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  outbox_kit_take (kit, 0, 1);
  outbox_kit_close (kit);
  kit->options.n_publishers = 2;
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/2");
  outbox_kit_expect (kit, 1, "a/1 a/2");
}

static void
outbox_keeps_the_place_when_a_publisher_is_not_configured_for_a_while (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  outbox_kit_take (kit, 1, 2);
  outbox_kit_close (kit);
  kit->options.n_publishers = 1;
  outbox_kit_open (kit);
  outbox_kit_close (kit);
  kit->options.n_publishers = 2;
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 1, "a/3");
}

static void
outbox_gives_all_again_when_it_is_replayed (void **state)
{
  OutboxKit *kit = *state;
  g_autoptr (GError) error = NULL;
  guint64 records = 0;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2 a/3");
  assert_true (kit->outbox->replay (kit->outbox, "required", (const guint64[]){ 2, 1 }, &records, &error));
  assert_int_equal (records, 2);
  outbox_kit_expect (kit, 0, "a/2 a/3");
  assert_true (
      kit->outbox->replay (kit->outbox, "required", (const guint64[]){ G_MAXUINT64, 1 }, &records, &error));
  assert_int_equal (records, 0);
  outbox_kit_expect (kit, 0, "");
  assert_false (kit->outbox->replay (kit->outbox, "nobody", (const guint64[]){ 1, 1 }, &records, &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_USAGE));
}

/* -- over the end of the process -- */

static void
outbox_gives_the_same_bytes_when_it_is_opened_again (void **state)
{
  OutboxKit *kit = *state;
  g_autoptr (HmMessage) before = NULL;
  g_autoptr (HmMessage) after = NULL;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  before = kit->outbox->next (kit->outbox, 0);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  after = kit->outbox->next (kit->outbox, 0);
  assert_true (g_bytes_equal (before->value, after->value));
  assert_string_equal (before->id, after->id);
  assert_string_equal (before->source, after->source);
  assert_true (before->time == after->time && before->position == after->position);
}

static void
outbox_gives_the_old_ones_first_when_it_is_opened_again (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "b", 1, 1);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 2, 2);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2 b/1 b/2");
}

static void
outbox_writes_what_is_pending_when_it_ends (void **state)
{
  OutboxKit *kit = *state;

  kit->options.linger_ns = 3600 * HM_NSEC_PER_SEC;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
}

static void
outbox_never_gives_a_number_twice_when_all_is_gone (void **state)
{
  OutboxKit *kit = *state;
  g_autoptr (HmMessage) message = NULL;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 5);
  outbox_kit_flush (kit);
  outbox_kit_take (kit, 0, 5);
  outbox_kit_take (kit, 1, 5);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  outbox_kit_close (kit);
  assert_int_equal (outbox_kit_files (kit, "billing-"), 0);
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 6, 6);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  assert_int_equal (HM_POSITION_NUMBER (message->position), 6);
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
}

/* -- groups and segments -- */

static void
outbox_releases_a_segment_when_all_have_confirmed_it (void **state)
{
  OutboxKit *kit = *state;
  guint64 before;

  outbox_kit_open (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 600 * 1024);
  assert_true (outbox_kit_files (kit, "billing-") >= 3);
  before = outbox_kit_generation (kit);
  outbox_kit_take (kit, 0, G_MAXUINT);
  outbox_kit_wait_note (kit, before);
  assert_true (outbox_kit_files (kit, "billing-") >= 3);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_files (kit, "billing-", 1);
}

static void
outbox_tells_what_waits_when_asked (void **state)
{
  OutboxKit *kit = *state;
  HmOutboxStatus status;

  outbox_kit_open (kit);
  assert_true (outbox_kit_status (kit).oldest == HM_TIME_UNKNOWN);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 7, 7);
  outbox_kit_flush (kit);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "a", 9, 9);
  outbox_kit_flush (kit);
  status = outbox_kit_status (kit);
  assert_int_equal (status.appended, 2);
  assert_int_equal (status.waiting, 2);
  assert_true (status.waiting_bytes > 0 && status.bytes > status.waiting_bytes);
  assert_int_equal (status.segments, 2);
  assert_true (status.oldest == FAKE_START + 7 * HM_NSEC_PER_SEC);
  assert_int_equal (status.syncs, 2);
  outbox_kit_take (kit, 0, 1);
  status = outbox_kit_status (kit);
  assert_int_equal (status.confirmed, 1);
  assert_int_equal (status.waiting, 1);
  assert_true (status.oldest == FAKE_START + 9 * HM_NSEC_PER_SEC);
  outbox_kit_take (kit, 0, 1);
  assert_true (outbox_kit_status (kit).oldest == HM_TIME_UNKNOWN);
  assert_int_equal (outbox_kit_status (kit).waiting_bytes, 0);
}

static void
outbox_counts_bins_when_a_heartbeat_is_asked_for (void **state)
{
  static char epoch[] = "epoch-2";
  OutboxKit *kit = *state;
  g_autoptr (HmDecoded) heartbeat = NULL;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "b", 1, 1);
  outbox_kit_close (kit);
  hm_fake_clock_advance (kit->clock, 300 * HM_NSEC_PER_SEC);
  kit->identity.agent_epoch = epoch;
  outbox_kit_open (kit);
  outbox_kit_take (kit, 0, 4);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 4, 4);
  kit->outbox->heartbeat (kit->outbox);
  outbox_kit_wait_waiting (kit, 2);
  outbox_kit_take (kit, 0, 1);
  heartbeat = outbox_kit_next_record (kit, 0);
  assert_int_equal (heartbeat->record.kind, HM_RECORD_HEARTBEAT);
  assert_int_equal (heartbeat->record.n_bins, 1);
  assert_string_equal (heartbeat->record.bins[0].epoch, "epoch-1");
  assert_int_equal (heartbeat->record.bins[0].records, 4);
  assert_int_equal (heartbeat->record.backlog, 1);
}

/* Forward, and further back: bins go by the time since boot, the order is that of coming. */
static void
outbox_keeps_order_and_bins_when_the_clock_steps_by_a_day (void **state)
{
  OutboxKit *kit = *state;
  gint64 first;

  outbox_kit_open (kit);
  first = kit->clock->clock.wall (&kit->clock->clock) / HM_BIN_NS;
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  kit->clock->wall_ns += 86400 * HM_NSEC_PER_SEC;
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 2, 2);
  kit->clock->wall_ns -= 2 * 86400 * HM_NSEC_PER_SEC;
  fake_append (kit->outbox, HM_CLASS_BILLING, "i-1", 3, 3);
  outbox_kit_flush (kit);
  for (guint64 seq = 1; seq <= 3; seq++)
    {
      g_autoptr (HmDecoded) decoded = outbox_kit_next_record (kit, 0);

      assert_int_equal (decoded->record.seq, seq);
      assert_int_equal (decoded->record.agent.bin, first);
    }
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 1, "i-1/1 i-1/2 i-1/3");
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    OUTBOX_TEST (outbox_gives_nothing_when_nothing_is_synced),
    OUTBOX_TEST (outbox_writes_by_itself_when_the_group_has_waited),
    OUTBOX_TEST (outbox_keeps_the_order_when_classes_are_mixed),
    OUTBOX_TEST (outbox_numbers_each_resource_when_records_are_appended),
    OUTBOX_TEST (outbox_refuses_a_record_when_it_cannot_be_encoded),
    OUTBOX_TEST (outbox_counts_what_it_refuses_when_nothing_of_a_record_is_left),
    OUTBOX_TEST (outbox_gives_again_in_order_when_one_is_to_be_tried_again),
    OUTBOX_TEST (outbox_gives_again_when_a_publisher_was_full),
    OUTBOX_TEST (outbox_says_a_gap_when_a_required_publisher_rejects),
    OUTBOX_TEST (outbox_says_no_gap_when_an_optional_publisher_rejects),
    OUTBOX_TEST (outbox_keeps_each_publishers_place_when_they_differ),
    OUTBOX_TEST (outbox_begins_at_the_oldest_when_a_publisher_is_new),
    OUTBOX_TEST (outbox_keeps_the_place_when_a_publisher_is_not_configured_for_a_while),
    OUTBOX_TEST (outbox_gives_all_again_when_it_is_replayed),
    OUTBOX_TEST (outbox_gives_the_same_bytes_when_it_is_opened_again),
    OUTBOX_TEST (outbox_gives_the_old_ones_first_when_it_is_opened_again),
    OUTBOX_TEST (outbox_writes_what_is_pending_when_it_ends),
    OUTBOX_TEST (outbox_never_gives_a_number_twice_when_all_is_gone),
    OUTBOX_TEST (outbox_releases_a_segment_when_all_have_confirmed_it),
    OUTBOX_TEST (outbox_tells_what_waits_when_asked),
    OUTBOX_TEST (outbox_counts_bins_when_a_heartbeat_is_asked_for),
    OUTBOX_TEST (outbox_keeps_order_and_bins_when_the_clock_steps_by_a_day),
  };

  return cmocka_run_group_tests_name ("outbox", tests, NULL, NULL);
}
