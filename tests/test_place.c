/* SPDX-License-Identifier: Apache-2.0 */
/* test_place: where a record stands, by what its host's clock says and what the one before it said. */
#include "collector/pipeline/arrival.h"
#include "collector/usage/fold_state.h"
#include "tests/fold_kit.h"

#include <string.h>

#define SECOND HM_NSEC_PER_SEC

/* Of boot "a", up for a day at MORNING. */
static HmClockReading
reading (HmTime time, gint64 boot_ns)
{
  return (HmClockReading){
    .boot = "a", .boot_ns = DAY + boot_ns, .time = time, .appended = MORNING + 2 * DAY, .takes_part = TRUE
  };
}

static HmClockReading
trusted (HmTime time, gint64 boot_ns)
{
  HmClockReading made = reading (time, boot_ns);

  made.trusted = TRUE;
  return made;
}

static void
assert_placed (HmClocks *clocks, HmClockReading made, HmTime time, guint32 flags)
{
  HmPlace place = hm_clocks_place (clocks, &made, MORNING);

  assert_true (place.time == time);
  assert_int_equal (place.flags, flags);
  assert_false (place.parked);
}

static void
place_is_the_records_own_time_as_long_as_clocks_agree (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();

  (void)state;
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_placed (clocks, reading (MORNING + MINUTE + SECOND, MINUTE), MORNING + MINUTE + SECOND, 0);
  assert_placed (clocks, reading (MORNING + 2 * MINUTE, 2 * MINUTE), MORNING + 2 * MINUTE, 0);
  assert_true (clocks->moved == HM_TIME_UNKNOWN);
}

static void
place_follows_boot_time_after_a_step_until_the_clock_is_right (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();

  (void)state;
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_placed (clocks, reading (MORNING + MINUTE - HOUR, MINUTE), MORNING + MINUTE, HM_FLAG_CLOCK_STEP);
  assert_placed (clocks, reading (MORNING + 2 * MINUTE - HOUR, 2 * MINUTE), MORNING + 2 * MINUTE,
                 HM_FLAG_CLOCK_STEP);
  assert_placed (clocks, trusted (MORNING + 3 * MINUTE + 5 * SECOND, 3 * MINUTE),
                 MORNING + 3 * MINUTE + 5 * SECOND, 0);
  assert_placed (clocks, reading (MORNING + 4 * MINUTE + 5 * SECOND, 4 * MINUTE),
                 MORNING + 4 * MINUTE + 5 * SECOND, 0);
  assert_true (clocks->moved == MORNING + 3 * MINUTE + 5 * SECOND);
}

static void
place_allows_a_second_and_no_more (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();

  (void)state;
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_placed (clocks, reading (MORNING + MINUTE + SECOND + 1, MINUTE), MORNING + MINUTE,
                 HM_FLAG_CLOCK_STEP);
}

static void
place_of_another_boot_or_of_none_is_its_own_time (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading other = reading (MORNING + HOUR, MINUTE), none = reading (MORNING + 2 * HOUR, 0);

  (void)state;
  other.boot = "b";
  none.boot = NULL;
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_placed (clocks, other, MORNING + HOUR, 0);
  assert_placed (clocks, none, MORNING + 2 * HOUR, 0);
  assert_placed (clocks, reading (MORNING + 2 * HOUR, MINUTE), MORNING + MINUTE, HM_FLAG_CLOCK_STEP);
}

static void
place_waits_until_it_is_reached (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading ahead = reading (MORNING + HOUR, 0);
  HmPlace place;

  (void)state;
  ahead.appended = MORNING;
  place = hm_clocks_place (clocks, &ahead, MORNING + HOUR - 1);
  assert_true (place.parked);
  assert_int_equal (place.flags, HM_FLAG_FUTURE);
  place = hm_clocks_place (clocks, &ahead, MORNING + HOUR);
  assert_false (place.parked);
  assert_int_equal (place.flags, HM_FLAG_FUTURE);
}

/* By its place: boot time says that its time has come. */
static void
place_of_a_clock_that_was_set_ahead_does_not_wait (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading ahead = reading (MORNING + MINUTE + HOUR, MINUTE);

  (void)state;
  ahead.appended = MORNING + MINUTE;
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_placed (clocks, ahead, MORNING + MINUTE, HM_FLAG_CLOCK_STEP);
}

static void
assert_next (const HmClocks *clocks, HmClockReading made, gboolean is)
{
  assert_int_equal (hm_clocks_is_next (clocks, &made, MORNING), is);
}

static void
clocks_know_what_comes_next (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading other = reading (MORNING, 0);

  (void)state;
  assert_next (clocks, reading (MORNING, MINUTE), TRUE);
  assert_placed (clocks, reading (MORNING, MINUTE), MORNING, 0);
  assert_next (clocks, reading (MORNING + 1, MINUTE - 1), FALSE);
  assert_next (clocks, reading (MORNING - 1, MINUTE), FALSE);
  assert_next (clocks, reading (MORNING, MINUTE), TRUE);
  assert_next (clocks, reading (MORNING - HOUR, MINUTE + 1), TRUE);
  other.boot = "b";
  assert_next (clocks, other, TRUE);
}

