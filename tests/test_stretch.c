/* SPDX-License-Identifier: Apache-2.0 */
/* test_stretch: where a resource was not metered, from how much of each step was. */
#include "tests/kit.h"

#include "cli/bill/stretch.h"

#define STEP 100

static GString *found;

static void
append (const HmStretch *stretch, gpointer user G_GNUC_UNUSED)
{
  g_string_append_printf (found, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, stretch->from, stretch->to);
  if (stretch->missing_ns != stretch->to - stretch->from)
    g_string_append_printf (found, " %" G_GINT64_FORMAT, stretch->missing_ns);
  g_string_append_c (found, ';');
}

/* There from @from to @to, and seen from @first to @last; of each step from 0 on that much was metered. */
static void
assert_stretches (HmTime from, HmTime to, HmTime first, HmTime last, const gint64 *covered, guint n,
                  const char *expected)
{
  HmStretches stretches = { .from = from, .to = to, .first_seen = first, .last_seen = last };

  found = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    hm_stretches_step (&stretches, i * STEP, (i + 1) * STEP, covered[i], append, NULL);
  hm_stretches_end (&stretches, append, NULL);
  assert_string_equal (found->str, expected);
  g_string_free (found, TRUE);
}

#define COVERED(...)                                                                                         \
  (const gint64[]){ __VA_ARGS__ }, sizeof ((const gint64[]){ __VA_ARGS__ }) / sizeof (gint64)

static void
stretches_find_nothing_where_all_was_metered (void **state G_GNUC_UNUSED)
{
  assert_stretches (0, 300, 0, 300, COVERED (100, 100, 100), "");
  assert_stretches (30, 250, 30, 250, COVERED (70, 100, 50), "");
  assert_stretches (30, 40, 30, 40, COVERED (10, 0, 0), "");
  assert_stretches (0, 100, 0, 100, COVERED (170), ""); /* two agents at once */
}

static void
stretches_find_what_began_late (void **state G_GNUC_UNUSED)
{
  assert_stretches (30, 300, 50, 300, COVERED (50, 100, 100), "30-50;");
  assert_stretches (30, 300, 120, 300, COVERED (0, 80, 100), "30-120;");
  assert_stretches (30, 300, 100, 300, COVERED (0, 100, 100), "30-100;");
}

static void
stretches_find_what_ended_early (void **state G_GNUC_UNUSED)
{
  assert_stretches (0, 280, 0, 250, COVERED (100, 100, 50), "250-280;");
  assert_stretches (0, 280, 0, 130, COVERED (100, 30, 0), "130-280;");
  assert_stretches (0, 280, 0, 200, COVERED (100, 100, 0), "200-280;");
}

static void
stretches_find_a_gap_over_an_edge_exactly (void **state G_GNUC_UNUSED)
{
  assert_stretches (0, 400, 0, 400, COVERED (100, 60, 30, 100), "160-270;");
  assert_stretches (0, 400, 0, 400, COVERED (60, 0, 30, 100), "60-270;");
  assert_stretches (0, 300, 0, 300, COVERED (100, 0, 100), "100-200;");
}

static void
stretches_tell_the_step_where_that_is_all_they_know (void **state G_GNUC_UNUSED)
{
  assert_stretches (0, 300, 0, 300, COVERED (100, 60, 100), "100-200 40;");
  assert_stretches (30, 300, 30, 300, COVERED (60, 100, 100), "30-100 10;");
  assert_stretches (0, 300, 20, 300, COVERED (70, 100, 100), "0-20;0-100 10;");
}

static void
stretches_find_two_gaps_apart (void **state G_GNUC_UNUSED)
{
  assert_stretches (0, 500, 0, 500, COVERED (100, 0, 100, 0, 100), "100-200;300-400;");
}

static void
stretches_find_all_of_what_was_never_seen (void **state G_GNUC_UNUSED)
{
  assert_stretches (30, 250, G_MININT64, G_MININT64, COVERED (0, 0, 0), "30-250;");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (stretches_find_nothing_where_all_was_metered),
    cmocka_unit_test (stretches_find_what_began_late),
    cmocka_unit_test (stretches_find_what_ended_early),
    cmocka_unit_test (stretches_find_a_gap_over_an_edge_exactly),
    cmocka_unit_test (stretches_tell_the_step_where_that_is_all_they_know),
    cmocka_unit_test (stretches_find_two_gaps_apart),
    cmocka_unit_test (stretches_find_all_of_what_was_never_seen),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
