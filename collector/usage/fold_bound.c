/* SPDX-License-Identifier: Apache-2.0 */
/* fold_bound: what a counter cannot exceed, whatever a reading says.
 *
 * CPU time is bounded by the CPUs of the host, as the threads of the emulator count too; what a network interface carries only
 * where a policy says how much that can be. A reading is taken somewhere in its read window, so the time between two of them may be
 * longer than it seems by both windows. And it is told by the wall clock, while counters go by another: a time service slews it by
 * up to a twelfth, and steps that are too small to place records by the time since boot are not seen. The bound is there to hold out what cannot
 * be, not to measure, so it gives way by more than that. */
#include "collector/usage/fold_step.h"

#include <string.h>

static gboolean
is_cpu_time (const char *meter)
{
  return strcmp (meter, "cpu") == 0 || strcmp (meter, "cpu.user") == 0 || strcmp (meter, "cpu.system") == 0
         || strcmp (meter, "cpu.guest") == 0;
}

HmBound
hm_bound_of (HmMeterType type, const char *meter, const char *unit)
{
  if (type != HM_CUMULATIVE)
    return HM_BOUND_NONE;
  if (strcmp (unit, "ns") == 0)
    return is_cpu_time (meter)                ? HM_BOUND_CPUS
           : strcmp (meter, "vcpu.time") == 0 ? HM_BOUND_ONE_CPU
                                              : HM_BOUND_NONE;
  return strcmp (unit, "B") == 0 && g_str_has_prefix (meter, "network.") && g_str_has_suffix (meter, ".bytes")
             ? HM_BOUND_NETWORK
             : HM_BOUND_NONE;
}

/* How much of it a second can bring, in its unit; 0: nobody knows. */
static guint64
most_per_second (const HmFoldStep *step, HmBound bound)
{
  switch (bound)
    {
    case HM_BOUND_CPUS:
      return (guint64)step->record->agent.cpus * (guint64)HM_NSEC_PER_SEC;
    case HM_BOUND_ONE_CPU:
      return (guint64)HM_NSEC_PER_SEC;
    case HM_BOUND_NETWORK:
      return step->policy != NULL ? step->policy->network_limit : 0;
    case HM_BOUND_NONE:
      break;
    }
  return 0;
}

gboolean
hm_step_is_possible (const HmFoldStep *step, const HmSeries *series, gint64 read_ns, HmTime from,
                     HmInt128 amount)
{
  guint64 most = most_per_second (step, series->bound);
  HmInt128 ns;

  if (most == 0)
    return TRUE;
  ns = (HmInt128)step->record->time - from + read_ns + step->life->read_ns;
  ns += ns / 8 + HM_PLACE_APART_NS;
  return amount <= (HmInt128)((HmUint128)most * (HmUint128)MIN (ns, G_MAXINT64) / (HmUint128)HM_NSEC_PER_SEC);
}
