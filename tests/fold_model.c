/* SPDX-License-Identifier: Apache-2.0 */
/* fold_model: see the header. It takes time as it takes records: from the beginning, each time. */
#include "tests/fold_model_private.h"

#include <string.h>

static guint32
context_flags (const Model *model, const HmRecord *record)
{
  return kit_history_context (model->history, record).flags;
}

static const HmFoldPolicy *
policy_of (const Model *model, const HmRecord *record)
{
  static const HmFoldPolicy none = { 0 };
  const HmFoldPolicy *found = &none;

  for (guint i = 0; i < model->history->policies->len; i++)
    if (g_array_index (model->history->policies, HmFoldPolicy, i).from <= record->time)
      found = &g_array_index (model->history->policies, HmFoldPolicy, i);
  return found;
}

/* -- cells -- */

static KitExpected *
cell (const Model *model, HmTime time, const Attributes *whose, const Point *point)
{
  const HmRecord *record = point->record;
  char *key = g_strdup_printf (
      "%" G_GINT64_FORMAT "|%s|%s|%s|%s|%s|%d|%s|%s|%s", time - time % model->settings->grain_ns,
      record->agent.id, record->resource.epoch, whose->project, whose->user, whose->flavor, (int)whose->state,
      or_empty (point->sample->device), point->sample->meter, or_empty (point->sample->epoch));
  KitExpected *found = g_hash_table_lookup (model->cells, key);

  if (found == NULL)
    {
      found = g_new0 (KitExpected, 1);
      g_hash_table_insert (model->cells, g_steal_pointer (&key), found);
    }
  g_free (key);
  return found;
}

static KitExpected *
own_cell (const Model *model, const Point *point)
{
  Attributes whose = attributes_after (model, point->at);

  return cell (model, point->record->time, &whose, point);
}

static void
mark (const Model *model, const Point *point, guint32 flags)
{
  own_cell (model, point)->flags |= flags | context_flags (model, point->record);
}

/* The next moment after @at at which something cuts the interval. */
static HmTime
next_cut (const Model *model, HmTime at, HmTime to)
{
  HmTime next = at - at % model->settings->grain_ns + model->settings->grain_ns;

  for (guint i = 0; i < model->records->len; i++)
    {
      HmTime time = record_at (model, i)->time;

      if (time > at && time < next && changed_at (model, i))
        next = time;
    }
  return MIN (next, to);
}

/* The whole of each share first, then one for the largest remainder until nothing is left. */
static void
spread (const Model *model, const Point *point, HmTime from, HmInt128 amount, guint32 flags)
{
  HmTime to = point->record->time, cuts[2000];
  HmInt128 parts[2000], rests[2000], left = amount;
  guint n = 0;

  flags |= context_flags (model, point->record);
  if (from == to) /* two lives at one moment */
    {
      own_cell (model, point)->quantity += amount;
      own_cell (model, point)->flags |= flags;
      return;
    }
  for (cuts[0] = from; cuts[n] < to; n++)
    {
      cuts[n + 1] = next_cut (model, cuts[n], to);
      parts[n] = amount * (cuts[n + 1] - cuts[n]) / (to - from);
      rests[n] = amount * (cuts[n + 1] - cuts[n]) % (to - from);
      left -= parts[n];
    }
  for (; left > 0; left--)
    {
      guint most = 0;

      for (guint i = 1; i < n; i++)
        if (rests[i] > rests[most])
          most = i;
      parts[most]++;
      rests[most] = -1;
    }
  for (guint i = 0; i < n; i++)
    {
      Attributes whose = attributes_at (model, cuts[i]);
      KitExpected *expected = cell (model, cuts[i], &whose, point);

      expected->quantity += parts[i];
      expected->covered_ns += cuts[i + 1] - cuts[i];
      expected->flags |= flags;
    }
}

/* -- counters -- */

