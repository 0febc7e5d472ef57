/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_room: the outbox on disk when the disk hangs, is full or notes nothing: what goes, what waits, and who pays. */
#include "tests/outbox_kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/outbox/outbox_private.h"
#include "metering/journal.h"

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown (name, outbox_kit_set_up, tear_down)
#define SEGMENT_RECORDS 120 /* that a segment of the kit's holds, at most */
#define PATIENCE_US     (G_GINT64_CONSTANT (120) * G_USEC_PER_SEC)

/* -- a disk that is told how it behaves -- */

static HmFiles disk;
static gint journal_fd = -1;              /* atomic, like all of them */
static gint hangs;                        /* syncs of segments do not come back */
static gint segments_fail, journal_fails; /* with this number */
static gint syncs_fail, cuts_fail;        /* the same, of segments: after the bytes were written; truncate */
static gint tries;                        /* writes and syncs of segments that failed */
static gint notes;                        /* writes of the journal */
static gint in_sync;                      /* syncs of segments that hang now */

static int
disk_open (HmFiles *self G_GNUC_UNUSED, const char *path, int flags, mode_t mode)
{
  HmFiles *real = hm_files_system ();
  int fd = real->open (real, path, flags, mode);

  if (g_str_has_suffix (path, "/" HM_JOURNAL_NAME))
    g_atomic_int_set (&journal_fd, fd);
  return fd;
}

static ssize_t
disk_pwrite (HmFiles *self G_GNUC_UNUSED, int fd, const void *bytes, size_t length, off_t offset)
{
  HmFiles *real = hm_files_system ();
  gboolean is_journal = fd == g_atomic_int_get (&journal_fd);

  if (is_journal)
    g_atomic_int_inc (&notes);
  errno = g_atomic_int_get (is_journal ? &journal_fails : &segments_fail);
  if (errno == 0)
    return real->pwrite (real, fd, bytes, length, offset);
  if (!is_journal)
    g_atomic_int_inc (&tries);
  return -1;
}

static int
disk_sync (HmFiles *self G_GNUC_UNUSED, int fd)
{
  HmFiles *real = hm_files_system ();

  if (fd != g_atomic_int_get (&journal_fd))
    while (g_atomic_int_get (&hangs))
      {
        g_atomic_int_set (&in_sync, TRUE);
        g_usleep (1000);
      }
  errno = fd == g_atomic_int_get (&journal_fd) ? 0 : g_atomic_int_get (&syncs_fail);
  if (errno == 0)
    return real->sync (real, fd);
  g_atomic_int_inc (&tries);
  return -1;
}

static int
disk_truncate (HmFiles *self G_GNUC_UNUSED, int fd, off_t length)
{
  HmFiles *real = hm_files_system ();

  errno = g_atomic_int_get (&cuts_fail);
  return errno != 0 ? -1 : real->truncate (real, fd, length);
}

/* There is room again when a segment has gone. */
static int
disk_unlink (HmFiles *self G_GNUC_UNUSED, const char *path)
{
  HmFiles *real = hm_files_system ();
  GStatBuf status;

  if (g_stat (path, &status) == 0 && status.st_size > HM_SEGMENT_HEADER_BYTES)
    g_atomic_int_set (&segments_fail, 0);
  return real->unlink (real, path);
}

static void
open_disk (OutboxKit *kit)
{
  disk = *hm_files_system ();
  disk.open = disk_open;
  disk.pwrite = disk_pwrite;
  disk.sync = disk_sync;
  disk.unlink = disk_unlink;
  disk.truncate = disk_truncate;
  kit->options.files = &disk;
  outbox_kit_open (kit);
}

static int
tear_down (void **state)
{
  g_atomic_int_set (&hangs, FALSE);
  g_atomic_int_set (&segments_fail, 0);
  g_atomic_int_set (&journal_fails, 0);
  g_atomic_int_set (&syncs_fail, 0);
  g_atomic_int_set (&cuts_fail, 0);
  g_atomic_int_set (&in_sync, FALSE);
  return outbox_kit_tear_down (state);
}

/* Until the disk has refused @n writes more; with back-off, for which the clock runs. */
static void
wait_for_tries (OutboxKit *kit, gint n, guint wakes)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  for (gint before = g_atomic_int_get (&tries); g_atomic_int_get (&tries) < before + n;)
    {
      assert_true (g_get_monotonic_time () < deadline);
      hm_fake_clock_advance (kit->clock, HM_NSEC_PER_SEC);
      fake_append (kit->outbox, HM_CLASS_BILLING, "wake", 1, wakes);
      g_usleep (2000);
    }
}

