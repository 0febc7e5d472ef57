/* SPDX-License-Identifier: Apache-2.0 */
/* fold_gauge: values that hold, and amounts that were already taken as differences.
 *
 * A gauge is a step function: what was read goes on until the next reading, for a limited time, and no longer
 * than the resource's state lets it. So that no figure depends on when it is looked at, gauges advance with
 * the records of their resource, never with a clock: each record, of whatever kind, brings all of them to its
 * time. */
#include "collector/usage/fold_step.h"

#include <string.h>

typedef enum
{
  HELD,    /* 0: what the table does not name */
  RENEWED, /* goes on for as long as records say that state, without being read */
  ENDED,
} Clip;

/* What a state does to a value of each hold; a state that is not named lets it hold. */
static const Clip clips[][HM_STATE_LOST + 1] = {
  [HM_HOLD_NONE] = { [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
  [HM_HOLD_EXISTENCE] = { [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
  [HM_HOLD_ALLOCATION]
  = { [HM_STATE_SHUTOFF] = ENDED, [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
  [HM_HOLD_DISK] = { [HM_STATE_SHUTOFF] = RENEWED, [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
  [HM_HOLD_ACTIVITY] = { [HM_STATE_SHUTOFF] = ENDED, [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
  [HM_HOLD_STATE] = { [HM_STATE_UNDEFINED] = ENDED, [HM_STATE_LOST] = ENDED },
};

static Clip
clip_of (const HmFoldStep *step, HmSeries *series)
{
  const HmMeter *meter = hm_step_meter (step, series);

  return clips[meter != NULL ? meter->hold : HM_HOLD_ALLOCATION][hm_fold_state_now (step->state)];
}

/* Until when a value of this record holds: one that is renewed for as long as the state is known. */
static HmTime
hold_end (const HmFoldStep *step, Clip how)
{
  return hm_time_after (step->record->time,
                        how == RENEWED ? MAX (step->hold_ns, HM_KNOWN_NS) : step->hold_ns);
}

static gboolean
integrate (HmFoldStep *step, HmSeries *series, HmTime from, HmTime to, guint32 flags)
{
  return to <= from || hm_step_integrate (step, series, hm_value_widen (series->value), from, to, flags);
}

/* What lies behind its hold is unknown, unless the policy says that the value goes on: where nothing was read. What everything else
 * was read without is gone. */
static gboolean
advance (HmFoldStep *step, HmSeries *series)
{
  HmTime now = step->record->time, before = step->state->time, end;

  if (!integrate (step, series, before, MIN (now, series->until), 0))
    return FALSE;
  if (step->policy == NULL || !step->policy->hold || now <= series->until
      || step->state->sampled > series->until)
    return TRUE;
  if (__builtin_add_overflow (series->until, HM_HOLD_MAX, &end))
    end = G_MAXINT64;
  return integrate (step, series, MAX (before, series->until), MIN (now, end), HM_FLAG_HELD);
}

gboolean
hm_step_advance (HmFoldStep *step)
{
  const GPtrArray *all = step->state->series;

  for (guint i = 0; i < all->len; i++)
    {
      HmSeries *series = g_ptr_array_index (all, i);

      if (series->holder != NULL && series->type == HM_GAUGE && !advance (step, series))
        return FALSE;
    }
  return TRUE;
}

static void
clip (const HmFoldStep *step, HmSeries *series, const char *removed)
{
  Clip how = clip_of (step, series);

  if (how == ENDED || (removed != NULL && strcmp (removed, series->device) == 0))
    hm_series_end (series);
  else if (how == RENEWED)
    series->until = MAX (series->until, hold_end (step, how));
}

void
hm_step_clip (HmFoldStep *step)
{
  const GPtrArray *all = step->state->series;
  const HmRecord *record = step->record;
  gboolean removal = record->kind == HM_RECORD_LIFECYCLE && g_strcmp0 (record->event, "device-removed") == 0;

  for (guint i = 0; i < all->len; i++)
    {
      HmSeries *series = g_ptr_array_index (all, i);

      if (series->holder != NULL && series->type == HM_GAUGE)
        clip (step, series, removal ? record->device : NULL);
    }
}

/* From here on the value is this one, whoever said what before. */
void
hm_step_gauge (HmFoldStep *step, HmSeries *series, const HmSample *sample)
{
  Clip how = clip_of (step, series);

  if (sample->value.type == HM_VALUE_DOUBLE || how == ENDED)
    hm_series_end (series);
  else
    hm_series_hold (series, step->life, hm_sample_epoch (sample), hold_end (step, how));
}

/* -- deltas -- */

static gboolean
counted_last (const HmFoldStep *step, const HmSeries *series)
{
  return series->holder == NULL || strcmp (series->holder->agent, step->life->agent) == 0;
}

/* Whether another agent counted within the interval. Deltas come by their ends: the latest one of all, or of all others, ends last. */
static gboolean
is_shared (const HmFoldStep *step, const HmSeries *series, HmTime from)
{
  if (!counted_last (step, series))
    return series->until > from;
  return series->rival != NULL && series->rival_until > from;
}

gboolean
hm_step_delta (HmFoldStep *step, HmSeries *series, const HmSample *sample)
{
  HmTime to = step->record->time, from = sample->start;
  guint32 flags;

  if (from < 0 || from >= to)
    from = MAX (to - step->interval_ns, 0);
  flags = is_shared (step, series, from) ? HM_FLAG_OVERLAP : 0;
  if (!counted_last (step, series))
    {
      series->rival = series->holder;
      series->rival_until = series->until;
    }
  hm_series_hold (series, step->life, hm_sample_epoch (sample), to);
  step->opening = (HmFoldOpening){ 0 };
  return hm_step_count (step, series, sample, MIN (from, to), hm_value_widen (sample->value), flags);
}
