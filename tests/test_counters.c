/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/counters.c: what a read gave, when all was last read, and what is left of a read. */
#include "tests/kit.h"

#include "agent/inventory/counters.h"

#define ID "4f0c6a52-0001-4000-8000-000000000001"

#define VCPUS (HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_DELAY | HM_FIELD_VCPU_WAIT)

typedef struct
{
  HmResource *resource;
  HmSnapshot *snapshot;
  HmDomain *domain;
  HmVcpu vcpu;
  HmDisk disk;
  HmNic nic;
} Fixture;

static int
set_up (void **state)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->resource = hm_resource_new (ID, "instance");
  fixture->snapshot = hm_snapshot_new ();
  fixture->domain = hm_snapshot_add (fixture->snapshot, fixture->resource, "web");
  fixture->vcpu = (HmVcpu){ .time = HM_GIVEN (1), .wait = HM_GIVEN (2), .delay = HM_GIVEN (3) };
  fixture->disk = (HmDisk){ .rd_bytes = HM_GIVEN (4) };
  fixture->domain->vcpus = &fixture->vcpu;
  fixture->domain->disks = &fixture->disk;
  fixture->domain->nics = &fixture->nic;
  fixture->domain->n_vcpus = fixture->domain->n_disks = fixture->domain->n_nics = 1;
  fixture->domain->cpu_time = fixture->domain->cpu_user = fixture->domain->cpu_system = HM_GIVEN (5);
  fixture->domain->swap_in = fixture->domain->perf_cycles = HM_GIVEN (6);
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  hm_snapshot_free (fixture->snapshot);
  hm_resource_unref (fixture->resource);
  g_free (fixture);
  return 0;
}

static void
given_leaves_out_disks_that_are_only_named (void **state)
{
  Fixture *fixture = *state;

  fixture->domain->got = HM_FIELD_DISK_IO | HM_FIELD_MEMORY | HM_FIELD_CPU_TIME;
  assert_int_equal (hm_counters_given (fixture->domain),
                    HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_DISK_IO);
  fixture->disk.rd_bytes = HM_ABSENT;
  assert_int_equal (hm_counters_given (fixture->domain), HM_FIELD_STATE | HM_FIELD_CPU_TIME);
}

static void
without_keeps_what_is_not_named (void **state)
{
  Fixture *fixture = *state;
  HmDomain left = hm_counters_without (fixture->snapshot, HM_FIELD_STATE);

  assert_true (left.cpu_time.given && left.cpu_user.given && left.swap_in.given && left.perf_cycles.given);
  assert_true (left.vcpus[0].time.given && left.vcpus[0].delay.given && left.vcpus[0].wait.given);
  assert_int_equal (left.n_disks + left.n_nics, 2);
}

static void
without_drops_each_field_that_is_named (void **state)
{
  Fixture *fixture = *state;
  HmDomain left = hm_counters_without (fixture->snapshot, ~(HmFields)0);

  assert_false (left.cpu_time.given || left.cpu_user.given || left.cpu_system.given);
  assert_false (left.swap_in.given || left.perf_cycles.given);
  assert_false (left.vcpus[0].time.given || left.vcpus[0].delay.given || left.vcpus[0].wait.given);
  assert_int_equal (left.n_disks + left.n_nics, 0);
  assert_true (fixture->vcpu.time.given);
}

/* cpu.steal is told of the wait where there is no delay. */
static void
without_drops_the_wait_with_the_delay (void **state)
{
  Fixture *fixture = *state;
  HmDomain left;

  fixture->domain->got = VCPUS;
  left = hm_counters_without (fixture->snapshot, HM_FIELD_VCPU_DELAY);
  assert_true (left.vcpus[0].time.given);
  assert_false (left.vcpus[0].wait.given);
  assert_int_equal (left.got, HM_FIELD_VCPU_TIMES);
  left = hm_counters_without (fixture->snapshot, HM_FIELD_VCPU_WAIT);
  assert_true (left.vcpus[0].delay.given);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (given_leaves_out_disks_that_are_only_named),
    CASE (without_keeps_what_is_not_named),
    CASE (without_drops_each_field_that_is_named),
    CASE (without_drops_the_wait_with_the_delay),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
