/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the machine's clocks, a fake one, and times, durations and sizes as text.
 *
 * Everybody reads time through the table that they were given; only main() takes hm_clock_system(). The text
 * functions are pure integer arithmetic on the proleptic Gregorian calendar: no locale, no time zone. */
#include "metering/clock.h"

#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "metering/unit.h"
#include "metering/value.h"

#define SECONDS_PER_DAY 86400

/* -- the machine's clocks -- */

static gint64
read_clock (clockid_t id)
{
  struct timespec now;

  if (clock_gettime (id, &now) != 0)
    g_error ("clock %d cannot be read", (int)id);
  return (gint64)now.tv_sec * HM_NSEC_PER_SEC + now.tv_nsec;
}

static HmTime
system_wall (const HmClock *clock G_GNUC_UNUSED)
{
  return read_clock (CLOCK_REALTIME);
}

static gint64
system_monotonic (const HmClock *clock G_GNUC_UNUSED)
{
  return read_clock (CLOCK_MONOTONIC);
}

static gint64
system_boot (const HmClock *clock G_GNUC_UNUSED)
{
  return read_clock (CLOCK_BOOTTIME);
}

static gboolean
system_synced (const HmClock *clock G_GNUC_UNUSED, gint64 *ret_max_error_ns)
{
  struct timex state = { .modes = 0 };
  int said = adjtimex (&state);

  if (said < 0 || said == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
    return FALSE;
  *ret_max_error_ns = (gint64)state.maxerror * 1000;
  return TRUE;
}

const HmClock *
hm_clock_system (void)
{
  static const HmClock clock = { system_wall, system_monotonic, system_boot, system_synced };

  return &clock;
}

/* -- the fake clock; its HmClock is its first member -- */

static HmTime
fake_wall (const HmClock *clock)
{
  return __atomic_load_n (&((const HmFakeClock *)clock)->wall_ns, __ATOMIC_SEQ_CST);
}

static gint64
fake_monotonic (const HmClock *clock)
{
  return __atomic_load_n (&((const HmFakeClock *)clock)->monotonic_ns, __ATOMIC_SEQ_CST);
}

static gint64
fake_boot (const HmClock *clock)
{
  return __atomic_load_n (&((const HmFakeClock *)clock)->boot_ns, __ATOMIC_SEQ_CST);
}

static gboolean
fake_synced (const HmClock *clock, gint64 *ret_max_error_ns)
{
  const HmFakeClock *fake = (const HmFakeClock *)clock;

  if (fake->is_synced)
    *ret_max_error_ns = fake->max_error_ns;
  return fake->is_synced;
}

HmFakeClock *
hm_fake_clock_new (HmTime wall)
{
  HmFakeClock *fake = g_new0 (HmFakeClock, 1);

  fake->clock = (HmClock){ fake_wall, fake_monotonic, fake_boot, fake_synced };
  fake->wall_ns = wall;
  fake->is_synced = TRUE;
  return fake;
}

void
hm_fake_clock_advance (HmFakeClock *fake, gint64 ns)
{
  __atomic_add_fetch (&fake->wall_ns, ns, __ATOMIC_SEQ_CST);
  __atomic_add_fetch (&fake->monotonic_ns, ns, __ATOMIC_SEQ_CST);
  __atomic_add_fetch (&fake->boot_ns, ns, __ATOMIC_SEQ_CST);
}

/* -- RFC 3339 -- */

/* The calendar in eras of 400 years that begin on 1 March, so that the leap day ends a year: the usual way to
 * do it without a table or a loop. Days count from 1970-01-01. */
#define DAYS_PER_ERA 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

static gint64
days_from_date (gint64 year, gint64 month, gint64 day)
{
  gint64 y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
  gint64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

  return era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static void
date_from_days (gint64 days, gint64 *ret_year, gint64 *ret_month, gint64 *ret_day)
{
  gint64 shifted = days + DAYS_TO_1970, era = shifted / DAYS_PER_ERA, of_era = shifted - era * DAYS_PER_ERA;
  gint64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  gint64 of_year = of_era - (365 * year + year / 4 - year / 100);
  gint64 march = (5 * of_year + 2) / 153;

  *ret_day = of_year - (153 * march + 2) / 5 + 1;
  *ret_month = march < 10 ? march + 3 : march - 9;
  *ret_year = year + era * 400 + (*ret_month <= 2);
}

static char *
put (char *at, gint64 number, int width, char after)
{
  for (int i = width - 1; i >= 0; i--, number /= 10)
    at[i] = (char)('0' + number % 10);
  at[width] = after;
  return at + width + 1;
}

gsize
hm_time_print (HmTime time, char *buffer)
{
  gint64 seconds = time / HM_NSEC_PER_SEC, of_day = seconds % SECONDS_PER_DAY, year, month, day;
  char *at = buffer;

  buffer[0] = '\0';
  g_return_val_if_fail (time >= 0, 0);
  date_from_days (seconds / SECONDS_PER_DAY, &year, &month, &day);
  at = put (at, year, 4, '-');
  at = put (at, month, 2, '-');
  at = put (at, day, 2, 'T');
  at = put (at, of_day / 3600, 2, ':');
  at = put (at, of_day / 60 % 60, 2, ':');
  at = put (at, of_day % 60, 2, '.');
  at = put (at, time % HM_NSEC_PER_SEC, 9, 'Z');
  *at = '\0';
  return (gsize)(at - buffer);
}

/* A reader's place in a text; once something did not match, everything after it fails too. */
typedef struct
{
  const char *at, *end;
  gboolean failed;
} Reader;

static gint64
take_number (Reader *reader, int width, gint64 least, gint64 most)
{
  gint64 number = 0;

  for (int i = 0; i < width && !reader->failed; i++)
    {
      if (reader->at == reader->end || !g_ascii_isdigit (*reader->at))
        reader->failed = TRUE;
      else
        number = number * 10 + (*reader->at++ - '0');
    }
  reader->failed |= number < least || number > most;
  return number;
}

static gboolean
take_one_of (Reader *reader, const char *characters)
{
  gboolean found = !reader->failed && reader->at < reader->end && strchr (characters, *reader->at) != NULL
                   && *reader->at != '\0';

  if (found)
    reader->at++;
  return found;
}

static void
expect (Reader *reader, const char *characters)
{
  if (!take_one_of (reader, characters))
    reader->failed = TRUE;
}

static gint64
take_fraction (Reader *reader)
{
  gint64 ns = 0, digit_ns = HM_NSEC_PER_SEC;

  if (!take_one_of (reader, "."))
    return 0;
  do
    {
      digit_ns /= 10;
      ns += take_number (reader, 1, 0, 9) * digit_ns;
    }
  while (!reader->failed && digit_ns > 1 && reader->at < reader->end && g_ascii_isdigit (*reader->at));
  return ns;
}

static gint64
take_offset_seconds (Reader *reader)
{
  gint64 sign, hours;

  if (take_one_of (reader, "Zz"))
    return 0;
  sign = reader->at < reader->end && *reader->at == '-' ? -1 : 1;
  expect (reader, "+-");
  hours = take_number (reader, 2, 0, 23);
  expect (reader, ":");
  return sign * (hours * 3600 + take_number (reader, 2, 0, 59) * 60);
}

static gint64
days_in_month (gint64 year, gint64 month)
{
  static const guint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return days[month - 1] + (month == 2 && leap);
}

static gint64
take_date_days (Reader *reader)
{
  gint64 year, month, day;

  year = take_number (reader, 4, 1969, 2262);
  expect (reader, "-");
  month = take_number (reader, 2, 1, 12);
  expect (reader, "-");
  day = take_number (reader, 2, 1, 31);
  if (reader->failed || day > days_in_month (year, month))
    {
      reader->failed = TRUE;
      return 0;
    }
  return days_from_date (year, month, day);
}

/* A leap second (:60) is refused: no clock that this project reads ever says it. */
static gint64
take_clock_seconds (Reader *reader)
{
  gint64 seconds = take_number (reader, 2, 0, 23) * 3600;

  expect (reader, ":");
  seconds += take_number (reader, 2, 0, 59) * 60;
  expect (reader, ":");
  return seconds + take_number (reader, 2, 0, 59);
}

gboolean
hm_time_parse (const char *text, gssize length, HmTime *ret_time)
{
  Reader reader = { .at = text, .end = text + (length < 0 ? strlen (text) : (gsize)length) };
  gint64 seconds, ns;

  seconds = take_date_days (&reader) * SECONDS_PER_DAY;
  expect (&reader, "Tt");
  seconds += take_clock_seconds (&reader);
  ns = take_fraction (&reader);
  seconds -= take_offset_seconds (&reader);
  if (reader.failed || reader.at != reader.end || seconds < 0
      || __builtin_mul_overflow (seconds, HM_NSEC_PER_SEC, &seconds)
      || __builtin_add_overflow (seconds, ns, &ns))
    return FALSE;
  *ret_time = ns;
  return TRUE;
}

/* -- durations and sizes -- */

/* Smallest first. */
static const struct
{
  const char *name;
  gint64 ns;
} durations[] = {
  { "ns", 1 },
  { "us", 1000 },
  { "ms", HM_NSEC_PER_MSEC },
  { "s", HM_NSEC_PER_SEC },
  { "m", 60 * HM_NSEC_PER_SEC },
  { "h", 3600 * HM_NSEC_PER_SEC },
  { "d", SECONDS_PER_DAY *HM_NSEC_PER_SEC },
};

/* The digits at the head of @text; *@ret_unit is what follows them. */
static gboolean
parse_count (const char *text, guint64 *ret_count, const char **ret_unit)
{
  gsize digits = strspn (text, "0123456789");
  HmValue value;

  if (!hm_value_parse (text, digits, HM_VALUE_U64, &value))
    return FALSE;
  *ret_count = value.u64;
  *ret_unit = text + digits;
  return TRUE;
}

gboolean
hm_duration_parse (const char *text, gint64 *ret_ns)
{
  const char *unit;
  guint64 count;
  gint64 ns;

  if (!parse_count (text, &count, &unit))
    return FALSE;
  if (*unit == '\0')
    unit = "s";
  for (gsize i = 0; i < G_N_ELEMENTS (durations); i++)
    if (strcmp (unit, durations[i].name) == 0)
      {
        if (__builtin_mul_overflow (count, durations[i].ns, &ns))
          return FALSE;
        *ret_ns = ns;
        return TRUE;
      }
  return FALSE;
}

char *
hm_duration_print (gint64 ns)
{
  gsize i = G_N_ELEMENTS (durations) - 1;

  g_return_val_if_fail (ns >= 0, NULL);
  if (ns == 0)
    return g_strdup ("0s");
  while (ns % durations[i].ns != 0)
    i--;
  return g_strdup_printf ("%" G_GINT64_FORMAT "%s", ns / durations[i].ns, durations[i].name);
}

gboolean
hm_size_parse (const char *text, guint64 *ret_bytes)
{
  const HmUnit *unit;
  const char *name;
  guint64 count, bytes;

  if (!parse_count (text, &count, &name))
    return FALSE;
  unit = hm_unit_find (*name == '\0' ? "B" : name);
  if (unit == NULL || strcmp (unit->dimension, "information") != 0
      || __builtin_mul_overflow (count, unit->scale, &bytes))
    return FALSE;
  *ret_bytes = bytes;
  return TRUE;
}
