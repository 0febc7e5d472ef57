/* SPDX-License-Identifier: Apache-2.0 */
/* completeness: judging bins. Pure; whoever has the rows calls it. */
#include "collector/usage/completeness.h"

#include <string.h>

const char *
hm_bin_verdict_name (HmBinVerdict verdict)
{
  static const char *const names[] = {
    [HM_BIN_UNKNOWN] = "unknown",       [HM_BIN_COMPLETE] = "complete", [HM_BIN_ACCOUNTED] = "accounted",
    [HM_BIN_INCOMPLETE] = "incomplete", [HM_BIN_ODD] = "odd",
  };

  g_return_val_if_fail ((guint)verdict < G_N_ELEMENTS (names), NULL);
  return names[verdict];
}

/* -- what the bin itself says -- */

/* As many records as are missing came as dead letters whose signature is right, but which? Their sum tells. More of them came: some
 * came twice. */
static guint64
refused_of (const HmBinState *state, guint64 lacking)
{
  gboolean others
      = state->came.refused_records == lacking && state->came.sum + state->came.refused_sum != state->sum;

  /* A letter that was taken after all may have been taken back from another row. */
  if ((gint64)state->came.refused_records < 0)
    return 0;
  return MIN (state->came.refused_records, lacking) - (others && lacking > 0 ? 1 : 0);
}

static void
judge_alone (HmBinJudged *bin)
{
  const HmBinState *state = &bin->state;
  guint64 lacking;

  bin->accounted = bin->missing = 0;
  bin->verdict = HM_BIN_UNKNOWN;
  if (!state->is_closed || state->came.bin == HM_BIN_NONE)
    return;
  bin->verdict = HM_BIN_ODD;
  if (state->came.records > state->records)
    return;
  lacking = state->records - state->came.records;
  if (lacking == 0)
    {
      bin->verdict = state->came.sum == state->sum ? HM_BIN_COMPLETE : HM_BIN_ODD;
      bin->missing = state->came.sum == state->sum ? 0 : 1;
      return;
    }
  bin->accounted = refused_of (state, lacking);
  bin->missing = lacking - bin->accounted;
  bin->verdict = bin->missing == 0 ? HM_BIN_ACCOUNTED : HM_BIN_INCOMPLETE;
}

/* -- budgets -- */

typedef struct
{
  gint64 first, last; /* bins */
  const char *epoch;  /* (nullable) of that process alone */
  guint64 left;
} Budget;

static int
compare_budgets (gconstpointer a, gconstpointer b)
{
  const Budget *left = a, *right = b;
  int order = (left->last > right->last) - (left->last < right->last);

  return order != 0 ? order : (left->first > right->first) - (left->first < right->first);
}

static int
compare_bins (gconstpointer a, gconstpointer b)
{
  const HmBinRow *left = &((const HmBinJudged *)a)->state.came,
                 *right = &((const HmBinJudged *)b)->state.came;
  int order = (left->bin > right->bin) - (left->bin < right->bin);

  return order != 0 ? order : strcmp (left->epoch, right->epoch);
}

static void
add_loss (GArray *budgets, const HmLossRow *loss)
{
  Budget budget = { .first = loss->from == HM_TIME_UNKNOWN ? 0 : loss->from / HM_BIN_NS,
                    .last = loss->to == HM_TIME_UNKNOWN ? HM_BIN_MAX : loss->to / HM_BIN_NS,
                    .left = loss->records };

  g_array_append_val (budgets, budget);
}

static GArray *
new_budgets (const HmBinJudged *bins, guint n_bins, const HmLossRow *losses, guint n_losses)
{
  GArray *budgets = g_array_new (FALSE, FALSE, sizeof (Budget));

  for (guint i = 0; i < n_losses; i++)
    add_loss (budgets, &losses[i]);
  for (guint i = 0; i < n_bins && bins[i].state.came.bin == HM_BIN_NONE; i++)
    {
      const HmBinRow *came = &bins[i].state.came;
      Budget budget = { 0, HM_BIN_MAX + 1, came->epoch, MAX ((gint64)came->refused_records, 0) };

      g_array_append_val (budgets, budget);
    }
  g_array_sort (budgets, compare_budgets);
  return budgets;
}

static void
spend (Budget *budget, HmBinJudged *bin, gint64 slack)
{
  const HmBinRow *came = &bin->state.came;
  guint64 spent = MIN (budget->left, bin->missing);

  if (came->bin < budget->first || came->bin > budget->last + slack
      || (budget->epoch != NULL && strcmp (budget->epoch, came->epoch) != 0))
    return;
  budget->left -= spent;
  bin->accounted += spent;
  bin->missing -= spent;
}

static void
spend_all (GArray *budgets, HmBinJudged *bins, guint n_bins, gint64 slack)
{
  for (guint i = 0; i < n_bins; i++)
    {
      for (guint j = 0; j < budgets->len && bins[i].missing > 0 && bins[i].verdict == HM_BIN_INCOMPLETE; j++)
        spend (&g_array_index (budgets, Budget, j), &bins[i], slack);
      if (bins[i].verdict == HM_BIN_INCOMPLETE && bins[i].missing == 0)
        bins[i].verdict = HM_BIN_ACCOUNTED;
    }
}

/* A record's bin is that of the moment at which it was made, a little after the time that it states, by which gap records go: what is
 * left of a budget may be spent on the bin after its period. */
void
hm_completeness_judge (HmBinJudged *bins, guint n_bins, const HmLossRow *losses, guint n_losses)
{
  g_autoptr (GArray) budgets = NULL;

  if (n_bins > 0)
    qsort (bins, n_bins, sizeof *bins, compare_bins);
  for (guint i = 0; i < n_bins; i++)
    judge_alone (&bins[i]);
  budgets = new_budgets (bins, n_bins, losses, n_losses);
  spend_all (budgets, bins, n_bins, 0);
  spend_all (budgets, bins, n_bins, 1);
}

void
hm_completeness_add (HmCompleteness *sums, const HmBinJudged *bins, guint n_bins)
{
  for (guint i = 0; i < n_bins; i++)
    {
      const HmBinState *state = &bins[i].state;

      if (state->came.bin == HM_BIN_NONE)
        continue;
      sums->bins[bins[i].verdict]++;
      sums->expected += state->is_closed ? state->records : 0;
      *(state->is_closed ? &sums->received : &sums->open) += state->came.records;
      sums->accounted += bins[i].accounted;
      sums->missing += bins[i].missing;
      sums->late += state->came.late;
    }
}
