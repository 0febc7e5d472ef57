/* SPDX-License-Identifier: Apache-2.0 */
/* tally_rows: what heartbeats say, what is noted, and all rows in the order of their keys: so that two collectors that
 * add to the same rows never wait for each other in a circle. */
#include "collector/engine/tally_private.h"

const HmBinClosed *
hm_tally_close (HmTally *tally, const HmBinClosed *closed)
{
  const HmBinClosed *before = g_hash_table_lookup (tally->said, closed);

  if (before == NULL)
    g_hash_table_add (tally->said, g_memdup2 (closed, sizeof *closed));
  return before;
}

static const char *
keep (HmTally *tally, const char *text)
{
  char *kept = g_strdup (text);

  g_ptr_array_add (tally->text, kept);
  return kept;
}

void
hm_tally_note (HmTally *tally, HmAnomaly kind, const char *source, const char *subject, const char *detail,
               HmTime noticed)
{
  HmAnomalyRow row = { .kind = hm_anomaly_name (kind),
                       .source = keep (tally, source),
                       .subject = keep (tally, subject),
                       .detail = keep (tally, detail),
                       .noticed = noticed };

  g_array_append_val (tally->anomalies, row);
}

/* -- two agents of one name -- */

static void
note_twice (const HmAgentRow *row, const char *other, gpointer tally)
{
  gboolean first = g_strcmp0 (row->epoch, other) < 0;
  g_autofree char *detail = g_strdup_printf ("records of the processes %s and %s interleave",
                                             first ? row->epoch : other, first ? other : row->epoch);

  hm_tally_note (tally, HM_ANOMALY_AGENT_ID_TWICE, row->source, row->agent, detail, row->last_appended);
}

static void
list_agents (HmTally *tally)
{
  GHashTableIter iter;
  gpointer process;

  g_array_set_size (tally->agent_rows, 0);
  g_hash_table_iter_init (&iter, tally->processes);
  while (g_hash_table_iter_next (&iter, &process, NULL))
    g_array_append_val (tally->agent_rows, ((HmTallyProcess *)process)->row);
  g_array_sort (tally->agent_rows, hm_tally_compare_processes);
}

void
hm_tally_compare (HmTally *tally, const HmProcesses *processes)
{
  list_agents (tally);
  hm_processes_compare (processes, (const HmAgentRow *)(gpointer)tally->agent_rows->data,
                        tally->agent_rows->len, note_twice, tally);
}

void
hm_tally_settle (const HmTally *tally, HmProcesses *processes)
{
  hm_processes_settle (processes, (const HmAgentRow *)(gpointer)tally->agent_rows->data,
                       tally->agent_rows->len);
}

/* -- the contract's view -- */

static int
compare_bins (gconstpointer a, gconstpointer b)
{
  const HmBinRow *left = a, *right = b;
  HmAgentRow one = { .source = left->source, .agent = left->agent, .epoch = left->epoch },
             other = { .source = right->source, .agent = right->agent, .epoch = right->epoch };
  int order = hm_tally_compare_processes (&one, &other);

  return order != 0 ? order : (left->bin > right->bin) - (left->bin < right->bin);
}

static int
compare_closed (gconstpointer a, gconstpointer b)
{
  const HmBinClosed *left = a, *right = b;
  HmBinRow one = { .source = left->source, .agent = left->agent, .epoch = left->epoch, .bin = left->bin },
           other
           = { .source = right->source, .agent = right->agent, .epoch = right->epoch, .bin = right->bin };

  return compare_bins (&one, &other);
}

static int
compare_losses (gconstpointer a, gconstpointer b)
{
  const HmLossRow *left = a, *right = b;
  HmAgentRow one = { .source = left->source, .agent = left->agent, .epoch = left->epoch },
             other = { .source = right->source, .agent = right->agent, .epoch = right->epoch };
  int order = hm_tally_compare_processes (&one, &other);

  return order != 0 ? order : (left->seq > right->seq) - (left->seq < right->seq);
}

static int
compare_anomalies (gconstpointer a, gconstpointer b)
{
  const HmAnomalyRow *left = a, *right = b;
  HmAgentRow one = { .source = left->kind, .agent = left->source, .epoch = left->subject },
             other = { .source = right->kind, .agent = right->source, .epoch = right->subject };
  int order = hm_tally_compare_processes (&one, &other);

  return order != 0 ? order : g_strcmp0 (left->detail, right->detail);
}

static void
list_set (GHashTable *set, GArray *rows, GCompareFunc compare)
{
  GHashTableIter iter;
  gpointer row;

  g_array_set_size (rows, 0);
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &row, NULL))
    g_array_append_vals (rows, row, 1);
  g_array_sort (rows, compare);
}

void
hm_tally_finish (HmTally *tally, HmBatch *ret_batch)
{
  list_agents (tally);
  list_set (tally->bins, tally->bin_rows, compare_bins);
  list_set (tally->said, tally->closed, compare_closed);
  g_array_sort (tally->losses, compare_losses);
  g_array_sort (tally->anomalies, compare_anomalies);
  ret_batch->agents = (const HmAgentRow *)(gpointer)tally->agent_rows->data;
  ret_batch->n_agents = tally->agent_rows->len;
  ret_batch->bins = (const HmBinRow *)(gpointer)tally->bin_rows->data;
  ret_batch->n_bins = tally->bin_rows->len;
  ret_batch->closed = (const HmBinClosed *)(gpointer)tally->closed->data;
  ret_batch->n_closed = tally->closed->len;
  ret_batch->losses = (const HmLossRow *)(gpointer)tally->losses->data;
  ret_batch->n_losses = tally->losses->len;
  ret_batch->anomalies = (const HmAnomalyRow *)(gpointer)tally->anomalies->data;
  ret_batch->n_anomalies = tally->anomalies->len;
}
