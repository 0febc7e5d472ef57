/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_damage: the outbox on disk when there is no room, records are too old, files are damaged, gone or foreign, and calls fail. */
#include "tests/outbox_kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/journal.h"

/* -- room -- */

static void
outbox_drops_diagnostics_first_when_it_is_full (void **state)
{
  OutboxKit *kit = *state;
  guint billing, diagnostic;
  OutboxGap first, gap;

  outbox_kit_open (kit);
  billing = outbox_kit_fill (kit, HM_CLASS_BILLING, 2 << 20);
  diagnostic = outbox_kit_fill (kit, HM_CLASS_DIAGNOSTIC, 3 << 20);
  assert_true (outbox_kit_status (kit).bytes <= kit->options.max_bytes);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_drain (kit, 0, &first);
  diagnostic -= first.others - billing;
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  if (first.gaps > 0) /* the writer was that quick */
    gap = first;
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.records, diagnostic);
  assert_int_equal (gap.resources, 1);
  assert_string_equal (gap.reason, "outbox full");
  assert_true (gap.from == FAKE_START + HM_NSEC_PER_SEC);
  assert_int_equal (outbox_kit_status (kit).dropped, diagnostic);
}

static void
outbox_drops_the_oldest_billing_when_there_is_nothing_else (void **state)
{
  OutboxKit *kit = *state;
  guint appended, diagnostic;
  OutboxGap gap, said;

  outbox_kit_open (kit);
  diagnostic = outbox_kit_fill (kit, HM_CLASS_DIAGNOSTIC, 1 << 20);
  appended = outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  assert_int_equal (outbox_kit_files (kit, "diagnostic-"), 0);
  outbox_kit_drain (kit, 0, &gap);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_drain (kit, 0, &said);
  assert_int_equal (said.gaps, 1);
  assert_int_equal (said.records + gap.others, appended + diagnostic);
}

static void
outbox_says_what_was_dropped_when_it_is_opened_again (void **state)
{
  OutboxKit *kit = *state;
  guint appended;
  OutboxGap gap;

  outbox_kit_open (kit);
  appended = outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  assert_true (outbox_kit_status (kit).unsaid > 0);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  assert_true (outbox_kit_status (kit).unsaid > 0);
  outbox_kit_drain (kit, 0, &gap);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_waiting (kit, 1);
  appended -= gap.others;
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.records, appended);
}

static void
outbox_loses_nothing_when_only_an_optional_publisher_lacks_it (void **state)
{
  OutboxKit *kit = *state;
  HmOutboxPublisherStatus status;
  OutboxGap gap;

  outbox_kit_open (kit);
  for (guint i = 0; i < 8; i++)
    {
      outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
      outbox_kit_drain (kit, 0, &gap);
      assert_int_equal (gap.gaps, 0);
    }
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
  kit->outbox->publisher_status (kit->outbox, 1, &status);
  assert_true (status.skipped > 0);
  assert_int_equal (status.skipped + outbox_kit_take (kit, 1, G_MAXUINT), outbox_kit_status (kit).appended);
}

static void
outbox_passes_over_what_is_in_hands_when_it_is_full (void **state)
{
  OutboxKit *kit = *state;
  guint appended;
  HmMessage *held;
  OutboxGap gap, said;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "held", 1, 1);
  outbox_kit_flush (kit);
  held = kit->outbox->next (kit->outbox, 0);
  appended = outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  assert_true (outbox_kit_status (kit).dropped > 0);
  kit->outbox->confirm (kit->outbox, 0, held, HM_DELIVERY_DONE, NULL);
  hm_message_unref (held);
  outbox_kit_drain (kit, 0, &gap);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_drain (kit, 0, &said);
  assert_int_equal (said.gaps, 1);
  assert_int_equal (said.records + gap.others, appended);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
}

