/* SPDX-License-Identifier: Apache-2.0 */
/* periods: see periods.h. */
#include "collector/bill/periods.h"

#include <string.h>

#include "metering/error.h"

gboolean
hm_periods_check (const HmStoreOps *ops, GError **error)
{
  if (ops->list_periods != NULL && ops->list_statements != NULL && ops->list_lines != NULL
      && ops->list_adjustments != NULL && ops->lock_periods != NULL)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                       "this store keeps no periods and no statements");
  return FALSE;
}

/* -- rows with texts of their own -- */

static void
free_period (gpointer data)
{
  HmPeriodRow *row = data;

  g_free ((char *)(guintptr)row->name);
  g_free ((char *)(guintptr)row->zone);
  g_free ((char *)(guintptr)row->author);
  g_free ((char *)(guintptr)row->accepted);
  g_free (row);
}

static gboolean
copy_period (const HmPeriodRow *row, gpointer periods)
{
  HmPeriodRow *copy = g_memdup2 (row, sizeof *row);

  copy->name = g_strdup (row->name);
  copy->zone = g_strdup (row->zone);
  copy->author = g_strdup (row->author);
  copy->accepted = g_strdup (row->accepted);
  g_ptr_array_add (periods, copy);
  return TRUE;
}

static void
free_statement (gpointer data)
{
  HmStatementRow *row = data;

  g_free ((char *)(guintptr)row->author);
  g_free ((char *)(guintptr)row->sha256);
  g_free ((char *)(guintptr)row->root);
  g_free ((char *)(guintptr)row->missing);
  g_free (row);
}

static gboolean
copy_statement (const HmStatementRow *row, gpointer statements)
{
  HmStatementRow *copy = g_memdup2 (row, sizeof *row);

  copy->author = g_strdup (row->author);
  copy->sha256 = g_strdup (row->sha256);
  copy->root = g_strdup (row->root);
  copy->missing = g_strdup (row->missing);
  g_ptr_array_add (statements, copy);
  return TRUE;
}

GPtrArray *
hm_periods_load (const HmStoreOps *ops, HmStore *store, GError **error)
{
  g_autoptr (GPtrArray) periods = g_ptr_array_new_with_free_func (free_period);

  return ops->list_periods (store, copy_period, periods, error) ? g_steal_pointer (&periods) : NULL;
}

GPtrArray *
hm_statements_load (const HmStoreOps *ops, HmStore *store, GError **error)
{
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GPtrArray) statements = g_ptr_array_new_with_free_func (free_statement);

  return ops->list_statements (store, &all, copy_statement, statements, error) ? g_steal_pointer (&statements)
                                                                               : NULL;
}

/* -- finding -- */

const HmPeriodRow *
hm_periods_find (const GPtrArray *periods, const char *name, const char *zone)
{
  for (guint i = 0; i < periods->len; i++)
    {
      const HmPeriodRow *period = periods->pdata[i];

      if (strcmp (period->name, name) == 0 && strcmp (period->zone, zone) == 0)
        return period;
    }
  return NULL;
}

const HmPeriodRow *
hm_periods_overlapping (const GPtrArray *periods, HmTime from, HmTime to)
{
  for (guint i = 0; i < periods->len; i++)
    {
      const HmPeriodRow *period = periods->pdata[i];

      if (period->from < to && from < period->to)
        return period;
    }
  return NULL;
}

const HmPeriodRow *
hm_periods_before (const GPtrArray *periods, HmTime time)
{
  const HmPeriodRow *last = NULL;

  for (guint i = 0; i < periods->len; i++)
    {
      const HmPeriodRow *period = periods->pdata[i];

      if (period->to <= time && (last == NULL || period->to > last->to))
        last = period;
    }
  return last;
}

const HmPeriodRow *
hm_periods_after (const GPtrArray *periods, HmTime time)
{
  const HmPeriodRow *first = NULL;

  for (guint i = 0; i < periods->len; i++)
    {
      const HmPeriodRow *period = periods->pdata[i];

      if (period->from >= time && (first == NULL || period->from < first->from))
        first = period;
    }
  return first;
}

const HmStatementRow *
hm_statements_of (const GPtrArray *statements, const HmPeriodRow *period)
{
  for (guint i = 0; i < statements->len; i++)
    {
      const HmStatementRow *statement = statements->pdata[i];

      if (statement->period == period->id && statement->corrects == 0)
        return statement;
    }
  return NULL;
}

/* -- what is missing -- */

typedef struct
{
  HmTime past;
  GString *text;
} Behind;

/* Neither a comma nor a semicolon: what is missing is a list with these between. */
static gboolean
note_behind (const HmOffsetRow *row, gpointer user)
{
  Behind *behind = user;
  gboolean known = row->reached != HM_TIME_UNKNOWN && row->reached >= 0;
  char since[HM_TIME_TEXT_MAX], until[HM_TIME_TEXT_MAX];

  if (row->partition < 0 || (row->reached != HM_TIME_UNKNOWN && row->reached > behind->past))
    return TRUE;
  hm_time_print (row->committed, since);
  if (known)
    hm_time_print (row->reached, until);
  g_string_append_printf (behind->text, "%s%s/%d (%s%s: offset %" G_GINT64_FORMAT " is next since %s)",
                          behind->text->len > 0 ? ", " : "", row->topic, row->partition,
                          known ? "stored until " : "until when it is stored nobody has noted",
                          known ? until : "", row->next, since);
  return TRUE;
}

gboolean
hm_periods_behind (const HmStoreOps *ops, HmStore *store, HmTime past, char **ret_text, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Behind behind = { past, text };

  if (!ops->list_offsets (store, note_behind, &behind, error))
    return FALSE;
  *ret_text = text->len > 0 ? g_strdup (text->str) : NULL;
  return TRUE;
}

static gboolean
count_resource (const HmResourceRow *row, gpointer n)
{
  (void)row;
  return ++*(guint *)n < HM_PERIODS_COUNT_MAX;
}

gboolean
hm_periods_unrolled (const HmStoreOps *ops, HmStore *store, HmTime day, guint *ret_n, GError **error)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .rolled_before = day };
  guint n = 0;

  if (!ops->list_resources (store, &filter, count_resource, &n, error))
    return FALSE;
  *ret_n = n;
  return TRUE;
}

gboolean
hm_periods_list_usage (const HmStoreOps *ops, HmStore *store, HmTime from, HmTime to, HmBucketVisit visit,
                       gpointer user, GError **error)
{
  const HmStoreFilter filter = { .from = from, .to = to, .step = HM_STEP_MONTH };

  if (ops->list_usage != NULL)
    return ops->list_usage (store, &filter, visit, user, error);
  return ops->list_buckets (store, &filter, visit, user, error);
}
