/* SPDX-License-Identifier: Apache-2.0 */
/* test_agent_sources: a whole agent whose sources change, whose pollsters or reads hang. */
#include "tests/fakes/fake_agent.h"

#include <string.h>

#include "tests/fakes/fake_polling.h"

/* -- pollsters of the test -- */

static const HmMeter host_meters[] = {
  { "h.cpus", HM_GAUGE, "cpu", HM_VALUE_U64, HM_FIELD_HOST_NODE, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "CPUs" },
  { NULL },
};

static HmResult
emit_host (const HmHost *host, HmSink *sink)
{
  hm_sink_u64 (sink, &host_meters[0], NULL, host->cpus);
  return HM_OK;
}

/* Does not come back before it may. */
static struct
{
  GMutex lock;
  GCond changed;
  gboolean inside, may_end;
} hang;

static const HmMeter hanging_meters[] = {
  { "hang.vcpus", HM_GAUGE, "vcpu", HM_VALUE_U64, HM_FIELD_VCPU_COUNT, HM_HOLD_NONE, 0, HM_LIFE_PROCESS,
    FALSE, "vCPUs" },
  { NULL },
};

static HmResult
emit_hanging (const HmDomain *domain G_GNUC_UNUSED, HmSink *sink G_GNUC_UNUSED)
{
  g_mutex_lock (&hang.lock);
  hang.inside = TRUE;
  g_cond_broadcast (&hang.changed);
  while (!hang.may_end)
    g_cond_wait (&hang.changed, &hang.lock);
  g_mutex_unlock (&hang.lock);
  return HM_NO_DATA;
}

static HmResult
handle_hanging (gpointer self G_GNUC_UNUSED, const HmNotice *notice G_GNUC_UNUSED,
                HmNoticeSink *sink G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return emit_hanging (NULL, NULL);
}

static const char *const test_events[] = { "test.*", NULL };
static const HmNotification handler_ops
    = { .event_types = test_events, .process_notification = handle_hanging };
static const HmSnapshotPollster hanging_ops = { .emit = emit_hanging };
static const HmHostPollster host_ops = { .emit = emit_host };
#define DESCRIPTOR                                                                                           \
  .abi_major = HM_ABI_MAJOR, .abi_minor = HM_ABI_MINOR, .struct_size = sizeof (HmPlugin), .version = "1"

static const HmPlugin hanging = { DESCRIPTOR,
                                  .name = "hanging",
                                  .ns = HM_NS_POLL_COMPUTE,
                                  .summary = "Does not come back",
                                  .meters = hanging_meters,
                                  .snapshot_pollster = &hanging_ops };
static const HmPlugin hanging_handler = { DESCRIPTOR, .name = "stuck", .ns = HM_NS_NOTIFICATION,
                                          .summary = "Does not come back", .notification = &handler_ops };
static const HmPlugin host_pollster = { DESCRIPTOR,
                                        .name = "node",
                                        .ns = HM_NS_POLL_HOST,
                                        .summary = "Measures the host",
                                        .meters = host_meters,
                                        .host_pollster = &host_ops };
/* -- cases -- */

/* A host needs a hypervisor to be asked, but no instance. */
static void
agent_polls_the_host_when_a_host_pollster_runs (void **state)
{
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  f->inspector->domains = 0;
  f->inspector->host = TRUE;
  assert_true (hm_registry_add (f->registry, &host_pollster, "built in", NULL));
  fake_agent_make_well (f, "agent.namespaces=hypermeter.poll.host");
  fake_agent_start (f);
  assert_true (hm_agent_once (f->agent, &error));
  assert_int_equal (f->inspector->asked, HM_FIELD_HOST_NODE);
  assert_int_equal (fake_publisher ()->ids->len, 1);
  assert_true (hm_agent_stop (f->agent));
}

/* -- sources -- */

/* (nullable) the source's job, copied; its name is the report's and not to be looked at */
static gboolean
find_job (FakeAgent *f, const char *name, HmJobReport *ret_job)
{
  g_auto (HmAgentReport) report = { 0 };

  hm_agent_report (f->agent, &report);
  for (guint i = 0; i < report.jobs->len; i++)
    if (g_str_equal (g_array_index (report.jobs, HmJobReport, i).name, name))
      {
        *ret_job = g_array_index (report.jobs, HmJobReport, i);
        return TRUE;
      }
  return FALSE;
}

/* Waits until the source has ticked @ticks times; 0: until it is no more. */
static HmJobReport
wait_for_ticks (FakeAgent *f, const char *name, guint64 ticks)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  HmJobReport job = { 0 };
  gboolean there;

  while ((!(there = find_job (f, name, &job)) || job.ticks < ticks || ticks == 0) && (there || ticks > 0)
         && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  assert_int_equal (there, ticks > 0);
  return job;
}

