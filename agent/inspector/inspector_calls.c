/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_calls: virDomainGetInfo, MemoryStats, GetVcpus, BlockStats, BlockInfo and InterfaceStats.
 *
 * A negative number is libvirt's "not known" and is left out, as is a call that the driver does not have. */
#include "agent/inspector/inspector_calls.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "agent/inspector/process_stat.h"

#define VCPUS_MAX        1024
#define BLOCK_PARAMS_MAX 32

static void
add (HmParams *to, const char *name, unsigned long long value)
{
  virTypedParamsAddULLong (&to->params, &to->n, &to->max, name, value);
}

static void
add_known (HmParams *to, const char *name, long long value)
{
  if (value >= 0)
    add (to, name, (unsigned long long)value);
}

/* "block.3.rd.bytes" */
static const char *
name_of (char *buffer, const char *group, guint i, const char *field)
{
  g_snprintf (buffer, VIR_TYPED_PARAM_FIELD_LENGTH, "%s.%u.%s", group, i, field);
  return buffer;
}

static gboolean
call_info (virDomainPtr domain, const HmInstance *instance, HmParams *to, guint *rpcs)
{
  virDomainInfo info;

  (void)instance;
  *rpcs += 1;
  if (virDomainGetInfo (domain, &info) < 0)
    return FALSE;
  add (to, "state.state", info.state);
  add (to, "cpu.time", info.cpuTime);
  add (to, "vcpu.current", info.nrVirtCpu);
  add (to, "balloon.current", info.memory);
  add (to, "balloon.maximum", info.maxMem);
  return TRUE;
}

static gboolean
call_memory_stats (virDomainPtr domain, const HmInstance *instance, HmParams *to, guint *rpcs)
{
  static const char *const names[VIR_DOMAIN_MEMORY_STAT_NR] = {
    [VIR_DOMAIN_MEMORY_STAT_SWAP_IN] = "balloon.swap_in",
    [VIR_DOMAIN_MEMORY_STAT_SWAP_OUT] = "balloon.swap_out",
    [VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT] = "balloon.major_fault",
    [VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT] = "balloon.minor_fault",
    [VIR_DOMAIN_MEMORY_STAT_UNUSED] = "balloon.unused",
    [VIR_DOMAIN_MEMORY_STAT_AVAILABLE] = "balloon.available",
    [VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON] = "balloon.current",
    [VIR_DOMAIN_MEMORY_STAT_RSS] = "balloon.rss",
    [VIR_DOMAIN_MEMORY_STAT_USABLE] = "balloon.usable",
    [VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE] = "balloon.last-update",
  };
  virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
  int n;

  (void)instance;
  *rpcs += 1;
  n = virDomainMemoryStats (domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);
  for (int i = 0; i < n; i++)
    if (stats[i].tag >= 0 && stats[i].tag < VIR_DOMAIN_MEMORY_STAT_NR && names[stats[i].tag] != NULL)
      add (to, names[stats[i].tag], stats[i].val);
  return n >= 0;
}

static gboolean
call_vcpus (virDomainPtr domain, const HmInstance *instance, HmParams *to, guint *rpcs)
{
  g_autofree virVcpuInfo *vcpus = g_new0 (virVcpuInfo, VCPUS_MAX);
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];
  int n;

  (void)instance;
  *rpcs += 1;
  n = virDomainGetVcpus (domain, vcpus, VCPUS_MAX, NULL, 0);
  for (int i = 0; i < n; i++)
    add (to, name_of (name, "vcpu", vcpus[i].number, "time"), vcpus[i].cpuTime);
  return n >= 0;
}

static void
add_block_struct (HmParams *to, guint i, const virDomainBlockStatsStruct *stats)
{
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];

  add_known (to, name_of (name, "block", i, "rd.reqs"), stats->rd_req);
  add_known (to, name_of (name, "block", i, "rd.bytes"), stats->rd_bytes);
  add_known (to, name_of (name, "block", i, "wr.reqs"), stats->wr_req);
  add_known (to, name_of (name, "block", i, "wr.bytes"), stats->wr_bytes);
  add_known (to, name_of (name, "block", i, "errors"), stats->errs);
}

