/* SPDX-License-Identifier: Apache-2.0 */
/* test_statement: lines of statements: what they add up to, what they differ by, their order, their text to the byte; and quantities of adjustments. */
#include "tests/kit.h"

#include "collector/bill/adjustment.h"
#include "collector/bill/statement.h"

#define HOUR (3600 * HM_NSEC_PER_SEC)

/* -- buckets -- */

static HmBucket *
bucket_of (const char *project, const char *resource)
{
  HmBucket *bucket = hm_bucket_new ();

  g_free (bucket->source);
  g_free (bucket->resource);
  g_free (bucket->project);
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup (resource);
  bucket->project = g_strdup (project);
  return bucket;
}

static void
add_cell (HmBucket *bucket, const char *meter, HmMeterType type, const char *unit, HmInt128 quantity,
          guint32 flags)
{
  HmCell *cell = hm_bucket_cell (bucket, "", meter, "", type, unit);

  cell->quantity += quantity;
  cell->covered_ns += HOUR;
  cell->flags |= flags;
}

static void
add_usage (HmStatementSum *sum, const char *project, const char *resource, HmInt128 cpu)
{
  g_autoptr (HmBucket) bucket = bucket_of (project, resource);
  g_autoptr (GError) error = NULL;

  add_cell (bucket, "cpu", HM_CUMULATIVE, "ns", cpu, 0);
  if (!hm_statement_sum_add (sum, bucket, &error))
    fail_msg ("%s", error->message);
}

/* "project/resource/meter=quantity covered;" of each line, an adjustment with its id. */
static char *
text_of (HmStatementSum *sum, gboolean differences)
{
  g_autoptr (GPtrArray) lines = hm_statement_sum_lines (sum, 1, differences);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    {
      const HmStatementLine *line = lines->pdata[i];
      g_auto (HmLineText) parts = hm_line_text (line);

      assert_int_equal (line->line, i + 1);
      g_string_append_printf (text, "%s/%s/%s=%s %s", line->project, line->resource, line->meter,
                              parts.quantity, parts.covered_seconds);
      if (line->adjustment != 0)
        g_string_append_printf (text, " adjustment %s", parts.adjustment);
      g_string_append_c (text, ';');
    }
  return g_string_free (text, FALSE);
}

static void
assert_lines (HmStatementSum *sum, gboolean differences, const char *expected)
{
  g_autofree char *text = text_of (sum, differences);

  assert_string_equal (text, expected);
}

/* -- sums -- */

static void
statement_adds_up_by_resource_and_is_in_order (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  add_usage (sum, "p2", "r1", 5);
  add_usage (sum, "p1", "r9", 7);
  add_usage (sum, "p1", "r10", 1);
  add_usage (sum, "p2", "r1", 6);
  assert_lines (sum, FALSE, "p1/r10/cpu=1 3600;p1/r9/cpu=7 3600;p2/r1/cpu=11 7200;");
}

static void
statement_keeps_units_and_types_apart (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (HmBucket) bucket = bucket_of ("p", "r");
  g_autoptr (HmBucket) other = bucket_of ("p", "r");

  add_cell (bucket, "m", HM_CUMULATIVE, "B", 3, 0);
  add_cell (other, "m", HM_GAUGE, "B", 3 * (HmInt128)HM_NSEC_PER_SEC / 2, 0);
  assert_true (hm_statement_sum_add (sum, bucket, NULL) && hm_statement_sum_add (sum, other, NULL));
  assert_lines (sum, FALSE, "p/r/m=3 3600;p/r/m=1.5 3600;");
}