static gboolean
same_life (const Point *a, const Point *b)
{
  return strcmp (a->record->agent.id, b->record->agent.id) == 0
         && strcmp (a->record->resource.epoch, b->record->resource.epoch) == 0
         && strcmp (or_empty (a->sample->epoch), or_empty (b->sample->epoch)) == 0;
}

static gboolean
is_exact (const Point *point)
{
  return point->sample->value.type != HM_VALUE_DOUBLE;
}

/* What came of a reading, before it is asked whether that can be. */
typedef struct
{
  HmTime from;
  HmInt128 amount;
  guint32 flags, held_out;
  gboolean counted;
} Worth;

static Worth
worth (HmTime from, HmInt128 amount, guint32 flags)
{
  return (Worth){ from, amount, flags, 0, TRUE };
}

/* How many readings of that life were too low, one after the other, up to the one before @point. */
static guint
low_before (const GArray *points, const Point *point)
{
  guint n = 0;

  for (guint i = 0; i + 1 < points->len; i++)
    {
      const Point *other = &g_array_index (points, Point, i);

      if (is_exact (other) && same_life (other, point))
        n = (other->held_out & HM_FLAG_REGRESS) != 0 ? n + 1 : 0;
    }
  return n;
}

static Worth
judge_next (const Model *model, const GArray *points, const Point *base, const Point *point,
            const HmMeter *row)
{
  guint64 before = base->sample->value.u64, now = point->sample->value.u64;
  HmTime from = base->record->time;
  guint32 gap = point->record->time - from > hold (model, point->record) ? HM_FLAG_ESTIMATED_DISTRIBUTION : 0;

  if (now >= before)
    return worth (from, now - before, gap);
  if (row->life == HM_LIFE_GUEST)
    return worth (from, now, gap | HM_FLAG_RESET);
  if (row->wrap == 32 && (guint32)(now - before) < (guint32)1 << 31)
    return worth (from, (guint32)(now - before), gap | HM_FLAG_WRAP);
  return (Worth){ .held_out = low_before (points, point) >= 2 ? HM_FLAG_REGRESS | HM_FLAG_REGRESS_STUCK
                                                              : HM_FLAG_REGRESS };
}

static Worth
judge_new (const Point *previous, const Point *latest, const Point *point)
{
  const HmRecord *record = point->record;
  HmTime start = point->sample->epoch != NULL ? point->sample->epoch_start : record->resource.epoch_start;
  HmTime since = record->agent.metering_since;
  gboolean known = start != HM_TIME_UNKNOWN && start < record->time;
  HmInt128 value = point->sample->value.u64;

  if (previous == NULL && known && since != HM_TIME_UNKNOWN && start >= since)
    return worth (start, value, HM_FLAG_FROM_START);
  if (previous != NULL && !known)
    return worth (latest->record->time, value, HM_FLAG_RESET_INFERRED);
  if (previous != NULL && (since == HM_TIME_UNKNOWN || start >= since))
    return worth (start, value,
                  strcmp (previous->record->agent.id, record->agent.id) == 0 ? HM_FLAG_RESET : HM_FLAG_MOVED);
  return (Worth){ .flags = HM_FLAG_BASELINE };
}

/* CPUs × (the time between and both windows, an eighth more, and a second). */
static gboolean
is_possible (const Point *base, const Point *point, const Worth *of)
{
  HmInt128 time
      = point->record->time - of->from + point->record->read_ns + (base != NULL ? base->record->read_ns : 0);

  return strcmp (point->sample->meter, "cpu") != 0 || point->record->agent.cpus == 0
         || of->flags == HM_FLAG_RESET_INFERRED
         || of->amount <= point->record->agent.cpus * (time + time / 8 + SECOND);
}

