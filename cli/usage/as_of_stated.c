/* SPDX-License-Identifier: Apache-2.0 */
/* as_of_stated: closed periods as their statements told them at one moment. The lines of a period's statement and of the corrections that were made by then are what its
 * usage was when the last of them was made; no raw record is needed, so that is known for ever. Between two statements nobody knows which of what came was there already. Lines are of
 * whole periods, and know no hour, agent, flavor or state. Adjustments are no usage. */
#include "cli/usage/as_of.h"

#include "cli/usage/group.h"
#include "collector/bill/periods.h"
#include "collector/bill/statement.h"

#include <string.h>

typedef struct
{
  const HmReading *reading;
  const HmStoreFilter *filter;
  HmTime until;
  guint32 columns;
  GPtrArray *periods;    /* (element-type HmPeriodRow) of the store */
  GPtrArray *statements; /* (element-type HmStatementRow) likewise */
  GPtrArray *told;       /* (element-type HmPeriodRow) of the filter's time, borrowed from `periods` */
} Stated;

static void
clear_stated (Stated *stated)
{
  g_clear_pointer (&stated->periods, g_ptr_array_unref);
  g_clear_pointer (&stated->statements, g_ptr_array_unref);
  g_clear_pointer (&stated->told, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Stated, clear_stated)

/* -- what can be told -- */

static gboolean
ends_at (const Stated *stated, const HmPeriodRow *period)
{
  for (guint i = 0; i < stated->statements->len; i++)
    {
      const HmStatementRow *statement = stated->statements->pdata[i];

      if (statement->period == period->id && statement->made == stated->until)
        return TRUE;
    }
  return FALSE;
}

/* "2026-10 of UTC was stated at other moments: statement 1 (2026-11-01T…), statement 3 (…)". (transfer full) */
static char *
name_moments (const Stated *stated, const HmPeriodRow *period)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "%s of %s was stated at other moments:", period->name, period->zone);
  for (guint i = 0; i < stated->statements->len; i++)
    {
      const HmStatementRow *statement = stated->statements->pdata[i];
      char made[HM_TIME_TEXT_MAX];

      if (statement->period == period->id)
        g_string_append_printf (text, "%s statement %" G_GINT64_FORMAT " (%s)",
                                g_str_has_suffix (text->str, ":") ? "" : ",", statement->number,
                                hm_moment_print (statement->made, made));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const HmPeriodRow *
period_from (const Stated *stated, HmTime from)
{
  for (guint i = 0; i < stated->periods->len; i++)
    if (((const HmPeriodRow *)stated->periods->pdata[i])->from == from)
      return stated->periods->pdata[i];
  return NULL;
}

/* A column of a time is right where no period is longer than its step, in the calendar that the period is of. */
static const char *
finer_column (const Stated *stated, const HmPeriodRow *period)
{
  const HmCalendar *calendar = stated->reading->calendar;
  gboolean same = strcmp (calendar != NULL ? hm_calendar_zone (calendar) : "UTC", period->zone) == 0;
  gboolean day = strlen (period->name) == strlen ("2026-10-01");

  for (guint by = 0; by < HM_BY_COUNT; by++)
    {
      gboolean told = by == HM_BY_MONTH ? same : by == HM_BY_DAY ? same && day : TRUE;

      if (by == HM_BY_HOUR || by == HM_BY_AGENT || by == HM_BY_FLAVOR || by == HM_BY_STATE)
        told = FALSE;
      if (!told && (stated->columns & 1u << by) != 0)
        return hm_by_name (by);
    }
  return NULL;
}

/* (transfer full) (nullable): why not. */
static char *
refuse_period (const Stated *stated, const HmPeriodRow *period)
{
  const char *finer = finer_column (stated, period);

  if (!ends_at (stated, period))
    return name_moments (stated, period);
  return finer != NULL ? g_strdup_printf ("the statements of %s of %s have no column %s", period->name,
                                          period->zone, finer)
                       : NULL;
}

/* The filter's time, period by period. (transfer full) (nullable): why not. */
static char *
choose_periods (Stated *stated)
{
  HmTime end = stated->filter->to, at = stated->filter->from;
  char text[HM_TIME_TEXT_MAX];

  if (at == HM_TIME_UNKNOWN || end == HM_TIME_UNKNOWN)
    return g_strdup ("they are about whole periods, which --from and --to would have to name");
  for (const HmPeriodRow *period; at < end; at = period->to)
    {
      char *why;

      period = period_from (stated, at);
      if (period == NULL || period->to > end)
        return g_strdup_printf ("they are about whole periods, and none that was closed is within the time "
                                "asked for from %s on",
                                hm_moment_print (at, text));
      why = refuse_period (stated, period);
      if (why != NULL)
        return why;
      g_ptr_array_add (stated->told, (gpointer)(guintptr)period);
    }
  return NULL;
}

/* -- telling it -- */

typedef struct
{
  HmStatementSum *sum;
  GError *error; /* (nullable) */
} Adding;

static gboolean
add_line (const HmStatementLine *line, gpointer user)
{
  Adding *adding = user;

  return line->adjustment != 0 || hm_statement_sum_add_line (adding->sum, line, &adding->error);
}

static gboolean
add_statement (const Stated *stated, gint64 number, HmStatementSum *sum, GError **error)
{
  const HmReading *r = stated->reading;
  HmStoreFilter filter = *stated->filter;
  Adding adding = { sum, NULL };

  filter.from = filter.to = HM_TIME_UNKNOWN;
  filter.number = number;
  if (!r->ops->list_lines (r->store, &filter, add_line, &adding, error))
    {
      g_clear_error (&adding.error);
      return FALSE;
    }
  if (adding.error != NULL)
    g_propagate_error (error, g_steal_pointer (&adding.error));
  return adding.error == NULL;
}

static gboolean
sum_period (const Stated *stated, const HmPeriodRow *period, HmStatementSum *sum, GError **error)
{
  for (guint i = 0; i < stated->statements->len; i++)
    {
      const HmStatementRow *statement = stated->statements->pdata[i];

      if (statement->period == period->id && statement->made <= stated->until
          && !add_statement (stated, statement->number, sum, error))
        return FALSE;
    }
  return TRUE;
}

/* A row with one cell. (transfer full) */
static HmBucket *
row_of (const HmPeriodRow *period, const HmStatementLine *line)
{
  HmBucket *row = hm_bucket_new ();
  HmCell *cell = hm_bucket_cell (row, line->device, line->meter, "", line->type, line->unit);

  row->grain = period->from;
  row->source = g_strdup (line->source);
  row->resource = g_strdup (line->resource);
  row->project = g_strdup (line->project);
  row->user = g_strdup (line->user);
  row->agent = g_strdup ("");
  row->epoch = g_strdup ("");
  row->flavor = g_strdup ("");
  cell->quantity = line->quantity;
  cell->covered_ns = (gint64)line->covered_ns;
  cell->flags = line->flags;
  return row;
}

static gboolean
visit_line (const HmPeriodRow *period, const HmStatementLine *line, HmBucketVisit visit, gpointer user,
            gboolean *ret_more, GError **error)
{
  g_autoptr (HmBucket) row = row_of (period, line);

  if (line->covered_ns > G_MAXINT64 || line->covered_ns < G_MININT64)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s of %s covers more time than there is room for",
                   line->meter, line->resource);
      return FALSE;
    }
  *ret_more = visit (row, user);
  return TRUE;
}

