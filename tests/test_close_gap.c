/* SPDX-License-Identifier: Apache-2.0 */
/* test_close_gap: what would be in no bill, or in one without evidence: a close refuses it unless its author says so, each by its own word. */
#include "tests/bill_kit.h"

#include "collector/bill/engine_close.h"
#include "collector/bill/periods.h"

static const char berlin[] = "Europe/Berlin";

/* Two readings of the morning of 2024-10-04; a hundred days later all is stored and rolled up. */
static int
set_up (void **state)
{
  BillKit *bill = bill_kit_new ();
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  engine_kit_add_reading (bill->kit, arrivals, "r1", 1, 100, HM_STATE_RUNNING);
  engine_kit_add_reading (bill->kit, arrivals, "r1", 90, 700, HM_STATE_RUNNING);
  engine_kit_take (bill->kit, arrivals);
  hm_fake_clock_advance (bill->clock, 100 * DAY);
  bill_kit_reach (bill, MORNING + 100 * DAY);
  bill_kit_roll (bill, MORNING + 100 * DAY);
  *state = bill;
  return 0;
}

static int
tear_down (void **state)
{
  bill_kit_free (*state);
  return 0;
}

/* -- words -- */

static void
close_it (BillKit *bill, HmCloseOrder order)
{
  g_autoptr (GError) error = NULL;
  gboolean closed;

  order.author = "somebody";
  closed = hm_engine_close_period (bill->kit->engine, &order, &error);
  g_free (order.result);
  if (!closed)
    fail_msg ("%s", error->message);
}

static void
assert_refused (BillKit *bill, HmCloseOrder order, const char *part)
{
  g_autoptr (GError) error = NULL;

  order.author = "somebody";
  assert_false (hm_engine_close_period (bill->kit->engine, &order, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, part);
}

static const char *
or_none (const char *text)
{
  return text != NULL ? text : "none";
}

/* What the last statement says. */
static void
assert_missing (BillKit *bill, const char *expected)
{
  g_autoptr (GPtrArray) made = hm_statements_load (&bill->kit->ops, bill->kit->store, NULL);

  assert_string_equal (or_none (((const HmStatementRow *)made->pdata[made->len - 1])->missing),
                       or_none (expected));
}

/* -- time that is left out -- */

static void
close_refuses_to_leave_out_a_day (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10-04" });
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-06" },
                  "2024-10-06 of UTC cannot be closed: no statement bills 2024-10-05T00:00:00.000000000Z to "
                  "2024-10-06T00:00:00.000000000Z; close 2024-10-05 of UTC, which begins there");
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-06", .accept = TRUE, .accept_unrolled = TRUE },
                  "--accept-gap leaves it out");
  close_it (bill, (HmCloseOrder){ .name = "2024-10-06", .accept_gap = TRUE });
  assert_missing (bill,
                  "no statement bills 2024-10-05T00:00:00.000000000Z to 2024-10-06T00:00:00.000000000Z");
  close_it (bill, (HmCloseOrder){ .name = "2024-10-05" });
  assert_missing (bill, NULL);
  close_it (bill, (HmCloseOrder){ .name = "2024-10-07" });
  assert_missing (bill, NULL);
}

/* Of the two hours no day is left that could be closed. */
static void
close_refuses_to_leave_out_the_hours_between_two_zones (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10-04", .zone = berlin });
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-05" },
                  "no statement bills 2024-10-04T22:00:00.000000000Z to 2024-10-05T00:00:00.000000000Z; "
                  "close 2024-10-05 of Europe/Berlin, which begins there, before it or in its place");
  close_it (bill, (HmCloseOrder){ .name = "2024-10-05", .zone = berlin });
}

static void
close_refuses_to_leave_out_a_month (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10", .zone = berlin });
  assert_refused (bill, (HmCloseOrder){ .name = "2024-12", .zone = berlin },
                  "close 2024-11 of Europe/Berlin, which begins there");
}

static void
close_refuses_to_leave_out_what_a_later_period_is_closed_behind (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10-07" });
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-04" },
                  "no statement bills 2024-10-05T00:00:00.000000000Z to 2024-10-07T00:00:00.000000000Z; "
                  "close 2024-10-05 of UTC");
  close_it (bill, (HmCloseOrder){ .name = "2024-10-06" });
}

/* Between a day of Berlin and the next of UTC are two hours, and no day fits in. */
static void
close_says_that_no_day_fits_in (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10-06" });
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-05", .zone = berlin },
                  "to 2024-10-06T00:00:00.000000000Z; no day fits in: --accept-gap leaves it out");
}

static void
close_names_all_that_its_author_accepts (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-10-04" });
  close_it (bill, (HmCloseOrder){ .name = "2024-10-08", .accept_gap = TRUE });
  bill_kit_roll (bill, 0);
  close_it (bill, (HmCloseOrder){ .name = "2024-10-06", .accept_gap = TRUE, .accept_unrolled = TRUE });
  assert_missing (bill,
                  "1 resource is not rolled up yet; "
                  "no statement bills 2024-10-05T00:00:00.000000000Z to 2024-10-06T00:00:00.000000000Z; "
                  "no statement bills 2024-10-07T00:00:00.000000000Z to 2024-10-08T00:00:00.000000000Z");
}

/* Nothing was stored of it, nor of what was before. */
static void
close_may_leave_out_what_was_before_all_records (void **state)
{
  BillKit *bill = *state;

  close_it (bill, (HmCloseOrder){ .name = "2024-09-20" });
  close_it (bill, (HmCloseOrder){ .name = "2024-10-01" });
  assert_missing (bill, NULL);
}

/* -- evidence -- */

/* What is only to be waited for: who knows of a partition that is gone has not asked for a root of nothing. */
static void
close_with_what_is_not_stored_waits_for_rollups_all_the_same (void **state)
{
  BillKit *bill = *state;

  bill_kit_roll (bill, 0);
  assert_refused (bill, (HmCloseOrder){ .name = "2024-10-04", .accept = TRUE, .accept_gap = TRUE },
                  "1 resource is not rolled up yet");
  close_it (bill, (HmCloseOrder){ .name = "2024-10-04", .accept_unrolled = TRUE });
  assert_missing (bill, "1 resource is not rolled up yet");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (close_refuses_to_leave_out_a_day),
    CASE (close_refuses_to_leave_out_the_hours_between_two_zones),
    CASE (close_refuses_to_leave_out_a_month),
    CASE (close_refuses_to_leave_out_what_a_later_period_is_closed_behind),
    CASE (close_says_that_no_day_fits_in),
    CASE (close_names_all_that_its_author_accepts),
    CASE (close_may_leave_out_what_was_before_all_records),
    CASE (close_with_what_is_not_stored_waits_for_rollups_all_the_same),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