static void
outbox_gives_a_gap_record_again_when_its_segment_goes (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *message;
  OutboxGap gap;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  message = kit->outbox->next (kit->outbox, 0);
  kit->outbox->confirm (kit->outbox, 0, message, HM_DELIVERY_REJECT, "no");
  hm_message_unref (message);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  outbox_kit_flush (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_string_equal (gap.reason, "rejected: no");
  assert_int_equal (gap.records, 1);
}

static void
outbox_drops_what_is_too_old_when_the_clock_is_synchronised (void **state)
{
  OutboxKit *kit = *state;
  guint64 before;
  OutboxGap gap;

  kit->options.max_age_ns = 86400 * HM_NSEC_PER_SEC;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  hm_fake_clock_advance (kit->clock, 2 * 86400 * HM_NSEC_PER_SEC);
  kit->clock->is_synced = FALSE;
  before = outbox_kit_generation (kit);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "b", 3 * 86400, 3 * 86400);
  outbox_kit_flush (kit);
  outbox_kit_wait_note (kit, before);
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
  kit->clock->is_synced = TRUE;
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "b", 3 * 86400, 3 * 86400);
  outbox_kit_wait_waiting (kit, 3);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.records, 3);
  assert_int_equal (gap.others, 2);
  assert_string_equal (gap.reason, "too old");
}

/* -- damage -- */

static void
flip (const char *path, gsize offset)
{
  g_autofree char *bytes = NULL;
  gsize length;

  assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  assert_true (offset < length);
  bytes[offset] ^= 0x40;
  assert_true (g_file_set_contents (path, bytes, (gssize)length, NULL));
}

static void
outbox_sets_a_record_aside_when_it_is_damaged (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;
  g_autofree char *quarantine = g_build_filename (kit->path, "quarantine", NULL);
  g_autoptr (GDir) folder = NULL;
  OutboxGap gap;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_close (kit);
  path = outbox_kit_file (kit, "billing-", TRUE);
  flip (path, HM_SEGMENT_HEADER_BYTES + 100);
  outbox_kit_open (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.others, 2);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.records, 1);
  assert_string_equal (gap.reason, "damaged");
  assert_int_equal (outbox_kit_status (kit).damaged, 1);
  folder = g_dir_open (quarantine, 0, NULL);
  assert_non_null (g_dir_read_name (folder));
}

static void
outbox_counts_what_is_missing_when_a_segment_is_gone (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;
  guint appended;
  OutboxGap gap;

  outbox_kit_open (kit);
  appended = outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  outbox_kit_close (kit);
  path = outbox_kit_file (kit, "billing-", FALSE);
  assert_int_equal (g_unlink (path), 0);
  outbox_kit_open (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.records + gap.others, appended);
  assert_int_equal (outbox_kit_status (kit).damaged, gap.records);
}

static void
outbox_sets_a_segment_aside_when_nothing_of_it_can_be_read (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;
  guint appended;
  OutboxGap gap;

  outbox_kit_open (kit);
  appended = outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  outbox_kit_close (kit);
  path = outbox_kit_file (kit, "billing-", TRUE);
  assert_true (
      g_file_set_contents (path, "nothing that is a segment, and longer than its header is", -1, NULL));
  outbox_kit_open (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.records + gap.others, appended);
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_true (outbox_kit_has_said (kit, "is set aside"));
}

static void
outbox_cuts_the_end_when_it_is_torn (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  gsize length;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  path = outbox_kit_file (kit, "billing-", TRUE);
  assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes = g_realloc (bytes, length + 20);
  memcpy (bytes + length, bytes + HM_SEGMENT_HEADER_BYTES, 20);
  assert_true (g_file_set_contents (path, bytes, (gssize)length + 20, NULL));
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "b/1");
}

static void
outbox_removes_a_segment_when_it_was_only_begun (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  path = g_build_filename (kit->path, "billing-0000000000000003.segment", NULL);
  assert_true (g_file_set_contents (path, "", 0, NULL));
  outbox_kit_open (kit);
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
}

