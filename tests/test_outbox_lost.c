/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_lost: a record that is gone is said once and no other is said, whatever comes together: damage, a RETRY, a rejection, a replay, room. */
#include "tests/outbox_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>

#define HANDS      3
#define BAD_SECTOR 102400

static void
take_hands (OutboxKit *kit, HmMessage *hands[HANDS])
{
  for (guint i = 0; i < HANDS; i++)
    {
      hands[i] = kit->outbox->next (kit->outbox, 0);
      assert_non_null (hands[i]);
    }
}

static void
settle (OutboxKit *kit, guint publisher, HmMessage *message, HmDelivery delivery)
{
  kit->outbox->confirm (kit->outbox, publisher, message, delivery, "a reason");
  hm_message_unref (message);
}

static void
reject_next (OutboxKit *kit, guint publisher)
{
  HmMessage *message = kit->outbox->next (kit->outbox, publisher);

  assert_non_null (message);
  settle (kit, publisher, message, HM_DELIVERY_REJECT);
}

static void
replay (OutboxKit *kit)
{
  static const guint64 from[HM_LANES] = { 0, 0 };
  guint64 records;

  assert_true (kit->outbox->replay (kit->outbox, "required", from, &records, NULL));
}

/* In place: it may be the file that is written to. */
static void
flip (const char *path, goffset offset)
{
  HmFiles *files = hm_files_system ();
  int fd = files->open (files, path, O_RDWR, 0);
  guint8 byte;

  assert_int_equal (hm_files_read (files, fd, &byte, 1, offset), 1);
  byte ^= 0x40;
  assert_int_equal (hm_files_write (files, fd, &byte, 1, offset), 0);
  files->close (files, fd);
}

/* HANDS records of a process before, in the required publisher's hands. (transfer full) the path of their file */
static char *
begin_with_hands (OutboxKit *kit, HmMessage *hands[HANDS])
{
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, HANDS);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  take_hands (kit, hands);
  return outbox_kit_file (kit, "billing-", TRUE);
}

/* What is left and what gap records say of it, until nothing more is to be said. */
static OutboxGap
end_with_gaps (OutboxKit *kit)
{
  OutboxGap got = { 0 }, gap;
  guint64 unsaid;

  do
    {
      unsaid = outbox_kit_status (kit).unsaid; /* before: what is said by then is drained below */
      outbox_kit_wait_said (kit);
      outbox_kit_drain (kit, 0, &gap);
      got.gaps += gap.gaps;
      got.others += gap.others;
      got.records += gap.records;
    }
  while (gap.gaps + gap.others + unsaid + outbox_kit_status (kit).unsaid > 0);
  return got;
}

/* -- damage of what was read -- */

static void
outbox_says_what_was_damaged_after_it_was_read_when_it_comes_again (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *hands[HANDS];
  g_autofree char *path = begin_with_hands (kit, hands);
  OutboxGap got;

  flip (path, HM_SEGMENT_HEADER_BYTES + 100);
  for (guint i = 0; i < HANDS; i++)
    settle (kit, 0, hands[i], HM_DELIVERY_RETRY);
  got = end_with_gaps (kit);
  assert_int_equal (got.others, HANDS - 1);
  assert_int_equal (got.records, 1);
  assert_int_equal (outbox_kit_status (kit).damaged, 1);
}

static void
outbox_says_what_was_in_hands_when_its_file_is_gone_and_it_comes_again (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *hands[HANDS];
  g_autofree char *path = begin_with_hands (kit, hands);
  OutboxGap got;

  assert_int_equal (g_unlink (path), 0);
  for (guint i = 0; i < HANDS; i++)
    settle (kit, 0, hands[i], HM_DELIVERY_RETRY);
  got = end_with_gaps (kit);
  assert_int_equal (got.others, 0);
  assert_int_equal (got.records, HANDS);
}

static void
outbox_says_nothing_of_what_is_done_above_the_mark_when_it_is_damaged (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *hands[HANDS];
  g_autofree char *path = begin_with_hands (kit, hands);

  settle (kit, 0, hands[1], HM_DELIVERY_DONE);
  assert_int_equal (g_unlink (path), 0);
  outbox_kit_take (kit, 1, G_MAXUINT);
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  settle (kit, 0, hands[0], HM_DELIVERY_DONE);
  settle (kit, 0, hands[2], HM_DELIVERY_RETRY);
  assert_int_equal (end_with_gaps (kit).records, 1);
}

/* -- rejections and replays -- */