static void
set_polling (FakeAgent *f, const FakeSource *sources)
{
  g_autoptr (HmPolling) polling = fake_polling (sources);

  assert_true (hm_agent_check_polling (polling, NULL));
  hm_agent_set_polling (f->agent, polling);
}

/* What did not change keeps its job and counts; a source of another interval keeps them too; what is gone is gone. */
static void
agent_goes_over_to_another_polling_when_it_runs (void **state)
{
  static const FakeSource with_one_more[] = {
    { "default", HM_NSEC_PER_SEC / 10, "!other", NULL },
    { "more", HM_NSEC_PER_SEC / 5, "t.*", NULL },
    { .name = NULL },
  };
  static const FakeSource without_default[]
      = { { "more", HM_NSEC_PER_SEC / 10, "t.*", NULL }, { .name = NULL } };
  FakeAgent *f = *state;
  HmJobReport before, after, more, faster;

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  before = wait_for_ticks (f, "default", 2);
  set_polling (f, with_one_more);
  more = wait_for_ticks (f, "more", 2);
  after = wait_for_ticks (f, "default", before.ticks + 1);
  assert_int_equal (after.job, before.job);
  set_polling (f, without_default);
  wait_for_ticks (f, "default", 0);
  faster = wait_for_ticks (f, "more", more.ticks + 2);
  assert_int_equal (faster.job, more.job);
  assert_true (faster.interval_ns == HM_NSEC_PER_SEC / 10);
  assert_true (hm_agent_stop (f->agent));
}

static void
agent_takes_another_polling_when_it_does_not_run_yet (void **state)
{
  static const FakeSource nothing[] = { { "nothing", HM_NSEC_PER_SEC, "other.*", NULL }, { .name = NULL } };
  FakeAgent *f = *state;
  g_autoptr (GError) error = NULL;

  fake_agent_make_well (f, NULL);
  set_polling (f, nothing);
  fake_agent_start (f);
  assert_true (hm_agent_once (f->agent, &error));
  assert_int_equal (f->inspector->reads, 0);
  assert_true (hm_agent_stop (f->agent));
}

static void
agent_refuses_a_polling_when_it_has_no_source (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmPolling) polling = fake_polling (fake_default);
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (polling->sources, 0);
  assert_false (hm_agent_check_polling (polling, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "there is no source");
}

static void
agent_reports_what_it_did_when_it_is_asked (void **state)
{
  FakeAgent *f = *state;
  g_auto (HmAgentReport) report = { 0 };
  const HmPluginTally *tally;

  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_once (f->agent, NULL));
  hm_agent_report (f->agent, &report);
  assert_int_equal (report.plugins->len, 1);
  tally = &g_array_index (report.plugins, HmPluginTally, 0);
  assert_ptr_equal (tally->plugin, &fake_pollster);
  assert_true (tally->calls == 2);
  assert_true (report.pipeline.polls == 1);
  assert_true (report.pipeline.records == 2);
  assert_int_equal (report.last_read.rpcs, 3);
  assert_true (report.outbox.confirmed == 2);
  assert_int_equal (report.quarantine->len, 0);
  assert_false (report.is_away);
  assert_true (hm_agent_stop (f->agent));
}

/* -- a read that takes too long -- */

static struct
{
  GMutex lock;
  GCond changed;
  gboolean inside, interrupted;
} slow;

static HmSnapshot *
read_until_interrupted (HmInspector *inspector G_GNUC_UNUSED, HmFields fields G_GNUC_UNUSED,
                        gint64 timeout_ns G_GNUC_UNUSED, GError **error)
{
  g_mutex_lock (&slow.lock);
  slow.inside = TRUE;
  g_cond_broadcast (&slow.changed);
  while (!slow.interrupted)
    g_cond_wait (&slow.changed, &slow.lock);
  g_mutex_unlock (&slow.lock);
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "interrupted");
  return NULL;
}

static void
interrupt (HmInspector *inspector G_GNUC_UNUSED)
{
  g_mutex_lock (&slow.lock);
  slow.interrupted = TRUE;
  g_cond_broadcast (&slow.changed);
  g_mutex_unlock (&slow.lock);
}

static guint away_lines; /* by the poll's thread alone, read after it ended */

static void
count_away_lines (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED,
                  const char *text, gpointer user G_GNUC_UNUSED)
{
  away_lines += strstr (text, "tried again until it answers") != NULL;
}

