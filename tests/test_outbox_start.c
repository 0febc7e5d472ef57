/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_start: the start of the outbox on disk when calls fail, and when files hold what no agent writes. */
#include "agent/outbox/outbox_private.h"
#include "tests/kit.h"
#include "tests/outbox_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* -- the real files, of which some calls fail -- */

static HmFiles failing;
static const char *bad_end; /* of the paths whose opening fails … */
static gint bad_opens;      /* … so many times */
static int bad_errno;
static gint bad_reads; /* atomic: so many readings of segments fail that touch … */
static off_t bad_from, bad_to;

static int
failing_open (HmFiles *self G_GNUC_UNUSED, const char *path, int flags, mode_t mode)
{
  HmFiles *real = hm_files_system ();

  if (bad_opens == 0 || !g_str_has_suffix (path, bad_end))
    return real->open (real, path, flags, mode);
  bad_opens--;
  errno = bad_errno;
  return -1;
}

static gboolean
is_segment (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);

  return path != NULL && g_str_has_suffix (path, ".segment");
}

static ssize_t
failing_pread (HmFiles *self G_GNUC_UNUSED, int fd, void *bytes, size_t length, off_t offset)
{
  HmFiles *real = hm_files_system ();

  if (g_atomic_int_get (&bad_reads) == 0 || !is_segment (fd) || offset >= bad_to
      || offset + (off_t)length <= bad_from)
    return real->pread (real, fd, bytes, length, offset);
  g_atomic_int_add (&bad_reads, -1);
  errno = EIO;
  return -1;
}

static void
fail_opens (const char *end, gint times, int number)
{
  bad_end = end;
  bad_opens = times;
  bad_errno = number;
}

static void
fail_reads (off_t from, off_t to, gint times)
{
  bad_from = from;
  bad_to = to;
  g_atomic_int_set (&bad_reads, times);
}

static int
set_up (void **state)
{
  outbox_kit_set_up (state);
  failing = *hm_files_system ();
  failing.open = failing_open;
  failing.pread = failing_pread;
  ((OutboxKit *)*state)->options.files = &failing;
  fail_opens ("", 0, 0);
  fail_reads (0, 0, 0);
  return 0;
}

#define START_TEST(name) cmocka_unit_test_setup_teardown (name, set_up, outbox_kit_tear_down)

static void
assert_does_not_open (OutboxKit *kit, HmError code, const char *part)
{
  GError *error = NULL;

  kit->outbox = hm_outbox_new (&kit->options, NULL);
  assert_false (kit->outbox->open (kit->outbox, &error));
  kit_assert_error (&error, code, part);
  outbox_kit_close (kit);
}

static gsize
size_of (const char *path)
{
  GStatBuf info;

  assert_int_equal (g_stat (path, &info), 0);
  return (gsize)info.st_size;
}

