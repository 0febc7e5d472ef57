/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_list_bill: as postgresql_list.c, for the rows that a bill is built on. */
#include "collector/stores/postgresql.h"

gboolean
hm_pg_list_held (HmStore *store, const HmStoreFilter *filter, HmHeldVisit visit, gpointer user,
                 GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!hm_pg_query_filtered (store, ST_LIST_HELD, filter, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, filter->undecided);
  return hm_pg_visit (&query, &each, hm_pg_held_row, error);
}

static gboolean
query_resources (HmStore *store, HmPgStatement which, const HmStoreFilter *filter, HmPgQuery *ret_query,
                 GError **error)
{
  if (!hm_pg_query (store, which, ret_query, error))
    return FALSE;
  hm_pg_put_time (ret_query, filter->from);
  hm_pg_put_time (ret_query, filter->to);
  hm_pg_put_text (ret_query, filter->source);
  hm_pg_put_text (ret_query, filter->resource);
  hm_pg_put_limit (ret_query, filter->limit);
  return TRUE;
}

gboolean
hm_pg_list_decisions (HmStore *store, const HmStoreFilter *filter, HmDecisionVisit visit, gpointer user,
                      GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  return query_resources (store, ST_LIST_DECISIONS, filter, &query, error)
         && hm_pg_visit (&query, &each, hm_pg_decision_row, error);
}

gboolean
hm_pg_list_evidence (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit, gpointer user,
                     GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_resources (store, ST_LIST_EVIDENCE, filter, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, filter->number);
  return hm_pg_visit (&query, &each, hm_pg_evidence_row, error);
}

/* $1, $2. */
static gboolean
query_statement (HmStore *store, HmPgStatement which, const HmStoreFilter *filter, HmPgQuery *ret_query,
                 GError **error)
{
  if (!hm_pg_query (store, which, ret_query, error))
    return FALSE;
  hm_pg_put_i64 (ret_query, filter->number);
  hm_pg_put_limit (ret_query, filter->limit);
  return TRUE;
}

gboolean
hm_pg_list_statements (HmStore *store, const HmStoreFilter *filter, HmStatementVisit visit, gpointer user,
                       GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  return query_statement (store, ST_LIST_STATEMENTS, filter, &query, error)
         && hm_pg_visit (&query, &each, hm_pg_statement_row, error);
}

gboolean
hm_pg_list_lines (HmStore *store, const HmStoreFilter *filter, HmLineVisit visit, gpointer user,
                  GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  HmPgQuery query;

  if (!query_statement (store, ST_LIST_LINES, filter, &query, error))
    return FALSE;
  hm_pg_put_text (&query, filter->source);
  hm_pg_put_text (&query, filter->project);
  hm_pg_put_text (&query, filter->user);
  hm_pg_put_text (&query, filter->resource);
  return hm_pg_visit (&query, &each, hm_pg_line_row, error);
}

gboolean
hm_pg_list_policies (HmStore *store, HmPolicyVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_POLICIES, (gpointer)visit, hm_pg_policy_row, user, error);
}

gboolean
hm_pg_list_periods (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_PERIODS, (gpointer)visit, hm_pg_period_row, user, error);
}

gboolean
hm_pg_list_adjustments (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_ADJUSTMENTS, (gpointer)visit, hm_pg_adjustment_row, user, error);
}
