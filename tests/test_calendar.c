/* SPDX-License-Identifier: Apache-2.0 */
/* test_calendar: local hours, days and months against a clock that is moved on minute by minute, and against moments written down by hand. */
#include "tests/kit.h"

#include "collector/usage/calendar.h"

#define MINUTE (60 * HM_NSEC_PER_SEC)
#define HOUR   (60 * MINUTE)

static HmTime
at (const char *text)
{
  HmTime time;

  assert_true (hm_time_parse (text, -1, &time));
  return time;
}

static HmCalendar *
calendar_of (const char *zone)
{
  g_autoptr (GError) error = NULL;
  HmCalendar *calendar = hm_calendar_new (zone, &error);

  if (calendar == NULL)
    fail_msg ("%s", error->message);
  return calendar;
}

static void
assert_period (const char *zone, const char *name, const char *from, const char *to)
{
  g_autoptr (HmCalendar) calendar = calendar_of (zone);
  g_autoptr (GError) error = NULL;
  HmTime ret_from = 0, ret_to = 0;

  if (!hm_calendar_parse (calendar, name, &ret_from, &ret_to, &error))
    fail_msg ("%s", error->message);
  assert_int_equal (ret_from, at (from));
  assert_int_equal (ret_to, at (to));
}

static void
calendar_knows_months_in_which_clocks_change (void **state G_GNUC_UNUSED)
{
  assert_period ("UTC", "2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
  assert_period ("Europe/Berlin", "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z");
  assert_period ("Europe/Berlin", "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z");
  assert_period ("America/New_York", "2026-03", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z");
  assert_period ("America/New_York", "2026-11", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z");
  assert_period ("Asia/Kolkata", "2026-10", "2026-09-30T18:30:00Z", "2026-10-31T18:30:00Z");
  assert_period ("Australia/Lord_Howe", "2026-04", "2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z");
  assert_period ("Australia/Lord_Howe", "2026-10", "2026-09-30T13:30:00Z", "2026-10-31T13:00:00Z");
  assert_period ("Europe/Berlin", "2045-10", "2045-09-30T22:00:00Z", "2045-10-31T23:00:00Z");
  assert_period ("Europe/Berlin", "1971-01", "1970-12-31T23:00:00Z", "1971-01-31T23:00:00Z");
}

static void
calendar_knows_days_of_other_than_24_hours (void **state G_GNUC_UNUSED)
{
  assert_period ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
  assert_period ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
  assert_period ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z");
  assert_period ("UTC", "2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z");
}

/* Clocks that go on from 24:00 to 01:00, and back from 24:00 to 23:00. */
static void
calendar_begins_a_day_after_a_change_at_midnight (void **state G_GNUC_UNUSED)
{
  assert_period ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z");
  assert_period ("Asia/Beirut", "2022-10-30", "2022-10-29T22:00:00Z", "2022-10-30T22:00:00Z");
  assert_period ("Asia/Beirut", "2022-10-29", "2022-10-28T21:00:00Z", "2022-10-29T22:00:00Z");
}

/* -- against a clock -- */

typedef struct
{
  const char *zone, *from, *to;
} Span;

static const Span spans[] = {
  { "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "Europe/Berlin", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "America/New_York", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "Asia/Kolkata", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z" },
  { "Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "Pacific/Apia", "2011-12-25T00:00:00Z", "2012-01-05T00:00:00Z" },
};

/* What the local clock shows, by GLib's calendar. */
static char *
shown (GTimeZone *zone, HmTime time, const char *format)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / HM_NSEC_PER_SEC);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);

  return g_date_time_format (local, format);
}

/* A step goes on as long as the clock shows the same, and all of it is one step. */
static void
assert_steps (const Span *span, HmCalendarStep step, gint64 tick, const char *format)
{
  g_autoptr (HmCalendar) calendar = calendar_of (span->zone);
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (span->zone);
  HmTime start = hm_calendar_start (calendar, step, at (span->from));
  g_autofree char *now = shown (zone, at (span->from), format);

  for (HmTime time = at (span->from); time < at (span->to); time += tick)
    {
      g_autofree char *next = shown (zone, time, format);
      g_autofree char *name = hm_calendar_name (calendar, step, time);

      assert_string_equal (name, next);
      if (!g_str_equal (now, next))
        {
          assert_int_equal (hm_calendar_next (calendar, step, time - tick), time);
          start = time;
        }
      assert_int_equal (hm_calendar_start (calendar, step, time), start);
      g_free (now);
      now = g_steal_pointer (&next);
    }
}

static void
calendar_agrees_with_a_clock_about_each_day (void **state G_GNUC_UNUSED)
{
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    assert_steps (&spans[i], HM_CALENDAR_DAY, 15 * MINUTE, "%Y-%m-%d");
}

static void
calendar_agrees_with_a_clock_about_each_month (void **state G_GNUC_UNUSED)
{
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    assert_steps (&spans[i], HM_CALENDAR_MONTH, 15 * MINUTE, "%Y-%m");
}

/* The offset is part of an hour: the one that is shown twice is two. */
static void
calendar_divides_a_day_into_hours (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) berlin = calendar_of ("Europe/Berlin"), howe = calendar_of ("Australia/Lord_Howe");
  HmTime first = at ("2026-10-25T00:00:00Z"), second = at ("2026-10-25T01:00:00Z"),
         half = at ("2026-04-04T15:00:00Z");
  g_autofree char *name = hm_calendar_name (berlin, HM_CALENDAR_HOUR, second + 5 * MINUTE);

  assert_string_equal (name, "2026-10-25T02");
  assert_int_equal (hm_calendar_start (berlin, HM_CALENDAR_HOUR, second - 1), first);
  assert_int_equal (hm_calendar_start (berlin, HM_CALENDAR_HOUR, second + 59 * MINUTE), second);
  assert_int_equal (hm_calendar_start (howe, HM_CALENDAR_HOUR, half + MINUTE), half);
  assert_int_equal (hm_calendar_next (howe, HM_CALENDAR_HOUR, half + MINUTE), half + 30 * MINUTE);
}

