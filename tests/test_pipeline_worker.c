/* SPDX-License-Identifier: Apache-2.0 */
/* test_pipeline_worker: pollsters that overrun their time of a poll. The pollster itself moves the clock. */
#include "agent/pipeline/pipeline.h"

#include <string.h>

#include "tests/fakes/fake_identity.h"
#include "tests/fakes/fake_inspector.h"
#include "tests/fakes/fake_polling.h"

#define PATIENCE_NS (30 * HM_NSEC_PER_SEC)
#define BUDGET_NS   HM_NSEC_PER_SEC
#define DUE         1

/* -- a clock that a thread may move while another reads it -- */

static gint64 moved; /* atomic */

static gint64
moved_now (const HmClock *clock G_GNUC_UNUSED)
{
  return __atomic_load_n (&moved, __ATOMIC_SEQ_CST);
}

static void
move_clock (gint64 ns)
{
  __atomic_add_fetch (&moved, ns, __ATOMIC_SEQ_CST);
}

static HmTime
standing_wall (const HmClock *clock G_GNUC_UNUSED)
{
  return FAKE_START;
}

static gboolean
never_synced (const HmClock *clock G_GNUC_UNUSED, gint64 *ret_max_error_ns G_GNUC_UNUSED)
{
  return FALSE;
}

static const HmClock movable
    = { .wall = standing_wall, .monotonic = moved_now, .boot = moved_now, .synced = never_synced };

/* -- pollsters of the test -- */

static const HmMeter good_meters[] = {
  { "good.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS,
    FALSE, "CPU time" },
  { NULL },
};
static const HmMeter bad_meters[] = {
  { "bad.vcpus", HM_GAUGE, "vcpu", HM_VALUE_U64, HM_FIELD_VCPU_COUNT, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "vCPUs" },
  { NULL },
};

static struct
{
  GMutex lock;
  GCond changed;
  const char *hangs_at; /* (nullable) resource for which the next call hangs */
  gint64 takes;         /* each call, ns */
  guint calls, ended;
} bad;

static HmResult
emit_good (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &good_meters[0], NULL, domain->cpu_time);
  return HM_OK;
}

/* Looks at the domain and at its sink once more when it comes back. */
static HmResult
emit_bad (const HmDomain *domain, HmSink *sink)
{
  g_mutex_lock (&bad.lock);
  bad.calls++;
  move_clock (bad.takes);
  if (g_strcmp0 (bad.hangs_at, domain->resource->id) == 0)
    move_clock (2 * BUDGET_NS);
  while (g_strcmp0 (bad.hangs_at, domain->resource->id) == 0)
    g_cond_wait (&bad.changed, &bad.lock);
  bad.ended++;
  hm_sink_u64 (sink, &bad_meters[0], NULL, domain->vcpu_current);
  g_mutex_unlock (&bad.lock);
  return HM_OK;
}

static void
set_hanging (const char *resource)
{
  g_mutex_lock (&bad.lock);
  bad.hangs_at = resource;
  g_cond_broadcast (&bad.changed);
  g_mutex_unlock (&bad.lock);
}

static const HmSnapshotPollster good_ops = { .emit = emit_good }, bad_ops = { .emit = emit_bad };
static const HmPlugin good
    = { .name = "good", .ns = HM_NS_POLL_COMPUTE, .meters = good_meters, .snapshot_pollster = &good_ops };
static const HmPlugin hanging
    = { .name = "hanging", .ns = HM_NS_POLL_COMPUTE, .meters = bad_meters, .snapshot_pollster = &bad_ops };
static const HmPlugin *const both[] = { &good, &hanging, NULL };

/* -- fixture -- */

typedef struct
{
  HmIdentity identity;
  HmOutbox *outbox;
  FakeInspector *inspector;
  HmQuarantine *quarantine;
  HmPipeline *pipeline;
} Fixture;

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);
  g_autoptr (HmRoster) roster = fake_roster (fake_default, both);
  HmPipelineParts parts = { .host = { .clock = &movable, .agent_id = "node-1" }, .budget_ns = BUDGET_NS };

  bad.hangs_at = NULL;
  bad.takes = 0;
  bad.calls = bad.ended = 0;
  f->identity = fake_identity (&movable);
  parts.outbox = f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 20, NULL);
  parts.quarantine = f->quarantine = hm_quarantine_new (&movable);
  f->inspector = fake_inspector_new (&movable, 3);
  parts.inspector = &f->inspector->inspector;
  f->pipeline = hm_pipeline_new (&parts, roster);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  set_hanging (NULL);
  assert_true (hm_pipeline_stop (f->pipeline, PATIENCE_NS));
  hm_pipeline_free (f->pipeline);
  hm_quarantine_free (f->quarantine);
  f->outbox->free (f->outbox);
  g_free (f->inspector);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

static void
poll (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  if (!hm_pipeline_poll (f->pipeline, DUE, &error))
    fail_msg ("%s", error->message);
}

