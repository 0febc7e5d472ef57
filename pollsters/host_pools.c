/* SPDX-License-Identifier: Apache-2.0 */
/* host_pools: size of each active storage pool of the hypervisor.
 *
 * Host pollster: a pure function of the host's part of a snapshot, called by a poll worker. The sizes are those of the
 * pool's last refresh by libvirtd. */
#include "metering/hypermeter.h"

enum
{
  CAPACITY,
  ALLOCATION,
  AVAILABLE,
};

#define SIZE(meter_name, text)                                                                               \
  {                                                                                                          \
    .name = meter_name, .type = HM_GAUGE, .unit = "B", .value = HM_VALUE_U64, .needs = HM_FIELD_HOST_POOLS,  \
    .hold = HM_HOLD_NONE, .life = HM_LIFE_DEVICE, .help = text                                               \
  }

static const HmMeter meters[] = {
  [CAPACITY] = SIZE ("host.pool.capacity", "Size of the storage pool"),
  [ALLOCATION] = SIZE ("host.pool.allocation", "Part of the storage pool that is taken"),
  [AVAILABLE] = SIZE ("host.pool.available", "Part of the storage pool that is free"),
  { NULL },
};

static HmResult
emit (const HmHost *host, HmSink *sink)
{
  for (guint i = 0; i < host->n_pools; i++)
    {
      const HmPool *pool = &host->pools[i];

      hm_sink_u64 (sink, &meters[CAPACITY], pool->device, pool->capacity);
      hm_sink_u64 (sink, &meters[ALLOCATION], pool->device, pool->allocation);
      hm_sink_u64 (sink, &meters[AVAILABLE], pool->device, pool->available);
    }
  return HM_OK;
}

HM_HOST_POLLSTER (host_pools, "Storage pools of the hypervisor", meters, emit);
