/* SPDX-License-Identifier: Apache-2.0 */
/* test_messages_file: messages from a file or FIFO, most of them hostile. */
#include "agent/messages/messages_file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake_identity.h"

#define PATIENCE_US (30 * G_USEC_PER_SEC)
#define PATIENCE_NS (30 * HM_NSEC_PER_SEC)
#define LINE        "{\"event_type\":\"a\"}\n"

/* -- a handler that notes what it got -- */

typedef struct
{
  GMutex lock;
  GCond changed;
  GPtrArray *seen; /* (element-type char *) "event type=payload.instance_id" */
  int grown;       /* what gets one more line for each one; -1 */
  gboolean holds;  /* it does not come back meanwhile */
} Notebook;

static HmResult
note (gpointer data, const HmNotice *notice, HmNoticeSink *sink G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Notebook *notebook = data;
  const char *id = hm_json_get_text (notice->body, "payload.instance_id");

  g_mutex_lock (&notebook->lock);
  g_ptr_array_add (notebook->seen, g_strdup_printf ("%s=%s", notice->event_type, id != NULL ? id : "-"));
  g_cond_broadcast (&notebook->changed);
  while (notebook->holds)
    g_cond_wait (&notebook->changed, &notebook->lock);
  g_mutex_unlock (&notebook->lock);
  if (notebook->grown >= 0)
    g_assert_true (write (notebook->grown, LINE, strlen (LINE)) == (ssize_t)strlen (LINE));
  return HM_OK;
}

static const char *const everything[] = { "*", NULL };
static const HmNotification ops = { .event_types = everything, .process_notification = note };
static const HmPlugin plugin = { .name = "notebook", .ns = HM_NS_NOTIFICATION, .notification = &ops };

/* -- fixture -- */

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmOutbox *outbox;
  HmDispatcher *dispatcher;
  Notebook notebook;
  char *folder, *path;
  HmMessagesFile *messages; /* (nullable) */
} Fixture;

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (FAKE_START);
  f->identity = fake_identity (&f->clock->clock);
  f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 20, NULL);
  f->dispatcher = hm_dispatcher_new (f->outbox, &f->clock->clock);
  f->notebook.grown = -1;
  f->notebook.seen = g_ptr_array_new_with_free_func (g_free);
  hm_dispatcher_add (f->dispatcher, &plugin, &f->notebook);
  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, "messages", NULL);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_messages_file_free (f->messages);
  hm_dispatcher_free (f->dispatcher);
  f->outbox->free (f->outbox);
  g_ptr_array_unref (f->notebook.seen);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static void
open_file (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->messages = hm_messages_file_new (f->path, f->folder, f->dispatcher, &f->clock->clock, &error);
  if (f->messages == NULL)
    fail_msg ("%s", error->message);
}

static void
append (Fixture *f, const char *text)
{
  int fd = open (f->path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0600);

  assert_true (fd >= 0);
  assert_int_equal (write (fd, text, strlen (text)), strlen (text));
  close (fd);
}

static void
read_all (Fixture *f)
{
  hm_messages_file_read (f->messages);
}

/* Waits for that many; returns how many there are. */
static guint
wait_for (Fixture *f, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;
  guint have;

  g_mutex_lock (&f->notebook.lock);
  while ((have = f->notebook.seen->len) < n && in_time)
    in_time = g_cond_wait_until (&f->notebook.changed, &f->notebook.lock, deadline);
  g_mutex_unlock (&f->notebook.lock);
  return have;
}

static void
wait_seen (Fixture *f, guint n)
{
  assert_int_equal (wait_for (f, n), n);
}

static void
assert_seen (Fixture *f, guint i, const char *text)
{
  assert_true (i < f->notebook.seen->len);
  assert_string_equal (g_ptr_array_index (f->notebook.seen, i), text);
}

static HmMessagesCounts
counts_of (Fixture *f)
{
  HmMessagesCounts counts;

  hm_messages_file_counts (f->messages, &counts);
  return counts;
}

/* -- shapes -- */

static void
messages_dispatch_a_bare_message_when_a_line_holds_one (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"compute.instance.exists\",\"payload\":{\"instance_id\":\"i-1\"},\"priority\":"
             "\"INFO\"}\n");
  open_file (f);
  read_all (f);
  assert_seen (f, 0, "compute.instance.exists=i-1");
}

static void
messages_open_the_envelope_when_a_line_is_oslo_messaging (void **state)
{
  Fixture *f = *state;

  append (f, "{\"oslo.version\":\"2.0\",\"oslo.message\":\"{\\\"event_type\\\": "
             "\\\"compute.instance.create.end\\\", "
             "\\\"payload\\\": {\\\"instance_id\\\": \\\"i-2\\\"}}\"}\n");
  open_file (f);
  read_all (f);
  assert_seen (f, 0, "compute.instance.create.end=i-2");
}

