/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close_gap: what would be in no statement. Between two closed periods there may be time of which no month or day of any zone is left, or one that was forgotten: usage
 * of it would be billed by nobody, and nobody would know. So a period is closed where another ends or begins, or its author says that what lies between is to
 * be left out, and the statement names it. The first period is free: what was before is no business of bills. */
#include "collector/bill/engine_close_private.h"

#include "collector/usage/calendar.h"
#include "metering/error.h"

#include <string.h>

typedef struct
{
  HmTime from, to;
  const char *name, *zone; /* of the period that ends where it begins */
  HmTime limit;            /* what is closed there ends by then */
} Gap;

/* -- finding -- */

static gboolean
note_earliest (const HmResourceRow *row, gpointer earliest)
{
  *(HmTime *)earliest = MIN (*(HmTime *)earliest, row->first_seen);
  return TRUE;
}

/* Where nothing was ever stored yet, nothing can be left out. */
static gboolean
had_begun (const HmClosing *closing, const Gap *gap, gboolean *ret_begun, GError **error)
{
  const HmEngine *engine = closing->engine;
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmTime earliest = G_MAXINT64;

  if (!engine->ops->list_resources (engine->store, &all, note_earliest, &earliest, error))
    return FALSE;
  *ret_begun = earliest < gap->to;
  return TRUE;
}

/* At most one before the period, and one behind it. */
static guint
find_gaps (const HmClosing *closing, Gap gaps[static 2])
{
  const HmPeriodRow *period = &closing->period;
  const HmPeriodRow *before = hm_periods_before (closing->periods, period->from);
  const HmPeriodRow *after = hm_periods_after (closing->periods, period->to);
  HmTime limit = after != NULL ? after->from : G_MAXINT64;
  guint n = 0;

  if (before != NULL && before->to < period->from)
    gaps[n++] = (Gap){ before->to, period->from, before->name, before->zone, limit };
  if (after != NULL && period->to < after->from)
    gaps[n++] = (Gap){ period->to, after->from, period->name, period->zone, limit };
  return n;
}

/* -- saying -- */

/* "2026-04-02 of Europe/Berlin": what can be closed where the gap begins. NULL: nothing can. (transfer full) */
static char *
next_of (const Gap *gap)
{
  g_autoptr (HmCalendar) calendar = hm_calendar_new (gap->zone, NULL);
  gboolean is_month = strlen (gap->name) == strlen ("2026-04");
  g_autofree char *name = NULL;

  if (calendar == NULL)
    return NULL;
  if (is_month && hm_calendar_next (calendar, HM_CALENDAR_MONTH, gap->from) <= gap->limit)
    name = hm_calendar_name (calendar, HM_CALENDAR_MONTH, gap->from);
  else if (hm_calendar_next (calendar, HM_CALENDAR_DAY, gap->from) <= gap->limit)
    name = hm_calendar_name (calendar, HM_CALENDAR_DAY, gap->from);
  return name != NULL ? g_strdup_printf ("%s of %s", name, gap->zone) : NULL;
}

static gboolean
refuse (const HmClosing *closing, const Gap *gap, const char *text, GError **error)
{
  g_autofree char *next = next_of (gap);

  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "%s of %s cannot be closed: %s; %s%s%s --accept-gap leaves it out, and then only adjustments "
               "can bill it",
               closing->period.name, closing->period.zone, text, next != NULL ? "close " : "",
               next != NULL ? next : "no day fits in:",
               next != NULL ? ", which begins there, before it or in its place;" : "");
  return FALSE;
}

/* Neither a comma nor a semicolon: see periods.c. */
static gboolean
check_gap (HmClosing *closing, const Gap *gap, GError **error)
{
  g_autofree char *text = NULL;
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX];
  gboolean begun;

  if (!had_begun (closing, gap, &begun, error))
    return FALSE;
  if (!begun)
    return TRUE;
  hm_time_print (gap->from, from);
  hm_time_print (gap->to, to);
  text = g_strdup_printf ("no statement bills %s to %s", from, to);
  if (!closing->order->accept_gap)
    return refuse (closing, gap, text, error);
  hm_closing_note (closing, text);
  return TRUE;
}

gboolean
hm_closing_check_gaps (HmClosing *closing, GError **error)
{
  Gap gaps[2];
  guint n = find_gaps (closing, gaps);

  for (guint i = 0; i < n; i++)
    if (!check_gap (closing, &gaps[i], error))
      return FALSE;
  return TRUE;
}
