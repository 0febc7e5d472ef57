/* SPDX-License-Identifier: Apache-2.0 */
/* test_vcpu: the number of an instance's virtual CPUs and the times of each. */
#include "tests/pollster_kit.h"

static const KitRow rows[] = {
  KIT_ROW_DOMAIN ("vcpus", vcpu_current),
  KIT_ROW_VCPU ("vcpu.time", time),
  KIT_ROW_VCPU ("vcpu.wait", wait),
  KIT_ROW_VCPU ("vcpu.delay", delay),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "vcpu");
}

static void
vcpu_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
vcpu_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
vcpu_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
vcpu_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
vcpu_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
vcpu_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

static void
vcpu_emits_the_number_alone_when_nothing_is_asked_for (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (NULL, NULL);
  g_autoptr (HmSink) sink = hm_sink_new (filter);

  assert_int_equal (plugin ()->snapshot_pollster->emit (guest->domain, sink), HM_OK);
  assert_int_equal (hm_sink_size (sink), 1);
  kit_assert_sample (sink, plugin (), "vcpus", NULL, guest->domain->vcpu_current.value);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (vcpu_emits_each_field_when_all_are_given),
    cmocka_unit_test (vcpu_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (vcpu_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (vcpu_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (vcpu_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (vcpu_emits_nothing_when_nothing_is_given),
    cmocka_unit_test (vcpu_emits_the_number_alone_when_nothing_is_asked_for),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
