/* SPDX-License-Identifier: Apache-2.0 */
/* fold_tell: what the fold says besides rows: readings that are held out until somebody decides, and the trace of each interval. */
#include "collector/usage/fold_step.h"

HmDecision
hm_step_hold_out (HmFoldStep *step, const HmSample *sample, const HmHeld *held)
{
  const HmRecord *record = step->record;
  HmHeldRow row = { .agent = record->agent.id,
                    .epoch = record->agent.epoch,
                    .seq = record->seq,
                    .device = sample->device != NULL ? sample->device : "",
                    .meter = sample->meter,
                    .sample_epoch = hm_sample_epoch (sample),
                    .unit = sample->unit,
                    .type = sample->type,
                    .time = record->time,
                    .flag = held->flag,
                    .value = sample->value,
                    .base_time = held->base_time,
                    .base = held->base,
                    .amount = held->amount };

  row.decision = hm_decisions_find (step->context->decisions, record, sample);
  if (step->output->held != NULL)
    step->output->held (step->output, &row);
  return row.decision;
}

void
hm_step_trace (HmFoldStep *step, const HmSeries *series, const HmCounterLife *life, const char *epoch,
               HmFoldTrace trace)
{
  trace.record = step->record;
  trace.device = series->device;
  trace.meter = series->meter;
  trace.unit = series->unit;
  trace.type = series->type;
  trace.agent = life->agent;
  trace.epoch = life->epoch;
  trace.sample_epoch = epoch;
  step->output->trace (step->output, &trace);
}

void
hm_step_trace_uncounted (HmFoldStep *step, const HmBucket *row, const HmSample *sample, guint32 flags)
{
  HmFoldTrace trace = { .record = step->record,
                        .row = row,
                        .device = sample->device != NULL ? sample->device : "",
                        .meter = sample->meter,
                        .unit = sample->unit,
                        .type = sample->type,
                        .agent = step->life->agent,
                        .epoch = step->life->epoch,
                        .sample_epoch = hm_sample_epoch (sample),
                        .from = step->record->time,
                        .to = step->record->time,
                        .value = sample->value,
                        .flags = flags };

  if (step->output->trace != NULL)
    step->output->trace (step->output, &trace);
}
