/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatcher: from a message to every handler that wants it. */
#include "agent/messages/dispatcher.h"

#include <string.h>

#include "tests/fakes/fake_identity.h"

/* -- a handler that does what the test says -- */

typedef struct
{
  HmResult result;
  gboolean unsound; /* its record has no resource */
  guint calls, freed;
  HmTime time; /* of the last notice */
} Obedient;

static HmResult
obedient_process (gpointer data, const HmNotice *notice, HmNoticeSink *sink, GError **error)
{
  Obedient *self = data;
  HmRecord record;

  self->calls++;
  self->time = notice->time;
  if (self->result != HM_OK)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "the handler fails");
      return self->result;
    }
  hm_record_init (&record, HM_RECORD_LIFECYCLE);
  record.resource.id = self->unsound ? "" : "i-1";
  record.resource.kind = "instance";
  record.resource.state = HM_STATE_RUNNING;
  record.event = "started";
  record.observed = "event";
  sink->record (sink, &record);
  return HM_OK;
}

static void
obedient_free (gpointer data)
{
  ((Obedient *)data)->freed++;
}

static const char *const all_domains[] = { "libvirt.domain.*", NULL };
static const char *const two_kinds[] = { "libvirt.domain.started", "compute.instance.*", NULL };
static const HmNotification first_ops
    = { .event_types = all_domains, .process_notification = obedient_process, .free = obedient_free };
static const HmNotification second_ops
    = { .event_types = two_kinds, .process_notification = obedient_process, .free = obedient_free };
static const HmPlugin first = { .name = "first", .ns = HM_NS_NOTIFICATION, .notification = &first_ops };
static const HmPlugin second = { .name = "second", .ns = HM_NS_NOTIFICATION, .notification = &second_ops };

/* -- fixture -- */

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmOutbox *outbox;
  HmDispatcher *dispatcher;
  Obedient one, two;
} Fixture;

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (FAKE_START);
  f->clock->boot_ns = 77;
  f->clock->is_synced = TRUE;
  f->clock->max_error_ns = 512;
  f->identity = fake_identity (&f->clock->clock);
  f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 20, NULL);
  f->dispatcher = hm_dispatcher_new (f->outbox, &f->clock->clock);
  hm_dispatcher_add (f->dispatcher, &first, &f->one);
  hm_dispatcher_add (f->dispatcher, &second, &f->two);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_dispatcher_free (f->dispatcher);
  assert_int_equal (f->one.freed, 1);
  assert_int_equal (f->two.freed, 1);
  f->outbox->free (f->outbox);
  g_free (f->clock);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

static void
dispatch (Fixture *f, const char *event_type)
{
  HmNotice notice = { .event_type = event_type,
                      .time = FAKE_START + 5,
                      .not_before = HM_TIME_UNKNOWN,
                      .last_read = HM_TIME_UNKNOWN };

  hm_dispatcher_dispatch (f->dispatcher, &notice);
}

static HmDispatcherCounts
counts_of (Fixture *f)
{
  HmDispatcherCounts counts;

  hm_dispatcher_counts (f->dispatcher, &counts);
  return counts;
}

/* -- cases -- */

static void
dispatcher_calls_each_handler_whose_glob_matches_when_a_message_comes (void **state)
{
  Fixture *f = *state;

  dispatch (f, "libvirt.domain.started");
  assert_int_equal (f->one.calls, 1);
  assert_int_equal (f->two.calls, 1);
  dispatch (f, "libvirt.domain.stopped");
  assert_int_equal (f->one.calls, 2);
  assert_int_equal (f->two.calls, 1);
  dispatch (f, "compute.instance.exists");
  assert_int_equal (f->one.calls, 2);
  assert_int_equal (f->two.calls, 2);
  assert_true (f->two.time == FAKE_START + 5);
}

static void
dispatcher_calls_the_second_when_the_first_fails (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  f->one.result = HM_BROKEN;
  dispatch (f, "libvirt.domain.started");
  assert_int_equal (f->one.calls, 1);
  assert_int_equal (f->two.calls, 1);
  assert_true (counts_of (f).failed == 1);
  assert_true (counts_of (f).records == 1);
  record = fake_next (f->outbox);
  assert_non_null (record);
  assert_null (fake_next (f->outbox));
}

static void
dispatcher_completes_a_record_when_a_handler_makes_one (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  hm_fake_clock_advance (f->clock, 5);
  dispatch (f, "libvirt.domain.stopped");
  record = fake_next (f->outbox);
  assert_string_equal (hm_json_get_text (record, "schema"), HM_SCHEMA_LIFECYCLE);
  assert_string_equal (hm_json_get_text (record, "time"), "2026-11-21T01:27:00.000000005Z");
  assert_string_equal (hm_json_get_text (record, "source"), "site-a");
  assert_string_equal (hm_json_get_text (record, "agent.id"), "node-1");
  assert_string_equal (hm_json_get_number (record, "clock.boot_ns"), "82");
  assert_string_equal (hm_json_get_number (record, "clock.max_error_ns"), "512");
  assert_string_equal (hm_json_get_number (record, "seq"), "1");
}

