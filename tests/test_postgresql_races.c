/* SPDX-License-Identifier: Apache-2.0 */
/* test_postgresql_races: two collectors on one PostgreSQL, of which one closes a day while the other stores a record of it that is late: at each
 * moment of each statement of the close, and the other way round. See race_kit.h. The program starts a server of its own.
 *
 * Where the lock of periods is held, the other one is seen to wait for it at the server, and goes on when it is let go; where it is not, it
 * comes to its end while the first one stands still. */
#include "metering/error.h"
#include "metering/log.h"
#include "tests/fakes/statements.h"
#include "tests/postgresql_server.h"
#include "tests/race_kit.h"

#include <libpq-fe.h>
#include <string.h>

#define WAITS_MAX_S 60

typedef gboolean (*Turn) (RaceKit *race, GError **error);

/* What the two do; the beginning of the statement with which the first takes the lock, NULL where that decides nothing, and of the one in which
 * the other one waits. */
typedef struct
{
  Turn turn, other;
  const char *locks, *waits;
  RaceAct act;
  guint64 points;      /* at about so many; 0: at each */
  gboolean may_refuse; /* one of the two gives up for the other, each day */
  gboolean lapses;     /* the first one's lease, if it can, where the lock is held */
} Sides;

#define SHARES "BEGIN ISOLATION"
#define LOCKS  "SELECT pg_advisory_xact_lock ("
#define LEASES "INSERT INTO lease"

typedef enum
{
  FREE,
  UNSURE, /* the server may have done it and may not */
  HELD
} Lock;

typedef struct
{
  RaceKit *race;
  const Sides *sides;
  PGconn *db; /* the test's own look */
  guint64 passed, at;
  Lock lock;
  gboolean leads;  /* the first one: it has all it needs to come to its end */
  GThread *thread; /* of the other one; NULL: it is not there yet */
  GMutex mutex;    /* of: */
  GCond changed;
  gboolean over;
  gboolean done; /* and it went well */
  GError *error;
  guint refused;
  guint waited, acted; /* days on which it waited; on which the first statement shows what was done */
} Meeting;

/* -- the other one -- */

static gpointer
take_turn (gpointer user)
{
  Meeting *meeting = user;
  gboolean done = meeting->sides->other (meeting->race, &meeting->error);

  g_mutex_lock (&meeting->mutex);
  meeting->done = done;
  meeting->over = TRUE;
  g_cond_signal (&meeting->changed);
  g_mutex_unlock (&meeting->mutex);
  return NULL;
}

static gboolean
is_over (Meeting *meeting)
{
  gboolean over;

  g_mutex_lock (&meeting->mutex);
  over = meeting->over;
  g_mutex_unlock (&meeting->mutex);
  return over;
}

static void
await_over (Meeting *meeting)
{
  gint64 deadline = g_get_monotonic_time () + WAITS_MAX_S * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&meeting->mutex);
  while (!meeting->over && in_time)
    in_time = g_cond_wait_until (&meeting->changed, &meeting->mutex, deadline);
  g_mutex_unlock (&meeting->mutex);
  assert_true (in_time);
}

static gboolean
is_waiting (const Meeting *meeting)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database () AND wait_event_type "
      "= 'Lock' AND starts_with (query, '%s')",
      meeting->sides->waits);
  PGresult *result = PQexec (meeting->db, sql);
  gboolean waiting = PQntuples (result) > 0;

  if (PQresultStatus (result) != PGRES_TUPLES_OK)
    fail_msg ("%s: %s", sql, PQerrorMessage (meeting->db));
  PQclear (result);
  return waiting;
}

/* Until it can do no more for now. */
static void
let_in (Meeting *meeting)
{
  gint64 deadline = g_get_monotonic_time () + WAITS_MAX_S * G_TIME_SPAN_SECOND;
  gboolean waiting = FALSE;

  meeting->over = FALSE;
  meeting->thread = g_thread_new ("other", take_turn, meeting);
  if (meeting->lock == FREE)
    {
      await_over (meeting);
      return;
    }
  while (!waiting && !is_over (meeting))
    {
      waiting = is_waiting (meeting);
      assert_true (g_get_monotonic_time () < deadline);
    }
  if (meeting->lock == HELD)
    assert_true (waiting && !is_over (meeting));
  meeting->waited += waiting;
}

