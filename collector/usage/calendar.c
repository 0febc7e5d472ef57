/* SPDX-License-Identifier: Apache-2.0 */
/* calendar: see calendar.h. GLib knows the offset of a zone at each second; where a day begins is searched for between two moments of which one is before
 * it for certain and one after it, whatever the zone. */
#include "collector/usage/calendar.h"

#include <stdio.h>
#include <string.h>

#include "metering/error.h"

#define HOUR_S    3600
#define DAY_S     (24 * HOUR_S)
#define REACH_S   (26 * HOUR_S) /* no clock of the world is further from UTC's */
#define EPOCH_DAY 719163        /* 1970-01-01 in GDate's count */
#define LEAST_NS  (300 * HM_NSEC_PER_SEC)
#define ZONE_MAX  64
#define FOLDER    "/usr/share/zoneinfo"

struct HmCalendar
{
  char *name;
  GTimeZone *zone;
};

/* -- zones -- */

/* What the database has besides: links that each machine sets for itself, and copies that not each machine has. */
static gboolean
is_of_this_machine (const char *zone)
{
  static const char *const names[] = { "localtime", "posixrules", "Factory", "leapseconds" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (zone, names[i]) == 0)
      return TRUE;
  return g_str_has_prefix (zone, "posix/")
         || g_str_has_prefix (zone, "right/"); /* counts leap seconds, as no time here does */
}

/* A path may lead anywhere, and GLib takes rules like "CET-1" for zones as well. */
static gboolean
is_name (const char *zone)
{
  return strlen (zone) < ZONE_MAX && g_ascii_isalpha (*zone)
         && zone[strspn (zone, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_+-/")] == '\0'
         && strstr (zone, "//") == NULL && !g_str_has_suffix (zone, "/") && !is_of_this_machine (zone);
}

static gboolean
is_zone_file (const char *folder, const char *zone)
{
  g_autofree char *path = g_build_filename (folder, zone, NULL);
  char magic[4] = "";
  FILE *file = g_file_test (path, G_FILE_TEST_IS_REGULAR) ? fopen (path, "re") : NULL;
  gboolean is_one = file != NULL && fread (magic, sizeof magic, 1, file) == 1
                    && memcmp (magic, "TZif", sizeof magic) == 0;

  if (file != NULL)
    fclose (file);
  return is_one;
}

/* (transfer full) */
static GTimeZone *
find_zone (const char *zone, GError **error)
{
  const char *given = g_getenv ("TZDIR"), *folder = given != NULL ? given : FOLDER; /* as GLib has it */
  GTimeZone *found = NULL;

  if (strcmp (zone, "UTC") == 0)
    return g_time_zone_new_utc ();
  if (is_name (zone) && !g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                   "time zone '%s': this machine has no time zone database, %s; install the package tzdata",
                   zone, folder);
      return NULL;
    }
  if (is_name (zone) && is_zone_file (folder, zone))
    found = g_time_zone_new_identifier (zone);
  if (found == NULL)
    {
      g_autofree char *shown = g_strescape (zone, NULL);

      g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                   "there is no time zone '%.64s'; write a name such as Europe/Berlin, or UTC", shown);
    }
  return found;
}

HmCalendar *
hm_calendar_new (const char *zone, GError **error)
{
  GTimeZone *found = find_zone (zone, error);
  HmCalendar *calendar;

  if (found == NULL)
    return NULL;
  calendar = g_new (HmCalendar, 1);
  calendar->name = g_strdup (zone);
  calendar->zone = found;
  return calendar;
}

void
hm_calendar_free (HmCalendar *calendar)
{
  if (calendar == NULL)
    return;
  g_free (calendar->name);
  g_time_zone_unref (calendar->zone);
  g_free (calendar);
}

const char *
hm_calendar_zone (const HmCalendar *calendar)
{
  return calendar->name;
}

/* -- seconds -- */

static gint64
offset_at (const HmCalendar *calendar, gint64 second)
{
  int interval = g_time_zone_find_interval (calendar->zone, G_TIME_TYPE_UNIVERSAL, second);

  return g_time_zone_get_offset (calendar->zone, interval);
}

/* The second at which the offset of @before changes, which it has done by @after. */
static gint64
change_between (const HmCalendar *calendar, gint64 before, gint64 after)
{
  gint64 offset = offset_at (calendar, before);

  while (after - before > 1)
    {
      gint64 middle = before + (after - before) / 2;

      if (offset_at (calendar, middle) == offset)
        before = middle;
      else
        after = middle;
    }
  return after;
}

