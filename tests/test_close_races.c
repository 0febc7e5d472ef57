/* SPDX-License-Identifier: Apache-2.0 */
/* test_close_races: SQLite has one collector, whose engine folds and closes in turns. Whichever of the two is broken off at any of its statements,
 * the other comes between, and it is tried again; a reader looks on. See race_kit.h. */
#include "metering/log.h"
#include "tests/fakes/statements.h"
#include "tests/race_kit.h"

#include <gmodule.h>
#include <sqlite3.h>
#include <unistd.h>

typedef gboolean (*Turn) (RaceKit *race, GError **error);

typedef struct
{
  RaceKit *race;
  guint64 passed, at;
  const char *reading; /* (nullable) gives rows */
  guint rows;          /* moments of these */
  guint broken, acted; /* days on which it was; on which the first statement shows what was done */
} Breaking;

/* What a process has written the kernel keeps when it dies: nothing needs a disk here. */
G_MODULE_EXPORT int
fsync (int fd)
{
  (void)fd;
  return 0;
}

G_MODULE_EXPORT int
fdatasync (int fd)
{
  (void)fd;
  return 0;
}

/* -- one turn that is broken off -- */

/* Of a statement that gives rows only the first counts: there are more of them each day. */
static gboolean
is_another_row (Breaking *breaking, const char *sql)
{
  gboolean reads = g_str_has_prefix (sql, "SELECT") || g_str_has_prefix (sql, "WITH");

  breaking->rows = reads && breaking->reading == sql ? breaking->rows + 1 : 1;
  breaking->reading = sql;
  return breaking->rows > 2;
}

static void
meet (const char *sql, const char *moment, gpointer user)
{
  static const struct
  {
    int code;
    gboolean rolls_back;
  } failures[] = { { SQLITE_BUSY, FALSE }, { SQLITE_FULL, FALSE }, { SQLITE_IOERR, TRUE } };
  Breaking *breaking = user;

  (void)moment;
  if (is_another_row (breaking, sql) || ++breaking->passed != breaking->at)
    return;
  race_kit_look (breaking->race);
  statements_fail (failures[breaking->at % G_N_ELEMENTS (failures)].code,
                   failures[breaking->at % G_N_ELEMENTS (failures)].rolls_back);
}

static void
must (Turn turn, RaceKit *race)
{
  g_autoptr (GError) error = NULL;

  if (!turn (race, &error))
    fail_msg ("%s", error->message);
}

/* FALSE: it has no such statement. */
static gboolean
break_at (Breaking *breaking, Turn turn, Turn other)
{
  g_autoptr (GError) error = NULL;
  gboolean done;

  breaking->passed = 0;
  race_kit_begin_day (breaking->race);
  statements_each (meet, breaking);
  done = turn (breaking->race, &error);
  statements_each (NULL, NULL);
  assert_int_equal (error == NULL, done);
  breaking->broken += !done;
  must (other, breaking->race);
  if (!done)
    must (turn, breaking->race);
  breaking->acted += race_kit_end_day (breaking->race);
  return breaking->passed >= breaking->at;
}

/* Not a multiple of 2: a statement has two moments. */
static guint64
stride_of (Breaking *breaking, Turn turn, Turn other)
{
  const char *most = g_getenv ("HYPERMETER_TEST_POINTS");
  guint64 points = most != NULL ? g_ascii_strtoull (most, NULL, 10) : 0;

  breaking->at = G_MAXUINT64;
  assert_false (break_at (breaking, turn, other));
  return points == 0 ? 1 : (breaking->passed / points) | 1;
}

/* As somebody who has been at the file. */
static void
execute (const char *sql, gpointer path)
{
  sqlite3 *db = NULL;

  assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
  assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_true (sqlite3_total_changes (db) > 0);
  sqlite3_close (db);
}

static void
break_everywhere (Turn turn, Turn other, RaceAct act)
{
  g_autofree char *folder = kit_temp_folder (), *path = g_build_filename (folder, "usage.db", NULL);
  g_autofree char *url = g_strconcat ("sqlite://", path, NULL);
  Breaking breaking = { .race = race_kit_new ("sqlite", url, FALSE, act) };
  guint64 stride;

  breaking.race->execute = execute;
  breaking.race->user = path;
  stride = stride_of (&breaking, turn, other);
  breaking.at = 1;
  while (break_at (&breaking, turn, other))
    breaking.at += stride;
  race_kit_check_all (breaking.race);
  assert_true (breaking.broken > 3);
  assert_true (act == RACE_ERASE || breaking.acted > 0);
  print_message ("# %u days, broken off on %u; what was done is in the first statement on %u\n",
                 breaking.race->day, breaking.broken, breaking.acted);
  race_kit_free (breaking.race);
  kit_remove_tree (folder);
}

/* -- cases -- */

static void
close_that_is_broken_off_for_a_fold_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_close, race_kit_act, RACE_FOLD);
}

static void
fold_that_is_broken_off_for_a_close_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_act, race_kit_close, RACE_FOLD);
}

static void
close_that_is_broken_off_for_a_roll_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_close, race_kit_act, RACE_ROLL);
}

static void
roll_that_is_broken_off_for_a_close_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_act, race_kit_close, RACE_ROLL);
}

static void
close_that_is_broken_off_for_a_recompute_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_close, race_kit_act, RACE_RECOMPUTE);
}

static void
recompute_that_is_broken_off_for_a_close_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_act, race_kit_close, RACE_RECOMPUTE);
}

static void
close_that_is_broken_off_for_an_erasure_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_close, race_kit_act, RACE_ERASE);
}

static void
erasure_that_is_broken_off_for_a_close_loses_nothing (void **state)
{
  (void)state;
  break_everywhere (race_kit_act, race_kit_close, RACE_ERASE);
}

static void
drop_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (close_that_is_broken_off_for_a_fold_loses_nothing),
    cmocka_unit_test (fold_that_is_broken_off_for_a_close_loses_nothing),
    cmocka_unit_test (close_that_is_broken_off_for_a_roll_loses_nothing),
    cmocka_unit_test (roll_that_is_broken_off_for_a_close_loses_nothing),
    cmocka_unit_test (close_that_is_broken_off_for_a_recompute_loses_nothing),
    cmocka_unit_test (recompute_that_is_broken_off_for_a_close_loses_nothing),
    cmocka_unit_test (close_that_is_broken_off_for_an_erasure_loses_nothing),
    cmocka_unit_test (erasure_that_is_broken_off_for_a_close_loses_nothing),
  };

  hm_log_capture (drop_line, NULL);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
