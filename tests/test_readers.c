/* SPDX-License-Identifier: Apache-2.0 */
/* test_readers: reading pollsters on their workers, some of which hang. */
#include "agent/schedule/readers.h"

#include <string.h>

#include "tests/fakes/fake_identity.h"
#include "tests/fakes/fake_polling.h"

#define PATIENCE_NS (30 * HM_NSEC_PER_SEC)

/* -- a pollster that does what the test says -- */

static const HmMeter meters[] = {
  { "host.test", HM_GAUGE, "cpu", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE, "For tests" },
  { NULL },
};

typedef struct
{
  GMutex lock;
  GCond changed;
  HmResult result;
  gboolean hangs, inside; /* under the lock */
  guint sampled, emitted, freed;
} Obedient;

static HmResult
obedient_sample (gpointer data, GError **error G_GNUC_UNUSED)
{
  ((Obedient *)data)->sampled++;
  return HM_OK;
}

static HmResult
obedient_emit (gpointer data, HmSink *sink, GError **error)
{
  Obedient *self = data;

  g_mutex_lock (&self->lock);
  self->inside = TRUE;
  g_cond_broadcast (&self->changed);
  while (self->hangs)
    g_cond_wait (&self->changed, &self->lock);
  self->inside = FALSE;
  g_mutex_unlock (&self->lock);
  self->emitted++;
  hm_sink_u64 (sink, &meters[0], NULL, HM_GIVEN (42));
  if (self->result == HM_RETRY || self->result == HM_BROKEN)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "the sensor sleeps");
  return self->result;
}

static void
obedient_free (gpointer data)
{
  ((Obedient *)data)->freed++;
}

static const HmReadingPollster ops
    = { .sample = obedient_sample, .emit = obedient_emit, .free = obedient_free };
static const HmPlugin host
    = { .name = "sensor", .ns = HM_NS_POLL_HOST, .meters = meters, .reading_pollster = &ops };
static const HmPlugin self
    = { .name = "mirror", .ns = HM_NS_SELF, .meters = meters, .reading_pollster = &ops };

static const HmPlugin *const only_host[] = { &host, NULL };
static const HmPlugin *const only_self[] = { &self, NULL };
static const HmPlugin *const both[] = { &host, &self, NULL };

static void
set_hanging (Obedient *obedient, gboolean hangs)
{
  g_mutex_lock (&obedient->lock);
  obedient->hangs = hangs;
  g_cond_broadcast (&obedient->changed);
  g_mutex_unlock (&obedient->lock);
}

static void
wait_until_inside (Obedient *obedient)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_NS / 1000;
  gboolean in_time = TRUE, inside;

  g_mutex_lock (&obedient->lock);
  while (!obedient->inside && in_time)
    in_time = g_cond_wait_until (&obedient->changed, &obedient->lock, deadline);
  inside = obedient->inside;
  g_mutex_unlock (&obedient->lock);
  assert_true (inside);
}

/* -- fixture -- */

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmOutbox *outbox;
  HmQuarantine *quarantine;
  HmReaders *readers;
  Obedient first, second;
} Fixture;

/* The workers of @pollsters (ended by NULL), on the fixture's two selves in this order. */
static void
start (Fixture *f, const FakeSource *sources, const HmPlugin *const *pollsters)
{
  g_autoptr (HmRoster) roster = fake_roster (sources, pollsters);
  Obedient *selves[] = { &f->first, &f->second };

  for (guint i = 0; pollsters[i] != NULL; i++)
    hm_readers_add (f->readers, pollsters[i], selves[i]);
  hm_readers_set_roster (f->readers, roster);
  assert_true (hm_readers_start (f->readers, NULL));
}

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);
  HmReaderParts parts;

  f->clock = hm_fake_clock_new (FAKE_START);
  f->identity = fake_identity (&f->clock->clock);
  f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 20, NULL);
  f->quarantine = hm_quarantine_new (&f->clock->clock);
  parts = (HmReaderParts){
    .outbox = f->outbox,
    .quarantine = f->quarantine,
    .host = { .clock = &f->clock->clock,
              .agent_id = "node-1",
              .epoch = "boot-1",
              .epoch_start = FAKE_START - 100 * HM_NSEC_PER_SEC },
    .deadline_ns = 10 * HM_NSEC_PER_SEC,
  };
  f->readers = hm_readers_new (&parts);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  set_hanging (&f->first, FALSE);
  set_hanging (&f->second, FALSE);
  assert_true (hm_readers_stop (f->readers, PATIENCE_NS));
  hm_readers_free (f->readers);
  hm_quarantine_free (f->quarantine);
  f->outbox->free (f->outbox);
  g_free (f->clock);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

