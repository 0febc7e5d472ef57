/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close_write: what a statement says of a period, and what a correction says of one that was closed. All of it is read and written in one transaction. */
#include "collector/bill/engine_close_private.h"

#include "collector/bill/statement_due.h"
#include "metering/count.h"
#include "metering/error.h"
#include "metering/log.h"

#include <string.h>

/* -- adjustments -- */

typedef struct
{
  HmStatementSum *sum;
  GArray *adjusted; /* (element-type gint64) */
} Adjusting;

static gboolean
add_adjustment (const HmAdjustmentRow *row, gpointer user)
{
  Adjusting *adjusting = user;

  if (row->statement != 0)
    return TRUE;
  hm_statement_sum_adjust (adjusting->sum, row);
  g_array_append_val (adjusting->adjusted, row->id);
  return TRUE;
}

/* -- writing -- */

void
hm_closing_say (GString *text, const char *format, ...)
{
  va_list args;

  if (text->len > 0)
    g_string_append (text, "; ");
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

/* The log is told what it is at: each part takes its time where there are many lines, and none of it is seen before all is. (transfer container) */
static GPtrArray *
sort_lines (const HmClosing *closing, const HmPeriodRow *period, HmStatementSum *sum, gboolean differences)
{
  g_autofree char *count = NULL;
  GPtrArray *lines;

  hm_notice ("%s of %s: usage is read, lines are sorted", period->name, period->zone);
  lines = hm_statement_sum_lines (sum, closing->writer.last + 1, differences);
  count = hm_count_print (lines->len, "line");
  hm_notice ("%s of %s: %s sorted, now written", period->name, period->zone, count);
  return lines;
}

static gboolean
close_new (HmClosing *closing, GError **error)
{
  const HmEngine *engine = closing->engine;
  HmPeriodRow *period = &closing->period;
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (GArray) adjusted = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *count = NULL;
  Adjusting adjusting = { sum, adjusted };

  period->accepted = closing->missing;
  if (!hm_statement_add_usage (engine->ops, engine->store, period, sum, error)
      || !engine->ops->list_adjustments (engine->store, add_adjustment, &adjusting, error))
    return FALSE;
  lines = sort_lines (closing, period, sum, FALSE);
  if (!hm_statement_write (&closing->writer, period, 0, lines, adjusted, error))
    return FALSE;
  count = hm_count_print (lines->len, "line");
  hm_closing_say (closing->done, "closed %s of %s: statement %" G_GINT64_FORMAT ", %s", period->name,
                  period->zone, closing->writer.last, count);
  return TRUE;
}

static gboolean
untouch (const HmClosing *closing, const HmPeriodRow *period, GError **error)
{
  const HmBatch batch = { .periods = period, .n_periods = 1 };

  hm_closing_say (closing->done, "nothing to correct in %s of %s", period->name, period->zone);
  return closing->engine->ops->write (closing->engine->store, &batch, error);
}

/* @missing (nullable): what its author accepts. */
static gboolean
correct (HmClosing *closing, const HmPeriodRow *touched, const char *missing, GError **error)
{
  const HmEngine *engine = closing->engine;
  const HmStatementRow *first = hm_statements_of (closing->statements, touched);
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *count = NULL;
  HmPeriodRow period = *touched;

  period.touched = FALSE;
  period.accepted = missing;
  if (!hm_statement_add_due (engine->ops, engine->store, touched, closing->statements, sum, error))
    return FALSE;
  lines = sort_lines (closing, touched, sum, TRUE);
  if (lines->len == 0)
    return untouch (closing, &period, error);
  if (first == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s of %s is closed, and has no statement",
                   touched->name, touched->zone);
      return FALSE;
    }
  if (!hm_statement_write (&closing->writer, &period, first->number, lines, NULL, error))
    return FALSE;
  count = hm_count_print (lines->len, "line");
  hm_closing_say (closing->done,
                  "statement %" G_GINT64_FORMAT " corrects statement %" G_GINT64_FORMAT " (%s of %s), %s",
                  closing->writer.last, first->number, touched->name, touched->zone, count);
  return TRUE;
}

/* What is accepted is accepted of the period that was named, and of all corrections alone where none was. */
static gboolean
is_accepted (const HmCloseOrder *order, const HmPeriodRow *period)
{
  return order->accept_unrolled
         && (order->name == NULL
             || (strcmp (order->name, period->name) == 0
                 && strcmp (order->zone != NULL ? order->zone : "UTC", period->zone) == 0));
}

/* A correction has evidence, too: it waits until that is there, unless its author will not. */
gboolean
hm_closing_correct (HmClosing *closing, GError **error)
{
  for (guint i = 0; i < closing->periods->len; i++)
    {
      const HmPeriodRow *period = closing->periods->pdata[i];
      g_autofree char *unrolled = NULL;

      if (!period->touched)
        continue;
      if (!hm_closing_unrolled (closing, period->to, &unrolled, error))
        return FALSE;
      if (unrolled != NULL && !is_accepted (closing->order, period))
        hm_closing_say (closing->waits, "the correction of %s of %s waits: %s", period->name, period->zone,
                        unrolled);
      else if (!correct (closing, period, unrolled, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
hm_closing_write_period (HmClosing *closing, GError **error)
{
  const HmPeriodRow *period = &closing->period;

  if (period->name == NULL)
    return TRUE;
  if (hm_periods_find (closing->periods, period->name, period->zone) == NULL)
    return close_new (closing, error);
  hm_closing_say (closing->done, "%s of %s is closed already", period->name, period->zone);
  return TRUE;
}
