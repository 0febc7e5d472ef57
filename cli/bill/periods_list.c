/* SPDX-License-Identifier: Apache-2.0 */
/* periods_list: `hypermeter periods list`. Closed periods are rows of the store; months that nobody has closed come from the calendar. */
#include "cli/bill/periods.h"
#include "collector/usage/calendar.h"
#include "collector/bill/periods.h"
#include "metering/count.h"

#include <string.h>

static const HmColumn columns[] = {
  { "period", HM_COLUMN_TEXT },      { "zone", HM_COLUMN_TEXT },     { "from", HM_COLUMN_TIME },
  { "to", HM_COLUMN_TIME },          { "status", HM_COLUMN_TEXT },   { "statement", HM_COLUMN_COUNT },
  { "corrections", HM_COLUMN_LIST }, { "touched", HM_COLUMN_BOOL },  { "closed", HM_COLUMN_TIME },
  { "author", HM_COLUMN_TEXT },      { "accepted", HM_COLUMN_TEXT },
};

typedef struct
{
  HmReading reading;
  char *zone;
  HmCalendar *calendar;
  GPtrArray *periods, *statements;
  HmTime first, now; /* the month that is shown first begins there */
  HmOutput *output;
} List;

static void
clear_list (List *list)
{
  hm_reading_clear (&list->reading);
  g_free (list->zone);
  hm_calendar_free (list->calendar);
  g_clear_pointer (&list->periods, g_ptr_array_unref);
  g_clear_pointer (&list->statements, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (List, clear_list)

/* "3,5" (transfer full) */
static char *
corrections_of (const List *list, const HmPeriodRow *period)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < list->statements->len; i++)
    {
      const HmStatementRow *row = list->statements->pdata[i];

      if (row->period == period->id && row->corrects != 0)
        g_string_append_printf (text, "%s%" G_GINT64_FORMAT, text->len > 0 ? "," : "", row->number);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* "2 partitions; 3 resources are not rolled up yet": `periods show` names them. (transfer full) (nullable) */
static char *
accepted_of (const HmPeriodRow *period)
{
  const char *text = period->accepted, *end = text != NULL ? strchr (text, ';') : NULL;
  g_autofree char *partitions = NULL;
  guint n = 0;

  if (text == NULL || !g_str_has_prefix (text, HM_PERIODS_NOT_STORED))
    return g_strdup (text);
  if (end == NULL)
    end = text + strlen (text);
  for (const char *p = text; p < end; p++)
    n += *p == '(';
  partitions = hm_count_print (n, "partition");
  return g_strconcat (partitions, end, NULL);
}

static gboolean
show_closed (const List *list, const HmPeriodRow *period)
{
  const HmStatementRow *statement = hm_statements_of (list->statements, period);
  g_autofree char *corrections = corrections_of (list, period), *number = NULL;
  g_autofree char *accepted = accepted_of (period);
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX], closed[HM_TIME_TEXT_MAX];

  if (statement != NULL)
    number = g_strdup_printf ("%" G_GINT64_FORMAT, statement->number);
  return hm_output_row (
      list->output, (const char *[]){ period->name, period->zone, hm_moment_print (period->from, from),
                                      hm_moment_print (period->to, to), "closed", number, corrections,
                                      period->touched ? "yes" : "no",
                                      hm_moment_print (period->closed, closed), period->author, accepted });
}

/* Time between two closed periods that is in no statement: whoever closed them accepted it, or closed them long ago. */
static gboolean
show_unbilled (const List *list, const HmPeriodRow *period)
{
  const HmPeriodRow *after = hm_periods_after (list->periods, period->to);
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX];

  if (after == NULL || after->from == period->to)
    return TRUE;
  return hm_output_row (list->output, (const char *[]){ NULL, NULL, hm_moment_print (period->to, from),
                                                        hm_moment_print (after->from, to), "unbilled", NULL,
                                                        NULL, NULL, NULL, NULL, NULL });
}

