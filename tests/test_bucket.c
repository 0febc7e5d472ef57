/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of buckets: their cells, the limbs, and the text that the store keeps. */
#include "tests/kit.h"

#include <string.h>

#include "collector/usage/bucket.h"
#include "collector/stores/store.h"

#define LIMB G_GINT64_CONSTANT (1000000000)

/* -- flags -- */

static void
flag_names_are_all_there_and_differ (void **state G_GNUC_UNUSED)
{
  for (guint i = 0; i < HM_FLAG_COUNT; i++)
    for (guint j = 0; j < i; j++)
      assert_string_not_equal (hm_flag_name (i), hm_flag_name (j));
  assert_string_equal (hm_flag_name (0), "from_start");
  assert_string_equal (hm_flag_name (HM_FLAG_COUNT - 1), "held");
  assert_null (hm_flag_name (HM_FLAG_COUNT));
}

/* -- cells -- */

static void
bucket_keeps_cells_sorted_however_they_come (void **state G_GNUC_UNUSED)
{
  static const char *const keys[] = { "m", "c", "x", "a", "n", "b", "c" };
  g_autoptr (HmBucket) bucket = hm_bucket_new ();
  const char *before = "";

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    hm_bucket_cell (bucket, "", keys[i], "", HM_GAUGE, "B");
  assert_int_equal (bucket->cells->len, G_N_ELEMENTS (keys) - 1);
  for (guint i = 0; i < bucket->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (bucket->cells, i);

      assert_true (strcmp (before, cell->meter) < 0);
      before = cell->meter;
    }
}

static void
bucket_tells_cells_apart_by_device_meter_and_epoch (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBucket) bucket = hm_bucket_new ();
  HmCell *cell = hm_bucket_cell (bucket, "d", "m", "e", HM_GAUGE, "B");

  assert_ptr_not_equal (cell, hm_bucket_cell (bucket, "D", "m", "e", HM_GAUGE, "B"));
  assert_ptr_not_equal (cell, hm_bucket_cell (bucket, "d", "M", "e", HM_GAUGE, "B"));
  assert_ptr_not_equal (cell, hm_bucket_cell (bucket, "d", "m", "E", HM_GAUGE, "B"));
  assert_ptr_equal (cell, hm_bucket_cell (bucket, "d", "m", "e", HM_GAUGE, "B"));
  assert_int_equal (bucket->cells->len, 4);
}

static void
bucket_finds_the_cell_whatever_the_hint (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBucket) bucket = hm_bucket_new ();
  HmCell *b = hm_bucket_cell (bucket, "", "b", "", HM_GAUGE, "B");
  guint hint;

  hm_bucket_cell (bucket, "", "a", "", HM_GAUGE, "B");
  for (guint wrong = 0; wrong < 4; wrong++)
    {
      hint = wrong;
      assert_ptr_equal (hm_bucket_cell_at (bucket, &hint, "", "b", "", HM_GAUGE, "B"), b);
      assert_int_equal (hint, 1);
    }
}

/* -- limbs -- */

static void
assert_limbs (HmInt128 number)
{
  gint64 limbs[5];
  HmInt128 back;

  hm_limbs_from_int128 (number, limbs);
  for (guint i = 0; i < 5; i++)
    {
      assert_true (ABS (limbs[i]) < LIMB);
      assert_true (limbs[i] == 0 || (limbs[i] < 0) == (number < 0));
    }
  assert_true (hm_limbs_to_int128 (limbs, &back));
  assert_true (back == number);
}

static void
limbs_come_back_exactly (void **state G_GNUC_UNUSED)
{
  const HmInt128 most = (HmInt128)(~(HmUint128)0 >> 1);

  assert_limbs (0);
  assert_limbs (-1);
  assert_limbs (LIMB - 1);
  assert_limbs (LIMB);
  assert_limbs (-(HmInt128)LIMB * LIMB - 5);
  assert_limbs (most);
  assert_limbs (-most - 1);
}

