/* SPDX-License-Identifier: Apache-2.0 */
/* test_quantity: figures and the names beside them, as people and machines get them. */
#include "tests/kit.h"

#include "cli/names.h"
#include "cli/usage/quantity.h"

static char *
print (HmMeterType type, const char *unit, HmInt128 quantity, guint32 flags, HmQuantityStyle style)
{
  const HmFigure figure
      = { .meter = "m", .unit = (char *)(guintptr)unit, .type = type, .quantity = quantity, .flags = flags };
  g_autoptr (GError) error = NULL;
  g_autofree char *shown_unit = NULL;
  char number[HM_NUMBER_MAX];

  assert_true (hm_quantity_check (&figure, &style, &error));
  if (!hm_quantity_print (&figure, &style, number, &shown_unit))
    return g_strdup_printf ("none %s", shown_unit);
  return g_strdup_printf ("%s %s", number, shown_unit);
}

static void
assert_printed (HmMeterType type, const char *unit, HmInt128 quantity, HmQuantityStyle style,
                const char *expected)
{
  g_autofree char *text = print (type, unit, quantity, 0, style);

  assert_string_equal (text, expected);
}

#define MACHINE ((HmQuantityStyle){ .decimals = 18 })
#define PEOPLE  ((HmQuantityStyle){ .decimals = 3, .for_people = TRUE })
#define IN(name, people)                                                                                     \
  ((HmQuantityStyle){ .unit = hm_unit_find (name), .decimals = (people) ? 3 : 18, .for_people = (people) })

static void
quantity_is_exact_for_machines (void **state G_GNUC_UNUSED)
{
  assert_printed (HM_CUMULATIVE, "B", G_MAXUINT64, MACHINE, "18446744073709551615 B");
  assert_printed (HM_CUMULATIVE, "widget", 9007199254740993, MACHINE, "9007199254740993 widget");
  assert_printed (HM_GAUGE, "KiB", 1500000001, MACHINE, "1.500000001 KiB.s");
  assert_printed (HM_GAUGE, "KiB", -2 * HM_NSEC_PER_SEC, MACHINE, "-2 KiB.s");
  assert_printed (HM_DELTA, "B", 0, MACHINE, "0 B");
}

static void
quantity_takes_the_unit_that_reads_best_for_people (void **state G_GNUC_UNUSED)
{
  assert_printed (HM_CUMULATIVE, "B", 10 * G_GINT64_CONSTANT (1073741824), PEOPLE, "10 GiB");
  assert_printed (HM_CUMULATIVE, "ns", 90 * HM_NSEC_PER_SEC, PEOPLE, "1.5 min");
  assert_printed (HM_GAUGE, "KiB", (HmInt128)524288 * 16200 * HM_NSEC_PER_SEC, PEOPLE, "2.25 GiB.h");
  assert_printed (HM_GAUGE, "vcpu", (HmInt128)1 * HM_NSEC_PER_SEC / 3, PEOPLE, "0.333 vcpu.s");
  assert_printed (HM_CUMULATIVE, "widget", 1234567, PEOPLE, "1234567 widget");
}

static void
quantity_takes_the_unit_that_was_asked_for (void **state G_GNUC_UNUSED)
{
  assert_printed (HM_CUMULATIVE, "ns", 3600 * HM_NSEC_PER_SEC / 2, IN ("h", FALSE), "0.5 h");
  assert_printed (HM_CUMULATIVE, "ns", 3600 * HM_NSEC_PER_SEC / 3, IN ("h", FALSE), "0.333333333333333333 h");
  assert_printed (HM_CUMULATIVE, "ns", 3600 * HM_NSEC_PER_SEC / 3, IN ("h", TRUE), "0.333 h");
  assert_printed (HM_CUMULATIVE, "B", G_MAXUINT64, IN ("B", TRUE), "18446744073709551615 B");
}

static void
quantity_is_never_zero_for_people_when_there_is_some (void **state G_GNUC_UNUSED)
{
  HmQuantityStyle coarse = IN ("GiB", TRUE);

  assert_printed (HM_CUMULATIVE, "B", 1, IN ("GiB", TRUE), "<0.001 GiB");
  assert_printed (HM_CUMULATIVE, "B", -1, IN ("GiB", TRUE), ">-0.001 GiB");
  assert_printed (HM_CUMULATIVE, "B", 0, IN ("GiB", TRUE), "0 GiB");
  coarse.decimals = 0;
  assert_printed (HM_CUMULATIVE, "B", 1, coarse, "<1 GiB");
  coarse.decimals = 38;
  assert_printed (HM_CUMULATIVE, "B", 1, coarse, "0.000000000931322574615478515625 GiB");
}