static void
agent_interrupts_a_read_when_it_stops (void **state)
{
  FakeAgent *f = *state;

  away_lines = 0;
  hm_log_capture (count_away_lines, NULL);
  f->inspector->inspector.read = read_until_interrupted;
  f->inspector->inspector.interrupt = interrupt;
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  g_mutex_lock (&slow.lock);
  while (!slow.inside)
    g_cond_wait (&slow.changed, &slow.lock);
  g_mutex_unlock (&slow.lock);
  assert_true (hm_agent_stop (f->agent));
  assert_true (slow.interrupted);
  assert_int_equal (f->inspector->closed, 1);
  assert_int_equal (away_lines, 0);
}

/* -- a pollster that hangs -- */

static void
let_hanging_end (gboolean may_end)
{
  g_mutex_lock (&hang.lock);
  hang.may_end = may_end;
  hang.inside &= may_end;
  g_cond_broadcast (&hang.changed);
  g_mutex_unlock (&hang.lock);
}

static void
wait_until_hanging (void)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  gboolean in_time = TRUE;

  g_mutex_lock (&hang.lock);
  while (!hang.inside && in_time)
    in_time = g_cond_wait_until (&hang.changed, &hang.lock, deadline);
  g_mutex_unlock (&hang.lock);
  assert_true (hang.inside);
}

static gboolean
is_hanging (void)
{
  gboolean inside;

  g_mutex_lock (&hang.lock);
  inside = hang.inside;
  g_mutex_unlock (&hang.lock);
  return inside;
}

/* The others' samples are delivered all the same, and the stop leaves it behind. */
static void
agent_polls_on_and_stops_when_a_pollster_hangs (void **state)
{
  FakeAgent *f = *state;

  let_hanging_end (FALSE);
  assert_true (hm_registry_add (f->registry, &hanging, "built in", NULL));
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (6);
  assert_true (is_hanging ());
  assert_false (hm_agent_stop (f->agent));
  /* Nothing but the test can wait for it now. */
  let_hanging_end (TRUE);
  assert_true (hm_pipeline_stop (f->agent->pipeline, 60 * HM_NSEC_PER_SEC));
  f->agent->is_in_use = FALSE;
}

/* The records are delivered all the same. */
static void
agent_stops_when_a_handler_hangs_on_a_message (void **state)
{
  FakeAgent *f = *state;
  g_autofree char *path = g_build_filename (f->folder, "messages", NULL);
  g_autofree char *option = g_strdup_printf ("notification.file=%s", path);

  let_hanging_end (FALSE);
  kit_write_file (f->folder, "messages", "{\"event_type\":\"test.hang\"}\n");
  assert_true (hm_registry_add (f->registry, &hanging_handler, "built in", NULL));
  fake_agent_make_well (f, option);
  fake_agent_start (f);
  assert_true (hm_agent_run (f->agent, NULL));
  fake_publisher_wait (2);
  wait_until_hanging ();
  assert_false (hm_agent_stop (f->agent));
  /* Nothing but the test can wait for it now. */
  let_hanging_end (TRUE);
  assert_true (hm_messages_file_stop (f->agent->messages, 60 * HM_NSEC_PER_SEC));
  g_clear_pointer (&f->agent->messages, hm_messages_file_free);
  f->agent->is_in_use = FALSE;
}

static void
agent_stops_when_a_publisher_does_not_end (void **state)
{
  FakeAgent *f = *state;

  fake_publisher ()->stays = TRUE;
  fake_agent_make_well (f, NULL);
  fake_agent_start (f);
  assert_false (hm_agent_stop (f->agent));
  /* Nothing but the test can wait for it now. */
  fake_publisher_let_go ();
  assert_true (hm_delivery_stop (g_ptr_array_index (f->agent->deliveries, 0), 60 * HM_NSEC_PER_SEC));
  f->agent->is_in_use = FALSE;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define SOURCES_TEST(test) cmocka_unit_test_setup_teardown (test, fake_agent_set_up, fake_agent_tear_down)
    SOURCES_TEST (agent_polls_the_host_when_a_host_pollster_runs),
    SOURCES_TEST (agent_goes_over_to_another_polling_when_it_runs),
    SOURCES_TEST (agent_takes_another_polling_when_it_does_not_run_yet),
    SOURCES_TEST (agent_refuses_a_polling_when_it_has_no_source),
    SOURCES_TEST (agent_reports_what_it_did_when_it_is_asked),
    SOURCES_TEST (agent_interrupts_a_read_when_it_stops),
    SOURCES_TEST (agent_polls_on_and_stops_when_a_pollster_hangs),
    SOURCES_TEST (agent_stops_when_a_handler_hangs_on_a_message),
    SOURCES_TEST (agent_stops_when_a_publisher_does_not_end),
  };

  return cmocka_run_group_tests_name ("agent_sources", tests, NULL, NULL);
}
