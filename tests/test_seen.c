/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of telling repeated records from new ones: in order, in any order, at the bound, over restarts. */
#include "tests/kit.h"

#include <string.h>

#include "collector/engine/seen.h"

static void
assert_seen (const HmSeen *seen, guint64 seq, HmSeenResult expected)
{
  assert_int_equal (hm_seen_check (seen, "a", "e", seq), expected);
}

static HmSeen *
reload (HmSeen *seen)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  g_autofree char *text = hm_seen_to_json (seen, &length);
  HmSeen *read = hm_seen_from_json (text, length, &error);

  if (read == NULL)
    fail_msg ("%s: %s", text, error->message);
  hm_seen_free (seen);
  return read;
}

static void
add_holes (const char *agent G_GNUC_UNUSED, const char *epoch G_GNUC_UNUSED, guint64 missing, gpointer sum)
{
  *(guint64 *)sum += missing;
}

/* How many numbers are in holes. */
static guint64
missing_in (const HmSeen *seen)
{
  guint64 sum = 0;

  hm_seen_each (seen, add_holes, &sum);
  return sum;
}

static void
seen_takes_each_number_once_when_they_come_in_order (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();

  for (guint64 seq = 1; seq <= 5; seq++)
    {
      assert_seen (seen, seq, HM_SEEN_NEW);
      hm_seen_add (seen, "a", "e", seq);
      assert_seen (seen, seq, HM_SEEN_REPEATED);
    }
  assert_int_equal (missing_in (seen), 0);
}

static void
append_holes (const char *agent, const char *epoch, guint64 missing, gpointer text)
{
  g_string_append_printf (text, "%s/%s %d;", agent, epoch, (int)missing);
}

static void
seen_tells_the_holes_of_each_process (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  hm_seen_add (seen, "a", "e1", 4);
  hm_seen_add (seen, "b", "e1", 1);
  hm_seen_add (seen, "a", "e2", 2);
  hm_seen_add (seen, "a", "e2", 5);
  hm_seen_each (seen, append_holes, text);
  assert_string_equal (text->str, "a/e1 3;b/e1 0;a/e2 3;");
}

static void
seen_keeps_a_hole_open_until_it_is_filled (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();

  hm_seen_add (seen, "a", "e", 6);
  assert_int_equal (missing_in (seen), 5);
  hm_seen_add (seen, "a", "e", 3); /* in the middle, then both edges, then the rest */
  hm_seen_add (seen, "a", "e", 1);
  assert_seen (seen, 2, HM_SEEN_NEW);
  assert_seen (seen, 3, HM_SEEN_REPEATED);
  hm_seen_add (seen, "a", "e", 5);
  hm_seen_add (seen, "a", "e", 2);
  assert_int_equal (missing_in (seen), 1);
  assert_seen (seen, 4, HM_SEEN_NEW);
  hm_seen_add (seen, "a", "e", 4);
  assert_int_equal (missing_in (seen), 0);
}

static void
seen_changes_nothing_when_a_number_is_added_again (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autofree char *before = NULL, *after = NULL;

  hm_seen_add (seen, "a", "e", 2);
  before = hm_seen_to_json (seen, NULL);
  hm_seen_add (seen, "a", "e", 2);
  after = hm_seen_to_json (seen, NULL);
  assert_string_equal (before, after);
}

static void
seen_tells_agents_and_their_starts_apart (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();

  hm_seen_add (seen, "a", "e", 1);
  assert_int_equal (hm_seen_check (seen, "b", "e", 1), HM_SEEN_NEW);
  assert_int_equal (hm_seen_check (seen, "a", "f", 1), HM_SEEN_NEW);
}

static void
seen_takes_the_largest_number (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();

  hm_seen_add (seen, "a", "e", G_MAXUINT64);
  assert_true (missing_in (seen) == G_MAXUINT64 - 1);
  hm_seen_add (seen, "a", "e", G_MAXUINT64 - 1);
  assert_seen (seen, G_MAXUINT64 - 1, HM_SEEN_REPEATED);
}

static void
seen_writes_off_the_oldest_hole_when_there_are_too_many (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();

  for (guint64 i = 1; i <= HM_SEEN_HOLES_MAX + 1; i++)
    hm_seen_add (seen, "a", "e", 2 * i);
  assert_int_equal (missing_in (seen), HM_SEEN_HOLES_MAX);
  assert_seen (seen, 1, HM_SEEN_REPEATED);
  assert_seen (seen, 3, HM_SEEN_NEW);
  hm_seen_add (seen, "b", "e", 2); /* a's hole is older than b's */
  assert_seen (seen, 3, HM_SEEN_REPEATED);
  assert_int_equal (hm_seen_check (seen, "b", "e", 1), HM_SEEN_NEW);
}