static void
quantity_is_none_when_the_meter_has_fractions (void **state G_GNUC_UNUSED)
{
  g_autofree char *none = print (HM_GAUGE, "count", 0, HM_FLAG_INEXACT, MACHINE);
  g_autofree char *some = print (HM_GAUGE, "count", HM_NSEC_PER_SEC, HM_FLAG_INEXACT, MACHINE);

  assert_string_equal (none, "none count.s");
  assert_string_equal (some, "1 count.s");
}

static void
quantity_refuses_a_unit_of_another_kind (void **state G_GNUC_UNUSED)
{
  static char bytes[] = "B", widgets[] = "widget";
  const HmFigure figures[] = { { .meter = "m", .unit = bytes, .type = HM_CUMULATIVE },
                               { .meter = "m", .unit = bytes, .type = HM_GAUGE },
                               { .meter = "m", .unit = widgets, .type = HM_CUMULATIVE } };
  static const char *const asked[] = { "h", "B", "B" };

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    {
      HmQuantityStyle style = IN (asked[i], FALSE);
      GError *error = NULL;

      assert_false (hm_quantity_check (&figures[i], &style, &error));
      kit_assert_error (&error, HM_ERROR_USAGE, "cannot be converted to");
    }
}

/* -- what was read -- */

#define U64(number) ((HmValue){ HM_VALUE_U64, { .u64 = (number) } })
#define F64(number) ((HmValue){ HM_VALUE_DOUBLE, { .f64 = (number) } })

/* @min and @max were read, @max last. */
static HmFigureRange
read_twice (HmValue min, HmValue max)
{
  return (HmFigureRange){ .sum = { .count = 2, .has_range = TRUE, .min = min, .max = max, .last = max } };
}

static void
assert_range (HmFigure figure, const char *unit, HmQuantityStyle style, const char *expected)
{
  g_auto (HmRangeText) text = { .unit = NULL };
  g_autofree char *shown = NULL;

  figure.meter = "m";
  figure.unit = (char *)(guintptr)unit;
  hm_range_print (&figure, &style, &text);
  shown = g_strdup_printf ("min %s max %s last %s mean %s %s of %s", text.min, text.max, text.last, text.mean,
                           text.unit != NULL ? text.unit : "-", text.readings);
  assert_string_equal (shown, expected);
}

static void
range_is_in_the_meters_own_unit (void **state G_GNUC_UNUSED)
{
  HmFigureRange range = read_twice (U64 (1), U64 (G_MAXUINT64));
  HmFigure figure = { .type = HM_GAUGE, .quantity = 10, .covered_ns = 3, .range = &range };

  assert_range (
      figure, "KiB", MACHINE,
      "min 1 max 18446744073709551615 last 18446744073709551615 mean 3.333333333333333333 KiB of 2");
  assert_range (
      figure, "widget", MACHINE,
      "min 1 max 18446744073709551615 last 18446744073709551615 mean 3.333333333333333333 widget of 2");
}

static void
range_goes_with_the_unit_of_the_quantity (void **state G_GNUC_UNUSED)
{
  HmFigureRange range = read_twice (U64 (524288), U64 (1048576));
  HmFigure figure
      = { .type = HM_GAUGE, .quantity = (HmInt128)786432 * 60, .covered_ns = 60, .range = &range };

  assert_range (figure, "KiB", IN ("GiB.h", FALSE), "min 0.5 max 1 last 1 mean 0.75 GiB of 2");
  assert_range (figure, "KiB", IN ("B.s", FALSE),
                "min 536870912 max 1073741824 last 1073741824 mean 805306368 B of 2");
  assert_range (figure, "KiB", PEOPLE, "min 0.5 max 1 last 1 mean 0.75 GiB of 2");
}

static void
range_mean_is_rounded_half_to_even_when_it_is_printed (void **state G_GNUC_UNUSED)
{
  HmFigureRange range = { .sum = { .count = 0 } };
  HmFigure figure = { .type = HM_GAUGE, .quantity = 5, .covered_ns = 2, .range = &range };
  HmQuantityStyle whole = MACHINE;

  whole.decimals = 0;
  assert_range (figure, "B", whole, "min  max  last  mean 2 B of 0");
  figure.quantity = -7;
  assert_range (figure, "B", whole, "min  max  last  mean -4 B of 0");
  figure.quantity = 1;
  figure.covered_ns = 100000;
  assert_range (figure, "B", PEOPLE, "min  max  last  mean <0.001 B of 0");
}

