/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/plan.c: the cheapest reads for given fields. */
#include "tests/kit.h"

#include "agent/inspector/plan.h"

/* Those that providers give. */
#define ALL_FIELDS ((((1u << HM_FIELD_COUNT) - 1) & ~HM_FIELDS_HOST) & ~HM_FIELD_MIGRATION)
#define BIT(read)  HM_READ_BIT (HM_READ_##read)
/* A driver like QEMU's: virDomainGetVcpus is no substitute there. */
#define QEMU (HM_READS_ALL & ~BIT (VCPUS) & ~BIT (PROCESS))
/* … on this machine, where its processes can be seen. */
#define QEMU_HERE (QEMU | BIT (PROCESS))
/* libvirt's test driver: in bulk only the state. */
#define TEST_DRIVER (BIT (BULK_STATE) | (HM_READS_ALL & ~HM_READS_BULK & ~BIT (PROCESS)))
#define BILLING                                                                                              \
  (HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY | HM_FIELD_DISK_IO             \
   | HM_FIELD_DISK_SIZE | HM_FIELD_NIC_IO)

static guint32
plan (HmFields fields, guint32 available)
{
  return hm_plan (fields, available, 0, NULL);
}

static void
plan_reads_nothing_when_nothing_is_due (void **state)
{
  HmFields missing = 1;

  (void)state;
  assert_int_equal (hm_plan (0, QEMU, 0, &missing), 0);
  assert_int_equal (missing, 0);
}

static void
plan_takes_info_when_cpu_time_is_due (void **state)
{
  (void)state;
  assert_int_equal (plan (HM_FIELD_CPU_TIME, QEMU), BIT (INFO));
  assert_int_equal (plan (HM_FIELD_CPU_TIME | HM_FIELD_MEMORY | HM_FIELD_VCPU_COUNT, QEMU), BIT (INFO));
  assert_int_equal (plan (HM_FIELD_CPU_TIME | HM_FIELD_STATE, QEMU), BIT (INFO));
}

static void
plan_takes_bulk_when_no_guest_is_asked (void **state)
{
  (void)state;
  assert_int_equal (plan (HM_FIELD_STATE, QEMU), BIT (BULK_STATE));
  assert_int_equal (plan (HM_FIELD_STATE | HM_FIELD_NIC_IO, QEMU), BIT (BULK_STATE) | BIT (BULK_INTERFACE));
  assert_int_equal (plan (HM_FIELD_STATE | HM_FIELD_NIC_IO | HM_FIELD_CPU_TIME, QEMU),
                    BIT (INFO) | BIT (BULK_INTERFACE));
}

static void
plan_asks_guests_for_disks_alone_when_billing_is_due (void **state)
{
  guint32 reads = plan (BILLING, QEMU);

  (void)state;
  assert_int_equal (reads, BIT (INFO) | BIT (BULK_INTERFACE) | BIT (BULK_BLOCK));
  assert_int_equal (hm_plan_qmp (reads), 3);
}

static void
plan_drops_info_when_bulk_groups_give_all_of_it (void **state)
{
  (void)state;
  assert_int_equal (plan (ALL_FIELDS, QEMU), HM_READS_BULK);
}

static void
plan_falls_back_when_a_driver_has_no_bulk_groups (void **state)
{
  HmFields missing = 0;
  guint32 reads = hm_plan (ALL_FIELDS, TEST_DRIVER, 0, &missing);

  (void)state;
  assert_int_equal (reads, BIT (INFO) | BIT (MEMORY_STATS) | BIT (VCPUS) | BIT (BLOCK_STATS)
                               | BIT (BLOCK_INFO) | BIT (INTERFACE_STATS));
  assert_int_equal (missing, HM_FIELD_CPU_MODES | HM_FIELD_VCPU_DELAY | HM_FIELD_VCPU_WAIT | HM_FIELD_PERF);
}

static void
plan_keeps_to_the_group_when_cpu_time_is_settled_on_it (void **state)
{
  (void)state;
  assert_int_equal (hm_plan (HM_FIELD_CPU_TIME, QEMU, BIT (BULK_CPU), NULL), BIT (BULK_CPU));
  assert_int_equal (hm_plan (HM_FIELD_CPU_TIME | HM_FIELD_VCPU_COUNT, QEMU, BIT (BULK_CPU), NULL),
                    BIT (BULK_CPU) | BIT (INFO));
}

