/* SPDX-License-Identifier: Apache-2.0 */
/* test_service: what a service manager hears, by a socket of the test in its place. */
#include "metering/service.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/kit.h"

typedef struct
{
  char *folder, *path;
  int manager; /* its socket */
  gboolean progresses;
  const char *line;
  HmService *service;
  HmFakeClock *clock; /* the log's, which says one thing once a minute */
  guint lines;        /* of the log */
} Fixture;

static gboolean
progresses (gpointer user)
{
  return ((Fixture *)user)->progresses;
}

static char *
describe (gpointer user)
{
  return g_strdup (((Fixture *)user)->line);
}

static void
count_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED,
            const char *text G_GNUC_UNUSED, gpointer user)
{
  ((Fixture *)user)->lines++;
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, "notify", NULL);
  f->progresses = TRUE;
  f->line = "all is well";
  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  f->manager = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal (bind (f->manager, (struct sockaddr *)&address, sizeof address), 0);
  f->clock = hm_fake_clock_new (0);
  hm_log_set_clock (&f->clock->clock);
  hm_log_capture (count_line, f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_service_free (f->service);
  hm_log_capture (NULL, NULL);
  hm_log_set_clock (NULL);
  g_free (f->clock);
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
  g_unsetenv ("WATCHDOG_PID");
  close (f->manager);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

/* @watchdog_us (nullable): what the manager's watchdog waits. */
static void
begin (Fixture *f, const char *watchdog_us)
{
  HmServiceParts parts = { .progresses = progresses, .describe = describe, .work = "the polls", .user = f };

  g_setenv ("NOTIFY_SOCKET", f->path, TRUE);
  if (watchdog_us != NULL)
    g_setenv ("WATCHDOG_USEC", watchdog_us, TRUE);
  f->service = hm_service_new (&parts);
}

/* The next datagram, which is there by now or never: a sender of this thread has sent it. */
static void
assert_hears (Fixture *f, const char *text)
{
  char buffer[1024];
  ssize_t n = recv (f->manager, buffer, sizeof buffer - 1, 0);

  assert_true (n >= 0);
  buffer[n] = '\0';
  assert_string_equal (buffer, text);
}

static void
assert_hears_nothing (Fixture *f)
{
  char c;

  assert_int_equal (recv (f->manager, &c, 1, 0), -1);
  assert_int_equal (errno, EAGAIN);
}

/* -- cases -- */

static void
service_tells_its_moments_when_a_manager_listens (void **state)
{
  Fixture *f = *state;
  char buffer[1024] = { 0 };

  begin (f, NULL);
  hm_service_ready (f->service);
  assert_hears (f, "READY=1");
  hm_service_reloading (f->service);
  assert_true (recv (f->manager, buffer, sizeof buffer - 1, 0) > 0);
  assert_true (g_str_has_prefix (buffer, "RELOADING=1\nMONOTONIC_USEC="));
  hm_service_stopping (f->service);
  assert_hears (f, "STOPPING=1");
  assert_hears_nothing (f);
}

static void
service_tells_the_watchdog_when_the_agent_progresses (void **state)
{
  Fixture *f = *state;

  begin (f, "30000000");
  assert_int_equal (hm_service_interval_ms (f->service), 10000);
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well\nWATCHDOG=1");
}

static void
service_tells_the_watchdog_nothing_when_the_agent_is_stuck (void **state)
{
  Fixture *f = *state;

  begin (f, "30000000");
  f->progresses = FALSE;
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well");
  hm_fake_clock_advance (f->clock, 61 * HM_NSEC_PER_SEC);
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well");
  assert_int_equal (f->lines, 1);
  f->progresses = TRUE;
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well\nWATCHDOG=1");
  assert_int_equal (f->lines, 2);
}

static void
service_tells_no_watchdog_when_none_waits (void **state)
{
  Fixture *f = *state;

  begin (f, NULL);
  assert_int_equal (hm_service_interval_ms (f->service), 30000);
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well");
}

/* As systemd does when it started another process of ours as the main one. */
static void
service_tells_no_watchdog_when_it_waits_for_another_process (void **state)
{
  Fixture *f = *state;

  g_setenv ("WATCHDOG_PID", "1", TRUE);
  begin (f, "30000000");
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=all is well");
}

static void
service_keeps_its_line_one_line_when_it_holds_several (void **state)
{
  Fixture *f = *state;

  begin (f, NULL);
  f->line = "a\nREADY=1\nb";
  hm_service_beat (f->service);
  assert_hears (f, "STATUS=a READY=1 b");
}

static void
service_says_nothing_when_nobody_listens (void **state)
{
  Fixture *f = *state;
  HmServiceParts parts = { .progresses = progresses, .describe = describe, .work = "the polls", .user = f };

  f->service = hm_service_new (&parts);
  assert_int_equal (hm_service_interval_ms (f->service), 0);
  hm_service_ready (f->service);
  hm_service_beat (f->service);
  assert_hears_nothing (f);
  assert_int_equal (f->lines, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (service_tells_its_moments_when_a_manager_listens, set_up, tear_down),
    cmocka_unit_test_setup_teardown (service_tells_the_watchdog_when_the_agent_progresses, set_up, tear_down),
    cmocka_unit_test_setup_teardown (service_tells_the_watchdog_nothing_when_the_agent_is_stuck, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (service_tells_no_watchdog_when_none_waits, set_up, tear_down),
    cmocka_unit_test_setup_teardown (service_tells_no_watchdog_when_it_waits_for_another_process, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (service_keeps_its_line_one_line_when_it_holds_several, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (service_says_nothing_when_nobody_listens, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
