/* SPDX-License-Identifier: Apache-2.0 */
/* test_agent: all parts together, with a synthetic fleet, a fake publisher and real threads. */
#include "tests/fakes/fake_agent.h"

#include <string.h>

/* -- plugins of the test -- */

/* A notification handler that notes the last event and makes no record. */
static char *last_event;

static HmResult
note (gpointer data G_GNUC_UNUSED, const HmNotice *notice, HmNoticeSink *sink G_GNUC_UNUSED,
      GError **error G_GNUC_UNUSED)
{
  g_free (last_event);
  last_event = g_strdup_printf ("%s %s", notice->event_type, notice->resource->id);
  return HM_OK;
}

/* A reading pollster that cannot be created. */
static gpointer
fail_to_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context G_GNUC_UNUSED,
                GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "there is no sensor");
  return NULL;
}

static HmResult
emit_nothing (gpointer self G_GNUC_UNUSED, HmSink *sink G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return HM_NO_DATA;
}

static void
free_nothing (gpointer self G_GNUC_UNUSED)
{
}

static const char *const all[] = { "libvirt.domain.*", NULL };
static const HmNotification handler_ops = { .event_types = all, .process_notification = note };
static const HmReadingPollster sensor_ops
    = { .create = fail_to_create, .emit = emit_nothing, .free = free_nothing };

#define DESCRIPTOR                                                                                           \
  .abi_major = HM_ABI_MAJOR, .abi_minor = HM_ABI_MINOR, .struct_size = sizeof (HmPlugin), .version = "1"

static const HmPlugin handler = { DESCRIPTOR, .name = "listener", .ns = HM_NS_NOTIFICATION,
                                  .summary = "Listens", .notification = &handler_ops };
static const HmPlugin sensor = { DESCRIPTOR,
                                 .name = "sensor",
                                 .ns = HM_NS_POLL_HOST,
                                 .summary = "Cannot be created",
                                 .meters = fake_pollster_meters,
                                 .reading_pollster = &sensor_ops };

/* -- publishers that meet at their end -- */

typedef struct
{
  GMutex lock;
  GCond changed;
  guint inside; /* a free() */
  gboolean missed;
} Meeting;

static Meeting meeting;

static gpointer
guest_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context G_GNUC_UNUSED,
              HmConfirm confirm G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return &meeting;
}

static gboolean
guest_start (gpointer self G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
guest_publish (gpointer self G_GNUC_UNUSED, HmMessage *message G_GNUC_UNUSED)
{
  return FALSE;
}

static void
guest_flush (gpointer self G_GNUC_UNUSED, gint64 timeout_ns G_GNUC_UNUSED)
{
}

/* Comes back when both are inside. */
static void
guest_free (gpointer self G_GNUC_UNUSED)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  g_mutex_lock (&meeting.lock);
  meeting.inside++;
  g_cond_broadcast (&meeting.changed);
  while (meeting.inside < 2 && !meeting.missed)
    meeting.missed = !g_cond_wait_until (&meeting.changed, &meeting.lock, deadline);
  g_mutex_unlock (&meeting.lock);
}

static const HmPublisher guest_ops = { .create = guest_create,
                                       .start = guest_start,
                                       .publish = guest_publish,
                                       .flush = guest_flush,
                                       .free = guest_free };
static const HmPlugin guests[] = {
  { DESCRIPTOR, .name = "first", .ns = HM_NS_PUBLISHER, .summary = "Meets", .publisher = &guest_ops },
  { DESCRIPTOR, .name = "second", .ns = HM_NS_PUBLISHER, .summary = "Meets", .publisher = &guest_ops },
};

/* -- a publisher that confirms at once -- */

static struct
{
  HmConfirm confirm;
  gpointer user;
  guint flushed;      /* times … */
  guint fake_flushed; /* … when the fake publisher was flushed so often */
} prompt;

static gpointer
prompt_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context G_GNUC_UNUSED,
               HmConfirm confirm, gpointer user, GError **error G_GNUC_UNUSED)
{
  memset (&prompt, 0, sizeof (prompt));
  prompt.confirm = confirm;
  prompt.user = user;
  return &prompt;
}

static gboolean
prompt_publish (gpointer self G_GNUC_UNUSED, HmMessage *message)
{
  prompt.confirm (prompt.user, message, HM_DELIVERY_DONE, NULL);
  return TRUE;
}

