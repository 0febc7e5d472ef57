/* SPDX-License-Identifier: Apache-2.0 */
/* test_control: the control socket, asked well and badly. */
#include "metering/control.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/kit.h"

#define PATIENCE_S 120
#define SHORT_MS   2000 /* for a talk that is to come to nothing; each that goes well has to fit into it, too */
#define BIG        (4 * 1024 * 1024) /* more than a socket's buffers hold */

/* -- commands of the test -- */

static gboolean
greet (gpointer user, const HmJson *request, HmJsonWriter *answer, GError **error G_GNUC_UNUSED)
{
  const char *name = hm_json_get_text (request, "name");

  hm_json_set_text (answer, "greeting", user);
  hm_json_set_text (answer, "name", name);
  return TRUE;
}

static gboolean
fail_late (gpointer user G_GNUC_UNUSED, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
           GError **error)
{
  hm_json_set_text (answer, "half", "an answer");
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "nobody \"is\"\nthere");
  return FALSE;
}

static gboolean
write_nonsense (gpointer user G_GNUC_UNUSED, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
                GError **error G_GNUC_UNUSED)
{
  hm_json_set_text (answer, "bytes", "\xff");
  return TRUE;
}

static gboolean
talk_long (gpointer user G_GNUC_UNUSED, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
           GError **error G_GNUC_UNUSED)
{
  g_autofree char *text = g_strnfill (BIG, 'a');

  hm_json_set_text (answer, "text", text);
  return TRUE;
}

static const HmControlCommand commands[] = {
  { "greet", greet },    { "fail", fail_late }, { "nonsense", write_nonsense },
  { "long", talk_long }, { NULL, NULL },
};

/* -- fixture -- */

typedef struct
{
  char *parent, *folder, *path;
  HmControl *control;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->parent = kit_temp_folder ();
  f->folder = g_build_filename (f->parent, "run", NULL);
  f->path = g_build_filename (f->folder, HM_CONTROL_SOCKET, NULL);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_control_free (f->control);
  kit_remove_tree (f->parent);
  g_free (f->parent);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

static HmControl *
try_listen (const char *folder, guint timeout_ms, GError **error)
{
  static char greeting[] = "hello";
  HmControlParts parts
      = { .folder = folder, .commands = commands, .user = greeting, .timeout_ms = timeout_ms };

  return hm_control_new (&parts, error);
}

static void
listen_for (Fixture *f, guint timeout_ms)
{
  g_autoptr (GError) error = NULL;

  f->control = try_listen (f->folder, timeout_ms, &error);
  if (f->control == NULL)
    fail_msg ("%s", error->message);
}

/* -- a client -- */

static struct sockaddr_un
address_of (const Fixture *f)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  return address;
}