/* -- the first one -- */

/* The lock is there for certain with the statement after the one that takes it. */
static void
note_lock (Meeting *meeting, const char *sql, const char *moment)
{
  gboolean before = strcmp (moment, "before") == 0;

  if (meeting->sides->locks == NULL)
    meeting->lock = UNSURE;
  else if (strcmp (sql, "COMMIT") == 0)
    meeting->lock = before ? meeting->lock : strcmp (moment, "sent") == 0 ? UNSURE : FREE;
  else if (g_str_has_prefix (sql, meeting->sides->locks))
    meeting->lock = before ? FREE : UNSURE;
  else if (meeting->lock == UNSURE)
    meeting->lock = HELD;
}

/* As if it had been at work for longer than that; whoever has the row at this moment is not waited for. */
static void
end_lease (const Meeting *meeting)
{
  PGresult *result = PQexec (meeting->db, "UPDATE hypermeter.lease SET until = '-infinity' WHERE name IN "
                                          "(SELECT name FROM hypermeter.lease FOR UPDATE SKIP LOCKED)");

  if (PQresultStatus (result) != PGRES_COMMAND_OK)
    fail_msg ("%s", PQerrorMessage (meeting->db));
  PQclear (result);
}

static void
meet (const char *sql, const char *moment, gpointer user)
{
  Meeting *meeting = user;

  note_lock (meeting, sql, moment);
  if (++meeting->passed != meeting->at)
    return;
  race_kit_look (meeting->race);
  meeting->leads = meeting->lock == HELD && !g_str_has_prefix (sql, LEASES);
  if (meeting->sides->lapses && meeting->lock == HELD)
    end_lease (meeting);
  let_in (meeting);
}

/* A refusal is counted. */
static void
must (Meeting *meeting, gboolean done, const GError *error)
{
  if (!done && meeting->sides->may_refuse && g_error_matches (error, HM_ERROR, HM_ERROR_TEMPORARY))
    meeting->refused++;
  else if (!done)
    fail_msg ("%s", error->message);
}

/* FALSE: it has no such moment. */
static gboolean
meet_at (Meeting *meeting)
{
  g_autoptr (GError) error = NULL;
  gboolean done, met;

  meeting->passed = 0;
  meeting->lock = FREE;
  meeting->leads = FALSE;
  race_kit_begin_day (meeting->race);
  statements_each (meet, meeting);
  done = meeting->sides->turn (meeting->race, &error);
  statements_each (NULL, NULL);
  must (meeting, done, error);
  assert_true (done || !meeting->leads);
  met = meeting->thread != NULL;
  if (met)
    g_thread_join (g_steal_pointer (&meeting->thread));
  else
    take_turn (meeting);
  must (meeting, meeting->done, meeting->error);
  g_clear_error (&meeting->error);
  meeting->acted += race_kit_end_day (meeting->race);
  return met;
}

/* Not a multiple of 3: a statement has three moments. */
static guint64
stride_of (Meeting *meeting)
{
  const char *most = g_getenv ("HYPERMETER_TEST_POINTS");
  guint64 points = most != NULL ? g_ascii_strtoull (most, NULL, 10) : meeting->sides->points;
  guint64 stride;

  meeting->at = 0;
  assert_false (meet_at (meeting));
  stride = points == 0 ? 1 : meeting->passed / points + 1;
  return stride % 3 == 0 ? stride + 1 : stride;
}

/* As somebody who has been at the database. */
static void
execute (const char *sql, gpointer db)
{
  PGresult *result = PQexec (db, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK || atoi (PQcmdTuples (result)) == 0)
    fail_msg ("%s: %s", sql, PQerrorMessage (db));
  PQclear (result);
}

static void
check_days (const Meeting *meeting)
{
  guint days = meeting->race->day;

  race_kit_check_all (meeting->race);
  print_message (
      "# %u days; the other one waited on %u, one was refused on %u, what was done is in the first "
      "statement on %u\n",
      days, meeting->waited, meeting->refused, meeting->acted);
  assert_int_equal (meeting->refused, meeting->sides->may_refuse ? days : 0);
  assert_true (meeting->waited > 0);
  if (meeting->sides->act != RACE_NOTHING && meeting->sides->act != RACE_ERASE)
    assert_true (meeting->acted > 0 && meeting->acted < days);
}

