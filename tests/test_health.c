/* SPDX-License-Identifier: Apache-2.0 */
/* test_health: what an agent says of itself, to people, as figures and to the watchdog, by a whole agent with a synthetic
 * fleet and a fake publisher. */
#include "agent/agent_private.h"
#include "agent/health/health.h"

#include <string.h>
#include <unistd.h>

#include "tests/fakes/fake_inspector.h"
#include "tests/fakes/fake_publisher.h"

#define MINUTES (60 * HM_NSEC_PER_SEC)

/* -- parts of the test -- */

static const HmMeter meters[] = {
  { "t.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "CPU time" },
  { NULL },
};

static HmResult result; /* what the pollster says */

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[0], NULL, domain->cpu_time);
  return result;
}

static const HmSnapshotPollster pollster_ops = { .emit = emit };
static const HmPlugin pollster = { .abi_major = HM_ABI_MAJOR,
                                   .abi_minor = HM_ABI_MINOR,
                                   .struct_size = sizeof (HmPlugin),
                                   .version = "1",
                                   .name = "meterer",
                                   .ns = HM_NS_POLL_COMPUTE,
                                   .summary = "Measures",
                                   .meters = meters,
                                   .snapshot_pollster = &pollster_ops };

/* The machine's clock, which a test moves on from another thread. */
static gint64 shift;

static gint64
shifted_monotonic (const HmClock *clock G_GNUC_UNUSED)
{
  const HmClock *real = hm_clock_system ();

  return real->monotonic (real) + __atomic_load_n (&shift, __ATOMIC_SEQ_CST);
}

/* Reads of an inspector that hang while the gate is shut. */
static struct
{
  GMutex lock;
  GCond changed;
  gboolean shut;
  guint waiting;
  HmSnapshot *(*read) (HmInspector *, HmFields, gint64, GError **);
} gate;

static HmSnapshot *
read_through_gate (HmInspector *inspector, HmFields fields, gint64 timeout_ns, GError **error)
{
  g_mutex_lock (&gate.lock);
  gate.waiting++;
  g_cond_broadcast (&gate.changed);
  while (gate.shut)
    g_cond_wait (&gate.changed, &gate.lock);
  gate.waiting--;
  g_mutex_unlock (&gate.lock);
  return gate.read (inspector, fields, timeout_ns, error);
}

static void
set_gate (gboolean shut)
{
  g_mutex_lock (&gate.lock);
  gate.shut = shut;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

static void
wait_for_somebody_at_the_gate (void)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  g_mutex_lock (&gate.lock);
  while (gate.waiting == 0)
    assert_true (g_cond_wait_until (&gate.changed, &gate.lock, deadline));
  g_mutex_unlock (&gate.lock);
}

/* Two guests hang; the name of one was cut inside a character. */
static void
tell_of_two_hung (HmInspector *inspector G_GNUC_UNUSED, HmInspectorHealth *ret_health)
{
  *ret_health = (HmInspectorHealth){
    .hung = 2, .hung_total = 5, .hanging_calls = 3, .connects_total = 7, .instances = 9, .problems = 4
  };
  g_strlcpy (ret_health->domains[0].id, "i-0", sizeof ret_health->domains[0].id);
  g_strlcpy (ret_health->domains[0].name, "web\n\xc3", sizeof ret_health->domains[0].name);
  ret_health->domains[0].since = 1;
  g_strlcpy (ret_health->domains[1].name, "db", sizeof ret_health->domains[1].name);
  ret_health->domains[1].since = HM_TIME_UNKNOWN;
}

/* -- fixture -- */

typedef struct
{
  char *folder;
  HmClock clock;
  HmRegistry *registry;
  HmSettings *settings;
  HmAgentConfig *config;
  GPtrArray *choices;
  FakeInspector *inspector;
  HmAgent *agent;
  HmJsonWriter *writer;
} Fixture;

static void
drop_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED,
           const char *text G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED)
{
}

