/* SPDX-License-Identifier: Apache-2.0 */
/* truth: the rules of docs/usage.md over records that are all at hand. Each question is answered by looking through the records
 * again; nothing is carried from one to the next. Shares no code with the fold, nor with tests/fold_model.c.
 * Histories are too short for what the fold forgets in days, and for what it spreads over a month at most. */
#include "tests/sim/truth_view.h"

#include <string.h>

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : sim_nothing ();
}

/* What was in force at @time, as far as the records up to @last say. */
static const Said *
said_at (const View *view, HmTime time, guint last)
{
  while (last > 0 && time_at (view, last) > time)
    last--;
  return &view->said[last];
}

/* -- totals -- */

static gboolean
is_same (const SimTotal *a, const SimTotal *b)
{
  return a->series == b->series && a->state == b->state && a->epoch == b->epoch && a->agent == b->agent
         && a->project == b->project && a->flavor == b->flavor && a->sample_epoch == b->sample_epoch;
}

SimTotal *
sim_total (SimTruth *truth, const SimTotal *key)
{
  for (guint i = 0; i < truth->n; i++)
    if (is_same (&truth->totals[i], key))
      return &truth->totals[i];
  g_assert (truth->n < SIM_TOTALS);
  truth->totals[truth->n] = *key;
  truth->totals[truth->n].quantity = 0;
  truth->totals[truth->n].covered_ns = 0;
  truth->totals[truth->n].flags = 0;
  return &truth->totals[truth->n++];
}

static SimTotal *
total_of (const View *view, const Point *point, const Said *said)
{
  const HmRecord *record = record_at (view, point->at);
  const SimTotal key = { .agent = record->agent.id,
                         .epoch = or_empty (record->resource.epoch),
                         .project = said->project,
                         .flavor = said->flavor,
                         .state = said->state,
                         .series = view->series,
                         .sample_epoch = or_empty (point->sample->epoch) };

  return sim_total (view->truth, &key);
}

static void
flag (const View *view, const Point *point, guint32 flags)
{
  total_of (view, point, &view->said[point->at])->flags |= flags;
}

/* -- dividing -- */

/* Where the part that begins at @at ends. */
static HmTime
end_of_part (const View *view, HmTime at, HmTime to, guint last)
{
  HmTime end = MIN (to, at - at % view->grain + view->grain);

  for (guint i = 0; i <= last; i++)
    if (view->changed[i] && time_at (view, i) > at && time_at (view, i) < end)
      return time_at (view, i);
  return end;
}

/* Who has the largest remainder, the earliest of those that are equal; he has none from then on. */
static guint
take_largest (HmInt128 *remainders, guint n)
{
  guint most = 0;

  for (guint i = 1; i < n; i++)
    if (remainders[i] > remainders[most])
      most = i;
  remainders[most] = -1;
  return most;
}

/* @amount came to be between @from and the reading; all of it at its moment where that is no time at all. */
static void
spread (const View *view, const Point *point, HmTime from, HmInt128 amount, guint32 flags)
{
  HmTime to = time_at (view, point->at), at = from;
  HmInt128 left = amount, remainders[1000];
  SimTotal *parts[1000];
  guint n = 0;

  for (; at < to; n++)
    {
      HmTime end = end_of_part (view, at, to, point->at);
      HmInt128 share = amount * (end - at);

      g_assert (n < G_N_ELEMENTS (parts));
      parts[n] = total_of (view, point, said_at (view, at, point->at));
      parts[n]->quantity += share / (to - from);
      parts[n]->covered_ns += end - at;
      parts[n]->flags |= flags | view->ordered[point->at]->flags;
      remainders[n] = share % (to - from);
      left -= share / (to - from);
      at = end;
    }
  if (n == 0)
    {
      parts[0] = total_of (view, point, &view->said[point->at]);
      parts[0]->quantity += amount;
      parts[0]->flags |= flags | view->ordered[point->at]->flags;
      left = 0;
    }
  for (; left > 0; left--)
    parts[take_largest (remainders, n)]->quantity++;
}

/* -- counters -- */

static gboolean
same_life (const View *view, const Point *a, const Point *b)
{
  const HmRecord *of_a = record_at (view, a->at), *of_b = record_at (view, b->at);

  return of_a->agent.id == of_b->agent.id && of_a->resource.epoch == of_b->resource.epoch
         && a->sample->epoch == b->sample->epoch;
}

/* The latest reading of the life of @point before it that was not held out. */
static const Point *
base_of (const View *view, const Point *point)
{
  for (guint i = view->n_points; i-- > 0;)
    {
      const Point *before = &view->points[i];

      if (before != point && before < point && !before->held_out && same_life (view, before, point))
        return before;
    }
  return NULL;
}

