/* SPDX-License-Identifier: Apache-2.0 */
/* test_recompute: request "recompute": what was damaged is as it has to be afterwards, in the transaction of the answer; what was not is left
 * alone. */
#include "tests/engine_kit.h"

#include <sqlite3.h>
#include <string.h>

#include "collector/engine/engine_requests.h"
#include "collector/engine/engine_roll.h"
#include "collector/bill/shadow_verify.h"

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

static void
take_minutes (EngineKit *kit, guint n)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = 1; i <= n; i++)
    engine_kit_add_reading (kit, arrivals, "r1", i, 1000 * (guint64)i, HM_STATE_RUNNING);
  engine_kit_take (kit, arrivals);
}

/* Somebody has been at the file; the engine has forgotten what it had at hand. */
static void
damage (EngineKit *kit, const char *sql)
{
  g_autofree char *path = g_build_filename (kit->folder, "usage.db", NULL);
  sqlite3 *db = NULL;

  assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
  assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_true (sqlite3_total_changes (db) > 0);
  sqlite3_close (db);
  hm_engine_forget (kit->engine);
}

static void
count (const HmDifference *difference, gpointer n)
{
  (void)difference;
  ++*(guint *)n;
}

static guint
count_differences (EngineKit *kit)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmShadow) shadow = hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, &error);
  guint n = 0, rows;

  if (shadow == NULL || !hm_shadow_verify (shadow, "site", "r1", count, &n, &rows, &error))
    fail_msg ("%s", error->message);
  return n;
}

static gboolean
take_result (const HmRequestRow *row, gpointer user)
{
  char **result = user;

  g_free (*result);
  *result = g_strdup (row->result);
  return TRUE;
}

/* (transfer full) The answer. */
static char *
recompute (EngineKit *kit, const char *target)
{
  const HmRequestRow request = {
    .action = "recompute", .target = target, .author = "somebody", .reason = "why not", .asked = MORNING
  };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;
  char *result = NULL;
  gint64 id;

  if (!kit->real->request_add (kit->store, &request, &id, &error)
      || !hm_engine_answer_requests (kit->engine, NULL, 10, &more, &error)
      || !kit->real->list_requests (kit->store, FALSE, take_result, &result, &error))
    fail_msg ("%s", error->message);
  assert_non_null (result);
  return result;
}

#define R1 "{\"source\":\"site\",\"resource\":\"r1\"}"

static void
recompute_leaves_alone_what_is_right (void **state)
{
  g_autofree char *before = NULL, *after = NULL, *result = NULL;

  take_minutes (*state, 90);
  before = engine_kit_dump (*state);
  result = recompute (*state, R1);
  after = engine_kit_dump (*state);
  assert_string_equal (result, "recomputed: 2 rows, 0 figures changed");
  assert_string_equal (before, after);
}

static void
recompute_mends_a_cell_that_was_changed (void **state)
{
  g_autofree char *before = NULL, *after = NULL, *result = NULL;

  take_minutes (*state, 90);
  before = engine_kit_dump (*state);
  damage (*state, "UPDATE buckets SET cells = replace (cells, '\"n\":', '\"n\":7')");
  assert_true (count_differences (*state) > 0);
  result = recompute (*state, R1);
  after = engine_kit_dump (*state);
  assert_non_null (strstr (result, "recomputed: 2 rows, "));
  assert_null (strstr (result, " 0 figures"));
  assert_string_equal (before, after);
  assert_int_equal (count_differences (*state), 0);
}

static void
recompute_follows_the_records_that_are_left (void **state)
{
  g_autofree char *result = NULL;

  take_minutes (*state, 90);
  damage (*state, "DELETE FROM raw WHERE seq = 90");
  assert_true (count_differences (*state) > 0);
  result = recompute (*state, R1);
  assert_int_equal (count_differences (*state), 0);
  assert_true (engine_kit_cpu (*state, "r1").quantity == 88 * 1000);
}

static void
roll (EngineKit *kit)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_roll (kit->engine, MORNING - MORNING % DAY + DAY, HM_NSEC_PER_SEC, &more, &error))
      fail_msg ("%s", error->message);
}

static void
recompute_has_rollups_made_again (void **state)
{
  g_autofree char *result = NULL;

  take_minutes (*state, 90);
  roll (*state);
  assert_int_equal (count_differences (*state), 0);
  damage (*state, "UPDATE rollup SET cells = replace (cells, '\"n\":', '\"n\":7')");
  assert_true (count_differences (*state) > 0);
  result = recompute (*state, R1);
  assert_non_null (strstr (result, "figures changed: day "));
  assert_int_equal (count_differences (*state), 0);
  roll (*state);
  assert_int_equal (count_differences (*state), 0);
}

static void
recompute_refuses_what_is_not_there (void **state)
{
  g_autofree char *none = NULL, *empty = NULL;

  none = recompute (*state, R1);
  assert_string_equal (none, "not done: there is no resource r1");
  empty = recompute (*state, "{}");
  assert_non_null (strstr (empty, "not done: "));
}

#define CASE(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (recompute_leaves_alone_what_is_right),        CASE (recompute_mends_a_cell_that_was_changed),
    CASE (recompute_follows_the_records_that_are_left), CASE (recompute_has_rollups_made_again),
    CASE (recompute_refuses_what_is_not_there),
  };

  return cmocka_run_group_tests_name ("recompute", tests, NULL, NULL);
}
