/* SPDX-License-Identifier: Apache-2.0 */
/* cpu: CPU time of an instance, as the host accounts it.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. `cpu` is what the host spent on
 * the instance, emulator threads included; `cpu.guest` and `cpu.steal` are sums over its virtual CPUs and
 * exist only when every one of them says its part: a sum with one missing would look like a counter that went
 * back. */
#include "metering/hypermeter.h"

enum
{
  CPU,
  CPU_USER,
  CPU_SYSTEM,
  CPU_GUEST,
  CPU_STEAL,
};

static const HmMeter meters[] = {
  [CPU] = { "cpu", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_ACTIVITY, 0, HM_LIFE_PROCESS,
            FALSE, "Host CPU time that the instance consumed" },
  [CPU_USER]
  = { "cpu.user", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_MODES, HM_HOLD_ACTIVITY, 0, HM_LIFE_PROCESS,
      FALSE, "Part of cpu that was spent in user mode, where the guest itself runs" },
  [CPU_SYSTEM] = { "cpu.system", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_MODES, HM_HOLD_ACTIVITY, 0,
                   HM_LIFE_PROCESS, FALSE, "Part of cpu that was spent in the host's kernel" },
  [CPU_GUEST] = { "cpu.guest", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_VCPU_TIMES, HM_HOLD_ACTIVITY, 0,
                  HM_LIFE_PROCESS, FALSE, "CPU time of all virtual CPUs together" },
  [CPU_STEAL]
  = { "cpu.steal", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_VCPU_DELAY, HM_HOLD_ACTIVITY, 0,
      HM_LIFE_PROCESS, FALSE, "Time that virtual CPUs were ready to run and the host let them wait" },
  { NULL },
};

/* A sum has a value as long as each part has one and the total fits. */
static void
add (HmMaybe *sum, HmMaybe part)
{
  sum->given = sum->given && part.given && g_uint64_checked_add (&sum->value, sum->value, part.value);
}

/* What the virtual CPUs say together. Whatever else could give the delay, where it is missing libvirt's group of vCPU
 * statistics was asked, which holds the wait. A steal is one counter or the other, never a mixture of both; the
 * sample says when it is the second choice. */
static void
emit_sums (const HmDomain *domain, HmSink *sink)
{
  HmMaybe time = { domain->n_vcpus > 0, 0 }, delay = time, wait = time;

  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      add (&time, domain->vcpus[i].time);
      add (&delay, domain->vcpus[i].delay);
      add (&wait, domain->vcpus[i].wait);
    }
  hm_sink_u64 (sink, &meters[CPU_GUEST], NULL, time);
  hm_sink_u64 (sink, &meters[CPU_STEAL], NULL, delay.given ? delay : wait);
  if (!delay.given)
    hm_sink_attr (sink, "counter", "wait");
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[CPU], NULL, domain->cpu_time);
  hm_sink_u64 (sink, &meters[CPU_USER], NULL, domain->cpu_user);
  hm_sink_u64 (sink, &meters[CPU_SYSTEM], NULL, domain->cpu_system);
  emit_sums (domain, sink);
  return HM_OK;
}

HM_POLLSTER (cpu, HM_NS_POLL_COMPUTE, "CPU time of each instance", meters, emit);
