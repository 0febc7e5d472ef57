/* SPDX-License-Identifier: Apache-2.0 */
/* test_disk: the meters of an instance's disks, from every field and from none. */
#include "tests/pollster_kit.h"

static const KitRow rows[] = {
  KIT_ROW_DISK ("disk.device.read.requests", rd_reqs),
  KIT_ROW_DISK ("disk.device.write.requests", wr_reqs),
  KIT_ROW_DISK ("disk.device.flush.requests", fl_reqs),
  KIT_ROW_DISK ("disk.device.read.bytes", rd_bytes),
  KIT_ROW_DISK ("disk.device.write.bytes", wr_bytes),
  KIT_ROW_DISK ("disk.device.read.latency", rd_times),
  KIT_ROW_DISK ("disk.device.write.latency", wr_times),
  KIT_ROW_DISK ("disk.device.flush.latency", fl_times),
  KIT_ROW_DISK ("disk.device.errors", errors),
  KIT_ROW_DISK ("disk.device.capacity", capacity),
  KIT_ROW_DISK ("disk.device.allocation", allocation),
  KIT_ROW_DISK ("disk.device.usage", physical),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "disk");
}

static void
disk_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
disk_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
disk_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
disk_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
disk_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
disk_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

static void
disk_carries_its_own_epoch_when_the_snapshot_has_it (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->disks[0].life.epoch = "5";
  guest->disks[1].life.epoch = NULL;
  sink = kit_emit (plugin (), guest->domain);
  assert_string_equal (hm_sink_find (sink, "disk.device.read.bytes", "disk:vda")->epoch, "5");
  assert_null (hm_sink_find (sink, "disk.device.read.bytes", "disk:vdb")->epoch);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (disk_emits_each_field_when_all_are_given),
    cmocka_unit_test (disk_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (disk_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (disk_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (disk_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (disk_emits_nothing_when_nothing_is_given),
    cmocka_unit_test (disk_carries_its_own_epoch_when_the_snapshot_has_it),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
