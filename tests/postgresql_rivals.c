/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_rivals: cases of the PostgreSQL store about connections that go at the worst moment, and about several collectors
 * on one database, one of which may stand still. */
#include "tests/postgresql_kit.h"

#include <string.h>

/* -- connections that go -- */

static void
killed_before_commit_leaves_nothing_behind (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmBatch batch = { .raw = &row, .n_raw = 1 };
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &batch, NULL));
  pg_kit_end (suite, pg_kit_db);
  assert_false (suite->ops->commit (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "committing");
  suite->ops->rollback (suite->store);
  assert_int_equal (suite_offset (suite, 0), 0);
  suite_assert_raw (suite, "r1", "");
  suite_commit (suite, &batch);
}

static void
lost_connection_ends_the_transaction_for_good (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmBatch batch = { .raw = &row, .n_raw = 1 };
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  pg_kit_end (suite, pg_kit_db);
  assert_false (suite->ops->write (suite->store, &batch, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "");
  assert_false (
      suite->ops->write (suite->store, &batch, &error)); /* not outside of it, over a new connection */
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "within the transaction");
  assert_false (suite->ops->commit (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "within the transaction");
  suite->ops->rollback (suite->store);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "0");
}

static void
killed_within_commit_leaves_nothing_behind (void **state)
{
  Suite *suite = *state;
  GError *error = NULL;

  pg_kit_run (suite->url, "CREATE FUNCTION hypermeter.die () RETURNS trigger LANGUAGE plpgsql AS "
                          "$$ BEGIN PERFORM pg_terminate_backend (pg_backend_pid ()); RETURN NULL; END $$;"
                          "CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON hypermeter.offsets "
                          "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hypermeter.die ()");
  assert_true (suite_begin (suite, NULL));
  assert_false (suite->ops->commit (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "committing");
  suite->ops->rollback (suite->store);
  assert_int_equal (suite_offset (suite, 0), 0);
}

static void
commit_whose_answer_is_lost_is_found_at_the_next_begin (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  gboolean owned = TRUE;
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  pg_kit_lose_commit = TRUE;
  assert_false (suite->ops->commit (suite->store, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "committing");
  suite->ops->rollback (suite->store);
  assert_true (pg_kit_begin (suite, suite->store, 0, &owned, NULL));
  assert_false (owned);
  assert_int_equal (suite_offset (suite, 0), 1);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "1");
}

static void
connection_is_made_anew_with_all_its_settings (void **state)
{
  Suite *suite = *state;
  const char *names[]
      = { "lock_timeout", "idle_in_transaction_session_timeout", "jit", "search_path", "enable_seqscan" };
  const char *values[] = { "20s", "30s", "off", "hypermeter, pg_catalog, pg_temp", "off" };
  gint64 next;
  gboolean found;
  GError *error = NULL;

  pg_kit_pid (suite);
  pg_kit_end (suite, pg_kit_db);
  assert_false (suite->ops->offset_get (suite->store, "t", 0, &next, &found, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "");
  assert_true (suite->ops->offset_get (suite->store, "t", 0, &next, &found, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *show = g_strconcat ("SHOW ", names[i], NULL);
      PGresult *result = PQexec (pg_kit_db, show);

      assert_string_equal (PQgetvalue (result, 0, 0), values[i]);
      PQclear (result);
    }
}

/* As one does that was not stopped before another of this version brought the schema up to date. */
static void
collector_of_an_older_version_is_refused (void **state)
{
  static const char *const writes[]
      = { "UPDATE offsets SET next = next + 1", "UPDATE resource_state SET version = version + 1",
          "INSERT INTO offsets VALUES ('old', 0, 1, 1)", "INSERT INTO adjustment DEFAULT VALUES" };
  Suite *suite = *state;
  PGconn *old = PQconnectdb (suite->url);

  suite_commit (suite, &(HmBatch){ 0 });
  PQclear (PQexec (old, "SET search_path = hypermeter, pg_catalog, pg_temp"));
  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    {
      PGresult *result = PQexec (old, writes[i]);

      assert_int_equal (PQresultStatus (result), PGRES_FATAL_ERROR);
      assert_non_null (strstr (PQresultErrorMessage (result), "of an older version"));
      PQclear (result);
    }
  PQfinish (old);
}

static void
owner_that_is_idle_for_too_long_is_ended (void **state)
{
  Suite *suite = *state;
  /* Longer than this machine may take from one statement of a begin to the next. */
  HmStore *idle = pg_kit_open (suite, "?options=-c%20idle_in_transaction_session_timeout%3D3s");
  g_autofree char *count = NULL;
  gboolean owned;
  GError *error = NULL;

  assert_true (pg_kit_begin (suite, idle, 0, &owned, NULL));
  assert_true (owned);
  count = g_strdup_printf ("SELECT count (*) FROM pg_stat_activity WHERE pid = %d", PQbackendPID (pg_kit_db));
  pg_kit_await (suite, count, "0");
  assert_false (suite->ops->commit (idle, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "");
  suite->ops->rollback (idle);
  assert_true (pg_kit_begin (suite, idle, 0, &owned, NULL)); /* over a new connection */
  assert_true (owned);
  suite->ops->close (idle);
}

/* At once, where the socket has had something just now; then ever more rarely. */
static void
answer_that_encryption_holds_back_is_asked_for (void **state)
{
  static const int slices_ms[] = { 0, 0, 10, 20, 40, 80, 160, 320 };
  Suite *suite = *state;
  HmStore *store = pg_kit_open (suite, "?options=-c%20lock_timeout%3D40s");
  gint64 next;
  gboolean found;

  pg_kit_hidden = (int)G_N_ELEMENTS (slices_ms);
  pg_kit_n_waits = 0;
  assert_true (suite->ops->offset_get (store, "t", 0, &next, &found, NULL));
  assert_int_equal (pg_kit_hidden, 0);
  assert_int_equal (pg_kit_n_waits, G_N_ELEMENTS (slices_ms));
  for (guint i = 0, since = 0; i < pg_kit_n_waits; i++)
    {
      assert_int_equal (pg_kit_waits[i].timeout_ms, slices_ms[since]);
      since = pg_kit_waits[i].heard ? 0 : since + 1;
    }
  suite->ops->close (store);
}

/* -- several collectors -- */

typedef struct
{
  Suite *suite;
  HmStore *store;
  gboolean began, owned;
} Rival;

static gpointer
begin_as_rival (gpointer user)
{
  Rival *rival = user;

  rival->began = pg_kit_begin (rival->suite, rival->store, 0, &rival->owned, NULL);
  return NULL;
}

static void
second_collector_waits_and_then_owns_nothing (void **state)
{
  Suite *suite = *state;
  Rival rival = { suite, pg_kit_open (suite, ""), FALSE, TRUE };
  GThread *thread;

  assert_true (suite_begin (suite, NULL));
  thread = g_thread_new ("rival", begin_as_rival, &rival);
  pg_kit_await (
      suite,
      "SELECT count (*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE "
      "offsets%'",
      "1");
  assert_true (suite->ops->commit (suite->store, NULL));
  g_thread_join (thread);
  assert_true (rival.began);
  assert_false (rival.owned);
  suite->ops->close (rival.store);
}

static void
successor_ends_an_owner_that_stands_still (void **state)
{
  Suite *suite = *state;
  HmStore *successor = pg_kit_open (suite, "?options=-c%20lock_timeout%3D2s");
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  gboolean owned = FALSE;
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  assert_true (pg_kit_begin (suite, successor, 0, &owned, NULL));
  assert_true (owned);
  assert_true (suite->ops->commit (successor, NULL));
  assert_false (suite->ops->commit (suite->store, &error)); /* it wakes up */
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "");
  suite->ops->rollback (suite->store);
  assert_true (pg_kit_begin (suite, suite->store, 0, &owned, NULL));
  assert_false (owned);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "0");
  suite->ops->close (successor);
}

/* For the server a connection within COPY is busy, so no limit of its own ends it. */
static void
successor_ends_an_owner_that_stands_still_within_copy (void **state)
{
  Suite *suite = *state;
  HmStore *successor = pg_kit_open (suite, "?options=-c%20lock_timeout%3D2s");
  PGconn *owner = PQconnectdb (suite->url);
  gboolean owned = FALSE;

  PQclear (PQexec (owner, "BEGIN; UPDATE hypermeter.offsets SET next = 1"));
  PQclear (PQexec (owner, "COPY hypermeter.raw FROM STDIN"));
  assert_int_equal (PQputCopyData (owner, "1\t", 2), 1);
  assert_int_equal (PQflush (owner), 0);
  assert_true (pg_kit_begin (suite, successor, 0, &owned, NULL));
  assert_true (owned);
  assert_true (suite->ops->commit (successor, NULL));
  PQfinish (owner);
  suite->ops->close (successor);
}

/* It works on, so it will be done one day: whoever waits for it gives up. */
static void
successor_leaves_an_owner_that_works (void **state)
{
  Suite *suite = *state;
  HmStore *successor = pg_kit_open (suite, "?options=-c%20lock_timeout%3D2s");
  PGconn *owner = PQconnectdb (suite->url);
  g_autofree char *end = g_strdup_printf ("SELECT pg_terminate_backend (%d)", PQbackendPID (owner));
  gboolean owned;
  GError *error = NULL;

  PQclear (PQexec (owner, "BEGIN; UPDATE hypermeter.offsets SET next = 1"));
  assert_int_equal (PQsendQuery (owner, "SELECT pg_sleep (600)"), 1);
  assert_false (pg_kit_begin (suite, successor, 0, &owned, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "lock timeout");
  pg_kit_assert (suite, end, "t"); /* it is there still */
  PQfinish (owner);
  suite->ops->close (successor);
}

/* What holds the row is a record's key, and who waits for it is within COPY itself. */
static void
copy_ends_an_owner_that_stands_still (void **state)
{
  Suite *suite = *state;
  HmStore *other = pg_kit_open (suite, "?options=-c%20lock_timeout%3D2s");
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (HmRawRow));
  g_autofree char *value = g_strnfill (10000, 'x');
  HmBatch batch;
  gboolean owned;

  for (guint i = 0; i < 500; i++) /* more than any buffer on the way takes */
    {
      HmRawRow row = suite_raw ("r1", i + 1, SUITE_MORNING, value);

      g_array_append_val (rows, row);
    }
  batch = (HmBatch){ .raw = (const HmRawRow *)(gpointer)rows->data, .n_raw = 1 };
  pg_kit_commit_raw (suite, 1000, SUITE_MORNING); /* the partition is there */
  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &batch, NULL));
  batch.n_raw = rows->len;
  assert_true (suite->ops->begin (other, NULL, 0, &owned, NULL));
  assert_true (suite->ops->write (other, &batch, NULL));
  assert_true (suite->ops->commit (other, NULL));
  suite->ops->rollback (suite->store);
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "501");
  suite->ops->close (other);
}

