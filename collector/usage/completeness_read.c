/* SPDX-License-Identifier: Apache-2.0 */
/* completeness_read: bins and losses of a store, agent by agent. Holds one agent's bins at a time. */
#include "collector/usage/completeness.h"

#include <string.h>

typedef struct
{
  const HmStoreFilter *filter;
  HmCompletenessVisit visit;
  gpointer user;
  GArray *losses; /* (element-type HmLossRow) of all agents of the filter, in the order of (source, agent) */
  GStringChunk *text;   /* theirs */
  char *source, *agent; /* NULL: none yet */
  GArray *bins;         /* (element-type HmBinJudged) of that agent */
  GStringChunk *epochs;
  gboolean stopped;
} Reading;

/* -- losses -- */

static gboolean
keep_loss (const HmLossRow *row, gpointer user)
{
  Reading *reading = user;
  HmLossRow kept = *row;

  kept.source = g_string_chunk_insert_const (reading->text, row->source);
  kept.agent = g_string_chunk_insert_const (reading->text, row->agent);
  kept.epoch = kept.reason = "";
  g_array_append_val (reading->losses, kept);
  return TRUE;
}

static int
compare_losses (gconstpointer a, gconstpointer b)
{
  const HmLossRow *left = a, *right = b;
  int order = strcmp (left->source, right->source);

  return order != 0 ? order : strcmp (left->agent, right->agent);
}

/* That agent's are next to each other. */
static const HmLossRow *
losses_of (const Reading *reading, guint *ret_n)
{
  const HmLossRow *losses = (const HmLossRow *)(gpointer)reading->losses->data;
  HmLossRow key = { .source = reading->source, .agent = reading->agent };
  guint low = 0, high = reading->losses->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (compare_losses (&losses[middle], &key) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  for (*ret_n = 0; low + *ret_n < reading->losses->len && compare_losses (&losses[low + *ret_n], &key) == 0;)
    ++*ret_n;
  return &losses[low];
}

/* Where reading begins, so that the budgets which touch the period are spent on all bins that they may be spent on: gap
 * records that reach back, and those that touch what is then read too. */
static HmTime
reach_back (const Reading *reading)
{
  HmTime from = reading->filter->from, before;

  do
    {
      before = from;
      for (guint i = 0; from != HM_TIME_UNKNOWN && i < reading->losses->len; i++)
        {
          const HmLossRow *loss = &g_array_index (reading->losses, HmLossRow, i);

          if (loss->to == HM_TIME_UNKNOWN || loss->to >= from - HM_BIN_NS)
            from = loss->from == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN
                                                 : MIN (from, loss->from - loss->from % HM_BIN_NS);
        }
    }
  while (from != before);
  return from;
}

/* -- bins -- */

static gboolean
is_within (const HmStoreFilter *filter, const HmBinJudged *bin)
{
  gint64 at = bin->state.came.bin;

  return at == HM_BIN_NONE || filter->from == HM_TIME_UNKNOWN || (at + 1) * HM_BIN_NS > filter->from;
}

static void
finish_agent (Reading *reading)
{
  HmBinJudged *bins = (HmBinJudged *)(gpointer)reading->bins->data;
  guint n_losses, shown = 0, n = reading->bins->len;
  const HmLossRow *losses;

  if (reading->agent == NULL)
    return;
  losses = losses_of (reading, &n_losses);
  hm_completeness_judge (bins, n, losses, n_losses);
  for (guint i = 0; i < n; i++)
    if (is_within (reading->filter, &bins[i]))
      bins[shown++] = bins[i];
  if (shown > 0 && !reading->stopped)
    reading->stopped = !reading->visit (reading->source, reading->agent, bins, shown, reading->user);
  g_array_set_size (reading->bins, 0);
  g_string_chunk_clear (reading->epochs);
  g_clear_pointer (&reading->source, g_free);
  g_clear_pointer (&reading->agent, g_free);
}

static gboolean
keep_bin (const HmBinState *row, gpointer user)
{
  Reading *reading = user;
  HmBinJudged bin = { .state = *row };

  if (reading->agent != NULL
      && (strcmp (reading->agent, row->came.agent) != 0 || strcmp (reading->source, row->came.source) != 0))
    finish_agent (reading);
  if (reading->agent == NULL)
    {
      reading->source = g_strdup (row->came.source);
      reading->agent = g_strdup (row->came.agent);
    }
  bin.state.came.source = bin.state.came.agent = NULL;
  bin.state.came.epoch = g_string_chunk_insert_const (reading->epochs, row->came.epoch);
  g_array_append_val (reading->bins, bin);
  return !reading->stopped;
}

static gboolean
read_all (Reading *reading, const HmStoreOps *ops, HmStore *store, GError **error)
{
  HmStoreFilter all = *reading->filter, bins = *reading->filter;

  all.from = all.to = HM_TIME_UNKNOWN;
  all.limit = bins.limit = 0;
  if (!ops->list_losses (store, &all, keep_loss, reading, error))
    return FALSE;
  g_array_sort (reading->losses, compare_losses);
  bins.from = reach_back (reading);
  if (!ops->list_bins (store, &bins, keep_bin, reading, error))
    return FALSE;
  if (!reading->stopped)
    finish_agent (reading);
  return TRUE;
}

gboolean
hm_completeness_each (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter,
                      HmCompletenessVisit visit, gpointer user, GError **error)
{
  Reading reading = { .filter = filter,
                      .visit = visit,
                      .user = user,
                      .losses = g_array_new (FALSE, FALSE, sizeof (HmLossRow)),
                      .text = g_string_chunk_new (1024),
                      .bins = g_array_new (FALSE, FALSE, sizeof (HmBinJudged)),
                      .epochs = g_string_chunk_new (1024) };
  gboolean done = read_all (&reading, ops, store, error);

  g_array_unref (reading.losses);
  g_array_unref (reading.bins);
  g_string_chunk_free (reading.text);
  g_string_chunk_free (reading.epochs);
  g_free (reading.source);
  g_free (reading.agent);
  return done;
}