static void
limbs_take_sums_when_they_carry (void **state G_GNUC_UNUSED)
{
  HmInt128 number;

  assert_true (hm_limbs_to_int128 ((const gint64[]){ 3 * LIMB + 1, -2, 0, 0, 0 }, &number));
  assert_true (number == LIMB + 1);
}

static void
limbs_are_refused_when_the_number_has_no_room (void **state G_GNUC_UNUSED)
{
  HmInt128 number = 7;

  assert_false (hm_limbs_to_int128 ((const gint64[]){ 0, 0, 0, 0, 999 }, &number));
  assert_false (hm_limbs_to_int128 ((const gint64[]){ 0, 0, 0, 0, G_MININT64 }, &number));
  assert_true (number == 7);
}

/* -- text -- */

static HmValue
u64 (guint64 number)
{
  return (HmValue){ HM_VALUE_U64, { .u64 = number } };
}

static void
fill_counter (HmBucket *bucket)
{
  HmCell *cell = hm_bucket_cell (bucket, "disk:vda", "read", "2", HM_CUMULATIVE, "B");

  cell->quantity = (HmInt128)LIMB * LIMB * 7 + 5;
  cell->covered_ns = 60 * HM_NSEC_PER_SEC;
  cell->flags = HM_FLAG_RESET | HM_FLAG_ESTIMATED_DISTRIBUTION;
}

static void
fill_gauge (HmBucket *bucket)
{
  HmCell *cell = hm_bucket_cell (bucket, "", "memory", "", HM_GAUGE, "KiB");

  cell->count = 2;
  cell->last_time = G_GINT64_CONSTANT (1795224420123456789);
  cell->has_range = TRUE;
  cell->min = u64 (1);
  cell->max = u64 (G_MAXUINT64);
  cell->last = (HmValue){ HM_VALUE_DOUBLE, { .f64 = 2.0 } };
}

static void
cells_have_the_documented_form (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBucket) bucket = hm_bucket_new ();
  g_autofree char *text = NULL;
  gsize length;

  fill_counter (bucket);
  fill_gauge (bucket);
  text = hm_bucket_cells_to_json (bucket, &length);
  assert_string_equal (text, "[{\"m\":\"memory\",\"t\":\"g\",\"u\":\"KiB\",\"q\":[],\"c\":0,\"n\":2,"
                             "\"l\":\"1795224420123456789\",\"min\":1,\"max\":\"18446744073709551615\","
                             "\"last\":2.0},"
                             "{\"m\":\"read\",\"d\":\"disk:vda\",\"e\":\"2\",\"t\":\"c\",\"u\":\"B\","
                             "\"q\":[5,0,7],\"c\":60000000000,\"f\":36}]");
  assert_int_equal (length, strlen (text));
}

/* The last integer that every reader of JSON keeps as a number is 2^53 - 1. */
static void
cells_quote_integers_that_other_readers_would_round (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBucket) bucket = hm_bucket_new ();
  HmCell *cell = hm_bucket_cell (bucket, "", "m", "", HM_GAUGE, "B");
  g_autofree char *text = NULL;

  cell->count = 1;
  cell->has_range = TRUE;
  cell->min = (HmValue){ HM_VALUE_I64, { .i64 = -G_GINT64_CONSTANT (9007199254740992) } };
  cell->max = u64 (G_GUINT64_CONSTANT (9007199254740991));
  cell->last = u64 (G_GUINT64_CONSTANT (9007199254740992));
  cell->last_time = -G_GINT64_CONSTANT (9007199254740991);
  text = hm_bucket_cells_to_json (bucket, NULL);
  assert_non_null (strstr (text, "\"l\":-9007199254740991,\"min\":\"-9007199254740992\","
                                 "\"max\":9007199254740991,\"last\":\"9007199254740992\"}"));
}

