/* SPDX-License-Identifier: Apache-2.0 */
/* The table of units; conversion against school arithmetic on decimal digits. */
#include "tests/kit.h"

#include <string.h>

#include "tests/chance.h"

static const HmUnit *
unit (const char *name)
{
  const HmUnit *found = hm_unit_find (name);

  if (found == NULL)
    fail_msg ("no unit %s", name);
  return found;
}

static void
unit_finds_every_unit_that_meters_use (void **state G_GNUC_UNUSED)
{
  static const char *const names[]
      = { "ns",  "us",      "ms",     "s",     "min",   "h",      "d",          "B",        "KiB",
          "MiB", "GiB",     "TiB",    "kB",    "MB",    "GB",     "TB",         "instance", "vcpu",
          "cpu", "request", "packet", "error", "fault", "count",  "state",      "uJ",       "mJ",
          "J",   "Wh",      "kWh",    "KiB.s", "GiB.h", "vcpu.h", "instance.h", "B.s",      "state.s" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    assert_string_equal (unit (names[i])->name, names[i]);
  assert_null (hm_unit_find ("kib"));
  assert_null (hm_unit_find ("KiB.d"));
  assert_null (hm_unit_find (""));
}

static void
unit_names_are_valid_and_unique (void **state G_GNUC_UNUSED)
{
  for (const HmUnit *one = hm_unit_all (); one->name != NULL; one++)
    {
      assert_true (hm_unit_name_valid (one->name));
      assert_true (one->scale > 0);
      assert_ptr_equal (hm_unit_find (one->name), one);
    }
}

static void
unit_refuses_names_that_cannot_be_one (void **state G_GNUC_UNUSED)
{
  assert_true (hm_unit_name_valid ("furlong/fortnight"));
  assert_true (hm_unit_name_valid ("abcdefghijklmnopqrstuvwxyz012345"));
  assert_false (hm_unit_name_valid ("abcdefghijklmnopqrstuvwxyz0123456"));
  assert_false (hm_unit_name_valid (""));
  assert_false (hm_unit_name_valid ("two words"));
  assert_false (hm_unit_name_valid ("\xc2\xb5s"));
  assert_false (hm_unit_name_valid ("s\n"));
}

static void
assert_converts (HmInt128 number, guint exponent, const char *from, const char *to, guint decimals,
                 const char *expected)
{
  char buffer[HM_NUMBER_MAX];

  assert_true (hm_unit_convert (number, exponent, unit (from), unit (to), decimals, buffer));
  assert_string_equal (buffer, expected);
}

static void
unit_converts_exactly (void **state G_GNUC_UNUSED)
{
  assert_converts (5400 * HM_NSEC_PER_SEC, 0, "ns", "h", 3, "1.500");
  assert_converts (524288, 0, "KiB", "GiB", 1, "0.5");
  assert_converts (1, 0, "TiB", "B", 0, "1099511627776");
  assert_converts (1, 0, "GiB", "GB", 9, "1.073741824");
  assert_converts (7, 0, "vcpu", "vcpu", 0, "7");
  assert_converts (-3600000, 0, "mJ", "Wh", 2, "-1.00");
  /* a gauge's usage: KiB held for ns */
  assert_converts ((HmInt128)1048576 * 3600 * HM_NSEC_PER_SEC, 9, "KiB.s", "GiB.h", 3, "1.000");
}

static void
unit_rounds_half_to_even (void **state G_GNUC_UNUSED)
{
  assert_converts (1500, 0, "ms", "s", 0, "2");
  assert_converts (2500, 0, "ms", "s", 0, "2");
  assert_converts (2501, 0, "ms", "s", 0, "3");
  assert_converts (3500, 0, "ms", "s", 0, "4");
  assert_converts (-2500, 0, "ms", "s", 0, "-2");
  assert_converts (2499, 0, "ms", "s", 0, "2");
  assert_converts (2500000000, 9, "s", "s", 0, "2");
  assert_converts (2500000001, 9, "s", "s", 0, "3");
  assert_converts (999999, 0, "us", "s", 2, "1.00");
}

static void
unit_drops_the_sign_of_what_rounds_to_zero (void **state G_GNUC_UNUSED)
{
  assert_converts (-1, 0, "ns", "s", 2, "0.00");
  assert_converts (0, 0, "ns", "s", 0, "0");
}

static void
unit_refuses_other_dimensions (void **state G_GNUC_UNUSED)
{
  char buffer[HM_NUMBER_MAX];

  assert_false (hm_unit_convert (1, 0, unit ("s"), unit ("B"), 0, buffer));
  assert_false (hm_unit_convert (1, 0, unit ("B"), unit ("B.s"), 0, buffer));
  assert_false (hm_unit_convert (1, 0, unit ("vcpu"), unit ("cpu"), 0, buffer));
  assert_false (hm_unit_convert (1, 0, unit ("vcpu.h"), unit ("cpu.h"), 0, buffer));
}

/* -- school arithmetic on decimal digits, slow and plain, to check the limbs against -- */

#define DIGITS 160
typedef struct
{
  guint8 digit[DIGITS]; /* least first */
} Decimal;

static void
decimal_multiply (Decimal *decimal, guint64 factor)
{
  HmUint128 carry = 0;

  for (guint i = 0; i < DIGITS; i++)
    {
      carry += (HmUint128)decimal->digit[i] * factor;
      decimal->digit[i] = (guint8)(carry % 10);
      carry /= 10;
    }
  assert_true (carry == 0);
}

static void
decimal_from (Decimal *decimal, HmUint128 number)
{
  memset (decimal, 0, sizeof (*decimal));
  for (guint i = 0; number != 0; i++, number /= 10)
    decimal->digit[i] = (guint8)(number % 10);
}

static int
decimal_compare (const Decimal *a, const Decimal *b)
{
  for (guint i = DIGITS; i-- > 0;)
    if (a->digit[i] != b->digit[i])
      return a->digit[i] < b->digit[i] ? -1 : 1;
  return 0;
}

/* *a += sign * b */
static void
decimal_add (Decimal *a, const Decimal *b, int sign)
{
  int carry = 0;

  for (guint i = 0; i < DIGITS; i++)
    {
      int sum = a->digit[i] + sign * b->digit[i] + carry;

      a->digit[i] = (guint8)((sum + 20) % 10);
      carry = sum < 0 ? -1 : sum / 10;
    }
  assert_int_equal (carry, 0);
}

static void
decimal_shift (Decimal *decimal, guint places)
{
  for (guint i = 0; i < places; i++)
    decimal_multiply (decimal, 10);
}

/* a * b */
static Decimal
decimal_product (const Decimal *a, const Decimal *b)
{
  Decimal product = { { 0 } };

  for (guint i = 0; i < DIGITS; i++)
    if (b->digit[i] != 0)
      {
        Decimal part = *a;

        decimal_shift (&part, i);
        decimal_multiply (&part, b->digit[i]);
        decimal_add (&product, &part, 1);
      }
  return product;
}

/* |a - b| */
static Decimal
decimal_distance (const Decimal *a, const Decimal *b)
{
  gboolean larger = decimal_compare (a, b) > 0;
  Decimal distance = larger ? *a : *b;

  decimal_add (&distance, larger ? b : a, -1);
  return distance;
}

/* The digits of @text, whose sign and point have to be where they belong. */
static Decimal
decimal_read (const char *text, gboolean negative, guint decimals)
{
  gsize length = strlen (text);
  Decimal decimal = { { 0 } };
  guint digits = 0;

  for (gsize i = length; i-- > 0;)
    if (g_ascii_isdigit (text[i]))
      decimal.digit[digits++] = (guint8)(text[i] - '0');
    else if (text[i] == '.')
      assert_int_equal (digits, decimals);
    else
      assert_true (i == 0 && negative && text[i] == '-');
  assert_int_equal (strchr (text, '.') != NULL, decimals > 0);
  return decimal;
}

/* With n = |number|·from·10^decimals and d = to·@divisor, the result's digits r have to be n/d, rounded:
 * 2·|n - r·d| <= d, and r even where they are equal. */
static void
check_digits (const char *text, HmInt128 number, const HmUnit *from, const HmUnit *to, guint decimals,
              const Decimal *divisor)
{
  Decimal n, scale, d, r = decimal_read (text, number < 0, decimals), rd, error;
  int order;

  decimal_from (&n, number < 0 ? 0 - (HmUint128)number : (HmUint128)number);
  decimal_multiply (&n, from->scale);
  decimal_shift (&n, decimals);
  decimal_from (&scale, to->scale);
  d = decimal_product (divisor, &scale);
  rd = decimal_product (&d, &r);
  error = decimal_distance (&n, &rd);
  decimal_multiply (&error, 2);
  order = decimal_compare (&error, &d);
  if (order > 0 || (order == 0 && r.digit[0] % 2 != 0))
    fail_msg ("%s %s is not what was in %s", text, to->name, from->name);
}

static void
check_conversion (HmInt128 number, guint exponent, const HmUnit *from, const HmUnit *to, guint decimals)
{
  char text[HM_NUMBER_MAX];
  Decimal divisor;

  assert_true (hm_unit_convert (number, exponent, from, to, decimals, text));
  decimal_from (&divisor, 1);
  decimal_shift (&divisor, exponent);
  check_digits (text, number, from, to, decimals, &divisor);
}

static void
check_quotient (HmInt128 number, HmInt128 by, const HmUnit *from, const HmUnit *to, guint decimals)
{
  char text[HM_NUMBER_MAX];
  Decimal divisor;

  assert_true (hm_unit_convert_quotient (number, by, from, to, decimals, text));
  decimal_from (&divisor, (HmUint128)by);
  check_digits (text, number, from, to, decimals, &divisor);
}

static void
unit_converts_any_number_between_any_units (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (const HmUnit *from = hm_unit_all (); from->name != NULL; from++)
    for (const HmUnit *to = hm_unit_all (); to->name != NULL; to++)
      if (strcmp (from->dimension, to->dimension) == 0)
        {
          HmUint128 bits = (HmUint128)chance_any_u64 (rand) << 64 | chance_any_u64 (rand);
          guint exponent = (guint)g_rand_int_range (rand, 0, 39),
                decimals = (guint)g_rand_int_range (rand, 0, 39);

          check_conversion ((HmInt128)bits, exponent, from, to, decimals);
          check_conversion ((HmInt128)((HmUint128)1 << 127), 0, from, to, 38);
          check_conversion ((HmInt128)(bits >> 100), 9, from, to, 0);
        }
}

static void
unit_converts_any_quotient_between_any_units (void **state G_GNUC_UNUSED)
{
  const HmInt128 most = (HmInt128)(~(HmUint128)0 >> 1);
  g_autoptr (GRand) rand = chance_new ();

  for (const HmUnit *from = hm_unit_all (); from->name != NULL; from++)
    for (const HmUnit *to = hm_unit_all (); to->name != NULL; to++)
      if (strcmp (from->dimension, to->dimension) == 0)
        {
          HmInt128 number = (HmInt128)((HmUint128)chance_any_u64 (rand) << 64 | chance_any_u64 (rand));
          HmInt128 by = ((HmInt128)(chance_any_u64 (rand) >> 1) << 64) + chance_any_u64 (rand);

          check_quotient (number, MAX (by, 1), from, to, (guint)g_rand_int_range (rand, 0, 39));
          check_quotient (most, most, from, to, 38);
          check_quotient (by, 2, from, to, 0);
        }
}

static void
assert_quotient (HmInt128 number, HmInt128 by, const char *from, const char *to, guint decimals,
                 const char *expected)
{
  char buffer[HM_NUMBER_MAX];

  assert_true (
      hm_unit_convert_quotient (number, by, hm_unit_find (from), hm_unit_find (to), decimals, buffer));
  assert_string_equal (buffer, expected);
}

static void
unit_divides_before_it_rounds (void **state G_GNUC_UNUSED)
{
  char buffer[HM_NUMBER_MAX];

  assert_quotient (1, 3, "KiB", "KiB", 6, "0.333333");
  assert_quotient (-2, 3, "KiB", "KiB", 3, "-0.667");
  assert_quotient (3, 2, "KiB", "KiB", 0, "2");
  assert_quotient (5, 2, "KiB", "KiB", 0, "2");
  assert_quotient (1048576, 4, "KiB", "GiB", 2, "0.25");
  assert_quotient (1, 8, "furlong", "furlong", 3, "0.125"); /* nobody's table has it */
  assert_quotient ((HmInt128)7 << 100, (HmInt128)1 << 101, "B", "B", 1, "3.5");
  assert_false (hm_unit_convert_quotient (1, 1, unit ("s"), unit ("B"), 0, buffer));
}

static void
assert_people_read (HmInt128 number, const char *of, const char *expected)
{
  assert_string_equal (hm_unit_for_people (unit (of), number)->name, expected);
}

static void
unit_for_people_is_the_largest_that_fits (void **state G_GNUC_UNUSED)
{
  assert_people_read (5400 * HM_NSEC_PER_SEC, "ns", "h");
  assert_people_read (90 * HM_NSEC_PER_SEC, "ns", "min");
  assert_people_read (1000 * 3600 * HM_NSEC_PER_SEC, "ns", "h"); /* never days */
  assert_people_read (1023, "KiB", "KiB");
  assert_people_read (1024, "KiB", "MiB");
  assert_people_read (-5000000, "B", "MiB");
  assert_people_read (999, "B", "B");
  assert_people_read (5000, "MB", "GB");
  assert_people_read (3600000000, "uJ", "Wh");
  assert_people_read (12, "vcpu", "vcpu");
  assert_people_read (60, "vcpu.s", "vcpu.s");
  assert_people_read (7200, "vcpu.s", "vcpu.h");
  assert_people_read ((HmInt128)1048576 * 3600, "KiB.s", "GiB.h");
  assert_people_read ((HmInt128)((HmUint128) ~(HmUint128)0 >> 1), "KiB.s", "TiB.h");
}

static void
unit_for_people_is_its_own_for_zero (void **state G_GNUC_UNUSED)
{
  assert_people_read (0, "ns", "ns");
  assert_people_read (0, "KiB.s", "KiB.s");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (unit_finds_every_unit_that_meters_use),
    cmocka_unit_test (unit_names_are_valid_and_unique),
    cmocka_unit_test (unit_refuses_names_that_cannot_be_one),
    cmocka_unit_test (unit_converts_exactly),
    cmocka_unit_test (unit_rounds_half_to_even),
    cmocka_unit_test (unit_drops_the_sign_of_what_rounds_to_zero),
    cmocka_unit_test (unit_refuses_other_dimensions),
    cmocka_unit_test (unit_converts_any_number_between_any_units),
    cmocka_unit_test (unit_converts_any_quotient_between_any_units),
    cmocka_unit_test (unit_divides_before_it_rounds),
    cmocka_unit_test (unit_for_people_is_the_largest_that_fits),
    cmocka_unit_test (unit_for_people_is_its_own_for_zero),
  };

  return cmocka_run_group_tests_name ("unit", tests, NULL, NULL);
}
