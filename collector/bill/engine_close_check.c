/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close_check: what keeps a period from being closed, and what its author may accept. */
#include "collector/bill/engine_close_private.h"

#include "collector/usage/calendar.h"
#include "metering/error.h"

#define DAY_NS (24 * 3600 * HM_NSEC_PER_SEC)

static HmTime
day_after (HmTime time)
{
  return time + (DAY_NS - time % DAY_NS) % DAY_NS;
}

/* -- what is refused -- */

gboolean
hm_closing_find (HmClosing *closing, GError **error)
{
  const HmCloseOrder *order = closing->order;
  HmPeriodRow *period = &closing->period;
  g_autoptr (HmCalendar) calendar = hm_calendar_new (order->zone != NULL ? order->zone : "UTC", error);

  if (calendar == NULL || !hm_calendar_parse (calendar, order->name, &period->from, &period->to, error)
      || !hm_calendar_check_grain (calendar, period->from, period->to, closing->engine->settings.grain_ns,
                                   error))
    return FALSE;
  *period = (HmPeriodRow){ .name = order->name,
                           .zone = order->zone != NULL ? order->zone : "UTC",
                           .from = period->from,
                           .to = period->to,
                           .author = order->author };
  return TRUE;
}

static gboolean
check_ended (const HmClosing *closing, GError **error)
{
  HmTime least = closing->period.to + (closing->order->accept ? 0 : closing->engine->close.grace_ns);
  char until[HM_TIME_TEXT_MAX];

  if (closing->now >= least)
    return TRUE;
  hm_time_print (least, until);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s of %s is not over: it can be closed from %s on",
               closing->period.name, closing->period.zone, until);
  return FALSE;
}

/* Usage that two statements say would be in two bills. */
static gboolean
check_overlap (const HmClosing *closing, GError **error)
{
  const HmPeriodRow *other
      = hm_periods_overlapping (closing->periods, closing->period.from, closing->period.to);

  if (other == NULL)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "%s of %s has time in common with %s of %s, which is closed: what is used then is in its "
               "statement already",
               closing->period.name, closing->period.zone, other->name, other->zone);
  return FALSE;
}

void
hm_closing_note (HmClosing *closing, const char *missing)
{
  char *before = closing->missing;

  closing->missing = before != NULL ? g_strdup_printf ("%s; %s", before, missing) : g_strdup (missing);
  g_free (before);
}

/* @missing (nullable) */
static gboolean
accept_or_refuse (HmClosing *closing, const char *missing, gboolean accept, GError **error)
{
  if (missing != NULL && !accept)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s of %s cannot be closed yet: %s", closing->period.name,
                 closing->period.zone, missing);
  else if (missing != NULL)
    hm_closing_note (closing, missing);
  return missing == NULL || accept;
}

static gboolean
check_partitions (HmClosing *closing, GError **error)
{
  const HmEngine *engine = closing->engine;
  g_autofree char *behind = NULL, *text = NULL;

  if (!hm_periods_behind (engine->ops, engine->store, closing->period.to + engine->close.grace_ns, &behind,
                          error))
    return FALSE;
  if (behind != NULL)
    text = g_strconcat (HM_PERIODS_NOT_STORED, behind, NULL);
  return accept_or_refuse (closing, text, closing->order->accept, error);
}

gboolean
hm_closing_unrolled (const HmClosing *closing, HmTime to, char **ret_text, GError **error)
{
  const HmEngine *engine = closing->engine;
  guint n = 0;

  if (engine->ops->list_evidence != NULL
      && !hm_periods_unrolled (engine->ops, engine->store, day_after (to), &n, error))
    return FALSE;
  if (n > 0)
    *ret_text = g_strdup_printf ("%u%s resource%s not rolled up yet", n,
                                 n == HM_PERIODS_COUNT_MAX ? " or more" : "", n == 1 ? " is" : "s are");
  else
    *ret_text = NULL;
  return TRUE;
}

/* That comes by itself: who accepts that a partition is gone for good has not asked for a root over nothing. */
static gboolean
check_rolled (HmClosing *closing, GError **error)
{
  g_autofree char *text = NULL;

  return hm_closing_unrolled (closing, closing->period.to, &text, error)
         && accept_or_refuse (closing, text, closing->order->accept_unrolled, error);
}

/* Usage and evidence as they are: asked for again in the transaction, where neither can change. */
gboolean
hm_closing_check (HmClosing *closing, GError **error)
{
  if (closing->period.name == NULL
      || hm_periods_find (closing->periods, closing->period.name, closing->period.zone) != NULL)
    return TRUE;
  g_clear_pointer (&closing->missing, g_free);
  return check_ended (closing, error) && check_overlap (closing, error) && check_partitions (closing, error)
         && check_rolled (closing, error) && hm_closing_check_gaps (closing, error);
}
