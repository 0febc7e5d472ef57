/* SPDX-License-Identifier: Apache-2.0 */
/* instance: that an instance exists, what state it is in, how long it has run, and the sizes its flavor
 * grants.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. Existence, state and flavor are
 * given for an instance that is shut off too; uptime only while there is a process. */
#include "metering/hypermeter.h"

enum
{
  INSTANCE,
  POWER_STATE,
  UPTIME,
  ROOT_SIZE,
  EPHEMERAL_SIZE,
};

static const HmMeter meters[] = {
  [INSTANCE] = { "instance", HM_GAUGE, "instance", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_EXISTENCE, 0,
                 HM_LIFE_PROCESS, FALSE, "1 while the instance exists, shut off too" },
  [POWER_STATE] = { "power.state", HM_GAUGE, "state", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_STATE, 0,
                    HM_LIFE_PROCESS, FALSE, "Number of libvirt's virDomainState" },
  [UPTIME] = { "uptime", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_ACTIVITY, 0,
               HM_LIFE_PROCESS, FALSE, "Time since the instance's process started on this host" },
  [ROOT_SIZE] = { "disk.root.size", HM_GAUGE, "GiB", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_DISK, 0,
                  HM_LIFE_PROCESS, FALSE, "Root disk that the flavor grants" },
  [EPHEMERAL_SIZE] = { "disk.ephemeral.size", HM_GAUGE, "GiB", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_DISK, 0,
                       HM_LIFE_PROCESS, FALSE, "Ephemeral disk that the flavor grants" },
  { NULL },
};

static gboolean
has_process (HmState state)
{
  return state != HM_STATE_SHUTOFF && state != HM_STATE_UNDEFINED && state != HM_STATE_LOST;
}

/* Absent where the start is unknown, or lies ahead because the wall clock was set back since. */
static HmMaybe
uptime_of (const HmDomain *domain)
{
  const HmResource *resource = domain->resource;

  if (resource->epoch_start == HM_TIME_UNKNOWN || domain->wall_ns == HM_TIME_UNKNOWN
      || domain->wall_ns < resource->epoch_start || !has_process (resource->state))
    return HM_ABSENT;
  return HM_GIVEN ((guint64)domain->wall_ns - (guint64)resource->epoch_start);
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  const HmResource *resource = domain->resource;
  HmMaybe root = { resource->has_root_gib, resource->root_gib };
  HmMaybe ephemeral = { resource->has_ephemeral_gib, resource->ephemeral_gib };

  hm_sink_u64 (sink, &meters[INSTANCE], NULL, HM_GIVEN (1));
  hm_sink_u64 (sink, &meters[POWER_STATE], NULL, domain->state);
  hm_sink_u64 (sink, &meters[UPTIME], NULL, uptime_of (domain));
  hm_sink_u64 (sink, &meters[ROOT_SIZE], NULL, root);
  hm_sink_u64 (sink, &meters[EPHEMERAL_SIZE], NULL, ephemeral);
  return HM_OK;
}

HM_POLLSTER (instance, HM_NS_POLL_COMPUTE, "Existence, state, uptime and flavor sizes of each instance",
             meters, emit);
