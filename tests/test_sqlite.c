/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlite: the store suite over SQLite, and what is SQLite's alone: locks, whose file it is, migrations, what reaches the disk.
 *
 * SQLite shows each connection that is opened to note_connection(), so that a case can set limits to the store's own; and its calls to
 * fsync() come here first. */
#include "tests/store_suite.h"

#include "metering/record.h"
#include "metering/signature.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB (1 << 20)

static sqlite3 *latest; /* the connection that was opened last */
static guint n_syncs;
static gboolean disk_fails;

static int
note_connection (sqlite3 *db, char **message, const void *api)
{
  (void)message;
  (void)api;
  latest = db;
  return SQLITE_OK;
}

static int
sync_by (long call, int fd)
{
  n_syncs++;
  if (!disk_fails)
    return (int)syscall (call, fd);
  errno = EIO;
  return -1;
}

G_MODULE_EXPORT int
fdatasync (int fd)
{
  return sync_by (SYS_fdatasync, fd);
}

G_MODULE_EXPORT int
fsync (int fd)
{
  return sync_by (SYS_fsync, fd);
}

static char *
new_url (const char *folder)
{
  return g_strdup_printf ("sqlite://%s/usage%%20of%%20all.db", folder);
}

static char *
path_of (const Suite *suite)
{
  return g_build_filename (suite->folder, "usage of all.db", NULL);
}

/* Changes the file behind the store's back. */
static void
tamper (Suite *suite, const char *sql)
{
  g_autofree char *path = path_of (suite);
  sqlite3 *db;

  suite_close (suite);
  assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
  assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal (sqlite3_close (db), SQLITE_OK);
}

static void
assert_open_fails (Suite *suite, const char *url, HmStoreMode mode, HmError code, const char *part)
{
  GError *error = NULL;

  assert_null (suite->ops->open (url, mode, SUITE_GRAIN, &error));
  kit_assert_error (&error, code, part);
}

static void
second_collector_is_told_to_wait (void **state)
{
  Suite *suite = *state;

  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_TEMPORARY, "another collector");
  suite_reopen (suite);
}

static void
tables_are_strict_and_the_log_is_wal (void **state)
{
  Suite *suite = *state;

  tamper (suite,
          "CREATE TABLE proof (ok INTEGER CHECK (ok = 1)) STRICT;"
          "INSERT INTO proof SELECT journal_mode = 'wal' FROM pragma_journal_mode;"
          "INSERT INTO proof SELECT page_size = 16384 FROM pragma_page_size;"
          "INSERT INTO proof SELECT strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
          "AND name NOT LIKE 'sqlite_%';");
}

static void
file_of_another_application_is_refused (void **state)
{
  Suite *suite = *state;

  tamper (suite, "PRAGMA application_id = 1");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
  assert_open_fails (suite, suite->url, HM_STORE_READ, HM_ERROR_DATA, "another application");
}

static void
unmarked_database_with_tables_is_refused (void **state)
{
  Suite *suite = *state;

  tamper (suite, "PRAGMA application_id = 0; PRAGMA user_version = 0");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
}

static void
schema_of_the_future_is_refused (void **state)
{
  Suite *suite = *state;

  tamper (suite, "PRAGMA user_version = 1000");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "schema 1000");
}

static void
migration_from_another_text_is_refused (void **state)
{
  Suite *suite = *state;

  tamper (suite, "UPDATE migration SET sha256 = 'x' WHERE version = 1");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "0001.sql");
}

static void
text_file_is_refused (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = g_strdup_printf ("sqlite://%s/notes.txt", suite->folder);

  kit_write_file (suite->folder, "notes.txt",
                  "Not a database, but long enough to be looked at as if it were one: "
                  "its first hundred bytes are no header of SQLite's.\n");
  assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_DATA, "not an SQLite database");
}

static void
reader_needs_a_store_that_is_there (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = g_strdup_printf ("sqlite://%s/none.db", suite->folder);

  assert_open_fails (suite, url, HM_STORE_READ, HM_ERROR_UNAVAILABLE, "none.db: there is no store");
  kit_write_file (suite->folder, "none.db", "");
  assert_open_fails (suite, url, HM_STORE_READ, HM_ERROR_UNAVAILABLE, "nothing has been collected");
}

static void
store_in_a_missing_folder_cannot_be_created (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = g_strdup_printf ("sqlite://%s/no/where.db", suite->folder);

  assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_CREATE, "where.db");
}

