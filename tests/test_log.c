/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/log.c, log_line.c, log_fold.c and log_writer.c. */
#include "tests/kit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* More lines than the queue takes, by far. */
#define FLOOD 5000
/* A test that waits for ever says so. */
#define PATIENCE_S 120

/* -- lines caught -- */

static void
catch_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  g_string_append_printf (user, "%d|%s|%s|%s\n", (int)level, text,
                          fields->plugin != NULL ? fields->plugin : "",
                          fields->resource != NULL ? fields->resource : "");
}

typedef struct
{
  GString *caught;
  HmFakeClock *clock;
} Fixture;

static int
set_up (void **state)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->caught = g_string_new (NULL);
  fixture->clock = hm_fake_clock_new (1000 * HM_NSEC_PER_SEC);
  hm_log_set_clock (&fixture->clock->clock);
  hm_log_capture (catch_line, fixture->caught);
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  hm_log_capture (NULL, NULL);
  hm_log_set_clock (NULL);
  hm_log_set_level ("notice");
  g_string_free (fixture->caught, TRUE);
  g_free (fixture->clock);
  g_free (fixture);
  return 0;
}

static void
expect_caught (Fixture *fixture, const char *expected)
{
  assert_string_equal (fixture->caught->str, expected);
  g_string_truncate (fixture->caught, 0);
}

static void
log_carries_level_text_and_fields (void **state)
{
  const HmLogFields fields = { .plugin = "disk", .resource = "id-1" };

  hm_log (G_LOG_LEVEL_WARNING, &fields, "%u of %s", 3u, "many");
  hm_error_line ("broken");
  expect_caught (*state, "16|3 of many|disk|id-1\n8|broken||\n");
}

static void
log_leaves_out_what_is_below_its_level (void **state)
{
  static const char *const names[] = { "error", "warning", "notice", "info", "debug" };
  static const char *const expected[] = { "8|e||\n", "16|w||\n", "32|n||\n", "64|i||\n", "128|d||\n" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GString) all = g_string_new (NULL);

      assert_true (hm_log_set_level (names[i]));
      hm_log_capture (catch_line, ((Fixture *)*state)->caught);
      (hm_error_line ("e"), hm_warning ("w"), hm_notice ("n"), hm_info ("i"), hm_debug ("d"));
      for (guint j = 0; j <= i; j++)
        g_string_append (all, expected[j]);
      expect_caught (*state, all->str);
    }
  assert_false (hm_log_set_level ("loud"));
  assert_false (hm_log_set_level (NULL));
}

static void
log_lets_no_text_forge_a_line (void **state)
{
  const HmLogFields fields = { .plugin = "a\nb", .resource = "\x1b[2J" };

  hm_log (G_LOG_LEVEL_MESSAGE, &fields, "name is %s", "x\nagent: error: forged\r\xff\u2028\t");
  expect_caught (*state, "32|name is x\\nagent: error: forged\\x0d\\xff\\u2028\\t|a\\nb|\\x1b[2J\n");
}

static void
log_cuts_what_is_too_long (void **state)
{
  Fixture *fixture = *state;
  g_autofree char *huge = g_strnfill (100 * 1000, 'x');

  hm_notice ("%s", huge);
  assert_in_range (fixture->caught->len, 4000, 4100);
  assert_non_null (strstr (fixture->caught->str, "x…|"));
}

static void
log_folds_what_is_repeated_within_a_minute (void **state)
{
  Fixture *fixture = *state;
  const HmLogFields other = { .resource = "id-2" };

  for (guint i = 0; i < 4; i++)
    {
      hm_warning ("no answer");
      hm_fake_clock_advance (fixture->clock, 10 * HM_NSEC_PER_SEC);
    }
  hm_log (G_LOG_LEVEL_WARNING, &other, "no answer");
  hm_error_line ("no answer");
  expect_caught (fixture, "16|no answer||\n16|no answer||id-2\n8|no answer||\n");

  hm_fake_clock_advance (fixture->clock, 20 * HM_NSEC_PER_SEC);
  hm_warning ("no answer");
  expect_caught (fixture, "16|no answer: repeated 3 times||\n16|no answer||\n");

  hm_fake_clock_advance (fixture->clock, 60 * HM_NSEC_PER_SEC);
  hm_warning ("something else");
  expect_caught (fixture, "16|something else||\n");
}

static void
log_says_repeats_at_the_stop (void **state)
{
  hm_warning ("no answer");
  hm_warning ("no answer");
  hm_log_stop ();
  expect_caught (*state, "16|no answer||\n16|no answer: repeated 1 time||\n");
}

