/* SPDX-License-Identifier: Apache-2.0 */
/* test_files: the real file system behind the outbox's table, and the loops around a read and a write. */
#include "tests/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/files.h"

typedef struct
{
  char *folder, *path;
  HmFiles *files;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, "file", NULL);
  f->files = hm_files_system ();
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

static int
open_file (Fixture *f)
{
  int fd = f->files->open (f->files, f->path, O_RDWR | O_CREAT, 0640);

  assert_true (fd >= 0);
  return fd;
}

/* -- the system's */

static void
files_reads_what_was_written_when_both_are_whole (void **state)
{
  Fixture *f = *state;
  int fd = open_file (f);
  char bytes[16] = "";

  assert_int_equal (hm_files_write (f->files, fd, "segment", 7, 3), 0);
  assert_int_equal (f->files->size (f->files, fd), 10);
  assert_int_equal (hm_files_read (f->files, fd, bytes, 7, 3), 7);
  assert_string_equal (bytes, "segment");
  assert_int_equal (f->files->sync (f->files, fd), 0);
  assert_int_equal (f->files->truncate (f->files, fd, 5), 0);
  assert_int_equal (f->files->size (f->files, fd), 5);
  assert_int_equal (f->files->close (f->files, fd), 0);
}

static void
files_open_is_closed_on_exec_and_has_its_mode (void **state)
{
  Fixture *f = *state;
  int fd = open_file (f);
  struct stat st;

  assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
  assert_int_equal (fstat (fd, &st), 0);
  assert_int_equal (st.st_mode & 0137, 0);
  f->files->close (f->files, fd);
}

static void
files_say_errno_when_there_is_nothing (void **state)
{
  Fixture *f = *state;

  errno = 0;
  assert_int_equal (f->files->open (f->files, f->path, O_RDONLY, 0), -1);
  assert_int_equal (errno, ENOENT);
  assert_int_equal (f->files->unlink (f->files, f->path), -1);
  assert_int_equal (errno, ENOENT);
  assert_int_equal (f->files->size (f->files, -1), -1);
  assert_int_equal (errno, EBADF);
  assert_int_equal (f->files->make_folder (f->files, f->folder, 0750), -1);
  assert_int_equal (errno, EEXIST);
  errno = 0;
  assert_int_equal (f->files->sync_folder (f->files, f->path), -1);
  assert_int_equal (errno, ENOENT);
  errno = 0;
  assert_null (f->files->list (f->files, f->path));
  assert_int_equal (errno, ENOENT);
}

static void
files_list_is_sorted_and_without_dots (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) names = NULL;
  g_autofree char *inner = g_build_filename (f->folder, "b", NULL);

  kit_write_file (f->folder, "c", "x");
  kit_write_file (f->folder, "..a", "x");
  assert_int_equal (f->files->make_folder (f->files, inner, 0750), 0);
  names = f->files->list (f->files, f->folder);
  assert_int_equal (g_strv_length (names), 3);
  assert_string_equal (names[0], "..a");
  assert_string_equal (names[1], "b");
  assert_string_equal (names[2], "c");
  assert_int_equal (f->files->sync_folder (f->files, f->folder), 0);
}

static void
files_rename_replaces_what_is_there (void **state)
{
  Fixture *f = *state;
  g_autofree char *other = g_build_filename (f->folder, "other", NULL);
  g_autofree char *text = NULL;

  kit_write_file (f->folder, "file", "new");
  kit_write_file (f->folder, "other", "old");
  assert_int_equal (f->files->rename (f->files, f->path, other), 0);
  assert_true (g_file_get_contents (other, &text, NULL, NULL));
  assert_string_equal (text, "new");
  assert_int_equal (f->files->unlink (f->files, other), 0);
  assert_false (g_file_test (other, G_FILE_TEST_EXISTS));
}

