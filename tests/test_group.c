/* SPDX-License-Identifier: Apache-2.0 */
/* test_group: sums of bucket rows by columns, exactly. */
#include "tests/kit.h"

#include "cli/usage/group.h"

static HmBucket *
bucket (const char *grain, const char *project, const char *resource)
{
  HmBucket *row = hm_bucket_new ();

  assert_true (hm_time_parse (grain, -1, &row->grain));
  row->source = g_strdup ("site");
  row->resource = g_strdup (resource);
  row->agent = g_strdup ("host");
  row->epoch = g_strdup ("e");
  row->project = g_strdup (project);
  row->user = g_strdup ("");
  row->flavor = g_strdup ("");
  return row;
}

static void
add (HmGroups *groups, const char *grain, const char *project, const char *resource, const char *device,
     const char *meter, HmInt128 quantity, guint32 flags)
{
  g_autoptr (HmBucket) row = bucket (grain, project, resource);
  HmCell *cell = hm_bucket_cell (row, device, meter, "", HM_CUMULATIVE, "B");

  cell->quantity = quantity;
  cell->covered_ns = HM_NSEC_PER_SEC;
  cell->flags = flags;
  assert_true (hm_groups_add (groups, row, NULL));
}

static guint32
by (const char *text)
{
  guint32 columns = 0;

  assert_true (hm_by_parse (text, &columns, NULL));
  return columns;
}

static void
groups_sum_over_what_was_not_asked_for (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project,meter"), NULL);
  g_autoptr (GPtrArray) figures = NULL;
  const HmFigure *figure;

  add (groups, "2026-01-01T00:00:00Z", "p", "i-1", "disk:a", "read", 1, 1);
  add (groups, "2026-01-01T01:00:00Z", "p", "i-2", "disk:b", "read", 2, 4);
  add (groups, "2026-01-01T01:00:00Z", "q", "i-3", "", "read", 4, 0);
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, 2);
  figure = figures->pdata[0];
  assert_string_equal (figure->columns[HM_BY_PROJECT], "p");
  assert_null (figure->columns[HM_BY_DEVICE]);
  assert_true (figure->quantity == 3);
  assert_true (figure->covered_ns == 2 * HM_NSEC_PER_SEC);
  assert_int_equal (figure->flags, 5);
}

static void
groups_never_sum_meters_with_one_another (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), NULL);
  g_autoptr (GPtrArray) figures = NULL;

  add (groups, "2026-01-01T00:00:00Z", "p", "i", "", "read", 1, 0);
  add (groups, "2026-01-01T00:00:00Z", "p", "i", "", "write", 2, 0);
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, 2);
}

static void
groups_tell_what_has_no_project_from_what_was_not_asked_for (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project,device"), NULL);
  g_autoptr (GPtrArray) figures = NULL;
  const HmFigure *figure;

  add (groups, "2026-01-01T00:00:00Z", "", "host", "", "read", 1, 0);
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, 1);
  figure = figures->pdata[0];
  assert_null (figure->columns[HM_BY_PROJECT]);
  assert_null (figure->columns[HM_BY_DEVICE]);
  assert_string_equal (figure->meter, "read");
}

/* Ids are text from the bus: no separator is safe in them. */
static void
groups_keep_ids_apart_whatever_is_in_them (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *resource, *device;
  } rows[] = { { "a\x1f", "b" },
               { "a", "\x1f"
                      "b" },
               { "a,1:b", "" },
               { "a", "1:b" },
               { "a,", "b" },
               { "a", ",b" } };
  g_autoptr (HmGroups) groups = hm_groups_new (by ("resource,device"), NULL);
  g_autoptr (GPtrArray) figures = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    add (groups, "2026-01-01T00:00:00Z", "p", rows[i].resource, rows[i].device, "read", 1, 0);
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, G_N_ELEMENTS (rows));
}

static void
groups_know_hours_days_and_months (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *by;
    guint rows;
    const char *first;
  } cases[] = { { "hour", 3, "2026-01-31T22:00:00.000000000Z" },
                { "day", 2, "2026-01-31T00:00:00.000000000Z" },
                { "month", 2, "2026-01-01T00:00:00.000000000Z" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HmGroups) groups = hm_groups_new (by (cases[i].by), NULL);
      g_autoptr (GPtrArray) figures = NULL;

      add (groups, "2026-01-31T22:55:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-01-31T22:05:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-01-31T23:00:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-02-01T00:00:00Z", "p", "i", "", "read", 1, 0);
      figures = hm_groups_figures (groups);
      assert_int_equal (figures->len, cases[i].rows);
      assert_string_equal (((HmFigure *)figures->pdata[0])->columns[HM_BY_HOUR + i], cases[i].first);
    }
}

