/* SPDX-License-Identifier: Apache-2.0 */
/* test_postgresql: the store suite over a real PostgreSQL, and what is PostgreSQL's alone: whose schema it is, what the server
 * refuses, partitions; with postgresql_rivals.c lost connections and several collectors. The program starts a server of its own; each
 * case gets a database in it. */
#include "collector/pipeline/arrival.h"
#include "metering/signature.h"
#include "tests/postgresql_kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* -- whose schema it is -- */

static void
assert_open_fails (Suite *suite, const char *url, HmStoreMode mode, HmError code, const char *part)
{
  GError *error = NULL;

  assert_null (suite->ops->open (url, mode, SUITE_GRAIN, &error));
  kit_assert_error (&error, code, part);
}

static void
schema_of_the_future_is_refused (void **state)
{
  Suite *suite = *state;

  pg_kit_run (suite->url, "INSERT INTO hypermeter.migration VALUES (1000, 'x', 'x', 0)");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "schema 1000");
  assert_open_fails (suite, suite->url, HM_STORE_READ, HM_ERROR_DATA, "schema 1000");
}

static void
migration_from_another_text_is_refused (void **state)
{
  Suite *suite = *state;

  pg_kit_run (suite->url, "UPDATE hypermeter.migration SET sha256 = 'x' WHERE version = 1");
  assert_open_fails (suite, suite->url, HM_STORE_WRITE, HM_ERROR_DATA, "0001.sql");
}

static void
schema_of_another_application_is_refused (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = pg_kit_new_url (suite->folder);

  pg_kit_run (url, "CREATE SCHEMA hypermeter; CREATE TABLE hypermeter.raw (id int)");
  assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
  pg_kit_run (url, "CREATE TABLE hypermeter.migration (id int)");
  assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_DATA, "another application");
}

/* As a collector of the first version has left it; nothing that is there is lost. */
static char *
new_store_of_the_first_schema (void)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "data/migrations/postgresql/0001.sql", NULL);
  g_autofree char *text = NULL, *all = NULL;
  char *url = pg_kit_new_url (NULL);
  char sha256[65];
  gsize length;

  assert_true (g_file_get_contents (path, &text, &length, NULL));
  hm_sha256_hex (text, length, sha256);
  all = g_strdup_printf (
      "CREATE SCHEMA hypermeter; SET search_path = hypermeter; "
      "CREATE TABLE migration (version bigint PRIMARY KEY, name text NOT NULL, "
      "sha256 text NOT NULL, applied bigint NOT NULL); "
      "INSERT INTO migration VALUES (1, '0001.sql', '%s', 0); %s; "
      "INSERT INTO setting VALUES ('grain_ns', '3600000000000'); "
      "INSERT INTO offsets VALUES ('t', 0, 7, 1); "
      "INSERT INTO description VALUES (0, 'hash', 'Ada'); "
      "INSERT INTO request (action, subject, author, asked) VALUES ('replay', 1, 'a', 1); "
      "INSERT INTO resource_state VALUES ('site', 'r1', 'instance', NULL, NULL, NULL, NULL, "
      "NULL, NULL, 1, 'node', 1, 2, NULL, NULL, 3, '{}', '{}', 0, NULL)",
      sha256, text);
  pg_kit_run (url, all);
  return url;
}

static gboolean
append_older (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " %d %d %d %u;", row->resource, row->version,
                          (int)row->rolled, (int)row->reached, (int)row->parked, row->decided);
  return TRUE;
}

static gboolean
append_older_offset (const HmOffsetRow *row, gpointer text)
{
  g_string_append_printf (text, "%d %s;", (int)row->next,
                          row->reached == HM_TIME_UNKNOWN ? "unknown" : "known");
  return TRUE;
}

static gboolean
append_older_request (const HmRequestRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s", row->action, row->target != NULL ? row->target : "alone");
  return TRUE;
}

