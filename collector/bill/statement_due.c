/* SPDX-License-Identifier: Apache-2.0 */
/* statement_due: see statement_due.h. */
#include "collector/bill/statement_due.h"

#include "collector/bill/periods.h"

typedef struct
{
  HmStatementSum *sum;
  GError *failure;
} Reading;

static gboolean
add_bucket (const HmBucket *bucket, gpointer user)
{
  Reading *reading = user;

  return hm_statement_sum_add (reading->sum, bucket, &reading->failure);
}

static gboolean
take_line (const HmStatementLine *line, gpointer user)
{
  Reading *reading = user;

  return hm_statement_sum_take_away (reading->sum, line, &reading->failure);
}

/* What the store says goes before what its rows came to. */
static gboolean
settle (Reading *reading, gboolean read, GError **error)
{
  if (!read)
    g_clear_error (&reading->failure);
  else if (reading->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&reading->failure));
  else
    return TRUE;
  return FALSE;
}

gboolean
hm_statement_add_usage (const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period, HmStatementSum *sum,
                        GError **error)
{
  Reading reading = { sum, NULL };

  return settle (&reading,
                 hm_periods_list_usage (ops, store, period->from, period->to, add_bucket, &reading, error),
                 error);
}

gboolean
hm_statement_add_due (const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period,
                      const GPtrArray *statements, HmStatementSum *sum, GError **error)
{
  Reading reading = { sum, NULL };

  if (!hm_statement_add_usage (ops, store, period, sum, error))
    return FALSE;
  for (guint i = 0; i < statements->len; i++)
    {
      const HmStatementRow *statement = statements->pdata[i];
      const HmStoreFilter filter
          = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = statement->number };

      if (statement->period == period->id
          && !settle (&reading, ops->list_lines (store, &filter, take_line, &reading, error), error))
        return FALSE;
    }
  return TRUE;
}
