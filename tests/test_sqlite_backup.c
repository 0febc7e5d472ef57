/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlite_backup: copies of a SQLite store, made while it is written, and stores made of them. */
#include "tests/store_suite.h"

#include <stdio.h>

#define MIB (1 << 20)

static char *
new_url (const char *folder)
{
  return g_strdup_printf ("sqlite://%s/usage.db", folder);
}

#define LARGE_ROWS 24 /* of a MiB: more than a copy takes in one step */

typedef struct
{
  Suite *suite;
  guint steps;
  guint stop_at; /* 0: never */
} Watching;

static gboolean
commit_meanwhile (guint64 done, guint64 total, gpointer user)
{
  Watching *watching = user;

  assert_true (done <= total);
  suite_commit_large (watching->suite, 100 + watching->steps, 10);
  return ++watching->steps != watching->stop_at;
}

static guint
count_raw (const HmStoreOps *ops, HmStore *store)
{
  HmStoreStatus status;

  assert_true (ops->status (store, &status, NULL));
  return (guint)status.raw;
}

static char *
copy_of (const Suite *suite, const char *name)
{
  return g_build_filename (suite->folder, name, NULL);
}

/* Copies the store to <folder>/copy.db. */
static void
make_copy (Suite *suite, HmStoreProgress progress, gpointer user)
{
  g_autofree char *path = copy_of (suite, "copy.db");
  g_autoptr (GError) error = NULL;
  HmStore *reader = suite_reader (suite);

  if (!suite->ops->backup (reader, path, progress, user, &error))
    fail_msg ("%s", error->message);
  suite->ops->close (reader);
}

