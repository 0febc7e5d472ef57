/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_write_held: of a batch, the readings that were held out, what was decided about them, and policies. In the transaction of
 * sqlite_transaction.c, after the rows of resources. The storing thread only. */
#include "collector/stores/sqlite.h"

gboolean
hm_sqlite_remove_held (HmStore *store, const HmRefold *refold, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_HELD_REMOVE, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, refold->source);
  hm_sqlite_put_text (&query, refold->resource);
  hm_sqlite_put_time (&query, refold->held_from);
  return hm_sqlite_run (&query, "replacing readings that are held", NULL, error);
}

static gboolean
put_held (HmStore *store, gconstpointer row, GError **error)
{
  const HmHeldRow *held = row;
  char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX], amount[HM_NUMBER_MAX];
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, held->seq, "sequence number", error)
      || !hm_sqlite_query (store, ST_HELD_PUT, &query, error))
    return FALSE;
  hm_value_print (held->value, value);
  hm_value_print (held->base, base);
  hm_int128_print (held->amount, 0, amount);
  hm_sqlite_put_text (&query, held->source);
  hm_sqlite_put_text (&query, held->resource);
  hm_sqlite_put_text (&query, held->agent);
  hm_sqlite_put_text (&query, held->epoch);
  hm_sqlite_put_i64 (&query, (gint64)held->seq);
  hm_sqlite_put_text (&query, held->device);
  hm_sqlite_put_text (&query, held->meter);
  hm_sqlite_put_text (&query, held->sample_epoch);
  hm_sqlite_put_text (&query, held->unit);
  hm_sqlite_put_text (&query, hm_meter_type_name (held->type));
  hm_sqlite_put_i64 (&query, held->time);
  hm_sqlite_put_i64 (&query, held->flag);
  hm_sqlite_put_text (&query, value);
  hm_sqlite_put_text (&query, hm_value_type_name (held->value.type));
  hm_sqlite_put_time (&query, held->base_time);
  hm_sqlite_put_text (&query, base);
  hm_sqlite_put_text (&query, hm_value_type_name (held->base.type));
  hm_sqlite_put_text (&query, amount);
  hm_sqlite_put_i64 (&query, held->decision);
  return hm_sqlite_run (&query, "storing a reading that is held", NULL, error);
}

static gboolean
add_decision (HmStore *store, gconstpointer row, GError **error)
{
  const HmDecisionRow *decision = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, decision->seq, "sequence number", error)
      || !hm_sqlite_query (store, ST_DECISION_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, decision->source);
  hm_sqlite_put_text (&query, decision->resource);
  hm_sqlite_put_text (&query, decision->agent);
  hm_sqlite_put_text (&query, decision->epoch);
  hm_sqlite_put_i64 (&query, (gint64)decision->seq);
  hm_sqlite_put_text (&query, decision->device);
  hm_sqlite_put_text (&query, decision->meter);
  hm_sqlite_put_text (&query, decision->sample_epoch);
  hm_sqlite_put_i64 (&query, decision->decision);
  hm_sqlite_put_text (&query, decision->author);
  hm_sqlite_put_text (&query, decision->reason);
  hm_sqlite_put_i64 (&query, decision->made);
  return hm_sqlite_run (&query, "storing a decision", NULL, error);
}

static gboolean
add_policy (HmStore *store, gconstpointer row, GError **error)
{
  const HmPolicyRow *policy = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, policy->network_limit, "network limit", error)
      || !hm_sqlite_query (store, ST_POLICY_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, policy->from);
  hm_sqlite_put_i64 (&query, policy->hold != FALSE);
  hm_sqlite_put_i64 (&query, (gint64)policy->network_limit);
  hm_sqlite_put_text (&query, policy->author);
  hm_sqlite_put_i64 (&query, policy->made);
  return hm_sqlite_run (&query, "storing a policy", NULL, error);
}

gboolean
hm_sqlite_write_held (HmStore *store, const HmBatch *batch, GError **error)
{
  const HmSqlitePart parts[] = {
    { batch->held, sizeof *batch->held, batch->n_held, put_held },
    { batch->decisions, sizeof *batch->decisions, batch->n_decisions, add_decision },
    { batch->policies, sizeof *batch->policies, batch->n_policies, add_policy },
  };

  return hm_sqlite_write_parts (store, parts, G_N_ELEMENTS (parts), error);
}
