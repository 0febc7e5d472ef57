/* SPDX-License-Identifier: Apache-2.0 */
/* counters: see counters.h. One table says what counts; a field is the least that is told apart, as it comes with one
 * answer. */
#include "agent/inventory/counters.h"

#define COUNTING                                                                                             \
  (HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES | HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_DELAY       \
   | HM_FIELD_VCPU_WAIT | HM_FIELD_BALLOON | HM_FIELD_DISK_IO | HM_FIELD_NIC_IO | HM_FIELD_PERF)

/* Disks are what each guest has and only QEMU itself counts: without it libvirt names them and no more. */
static gboolean
has_disk_counters (const HmDomain *domain)
{
  for (guint i = 0; i < domain->n_disks; i++)
    if (domain->disks[i].rd_bytes.given)
      return TRUE;
  return FALSE;
}

HmFields
hm_counters_given (const HmDomain *domain)
{
  HmFields given = (domain->got & COUNTING) | HM_FIELD_STATE;

  return has_disk_counters (domain) ? given : given & ~(HmFields)HM_FIELD_DISK_IO;
}

static gboolean
has_device (const HmInstance *instance, HmDeviceKind kind)
{
  for (guint i = 0; i < instance->devices->len; i++)
    if (((const HmDevice *)g_ptr_array_index (instance->devices, i))->kind == kind)
      return TRUE;
  return FALSE;
}

/* What a guest has in any case, so that it was left out where it was not read; the rest not every guest gives. */
static HmFields
needed_of (const HmInstance *instance, HmFields wanted)
{
  HmFields needed = HM_FIELD_STATE | HM_FIELD_CPU_TIME;

  if (has_device (instance, HM_DEVICE_DISK))
    needed |= HM_FIELD_DISK_IO;
  if (has_device (instance, HM_DEVICE_NIC))
    needed |= HM_FIELD_NIC_IO;
  return needed & wanted;
}

HmTime
hm_counters_last_read (const HmInstance *instance, HmFields wanted, const HmReadTimes *reads)
{
  HmFields needed = needed_of (instance, wanted);
  HmTime last = G_MAXINT64;

  for (guint i = 0; i < HM_FIELD_COUNT; i++)
    if ((needed & (1u << i)) || ((wanted & (1u << i)) && reads->of[i] != HM_TIME_UNKNOWN))
      last = MIN (last, reads->of[i]);
  return last != G_MAXINT64 ? last : HM_TIME_UNKNOWN;
}

static void
drop_of_vcpus (HmSnapshot *snapshot, HmDomain *domain, HmFields fields)
{
  HmVcpu *vcpus = hm_snapshot_alloc (snapshot, domain->n_vcpus, sizeof (HmVcpu));

  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      vcpus[i] = domain->vcpus[i];
      if (fields & HM_FIELD_VCPU_TIMES)
        vcpus[i].time = HM_ABSENT;
      if (fields & HM_FIELD_VCPU_DELAY)
        vcpus[i].delay = HM_ABSENT;
      if (fields & HM_FIELD_VCPU_WAIT)
        vcpus[i].wait = HM_ABSENT;
    }
  domain->vcpus = vcpus;
}

/* Of the time that a vCPU was ready but did not run, the wait is what is taken where there is no delay: one series must not
 * go on with the other. */
HmDomain
hm_counters_without (HmSnapshot *snapshot, HmFields fields)
{
  HmDomain left = *hm_snapshot_get (snapshot, 0);

  if (fields & HM_FIELD_VCPU_DELAY)
    fields |= HM_FIELD_VCPU_WAIT;
  if (fields & HM_FIELD_CPU_TIME)
    left.cpu_time = HM_ABSENT;
  if (fields & HM_FIELD_CPU_MODES)
    left.cpu_user = left.cpu_system = HM_ABSENT;
  if (fields & HM_FIELD_BALLOON)
    left.swap_in = left.swap_out = left.major_fault = left.minor_fault = HM_ABSENT;
  if (fields & HM_FIELD_PERF)
    left.perf_cycles = left.perf_instructions = left.perf_cache_references = left.perf_cache_misses
        = HM_ABSENT;
  if (fields & HM_FIELD_DISK_IO)
    left.n_disks = 0;
  if (fields & HM_FIELD_NIC_IO)
    left.n_nics = 0;
  drop_of_vcpus (snapshot, &left, fields);
  left.got &= ~fields;
  return left;
}