static void
assert_names (const Suite *suite, const char *prefix, guint expected)
{
  g_autoptr (GDir) dir = g_dir_open (suite->folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_prefix (name, prefix);
  assert_int_equal (n, expected);
}

static void
backup_is_of_one_moment_while_a_collector_commits (void **state)
{
  Suite *suite = *state;
  g_autofree char *url = g_strdup_printf ("sqlite://%s/copy.db", suite->folder);
  Watching watching = { suite, 0, 100 }; /* stopped if it does not end by itself */
  HmStore *copy;
  gboolean found;
  gint64 next;

  for (guint i = 0; i < LARGE_ROWS; i++)
    suite_commit_large (suite, i + 1, MIB);
  make_copy (suite, commit_meanwhile, &watching);
  assert_true (watching.steps > 1);
  assert_int_equal (count_raw (suite->ops, suite->store), LARGE_ROWS + watching.steps);
  assert_names (suite, "copy.db", 1);
  copy = suite->ops->open (url, HM_STORE_READ, 0, NULL);
  assert_non_null (copy);
  assert_int_equal (count_raw (suite->ops, copy), LARGE_ROWS);
  assert_true (suite->ops->offset_get (copy, "t", 0, &next, &found, NULL));
  assert_int_equal (next, LARGE_ROWS);
  suite->ops->close (copy);
}

static void
backup_leaves_nothing_when_it_is_stopped (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = copy_of (suite, "copy.db");
  HmStore *reader = suite_reader (suite);
  Watching watching = { suite, 0, 1 };
  GError *error = NULL;

  assert_false (suite->ops->backup (reader, path, commit_meanwhile, &watching, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "stopped");
  assert_names (suite, "copy.db", 0);
  assert_true (suite->ops->backup (reader, path, NULL, NULL, NULL));
  suite->ops->close (reader);
}

static void
backup_overwrites_nothing (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = copy_of (suite, "copy.db"), *missing = copy_of (suite, "no/copy.db");
  g_autofree char *text = NULL;
  GError *error = NULL;

  kit_write_file (suite->folder, "copy.db", "precious");
  assert_false (suite->ops->backup (suite->store, path, NULL, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "there already");
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_string_equal (text, "precious");
  assert_names (suite, "copy.db", 1);
  assert_false (suite->ops->backup (suite->store, missing, NULL, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "No such file");
}

static void
restored_store_goes_on_where_the_copy_was_made (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = copy_of (suite, "copy.db");
  g_autofree char *url = g_strdup_printf ("sqlite://%s/new.db", suite->folder);
  const HmGapRow gap = { "t", 0, 1, 40, 7 };
  g_autoptr (GError) error = NULL;
  gboolean owned;

  suite_commit_large (suite, 1, 10);
  assert_true (suite->ops->pass_over (suite->store, &gap, &owned, NULL));
  make_copy (suite, NULL, NULL);
  suite_commit_large (suite, 2, 10);
  suite_close (suite);
  if (!suite->ops->restore (url, path, NULL, NULL, &error))
    fail_msg ("%s", error->message);
  g_free (suite->url);
  suite->url = g_steal_pointer (&url);
  suite_reopen (suite);
  assert_int_equal (suite_offset (suite, 0), 40);
  assert_int_equal (count_raw (suite->ops, suite->store), 1);
  suite_commit_large (suite, 3, 10);
  assert_names (suite, "copy.db", 1);
}

static void
assert_not_restored (Suite *suite, const char *name, const char *from, HmError code, const char *part)
{
  g_autofree char *url = g_strdup_printf ("sqlite://%s/%s", suite->folder, name);
  g_autofree char *path = copy_of (suite, from);
  GError *error = NULL;

  assert_false (suite->ops->restore (url, path, NULL, NULL, &error));
  kit_assert_error (&error, code, part);
}

static void
restore_overwrites_nothing (void **state)
{
  Suite *suite = *state;

  make_copy (suite, NULL, NULL);
  assert_not_restored (suite, "usage.db", "copy.db", HM_ERROR_TEMPORARY, "another collector");
  suite_close (suite);
  assert_not_restored (suite, "usage.db", "copy.db", HM_ERROR_CREATE, "there already");
  kit_write_file (suite->folder, "new.db-wal", "what is left of another store");
  assert_not_restored (suite, "new.db", "copy.db", HM_ERROR_CREATE, "new.db-wal: is there already");
  suite_reopen (suite);
}

static void
restore_takes_sound_backups_only (void **state)
{
  Suite *suite = *state;
  g_autofree char *path = copy_of (suite, "copy.db"), *noise = g_strnfill (16384, 'x');
  FILE *file;

  kit_write_file (suite->folder, "empty.db", "");
  assert_not_restored (suite, "new.db", "empty.db", HM_ERROR_DATA, "nothing has ever been collected");
  assert_not_restored (suite, "new.db", "none.db", HM_ERROR_UNAVAILABLE, "none.db");
  for (guint i = 0; i < 200; i++)
    suite_commit_large (suite, i + 1, 1000);
  make_copy (suite, NULL, NULL);
  file = fopen (path, "r+");
  assert_non_null (file);
  assert_int_equal (fseek (file, 20 * 16384, SEEK_SET), 0);
  assert_int_equal (fwrite (noise, 16384, 1, file), 1);
  assert_int_equal (fclose (file), 0);
  assert_not_restored (suite, "new.db", "copy.db", HM_ERROR_DATA, "copy.db: is damaged");
  assert_names (suite, "new.db", 0);
}

int
main (void)
{
  static const struct CMUnitTest own[] = {
    cmocka_unit_test (backup_is_of_one_moment_while_a_collector_commits),
    cmocka_unit_test (backup_leaves_nothing_when_it_is_stopped),
    cmocka_unit_test (backup_overwrites_nothing),
    cmocka_unit_test (restored_store_goes_on_where_the_copy_was_made),
    cmocka_unit_test (restore_overwrites_nothing),
    cmocka_unit_test (restore_takes_sound_backups_only),
  };

  return suite_run_own ("sqlite", new_url, own, G_N_ELEMENTS (own));
}