static void
expect_held (const Model *model, const Point *base, const Point *point, guint32 flag, HmInt128 amount,
             HmDecision decision)
{
  const HmRecord *record = point->record;
  KitExpectedHeld *held = g_new (KitExpectedHeld, 1);

  *held = (KitExpectedHeld){ (flag & HM_FLAG_REGRESS_STUCK) != 0 ? HM_FLAG_REGRESS_STUCK : flag, amount,
                             base != NULL ? base->record->time : HM_TIME_UNKNOWN, decision };
  g_hash_table_insert (model->held,
                       g_strdup_printf ("%s|%s|%" G_GUINT64_FORMAT "|%s|%s|%s", record->agent.id,
                                        record->agent.epoch, record->seq, or_empty (point->sample->device),
                                        point->sample->meter, or_empty (point->sample->epoch)),
                       held);
}

static HmDecision
decision_of (const Model *model, const Point *point)
{
  return hm_decisions_find (model->history->decisions, point->record, point->sample);
}

static gboolean
overlaps (const GArray *points, const Point *point, HmTime from)
{
  for (guint i = 0; i + 1 < points->len; i++)
    {
      const Point *other = &g_array_index (points, Point, i);

      if (other->counted && other->record->time > from
          && strcmp (other->record->agent.id, point->record->agent.id) != 0)
        return TRUE;
    }
  return FALSE;
}

/* Readings that are held out: what they are worth once somebody has decided. */
static void
decide (const Model *model, const Point *base, const Point *point, Worth *of)
{
  HmDecision decision = decision_of (model, point);

  expect_held (model, base, point, of->held_out, of->amount, decision);
  if (decision == HM_DECISION_REBASE)
    *of = (Worth){ .flags = of->held_out | HM_FLAG_REBASED };
  else if (decision == HM_DECISION_RELEASE && of->counted)
    {
      of->flags |= of->held_out | HM_FLAG_RELEASED;
      of->held_out = 0;
    }
}

static void
settle (const Model *model, const GArray *points, const Point *base, Point *point, Worth of)
{
  if (of.counted && !is_possible (base, point, &of))
    of.held_out = HM_FLAG_IMPLAUSIBLE;
  if (of.held_out != 0)
    decide (model, base, point, &of);
  point->held_out = of.held_out;
  point->unknown = of.held_out != 0 && base == NULL;
  point->counted = of.counted && of.held_out == 0;
  if (!point->counted)
    mark (model, point, of.held_out != 0 ? of.held_out : of.flags);
  else
    spread (model, point, of.from, of.amount,
            of.flags | (overlaps (points, point, of.from) ? HM_FLAG_OVERLAP : 0));
}

/* @points: those of the series before it, and it. */
static void
judge (const Model *model, GArray *points, const HmMeter *row)
{
  Point *point = &g_array_index (points, Point, points->len - 1);
  const Point *base = NULL, *previous = NULL, *latest = NULL;

  for (guint i = 0; i + 1 < points->len; i++)
    {
      const Point *other = &g_array_index (points, Point, i);

      latest = other;
      if (!is_exact (other) || other->unknown)
        continue;
      previous = other;
      if (same_life (other, point) && other->held_out == 0)
        base = other;
    }
  settle (model, points, base, point,
          base != NULL ? judge_next (model, points, base, point, row) : judge_new (previous, latest, point));
}

/* -- gauges -- */

static gboolean
ends (const Model *model, const Point *point, guint i, HmHold how)
{
  HmState state = attributes_after (model, i).state;
  const HmRecord *record = record_at (model, i);

  if (!model->owns[i])
    return FALSE;
  if (i > point->at && record->event != NULL && strcmp (record->event, "device-removed") == 0
      && strcmp (record->device, or_empty (point->sample->device)) == 0)
    return TRUE;
  return state == HM_STATE_UNDEFINED || state == HM_STATE_LOST
         || (state == HM_STATE_SHUTOFF && (how == HM_HOLD_ALLOCATION || how == HM_HOLD_ACTIVITY));
}

