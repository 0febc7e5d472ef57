/* SPDX-License-Identifier: Apache-2.0 */
/* test_state: the agent's folder: its lock and what is kept there. */
#include "agent/state.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fakes/fake_identity.h"

typedef struct
{
  char *parent, *folder;
  HmFakeClock *clock;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->parent = kit_temp_folder ();
  f->folder = g_build_filename (f->parent, "var", "state", NULL);
  f->clock = hm_fake_clock_new (FAKE_START);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  kit_remove_tree (f->parent);
  g_free (f->parent);
  g_free (f->folder);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static HmAgentState *
open_state (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  HmAgentState *state = hm_agent_state_open (f->folder, &error);

  if (state == NULL)
    fail_msg ("%s", error->message);
  return state;
}

static HmTime
since_of_agent (Fixture *f, const char *id, const char *source)
{
  g_autoptr (HmAgentState) state = open_state (f);
  g_autoptr (GError) error = NULL;
  HmTime since = 0;

  if (!hm_agent_state_metering_since (state, id, source, &f->clock->clock, &since, &error))
    fail_msg ("%s", error->message);
  return since;
}

static HmTime
since_of (Fixture *f)
{
  return since_of_agent (f, "node 1", "site-a");
}

static void
state_makes_its_folder_for_owner_and_group_when_it_is_missing (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmAgentState) opened = open_state (f);
  struct stat st;

  assert_non_null (opened);
  assert_int_equal (stat (f->folder, &st), 0);
  assert_int_equal (st.st_mode & 07, 0);
}

static void
state_refuses_a_second_agent_when_one_has_the_folder (void **state)
{
  Fixture *f = *state;
  HmAgentState *first = open_state (f);
  g_autoptr (GError) error = NULL;

  assert_null (hm_agent_state_open (f->folder, &error));
  assert_int_equal (hm_error_exit_code (error), 75);
  kit_assert_error (&error, HM_ERROR_TEMPORARY, f->folder);
  hm_agent_state_free (first);
  hm_agent_state_free (open_state (f));
}

static void
state_begins_metering_now_when_it_is_new (void **state)
{
  Fixture *f = *state;

  assert_true (since_of (f) == FAKE_START);
}

static void
state_remembers_when_metering_began_when_the_agent_starts_again (void **state)
{
  Fixture *f = *state;

  assert_true (since_of (f) == FAKE_START);
  hm_fake_clock_advance (f->clock, 1234567890123);
  assert_true (since_of (f) == FAKE_START);
}

/* Its counters were counted under the other name already. */
static void
state_begins_anew_when_the_agent_has_another_name (void **state)
{
  Fixture *f = *state;
  HmTime begun = since_of (f);

  hm_fake_clock_advance (f->clock, 10);
  assert_true (since_of_agent (f, "node 2", "site-a") == begun + 10);
  hm_fake_clock_advance (f->clock, 10);
  assert_true (since_of_agent (f, "node 2", "site-a") == begun + 10);
  assert_true (since_of_agent (f, "node 2", "site-b") == begun + 20);
}

static void
state_keeps_the_time_when_no_name_stands_beside_it (void **state)
{
  Fixture *f = *state;

  since_of (f);
  kit_write_file (f->folder, "metering-since", "2026-11-01T00:00:00.000000000Z\n");
  assert_true (since_of (f) < FAKE_START);
  assert_true (since_of (f) < FAKE_START);
  assert_true (since_of_agent (f, "node 2", "site-a") == FAKE_START);
}

/* Guessing would bill somebody for what nobody measured. */
static void
state_refuses_to_guess_when_the_file_is_broken (void **state)
{
  static const char *const broken[] = { "", "yesterday\n", "2026-11-21", "2026-11-21T01:27:00Z garbage" };
  Fixture *f = *state;

  since_of (f);
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (HmAgentState) opened = open_state (f);
      g_autoptr (GError) error = NULL;
      HmTime since = 7;

      kit_write_file (f->folder, "metering-since", broken[i]);
      assert_false (hm_agent_state_metering_since (opened, "a", "s", &f->clock->clock, &since, &error));
      assert_true (since == 7);
      kit_assert_error (&error, HM_ERROR_DATA, "metering-since");
    }
}

static void
state_says_which_path_when_a_file_is_in_its_way (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  kit_write_file (f->parent, "var", "");
  assert_null (hm_agent_state_open (f->folder, &error));
  assert_int_equal (hm_error_exit_code (error), 73);
  kit_assert_error (&error, HM_ERROR_CREATE, f->folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define STATE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    STATE_TEST (state_makes_its_folder_for_owner_and_group_when_it_is_missing),
    STATE_TEST (state_refuses_a_second_agent_when_one_has_the_folder),
    STATE_TEST (state_begins_metering_now_when_it_is_new),
    STATE_TEST (state_remembers_when_metering_began_when_the_agent_starts_again),
    STATE_TEST (state_begins_anew_when_the_agent_has_another_name),
    STATE_TEST (state_keeps_the_time_when_no_name_stands_beside_it),
    STATE_TEST (state_refuses_to_guess_when_the_file_is_broken),
    STATE_TEST (state_says_which_path_when_a_file_is_in_its_way),
  };

  return cmocka_run_group_tests_name ("state", tests, NULL, NULL);
}