static void
store_of_the_first_schema_is_brought_up_to_date (void **state)
{
  const HmRedactedRow redacted = { 0, "hash", "left", 4 };
  Suite *suite = *state;
  g_autofree char *url = new_store_of_the_first_schema ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *left = NULL;
  HmStore *store;
  gboolean owned;

  assert_open_fails (suite, url, HM_STORE_READ, HM_ERROR_UNAVAILABLE, "older schema");
  store = suite->ops->open (url, HM_STORE_WRITE, SUITE_GRAIN, NULL);
  assert_non_null (store);
  assert_true (suite->ops->list_resources (store, &suite_everything, append_older, text, NULL));
  assert_true (suite->ops->list_offsets (store, append_older_offset, text, NULL));
  assert_true (suite->ops->list_requests (store, TRUE, append_older_request, text, NULL));
  assert_string_equal (text->str, "r1 3 0 0 0 0;7 unknown;replay alone");
  assert_true (suite->ops->begin (store, NULL, 0, &owned, NULL));
  assert_true (suite->ops->write (store, &(HmBatch){ .redacted = &redacted, .n_redacted = 1 }, NULL));
  assert_true (suite->ops->commit (store, NULL));
  left = pg_kit_sql (url,
                     "SELECT length (value) || convert_from (redacted, 'UTF8') FROM hypermeter.description");
  assert_string_equal (left, "0left");
  suite->ops->close (store);
}

static void
empty_schema_that_was_made_for_it_is_taken (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = pg_kit_new_url (suite->folder);
  HmStore *store;

  pg_kit_run (url, "CREATE SCHEMA hypermeter; CREATE TABLE public.raw (id int); SELECT current_database ()");
  assert_open_fails (suite, url, HM_STORE_READ, HM_ERROR_UNAVAILABLE, "nothing has been collected");
  store = suite->ops->open (url, HM_STORE_WRITE, SUITE_GRAIN, NULL);
  assert_non_null (store);
  suite->ops->close (store);
}

static void
database_of_another_encoding_is_refused (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = pg_kit_url ("latin");

  pg_kit_run (pg_kit_base, "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0");
  assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_CONFIG, "LATIN1");
}

static void
database_that_is_not_there_is_unavailable (void **state)
{
  g_autofree char *url = pg_kit_url ("nowhere");

  assert_open_fails (*state, url, HM_STORE_WRITE, HM_ERROR_UNAVAILABLE, "nowhere");
  assert_open_fails (*state, "postgresql://%2Fno%2Fwhere/x", HM_STORE_READ, HM_ERROR_UNAVAILABLE,
                     "/no/where");
}

static void
password_is_in_no_message (void **state)
{
  static const char *const urls[]
      = { "postgresql://me:s3cret@%2Fno%2Fwhere/x", "postgresql://me:s3cret@host:port:x/x",
          "postgresql://me:s3cret@%2Fno%2Fwhere/x?no_such=1",
          "postgresql://%2Fno%2Fwhere/x?password=s3cret&sslpassword=s3cret",
          "postgresql://me:s3cret@[::1/x" };
  Suite *suite = *state;

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_null (suite->ops->open (urls[i], HM_STORE_READ, 0, &error));
      assert_null (strstr (error->message, "s3cret"));
      assert_non_null (strstr (error->message, "postgresql://"));
    }
}