static void
cells_come_back_as_they_were (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBucket) bucket = hm_bucket_new (), read = hm_bucket_new ();
  g_autofree char *text = NULL, *again = NULL;
  g_autoptr (GError) error = NULL;
  const HmCell *cell;
  gsize length;

  fill_counter (bucket);
  fill_gauge (bucket);
  text = hm_bucket_cells_to_json (bucket, &length);
  hm_bucket_cell (read, "", "replaced", "", HM_GAUGE, "B");
  assert_true (hm_bucket_cells_from_json (read, text, length, &error));
  again = hm_bucket_cells_to_json (read, NULL);
  assert_string_equal (again, text);

  cell = hm_bucket_cell (read, "disk:vda", "read", "2", HM_CUMULATIVE, "B");
  assert_true (cell->quantity == (HmInt128)LIMB * LIMB * 7 + 5);
  assert_int_equal (cell->flags, HM_FLAG_RESET | HM_FLAG_ESTIMATED_DISTRIBUTION);
  assert_true (cell->last_time == HM_TIME_UNKNOWN);
  assert_false (cell->has_range);
  cell = hm_bucket_cell (read, "", "memory", "", HM_GAUGE, "KiB");
  assert_true (cell->max.u64 == G_MAXUINT64);
  assert_int_equal (cell->last.type, HM_VALUE_DOUBLE);
}

static void
cells_come_back_when_their_text_is_awkward (void **state G_GNUC_UNUSED)
{
  static const char awkward[] = "a\"b\\c\x01\n\x7f\xc3\xa9/";
  g_autoptr (HmBucket) bucket = hm_bucket_new (), read = hm_bucket_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  hm_bucket_cell (bucket, awkward, "m", awkward, HM_DELTA, "B")->quantity = -(HmInt128)LIMB - 1;
  text = hm_bucket_cells_to_json (bucket, &length);
  assert_true (hm_bucket_cells_from_json (read, text, length, &error));
  assert_int_equal (read->cells->len, 1);
  assert_true (hm_bucket_cell (read, awkward, "m", awkward, HM_DELTA, "B")->quantity == -(HmInt128)LIMB - 1);
}

#define CELL(more) "{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1],\"c\":0" more "}"

static void
cells_are_refused_when_they_are_not_of_the_form (void **state G_GNUC_UNUSED)
{
  static const char *const wrong[] = {
    "",
    "{}",
    "[1]",
    "[null]",
    "[[]]",
    "[{}]",
    "[" CELL ("") "," CELL ("") "]",
    "[" CELL (",\"c\":0") "]",
    "[" CELL (",\"x\":0") "]",
    "[" CELL (",\"d\":1") "]",
    "[" CELL (",\"d\":null") "]",
    "[" CELL (",\"f\":2097152") "]",
    "[" CELL (",\"f\":true") "]",
    "[" CELL (",\"f\":[1]") "]",
    "[" CELL (",\"f\":{}") "]",
    "[" CELL (",\"n\":1") "]",
    "[" CELL (",\"min\":1,\"max\":1") "]",
    "[{\"m\":\"m\",\"t\":\"?\",\"u\":\"B\",\"q\":[1],\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":5,\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[[1]],\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1,1,1,1,1,1],\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1,1,1,1,999],\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1.5],\"c\":0}]",
    "[{\"m\":\"m\",\"t\":\"c\",\"u\":\"B\",\"q\":[1],\"c\":-1}]",
  };
  g_autoptr (HmBucket) bucket = hm_bucket_new ();

  hm_bucket_cell (bucket, "", "kept", "", HM_GAUGE, "B");
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      if (hm_bucket_cells_from_json (bucket, wrong[i], strlen (wrong[i]), &error))
        fail_msg ("taken: %s", wrong[i]);
      kit_assert_error (&error, HM_ERROR_DATA, "cells of a bucket");
      assert_int_equal (bucket->cells->len, 1);
    }
}

/* -- sums of what was read -- */

static HmCell
read_at (HmTime time, guint64 count, HmValue value, gboolean has_range)
{
  return (HmCell){
    .count = count, .last_time = time, .has_range = has_range, .min = value, .max = value, .last = value
  };
}