static void
make_agent (Fixture *f)
{
  g_autofree char *state_dir = g_strdup_printf ("agent.state-dir=%s/state", f->folder);
  const char *overrides[] = { "publisher:fake.enabled=true", "agent.id=node-1",
                              "agent.stop-timeout=10s",      state_dir,
                              "agent.interval=100ms",        NULL };
  HmAgentPorts ports = { .clock = &f->clock, .inspector_new = fake_inspector_make };
  g_autoptr (GError) error = NULL;

  f->settings = hm_settings_load (NULL, FALSE, overrides, NULL);
  f->config = hm_agent_config_new (f->settings, "the file", NULL, NULL);
  f->choices = hm_agent_plugins_choose (f->registry, f->settings, "the file",
                                        (const char *const *)f->config->namespaces, NULL);
  f->agent = hm_agent_new (f->config, f->choices, &ports, &error);
  if (f->agent == NULL || !hm_agent_start (f->agent, &error))
    fail_msg ("%s", error->message);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  shift = 0;
  result = HM_OK;
  hm_log_capture (drop_line, NULL);
  fake_publisher_reset ();
  f->folder = kit_temp_folder ();
  f->clock = *hm_clock_system ();
  f->clock.monotonic = shifted_monotonic;
  f->registry = hm_registry_new ();
  assert_true (hm_registry_add (f->registry, fake_publisher_plugin (), "built in", NULL));
  assert_true (hm_registry_add (f->registry, &pollster, "built in", NULL));
  assert_true (hm_registry_add (f->registry, kit_plugin (HM_NS_SELF, "self"), "built in", NULL));
  f->inspector = fake_inspector_new (&f->clock, 2);
  f->inspector->unanswered = 1;
  gate.read = f->inspector->inspector.read;
  fake_inspector_offer (f->inspector);
  f->writer = hm_json_writer_new (FALSE);
  make_agent (f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  assert_true (hm_agent_stop (f->agent));
  hm_agent_free (f->agent);
  hm_json_writer_free (f->writer);
  g_clear_pointer (&f->choices, g_ptr_array_unref);
  hm_agent_config_free (f->config);
  hm_settings_free (f->settings);
  hm_registry_free (f->registry);
  g_free (f->inspector);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

static void
poll_once (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  if (!hm_agent_once (f->agent, &error))
    fail_msg ("%s", error->message);
}

/* The answer to @command as a tree. (transfer full) */
static HmJson *
ask (Fixture *f, const char *name)
{
  const HmControlCommand *command = hm_agent_commands;
  g_autoptr (GError) error = NULL;
  const char *text;
  gsize length;

  while (command->name != NULL && strcmp (command->name, name) != 0)
    command++;
  assert_non_null (command->name);
  hm_json_writer_clear (f->writer);
  hm_json_begin_object (f->writer);
  assert_true (command->answer (f->agent, NULL, f->writer, &error));
  hm_json_end_object (f->writer);
  text = hm_json_writer_finish (f->writer, &length, &error);
  if (text == NULL)
    fail_msg ("%s", error->message);
  return hm_json_parse (text, length, NULL);
}

static void
assert_number (const HmJson *json, const char *path, guint64 number)
{
  guint64 found;

  if (!hm_json_get_u64 (json, path, &found))
    fail_msg ("%s is no number", path);
  assert_true (found == number);
}

static void
assert_text (const HmJson *json, const char *path, const char *text)
{
  const char *found = hm_json_get_text (json, path);

  if (found == NULL)
    fail_msg ("%s is no text", path);
  assert_string_equal (found, text);
}

/* -- status -- */

static void
status_tells_what_one_poll_did_when_it_is_over (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *publisher;

  poll_once (f);
  json = ask (f, "status");
  assert_text (json, "agent.id", "node-1");
  assert_text (json, "agent.source", "default");
  assert_text (json, "agent.version", PACKAGE_VERSION);
  assert_number (json, "agent.pid", (guint64)getpid ());
  assert_number (json, "polls.made", 1);
  assert_number (json, "polls.failed", 0);
  assert_number (json, "polls.instances", 2);
  assert_number (json, "polls.ownerless", 1);
  assert_number (json, "hypervisor.calls", 3);
  assert_number (json, "hypervisor.unanswered", 1);
  assert_text (json, "hypervisor.state", "there");
  assert_number (json, "outbox.waiting", 0);
  assert_number (json, "outbox.confirmed", 3);
  assert_number (json, "deltas.refused", 0);
  assert_text (json, "outbox.state", "writes");
  publisher = hm_json_element (hm_json_at (json, "publishers"), 0);
  assert_text (publisher, "publisher", "fake");
  assert_text (publisher, "state", "delivers");
  assert_number (publisher, "delivered", 3);
}

static void
status_tells_of_lines_that_were_left_out_where_messages_are_read_from_a_file (void **state)
{
  Fixture *f = *state;
  g_autofree char *path = g_build_filename (f->folder, "messages", NULL);
  g_autofree char *long_line = g_strnfill (HM_MESSAGE_LINE_MAX + 1, 'x');
  g_autofree char *text = g_strconcat ("{\"event_type\":\"a\"}\nbad\n", long_line, "\n", NULL);
  g_autoptr (HmJson) before = ask (f, "status"), after = NULL;

  assert_null (hm_json_at (before, "notifications.lines"));
  assert_true (g_file_set_contents (path, text, -1, NULL));
  f->agent->messages = hm_messages_file_new (path, NULL, f->agent->dispatcher, &f->clock, NULL);
  assert_non_null (f->agent->messages);
  hm_messages_file_read (f->agent->messages);
  after = ask (f, "status");
  assert_number (after, "notifications.lines", 2);
  assert_number (after, "notifications.bad_lines", 1);
  assert_number (after, "notifications.long_lines", 1);
}

/* An outbox on a disk that takes nothing, with one record for its one publisher. */
static void
tell_of_disk (HmOutbox *outbox G_GNUC_UNUSED, HmOutboxStatus *ret_status)
{
  *ret_status = (HmOutboxStatus){ .waiting = 5,
                                  .oldest = HM_TIME_UNKNOWN,
                                  .dropped = 1,
                                  .damaged = 2,
                                  .refused = 17,
                                  .unsaid = 3,
                                  .bins_dropped = 8,
                                  .unsynced = 4,
                                  .bytes = 8192,
                                  .segments = 6,
                                  .syncs = 7,
                                  .reason = "no space left \xc3" };
}

static void
tell_of_backlog (HmOutbox *outbox G_GNUC_UNUSED, guint publisher G_GNUC_UNUSED,
                 HmOutboxPublisherStatus *ret_status)
{
  *ret_status
      = (HmOutboxPublisherStatus){ .name = "fake", .required = TRUE, .waiting = G_MAXUINT64, .skipped = 9 };
}

static void
status_tells_of_the_disk_and_of_each_publishers_backlog (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *publisher;

  f->agent->outbox->status = tell_of_disk;
  f->agent->outbox->publisher_status = tell_of_backlog;
  json = ask (f, "status");
  assert_number (json, "outbox.waiting", 5);
  assert_number (json, "outbox.dropped", 1);
  assert_number (json, "outbox.damaged", 2);
  assert_number (json, "outbox.refused", 17);
  assert_number (json, "outbox.unsaid", 3);
  assert_number (json, "outbox.bins_dropped", 8);
  assert_number (json, "outbox.unsynced", 4);
  assert_number (json, "outbox.files_bytes", 8192);
  assert_number (json, "outbox.segments", 6);
  assert_number (json, "outbox.syncs", 7);
  assert_text (json, "outbox.state", "fails");
  assert_text (json, "outbox.reason", "no space left \xef\xbf\xbd");
  publisher = hm_json_element (hm_json_at (json, "publishers"), 0);
  assert_text (publisher, "required", "yes");
  assert_number (publisher, "waiting", G_MAXUINT64);
  assert_number (publisher, "skipped", 9);
}

static void
status_tells_of_each_source_and_plugin_when_it_runs (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *source, *plugin;
  guint64 calls;

  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (6);
  json = ask (f, "status");
  source = hm_json_element (hm_json_at (json, "sources"), 0);
  assert_text (source, "source", "default");
  assert_number (source, "interval_ns", 100 * HM_NSEC_PER_MSEC);
  assert_int_equal (hm_json_size (hm_json_at (json, "plugins")), 2);
  plugin = hm_json_element (hm_json_at (json, "plugins"), 0);
  assert_text (plugin, "plugin", "meterer");
  assert_text (plugin, "namespace", HM_NS_POLL_COMPUTE);
  assert_text (plugin, "state", "runs");
  assert_true (hm_json_get_u64 (plugin, "calls", &calls) && calls >= 2);
  assert_text (hm_json_element (hm_json_at (json, "plugins"), 1), "plugin", "self");
}

static void
status_names_who_is_in_quarantine_when_a_pollster_is_broken (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *quarantined;

  result = HM_BROKEN;
  poll_once (f);
  json = ask (f, "status");
  assert_text (hm_json_element (hm_json_at (json, "plugins"), 0), "state", "quarantined");
  assert_int_equal (hm_json_size (hm_json_at (json, "quarantine")), 2);
  quarantined = hm_json_element (hm_json_at (json, "quarantine"), 0);
  assert_text (quarantined, "plugin", "meterer");
  assert_true (g_str_has_prefix (hm_json_get_text (quarantined, "resource"), "i-"));
  assert_number (quarantined, "failures", 1);
}

static void
status_names_hung_guests_when_the_inspector_knows_them (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *first, *second;

  f->inspector->inspector.health = tell_of_two_hung;
  json = ask (f, "status");
  assert_number (json, "hypervisor.hung_guests", 2);
  assert_number (json, "hypervisor.hung_guests_ever", 5);
  assert_number (json, "inventory.instances", 9);
  assert_number (json, "inventory.metadata_problems", 4);
  first = hm_json_element (hm_json_at (json, "hung"), 0);
  second = hm_json_element (hm_json_at (json, "hung"), 1);
  assert_text (first, "guest", "web\xef\xbf\xbd\xef\xbf\xbd");
  assert_text (first, "since", "1970-01-01T00:00:00.000000001Z");
  assert_text (second, "guest", "db");
  assert_null (hm_json_at (second, "since"));
  assert_int_equal (hm_json_size (hm_json_at (json, "hung")), 2);
}

/* -- replay -- */

static char *replayed; /* "fake 0 0": who was given what again */

static gboolean
note_replay (HmOutbox *outbox G_GNUC_UNUSED, const char *publisher, const guint64 from[HM_LANES],
             guint64 *ret_records, GError **error)
{
  if (!g_str_equal (publisher, "fake"))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no publisher \"%s\"", publisher);
      return FALSE;
    }
  g_free (replayed);
  replayed = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, from[0], from[1]);
  *ret_records = 12;
  return TRUE;
}

