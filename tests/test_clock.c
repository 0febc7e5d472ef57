/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and times, durations and sizes as text. */
#include "tests/kit.h"

#include <string.h>
#include <time.h>

#include "tests/chance.h"

static void
clock_never_goes_back (void **state G_GNUC_UNUSED)
{
  const HmClock *clock = hm_clock_system ();
  gint64 monotonic = clock->monotonic (clock), boot = clock->boot (clock);

  assert_true (clock->monotonic (clock) >= monotonic);
  assert_true (clock->boot (clock) >= boot);
  assert_true (boot >= monotonic); /* it counts suspend too */
}

static void
clock_tells_the_wall_time_of_the_kernel (void **state G_GNUC_UNUSED)
{
  const HmClock *clock = hm_clock_system ();
  time_t before = time (NULL);
  HmTime now = clock->wall (clock);

  /* time() may lag a tick behind. */
  assert_in_range (now / HM_NSEC_PER_SEC, before, time (NULL) + 1);
}

static void
clock_leaves_the_error_alone_when_not_synced (void **state G_GNUC_UNUSED)
{
  const HmClock *clock = hm_clock_system ();
  gint64 max_error_ns = -7;

  if (clock->synced (clock, &max_error_ns))
    assert_true (max_error_ns >= 0);
  else
    assert_true (max_error_ns == -7);
}

static void
fake_clock_moves_only_when_told (void **state G_GNUC_UNUSED)
{
  g_autofree HmFakeClock *fake = hm_fake_clock_new (1000);
  const HmClock *clock = &fake->clock;
  gint64 max_error_ns = -7;

  assert_true (clock->wall (clock) == 1000);
  hm_fake_clock_advance (fake, 5);
  assert_true (clock->wall (clock) == 1005);
  assert_true (clock->monotonic (clock) == fake->monotonic_ns && clock->boot (clock) == fake->boot_ns);
  fake->wall_ns -= 100;
  assert_true (clock->wall (clock) == 905);
  fake->is_synced = FALSE;
  assert_false (clock->synced (clock, &max_error_ns));
  assert_true (max_error_ns == -7);
}

static void
assert_time (const char *text, HmTime expected)
{
  HmTime time = -1;

  if (!hm_time_parse (text, -1, &time))
    fail_msg ("refused %s", text);
  assert_true (time == expected);
}

static void
assert_prints_time (HmTime time, const char *expected)
{
  char buffer[HM_TIME_TEXT_MAX];

  assert_int_equal (hm_time_print (time, buffer), strlen (expected));
  assert_string_equal (buffer, expected);
}

static void
time_prints_nine_digits_and_z (void **state G_GNUC_UNUSED)
{
  assert_prints_time (0, "1970-01-01T00:00:00.000000000Z");
  assert_prints_time (G_MAXINT64, "2262-04-11T23:47:16.854775807Z");
  assert_prints_time (951782400 * HM_NSEC_PER_SEC + 1, "2000-02-29T00:00:00.000000001Z");
  assert_prints_time (1795224420 * HM_NSEC_PER_SEC + 123456789, "2026-11-21T01:27:00.123456789Z");
}

static void
time_parses_any_fraction_and_offset (void **state G_GNUC_UNUSED)
{
  assert_time ("1970-01-01T00:00:00Z", 0);
  assert_time ("1970-01-01t00:00:00.5z", HM_NSEC_PER_SEC / 2);
  assert_time ("2026-11-21T01:27:00.123456789Z", 1795224420 * HM_NSEC_PER_SEC + 123456789);
  assert_time ("2026-11-21T02:57:00.1+01:30", 1795224420 * HM_NSEC_PER_SEC + 100000000);
  assert_time ("2026-11-20T20:27:00-05:00", 1795224420 * HM_NSEC_PER_SEC);
  assert_time ("1969-12-31T23:30:00-01:00", 1800 * HM_NSEC_PER_SEC);
  assert_time ("2262-04-11T23:47:16.854775807Z", G_MAXINT64);
}

static void
time_refuses_what_is_no_time (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "",
                                       "now",
                                       "2026-11-21",
                                       "2026-11-21T01:27:00",
                                       "2026-11-21 01:27:00Z",
                                       "2026-11-21T01:27:00.Z",
                                       "2026-11-21T01:27:00.1234567890Z",
                                       "2026-11-21T01:27:00Z ",
                                       "2026-11-21T01:27:00+0100",
                                       "2026-11-21T01:27:00+24:00",
                                       "2026-11-21T24:00:00Z",
                                       "2026-11-21T01:60:00Z",
                                       "2026-12-31T23:59:60Z",
                                       "2026-13-01T00:00:00Z",
                                       "2026-00-01T00:00:00Z",
                                       "2026-04-31T00:00:00Z",
                                       "2027-02-29T00:00:00Z",
                                       "2100-02-29T00:00:00Z",
                                       "1969-12-31T23:59:59Z",
                                       "1970-01-01T00:30:00+01:00",
                                       "2262-04-11T23:47:16.854775808Z",
                                       "9999-01-01T00:00:00Z",
                                       "-026-11-21T01:27:00Z" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      HmTime time = 77;

      if (hm_time_parse (texts[i], -1, &time))
        fail_msg ("took \"%s\"", texts[i]);
      assert_true (time == 77);
    }
}

