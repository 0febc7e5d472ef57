/* SPDX-License-Identifier: Apache-2.0 */
/* moment: points in time as people write them on the command line. Pure but for the `now` that is handed in.
 */
#include "cli/command.h"

#include <string.h>

HmTime
hm_day_start (HmTime time)
{
  return time - time % (24 * 3600 * HM_NSEC_PER_SEC);
}

const char *
hm_moment_print (HmTime time, char buffer[HM_TIME_TEXT_MAX])
{
  if (time == HM_TIME_UNKNOWN)
    return NULL;
  hm_time_print (time, buffer);
  return buffer;
}

/* The local clock of @calendar, with what it is ahead of UTC. */
const char *
hm_moment_print_in (const HmCalendar *calendar, HmTime time, char buffer[HM_MOMENT_MAX])
{
  gint64 offset = calendar != NULL ? hm_calendar_offset (calendar, time) : 0;
  gint64 minutes = ABS (offset) / (60 * HM_NSEC_PER_SEC);

  hm_time_print (time + offset, buffer);
  if (calendar != NULL && !g_str_equal (hm_calendar_zone (calendar), "UTC"))
    g_snprintf (buffer + strlen (buffer) - 1, sizeof "+00:00", "%c%02d:%02d", offset < 0 ? '-' : '+',
                (int)(minutes / 60), (int)(minutes % 60));
  return buffer;
}

static HmTime
date_to_time (int year, int month)
{
  g_autoptr (GDateTime) date = g_date_time_new_utc (year, month, 1, 0, 0, 0);

  return g_date_time_to_unix (date) * HM_NSEC_PER_SEC;
}

HmTime
hm_month_start (HmTime time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / HM_NSEC_PER_SEC);

  return date_to_time (g_date_time_get_year (date), g_date_time_get_month (date));
}

/* -- words and dates, in UTC or in a zone -- */

static HmTime
day_of (const HmCalendar *calendar, HmTime time)
{
  return calendar != NULL ? hm_calendar_start (calendar, HM_CALENDAR_DAY, time) : hm_day_start (time);
}

static HmTime
month_of (const HmCalendar *calendar, HmTime time)
{
  return calendar != NULL ? hm_calendar_start (calendar, HM_CALENDAR_MONTH, time) : hm_month_start (time);
}

/* Moved to a multiple of @grain. */
static gboolean
parse_span (const char *text, HmTime now, gint64 grain, HmTime *ret_time)
{
  gint64 back;

  if (g_str_equal (text, "now"))
    *ret_time = now + (grain - now % grain) % grain;
  else if (text[0] == '-' && hm_duration_parse (text + 1, &back) && back <= now)
    *ret_time = (now - back) - (now - back) % grain;
  else
    return FALSE;
  return TRUE;
}

static gboolean
parse_word (const HmCalendar *calendar, const char *text, HmTime now, HmTime *ret_time)
{
  if (g_str_equal (text, "today"))
    *ret_time = day_of (calendar, now);
  else if (g_str_equal (text, "yesterday"))
    *ret_time = day_of (calendar, day_of (calendar, now) - 1);
  else if (g_str_equal (text, "this-month"))
    *ret_time = month_of (calendar, now);
  else if (g_str_equal (text, "last-month"))
    *ret_time = month_of (calendar, month_of (calendar, now) - 1);
  else
    return FALSE;
  return TRUE;
}

/* A day or a month alone: where it starts. */
static gboolean
parse_date (const HmCalendar *calendar, const char *text, HmTime *ret_time)
{
  static const char whole[] = "2026-01-01T00:00:00Z";
  gsize length = strlen (text);
  g_autofree char *filled = NULL;
  HmTime end;

  if (length != strlen ("2026-01") && length != strlen ("2026-01-01"))
    return FALSE;
  if (calendar != NULL)
    return hm_calendar_parse (calendar, text, ret_time, &end, NULL);
  filled = g_strconcat (text, whole + length, NULL);
  return hm_time_parse (filled, -1, ret_time);
}

static gboolean
check_step (const HmCalendar *calendar, const char *text, HmTime time, gint64 grain, const char *option,
            GError **error)
{
  g_autofree char *length = NULL;

  if (time % grain == 0)
    return TRUE;
  if (calendar != NULL
      && !hm_calendar_check_grain (calendar, hm_calendar_start (calendar, HM_CALENDAR_DAY, time),
                                   hm_calendar_next (calendar, HM_CALENDAR_DAY, time), grain, error))
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  length = hm_duration_print (grain);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: usage is kept in steps of %s, and '%s' lies within one",
               option, length, text);
  return FALSE;
}

gboolean
hm_moment_parse_in (const HmCalendar *calendar, const char *text, HmTime now, gint64 grain,
                    const char *option, HmTime *ret_time, GError **error)
{
  HmTime time;

  if (!parse_span (text, now, grain, &time) && !parse_word (calendar, text, now, &time)
      && !parse_date (calendar, text, &time) && !hm_time_parse (text, -1, &time))
    {
      g_set_error (
          error, HM_ERROR, HM_ERROR_USAGE,
          "%s: '%s' is no time; write 2026-11-21T01:00:00Z, 2026-11-21, 2026-11, now, today, yesterday, "
          "this-month, last-month or -2h",
          option, text);
      return FALSE;
    }
  if (!check_step (calendar, text, time, grain, option, error))
    return FALSE;
  *ret_time = time;
  return TRUE;
}

gboolean
hm_moment_parse (const char *text, HmTime now, gint64 grain, const char *option, HmTime *ret_time,
                 GError **error)
{
  return hm_moment_parse_in (NULL, text, now, grain, option, ret_time, error);
}