static int
call (const Fixture *f)
{
  struct sockaddr_un address = address_of (f);
  struct timeval patience = { .tv_sec = PATIENCE_S };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  assert_true (fd >= 0);
  assert_int_equal (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  assert_int_equal (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void
ask (int fd, const char *text)
{
  gsize length = strlen (text);

  assert_int_equal (send (fd, text, length, MSG_NOSIGNAL), length);
}

/* Takes what has come of the line, and its end, but nothing behind it. FALSE: the talk is over. */
static gboolean
hear_some (int fd, GString *line, gboolean *ret_whole)
{
  char buffer[65536];
  ssize_t n = recv (fd, buffer, sizeof buffer, MSG_PEEK);
  const char *end = n > 0 ? memchr (buffer, '\n', (gsize)n) : NULL;

  /* The other end closed with something of ours unread: a reset, which comes after all that it said. */
  if (n < 0 && errno != ECONNRESET)
    fail_msg ("no answer within %d s", PATIENCE_S);
  if (n <= 0)
    return FALSE;
  if (end != NULL)
    n = end + 1 - buffer;
  assert_int_equal (recv (fd, buffer, (gsize)n, 0), n);
  g_string_append_len (line, buffer, n - (end != NULL));
  *ret_whole = end != NULL;
  return TRUE;
}

/* The next line, without its end; "" when the talk is over. (transfer full) */
static char *
hear (int fd)
{
  GString *line = g_string_new (NULL);
  gboolean whole = FALSE;

  while (!whole && hear_some (fd, line, &whole))
    continue;
  return g_string_free (line, FALSE);
}

static void
assert_hears (int fd, const char *line)
{
  g_autofree char *heard = hear (fd);

  assert_string_equal (heard, line);
}

static void
assert_refused (int fd, const char *reason, int status)
{
  g_autofree char *heard = hear (fd);
  g_autoptr (HmJson) answer = hm_json_parse (heard, strlen (heard), NULL);
  guint64 said = 0;

  if (strstr (heard, reason) == NULL || !g_str_has_prefix (heard, "{\"ok\":false,"))
    fail_msg ("heard %s", heard);
  assert_true (hm_json_get_u64 (answer, "exit", &said));
  assert_int_equal (said, status);
}

static void
assert_over (int fd)
{
  assert_hears (fd, "");
}

#define GREET    "{\"command\":\"greet\",\"name\":\"Ada\"}\n"
#define GREETING "{\"ok\":true,\"greeting\":\"hello\",\"name\":\"Ada\"}"

static void
assert_answers (const Fixture *f)
{
  int fd = call (f);

  ask (fd, GREET);
  assert_hears (fd, GREETING);
  close (fd);
}

/* -- requests -- */

static void
control_answers_a_request_when_it_is_good (void **state)
{
  Fixture *f = *state;

  listen_for (f, 0);
  assert_answers (f);
}

static void
control_answers_each_request_when_several_come_at_once (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  ask (fd, GREET "{\"command\":\"greet\"}\n{\"comm");
  assert_hears (fd, GREETING);
  assert_hears (fd, "{\"ok\":true,\"greeting\":\"hello\",\"name\":null}");
  ask (fd, "and\":\"greet\",\"name\":\"Ada\"}\n");
  assert_hears (fd, GREETING);
  close (fd);
}

static void
control_says_why_and_goes_on_when_a_request_is_none (void **state)
{
  static const struct
  {
    const char *line, *reason;
  } bad[] = {
    { "\n", "line of JSON" },
    { "status\n", "line of JSON" },
    { "{\"command\":\"greet\"\n", "line of JSON" },
    { "{\"command\":\"gr\xff\"}\n", "line of JSON" },
    { "{\"command\":\"greet\",\"command\":\"fail\"}\n", "line of JSON" },
    { "[\"greet\"]\n", "an object" },
    { "{}\n", "an object" },
    { "{\"command\":7}\n", "an object" },
    { "{\"command\":\"destroy\"}\n", "no such command" },
    { "{\"command\":\"\"}\n", "no such command" },
  };
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ask (fd, bad[i].line);
      assert_refused (fd, bad[i].reason, 64);
    }
  ask (fd, GREET);
  assert_hears (fd, GREETING);
  close (fd);
}

static void
control_says_the_reason_alone_when_a_command_fails (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  ask (fd, "{\"command\":\"fail\"}\n");
  assert_hears (fd, "{\"ok\":false,\"error\":\"nobody \\\"is\\\"\\nthere\",\"exit\":69}");
  ask (fd, "{\"command\":\"nonsense\"}\n");
  assert_refused (fd, "", 1);
  ask (fd, GREET);
  assert_hears (fd, GREETING);
  close (fd);
}

/* -- clients that keep no rules -- */

static void
control_says_so_and_ends_when_a_line_is_cut_off (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  ask (fd, GREET "{\"command\":\"gre");
  assert_int_equal (shutdown (fd, SHUT_WR), 0);
  assert_hears (fd, GREETING);
  assert_refused (fd, "ends with its line", 64);
  assert_over (fd);
  close (fd);
}

static void
control_ends_quietly_when_the_client_is_done (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  assert_int_equal (shutdown (fd, SHUT_WR), 0);
  assert_over (fd);
  close (fd);
}

static void
control_takes_a_line_of_64_kib_and_refuses_a_longer_one (void **state)
{
  Fixture *f = *state;
  g_autofree char *padding = g_strnfill (HM_CONTROL_REQUEST_MAX - strlen (GREET) + 1, ' ');
  g_autofree char *longest = g_strconcat (padding, GREET, NULL);
  g_autofree char *longer = g_strnfill (HM_CONTROL_REQUEST_MAX + 1, 'a');
  int fd;

  listen_for (f, 0);
  fd = call (f);
  assert_int_equal (strlen (longest), HM_CONTROL_REQUEST_MAX + 1);
  ask (fd, longest);
  assert_hears (fd, GREETING);
  ask (fd, longer);
  assert_refused (fd, "64 KiB", 64);
  assert_over (fd);
  close (fd);
  assert_answers (f);
}

static void
control_says_so_and_ends_when_no_request_comes (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, SHORT_MS);
  fd = call (f);
  ask (fd, "{\"comm");
  assert_refused (fd, "in time", 64);
  assert_over (fd);
  close (fd);
  assert_answers (f);
}

/* Nothing is read from this end, so the answer stays in the buffers until the other end gives up. */
static void
control_ends_when_a_client_takes_no_answer (void **state)
{
  Fixture *f = *state;
  struct pollfd hangup = { 0 };
  g_autofree char *heard = NULL;

  listen_for (f, SHORT_MS);
  hangup.fd = call (f);
  ask (hangup.fd, "{\"command\":\"long\"}\n");
  assert_int_equal (poll (&hangup, 1, PATIENCE_S * 1000), 1);
  assert_true ((hangup.revents & POLLHUP) != 0);
  heard = hear (hangup.fd);
  assert_true (strlen (heard) < BIG);
  close (hangup.fd);
  assert_answers (f);
}

static void
control_sends_all_of_an_answer_when_it_is_long (void **state)
{
  Fixture *f = *state;
  g_autofree char *heard = NULL;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  ask (fd, "{\"command\":\"long\"}\n");
  heard = hear (fd);
  assert_int_equal (strlen (heard), BIG + strlen ("{\"ok\":true,\"text\":\"\"}"));
  close (fd);
}

static void
control_refuses_a_client_when_too_many_talk (void **state)
{
  Fixture *f = *state;
  int fds[HM_CONTROL_CLIENTS_MAX], more;

  listen_for (f, 0);
  for (guint i = 0; i < HM_CONTROL_CLIENTS_MAX; i++)
    {
      fds[i] = call (f);
      ask (fds[i], GREET);
      assert_hears (fds[i], GREETING);
    }
  more = call (f);
  assert_refused (more, "too many", 75);
  assert_over (more);
  close (more);
  ask (fds[3], GREET);
  assert_hears (fds[3], GREETING);
  /* One that is done makes room; its end was seen when there is an answer to ours. */
  assert_int_equal (shutdown (fds[0], SHUT_WR), 0);
  assert_over (fds[0]);
  assert_answers (f);
  for (guint i = 0; i < HM_CONTROL_CLIENTS_MAX; i++)
    close (fds[i]);
}

/* They stay connected: whoever is refused takes no room that somebody else would need to hear why. */
static void
control_refuses_any_number_of_clients_when_they_hold_on (void **state)
{
  Fixture *f = *state;
  int talking[HM_CONTROL_CLIENTS_MAX], refused[8 * HM_CONTROL_CLIENTS_MAX];

  listen_for (f, 0);
  for (guint i = 0; i < G_N_ELEMENTS (talking); i++)
    {
      talking[i] = call (f);
      ask (talking[i], GREET);
      assert_hears (talking[i], GREETING);
    }
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    refused[i] = call (f);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_refused (refused[i], "too many", 75);
  ask (talking[0], GREET);
  assert_hears (talking[0], GREETING);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      assert_over (refused[i]);
      close (refused[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (talking); i++)
    close (talking[i]);
}

static void
control_admits_owner_group_and_superuser_when_they_ask (void **state G_GNUC_UNUSED)
{
  const guint groups[] = { 100, 7, 200 };

  assert_true (hm_control_admits (0, NULL, 0, 5, 7));
  assert_true (hm_control_admits (5, NULL, 0, 5, 7));
  assert_true (hm_control_admits (6, groups, 3, 5, 7));
  assert_false (hm_control_admits (6, groups, 1, 5, 7));
  assert_false (hm_control_admits (6, NULL, 0, 5, 7));
}

/* -- the socket's life -- */

static void
control_makes_its_socket_for_owner_and_group_when_it_listens (void **state)
{
  Fixture *f = *state;
  struct stat folder, path;
  mode_t was = umask (022);

  listen_for (f, 0);
  umask (was);
  assert_int_equal (stat (f->folder, &folder), 0);
  assert_int_equal (folder.st_mode & 07777, 0750);
  assert_int_equal (stat (f->path, &path), 0);
  assert_true (S_ISSOCK (path.st_mode));
  assert_int_equal (path.st_mode & 07777, 0660);
}

static void
control_removes_its_socket_when_it_is_freed (void **state)
{
  Fixture *f = *state;
  int fd;

  listen_for (f, 0);
  fd = call (f);
  ask (fd, GREET);
  assert_hears (fd, GREETING);
  g_clear_pointer (&f->control, hm_control_free);
  assert_over (fd);
  close (fd);
  assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

static void
control_replaces_a_socket_when_its_agent_is_dead (void **state)
{
  Fixture *f = *state;
  struct sockaddr_un address = address_of (f);
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  assert_int_equal (g_mkdir (f->folder, 0700), 0);
  assert_int_equal (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
  close (fd);
  assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
  listen_for (f, 0);
  assert_answers (f);
}

static void
control_leaves_a_socket_alone_when_its_agent_lives (void **state)
{
  Fixture *f = *state;
  GError *error = NULL;

  listen_for (f, 0);
  assert_null (try_listen (f->folder, 0, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, f->path);
  assert_answers (f);
}

static void
control_says_which_path_when_it_cannot_be_made (void **state)
{
  Fixture *f = *state;
  g_autofree char *deep = g_build_filename (f->folder, "deeper", NULL);
  g_autofree char *name = g_strnfill (120, 'a');
  g_autofree char *far = g_build_filename (f->parent, name, NULL);
  GError *error = NULL;

  assert_null (try_listen (deep, 0, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, deep);
  assert_null (try_listen (far, 0, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, far);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (control_answers_a_request_when_it_is_good, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_answers_each_request_when_several_come_at_once, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (control_says_why_and_goes_on_when_a_request_is_none, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_says_the_reason_alone_when_a_command_fails, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_says_so_and_ends_when_a_line_is_cut_off, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_ends_quietly_when_the_client_is_done, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_takes_a_line_of_64_kib_and_refuses_a_longer_one, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (control_says_so_and_ends_when_no_request_comes, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_ends_when_a_client_takes_no_answer, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_sends_all_of_an_answer_when_it_is_long, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_refuses_a_client_when_too_many_talk, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_refuses_any_number_of_clients_when_they_hold_on, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (control_admits_owner_group_and_superuser_when_they_ask, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (control_makes_its_socket_for_owner_and_group_when_it_listens, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (control_removes_its_socket_when_it_is_freed, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_replaces_a_socket_when_its_agent_is_dead, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_leaves_a_socket_alone_when_its_agent_lives, set_up, tear_down),
    cmocka_unit_test_setup_teardown (control_says_which_path_when_it_cannot_be_made, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