static void
messages_pass_versioned_notifications_on_when_nova_sends_them (void **state)
{
  Fixture *f = *state;

  append (f,
          "{\"event_type\":\"instance.create.end\",\"payload\":{\"nova_object.data\":{\"uuid\":\"i-3\"}}}\n");
  open_file (f);
  read_all (f);
  assert_seen (f, 0, "instance.create.end=-");
}

/* -- bad input -- */

static void
messages_leave_out_the_bad_line_and_take_the_next_when_one_is_hostile (void **state)
{
  static const char *const bad[] = {
    "not json",
    "[1,2]",
    "{}",
    "{\"event_type\":7}",
    "{\"event_type\":\"\"}",
    "{\"event_type\":\"\xff\"}",
    "{\"oslo.message\":\"no json\"}",
    "{\"oslo.message\":\"{}\"}",
    "{\"oslo.message\":7,\"x\":1}",
    "{\"event_type\":\"a\",\"event_type\":\"b\"}",
    "\"text\"",
    "null",
  };
  Fixture *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      append (f, bad[i]);
      append (f, "\n{\"event_type\":\"good\"}\n");
    }
  open_file (f);
  read_all (f);
  assert_int_equal (f->notebook.seen->len, G_N_ELEMENTS (bad));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_seen (f, i, "good=-");
  assert_true (counts_of (f).bad == G_N_ELEMENTS (bad));
  assert_true (counts_of (f).lines == 2 * G_N_ELEMENTS (bad));
}

static void
messages_refuse_an_event_type_when_it_is_absurdly_long (void **state)
{
  Fixture *f = *state;
  g_autofree char *name = g_strnfill (300, 'x');
  g_autofree char *line = g_strdup_printf ("{\"event_type\":\"%s\"}\n", name);

  append (f, line);
  open_file (f);
  read_all (f);
  assert_true (counts_of (f).bad == 1);
  assert_int_equal (f->notebook.seen->len, 0);
}

/* Memory stays bounded: what is beyond the limit is never kept. */
static void
messages_drop_a_line_and_take_the_next_when_it_is_too_long (void **state)
{
  Fixture *f = *state;
  g_autofree char *filler = g_strnfill (HM_MESSAGE_LINE_MAX, 'x');

  append (f, "{\"event_type\":\"");
  append (f, filler);
  append (f, filler);
  append (f, "\"}\n{\"event_type\":\"good\"}\n");
  open_file (f);
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 1);
  assert_seen (f, 0, "good=-");
  assert_true (counts_of (f).too_long == 1);
}

static void
messages_pass_empty_lines_over_when_there_are_some (void **state)
{
  Fixture *f = *state;

  append (f, "\n\r\n{\"event_type\":\"good\"}\r\n\n");
  open_file (f);
  read_all (f);
  assert_true (counts_of (f).lines == 1);
  assert_true (counts_of (f).bad == 0);
}

/* -- files -- */

static void
messages_wait_for_the_end_of_a_line_when_it_comes_in_pieces (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":");
  open_file (f);
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 0);
  append (f, "\"good\"}\n");
  read_all (f);
  assert_seen (f, 0, "good=-");
}

static void
messages_follow_the_file_when_it_grows (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n");
  open_file (f);
  read_all (f);
  append (f, "{\"event_type\":\"b\"}\n");
  read_all (f);
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 2);
  assert_seen (f, 1, "b=-");
}

static void
messages_begin_anew_when_the_file_was_replaced (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n");
  open_file (f);
  read_all (f);
  append (f, "{\"event_type\":\"late\"}\n");
  {
    g_autofree char *old = g_strconcat (f->path, ".1", NULL);

    assert_int_equal (g_rename (f->path, old), 0);
  }
  append (f, "{\"event_type\":\"b\"}\n");
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 3);
  assert_seen (f, 1, "late=-");
  assert_seen (f, 2, "b=-");
}

static void
messages_begin_anew_when_the_file_was_cut (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n{\"event_type\":\"b\"}\n");
  open_file (f);
  read_all (f);
  assert_int_equal (truncate (f->path, 0), 0);
  append (f, "{\"event_type\":\"c\"}\n");
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 3);
  assert_seen (f, 2, "c=-");
}

static void
messages_wait_for_the_file_when_it_is_not_there_yet (void **state)
{
  Fixture *f = *state;

  open_file (f);
  read_all (f);
  append (f, "{\"event_type\":\"a\"}\n");
  read_all (f);
  assert_seen (f, 0, "a=-");
}