/* (transfer full) */
static char *
sum_in_order (const HmCell cells[3], const guint order[3])
{
  HmCell sum = { .last_time = HM_TIME_UNKNOWN };
  char min[HM_NUMBER_MAX], max[HM_NUMBER_MAX], last[HM_NUMBER_MAX];

  for (guint i = 0; i < 3; i++)
    hm_cell_add_readings (&sum, &cells[order[i]]);
  if (!sum.has_range)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, sum.count);
  hm_value_print (sum.min, min);
  hm_value_print (sum.max, max);
  hm_value_print (sum.last, last);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s..%s %s", sum.count, min, max, last);
}

static void
assert_sum_in_any_order (const HmCell cells[3], const char *expected)
{
  static const guint orders[][3]
      = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_autofree char *sum = sum_in_order (cells, orders[i]);

      assert_string_equal (sum, expected);
    }
}

static HmValue
f64 (double number)
{
  return (HmValue){ HM_VALUE_DOUBLE, { .f64 = number } };
}

static void
readings_add_up_in_any_order (void **state G_GNUC_UNUSED)
{
  const HmCell ranges[]
      = { read_at (1, 2, f64 (0.5), TRUE), read_at (3, 1, f64 (0.25), TRUE), read_at (2, 4, f64 (7), TRUE) };
  const HmCell moment[] = { read_at (1, 1, u64 (3), TRUE), read_at (1, 1, f64 (3), TRUE),
                            read_at (HM_TIME_UNKNOWN, 0, u64 (0), FALSE) };

  assert_sum_in_any_order (ranges, "7 0.25..7.0 0.25");
  assert_sum_in_any_order (moment, "2 3..3.0 3.0");
}

/* The least of some readings is not the least. */
static void
readings_have_no_range_where_some_have_none (void **state G_GNUC_UNUSED)
{
  const HmCell cells[]
      = { read_at (1, 2, f64 (0.5), TRUE), read_at (3, 1, u64 (0), FALSE), read_at (2, 4, f64 (7), TRUE) };

  assert_sum_in_any_order (cells, "7");
}

/* -- the store's one pure function -- */

static void
assert_scheme (const char *url, const char *expected)
{
  g_autofree char *scheme = hm_store_scheme (url);

  if (expected == NULL)
    assert_null (scheme);
  else
    assert_string_equal (scheme, expected);
}

static void
store_scheme_is_what_stands_before_the_path (void **state G_GNUC_UNUSED)
{
  assert_scheme ("sqlite:///var/lib/usage.db", "sqlite");
  assert_scheme ("PostgreSQL://host/base", "postgresql");
  assert_scheme ("/var/lib/usage.db", NULL);
  assert_scheme ("usage.db", NULL);
  assert_scheme ("sqlite:usage.db", NULL);
  assert_scheme ("../evil://x", NULL);
  assert_scheme ("", NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (flag_names_are_all_there_and_differ),
    cmocka_unit_test (bucket_keeps_cells_sorted_however_they_come),
    cmocka_unit_test (bucket_tells_cells_apart_by_device_meter_and_epoch),
    cmocka_unit_test (bucket_finds_the_cell_whatever_the_hint),
    cmocka_unit_test (limbs_come_back_exactly),
    cmocka_unit_test (limbs_take_sums_when_they_carry),
    cmocka_unit_test (limbs_are_refused_when_the_number_has_no_room),
    cmocka_unit_test (cells_have_the_documented_form),
    cmocka_unit_test (cells_quote_integers_that_other_readers_would_round),
    cmocka_unit_test (cells_come_back_as_they_were),
    cmocka_unit_test (cells_come_back_when_their_text_is_awkward),
    cmocka_unit_test (cells_are_refused_when_they_are_not_of_the_form),
    cmocka_unit_test (readings_add_up_in_any_order),
    cmocka_unit_test (readings_have_no_range_where_some_have_none),
    cmocka_unit_test (store_scheme_is_what_stands_before_the_path),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