static void
range_has_no_last_value_of_several_series (void **state G_GNUC_UNUSED)
{
  HmFigureRange range = read_twice (U64 (2), U64 (4));
  HmFigure figure = { .type = HM_GAUGE, .quantity = 30, .covered_ns = 10, .range = &range };

  range.several = TRUE;
  assert_range (figure, "vcpu", MACHINE, "min 2 max 4 last  mean 3 vcpu of 2");
}

/* What there is none of is no zero. */
static void
range_is_absent_where_there_is_none (void **state G_GNUC_UNUSED)
{
  HmFigureRange none = { .sum = { .count = 7 } }, doubles = read_twice (F64 (0.25), F64 (1e300));
  HmFigure counter = { .type = HM_CUMULATIVE, .quantity = 30, .covered_ns = 10, .range = &none };
  HmFigure unknown = { .type = HM_GAUGE, .range = &none };
  HmFigure inexact = { .type = HM_GAUGE, .covered_ns = 10, .flags = HM_FLAG_INEXACT, .range = &doubles };

  assert_range (counter, "ns", MACHINE, "min  max  last  mean  - of 7");
  assert_range (unknown, "KiB", PEOPLE, "min  max  last  mean  - of 7");
  assert_range (inexact, "KiB", IN ("GiB.h", FALSE), "min 0.25 max 1e+300 last 1e+300 mean  KiB of 2");
}

/* -- names -- */

static void
note (HmNames *names, const char *resource, const char *project, const char *project_name)
{
  const HmResourceRow row = { .resource = resource, .project = project, .project_name = project_name };

  hm_names_add (names, &row);
}

static void
names_are_shown_for_ids (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmNames) names = hm_names_new ();

  note (names, "r1", "p1", "Research");
  note (names, "r2", "p1", "Research");
  note (names, "r3", "p2", NULL);
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p1"), "Research");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p2"), "p2");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p3"), "p3");
  assert_string_equal (hm_names_show (names, HM_BY_RESOURCE, "r1"), "r1");
  assert_string_equal (hm_names_show (names, HM_BY_DEVICE, "p1"), "p1");
  assert_null (hm_names_show (names, HM_BY_PROJECT, NULL));
}

static void
names_come_with_their_ids_when_two_go_by_one (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmNames) names = hm_names_new ();

  note (names, "r1", "p1", "Research");
  note (names, "r2", "p2", "Research");
  note (names, "r3", "p3", "Sales");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p1"), "p1 (Research)");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p2"), "p2 (Research)");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p3"), "Sales");
}

/* What would look the same is the same name: another's id, or control characters that are not shown. */
static void
names_do_not_pass_for_another_when_they_only_look_like_it (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmNames) names = hm_names_new ();

  note (names, "r1", "p1", "p2");
  note (names, "r2", "p2", NULL);
  note (names, "r3", "p3", "A\x01");
  note (names, "r4", "p4", "A\x02");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p1"), "p1 (p2)");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p2"), "p2");
  assert_string_equal (hm_names_show (names, HM_BY_PROJECT, "p3"), "p3 (A�)");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (quantity_is_exact_for_machines),
    cmocka_unit_test (quantity_takes_the_unit_that_reads_best_for_people),
    cmocka_unit_test (quantity_takes_the_unit_that_was_asked_for),
    cmocka_unit_test (quantity_is_never_zero_for_people_when_there_is_some),
    cmocka_unit_test (quantity_is_none_when_the_meter_has_fractions),
    cmocka_unit_test (quantity_refuses_a_unit_of_another_kind),
    cmocka_unit_test (range_is_in_the_meters_own_unit),
    cmocka_unit_test (range_goes_with_the_unit_of_the_quantity),
    cmocka_unit_test (range_mean_is_rounded_half_to_even_when_it_is_printed),
    cmocka_unit_test (range_has_no_last_value_of_several_series),
    cmocka_unit_test (range_is_absent_where_there_is_none),
    cmocka_unit_test (names_are_shown_for_ids),
    cmocka_unit_test (names_come_with_their_ids_when_two_go_by_one),
    cmocka_unit_test (names_do_not_pass_for_another_when_they_only_look_like_it),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