/* Not "not there yet": nobody would hear that it never can be. */
static void
messages_say_why_when_the_path_cannot_be_looked_at (void **state)
{
  Fixture *f = *state;
  g_autofree char *below = g_build_filename (f->path, "messages", NULL);
  g_autoptr (GError) error = NULL;

  append (f, LINE);
  assert_null (hm_messages_file_new (below, f->folder, f->dispatcher, &f->clock->clock, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "Not a directory");
}

static void
messages_refuse_the_path_when_it_is_a_folder (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  assert_null (hm_messages_file_new (f->folder, NULL, f->dispatcher, &f->clock->clock, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, f->folder);
}

/* -- the next process -- */

/* Ends the one that reads, and begins another with the same folder. */
static void
start_again (Fixture *f)
{
  g_clear_pointer (&f->messages, hm_messages_file_free);
  open_file (f);
  read_all (f);
}

static void
messages_are_taken_once_when_the_process_is_another (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n");
  open_file (f);
  read_all (f);
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 1);
  append (f, "{\"event_type\":\"b\"}\n");
  start_again (f);
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 2);
  assert_seen (f, 1, "b=-");
}

static void
messages_take_a_whole_line_when_the_process_before_saw_half_of_it (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n{\"event_type\":");
  open_file (f);
  read_all (f);
  append (f, "\"b\"}\n");
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 2);
  assert_seen (f, 1, "b=-");
}

static void
messages_begin_anew_when_the_file_was_cut_between_two_processes (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n{\"event_type\":\"b\"}\n");
  open_file (f);
  read_all (f);
  g_clear_pointer (&f->messages, hm_messages_file_free);
  assert_int_equal (truncate (f->path, 0), 0);
  append (f, "{\"event_type\":\"c\"}\n");
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 3);
  assert_seen (f, 2, "c=-");
}

static void
messages_begin_anew_when_another_file_is_there_for_the_next_process (void **state)
{
  Fixture *f = *state;
  g_autofree char *old = g_strconcat (f->path, ".1", NULL);

  append (f, "{\"event_type\":\"a\"}\n");
  open_file (f);
  read_all (f);
  g_clear_pointer (&f->messages, hm_messages_file_free);
  assert_int_equal (g_rename (f->path, old), 0);
  append (f, "{\"event_type\":\"b\"}\n{\"event_type\":\"c\"}\n");
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 3);
  assert_seen (f, 1, "b=-");
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 3);
}

/* A cut that leaves more than was taken, but less than was read. */
static void
messages_begin_anew_when_a_file_with_half_a_line_was_cut (void **state)
{
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n{\"event_type\":\"this line never ends");
  open_file (f);
  read_all (f);
  assert_int_equal (truncate (f->path, 0), 0);
  append (f, "{\"event_type\":\"b\"}\n{\"event_type\":\"c\"}\n");
  read_all (f);
  assert_int_equal (f->notebook.seen->len, 3);
  assert_seen (f, 1, "b=-");
}

static void
messages_begin_at_the_beginning_when_the_kept_position_is_damaged (void **state)
{
  static const char *const texts[] = { "", "1 2\n", "1 2 -3\n", "x y z\n", "1 2 3 4\n" };
  Fixture *f = *state;

  append (f, "{\"event_type\":\"a\"}\n");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      kit_write_file (f->folder, "messages-position", texts[i]);
      start_again (f);
      assert_int_equal (f->notebook.seen->len, i + 1);
    }
}

/* -- the thread -- */

static void
messages_take_from_a_fifo_when_writers_come_and_go (void **state)
{
  Fixture *f = *state;

  assert_int_equal (mkfifo (f->path, 0600), 0);
  open_file (f);
  assert_true (hm_messages_file_start (f->messages, NULL));
  append (f, "{\"event_type\":\"a\"}\n");
  wait_seen (f, 1);
  append (f, "{\"event_type\":\"b\"}\n{\"event_type\":\"c\"}\n");
  wait_seen (f, 3);
  assert_true (hm_messages_file_stop (f->messages, PATIENCE_NS));
  assert_seen (f, 2, "c=-");
}

static void
messages_stop_at_once_when_nothing_comes (void **state)
{
  Fixture *f = *state;

  assert_int_equal (mkfifo (f->path, 0600), 0);
  open_file (f);
  assert_true (hm_messages_file_start (f->messages, NULL));
  assert_true (hm_messages_file_stop (f->messages, PATIENCE_NS));
}

