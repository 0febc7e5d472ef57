/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_write_counts: of a batch, what is counted and said of agents and bins, what is known again by its id alone, and what people
 * have decided. In the transaction of sqlite_transaction.c, after sqlite_write.c's rows. The storing thread only.
 *
 * Counts are added in SQLite's integers, which wrap as a guint64 does only where they are cast here and back: what is taken back is
 * a count of (guint64)-1. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

/* The upper and the lower 32 bits, as sums of each. */
static void
put_halves (HmSqliteQuery *query, guint64 sum)
{
  hm_sqlite_put_i64 (query, (gint64)(sum >> 32));
  hm_sqlite_put_i64 (query, (gint64)(sum & G_MAXUINT32));
}

static gboolean
query_process (HmStore *store, HmSqliteStatement which, const char *source, const char *agent,
               const char *epoch, HmSqliteQuery *ret_query, GError **error)
{
  if (!hm_sqlite_query (store, which, ret_query, error))
    return FALSE;
  hm_sqlite_put_text (ret_query, source);
  hm_sqlite_put_text (ret_query, agent);
  hm_sqlite_put_text (ret_query, epoch);
  return TRUE;
}

static gboolean
query_bin (HmStore *store, HmSqliteStatement which, gint64 bin, HmSqliteQuery *ret_query, GError **error)
{
  if (!hm_sqlite_query (store, which, ret_query, error))
    return FALSE;
  hm_sqlite_put_i64 (ret_query, bin);
  return TRUE;
}

static gboolean
add_agent (HmStore *store, gconstpointer row, GError **error)
{
  const HmAgentRow *agent = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, agent->backlog, "backlog", error)
      || !query_process (store, ST_AGENT_ADD, agent->source, agent->agent, agent->epoch, &query, error))
    return FALSE;
  hm_sqlite_put_time (&query, agent->first_time);
  hm_sqlite_put_i64 (&query, agent->last_time);
  hm_sqlite_put_i64 (&query, agent->last_appended);
  hm_sqlite_put_i64 (&query, (gint64)agent->records);
  hm_sqlite_put_i64 (&query, (gint64)agent->samples);
  hm_sqlite_put_i64 (&query, (gint64)agent->duplicates);
  hm_sqlite_put_i64 (&query, (gint64)agent->refused);
  hm_sqlite_put_i64 (&query, agent->heartbeat);
  hm_sqlite_put_i64 (&query, (gint64)agent->backlog);
  hm_sqlite_put_i64 (&query, agent->oldest_unsent);
  return hm_sqlite_run (&query, "counting an agent's records", NULL, error);
}

static gboolean
add_bin (HmStore *store, gconstpointer row, GError **error)
{
  const HmBinRow *bin = row;
  HmSqliteQuery query;

  if (!query_bin (store, ST_BIN_ADD, bin->bin, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, bin->source);
  hm_sqlite_put_text (&query, bin->agent);
  hm_sqlite_put_text (&query, bin->epoch);
  hm_sqlite_put_i64 (&query, (gint64)bin->records);
  put_halves (&query, bin->sum);
  hm_sqlite_put_i64 (&query, (gint64)bin->refused_records);
  put_halves (&query, bin->refused_sum);
  hm_sqlite_put_i64 (&query, (gint64)bin->late);
  return hm_sqlite_run (&query, "counting a bin's records", NULL, error);
}

static gboolean
close_bin (HmStore *store, gconstpointer row, GError **error)
{
  const HmBinClosed *bin = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, bin->records, "number of records", error)
      || !query_bin (store, ST_BIN_CLOSE, bin->bin, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, bin->source);
  hm_sqlite_put_text (&query, bin->agent);
  hm_sqlite_put_text (&query, bin->epoch);
  hm_sqlite_put_i64 (&query, (gint64)bin->records);
  put_halves (&query, bin->sum);
  hm_sqlite_put_i64 (&query, bin->said);
  return hm_sqlite_run (&query, "noting what a heartbeat says", NULL, error);
}

