/* SPDX-License-Identifier: Apache-2.0 */
/* host_instances: how many instances run on the hypervisor, and what they were given together.
 *
 * Host pollster: a pure function of the host's part of a snapshot, called by a poll worker. Set against what the host
 * has (host.cpu.count, host.memory.total) these say how far it is overcommitted. A sum to which one instance did not
 * tell its part is absent. */
#include "metering/hypermeter.h"

enum
{
  INSTANCES,
  VCPUS,
  MEMORY,
};

static const HmMeter meters[] = {
  [INSTANCES] = { "host.instances", HM_GAUGE, "instance", HM_VALUE_U64, HM_FIELD_HOST_TOTALS, HM_HOLD_NONE, 0,
                  HM_LIFE_PROCESS, FALSE, "Instances that have a process, paused ones too" },
  [VCPUS] = { "host.vcpus.allocated", HM_GAUGE, "vcpu", HM_VALUE_U64, HM_FIELD_HOST_TOTALS, HM_HOLD_NONE, 0,
              HM_LIFE_PROCESS, FALSE, "Virtual CPUs of these instances" },
  [MEMORY] = { "host.memory.allocated", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_HOST_TOTALS, HM_HOLD_NONE, 0,
               HM_LIFE_PROCESS, FALSE, "Memory that these instances have, after ballooning" },
  { NULL },
};

static HmResult
emit (const HmHost *host, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[INSTANCES], NULL, host->instances);
  hm_sink_u64 (sink, &meters[VCPUS], NULL, host->vcpus_allocated);
  hm_sink_u64 (sink, &meters[MEMORY], NULL, host->memory_allocated);
  return HM_OK;
}

HM_HOST_POLLSTER (host_instances, "Instances of the hypervisor and what they were given", meters, emit);