static gboolean
show_open (const List *list, HmTime start, HmTime end, HmTime now)
{
  g_autofree char *name = hm_calendar_name (list->calendar, HM_CALENDAR_MONTH, start);
  const HmPeriodRow *other = hm_periods_overlapping (list->periods, start, end);
  const char *status = end > now ? "open" : "provisional";
  g_autofree char *overlaps = NULL;
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX];

  if (other != NULL && g_str_equal (other->zone, list->zone))
    return TRUE; /* it is shown, or days of it are */
  if (other != NULL)
    status = overlaps = g_strdup_printf ("overlaps %s %s", other->name, other->zone);
  return hm_output_row (list->output, (const char *[]){ name, list->zone, hm_moment_print (start, from),
                                                        hm_moment_print (end, to), status, NULL, NULL, NULL,
                                                        NULL, NULL, NULL });
}

static gboolean
note_earliest (const HmResourceRow *row, gpointer earliest)
{
  HmTime *time = earliest;

  *time = MIN (*time, MAX (row->first_seen, 0));
  return TRUE;
}

/* From the first record on, to the one that is not over. Months that could never be closed are refused where they are asked for. */
static gboolean
find_months (List *list, gboolean asked_for, GError **error)
{
  const HmReading *r = &list->reading;
  const HmClock *clock = hm_clock_system ();
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmTime earliest;

  list->now = earliest = clock->wall (clock);
  if (!r->ops->list_resources (r->store, &all, note_earliest, &earliest, error))
    return FALSE;
  list->first = hm_calendar_start (list->calendar, HM_CALENDAR_MONTH, earliest);
  return !asked_for
         || hm_calendar_check_grain (list->calendar, list->first,
                                     hm_calendar_next (list->calendar, HM_CALENDAR_MONTH, list->now),
                                     r->ops->grain (r->store), error);
}

static void
show_months (const List *list)
{
  gboolean more = TRUE;

  for (HmTime start = list->first, end; more && start <= list->now; start = end)
    {
      end = hm_calendar_next (list->calendar, HM_CALENDAR_MONTH, start);
      more = show_open (list, start, end, list->now);
    }
}

static gboolean
load (List *list, GError **error)
{
  const HmReading *r = &list->reading;

  if (!hm_periods_check (r->ops, error))
    return FALSE;
  list->periods = hm_periods_load (r->ops, r->store, error);
  if (list->periods != NULL)
    list->statements = hm_statements_load (r->ops, r->store, error);
  return list->statements != NULL;
}

/* A site closes months of one zone: that of the last one is the one to go on with. */
static gboolean
choose_zone (List *list, GError **error)
{
  const HmPeriodRow *last = list->periods->len > 0 ? list->periods->pdata[list->periods->len - 1] : NULL;

  if (list->zone == NULL)
    list->zone = g_strdup (last != NULL ? last->zone : "UTC");
  list->calendar = hm_calendar_new (list->zone, error);
  return list->calendar != NULL;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (List) list = { 0 };
  const GOptionEntry entries[]
      = { { "zone", 'z', 0, G_OPTION_ARG_STRING, &list.zone,
            "Of which time zone months that are not closed are shown; default: the last closed one's, or UTC",
            "ZONE" },
          { NULL } };
  gboolean shown = TRUE, asked_for;

  if (!hm_reading_open (&list.reading, &hm_periods_list, entries, argc, argv, error) || !load (&list, error))
    return 1;
  asked_for = list.zone != NULL;
  if (!choose_zone (&list, error) || !find_months (&list, asked_for, error))
    return 1;
  list.output = hm_reading_output (&list.reading, columns, G_N_ELEMENTS (columns));
  for (guint i = 0; shown && i < list.periods->len; i++)
    shown = show_closed (&list, list.periods->pdata[i]) && show_unbilled (&list, list.periods->pdata[i]);
  if (shown)
    show_months (&list);
  return hm_output_end (list.output, TRUE, error) ? 0 : 1;
}

const HmCommand hm_periods_list = {
  "periods list",
  "Closed periods with their statements, and months that are provisional or open",
  "Examples:\n"
  "  hypermeter periods list\n"
  "  hypermeter periods list --zone Europe/Berlin --output ndjson\n" HM_READING_STATUS,
  HM_ASKS_LIMIT,
  run,
};
