/* SPDX-License-Identifier: Apache-2.0 */
/* fold_cumulative: what a reading of a counter is worth.
 *
 * A counter says how much since it began, and it begins anew with every process, host or plugged device. Each
 * such life is a segment. A reading is judged against the segment it belongs to, or as the first of a new
 * one; the verdict is an amount and the interval in which it came to be, or the reason why nothing is
 * counted. What is too low, or more than can be, is held out: it counts, or is the base of what follows, when somebody has
 * decided so. */
#include "collector/usage/fold_step.h"

#include <string.h>

typedef struct
{
  gboolean counted; /* else the reading is only the base of the next one, or, held out, not even that */
  guint32 held_out; /* why; 0: it is not */
  HmTime from;      /* the amount came to be from then to the reading */
  HmInt128 amount;
  guint32 flags;
} Verdict;

static Verdict
count (HmTime from, HmInt128 amount, guint32 flags)
{
  return (Verdict){ .counted = TRUE, .from = from, .amount = amount, .flags = flags };
}

/* -- the same life -- */

/* A counter of @width bits went round when that explains the lower value by less than half a turn; a greater
 * step back is a reading that should not be. */
static gboolean
went_round (const HmMeter *meter, HmInt128 before, HmInt128 now, HmInt128 *ret_amount)
{
  HmInt128 turn;

  if (meter == NULL || meter->wrap == 0)
    return FALSE;
  turn = (HmInt128)1 << meter->wrap;
  *ret_amount = now + turn - before;
  return before < turn && now >= 0 && *ret_amount < turn / 2;
}

#define STUCK (HM_FLAG_REGRESS | HM_FLAG_REGRESS_STUCK)

static Verdict
judge_next (const HmFoldStep *step, HmSeries *series, const HmSegment *segment, HmInt128 value)
{
  const HmMeter *meter = hm_step_meter (step, series);
  HmTime from = segment->time;
  guint32 gap = step->record->time - from > step->hold_ns ? HM_FLAG_ESTIMATED_DISTRIBUTION : 0;
  HmInt128 amount;

  if (value >= segment->value)
    return count (from, value - segment->value, gap);
  if (meter != NULL && meter->life == HM_LIFE_GUEST && value >= 0)
    return count (from, value, gap | HM_FLAG_RESET);
  if (went_round (meter, segment->value, value, &amount))
    return count (from, amount, gap | HM_FLAG_WRAP);
  return (Verdict){ .held_out = segment->regressed + 1 < HM_REGRESS_STUCK ? HM_FLAG_REGRESS : STUCK };
}

/* -- a new life -- */

/* When the counter began, as far as that can be believed. */
static HmTime
known_start (const HmFoldStep *step, const HmSample *sample)
{
  HmTime start = sample->epoch != NULL ? sample->epoch_start : step->record->resource.epoch_start;

  return start >= 0 && start < step->record->time ? start : HM_TIME_UNKNOWN;
}

/* Nobody pays for what was before this host was metered, and nobody twice for what may be a life that was
 * dropped from the state. */
static gboolean
may_count_whole (const HmFoldStep *step, HmTime start)
{
  return start >= step->record->agent.metering_since && start >= step->state->forgotten;
}

static Verdict
judge_first (const HmFoldStep *step, HmTime start, HmInt128 value)
{
  if (start != HM_TIME_UNKNOWN && step->record->agent.metering_since != HM_TIME_UNKNOWN
      && may_count_whole (step, start))
    return count (start, value, HM_FLAG_FROM_START);
  return (Verdict){ .flags = HM_FLAG_BASELINE };
}

/* What the old life counted after its last reading cannot be known. */
static Verdict
judge_reset (const HmFoldStep *step, const HmSeries *series, HmTime start, HmInt128 value)
{
  const HmCounterLife *before = g_array_index (series->segments, HmSegment, 0).life;

  if (start == HM_TIME_UNKNOWN)
    return count (series->time, value, HM_FLAG_RESET_INFERRED);
  if (!may_count_whole (step, start))
    return (Verdict){ .flags = HM_FLAG_BASELINE };
  return count (start, value, strcmp (before->agent, step->life->agent) != 0 ? HM_FLAG_MOVED : HM_FLAG_RESET);
}

static Verdict
judge_new (const HmFoldStep *step, const HmSeries *series, const HmSample *sample, HmInt128 value)
{
  HmTime start = known_start (step, sample);

  if (value < 0) /* has not counted up from zero, whatever it did */
    return (Verdict){ .flags = HM_FLAG_BASELINE };
  return series->segments->len == 0 ? judge_first (step, start, value)
                                    : judge_reset (step, series, start, value);
}

/* -- segments -- */

static guint
place_of (const HmSeries *series, const HmCounterLife *life, const char *epoch)
{
  const HmSegment *all = (const HmSegment *)(const void *)series->segments->data;
  guint i = 0;

  while (i < series->segments->len && (all[i].life != life || !hm_text_equal (all[i].epoch, epoch)))
    i++;
  return i;
}