/* -- what is refused -- */

static void
assert_no_zone (const char *zone)
{
  g_autoptr (GError) error = NULL;

  assert_null (hm_calendar_new (zone, &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_USAGE));
}

static void
calendar_refuses_zones_that_do_not_exist (void **state G_GNUC_UNUSED)
{
  assert_no_zone ("Europe/Atlantis");
  assert_no_zone ("");
  assert_no_zone ("Europe");
  assert_no_zone ("+05:30");
  assert_no_zone ("CET-1CEST");
  assert_no_zone ("../../../etc/localtime");
  assert_no_zone ("/etc/localtime");
  assert_no_zone ("tzdata.zi");
  assert_no_zone ("leapseconds");
  assert_no_zone ("right/Europe/Berlin");
  assert_no_zone ("Europe/Berlin\n");
}

static void
calendar_says_when_the_machine_knows_no_zone (void **state G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("TZDIR", "/nowhere/at/all", TRUE);
  assert_null (hm_calendar_new ("Europe/Berlin", &error));
  hm_calendar_free (calendar_of ("UTC"));
  g_unsetenv ("TZDIR");
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_UNAVAILABLE));
  assert_non_null (strstr (error->message, "tzdata"));
}

static void
calendar_refuses_what_is_no_month_and_no_day (void **state G_GNUC_UNUSED)
{
  static const char *const wrong[]
      = { "",           "2026",    "2026-13",   "2026-00", "1969-12",    "2262-01", "2026-02-29",
          "2026-10-00", "2026/10", "2026-10-1", "+026-10", "2026-10-1 ", "2026-1O", "last-month" };
  g_autoptr (HmCalendar) calendar = calendar_of ("UTC");

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      HmTime from = 7, to = 7;

      if (hm_calendar_parse (calendar, wrong[i], &from, &to, &error))
        fail_msg ("'%s' was taken", wrong[i]);
      assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_USAGE));
      assert_int_equal (from, 7);
    }
}

