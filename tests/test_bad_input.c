/* SPDX-License-Identifier: Apache-2.0 */
/* test_bad_input: what cannot be right, from the wire to the store: each is a dead letter with a clear reason, or is stored and flagged, and what comes after
 * it is taken. */
#include "tests/engine_kit.h"

#include <string.h>

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

/* The bytes of a samples record with that piece replaced. */
static HmArrival *
arrival_with (EngineKit *kit, const char *from, const char *to)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) bytes = NULL;
  HmRecord record;

  engine_kit_record (&record, "r1", 1, MORNING);
  bytes = hm_encoder_encode (kit->encoder, &record, NULL);
  g_string_append_len (text, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes));
  assert_int_equal (g_string_replace (text, from, to, 1), 1);
  return engine_kit_arrival_of_bytes (kit, "r1", text->str, text->len);
}

/* As the kit's record has it. */
static char *
first_value (void)
{
  HmRecord record;
  char value[HM_NUMBER_MAX];

  engine_kit_record (&record, "r1", 1, MORNING);
  hm_value_print (record.samples[0].value, value);
  return g_strdup_printf ("\"value\":%s", value);
}

static void
assert_refused (const char *from, const char *to, const char *reason)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  g_autoptr (EngineKit) fresh = engine_kit_new ();
  g_autofree char *letters = NULL;

  g_ptr_array_add (arrivals, arrival_with (fresh, from, to));
  engine_kit_add_reading (fresh, arrivals, "r1", 2, 10, HM_STATE_RUNNING);
  engine_kit_take (fresh, arrivals);
  letters = engine_kit_letters (fresh);
  if (strstr (letters, reason) == NULL)
    fail_msg ("%s: '%s', not '%s'", to, letters, reason);
  assert_int_equal (engine_kit_raw_rows (fresh), 1); /* the one after it */
}

static void
value_that_no_counter_has_is_a_dead_letter (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *value, *reason;
  } cases[] = {
    { "-1", "out-of-range: samples[0].value: -1 is not a u64" },
    { "18446744073709551616", "out-of-range: samples[0].value: 18446744073709551616 is not a u64" },
    { "1e400", "samples[0].value: 1e400 is not a u64" },
    { "1.5", "bad-type: samples[0].value: 1.5 is not a u64" },
    { "NaN", "bad-json" },
    { "\"NaN\"", "bad-type: samples[0].value: \"NaN\" is not a u64" },
    { "Infinity", "bad-json" },
    { "null", "bad-type: samples[0].value: null is not" },
  };
  g_autofree char *from = first_value ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *to = g_strconcat ("\"value\":", cases[i].value, NULL);

      assert_refused (from, to, cases[i].reason);
    }
}

static void
time_that_nobody_can_mean_is_a_dead_letter (void **state G_GNUC_UNUSED)
{
  char time[HM_TIME_TEXT_MAX];
  g_autofree char *from = NULL;

  hm_time_print (MORNING, time);
  from = g_strdup_printf ("\"time\":\"%s\"", time);
  assert_refused (from, "\"time\":\"1969-12-31T23:59:59.999999999Z\"", "bad-type: time: ");
  assert_refused (from, "\"time\":\"2026-02-30T00:00:00Z\"", "bad-type: time: ");
  assert_refused (from, "\"time\":\"9999-12-31T00:00:00Z\"", "time: ");
}

/* A year ahead: it waits; what comes after it is counted as if it were not there. */
static void
time_in_a_year_waits_and_holds_nothing_up (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmArrival *ahead;
  HmRecord record;

  engine_kit_add_reading (kit, arrivals, "r1", 1, 10, HM_STATE_RUNNING);
  engine_kit_record (&record, "r1", 2, MORNING + 365 * DAY);
  ahead = engine_kit_arrival (kit, &record);
  ahead->appended = ahead->received = MORNING + 2 * MINUTE;
  g_ptr_array_add (arrivals, ahead);
  engine_kit_add_reading (kit, arrivals, "r1", 3, 30, HM_STATE_RUNNING);
  for (guint i = 0; i < arrivals->len; i++)
    ((HmArrival *)g_ptr_array_index (arrivals, i))->appended = MORNING + (i + 1) * MINUTE;
  engine_kit_take (kit, arrivals);
  assert_int_equal (engine_kit_raw_rows (kit), 3);
  assert_true (engine_kit_cpu (kit, "r1").quantity >= 20);
}

/* It states none, and the fallback stands for it. */
static void
interval_of_nothing_is_as_if_none_were_stated (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (EngineKit) plain = engine_kit_new ();
  EngineKit *const kits[] = { kit, plain };
  g_autofree char *dump = NULL, *expected = NULL;

  for (guint i = 0; i < 2; i++)
    for (guint seq = 1; seq <= 9; seq += 2)
      {
        HmRecord record;

        engine_kit_record (&record, "r1", seq, MORNING + seq * MINUTE);
        record.interval_ns = i == 0 ? 0 : 60 * HM_NSEC_PER_SEC;
        engine_kit_take_record (kits[i], &record);
      }
  dump = engine_kit_dump_figures (kit, 0);
  expected = engine_kit_dump_figures (plain, 0);
  assert_string_equal (dump, expected);
}

#define bad_test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    bad_test (value_that_no_counter_has_is_a_dead_letter),
    bad_test (time_that_nobody_can_mean_is_a_dead_letter),
    bad_test (time_in_a_year_waits_and_holds_nothing_up),
    bad_test (interval_of_nothing_is_as_if_none_were_stated),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
