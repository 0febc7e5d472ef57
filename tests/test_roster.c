/* SPDX-License-Identifier: Apache-2.0 */
/* test_roster: which source carries which meter. */
#include "agent/schedule/roster.h"

#include "tests/fakes/fake_polling.h"

#define SECOND HM_NSEC_PER_SEC

static const HmMeter meters[] = {
  { "cpu", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "CPU" },
  { "memory", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_MEMORY, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "Memory" },
  { "perf", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_PERF, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, TRUE, "Off" },
  { NULL },
};
static const HmPlugin plugin = { .name = "p", .ns = HM_NS_POLL_COMPUTE, .meters = meters };
static const HmPlugin *const pollsters[] = { &plugin, NULL };

/* Ranks: fast 0, slow 1, late 2. */
static const FakeSource sources[] = {
  { "slow", 60 * SECOND, "cpu;memory", NULL },
  { "late", 60 * SECOND, "memory", NULL },
  { "fast", 10 * SECOND, "cpu", "vm-*" },
  { .name = NULL },
};

static void
roster_ranks_sources_by_interval_and_then_by_their_order (void **state)
{
  g_autoptr (HmRoster) roster = fake_roster (sources, pollsters);

  (void)state;
  assert_int_equal (hm_roster_n_sources (roster), 3);
  assert_string_equal (hm_roster_source (roster, 0)->name, "fast");
  assert_string_equal (hm_roster_source (roster, 1)->name, "slow");
  assert_string_equal (hm_roster_source (roster, 2)->name, "late");
  assert_true (hm_roster_all (roster) == 7);
}

static void
roster_knows_the_sources_of_a_resource_when_they_name_some (void **state)
{
  g_autoptr (HmRoster) roster = fake_roster (sources, pollsters);

  (void)state;
  assert_true (hm_roster_of (roster, "vm-1") == 7);
  assert_true (hm_roster_of (roster, "other") == 6);
}

/* The fast source may be without the resource, so the slow one may have to carry the meter; the late one never carries any. */
static void
roster_needs_the_fields_that_a_due_source_may_carry (void **state)
{
  g_autoptr (HmRoster) roster = fake_roster (sources, pollsters);

  (void)state;
  assert_int_equal (hm_roster_fields (roster, 1), HM_FIELD_CPU_TIME);
  assert_int_equal (hm_roster_fields (roster, 2), HM_FIELD_CPU_TIME | HM_FIELD_MEMORY);
  assert_int_equal (hm_roster_fields (roster, 4), 0);
  assert_true (hm_roster_has_duty (roster, 0, 2));
  assert_false (hm_roster_has_duty (roster, 0, 4));
}

/* (nullable) the name of who carries @meter of @id when @due are due */
static const char *
carrier (HmRoster *roster, const char *id, const char *meter, HmSourceSet due)
{
  HmDuty duty = { roster, due, hm_roster_of (roster, id) };
  const HmPollingSource *source = hm_duty_source (&duty, meter);

  return source != NULL ? source->name : NULL;
}

static void
roster_gives_a_meter_to_the_fastest_source_that_has_the_resource (void **state)
{
  g_autoptr (HmRoster) roster = fake_roster (sources, pollsters);
  HmDuty of_slow = { roster, 2, 7 }, of_late = { roster, 4, 7 };

  (void)state;
  assert_string_equal (carrier (roster, "vm-1", "cpu", 7), "fast");
  assert_string_equal (carrier (roster, "other", "cpu", 7), "slow");
  assert_string_equal (carrier (roster, "vm-1", "memory", 7), "slow");
  assert_null (carrier (roster, "vm-1", "cpu", 2));
  assert_null (carrier (roster, "vm-1", "perf", 7));
  assert_null (carrier (roster, "vm-1", "nobody.has.it", 7));
  assert_true (hm_duty_has (&of_slow, 0));
  assert_false (hm_duty_has (&of_late, 0));
  assert_true (hm_duty_wants (&meters[1], &of_slow));
  assert_false (hm_duty_wants (&meters[0], &of_slow));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (roster_ranks_sources_by_interval_and_then_by_their_order),
    cmocka_unit_test (roster_knows_the_sources_of_a_resource_when_they_name_some),
    cmocka_unit_test (roster_needs_the_fields_that_a_due_source_may_carry),
    cmocka_unit_test (roster_gives_a_meter_to_the_fastest_source_that_has_the_resource),
  };

  return cmocka_run_group_tests_name ("roster", tests, NULL, NULL);
}
