/* SPDX-License-Identifier: Apache-2.0 */
/* calendar: hours, days and months of a time zone, as half-open spans of time.
 *
 * Whoever shows usage by local day, or closes a local month, asks here. A zone's rules are read once, from the machine's time zone database
 * (package tzdata; UTC needs none). A day begins at the first moment at which the local clock shows it: mostly midnight, and where that is left out, the
 * moment of the change. Days and months follow one another without a gap. Immutable once made; any thread. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

typedef enum
{
  HM_CALENDAR_HOUR, /* of the local clock; one that a change cuts off is shorter */
  HM_CALENDAR_DAY,
  HM_CALENDAR_MONTH,
} HmCalendarStep;

typedef struct HmCalendar HmCalendar;

/* @zone: "UTC", or an IANA name such as "Europe/Berlin". HM_ERROR_USAGE: there is no such zone; HM_ERROR_UNAVAILABLE: this machine knows none. */
HmCalendar *hm_calendar_new (const char *zone, GError **error);
void hm_calendar_free (HmCalendar *calendar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmCalendar, hm_calendar_free)

const char *hm_calendar_zone (const HmCalendar *calendar);

/* Local time minus UTC at @time. */
gint64 hm_calendar_offset (const HmCalendar *calendar, HmTime time);

/* How often the local clock shows @local, told as if it were UTC's: once; twice, where it is put back; never, where it is put forward, or where that is before 1970 or
 * after 2262. *@ret_first: the first time. */
guint hm_calendar_shows (const HmCalendar *calendar, HmTime local, HmTime *ret_first);

/* Where the hour, day or month begins that holds @time, and where the next one does. @time: from 1970 to 2262. */
HmTime hm_calendar_start (const HmCalendar *calendar, HmCalendarStep step, HmTime time);
HmTime hm_calendar_next (const HmCalendar *calendar, HmCalendarStep step, HmTime time);

/* The local clock at @time, as far as @step tells: "2026-10-25T02", "2026-10-25", "2026-10". (transfer full) */
char *hm_calendar_name (const HmCalendar *calendar, HmCalendarStep step, HmTime time);

/* The reverse, of a day or a month: [*@ret_from, *@ret_to). HM_ERROR_USAGE. */
gboolean hm_calendar_parse (const HmCalendar *calendar, const char *name, HmTime *ret_from, HmTime *ret_to,
                            GError **error);

/* Whether @from and @to, and the days between, begin where a grain does. HM_ERROR_USAGE names the grain that would do. */
gboolean hm_calendar_check_grain (const HmCalendar *calendar, HmTime from, HmTime to, gint64 grain_ns,
                                  GError **error);

G_END_DECLS