static guint
mode_of (const char *path, const char *end)
{
  g_autofree char *name = g_strconcat (path, end, NULL);
  struct stat st;

  return stat (name, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void
files_of_a_new_store_are_not_for_everybody (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = g_build_filename (suite->folder, "new.db", NULL);
  g_autofree char *url = g_strconcat ("sqlite://", path, NULL);
  mode_t was = umask (022);
  HmStore *store = suite->ops->open (url, HM_STORE_WRITE, SUITE_GRAIN, NULL);

  umask (was);
  assert_non_null (store);
  assert_int_equal (mode_of (path, ""), 0640);
  assert_int_equal (mode_of (path, "-wal"), 0640);
  assert_int_equal (mode_of (path, "-shm"), 0640);
  suite->ops->close (store);
}

static void
refused_file_gets_no_lock_beside_it (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite);
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);

  tamper (suite, "PRAGMA application_id = 1");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
  assert_true (g_file_test (lock, G_FILE_TEST_EXISTS)); /* it was there */
  assert_int_equal (unlink (lock), 0);
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
  assert_false (g_file_test (lock, G_FILE_TEST_EXISTS));
}

static void
url_without_an_absolute_path_is_refused (void **state)
{
  assert_open_fails (*state, "sqlite://usage.db", HM_STORE_WRITE, HM_ERROR_CONFIG, "sqlite:///path");
  assert_open_fails (*state, "sqlite:///tmp/x?mode=ro", HM_STORE_WRITE, HM_ERROR_CONFIG, "sqlite:///path");
}

/* -- what waiting does not mend -- */

static void
damaged_file_is_no_reason_to_try_again (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite);
  g_autofree char *noise = g_strnfill (1 << 20, 'x');
  GError *error = NULL;
  gboolean found;
  gint64 next;
  FILE *file;

  for (guint i = 0; i < 200; i++)
    {
      HmRawRow row = suite_raw ("r1", i + 1, SUITE_MORNING, "some bytes to fill a page with");

      suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
    }
  suite_reopen (suite); /* the log is folded back, the pages are forgotten */
  file = fopen (path, "r+");
  assert_non_null (file);
  assert_int_equal (fseek (file, 16384, SEEK_SET), 0); /* all pages but the schema's */
  assert_int_equal (fwrite (noise, 16384, 20, file), 20);
  assert_int_equal (fclose (file), 0);
  assert_false (suite->ops->offset_get (suite->store, "t", 0, &next, &found, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "malformed");
}

static void
store_that_became_read_only_is_no_reason_to_try_again (void **state)
{
  Suite *suite = *state;
  HmStore *reader = suite_reader (suite); /* the same refusal, without taking rights away */
  const HmOffsetMove move = { "t", 0, 0, 1 };
  gboolean owned;
  GError *error = NULL;

  assert_false (suite->ops->begin (reader, &move, 1, &owned, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "readonly");
  suite->ops->close (reader);
}

static void
run_sql (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  if (sqlite3_exec (db, sql, NULL, NULL, &message) != SQLITE_OK)
    fail_msg ("%s", message);
}

static void
store_that_is_full_is_tried_again_later (void **state)
{
  Suite *suite = *state;
  g_autofree char *value = g_strnfill (MIB, 'v');
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, value);

  suite_reopen (suite);
  run_sql (latest, "PRAGMA max_page_count = 1"); /* as many as there are */
  suite_assert_refused (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }, HM_ERROR_UNAVAILABLE, "full");
  run_sql (latest, "PRAGMA max_page_count = 1000000");
  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
  assert_int_equal (suite_offset (suite, 0), 1);
}

/* Another connection writes something small for longer than the collector waits. */
static void
begin_is_tried_again_later_when_somebody_asks (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite);
  GError *error = NULL;
  sqlite3 *other;

  suite_reopen (suite);
  sqlite3_busy_timeout (latest, 0);
  assert_int_equal (sqlite3_open (path, &other), SQLITE_OK);
  run_sql (other, "BEGIN IMMEDIATE");
  assert_false (suite_begin (suite, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "locked");
  run_sql (other, "ROLLBACK");
  assert_int_equal (sqlite3_close (other), SQLITE_OK);
  suite_commit (suite, &(HmBatch){ 0 });
}