static void
time_reads_only_the_length_it_is_given (void **state G_GNUC_UNUSED)
{
  HmTime time;

  assert_true (hm_time_parse ("1970-01-01T00:00:01Zjunk", 20, &time));
  assert_true (time == HM_NSEC_PER_SEC);
  assert_false (hm_time_parse ("1970-01-01T00:00:01Z", 19, &time));
}

/* GLib's calendar as the second opinion; it knows no nanoseconds, so those are checked by the round trip. */
static void
time_agrees_with_glib (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (int i = 0; i < 5000; i++)
    {
      HmTime time = (HmTime)(chance_u64 (rand) >> 1), back;
      g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / HM_NSEC_PER_SEC);
      g_autofree char *expected = g_date_time_format (date, "%Y-%m-%dT%H:%M:%S.");
      char text[HM_TIME_TEXT_MAX];

      hm_time_print (time, text);
      assert_memory_equal (text, expected, strlen (expected));
      assert_true (hm_time_parse (text, -1, &back));
      assert_true (back == time);
    }
}

static void
duration_parses_each_unit (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *text;
    gint64 ns;
  } cases[] = {
    { "5ns", 5 },
    { "100us", 100000 },
    { "500ms", 500000000 },
    { "60s", 60 * HM_NSEC_PER_SEC },
    { "60", 60 * HM_NSEC_PER_SEC },
    { "10m", 600 * HM_NSEC_PER_SEC },
    { "2h", 7200 * HM_NSEC_PER_SEC },
    { "7d", 604800 * HM_NSEC_PER_SEC },
    { "0", 0 },
    { "106751d", 106751 * (86400 * HM_NSEC_PER_SEC) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 ns = -1;

      assert_true (hm_duration_parse (cases[i].text, &ns));
      assert_true (ns == cases[i].ns);
    }
}

static void
duration_refuses_what_it_does_not_know (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "",
                                       "s",
                                       "-1s",
                                       "+1s",
                                       "1.5s",
                                       "1 s",
                                       "1min",
                                       "1S",
                                       "1sx",
                                       "106752d",
                                       "9223372036854775808ns",
                                       "99999999999999999999" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gint64 ns = 77;

      if (hm_duration_parse (texts[i], &ns))
        fail_msg ("took \"%s\"", texts[i]);
      assert_true (ns == 77);
    }
}

static void
duration_prints_the_largest_exact_unit (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    gint64 ns;
    const char *text;
  } cases[] = {
    { 0, "0s" },
    { 1, "1ns" },
    { 60 * HM_NSEC_PER_SEC, "1m" },
    { 90 * HM_NSEC_PER_SEC, "90s" },
    { 1500 * HM_NSEC_PER_MSEC, "1500ms" },
    { 86400 * HM_NSEC_PER_SEC, "1d" },
    { G_MAXINT64, "9223372036854775807ns" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = hm_duration_print (cases[i].ns);
      gint64 back;

      assert_string_equal (text, cases[i].text);
      assert_true (hm_duration_parse (text, &back));
      assert_true (back == cases[i].ns);
    }
}

static void
size_parses_binary_and_decimal_bytes (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } cases[] = {
    { "512", 512 },        { "512B", 512 },        { "10kB", 10000 },
    { "64MiB", 67108864 }, { "1GiB", 1073741824 }, { "16777215TiB", G_GUINT64_CONSTANT (16777215) << 40 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 bytes = 0;

      assert_true (hm_size_parse (cases[i].text, &bytes));
      assert_true (bytes == cases[i].bytes);
    }
}

static void
size_refuses_what_is_no_size (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = {
    "", "B", "-1", "1.5GiB", "1 GiB", "1gib", "1K", "1s", "1B.s", "16777216TiB", "18446744073709551616"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      guint64 bytes = 77;

      if (hm_size_parse (texts[i], &bytes))
        fail_msg ("took \"%s\"", texts[i]);
      assert_true (bytes == 77);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (clock_never_goes_back),
    cmocka_unit_test (clock_tells_the_wall_time_of_the_kernel),
    cmocka_unit_test (clock_leaves_the_error_alone_when_not_synced),
    cmocka_unit_test (fake_clock_moves_only_when_told),
    cmocka_unit_test (time_prints_nine_digits_and_z),
    cmocka_unit_test (time_parses_any_fraction_and_offset),
    cmocka_unit_test (time_refuses_what_is_no_time),
    cmocka_unit_test (time_reads_only_the_length_it_is_given),
    cmocka_unit_test (time_agrees_with_glib),
    cmocka_unit_test (duration_parses_each_unit),
    cmocka_unit_test (duration_refuses_what_it_does_not_know),
    cmocka_unit_test (duration_prints_the_largest_exact_unit),
    cmocka_unit_test (size_parses_binary_and_decimal_bytes),
    cmocka_unit_test (size_refuses_what_is_no_size),
  };

  return cmocka_run_group_tests_name ("clock", tests, NULL, NULL);
}