static void
prompt_flush (gpointer self G_GNUC_UNUSED, gint64 timeout_ns G_GNUC_UNUSED)
{
  prompt.flushed++;
  prompt.fake_flushed = fake_publisher ()->flushed;
}

static const HmPublisher prompt_ops = { .create = prompt_create,
                                        .start = guest_start,
                                        .publish = prompt_publish,
                                        .flush = prompt_flush,
                                        .free = free_nothing };
static const HmPlugin prompt_plugin = { DESCRIPTOR, .name = "prompt", .ns = HM_NS_PUBLISHER,
                                        .summary = "Confirms", .publisher = &prompt_ops };

/* -- fixture -- */

static int
set_up (void **state)
{
  fake_agent_set_up (state);
  assert_true (hm_registry_add (((FakeAgent *)*state)->registry, &handler, "built in", NULL));
  return 0;
}

static int
tear_down (void **state)
{
  g_clear_pointer (&last_event, g_free);
  return fake_agent_tear_down (state);
}

/* -- cases -- */

static void
agent_opens_nothing_when_it_is_only_made (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *state_dir = g_build_filename (f->folder, "state", NULL);

  fake_agent_make_well (f, NULL);
  assert_int_equal (fake_publisher ()->started, 0);
  assert_int_equal (f->inspector->reads, 0);
  assert_false (g_file_test (state_dir, G_FILE_TEST_EXISTS));
}

static void
agent_delivers_one_poll_of_everything_when_asked_once (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_once (f->agent, &error));
  assert_int_equal (f->inspector->reads, 1);
  assert_int_equal (fake_publisher ()->ids->len, 2);
  assert_true (hm_agent_stop (f->agent));
  assert_int_equal (f->inspector->closed, 1);
  assert_int_equal (fake_publisher ()->freed, 1);
}

static void
agent_fails_once_as_unavailable_when_the_hypervisor_is_away (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  f->inspector->away = TRUE;
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_false (hm_agent_once (f->agent, &error));
  assert_int_equal (hm_error_exit_code (error), 69);
  assert_true (hm_agent_stop (f->agent));
}

static void
agent_fails_once_as_unavailable_when_nothing_is_confirmed (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  fake_publisher ()->holds = TRUE;
  fake_agent_make_well (f, "agent.stop-timeout=2s");
  fake_agent_start (f);
  assert_false (hm_agent_once (f->agent, &error));
  assert_int_equal (hm_error_exit_code (error), 69);
  assert_non_null (strstr (error->message, "2 records"));
  assert_true (hm_agent_stop (f->agent));
  /* The stop does not wait for the publisher a second time. */
  assert_int_equal (fake_publisher ()->flushed, 1);
}

static void
agent_polls_again_and_again_when_it_runs (void **state)
{
  FakeAgent *f = *state;
  g_auto (HmAgentReport) report = { 0 };

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (6);
  assert_true (hm_agent_stop (f->agent));
  hm_agent_report (f->agent, &report);
  assert_true (report.outbox.waiting == 0);
  assert_true (report.outbox.confirmed == fake_publisher ()->ids->len);
}

static gint beats; /* atomic */

static void
count_beat (HmOutbox *outbox G_GNUC_UNUSED)
{
  g_atomic_int_inc (&beats);
}

static void
wait_for_beats (gint n)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (g_atomic_int_get (&beats) < n)
    {
      if (g_get_monotonic_time () > deadline)
        fail_msg ("%d heartbeats in 60 s", g_atomic_int_get (&beats));
      g_usleep (1000);
    }
}

static void
agent_asks_for_heartbeats_at_its_start_by_the_clock_and_at_its_stop (void **state)
{
  FakeAgent *f = *state;
  gint before;

  beats = 0;
  fake_agent_make_well (f, "agent.heartbeat-interval=1s");
  f->agent->outbox->heartbeat = count_beat;
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  wait_for_beats (3);
  before = g_atomic_int_get (&beats);
  assert_true (hm_agent_stop (f->agent));
  assert_true (g_atomic_int_get (&beats) > before);
}

static guint away_lines, back_lines; /* by the poll's thread alone, read after it ended */

static void
count_lines (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
             gpointer user G_GNUC_UNUSED)
{
  away_lines += strstr (text, "tried again until it answers") != NULL;
  back_lines += strstr (text, "there again") != NULL;
}