/* When the local clock first shows @local, counted as if it were UTC's, or, where it never does, something later. */
static gint64
first_showing (const HmCalendar *calendar, gint64 local)
{
  gint64 before = offset_at (calendar, local - REACH_S), after = offset_at (calendar, local + REACH_S);

  if (offset_at (calendar, local - before) == before)
    return local - before;
  if (offset_at (calendar, local - after) == after)
    return local - after;
  return change_between (calendar, local - REACH_S, local + REACH_S);
}

/* -- days and months -- */

static gint64
floor_days (gint64 seconds)
{
  return seconds / DAY_S - (seconds % DAY_S < 0);
}

static void
date_of (gint64 day, GDate *ret_date)
{
  g_date_clear (ret_date, 1);
  g_date_set_julian (ret_date, (guint32)(day + EPOCH_DAY));
}

/* The first day of the month that holds @day. */
static gint64
month_of (gint64 day)
{
  GDate date;

  date_of (day, &date);
  return day - g_date_get_day (&date) + 1;
}

static gint64
step_after (HmCalendarStep step, gint64 day)
{
  return step == HM_CALENDAR_DAY ? day + 1 : month_of (month_of (day) + 31);
}

/* The first day, as a count, of the step that holds @second. The clock may show a day again that is over. */
static gint64
first_day (const HmCalendar *calendar, HmCalendarStep step, gint64 second)
{
  gint64 day = floor_days (second + offset_at (calendar, second));

  while (first_showing (calendar, day * DAY_S) > second)
    day--;
  while (first_showing (calendar, (day + 1) * DAY_S) <= second)
    day++;
  return step == HM_CALENDAR_DAY ? day : month_of (day);
}

/* -- hours: [*@ret_from, *@ret_to) -- */

static void
hour_around (const HmCalendar *calendar, gint64 second, gint64 *ret_from, gint64 *ret_to)
{
  gint64 offset = offset_at (calendar, second), local = second + offset;
  gint64 from = second - ((local % HOUR_S + HOUR_S) % HOUR_S), to = from + HOUR_S;

  if (offset_at (calendar, from) != offset)
    from = change_between (calendar, from, second);
  if (offset_at (calendar, to) != offset)
    to = change_between (calendar, second, to);
  *ret_from = from;
  *ret_to = to;
}

/* -- for callers -- */

gint64
hm_calendar_offset (const HmCalendar *calendar, HmTime time)
{
  return offset_at (calendar, time / HM_NSEC_PER_SEC) * HM_NSEC_PER_SEC;
}

/* FALSE: with @offset, in seconds, it is no time, or one at which another offset is in force. */
static gboolean
shows_at (const HmCalendar *calendar, HmTime local, gint64 offset, HmTime *ret_time)
{
  HmTime time;

  if (__builtin_sub_overflow (local, offset * HM_NSEC_PER_SEC, &time) || time < 0
      || hm_calendar_offset (calendar, time) != offset * HM_NSEC_PER_SEC)
    return FALSE;
  *ret_time = time;
  return TRUE;
}

guint
hm_calendar_shows (const HmCalendar *calendar, HmTime local, HmTime *ret_first)
{
  gint64 second = local / HM_NSEC_PER_SEC;
  gint64 before = offset_at (calendar, second - REACH_S), after = offset_at (calendar, second + REACH_S);
  HmTime first = 0, other = 0;
  gboolean is_before = shows_at (calendar, local, before, &first);
  gboolean is_after = after != before && shows_at (calendar, local, after, &other);

  if (is_before || is_after)
    *ret_first = is_before ? first : other;
  return (guint)is_before + (guint)is_after;
}

HmTime
hm_calendar_start (const HmCalendar *calendar, HmCalendarStep step, HmTime time)
{
  gint64 second = time / HM_NSEC_PER_SEC, from, to;

  if (step == HM_CALENDAR_HOUR)
    hour_around (calendar, second, &from, &to);
  else
    from = first_showing (calendar, first_day (calendar, step, second) * DAY_S);
  return from * HM_NSEC_PER_SEC;
}

HmTime
hm_calendar_next (const HmCalendar *calendar, HmCalendarStep step, HmTime time)
{
  gint64 second = time / HM_NSEC_PER_SEC, from, to;

  if (step == HM_CALENDAR_HOUR)
    hour_around (calendar, second, &from, &to);
  else
    to = first_showing (calendar, step_after (step, first_day (calendar, step, second)) * DAY_S);
  return to * HM_NSEC_PER_SEC;
}