static void
read_round (Fixture *f)
{
  hm_readers_kick (f->readers, 1);
  assert_true (hm_readers_wait (f->readers, PATIENCE_NS));
}

static HmReaderCounts
counts_of (Fixture *f)
{
  HmReaderCounts counts;

  hm_readers_counts (f->readers, &counts);
  return counts;
}

/* -- cases -- */

static void
readers_make_a_record_of_the_host_when_a_round_is_over (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  start (f, fake_default, only_host);
  read_round (f);
  record = fake_next (f->outbox);
  assert_non_null (record);
  assert_string_equal (hm_json_get_text (record, "resource.id"), "node-1");
  assert_string_equal (hm_json_get_text (record, "resource.kind"), "host");
  assert_string_equal (hm_json_get_text (record, "resource.epoch"), "boot-1");
  assert_string_equal (hm_json_get_text (record, "resource.epoch_start"), "2026-11-21T01:25:20.000000000Z");
  assert_null (hm_json_at (record, "resource.project"));
  assert_null (hm_json_at (record, "resource.state"));
  assert_int_equal (hm_json_size (hm_json_at (record, "samples")), 1);
  assert_int_equal (f->first.sampled, 1);
  assert_int_equal (f->first.emitted, 1);
}

static void
readers_make_a_record_of_the_agent_when_the_namespace_is_self (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  start (f, fake_default, only_self);
  read_round (f);
  record = fake_next (f->outbox);
  assert_string_equal (hm_json_get_text (record, "resource.kind"), "agent");
}

static guint lines;

static void
count_lines (GLogLevelFlags level, const HmLogFields *fields, const char *text G_GNUC_UNUSED,
             gpointer user G_GNUC_UNUSED)
{
  lines += level == G_LOG_LEVEL_WARNING && fields != NULL && g_strcmp0 (fields->plugin, "sensor") == 0;
}

/* One hangs; the other goes on, and the one that hangs is named once and never called twice at a time. */
static void
readers_skip_the_one_that_runs_and_name_it_when_it_overruns (void **state)
{
  Fixture *f = *state;

  lines = 0;
  hm_log_capture (count_lines, NULL);
  f->first.hangs = TRUE;
  start (f, fake_default, both);
  hm_readers_kick (f->readers, 1);
  wait_until_inside (&f->first);
  for (guint64 round = 2; round <= 4; round++)
    {
      gint64 deadline = g_get_monotonic_time () + PATIENCE_NS / 1000;

      while (counts_of (f).rounds < round - 1 && g_get_monotonic_time () < deadline)
        g_thread_yield ();
      hm_readers_wait (f->readers, HM_NSEC_PER_MSEC);
      hm_readers_kick (f->readers, 1);
    }
  assert_true (counts_of (f).skipped >= 3);
  assert_int_equal (lines, 1);
  set_hanging (&f->first, FALSE);
  assert_true (hm_readers_wait (f->readers, PATIENCE_NS));
  assert_int_equal (f->first.emitted, 1);
  assert_true (f->second.emitted >= 3);
  read_round (f);
  assert_int_equal (f->first.emitted, 2);
}

static void
readers_count_a_round_as_late_when_it_takes_longer_than_its_deadline (void **state)
{
  Fixture *f = *state;

  f->first.hangs = TRUE;
  start (f, fake_default, only_host);
  hm_readers_kick (f->readers, 1);
  wait_until_inside (&f->first);
  hm_fake_clock_advance (f->clock, 11 * HM_NSEC_PER_SEC);
  set_hanging (&f->first, FALSE);
  assert_true (hm_readers_wait (f->readers, PATIENCE_NS));
  assert_true (counts_of (f).late == 1);
}