static void
asker_is_told_to_try_again_when_the_collector_writes_on (void **state)
{
  Suite *suite = *state;
  HmStore *asker = suite_asker (suite);
  const HmRequestRow request = { .action = "discard", .author = "operator" };
  GError *error = NULL;
  gint64 id;

  sqlite3_busy_timeout (latest, 0);
  assert_true (suite_begin (suite, NULL));
  assert_false (suite->ops->request_add (asker, &request, &id, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "locked");
  assert_true (suite->ops->commit (suite->store, NULL));
  assert_true (suite->ops->request_add (asker, &request, &id, NULL));
  suite->ops->close (asker);
}

/* As nobody in particular, to whom rights apply. */
static void
store_that_may_not_be_written_is_refused (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite);
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  g_autofree char *elsewhere = g_strdup_printf ("sqlite://%s/other.db", suite->folder);
  gboolean root = geteuid () == 0;

  suite_close (suite);
  assert_int_equal (chmod (suite->folder, 0755), 0);
  assert_int_equal (chmod (lock, 0666), 0);
  assert_int_equal (chmod (path, 0444), 0);
  if (root)
    assert_int_equal (seteuid (65534), 0);
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_PERMISSION, "may not be written");
  assert_open_fails (suite, suite->url, HM_STORE_ASK, HM_ERROR_PERMISSION, "may not be written");
  assert_open_fails (suite, elsewhere, HM_STORE_WRITE, HM_ERROR_PERMISSION, "other.db");
  if (root)
    assert_int_equal (seteuid (0), 0);
  assert_int_equal (chmod (path, 0), 0);
  assert_int_equal (chmod (lock, 0), 0);
  if (root)
    assert_int_equal (seteuid (65534), 0);
  assert_open_fails (suite, suite->url, HM_STORE_READ, HM_ERROR_PERMISSION, "");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_PERMISSION, ".lock");
  if (root)
    assert_int_equal (seteuid (0), 0);
}

/* -- what reaches the disk -- */

static guint
syncs_of_commit (Suite *suite, const HmBatch *batch)
{
  guint before = n_syncs;

  suite_commit (suite, batch);
  return n_syncs - before;
}

static void
commit_is_on_the_disk_when_no_bus_gives_it_again (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmDeadLetter letter = suite_letter (1);

  suite_commit (suite, &(HmBatch){ 0 }); /* begins the log */
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }), 0);
  row.seq = 2;
  row.partition = -1;
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }), 1);
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ .dead_letters = &letter, .n_dead_letters = 1 }), 0);
  letter.partition = -1;
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ .dead_letters = &letter, .n_dead_letters = 1 }), 1);
}

/* The rows are there, so they are not written again: the next commit syncs them. */
static void
commit_that_was_not_synced_is_synced_by_the_next (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  GError *error = NULL;

  suite_commit (suite, &(HmBatch){ 0 }); /* begins the log */
  row.partition = -1;
  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  disk_fails = TRUE;
  assert_false (suite->ops->commit (suite->store, &error));
  disk_fails = FALSE;
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "synced");
  suite->ops->rollback (suite->store);
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ 0 }), 1);
  assert_int_equal (syncs_of_commit (suite, &(HmBatch){ 0 }), 0);
}

/* -- what is erased -- */

/* Of many pages, most of which are let go of. */
static void
erased_bytes_are_overwritten_in_the_file (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite), *value = g_strnfill (100000, '-'), *bytes = NULL;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, value);
  char sha256[65];
  const HmRedactedRow left = { SUITE_MORNING, sha256, "left", 4 };
  const HmErasureRow erasure = { 0, "site", "r1", NULL, NULL, 1, "me", "asked for", 7 };
  gsize length;

  memcpy (value + 50000, "Ada Lovelace", 12);
  hm_sha256_hex (value, row.length, sha256);
  row.description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
  suite_commit (suite,
                &(HmBatch){ .redacted = &left, .n_redacted = 1, .erasures = &erasure, .n_erasures = 1 });
  suite_close (suite);
  assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  assert_null (memmem (bytes, length, "Ada Lovelace", 12));
  suite_reopen (suite);
}

/* -- from schema to schema -- */

