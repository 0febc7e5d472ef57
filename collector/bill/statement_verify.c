/* SPDX-License-Identifier: Apache-2.0 */
/* statement_verify: see statement_verify.h. Called by `hypermeter verify`. Statements are read before their lines: those that were there then have all of
 * their lines, since both come in one transaction. */
#include "collector/bill/statement_verify.h"

#include "collector/bill/periods.h"
#include "collector/bill/statement.h"
#include "collector/bill/statement_due.h"
#include "metering/count.h"
#include "metering/error.h"

#include <string.h>

typedef struct
{
  HmStatementDifferenceVisit visit;
  gpointer user;
  GPtrArray *periods, *statements; /* (element-type HmPeriodRow) (element-type HmStatementRow) by number */
  GHashTable *by_number;           /* (element-type HmStatementRow) */
  GHashTable *unknown;             /* gint64 → what is of that number, which no statement had */
  GHashTable *spoiled;             /* (element-type gint64) periods of statements whose lines are others */
  guint at;                        /* the statement whose lines come next */
  guint64 lines;                   /* of it, as they were read */
  GChecksum *hash;
  GError *failure;
} Verifying;

static void
tell (const Verifying *verifying, gint64 statement, const char *figure, const char *stored, const char *made)
{
  const HmDifference difference
      = { .what = "statement", .start = HM_TIME_UNKNOWN, .figure = figure, .stored = stored, .made = made };

  verifying->visit (statement, &difference, verifying->user);
}

/* -- lines -- */

static void
settle_one (Verifying *verifying)
{
  HmStatementRow *row = verifying->statements->pdata[verifying->at++];
  const char *sha256 = g_checksum_get_string (verifying->hash);

  if (row->lines != verifying->lines)
    {
      g_autofree char *stored = g_strdup_printf ("%" G_GUINT64_FORMAT, row->lines);
      g_autofree char *made = g_strdup_printf ("%" G_GUINT64_FORMAT, verifying->lines);

      tell (verifying, row->number, "lines", stored, made);
      g_hash_table_add (verifying->spoiled, &row->period);
    }
  if (strcmp (row->sha256, sha256) != 0)
    {
      tell (verifying, row->number, "sha256", row->sha256, sha256);
      g_hash_table_add (verifying->spoiled, &row->period);
    }
  g_checksum_reset (verifying->hash);
  verifying->lines = 0;
}

/* All whose numbers are below @number have had their lines. */
static void
settle_below (Verifying *verifying, gint64 number)
{
  while (verifying->at < verifying->statements->len
         && ((const HmStatementRow *)verifying->statements->pdata[verifying->at])->number < number)
    settle_one (verifying);
}

static void
note_unknown (Verifying *verifying, gint64 number, const char *figure)
{
  if (!g_hash_table_contains (verifying->unknown, &number))
    g_hash_table_insert (verifying->unknown, g_memdup2 (&number, sizeof number), (gpointer)(guintptr)figure);
}

static gboolean
read_line (const HmStatementLine *line, gpointer user)
{
  Verifying *verifying = user;
  g_autofree char *text = NULL;

  settle_below (verifying, line->number);
  if (!g_hash_table_contains (verifying->by_number, &line->number))
    {
      note_unknown (verifying, line->number, "lines");
      return TRUE;
    }
  text = hm_statement_line_to_json (line, &verifying->failure);
  if (text == NULL)
    return FALSE;
  g_checksum_update (verifying->hash, (const guchar *)text, -1);
  verifying->lines++;
  return TRUE;
}

static gboolean
read_lines (Verifying *verifying, const HmStoreOps *ops, HmStore *store, GError **error)
{
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  gboolean listed = ops->list_lines (store, &all, read_line, verifying, error),
           whole = verifying->failure == NULL;

  if (listed && whole)
    settle_below (verifying, G_MAXINT64);
  else if (listed)
    g_propagate_error (error, g_steal_pointer (&verifying->failure));
  else
    g_clear_error (&verifying->failure);
  return listed && whole;
}

/* -- what is of a statement that is gone, or has been made meanwhile -- */

static gboolean
read_adjustment (const HmAdjustmentRow *row, gpointer user)
{
  Verifying *verifying = user;

  if (row->statement != 0 && !g_hash_table_contains (verifying->by_number, &row->statement))
    note_unknown (verifying, row->statement, "adjustment");
  return TRUE;
}

static gboolean
forget_number (const HmStatementRow *row, gpointer unknown)
{
  g_hash_table_remove (unknown, &row->number);
  return TRUE;
}

static gboolean
tell_unknown (Verifying *verifying, const HmStoreOps *ops, HmStore *store, GError **error)
{
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  GHashTableIter iter;
  gpointer number, figure;

  if (!ops->list_adjustments (store, read_adjustment, verifying, error))
    return FALSE;
  if (g_hash_table_size (verifying->unknown) > 0
      && !ops->list_statements (store, &all, forget_number, verifying->unknown, error))
    return FALSE;
  g_hash_table_iter_init (&iter, verifying->unknown);
  while (g_hash_table_iter_next (&iter, &number, &figure))
    tell (verifying, *(const gint64 *)number, figure, "of no statement", NULL);
  return TRUE;
}

/* -- what statements say of each other -- */

/* A row a hole, however wide it is. */
static void
check_gap (const Verifying *verifying, gint64 expected, gint64 number)
{
  g_autofree char *missing = NULL;

  if (number <= expected)
    return;
  missing = g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, expected, number - 1);
  tell (verifying, expected, "number", NULL, missing);
}

