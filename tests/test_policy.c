/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy: what somebody sets, as people write it. */
#include "tests/kit.h"

#include "collector/usage/policy.h"

static void
policy_reads_rates_and_writes_them_back (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
    const char *back;
  } cases[] = { { "10Gbit", 1250000000, "10Gbit" },
                { "100Mbit", 12500000, "100Mbit" },
                { "1500Mbit", 187500000, "1500Mbit" },
                { "1bit", 1, "8bit" },
                { "0", 0, "0" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *back = NULL;
      guint64 bytes = 7;

      assert_true (hm_policy_limit_parse (cases[i].text, &bytes));
      assert_int_equal (bytes, cases[i].bytes);
      back = hm_policy_limit_print (bytes);
      assert_string_equal (back, cases[i].back);
    }
}

static void
policy_refuses_what_is_no_rate (void **state G_GNUC_UNUSED)
{
  static const char *const cases[]
      = { "", "10", "Gbit", "-1Gbit", "0Gbit", "1.5Gbit", "10GB", "10gbit", "99999999Tbit", "1 Gbit" };
  guint64 bytes = 7;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_false (hm_policy_limit_parse (cases[i], &bytes));
  assert_int_equal (bytes, 7);
}

static void
policy_knows_two_words (void **state G_GNUC_UNUSED)
{
  gboolean hold = FALSE;

  assert_true (hm_policy_unknown_parse ("hold", &hold));
  assert_true (hold);
  assert_true (hm_policy_unknown_parse (hm_policy_unknown_name (FALSE), &hold));
  assert_false (hold);
  assert_false (hm_policy_unknown_parse ("maybe", &hold));
}

/* A record may be 300 s ahead of the time at which it is stored, by a collector that read the policies a minute ago, or failed to
 * and reads them now. */
static void
policy_holds_for_no_record_that_can_be_folded_already (void **state G_GNUC_UNUSED)
{
  const gint64 hour = 3600 * HM_NSEC_PER_SEC, ahead = 420 * HM_NSEC_PER_SEC;

  assert_int_equal (hm_policy_earliest (hour, hour), 2 * hour);
  assert_int_equal (hm_policy_earliest (2 * hour - ahead - 1, hour), 2 * hour);
  assert_int_equal (hm_policy_earliest (2 * hour - ahead, hour), 3 * hour);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (policy_reads_rates_and_writes_them_back),
    cmocka_unit_test (policy_refuses_what_is_no_rate),
    cmocka_unit_test (policy_knows_two_words),
    cmocka_unit_test (policy_holds_for_no_record_that_can_be_folded_already),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
