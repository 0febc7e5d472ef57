/* SPDX-License-Identifier: Apache-2.0 */
/* vcpu: how many virtual CPUs an instance has, and the times of each one.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. The times of single virtual CPUs
 * are off by default: their sums are meters of the pollster cpu. */
#include "metering/hypermeter.h"

enum
{
  VCPUS,
  TIME,
  WAIT,
  DELAY,
};

static const HmMeter meters[] = {
  [VCPUS] = { "vcpus", HM_GAUGE, "vcpu", HM_VALUE_U64, HM_FIELD_VCPU_COUNT, HM_HOLD_ALLOCATION, 0,
              HM_LIFE_PROCESS, FALSE, "Virtual CPUs that are online" },
  [TIME] = { "vcpu.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_VCPU_TIMES, HM_HOLD_ACTIVITY, 0,
             HM_LIFE_DEVICE, TRUE, "CPU time of one virtual CPU" },
  [WAIT] = { "vcpu.wait", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_VCPU_WAIT, HM_HOLD_ACTIVITY, 0,
             HM_LIFE_DEVICE, TRUE, "Time one virtual CPU waited, as the host's scheduler statistics say" },
  [DELAY] = { "vcpu.delay", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_VCPU_DELAY, HM_HOLD_ACTIVITY, 0,
              HM_LIFE_DEVICE, TRUE, "Time one virtual CPU spent in the host's run queue" },
  { NULL },
};

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[VCPUS], NULL, domain->vcpu_current);
  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      const HmVcpu *vcpu = &domain->vcpus[i];

      hm_sink_u64_life (sink, &meters[TIME], vcpu->device, &vcpu->life, vcpu->time);
      hm_sink_u64_life (sink, &meters[WAIT], vcpu->device, &vcpu->life, vcpu->wait);
      hm_sink_u64_life (sink, &meters[DELAY], vcpu->device, &vcpu->life, vcpu->delay);
    }
  return HM_OK;
}

HM_POLLSTER (vcpu, HM_NS_POLL_COMPUTE, "Virtual CPUs of each instance", meters, emit);