/* Of the night on which Berlin has the hour from two to three twice. */
static void
groups_know_hours_days_and_months_of_a_zone (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *by, *expected;
  } cases[] = {
    { "hour", "2026-10-24T23:00:00.000000000+02:00;2026-10-25T00:00:00.000000000+02:00;"
              "2026-10-25T02:00:00.000000000+02:00;2026-10-25T02:00:00.000000000+01:00;" },
    { "day", "2026-10-24T00:00:00.000000000+02:00;2026-10-25T00:00:00.000000000+02:00;" },
    { "month", "2026-10-01T00:00:00.000000000+02:00;" },
  };
  g_autoptr (HmCalendar) calendar = hm_calendar_new ("Europe/Berlin", NULL);

  assert_non_null (calendar);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HmGroups) groups = hm_groups_new (by (cases[i].by), NULL);
      g_autoptr (GPtrArray) figures = NULL;
      g_autoptr (GString) text = g_string_new (NULL);

      hm_groups_use_calendar (groups, calendar, 3600 * HM_NSEC_PER_SEC);
      add (groups, "2026-10-25T01:00:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-10-25T00:00:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-10-24T22:00:00Z", "p", "i", "", "read", 1, 0);
      add (groups, "2026-10-24T21:00:00Z", "p", "i", "", "read", 1, 0);
      figures = hm_groups_figures (groups);
      for (guint f = 0; f < figures->len; f++)
        g_string_append_printf (text, "%s;", ((HmFigure *)figures->pdata[f])->columns[HM_BY_HOUR + i]);
      assert_string_equal (text->str, cases[i].expected);
    }
}

static void
groups_refuse_a_zone_whose_days_begin_within_a_step (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmCalendar) calendar = hm_calendar_new ("Asia/Kolkata", NULL);
  g_autoptr (HmGroups) days = hm_groups_new (by ("day"), NULL);
  g_autoptr (HmGroups) other = hm_groups_new (by (""), NULL);
  g_autoptr (HmBucket) row = bucket ("2026-01-01T00:00:00Z", "p", "i");
  g_autoptr (GError) error = NULL;

  hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns")->quantity = 1;
  hm_groups_use_calendar (days, calendar, 3600 * HM_NSEC_PER_SEC);
  assert_false (hm_groups_add (days, row, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "grain = 30m");
  hm_groups_use_calendar (other, calendar, 3600 * HM_NSEC_PER_SEC);
  assert_true (hm_groups_add (other, row, &error)); /* no column depends on it */
}

/* -- what was read -- */

static void
add_read (HmGroups *groups, const char *grain, const char *resource, const char *device, guint64 count,
          gint64 value)
{
  g_autoptr (HmBucket) row = bucket (grain, "p", resource);
  HmCell *cell = hm_bucket_cell (row, device, "memory", "", HM_GAUGE, "KiB");

  cell->quantity = value * HM_NSEC_PER_SEC;
  cell->covered_ns = HM_NSEC_PER_SEC;
  cell->count = count;
  cell->has_range = count > 0;
  cell->last_time = count > 0 ? row->grain + 1 : HM_TIME_UNKNOWN;
  cell->min = (HmValue){ HM_VALUE_I64, { .i64 = value - 1 } };
  cell->max = (HmValue){ HM_VALUE_I64, { .i64 = value + 1 } };
  cell->last = (HmValue){ HM_VALUE_I64, { .i64 = value } };
  assert_true (hm_groups_add (groups, row, NULL));
}

/* Rows come in no order. */
static void
groups_tell_what_was_read_of_one_series (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), NULL);
  g_autoptr (GPtrArray) figures = NULL;
  const HmFigureRange *range;

  hm_groups_keep_range (groups);
  add_read (groups, "2026-01-01T02:00:00Z", "i", "", 3, -5);
  add_read (groups, "2026-01-01T00:00:00Z", "i", "", 2, 9);
  add_read (groups, "2026-01-01T03:00:00Z", "i", "", 0, 20);
  figures = hm_groups_figures (groups);
  range = ((const HmFigure *)figures->pdata[0])->range;
  assert_int_equal (range->sum.count, 5);
  assert_int_equal (range->sum.min.i64, -6);
  assert_int_equal (range->sum.max.i64, 10);
  assert_int_equal (range->sum.last.i64, -5);
  assert_false (range->several);
}

static void
groups_know_when_they_hold_several_series (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *resource, *device;
  } others[] = { { "i-2", "" }, { "i", "disk:b" } };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), NULL);
      g_autoptr (GPtrArray) figures = NULL;

      hm_groups_keep_range (groups);
      add_read (groups, "2026-01-01T00:00:00Z", "i", "", 1, 5);
      add_read (groups, "2026-01-01T00:00:00Z", others[i].resource, others[i].device, 0, 5);
      add_read (groups, "2026-01-01T01:00:00Z", "i", "", 1, 5);
      figures = hm_groups_figures (groups);
      assert_int_equal (figures->len, 1);
      assert_true (((const HmFigure *)figures->pdata[0])->range->several);
    }
}

static void
groups_keep_no_range_unless_asked (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), NULL);
  g_autoptr (GPtrArray) figures = NULL;

  add_read (groups, "2026-01-01T00:00:00Z", "i", "", 1, 5);
  figures = hm_groups_figures (groups);
  assert_null (((const HmFigure *)figures->pdata[0])->range);
}