/* Both clocks of a record say the same moment; else a reader would see a step of as long as the notice has waited. */
static void
dispatcher_says_the_boot_time_of_the_record_when_a_notice_has_waited (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  hm_fake_clock_advance (f->clock, 5 + 90 * HM_NSEC_PER_SEC);
  dispatch (f, "libvirt.domain.stopped");
  record = fake_next (f->outbox);
  assert_string_equal (hm_json_get_text (record, "time"), "2026-11-21T01:27:00.000000005Z");
  assert_string_equal (hm_json_get_number (record, "clock.boot_ns"), "82");
}

static void
dispatcher_counts_and_leaves_out_when_nobody_wants_it (void **state)
{
  Fixture *f = *state;

  dispatch (f, "image.upload");
  assert_true (counts_of (f).messages == 1);
  assert_true (counts_of (f).ignored == 1);
  assert_true (counts_of (f).handled == 0);
  assert_null (fake_next (f->outbox));
}

static void
dispatcher_refuses_a_record_when_it_has_no_resource (void **state)
{
  Fixture *f = *state;

  f->one.unsound = TRUE;
  dispatch (f, "libvirt.domain.stopped");
  assert_true (counts_of (f).unsound == 1);
  assert_null (fake_next (f->outbox));
}

static guint lines;

static void
count_lines (GLogLevelFlags level, const HmLogFields *fields, const char *text G_GNUC_UNUSED,
             gpointer user G_GNUC_UNUSED)
{
  lines += level == G_LOG_LEVEL_WARNING && fields != NULL && g_strcmp0 (fields->plugin, "first") == 0;
}

static void
dispatcher_says_it_once_per_burst_when_a_handler_fails (void **state)
{
  Fixture *f = *state;

  lines = 0;
  hm_log_capture (count_lines, NULL);
  f->one.result = HM_RETRY;
  for (guint i = 0; i < 5; i++)
    dispatch (f, "libvirt.domain.stopped");
  assert_int_equal (lines, 1);
  assert_true (counts_of (f).failed == 5);
  assert_true (counts_of (f).refused == 0);
}

/* One bad message is no failure of the handler, and the next one finds it as it was. */
static void
dispatcher_counts_a_message_as_refused_when_its_handler_finds_it_bad (void **state)
{
  Fixture *f = *state;

  lines = 0;
  hm_log_capture (count_lines, NULL);
  f->one.result = HM_REFUSED;
  dispatch (f, "libvirt.domain.stopped");
  dispatch (f, "libvirt.domain.stopped");
  assert_int_equal (lines, 1);
  f->one.result = HM_OK;
  dispatch (f, "libvirt.domain.stopped");
  f->one.result = HM_REFUSED;
  dispatch (f, "libvirt.domain.crashed"); /* another text, which the log does not fold into the first */
  assert_int_equal (lines, 2);
  assert_true (counts_of (f).refused == 3);
  assert_true (counts_of (f).failed == 0);
}

#define THREADS    4
#define PER_THREAD 500

static gpointer
dispatch_many (gpointer data)
{
  for (guint i = 0; i < PER_THREAD; i++)
    dispatch (data, "libvirt.domain.stopped");
  return NULL;
}

/* Handlers are called one at a time, so they need no lock of their own. */
static void
dispatcher_calls_one_at_a_time_when_threads_dispatch (void **state)
{
  Fixture *f = *state;
  GThread *threads[THREADS];

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("dispatch", dispatch_many, f);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  assert_int_equal (f->one.calls, THREADS * PER_THREAD);
  assert_true (counts_of (f).records == THREADS * PER_THREAD);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define DISPATCHER_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    DISPATCHER_TEST (dispatcher_calls_each_handler_whose_glob_matches_when_a_message_comes),
    DISPATCHER_TEST (dispatcher_calls_the_second_when_the_first_fails),
    DISPATCHER_TEST (dispatcher_completes_a_record_when_a_handler_makes_one),
    DISPATCHER_TEST (dispatcher_says_the_boot_time_of_the_record_when_a_notice_has_waited),
    DISPATCHER_TEST (dispatcher_counts_and_leaves_out_when_nobody_wants_it),
    DISPATCHER_TEST (dispatcher_refuses_a_record_when_it_has_no_resource),
    DISPATCHER_TEST (dispatcher_says_it_once_per_burst_when_a_handler_fails),
    DISPATCHER_TEST (dispatcher_counts_a_message_as_refused_when_its_handler_finds_it_bad),
    DISPATCHER_TEST (dispatcher_calls_one_at_a_time_when_threads_dispatch),
  };

  return cmocka_run_group_tests_name ("dispatcher", tests, NULL, NULL);
}