static void
plan_says_what_is_missing_when_nothing_gives_it (void **state)
{
  HmFields missing = 0;

  (void)state;
  assert_int_equal (hm_plan (HM_FIELD_NIC_IO | HM_FIELD_STATE, BIT (BULK_STATE), 0, &missing),
                    BIT (BULK_STATE));
  assert_int_equal (missing, HM_FIELD_NIC_IO);
}

static void
plan_reads_processes_when_they_are_here (void **state)
{
  HmFields of_guests = HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES | HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_DELAY;
  guint32 all = plan (ALL_FIELDS & ~HM_FIELD_VCPU_WAIT, QEMU_HERE);

  (void)state;
  assert_int_equal (plan (of_guests | HM_FIELD_MEMORY_RESIDENT, QEMU_HERE), BIT (PROCESS));
  assert_int_equal (plan (HM_FIELD_VCPU_WAIT, QEMU_HERE), BIT (BULK_VCPU));
  assert_int_equal (all, BIT (BULK_STATE) | BIT (BULK_BALLOON) | BIT (BULK_INTERFACE) | BIT (BULK_BLOCK)
                             | BIT (BULK_PERF) | BIT (PROCESS));
  assert_int_equal (hm_plan_qmp (all), 5);
}

/* -- what counters are settled on */

#define OF_CPU   (HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES)
#define OF_VCPUS (HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_DELAY)
#define CALLS    (HM_READS_ALL & ~HM_READS_BULK & ~BIT (PROCESS))

static const HmDomainKind kinds[] = { { FALSE, FALSE }, { TRUE, FALSE }, { FALSE, TRUE }, { TRUE, TRUE } };

static void
plan_settled_is_the_cgroup_or_the_process_when_there_is_one (void **state)
{
  (void)state;
  assert_int_equal (hm_plan_settled (ALL_FIELDS, kinds[0]), 0);
  assert_int_equal (hm_plan_settled (ALL_FIELDS, kinds[1]), BIT (BULK_CPU));
  assert_int_equal (hm_plan_settled (ALL_FIELDS, kinds[2]), BIT (PROCESS));
  assert_int_equal (hm_plan_settled (ALL_FIELDS, kinds[3]), BIT (BULK_CPU) | BIT (PROCESS));
  assert_int_equal (hm_plan_settled (HM_FIELD_CPU_MODES, kinds[3]), BIT (BULK_CPU));
  assert_int_equal (hm_plan_settled (HM_FIELD_VCPU_DELAY, kinds[3]), BIT (PROCESS));
  assert_int_equal (hm_plan_settled (HM_FIELD_MIGRATION, kinds[1]), 0);
  assert_int_equal (hm_plan_settled (HM_FIELD_MIGRATION, kinds[2]), BIT (PROCESS));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    assert_int_equal (hm_plan_settled (ALL_FIELDS & ~OF_CPU & ~OF_VCPUS, kinds[i]), 0);
}

/* Whatever is read besides, each counter of a domain that is settled comes from one of the three kinds of answers. */
static void
plan_take_leaves_each_settled_counter_to_one_source (void **state)
{
  static const guint32 sources[] = { CALLS, HM_READS_BULK, BIT (PROCESS) };

  (void)state;
  for (guint i = 1; i < G_N_ELEMENTS (kinds); i++)
    for (HmFields field = 1; field < 1u << HM_FIELD_COUNT; field <<= 1)
      {
        gboolean is_settled = (field & OF_CPU) || ((field & OF_VCPUS) && kinds[i].by_process);
        guint n = 0;

        for (guint s = 0; s < G_N_ELEMENTS (sources); s++)
          n += (hm_plan_take (sources[s], kinds[i]) & field) != 0;
        if (is_settled)
          assert_int_equal (n, 1);
        else
          assert_int_equal (n != 0, (hm_plan_gives (HM_READS_ALL) & field) != 0);
      }
  assert_int_equal (hm_plan_take (BIT (PROCESS), kinds[3]),
                    OF_VCPUS | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY_RESIDENT);
  assert_int_equal (hm_plan_take (HM_READS_BULK, kinds[0]), hm_plan_gives (HM_READS_BULK));
  assert_int_equal (hm_plan_take (CALLS, kinds[1]) & HM_FIELD_CPU_TIME, 0);
}