/* The one that could not be written a moment ago may not have gone yet. */
static void
wait_for_segments (OutboxKit *kit, guint files, guint segments)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_files (kit, "billing-") != files || outbox_kit_status (kit).segments != segments)
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (2000);
    }
}

/* -- what is full -- */

/* Copy-on-write file systems and thin volumes have no room for the journal either. */
static void
outbox_drops_no_more_when_nothing_can_be_noted (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap;
  guint files;

  open_disk (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 3 << 20);
  files = outbox_kit_files (kit, "billing-");
  g_atomic_int_set (&journal_fails, ENOSPC);
  g_atomic_int_set (&segments_fail, ENOSPC);
  wait_for_tries (kit, 6, 1);
  wait_for_segments (kit, files, files - 1);
  g_atomic_int_set (&segments_fail, 0);
  g_atomic_int_set (&journal_fails, 0);
  hm_fake_clock_advance (kit->clock, 60 * HM_NSEC_PER_SEC);
  outbox_kit_flush (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_true (gap.records > 0 && gap.records <= SEGMENT_RECORDS);
  assert_int_equal (gap.others + gap.gaps + gap.records, outbox_kit_status (kit).appended);
}

static void
outbox_drops_one_segment_when_the_disk_is_full (void **state)
{
  OutboxKit *kit = *state;
  guint billing, diagnostic, files;
  OutboxGap gap;

  open_disk (kit);
  diagnostic = outbox_kit_fill (kit, HM_CLASS_DIAGNOSTIC, 1 << 20);
  billing = outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  files = outbox_kit_files (kit, "diagnostic-");
  g_atomic_int_set (&segments_fail, ENOSPC);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  assert_int_equal (outbox_kit_files (kit, "diagnostic-"), files - 1);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_string_equal (gap.reason, "outbox full");
  assert_true (gap.records > 0 && gap.records <= SEGMENT_RECORDS);
  assert_int_equal (gap.others + gap.records, billing + diagnostic + 1);
  assert_int_equal (outbox_kit_status (kit).dropped, gap.records);
}

static void
outbox_drops_no_billing_when_diagnostics_come (void **state)
{
  OutboxKit *kit = *state;
  guint billing, diagnostic, files;
  guint64 dropped;
  OutboxGap gap, said;

  open_disk (kit);
  billing = outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  files = outbox_kit_files (kit, "billing-");
  dropped = outbox_kit_status (kit).dropped;
  diagnostic = outbox_kit_fill (kit, HM_CLASS_DIAGNOSTIC, 3 << 20);
  assert_int_equal (outbox_kit_files (kit, "billing-"), files);
  outbox_kit_drain (kit, 0, &gap);
  assert_true (gap.others >= billing - dropped);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_wait_waiting (kit, 1);
  outbox_kit_drain (kit, 0, &said);
  assert_int_equal (said.gaps, 1);
  assert_int_equal (said.records + gap.others, billing + diagnostic);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "d", 1, 2);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "d/1 d/2");
}

/* A group that failed a moment ago may only now begin to wait to be tried again. */
static void
say_after_failures (OutboxKit *kit)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_status (kit).unsaid > 0)
    {
      assert_true (g_get_monotonic_time () < deadline);
      hm_fake_clock_advance (kit->clock, 60 * HM_NSEC_PER_SEC);
      kit->outbox->flush (kit->outbox, 10 * HM_NSEC_PER_MSEC);
    }
}

static void
outbox_loses_the_diagnostics_that_come_when_the_disk_is_full (void **state)
{
  OutboxKit *kit = *state;
  HmMessage *held;
  OutboxGap gap;

  kit->options.linger_ns = 3600 * HM_NSEC_PER_SEC;
  open_disk (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  held = kit->outbox->next (kit->outbox, 0); /* so that no gap record makes room for itself */
  g_atomic_int_set (&segments_fail, ENOSPC);
  fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "d", 1, 5);
  outbox_kit_flush (kit);
  assert_int_equal (outbox_kit_status (kit).dropped, 5);
  g_atomic_int_set (&segments_fail, 0);
  say_after_failures (kit);
  kit->outbox->confirm (kit->outbox, 0, held, HM_DELIVERY_DONE, NULL);
  hm_message_unref (held);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.others, 2);
  assert_int_equal (gap.records, 5);
  assert_string_equal (gap.reason, "outbox full");
}

/* -- what may have arrived -- */