static void
meet_everywhere (const Sides *sides)
{
  Meeting meeting = { .race = race_kit_new ("postgresql", pg_kit_base, TRUE, sides->act),
                      .sides = sides,
                      .db = PQconnectdb (pg_kit_base) };
  guint64 stride;

  g_mutex_init (&meeting.mutex);
  g_cond_init (&meeting.changed);
  PQclear (PQexec (meeting.db, "SET search_path = hypermeter; SET client_min_messages = warning"));
  meeting.race->execute = execute;
  meeting.race->user = meeting.db;
  stride = stride_of (&meeting);
  meeting.at = 1;
  while (meet_at (&meeting))
    meeting.at += stride;
  check_days (&meeting);
  g_mutex_clear (&meeting.mutex);
  g_cond_clear (&meeting.changed);
  race_kit_free (meeting.race);
  PQclear (PQexec (meeting.db, "DROP SCHEMA hypermeter CASCADE"));
  PQfinish (meeting.db);
}

/* -- cases -- */

#define SOME 12

static void
meet_a_close (RaceAct act, guint64 points)
{
  const Sides sides = { race_kit_close, race_kit_act, LOCKS, SHARES, act, points, FALSE, FALSE };

  meet_everywhere (&sides);
}

static void
be_met_by_a_close (RaceAct act, guint64 points)
{
  const Sides sides = { race_kit_act, race_kit_close, SHARES, LOCKS, act, points, FALSE, FALSE };

  meet_everywhere (&sides);
}

static void
fold_at_any_statement_of_a_close_loses_nothing (void **state)
{
  (void)state;
  meet_a_close (RACE_FOLD, 0);
}

static void
close_at_any_statement_of_a_fold_loses_nothing (void **state)
{
  (void)state;
  be_met_by_a_close (RACE_FOLD, 0);
}

static void
roll_at_some_statement_of_a_close_loses_nothing (void **state)
{
  (void)state;
  meet_a_close (RACE_ROLL, SOME);
}

static void
close_at_some_statement_of_a_roll_loses_nothing (void **state)
{
  (void)state;
  be_met_by_a_close (RACE_ROLL, SOME);
}

static void
recompute_at_some_statement_of_a_close_loses_nothing (void **state)
{
  (void)state;
  meet_a_close (RACE_RECOMPUTE, SOME);
}

static void
close_at_some_statement_of_a_recompute_loses_nothing (void **state)
{
  (void)state;
  be_met_by_a_close (RACE_RECOMPUTE, SOME);
}

static void
erasure_at_some_statement_of_a_close_loses_nothing (void **state)
{
  (void)state;
  meet_a_close (RACE_ERASE, SOME);
}

static void
close_at_some_statement_of_an_erasure_loses_nothing (void **state)
{
  (void)state;
  be_met_by_a_close (RACE_ERASE, SOME);
}

/* One leads; its lease refuses the other one, and what one has closed the other finds closed. Who has begun is not overtaken, however long it takes. */
static void
close_at_any_statement_of_a_close_closes_once (void **state)
{
  static const Sides sides = { race_kit_close, race_kit_close_too, LOCKS, "", RACE_NOTHING, 0, TRUE, TRUE };

  (void)state;
  meet_everywhere (&sides);
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
    cmocka_unit_test (fold_at_any_statement_of_a_close_loses_nothing),
    cmocka_unit_test (close_at_any_statement_of_a_fold_loses_nothing),
    cmocka_unit_test (roll_at_some_statement_of_a_close_loses_nothing),
    cmocka_unit_test (close_at_some_statement_of_a_roll_loses_nothing),
    cmocka_unit_test (recompute_at_some_statement_of_a_close_loses_nothing),
    cmocka_unit_test (close_at_some_statement_of_a_recompute_loses_nothing),
    cmocka_unit_test (erasure_at_some_statement_of_a_close_loses_nothing),
    cmocka_unit_test (close_at_some_statement_of_an_erasure_loses_nothing),
    cmocka_unit_test (close_at_any_statement_of_a_close_closes_once),
  };
  int failed;

  hm_log_capture (drop_line, NULL);
  pg_kit_start ();
  failed = cmocka_run_group_tests_name ("postgresql_races", tests, NULL, NULL);
  pg_kit_stop ();
  return failed;
}
