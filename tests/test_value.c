/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text and back, at their edges and at random. */
#include "tests/kit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "tests/chance.h"

#define U64(number) ((HmValue){ .type = HM_VALUE_U64, .u64 = (number) })
#define I64(number) ((HmValue){ .type = HM_VALUE_I64, .i64 = (number) })
#define F64(number) ((HmValue){ .type = HM_VALUE_DOUBLE, .f64 = (number) })

#define INT128_MAX      ((HmInt128)(~(HmUint128)0 >> 1))
#define INT128_MIN      (-INT128_MAX - 1)
#define INT128_MAX_TEXT "170141183460469231731687303715884105727"
#define INT128_MIN_TEXT "-170141183460469231731687303715884105728"

static void
assert_prints (HmValue value, const char *expected)
{
  char buffer[HM_NUMBER_MAX];

  assert_int_equal (hm_value_print (value, buffer), strlen (expected));
  assert_string_equal (buffer, expected);
}

static void
value_prints_every_digit_of_integers (void **state G_GNUC_UNUSED)
{
  assert_prints (U64 (0), "0");
  assert_prints (U64 (9007199254740993), "9007199254740993");
  assert_prints (U64 (G_MAXUINT64), "18446744073709551615");
  assert_prints (I64 (-1), "-1");
  assert_prints (I64 (G_MAXINT64), "9223372036854775807");
  assert_prints (I64 (G_MININT64), "-9223372036854775808");
}

static void
value_prints_the_shortest_double (void **state G_GNUC_UNUSED)
{
  assert_prints (F64 (0.1), "0.1");
  assert_prints (F64 (0.1 + 0.2), "0.30000000000000004");
  assert_prints (F64 (1.0 / 3), "0.3333333333333333");
  assert_prints (F64 (DBL_MAX), "1.7976931348623157e+308");
  assert_prints (F64 (DBL_TRUE_MIN), "5e-324");
}

static void
value_keeps_a_point_when_a_double_is_whole (void **state G_GNUC_UNUSED)
{
  assert_prints (F64 (1), "1.0");
  assert_prints (F64 (-0.0), "-0.0");
  assert_prints (F64 (123456789012345), "123456789012345.0");
  assert_prints (F64 (1e22), "1e+22");
}

static void
value_prints_nothing_when_not_finite (void **state G_GNUC_UNUSED)
{
  assert_prints (F64 (NAN), "");
  assert_prints (F64 (INFINITY), "");
  assert_prints (F64 (-INFINITY), "");
}

static void
value_parses_back_what_it_prints (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (int i = 0; i < 30000; i++)
    {
      HmValue value = { .type = (HmValueType)(i % 3), .u64 = chance_any_u64 (rand) }, back;
      char buffer[HM_NUMBER_MAX];
      gsize length = hm_value_print (value, buffer);

      if (length == 0) /* the bits of a NaN or an infinity */
        continue;
      assert_true (hm_value_parse (buffer, length, value.type, &back));
      assert_int_equal (back.type, value.type);
      assert_true (back.u64 == value.u64);
    }
}

static void
value_reads_only_the_length_it_is_given (void **state G_GNUC_UNUSED)
{
  HmValue value;

  assert_true (hm_value_parse ("1234", 2, HM_VALUE_U64, &value));
  assert_true (value.u64 == 12);
  assert_true (hm_value_parse ("-1.5e3,", 6, HM_VALUE_DOUBLE, &value));
  assert_true (value.f64 == -1500);
}

static void
value_refuses_what_is_no_integer_of_its_type (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *text;
    HmValueType type;
  } cases[] = {
    { "", HM_VALUE_U64 },
    { "-1", HM_VALUE_U64 },
    { "-0", HM_VALUE_U64 },
    { "+1", HM_VALUE_U64 },
    { " 1", HM_VALUE_U64 },
    { "1 ", HM_VALUE_U64 },
    { "1.0", HM_VALUE_U64 },
    { "1e3", HM_VALUE_U64 },
    { "0x10", HM_VALUE_U64 },
    { "18446744073709551616", HM_VALUE_U64 },
    { "18446744073709551620", HM_VALUE_U64 },
    { "99999999999999999999", HM_VALUE_U64 },
    { "-", HM_VALUE_I64 },
    { "--1", HM_VALUE_I64 },
    { "9223372036854775808", HM_VALUE_I64 },
    { "-9223372036854775809", HM_VALUE_I64 },
    { "-1.0", HM_VALUE_I64 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HmValue value = U64 (77);

      if (hm_value_parse (cases[i].text, strlen (cases[i].text), cases[i].type, &value))
        fail_msg ("took \"%s\"", cases[i].text);
      assert_true (value.u64 == 77);
    }
}

