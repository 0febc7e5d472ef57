/* SPDX-License-Identifier: Apache-2.0 */
/* test_file: the publisher `file`, through the real module and real files. */
#include "tests/publisher_kit.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define VALUE "{\"schema\":\"hypermeter.samples/1\",\"n\":18446744073709551615}"

typedef struct
{
  char *folder, *path;
  KitPublisher *publisher;
} Fixture;

static int
set_up (void **state)
{
  g_autoptr (GError) error = NULL;
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, "out.ndjson", NULL);
  f->publisher = kit_publisher_new ("file", &error, "path", f->path, NULL);
  assert_non_null (f->publisher->self);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  kit_publisher_free (f->publisher);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

/* Another publisher of the same file, with more options. */
#define USE(f, ...)                                                                                          \
  do                                                                                                         \
    {                                                                                                        \
      kit_publisher_free ((f)->publisher);                                                                   \
      (f)->publisher = kit_publisher_new ("file", NULL, "path", (f)->path, __VA_ARGS__, NULL);               \
      assert_non_null ((f)->publisher->self);                                                                \
    }                                                                                                        \
  while (0)

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  assert_true (f->publisher->plugin->publisher->start (f->publisher->self, &error));
}

static void
publish (Fixture *f, guint64 position, const char *value)
{
  g_autoptr (HmMessage) message = kit_message (position, "i-1", value);

  kit_publisher_publish (f->publisher, message);
}

/* (transfer full) */
static char **
lines_of (const Fixture *f)
{
  g_autofree char *text = NULL;

  assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  return g_strsplit (text, "\n", -1);
}

static void
file_writes_a_cloudevent_per_line_when_it_publishes (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) lines = NULL;
  g_autoptr (HmJson) event = NULL;

  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  lines = lines_of (f);
  assert_int_equal (g_strv_length (lines), 2);
  assert_string_equal (lines[1], "");
  event = hm_json_parse (lines[0], strlen (lines[0]), NULL);
  assert_non_null (event);
  assert_string_equal (hm_json_get_text (event, "specversion"), "1.0");
  assert_string_equal (hm_json_get_text (event, "id"), "id-1");
  assert_string_equal (hm_json_get_text (event, "source"), "site-a");
  assert_string_equal (hm_json_get_text (event, "type"), "hypermeter.samples/1");
  assert_string_equal (hm_json_get_text (event, "subject"), "i-1");
  assert_string_equal (hm_json_get_text (event, "time"), "1970-01-01T00:33:20.000000000Z");
  assert_string_equal (hm_json_get_text (event, "hmsent"), "1970-01-01T00:50:00.000000000Z");
  assert_string_equal (hm_json_get_text (event, "hmsignature"), "v1;k;00");
  assert_string_equal (hm_json_get_text (event, "datacontenttype"), "application/json");
}

/* What was signed must be there byte for byte. */
static void
file_keeps_the_bytes_of_the_value_when_it_writes (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) lines = NULL;

  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  lines = lines_of (f);
  assert_true (g_str_has_suffix (lines[0], ",\"data\":" VALUE "}"));
}

static void
file_keeps_the_order_when_much_is_published (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) lines = NULL;

  start (f);
  for (guint64 i = 1; i <= 3000; i++)
    publish (f, i, VALUE);
  kit_publisher_wait (f->publisher, 3000);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 3000);
  lines = lines_of (f);
  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *id = g_strdup_printf ("\"id\":\"id-%u\"", i + 1);

      assert_non_null (strstr (lines[i], id));
    }
}

static void
file_appends_when_there_is_one_already (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) lines = NULL;

  kit_write_file (f->folder, "out.ndjson", "{\"old\":1}\n");
  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  lines = lines_of (f);
  assert_string_equal (lines[0], "{\"old\":1}");
  assert_int_equal (g_strv_length (lines), 3);
}

static void
file_ends_a_torn_line_when_it_starts (void **state)
{
  Fixture *f = *state;
  g_auto (GStrv) lines = NULL;

  kit_write_file (f->folder, "out.ndjson", "{\"torn\":");
  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  lines = lines_of (f);
  assert_string_equal (lines[0], "{\"torn\":");
  assert_true (g_str_has_prefix (lines[1], "{\"specversion\""));
}

