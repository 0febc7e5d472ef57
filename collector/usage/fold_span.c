/* SPDX-License-Identifier: Apache-2.0 */
/* fold_span: from intervals to cells.
 *
 * An interval is cut where a grain ends and where the owner, the flavor or the state changed; each part goes
 * to the row that stands for it. Nearly all intervals of a record are the same, and lie in one row: both are
 * remembered while the record lasts. */
#include "collector/usage/fold_step.h"

#include <string.h>

void
hm_step_reset (HmFoldStep *step)
{
  memset (step->rows, 0, sizeof (step->rows));
  step->from = step->to = HM_TIME_UNKNOWN;
}

/* -- rows -- */

static HmBucket *
ask_row (HmFoldStep *step, const HmStepRow *key)
{
  const HmRevision *revision = &g_array_index (step->state->revisions, HmRevision, key->revision);

  return step->output->bucket (step->output, key->grain, key->life->agent, key->life->epoch,
                               revision->project, revision->user, revision->flavor, revision->state);
}

static HmBucket *
find_row (HmFoldStep *step, const HmCounterLife *life, HmTime grain, guint revision)
{
  HmStepRow *row;

  for (guint i = 0; i < HM_STEP_ROWS; i++)
    {
      row = &step->rows[i];
      if (row->bucket != NULL && row->grain == grain && row->life == life && row->revision == revision)
        return row->bucket;
    }
  row = &step->rows[step->next_row++ % HM_STEP_ROWS];
  *row = (HmStepRow){ grain, life, revision, NULL };
  row->bucket = ask_row (step, row);
  return row->bucket;
}

static HmTime
grain_of (const HmFoldStep *step, HmTime time)
{
  gint64 rest = time % step->settings->grain_ns;

  return time - (rest < 0 ? rest + step->settings->grain_ns : rest);
}

/* -- cutting -- */

/* Where the part that begins at @at in revision @revision ends. */
static HmTime
cut_after (const HmFoldStep *step, HmTime at, HmTime to, guint revision)
{
  const GArray *revisions = step->state->revisions;
  HmTime start = grain_of (step, at), grain = step->settings->grain_ns;
  HmTime end = to - start > grain ? start + grain : to; /* its end may be beyond what a time can be */

  if (revision + 1 < revisions->len)
    end = MIN (end, g_array_index (revisions, HmRevision, revision + 1).from);
  return end;
}

/* Makes state->pieces the parts of [@from, @to). */
static gboolean
cut (HmFoldStep *step, const HmCounterLife *life, HmTime from, HmTime to)
{
  HmFoldState *state = step->state;
  HmTime at = from;

  if (step->from == from && step->to == to && step->span_life == life)
    return TRUE;
  if (state->pieces == NULL)
    state->pieces = g_array_new (FALSE, FALSE, sizeof (HmPiece));
  g_array_set_size (state->pieces, 0);
  do
    {
      guint revision = hm_fold_state_revision_at (state, at);
      HmTime end = cut_after (step, at, to, revision);
      HmPiece piece = { find_row (step, life, grain_of (step, at), revision), end - at };

      if (piece.bucket == NULL)
        return FALSE;
      g_array_append_val (state->pieces, piece);
      at = end;
    }
  while (at < to); /* nothing at all is still one part, of no length */
  step->from = from;
  step->to = to;
  step->span_life = life;
  return TRUE;
}

/* -- cells -- */

static HmCell *
cell_of (HmBucket *bucket, HmSeries *series, const char *epoch)
{
  return hm_bucket_cell_at (bucket, &series->cell_hint, series->device, series->meter, epoch, series->type,
                            series->unit);
}

/* An amount that has no room is left out whole, and the cell says so for ever: it shows too little. */
static void
add (HmCell *cell, HmInt128 amount, gint64 ns, guint32 flags)
{
  HmInt128 quantity;
  gint64 covered;

  if (__builtin_add_overflow (cell->quantity, amount, &quantity)
      || __builtin_add_overflow (cell->covered_ns, ns, &covered))
    {
      cell->flags |= HM_FLAG_OVERFLOW;
      return;
    }
  cell->quantity = quantity;
  cell->covered_ns = covered;
  cell->flags |= flags;
}

/* @before: how much longer the first part is than its piece, which it does not cover. (transfer full) */
static HmInt128 *
divide (const GArray *pieces, HmInt128 amount, gint64 before)
{
  g_autofree gint64 *weights = g_new (gint64, pieces->len);
  HmInt128 *parts = g_new (HmInt128, pieces->len);

  for (guint i = 0; i < pieces->len; i++)
    weights[i] = g_array_index (pieces, HmPiece, i).ns;
  weights[0] += before;
  hm_divide (amount, weights, pieces->len, parts);
  return parts;
}

/* A series of one life, and where its interval begins to be covered. */
typedef struct
{
  HmSeries *series;
  const HmCounterLife *life;
  const char *epoch;
  HmTime kept;
} Span;

/* Puts the interval into the rows of its pieces, and tells whoever asks. @parts: how much of it each has; NULL: its amount is for each
 * nanosecond. */
