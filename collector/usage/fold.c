/* SPDX-License-Identifier: Apache-2.0 */
/* fold: one record into the rows.
 *
 * Called by the collector's engine, on its fold thread, for each record of a resource in order; and by
 * whoever folds a resource again from its raw records. This file is the order of things: what held until now
 * is brought to the record's time under what was true until now; then what the record says about the resource
 * is true; then its samples are taken one by one. What a sample is worth is in fold_cumulative.c and
 * fold_gauge.c, where that goes is in fold_span.c, and what is remembered in fold_state.h. The rules
 * themselves: docs/usage.md. */
#include "collector/usage/fold_step.h"

#include <string.h>

int
hm_record_compare (const HmRecord *a, const HmRecord *b)
{
  int order = (a->time > b->time) - (a->time < b->time);

  if (order == 0)
    order = strcmp (a->agent.id, b->agent.id);
  if (order == 0)
    order = strcmp (a->agent.epoch, b->agent.epoch);
  return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

gboolean
hm_fold_takes_part (const HmRecord *record)
{
  return record->kind == HM_RECORD_SAMPLES || record->kind == HM_RECORD_LIFECYCLE;
}

gboolean
hm_fold_in_order (const HmFoldState *state, const HmRecord *record)
{
  const HmRecord last = { .time = state->time,
                          .agent = { .id = state->agent, .epoch = state->agent_epoch },
                          .seq = state->seq };

  return !hm_fold_takes_part (record) || state->time == HM_TIME_UNKNOWN
         || hm_record_compare (record, &last) > 0;
}

static gboolean
is_running (const HmRecord *record)
{
  const HmResourceStamp *resource = &record->resource;

  return record->kind == HM_RECORD_SAMPLES && g_strcmp0 (resource->kind, "instance") == 0
         && resource->epoch != NULL && resource->state == HM_STATE_RUNNING;
}

gboolean
hm_fold_is_claimed_twice (const HmFoldState *state, const HmRecord *record)
{
  if (state->time == HM_TIME_UNKNOWN || hm_text_equal (state->agent, record->agent.id) || !is_running (record)
      || state->said != HM_STATE_RUNNING)
    return FALSE;
  for (guint i = 0; i < state->lives->len; i++)
    {
      const HmCounterLife *life = g_ptr_array_index (state->lives, i);

      if (hm_text_equal (life->agent, record->agent.id)
          && hm_text_equal (life->epoch, record->resource.epoch))
        return TRUE;
    }
  return FALSE;
}

/* The latest policy that is in force at @time. */
static const HmFoldPolicy *
policy_at (const GArray *policies, HmTime time)
{
  guint i = policies != NULL ? policies->len : 0;

  while (i > 0 && g_array_index (policies, HmFoldPolicy, i - 1).from > time)
    i--;
  return i > 0 ? &g_array_index (policies, HmFoldPolicy, i - 1) : NULL;
}

static void
begin (HmFoldStep *step)
{
  const HmRecord *record = step->record;
  const char *epoch = record->resource.epoch != NULL ? record->resource.epoch : "";

  step->interval_ns = record->interval_ns > 0 ? record->interval_ns : step->settings->fallback_interval;
  if (__builtin_mul_overflow (step->interval_ns, step->settings->hold_intervals, &step->hold_ns)
      || step->hold_ns > HM_HOLD_MAX)
    step->hold_ns = HM_HOLD_MAX;
  if (step->output->number != NULL)
    step->number = step->output->number (step->output, record);
  hm_step_reset (step);
  step->policy = policy_at (step->settings->policies, record->time);
  step->life = hm_fold_state_life (step->state, record->agent.id, epoch);
  if (record->n_samples > 0)
    step->life->read_ns = MAX (record->read_ns, 0);
}

const HmMeter *
hm_step_meter (const HmFoldStep *step, HmSeries *series)
{
  if (!series->resolved && step->settings->meters != NULL)
    series->row = hm_meter_table_find (step->settings->meters, series->meter);
  series->resolved = TRUE;
  return series->row;
}

static gboolean
same_value (HmValue a, HmValue b)
{
  if (a.type == HM_VALUE_DOUBLE || b.type == HM_VALUE_DOUBLE)
    return a.type == b.type && a.f64 == b.f64;
  return hm_value_widen (a) == hm_value_widen (b);
}

static gboolean
take (HmFoldStep *step, HmSeries *series, const HmSample *sample)
{
  gboolean exact = sample->value.type != HM_VALUE_DOUBLE, done = TRUE;
  guint32 flags = exact ? 0 : HM_FLAG_INEXACT;

  if (series->type == HM_GAUGE)
    hm_step_gauge (step, series, sample);
  else if (exact && series->type == HM_CUMULATIVE)
    done = hm_step_cumulative (step, series, sample, &flags);
  else if (exact)
    done = hm_step_delta (step, series, sample);
  series->time = step->record->time;
  series->value = sample->value;
  series->number = step->number;
  return done && hm_step_touch (step, series, sample, flags);
}

/* Whether there is a reading of that time already, and of what follows one another: of a counter that of its life, of what has one
 * value at a time that of its holder. */
static gboolean
was_read (const HmFoldStep *step, const HmSeries *series, const HmSample *sample, HmValue *ret_value)
{
  const HmSegment *segment;

  if (series->time != step->record->time)
    return FALSE;
  *ret_value = series->value;
  if (series->type != HM_CUMULATIVE)
    return series->holder == NULL || series->value.type == HM_VALUE_DOUBLE
           || (series->holder == step->life
               && hm_text_equal (series->holder_epoch, hm_sample_epoch (sample)));
  segment = hm_step_segment (step, series, sample);
  if (segment == NULL || segment->time != step->record->time)
    return FALSE;
  *ret_value = hm_value_narrow (segment->value);
  return TRUE;
}

/* Of two readings of one life and time, the one that came first by order is the reading, whatever is decided. */
static gboolean
fold_again (HmFoldStep *step, const HmSample *sample, HmValue value)
{
  const HmHeld held = { HM_FLAG_CONFLICT, step->record->time, value, 0 };

  if (same_value (value, sample->value))
    return hm_step_mark (step, sample, HM_FLAG_DUPLICATE);
  hm_step_hold_out (step, sample, &held);
  return hm_step_mark (step, sample, HM_FLAG_CONFLICT);
}

static gboolean
fold_sample (HmFoldStep *step, const HmSample *sample, guint *hint)
{
  HmSeries *series;
  HmValue value;

  if (sample->type == HM_GAUGE && !step->owns)
    return hm_step_note (step, sample, HM_FLAG_OVERLAP);
  series = hm_fold_state_series (step->state, sample, step->record->time, hint);
  if (series == NULL)
    return hm_step_mark (
        step, sample, strcmp (sample->meter, HM_METER_STATE_TIME) == 0 ? HM_FLAG_CONFLICT : HM_FLAG_OVERFLOW);
  if (series->type != sample->type || !hm_text_equal (series->unit, sample->unit))
    return hm_step_mark (step, sample, HM_FLAG_CONFLICT);
  if (was_read (step, series, sample, &value))
    return fold_again (step, sample, value);
  return take (step, series, sample);
}

/* What the record says about the resource is in force from its time on, where its agent has the say. */
static void
heed (HmFoldStep *step)
{
  hm_step_own (step);
  if (!step->owns)
    return;
  if (hm_fold_state_revise (step->state, step->record->time, &step->record->resource))
    hm_step_reset (step);
  hm_step_clip (step);
  hm_step_know_state (step);
}

gboolean
hm_fold (HmFoldState *state, const HmRecord *record, const HmFoldContext *context,
         const HmFoldSettings *settings, HmFoldOutput *output)
{
  static const HmFoldContext nothing = { 0 };
  HmFoldStep step = { .state = state,
                      .record = record,
                      .context = context != NULL ? context : &nothing,
                      .settings = settings,
                      .output = output };
  guint hint = 0;

  if (!hm_fold_takes_part (record))
    return TRUE;
  begin (&step);
  if (state->time != HM_TIME_UNKNOWN && (!hm_step_advance (&step) || !hm_step_advance_state (&step)))
    return FALSE;
  heed (&step);
  for (guint i = 0; i < record->n_samples; i++)
    if (!fold_sample (&step, &record->samples[i], &hint))
      return FALSE;
  if (step.owns && record->n_samples > 0)
    state->sampled = record->time;
  hm_fold_state_note (state, record);
  return TRUE;
}