/* Until when the value holds, as far as the records up to @i say; HM_TIME_UNKNOWN when it has ended. */
static HmTime
holds_until (const Model *model, const Point *point, guint i, HmHold how)
{
  HmTime until = HM_TIME_UNKNOWN;

  for (guint j = point->at; j <= i; j++)
    {
      const HmRecord *record = record_at (model, j);

      if (ends (model, point, j, how))
        return HM_TIME_UNKNOWN;
      if (!model->owns[j])
        continue;
      if (how == HM_HOLD_DISK && attributes_after (model, j).state == HM_STATE_SHUTOFF)
        until = MAX (until, record->time + MAX (hold (model, record), 3 * HOUR));
      else if (j == point->at)
        until = MAX (until, record->time + hold (model, record));
    }
  return until;
}

/* What @value is worth between @from and @to, which lie between the records @i and @i + 1. */
static void
integrate_value (const Model *model, const Point *point, guint i, HmInt128 value, HmTime from, HmTime to,
                 guint32 flags)
{
  Attributes whose = attributes_after (model, i);

  while (from < to)
    {
      HmTime end = MIN (to, from - from % model->settings->grain_ns + model->settings->grain_ns);
      KitExpected *expected = cell (model, from, &whose, point);

      expected->quantity += value * (end - from);
      expected->covered_ns += end - from;
      expected->flags |= flags | context_flags (model, record_at (model, i + 1));
      from = end;
    }
}

static void
integrate (const Model *model, const Point *point, guint i, HmHold how)
{
  const HmRecord *next = record_at (model, i + 1);
  HmTime from = record_at (model, i)->time, until = holds_until (model, point, i, how);
  guint64 value = point->sample->value.u64;
  gboolean read = FALSE;

  integrate_value (model, point, i, value, from, MIN (next->time, until), 0);
  for (guint j = 0; j <= i; j++)
    read |= model->owns[j] && record_at (model, j)->n_samples > 0 && record_at (model, j)->time > until;
  if (until != HM_TIME_UNKNOWN && !read && policy_of (model, next)->hold)
    integrate_value (model, point, i, value, MAX (from, until), next->time, HM_FLAG_HELD);
}

/* The latest reading not after record @i owns the time until the next record. */
static void
integrate_all (const Model *model, const GArray *points, HmHold how)
{
  for (guint i = 0; i + 1 < model->records->len; i++)
    {
      const Point *owner = NULL;

      for (guint j = 0; j < points->len; j++)
        if (g_array_index (points, Point, j).at <= i)
          owner = &g_array_index (points, Point, j);
      if (owner != NULL && is_exact (owner))
        integrate (model, owner, i, how);
    }
}

/* -- the time in each state -- */

/* How long it was known, by what record @j said, when record @i was the last one. */
static void
know_state (const Model *model, guint j, guint i)
{
  const HmSample sample = { .meter = "state.time" };
  const HmRecord *record = record_at (model, j);
  const Point point = { .at = j, .record = record, .sample = &sample };
  HmTime until = record->time + MAX (hold (model, record), 3 * HOUR);

  if (!is_one_of (record->resource.state, HM_STATE_UNDEFINED, HM_STATE_LOST, HM_STATE_LOST))
    integrate_value (model, &point, i, 1, record_at (model, i)->time,
                     MIN (record_at (model, i + 1)->time, until), 0);
}

static void
know_states (const Model *model)
{
  gboolean said = FALSE;
  guint last = 0;

  for (guint i = 0; i + 1 < model->records->len; i++)
    {
      if (model->handed[i] != i
          || (model->owns[i] && record_at (model, i)->resource.state != HM_STATE_UNKNOWN))
        {
          said = TRUE;
          last = model->handed[i];
        }
      if (said)
        know_state (model, last, i);
    }
}

/* -- one series -- */

static void
judge_delta (const Model *model, GArray *points)
{
  Point *point = &g_array_index (points, Point, points->len - 1);
  HmTime to = point->record->time, from = point->sample->start;

  if (from == HM_TIME_UNKNOWN || from >= to)
    from = to - hold (model, point->record) / model->settings->hold_intervals;
  point->counted = TRUE;
  spread (model, point, from, point->sample->value.u64, overlaps (points, point, from) ? HM_FLAG_OVERLAP : 0);
}