static const HmPeriodRow *
period_of (const Verifying *verifying, const HmStatementRow *row)
{
  for (guint i = 0; i < verifying->periods->len; i++)
    {
      const HmPeriodRow *period = verifying->periods->pdata[i];

      if (period->id == row->period)
        return period;
    }
  return NULL;
}

/* A correction's is its period's own statement, which was there before. */
static void
check_corrects (const Verifying *verifying, const HmStatementRow *row)
{
  const HmStatementRow *first = g_hash_table_lookup (verifying->by_number, &row->corrects);
  g_autofree char *stored = g_strdup_printf ("%" G_GINT64_FORMAT, row->corrects);

  if (row->corrects != 0
      && (first == NULL || first->corrects != 0 || first->period != row->period
          || first->number >= row->number))
    tell (verifying, row->number, "corrects", stored, NULL);
}

static void
check_numbers (const Verifying *verifying)
{
  gint64 expected = 1;

  for (guint i = 0; i < verifying->statements->len; i++)
    {
      const HmStatementRow *row = verifying->statements->pdata[i];

      check_gap (verifying, expected, row->number);
      check_corrects (verifying, row);
      if (period_of (verifying, row) == NULL)
        tell (verifying, row->number, "period", "of no closed period", NULL);
      expected = row->number + 1;
    }
}

/* The last statement leaves no hole, but a period that nothing was said of. */
static void
check_periods (const Verifying *verifying)
{
  for (guint i = 0; i < verifying->periods->len; i++)
    {
      const HmPeriodRow *period = verifying->periods->pdata[i];
      g_autofree char *name = g_strdup_printf ("%s %s", period->name, period->zone);

      if (hm_statements_of (verifying->statements, period) == NULL)
        tell (verifying, 0, "period", name, NULL);
    }
}

/* -- what was used, and was not said: a correction that is gone without a trace -- */

/* Not touched, and nothing said of it, since it was loaded: what is due was due then. */
static gboolean
is_as_before (const Verifying *verifying, const HmPeriodRow *period, const GPtrArray *periods,
              const GPtrArray *statements)
{
  const HmPeriodRow *now = hm_periods_find (periods, period->name, period->zone);

  return now != NULL && !now->touched && statements->len == verifying->statements->len;
}

static gboolean
tell_due (const Verifying *verifying, const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period,
          const GPtrArray *lines, GError **error)
{
  const HmStatementLine *line = lines->pdata[0];
  g_autoptr (GPtrArray) periods = hm_periods_load (ops, store, error);
  g_autoptr (GPtrArray) statements = periods != NULL ? hm_statements_load (ops, store, error) : NULL;
  g_autofree char *name = g_strdup_printf ("%s %s", period->name, period->zone),
                  *count = hm_count_print (lines->len, "line"), *made = NULL;
  g_auto (HmLineText) text = hm_line_text (line);

  if (statements == NULL)
    return FALSE;
  made = g_strdup_printf ("%s not stated; the first: %s %s %s %s", count, line->resource, line->meter,
                          text.quantity, text.unit);
  if (is_as_before (verifying, period, periods, statements))
    tell (verifying, hm_statements_of (verifying->statements, period)->number, "usage", name, made);
  return TRUE;
}

static gboolean
check_usage (const Verifying *verifying, const HmStoreOps *ops, HmStore *store, GError **error)
{
  for (guint i = 0; i < verifying->periods->len; i++)
    {
      const HmPeriodRow *period = verifying->periods->pdata[i];
      g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
      g_autoptr (GPtrArray) lines = NULL;

      if (period->touched || g_hash_table_contains (verifying->spoiled, &period->id)
          || hm_statements_of (verifying->statements, period) == NULL)
        continue;
      if (!hm_statement_add_due (ops, store, period, verifying->statements, sum, error))
        return FALSE;
      lines = hm_statement_sum_lines (sum, 0, TRUE);
      if (lines->len > 0 && !tell_due (verifying, ops, store, period, lines, error))
        return FALSE;
    }
  return TRUE;
}

/* -- all -- */

/* Periods first: with each comes its statement. */
static gboolean
load (Verifying *verifying, const HmStoreOps *ops, HmStore *store, GError **error)
{
  verifying->periods = hm_periods_load (ops, store, error);
  verifying->statements = verifying->periods != NULL ? hm_statements_load (ops, store, error) : NULL;
  for (guint i = 0; verifying->statements != NULL && i < verifying->statements->len; i++)
    {
      HmStatementRow *row = verifying->statements->pdata[i];

      g_hash_table_insert (verifying->by_number, &row->number, row);
    }
  return verifying->statements != NULL;
}

gboolean
hm_statements_verify (const HmStoreOps *ops, HmStore *store, HmStatementDifferenceVisit visit, gpointer user,
                      GError **error)
{
  g_autoptr (GHashTable) by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (GHashTable) unknown = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GHashTable) spoiled = g_hash_table_new (g_int64_hash, g_int64_equal);
  Verifying verifying = {
    .visit = visit, .user = user, .by_number = by_number, .unknown = unknown, .spoiled = spoiled, .hash = hash
  };
  gboolean done;

  if (!hm_periods_check (ops, NULL))
    return TRUE;
  done = load (&verifying, ops, store, error);
  if (done)
    {
      check_numbers (&verifying);
      check_periods (&verifying);
      done = read_lines (&verifying, ops, store, error) && tell_unknown (&verifying, ops, store, error)
             && check_usage (&verifying, ops, store, error);
    }
  g_clear_pointer (&verifying.statements, g_ptr_array_unref);
  g_clear_pointer (&verifying.periods, g_ptr_array_unref);
  return done;
}