/* Each read of this one fails until the third. */
static HmSnapshot *
fail_twice (HmInspector *inspector, HmFields fields, gint64 timeout_ns, GError **error)
{
  FakeInspector *self = (FakeInspector *)inspector;
  static HmSnapshot *(*read) (HmInspector *, HmFields, gint64, GError **);

  if (read == NULL)
    {
      g_autofree FakeInspector *model = fake_inspector_new (hm_clock_system (), 0);

      read = model->inspector.read;
    }
  self->away = self->reads < 2;
  return read (inspector, fields, timeout_ns, error);
}

static void
agent_waits_and_says_so_once_when_the_hypervisor_comes_late (void **state)
{
  FakeAgent *f = *state;

  away_lines = back_lines = 0;
  hm_log_capture (count_lines, NULL);
  f->inspector->inspector.read = fail_twice;
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (2);
  assert_true (hm_agent_stop (f->agent));
  assert_int_equal (away_lines, 1);
  assert_int_equal (back_lines, 1);
}

static void
agent_hands_domain_events_to_handlers_when_they_come (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (HmResource) resource = hm_resource_new ("i-9", "instance");
  HmDomainEvent event = { .event = "started",
                          .resource = resource,
                          .time = FAKE_START,
                          .not_before = HM_TIME_UNKNOWN,
                          .last_read = HM_TIME_UNKNOWN };

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_non_null (f->inspector->on_event);
  f->inspector->on_event (&event, f->inspector->user);
  assert_string_equal (last_event, "libvirt.domain.started i-9");
  assert_true (hm_agent_stop (f->agent));
}

static guint
quarantined (FakeAgent *f)
{
  HmQuarantineCounts counts;

  hm_quarantine_counts (f->agent->quarantine, &counts);
  return counts.size;
}

static void
agent_forgets_what_was_broken_for_an_instance_when_it_is_gone (void **state)
{
  static const struct
  {
    const char *event;
    guint left;
  } cases[] = { { "stopped", 1 }, { "undefined", 0 }, { "lost", 0 }, { "migrated-out", 0 } };
  FakeAgent *f = *state;
  g_autoptr (HmResource) resource = hm_resource_new ("i-9", "instance");
  HmDomainEvent event = {
    .resource = resource, .time = FAKE_START, .not_before = HM_TIME_UNKNOWN, .last_read = HM_TIME_UNKNOWN
  };

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      hm_quarantine_enter (f->agent->quarantine, "disk", "i-9", NULL);
      event.event = cases[i].event;
      f->inspector->on_event (&event, f->inspector->user);
      assert_int_equal (quarantined (f), cases[i].left);
    }
  assert_true (hm_agent_stop (f->agent));
}

/* The agent of which a thread is left behind; reachable, or it would look like a leak. */
static HmAgent *left_behind;

/* A handler hangs, so the event worker may come back into the agent after the stop. */
static void
agent_stays_usable_for_a_late_event_when_the_inspector_sticks (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (HmResource) resource = hm_resource_new ("i-9", "instance");
  HmDomainEvent event = { .event = "stopped",
                          .resource = resource,
                          .time = FAKE_START,
                          .not_before = HM_TIME_UNKNOWN,
                          .last_read = HM_TIME_UNKNOWN };

  f->inspector->sticks = TRUE;
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_false (hm_agent_stop (f->agent));
  left_behind = g_steal_pointer (&f->agent);
  hm_agent_free (left_behind);
  f->inspector->on_event (&event, left_behind);
  assert_string_equal (last_event, "libvirt.domain.stopped i-9");
}

static void
agent_ends_its_publishers_side_by_side_when_it_stops (void **state)
{
  FakeAgent *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    assert_true (hm_registry_add (f->registry, &guests[i], "built in", NULL));
  f->yet_more = "publisher:first.enabled=true";
  fake_agent_make_well (f, "publisher:second.enabled=true");
  fake_agent_start (f);
  assert_true (hm_agent_stop (f->agent));
  assert_int_equal (meeting.inside, 2);
  assert_false (meeting.missed);
}