/* The answer's members, or NULL when it is refused. (transfer full) */
static HmJson *
ask_replay (Fixture *f, const char *text)
{
  g_autoptr (HmJson) request = hm_json_parse (text, strlen (text), NULL);
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const HmControlCommand *command = hm_agent_commands;
  const char *answer;
  gboolean good;
  gsize length;

  f->agent->outbox->replay = note_replay;
  while (!g_str_equal (command->name, "replay"))
    command++;
  hm_json_begin_object (w);
  good = command->answer (f->agent, request, w, NULL);
  hm_json_end_object (w);
  answer = hm_json_writer_finish (w, &length, NULL);
  return good ? hm_json_parse (answer, length, NULL) : NULL;
}

static void
replay_begins_where_it_is_told_and_leaves_out_other_lanes (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) all = ask_replay (f, "{}"), one = NULL, none = NULL;

  assert_text (hm_json_element (hm_json_at (all, "publishers"), 0), "publisher", "fake");
  assert_number (hm_json_element (hm_json_at (all, "publishers"), 0), "records", 12);
  assert_string_equal (replayed, "0 0");
  one = ask_replay (f, "{\"publisher\":\"fake\",\"billing\":4711}");
  assert_non_null (one);
  assert_string_equal (replayed, "4711 18446744073709551615");
  none = ask_replay (f, "{\"publisher\":\"nobody\"}");
  assert_null (none);
  g_clear_pointer (&replayed, g_free);
}