static void
add_block_params (HmParams *to, guint i, virTypedParameterPtr params, int n)
{
  static const struct
  {
    const char *theirs, *ours;
  } names[] = {
    { VIR_DOMAIN_BLOCK_STATS_READ_REQ, "rd.reqs" },
    { VIR_DOMAIN_BLOCK_STATS_READ_BYTES, "rd.bytes" },
    { VIR_DOMAIN_BLOCK_STATS_READ_TOTAL_TIMES, "rd.times" },
    { VIR_DOMAIN_BLOCK_STATS_WRITE_REQ, "wr.reqs" },
    { VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES, "wr.bytes" },
    { VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES, "wr.times" },
    { VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ, "fl.reqs" },
    { VIR_DOMAIN_BLOCK_STATS_FLUSH_TOTAL_TIMES, "fl.times" },
    { VIR_DOMAIN_BLOCK_STATS_ERRS, "errors" },
  };
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];
  long long value;

  for (guint k = 0; k < G_N_ELEMENTS (names); k++)
    if (virTypedParamsGetLLong (params, n, names[k].theirs, &value) == 1)
      add_known (to, name_of (name, "block", i, names[k].ours), value);
}

/* The call with flags says more; a driver that lacks it has the older one. */
static gboolean
call_block_stats (virDomainPtr domain, guint i, const char *target, HmParams *to, guint *rpcs)
{
  virTypedParameter params[BLOCK_PARAMS_MAX] = { 0 };
  virDomainBlockStatsStruct stats;
  int n = BLOCK_PARAMS_MAX;

  *rpcs += 1;
  if (virDomainBlockStatsFlags (domain, target, params, &n, 0) == 0)
    {
      add_block_params (to, i, params, n);
      virTypedParamsClear (params, n);
      return TRUE;
    }
  *rpcs += 1;
  if (virDomainBlockStats (domain, target, &stats, sizeof (stats)) < 0)
    return FALSE;
  add_block_struct (to, i, &stats);
  return TRUE;
}

static gboolean
call_block_info (virDomainPtr domain, guint i, const char *target, HmParams *to, guint *rpcs)
{
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];
  virDomainBlockInfo info;

  *rpcs += 1;
  if (virDomainGetBlockInfo (domain, target, &info, 0) < 0)
    return FALSE;
  add (to, name_of (name, "block", i, "capacity"), info.capacity);
  add (to, name_of (name, "block", i, "allocation"), info.allocation);
  add (to, name_of (name, "block", i, "physical"), info.physical);
  return TRUE;
}

static gboolean
call_interface_stats (virDomainPtr domain, guint i, const char *target, HmParams *to, guint *rpcs)
{
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];
  virDomainInterfaceStatsStruct stats;

  *rpcs += 1;
  if (virDomainInterfaceStats (domain, target, &stats, sizeof (stats)) < 0)
    return FALSE;
  add_known (to, name_of (name, "net", i, "rx.bytes"), stats.rx_bytes);
  add_known (to, name_of (name, "net", i, "rx.pkts"), stats.rx_packets);
  add_known (to, name_of (name, "net", i, "rx.errs"), stats.rx_errs);
  add_known (to, name_of (name, "net", i, "rx.drop"), stats.rx_drop);
  add_known (to, name_of (name, "net", i, "tx.bytes"), stats.tx_bytes);
  add_known (to, name_of (name, "net", i, "tx.pkts"), stats.tx_packets);
  add_known (to, name_of (name, "net", i, "tx.errs"), stats.tx_errs);
  add_known (to, name_of (name, "net", i, "tx.drop"), stats.tx_drop);
  return TRUE;
}

/* TRUE unless asking this domain on is of no use. */
static gboolean
goes_on (void)
{
  const virError *cause = virGetLastError ();

  return cause == NULL || cause->code != VIR_ERR_NO_DOMAIN;
}

typedef gboolean (*DeviceCall) (virDomainPtr, guint, const char *, HmParams *, guint *);

static gboolean
call_devices (virDomainPtr domain, const HmInstance *instance, HmDeviceKind kind, const char *group,
              DeviceCall call, HmParams *to, guint *rpcs)
{
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];
  guint n = 0;

  for (guint i = 0; instance != NULL && i < instance->devices->len; i++)
    {
      const HmDevice *device = g_ptr_array_index (instance->devices, i);

      if (device->kind != kind || device->target == NULL)
        continue;
      if (call (domain, n, device->target, to, rpcs))
        virTypedParamsAddString (&to->params, &to->n, &to->max, name_of (name, group, n, "name"),
                                 device->target);
      else if (!goes_on ())
        return FALSE;
      n++;
    }
  return TRUE;
}