static void
outbox_says_a_record_once_when_it_is_rejected_again_after_a_replay (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  reject_next (kit, 0);
  assert_int_equal (end_with_gaps (kit).records, 1);
  replay (kit);
  reject_next (kit, 0);
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
}

static void
outbox_says_a_record_once_when_two_reject_it (void **state)
{
  static const HmOutboxPublisher two[] = { { "one", TRUE }, { "other", TRUE } };
  OutboxKit *kit = *state;

  kit->options.publishers = two;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  reject_next (kit, 0);
  reject_next (kit, 1);
  assert_int_equal (end_with_gaps (kit).records, 1);
}

static void
outbox_says_nothing_of_what_was_delivered_when_it_is_dropped_in_a_replay (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap;

  outbox_kit_open (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 3 << 20);
  outbox_kit_drain (kit, 0, &gap);
  replay (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 3 << 20);
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
  assert_int_equal (outbox_kit_status (kit).confirmed, gap.others);
}

static void
outbox_says_nothing_of_a_rejection_when_the_record_comes_again_by_a_replay (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  replay (kit);
  settle (kit, 0, message, HM_DELIVERY_REJECT);
  outbox_kit_expect (kit, 0, "a/1");
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
  assert_int_equal (end_with_gaps (kit).records, 0);
}

/* -- a disk that does not read -- */

static HmFiles bad;

/* Like the real one, but for one sector. */
static ssize_t
bad_pread (HmFiles *self G_GNUC_UNUSED, int fd, void *bytes, size_t length, off_t offset)
{
  HmFiles *real = hm_files_system ();

  if (offset < BAD_SECTOR + 4096 && offset + (off_t)length > BAD_SECTOR)
    {
      errno = EIO;
      return -1;
    }
  return real->pread (real, fd, bytes, length, offset);
}

static void
outbox_steps_over_a_sector_when_it_stays_unreadable (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap first, got;
  guint n, tries = 0;

  bad = *hm_files_system ();
  kit->options.files = &bad;
  outbox_kit_open (kit);
  n = outbox_kit_fill (kit, HM_CLASS_BILLING, 200 << 10);
  bad.pread = bad_pread;
  outbox_kit_drain (kit, 0, &first);
  assert_true (kit->outbox->is_stuck (kit->outbox, 0));
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  while (outbox_kit_status (kit).waiting > 1 && tries++ < 20)
    {
      hm_fake_clock_advance (kit->clock, 10 * HM_NSEC_PER_SEC);
      outbox_kit_drain (kit, 0, &got);
      first.others += got.others;
    }
  assert_true (tries > 1);
  got = end_with_gaps (kit);
  assert_false (kit->outbox->is_stuck (kit->outbox, 0));
  assert_in_range (got.records, 1, 3);
  assert_int_equal (first.others + got.others + got.records, n);
}

static gint hangs; /* atomic */

static int
hanging_sync (HmFiles *self G_GNUC_UNUSED, int fd)
{
  HmFiles *real = hm_files_system ();

  while (g_atomic_int_get (&hangs))
    g_usleep (1000);
  return real->sync (real, fd);
}

static void
outbox_says_that_it_has_not_ended_when_the_disk_hangs (void **state)
{
  OutboxKit *kit = *state;

  bad = *hm_files_system ();
  bad.sync = hanging_sync;
  kit->options.files = &bad;
  outbox_kit_open (kit);
  g_atomic_int_set (&hangs, TRUE);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  assert_false (kit->outbox->end (kit->outbox));
  g_atomic_int_set (&hangs, FALSE);
  assert_true (kit->outbox->end (kit->outbox));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    OUTBOX_TEST (outbox_says_what_was_damaged_after_it_was_read_when_it_comes_again),
    OUTBOX_TEST (outbox_says_what_was_in_hands_when_its_file_is_gone_and_it_comes_again),
    OUTBOX_TEST (outbox_says_nothing_of_what_is_done_above_the_mark_when_it_is_damaged),
    OUTBOX_TEST (outbox_says_a_record_once_when_it_is_rejected_again_after_a_replay),
    OUTBOX_TEST (outbox_says_a_record_once_when_two_reject_it),
    OUTBOX_TEST (outbox_says_nothing_of_what_was_delivered_when_it_is_dropped_in_a_replay),
    OUTBOX_TEST (outbox_says_nothing_of_a_rejection_when_the_record_comes_again_by_a_replay),
    OUTBOX_TEST (outbox_steps_over_a_sector_when_it_stays_unreadable),
    OUTBOX_TEST (outbox_says_that_it_has_not_ended_when_the_disk_hangs),
  };

  return cmocka_run_group_tests_name ("outbox_lost", tests, NULL, NULL);
}