static void
status_says_why_a_publisher_fails_when_it_does (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;
  const HmJson *publisher;

  fake_publisher ()->retries = 1;
  poll_once (f);
  json = ask (f, "status");
  publisher = hm_json_element (hm_json_at (json, "publishers"), 0);
  assert_text (publisher, "state", "delivers");
  assert_number (publisher, "retried", 1);
  assert_true (*hm_json_get_text (publisher, "last_failure") != '\0');
}

static void
commands_answer_when_they_are_asked (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) ping = ask (f, "ping"), version = ask (f, "version");

  assert_int_equal (hm_json_size (ping), 0);
  assert_text (version, "version", PACKAGE_VERSION);
}

static void
description_is_one_line_when_the_agent_polled (void **state)
{
  Fixture *f = *state;
  g_autofree char *line = NULL;

  poll_once (f);
  line = hm_agent_describe (f->agent);
  assert_true (g_str_has_prefix (line, "2 instances, "));
  assert_non_null (strstr (line, " 0 records waiting"));
  assert_null (strchr (line, '\n'));
}

/* -- figures -- */

/* How often each was told; @user: name → count. */
static void
note_figure (const char *meter, const char *device G_GNUC_UNUSED, guint64 value G_GNUC_UNUSED, gpointer user)
{
  g_hash_table_insert (user, g_strdup (meter),
                       GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (user, meter)) + 1));
}

