/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch: who is silent and who lacks records is said once, as of what was reached, and counted. The store is made of three lists. */
#include "collector/tasks/watch.h"

#include <string.h>

#include "metering/error.h"
#include "tests/kit.h"

#define MINUTE  (60 * HM_NSEC_PER_SEC)
#define BIN     (G_GINT64_CONSTANT (6000000))
#define MORNING (BIN * HM_BIN_NS)

/* -- the store -- */

typedef struct
{
  HmAgentRow agents[4];
  guint n_agents, n_projects;
  HmBinState bins[4];
  guint n_bins;
  gboolean away;
  GString *asked; /* agents whose bins were asked for */
} FakeStore;

static FakeStore fake;
static HmFakeClock *fake_clock;
static GString *said;

static gboolean
list_agents (HmStore *store, HmAgentVisit visit, gpointer user, GError **error)
{
  (void)store;
  if (fake.away)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "away");
  for (guint i = 0; !fake.away && i < fake.n_agents; i++)
    visit (&fake.agents[i], user);
  return !fake.away;
}

static gboolean
list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit, gpointer user,
                GError **error)
{
  (void)store, (void)error;
  assert_non_null (filter->agent);
  for (guint i = 0; i < 2 * fake.n_projects; i++)
    {
      g_autofree char *project = g_strdup_printf ("p%u", i / 2);
      const HmResourceRow row = { .project = project };

      visit (&row, user);
    }
  visit (&(const HmResourceRow){ .project = NULL }, user);
  return TRUE;
}

static gboolean
list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user, GError **error)
{
  (void)store, (void)error;
  g_string_append_printf (fake.asked, "%s ", filter->agent);
  fake_clock->monotonic_ns += 30 * HM_NSEC_PER_MSEC;
  for (guint i = 0; i < fake.n_bins; i++)
    if (strcmp (fake.bins[i].came.agent, filter->agent) == 0
        && (fake.bins[i].came.bin + 1) * HM_BIN_NS > filter->from)
      visit (&fake.bins[i], user);
  return TRUE;
}

static gboolean
list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user, GError **error)
{
  (void)store, (void)filter, (void)visit, (void)user, (void)error;
  return TRUE;
}

static const HmStoreOps ops = { .list_agents = list_agents,
                                .list_resources = list_resources,
                                .list_bins = list_bins,
                                .list_losses = list_losses };

/* -- a watch -- */

static void
capture (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)fields, (void)user;
  g_string_append_printf (said, "%s%s;", level == G_LOG_LEVEL_CRITICAL ? "! " : "", text);
}

static int
set_up (void **state)
{
  fake = (FakeStore){ .asked = g_string_new (NULL), .n_projects = 2 };
  fake_clock = hm_fake_clock_new (MORNING);
  said = g_string_new (NULL);
  hm_log_capture (capture, NULL);
  *state = hm_watch_new (&ops, NULL,
                         &(HmWatchSettings){ 5 * MINUTE, 50 * HM_NSEC_PER_MSEC, &fake_clock->clock });
  return 0;
}

static int
tear_down (void **state)
{
  hm_log_capture (NULL, NULL);
  hm_watch_free (*state);
  g_string_free (said, TRUE);
  g_string_free (fake.asked, TRUE);
  g_free (fake_clock);
  return 0;
}

static void
add_agent (const char *agent, const char *epoch, HmTime appended)
{
  fake.agents[fake.n_agents++]
      = (HmAgentRow){ .source = "s", .agent = agent, .epoch = epoch, .last_appended = appended };
}

/* Ten records were made in that bin; it was closed ten seconds after its end. */
static void
add_bin (const char *agent, gint64 bin, guint64 came)
{
  fake.bins[fake.n_bins++] = (HmBinState){
    .came = { .source = "s", .agent = agent, .epoch = "e", .bin = bin, .records = came, .sum = came },
    .is_closed = TRUE,
    .records = 10,
    .sum = 10,
    .said = (bin + 1) * HM_BIN_NS + 10 * HM_NSEC_PER_SEC
  };
}

static void
assert_look (HmWatch *watch, HmTime reached, const char *expected)
{
  g_autoptr (GError) error = NULL;

  if (!hm_watch_look (watch, reached, &error))
    fail_msg ("%s", error->message);
  assert_string_equal (said->str, expected);
  g_string_truncate (said, 0);
}

static void
assert_counts (HmWatch *watch, guint agents, guint silent, guint64 bins, guint64 missing)
{
  HmWatchCounts counts;

  hm_watch_counts (watch, &counts);
  assert_int_equal (counts.agents, agents);
  assert_int_equal (counts.silent, silent);
  assert_int_equal (counts.incomplete_bins, bins);
  assert_int_equal (counts.missing_records, missing);
}