/* What a failed call left in the sink is not a reading. */
static void
readers_make_no_record_when_the_pollster_fails (void **state)
{
  Fixture *f = *state;

  lines = 0;
  hm_log_capture (count_lines, NULL);
  f->first.result = HM_RETRY;
  start (f, fake_default, only_host);
  read_round (f);
  read_round (f);
  assert_null (fake_next (f->outbox));
  assert_true (counts_of (f).retry == 2);
  assert_int_equal (lines, 1);
  f->first.result = HM_OK;
  read_round (f);
  assert_true (counts_of (f).records == 1);
}

static void
readers_say_who_stays_when_one_does_not_stop (void **state)
{
  Fixture *f = *state;

  lines = 0;
  f->first.hangs = TRUE;
  start (f, fake_default, only_host);
  hm_readers_kick (f->readers, 1);
  wait_until_inside (&f->first);
  assert_false (hm_readers_wait (f->readers, HM_NSEC_PER_MSEC));
  assert_false (hm_readers_stop (f->readers, HM_NSEC_PER_MSEC));
}

static void
readers_free_their_pollsters_when_they_never_started (void **state)
{
  Fixture *f = *state;
  HmReaderParts parts = { .outbox = f->outbox };
  HmReaders *readers = hm_readers_new (&parts);

  hm_readers_add (readers, &host, &f->second);
  hm_readers_free (readers);
  assert_int_equal (f->second.freed, 1);
}

/* The fast one's alone; what reports with the slow one samples on this tick, too. */
static void
readers_read_for_the_sources_that_are_due_when_there_are_several (void **state)
{
  static const HmMeter other_meters[] = {
    { "self.test", HM_GAUGE, "cpu", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE, "For tests" },
    { NULL },
  };
  static const HmPlugin other
      = { .name = "mirror", .ns = HM_NS_SELF, .meters = other_meters, .reading_pollster = &ops };
  static const HmPlugin *const two[] = { &host, &other, NULL };
  static const FakeSource sources[] = {
    { "slow", 60 * HM_NSEC_PER_SEC, "self.*", NULL },
    { "fast", 10 * HM_NSEC_PER_SEC, "host.*", NULL },
    { .name = NULL },
  };
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  start (f, sources, two);
  read_round (f);
  assert_int_equal (f->first.emitted, 1);
  assert_int_equal (f->second.emitted, 0);
  assert_int_equal (f->second.sampled, 1);
  assert_true (counts_of (f).rounds == 1);
  record = fake_next (f->outbox);
  assert_string_equal (hm_json_get_number (record, "interval_ns"), "10000000000");
  assert_null (fake_next (f->outbox));
}

static void
readers_leave_a_broken_pollster_out_when_it_is_in_quarantine (void **state)
{
  Fixture *f = *state;
  g_autoptr (GArray) tallies = g_array_new (FALSE, FALSE, sizeof (HmPluginTally));

  lines = 0;
  hm_log_capture (count_lines, NULL);
  f->first.result = HM_BROKEN;
  start (f, fake_default, only_host);
  read_round (f);
  read_round (f);
  assert_int_equal (f->first.emitted, 1);
  assert_int_equal (lines, 1);
  hm_readers_tallies (f->readers, tallies);
  assert_true (g_array_index (tallies, HmPluginTally, 0).quarantined == 1);
  hm_fake_clock_advance (f->clock, 30 * HM_NSEC_PER_SEC);
  f->first.result = HM_OK;
  read_round (f);
  read_round (f);
  assert_int_equal (f->first.emitted, 3);
  assert_true (counts_of (f).records == 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define READERS_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    READERS_TEST (readers_make_a_record_of_the_host_when_a_round_is_over),
    READERS_TEST (readers_make_a_record_of_the_agent_when_the_namespace_is_self),
    READERS_TEST (readers_skip_the_one_that_runs_and_name_it_when_it_overruns),
    READERS_TEST (readers_count_a_round_as_late_when_it_takes_longer_than_its_deadline),
    READERS_TEST (readers_make_no_record_when_the_pollster_fails),
    READERS_TEST (readers_say_who_stays_when_one_does_not_stop),
    READERS_TEST (readers_read_for_the_sources_that_are_due_when_there_are_several),
    READERS_TEST (readers_leave_a_broken_pollster_out_when_it_is_in_quarantine),
    READERS_TEST (readers_free_their_pollsters_when_they_never_started),
  };

  return cmocka_run_group_tests_name ("readers", tests, NULL, NULL);
}