/* How many files lie in quarantine. */
static guint
count_aside (OutboxKit *kit)
{
  g_autofree char *path = g_build_filename (kit->path, HM_OUTBOX_QUARANTINE, NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* -- calls that fail -- */

static void
outbox_does_not_start_when_a_segment_cannot_be_opened (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  fail_opens ("billing-0000000000000001.segment", G_MAXINT, EMFILE);
  assert_does_not_open (kit, HM_ERROR_TEMPORARY, "billing-0000000000000001.segment");
  fail_opens (".segment", G_MAXINT, EACCES);
  assert_does_not_open (kit, HM_ERROR_PERMISSION, "billing-0000000000000001.segment");
  fail_opens ("", 0, 0);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_int_equal (count_aside (kit), 0);
}

static void
outbox_starts_when_a_segment_can_be_opened_a_moment_later (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  fail_opens (".segment", 2, EMFILE);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
}

static void
outbox_cuts_nothing_off_when_a_segment_cannot_be_read_for_a_moment (void **state)
{
  OutboxKit *kit = *state;
  OutboxGap gap;
  guint n;

  outbox_kit_open (kit);
  n = outbox_kit_fill (kit, HM_CLASS_BILLING, 200000);
  outbox_kit_close (kit);
  fail_reads (70000, 70001, 2);
  outbox_kit_open (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 0);
  assert_int_equal (gap.others, n);
}

static void
check_bad_place (OutboxKit *kit, off_t from, off_t to)
{
  g_autofree char *path = NULL;
  guint n;
  gsize size;
  OutboxGap gap;

  outbox_kit_open (kit);
  n = outbox_kit_fill (kit, HM_CLASS_BILLING, 200000);
  outbox_kit_close (kit);
  path = outbox_kit_file (kit, "billing-", TRUE);
  size = size_of (path);
  fail_reads (from, to, G_MAXINT);
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_flush (kit);
  fail_reads (0, 0, 0);
  assert_int_equal (size_of (path), size);
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  assert_true (outbox_kit_has_said (kit, "kept as it is"));
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.others, n + 1);
}

static void
outbox_keeps_a_segment_whole_when_a_place_of_it_cannot_be_read (void **state)
{
  check_bad_place (*state, 100000, 104096);
}

static void
outbox_gives_no_number_twice_when_the_end_of_a_segment_cannot_be_read (void **state)
{
  check_bad_place (*state, 100000, 1 << 20);
}

static void
outbox_does_not_start_when_the_journal_cannot_be_read (void **state)
{
  OutboxKit *kit = *state;
  guint64 unsaid;

  outbox_kit_open (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 6 << 20);
  unsaid = outbox_kit_status (kit).unsaid;
  assert_true (unsaid > 0);
  outbox_kit_close (kit);
  fail_opens ("/" HM_JOURNAL_NAME, G_MAXINT, EMFILE);
  assert_does_not_open (kit, HM_ERROR_TEMPORARY, HM_JOURNAL_NAME);
  fail_opens ("/" HM_JOURNAL_NAME, G_MAXINT, EACCES);
  assert_does_not_open (kit, HM_ERROR_PERMISSION, HM_JOURNAL_NAME);
  fail_opens ("/" HM_JOURNAL_NAME, 2, EMFILE);
  outbox_kit_open (kit);
  assert_true (outbox_kit_status (kit).unsaid > 0);
  assert_int_equal (count_aside (kit), 0);
}

static void
outbox_writes_the_journal_in_place_when_there_is_no_room_for_a_new_one (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = g_build_filename (kit->path, HM_JOURNAL_NAME, NULL);
  g_autofree char *noise = g_strnfill (HM_JOURNAL_BYTES, 'x');

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  assert_true (g_file_set_contents (path, noise, HM_JOURNAL_BYTES, NULL));
  fail_opens ("/" HM_JOURNAL_NAME ".new", G_MAXINT, ENOSPC);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2");
  assert_int_equal (count_aside (kit), 0);
  outbox_kit_close (kit);
  outbox_kit_open (kit);
  outbox_kit_expect (kit, 0, "");
}

/* -- what no agent writes -- */

/* Behind what the newest segment of billing holds. */
static void
add_frame (OutboxKit *kit, guint64 number, guint64 order, const char *id)
{
  g_autofree char *path = outbox_kit_file (kit, "billing-", TRUE);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) value = g_bytes_new_static ("{}", 2);
  g_autofree char *text = g_strdup (id);
  char short_text[] = "a";
  HmMessage message = { .refs = 1,
                        .kind = HM_RECORD_SAMPLES,
                        .key = short_text,
                        .id = text,
                        .source = short_text,
                        .time = 1,
                        .value = value };
  HmFrame frame = { .number = number, .order = order, .bin = 1, .message = &message };
  int fd = g_open (path, O_WRONLY | O_APPEND, 0);

  hm_frame_write (&frame, bytes);
  assert_int_equal (write (fd, bytes->data, bytes->len), bytes->len);
  g_close (fd, NULL);
}

static void
outbox_notes_all_the_same_when_an_id_is_none_that_an_agent_gives (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *long_epoch = g_strnfill (HM_ID_MAX + 1, 'e');
  g_autofree char *long_id = g_strdup_printf ("node/%s/a/5", long_epoch);
  guint64 before;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 3);
  outbox_kit_close (kit);
  add_frame (kit, 4, 4, "node//a/4");
  add_frame (kit, 5, 5, long_id);
  add_frame (kit, 6, 6, "node/%FF/a/6");
  add_frame (kit, 7, 7, "4711");
  outbox_kit_open (kit);
  before = outbox_kit_generation (kit);
  assert_int_equal (outbox_kit_take (kit, 0, G_MAXUINT), 7);
  outbox_kit_wait_note (kit, before);
  assert_false (outbox_kit_has_said (kit, "cannot be noted"));
  assert_false (outbox_kit_has_said (kit, "have no place"));
}

static void
outbox_goes_on_counting_when_a_frame_has_the_last_number_of_all (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 1);
  outbox_kit_close (kit);
  add_frame (kit, HM_NUMBER_LAST, 2, "node/e/a/2");
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_close (kit);
  add_frame (kit, 3, G_MAXUINT64, "node/e/a/3");
  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "c", 1, 1);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 b/1 c/1");
}