typedef struct
{
  const HmStoreOps *ops;
  const char *url;
  HmStore *store;
  GError *error;
} Opening;

static gpointer
open_as_rival (gpointer user)
{
  Opening *opening = user;

  opening->store = opening->ops->open (opening->url, HM_STORE_WRITE, SUITE_GRAIN, &opening->error);
  return NULL;
}

static void
collectors_that_start_at_once_migrate_one_after_the_other (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = pg_kit_new_url (suite->folder);
  g_autofree char *migrations = NULL;
  Opening openings[4];
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    {
      openings[i] = (Opening){ .ops = suite->ops, .url = url };
      threads[i] = g_thread_new ("rival", open_as_rival, &openings[i]);
    }
  for (guint i = 0; i < 4; i++)
    {
      g_thread_join (threads[i]);
      if (openings[i].store == NULL)
        fail_msg ("%s", openings[i].error->message);
      suite->ops->close (openings[i].store);
    }
  migrations = pg_kit_sql (url, "SELECT count (*) = max (version) FROM hypermeter.migration");
  assert_string_equal (migrations, "t");
}

const struct CMUnitTest pg_rival_cases[] = {
  cmocka_unit_test (killed_before_commit_leaves_nothing_behind),
  cmocka_unit_test (lost_connection_ends_the_transaction_for_good),
  cmocka_unit_test (killed_within_commit_leaves_nothing_behind),
  cmocka_unit_test (commit_whose_answer_is_lost_is_found_at_the_next_begin),
  cmocka_unit_test (connection_is_made_anew_with_all_its_settings),
  cmocka_unit_test (collector_of_an_older_version_is_refused),
  cmocka_unit_test (owner_that_is_idle_for_too_long_is_ended),
  cmocka_unit_test (answer_that_encryption_holds_back_is_asked_for),
  cmocka_unit_test (second_collector_waits_and_then_owns_nothing),
  cmocka_unit_test (successor_ends_an_owner_that_stands_still),
  cmocka_unit_test (successor_ends_an_owner_that_stands_still_within_copy),
  cmocka_unit_test (successor_leaves_an_owner_that_works),
  cmocka_unit_test (copy_ends_an_owner_that_stands_still),
  cmocka_unit_test (collectors_that_start_at_once_migrate_one_after_the_other),
};
const guint pg_n_rival_cases = G_N_ELEMENTS (pg_rival_cases);
