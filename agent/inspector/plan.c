/* SPDX-License-Identifier: Apache-2.0 */
/* plan: a weighted set cover, solved exactly. The inspector calls it at each read, on the reading thread;
 * pure.
 *
 * The search takes the lowest field that nothing chosen gives yet and tries each read that gives it, so it
 * visits a few dozen sets, not all 32768, and drops a branch once it costs more than the best so far. */
#include "agent/inspector/plan.h"

/* What a bulk call costs however many of its groups are asked for, in the table's unit. */
#define BULK_CALL_US 10

/* The counters for which it matters what they are read from. */
#define OF_CPU   (HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES)
#define OF_VCPUS (HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_DELAY)

/* Wall microseconds per guest of libvirt 9.0.0 with 100 running guests on two cores. */
static const HmProvider providers[HM_READ_COUNT] = {
  [HM_READ_BULK_STATE] = { HM_READ_BULK_STATE, "state", HM_FIELD_STATE, 30, 0 },
  [HM_READ_BULK_CPU] = { HM_READ_BULK_CPU, "cpu", HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES, 740, 1 },
  [HM_READ_BULK_BALLOON] = { HM_READ_BULK_BALLOON, "balloon",
                             HM_FIELD_MEMORY | HM_FIELD_BALLOON | HM_FIELD_MEMORY_RESIDENT, 1130, 2 },
  [HM_READ_BULK_VCPU]
  = { HM_READ_BULK_VCPU, "vcpu",
      HM_FIELD_VCPU_COUNT | HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_WAIT | HM_FIELD_VCPU_DELAY, 700, 2 },
  [HM_READ_BULK_INTERFACE] = { HM_READ_BULK_INTERFACE, "interface", HM_FIELD_NIC_IO, 50, 0 },
  [HM_READ_BULK_BLOCK] = { HM_READ_BULK_BLOCK, "block", HM_FIELD_DISK_IO | HM_FIELD_DISK_SIZE, 1340, 3 },
  [HM_READ_BULK_PERF] = { HM_READ_BULK_PERF, "perf", HM_FIELD_PERF, 20, 0 },
  [HM_READ_INFO] = { HM_READ_INFO, "virDomainGetInfo",
                     HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY, 90, 0 },
  [HM_READ_MEMORY_STATS] = { HM_READ_MEMORY_STATS, "virDomainMemoryStats",
                             HM_FIELD_MEMORY | HM_FIELD_BALLOON | HM_FIELD_MEMORY_RESIDENT, 1200, 2 },
  [HM_READ_VCPUS] = { HM_READ_VCPUS, "virDomainGetVcpus", HM_FIELD_VCPU_TIMES, 90, 0 },
  [HM_READ_BLOCK_STATS] = { HM_READ_BLOCK_STATS, "virDomainBlockStats", HM_FIELD_DISK_IO, 2100, 4 },
  [HM_READ_BLOCK_INFO] = { HM_READ_BLOCK_INFO, "virDomainGetBlockInfo", HM_FIELD_DISK_SIZE, 3200, 6 },
  [HM_READ_INTERFACE_STATS] = { HM_READ_INTERFACE_STATS, "virDomainInterfaceStats", HM_FIELD_NIC_IO, 350, 0 },
  [HM_READ_PROCESS]
  = { HM_READ_PROCESS, "/proc", OF_CPU | OF_VCPUS | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY_RESIDENT, 40, 0 },
  [HM_READ_JOB] = { HM_READ_JOB, "virDomainGetJobStats", HM_FIELD_MIGRATION, 1, 1 },
};

typedef struct
{
  guint32 available;
  guint32 best;
  guint best_cost, best_qmp;
} Search;

const HmProvider *
hm_plan_provider (HmRead read)
{
  g_assert ((guint)read < HM_READ_COUNT);
  return &providers[read];
}

HmFields
hm_plan_gives (guint32 reads)
{
  HmFields gives = 0;

  for (guint i = 0; i < HM_READ_COUNT; i++)
    if (reads & HM_READ_BIT (i))
      gives |= providers[i].gives;
  return gives;
}

guint
hm_plan_qmp (guint32 reads)
{
  guint qmp = 0;

  for (guint i = 0; i < HM_READ_COUNT; i++)
    if (reads & HM_READ_BIT (i))
      qmp += providers[i].qmp;
  return qmp;
}

guint32
hm_plan_without_qmp (guint32 reads)
{
  guint32 left = 0;

  for (guint i = 0; i < HM_READ_COUNT; i++)
    if ((reads & HM_READ_BIT (i)) && providers[i].qmp == 0)
      left |= HM_READ_BIT (i);
  return left;
}

static guint
cost_of (guint32 reads)
{
  guint cost = reads & HM_READS_BULK ? BULK_CALL_US : 0;

  for (guint i = 0; i < HM_READ_COUNT; i++)
    if (reads & HM_READ_BIT (i))
      cost += providers[i].cost_us;
  return cost;
}

static void
keep_if_better (Search *search, guint32 reads, guint cost)
{
  guint qmp = hm_plan_qmp (reads);

  if (cost == search->best_cost && qmp >= search->best_qmp)
    return;
  search->best = reads;
  search->best_cost = cost;
  search->best_qmp = qmp;
}

/* Completes @chosen in every way that can still be the cheapest. Depth: at most one level per field. */
static void
search_from (Search *search, guint32 chosen, HmFields left)
{
  guint cost = cost_of (chosen);
  HmFields field = left & -left;

  if (cost > search->best_cost)
    return;
  if (left == 0)
    {
      keep_if_better (search, chosen, cost);
      return;
    }
  for (guint i = 0; i < HM_READ_COUNT; i++)
    if ((search->available & HM_READ_BIT (i)) && (providers[i].gives & field))
      search_from (search, chosen | HM_READ_BIT (i), left & ~providers[i].gives);
}

guint32
hm_plan (HmFields fields, guint32 available, guint32 settled, HmFields *ret_missing)
{
  Search search = { .available = available, .best_cost = G_MAXUINT, .best_qmp = G_MAXUINT };
  HmFields possible = hm_plan_gives (available | settled);

  search_from (&search, settled, fields & possible & ~hm_plan_gives (settled));
  if (ret_missing != NULL)
    *ret_missing = fields & ~possible;
  return search.best;
}

/* -- what a domain's counters are settled on */

static HmRead
cpu_read_of (HmDomainKind kind)
{
  if (kind.in_cgroup)
    return HM_READ_BULK_CPU;
  return kind.by_process ? HM_READ_PROCESS : HM_READ_COUNT;
}

guint32
hm_plan_settled (HmFields fields, HmDomainKind kind)
{
  HmRead cpu = cpu_read_of (kind);
  guint32 settled = 0;

  if ((fields & OF_CPU) && cpu != HM_READ_COUNT)
    settled |= HM_READ_BIT (cpu);
  if ((fields & (OF_VCPUS | HM_FIELD_MIGRATION)) && kind.by_process)
    settled |= HM_READ_BIT (HM_READ_PROCESS);
  return settled;
}

HmFields
hm_plan_take (guint32 reads, HmDomainKind kind)
{
  HmRead cpu = cpu_read_of (kind);
  HmFields take = hm_plan_gives (reads);

  if (cpu != HM_READ_COUNT && !(reads & HM_READ_BIT (cpu)))
    take &= ~(HmFields)OF_CPU;
  if (kind.by_process && !(reads & HM_READ_BIT (HM_READ_PROCESS)))
    take &= ~(HmFields)OF_VCPUS;
  return take;
}