static void
statement_refuses_what_128_bits_do_not_hold (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (HmBucket) bucket = bucket_of ("p", "r");
  g_autoptr (GError) error = NULL;

  add_cell (bucket, "m", HM_CUMULATIVE, "B", (HmInt128)(((HmUint128)1 << 127) - 1), 0);
  assert_true (hm_statement_sum_add (sum, bucket, &error));
  assert_false (hm_statement_sum_add (sum, bucket, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "128 bits");
}

/* -- differences -- */

static void
say (HmStatementSum *sum, const char *resource, HmInt128 quantity, HmInt128 covered_ns, gint64 adjustment)
{
  const HmStatementLine line = { .source = "site",
                                 .project = "p",
                                 .user = "",
                                 .resource = resource,
                                 .device = "",
                                 .meter = "cpu",
                                 .unit = "ns",
                                 .quantity = quantity,
                                 .covered_ns = covered_ns,
                                 .adjustment = adjustment };

  assert_true (hm_statement_sum_take_away (sum, &line, NULL));
}

static void
statement_differs_by_what_was_said_too_much_and_too_little (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  add_usage (sum, "p", "more", 10);
  add_usage (sum, "p", "less", 10);
  add_usage (sum, "p", "new", 10);
  add_usage (sum, "p", "same", 10);
  say (sum, "more", 4, HOUR, 0);
  say (sum, "less", 13, HOUR, 0);
  say (sum, "same", 10, HOUR, 0);
  assert_lines (sum, TRUE, "p/less/cpu=-3 0;p/more/cpu=6 0;p/new/cpu=10 3600;");
}

/* As of a resource whose owner was not who it seemed to be. */
static void
statement_takes_back_a_line_that_is_no_more (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  say (sum, "gone", 8, 2 * HOUR, 0);
  assert_lines (sum, TRUE, "p/gone/cpu=-8 -7200;");
}

static void
statement_counts_earlier_corrections (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  add_usage (sum, "p", "r", 10);
  say (sum, "r", 7, HOUR, 0);
  say (sum, "r", 2, 0, 0);
  assert_lines (sum, TRUE, "p/r/cpu=1 0;");
}

static void
statement_does_not_take_back_adjustments (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  add_usage (sum, "p", "r", 10);
  say (sum, "r", 10, HOUR, 0);
  say (sum, "r", -4, 0, 7);
  assert_lines (sum, TRUE, "");
}

static void
statement_has_adjustments_as_lines_of_their_own (void **state G_GNUC_UNUSED)
{
  const HmAdjustmentRow row = { .id = 3,
                                .source = "site",
                                .project = "p",
                                .user = "",
                                .resource = "r",
                                .device = "",
                                .meter = "cpu",
                                .unit = "ns",
                                .quantity = -4 };
  HmAdjustmentRow earlier = row;
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();

  earlier.id = 2;
  hm_statement_sum_adjust (sum, &row);
  hm_statement_sum_adjust (sum, &earlier);
  add_usage (sum, "p", "r", 10);
  assert_lines (sum, FALSE, "p/r/cpu=10 3600;p/r/cpu=-4 0 adjustment 2;p/r/cpu=-4 0 adjustment 3;");
}

/* -- text -- */

static const HmStatementLine line = { .number = 12,
                                      .line = 3,
                                      .source = "site",
                                      .project = "p,1",
                                      .user = "",
                                      .resource = "r \"q\"",
                                      .device = "vda",
                                      .meter = "memory",
                                      .unit = "KiB",
                                      .type = HM_GAUGE,
                                      .quantity = 1500000001,
                                      .covered_ns = 60 * HM_NSEC_PER_SEC,
                                      .flags = HM_FLAG_LATE | HM_FLAG_BASELINE };

static void
statement_has_one_canonical_text (void **state G_GNUC_UNUSED)
{
  g_autofree char *text = hm_statement_line_to_json (&line, NULL);

  assert_string_equal (
      text, "{\"statement\":12,\"line\":3,\"source\":\"site\",\"project\":\"p,1\",\"user\":null,"
            "\"resource\":\"r \\\"q\\\"\",\"device\":\"vda\",\"meter\":\"memory\",\"type\":\"gauge\","
            "\"unit\":\"KiB.s\",\"quantity\":\"1.500000001\",\"covered_seconds\":\"60\","
            "\"flags\":[\"baseline\",\"late\"],\"adjustment\":null}\n");
}

static void
statement_has_text_for_spreadsheets (void **state G_GNUC_UNUSED)
{
  g_autofree char *text = hm_statement_line_to_csv (&line);

  assert_string_equal (text, "12,3,site,\"p,1\",,\"r \"\"q\"\"\",vda,memory,gauge,KiB.s,1.500000001,60,"
                             "\"baseline,late\",\r\n");
}

/* A name that a spreadsheet would work out as a formula is text, and a quantity below zero a number. */
static void
statement_has_no_formulas_for_spreadsheets (void **state G_GNUC_UNUSED)
{
  HmStatementLine hostile = line;
  g_autofree char *text = NULL, *json = NULL;

  hostile.project = "=1+2";
  hostile.user = "-2+3,x";
  hostile.resource = "@SUM(A1)";
  hostile.device = "\tvda";
  hostile.meter = "'quoted";
  hostile.quantity = -9000000000;
  text = hm_statement_line_to_csv (&hostile);
  json = hm_statement_line_to_json (&hostile, NULL);
  assert_string_equal (text, "12,3,site,'=1+2,\"'-2+3,x\",'@SUM(A1),'\tvda,''quoted,gauge,KiB.s,-9,60,"
                             "\"baseline,late\",\r\n");
  assert_non_null (strstr (json, "\"project\":\"=1+2\""));
}

static void
statement_has_no_quantity_where_none_is_exact (void **state G_GNUC_UNUSED)
{
  HmStatementLine inexact = line;
  g_autofree char *json = NULL, *csv = NULL;

  inexact.quantity = 0;
  inexact.flags = HM_FLAG_INEXACT;
  json = hm_statement_line_to_json (&inexact, NULL);
  csv = hm_statement_line_to_csv (&inexact);
  assert_non_null (strstr (json, "\"quantity\":null"));
  assert_non_null (strstr (csv, "KiB.s,,60,inexact,"));
}

/* -- quantities of adjustments -- */

static void
assert_quantity (const char *text, const char *unit, HmMeterType type, const char *meter_unit,
                 HmInt128 expected)
{
  g_autoptr (GError) error = NULL;
  HmInt128 quantity = 0;

  if (!hm_quantity_read (text, unit, type, meter_unit, &quantity, &error))
    fail_msg ("%s", error->message);
  assert_true (quantity == expected);
}

static void
adjustment_reads_exact_quantities (void **state G_GNUC_UNUSED)
{
  assert_quantity ("-12.5", "h", HM_CUMULATIVE, "ns", -(HmInt128)45000 * HM_NSEC_PER_SEC);
  assert_quantity ("+3", "ns", HM_CUMULATIVE, "ns", 3);
  assert_quantity ("1.50", "KiB", HM_DELTA, "B", 1536);
  assert_quantity ("2048", "B", HM_CUMULATIVE, "KiB", 2);
  assert_quantity ("0.000000001", "KiB.s", HM_GAUGE, "KiB", 1);
  assert_quantity ("1", "GiB.h", HM_GAUGE, "KiB", (HmInt128)3600 * HM_NSEC_PER_SEC * 1024 * 1024);
  assert_quantity ("7.0", "llamas", HM_CUMULATIVE, "llamas", 7);
}

static void
assert_no_quantity (const char *text, const char *unit, HmMeterType type, const char *meter_unit,
                    const char *part)
{
  g_autoptr (GError) error = NULL;
  HmInt128 quantity = 5;

  if (hm_quantity_read (text, unit, type, meter_unit, &quantity, &error))
    fail_msg ("'%s' was taken", text);
  kit_assert_error (&error, HM_ERROR_USAGE, part);
  assert_true (quantity == 5);
}

/* Sums of them have to have room. */
static void
adjustment_is_at_most_ten_to_the_thirtieth (void **state G_GNUC_UNUSED)
{
  HmInt128 most = 1;

  for (guint i = 0; i < 30; i++)
    most *= 10;
  assert_quantity ("1000000000000000000000000000000", "B", HM_DELTA, "B", most);
  assert_quantity ("-1000000000000000000000000000000", "B", HM_DELTA, "B", -most);
  assert_no_quantity ("1000000000000000000000000000001", "B", HM_DELTA, "B", "more than 10^30");
  assert_no_quantity ("-1000000000000000000000000000001", "B", HM_DELTA, "B", "more than 10^30");
  assert_no_quantity ("1000000000000000000000.000000001", "KiB.s", HM_GAUGE, "KiB", "more than 10^30");
}

static void
adjustment_refuses_what_is_no_exact_quantity (void **state G_GNUC_UNUSED)
{
  static const char *const wrong[]
      = { "", "-", "1e3", "0", "-0.00", "1.", ".5", "0x10", "1,5", "1 ", " 1", "--1", "nan", "inf", "1.2.3" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_no_quantity (wrong[i], "B", HM_CUMULATIVE, "B", "is no quantity");
  assert_no_quantity ("1.5", "B", HM_CUMULATIVE, "B", "no whole number");
  assert_no_quantity ("1", "B", HM_CUMULATIVE, "KiB", "no whole number");
  assert_no_quantity ("1", "h", HM_CUMULATIVE, "B", "is no unit");
  assert_no_quantity ("1", "KiB", HM_GAUGE, "KiB", "is no unit");
  assert_no_quantity ("999999999999999999999999999999", "TiB", HM_CUMULATIVE, "B", "more than 10^30");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (statement_adds_up_by_resource_and_is_in_order),
    cmocka_unit_test (statement_keeps_units_and_types_apart),
    cmocka_unit_test (statement_refuses_what_128_bits_do_not_hold),
    cmocka_unit_test (statement_differs_by_what_was_said_too_much_and_too_little),
    cmocka_unit_test (statement_takes_back_a_line_that_is_no_more),
    cmocka_unit_test (statement_counts_earlier_corrections),
    cmocka_unit_test (statement_does_not_take_back_adjustments),
    cmocka_unit_test (statement_has_adjustments_as_lines_of_their_own),
    cmocka_unit_test (statement_has_one_canonical_text),
    cmocka_unit_test (statement_has_text_for_spreadsheets),
    cmocka_unit_test (statement_has_no_formulas_for_spreadsheets),
    cmocka_unit_test (statement_has_no_quantity_where_none_is_exact),
    cmocka_unit_test (adjustment_reads_exact_quantities),
    cmocka_unit_test (adjustment_is_at_most_ten_to_the_thirtieth),
    cmocka_unit_test (adjustment_refuses_what_is_no_exact_quantity),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