/* One row in each table of the first schema. */
static const char filled[]
    = "INSERT INTO setting VALUES ('grain_ns', '3600000000000');"
      "INSERT INTO offsets VALUES ('t', 0, 5, 1);"
      "INSERT INTO bus_gap VALUES ('t', 0, 1, 2, 3);"
      "INSERT INTO raw VALUES (0, 'site', 'r1', 'node', 'e1', 1, 5, 's', 't', 0, 3, 6, 7, 'v1;k;00', NULL, "
      "x'61');"
      "INSERT INTO raw VALUES (0, 'site', 'r1', 'node', 'e1', 2, 6, 's', 't', 0, 4, 7, 8, NULL, 'hash', "
      "NULL);"
      "INSERT INTO description VALUES (0, 'hash', x'62');"
      "INSERT INTO resource_state VALUES ('site', 'r1', 'instance', 'p1', 'u1', NULL, NULL, NULL, NULL, 1, "
      "'node', 5, 6, "
      "0, 0, 3, '{}', '[]');"
      "INSERT INTO buckets VALUES (0, 'site', 'r1', 'node', 'e1', 'p1', 'u1', '', 1, '[]');"
      "INSERT INTO dead_letter VALUES (9, 't', 0, 2, 4, NULL, 'id', NULL, x'78', 'bad-json', 'at byte 1');"
      "INSERT INTO meter VALUES ('x.heat', 'K', 'gauge', 'double');"
      "INSERT INTO agent VALUES ('site', 'node', 'e1', 6, 7, 2, 60, 1);";

/* A store as the first version of the collector left it. */
static void
make_first_schema (Suite *suite)
{
  g_autofree char *path = path_of (suite), *sql = NULL, *note = NULL, *name = NULL;
  char sha256[65];
  gsize length;
  sqlite3 *db;

  suite_close (suite);
  assert_int_equal (unlink (path), 0);
  name = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "data/migrations/sqlite/0001.sql", NULL);
  assert_true (g_file_get_contents (name, &sql, &length, NULL));
  hm_sha256_hex (sql, length, sha256);
  note = g_strdup_printf (
      "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, "
      "applied INTEGER NOT NULL) STRICT; INSERT INTO migration VALUES (1, '0001.sql', '%s', 1);"
      "PRAGMA user_version = 1; PRAGMA application_id = 0x484d5452; PRAGMA journal_mode = WAL",
      sha256);
  assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
  run_sql (db, sql);
  run_sql (db, note);
  run_sql (db, filled);
  assert_int_equal (sqlite3_close (db), SQLITE_OK);
}

static gboolean
check_old_letter (const HmDeadLetter *row, gpointer n)
{
  assert_int_equal (row->id, 9);
  assert_int_equal (row->appended, HM_TIME_UNKNOWN);
  assert_false (row->verified);
  assert_false (row->headers_lost);
  assert_null (row->source);
  assert_false (row->accounted);
  assert_int_equal (row->settled, 0);
  assert_null (row->outcome);
  (*(guint *)n)++;
  return TRUE;
}

static gboolean
check_old_agent (const HmAgentRow *row, gpointer n)
{
  assert_int_equal (row->first_time, 6);
  assert_int_equal (row->last_time, 6);
  assert_int_equal (row->records, 2);
  assert_int_equal (row->refused, 0);
  assert_int_equal (row->heartbeat, 0);
  (*(guint *)n)++;
  return TRUE;
}

static gboolean
check_old_resource (const HmResourceRow *row, gpointer n)
{
  assert_int_equal (row->version, 3);
  assert_int_equal (row->edge, 0);
  assert_null (row->checkpoint);
  (*(guint *)n)++;
  return TRUE;
}

static gboolean
check_old_gap (const HmGapRow *row, gpointer n)
{
  assert_string_equal (row->topic, "t");
  assert_int_equal (row->from, 1);
  assert_int_equal (row->to, 2);
  assert_int_equal (row->noticed, 3);
  (*(guint *)n)++;
  return TRUE;
}

