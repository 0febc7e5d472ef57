/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_host.c: the sums over a snapshot, names of pools, and both on libvirt's test driver. */
#include "tests/kit.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "agent/inspector/inspector.h"
#include "agent/inspector/inspector_host.h"

#define LONG (60 * HM_NSEC_PER_SEC)

typedef struct
{
  HmSnapshot *snapshot;
  HmHost *host;
} Fixture;

static void
free_fixture (Fixture *self)
{
  hm_snapshot_free (self->snapshot);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static Fixture *
new_fixture (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->snapshot = hm_snapshot_new ();
  self->host = hm_snapshot_add_host (self->snapshot);
  return self;
}

static HmDomain *
add_domain (Fixture *self, HmState state, HmMaybe vcpus, HmMaybe memory)
{
  g_autoptr (HmResource) resource = hm_resource_new ("id", "instance");
  HmDomain *domain;

  resource->state = state;
  domain = hm_snapshot_add (self->snapshot, resource, "name");
  domain->vcpu_current = vcpus;
  domain->balloon_current = memory;
  return domain;
}

static void
assert_given (HmMaybe value, guint64 expected)
{
  assert_true (value.given);
  assert_int_equal (value.value, expected);
}

static void
host_sum_takes_those_that_have_a_process (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  add_domain (self, HM_STATE_RUNNING, HM_GIVEN (2), HM_GIVEN (100));
  add_domain (self, HM_STATE_PAUSED, HM_GIVEN (3), HM_GIVEN (1000));
  add_domain (self, HM_STATE_SHUTTING_DOWN, HM_GIVEN (4), HM_GIVEN (10000));
  add_domain (self, HM_STATE_SHUTOFF, HM_GIVEN (9), HM_GIVEN (9));
  add_domain (self, HM_STATE_SHUTOFF, HM_ABSENT, HM_ABSENT);
  hm_host_sum (self->host, self->snapshot, 0);
  assert_given (self->host->instances, 3);
  assert_given (self->host->vcpus_allocated, 9);
  assert_given (self->host->memory_allocated, 11100);
  assert_int_equal (self->host->got, HM_FIELD_HOST_TOTALS);
}

static void
host_sum_is_zero_when_there_is_no_instance (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  hm_host_sum (self->host, self->snapshot, 0);
  assert_given (self->host->instances, 0);
  assert_given (self->host->memory_allocated, 0);
}

static void
host_sum_is_absent_when_a_part_of_it_is (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  add_domain (self, HM_STATE_RUNNING, HM_GIVEN (2), HM_GIVEN (G_MAXUINT64));
  add_domain (self, HM_STATE_RUNNING, HM_ABSENT, HM_GIVEN (1));
  hm_host_sum (self->host, self->snapshot, 0);
  assert_given (self->host->instances, 2);
  assert_false (self->host->vcpus_allocated.given);
  assert_false (self->host->memory_allocated.given); /* more than fits */
}

static void
host_sum_is_absent_when_a_domain_is_missing_or_in_no_known_state (void **state)
{
  g_autoptr (Fixture) missing = new_fixture (), unknown = new_fixture ();

  (void)state;
  add_domain (missing, HM_STATE_RUNNING, HM_GIVEN (2), HM_GIVEN (1));
  hm_host_sum (missing->host, missing->snapshot, 1);
  assert_false (missing->host->instances.given || missing->host->vcpus_allocated.given);
  add_domain (unknown, HM_STATE_UNKNOWN, HM_GIVEN (2), HM_GIVEN (1));
  hm_host_sum (unknown->host, unknown->snapshot, 0);
  assert_false (unknown->host->instances.given || unknown->host->memory_allocated.given);
  assert_int_equal (unknown->host->got, 0);
}

static void
host_pool_device_refuses_names_that_are_no_clean_text (void **state)
{
  g_autofree char *longest = g_strnfill (HM_ID_MAX - strlen ("pool:"), 'x');
  g_autofree char *too_long = g_strnfill (HM_ID_MAX - strlen ("pool:") + 1, 'x');
  const char *const bad[] = { "",
                              "a\nb",
                              "\xff",
                              "a\x1b[2J",
                              "\xe2\x80\xae"
                              "abc",
                              too_long,
                              NULL };
  g_autofree char *plain = hm_host_pool_device ("fast ssd");
  g_autofree char *whole = hm_host_pool_device (longest);

  (void)state;
  assert_string_equal (plain, "pool:fast ssd");
  assert_int_equal (strlen (whole), HM_ID_MAX);
  assert_null (hm_host_pool_device (NULL));
  for (guint i = 0; bad[i] != NULL; i++)
    assert_null (hm_host_pool_device (bad[i]));
}

static void
host_expand_adds_what_the_totals_are_made_of (void **state)
{
  (void)state;
  assert_int_equal (hm_host_expand (HM_FIELD_HOST_NODE | HM_FIELD_NIC_IO),
                    HM_FIELD_HOST_NODE | HM_FIELD_NIC_IO);
  assert_int_equal (hm_host_expand (HM_FIELD_HOST_TOTALS),
                    HM_FIELD_HOST_TOTALS | HM_FIELD_STATE | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY);
}

/* -- libvirt's test driver: a domain of 2 vCPUs, a pool */

static HmSnapshot *
read_host (HmFields fields)
{
  g_autoptr (GError) error = NULL;
  HmInspector *inspector = hm_libvirt_inspector_new (
      &(HmLibvirtOptions){
          .uri = "test:///default", .connections = 2, .root = "", .clock = hm_clock_system () },
      NULL, NULL, &error);
  HmSnapshot *snapshot;

  assert_non_null (inspector);
  snapshot = inspector->read (inspector, fields, LONG, &error);
  assert_null (error);
  inspector->close (inspector, LONG);
  return snapshot;
}

static void
host_says_node_pools_and_totals_when_they_are_due (void **state)
{
  g_autoptr (HmSnapshot) snapshot = read_host (HM_FIELDS_HOST);
  const HmHost *host = hm_snapshot_host (snapshot);

  (void)state;
  assert_non_null (host);
  assert_int_equal (host->got, HM_FIELDS_HOST);
  assert_true (host->cpus.given && host->cpus.value > 0);
  assert_true (host->memory.given && host->memory.value > 0);
  assert_given (host->instances, 1);
  assert_given (host->vcpus_allocated, 2);
  assert_true (host->memory_allocated.given && host->memory_allocated.value > 0);
  assert_int_equal (host->n_pools, 1);
  assert_string_equal (host->pools[0].device, "pool:default-pool");
  assert_true (host->pools[0].capacity.value
               == host->pools[0].allocation.value + host->pools[0].available.value);
  assert_true (host->wall_ns > 0 && host->boot_ns > 0 && host->read_ns > 0);
}

static void
host_is_not_asked_when_none_of_its_fields_is_due (void **state)
{
  g_autoptr (HmSnapshot) without = read_host (HM_FIELD_STATE);
  g_autoptr (HmSnapshot) with = read_host (HM_FIELD_STATE | HM_FIELD_HOST_NODE);

  (void)state;
  assert_null (hm_snapshot_host (without));
  assert_int_equal (hm_snapshot_host (with)->n_pools, 0);
  assert_false (hm_snapshot_host (with)->instances.given);
  assert_int_equal (hm_snapshot_cost (with)->rpcs, hm_snapshot_cost (without)->rpcs + 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_sum_takes_those_that_have_a_process),
    cmocka_unit_test (host_sum_is_zero_when_there_is_no_instance),
    cmocka_unit_test (host_sum_is_absent_when_a_part_of_it_is),
    cmocka_unit_test (host_sum_is_absent_when_a_domain_is_missing_or_in_no_known_state),
    cmocka_unit_test (host_pool_device_refuses_names_that_are_no_clean_text),
    cmocka_unit_test (host_expand_adds_what_the_totals_are_made_of),
    cmocka_unit_test (host_says_node_pools_and_totals_when_they_are_due),
    cmocka_unit_test (host_is_not_asked_when_none_of_its_fields_is_due),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