/* A record before one that waits may let it wait for less. */
static void
clocks_know_what_may_wake_one_that_waits (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading ahead = reading (MORNING + DAY, 2 * HOUR);
  HmPlace place;

  (void)state;
  ahead.appended = MORNING;
  assert_true (hm_clocks_place (clocks, &ahead, MORNING).parked);
  assert_next (clocks, reading (MORNING, 3 * HOUR), TRUE);
  assert_next (clocks, reading (MORNING, 2 * HOUR - MINUTE), FALSE);
  assert_next (clocks, reading (MORNING, 0), TRUE);
  ahead = reading (MORNING, 0);
  place = hm_clocks_place (clocks, &ahead, MORNING);
  assert_true (place.waits == MORNING + 2 * HOUR);
}

static void
clocks_remember_so_many_boots_and_say_when_there_were_more (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading old = reading (MORNING, 0);

  (void)state;
  for (guint i = 0; i <= HM_PLACE_BOOTS_MAX; i++)
    {
      g_autofree char *boot = g_strdup_printf ("boot %u", HM_PLACE_BOOTS_MAX - i);
      HmClockReading made = reading (MORNING + i * HOUR, 0);

      made.boot = boot;
      hm_clocks_place (clocks, &made, MORNING);
      hm_clocks_trim (clocks);
    }
  assert_int_equal (clocks->boots->len, HM_PLACE_BOOTS_MAX);
  old.boot = "boot 0";
  assert_next (clocks, old, FALSE); /* it is known, and later */
  old.boot = "boot 32";
  assert_next (clocks, old, FALSE); /* the first one is forgotten */
}

static void
assert_text_comes_back (const HmClocks *clocks)
{
  g_autoptr (HmFoldState) state = hm_fold_state_new (), back = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *again = NULL;
  gsize length;

  hm_clocks_free (state->clocks);
  state->clocks = hm_clocks_copy (clocks);
  text = hm_fold_state_to_json (state, &length);
  back = hm_fold_state_from_json (text, length, &error);
  if (back == NULL)
    fail_msg ("%s: %s", text, error->message);
  again = hm_fold_state_to_json (back, NULL);
  assert_string_equal (again, text);
  assert_int_equal (back->clocks->boots->len, clocks->boots->len);
}

static void
clocks_come_back_from_their_text (void **state)
{
  g_autoptr (HmClocks) clocks = hm_clocks_new ();
  HmClockReading ahead = reading (MORNING + DAY, 2 * HOUR), other = trusted (MORNING, 0);

  (void)state;
  assert_text_comes_back (clocks);
  ahead.appended = MORNING;
  hm_clocks_place (clocks, &ahead, MORNING);
  assert_text_comes_back (clocks);
  assert_placed (clocks, reading (MORNING, 0), MORNING, 0);
  assert_text_comes_back (clocks);
  other.boot = "b";
  assert_placed (clocks, other, MORNING, 0);
  other.trusted = FALSE;
  other.boot_ns += MINUTE;
  assert_placed (clocks, other, MORNING + MINUTE, HM_FLAG_CLOCK_STEP);
  clocks->forgotten = TRUE;
  assert_text_comes_back (clocks);
}

static void
shift_moves_all_that_the_clock_said (void **state)
{
  const HmSample samples[] = { { .start = MORNING - MINUTE, .epoch_start = HM_TIME_UNKNOWN } };
  g_autofree HmSample *moved = NULL;
  HmRecord record, shifted;

  (void)state;
  hm_record_init (&record, HM_RECORD_LIFECYCLE);
  record.time = MORNING;
  record.not_before = MORNING - SECOND;
  record.resource.epoch_start = MORNING - HOUR;
  record.samples = samples;
  record.n_samples = 1;
  hm_place_shift (&record, MORNING + DAY, &shifted, &moved);
  assert_true (shifted.time == MORNING + DAY);
  assert_true (shifted.not_before == MORNING + DAY - SECOND);
  assert_true (shifted.last_read == HM_TIME_UNKNOWN);
  assert_true (shifted.resource.epoch_start == MORNING + DAY - HOUR);
  assert_true (shifted.samples[0].start == MORNING + DAY - MINUTE);
  assert_true (shifted.samples[0].epoch_start == HM_TIME_UNKNOWN);
}

/* It began before the host was metered, as far as anybody knows. */
static void
shift_leaves_a_beginning_before_metering_where_it_is (void **state)
{
  g_autofree HmSample *moved = NULL;
  HmRecord record, shifted;

  (void)state;
  hm_record_init (&record, HM_RECORD_SAMPLES);
  record.time = MORNING;
  record.agent.metering_since = MORNING;
  record.resource.epoch_start = MORNING - HOUR;
  hm_place_shift (&record, MORNING + DAY, &shifted, &moved);
  assert_true (shifted.resource.epoch_start == MORNING - HOUR);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (place_is_the_records_own_time_as_long_as_clocks_agree),
    cmocka_unit_test (place_follows_boot_time_after_a_step_until_the_clock_is_right),
    cmocka_unit_test (place_allows_a_second_and_no_more),
    cmocka_unit_test (place_of_another_boot_or_of_none_is_its_own_time),
    cmocka_unit_test (place_waits_until_it_is_reached),
    cmocka_unit_test (place_of_a_clock_that_was_set_ahead_does_not_wait),
    cmocka_unit_test (clocks_know_what_comes_next),
    cmocka_unit_test (clocks_know_what_may_wake_one_that_waits),
    cmocka_unit_test (clocks_remember_so_many_boots_and_say_when_there_were_more),
    cmocka_unit_test (clocks_come_back_from_their_text),
    cmocka_unit_test (shift_moves_all_that_the_clock_said),
    cmocka_unit_test (shift_leaves_a_beginning_before_metering_where_it_is),
  };

  return cmocka_run_group_tests_name ("place", tests, NULL, NULL);
}
