/* SPDX-License-Identifier: Apache-2.0 */
/* test_moment: points in time as people write them. */
#include "tests/kit.h"

#include "cli/command.h"

#define HOUR (3600 * HM_NSEC_PER_SEC)

static HmTime
at (const char *text)
{
  HmTime time;

  assert_true (hm_time_parse (text, -1, &time));
  return time;
}

static void
assert_moment (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  HmTime time = 0;

  assert_true (hm_moment_parse (text, at ("2026-03-01T13:37:42.5Z"), HOUR, "--from", &time, &error));
  assert_int_equal (time, at (expected));
}

static void
moment_reads_words_in_utc (void **state G_GNUC_UNUSED)
{
  assert_moment ("today", "2026-03-01T00:00:00Z");
  assert_moment ("yesterday", "2026-02-28T00:00:00Z");
  assert_moment ("this-month", "2026-03-01T00:00:00Z");
  assert_moment ("last-month", "2026-02-01T00:00:00Z");
}

static void
moment_reads_spans_back_from_now_and_moves_down_to_the_grain (void **state G_GNUC_UNUSED)
{
  assert_moment ("-2h", "2026-03-01T11:00:00Z");
  assert_moment ("-90m", "2026-03-01T12:00:00Z");
  assert_moment ("-7d", "2026-02-22T13:00:00Z");
}

static void
moment_moves_now_up_to_the_grain_so_that_nothing_is_cut_off (void **state G_GNUC_UNUSED)
{
  HmTime time;

  assert_moment ("now", "2026-03-01T14:00:00Z");
  assert_true (hm_moment_parse ("now", 2 * HOUR, HOUR, "--to", &time, NULL));
  assert_int_equal (time, 2 * HOUR);
}

static void
moment_is_exact_when_there_is_no_grain (void **state G_GNUC_UNUSED)
{
  HmTime time;

  assert_true (hm_moment_parse ("-1s", 7 * HM_NSEC_PER_SEC + 1, 1, "--from", &time, NULL));
  assert_int_equal (time, 6 * HM_NSEC_PER_SEC + 1);
  assert_true (hm_moment_parse ("now", 7 * HM_NSEC_PER_SEC + 1, 1, "--from", &time, NULL));
  assert_int_equal (time, 7 * HM_NSEC_PER_SEC + 1);
}

static void
moment_reads_days_and_months_as_their_starts (void **state G_GNUC_UNUSED)
{
  assert_moment ("2026-02-28", "2026-02-28T00:00:00Z");
  assert_moment ("2024-02-29", "2024-02-29T00:00:00Z");
  assert_moment ("2026-12", "2026-12-01T00:00:00Z");
}

static void
moment_reads_rfc_3339_with_any_offset (void **state G_GNUC_UNUSED)
{
  assert_moment ("2026-02-28T23:00:00Z", "2026-02-28T23:00:00Z");
  assert_moment ("2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00Z");
}

static void
moment_refuses_what_lies_within_a_grain (void **state G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  HmTime time = 7;

  assert_false (hm_moment_parse ("2026-02-28T23:30:00Z", 0, HOUR, "--to", &time, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "steps of 1h");
  assert_int_equal (time, 7);
}

static void
moment_refuses_nonsense_and_names_the_option (void **state G_GNUC_UNUSED)
{
  static const char *const nonsense[]
      = { "",           "-",       "-1x",  "tomorrow",  "2026-02-30T00:00:00Z",
          "2026-02-29", "2026-13", "2026", "2026-2-28", "--2h" };

  for (guint i = 0; i < G_N_ELEMENTS (nonsense); i++)
    {
      g_autoptr (GError) error = NULL;
      HmTime time;

      assert_false (hm_moment_parse (nonsense[i], 0, HOUR, "--from", &time, &error));
      kit_assert_error (&error, HM_ERROR_USAGE, "--from");
    }
}

static void
assert_moment_in (const HmCalendar *zone, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  HmTime time = 0;

  if (!hm_moment_parse_in (zone, text, at ("2026-10-25T00:30:00Z"), HOUR, "--from", &time, &error))
    fail_msg ("%s", error->message);
  assert_int_equal (time, at (expected));
}

/* At half past two in Berlin, before the clock goes back. */
static void
moment_reads_words_and_dates_in_a_zone (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) zone = hm_calendar_new ("Europe/Berlin", NULL);

  assert_non_null (zone);
  assert_moment_in (zone, "today", "2026-10-24T22:00:00Z");
  assert_moment_in (zone, "yesterday", "2026-10-23T22:00:00Z");
  assert_moment_in (zone, "this-month", "2026-09-30T22:00:00Z");
  assert_moment_in (zone, "last-month", "2026-08-31T22:00:00Z");
  assert_moment_in (zone, "2026-10-26", "2026-10-25T23:00:00Z");
  assert_moment_in (zone, "2026-11", "2026-10-31T23:00:00Z");
  assert_moment_in (zone, "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z");
  assert_moment_in (zone, "-1h", "2026-10-24T23:00:00Z");
}

static void
moment_refuses_days_that_begin_within_a_grain (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) zone = hm_calendar_new ("Asia/Kolkata", NULL);
  g_autoptr (GError) error = NULL;
  HmTime time = 7;

  assert_false (hm_moment_parse_in (zone, "2026-10-25", 0, HOUR, "--from", &time, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "--from: days of Asia/Kolkata do not begin where a step");
  assert_int_equal (time, 7);
}

static void
moment_prints_the_local_clock (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) zone = hm_calendar_new ("America/St_Johns", NULL);
  char text[HM_MOMENT_MAX];

  assert_string_equal (hm_moment_print_in (NULL, at ("2026-01-01T00:00:00Z"), text),
                       "2026-01-01T00:00:00.000000000Z");
  assert_string_equal (hm_moment_print_in (zone, at ("2026-01-01T03:30:00.5Z"), text),
                       "2026-01-01T00:00:00.500000000-03:30");
}

static void
month_start_knows_leap_years (void **state G_GNUC_UNUSED)
{
  assert_int_equal (hm_month_start (at ("2028-02-29T23:59:59.999999999Z")), at ("2028-02-01T00:00:00Z"));
  assert_int_equal (hm_month_start (at ("2028-02-29T23:59:59.999999999Z") + 1), at ("2028-03-01T00:00:00Z"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (moment_reads_words_in_utc),
    cmocka_unit_test (moment_reads_spans_back_from_now_and_moves_down_to_the_grain),
    cmocka_unit_test (moment_moves_now_up_to_the_grain_so_that_nothing_is_cut_off),
    cmocka_unit_test (moment_is_exact_when_there_is_no_grain),
    cmocka_unit_test (moment_reads_days_and_months_as_their_starts),
    cmocka_unit_test (moment_reads_rfc_3339_with_any_offset),
    cmocka_unit_test (moment_refuses_what_lies_within_a_grain),
    cmocka_unit_test (moment_refuses_nonsense_and_names_the_option),
    cmocka_unit_test (moment_reads_words_and_dates_in_a_zone),
    cmocka_unit_test (moment_refuses_days_that_begin_within_a_grain),
    cmocka_unit_test (moment_prints_the_local_clock),
    cmocka_unit_test (month_start_knows_leap_years),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