/* A limit on the file's size is a full disk that every user can make. */
static void
file_leaves_no_half_line_when_the_disk_is_full (void **state)
{
  Fixture *f = *state;
  struct rlimit before, small;
  g_autofree char *text = NULL;

  assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
  signal (SIGXFSZ, SIG_IGN);
  small = before;
  small.rlim_cur = 100;
  start (f);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->delivery, HM_DELIVERY_RETRY);
  assert_non_null (strstr (kit_publisher_word (f->publisher, 0)->reason, f->path));
  assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  assert_string_equal (text, "");

  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_word (f->publisher, 1)->delivery, HM_DELIVERY_DONE);
}

/* One attempt. */
static gboolean
takes (Fixture *f, guint64 position)
{
  g_autoptr (HmMessage) message = kit_message (position, "i-1", VALUE);

  return f->publisher->plugin->publisher->publish (f->publisher->self, message);
}

static void
expect_word (Fixture *f, guint i, const char *id, HmDelivery delivery)
{
  kit_publisher_wait (f->publisher, i + 1);
  assert_string_equal (kit_publisher_word (f->publisher, i)->message->id, id);
  assert_int_equal (kit_publisher_word (f->publisher, i)->delivery, delivery);
}

/* The second is no text, the third does not fit any more, the fourth was taken while these were written. */
static void
file_lets_nothing_overtake_a_line_that_was_not_written (void **state)
{
  Fixture *f = *state;
  g_autofree char *large = g_strnfill (10000, '1');
  g_autoptr (HmMessage) bad = kit_message (2, "i-\xff", VALUE);
  struct rlimit before, small;

  assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
  signal (SIGXFSZ, SIG_IGN);
  small = before;
  small.rlim_cur = 5000;
  start (f);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
  f->publisher->by_steps = TRUE;
  publish (f, 1, VALUE);
  expect_word (f, 0, "id-1", HM_DELIVERY_DONE);
  kit_publisher_publish (f->publisher, bad);
  publish (f, 3, large);
  kit_publisher_step (f->publisher, TRUE);
  expect_word (f, 1, "id-2", HM_DELIVERY_REJECT);
  publish (f, 4, VALUE);
  kit_publisher_step (f->publisher, TRUE);
  expect_word (f, 2, "id-3", HM_DELIVERY_RETRY);
  assert_false (takes (f, 5));
  kit_publisher_step (f->publisher, FALSE);
  expect_word (f, 3, "id-4", HM_DELIVERY_RETRY);
  f->publisher->plugin->publisher->flush (f->publisher->self, 120 * HM_NSEC_PER_SEC);
  /* It may have been on its way since before the third came back. */
  assert_false (takes (f, 5));
  assert_true (takes (f, 3));
  expect_word (f, 4, "id-3", HM_DELIVERY_DONE);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
}

static void
file_rejects_a_message_that_is_no_text_when_it_writes (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) bad = kit_message (1, "i-\xff", VALUE);

  start (f);
  kit_publisher_publish (f->publisher, bad);
  publish (f, 2, VALUE);
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_REJECT), 1);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 1);
}

static void
file_confirms_each_once_when_it_is_freed (void **state)
{
  Fixture *f = *state;

  start (f);
  for (guint64 i = 1; i <= 200; i++)
    publish (f, i, VALUE);
  kit_publisher_stop (f->publisher);
  assert_int_equal (f->publisher->confirmed->len, 200);
}

static void
file_has_confirmed_all_when_flush_returns (void **state)
{
  Fixture *f = *state;

  start (f);
  for (guint64 i = 1; i <= 50; i++)
    publish (f, i, VALUE);
  f->publisher->plugin->publisher->flush (f->publisher->self, 120 * HM_NSEC_PER_SEC);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 50);
}

/* -- the line -- */

static void
file_writes_the_line_that_is_documented (void **state)
{
  Fixture *f = *state;
  g_autofree char *golden_path
      = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "golden", "file.golden", NULL);
  g_autofree char *golden = NULL, *text = NULL;
  HmMessage *message = kit_message (7, "i-\"é\"", VALUE);

  start (f);
  publish (f, 1, VALUE);
  g_clear_pointer (&message->signature, g_free);
  message->kind = HM_RECORD_LIFECYCLE;
  kit_publisher_publish (f->publisher, message);
  hm_message_unref (message);
  kit_publisher_wait (f->publisher, 2);
  assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  if (g_strcmp0 (g_getenv ("HM_REGENERATE"), "1") == 0)
    assert_true (g_file_set_contents (golden_path, text, -1, NULL));
  assert_true (g_file_get_contents (golden_path, &golden, NULL, NULL));
  assert_string_equal (text, golden);
}

/* -- when a line is on disk -- */

