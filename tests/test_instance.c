/* SPDX-License-Identifier: Apache-2.0 */
/* test_instance: that an instance exists, its state and uptime, and what its flavor grants. */
#include "tests/pollster_kit.h"

static HmMaybe
one (const HmDomain *domain G_GNUC_UNUSED)
{
  return HM_GIVEN (1);
}

/* kit_full_domain() was started at 1000 s and is read at 2000 s. */
static HmMaybe
thousand_seconds (const HmDomain *domain G_GNUC_UNUSED)
{
  return HM_GIVEN (1000 * (guint64)HM_NSEC_PER_SEC);
}

static HmMaybe
root_size (const HmDomain *domain)
{
  return HM_GIVEN (domain->resource->root_gib);
}

static HmMaybe
ephemeral_size (const HmDomain *domain)
{
  return HM_GIVEN (domain->resource->ephemeral_gib);
}

static const KitRow rows[] = {
  KIT_ROW_DERIVED ("instance", one),
  KIT_ROW_DOMAIN ("power.state", state),
  KIT_ROW_DERIVED ("uptime", thousand_seconds),
  KIT_ROW_DERIVED ("disk.root.size", root_size),
  KIT_ROW_DERIVED ("disk.ephemeral.size", ephemeral_size),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "instance");
}

static void
instance_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
instance_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
instance_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
instance_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
instance_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
instance_still_exists_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 1);
}

/* The resource is shared and immutable in a program; this one has no other user. */
static void
assert_absent (KitGuest *guest, const char *meter)
{
  g_autoptr (HmSink) sink = kit_emit (plugin (), guest->domain);

  assert_null (hm_sink_find (sink, meter, NULL));
  assert_true (hm_sink_is_absent (sink, meter, NULL));
  kit_assert_sample (sink, plugin (), "instance", NULL, 1);
}

static void
instance_has_no_uptime_when_its_start_is_unknown (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  guest->domain->resource->epoch_start = HM_TIME_UNKNOWN;
  assert_absent (guest, "uptime");
}

static void
instance_has_no_uptime_when_its_start_lies_ahead (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  guest->domain->resource->epoch_start = guest->domain->wall_ns + 1;
  assert_absent (guest, "uptime");
}

static void
instance_has_no_uptime_when_it_has_no_process (void **state G_GNUC_UNUSED)
{
  const HmState without[] = { HM_STATE_SHUTOFF, HM_STATE_UNDEFINED, HM_STATE_LOST };
  g_autoptr (KitGuest) guest = kit_guest_new ();

  for (guint i = 0; i < G_N_ELEMENTS (without); i++)
    {
      guest->domain->resource->state = without[i];
      assert_absent (guest, "uptime");
    }
}

static void
instance_has_an_uptime_of_zero_when_it_started_just_now (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->domain->resource->epoch_start = guest->domain->wall_ns;
  sink = kit_emit (plugin (), guest->domain);
  kit_assert_sample (sink, plugin (), "uptime", NULL, 0);
}

static void
instance_has_no_flavor_sizes_when_its_metadata_have_none (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  guest->domain->resource->has_root_gib = FALSE;
  assert_absent (guest, "disk.root.size");
  guest->domain->resource->has_ephemeral_gib = FALSE;
  assert_absent (guest, "disk.ephemeral.size");
}

static void
instance_keeps_every_digit_of_flavor_sizes_when_they_are_largest (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->domain->resource->root_gib = guest->domain->resource->ephemeral_gib = G_MAXUINT64;
  sink = kit_emit (plugin (), guest->domain);
  kit_assert_sample (sink, plugin (), "disk.root.size", NULL, G_MAXUINT64);
  kit_assert_sample (sink, plugin (), "disk.ephemeral.size", NULL, G_MAXUINT64);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (instance_emits_each_field_when_all_are_given),
    cmocka_unit_test (instance_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (instance_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (instance_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (instance_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (instance_still_exists_when_nothing_is_given),
    cmocka_unit_test (instance_has_no_uptime_when_its_start_is_unknown),
    cmocka_unit_test (instance_has_no_uptime_when_its_start_lies_ahead),
    cmocka_unit_test (instance_has_no_uptime_when_it_has_no_process),
    cmocka_unit_test (instance_has_an_uptime_of_zero_when_it_started_just_now),
    cmocka_unit_test (instance_has_no_flavor_sizes_when_its_metadata_have_none),
    cmocka_unit_test (instance_keeps_every_digit_of_flavor_sizes_when_they_are_largest),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
