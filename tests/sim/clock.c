/* SPDX-License-Identifier: Apache-2.0 */
/* clock: when the delivered records really were, as far as their hosts' clocks let one know. See sim.h. */
#include "tests/sim/sim.h"

#include <string.h>

#define APART_NS SIM_SECOND         /* wall and boot time disagree by more */
#define RIGHT_NS SIM_SECOND         /* a synchronised clock is right when its error is less */
#define LATE_NS  (300 * SIM_SECOND) /* it is late when it is more than that after its time */
#define AHEAD_NS                                                                                             \
  (300 * SIM_SECOND) /* a record is from the future when it is more than that before its arrival */

static gboolean
is_right (const SimRecord *sim)
{
  const HmClockStamp *clock = &sim->record.clock;

  return clock->synced && clock->max_error_ns >= 0 && clock->max_error_ns < RIGHT_NS;
}

/* Of one boot, by boot time. */
static gboolean
comes_before (const SimRecord *a, const SimRecord *b)
{
  if (a->record.clock.boot_ns != b->record.clock.boot_ns)
    return a->record.clock.boot_ns < b->record.clock.boot_ns;
  if (a->record.time != b->record.time)
    return a->record.time < b->record.time;
  return is_right (a) != is_right (b) ? is_right (b) : a->number < b->number;
}

/* -- where a record stands -- */

static HmTime
moved (HmTime time, gint64 by)
{
  return time == HM_TIME_UNKNOWN || time + by < 0 ? HM_TIME_UNKNOWN : time + by;
}

/* Nothing becomes metered because a clock was wrong. */
static HmTime
moved_start (HmTime start, gint64 by, HmTime since)
{
  HmTime to = moved (start, by);

  return since != HM_TIME_UNKNOWN && start < since && to >= since ? start : to;
}

static void
put_at (SimRecord *sim, HmTime time)
{
  gint64 by = time - sim->record.time;
  HmTime since = sim->record.agent.metering_since;

  sim->placed = sim->record;
  sim->placed.time = time;
  if (by == 0)
    return;
  sim->placed.samples = sim->placed_samples;
  memcpy (sim->placed_samples, sim->samples, sizeof sim->samples);
  sim->placed.resource.epoch_start = moved_start (sim->record.resource.epoch_start, by, since);
  for (guint i = 0; i < sim->record.n_samples; i++)
    {
      sim->placed_samples[i].epoch_start = moved_start (sim->samples[i].epoch_start, by, since);
      sim->placed_samples[i].start = moved (sim->samples[i].start, by);
    }
}

/* @before: the record of its boot before it, among those that have come; NULL: it is the first. */
static void
place (SimRecord *sim, const SimRecord *before, HmTime reached)
{
  HmTime time = sim->record.time, expected = time;

  if (before != NULL)
    expected = before->placed.time + sim->record.clock.boot_ns - before->record.clock.boot_ns;
  if (ABS (expected - time) > APART_NS && !is_right (sim))
    time = expected;
  put_at (sim, time);
  sim->flags = time != sim->record.time ? HM_FLAG_CLOCK_STEP : 0;
  sim->parked = FALSE;
  if (sim->appended - time > LATE_NS)
    sim->flags |= HM_FLAG_LATE;
  if (time - sim->appended <= AHEAD_NS)
    return;
  sim->flags |= HM_FLAG_FUTURE;
  sim->parked = time > reached;
}

/* -- all of them -- */

static HmTime
reached_by (const SimHistory *history)
{
  HmTime reached = HM_TIME_UNKNOWN;

  for (guint i = 0; i < history->n_records; i++)
    if (!history->records[i].lost)
      reached = MAX (reached, history->records[i].appended);
  return reached;
}

/* The next of @boot after @last (NULL: the first). */
static SimRecord *
next_of (SimHistory *history, const char *boot, const SimRecord *last)
{
  SimRecord *next = NULL;

  for (guint i = 0; i < history->n_records; i++)
    {
      SimRecord *sim = &history->records[i];

      if (!sim->lost && sim->record.clock.boot == boot && (last == NULL || comes_before (last, sim))
          && (next == NULL || comes_before (sim, next)))
        next = sim;
    }
  return next;
}

static void
place_boot (SimHistory *history, const char *boot, HmTime reached)
{
  const SimRecord *before = NULL;

  for (SimRecord *sim = next_of (history, boot, NULL); sim != NULL; sim = next_of (history, boot, sim))
    {
      place (sim, before, reached);
      if (!sim->parked)
        before = sim;
    }
}

void
sim_place (SimHistory *history)
{
  HmTime reached = reached_by (history);

  for (guint i = 0; i < history->boots; i++)
    place_boot (history, sim_name ("boot-", i), reached);
}