/* A resize divides the bill. */
static void
groups_keep_revisions_and_states_apart (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("source,flavor,state,agent"), NULL);
  g_autoptr (GPtrArray) figures = NULL;
  static const char *const flavors[] = { "large", "small", "small" };
  static const HmState states[] = { HM_STATE_RUNNING, HM_STATE_RUNNING, HM_STATE_PAUSED };
  const HmFigure *figure;

  for (guint i = 0; i < G_N_ELEMENTS (flavors); i++)
    {
      g_autoptr (HmBucket) row = bucket ("2026-01-01T00:00:00Z", "p", "i");

      g_free (row->flavor);
      row->flavor = g_strdup (flavors[i]);
      row->state = states[i];
      hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns")->quantity = (HmInt128)i + 1;
      assert_true (hm_groups_add (groups, row, NULL));
    }
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, 3);
  figure = figures->pdata[1];
  assert_string_equal (figure->columns[HM_BY_SOURCE], "site");
  assert_string_equal (figure->columns[HM_BY_FLAVOR], "small");
  assert_string_equal (figure->columns[HM_BY_STATE], "paused");
  assert_string_equal (figure->columns[HM_BY_AGENT], "host");
  assert_true (figure->quantity == 3);
}

static void
figures_keep_the_largest_of_each_meter (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *resource, *meter;
    gint64 quantity;
  } rows[] = { { "a", "read", 5 }, { "b", "read", 9 },  { "c", "read", 9 }, { "d", "read", -1 },
               { "a", "cpu", 1 },  { "b", "write", 2 }, { "c", "cpu", 2 } };
  g_autoptr (HmGroups) groups = hm_groups_new (by ("resource"), NULL);
  g_autoptr (GPtrArray) figures = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    add (groups, "2026-01-01T00:00:00Z", "p", rows[i].resource, "", rows[i].meter, rows[i].quantity, 0);
  figures = hm_groups_figures (groups);
  hm_figures_top (figures, 2);
  for (guint i = 0; i < figures->len; i++)
    {
      const HmFigure *figure = figures->pdata[i];

      g_string_append_printf (text, "%s %s;", figure->meter, figure->columns[HM_BY_RESOURCE]);
    }
  assert_string_equal (text->str, "cpu c;cpu a;read b;read c;write b;");
}

static void
groups_take_only_meters_that_match (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), "disk.*");
  g_autoptr (GPtrArray) figures = NULL;

  add (groups, "2026-01-01T00:00:00Z", "p", "i", "", "disk.read", 1, 0);
  add (groups, "2026-01-01T00:00:00Z", "p", "i", "", "cpu", 1, 0);
  figures = hm_groups_figures (groups);
  assert_int_equal (figures->len, 1);
}

static void
groups_refuse_a_sum_beyond_128_bits (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmGroups) groups = hm_groups_new (by ("project"), NULL);
  g_autoptr (HmBucket) row = bucket ("2026-01-01T00:00:00Z", "p", "i");
  g_autoptr (GError) error = NULL;

  hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns")->quantity = (HmInt128)1 << 126;
  assert_true (hm_groups_add (groups, row, &error));
  assert_false (hm_groups_add (groups, row, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "cpu");
}

static void
by_takes_blanks_around_words_and_no_word_at_all (void **state G_GNUC_UNUSED)
{
  assert_int_equal (by ("hour, project"), 1u << HM_BY_HOUR | 1u << HM_BY_PROJECT);
  assert_int_equal (by (""), 0);
}

static void
by_refuses_a_column_that_is_none (void **state G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  guint32 columns = 9;

  assert_false (hm_by_parse ("project,colour", &columns, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "'colour'");
  assert_int_equal (columns, 9);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (groups_sum_over_what_was_not_asked_for),
    cmocka_unit_test (groups_never_sum_meters_with_one_another),
    cmocka_unit_test (groups_tell_what_has_no_project_from_what_was_not_asked_for),
    cmocka_unit_test (groups_keep_ids_apart_whatever_is_in_them),
    cmocka_unit_test (groups_know_hours_days_and_months),
    cmocka_unit_test (groups_know_hours_days_and_months_of_a_zone),
    cmocka_unit_test (groups_refuse_a_zone_whose_days_begin_within_a_step),
    cmocka_unit_test (groups_tell_what_was_read_of_one_series),
    cmocka_unit_test (groups_know_when_they_hold_several_series),
    cmocka_unit_test (groups_keep_no_range_unless_asked),
    cmocka_unit_test (groups_keep_revisions_and_states_apart),
    cmocka_unit_test (figures_keep_the_largest_of_each_meter),
    cmocka_unit_test (groups_take_only_meters_that_match),
    cmocka_unit_test (groups_refuse_a_sum_beyond_128_bits),
    cmocka_unit_test (by_takes_blanks_around_words_and_no_word_at_all),
    cmocka_unit_test (by_refuses_a_column_that_is_none),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
