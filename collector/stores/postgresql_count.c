/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_count: what one batch adds to the counts of agents and bins, and what heartbeats and gap records say.
 * Counts are added, so two collectors may both have records of one agent. Within the open transaction; the storing
 * thread only. */
#include "collector/stores/postgresql.h"

static void
append_process (HmPgRows *rows, const char *source, const char *agent, const char *epoch)
{
  hm_pg_rows_text (rows, source);
  hm_pg_rows_text (rows, agent);
  hm_pg_rows_text (rows, epoch);
}

/* As two numbers of 32 bits, because sums of larger ones have no room. */
static void
append_sum (HmPgRows *rows, guint64 sum)
{
  hm_pg_rows_i64 (rows, (gint64)(sum >> 32));
  hm_pg_rows_i64 (rows, (gint64)(sum & G_MAXUINT32));
}

static gboolean
add_agents (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tttiiiiiiiiii");

  for (guint i = 0; i < batch->n_agents; i++)
    {
      const HmAgentRow *agent = &batch->agents[i];

      if (!hm_pg_fits (store, agent->backlog, "backlog", error))
        return FALSE;
      append_process (rows, agent->source, agent->agent, agent->epoch);
      hm_pg_rows_time (rows, agent->first_time);
      hm_pg_rows_time (rows, agent->last_time);
      hm_pg_rows_time (rows, agent->last_appended);
      hm_pg_rows_i64 (rows, (gint64)agent->records);
      hm_pg_rows_i64 (rows, (gint64)agent->samples);
      hm_pg_rows_i64 (rows, (gint64)agent->duplicates);
      hm_pg_rows_i64 (rows, (gint64)agent->refused);
      hm_pg_rows_i64 (rows, agent->heartbeat);
      hm_pg_rows_i64 (rows, (gint64)agent->backlog);
      hm_pg_rows_i64 (rows, agent->oldest_unsent);
    }
  return hm_pg_put_all (store, ST_AGENT_ADD, rows, "counting agents' records", NULL, error);
}

static gboolean
add_bins (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("itttiiiiiii");

  for (guint i = 0; i < batch->n_bins; i++)
    {
      const HmBinRow *bin = &batch->bins[i];

      hm_pg_rows_i64 (rows, bin->bin);
      append_process (rows, bin->source, bin->agent, bin->epoch);
      hm_pg_rows_i64 (rows, (gint64)bin->records);
      append_sum (rows, bin->sum);
      hm_pg_rows_i64 (rows, (gint64)bin->refused_records);
      append_sum (rows, bin->refused_sum);
      hm_pg_rows_i64 (rows, (gint64)bin->late);
    }
  return hm_pg_put_all (store, ST_BIN_ADD, rows, "counting bins' records", NULL, error);
}

static gboolean
close_bins (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("itttiiii");

  for (guint i = 0; i < batch->n_closed; i++)
    {
      const HmBinClosed *closed = &batch->closed[i];

      if (!hm_pg_fits (store, closed->records, "records of a bin", error))
        return FALSE;
      hm_pg_rows_i64 (rows, closed->bin);
      append_process (rows, closed->source, closed->agent, closed->epoch);
      hm_pg_rows_i64 (rows, (gint64)closed->records);
      append_sum (rows, closed->sum);
      hm_pg_rows_i64 (rows, closed->said);
    }
  return hm_pg_put_all (store, ST_BIN_CLOSE, rows, "noting what a heartbeat says", NULL, error);
}

static gboolean
add_losses (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tttiiiiiti");

  for (guint i = 0; i < batch->n_losses; i++)
    {
      const HmLossRow *loss = &batch->losses[i];

      if (!hm_pg_fits (store, loss->seq, "sequence number", error)
          || !hm_pg_fits (store, loss->records, "lost records", error)
          || !hm_pg_fits (store, loss->resources, "resources", error))
        return FALSE;
      append_process (rows, loss->source, loss->agent, loss->epoch);
      hm_pg_rows_i64 (rows, (gint64)loss->seq);
      hm_pg_rows_time (rows, loss->from);
      hm_pg_rows_time (rows, loss->to);
      hm_pg_rows_i64 (rows, (gint64)loss->records);
      hm_pg_rows_i64 (rows, (gint64)loss->resources);
      hm_pg_rows_text (rows, loss->reason);
      hm_pg_rows_i64 (rows, loss->appended);
    }
  return hm_pg_put_all (store, ST_LOSS_ADD, rows, "noting what an agent has lost", NULL, error);
}

static gboolean
add_anomalies (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tttti");

  for (guint i = 0; i < batch->n_anomalies; i++)
    {
      const HmAnomalyRow *anomaly = &batch->anomalies[i];

      hm_pg_rows_text (rows, anomaly->kind);
      hm_pg_rows_text (rows, anomaly->source);
      hm_pg_rows_text (rows, anomaly->subject);
      hm_pg_rows_text (rows, anomaly->detail);
      hm_pg_rows_i64 (rows, anomaly->noticed);
    }
  return hm_pg_put_all (store, ST_ANOMALY_ADD, rows, "noting an anomaly", NULL, error);
}

static gboolean
add_gaps (HmStore *store, const HmBatch *batch, GError **error)
{
  for (guint i = 0; i < batch->n_gaps; i++)
    if (!hm_pg_put_gap (store, &batch->gaps[i], error))
      return FALSE;
  return TRUE;
}

gboolean
hm_pg_put_counts (HmStore *store, const HmBatch *batch, GError **error)
{
  return add_agents (store, batch, error) && add_bins (store, batch, error)
         && close_bins (store, batch, error) && add_gaps (store, batch, error)
         && add_losses (store, batch, error) && add_anomalies (store, batch, error);
}