static void
outbox_sends_all_again_when_the_journal_is_damaged (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = g_build_filename (kit->path, HM_JOURNAL_NAME, NULL);

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  outbox_kit_close (kit);
  assert_true (g_file_set_contents (path, "x", 1, NULL));
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_true (outbox_kit_has_said (kit, "everything that is there is sent again"));
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "b/1");
}

static void
outbox_leaves_a_file_alone_when_it_is_foreign (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;

  outbox_kit_open (kit);
  outbox_kit_close (kit);
  path = g_build_filename (kit->path, "lost+found", NULL);
  assert_int_equal (g_mkdir (path, 0700), 0);
  outbox_kit_open (kit);
  assert_true (outbox_kit_has_said (kit, "\"lost+found\" is none of its files"));
  assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
}

static void
outbox_fails_to_open_when_its_folder_cannot_be_made (void **state)
{
  OutboxKit *kit = *state;
  g_autoptr (GError) error = NULL;

  assert_true (g_file_set_contents (kit->path, "a file", -1, NULL));
  kit->outbox = hm_outbox_new (&kit->options, NULL);
  assert_false (kit->outbox->open (kit->outbox, &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_CREATE));
  assert_non_null (strstr (error->message, kit->path));
}

/* -- a disk that fails -- */

/* The real files, of which writes and syncs of segments fail with a number for as long as it is set. */
static HmFiles failing;
static gint write_fails, sync_fails; /* atomic */
static gint journal_fd = -1;         /* atomic: spared, as a file that needs no new room is */

static int
failing_open (HmFiles *self G_GNUC_UNUSED, const char *path, int flags, mode_t mode)
{
  HmFiles *real = hm_files_system ();
  int fd = real->open (real, path, flags, mode);

  if (g_str_has_suffix (path, "/" HM_JOURNAL_NAME))
    g_atomic_int_set (&journal_fd, fd);
  return fd;
}

static ssize_t
failing_pwrite (HmFiles *self G_GNUC_UNUSED, int fd, const void *bytes, size_t length, off_t offset)
{
  HmFiles *real = hm_files_system ();

  errno = g_atomic_int_get (&write_fails);
  return errno != 0 ? -1 : real->pwrite (real, fd, bytes, length, offset);
}

static int
failing_sync (HmFiles *self G_GNUC_UNUSED, int fd)
{
  HmFiles *real = hm_files_system ();

  errno = g_atomic_int_get (&sync_fails);
  return errno != 0 ? -1 : real->sync (real, fd);
}

static ssize_t
full_pwrite (HmFiles *self, int fd, const void *bytes, size_t length, off_t offset)
{
  HmFiles *real = hm_files_system ();

  if (fd == g_atomic_int_get (&journal_fd))
    return real->pwrite (real, fd, bytes, length, offset);
  return failing_pwrite (self, fd, bytes, length, offset);
}

static void
open_failing (OutboxKit *kit)
{
  failing = *hm_files_system ();
  failing.pwrite = failing_pwrite;
  failing.sync = failing_sync;
  kit->options.files = &failing;
  outbox_kit_open (kit);
}

static void
wait_for_reason (OutboxKit *kit, gboolean is_there)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while ((*outbox_kit_status (kit).reason != '\0') != is_there)
    {
      assert_true (g_get_monotonic_time () < deadline);
      hm_fake_clock_advance (kit->clock, HM_NSEC_PER_SEC);
      g_usleep (2000);
    }
}

static void
outbox_writes_into_another_segment_when_a_sync_failed (void **state)
{
  OutboxKit *kit = *state;

  open_failing (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  g_atomic_int_set (&sync_fails, EIO);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 3, 4);
  wait_for_reason (kit, TRUE);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_int_equal (outbox_kit_status (kit).unsynced, 2);
  g_atomic_int_set (&sync_fails, 0);
  wait_for_reason (kit, FALSE);
  assert_int_equal (outbox_kit_files (kit, "billing-"), 2);
  outbox_kit_expect (kit, 0, "a/3 a/4");
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "");
  outbox_kit_expect (kit, 1, "a/1 a/2 a/3 a/4");
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  assert_true (outbox_kit_has_said (kit, "the disk takes nothing"));
}