static void
watch_says_once_that_an_agent_is_silent_and_that_it_is_over (void **state)
{
  add_agent ("a", "e1", MORNING - MINUTE);
  add_agent ("a", "e2", MORNING);
  add_agent ("b", "e1", MORNING + 3 * MINUTE);
  assert_look (*state, MORNING + 5 * MINUTE, "");
  assert_counts (*state, 2, 0, 0, 0);
  if (!hm_watch_look (*state, MORNING + 6 * MINUTE, NULL))
    fail_msg ("the watch fails");
  assert_non_null (strstr (said->str, "! agent a of s is silent: nothing has come of it since "));
  assert_non_null (strstr (said->str, "projects on it: p0, p1;"));
  assert_null (strstr (said->str, "agent b"));
  g_string_truncate (said, 0);
  assert_look (*state, MORNING + 7 * MINUTE, "");
  assert_counts (*state, 2, 1, 0, 0);
  fake.agents[1].last_appended = MORNING + 7 * MINUTE;
  fake.agents[2].last_appended = MORNING + 7 * MINUTE;
  assert_look (*state, MORNING + 8 * MINUTE, "agent a of s is heard again;");
  assert_counts (*state, 2, 0, 0, 0);
}

/* The clock on the wall is days ahead; what was reached is not. */
static void
watch_takes_a_backlog_for_no_silence (void **state)
{
  add_agent ("a", "e1", MORNING);
  fake_clock->wall_ns = MORNING + 1000 * HM_WATCH_GRACE_NS;
  assert_look (*state, MORNING + MINUTE, "");
  assert_look (*state, MORNING - MINUTE, "");
}

static void
watch_names_ten_projects_at_most (void **state)
{
  fake.n_projects = 13;
  add_agent ("a", "e1", MORNING);
  assert_true (hm_watch_look (*state, MORNING + 6 * MINUTE, NULL));
  assert_non_null (strstr (said->str, "projects on it: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 3 more;"));
}

static void
watch_forgets_who_is_gone (void **state)
{
  add_agent ("a", "e1", MORNING);
  assert_true (hm_watch_look (*state, MORNING + HM_WATCH_FORGET_NS, NULL));
  assert_counts (*state, 1, 1, 0, 0);
  g_string_truncate (said, 0);
  assert_look (*state, MORNING + HM_WATCH_FORGET_NS + 1, "");
  assert_counts (*state, 0, 0, 0, 0);
}

static void
watch_says_what_is_missing_after_a_grace_and_each_time_it_grows (void **state)
{
  HmTime closed = (BIN + 1) * HM_BIN_NS + 10 * HM_NSEC_PER_SEC;

  add_agent ("a", "e1", closed + 2 * HM_BIN_NS);
  add_bin ("a", BIN, 7);
  assert_look (*state, closed + HM_WATCH_GRACE_NS - 1, "");
  assert_counts (*state, 1, 0, 0, 0);
  assert_true (hm_watch_look (*state, closed + HM_WATCH_GRACE_NS, NULL));
  assert_non_null (strstr (
      said->str, "! agent a of s: 3 records missing, 1 bin of five minutes incomplete or odd, from "));
  assert_counts (*state, 1, 0, 1, 3);
  g_string_truncate (said, 0);
  assert_look (*state, closed + HM_WATCH_GRACE_NS + 1, "");
  add_bin ("a", BIN - 1, 9);
  assert_true (hm_watch_look (*state, closed + HM_WATCH_GRACE_NS + 1, NULL));
  assert_non_null (strstr (said->str, "! agent a of s: 4 records missing, 2 bins of five minutes "));
  g_string_truncate (said, 0);
  fake.n_bins = 0;
  assert_look (*state, closed + HM_WATCH_GRACE_NS + 1,
               "agent a of s: no bin of the last day lacks anything any more;");
  assert_counts (*state, 1, 0, 0, 0);
}

static void
watch_looks_at_bins_in_turn_as_long_as_there_is_time (void **state)
{
  add_agent ("a", "e1", MORNING);
  add_agent ("b", "e1", MORNING);
  add_agent ("c", "e1", MORNING);
  assert_look (*state, MORNING, "");
  assert_string_equal (fake.asked->str, "a b ");
  assert_look (*state, MORNING, "");
  assert_string_equal (fake.asked->str, "a b c a ");
}

static void
watch_fails_without_a_word_when_the_store_is_away (void **state)
{
  g_autoptr (GError) error = NULL;

  add_agent ("a", "e1", MORNING);
  assert_look (*state, MORNING, "");
  fake.away = TRUE;
  assert_false (hm_watch_look (*state, MORNING + 60 * MINUTE, &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_UNAVAILABLE));
  assert_string_equal (said->str, "");
  assert_counts (*state, 1, 0, 0, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (watch_says_once_that_an_agent_is_silent_and_that_it_is_over, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (watch_takes_a_backlog_for_no_silence, set_up, tear_down),
    cmocka_unit_test_setup_teardown (watch_names_ten_projects_at_most, set_up, tear_down),
    cmocka_unit_test_setup_teardown (watch_forgets_who_is_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown (watch_says_what_is_missing_after_a_grace_and_each_time_it_grows, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (watch_looks_at_bins_in_turn_as_long_as_there_is_time, set_up, tear_down),
    cmocka_unit_test_setup_teardown (watch_fails_without_a_word_when_the_store_is_away, set_up, tear_down),
  };

  return cmocka_run_group_tests_name ("watch", tests, NULL, NULL);
}