static void
value_refuses_what_is_no_json_number (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "",    "-",   ".5",  "5.",    "01",    "1e", "1e+",    "+1",
                                       "1,5", "nan", "inf", "0x1p3", "1e400", " 1", "1.5e3x", "-1e400" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      HmValue value;

      if (hm_value_parse (texts[i], strlen (texts[i]), HM_VALUE_DOUBLE, &value))
        fail_msg ("took \"%s\"", texts[i]);
    }
}

static void
assert_int128 (HmInt128 number, guint scale, const char *expected)
{
  char buffer[HM_NUMBER_MAX];

  assert_int_equal (hm_int128_print (number, scale, buffer), strlen (expected));
  assert_string_equal (buffer, expected);
}

static void
int128_prints_the_extremes (void **state G_GNUC_UNUSED)
{
  assert_int128 (0, 0, "0");
  assert_int128 (INT128_MAX, 0, INT128_MAX_TEXT);
  assert_int128 (INT128_MIN, 0, INT128_MIN_TEXT);
  assert_int128 (INT128_MIN, 38, "-1.70141183460469231731687303715884105728");
  assert_int128 ((HmInt128)G_GUINT64_CONSTANT (10000000000000000000), 0, "10000000000000000000");
}

static void
int128_places_the_point_without_trailing_zeros (void **state G_GNUC_UNUSED)
{
  assert_int128 (0, 9, "0");
  assert_int128 (1, 9, "0.000000001");
  assert_int128 (-1, 1, "-0.1");
  assert_int128 (1500000000, 9, "1.5");
  assert_int128 (1000000000, 9, "1");
  assert_int128 (100, 0, "100");
  assert_int128 (-12030, 3, "-12.03");
  assert_int128 (1, 38, "0.00000000000000000000000000000000000001");
}

static void
int128_parses_back_what_it_prints (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (int i = 0; i < 20000; i++)
    {
      HmInt128 number = (HmInt128)((HmUint128)chance_any_u64 (rand) << 64 | chance_any_u64 (rand)), back;
      char buffer[HM_NUMBER_MAX];

      hm_int128_print (number, 0, buffer);
      assert_true (hm_int128_parse (buffer, &back));
      assert_true (back == number);
    }
}

static void
int128_refuses_what_does_not_fit (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "",
                                       "-",
                                       "+1",
                                       "1.0",
                                       "1 ",
                                       "/",
                                       ":",
                                       "170141183460469231731687303715884105728",
                                       "-170141183460469231731687303715884105729",
                                       "340282366920938463463374607431768211457",
                                       "1701411834604692317316873037158841057270" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      HmInt128 number = 7;

      if (hm_int128_parse (texts[i], &number))
        fail_msg ("took \"%s\"", texts[i]);
      assert_true (number == 7);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (value_prints_every_digit_of_integers),
    cmocka_unit_test (value_prints_the_shortest_double),
    cmocka_unit_test (value_keeps_a_point_when_a_double_is_whole),
    cmocka_unit_test (value_prints_nothing_when_not_finite),
    cmocka_unit_test (value_parses_back_what_it_prints),
    cmocka_unit_test (value_reads_only_the_length_it_is_given),
    cmocka_unit_test (value_refuses_what_is_no_integer_of_its_type),
    cmocka_unit_test (value_refuses_what_is_no_json_number),
    cmocka_unit_test (int128_prints_the_extremes),
    cmocka_unit_test (int128_places_the_point_without_trailing_zeros),
    cmocka_unit_test (int128_parses_back_what_it_prints),
    cmocka_unit_test (int128_refuses_what_does_not_fit),
  };

  return cmocka_run_group_tests_name ("value", tests, NULL, NULL);
}