static gboolean
call_for_domain (HmRead read, virDomainPtr domain, const HmInstance *instance, HmParams *to, guint *rpcs)
{
  switch (read)
    {
    case HM_READ_INFO:
      return call_info (domain, instance, to, rpcs) || goes_on ();
    case HM_READ_MEMORY_STATS:
      return call_memory_stats (domain, instance, to, rpcs) || goes_on ();
    case HM_READ_VCPUS:
      return call_vcpus (domain, instance, to, rpcs) || goes_on ();
    case HM_READ_BLOCK_STATS:
      return call_devices (domain, instance, HM_DEVICE_DISK, "block", call_block_stats, to, rpcs);
    case HM_READ_BLOCK_INFO:
      return call_devices (domain, instance, HM_DEVICE_DISK, "block", call_block_info, to, rpcs);
    case HM_READ_INTERFACE_STATS:
      return call_devices (domain, instance, HM_DEVICE_NIC, "net", call_interface_stats, to, rpcs);
    default:
      return TRUE;
    }
}

gboolean
hm_calls_make (virDomainPtr domain, const HmInstance *instance, guint32 reads, HmParams *params, guint *rpcs)
{
  for (guint read = HM_READ_INFO; read < HM_READ_COUNT; read++)
    if ((reads & HM_READ_BIT (read)) && !call_for_domain ((HmRead)read, domain, instance, params, rpcs))
      return FALSE;
  return TRUE;
}

static void
add_vcpu (HmParams *to, const HmVcpuAccount *vcpu)
{
  char name[VIR_TYPED_PARAM_FIELD_LENGTH];

  add (to, name_of (name, "vcpu", vcpu->number, "time"), vcpu->time_ns);
  if (vcpu->delay_ns.given)
    add (to, name_of (name, "vcpu", vcpu->number, "delay"), vcpu->delay_ns.value);
}

gboolean
hm_calls_read_process (const char *root, const HmInstance *instance, HmParams *params,
                       gboolean *ret_is_sending)
{
  g_auto (HmProcessAccount) account = { 0 };

  if (!hm_process_account_read (root, instance->pid, instance->start_ticks, &account))
    return FALSE;
  add (params, "cpu.time", account.cpu_ns);
  add (params, "cpu.user", account.user_ns);
  add (params, "cpu.system", account.system_ns);
  add (params, "balloon.rss", account.resident_kib);
  add (params, "vcpu.current", account.vcpus->len);
  *ret_is_sending = account.is_sending;
  for (guint i = 0; i < account.vcpus->len; i++)
    add_vcpu (params, &g_array_index (account.vcpus, HmVcpuAccount, i));
  return TRUE;
}

void
hm_calls_take_job (int type, virTypedParameterPtr job, int n, HmParams *params)
{
  static const char *const names[][2] = {
    { VIR_DOMAIN_JOB_TIME_ELAPSED, "job.time_elapsed" },
    { VIR_DOMAIN_JOB_DATA_TOTAL, "job.data_total" },
    { VIR_DOMAIN_JOB_DATA_PROCESSED, "job.data_processed" },
    { VIR_DOMAIN_JOB_DATA_REMAINING, "job.data_remaining" },
    { VIR_DOMAIN_JOB_DOWNTIME, "job.downtime" },
  };
  int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;
  unsigned long long value;

  if (type != VIR_DOMAIN_JOB_BOUNDED && type != VIR_DOMAIN_JOB_UNBOUNDED)
    return;
  if (virTypedParamsGetInt (job, n, VIR_DOMAIN_JOB_OPERATION, &operation) != 1
      || operation != VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (virTypedParamsGetULLong (job, n, names[i][0], &value) == 1)
      add (params, names[i][1], value);
}

/* Without a flag: of the job under way alone. Asking for a completed one's would take them away from Nova. */
void
hm_calls_read_job (virDomainPtr domain, HmParams *params, guint *rpcs)
{
  virTypedParameterPtr job = NULL;
  int type = VIR_DOMAIN_JOB_NONE, n = 0;

  *rpcs += 1;
  if (virDomainGetJobStats (domain, &type, &job, &n, 0) < 0)
    return;
  hm_calls_take_job (type, job, n, params);
  virTypedParamsFree (job, n);
}
