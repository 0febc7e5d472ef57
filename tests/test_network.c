/* SPDX-License-Identifier: Apache-2.0 */
/* test_network: the meters of an instance's interfaces, from every field and from none. */
#include "tests/pollster_kit.h"

static const KitRow rows[] = {
  KIT_ROW_NIC ("network.incoming.bytes", rx_bytes),
  KIT_ROW_NIC ("network.incoming.packets", rx_pkts),
  KIT_ROW_NIC ("network.incoming.packets.error", rx_errs),
  KIT_ROW_NIC ("network.incoming.packets.drop", rx_drop),
  KIT_ROW_NIC ("network.outgoing.bytes", tx_bytes),
  KIT_ROW_NIC ("network.outgoing.packets", tx_pkts),
  KIT_ROW_NIC ("network.outgoing.packets.error", tx_errs),
  KIT_ROW_NIC ("network.outgoing.packets.drop", tx_drop),
  KIT_ROW_NIC ("network.incoming.bytes.delta", rx_bytes),
  KIT_ROW_NIC ("network.outgoing.bytes.delta", tx_bytes),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "network");
}

static void
network_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
network_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
network_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
network_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
network_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
network_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

static void
network_carries_its_own_epoch_when_the_snapshot_has_it (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = NULL;

  guest->nics[0].life.epoch = "17";
  guest->nics[1].life.epoch = NULL;
  sink = kit_emit (plugin (), guest->domain);
  assert_string_equal (hm_sink_find (sink, "network.outgoing.bytes", guest->nics[0].device)->epoch, "17");
  assert_null (hm_sink_find (sink, "network.outgoing.bytes", guest->nics[1].device)->epoch);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (network_emits_each_field_when_all_are_given),
    cmocka_unit_test (network_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (network_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (network_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (network_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (network_emits_nothing_when_nothing_is_given),
    cmocka_unit_test (network_carries_its_own_epoch_when_the_snapshot_has_it),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