static HmPluginTally
tally_of (Fixture *f, guint pollster)
{
  g_autoptr (GArray) tallies = g_array_new (FALSE, FALSE, sizeof (HmPluginTally));

  hm_pipeline_tallies (f->pipeline, tallies);
  return g_array_index (tallies, HmPluginTally, pollster);
}

/* Takes all records: how many samples of the good and of the bad pollster there are in them. */
static void
expect_samples (Fixture *f, guint of_good, guint of_bad)
{
  guint n_good = 0, n_bad = 0;
  HmJson *record;

  while ((record = fake_next (f->outbox)) != NULL)
    {
      const HmJson *samples = hm_json_at (record, "samples");

      for (guint i = 0; i < hm_json_size (samples); i++)
        {
          const char *meter = hm_json_get_text (hm_json_element (samples, i), "meter");

          n_good += g_str_equal (meter, "good.time");
          n_bad += g_str_equal (meter, "bad.vcpus");
        }
      hm_json_free (record);
    }
  assert_int_equal (n_good, of_good);
  assert_int_equal (n_bad, of_bad);
}

static gboolean
is_stuck (Fixture *f)
{
  return tally_of (f, 1).is_stuck;
}

static void
wait_until_back (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_NS / 1000;

  while (is_stuck (f) && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  assert_false (is_stuck (f));
}

/* -- cases -- */

static guint naming_lines; /* on the poll's thread and on the worker's, never at once */

static void
count_lines (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user G_GNUC_UNUSED)
{
  if (level == G_LOG_LEVEL_WARNING && strstr (text, "pollster hanging: does not come back from i-1") != NULL)
    {
      assert_string_equal (fields->plugin, "hanging");
      naming_lines++;
    }
}

/* i-0 has both, i-1 and i-2 the good one; nobody waits, and what the stuck call looks at stays. */
static void
pipeline_goes_on_with_the_others_when_a_pollster_does_not_come_back (void **state)
{
  Fixture *f = *state;
  HmPipelineCounts counts;

  naming_lines = 0;
  hm_log_capture (count_lines, NULL);
  set_hanging ("i-1");
  poll (f);
  expect_samples (f, 3, 1);
  assert_true (is_stuck (f));
  assert_int_equal (naming_lines, 1);
  poll (f);
  expect_samples (f, 3, 0);
  assert_int_equal (bad.calls, 2);
  hm_pipeline_counts (f->pipeline, &counts);
  assert_true (counts.overruns == 1);
  assert_true (counts.polls == 2);
  assert_true (tally_of (f, 1).late == 1);
}

/* What it says so late is nobody's any more. It is called again, but not at once for the resource that it hung at. */
static void
pipeline_calls_a_pollster_again_when_it_came_back (void **state)
{
  Fixture *f = *state;
  HmQuarantineCounts counts;

  set_hanging ("i-1");
  poll (f);
  expect_samples (f, 3, 1);
  set_hanging (NULL);
  wait_until_back (f);
  expect_samples (f, 0, 0);
  poll (f);
  expect_samples (f, 3, 2);
  hm_quarantine_counts (f->quarantine, &counts);
  assert_int_equal (counts.size, 1);
  move_clock (30 * HM_NSEC_PER_SEC);
  poll (f);
  expect_samples (f, 3, 3);
  assert_true (tally_of (f, 1).calls == 7);
}

/* Three quarters of its time per call: the second one uses it up. In the next poll it has its time again. */
static void
pipeline_skips_a_pollster_for_the_rest_of_a_poll_when_its_time_is_used_up (void **state)
{
  Fixture *f = *state;

  bad.takes = 3 * BUDGET_NS / 4;
  poll (f);
  expect_samples (f, 3, 2);
  assert_true (tally_of (f, 1).late == 1);
  assert_true (tally_of (f, 1).skipped == 1);
  assert_true (tally_of (f, 1).spent_ns == 3 * BUDGET_NS / 2);
  poll (f);
  expect_samples (f, 3, 2);
}

static void
pipeline_says_so_when_a_pollster_is_still_inside_at_the_stop (void **state)
{
  Fixture *f = *state;

  set_hanging ("i-2");
  poll (f);
  assert_false (hm_pipeline_stop (f->pipeline, HM_NSEC_PER_MSEC));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define WORKER_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    WORKER_TEST (pipeline_goes_on_with_the_others_when_a_pollster_does_not_come_back),
    WORKER_TEST (pipeline_calls_a_pollster_again_when_it_came_back),
    WORKER_TEST (pipeline_skips_a_pollster_for_the_rest_of_a_poll_when_its_time_is_used_up),
    WORKER_TEST (pipeline_says_so_when_a_pollster_is_still_inside_at_the_stop),
  };

  return cmocka_run_group_tests_name ("pipeline_worker", tests, NULL, NULL);
}
