/* SPDX-License-Identifier: Apache-2.0 */
/* test_system_file: small files of the kernel's, whole or not at all. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/system_file.h"

static int
set_up (void **state)
{
  *state = kit_temp_folder ();
  return 0;
}

static int
tear_down (void **state)
{
  kit_remove_tree (*state);
  g_free (*state);
  return 0;
}

static void
system_file_is_read_whole (void **state)
{
  g_autofree char *text = NULL;

  kit_write_file (*state, "file", "one\ntwo\n");
  text = hm_system_file_read (*state, "/file", 8, NULL);
  assert_string_equal (text, "one\ntwo\n");
}

static void
assert_refused (const char *root, HmError code, const char *part)
{
  GError *error = NULL;

  assert_null (hm_system_file_read (root, "/file", 8, &error));
  kit_assert_error (&error, code, part);
}

static void
system_file_is_refused_when_it_cannot_be_whole (void **state)
{
  g_autofree char *path = g_build_filename (*state, "file", NULL);

  kit_write_file (*state, "file", "no end");
  assert_refused (*state, HM_ERROR_DATA, "cut off");
  kit_write_file (*state, "file", "");
  assert_refused (*state, HM_ERROR_DATA, "cut off");
  assert_true (g_file_set_contents (path, "a\0b\n", 4, NULL));
  assert_refused (*state, HM_ERROR_DATA, "cut off");
  kit_write_file (*state, "file", "12345678\n");
  assert_refused (*state, HM_ERROR_DATA, "larger than it can be");
}

static void
system_file_says_why_it_cannot_be_read (void **state)
{
  g_autofree char *path = g_build_filename (*state, "file", NULL);

  assert_refused (*state, HM_ERROR_UNAVAILABLE, "/file: No such file");
  assert_int_equal (g_mkdir (path, 0700), 0);
  assert_refused (*state, HM_ERROR_TEMPORARY, "/file: Is a directory");
}

/* Nobody writes to it, and the worker must not wait for somebody who does. */
static void
system_file_does_not_wait_at_a_fifo (void **state)
{
  g_autofree char *path = g_build_filename (*state, "file", NULL);

  assert_int_equal (mkfifo (path, 0600), 0);
  assert_refused (*state, HM_ERROR_DATA, "cut off");
}

static void
system_file_number_is_one_number_alone (void **state)
{
  static const char *const bad[]
      = { "\n", "x\n", "1 2\n", "-1\n", "1.0\n", "0x10\n", "18446744073709551616\n", "1\n2\n" };
  guint64 number = 7;

  kit_write_file (*state, "file", "18446744073709551615\n");
  assert_true (hm_system_file_number (*state, "/file", &number, NULL));
  assert_true (number == G_MAXUINT64);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      kit_write_file (*state, "file", bad[i]);
      assert_false (hm_system_file_number (*state, "/file", &number, &error));
      kit_assert_error (&error, HM_ERROR_DATA, "/file");
    }
  assert_true (number == G_MAXUINT64);
}

static void
system_text_number_moves_behind_each_number (void **state)
{
  const char *cursor = "  12\t34 x";
  guint64 number;

  (void)state;
  assert_true (hm_system_text_number (&cursor, &number) && number == 12);
  assert_true (hm_system_text_number (&cursor, &number) && number == 34);
  assert_false (hm_system_text_number (&cursor, &number));
  assert_string_equal (cursor, " x");
  assert_true (number == 34);
}

static void
system_folder_is_listed_in_order_and_within_its_limit (void **state)
{
  g_autoptr (GPtrArray) all = NULL, some = NULL;

  kit_write_file (*state, "b", "");
  kit_write_file (*state, "a", "");
  kit_write_file (*state, "c\nd", ""); /* would forge a line of a log */
  kit_write_file (*state, "\xff", ""); /* no text */
  all = hm_system_folder_list (*state, "", 100, NULL);
  assert_int_equal (all->len, 2);
  assert_string_equal (g_ptr_array_index (all, 0), "a");
  assert_string_equal (g_ptr_array_index (all, 1), "b");
  some = hm_system_folder_list (*state, "", 1, NULL);
  assert_int_equal (some->len, 1);
}

static void
system_folder_says_why_it_cannot_be_listed (void **state)
{
  GError *error = NULL;

  assert_null (hm_system_folder_list (*state, "/none", 100, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "/none");
}

int
main (void)
{
#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE (system_file_is_read_whole),
    CASE (system_file_is_refused_when_it_cannot_be_whole),
    CASE (system_file_says_why_it_cannot_be_read),
    CASE (system_file_does_not_wait_at_a_fifo),
    CASE (system_file_number_is_one_number_alone),
    CASE (system_text_number_moves_behind_each_number),
    CASE (system_folder_is_listed_in_order_and_within_its_limit),
    CASE (system_folder_says_why_it_cannot_be_listed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
