/* SPDX-License-Identifier: Apache-2.0 */
/* test_cpu: an instance's CPU time, and the sums over its virtual CPUs. */
#include "tests/pollster_kit.h"

/* The sum of one member over all virtual CPUs, in 128 bits. */
static HmMaybe
total (const HmDomain *domain, gsize offset)
{
  HmUint128 sum = 0;

  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      const HmMaybe *part = (const HmMaybe *)(gconstpointer)((const char *)&domain->vcpus[i] + offset);

      if (!part->given)
        return HM_ABSENT;
      sum += part->value;
    }
  return domain->n_vcpus > 0 && sum <= G_MAXUINT64 ? HM_GIVEN ((guint64)sum) : HM_ABSENT;
}

static HmMaybe
guest_time (const HmDomain *domain)
{
  return total (domain, G_STRUCT_OFFSET (HmVcpu, time));
}

static HmMaybe
steal_time (const HmDomain *domain)
{
  HmMaybe delay = total (domain, G_STRUCT_OFFSET (HmVcpu, delay));

  return delay.given ? delay : total (domain, G_STRUCT_OFFSET (HmVcpu, wait));
}

static const KitRow rows[] = {
  KIT_ROW_DOMAIN ("cpu", cpu_time),          KIT_ROW_DOMAIN ("cpu.user", cpu_user),
  KIT_ROW_DOMAIN ("cpu.system", cpu_system), KIT_ROW_DERIVED ("cpu.guest", guest_time),
  KIT_ROW_DERIVED ("cpu.steal", steal_time), { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "cpu");
}

static void
cpu_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
cpu_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
cpu_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
cpu_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
cpu_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
cpu_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

static void
cpu_sums_all_virtual_cpus_when_each_gives_its_part (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->vcpus[0].time = HM_GIVEN (G_GUINT64_CONSTANT (18446744073709551000));
  guest->vcpus[1].time = HM_GIVEN (615);
  guest->vcpus[0].delay = HM_GIVEN (3);
  guest->vcpus[1].delay = HM_GIVEN (4);
  sink = kit_emit (plugin (), guest->domain);
  kit_assert_sample (sink, plugin (), "cpu.guest", NULL, G_MAXUINT64);
  kit_assert_sample (sink, plugin (), "cpu.steal", NULL, 7);
  assert_int_equal (hm_sink_find (sink, "cpu.steal", NULL)->n_attrs, 0);
}

static void
cpu_has_no_sum_when_it_does_not_fit (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->vcpus[0].time = HM_GIVEN (G_MAXUINT64);
  guest->vcpus[1].time = HM_GIVEN (1);
  sink = kit_emit (plugin (), guest->domain);
  assert_null (hm_sink_find (sink, "cpu.guest", NULL));
  assert_true (hm_sink_is_absent (sink, "cpu.guest", NULL));
}

static void
cpu_takes_wait_for_steal_and_says_so_when_one_delay_is_absent (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;
  const HmSample *sample;

  guest->vcpus[1].delay = HM_ABSENT;
  guest->vcpus[0].wait = HM_GIVEN (100);
  guest->vcpus[1].wait = HM_GIVEN (20);
  sink = kit_emit (plugin (), guest->domain);
  kit_assert_sample (sink, plugin (), "cpu.steal", NULL, 120);
  sample = hm_sink_find (sink, "cpu.steal", NULL);
  assert_int_equal (sample->n_attrs, 1);
  assert_string_equal (sample->attrs[0].key, "counter");
  assert_string_equal (sample->attrs[0].value, "wait");
}

static void
cpu_has_no_steal_when_neither_counter_is_whole (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->vcpus[0].delay = HM_ABSENT;
  guest->vcpus[1].wait = HM_ABSENT;
  sink = kit_emit (plugin (), guest->domain);
  assert_null (hm_sink_find (sink, "cpu.steal", NULL));
  assert_true (hm_sink_is_absent (sink, "cpu.steal", NULL));
  assert_non_null (hm_sink_find (sink, "cpu.guest", NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (cpu_emits_each_field_when_all_are_given),
    cmocka_unit_test (cpu_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (cpu_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (cpu_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (cpu_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (cpu_emits_nothing_when_nothing_is_given),
    cmocka_unit_test (cpu_sums_all_virtual_cpus_when_each_gives_its_part),
    cmocka_unit_test (cpu_has_no_sum_when_it_does_not_fit),
    cmocka_unit_test (cpu_takes_wait_for_steal_and_says_so_when_one_delay_is_absent),
    cmocka_unit_test (cpu_has_no_steal_when_neither_counter_is_whole),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