static void
store_of_the_first_schema_is_brought_up_to_date (void **state)
{
  const HmRedactedRow redacted = { 0, "hash", "left", 4 };
  Suite *suite = *state;
  HmStoreStatus status;
  guint n = 0;

  make_first_schema (suite);
  assert_open_fails (suite, suite->url, HM_STORE_READ, HM_ERROR_UNAVAILABLE, "older schema");
  suite_reopen (suite);
  suite_assert_raw (suite, "r1", "r1/1=a;r1/2=b;");
  assert_true (suite->ops->list_dead_letters (suite->store, &suite_everything, check_old_letter, &n, NULL));
  assert_true (suite->ops->list_agents (suite->store, check_old_agent, &n, NULL));
  assert_true (suite->ops->list_resources (suite->store, &suite_everything, check_old_resource, &n, NULL));
  assert_true (suite->ops->list_gaps (suite->store, check_old_gap, &n, NULL));
  assert_int_equal (n, 4);
  assert_true (suite->ops->status (suite->store, &status, NULL));
  assert_int_equal (status.raw, 2);
  assert_int_equal (status.buckets, 1);
  assert_int_equal (status.dead_letters, 1);
  suite_commit (suite, &(HmBatch){ .redacted = &redacted, .n_redacted = 1 });
  suite_assert_raw (suite, "r1", "r1/1=a;r1/2=;");
  suite_commit_large (suite, 3, 1);
  assert_int_equal (suite_offset (suite, 0), 7);
  suite_reopen (suite); /* both texts are known again */
}

static void
migration_that_fails_leaves_the_file_as_it_was (void **state)
{
  Suite *suite = *state;

  make_first_schema (suite);
  tamper (suite, "CREATE TABLE lease (in_the_way INTEGER)"); /* the last of the second schema */
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_UNAVAILABLE, "migration 2");
  tamper (suite,
          "CREATE TABLE proof (ok INTEGER CHECK (ok = 1)) STRICT;"
          "INSERT INTO proof SELECT user_version = 1 FROM pragma_user_version;"
          "INSERT INTO proof SELECT count (*) = 0 FROM pragma_table_info ('raw') WHERE name = 'verified';"
          "INSERT INTO proof SELECT count (*) = 1 FROM migration; DROP TABLE proof; DROP TABLE lease");
  suite_reopen (suite);
}

static void
restored_store_may_be_of_an_older_schema (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = path_of (suite);
  g_autofree char *url = g_strdup_printf ("sqlite://%s/new.db", suite->folder);
  g_autoptr (GError) error = NULL;

  make_first_schema (suite);
  tamper (suite, "DELETE FROM bus_gap"); /* SQLite 3.40 takes such a row of the first schema for damage */
  if (!suite->ops->restore (url, path, NULL, NULL, &error))
    fail_msg ("%s", error->message);
  g_free (suite->url);
  suite->url = g_steal_pointer (&url);
  suite_reopen (suite);
  suite_assert_raw (suite, "r1", "r1/1=a;r1/2=b;");
}

int
main (void)
{
  static const struct CMUnitTest own[] = {
    cmocka_unit_test (second_collector_is_told_to_wait),
    cmocka_unit_test (tables_are_strict_and_the_log_is_wal),
    cmocka_unit_test (file_of_another_application_is_refused),
    cmocka_unit_test (unmarked_database_with_tables_is_refused),
    cmocka_unit_test (schema_of_the_future_is_refused),
    cmocka_unit_test (migration_from_another_text_is_refused),
    cmocka_unit_test (text_file_is_refused),
    cmocka_unit_test (reader_needs_a_store_that_is_there),
    cmocka_unit_test (store_in_a_missing_folder_cannot_be_created),
    cmocka_unit_test (files_of_a_new_store_are_not_for_everybody),
    cmocka_unit_test (refused_file_gets_no_lock_beside_it),
    cmocka_unit_test (damaged_file_is_no_reason_to_try_again),
    cmocka_unit_test (store_that_became_read_only_is_no_reason_to_try_again),
    cmocka_unit_test (store_that_is_full_is_tried_again_later),
    cmocka_unit_test (begin_is_tried_again_later_when_somebody_asks),
    cmocka_unit_test (asker_is_told_to_try_again_when_the_collector_writes_on),
    cmocka_unit_test (store_that_may_not_be_written_is_refused),
    cmocka_unit_test (commit_is_on_the_disk_when_no_bus_gives_it_again),
    cmocka_unit_test (commit_that_was_not_synced_is_synced_by_the_next),
    cmocka_unit_test (erased_bytes_are_overwritten_in_the_file),
    cmocka_unit_test (store_of_the_first_schema_is_brought_up_to_date),
    cmocka_unit_test (migration_that_fails_leaves_the_file_as_it_was),
    cmocka_unit_test (restored_store_may_be_of_an_older_schema),
    cmocka_unit_test (url_without_an_absolute_path_is_refused),
  };

  sqlite3_auto_extension ((void (*) (void))note_connection);
  return suite_run ("sqlite", new_url, own, G_N_ELEMENTS (own));
}