/* The optional one stands first and confirms nothing, so it could take the whole time of the stop. */
static void
agent_waits_last_and_a_second_at_most_for_an_optional_publisher_when_it_stops (void **state)
{
  FakeAgent *f = *state;

  assert_true (hm_registry_add (f->registry, &prompt_plugin, "built in", NULL));
  f->yet_more = "publisher:prompt.enabled=true";
  fake_publisher ()->holds = TRUE;
  fake_agent_make_well (f, "publisher:fake.required=false");
  assert_string_equal (g_array_index (f->agent->publishers, HmOutboxPublisher, 0).name, "fake");
  fake_agent_start (f);
  fake_append (f->agent->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  assert_true (hm_agent_stop (f->agent));
  assert_int_equal (prompt.flushed, 1);
  assert_int_equal (prompt.fake_flushed, 0);
  assert_int_equal (fake_publisher ()->flushed, 1);
  assert_true (fake_publisher ()->timeout <= HM_NSEC_PER_SEC);
}

static void
agent_refuses_a_folder_when_another_agent_has_it (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;
  HmAgent *first;

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  first = g_steal_pointer (&f->agent);
  f->agent = hm_agent_new (f->config, f->choices, &f->ports, &error);
  assert_false (hm_agent_start (f->agent, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "another agent");
  assert_true (hm_agent_stop (first));
  hm_agent_free (first);
}

static void
agent_stops_what_was_started_when_a_publisher_does_not_start (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  fake_publisher ()->fails_start = TRUE;
  fake_agent_make_well (f, NULL);
  assert_false (hm_agent_start (f->agent, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "does not start");
  assert_int_equal (f->inspector->reads, 0);
  assert_true (hm_agent_stop (f->agent));
  assert_int_equal (fake_publisher ()->freed, 1);
}

/* Found and broken: left out. Named and broken: the end. */
static void
agent_leaves_a_broken_plugin_out_only_when_nobody_named_it (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  assert_true (hm_registry_add (f->registry, &sensor, "built in", NULL));
  fake_agent_make_well (f, NULL);
  hm_agent_free (g_steal_pointer (&f->agent));
  g_clear_pointer (&f->choices, g_ptr_array_unref);
  g_clear_pointer (&f->config, hm_agent_config_free);
  g_clear_pointer (&f->settings, hm_settings_free);
  assert_null (fake_agent_make (f, "pollster:sensor.enabled=true", &error));
  assert_int_equal (hm_error_exit_code (error), 78);
  kit_assert_error (&error, HM_ERROR_CONFIG, "the file, [pollster:sensor]: there is no sensor");
}

static void
agent_needs_no_hypervisor_when_its_namespaces_do_not (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  f->inspector->away = TRUE;
  fake_agent_make_well (f, "agent.namespaces=hypermeter.poll.host");
  fake_agent_start (f);
  assert_true (hm_agent_once (f->agent, &error));
  assert_null (f->inspector->on_event);
  assert_int_equal (f->inspector->reads, 0);
  assert_true (hm_agent_stop (f->agent));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define AGENT_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    AGENT_TEST (agent_opens_nothing_when_it_is_only_made),
    AGENT_TEST (agent_delivers_one_poll_of_everything_when_asked_once),
    AGENT_TEST (agent_fails_once_as_unavailable_when_the_hypervisor_is_away),
    AGENT_TEST (agent_fails_once_as_unavailable_when_nothing_is_confirmed),
    AGENT_TEST (agent_polls_again_and_again_when_it_runs),
    AGENT_TEST (agent_asks_for_heartbeats_at_its_start_by_the_clock_and_at_its_stop),
    AGENT_TEST (agent_waits_and_says_so_once_when_the_hypervisor_comes_late),
    AGENT_TEST (agent_hands_domain_events_to_handlers_when_they_come),
    AGENT_TEST (agent_forgets_what_was_broken_for_an_instance_when_it_is_gone),
    AGENT_TEST (agent_stays_usable_for_a_late_event_when_the_inspector_sticks),
    AGENT_TEST (agent_ends_its_publishers_side_by_side_when_it_stops),
    AGENT_TEST (agent_waits_last_and_a_second_at_most_for_an_optional_publisher_when_it_stops),
    AGENT_TEST (agent_refuses_a_folder_when_another_agent_has_it),
    AGENT_TEST (agent_stops_what_was_started_when_a_publisher_does_not_start),
    AGENT_TEST (agent_leaves_a_broken_plugin_out_only_when_nobody_named_it),
    AGENT_TEST (agent_needs_no_hypervisor_when_its_namespaces_do_not),
  };

  return cmocka_run_group_tests_name ("agent", tests, NULL, NULL);
}