static guint
cost_of (guint32 reads)
{
  guint cost = reads & HM_READS_BULK ? 10 : 0;

  for (guint i = 0; i < HM_READ_COUNT; i++)
    if (reads & HM_READ_BIT (i))
      cost += hm_plan_provider ((HmRead)i)->cost_us;
  return cost;
}

static guint
cheapest_of_all_sets (HmFields fields, guint32 available)
{
  guint best = G_MAXUINT;

  for (guint32 set = 0; set <= HM_READS_ALL; set++)
    if ((set & ~available) == 0 && (fields & ~hm_plan_gives (set)) == 0)
      best = MIN (best, cost_of (set));
  return best;
}

/* Against a search that knows nothing of branches and bounds. */
static void
plan_is_never_dearer_than_any_other_set (void **state)
{
  static const guint32 drivers[] = { QEMU, QEMU_HERE, TEST_DRIVER, HM_READS_ALL };

  (void)state;
  for (HmFields bits = 1; bits < 1u << HM_FIELD_COUNT; bits += 1021)
    for (guint i = 0; i < G_N_ELEMENTS (drivers); i++)
      {
        HmFields fields = bits & ALL_FIELDS, missing = 0;
        guint32 reads = hm_plan (fields, drivers[i], 0, &missing);

        assert_int_equal (fields & ~missing & ~hm_plan_gives (reads), 0);
        assert_int_equal (reads & ~drivers[i], 0);
        assert_int_equal (cost_of (reads), cheapest_of_all_sets (fields & ~missing, drivers[i]));
      }
}

/* What is read of guests when no more calls may hang. */
static void
plan_asks_no_guest_when_qmp_is_left_out (void **state)
{
  guint32 available = hm_plan_without_qmp (HM_READS_ALL);
  HmFields missing = 0;

  (void)state;
  for (guint i = 0; i < HM_READ_COUNT; i++)
    assert_int_equal (!!(available & HM_READ_BIT (i)), hm_plan_provider ((HmRead)i)->qmp == 0);
  assert_int_equal (hm_plan_without_qmp (HM_READ_BIT (HM_READ_BULK_STATE) | HM_READ_BIT (HM_READ_BULK_BLOCK)),
                    HM_READ_BIT (HM_READ_BULK_STATE));
  assert_int_equal (hm_plan_qmp (hm_plan (ALL_FIELDS, available, 0, &missing)), 0);
  assert_int_equal (missing & (HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_VCPU_TIMES | HM_FIELD_NIC_IO),
                    0);
  assert_int_equal (missing & HM_FIELD_DISK_IO, HM_FIELD_DISK_IO);
}

static void
plan_provider_is_the_row_of_its_read (void **state)
{
  (void)state;
  for (guint i = 0; i < HM_READ_COUNT; i++)
    {
      const HmProvider *provider = hm_plan_provider ((HmRead)i);

      assert_int_equal (provider->read, i);
      assert_non_null (provider->name);
      assert_true (provider->gives != 0 && provider->cost_us > 0);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (plan_reads_nothing_when_nothing_is_due),
    cmocka_unit_test (plan_takes_info_when_cpu_time_is_due),
    cmocka_unit_test (plan_takes_bulk_when_no_guest_is_asked),
    cmocka_unit_test (plan_asks_guests_for_disks_alone_when_billing_is_due),
    cmocka_unit_test (plan_drops_info_when_bulk_groups_give_all_of_it),
    cmocka_unit_test (plan_falls_back_when_a_driver_has_no_bulk_groups),
    cmocka_unit_test (plan_keeps_to_the_group_when_cpu_time_is_settled_on_it),
    cmocka_unit_test (plan_says_what_is_missing_when_nothing_gives_it),
    cmocka_unit_test (plan_reads_processes_when_they_are_here),
    cmocka_unit_test (plan_settled_is_the_cgroup_or_the_process_when_there_is_one),
    cmocka_unit_test (plan_take_leaves_each_settled_counter_to_one_source),
    cmocka_unit_test (plan_is_never_dearer_than_any_other_set),
    cmocka_unit_test (plan_asks_no_guest_when_qmp_is_left_out),
    cmocka_unit_test (plan_provider_is_the_row_of_its_read),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