static void
log_loses_no_repeat_when_there_are_many_kinds_of_lines (void **state)
{
  Fixture *fixture = *state;

  hm_warning ("first");
  hm_warning ("first");
  for (guint i = 0; i < 100; i++)
    hm_warning ("line %u", i);
  assert_non_null (strstr (fixture->caught->str, "|first: repeated 1 time|"));
}

/* -- lines written -- */

static int saved_stderr = -1;

/* Puts a pipe in the place of standard error; returns its reading end. */
static int
redirect_stderr (void)
{
  int ends[2];

  assert_int_equal (pipe (ends), 0);
  saved_stderr = dup (STDERR_FILENO);
  dup2 (ends[1], STDERR_FILENO);
  close (ends[1]);
  return ends[0];
}

static void
restore_stderr (void)
{
  dup2 (saved_stderr, STDERR_FILENO);
  close (saved_stderr);
}

static gint lines_read; /* atomic: ends of lines that read_to_end() met */

static gpointer
read_to_end (gpointer data)
{
  GString *all = g_string_new (NULL);
  char buffer[4096];
  ssize_t n;

  while ((n = read (GPOINTER_TO_INT (data), buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (all, buffer, n);
      for (ssize_t i = 0; i < n; i++)
        g_atomic_int_add (&lines_read, buffer[i] == '\n');
    }
  return all;
}

/* Until the reader has them: a stop waits for a second, and drops what is not written by then. Standard error is not the test's here, so what
 * has not come in time is missing from what its caller counts. */
static void
await_lines_read (guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;

  while ((guint)g_atomic_int_get (&lines_read) < n && g_get_monotonic_time () < deadline)
    g_usleep (1000);
}

/* Fills the pipe behind standard error, so that the next write to it waits. Returns how many bytes it took.
 */
static gsize
fill_stderr (void)
{
  int flags = fcntl (STDERR_FILENO, F_GETFL);
  gsize filled = 0;
  char byte = '.';

  fcntl (STDERR_FILENO, F_SETPIPE_SZ, 4096);
  fcntl (STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
  while (write (STDERR_FILENO, &byte, 1) == 1)
    filled++;
  fcntl (STDERR_FILENO, F_SETFL, flags);
  return filled;
}

static void
log_writes_at_once_before_it_is_started (void **state)
{
  int reader = redirect_stderr ();
  const HmLogFields fields = { .plugin = "disk", .meter = "cpu" };
  char buffer[256] = "";
  ssize_t n;

  (void)state;
  g_set_prgname ("test");
  hm_log (G_LOG_LEVEL_WARNING, &fields, "one");
  n = read (reader, buffer, sizeof buffer - 1);
  restore_stderr ();
  close (reader);
  assert_true (n > 0);
  assert_string_equal (buffer, "test: warning: one [plugin=disk meter=cpu]\n");
}

static void
log_takes_lines_of_other_libraries_once_it_is_started (void **state)
{
  int reader = redirect_stderr ();
  GString *all;

  (void)state;
  hm_log_start ("agent");
  g_log ("Elsewhere", G_LOG_LEVEL_WARNING, "said\nso");
  g_log ("Elsewhere", G_LOG_LEVEL_DEBUG, "below the level");
  g_log_structured ("There", G_LOG_LEVEL_CRITICAL, "MESSAGE", "and %s", "so");
  hm_notice ("ours");
  hm_log_stop ();
  restore_stderr ();
  all = read_to_end (GINT_TO_POINTER (reader));
  close (reader);
  assert_string_equal (all->str, "agent: warning: Elsewhere: said\\nso\n"
                                 "agent: error: There: and so\n"
                                 "agent: notice: ours\n");
  g_string_free (all, TRUE);
}

/* Lines of ours in @text, and the sum of what it says was dropped. */
static guint
count_lines (const char *text, guint *ret_said_dropped)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = 0, dropped;

  *ret_said_dropped = 0;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      n += strstr (lines[i], "flood ") != NULL;
      if (sscanf (lines[i], "agent: warning: %u line", &dropped) == 1)
        *ret_said_dropped += dropped;
    }
  return n;
}

static void
log_drops_and_counts_and_never_waits_when_the_reader_stalls (void **state)
{
  int reader = redirect_stderr ();
  guint64 before = hm_log_dropped ();
  guint64 dropped;
  guint written, said;
  GThread *thread;
  GString *all;
  gsize filled;

  (void)state;
  filled = fill_stderr ();
  hm_log_start ("agent");
  for (guint i = 0; i < FLOOD; i++)
    hm_notice ("flood %u", i);
  dropped = hm_log_dropped () - before;
  assert_in_range (dropped, FLOOD - 1024 - 1, FLOOD - 1024);

  g_atomic_int_set (&lines_read, 0);
  thread = g_thread_new ("reader", read_to_end, GINT_TO_POINTER (reader));
  await_lines_read (FLOOD - (guint)dropped);
  hm_log_stop ();
  restore_stderr ();
  all = g_thread_join (thread);
  close (reader);
  g_string_erase (all, 0, (gssize)filled);
  written = count_lines (all->str, &said);
  g_string_free (all, TRUE);
  assert_int_equal (written + dropped, FLOOD);
  assert_int_equal (said, dropped);
  assert_true (hm_log_dropped () - before == dropped);
}

static void
log_stop_gives_up_on_a_reader_that_never_comes_back (void **state)
{
  int reader = redirect_stderr ();
  guint64 before = hm_log_dropped ();
  guint64 after_stop, after_line;

  (void)state;
  fill_stderr ();
  hm_log_start ("agent");
  for (guint i = 0; i < 10; i++)
    hm_notice ("never read %u", i);
  hm_log_stop ();
  after_stop = hm_log_dropped () - before;
  hm_notice ("after the stop");
  after_line = hm_log_dropped () - before;
  restore_stderr ();
  close (reader);
  assert_true (after_stop == 10);
  assert_true (after_line == 11);
}

/* A child of this test: says a line, then dies of a fatal one. */
static void
die_aloud (int writer)
{
  const struct rlimit no_core = { 0, 0 };

  setrlimit (RLIMIT_CORE, &no_core);
  dup2 (writer, STDERR_FILENO);
  signal (SIGABRT, SIG_DFL);
  hm_log_start ("agent");
  hm_notice ("before");
  g_error ("the %s", "end");
}

static void
log_writes_everything_before_a_fatal_line_ends_the_program (void **state)
{
  int ends[2], status = 0;
  GString *all;
  pid_t child;

  (void)state;
  assert_int_equal (pipe (ends), 0);
  child = fork ();
  assert_true (child >= 0);
  if (child == 0)
    die_aloud (ends[1]);
  close (ends[1]);
  all = read_to_end (GINT_TO_POINTER (ends[0]));
  close (ends[0]);
  assert_int_equal (waitpid (child, &status, 0), child);
  assert_true (WIFSIGNALED (status));
  assert_true (g_str_has_prefix (all->str, "agent: notice: before\nagent: error: hypermeter: the end\n"));
  g_string_free (all, TRUE);
}

static gpointer
say_many (gpointer data)
{
  for (guint i = 0; i < 100; i++)
    hm_notice ("flood %s-%u", (const char *)data, i);
  return NULL;
}

static void
log_keeps_lines_whole_when_threads_say_them_at_once (void **state)
{
  char names[][2] = { "a", "b", "c" };
  int reader = redirect_stderr ();
  GThread *threads[G_N_ELEMENTS (names)], *reading;
  guint written, said;
  GString *all;

  (void)state;
  g_atomic_int_set (&lines_read, 0);
  reading = g_thread_new ("reader", read_to_end, GINT_TO_POINTER (reader));
  hm_log_start ("agent");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    threads[i] = g_thread_new ("say", say_many, names[i]);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_thread_join (threads[i]);
  await_lines_read (G_N_ELEMENTS (names) * 100);
  hm_log_stop ();
  restore_stderr ();
  all = g_thread_join (reading);
  close (reader);
  written = count_lines (all->str, &said);
  g_string_free (all, TRUE);
  assert_int_equal (written, 300);
  assert_int_equal (said, 0);
}

#define CAUGHT(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CAUGHT (log_carries_level_text_and_fields),
    CAUGHT (log_leaves_out_what_is_below_its_level),
    CAUGHT (log_lets_no_text_forge_a_line),
    CAUGHT (log_cuts_what_is_too_long),
    CAUGHT (log_folds_what_is_repeated_within_a_minute),
    CAUGHT (log_says_repeats_at_the_stop),
    CAUGHT (log_loses_no_repeat_when_there_are_many_kinds_of_lines),
    cmocka_unit_test (log_writes_at_once_before_it_is_started),
    cmocka_unit_test (log_writes_everything_before_a_fatal_line_ends_the_program),
    cmocka_unit_test (log_takes_lines_of_other_libraries_once_it_is_started),
    cmocka_unit_test (log_keeps_lines_whole_when_threads_say_them_at_once),
    cmocka_unit_test (log_drops_and_counts_and_never_waits_when_the_reader_stalls),
    cmocka_unit_test (log_stop_gives_up_on_a_reader_that_never_comes_back),
  };

  alarm (4 * PATIENCE_S);
  return cmocka_run_group_tests_name ("log", tests, NULL, NULL);
}
