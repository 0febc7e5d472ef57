/* SPDX-License-Identifier: Apache-2.0 */
/* test_perf: the CPU's own counters, each there only where it was enabled. */
#include "tests/pollster_kit.h"

static const KitRow rows[] = {
  KIT_ROW_DOMAIN ("perf.cpu.cycles", perf_cycles),
  KIT_ROW_DOMAIN ("perf.instructions", perf_instructions),
  KIT_ROW_DOMAIN ("perf.cache.references", perf_cache_references),
  KIT_ROW_DOMAIN ("perf.cache.misses", perf_cache_misses),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "perf");
}

static void
perf_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
perf_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
perf_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
perf_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
perf_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
perf_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (perf_emits_each_field_when_all_are_given),
    cmocka_unit_test (perf_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (perf_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (perf_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (perf_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (perf_emits_nothing_when_nothing_is_given),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