static void
figures_are_the_meters_of_self_when_they_are_told (void **state)
{
  Fixture *f = *state;
  const HmPlugin *self = kit_plugin (HM_NS_SELF, "self");
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint known = 0;

  f->inspector->inspector.health = tell_of_two_hung;
  f->agent->outbox->publisher_status = tell_of_backlog;
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (4);
  hm_agent_figures (f->agent, note_figure, told);
  for (const HmMeter *meter = self->meters; meter->name != NULL; meter++)
    {
      if (!g_hash_table_contains (told, meter->name))
        fail_msg ("%s is not told", meter->name);
      known++;
    }
  assert_int_equal (known, g_hash_table_size (told));
}

static void
note_device (const char *meter, const char *device, guint64 value, gpointer user)
{
  if (g_str_has_prefix (meter, "agent.publisher."))
    g_string_append_printf (user, "%s %s %" G_GUINT64_FORMAT "\n", meter, device, value);
}

static void
figures_of_a_publisher_carry_its_name (void **state)
{
  Fixture *f = *state;
  g_autoptr (GString) told = g_string_new (NULL);

  f->agent->outbox->publisher_status = tell_of_backlog;
  hm_agent_figures (f->agent, note_device, told);
  assert_non_null (strstr (told->str, "agent.publisher.waiting publisher:fake 18446744073709551615\n"));
  assert_non_null (strstr (told->str, "agent.publisher.clients publisher:fake 1\n"));
}

static void
figures_leave_out_what_is_not_known_when_nothing_was_read (void **state)
{
  Fixture *f = *state;
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  hm_agent_figures (f->agent, note_figure, told);
  assert_true (g_hash_table_contains (told, "agent.polls"));
  assert_false (g_hash_table_contains (told, "agent.instances"));
  assert_false (g_hash_table_contains (told, "agent.hung.guests"));
}

/* (nullable) The first record of the agent itself that the publisher holds. (transfer full) */
static HmJson *
find_own_record (void)
{
  FakePublisher *publisher = fake_publisher ();
  HmJson *found = NULL;

  g_mutex_lock (&publisher->lock);
  for (guint i = 0; i < publisher->held->len && found == NULL; i++)
    {
      const HmMessage *message = g_ptr_array_index (publisher->held, i);
      gsize length;
      const char *bytes = g_bytes_get_data (message->value, &length);
      g_autoptr (HmJson) json = hm_json_parse (bytes, length, NULL);

      if (g_strcmp0 (hm_json_get_text (json, "resource.kind"), "agent") == 0
          && g_strcmp0 (hm_json_get_text (json, "schema"), HM_SCHEMA_SAMPLES) == 0)
        found = g_steal_pointer (&json);
    }
  g_mutex_unlock (&publisher->lock);
  return found;
}

