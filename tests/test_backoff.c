/* SPDX-License-Identifier: Apache-2.0 */
/* test_backoff: how long is waited between attempts. */
#include "agent/schedule/backoff.h"

#include "tests/kit.h"

static void
backoff_doubles_up_to_its_cap_when_failures_follow (void **state)
{
  static const gint64 delays[] = { 100, 200, 400, 800, 1000, 1000 };
  HmBackoff backoff;
  gint64 now = 5000;

  (void)state;
  hm_backoff_init (&backoff, 100, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      assert_true (hm_backoff_fail (&backoff, now, 0));
      assert_true (hm_backoff_left (&backoff, now) == delays[i] / 2);
      now = backoff.until;
    }
}

static void
backoff_waits_between_half_and_all_when_chance_varies (void **state)
{
  HmBackoff backoff;

  (void)state;
  hm_backoff_init (&backoff, HM_NSEC_PER_SEC, 60 * HM_NSEC_PER_SEC);
  hm_backoff_fail (&backoff, 0, G_MAXUINT32);
  assert_true (hm_backoff_left (&backoff, 0) > 99 * HM_NSEC_PER_SEC / 100);
  assert_true (hm_backoff_left (&backoff, 0) <= HM_NSEC_PER_SEC);
}

static void
backoff_takes_a_burst_for_one_failure_when_it_waits_already (void **state)
{
  HmBackoff backoff;

  (void)state;
  hm_backoff_init (&backoff, 100, 1000);
  assert_true (hm_backoff_fail (&backoff, 0, 0));
  for (guint i = 0; i < 500; i++)
    assert_false (hm_backoff_fail (&backoff, 10, 0));
  assert_true (hm_backoff_left (&backoff, 0) == 50);
  assert_true (backoff.delay == 200);
}

static void
backoff_begins_anew_when_it_worked (void **state)
{
  HmBackoff backoff;

  (void)state;
  hm_backoff_init (&backoff, 100, 1000);
  hm_backoff_fail (&backoff, 0, 0);
  hm_backoff_fail (&backoff, 1000, 0);
  hm_backoff_clear (&backoff);
  assert_true (hm_backoff_left (&backoff, 1000) == 0);
  hm_backoff_fail (&backoff, 2000, 0);
  assert_true (hm_backoff_left (&backoff, 2000) == 50);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (backoff_doubles_up_to_its_cap_when_failures_follow),
    cmocka_unit_test (backoff_waits_between_half_and_all_when_chance_varies),
    cmocka_unit_test (backoff_takes_a_burst_for_one_failure_when_it_waits_already),
    cmocka_unit_test (backoff_begins_anew_when_it_worked),
  };

  return cmocka_run_group_tests_name ("backoff", tests, NULL, NULL);
}