/* The first record is given to the required publisher, which does not know what became of it. */
static void
give_and_take_back (OutboxKit *kit)
{
  HmMessage *message = kit->outbox->next (kit->outbox, 0);

  assert_non_null (message);
  kit->outbox->confirm (kit->outbox, 0, message, HM_DELIVERY_RETRY, "no answer");
  hm_message_unref (message);
}

/* One segment goes, and it is not the oldest. */
static void
check_that_the_oldest_stays (OutboxKit *kit, guint n)
{
  g_autofree char *oldest = outbox_kit_file (kit, "billing-", FALSE), *left = NULL;
  HmDecoded *first;
  OutboxGap gap;

  g_atomic_int_set (&segments_fail, ENOSPC);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  left = outbox_kit_file (kit, "billing-", FALSE);
  assert_string_equal (left, oldest);
  outbox_kit_wait_said (kit);
  first = outbox_kit_next_record (kit, 0);
  assert_int_equal (first->record.seq, 1);
  hm_decoded_free (first);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 1);
  assert_true (gap.records > 0 && gap.records <= SEGMENT_RECORDS);
  assert_int_equal (1 + gap.others + gap.records, n + 1);
}

static void
outbox_passes_over_what_came_back_when_the_disk_is_full (void **state)
{
  OutboxKit *kit = *state;
  guint n;

  open_disk (kit);
  n = outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  give_and_take_back (kit);
  check_that_the_oldest_stays (kit, n);
}

static void
outbox_passes_over_what_the_process_before_gave_when_the_disk_is_full (void **state)
{
  OutboxKit *kit = *state;
  guint n;

  open_disk (kit);
  n = outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  give_and_take_back (kit);
  outbox_kit_close (kit);
  open_disk (kit);
  check_that_the_oldest_stays (kit, n);
}

static void
wait_for_room (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (g_atomic_int_get (&segments_fail) != 0)
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (1000);
    }
}

/* Then those that come are the loss, and when it has arrived there is room. */
static void
outbox_loses_the_newest_when_all_that_could_go_may_have_arrived (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap, said;
  guint64 appended, dropped;

  kit->options.max_bytes = 256 << 20;
  open_disk (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_flush (kit);
  give_and_take_back (kit);
  g_atomic_int_set (&segments_fail, ENOSPC);
  wait_for_tries (kit, 2, 1);
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
  while (outbox_kit_status (kit).dropped == 0)
    fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  appended = outbox_kit_status (kit).appended;
  dropped = outbox_kit_status (kit).dropped;
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.others, 3);
  outbox_kit_take (kit, 1, G_MAXUINT);
  wait_for_room ();
  hm_fake_clock_advance (kit->clock, 60 * HM_NSEC_PER_SEC);
  outbox_kit_flush (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &said);
  assert_int_equal (gap.records + said.records, dropped);
  assert_int_equal (gap.others + said.others + said.records, appended);
}

static gboolean
is_open (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (link, NULL);

      if (target != NULL && g_str_has_prefix (target, path))
        return TRUE;
    }
  return FALSE;
}