static gboolean
add_loss (HmStore *store, gconstpointer row, GError **error)
{
  const HmLossRow *loss = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, loss->seq, "sequence number", error)
      || !hm_sqlite_fits (store, loss->records, "number of records", error)
      || !hm_sqlite_fits (store, loss->resources, "number of resources", error)
      || !query_process (store, ST_LOSS_ADD, loss->source, loss->agent, loss->epoch, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, (gint64)loss->seq);
  hm_sqlite_put_time (&query, loss->from);
  hm_sqlite_put_time (&query, loss->to);
  hm_sqlite_put_i64 (&query, (gint64)loss->records);
  hm_sqlite_put_i64 (&query, (gint64)loss->resources);
  hm_sqlite_put_text (&query, loss->reason);
  hm_sqlite_put_i64 (&query, loss->appended);
  return hm_sqlite_run (&query, "noting what an agent has lost", NULL, error);
}

static gboolean
add_anomaly (HmStore *store, gconstpointer row, GError **error)
{
  const HmAnomalyRow *anomaly = row;
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_ANOMALY_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, anomaly->kind);
  hm_sqlite_put_text (&query, anomaly->source);
  hm_sqlite_put_text (&query, anomaly->subject);
  hm_sqlite_put_text (&query, anomaly->detail);
  hm_sqlite_put_i64 (&query, anomaly->noticed);
  return hm_sqlite_run (&query, "noting an anomaly", NULL, error);
}

static gboolean
add_message (HmStore *store, gconstpointer row, GError **error)
{
  const HmMessageRow *message = row;
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_MESSAGE_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, message->source);
  hm_sqlite_put_text (&query, message->id);
  hm_sqlite_put_i64 (&query, message->time);
  if (!hm_sqlite_run (&query, "noting a message's id", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "message %s has been stored meanwhile", message->id);
  return changes == 1;
}

/* -- what people have decided -- */

static gboolean
settle_letter (HmStore *store, gconstpointer row, GError **error)
{
  const HmDeadLetter *letter = row;
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_LETTER_SETTLE, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, letter->id);
  hm_sqlite_put_i64 (&query, letter->settled);
  hm_sqlite_put_text (&query, letter->outcome);
  if (!hm_sqlite_run (&query, "settling a dead letter", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "dead letter %" G_GINT64_FORMAT " is settled by now",
                 letter->id);
  return changes == 1;
}

static gboolean
answer_request (HmStore *store, gconstpointer row, GError **error)
{
  const HmRequestRow *request = row;
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_REQUEST_ANSWER, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, request->id);
  hm_sqlite_put_i64 (&query, request->done);
  hm_sqlite_put_text (&query, request->result);
  if (!hm_sqlite_run (&query, "answering a request", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "request %" G_GINT64_FORMAT " is answered by now",
                 request->id);
  return changes == 1;
}

/* -- all of it -- */

gboolean
hm_sqlite_write_parts (HmStore *store, const HmSqlitePart *parts, guint n, GError **error)
{
  for (guint p = 0; p < n; p++)
    for (guint i = 0; i < parts[p].n; i++)
      if (!parts[p].write (store, (const char *)parts[p].rows + i * parts[p].size, error))
        return FALSE;
  return TRUE;
}

gboolean
hm_sqlite_write_counts (HmStore *store, const HmBatch *batch, GError **error)
{
  const HmSqlitePart parts[] = {
    { batch->agents, sizeof *batch->agents, batch->n_agents, add_agent },
    { batch->bins, sizeof *batch->bins, batch->n_bins, add_bin },
    { batch->closed, sizeof *batch->closed, batch->n_closed, close_bin },
    { batch->losses, sizeof *batch->losses, batch->n_losses, add_loss },
    { batch->anomalies, sizeof *batch->anomalies, batch->n_anomalies, add_anomaly },
    { batch->gaps, sizeof *batch->gaps, batch->n_gaps, hm_sqlite_add_gap },
    { batch->messages, sizeof *batch->messages, batch->n_messages, add_message },
    { batch->settled, sizeof *batch->settled, batch->n_settled, settle_letter },
    { batch->answered, sizeof *batch->answered, batch->n_answered, answer_request },
  };

  return hm_sqlite_write_parts (store, parts, G_N_ELEMENTS (parts), error);
}
