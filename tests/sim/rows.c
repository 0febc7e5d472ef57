/* SPDX-License-Identifier: Apache-2.0 */
/* rows: counts what the simulator played and what the collector said of it. */
#include "tests/sim/sim.h"
#include "tests/kit.h"

typedef struct
{
  const char *name;
  guint32 flag;     /* that tells of it; 0: none does */
  gboolean not_yet; /* the collector does not tell it */
} Row;

static const Row rows[SIM_ROWS] = {
  [SIM_ROW_NEXT] = { "two points of one segment", 0, FALSE },
  [SIM_ROW_FROM_START] = { "first point, start known", HM_FLAG_FROM_START, FALSE },
  [SIM_ROW_BASELINE] = { "first point, start unknown or before metering", HM_FLAG_BASELINE, FALSE },
  [SIM_ROW_RESET] = { "new epoch, start known", HM_FLAG_RESET, FALSE },
  [SIM_ROW_RESET_INFERRED] = { "new epoch, start unknown", HM_FLAG_RESET_INFERRED, FALSE },
  [SIM_ROW_RESET_GROWN] = { "new epoch although the value grew", 0, FALSE },
  [SIM_ROW_REGRESS] = { "lower value, same epoch", HM_FLAG_REGRESS, FALSE },
  [SIM_ROW_REGRESS_STUCK] = { "three lower values in a row", HM_FLAG_REGRESS_STUCK, !SIM_RULE_HELD },
  [SIM_ROW_GUEST_RESET] = { "lower value of the guest's kernel", 0, FALSE },
  [SIM_ROW_WRAP] = { "wrap of a declared counter", HM_FLAG_WRAP, FALSE },
  [SIM_ROW_IMPLAUSIBLE] = { "more than physically possible", HM_FLAG_IMPLAUSIBLE, !SIM_RULE_HELD },
  [SIM_ROW_GAP] = { "gap longer than three intervals", HM_FLAG_ESTIMATED_DISTRIBUTION, FALSE },
  [SIM_ROW_MOVED] = { "migration", HM_FLAG_MOVED, FALSE },
  [SIM_ROW_OVERLAP] = { "both hosts report at once", HM_FLAG_OVERLAP, !SIM_RULE_OVERLAPS },
  [SIM_ROW_DUPLICATE] = { "same time, same value", HM_FLAG_DUPLICATE, !SIM_RULE_DUPLICATES },
  [SIM_ROW_CONFLICT] = { "same time, other value", HM_FLAG_CONFLICT, FALSE },
  [SIM_ROW_LATE] = { "late or out of order", HM_FLAG_LATE, FALSE },
  [SIM_ROW_REPEATED] = { "the same record twice", 0, FALSE },
  [SIM_ROW_LOST] = { "record that was lost", 0, FALSE },
  [SIM_ROW_UNKNOWN] = { "gauge beyond its hold", 0, FALSE },
  [SIM_ROW_PAUSED] = { "paused: held", 0, FALSE },
  [SIM_ROW_SHUTTING_DOWN] = { "shutting-down: held", 0, FALSE },
  [SIM_ROW_SHUTOFF] = { "shutoff: memory ends", 0, FALSE },
  [SIM_ROW_SHUTOFF_EXISTS] = { "shutoff and exists: capacity goes on", 0, FALSE },
  [SIM_ROW_UNDEFINED] = { "undefined: all ends", 0, FALSE },
  [SIM_ROW_LOST_STATE] = { "lost: all ends", 0, FALSE },
  [SIM_ROW_OWNER] = { "change of owner", 0, FALSE },
  [SIM_ROW_FLAVOR] = { "change of flavor", 0, FALSE },
  [SIM_ROW_REMOVED] = { "device removed", 0, FALSE },
  [SIM_ROW_DELTA] = { "delta", 0, FALSE },
  [SIM_ROW_CLOCK_STEP] = { "wall clock stepped within one boot", HM_FLAG_CLOCK_STEP, FALSE },
  [SIM_ROW_FUTURE] = { "more than 300 s after its arrival", HM_FLAG_FUTURE, FALSE },
  [SIM_ROW_HELD] = { "unknown time under a policy that says hold", HM_FLAG_HELD, FALSE },
  [SIM_ROW_RELEASED] = { "implausible, and released", HM_FLAG_RELEASED, FALSE },
  [SIM_ROW_REBASED] = { "held out, and the base from then on", HM_FLAG_REBASED, FALSE },
};

void
sim_hits_play (SimHits *hits, guint64 played)
{
  for (guint i = 0; i < SIM_ROWS; i++)
    hits->played[i] += (played & SIM_BIT (i)) != 0;
}

void
sim_hits_tell (SimHits *hits, guint32 flags)
{
  for (guint i = 0; i < SIM_ROWS; i++)
    hits->told[i] += (flags & rows[i].flag) != 0;
}

void
sim_hits_happen (SimHits *hits, guint32 events)
{
  for (guint i = 0; i < SIM_EVENTS; i++)
    hits->events[i] += (events >> i) & 1;
}

static void
print (const SimHits *hits, guint i)
{
  if (rows[i].not_yet)
    print_message ("# %-46s not yet\n", rows[i].name);
  else if (rows[i].flag == 0)
    print_message ("# %-46s %9" G_GUINT64_FORMAT " played\n", rows[i].name, hits->played[i]);
  else
    print_message ("# %-46s %9" G_GUINT64_FORMAT " played %9" G_GUINT64_FORMAT " told\n", rows[i].name,
                   hits->played[i], hits->told[i]);
}

void
sim_hits_assert (const SimHits *hits, guint64 least)
{
  const char *rare = NULL;

  for (guint i = 0; i < SIM_EVENTS; i++)
    {
      print_message ("# %-46s %9" G_GUINT64_FORMAT " histories\n", sim_events[i], hits->events[i]);
      if (hits->events[i] < least)
        rare = sim_events[i];
    }
  for (guint i = 0; i < SIM_ROWS; i++)
    {
      print (hits, i);
      if (rows[i].not_yet)
        continue;
      if (hits->played[i] < least || (rows[i].flag != 0 && hits->told[i] < least))
        rare = rows[i].name;
    }
  if (rare != NULL)
    fail_msg ("less than %" G_GUINT64_FORMAT " times: %s", least, rare);
}