static guint
too_low_before (const View *view, const Point *point)
{
  guint n = 0;

  for (const Point *before = point; before-- > view->points;)
    {
      if (!same_life (view, before, point))
        continue;
      if (!before->held_out || before->sample->value.u64 >= base_of (view, point)->sample->value.u64)
        break;
      n++;
    }
  return n;
}

static const SimPolicy *
policy_at (const View *view, HmTime time)
{
  static const SimPolicy none;
  const SimPolicy *found = &none;

  for (guint i = 0; i < view->history->n_policies; i++)
    if (view->history->policies[i].from <= time)
      found = &view->history->policies[i];
  return found;
}

/* No more CPU time can have passed than all CPUs of the host had since @from, and no more traffic than the policy says: both reads took
 * a while, and the wall clock may have been slow by an eighth and a second. */
static gboolean
is_too_much (const View *view, const Point *point, HmTime from, gint64 read_ns, guint64 amount)
{
  const HmRecord *record = record_at (view, point->at);
  HmUint128 apart = (HmUint128)(record->time - from + read_ns + record->read_ns);
  HmUint128 ns = apart + apart / 8 + SIM_SECOND;
  guint64 limit = policy_at (view, record->time)->network_limit;

  if (view->series == SIM_CPU)
    return SIM_RULE_HELD && amount > record->agent.cpus * ns;
  return SIM_RULE_HELD && view->series == SIM_NETWORK && limit != 0 && amount > limit * ns / SIM_SECOND;
}

static HmDecision
decision_on (const View *view, const Point *point)
{
  const SimRecord *sim = view->ordered[point->at];

  for (guint i = 0; i < sim->record.n_samples; i++)
    if (sim->series[i] == view->series)
      return sim->decisions[i];
  return HM_DECISION_NONE;
}

/* Notes that a reading is not counted until somebody decides. */
static void
keep_held (const View *view, const Point *point, guint32 flag)
{
  const HmRecord *record = record_at (view, point->at);

  g_assert (view->truth->n_held < G_N_ELEMENTS (view->truth->held));
  view->truth->held[view->truth->n_held++]
      = (SimHeld){ record->agent.id, record->agent.epoch, record->seq, view->series, flag };
}

/* TRUE when somebody has said that it counts all the same. */
static gboolean
hold_out (const View *view, Point *point, guint32 flags)
{
  HmDecision decision = decision_on (view, point);

  if (SIM_RULE_HELD && flags == HM_FLAG_REGRESS && too_low_before (view, point) >= 2)
    flags |= HM_FLAG_REGRESS_STUCK;
  keep_held (view, point, (flags & HM_FLAG_REGRESS_STUCK) != 0 ? HM_FLAG_REGRESS_STUCK : flags);
  point->held_out = decision != HM_DECISION_REBASE;
  if (decision == HM_DECISION_REBASE)
    flags |= HM_FLAG_REBASED;
  else if (decision == HM_DECISION_RELEASE && flags == HM_FLAG_IMPLAUSIBLE)
    {
      point->held_out = FALSE;
      return TRUE;
    }
  flag (view, point, flags);
  return FALSE;
}

#define RELEASED (HM_FLAG_IMPLAUSIBLE | HM_FLAG_RELEASED)

/* Whether another host counted after @from. */
static guint32
overlap (const View *view, const Point *point, HmTime from)
{
  for (const Point *before = view->points; SIM_RULE_OVERLAPS && before < point; before++)
    if (before->counted && time_at (view, before->at) > from
        && record_at (view, before->at)->agent.id != record_at (view, point->at)->agent.id)
      return HM_FLAG_OVERLAP;
  return 0;
}

static void
count (const View *view, Point *point, HmTime from, guint64 amount, guint32 flags)
{
  point->counted = TRUE;
  spread (view, point, from, amount, flags | overlap (view, point, from));
}

static void
count_on (const View *view, Point *point, const Point *base)
{
  guint64 before = base->sample->value.u64, now = point->sample->value.u64;
  HmTime from = time_at (view, base->at);
  guint32 gap = time_at (view, point->at) - from > hold_of (record_at (view, point->at))
                    ? HM_FLAG_ESTIMATED_DISTRIBUTION
                    : 0;

  if (now >= before && is_too_much (view, point, from, record_at (view, base->at)->read_ns, now - before))
    {
      if (hold_out (view, point, HM_FLAG_IMPLAUSIBLE))
        count (view, point, from, now - before, gap | RELEASED);
    }
  else if (now >= before)
    count (view, point, from, now - before, gap);
  else if (view->series == SIM_FAULTS)
    count (view, point, from, now, gap | HM_FLAG_RESET);
  else if (view->series == SIM_NARROW && (guint32)(now - before) < 1u << 31)
    count (view, point, from, (guint32)(now - before), gap | HM_FLAG_WRAP);
  else
    hold_out (view, point, HM_FLAG_REGRESS);
}

