/* SPDX-License-Identifier: Apache-2.0 */
/* test_health_ready: what an agent answers over HTTP: why it is not ready, its figures, and the module that serves them. */
#include "agent/health/health.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/health/endpoint_private.h"
#include "tests/fakes/fake_agent.h"

#define SECOND HM_NSEC_PER_SEC

/* -- parts of the test -- */

static void
drop_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED,
           const char *text G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED)
{
}

static int
set_up (void **state)
{
  int status = fake_agent_set_up (state);
  FakeAgent *f = *state;

  hm_log_capture (drop_line, NULL);
  assert_true (hm_registry_add (f->registry, kit_plugin (HM_NS_SELF, "self"), "built in", NULL));
  return status;
}

static int
tear_down (void **state)
{
  FakeAgent *f = *state;

  if (f->agent != NULL)
    assert_true (hm_agent_stop (f->agent));
  return fake_agent_tear_down (state);
}

static void
start (FakeAgent *f, const char *more)
{
  fake_agent_make_well (f, more);
  fake_agent_start (f);
}

static void
poll_once (FakeAgent *f)
{
  g_autoptr (GError) error = NULL;

  if (!hm_agent_once (f->agent, &error))
    fail_msg ("%s", error->message);
}

/* The reasons, "name: detail" a line. (transfer full) */
static char *
reasons_of (FakeAgent *f)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  g_autoptr (GString) found = g_string_new (NULL);
  g_autoptr (HmJson) json = NULL;
  const HmJson *reasons;
  const char *text;
  gboolean ready;
  gsize length;

  hm_json_begin_object (w);
  ready = hm_agent_write_ready (f->agent, w);
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, &length, NULL);
  json = hm_json_parse (text, length, NULL);
  assert_non_null (json);
  reasons = hm_json_at (json, "reasons");
  for (guint i = 0; i < hm_json_size (reasons); i++)
    g_string_append_printf (found, "%s: %s\n", hm_json_get_text (hm_json_element (reasons, i), "reason"),
                            hm_json_get_text (hm_json_element (reasons, i), "detail"));
  assert_int_equal (ready, found->len == 0);
  return g_string_free (g_steal_pointer (&found), FALSE);
}

static void
assert_reasons (FakeAgent *f, const char *expected)
{
  g_autofree char *found = reasons_of (f);

  assert_string_equal (found, expected);
}

/* -- ready -- */

static void
agent_is_ready_when_it_has_polled_and_delivered (void **state)
{
  FakeAgent *f = *state;

  start (f, NULL);
  assert_reasons (f, "not_read: no read of the hypervisor has succeeded yet\n");
  poll_once (f);
  assert_reasons (f, "");
}

static void
agent_is_not_ready_when_the_hypervisor_is_away (void **state)
{
  FakeAgent *f = *state;
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;
  gboolean away = FALSE;

  f->inspector->away = TRUE;
  start (f, NULL);
  assert_true (hm_agent_run (f->agent, NULL));
  while (!away && g_get_monotonic_time () < deadline)
    {
      g_autofree char *found = reasons_of (f);

      away = strstr (found, "hypervisor_away: the hypervisor does not answer\n") != NULL;
      g_usleep (1000);
    }
  assert_true (away);
}

/* A disk that takes nothing, with what waits since the beginning of time. */
static void
tell_of_full_disk (HmOutbox *outbox G_GNUC_UNUSED, HmOutboxStatus *ret_status)
{
  *ret_status = (HmOutboxStatus){ .waiting = 5, .oldest = 0, .reason = "no space\n\xc3" };
}

static void
agent_tells_all_reasons_sorted_when_there_are_several (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *found = NULL;
  g_auto (GStrv) lines = NULL;

  start (f, NULL);
  f->agent->outbox->status = tell_of_full_disk;
  found = reasons_of (f);
  lines = g_strsplit (found, "\n", -1);
  assert_int_equal (g_strv_length (lines), 4);
  assert_string_equal (lines[0],
                       "disk_fails: the outbox cannot write: no space\xef\xbf\xbd\xef\xbf\xbd"); /* cleaned */
  assert_true (g_str_has_prefix (lines[1], "not_read: "));
  assert_true (g_str_has_prefix (lines[2], "undelivered: 5 records waiting, the oldest for "));
}

/* What waits for a moment only. */
static void
tell_of_one_second (HmOutbox *outbox G_GNUC_UNUSED, HmOutboxStatus *ret_status)
{
  const HmClock *clock = hm_clock_system ();

  *ret_status = (HmOutboxStatus){ .waiting = 5, .oldest = clock->wall (clock) - SECOND };
}

static void
agent_is_ready_when_records_wait_for_a_moment (void **state)
{
  FakeAgent *f = *state;

  start (f, NULL);
  poll_once (f);
  f->agent->outbox->status = tell_of_one_second;
  assert_reasons (f, "");
}

static void
agent_names_the_publisher_when_one_fails (void **state)
{
  FakeAgent *f = *state;
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;
  gboolean fails = FALSE;

  fake_publisher ()->retries = G_MAXUINT;
  start (f, NULL);
  assert_true (hm_agent_run (f->agent, NULL));
  while (!fails && g_get_monotonic_time () < deadline)
    {
      g_autofree char *found = reasons_of (f);

      fails = strstr (found, "publisher_fails: fake: ") != NULL;
      g_usleep (1000);
    }
  assert_true (fails);
}

/* -- figures -- */