/* A file that is open keeps its room after it was removed, and nobody may be given anything before there is some. */
static void
outbox_gives_room_back_when_all_is_confirmed (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = NULL;
  guint64 before;

  open_disk (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_close (kit);
  open_disk (kit);
  path = outbox_kit_file (kit, "billing-", FALSE);
  outbox_kit_take (kit, 1, G_MAXUINT);
  outbox_kit_take (kit, 0, G_MAXUINT);
  outbox_kit_wait_files (kit, "billing-", 0);
  before = outbox_kit_generation (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_wait_note (kit, before);
  assert_false (is_open (path));
}

/* -- the end -- */

/* What a failed sync left in the file is read by the next process where it could not be cut off. */
static void
outbox_says_no_loss_when_what_failed_is_on_disk_after_all (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap;

  open_disk (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_flush (kit);
  g_atomic_int_set (&cuts_fail, EIO);
  g_atomic_int_set (&syncs_fail, EIO);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 3, 3);
  wait_for_tries (kit, 1, 0);
  g_atomic_int_set (&segments_fail, EIO);
  outbox_kit_close (kit);
  g_atomic_int_set (&cuts_fail, 0);
  g_atomic_int_set (&syncs_fail, 0);
  g_atomic_int_set (&segments_fail, 0);
  outbox_kit_open (kit);
  outbox_kit_wait_said (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.others, 3);
  assert_int_equal (gap.gaps, 0);
}

/* -- age -- */

static void
outbox_keeps_what_is_young_when_it_follows_what_is_old (void **state)
{
  OutboxKit *kit = *state;

  kit->options.max_age_ns = 86400 * HM_NSEC_PER_SEC;
  open_disk (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_flush (kit);
  kit->clock->is_synced = FALSE;
  hm_fake_clock_advance (kit->clock, 2 * 86400 * HM_NSEC_PER_SEC);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 2 * 86400, 2 * 86400);
  outbox_kit_flush (kit);
  kit->clock->is_synced = TRUE;
  for (guint i = 0; i < 2; i++)
    {
      guint64 before = outbox_kit_generation (kit);

      fake_append (kit->outbox, HM_CLASS_DIAGNOSTIC, "d", 2 * 86400, 2 * 86400);
      outbox_kit_wait_note (kit, before);
    }
  assert_int_equal (outbox_kit_status (kit).dropped, 0);
  assert_int_equal (outbox_kit_files (kit, "billing-"), 1);
}

/* -- the journal -- */

/* A note can be due once within each second that goes by, and once more for each end of it. */
static void
outbox_notes_no_more_often_when_there_is_a_max_age (void **state)
{
  OutboxKit *kit = *state;
  gint64 since;
  gint before;

  kit->options.max_age_ns = 30 * 86400 * HM_NSEC_PER_SEC;
  open_disk (kit);
  before = g_atomic_int_get (&notes);
  since = g_get_monotonic_time ();
  for (guint i = 0; i < 200; i++)
    {
      fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
      outbox_kit_flush (kit);
    }
  assert_true (g_atomic_int_get (&notes) - before <= 2 + (g_get_monotonic_time () - since) / G_USEC_PER_SEC);
}

/* -- heartbeats -- */

static void
append_bins (OutboxKit *kit, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
      hm_fake_clock_advance (kit->clock, HM_BIN_NS);
    }
  outbox_kit_flush (kit);
}

static void
fill_memory (OutboxKit *kit)
{
  while (outbox_kit_status (kit).dropped == 0)
    fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
}

static void
wait_for (gint *flag)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (!g_atomic_int_get (flag))
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (1000);
    }
}

/* The heartbeat of many bins is larger than all that is free when the disk answers again. */
static void
outbox_goes_on_with_heartbeats_when_memory_was_full (void **state)
{
  OutboxKit *kit = *state;
  guint heartbeats = 0;
  HmMessage *message;

  kit->options.max_bytes = 256 << 20;
  open_disk (kit);
  append_bins (kit, 60);
  g_atomic_int_set (&hangs, TRUE);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  wait_for (&in_sync);
  kit->outbox->heartbeat (kit->outbox);
  fill_memory (kit);
  g_atomic_int_set (&hangs, FALSE);
  outbox_kit_flush (kit);
  hm_fake_clock_advance (kit->clock, HM_BIN_NS);
  kit->outbox->heartbeat (kit->outbox);
  outbox_kit_flush (kit);
  while ((message = kit->outbox->next (kit->outbox, 0)) != NULL)
    {
      heartbeats += message->kind == HM_RECORD_HEARTBEAT;
      kit->outbox->confirm (kit->outbox, 0, message, HM_DELIVERY_DONE, NULL);
      hm_message_unref (message);
    }
  assert_int_equal (heartbeats, 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ROOM_TEST (outbox_drops_no_more_when_nothing_can_be_noted),
    ROOM_TEST (outbox_drops_one_segment_when_the_disk_is_full),
    ROOM_TEST (outbox_drops_no_billing_when_diagnostics_come),
    ROOM_TEST (outbox_loses_the_diagnostics_that_come_when_the_disk_is_full),
    ROOM_TEST (outbox_passes_over_what_came_back_when_the_disk_is_full),
    ROOM_TEST (outbox_passes_over_what_the_process_before_gave_when_the_disk_is_full),
    ROOM_TEST (outbox_loses_the_newest_when_all_that_could_go_may_have_arrived),
    ROOM_TEST (outbox_gives_room_back_when_all_is_confirmed),
    ROOM_TEST (outbox_says_no_loss_when_what_failed_is_on_disk_after_all),
    ROOM_TEST (outbox_keeps_what_is_young_when_it_follows_what_is_old),
    ROOM_TEST (outbox_notes_no_more_often_when_there_is_a_max_age),
    ROOM_TEST (outbox_goes_on_with_heartbeats_when_memory_was_full),
  };

  return cmocka_run_group_tests_name ("outbox_room", tests, NULL, NULL);
}