static void
outbox_makes_room_when_the_disk_is_full (void **state)
{
  OutboxKit *kit = *state;

  open_failing (kit);
  outbox_kit_fill (kit, HM_CLASS_DIAGNOSTIC, 1 << 20);
  g_atomic_int_set (&write_fails, ENOSPC);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  wait_for_reason (kit, TRUE);
  g_atomic_int_set (&write_fails, 0);
  wait_for_reason (kit, FALSE);
  outbox_kit_flush (kit);
  assert_int_equal (outbox_kit_status (kit).unsynced, 0);
}

static void
outbox_counts_what_has_no_place_when_the_disk_takes_nothing (void **state)
{
  OutboxKit *kit = *state;
  guint64 dropped;
  OutboxGap gap;

  kit->options.max_bytes = 64 << 20;
  open_failing (kit);
  g_atomic_int_set (&write_fails, EIO);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  wait_for_reason (kit, TRUE);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 30000);
  dropped = outbox_kit_status (kit).dropped;
  assert_true (dropped > 0 && dropped < 30000);
  g_atomic_int_set (&write_fails, 0);
  wait_for_reason (kit, FALSE);
  outbox_kit_flush (kit);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.records + gap.others, 30001);
}

static void
outbox_says_by_the_next_process_what_the_end_could_not_write (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap;

  failing = *hm_files_system ();
  failing.open = failing_open;
  failing.pwrite = full_pwrite;
  kit->options.files = &failing;
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  g_atomic_int_set (&write_fails, EIO);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 3, 5);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "d", 1, 4);
  wait_for_reason (kit, TRUE);
  outbox_kit_close (kit);
  g_atomic_int_set (&write_fails, 0);
  outbox_kit_open (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_int_equal (gap.others, 2);
  assert_int_equal (gap.records, 7);
  assert_int_equal (gap.resources, 2);
  assert_non_null (strstr (gap.reason, "the disk takes nothing"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    OUTBOX_TEST (outbox_drops_diagnostics_first_when_it_is_full),
    OUTBOX_TEST (outbox_drops_the_oldest_billing_when_there_is_nothing_else),
    OUTBOX_TEST (outbox_says_what_was_dropped_when_it_is_opened_again),
    OUTBOX_TEST (outbox_loses_nothing_when_only_an_optional_publisher_lacks_it),
    OUTBOX_TEST (outbox_passes_over_what_is_in_hands_when_it_is_full),
    OUTBOX_TEST (outbox_gives_a_gap_record_again_when_its_segment_goes),
    OUTBOX_TEST (outbox_drops_what_is_too_old_when_the_clock_is_synchronised),
    OUTBOX_TEST (outbox_sets_a_record_aside_when_it_is_damaged),
    OUTBOX_TEST (outbox_counts_what_is_missing_when_a_segment_is_gone),
    OUTBOX_TEST (outbox_sets_a_segment_aside_when_nothing_of_it_can_be_read),
    OUTBOX_TEST (outbox_cuts_the_end_when_it_is_torn),
    OUTBOX_TEST (outbox_removes_a_segment_when_it_was_only_begun),
    OUTBOX_TEST (outbox_sends_all_again_when_the_journal_is_damaged),
    OUTBOX_TEST (outbox_leaves_a_file_alone_when_it_is_foreign),
    OUTBOX_TEST (outbox_fails_to_open_when_its_folder_cannot_be_made),
    OUTBOX_TEST (outbox_writes_into_another_segment_when_a_sync_failed),
    OUTBOX_TEST (outbox_makes_room_when_the_disk_is_full),
    OUTBOX_TEST (outbox_counts_what_has_no_place_when_the_disk_takes_nothing),
    OUTBOX_TEST (outbox_says_by_the_next_process_what_the_end_could_not_write),
  };

  return cmocka_run_group_tests_name ("outbox_damage", tests, NULL, NULL);
}
