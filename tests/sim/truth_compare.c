/* SPDX-License-Identifier: Apache-2.0 */
/* truth_compare: the collector's figures beside what can be known, and beside what the world knows. See truth.h. */
#include "tests/sim/truth.h"

#include <string.h>

gboolean
sim_series_find (const char *device, const char *meter, SimSeries *ret_series)
{
  for (guint i = 0; i < SIM_SERIES; i++)
    if (strcmp (sim_series[i].meter, meter) == 0 && strcmp (sim_series[i].device, device) == 0)
      {
        *ret_series = i;
        return TRUE;
      }
  return FALSE;
}

gboolean
sim_truth_add_row (SimTruth *truth, const HmBucket *row)
{
  SimTotal key = { .agent = g_intern_string (row->agent),
                   .epoch = g_intern_string (row->epoch),
                   .project = g_intern_string (row->project),
                   .flavor = g_intern_string (row->flavor),
                   .state = row->state };

  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);
      SimTotal *total;

      if (!sim_series_find (cell->device, cell->meter, &key.series))
        return FALSE;
      key.sample_epoch = g_intern_string (cell->epoch);
      total = sim_total (truth, &key);
      total->quantity += cell->quantity;
      total->covered_ns += cell->covered_ns;
      total->flags |= cell->flags;
    }
  return TRUE;
}

gboolean
sim_truth_add_held (SimTruth *truth, const HmHeldRow *row)
{
  SimHeld *held = &truth->held[truth->n_held++];

  g_assert (truth->n_held < G_N_ELEMENTS (truth->held));
  *held = (SimHeld){ .agent = g_intern_string (row->agent),
                     .epoch = g_intern_string (row->epoch),
                     .seq = row->seq,
                     .flag = row->flag };
  return sim_series_find (row->device, row->meter, &held->series);
}

/* -- comparing -- */

static char *
describe (const SimTotal *expected, const SimTotal *got)
{
  char should[HM_NUMBER_MAX], is[HM_NUMBER_MAX];

  hm_int128_print (expected->quantity, 0, should);
  hm_int128_print (got->quantity, 0, is);
  return g_strdup_printf ("%s%s%s of %s/%s, %s, %s, state %d: %s, not %s; covered %" G_GINT64_FORMAT
                          ", not %" G_GINT64_FORMAT "; flags %x, not %x",
                          sim_series[expected->series].meter, *expected->sample_epoch != '\0' ? "#" : "",
                          expected->sample_epoch, expected->agent, expected->epoch, expected->project,
                          expected->flavor, (int)expected->state, is, should, got->covered_ns,
                          expected->covered_ns, got->flags, expected->flags);
}

static gboolean
says_the_same (const SimTotal *a, const SimTotal *b)
{
  return a->quantity == b->quantity && a->covered_ns == b->covered_ns && a->flags == b->flags;
}

static const SimTotal *
find (const SimTruth *truth, const SimTotal *key)
{
  static SimTotal nothing;

  for (guint i = 0; i < truth->n; i++)
    {
      const SimTotal *total = &truth->totals[i];

      if (total->series == key->series && total->state == key->state && total->epoch == key->epoch
          && total->agent == key->agent && total->project == key->project && total->flavor == key->flavor
          && total->sample_epoch == key->sample_epoch)
        return total;
    }
  nothing = *key;
  nothing.quantity = 0;
  nothing.covered_ns = 0;
  nothing.flags = 0;
  return &nothing;
}

char *
sim_truth_compare (const SimTruth *truth, const SimTruth *got)
{
  for (guint i = 0; i < truth->n; i++)
    if (!says_the_same (&truth->totals[i], find (got, &truth->totals[i])))
      return describe (&truth->totals[i], find (got, &truth->totals[i]));
  for (guint i = 0; i < got->n; i++)
    if (!says_the_same (find (truth, &got->totals[i]), &got->totals[i]))
      return describe (find (truth, &got->totals[i]), &got->totals[i]);
  return NULL;
}

static gboolean
is_held (const SimTruth *truth, const SimHeld *held)
{
  for (guint i = 0; i < truth->n_held; i++)
    {
      const SimHeld *one = &truth->held[i];

      if (one->agent == held->agent && one->epoch == held->epoch && one->seq == held->seq
          && one->series == held->series && one->flag == held->flag)
        return TRUE;
    }
  return FALSE;
}

