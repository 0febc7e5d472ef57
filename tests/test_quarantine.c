/* SPDX-License-Identifier: Apache-2.0 */
/* test_quarantine: who is left out where, on a fake clock. */
#include "agent/schedule/quarantine.h"

#include <string.h>

#include "metering/log.h"
#include "tests/kit.h"

#define MINUTE (60 * HM_NSEC_PER_SEC)
#define HOUR   (60 * MINUTE)

typedef struct
{
  HmFakeClock *clock;
  HmQuarantine *quarantine;
  guint warnings, notices;
  char *last; /* (nullable) line */
} Fixture;

static void
take_line (GLogLevelFlags level, const HmLogFields *fields G_GNUC_UNUSED, const char *text, gpointer user)
{
  Fixture *f = user;

  f->warnings += level == G_LOG_LEVEL_WARNING;
  f->notices += level == G_LOG_LEVEL_MESSAGE;
  g_free (f->last);
  f->last = g_strdup (text);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (1000 * HM_NSEC_PER_SEC);
  f->quarantine = hm_quarantine_new (&f->clock->clock);
  hm_log_capture (take_line, f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_log_capture (NULL, NULL);
  hm_quarantine_free (f->quarantine);
  g_free (f->clock);
  g_free (f->last);
  g_free (f);
  return 0;
}

static HmQuarantineCounts
counts_of (Fixture *f)
{
  HmQuarantineCounts counts;

  hm_quarantine_counts (f->quarantine, &counts);
  return counts;
}

static void
quarantine_holds_the_pair_alone_when_it_entered (void **state)
{
  Fixture *f = *state;

  hm_quarantine_enter (f->quarantine, "disk", "i-1", "cannot divide");
  assert_true (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
  assert_false (hm_quarantine_holds (f->quarantine, "disk", "i-2"));
  assert_false (hm_quarantine_holds (f->quarantine, "cpu", "i-1"));
  assert_non_null (strstr (f->last, "pollster disk: broken for i-1 (cannot divide)"));
}

/* 30 s at first, an hour at last. */
static void
quarantine_waits_longer_each_time_when_it_is_broken_again (void **state)
{
  Fixture *f = *state;

  hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
  hm_fake_clock_advance (f->clock, 30 * HM_NSEC_PER_SEC);
  assert_false (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
  for (guint i = 0; i < 10; i++)
    {
      hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
      hm_fake_clock_advance (f->clock, HOUR);
    }
  hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
  hm_fake_clock_advance (f->clock, HOUR / 2 - 1);
  assert_true (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
  hm_fake_clock_advance (f->clock, HOUR / 2 + 1);
  assert_false (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
}

static void
quarantine_says_it_once_when_it_enters_and_once_when_it_leaves (void **state)
{
  Fixture *f = *state;

  hm_quarantine_leave (f->quarantine, "disk", "i-1");
  for (guint i = 0; i < 3; i++)
    {
      /* Each time anew, or the log would fold the lines. */
      hm_log_capture (take_line, f);
      hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
      hm_fake_clock_advance (f->clock, HOUR);
    }
  assert_int_equal (f->warnings, 1);
  assert_int_equal (f->notices, 0);
  hm_quarantine_leave (f->quarantine, "disk", "i-1");
  hm_quarantine_leave (f->quarantine, "disk", "i-1");
  assert_int_equal (f->notices, 1);
  assert_non_null (strstr (f->last, "pollster disk: works for i-1 again"));
  assert_false (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
  assert_true (counts_of (f).entered == 1 && counts_of (f).left == 1 && counts_of (f).size == 0);
}

static void
quarantine_lists_what_is_in_it_when_asked (void **state)
{
  Fixture *f = *state;
  g_autoptr (GArray) list = NULL;
  const HmQuarantined *one;

  hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
  hm_fake_clock_advance (f->clock, MINUTE);
  hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
  hm_fake_clock_advance (f->clock, HM_NSEC_PER_SEC);
  list = hm_quarantine_list (f->quarantine);
  assert_int_equal (list->len, 1);
  one = &g_array_index (list, HmQuarantined, 0);
  assert_string_equal (one->plugin, "disk");
  assert_string_equal (one->resource, "i-1");
  assert_int_equal (one->failures, 2);
  assert_true (one->since_ns == MINUTE + HM_NSEC_PER_SEC);
  assert_true (one->retry_in_ns > 0 && one->retry_in_ns < MINUTE);
}

static void
quarantine_forgets_a_resource_when_it_is_no_more (void **state)
{
  Fixture *f = *state;

  hm_quarantine_enter (f->quarantine, "disk", "i-1", NULL);
  hm_quarantine_enter (f->quarantine, "cpu", "i-1", NULL);
  hm_quarantine_enter (f->quarantine, "cpu", "i-2", NULL);
  hm_quarantine_forget (f->quarantine, "i-1");
  assert_false (hm_quarantine_holds (f->quarantine, "disk", "i-1"));
  assert_true (hm_quarantine_holds (f->quarantine, "cpu", "i-2"));
  assert_true (counts_of (f).forgotten == 2);
  assert_int_equal (f->notices, 0);
}

/* A resource that went without a word, while the other is still asked about. */
static void
quarantine_forgets_what_nobody_asks_about_when_time_passes (void **state)
{
  Fixture *f = *state;

  hm_quarantine_enter (f->quarantine, "disk", "gone", NULL);
  hm_quarantine_enter (f->quarantine, "disk", "here", NULL);
  for (guint i = 0; i < 3; i++)
    {
      hm_fake_clock_advance (f->clock, HOUR);
      hm_quarantine_holds (f->quarantine, "disk", "here");
    }
  hm_quarantine_enter (f->quarantine, "disk", "new", NULL);
  assert_int_equal (counts_of (f).size, 2);
  assert_true (counts_of (f).forgotten == 1);
}

static void
quarantine_takes_no_more_when_it_is_full (void **state)
{
  Fixture *f = *state;

  for (guint i = 0; i <= HM_QUARANTINE_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("i-%u", i);

      hm_quarantine_enter (f->quarantine, "disk", id, NULL);
    }
  assert_int_equal (counts_of (f).size, HM_QUARANTINE_MAX);
  assert_true (counts_of (f).overflowed == 1);
  assert_true (hm_quarantine_holds (f->quarantine, "disk", "i-0"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define QUARANTINE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    QUARANTINE_TEST (quarantine_holds_the_pair_alone_when_it_entered),
    QUARANTINE_TEST (quarantine_waits_longer_each_time_when_it_is_broken_again),
    QUARANTINE_TEST (quarantine_says_it_once_when_it_enters_and_once_when_it_leaves),
    QUARANTINE_TEST (quarantine_lists_what_is_in_it_when_asked),
    QUARANTINE_TEST (quarantine_forgets_a_resource_when_it_is_no_more),
    QUARANTINE_TEST (quarantine_forgets_what_nobody_asks_about_when_time_passes),
    QUARANTINE_TEST (quarantine_takes_no_more_when_it_is_full),
  };

  return cmocka_run_group_tests_name ("quarantine", tests, NULL, NULL);
}
