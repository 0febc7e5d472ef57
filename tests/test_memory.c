/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory: an instance's memory, what its guest uses of it, and how old the guest's word is. */
#include "tests/pollster_kit.h"

static HmMaybe
available (const HmDomain *domain)
{
  if (domain->balloon_maximum.given && domain->balloon_available.value > domain->balloon_maximum.value)
    return HM_ABSENT;
  return domain->balloon_available;
}

static HmMaybe
usage (const HmDomain *domain)
{
  HmMaybe free = domain->balloon_usable.given ? domain->balloon_usable : domain->balloon_unused;
  HmInt128 used = (HmInt128)domain->balloon_available.value - (HmInt128)free.value;

  return (HmMaybe){ available (domain).given && free.given && used >= 0, (guint64)used };
}

static const KitRow rows[] = {
  KIT_ROW_DOMAIN ("memory", balloon_current),
  KIT_ROW_DERIVED ("memory.available", available),
  KIT_ROW_DERIVED ("memory.usage", usage),
  KIT_ROW_DOMAIN ("memory.resident", balloon_rss),
  KIT_ROW_DOMAIN ("memory.swap.in", swap_in),
  KIT_ROW_DOMAIN ("memory.swap.out", swap_out),
  KIT_ROW_DOMAIN ("memory.major_faults", major_fault),
  KIT_ROW_DOMAIN ("memory.minor_faults", minor_fault),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "memory");
}

static void
memory_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
memory_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
memory_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
memory_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
memory_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
memory_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

/* A guest whose balloon driver says these, in KiB. (transfer full) */
static HmSink *
emit_balloon (HmMaybe available, HmMaybe usable, HmMaybe unused)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  guest->domain->balloon_available = available;
  guest->domain->balloon_usable = usable;
  guest->domain->balloon_unused = unused;
  return kit_emit (plugin (), guest->domain);
}

static void
memory_usage_leaves_out_what_is_usable_when_the_guest_says_both (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSink) sink = emit_balloon (HM_GIVEN (1000), HM_GIVEN (600), HM_GIVEN (100));

  kit_assert_sample (sink, plugin (), "memory.usage", NULL, 400);
}

static void
memory_usage_leaves_out_what_is_unused_when_usable_is_absent (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSink) sink = emit_balloon (HM_GIVEN (1000), HM_ABSENT, HM_GIVEN (100));

  kit_assert_sample (sink, plugin (), "memory.usage", NULL, 900);
}

static void
memory_usage_is_zero_when_all_is_usable (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSink) sink = emit_balloon (HM_GIVEN (1000), HM_GIVEN (1000), HM_ABSENT);

  kit_assert_sample (sink, plugin (), "memory.usage", NULL, 0);
}

static void
memory_usage_is_absent_when_the_guest_claims_more_than_there_is (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSink) sink = emit_balloon (HM_GIVEN (1000), HM_GIVEN (1001), HM_GIVEN (100));

  assert_null (hm_sink_find (sink, "memory.usage", NULL));
  assert_true (hm_sink_is_absent (sink, "memory.usage", NULL));
}

/* As much as it was ever given is fine, also while its balloon holds some of it. */
static void
memory_is_not_taken_from_a_guest_that_claims_more_than_it_was_given (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) most = NULL, more = NULL;

  guest->domain->balloon_current = HM_GIVEN (500);
  guest->domain->balloon_maximum = HM_GIVEN (1000);
  guest->domain->balloon_available = HM_GIVEN (1000);
  guest->domain->balloon_usable = HM_GIVEN (100);
  most = kit_emit (plugin (), guest->domain);
  kit_assert_sample (most, plugin (), "memory.available", NULL, 1000);
  kit_assert_sample (most, plugin (), "memory.usage", NULL, 900);
  guest->domain->balloon_available = HM_GIVEN (G_MAXUINT64);
  more = kit_emit (plugin (), guest->domain);
  assert_true (hm_sink_is_absent (more, "memory.available", NULL));
  assert_true (hm_sink_is_absent (more, "memory.usage", NULL));
  kit_assert_sample (more, plugin (), "memory", NULL, 500);
}

static const char *
age_of (const HmSink *sink, const char *meter)
{
  const HmSample *sample = hm_sink_find (sink, meter, NULL);

  assert_non_null (sample);
  if (sample->n_attrs == 0)
    return NULL;
  assert_int_equal (sample->n_attrs, 1);
  assert_string_equal (sample->attrs[0].key, "age_s");
  return sample->attrs[0].value;
}

static void
memory_says_how_old_the_guests_word_is_when_it_is_known (void **state G_GNUC_UNUSED)
{
  static const char *const reported[] = { "memory.available", "memory.usage",        "memory.swap.in",
                                          "memory.swap.out",  "memory.major_faults", "memory.minor_faults" };
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->domain->wall_ns = 2000 * HM_NSEC_PER_SEC + 999;
  guest->domain->balloon_last_update = HM_GIVEN (1990);
  sink = kit_emit (plugin (), guest->domain);
  for (guint i = 0; i < G_N_ELEMENTS (reported); i++)
    assert_string_equal (age_of (sink, reported[i]), "10");
  assert_null (age_of (sink, "memory"));
  assert_null (age_of (sink, "memory.resident"));
}

static void
memory_says_no_age_when_it_is_unknown_or_ahead_of_the_clock (void **state G_GNUC_UNUSED)
{
  const HmMaybe updates[] = { HM_ABSENT, HM_GIVEN (0), HM_GIVEN (2001), HM_GIVEN (G_MAXUINT64) };
  g_autoptr (KitGuest) guest = kit_guest_new ();

  guest->domain->wall_ns = 2000 * HM_NSEC_PER_SEC;
  for (guint i = 0; i < G_N_ELEMENTS (updates); i++)
    {
      g_autoptr (HmSink) sink = NULL;

      guest->domain->balloon_last_update = updates[i];
      sink = kit_emit (plugin (), guest->domain);
      assert_null (age_of (sink, "memory.available"));
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (memory_emits_each_field_when_all_are_given),
    cmocka_unit_test (memory_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (memory_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (memory_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (memory_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (memory_emits_nothing_when_nothing_is_given),
    cmocka_unit_test (memory_usage_leaves_out_what_is_usable_when_the_guest_says_both),
    cmocka_unit_test (memory_usage_leaves_out_what_is_unused_when_usable_is_absent),
    cmocka_unit_test (memory_usage_is_zero_when_all_is_usable),
    cmocka_unit_test (memory_usage_is_absent_when_the_guest_claims_more_than_there_is),
    cmocka_unit_test (memory_is_not_taken_from_a_guest_that_claims_more_than_it_was_given),
    cmocka_unit_test (memory_says_how_old_the_guests_word_is_when_it_is_known),
    cmocka_unit_test (memory_says_no_age_when_it_is_unknown_or_ahead_of_the_clock),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
