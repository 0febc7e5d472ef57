/* SPDX-License-Identifier: Apache-2.0 */
/* perf: what the CPU's own counters say of an instance, where libvirt was told to count (virsh perf --enable).
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. An event that nobody enabled has no
 * sample. The counters count up from when they were enabled, within the life of the process. */
#include "metering/hypermeter.h"

enum
{
  CYCLES,
  INSTRUCTIONS,
  CACHE_REFERENCES,
  CACHE_MISSES,
};

#define COUNTER(meter_name, text)                                                                            \
  {                                                                                                          \
    .name = meter_name, .type = HM_CUMULATIVE, .unit = "count", .value = HM_VALUE_U64,                       \
    .needs = HM_FIELD_PERF, .hold = HM_HOLD_ACTIVITY, .life = HM_LIFE_PROCESS, .help = text                  \
  }

static const HmMeter meters[] = {
  [CYCLES] = COUNTER ("perf.cpu.cycles", "CPU cycles, where the event cpu_cycles is enabled"),
  [INSTRUCTIONS] = COUNTER ("perf.instructions", "Instructions, where the event instructions is enabled"),
  [CACHE_REFERENCES]
  = COUNTER ("perf.cache.references", "Cache hits, where the event cache_references is enabled"),
  [CACHE_MISSES] = COUNTER ("perf.cache.misses", "Cache misses, where the event cache_misses is enabled"),
  { NULL },
};

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[CYCLES], NULL, domain->perf_cycles);
  hm_sink_u64 (sink, &meters[INSTRUCTIONS], NULL, domain->perf_instructions);
  hm_sink_u64 (sink, &meters[CACHE_REFERENCES], NULL, domain->perf_cache_references);
  hm_sink_u64 (sink, &meters[CACHE_MISSES], NULL, domain->perf_cache_misses);
  return HM_OK;
}

HM_POLLSTER (perf, HM_NS_POLL_COMPUTE, "The CPU's own counters of each instance", meters, emit);
