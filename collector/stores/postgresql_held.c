/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_held: readings that are held out, decisions and policies, rollups and what stands behind them. Within the open
 * transaction, after the resources' rows, which have removed what no longer holds; the storing thread only. */
#include "collector/stores/postgresql.h"

/* -- held readings -- */

static void
append_reading (HmPgRows *rows, const char *const process[4], guint64 seq, const char *const series[3])
{
  for (guint i = 0; i < 4; i++)
    hm_pg_rows_text (rows, process[i]);
  hm_pg_rows_i64 (rows, (gint64)seq);
  for (guint i = 0; i < 3; i++)
    hm_pg_rows_text (rows, series[i]);
}

static void
append_value (HmPgRows *rows, HmValue value)
{
  char text[HM_NUMBER_MAX];

  hm_value_print (value, text);
  hm_pg_rows_text (rows, hm_value_type_name (value.type));
  hm_pg_rows_text (rows, text);
}

static void
append_held (HmPgRows *rows, const HmHeldRow *held)
{
  append_reading (rows, (const char *const[]){ held->source, held->resource, held->agent, held->epoch },
                  held->seq, (const char *const[]){ held->device, held->meter, held->sample_epoch });
  hm_pg_rows_text (rows, held->unit);
  hm_pg_rows_text (rows, hm_meter_type_name (held->type));
  hm_pg_rows_i64 (rows, held->time);
  hm_pg_rows_i64 (rows, held->flag);
  append_value (rows, held->value);
  hm_pg_rows_time (rows, held->base_time);
  append_value (rows, held->base);
  hm_pg_rows_int128 (rows, held->amount);
  hm_pg_rows_i64 (rows, held->decision);
}

static gboolean
put_held (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ttttittttt"
                                              "iittittti");
  const char doing[] = "storing readings that are held out";

  for (guint i = 0; i < batch->n_held; i++)
    {
      if (!hm_pg_fits (store, batch->held[i].seq, "sequence number", error))
        return FALSE;
      append_held (rows, &batch->held[i]);
      if (!hm_pg_put_piece (store, ST_HELD_PUT, rows, doing, error))
        return FALSE;
    }
  return hm_pg_put_all (store, ST_HELD_PUT, rows, doing, NULL, error);
}

/* -- decisions and policies -- */

static gboolean
add_decisions (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ttttitttitti");

  for (guint i = 0; i < batch->n_decisions; i++)
    {
      const HmDecisionRow *row = &batch->decisions[i];

      if (!hm_pg_fits (store, row->seq, "sequence number", error))
        return FALSE;
      append_reading (rows, (const char *const[]){ row->source, row->resource, row->agent, row->epoch },
                      row->seq, (const char *const[]){ row->device, row->meter, row->sample_epoch });
      hm_pg_rows_i64 (rows, row->decision);
      hm_pg_rows_text (rows, row->author);
      hm_pg_rows_text (rows, row->reason);
      hm_pg_rows_i64 (rows, row->made);
    }
  return hm_pg_put_all (store, ST_DECISION_ADD, rows, "storing decisions", NULL, error);
}

static gboolean
add_policies (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ioiti");

  for (guint i = 0; i < batch->n_policies; i++)
    {
      const HmPolicyRow *row = &batch->policies[i];

      if (!hm_pg_fits (store, row->network_limit, "network limit", error))
        return FALSE;
      hm_pg_rows_i64 (rows, row->from);
      hm_pg_rows_bool (rows, row->hold);
      hm_pg_rows_i64 (rows, (gint64)row->network_limit);
      hm_pg_rows_text (rows, row->author);
      hm_pg_rows_i64 (rows, row->made);
    }
  return hm_pg_put_all (store, ST_POLICY_ADD, rows, "storing a policy", NULL, error);
}

gboolean
hm_pg_put_held (HmStore *store, const HmBatch *batch, GError **error)
{
  return put_held (store, batch, error) && add_decisions (store, batch, error)
         && add_policies (store, batch, error);
}

/* -- rollups -- */

static void
append_rollup (HmPgRows *rows, const HmRollupRow *row)
{
  const HmBucket *bucket = row->bucket;
  gsize length;
  g_autofree char *cells = hm_bucket_cells_to_json (bucket, &length);

  hm_pg_rows_text (rows, bucket->source);
  hm_pg_rows_text (rows, bucket->resource);
  hm_pg_rows_i64 (rows, row->step);
  hm_pg_rows_i64 (rows, bucket->grain);
  hm_pg_rows_text (rows, bucket->project);
  hm_pg_rows_text (rows, bucket->user);
  hm_pg_rows_text (rows, bucket->flavor);
  hm_pg_rows_i64 (rows, bucket->state);
  hm_pg_rows_bytes (rows, cells, length);
}

static gboolean
put_evidence (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ittit");

  for (guint i = 0; i < batch->n_evidence; i++)
    {
      const HmEvidenceRow *row = &batch->evidence[i];

      hm_pg_rows_i64 (rows, row->day);
      hm_pg_rows_text (rows, row->source);
      hm_pg_rows_text (rows, row->resource);
      hm_pg_rows_i64 (rows, (gint64)row->records);
      hm_pg_rows_text (rows, row->root);
    }
  return hm_pg_put_all (store, ST_EVIDENCE_PUT, rows, "storing what stands behind a day", NULL, error);
}

gboolean
hm_pg_put_rollups (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ttiitttit");

  for (guint i = 0; i < batch->n_rollups; i++)
    {
      append_rollup (rows, &batch->rollups[i]);
      if (!hm_pg_put_piece (store, ST_ROLLUP_PUT, rows, "storing rollups", error))
        return FALSE;
    }
  return hm_pg_put_all (store, ST_ROLLUP_PUT, rows, "storing rollups", NULL, error)
         && put_evidence (store, batch, error);
}