/* As a strict reader takes them. (transfer full) */
static char *
read_metrics (FakeAgent *f)
{
  g_autofree char *script
      = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "openmetrics.py", NULL);
  g_autoptr (GBytes) metrics = hm_agent_metrics (f->agent, 17), read = NULL;
  g_autoptr (GSubprocess) reader = NULL;

  reader = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
                             "/usr/bin/python3", script, NULL);
  assert_non_null (reader);
  assert_true (g_subprocess_communicate (reader, metrics, NULL, &read, NULL, NULL));
  assert_true (g_subprocess_get_successful (reader));
  return g_strndup (g_bytes_get_data (read, NULL), g_bytes_get_size (read));
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *whole = g_strdup_printf ("\n%s\n", line);

  if (strstr (text, whole) == NULL)
    fail_msg ("there is no \"%s\" in\n%s", line, text);
}

static void
tell_figures (HmOutbox *outbox G_GNUC_UNUSED, HmOutboxStatus *ret_status)
{
  *ret_status = (HmOutboxStatus){
    .waiting = G_MAXUINT64, .oldest = HM_TIME_UNKNOWN, .bytes = 8192, .waiting_bytes = 4096, .confirmed = 3
  };
}

static void
metrics_are_the_figures_by_their_meters_names (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *text = NULL;

  start (f, NULL);
  poll_once (f);
  f->agent->outbox->status = tell_figures;
  text = read_metrics (f);
  assert_line (text, "hypermeter_agent_polls_total 1");
  assert_line (text, "hypermeter_agent_instances 2");
  assert_line (text, "hypermeter_agent_outbox_waiting 18446744073709551615");
  assert_line (text, "hypermeter_agent_outbox_bytes 4096");
  assert_line (text, "hypermeter_agent_outbox_size_bytes 8192");
  assert_line (text, "hypermeter_agent_outbox_confirmed_total 3");
  assert_line (text, "hypermeter_agent_outbox_age_seconds 0.000000000");
  assert_line (text, "hypermeter_agent_plugin_calls_total{device=\"plugin:meterer\"} 2");
  assert_line (text, "hypermeter_agent_publisher_delivered_total{device=\"publisher:fake\"} 3");
  assert_line (text, "hypermeter_agent_http_refused_total 17");
}

static void
metrics_are_there_when_nobody_polls_the_agent_itself (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *text = NULL;

  start (f, "pollster:self.enabled=false");
  text = read_metrics (f);
  assert_line (text, "hypermeter_agent_polls_total 0");
  assert_null (strstr (text, "hypermeter_agent_instances ")); /* nothing was read: not known is not zero */
}

/* -- the module -- */

static void
assert_refused (FakeAgent *f, const char *more, const char *reason)
{
  g_autoptr (GError) error = NULL;

  assert_null (fake_agent_make (f, more, &error));
  assert_non_null (strstr (error->message, "the file, [agent]: listen: "));
  kit_assert_error (&error, HM_ERROR_CONFIG, reason);
}

static void
endpoint_is_refused_when_its_address_is_none (void **state)
{
  assert_refused (*state, "agent.listen=localhost:9465", "is no address");
}

static void
endpoint_is_refused_when_its_module_is_not_there (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *path = g_strdup_printf ("agent.plugin-path=%s", f->folder);

  f->yet_more = path;
  assert_refused (f, "agent.listen=127.0.0.1:0", HM_ENDPOINT_FILE ": it is in no folder of the plugin path");
}

static void
endpoint_is_refused_when_anybody_may_write_its_module (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *path = g_strdup_printf ("agent.plugin-path=%s", f->folder);
  g_autofree char *file = g_build_filename (f->folder, HM_ENDPOINT_FILE, NULL);

  kit_write_file (f->folder, HM_ENDPOINT_FILE, "no module");
  assert_int_equal (g_chmod (file, 0666), 0);
  f->yet_more = path;
  assert_refused (f, "agent.listen=127.0.0.1:0", "everybody may write to it");
}

static void
endpoint_is_refused_when_its_file_is_no_module (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *path = g_strdup_printf ("agent.plugin-path=%s", f->folder);

  kit_write_file (f->folder, HM_ENDPOINT_FILE, "no module");
  f->yet_more = path;
  assert_refused (f, "agent.listen=127.0.0.1:0", HM_ENDPOINT_FILE);
}

static void
endpoint_is_served_when_it_is_asked_for (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  start (f, "agent.listen=127.0.0.1:0");
  assert_true (hm_agent_run (f->agent, NULL));
  if (!hm_agent_listen (f->agent, &error))
    fail_msg ("%s", error->message);
}

#define WITH_AGENT(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    WITH_AGENT (agent_is_ready_when_it_has_polled_and_delivered),
    WITH_AGENT (agent_is_not_ready_when_the_hypervisor_is_away),
    WITH_AGENT (agent_tells_all_reasons_sorted_when_there_are_several),
    WITH_AGENT (agent_is_ready_when_records_wait_for_a_moment),
    WITH_AGENT (agent_names_the_publisher_when_one_fails),
    WITH_AGENT (metrics_are_the_figures_by_their_meters_names),
    WITH_AGENT (metrics_are_there_when_nobody_polls_the_agent_itself),
    WITH_AGENT (endpoint_is_refused_when_its_address_is_none),
    WITH_AGENT (endpoint_is_refused_when_its_module_is_not_there),
    WITH_AGENT (endpoint_is_refused_when_anybody_may_write_its_module),
    WITH_AGENT (endpoint_is_refused_when_its_file_is_no_module),
    WITH_AGENT (endpoint_is_served_when_it_is_asked_for),
  };

  return cmocka_run_group_tests_name ("health_ready", tests, NULL, NULL);
}