static char *
describe_held (const SimHeld *held, const char *how)
{
  return g_strdup_printf ("%s of %s/%s/%" G_GUINT64_FORMAT " is %s: %x", sim_series[held->series].meter,
                          held->agent, held->epoch, held->seq, how, held->flag);
}

char *
sim_truth_compare_held (const SimTruth *truth, const SimTruth *got)
{
  for (guint i = 0; i < truth->n_held; i++)
    if (!is_held (got, &truth->held[i]))
      return describe_held (&truth->held[i], "not held out");
  for (guint i = 0; i < got->n_held; i++)
    if (!is_held (truth, &got->held[i]))
      return describe_held (&got->held[i], "held out");
  return NULL;
}

/* -- by counter life -- */

/* Adds up what differs by counter life alone, or by revision alone. Flags of a record's clock are left out: a trace has none for what
 * was noted and not counted. */
static void
merge (const SimTruth *from, gboolean lives, SimTruth *ret_merged)
{
  ret_merged->n = 0;
  for (guint i = 0; i < from->n; i++)
    {
      SimTotal key = from->totals[i], *total;

      if (lives)
        key.agent = key.epoch = key.sample_epoch = sim_nothing ();
      else
        {
          key.project = key.flavor = sim_nothing ();
          key.state = HM_STATE_UNKNOWN;
        }
      total = sim_total (ret_merged, &key);
      total->quantity += from->totals[i].quantity;
      total->covered_ns += from->totals[i].covered_ns;
      total->flags |= from->totals[i].flags & ~(guint32)(HM_FLAG_LATE | HM_FLAG_CLOCK_STEP | HM_FLAG_FUTURE);
    }
}

static char *
compare_merged (const SimTruth *a, const SimTruth *b, gboolean lives)
{
  static SimTruth merged[2];

  merge (a, lives, &merged[0]);
  merge (b, lives, &merged[1]);
  return sim_truth_compare (&merged[0], &merged[1]);
}

char *
sim_truth_compare_lives (const SimTruth *a, const SimTruth *b)
{
  return compare_merged (a, b, FALSE);
}

char *
sim_truth_compare_usage (const SimTruth *truth, const SimTruth *usage)
{
  return compare_merged (truth, usage, TRUE);
}

/* -- the world -- */

#define FLAGS_OF_WHOLE (HM_FLAG_FROM_START | HM_FLAG_RESET | HM_FLAG_RESET_INFERRED | HM_FLAG_MOVED)

typedef struct
{
  const SimRecord *first, *last;
  guint in_first, in_last; /* the readings' places in them */
  gboolean sound;          /* all readings of the life are */
  gboolean misplaced;      /* some stand at another time than they were */
} Life;

static gboolean
is_of_life (const SimTotal *life, const SimRecord *record, guint i)
{
  const char *epoch = record->samples[i].epoch;

  return record->series[i] == life->series && record->record.agent.id == life->agent
         && record->record.resource.epoch == life->epoch
         && (epoch != NULL ? epoch : sim_nothing ()) == life->sample_epoch;
}

static Life
look_at (SimRecord *const *ordered, guint n, const SimTotal *key)
{
  Life life = { .sound = TRUE };

  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < ordered[i]->record.n_samples; j++)
      {
        if (!is_of_life (key, ordered[i], j))
          continue;
        life.sound &= ordered[i]->readings[j] == SIM_SOUND
                      && (life.last == NULL || life.last->moment <= ordered[i]->moment);
        life.misplaced |= ordered[i]->placed.time != ordered[i]->moment;
        if (life.first == NULL)
          {
            life.first = ordered[i];
            life.in_first = j;
          }
        life.last = ordered[i];
        life.in_last = j;
      }
  return life;
}