static void
samples_of_self_live_as_long_as_the_process_when_it_polls (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;

  fake_publisher ()->holds = TRUE;
  assert_true (hm_agent_run (f->agent, NULL));
  for (guint n = 3; json == NULL && n < 100; n++)
    {
      fake_publisher_wait (n);
      json = find_own_record ();
    }
  assert_non_null (json);
  assert_text (json, "resource.id", "node-1");
  assert_text (json, "resource.epoch", hm_json_get_text (json, "agent.epoch"));
  assert_non_null (hm_json_get_text (json, "resource.epoch_start"));
  assert_null (hm_json_at (json, "resource.project"));
}

static void
process_use_is_this_processes_when_it_is_asked (void **state G_GNUC_UNUSED)
{
  HmProcessUse before, after;
  int fd;

  hm_process_use (&before);
  fd = dup (STDERR_FILENO);
  hm_process_use (&after);
  close (fd);
  assert_true (before.memory_kib.given && before.memory_kib.value > 0);
  assert_true (before.threads.given && before.threads.value >= 1);
  assert_true (before.descriptors.given && after.descriptors.given);
  assert_true (after.descriptors.value == before.descriptors.value + 1);
  assert_true (after.cpu_ns >= before.cpu_ns && before.cpu_ns > 0);
}

/* -- progress -- */

static void
agent_progresses_when_its_polls_come_back (void **state)
{
  Fixture *f = *state;

  assert_true (hm_agent_progresses (f->agent));
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (4);
  assert_true (hm_agent_progresses (f->agent));
}

static void
agent_does_not_progress_when_a_poll_hangs (void **state)
{
  Fixture *f = *state;
  guint taken;

  f->inspector->inspector.read = read_through_gate;
  set_gate (TRUE);
  assert_true (hm_agent_run (f->agent, NULL));
  wait_for_somebody_at_the_gate ();
  assert_true (hm_agent_progresses (f->agent));
  __atomic_store_n (&shift, 10 * MINUTES, __ATOMIC_SEQ_CST);
  assert_false (hm_agent_progresses (f->agent));
  taken = fake_publisher ()->ids->len;
  set_gate (FALSE);
  /* Two polls later the thread has come round for certain. */
  fake_publisher_wait (taken + 5);
  assert_true (hm_agent_progresses (f->agent));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (status_tells_what_one_poll_did_when_it_is_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown (
        status_tells_of_lines_that_were_left_out_where_messages_are_read_from_a_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown (status_tells_of_the_disk_and_of_each_publishers_backlog, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (status_tells_of_each_source_and_plugin_when_it_runs, set_up, tear_down),
    cmocka_unit_test_setup_teardown (status_names_who_is_in_quarantine_when_a_pollster_is_broken, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (status_names_hung_guests_when_the_inspector_knows_them, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (replay_begins_where_it_is_told_and_leaves_out_other_lanes, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (status_says_why_a_publisher_fails_when_it_does, set_up, tear_down),
    cmocka_unit_test_setup_teardown (commands_answer_when_they_are_asked, set_up, tear_down),
    cmocka_unit_test_setup_teardown (description_is_one_line_when_the_agent_polled, set_up, tear_down),
    cmocka_unit_test_setup_teardown (figures_are_the_meters_of_self_when_they_are_told, set_up, tear_down),
    cmocka_unit_test_setup_teardown (figures_of_a_publisher_carry_its_name, set_up, tear_down),
    cmocka_unit_test_setup_teardown (figures_leave_out_what_is_not_known_when_nothing_was_read, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (samples_of_self_live_as_long_as_the_process_when_it_polls, set_up,
                                     tear_down),
    cmocka_unit_test (process_use_is_this_processes_when_it_is_asked),
    cmocka_unit_test_setup_teardown (agent_progresses_when_its_polls_come_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown (agent_does_not_progress_when_a_poll_hangs, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