static gboolean
is_same (const HmValue *a, const HmValue *b)
{
  return a->type == b->type && (a->type == HM_VALUE_DOUBLE ? a->f64 == b->f64 : a->u64 == b->u64);
}

/* The reading of its time that is there already, and that it would have to follow; NULL: there is none. */
static const Point *
read_already (const Model *model, const GArray *points, const Point *point, const HmMeter *row)
{
  for (guint i = points->len; i-- > 0;)
    {
      const Point *other = &g_array_index (points, Point, i);
      gboolean follows = same_life (other, point);

      if (row->type == HM_CUMULATIVE && (!follows || !is_exact (other) || other->held_out != 0))
        continue;
      if (row->type == HM_DELTA)
        follows |= !is_exact (other);
      if (row->type == HM_GAUGE)
        follows |= !is_exact (other) || holds_until (model, other, point->at, row->hold) == HM_TIME_UNKNOWN;
      return follows && other->record->time == point->record->time ? other : NULL;
    }
  return NULL;
}

/* TRUE when the reading is another one of the same life and time, which is not taken. */
static gboolean
is_repeated (const Model *model, const GArray *points, const Point *point, const HmMeter *row)
{
  const Point *first = read_already (model, points, point, row);
  gboolean same;

  if (first == NULL)
    return FALSE;
  same = is_same (&first->sample->value, &point->sample->value);
  if (!same)
    expect_held (model, first, point, HM_FLAG_CONFLICT, 0, decision_of (model, point));
  mark (model, point, same ? HM_FLAG_DUPLICATE : HM_FLAG_CONFLICT);
  return TRUE;
}

static void
take (const Model *model, GArray *points, Point *point, const HmMeter *row)
{
  gboolean noted = row->type == HM_GAUGE && !model->owns[point->at];

  if (!noted && is_repeated (model, points, point, row))
    return;
  own_cell (model, point)->count++;
  mark (model, point, noted ? HM_FLAG_OVERLAP : 0);
  if (noted)
    return;
  g_array_append_val (points, *point);
  if (!is_exact (point))
    mark (model, point, HM_FLAG_INEXACT);
  else if (row->type == HM_CUMULATIVE)
    judge (model, points, row);
  else if (row->type == HM_DELTA)
    judge_delta (model, points);
}

static void
model_series (const Model *model, const HmMeter *row)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (Point));

  for (guint i = 0; i < model->records->len; i++)
    {
      const HmRecord *record = record_at (model, i);

      for (guint j = 0; j < record->n_samples; j++)
        if (strcmp (record->samples[j].meter, row->name) == 0)
          take (model, points, &(Point){ .at = i, .record = record, .sample = &record->samples[j] }, row);
    }
  if (row->type == HM_GAUGE)
    integrate_all (model, points, row->hold);
}

KitModel *
kit_model (const KitHistory *history, const HmFoldSettings *settings)
{
  g_autoptr (GPtrArray) meters = hm_meter_table_list (history->meters);
  g_autofree gboolean *owns = g_new0 (gboolean, history->records->len);
  g_autofree guint *handed = g_new0 (guint, history->records->len);
  Model model = { history,
                  history->records,
                  settings,
                  owns,
                  handed,
                  g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                  g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  KitModel *result = g_new (KitModel, 1);

  for (guint i = 0; i < history->records->len; i++)
    {
      handed[i] = i;
      handed[i] = handed_to (&model, i);
      owns[i] = handed[i] == i && has_the_say (&model, i);
    }
  for (guint i = 0; i < meters->len; i++)
    model_series (&model, g_ptr_array_index (meters, i));
  know_states (&model);
  *result = (KitModel){ model.cells, model.held };
  return result;
}

void
kit_model_free (KitModel *model)
{
  g_hash_table_unref (model->cells);
  g_hash_table_unref (model->held);
  g_free (model);
}
