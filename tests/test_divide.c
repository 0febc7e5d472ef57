/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of dividing an amount over parts: exact, fair, the same everywhere. */
#include "tests/kit.h"

#include "collector/usage/fold.h"

#define PARTS_MAX 12

static void
assert_parts (HmInt128 total, const gint64 *weights, guint n, const gint64 *expected)
{
  HmInt128 parts[PARTS_MAX];

  hm_divide (total, weights, n, parts);
  for (guint i = 0; i < n; i++)
    assert_int_equal ((gint64)parts[i], expected[i]);
}

static void
divide_gives_all_to_the_part_when_it_is_alone (void **state G_GNUC_UNUSED)
{
  assert_parts (-7, (const gint64[]){ 3 }, 1, (const gint64[]){ -7 });
}

static void
divide_gives_the_rest_to_the_largest_remainder (void **state G_GNUC_UNUSED)
{
  /* 10 × 1/6, 2/6, 3/6 = 1 + 4/6, 3 + 2/6, 5 */
  assert_parts (10, (const gint64[]){ 1, 2, 3 }, 3, (const gint64[]){ 2, 3, 5 });
}

static void
divide_prefers_the_earlier_part_when_remainders_are_equal (void **state G_GNUC_UNUSED)
{
  assert_parts (5, (const gint64[]){ 7, 7, 7 }, 3, (const gint64[]){ 2, 2, 1 });
}

static void
divide_mirrors_when_the_amount_is_negative (void **state G_GNUC_UNUSED)
{
  assert_parts (-5, (const gint64[]){ 7, 7, 7 }, 3, (const gint64[]){ -2, -2, -1 });
}

static void
divide_gives_nothing_when_there_is_nothing (void **state G_GNUC_UNUSED)
{
  assert_parts (0, (const gint64[]){ 1, 2 }, 2, (const gint64[]){ 0, 0 });
}

/* The product of amount and weight has 190 bits here. */
static void
divide_stays_exact_when_amount_and_weights_are_largest (void **state G_GNUC_UNUSED)
{
  const HmInt128 total = (HmInt128)(~(HmUint128)0 >> 1);
  const gint64 weights[] = { G_MAXINT64 / 2, G_MAXINT64 / 2, 1 };
  HmInt128 parts[3];

  hm_divide (total, weights, 3, parts);
  assert_true (parts[0] + parts[1] + parts[2] == total);
  assert_true (parts[0] == parts[1] + 1);
  assert_true (parts[2] == ((HmInt128)1 << 64) + 2);
  hm_divide (-total - 1, weights, 3, parts);
  assert_true (parts[0] + parts[1] + parts[2] == -total - 1);
}

/* Each part lies within one unit of its share, and they add up. */
static void
check_random (GRand *rand)
{
  guint n = (guint)g_rand_int_range (rand, 1, PARTS_MAX + 1);
  HmInt128 total = (HmInt128)g_rand_int (rand) * g_rand_int_range (rand, 1, 1000), parts[PARTS_MAX],
           left = total;
  gint64 weights[PARTS_MAX], sum = 0;

  for (guint i = 0; i < n; i++)
    sum += weights[i] = g_rand_int_range (rand, 1, 4) * (gint64)g_rand_int_range (rand, 1, 1000000);
  hm_divide (total, weights, n, parts);
  for (guint i = 0; i < n; i++)
    {
      HmInt128 error = parts[i] * sum - total * weights[i];

      assert_true (error > -sum && error < sum);
      left -= parts[i];
    }
  assert_true (left == 0);
}

static void
divide_adds_up_and_is_fair_for_random_parts (void **state G_GNUC_UNUSED)
{
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);

  print_message ("# seed %u\n", seed);
  for (guint i = 0; i < 20000; i++)
    check_random (rand);
  g_rand_free (rand);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (divide_gives_all_to_the_part_when_it_is_alone),
    cmocka_unit_test (divide_gives_the_rest_to_the_largest_remainder),
    cmocka_unit_test (divide_prefers_the_earlier_part_when_remainders_are_equal),
    cmocka_unit_test (divide_mirrors_when_the_amount_is_negative),
    cmocka_unit_test (divide_gives_nothing_when_there_is_nothing),
    cmocka_unit_test (divide_stays_exact_when_amount_and_weights_are_largest),
    cmocka_unit_test (divide_adds_up_and_is_fair_for_random_parts),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