static void
files_rename_new_leaves_what_is_there (void **state)
{
  Fixture *f = *state;
  g_autofree char *other = g_build_filename (f->folder, "other", NULL);
  g_autofree char *text = NULL, *named = NULL;

  kit_write_file (f->folder, "file", "new");
  kit_write_file (f->folder, "other", "old");
  assert_int_equal (f->files->rename_new (f->files, f->path, other), -1);
  assert_int_equal (errno, EEXIST);
  assert_true (g_file_get_contents (other, &text, NULL, NULL));
  assert_string_equal (text, "old");
  assert_int_equal (f->files->unlink (f->files, other), 0);
  assert_int_equal (f->files->rename_new (f->files, f->path, other), 0);
  assert_true (g_file_get_contents (other, &named, NULL, NULL));
  assert_string_equal (named, "new");
  assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

/* -- loops: a file that gives and takes two bytes at a time, and is interrupted before each */

typedef struct
{
  HmFiles files;
  char bytes[32];
  size_t length;
  guint calls;
  int fails; /* errno of the second piece; 0: none */
  gboolean takes_nothing;
} Slow;

static gboolean
is_stopped (Slow *slow)
{
  guint call = slow->calls++;

  errno = call % 2 == 0 ? EINTR : slow->fails;
  return call % 2 == 0 || (call >= 3 && slow->fails != 0);
}

static ssize_t
slow_pread (HmFiles *self, int fd G_GNUC_UNUSED, void *bytes, size_t length, off_t offset)
{
  Slow *slow = (Slow *)self;
  size_t n = MIN (MIN (length, 2), slow->length - MIN ((size_t)offset, slow->length));

  if (is_stopped (slow))
    return -1;
  memcpy (bytes, slow->bytes + offset, n);
  return (ssize_t)n;
}

static ssize_t
slow_pwrite (HmFiles *self, int fd G_GNUC_UNUSED, const void *bytes, size_t length, off_t offset)
{
  Slow *slow = (Slow *)self;
  size_t n = slow->takes_nothing ? 0 : MIN (length, 2);

  if (is_stopped (slow))
    return -1;
  memcpy (slow->bytes + offset, bytes, n);
  slow->length = MAX (slow->length, (size_t)offset + n);
  return (ssize_t)n;
}

static Slow
slow_new (void)
{
  return (Slow){ .files = { .pread = slow_pread, .pwrite = slow_pwrite } };
}

static void
files_write_goes_on_when_it_is_interrupted_or_short (void **state G_GNUC_UNUSED)
{
  Slow slow = slow_new ();
  char bytes[8] = "";

  assert_int_equal (hm_files_write (&slow.files, 0, "abcde", 5, 4), 0);
  assert_int_equal (slow.length, 9);
  assert_int_equal (hm_files_read (&slow.files, 0, bytes, 5, 4), 5);
  assert_string_equal (bytes, "abcde");
}

static void
files_read_gives_what_there_is_at_the_end (void **state G_GNUC_UNUSED)
{
  Slow slow = slow_new ();
  char bytes[8] = "";

  slow.length = 3;
  memcpy (slow.bytes, "abc", 3);
  assert_int_equal (hm_files_read (&slow.files, 0, bytes, 8, 0), 3);
  assert_string_equal (bytes, "abc");
  assert_int_equal (hm_files_read (&slow.files, 0, bytes, 8, 3), 0);
}

static void
files_loops_fail_when_a_later_piece_does (void **state G_GNUC_UNUSED)
{
  Slow slow = slow_new ();
  char bytes[8];

  slow.fails = ENOSPC;
  assert_int_equal (hm_files_write (&slow.files, 0, "abcde", 5, 0), -1);
  assert_int_equal (errno, ENOSPC);
  slow = slow_new ();
  slow.length = 5;
  slow.fails = EIO;
  assert_int_equal (hm_files_read (&slow.files, 0, bytes, 5, 0), -1);
  assert_int_equal (errno, EIO);
}

static void
files_write_ends_when_nothing_is_taken (void **state G_GNUC_UNUSED)
{
  Slow slow = slow_new ();

  slow.takes_nothing = TRUE;
  assert_int_equal (hm_files_write (&slow.files, 0, "abcde", 5, 0), -1);
  assert_int_equal (errno, EIO);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (files_reads_what_was_written_when_both_are_whole, set_up, tear_down),
    cmocka_unit_test_setup_teardown (files_open_is_closed_on_exec_and_has_its_mode, set_up, tear_down),
    cmocka_unit_test_setup_teardown (files_say_errno_when_there_is_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown (files_list_is_sorted_and_without_dots, set_up, tear_down),
    cmocka_unit_test_setup_teardown (files_rename_replaces_what_is_there, set_up, tear_down),
    cmocka_unit_test_setup_teardown (files_rename_new_leaves_what_is_there, set_up, tear_down),
    cmocka_unit_test (files_write_goes_on_when_it_is_interrupted_or_short),
    cmocka_unit_test (files_read_gives_what_there_is_at_the_end),
    cmocka_unit_test (files_loops_fail_when_a_later_piece_does),
    cmocka_unit_test (files_write_ends_when_nothing_is_taken),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