static void
outbox_keeps_both_when_two_files_of_a_name_are_set_aside (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = g_build_filename (kit->path, HM_JOURNAL_NAME, NULL);

  for (guint i = 0; i < 2; i++)
    {
      outbox_kit_open (kit);
      outbox_kit_close (kit);
      assert_true (g_file_set_contents (path, "x", 1, NULL));
    }
  outbox_kit_open (kit);
  outbox_kit_close (kit);
  assert_true (g_file_set_contents (path, "y", 1, NULL));
  outbox_kit_open (kit);
  assert_int_equal (count_aside (kit), 3);
}

static void
outbox_sets_a_folder_aside_when_it_has_the_next_segments_name (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = g_build_filename (kit->path, "billing-0000000000000003.segment", NULL);

  outbox_kit_open (kit);
  fake_append (kit->outbox, HM_CLASS_BILLING, "a", 1, 2);
  outbox_kit_close (kit);
  assert_int_equal (g_mkdir (path, 0700), 0);
  outbox_kit_open (kit);
  assert_int_equal (count_aside (kit), 1);
  fake_append (kit->outbox, HM_CLASS_BILLING, "b", 1, 1);
  outbox_kit_flush (kit);
  outbox_kit_expect (kit, 0, "a/1 a/2 b/1");
}

static void
outbox_says_no_loss_when_the_journal_is_gone (void **state)
{
  OutboxKit *kit = *state;
  g_autofree char *path = g_build_filename (kit->path, HM_JOURNAL_NAME, NULL);
  OutboxGap gap;

  outbox_kit_open (kit);
  outbox_kit_fill (kit, HM_CLASS_BILLING, 1 << 20);
  outbox_kit_take (kit, 0, 200);
  outbox_kit_take (kit, 1, 200);
  outbox_kit_wait_files (kit, "billing-0000000000000001", 0);
  outbox_kit_close (kit);
  assert_int_equal (g_unlink (path), 0);
  outbox_kit_open (kit);
  outbox_kit_drain (kit, 0, &gap);
  assert_int_equal (gap.gaps, 0);
  assert_int_equal (outbox_kit_status (kit).damaged, 0);
  assert_int_equal (outbox_kit_status (kit).unsaid, 0);
}

static void
journal_leaves_out_bins_when_they_have_no_place (void **state)
{
  OutboxKit *kit = *state;
  HmFiles *files = hm_files_system ();
  g_autoptr (HmJournal) journal = hm_journal_new ();
  g_autoptr (HmJournal) read = NULL;
  g_autofree char *name = g_strnfill (HM_ID_MAX, '\001');
  HmJournalWriter *writer = hm_journal_writer_new (files, kit->folder, NULL);

  for (gint64 i = 0; i < HM_JOURNAL_BINS_MAX; i++)
    {
      HmBinCount bin = { .epoch = i % 8 == 0 ? "" : name, .bin = i, .records = 1, .sum = 1 };

      g_array_append_val (journal->bins, bin);
    }
  assert_true (hm_journal_write (writer, journal, NULL));
  hm_journal_writer_free (writer);
  read = hm_journal_read (files, kit->folder, NULL);
  assert_true (read->bins->len > 0);
  assert_int_equal (journal->left_out + read->bins->len, HM_JOURNAL_BINS_MAX);
  assert_int_equal (g_array_index (read->bins, HmBinCount, read->bins->len - 1).bin, HM_JOURNAL_BINS_MAX - 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    START_TEST (outbox_does_not_start_when_a_segment_cannot_be_opened),
    START_TEST (outbox_starts_when_a_segment_can_be_opened_a_moment_later),
    START_TEST (outbox_cuts_nothing_off_when_a_segment_cannot_be_read_for_a_moment),
    START_TEST (outbox_keeps_a_segment_whole_when_a_place_of_it_cannot_be_read),
    START_TEST (outbox_gives_no_number_twice_when_the_end_of_a_segment_cannot_be_read),
    START_TEST (outbox_does_not_start_when_the_journal_cannot_be_read),
    START_TEST (outbox_writes_the_journal_in_place_when_there_is_no_room_for_a_new_one),
    START_TEST (outbox_notes_all_the_same_when_an_id_is_none_that_an_agent_gives),
    START_TEST (outbox_goes_on_counting_when_a_frame_has_the_last_number_of_all),
    START_TEST (outbox_keeps_both_when_two_files_of_a_name_are_set_aside),
    START_TEST (outbox_sets_a_folder_aside_when_it_has_the_next_segments_name),
    START_TEST (outbox_says_no_loss_when_the_journal_is_gone),
    START_TEST (journal_leaves_out_bins_when_they_have_no_place),
  };

  return cmocka_run_group_tests_name ("outbox_start", tests, NULL, NULL);
}