const HmSegment *
hm_step_segment (const HmFoldStep *step, const HmSeries *series, const HmSample *sample)
{
  guint i = place_of (series, step->life, hm_sample_epoch (sample));

  return i < series->segments->len ? &g_array_index (series->segments, HmSegment, i) : NULL;
}

/* The segment that the reading belongs to, brought to the front; NULL when its life is new. */
static HmSegment *
find_segment (HmSeries *series, const HmCounterLife *life, const char *epoch)
{
  HmSegment *all = (HmSegment *)(void *)series->segments->data, found;
  guint i = place_of (series, life, epoch);

  if (i == series->segments->len)
    return NULL;
  if (i > 0)
    {
      found = all[i];
      memmove (all + 1, all, i * sizeof (HmSegment));
      all[0] = found;
    }
  return all;
}

/* -- held out -- */

/* What began at an unknown time may have been long before. */
static void
bound (const HmFoldStep *step, const HmSeries *series, const HmSegment *segment, Verdict *verdict)
{
  gint64 read_ns = segment != NULL ? segment->read_ns : 0;

  if (series->bound != HM_BOUND_NONE && verdict->counted && (verdict->flags & HM_FLAG_RESET_INFERRED) == 0
      && !hm_step_is_possible (step, series, read_ns, verdict->from, verdict->amount))
    verdict->held_out = HM_FLAG_IMPLAUSIBLE;
}

/* The reason that says most. */
static guint32
reason (guint32 held_out)
{
  return held_out == STUCK ? HM_FLAG_REGRESS_STUCK : held_out;
}

/* A value that is too low cannot be counted: nobody knows what came in between. */
static void
decide (HmFoldStep *step, const HmSample *sample, const HmSegment *segment, Verdict *verdict)
{
  const HmHeld held
      = { reason (verdict->held_out), segment != NULL ? segment->time : HM_TIME_UNKNOWN,
          segment != NULL ? hm_value_narrow (segment->value) : hm_value_narrow (0), verdict->amount };
  HmDecision decision = hm_step_hold_out (step, sample, &held);

  if (decision == HM_DECISION_REBASE)
    *verdict = (Verdict){ .flags = verdict->held_out | HM_FLAG_REBASED };
  else if (decision == HM_DECISION_RELEASE && verdict->counted)
    {
      verdict->flags |= verdict->held_out | HM_FLAG_RELEASED;
      verdict->held_out = 0;
    }
}

/* -- counting -- */

/* Where its life is new, it counts from zero: nothing was read before. What began at an unknown time is counted from the latest reading on. */
static HmFoldOpening
opening_of (const HmSeries *series, const HmSegment *segment, const Verdict *verdict)
{
  if (segment == NULL)
    return (HmFoldOpening){ .number = (verdict->flags & HM_FLAG_RESET_INFERRED) != 0 ? series->number : 0 };
  return (HmFoldOpening){ segment->number, TRUE, segment->time, hm_value_narrow (segment->value) };
}

/* Whether another host counted within the interval. */
static gboolean
overlaps (const HmFoldStep *step, const HmSeries *series, HmTime from)
{
  for (guint i = 1; i < series->segments->len; i++)
    {
      const HmSegment *other = &g_array_index (series->segments, HmSegment, i);

      if (other->counted > from && other->life != step->life
          && strcmp (other->life->agent, step->life->agent) != 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
settle (HmFoldStep *step, HmSeries *series, const HmSample *sample, HmSegment *segment,
        const Verdict *verdict, guint32 *ret_flags)
{
  HmTime now = step->record->time;

  step->opening = opening_of (series, segment, verdict);
  if (segment == NULL)
    segment = hm_fold_state_add_segment (step->state, series, step->life, hm_sample_epoch (sample), now);
  segment->number = step->number;
  segment->time = now;
  segment->value = hm_value_widen (sample->value);
  segment->read_ns = series->bound != HM_BOUND_NONE ? step->life->read_ns : 0;
  if (!verdict->counted)
    {
      *ret_flags |= verdict->flags;
      return TRUE;
    }
  segment->counted = now;
  return hm_step_count (step, series, sample, verdict->from, verdict->amount,
                        verdict->flags | (overlaps (step, series, verdict->from) ? HM_FLAG_OVERLAP : 0));
}

gboolean
hm_step_cumulative (HmFoldStep *step, HmSeries *series, const HmSample *sample, guint32 *ret_flags)
{
  HmInt128 value = hm_value_widen (sample->value);
  HmSegment *segment = find_segment (series, step->life, hm_sample_epoch (sample));
  Verdict verdict
      = segment != NULL ? judge_next (step, series, segment, value) : judge_new (step, series, sample, value);

  bound (step, series, segment, &verdict);
  if (verdict.held_out != 0)
    decide (step, sample, segment, &verdict);
  if (segment != NULL)
    segment->regressed
        = (verdict.held_out & HM_FLAG_REGRESS) != 0 ? MIN (segment->regressed + 1, HM_REGRESS_STUCK) : 0;
  if (verdict.held_out == 0)
    return settle (step, series, sample, segment, &verdict, ret_flags);
  *ret_flags |= verdict.held_out;
  return TRUE;
}