static void
wait_for_lines (const Fixture *f, guint n)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  for (;;)
    {
      g_auto (GStrv) lines = lines_of (f);

      if (g_strv_length (lines) > n)
        return;
      if (g_get_monotonic_time () > deadline)
        fail_msg ("%u lines, where %u were expected", g_strv_length (lines) - 1, n);
      g_thread_yield ();
    }
}

static void
file_confirms_nothing_before_the_sync_when_that_has_an_interval (void **state)
{
  Fixture *f = *state;

  USE (f, "fsync", "interval", "fsync-interval", "1h");
  start (f);
  publish (f, 1, VALUE);
  wait_for_lines (f, 1);
  publish (f, 2, VALUE);
  /* The round that wrote the first line is over. */
  wait_for_lines (f, 2);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 0);
  f->publisher->plugin->publisher->flush (f->publisher->self, 120 * HM_NSEC_PER_SEC);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 2);
}

static void
file_syncs_by_itself_when_the_interval_is_over (void **state)
{
  Fixture *f = *state;

  USE (f, "fsync", "interval", "fsync-interval", "10ms");
  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  publish (f, 2, VALUE);
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 2);
}

/* Else it would take nothing more until the interval is over. */
static void
file_syncs_before_its_interval_when_much_waits_for_that (void **state)
{
  Fixture *f = *state;

  USE (f, "fsync", "interval", "fsync-interval", "1h");
  start (f);
  for (guint64 i = 1; i <= 3000; i++)
    publish (f, i, VALUE);
  kit_publisher_stop (f->publisher);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 3000);
}

static void
file_confirms_what_is_written_when_it_never_syncs (void **state)
{
  Fixture *f = *state;

  USE (f, "fsync", "never");
  start (f);
  for (guint64 i = 1; i <= 100; i++)
    publish (f, i, VALUE);
  kit_publisher_wait (f->publisher, 100);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 100);
  wait_for_lines (f, 100);
}

/* -- another file -- */

/* As logrotate does: the file is moved away under the writer's feet, which is told afterwards. */
static void
file_loses_nothing_when_another_program_rotates (void **state)
{
  Fixture *f = *state;
  g_autofree char *away = g_strconcat (f->path, ".1", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (g_rename (f->path, away), 0);
  publish (f, 2, VALUE);
  kit_publisher_wait (f->publisher, 2);
  f->publisher->plugin->publisher->reopen (f->publisher->self);
  publish (f, 3, VALUE);
  kit_publisher_wait (f->publisher, 3);
  lines = lines_of (f);
  assert_int_equal (g_strv_length (lines), 2);
  assert_non_null (strstr (lines[0], "\"id\":\"id-3\""));
  assert_true (g_file_get_contents (away, &text, NULL, NULL));
  assert_non_null (strstr (text, "\"id\":\"id-1\""));
  assert_non_null (strstr (text, "\"id\":\"id-2\""));
}

static void
file_goes_on_with_the_open_one_when_it_cannot_be_opened_anew (void **state)
{
  Fixture *f = *state;
  g_autofree char *away = g_strconcat (f->folder, ".away", NULL);
  g_auto (GStrv) lines = NULL;

  start (f);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (g_rename (f->folder, away), 0);
  f->publisher->plugin->publisher->reopen (f->publisher->self);
  publish (f, 2, VALUE);
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (g_rename (away, f->folder), 0);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 2);
  lines = lines_of (f);
  assert_int_equal (g_strv_length (lines), 3);
}

/* Else the lines would go on into a file that whoever moved it away deletes some day. */
static void
file_opens_anew_later_when_it_cannot_at_once (void **state)
{
  Fixture *f = *state;
  g_autofree char *away = g_strconcat (f->folder, ".away", NULL);
  g_autofree char *old_path = g_strconcat (f->path, ".1", NULL);
  g_autofree char *old = NULL;
  g_auto (GStrv) lines = NULL;

  start (f);
  assert_int_equal (g_rename (f->path, old_path), 0);
  assert_int_equal (g_rename (f->folder, away), 0);
  f->publisher->plugin->publisher->reopen (f->publisher->self);
  publish (f, 1, VALUE);
  kit_publisher_wait (f->publisher, 1);
  assert_int_equal (g_rename (away, f->folder), 0);
  publish (f, 2, VALUE);
  kit_publisher_wait (f->publisher, 2);
  hm_fake_clock_advance (f->publisher->clock, 10 * HM_NSEC_PER_SEC);
  publish (f, 3, VALUE);
  kit_publisher_wait (f->publisher, 3);
  assert_true (g_file_get_contents (old_path, &old, NULL, NULL));
  assert_non_null (strstr (old, "\"id\":\"id-2\""));
  lines = lines_of (f);
  assert_int_equal (g_strv_length (lines), 2);
  assert_non_null (strstr (lines[0], "\"id\":\"id-3\""));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Names in the folder, sorted; the file itself comes first. (transfer full) */
static GPtrArray *
files_of (const Fixture *f)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (f->folder, name, NULL));
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* Whole lines alone, with the next ids each. */
static void
expect_lines (const char *path, guint *last_id)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_true (strlen (text) <= 2000 && g_str_has_suffix (text, "\n"));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i][0] != '\0'; i++)
    {
      g_autofree char *id = g_strdup_printf ("\"id\":\"id-%u\"", ++*last_id);

      assert_non_null (strstr (lines[i], id));
      assert_true (g_str_has_suffix (lines[i], "}"));
    }
}