char *
hm_calendar_name (const HmCalendar *calendar, HmCalendarStep step, HmTime time)
{
  gint64 second = time / HM_NSEC_PER_SEC, local = second + offset_at (calendar, second);
  GDate date;

  date_of (step == HM_CALENDAR_HOUR ? floor_days (local) : first_day (calendar, step, second), &date);
  if (step == HM_CALENDAR_MONTH)
    return g_strdup_printf ("%04u-%02u", g_date_get_year (&date), (guint)g_date_get_month (&date));
  if (step == HM_CALENDAR_DAY)
    return g_strdup_printf ("%04u-%02u-%02u", g_date_get_year (&date), (guint)g_date_get_month (&date),
                            g_date_get_day (&date));
  return g_strdup_printf ("%04u-%02u-%02uT%02u", g_date_get_year (&date), (guint)g_date_get_month (&date),
                          g_date_get_day (&date), (guint)(local - floor_days (local) * DAY_S) / HOUR_S);
}

/* "2026-10" or "2026-10-25", and nothing else. */
static gboolean
parse_name (const char *name, HmCalendarStep *ret_step, gint64 *ret_day)
{
  static const char shape[] = "dddd-dd-dd";
  gsize length = strlen (name);
  guint64 year, month, day = 1;
  GDate date;

  if (length != strlen ("2026-10") && length != strlen (shape))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (shape[i] == '-' ? name[i] != '-' : !g_ascii_isdigit (name[i]))
      return FALSE;
  year = g_ascii_strtoull (name, NULL, 10);
  month = g_ascii_strtoull (name + 5, NULL, 10);
  if (length == strlen (shape))
    day = g_ascii_strtoull (name + 8, NULL, 10);
  if (year < 1970 || year > 2261 || !g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year))
    return FALSE;
  g_date_clear (&date, 1);
  g_date_set_dmy (&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
  *ret_step = length == strlen (shape) ? HM_CALENDAR_DAY : HM_CALENDAR_MONTH;
  *ret_day = (gint64)g_date_get_julian (&date) - EPOCH_DAY;
  return TRUE;
}

gboolean
hm_calendar_parse (const HmCalendar *calendar, const char *name, HmTime *ret_from, HmTime *ret_to,
                   GError **error)
{
  HmCalendarStep step;
  gint64 day, from = 0, to = 0;

  if (parse_name (name, &step, &day))
    {
      from = first_showing (calendar, day * DAY_S);
      to = first_showing (calendar, step_after (step, day) * DAY_S);
    }
  if (to <= 0 || from < 0 || from >= to) /* a day that a zone has left out is none */
    {
      g_autofree char *shown = g_strescape (name, NULL);

      g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                   "'%.32s' is no month or day of %s; write 2026-10 or 2026-10-25", shown, calendar->name);
      return FALSE;
    }
  *ret_from = from * HM_NSEC_PER_SEC;
  *ret_to = to * HM_NSEC_PER_SEC;
  return TRUE;
}

/* -- grains -- */

static gint64
common_divisor (gint64 a, gint64 b)
{
  while (b != 0)
    {
      gint64 rest = a % b;

      a = b;
      b = rest;
    }
  return ABS (a);
}

/* No zone changes its offset there and back within half a day. That days begin where a step does is not all: so have the two ends. */
gboolean
hm_calendar_check_grain (const HmCalendar *calendar, HmTime from, HmTime to, gint64 grain_ns, GError **error)
{
  gint64 fits = common_divisor (common_divisor (grain_ns, from), to);
  g_autofree char *is = NULL, *would = NULL;

  for (HmTime at = from; at < to; at += MIN (DAY_S / 2 * HM_NSEC_PER_SEC, to - at))
    fits = common_divisor (fits, hm_calendar_offset (calendar, at));
  if (fits == grain_ns)
    return TRUE;
  is = hm_duration_print (grain_ns);
  would = hm_duration_print (fits);
  if (fits >= LEAST_NS)
    g_set_error (
        error, HM_ERROR, HM_ERROR_USAGE,
        "days of %s do not begin where a step of this store does, of %s; a store with grain = %s would do",
        calendar->name, is, would);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "days of %s do not begin where a step of this store does, of %s, and no grain would do",
                 calendar->name, is);
  return FALSE;
}
