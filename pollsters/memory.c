/* SPDX-License-Identifier: Apache-2.0 */
/* memory: what an instance was given, what its guest makes of it, and what it costs the host.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. What the guest's balloon driver
 * says is as old as its last report, so those samples carry an age; and it is the guest's word, so it is
 * checked against and never mixed into what the host knows (`memory`, `memory.resident`). */
#include "metering/hypermeter.h"

enum
{
  MEMORY,
  AVAILABLE,
  USAGE,
  RESIDENT,
  SWAP_IN,
  SWAP_OUT,
  MAJOR_FAULTS,
  MINOR_FAULTS,
};

static const HmMeter meters[] = {
  [MEMORY] = { "memory", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_MEMORY, HM_HOLD_ALLOCATION, 0,
               HM_LIFE_PROCESS, FALSE, "Memory that the instance has, after ballooning" },
  [AVAILABLE]
  = { "memory.available", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ALLOCATION, 0,
      HM_LIFE_PROCESS, FALSE, "Memory that the guest's kernel can use (needs its balloon driver)" },
  [USAGE]
  = { "memory.usage", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ALLOCATION, 0, HM_LIFE_PROCESS,
      FALSE, "Part of memory.available in use: not to be freed without swapping (needs the balloon driver)" },
  [RESIDENT]
  = { "memory.resident", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_MEMORY_RESIDENT, HM_HOLD_ALLOCATION, 0,
      HM_LIFE_PROCESS, FALSE, "Host memory that the instance's process occupies" },
  [SWAP_IN] = { "memory.swap.in", HM_CUMULATIVE, "KiB", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ACTIVITY, 0,
                HM_LIFE_GUEST, FALSE, "Memory the guest read back from its swap space" },
  [SWAP_OUT] = { "memory.swap.out", HM_CUMULATIVE, "KiB", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ACTIVITY, 0,
                 HM_LIFE_GUEST, FALSE, "Memory the guest wrote to its swap space" },
  [MAJOR_FAULTS]
  = { "memory.major_faults", HM_CUMULATIVE, "fault", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ACTIVITY, 0,
      HM_LIFE_GUEST, FALSE, "Page faults in the guest that had to read a disk" },
  [MINOR_FAULTS]
  = { "memory.minor_faults", HM_CUMULATIVE, "fault", HM_VALUE_U64, HM_FIELD_BALLOON, HM_HOLD_ACTIVITY, 0,
      HM_LIFE_GUEST, FALSE, "Page faults in the guest that needed no disk" },
  { NULL },
};

/* What is left of @available; absent where a part is, or where the guest claims more than there is. */
static HmMaybe
subtract (HmMaybe available, HmMaybe rest)
{
  if (!available.given || !rest.given || rest.value > available.value)
    return HM_ABSENT;
  return HM_GIVEN (available.value - rest.value);
}

/* A guest cannot have more than it was ever given: one that says so is not believed. */
static HmMaybe
available_of (const HmDomain *domain)
{
  HmMaybe maximum = domain->balloon_maximum;

  return maximum.given && domain->balloon_available.value > maximum.value ? HM_ABSENT
                                                                          : domain->balloon_available;
}

static HmMaybe
usage_of (const HmDomain *domain)
{
  HmMaybe rest = domain->balloon_usable.given ? domain->balloon_usable : domain->balloon_unused;

  return subtract (available_of (domain), rest);
}

/* Seconds since the guest's last report. Absent where it never made one, or made it ahead of the host's
 * clock. */
static HmMaybe
age_of (const HmDomain *domain)
{
  HmMaybe now = { domain->wall_ns >= 0, (guint64)domain->wall_ns / HM_NSEC_PER_SEC };

  if (domain->balloon_last_update.value == 0)
    return HM_ABSENT;
  return subtract (now, domain->balloon_last_update);
}

static void
emit_reported (HmSink *sink, const HmMeter *meter, const HmLifeMark *life, HmMaybe value, const char *age)
{
  hm_sink_u64_life (sink, meter, NULL, life, value);
  if (age != NULL)
    hm_sink_attr (sink, "age_s", age);
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  HmMaybe seconds = age_of (domain);
  char buffer[HM_NUMBER_MAX];
  const char *age = NULL;

  if (seconds.given)
    {
      hm_value_print ((HmValue){ HM_VALUE_U64, { .u64 = seconds.value } }, buffer);
      age = buffer;
    }
  hm_sink_u64 (sink, &meters[MEMORY], NULL, domain->balloon_current);
  hm_sink_u64 (sink, &meters[RESIDENT], NULL, domain->balloon_rss);
  emit_reported (sink, &meters[AVAILABLE], NULL, available_of (domain), age);
  emit_reported (sink, &meters[USAGE], NULL, usage_of (domain), age);
  emit_reported (sink, &meters[SWAP_IN], &domain->guest, domain->swap_in, age);
  emit_reported (sink, &meters[SWAP_OUT], &domain->guest, domain->swap_out, age);
  emit_reported (sink, &meters[MAJOR_FAULTS], &domain->guest, domain->major_fault, age);
  emit_reported (sink, &meters[MINOR_FAULTS], &domain->guest, domain->minor_fault, age);
  return HM_OK;
}

HM_POLLSTER (memory, HM_NS_POLL_COMPUTE, "Memory of each instance", meters, emit);