/* There is always one more line. */
static void
messages_stop_when_a_fifo_is_written_as_fast_as_it_is_read (void **state)
{
  Fixture *f = *state;

  assert_int_equal (mkfifo (f->path, 0600), 0);
  open_file (f);
  f->notebook.grown = open (f->path, O_RDWR);
  assert_true (f->notebook.grown >= 0);
  assert_true (hm_messages_file_start (f->messages, NULL));
  append (f, LINE);
  assert_true (wait_for (f, 10) >= 10);
  assert_true (hm_messages_file_stop (f->messages, PATIENCE_NS));
  close (f->notebook.grown);
}

static void
hold (Fixture *f, gboolean holds)
{
  g_mutex_lock (&f->notebook.lock);
  f->notebook.holds = holds;
  g_cond_broadcast (&f->notebook.changed);
  g_mutex_unlock (&f->notebook.lock);
}

/* The line after it, which was read already, is the next process's. */
static void
messages_say_so_and_take_no_other_line_when_one_does_not_come_back (void **state)
{
  Fixture *f = *state;

  hold (f, TRUE);
  append (f, LINE "{\"event_type\":\"b\"}\n");
  open_file (f);
  assert_true (hm_messages_file_start (f->messages, NULL));
  wait_seen (f, 1);
  assert_false (hm_messages_file_stop (f->messages, HM_NSEC_PER_MSEC));
  hold (f, FALSE);
  assert_true (hm_messages_file_stop (f->messages, PATIENCE_NS));
  assert_int_equal (f->notebook.seen->len, 1);
  start_again (f);
  assert_int_equal (f->notebook.seen->len, 2);
  assert_seen (f, 1, "b=-");
}

/* What was read of it is nowhere else. */
static void
messages_take_all_that_was_read_of_a_fifo_when_they_stop (void **state)
{
  Fixture *f = *state;

  hold (f, TRUE);
  assert_int_equal (mkfifo (f->path, 0600), 0);
  open_file (f);
  assert_true (hm_messages_file_start (f->messages, NULL));
  append (f, LINE LINE);
  wait_seen (f, 1);
  assert_false (hm_messages_file_stop (f->messages, HM_NSEC_PER_MSEC));
  hold (f, FALSE);
  assert_true (hm_messages_file_stop (f->messages, PATIENCE_NS));
  assert_int_equal (f->notebook.seen->len, 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define MESSAGES_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    MESSAGES_TEST (messages_dispatch_a_bare_message_when_a_line_holds_one),
    MESSAGES_TEST (messages_open_the_envelope_when_a_line_is_oslo_messaging),
    MESSAGES_TEST (messages_pass_versioned_notifications_on_when_nova_sends_them),
    MESSAGES_TEST (messages_leave_out_the_bad_line_and_take_the_next_when_one_is_hostile),
    MESSAGES_TEST (messages_refuse_an_event_type_when_it_is_absurdly_long),
    MESSAGES_TEST (messages_drop_a_line_and_take_the_next_when_it_is_too_long),
    MESSAGES_TEST (messages_pass_empty_lines_over_when_there_are_some),
    MESSAGES_TEST (messages_wait_for_the_end_of_a_line_when_it_comes_in_pieces),
    MESSAGES_TEST (messages_follow_the_file_when_it_grows),
    MESSAGES_TEST (messages_begin_anew_when_the_file_was_replaced),
    MESSAGES_TEST (messages_begin_anew_when_the_file_was_cut),
    MESSAGES_TEST (messages_wait_for_the_file_when_it_is_not_there_yet),
    MESSAGES_TEST (messages_say_why_when_the_path_cannot_be_looked_at),
    MESSAGES_TEST (messages_refuse_the_path_when_it_is_a_folder),
    MESSAGES_TEST (messages_are_taken_once_when_the_process_is_another),
    MESSAGES_TEST (messages_take_a_whole_line_when_the_process_before_saw_half_of_it),
    MESSAGES_TEST (messages_begin_anew_when_the_file_was_cut_between_two_processes),
    MESSAGES_TEST (messages_begin_anew_when_another_file_is_there_for_the_next_process),
    MESSAGES_TEST (messages_begin_anew_when_a_file_with_half_a_line_was_cut),
    MESSAGES_TEST (messages_begin_at_the_beginning_when_the_kept_position_is_damaged),
    MESSAGES_TEST (messages_take_from_a_fifo_when_writers_come_and_go),
    MESSAGES_TEST (messages_stop_at_once_when_nothing_comes),
    MESSAGES_TEST (messages_stop_when_a_fifo_is_written_as_fast_as_it_is_read),
    MESSAGES_TEST (messages_say_so_and_take_no_other_line_when_one_does_not_come_back),
    MESSAGES_TEST (messages_take_all_that_was_read_of_a_fifo_when_they_stop),
  };

  return cmocka_run_group_tests_name ("messages_file", tests, NULL, NULL);
}