/* Starts are forgotten only past a bound that no agent reaches; the latest ones are always known. */
static void
seen_is_bounded_when_an_agent_starts_without_end (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autofree char *text = NULL;
  gsize length;

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *epoch = g_strdup_printf ("%u", i);

      hm_seen_add (seen, "a", epoch, 1);
      hm_seen_add (seen, "b", "steady", i + 1);
    }
  text = hm_seen_to_json (seen, &length);
  assert_true (length < 200 * 1024);
  assert_int_equal (hm_seen_check (seen, "a", "9999", 1), HM_SEEN_REPEATED);
  assert_int_equal (hm_seen_check (seen, "b", "steady", 1), HM_SEEN_REPEATED);
  assert_int_equal (missing_in (seen), 0);
}

/* -- against a plain table of numbers -- */

#define NUMBERS 300

static void
run_random (GRand *rand)
{
  HmSeen *seen = hm_seen_new ();
  gboolean taken[2][NUMBERS + 1] = { { FALSE } };
  guint highest[2] = { 0 }, missing = 0;

  for (guint i = 0; i < 2 * NUMBERS; i++)
    {
      guint which = (guint)g_rand_int_range (rand, 0, 2),
            seq = (guint)g_rand_int_range (rand, 1, NUMBERS + 1);
      const char *agent = which == 0 ? "a" : "b";

      assert_int_equal (hm_seen_check (seen, agent, "e", seq),
                        taken[which][seq] ? HM_SEEN_REPEATED : HM_SEEN_NEW);
      hm_seen_add (seen, agent, "e", seq);
      taken[which][seq] = TRUE;
      highest[which] = MAX (highest[which], seq);
      if (g_rand_int_range (rand, 0, 50) == 0)
        seen = reload (seen);
    }
  for (guint which = 0; which < 2; which++)
    for (guint seq = 1; seq < highest[which]; seq++)
      missing += !taken[which][seq];
  assert_int_equal (missing_in (seen), missing);
  hm_seen_free (seen);
}

static void
seen_agrees_with_a_plain_set_for_any_order (void **state G_GNUC_UNUSED)
{
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);

  print_message ("# seed %u\n", seed);
  for (guint i = 0; i < 50; i++)
    run_random (rand);
  g_rand_free (rand);
}

static void
seen_never_calls_a_taken_number_new_past_the_bound (void **state G_GNUC_UNUSED)
{
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autofree gboolean *taken = g_new0 (gboolean, 20001);

  print_message ("# seed %u\n", seed);
  for (guint i = 0; i < 6000; i++)
    {
      guint seq = (guint)g_rand_int_range (rand, 1, 20001);

      hm_seen_add (seen, "a", "e", seq);
      taken[seq] = TRUE;
    }
  for (guint seq = 1; seq <= 20000; seq++)
    if (taken[seq])
      assert_seen (seen, seq, HM_SEEN_REPEATED);
  g_rand_free (rand);
}

/* -- text -- */

static void
seen_has_short_text_in_the_ordinary_case (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSeen) seen = hm_seen_new ();
  g_autofree char *text = NULL;

  for (guint64 seq = 1; seq <= 1000; seq++)
    if (seq != 7 && seq != 8)
      hm_seen_add (seen, "a", "e", seq);
  text = hm_seen_to_json (seen, NULL);
  assert_string_equal (text, "[[\"a\",\"e\",1000,7,8]]");
}

static void
seen_refuses_text_that_it_did_not_write (void **state G_GNUC_UNUSED)
{
  static const char *const wrong[] = {
    "",
    "{}",
    "[1]",
    "[[\"a\",\"e\"]]",
    "[[1,\"e\",5]]",
    "[[\"a\",\"e\",-1]]",
    "[[\"a\",\"e\",5,1]]",
    "[[\"a\",\"e\",5,0,2]]",
    "[[\"a\",\"e\",5,3,2]]",
    "[[\"a\",\"e\",5,3,5]]",
    "[[\"a\",\"e\",9,3,4,5,6]]",
    "[[\"a\",\"e\",9,3,4,2,2]]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      if (hm_seen_from_json (wrong[i], strlen (wrong[i]), &error) != NULL)
        fail_msg ("taken: %s", wrong[i]);
      kit_assert_error (&error, HM_ERROR_DATA, "numbers seen");
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (seen_takes_each_number_once_when_they_come_in_order),
    cmocka_unit_test (seen_tells_the_holes_of_each_process),
    cmocka_unit_test (seen_keeps_a_hole_open_until_it_is_filled),
    cmocka_unit_test (seen_changes_nothing_when_a_number_is_added_again),
    cmocka_unit_test (seen_tells_agents_and_their_starts_apart),
    cmocka_unit_test (seen_takes_the_largest_number),
    cmocka_unit_test (seen_writes_off_the_oldest_hole_when_there_are_too_many),
    cmocka_unit_test (seen_is_bounded_when_an_agent_starts_without_end),
    cmocka_unit_test (seen_agrees_with_a_plain_set_for_any_order),
    cmocka_unit_test (seen_never_calls_a_taken_number_new_past_the_bound),
    cmocka_unit_test (seen_has_short_text_in_the_ordinary_case),
    cmocka_unit_test (seen_refuses_text_that_it_did_not_write),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