static void
assert_check_fails (Suite *suite, const char *keyword, const char *path, const char *part)
{
  g_autofree char *url = g_strdup_printf ("postgresql://me@host/x?%s=%s", keyword, path);
  GError *error = NULL;

  assert_true (suite->ops->check (url, NULL)); /* which every start asks: the file may come */
  assert_false (suite->ops->look (url, "/", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, keyword);
  assert_false (suite->ops->look (url, "/", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
files_of_the_url_are_looked_for_beforehand (void **state)
{
  static const char *const keywords[] = { "passfile", "sslrootcert", "sslcrl", "sslcert", "sslkey" };
  static const char *const of_regular_files[] = { "passfile", "sslcrl", "sslkey" };
  Suite *suite = *state;
  g_autofree char *folder = kit_temp_folder (), *path = g_build_filename (folder, "secret", NULL);
  g_autofree char *url = g_strdup_printf ("postgresql://me@host/x?passfile=%s", path);
  g_autofree char *key = g_strdup_printf ("postgresql://me@host/x?sslkey=%s", path);

  for (guint i = 0; i < G_N_ELEMENTS (keywords); i++)
    assert_check_fails (suite, keywords[i], path, g_strerror (ENOENT));
  kit_write_file (folder, "secret", "host:*:*:me:s3cret\n");
  assert_int_equal (g_chmod (path, 0640), 0);
  assert_check_fails (suite, "passfile", path, "0600");
  assert_true (suite->ops->look (key, "/", NULL)
               == (getuid () == 0)); /* a key of root's, its group may read */
  assert_int_equal (g_chmod (path, 0604), 0);
  assert_check_fails (suite, "sslkey", path, "0600");
  assert_int_equal (g_chmod (path, 0600), 0);
  assert_true (suite->ops->look (url, "/", NULL));
  assert_true (suite->ops->look (key, "/", NULL));
  assert_true (suite->ops->look ("postgresql://me@host/x?sslrootcert=system", "/", NULL)
               == (PQlibVersion () >= 160000)); /* before, it is a file of that name */
  for (guint i = 0; i < G_N_ELEMENTS (of_regular_files); i++)
    assert_check_fails (suite, of_regular_files[i], folder, "regular");
  kit_write_file (folder, "secret", "");
  assert_check_fails (suite, "sslcrl", path, "empty");
  kit_remove_tree (folder);
}

static void
files_that_are_not_read_are_not_looked_for (void **state)
{
  static const char *const urls[]
      = { "postgresql://me:s3cret@host/x?passfile=/no/file", "postgresql://me@host/x?sslkey=engine:key",
          "postgresql://me@host/x?sslmode=disable&sslrootcert=/no/file&sslcrl=/no/file" };
  Suite *suite = *state;

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    assert_true (suite->ops->look (urls[i], "/", NULL));
}

/* libpq says of none of them that it is missing, and does without those of the first three. */
static void
open_names_the_file_that_is_missing (void **state)
{
  static const struct
  {
    const char *parameters, *part;
  } cases[] = {
    { "sslmode=require&sslrootcert=/no/ca", "connecting: sslrootcert=/no/ca: No such file" },
    { "sslmode=require&sslrootcert=no-ca", "connecting: sslrootcert=no-ca: No such file" },
    { "sslcrl=/no/list", "connecting: sslcrl=/no/list: No such file" },
    { "sslcert=/no/cert", "does not exist (sslcert=/no/cert: No such file" },
  };
  Suite *suite = *state;
  g_autofree char *nowhere = pg_kit_url ("nowhere"), *unasked = pg_kit_url ("nowhere?passfile=/no/passwords");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url = g_strconcat (g_str_has_prefix (cases[i].part, "does") ? nowhere : suite->url,
                                          "?", cases[i].parameters, NULL);

      assert_open_fails (suite, url, HM_STORE_WRITE, HM_ERROR_UNAVAILABLE, cases[i].part);
    }
  assert_null (suite->ops->open (unasked, HM_STORE_WRITE, SUITE_GRAIN, &error));
  assert_null (strstr (error->message, "passfile")); /* no password was asked for */
}

/* -- what the server refuses -- */

static void
refusals_mean_what_can_be_done_about_them (void **state)
{
  static const struct
  {
    const char *sqlstate;
    HmError code;
  } cases[] = {
    { "53100", HM_ERROR_UNAVAILABLE },                                  /* disk full */
    { "53300", HM_ERROR_UNAVAILABLE },                                  /* too many connections */
    { "55P03", HM_ERROR_UNAVAILABLE },                                  /* lock_timeout */
    { "25006", HM_ERROR_UNAVAILABLE },                                  /* read only */
    { "40001", HM_ERROR_TEMPORARY },   { "40P01", HM_ERROR_TEMPORARY }, /* deadlock */
    { "22003", HM_ERROR_DATA },        { "23514", HM_ERROR_DATA },      { "54000", HM_ERROR_DATA },
    { "42501", HM_ERROR_PERMISSION },  { "XX001", HM_ERROR_INTERNAL }, /* data corrupted */
    { "XX000", HM_ERROR_UNAVAILABLE },
  };
  Suite *suite = *state;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *trigger = g_strdup_printf (
          "CREATE OR REPLACE FUNCTION hypermeter.refuse () RETURNS trigger LANGUAGE plpgsql AS "
          "$$ BEGIN RAISE EXCEPTION E'no\n\x01more' USING ERRCODE = '%s'; END $$;"
          "CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON hypermeter.offsets "
          "FOR EACH ROW EXECUTE FUNCTION hypermeter.refuse ()",
          cases[i].sqlstate);
      GError *error = NULL;

      pg_kit_run (suite->url, trigger);
      assert_false (suite_begin (suite, &error));
      kit_assert_error (&error, cases[i].code, "moving an offset: no  more");
      assert_int_equal (suite_offset (suite, 0), 0);
    }
}

static void
database_that_is_read_only_is_waited_for (void **state)
{
  Suite *suite = *state;
  g_autofree char *name = g_strdup (strrchr (suite->url, '/') + 1);
  g_autofree char *off = g_strdup_printf ("ALTER DATABASE %s SET default_transaction_read_only = on", name);
  g_autofree char *on = g_strdup_printf ("ALTER DATABASE %s RESET default_transaction_read_only", name);
  gint64 next;
  gboolean found;
  GError *error = NULL;

  pg_kit_run (pg_kit_base, off);
  pg_kit_pid (suite);
  pg_kit_end (suite, pg_kit_db);
  assert_false (
      suite->ops->offset_get (suite->store, "t", 0, &next, &found, NULL)); /* the next is a new one */
  assert_false (suite_begin (suite, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "read-only");
  pg_kit_run (pg_kit_base, on);
  assert_true (suite_begin (suite, NULL)); /* and yet another one: it may be another server by now */
  assert_true (suite->ops->commit (suite->store, NULL));
}

static void
reader_cannot_write (void **state)
{
  Suite *suite = *state;
  HmStore *reader = suite_reader (suite);
  HmRequestRow request = { .action = "discard", .subject = 1, .author = "me" };
  gboolean owned;
  gint64 id;
  GError *error = NULL;

  assert_false (pg_kit_begin (suite, reader, 0, &owned, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "read-only");
  assert_false (suite->ops->request_add (reader, &request, &id, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "for reading");
  suite->ops->close (reader);
}

static void
text_that_is_none_is_refused_and_nothing_else (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  const HmRawRow fine = row;
  int pid = pg_kit_pid (suite);

  row.signature = "\xff";
  suite_assert_refused (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }, HM_ERROR_DATA, "encoding");
  resource.name = "\xc3";
  suite_assert_refused (suite, &(HmBatch){ .resources = &resource, .n_resources = 1 }, HM_ERROR_DATA,
                        "encoding");
  resource.name = NULL;
  resource.fold = "{\0}";
  resource.fold_length = 3;
  suite_assert_refused (suite, &(HmBatch){ .resources = &resource, .n_resources = 1 }, HM_ERROR_DATA, "0x00");
  suite_commit (suite, &(HmBatch){ .raw = &fine, .n_raw = 1 });
  assert_int_equal (pg_kit_pid (suite), pid);
}

/* -- what reaches the disk -- */

static void
assert_synchronous (Suite *suite, HmStore *store, gint32 partition, const char *expected)
{
  HmRawRow row = suite_raw ("r1", (guint64)(partition + 5), SUITE_MORNING, "x");
  gboolean owned;
  PGresult *result;

  row.partition = partition;
  assert_true (suite->ops->begin (store, NULL, 0, &owned, NULL));
  assert_true (suite->ops->write (store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  result = PQexec (pg_kit_db, "SHOW synchronous_commit");
  assert_string_equal (PQgetvalue (result, 0, 0), expected);
  PQclear (result);
  assert_true (suite->ops->commit (store, NULL));
}

static void
what_came_over_no_bus_waits_for_the_disk (void **state)
{
  Suite *suite = *state;
  HmStore *hasty = pg_kit_open (suite, "?options=-c%20synchronous_commit%3Doff");

  assert_synchronous (suite, hasty, 0, "off");
  assert_synchronous (suite, hasty, HM_PARTITION_NONE, "on");
  assert_synchronous (suite, hasty, 1, "off");
  suite->ops->close (hasty);
}

/* -- partitions -- */

#define DAY (24 * SUITE_GRAIN)

static void
each_day_has_a_partition (void **state)
{
  Suite *suite = *state;

  pg_kit_commit_raw (suite, 1, SUITE_MORNING);
  pg_kit_commit_raw (suite, 2, SUITE_MORNING + DAY - 1);
  pg_kit_commit_raw (suite, 3, SUITE_MORNING + DAY);
  pg_kit_commit_raw (suite, 4, 0);
  pg_kit_commit_raw (suite, 5, G_MAXINT64);
  pg_kit_assert (suite,
                 "SELECT string_agg (tableoid::regclass || '=' || seq, ' ' ORDER BY seq) FROM hypermeter.raw",
                 "raw_20220108=1 raw_20220108=2 raw_20220109=3 "
                 "raw_19700101=4 raw_22620411=5");
}

static void
partition_of_a_transaction_that_was_undone_is_made_again (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  suite->ops->rollback (suite->store);
  pg_kit_commit_raw (suite, 1, SUITE_MORNING);
}

static void
far_times_have_so_many_partitions_and_no_more (void **state)
{
  Suite *suite = *state;
  const HmClock *clock = hm_clock_system ();
  HmRawRow row = suite_raw ("r1", 1, 0, "x");

  for (guint i = 0; i < 500; i += 50) /* a transaction of them all would need more locks than there are */
    {
      g_autofree char *make = g_strdup_printf (
          "DO $$ BEGIN FOR i IN %u..%u LOOP EXECUTE format ('CREATE TABLE hypermeter.raw_x%%s "
          "PARTITION OF hypermeter.raw FOR VALUES FROM (%%s) TO (%%s)', i, i, i + 1); END LOOP; END $$",
          i + 1, i + 50);

      pg_kit_run (suite->url, make);
    }
  row.grain = SUITE_MORNING;
  suite_assert_refused (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }, HM_ERROR_DATA, "far from now");
  pg_kit_commit_raw (suite, 1, clock->wall (clock));
}

static void
prune_removes_whole_partitions (void **state)
{
  Suite *suite = *state;
  HmRetention retention
      = { SUITE_MORNING + DAY + SUITE_GRAIN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };
  gboolean more = TRUE;

  for (guint i = 0; i < 4; i++)
    pg_kit_commit_raw (suite, i + 1, SUITE_MORNING + DAY / 2 * i);
  pg_kit_commit_raw (suite, 9, SUITE_MORNING + DAY + SUITE_GRAIN);
  while (more)
    assert_true (suite->ops->prune (suite->store, &retention, &more, NULL));
  pg_kit_assert (suite,
                 "SELECT string_agg (tableoid::regclass || '=' || seq, ' ' ORDER BY seq) FROM hypermeter.raw",
                 "raw_20220109=4 raw_20220109=9");
  pg_kit_assert (suite, "SELECT to_regclass ('hypermeter.raw_20220108')", "");
  pg_kit_commit_raw (suite, 1, SUITE_MORNING); /* and makes one again when a late one comes */
}

static void
prune_waits_for_no_reader (void **state)
{
  Suite *suite = *state;
  HmRetention retention = { SUITE_MORNING + DAY, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };
  PGconn *reader = PQconnectdb (suite->url);
  gboolean more;
  GError *error = NULL;

  pg_kit_commit_raw (suite, 1, SUITE_MORNING);
  PQclear (PQexec (reader, "BEGIN; SELECT count (*) FROM hypermeter.raw"));
  assert_false (suite->ops->prune (suite->store, &retention, &more, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "removing a partition");
  PQfinish (reader);
  assert_true (suite->ops->prune (suite->store, &retention, &more, NULL));
}

/* Another collector stored it after the caller had looked. */
static void
prune_removes_no_raw_row_while_a_resource_has_no_edge (void **state)
{
  Suite *suite = *state;
  HmRetention whole = { SUITE_MORNING + DAY, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN },
              part = { SUITE_MORNING + SUITE_GRAIN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  gboolean more;
  GError *error = NULL;

  pg_kit_commit_raw (suite, 1, SUITE_MORNING);
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_false (suite->ops->prune (suite->store, &whole, &more, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "no edge yet");
  assert_true (suite->ops->prune (suite->store, &part, &more, NULL));
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "1");
  row.version = 1;
  row.edge = SUITE_MORNING + DAY;
  row.checkpoint = "{}";
  row.checkpoint_length = 2;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_true (suite->ops->prune (suite->store, &part, &more, NULL));
  pg_kit_assert (suite, "SELECT count (*) FROM hypermeter.raw", "0");
  assert_true (suite->ops->prune (suite->store, &whole, &more, NULL));
  pg_kit_assert (suite, "SELECT to_regclass ('hypermeter.raw_20220108')", "");
}

/* -- plans -- */

static gboolean
count_bin (const HmBinState *row, gpointer n)
{
  (void)row;
  (*(guint *)n)++;
  return TRUE;
}

/* What the statement that the store has prepared costs: its plan, as it ran, over the store's own connection. */
static char *
explain (const char *like, const char *parameters)
{
  g_autofree char *find
      = g_strdup_printf ("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%s'", like);
  PGresult *name = PQexec (pg_kit_db, find), *plan;
  g_autofree char *run = NULL;
  GString *text = g_string_new (NULL);

  assert_int_equal (PQntuples (name), 1);
  run = g_strdup_printf ("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE %s (%s)",
                         PQgetvalue (name, 0, 0), parameters);
  plan = PQexec (pg_kit_db, run);
  for (int i = 0; i < PQntuples (plan); i++)
    g_string_append_printf (text, "%s\n", PQgetvalue (plan, i, 0));
  PQclear (plan);
  PQclear (name);
  return g_string_free (text, FALSE);
}

/* A heartbeat asks for the few bins that it speaks of, among those of weeks. */
static void
list_bins_reads_no_bins_of_other_periods (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;
  g_autofree char *plan = NULL;
  guint n = 0;

  pg_kit_run (suite->url, "INSERT INTO hypermeter.bin SELECT i, 'site', 'node', 'e1', 1, 0, 0, 0, 0, 0, 0 "
                          "FROM generate_series (1, 3000) i; INSERT INTO hypermeter.bin_closed "
                          "SELECT i, 'site', 'node', 'e1', 1, 0, 0, 0 FROM generate_series (2, 3001) i; "
                          "ANALYZE hypermeter.bin, hypermeter.bin_closed");
  filter.from = 3000 * HM_BIN_NS;
  filter.to = 3002 * HM_BIN_NS;
  filter.agent = "node";
  assert_true (suite->ops->list_bins (suite->store, &filter, count_bin, &n, NULL));
  assert_int_equal (n, 2);
  plan = explain ("%FROM bin b%", "900000000000000, 900600000000000, NULL, 300000000000, 'node', NULL");
  if (strstr (plan, "Rows Removed") != NULL)
    fail_msg ("%s", plan);
}

int
main (void)
{
  static const struct CMUnitTest own[] = {
    cmocka_unit_test (schema_of_the_future_is_refused),
    cmocka_unit_test (migration_from_another_text_is_refused),
    cmocka_unit_test (schema_of_another_application_is_refused),
    cmocka_unit_test (store_of_the_first_schema_is_brought_up_to_date),
    cmocka_unit_test (empty_schema_that_was_made_for_it_is_taken),
    cmocka_unit_test (database_of_another_encoding_is_refused),
    cmocka_unit_test (database_that_is_not_there_is_unavailable),
    cmocka_unit_test (password_is_in_no_message),
    cmocka_unit_test (files_of_the_url_are_looked_for_beforehand),
    cmocka_unit_test (files_that_are_not_read_are_not_looked_for),
    cmocka_unit_test (open_names_the_file_that_is_missing),
    cmocka_unit_test (refusals_mean_what_can_be_done_about_them),
    cmocka_unit_test (database_that_is_read_only_is_waited_for),
    cmocka_unit_test (reader_cannot_write),
    cmocka_unit_test (text_that_is_none_is_refused_and_nothing_else),
    cmocka_unit_test (what_came_over_no_bus_waits_for_the_disk),
    cmocka_unit_test (each_day_has_a_partition),
    cmocka_unit_test (partition_of_a_transaction_that_was_undone_is_made_again),
    cmocka_unit_test (far_times_have_so_many_partitions_and_no_more),
    cmocka_unit_test (prune_removes_whole_partitions),
    cmocka_unit_test (prune_waits_for_no_reader),
    cmocka_unit_test (prune_removes_no_raw_row_while_a_resource_has_no_edge),
    cmocka_unit_test (list_bins_reads_no_bins_of_other_periods),
  };
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (struct CMUnitTest));
  int failed;

  g_array_append_vals (all, own, G_N_ELEMENTS (own));
  g_array_append_vals (all, pg_rival_cases, pg_n_rival_cases);
  g_array_append_vals (all, pg_bill_cases, pg_n_bill_cases);
  pg_kit_start ();
  failed = suite_run ("postgresql", pg_kit_new_url, (const struct CMUnitTest *)(gpointer)all->data, all->len);
  pg_kit_stop ();
  return failed;
}