/* The latest reading before it that was not the only one of its life, and held out. */
static const Point *
previous_of (const View *view, const Point *point)
{
  while (point-- > view->points)
    if (!point->none)
      return point;
  return NULL;
}

/* When the counter began; HM_TIME_UNKNOWN where nobody says, or nobody believes it. */
static HmTime
start_of (const View *view, const Point *point)
{
  const HmRecord *record = record_at (view, point->at);
  HmTime start = point->sample->epoch != NULL ? point->sample->epoch_start : record->resource.epoch_start;

  return start < record->time ? start : HM_TIME_UNKNOWN;
}

static void
count_whole (const View *view, Point *point, const Point *previous, HmTime start)
{
  const HmRecord *record = record_at (view, point->at);
  guint64 value = point->sample->value.u64;
  guint32 flags = HM_FLAG_MOVED;

  if (previous == NULL)
    flags = HM_FLAG_FROM_START;
  else if (record_at (view, previous->at)->agent.id == record->agent.id)
    flags = HM_FLAG_RESET;
  if (!is_too_much (view, point, start, 0, value))
    count (view, point, start, value, flags);
  else if (hold_out (view, point, HM_FLAG_IMPLAUSIBLE))
    count (view, point, start, value, flags | RELEASED);
  point->none = point->held_out;
}

static void
count_first (const View *view, Point *point)
{
  const Point *previous = previous_of (view, point);
  HmTime start = start_of (view, point), since = record_at (view, point->at)->agent.metering_since;

  if (start == HM_TIME_UNKNOWN && previous != NULL)
    count (view, point, time_at (view, point[-1].at), point->sample->value.u64, HM_FLAG_RESET_INFERRED);
  else if (start == HM_TIME_UNKNOWN || start < since || (since == HM_TIME_UNKNOWN && previous == NULL))
    flag (view, point, HM_FLAG_BASELINE);
  else
    count_whole (view, point, previous, start);
}

static void
count_delta (const View *view, Point *point)
{
  const HmRecord *record = record_at (view, point->at);
  HmTime from = point->sample->start;

  if (from == HM_TIME_UNKNOWN || from >= record->time)
    from = record->time - interval_of (record);
  count (view, point, from, point->sample->value.u64, 0);
}

static void
count_point (const View *view, Point *point)
{
  const Point *base;

  if (view->series == SIM_TRAFFIC)
    {
      count_delta (view, point);
      return;
    }
  base = base_of (view, point);
  if (base != NULL)
    count_on (view, point, base);
  else
    count_first (view, point);
}

/* -- gauges -- */

typedef enum
{
  GOES_ON,
  IS_RENEWED,
  HAS_ENDED,
} Fate;

static Fate
fate_at (const View *view, guint i)
{
  HmState state = view->said[i].state;

  if (is_gone (state))
    return HAS_ENDED;
  if (state != HM_STATE_SHUTOFF || view->series == SIM_EXISTENCE)
    return GOES_ON;
  return view->series == SIM_CAPACITY ? IS_RENEWED : HAS_ENDED;
}

static gboolean
removes_it (const View *view, guint i)
{
  const HmRecord *record = record_at (view, i);

  return record->event != NULL && strcmp (record->event, "device-removed") == 0
         && strcmp (record->device, sim_series[view->series].device) == 0;
}

/* How long a state, and what goes on with it, is known by the word of record @i. */
static HmTime
known_until (const View *view, guint i)
{
  return time_at (view, i) + MAX (3 * SIM_HOUR, hold_of (record_at (view, i)));
}

/* The record after @i brings the value to its time. */
static void
hold_between (const View *view, const Point *point, guint i, HmTime from, HmTime to, guint32 flags)
{
  SimTotal *total;

  if (from >= to)
    return;
  total = total_of (view, point, &view->said[i]);
  total->quantity += (HmInt128)point->sample->value.u64 * (to - from);
  total->covered_ns += to - from;
  total->flags |= flags | view->ordered[i + 1]->flags;
}

/* Whether anything was read by who owned it after @time, up to record @i. */
static gboolean
was_read_since (const View *view, HmTime time, guint i)
{
  for (guint j = 0; j <= i; j++)
    if (view->owns[j] && record_at (view, j)->n_samples > 0 && time_at (view, j) > time)
      return TRUE;
  return FALSE;
}

