/* SPDX-License-Identifier: Apache-2.0 */
/* test_file_write: the file below the publisher `file`, alone: what a failed sync leaves, and rotation with all that may be in its
 * way. */
#include "publishers/file_private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "metering/log.h"
#include "tests/kit.h"

#define WALL_S 1795051620 /* 2026-11-19T01:27:00Z */

typedef struct
{
  char *folder;
  HmFakeClock *clock;
  HmFile file;
  GString *said;
} Fixture;

static gboolean sync_fails, open_fails;

static int
sync_or_fail (int fd)
{
  if (!sync_fails)
    return fdatasync (fd);
  errno = EIO;
  return -1;
}

static int
open_or_fail (const char *path, int flags, mode_t mode)
{
  if (!open_fails)
    return hm_file_open_path (path, flags, mode);
  errno = EMFILE;
  return -1;
}

static void
take_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
           gpointer user)
{
  const Fixture *f = user;

  g_string_append_printf (f->said, "%s\n", text);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  sync_fails = open_fails = FALSE;
  f->folder = kit_temp_folder ();
  f->clock = hm_fake_clock_new (WALL_S * HM_NSEC_PER_SEC);
  f->said = g_string_new (NULL);
  f->file = (HmFile){ .path = g_build_filename (f->folder, "out", NULL),
                      .clock = &f->clock->clock,
                      .sync = sync_or_fail,
                      .open = open_or_fail,
                      .fd = -1 };
  hm_log_capture (take_line, f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_log_capture (NULL, NULL);
  hm_file_close (&f->file);
  kit_remove_tree (f->folder);
  g_string_free (f->said, TRUE);
  g_free (f->file.path);
  g_free (f->clock);
  g_free (f->folder);
  g_free (f);
  return 0;
}

static void
open_file (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  if (!hm_file_open (&f->file, &error) || !hm_file_rotate_begin (&f->file, &error))
    fail_msg ("%s", error->message);
}

/* A line as the publisher's thread brings it there and to disk. */
static void
add (Fixture *f, const char *line)
{
  g_autoptr (GError) error = NULL;

  if (hm_file_rotate_is_due (&f->file, strlen (line)))
    hm_file_rotate (&f->file);
  if (!hm_file_append (&f->file, line, strlen (line), &error) || !hm_file_sync (&f->file, &error))
    fail_msg ("%s", error->message);
}

static void
expect_text (const Fixture *f, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    fail_msg ("there is no %s", name);
  assert_string_equal (text, expected);
  assert_int_equal (length, strlen (expected));
}

static gboolean
is_there (const Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* -- syncing -- */

static void
sync_cuts_off_what_it_may_not_have_written_when_it_fails (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  open_file (f);
  add (f, "one\n");
  assert_true (hm_file_append (&f->file, "two\n", 4, NULL) && hm_file_append (&f->file, "three\n", 6, NULL));
  sync_fails = TRUE;
  assert_false (hm_file_sync (&f->file, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, f->file.path);
  expect_text (f, "out", "one\n");
  sync_fails = FALSE;
  add (f, "two\n");
  expect_text (f, "out", "one\ntwo\n");
}

/* What somebody cut under way is not filled up with zeros. */
static void
sync_makes_the_file_no_longer_when_it_fails (void **state)
{
  Fixture *f = *state;

  open_file (f);
  add (f, "one\n");
  assert_int_equal (truncate (f->file.path, 0), 0);
  sync_fails = TRUE;
  assert_false (hm_file_sync (&f->file, NULL));
  expect_text (f, "out", "");
}

/* -- rotating -- */

static void
rotate_names_the_file_by_time_and_counter (void **state)
{
  Fixture *f = *state;

  f->file.rotate_size = 8;
  open_file (f);
  add (f, "one\n");
  add (f, "two\n");
  add (f, "three\n");
  hm_fake_clock_advance (f->clock, 61 * HM_NSEC_PER_SEC);
  add (f, "four\n");
  expect_text (f, "out.20261119T012700Z.000001", "one\ntwo\n");
  expect_text (f, "out.20261119T012801Z.000002", "three\n");
  expect_text (f, "out", "four\n");
}

static void
rotate_goes_on_counting_when_the_program_is_another (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "out.20261118T000000Z.000041", "");
  kit_write_file (f->folder, "out.99991118T000000Z.77x", "");
  kit_write_file (f->folder, "other.20261118T000000Z.000099", "");
  f->file.rotate_size = 4;
  open_file (f);
  add (f, "one\n");
  add (f, "two\n");
  expect_text (f, "out.20261119T012700Z.000042", "one\n");
}

static void
rotate_writes_a_line_whole_when_it_is_larger_than_a_file (void **state)
{
  Fixture *f = *state;

  f->file.rotate_size = 2;
  open_file (f);
  add (f, "one\n");
  add (f, "two\n");
  expect_text (f, "out.20261119T012700Z.000001", "one\n");
  expect_text (f, "out", "two\n");
}

static void
rotate_takes_another_name_when_one_is_taken (void **state)
{
  Fixture *f = *state;

  f->file.rotate_size = 4;
  open_file (f);
  kit_write_file (f->folder, "out.20261119T012700Z.000001", "somebody else's\n");
  add (f, "one\n");
  add (f, "two\n");
  expect_text (f, "out.20261119T012700Z.000001", "somebody else's\n");
  expect_text (f, "out.20261119T012700Z.000002", "one\n");
  expect_text (f, "out", "two\n");
}

/* Without its folder nothing can be renamed or made, yet what is open can be written. */
static void
rotate_goes_on_with_the_open_file_when_it_fails (void **state)
{
  Fixture *f = *state;
  g_autofree char *away = g_strconcat (f->folder, ".away", NULL);

  f->file.rotate_size = 4;
  open_file (f);
  add (f, "one\n");
  assert_int_equal (g_rename (f->folder, away), 0);
  add (f, "two\n");
  assert_int_equal (g_rename (away, f->folder), 0);
  assert_non_null (strstr (f->said->str, "not rotated"));
  add (f, "three\n");
  expect_text (f, "out", "one\ntwo\nthree\n");
  hm_fake_clock_advance (f->clock, 10 * HM_NSEC_PER_SEC);
  add (f, "four\n");
  expect_text (f, "out", "four\n");
}

/* With no descriptor left a file can be renamed, but none be opened. */
static void
rotate_gives_the_name_back_when_no_new_file_can_be_opened (void **state)
{
  Fixture *f = *state;

  f->file.rotate_size = 4;
  open_file (f);
  add (f, "one\n");
  open_fails = TRUE;
  add (f, "two\n");
  open_fails = FALSE;
  assert_non_null (strstr (f->said->str, "Too many open files: not rotated"));
  expect_text (f, "out", "one\ntwo\n");
  assert_false (is_there (f, "out.20261119T012700Z.000001"));
}

static void
rotate_begins_a_file_with_each_stretch_of_the_wall_clock (void **state)
{
  Fixture *f = *state;

  f->file.rotate_interval = 3600 * HM_NSEC_PER_SEC;
  open_file (f);
  add (f, "one\n");
  hm_fake_clock_advance (f->clock, (33 * 60 - 1) * HM_NSEC_PER_SEC);
  add (f, "two\n");
  hm_fake_clock_advance (f->clock, HM_NSEC_PER_SEC);
  add (f, "three\n");
  hm_fake_clock_advance (f->clock, 1800 * HM_NSEC_PER_SEC);
  add (f, "four\n");
  expect_text (f, "out.20261119T020000Z.000001", "one\ntwo\n");
  expect_text (f, "out", "three\nfour\n");
}

static void
rotate_begins_a_file_when_the_last_line_is_of_another_stretch (void **state)
{
  Fixture *f = *state;
  struct utimbuf before = { WALL_S - 3600, WALL_S - 3600 };

  kit_write_file (f->folder, "out", "old\n");
  assert_int_equal (utime (f->file.path, &before), 0);
  f->file.rotate_interval = 3600 * HM_NSEC_PER_SEC;
  open_file (f);
  add (f, "new\n");
  expect_text (f, "out.20261119T012700Z.000001", "old\n");
  expect_text (f, "out", "new\n");
}

/* By the counter: a clock that was wrong must not make the newest the oldest. */
static void
rotate_keeps_the_newest_when_some_are_to_go (void **state)
{
  Fixture *f = *state;

  f->file.rotate_size = 4;
  f->file.keep = 2;
  kit_write_file (f->folder, "out.20991118T000000Z.000001", "");
  kit_write_file (f->folder, "out.1", "of another program\n");
  open_file (f);
  for (guint i = 2; i <= 5; i++)
    add (f, "one\n");
  assert_false (is_there (f, "out.20991118T000000Z.000001"));
  assert_false (is_there (f, "out.20261119T012700Z.000002"));
  assert_true (is_there (f, "out.20261119T012700Z.000003"));
  assert_true (is_there (f, "out.20261119T012700Z.000004"));
  assert_true (is_there (f, "out.1"));
}

/* Another program has moved the file away and told nobody yet. */
static void
rotate_begins_a_new_file_when_the_old_one_is_not_there_any_more (void **state)
{
  Fixture *f = *state;
  g_autofree char *away = g_strconcat (f->file.path, ".1", NULL);

  f->file.rotate_size = 8;
  open_file (f);
  add (f, "one\n");
  assert_int_equal (g_rename (f->file.path, away), 0);
  add (f, "two\n");
  add (f, "three\n");
  expect_text (f, "out.1", "one\ntwo\n");
  expect_text (f, "out", "three\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (sync_cuts_off_what_it_may_not_have_written_when_it_fails),
    CASE (sync_makes_the_file_no_longer_when_it_fails),
    CASE (rotate_names_the_file_by_time_and_counter),
    CASE (rotate_goes_on_counting_when_the_program_is_another),
    CASE (rotate_writes_a_line_whole_when_it_is_larger_than_a_file),
    CASE (rotate_takes_another_name_when_one_is_taken),
    CASE (rotate_goes_on_with_the_open_file_when_it_fails),
    CASE (rotate_gives_the_name_back_when_no_new_file_can_be_opened),
    CASE (rotate_begins_a_file_with_each_stretch_of_the_wall_clock),
    CASE (rotate_begins_a_file_when_the_last_line_is_of_another_stretch),
    CASE (rotate_keeps_the_newest_when_some_are_to_go),
    CASE (rotate_begins_a_new_file_when_the_old_one_is_not_there_any_more),
  };

  return cmocka_run_group_tests_name ("file_write", tests, NULL, NULL);
}