static gboolean
tell_period (const Stated *stated, const HmPeriodRow *period, HmBucketVisit visit, gpointer user,
             gboolean *ret_more, GError **error)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (GPtrArray) lines = NULL;

  if (!sum_period (stated, period, sum, error))
    return FALSE;
  lines = hm_statement_sum_lines (sum, 0, FALSE);
  for (guint i = 0; *ret_more && i < lines->len; i++)
    if (!visit_line (period, lines->pdata[i], visit, user, ret_more, error))
      return FALSE;
  return TRUE;
}

/* -- as of a moment -- */

static gboolean
load (Stated *stated, GError **error)
{
  const HmReading *r = stated->reading;

  stated->told = g_ptr_array_new ();
  stated->periods = hm_periods_load (r->ops, r->store, error);
  if (stated->periods != NULL)
    stated->statements = hm_statements_load (r->ops, r->store, error);
  return stated->statements != NULL;
}

gboolean
hm_as_of_tell (const HmReading *reading, const HmAsOf *as_of, HmBucketVisit visit, gpointer user,
               char **ret_why, GError **error)
{
  g_auto (Stated) stated
      = { .reading = reading, .filter = as_of->filter, .until = as_of->until, .columns = as_of->columns };
  gboolean more = TRUE;

  *ret_why = NULL;
  if (!hm_periods_check (reading->ops, NULL))
    *ret_why = g_strdup ("this store keeps none");
  else if (!load (&stated, error))
    return FALSE;
  else
    *ret_why = as_of->ranges ? g_strdup ("their lines have no range") : choose_periods (&stated);
  for (guint i = 0; *ret_why == NULL && more && i < stated.told->len; i++)
    if (!tell_period (&stated, stated.told->pdata[i], visit, user, &more, error))
      return FALSE;
  return TRUE;
}

/* -- moments -- */

typedef struct
{
  gint64 number;
  HmTime made;
} Moment;

static gboolean
take_made (const HmStatementRow *row, gpointer user)
{
  Moment *moment = user;

  if (row->number == moment->number)
    moment->made = row->made;
  return TRUE;
}

static gboolean
parse_statement (const HmReading *r, const char *text, HmTime *ret_until, GError **error)
{
  Moment moment = { .made = HM_TIME_UNKNOWN };
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  if (!g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, &moment.number, NULL))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--as-of: '%s' is no number of a statement", text);
      return FALSE;
    }
  filter.number = moment.number;
  if (!hm_periods_check (r->ops, error)
      || !r->ops->list_statements (r->store, &filter, take_made, &moment, error))
    return FALSE;
  if (moment.made == HM_TIME_UNKNOWN)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--as-of: there is no statement %s", text);
  else
    *ret_until = moment.made;
  return moment.made != HM_TIME_UNKNOWN;
}

#define OF_STATEMENT "statement:"

gboolean
hm_as_of_parse (const HmReading *reading, const char *text, HmTime *ret_until, GError **error)
{
  const HmClock *clock = hm_clock_system ();

  if (g_str_has_prefix (text, OF_STATEMENT))
    return parse_statement (reading, text + strlen (OF_STATEMENT), ret_until, error);
  return hm_moment_parse (text, clock->wall (clock), 1, "--as-of", ret_until, error);
}
