/* SPDX-License-Identifier: Apache-2.0 */
/* test_edges: first values become records, last values counters for the end. */
#include "agent/pipeline/edges.h"

#include "tests/fakes/fake_identity.h"
#include "tests/fakes/fake_polling.h"

enum
{
  TIME,
  VCPUS,
};

static const HmMeter meters[] = {
  [TIME] = { "t.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS,
             FALSE, "CPU time" },
  [VCPUS] = { "t.vcpus", HM_GAUGE, "vcpu", HM_VALUE_U64, HM_FIELD_VCPU_COUNT, HM_HOLD_NONE, 0,
              HM_LIFE_PROCESS, FALSE, "vCPUs" },
  { NULL },
};

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[TIME], NULL, domain->cpu_time);
  hm_sink_u64 (sink, &meters[VCPUS], NULL, domain->vcpu_current);
  return HM_OK;
}

static const HmSnapshotPollster ops = { .emit = emit };
static const HmPlugin pollster
    = { .name = "first", .ns = HM_NS_POLL_COMPUTE, .meters = meters, .snapshot_pollster = &ops };
static const HmPlugin *const pollsters[] = { &pollster, NULL };

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmOutbox *outbox;
  HmQuarantine *quarantine;
  HmEdges *edges;
  HmSnapshot *snapshot;
  HmDomain *domain;
} Fixture;

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);
  g_autoptr (HmRoster) roster = fake_roster (fake_default, pollsters);
  HmResource *resource = hm_resource_new ("i-1", "instance");

  f->clock = hm_fake_clock_new (FAKE_START);
  f->identity = fake_identity (&f->clock->clock);
  f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 20, NULL);
  f->quarantine = hm_quarantine_new (&f->clock->clock);
  f->edges = hm_edges_new (f->outbox, f->quarantine, &f->clock->clock, roster);
  f->snapshot = hm_snapshot_new ();
  f->domain = hm_snapshot_add (f->snapshot, resource, "one");
  hm_resource_unref (resource);
  f->domain->wall_ns = FAKE_START;
  f->domain->read_ns = 7;
  f->domain->cpu_time = HM_GIVEN (1000);
  f->domain->vcpu_current = HM_GIVEN (2);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_snapshot_free (f->snapshot);
  hm_edges_free (f->edges);
  hm_quarantine_free (f->quarantine);
  f->outbox->free (f->outbox);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static void
edges_make_a_record_of_all_meters_when_a_life_begins (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) record = NULL;

  hm_edges_begin (f->edges, f->domain);
  record = fake_next (f->outbox);
  assert_string_equal (hm_json_get_text (record, "schema"), HM_SCHEMA_SAMPLES);
  assert_string_equal (hm_json_get_text (record, "resource.id"), "i-1");
  assert_string_equal (hm_json_get_number (record, "read_ns"), "7");
  assert_string_equal (hm_json_get_number (record, "interval_ns"), "60000000000");
  assert_int_equal (hm_json_size (hm_json_at (record, "samples")), 2);
}

static void
edges_give_the_counters_alone_when_a_life_ends (void **state)
{
  Fixture *f = *state;
  const HmSample *samples;
  guint n = 0;

  samples = hm_edges_end (f->edges, f->domain, &n);
  assert_int_equal (n, 1);
  assert_string_equal (samples[0].meter, "t.time");
  assert_true (samples[0].value.u64 == 1000);
}

static void
edges_leave_out_what_is_absent (void **state)
{
  Fixture *f = *state;
  guint n = 7;

  f->domain->cpu_time = HM_ABSENT;
  hm_edges_end (f->edges, f->domain, &n);
  assert_int_equal (n, 0);
}

static void
edges_spare_a_pollster_in_quarantine (void **state)
{
  Fixture *f = *state;
  guint n = 7;

  hm_quarantine_enter (f->quarantine, "first", "i-1", NULL);
  hm_edges_end (f->edges, f->domain, &n);
  assert_int_equal (n, 0);
}

static void
edges_go_by_the_polling_of_now (void **state)
{
  static const FakeSource other[] = { { "vcpus", HM_NSEC_PER_SEC, "t.vcpus", NULL }, { .name = NULL } };
  Fixture *f = *state;
  g_autoptr (HmRoster) roster = fake_roster (other, pollsters);
  guint n = 7;

  assert_int_equal (hm_edges_fields (f->edges), HM_FIELD_CPU_TIME | HM_FIELD_VCPU_COUNT);
  hm_edges_set_roster (f->edges, roster);
  assert_int_equal (hm_edges_fields (f->edges), HM_FIELD_VCPU_COUNT);
  hm_edges_end (f->edges, f->domain, &n);
  assert_int_equal (n, 0);
}

#define edges_test(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    edges_test (edges_make_a_record_of_all_meters_when_a_life_begins),
    edges_test (edges_give_the_counters_alone_when_a_life_ends),
    edges_test (edges_leave_out_what_is_absent),
    edges_test (edges_spare_a_pollster_in_quarantine),
    edges_test (edges_go_by_the_polling_of_now),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