static void
put (HmFoldStep *step, const Span *span, HmFoldTrace trace, const HmInt128 *parts)
{
  const GArray *pieces = step->state->pieces;
  HmInt128 each = trace.amount;
  gint64 before = span->kept - trace.from;

  for (guint i = 0; i < pieces->len; i++)
    {
      const HmPiece *piece = &g_array_index (pieces, HmPiece, i);

      trace.covered_ns = piece->ns + (parts != NULL ? 0 : before);
      trace.amount = parts != NULL ? parts[i] : each * trace.covered_ns;
      add (cell_of (piece->bucket, span->series, span->epoch), trace.amount, trace.covered_ns, trace.flags);
      trace.to = trace.from + before + piece->ns;
      trace.row = piece->bucket;
      if (step->output->trace != NULL)
        hm_step_trace (step, span->series, span->life, span->epoch, trace);
      trace.from = trace.to;
      before = 0;
    }
}

gboolean
hm_step_count (HmFoldStep *step, HmSeries *series, const HmSample *sample, HmTime from, HmInt128 amount,
               guint32 flags)
{
  g_autofree HmInt128 *divided = NULL;
  HmTime to = step->record->time;
  HmTime last = grain_of (step, to - 1); /* what ends at an edge has no part after it */
  HmTime kept = MAX (from, last - (HM_SPAN_GRAINS_MAX - 1) * step->settings->grain_ns);
  const Span span = { series, step->life, hm_sample_epoch (sample), kept };

  flags |= step->context->flags;
  if (kept > from)
    flags |= HM_FLAG_ESTIMATED_DISTRIBUTION;
  if (!cut (step, step->life, kept, to))
    return FALSE;
  if (step->state->pieces->len > 1)
    divided = divide (step->state->pieces, amount, kept - from);
  put (step, &span,
       (HmFoldTrace){
           .from = from, .amount = amount, .value = sample->value, .flags = flags, .opening = step->opening },
       divided != NULL ? divided : &amount);
  return TRUE;
}

/* Where a value's amount is, there is its time: its mean is the value. No hold is longer than a month, so it has room. */
gboolean
hm_step_integrate (HmFoldStep *step, HmSeries *series, HmInt128 value, HmTime from, HmTime to, guint32 flags)
{
  HmTime kept = MAX (from, to - HM_SPAN_GRAINS_MAX * step->settings->grain_ns);
  const Span span = { series, series->holder, series->holder_epoch, kept };

  flags |= step->context->flags | (kept > from ? HM_FLAG_ESTIMATED_DISTRIBUTION : 0);
  if (!cut (step, series->holder, kept, to))
    return FALSE;
  put (step, &span,
       (HmFoldTrace){ .from = from,
                      .amount = value,
                      .value = series->value,
                      .flags = flags,
                      .opening
                      = { series->number, series->time != HM_TIME_UNKNOWN, series->time, series->value } },
       NULL);
  return TRUE;
}

/* -- a sample's own row -- */

static HmBucket *
own_row (HmFoldStep *step)
{
  return find_row (step, step->life, grain_of (step, step->record->time), step->state->revisions->len - 1);
}

static void
note_range (HmCell *cell, HmValue value)
{
  if (!cell->has_range || hm_value_is_less (value, cell->min))
    cell->min = value;
  if (!cell->has_range || hm_value_is_less (cell->max, value))
    cell->max = value;
  cell->last = value;
  cell->has_range = TRUE;
}

/* Flags say why a reading is not counted, or not as others are. */
static void
note_flags (HmFoldStep *step, const HmBucket *row, HmCell *cell, const HmSample *sample, guint32 flags)
{
  cell->flags |= flags | step->context->flags;
  if (flags != 0)
    hm_step_trace_uncounted (step, row, sample, flags | step->context->flags);
}

/* A range is one of all readings, or of none: whole numbers of counters and deltas have none, so it ends where they mix. */
static void
note_reading (HmCell *cell, const HmSample *sample)
{
  gboolean of_all = cell->count == 0 || cell->has_range;

  if (of_all && (sample->type == HM_GAUGE || sample->value.type == HM_VALUE_DOUBLE))
    note_range (cell, sample->value);
  else
    cell->has_range = FALSE;
  cell->count++;
}

static void
touch (HmFoldStep *step, const HmBucket *row, HmCell *cell, const HmSample *sample, guint32 flags)
{
  note_reading (cell, sample);
  cell->last_time = step->record->time;
  note_flags (step, row, cell, sample, flags);
}

static HmCell *
cell_of_sample (HmBucket *bucket, const HmSample *sample)
{
  return hm_bucket_cell (bucket, sample->device != NULL ? sample->device : "", sample->meter,
                         hm_sample_epoch (sample), sample->type, sample->unit);
}

gboolean
hm_step_touch (HmFoldStep *step, HmSeries *series, const HmSample *sample, guint32 flags)
{
  HmBucket *bucket = own_row (step);

  if (bucket != NULL)
    touch (step, bucket, cell_of (bucket, series, hm_sample_epoch (sample)), sample, flags);
  return bucket != NULL;
}

gboolean
hm_step_note (HmFoldStep *step, const HmSample *sample, guint32 flags)
{
  HmBucket *bucket = own_row (step);

  if (bucket != NULL)
    touch (step, bucket, cell_of_sample (bucket, sample), sample, flags);
  return bucket != NULL;
}

gboolean
hm_step_mark (HmFoldStep *step, const HmSample *sample, guint32 flags)
{
  HmBucket *bucket = own_row (step);

  if (bucket != NULL)
    note_flags (step, bucket, cell_of_sample (bucket, sample), sample, flags);
  return bucket != NULL;
}