static gboolean
ends_at (const View *view, const Point *point, guint i)
{
  return fate_at (view, i) == HAS_ENDED || (i > point->at && view->owns[i] && removes_it (view, i));
}

/* The value of @point from its record on, up to that of the next reading. */
static void
hold_value (const View *view, const Point *point, guint next)
{
  HmTime until = time_at (view, point->at) + hold_of (record_at (view, point->at));

  for (guint i = point->at; i < next && i + 1 < view->n; i++)
    {
      if (ends_at (view, point, i))
        return;
      if (fate_at (view, i) == IS_RENEWED && view->owns[i])
        until = MAX (until, known_until (view, i));
      hold_between (view, point, i, time_at (view, i), MIN (until, time_at (view, i + 1)), 0);
      if (policy_at (view, time_at (view, i + 1))->hold && !was_read_since (view, until, i))
        hold_between (view, point, i, MAX (until, time_at (view, i)), time_at (view, i + 1), HM_FLAG_HELD);
    }
}

/* -- a series -- */

/* The reading of the moment of @point that it would have to follow; NULL: there is none. Of a counter that is the base, of what has
 * one value at a time that of the same life, or one that has ended. */
static const Point *
first_of_moment (const View *view, const Point *point)
{
  const Point *first = point - 1;

  if (view->n_points == 0)
    return NULL;
  if (view->series < SIM_COUNTERS)
    first = base_of (view, point);
  else if (!same_life (view, first, point))
    {
      guint i = first->at;

      while (i < point->at && !ends_at (view, first, i))
        i++;
      if (sim_series[view->series].type != HM_GAUGE || !ends_at (view, first, i))
        return NULL;
    }
  return first != NULL && time_at (view, first->at) == time_at (view, point->at) ? first : NULL;
}

static void
take (View *view, guint at, const HmSample *sample)
{
  Point *point = &view->points[view->n_points];
  const Point *first;

  *point = (Point){ .at = at, .sample = sample };
  flag (view, point, view->ordered[at]->flags);
  if (sim_series[view->series].type == HM_GAUGE && !view->owns[at])
    {
      flag (view, point, HM_FLAG_OVERLAP);
      return;
    }
  first = first_of_moment (view, point);
  if (first == NULL)
    {
      view->n_points++;
      if (sim_series[view->series].type != HM_GAUGE)
        count_point (view, point);
    }
  else if (first->sample->value.u64 != sample->value.u64)
    {
      flag (view, point, HM_FLAG_CONFLICT);
      keep_held (view, point, HM_FLAG_CONFLICT);
    }
  else if (SIM_RULE_DUPLICATES)
    flag (view, point, HM_FLAG_DUPLICATE);
}

static void
add_series (View *view, SimSeries series)
{
  view->series = series;
  view->n_points = 0;
  for (guint i = 0; i < view->n; i++)
    for (guint j = 0; j < view->ordered[i]->placed.n_samples; j++)
      if (view->ordered[i]->series[j] == series)
        take (view, i, &view->ordered[i]->placed.samples[j]);
  for (guint i = 0; sim_series[series].type == HM_GAUGE && i < view->n_points; i++)
    hold_value (view, &view->points[i], i + 1 < view->n_points ? view->points[i + 1].at : view->n);
}

/* Between two records it is in the state that who has the say said last. */
static void
add_states (View *view)
{
  guint last = view->n;

  view->series = SIM_STATE;
  for (guint i = 0; i + 1 < view->n; i++)
    {
      static const HmSample none;
      SimTotal *total;
      gint64 ns;

      if (view->handed[i] != i)
        last = view->handed[i];
      else if (view->owns[i] && record_at (view, i)->resource.state != HM_STATE_UNKNOWN)
        last = i;
      if (last == view->n)
        continue;
      ns = MIN (time_at (view, i + 1), known_until (view, last)) - time_at (view, i);
      if (is_gone (view->said[i].state) || ns <= 0)
        continue;
      total = total_of (view, &(Point){ .at = last, .sample = &none }, &view->said[i]);
      total->quantity += ns;
      total->covered_ns += ns;
      total->flags |= view->ordered[i + 1]->flags;
    }
}

void
sim_truth (SimHistory *history, gint64 grain, SimTruth *ret_truth)
{
  View view = { .history = history, .grain = grain, .truth = ret_truth };

  ret_truth->n = ret_truth->n_held = 0;
  view.n = sim_order (history, view.ordered);
  sim_view_listen (&view);
  for (guint i = 0; i < SIM_MEASURED; i++)
    add_series (&view, i);
  if (SIM_RULE_OWNERS)
    add_states (&view);
}