static void
calendar_refuses_a_day_that_a_zone_has_left_out (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) apia = calendar_of ("Pacific/Apia");
  HmTime from, to;

  assert_false (hm_calendar_parse (apia, "2011-12-30", &from, &to, NULL));
  assert_true (hm_calendar_parse (apia, "2011-12-31", &from, &to, NULL));
}

/* @local as if it were UTC's; @first (nullable): when it is shown, for the first time. */
static void
assert_shown (const char *zone, const char *local, guint times, const char *first)
{
  g_autoptr (HmCalendar) calendar = calendar_of (zone);
  HmTime time = 7;

  assert_int_equal (hm_calendar_shows (calendar, at (local), &time), times);
  assert_int_equal (time, first != NULL ? at (first) : 7);
}

static void
calendar_says_how_often_a_clock_shows_a_time (void **state G_GNUC_UNUSED)
{
  assert_shown ("UTC", "2025-10-26T01:30:00Z", 1, "2025-10-26T01:30:00Z");
  assert_shown ("Europe/Berlin", "2025-10-26T01:59:59.999999999Z", 1, "2025-10-25T23:59:59.999999999Z");
  assert_shown ("Europe/Berlin", "2025-10-26T02:00:00Z", 2, "2025-10-26T00:00:00Z");
  assert_shown ("Europe/Berlin", "2025-10-26T02:59:59.999999999Z", 2, "2025-10-26T00:59:59.999999999Z");
  assert_shown ("Europe/Berlin", "2025-10-26T03:00:00Z", 1, "2025-10-26T02:00:00Z");
  assert_shown ("Europe/Berlin", "2026-03-29T01:59:59Z", 1, "2026-03-29T00:59:59Z");
  assert_shown ("Europe/Berlin", "2026-03-29T02:30:00Z", 0, NULL);
  assert_shown ("Europe/Berlin", "2026-03-29T03:00:00Z", 1, "2026-03-29T01:00:00Z");
  assert_shown ("America/New_York", "2026-11-01T01:30:00Z", 2, "2026-11-01T05:30:00Z");
  assert_shown ("Australia/Lord_Howe", "2026-04-05T01:45:00Z", 2, "2026-04-04T14:45:00Z");
  assert_shown ("Pacific/Apia", "2011-12-30T12:00:00Z", 0, NULL);
  assert_shown ("Pacific/Apia", "2011-12-31T00:00:00Z", 1, "2011-12-30T10:00:00Z");
  assert_shown ("Europe/Berlin", "1970-01-01T00:30:00Z", 0, NULL);
  assert_shown ("America/New_York", "2262-04-11T23:00:00Z", 0, NULL);
}

static void
assert_grain (const char *zone, const char *name, gint64 grain, const char *would)
{
  g_autoptr (HmCalendar) calendar = calendar_of (zone);
  g_autoptr (GError) error = NULL;
  HmTime from, to;
  gboolean fits;

  assert_true (hm_calendar_parse (calendar, name, &from, &to, NULL));
  fits = hm_calendar_check_grain (calendar, from, to, grain, &error);
  assert_int_equal (fits, would == NULL);
  if (would == NULL)
    return;
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_USAGE));
  if (strstr (error->message, would) == NULL)
    fail_msg ("%s", error->message);
}