/* Whatever the rules: what was counted of a life is what the counter went on by, and no more than it ever was. */
static char *
compare_life (SimRecord *const *ordered, guint n, const SimTotal *got)
{
  Life life = look_at (ordered, n, got);
  gboolean whole = (got->flags & FLAGS_OF_WHOLE) != 0;
  SimTotal real = *got;

  if (life.first == NULL)
    return g_strdup_printf ("%s of %s/%s, which was never read", sim_series[got->series].meter, got->agent,
                            got->epoch);
  if (!life.sound || (got->flags & HM_FLAG_CONFLICT) != 0) /* some reading was left out */
    return NULL;
  if ((got->flags & (HM_FLAG_REBASED | HM_FLAG_RELEASED)) != 0) /* what people make of it */
    return NULL;
  if (life.misplaced && (got->flags & HM_FLAG_IMPLAUSIBLE) != 0) /* much in what seems to be little time */
    return NULL;
  /* Its first reading is held out, as its start was told by a clock that was wrong then: nothing is counted, whole or not. */
  if (!whole && (got->flags & HM_FLAG_IMPLAUSIBLE) != 0 && got->quantity == 0 && got->covered_ns == 0)
    return NULL;
  if (whole == ((got->flags & HM_FLAG_BASELINE) != 0))
    return g_strdup_printf ("%s of %s/%s: counted whole and not", sim_series[got->series].meter, got->agent,
                            got->epoch);
  real.quantity = (HmInt128)life.last->real[life.in_last] - life.first->real[life.in_first];
  if (whole)
    real.quantity += life.first->samples[life.in_first].value.u64;
  return real.quantity == got->quantity ? NULL : describe (&real, got);
}

/* How long it really was this project's, of this flavor and in this state from @from to @to. */
static gint64
really (const SimHistory *history, const SimMoment *like, HmTime from, HmTime to)
{
  gint64 ns = 0;

  for (guint i = 0; i < history->n_moments; i++)
    {
      const SimMoment *moment = &history->moments[i];
      HmTime end = i + 1 < history->n_moments ? moment[1].from : to;

      if (moment->project == like->project && moment->flavor == like->flavor && moment->state == like->state)
        ns += MAX (MIN (end, to) - MAX (moment->from, from), 0);
    }
  return ns;
}

/* Whose word is first when two hosts speak at one moment is not what happened, and neither is what a wrong clock says. */
static gboolean
are_clear (SimRecord *const *ordered, guint n)
{
  for (guint i = 0; i < n; i++)
    if (ordered[i]->placed.time != ordered[i]->moment
        || (i > 0 && ordered[i - 1]->moment == ordered[i]->moment
            && ordered[i - 1]->record.agent.id != ordered[i]->record.agent.id))
      return FALSE;
  return TRUE;
}

/* All of it is known when nothing was lost. */
static char *
compare_moments (const SimHistory *history, HmTime from, HmTime to, const SimTruth *got)
{
  for (guint i = 0; i < history->n_moments; i++)
    {
      const SimMoment *moment = &history->moments[i];
      gint64 should = really (history, moment, from, to), is = 0;

      if (moment->state == HM_STATE_UNDEFINED || moment->state == HM_STATE_LOST)
        continue;
      for (guint j = 0; j < got->n; j++)
        if (got->totals[j].series == SIM_STATE && got->totals[j].state == moment->state
            && got->totals[j].project == sim_name ("project-", moment->project)
            && got->totals[j].flavor == sim_name ("flavor-", moment->flavor))
          is += got->totals[j].covered_ns;
      if (is != should)
        return g_strdup_printf ("in state %d of project %u: %" G_GINT64_FORMAT " ns, not %" G_GINT64_FORMAT,
                                (int)moment->state, moment->project, is, should);
    }
  return NULL;
}

char *
sim_truth_compare_world (SimHistory *history, const SimTruth *got)
{
  static SimTruth lives;
  SimRecord *ordered[SIM_RECORDS];
  guint n = sim_order (history, ordered);
  char *wrong = NULL;

  merge (got, FALSE, &lives);
  for (guint i = 0; i < lives.n && wrong == NULL; i++)
    if (lives.totals[i].series < SIM_COUNTERS && lives.totals[i].series != SIM_FAULTS)
      wrong = compare_life (ordered, n, &lives.totals[i]);
  if (wrong == NULL && SIM_RULE_OWNERS && n > 0 && n == history->n_records && !history->terse
      && are_clear (ordered, n))
    wrong = compare_moments (history, ordered[0]->moment, ordered[n - 1]->moment, got);
  return wrong;
}
