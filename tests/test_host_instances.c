/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_instances: the sums over the hypervisor's instances. */
#include "tests/host_kit.h"

static const KitHostRow rows[] = {
  { "host.instances", FALSE, G_STRUCT_OFFSET (HmHost, instances) },
  { "host.vcpus.allocated", FALSE, G_STRUCT_OFFSET (HmHost, vcpus_allocated) },
  { "host.memory.allocated", FALSE, G_STRUCT_OFFSET (HmHost, memory_allocated) },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_HOST, "host_instances");
}

static void
host_instances_says_what_the_host_says_whatever_that_is (void **state G_GNUC_UNUSED)
{
  kit_check_host (plugin (), rows, G_N_ELEMENTS (rows));
}

static void
host_instances_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  g_autoptr (KitHost) self = kit_host_new ();
  g_autoptr (HmSink) sink = kit_emit_host (plugin (), self->host);

  kit_check_golden_sink ("host_instances", sink);
}

static void
host_instances_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  const HmHost host = { .wall_ns = HM_TIME_UNKNOWN };
  g_autoptr (HmSink) sink = kit_emit_host (plugin (), &host);

  assert_int_equal (hm_sink_size (sink), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_instances_says_what_the_host_says_whatever_that_is),
    cmocka_unit_test (host_instances_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (host_instances_emits_nothing_when_nothing_is_given),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