static void
calendar_names_the_grain_that_a_zone_needs (void **state G_GNUC_UNUSED)
{
  assert_grain ("UTC", "2026-10", HOUR, NULL);
  assert_grain ("Europe/Berlin", "2026-10", HOUR, NULL);
  assert_grain ("Asia/Kolkata", "2026-10", HOUR, "grain = 30m would do");
  assert_grain ("Asia/Kolkata", "2026-10", 30 * MINUTE, NULL);
  assert_grain ("Asia/Kolkata", "2026-10", 20 * MINUTE, "grain = 10m would do");
  assert_grain ("Asia/Kathmandu", "2026-10", 30 * MINUTE, "grain = 15m would do");
  assert_grain ("Australia/Lord_Howe", "2026-10", HOUR, "grain = 30m would do");
  assert_grain ("Australia/Lord_Howe", "2026-12", HOUR, NULL);
  assert_grain ("Africa/Monrovia", "1971-06", HOUR, "no grain would do");
}

/* The same name is another zone on another machine, or none, or one more name of a zone. */
static void
calendar_refuses_names_that_are_no_zones_of_their_own (void **state G_GNUC_UNUSED)
{
  static const char *const names[]
      = { "localtime", "posixrules", "Factory", "posix/Europe/Berlin", "Europe//Berlin", "Europe/Berlin/" };
  g_autofree char *folder = kit_temp_folder (), *rules = NULL;
  gsize length;
  const char *given = g_getenv ("TZDIR");
  g_autofree char *before = g_strdup (given), *berlin = g_build_filename (folder, "Europe", NULL);

  assert_true (g_file_get_contents ("/usr/share/zoneinfo/Europe/Berlin", &rules, &length, NULL));
  assert_int_equal (g_mkdir_with_parents (berlin, 0750), 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL), *parent = g_path_get_dirname (path);

      g_mkdir_with_parents (parent, 0750);
      g_file_set_contents (path, rules, (gssize)length, NULL);
    }
  g_setenv ("TZDIR", folder, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HmCalendar) calendar = hm_calendar_new (names[i], NULL);

      if (calendar != NULL)
        fail_msg ("'%s' was taken", names[i]);
    }
  if (before != NULL)
    g_setenv ("TZDIR", before, TRUE);
  else
    g_unsetenv ("TZDIR");
  kit_remove_tree (folder);
}

/* A change of the clock that lies between two looks: the days fit, the period does not. */
static void
calendar_refuses_a_period_that_begins_within_a_step (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) utc = calendar_of ("UTC");
  const HmTime day = 20000LL * 24 * HOUR;

  assert_true (hm_calendar_check_grain (utc, day, day + 24 * HOUR, HOUR, NULL));
  assert_false (hm_calendar_check_grain (utc, day + 20 * MINUTE, day + 24 * HOUR, HOUR, NULL));
  assert_false (hm_calendar_check_grain (utc, day, day + 24 * HOUR + 30 * MINUTE, HOUR, NULL));
  assert_false (hm_calendar_check_grain (utc, day, day + 24 * HOUR, 48 * HOUR, NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (calendar_knows_months_in_which_clocks_change),
    cmocka_unit_test (calendar_knows_days_of_other_than_24_hours),
    cmocka_unit_test (calendar_begins_a_day_after_a_change_at_midnight),
    cmocka_unit_test (calendar_agrees_with_a_clock_about_each_day),
    cmocka_unit_test (calendar_agrees_with_a_clock_about_each_month),
    cmocka_unit_test (calendar_divides_a_day_into_hours),
    cmocka_unit_test (calendar_refuses_zones_that_do_not_exist),
    cmocka_unit_test (calendar_says_when_the_machine_knows_no_zone),
    cmocka_unit_test (calendar_refuses_what_is_no_month_and_no_day),
    cmocka_unit_test (calendar_refuses_a_day_that_a_zone_has_left_out),
    cmocka_unit_test (calendar_says_how_often_a_clock_shows_a_time),
    cmocka_unit_test (calendar_names_the_grain_that_a_zone_needs),
    cmocka_unit_test (calendar_refuses_names_that_are_no_zones_of_their_own),
    cmocka_unit_test (calendar_refuses_a_period_that_begins_within_a_step),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