static void
file_has_each_line_once_and_whole_when_it_rotates (void **state)
{
  Fixture *f = *state;
  g_autoptr (GPtrArray) files = NULL;
  guint last_id = 0;

  USE (f, "rotate-size", "2000", "fsync", "interval");
  start (f);
  for (guint64 i = 1; i <= 100; i++)
    publish (f, i, VALUE);
  kit_publisher_wait (f->publisher, 100);
  files = files_of (f);
  assert_true (files->len > 10);
  for (guint i = 1; i < files->len; i++)
    expect_lines (g_ptr_array_index (files, i), &last_id);
  expect_lines (g_ptr_array_index (files, 0), &last_id);
  assert_int_equal (last_id, 100);
}

static void
file_refuses_to_start_when_a_link_is_to_be_rotated (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  kit_write_file (f->folder, "elsewhere", "");
  assert_int_equal (symlink ("elsewhere", f->path), 0);
  USE (f, "rotate-size", "2000");
  assert_false (f->publisher->plugin->publisher->start (f->publisher->self, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "only a regular file can be rotated");
}

static void
file_refuses_an_interval_when_it_is_less_than_a_second (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher
      = kit_publisher_new ("file", &error, "path", f->path, "rotate-interval", "10ms", NULL);

  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, "rotate-interval: \"10ms\" is less than 1s");
  kit_publisher_free (publisher);
}

/* -- what cannot be -- */

static void
file_refuses_to_start_when_the_folder_is_missing (void **state)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher = kit_publisher_new ("file", &error, "path", "/nowhere/at/all", NULL);

  (void)state;
  assert_false (publisher->plugin->publisher->start (publisher->self, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "/nowhere/at/all");
  kit_publisher_free (publisher);
}

static void
file_refuses_a_path_when_it_is_relative (void **state)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher = kit_publisher_new ("file", &error, "path", "out.ndjson", NULL);

  (void)state;
  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, "path");
  kit_publisher_free (publisher);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (file_writes_a_cloudevent_per_line_when_it_publishes, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_keeps_the_bytes_of_the_value_when_it_writes, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_keeps_the_order_when_much_is_published, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_appends_when_there_is_one_already, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_ends_a_torn_line_when_it_starts, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_leaves_no_half_line_when_the_disk_is_full, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_lets_nothing_overtake_a_line_that_was_not_written, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (file_rejects_a_message_that_is_no_text_when_it_writes, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (file_confirms_each_once_when_it_is_freed, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_has_confirmed_all_when_flush_returns, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_writes_the_line_that_is_documented, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_confirms_nothing_before_the_sync_when_that_has_an_interval, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (file_syncs_by_itself_when_the_interval_is_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_syncs_before_its_interval_when_much_waits_for_that, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (file_confirms_what_is_written_when_it_never_syncs, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_loses_nothing_when_another_program_rotates, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_goes_on_with_the_open_one_when_it_cannot_be_opened_anew, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (file_opens_anew_later_when_it_cannot_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_has_each_line_once_and_whole_when_it_rotates, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_refuses_to_start_when_a_link_is_to_be_rotated, set_up, tear_down),
    cmocka_unit_test_setup_teardown (file_refuses_an_interval_when_it_is_less_than_a_second, set_up,
                                     tear_down),
    cmocka_unit_test (file_refuses_to_start_when_the_folder_is_missing),
    cmocka_unit_test (file_refuses_a_path_when_it_is_relative),
  };

  return cmocka_run_group_tests_name ("file", tests, NULL, NULL);
}
