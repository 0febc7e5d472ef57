/* SPDX-License-Identifier: Apache-2.0 */
/* test_export: files of an export appear whole or not at all, never change, and the manifest proves that none is missing: wherever the process stops, wherever a
 * call fails, and when the power goes. */
#include "tests/kit.h"

#include "cli/export/export.h"
#include "tests/fakes/crash_files.h"
#include "tests/fakes/failpoint_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FOLDER "/bills"
#define LINES  3000 /* more than one buffer */

static char *
text_of (gint64 statement)
{
  GString *text = g_string_new (NULL);

  for (guint i = 1; i <= LINES; i++)
    g_string_append_printf (text, "{\"statement\":%" G_GINT64_FORMAT ",\"line\":%u,\"quantity\":\"12345\"}\n",
                            statement, i);
  return g_string_free (text, FALSE);
}

static char *
name_of (gint64 statement)
{
  return g_strdup_printf ("statement-%06" G_GINT64_FORMAT ".ndjson", statement);
}

/* What the command does for one statement. */
static gboolean
put_statement (HmFiles *files, HmManifest *manifest, gint64 number, GError **error)
{
  g_autofree char *name = name_of (number), *text = text_of (number);
  g_autoptr (HmExportFile) file = hm_export_file_new (files, FOLDER, name, error);
  char sha256[HM_EXPORT_HASH_MAX];
  const HmManifestEntry entry = { .file = name,
                                  .statement = number,
                                  .period = "2026-10",
                                  .zone = "UTC",
                                  .lines = LINES,
                                  .sha256 = sha256,
                                  .canonical = sha256,
                                  .root = sha256 };

  if (file == NULL || !hm_export_file_put (file, text, error)
      || !hm_export_file_publish (file, FALSE, sha256, error))
    return FALSE;
  if (hm_manifest_find (manifest, name) == NULL)
    hm_manifest_add (manifest, &entry);
  return TRUE;
}

/* Statements 1 to @n. */
static gboolean
export_until (HmFiles *files, gint64 n, GError **error)
{
  g_autoptr (HmManifest) manifest = hm_manifest_load (files, FOLDER, error);
  guint before;

  if (manifest == NULL)
    return FALSE;
  before = manifest->entries->len;
  for (gint64 i = 1; i <= n; i++)
    if (!put_statement (files, manifest, i, error))
      return FALSE;
  return manifest->entries->len == before || hm_manifest_publish (manifest, files, FOLDER, error);
}

static void
must_export (HmFiles *files, gint64 n)
{
  g_autoptr (GError) error = NULL;

  if (!export_until (files, n, &error))
    fail_msg ("%s", error->message);
}

static void
assert_verified (HmFiles *files, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;

  if (!hm_export_verify (files, FOLDER, &report, &error))
    fail_msg ("%s", error->message);
  assert_string_equal (report, expected);
}

static void
assert_not_verified (HmFiles *files, const char *part)
{
  g_autoptr (GError) error = NULL;
  char *report = NULL;

  assert_false (hm_export_verify (files, FOLDER, &report, &error));
  assert_null (report);
  kit_assert_error (&error, HM_ERROR_DATA, part);
}

/* A file of another's making. */
static void
write_file (HmFiles *files, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (FOLDER, name, NULL);
  int fd = files->open (files, path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

  assert_true (fd >= 0);
  assert_int_equal (hm_files_write (files, fd, text, strlen (text), 0), 0);
  files->close (files, fd);
}

static char *
read_file (HmFiles *files, const char *name)
{
  char hash[HM_EXPORT_HASH_MAX];
  gsize length;

  return hm_export_file_read (files, FOLDER, name, &length, hash, NULL);
}

/* -- what is there -- */

static void
export_can_be_verified (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);

  must_export (files, 2);
  assert_verified (files, "2 files are as manifest 1 says\n");
  must_export (files, 3);
  assert_verified (files, "3 files are as manifest 2 says\n");
  assert_int_equal (crash_files_open (memory), 0);
}

static void
export_leaves_what_is_there_alone (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *before = NULL, *after = NULL;

  must_export (files, 2);
  before = read_file (files, "manifest.json");
  must_export (files, 2);
  after = read_file (files, "manifest.json");
  assert_string_equal (before, after);
}

static void
export_never_writes_over_another_file (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  write_file (files, "statement-000001.ndjson", "mine\n");
  assert_false (export_until (files, 1, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "is there already, and is another");
  text = read_file (files, "statement-000001.ndjson");
  assert_string_equal (text, "mine\n");
}

/* -- two at a time -- */

static HmExportFile *
begin (HmFiles *files, const char *text)
{
  g_autoptr (GError) error = NULL;
  HmExportFile *file = hm_export_file_new (files, FOLDER, "statement-000001.ndjson", &error);

  if (file == NULL || !hm_export_file_put (file, text, &error))
    fail_msg ("%s", error->message);
  return file;
}

static void
export_is_whole_though_another_one_begins_the_same_file (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *text = text_of (1), *there = NULL;
  g_autoptr (HmExportFile) first = begin (files, text);
  HmExportFile *second = begin (files, "half");
  g_autoptr (GError) error = NULL;
  char sha256[HM_EXPORT_HASH_MAX];

  assert_true (hm_export_file_publish (first, FALSE, sha256, NULL));
  assert_false (hm_export_file_publish (second, FALSE, sha256, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "is there already, and is another");
  hm_export_file_free (second);
  there = read_file (files, "statement-000001.ndjson");
  assert_string_equal (there, text);
}

static void
export_that_fails_takes_away_nothing_of_another (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *text = text_of (1), *there = NULL;
  g_autoptr (HmExportFile) first = begin (files, text);
  char sha256[HM_EXPORT_HASH_MAX];

  hm_export_file_free (begin (files, "half"));
  assert_true (hm_export_file_publish (first, FALSE, sha256, NULL));
  there = read_file (files, "statement-000001.ndjson");
  assert_string_equal (there, text);
}

static void
export_follows_no_link_that_lies_there (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *victim = g_build_filename (folder, "victim", NULL);
  g_autofree char *name = g_build_filename (folder, "statement-000001.csv", NULL);
  g_autofree char *working = g_build_filename (folder, ".statement-000001.csv.new", NULL), *text = NULL;
  g_autoptr (HmExportFile) file = NULL;
  g_autoptr (GError) error = NULL;
  char sha256[HM_EXPORT_HASH_MAX];

  kit_write_file (folder, "victim", "mine");
  assert_int_equal (symlink ("victim", working) | symlink ("nowhere", name), 0);
  file = hm_export_file_new (hm_files_system (), folder, "statement-000001.csv", NULL);
  assert_true (hm_export_file_put (file, "text", NULL));
  assert_false (hm_export_file_publish (file, FALSE, sha256, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "cannot be given its name");
  assert_true (g_file_get_contents (victim, &text, NULL, NULL));
  assert_string_equal (text, "mine");
  kit_remove_tree (folder);
}

static void
export_locks_its_folder_and_clears_it (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *left = g_build_filename (folder, ".statement-000001.csv.0123.new", NULL);
  g_autofree char *other = g_build_filename (folder, ".notes.new", NULL);
  HmFiles *files = hm_files_system ();
  g_autoptr (GError) error = NULL;
  int fd, again;

  kit_write_file (folder, ".statement-000001.csv.0123.new", "half");
  kit_write_file (folder, ".notes.new", "mine");
  fd = hm_export_lock (files, folder, NULL);
  assert_true (fd >= 0);
  assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
  assert_int_equal (hm_export_lock (files, folder, &error), -1);
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "another export is writing here");
  files->close (files, fd);
  again = hm_export_lock (files, folder, NULL);
  assert_true (again >= 0);
  files->close (files, again);
  kit_remove_tree (folder);
}

/* -- what verifying finds -- */

static void
verify_finds_a_file_that_was_changed (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);

  must_export (files, 2);
  write_file (files, "statement-000002.ndjson", "{}\n");
  assert_not_verified (files, "statement-000002.ndjson: was changed");
}

static void
verify_finds_a_file_that_is_missing (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);

  must_export (files, 2);
  files->unlink (files, FOLDER "/statement-000001.ndjson");
  assert_not_verified (files, "statement-000001.ndjson: is missing");
}

static void
verify_finds_a_manifest_that_is_missing_or_changed (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *first = NULL;
  g_autoptr (GString) other = NULL;

  must_export (files, 1);
  must_export (files, 2);
  must_export (files, 3);
  first = read_file (files, "manifest-000001.json");
  other = g_string_new (first);
  g_string_replace (other, "2026-10", "2026-09", 0);
  write_file (files, "manifest-000001.json", other->str);
  assert_not_verified (files, "manifest-000001.json: was changed");
  files->unlink (files, FOLDER "/manifest-000001.json");
  assert_not_verified (files, "manifest-000001.json: is missing");
  write_file (files, "manifest-000001.json", first);
  assert_verified (files, "3 files are as manifest 3 says\n");
}

static void
forge_manifest (HmFiles *files, const char *name, const char *old, const char *new)
{
  g_autofree char *text = read_file (files, name);
  g_autoptr (GString) forged = g_string_new (text);

  assert_true (g_string_replace (forged, old, new, 0) > 0);
  write_file (files, name, forged->str);
}

static void
manifest_that_is_another_than_its_number_says_is_refused (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autoptr (GError) error = NULL;

  must_export (files, 2);
  forge_manifest (files, "manifest.json", "000002.ndjson", "000003.ndjson");
  files->unlink (files, FOLDER "/statement-000002.ndjson");
  assert_not_verified (files, "manifest.json: is not what manifest-000001.json is");
  assert_false (export_until (files, 3, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "manifest.json: is not what manifest-000001.json is");
  files->unlink (files, FOLDER "/manifest-000001.json");
  assert_not_verified (files, "manifest-000001.json");
}

/* Whoever was stopped has left one more; so has whoever puts one there. */
static void
manifest_that_does_not_follow_the_one_before_is_refused (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *first = NULL;

  must_export (files, 1);
  first = read_file (files, "manifest.json");
  must_export (files, 2);
  write_file (files, "manifest.json", first);
  forge_manifest (files, "manifest.json", "2026-10", "2026-09");
  forge_manifest (files, "manifest-000001.json", "2026-10", "2026-09");
  assert_not_verified (files, "manifest-000002.json: does not follow manifest-000001.json");
}

static void
manifest_of_another_number_is_refused (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autofree char *first = NULL;

  must_export (files, 1);
  first = read_file (files, "manifest.json");
  write_file (files, "manifest-000002.json", first);
  assert_not_verified (files, "manifest-000002.json: says that it is manifest 1");
}

static void
verify_finds_a_wrong_number_of_lines (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);

  must_export (files, 1);
  forge_manifest (files, "manifest-000001.json", "3000", "2999");
  forge_manifest (files, "manifest.json", "3000", "2999");
  assert_not_verified (files, "statement-000001.ndjson: has 3000 lines, not 2999");
}

/* A cell of CSV may have lines of its own. */
static void
lines_of_csv_are_its_rows (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  char sha256[HM_EXPORT_HASH_MAX];
  guint64 lines;

  write_file (files, "a.csv", "a,b\r\n1,\"x\ny \"\" z\"\r\n");
  assert_true (hm_export_file_check (files, FOLDER, "a.csv", sha256, &lines, NULL));
  assert_int_equal (lines, 1);
}

static void
verify_refuses_a_folder_without_a_manifest (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);

  assert_not_verified (files, "there is no manifest.json");
  write_file (files, "manifest.json", "{\"manifest\":1,\"previous\":null,\"files\":[{\"file\":\"../x\"}]}");
  assert_not_verified (files, "is no manifest");
}

/* -- parts of statements -- */

/* @kept of two lines of statement 1, those of @project; *@name, of its own without another, is in the manifest. */
static void
export_part (HmFiles *files, const char *project, const char *name, guint64 kept)
{
  g_autoptr (HmManifest) manifest = hm_manifest_load (files, FOLDER, NULL);
  char id[HM_EXPORT_FILTER_ID_MAX], sha256[HM_EXPORT_HASH_MAX];
  HmManifestEntry entry = { .statement = 1,
                            .period = "2026-10",
                            .zone = "UTC",
                            .lines = kept,
                            .sha256 = sha256,
                            .root = sha256,
                            .filter = { { [HM_ONLY_PROJECT] = project } },
                            .kept = kept,
                            .statement_lines = 2 };
  g_autofree char *own = NULL, *canonical = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "a\nb\n", -1);
  g_autoptr (HmExportFile) file = NULL;

  hm_export_filter_id (&entry.filter, id);
  own = g_strdup_printf ("statement-000001-only-%s.ndjson", id);
  entry.file = name != NULL ? name : own;
  entry.canonical = canonical;
  file = hm_export_file_new (files, FOLDER, entry.file, NULL);
  assert_true (hm_export_file_put (file, kept == 1 ? "a\n" : "a\nc\n", NULL));
  assert_true (hm_export_file_publish (file, FALSE, sha256, NULL));
  hm_manifest_add (manifest, &entry);
  assert_true (hm_manifest_publish (manifest, files, FOLDER, NULL));
}

static void
part_of_a_statement_is_verified_and_stands_for_no_statement (void **state G_GNUC_UNUSED)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  HmFiles *files = crash_files_table (memory);
  g_autoptr (HmManifest) manifest = NULL;
  const HmManifestEntry *entry;

  export_part (files, "p \"1\"", NULL, 1);
  assert_verified (files, "statement 1 was exported in part alone\n1 file is as manifest 1 says\n");
  manifest = hm_manifest_load (files, FOLDER, NULL);
  entry = manifest->entries->pdata[0];
  assert_string_equal (entry->filter.only[HM_ONLY_PROJECT], "p \"1\"");
  assert_null (entry->filter.only[HM_ONLY_METER]);
  assert_int_equal (entry->kept, 1);
  assert_int_equal (entry->statement_lines, 2);
  must_export (files, 1);
  assert_verified (files, "2 files are as manifest 2 says\n");
}

/* Neither by its name nor by what the manifest says, nor by having all lines. */
static void
part_of_a_statement_never_passes_for_the_whole (void **state G_GNUC_UNUSED)
{
  static const char *const names[]
      = { "statement-000001.ndjson", "statement-000001-only-0123456789abcdef.ndjson" };
  static const char filter[] = "\"filter\": {\n        \"project\": \"p\"\n      },";

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);

      export_part (crash_files_table (memory), "p", names[i], 1);
      assert_not_verified (crash_files_table (memory), "its name does not say what part");
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
      HmFiles *files = crash_files_table (memory);

      export_part (files, "p", NULL, 2 - i);
      for (guint m = 0; i == 1 && m < 2; m++)
        forge_manifest (files, m == 0 ? "manifest.json" : "manifest-000001.json", filter, "");
      assert_not_verified (files,
                           i == 1 ? "its name does not say what part" : "is not what its statement says");
    }
}

static void
manifest_with_a_filter_that_is_not_known_is_refused (void **state G_GNUC_UNUSED)
{
  static const char *const forged[][2] = { { "\"project\": \"p\"", "\"flavor\": \"p\"" },
                                           { "\"project\": \"p\"", "" },
                                           { "\"project\": \"p\"", "\"project\": \"p\", \"flavor\": \"f\"" },
                                           { "\"kept_lines\": 1", "\"kept_lines\": 3" } };

  for (guint i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
      HmFiles *files = crash_files_table (memory);

      export_part (files, "p", NULL, 1);
      forge_manifest (files, "manifest.json", forged[i][0], forged[i][1]);
      assert_not_verified (files, "is no manifest");
    }
}

static void
filter_takes_what_it_names_exactly (void **state G_GNUC_UNUSED)
{
  const HmStatementLine line = { .source = "s",
                                 .project = "p",
                                 .user = "",
                                 .resource = "r",
                                 .device = "",
                                 .meter = "disk.read",
                                 .unit = "B" };
  static const struct
  {
    HmExportFilter filter;
    gboolean takes;
  } cases[] = { { { { NULL } }, TRUE },
                { { { "s", "p", "", "r", "disk.*" } }, TRUE },
                { { { [HM_ONLY_PROJECT] = "P" } }, FALSE },
                { { { [HM_ONLY_PROJECT] = "p*" } }, FALSE },
                { { { [HM_ONLY_USER] = "u" } }, FALSE },
                { { { [HM_ONLY_SOURCE] = "" } }, FALSE },
                { { { [HM_ONLY_RESOURCE] = "r1" } }, FALSE },
                { { { [HM_ONLY_METER] = "disk" } }, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_int_equal (hm_export_filter_takes (&cases[i].filter, &line), cases[i].takes);
}

static void
filter_refuses_what_is_no_text (void **state G_GNUC_UNUSED)
{
  const HmExportFilter filter = { { [HM_ONLY_RESOURCE] = "\xff" } };
  g_autoptr (GError) error = NULL;

  assert_false (hm_export_filter_check (&filter, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "--resource");
}

/* -- wherever it ends -- */

static void
assert_complete (HmFiles *files)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;

  if (!hm_export_verify (files, FOLDER, &report, &error))
    fail_msg ("%s", error->message);
  assert_true (g_str_has_prefix (report, "3 files are as manifest"));
}

/* Every file under its own name is whole, and whoever comes next completes the export. */
static void
assert_recovers (HmFiles *files)
{
  g_auto (GStrv) names = files->list (files, FOLDER);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *text = NULL, *expected = NULL;

      if (!g_str_has_prefix (names[i], "statement-"))
        continue;
      text = read_file (files, names[i]);
      expected = text_of (g_ascii_strtoll (names[i] + strlen ("statement-"), NULL, 10));
      assert_string_equal (text, expected);
    }
  must_export (files, 3);
  assert_complete (files);
}

static void
stop (gpointer files)
{
  failpoint_files_set_dead (files, TRUE);
}

/* One export of which @passing is the last thing to happen; FALSE: it has fewer. @cut: the power goes as well. */
static gboolean
stop_at (guint64 passing, GRand *cut)
{
  g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
  g_autoptr (Failpoints) points = failpoints_new ();
  HmFiles *files;
  gboolean done;

  must_export (crash_files_table (memory), 1);
  files = failpoint_files_new (crash_files_table (memory), points, "export");
  failpoints_stop_at (points, passing, stop, files);
  done = export_until (files, 3, NULL) && failpoints_passed (points) < passing;
  if (cut != NULL)
    crash_files_crash (memory, cut);
  assert_recovers (crash_files_table (memory));
  g_free (files);
  return !done;
}

static void
export_is_whole_wherever_the_process_stops (void **state G_GNUC_UNUSED)
{
  guint64 passing = 1;

  while (stop_at (passing, NULL))
    passing++;
  assert_true (passing > 40);
}

static void
export_is_whole_wherever_the_power_goes (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint64 passing = 1;

  while (stop_at (passing, rand))
    passing++;
  assert_true (passing > 40);
}

static gboolean
fail_at (guint64 nth)
{
  static const char *const calls[]
      = { "export.open.*",   "export.pwrite.*",     "export.sync.*",       "export.close.*",
          "export.rename.*", "export.rename_new.*", "export.sync_folder.*" };
  gboolean any = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
      g_autoptr (Failpoints) points = failpoints_new ();
      HmFiles *files = failpoint_files_new (crash_files_table (memory), points, "export");

      must_export (crash_files_table (memory), 1);
      failpoints_fail (points, calls[i], (guint)nth, EIO);
      any |= !export_until (files, 3, NULL);
      assert_recovers (crash_files_table (memory));
      g_free (files);
    }
  return any;
}

static void
export_is_whole_whatever_call_fails (void **state G_GNUC_UNUSED)
{
  assert_true (fail_at (1));
  assert_true (fail_at (2));
  assert_true (fail_at (G_MAXUINT));
}

static void
export_is_whole_on_a_full_disk (void **state G_GNUC_UNUSED)
{
  for (guint64 room = 0; room < 300000; room += 20000)
    {
      g_autoptr (CrashFiles) memory = crash_files_new (FOLDER);
      g_autoptr (GError) error = NULL;
      HmFiles *files = crash_files_table (memory);

      must_export (files, 1);
      crash_files_set_room (memory, room);
      assert_false (export_until (files, 3, &error));
      kit_assert_error (&error, HM_ERROR_CREATE, "cannot be");
      crash_files_set_room (memory, G_MAXUINT64);
      assert_recovers (files);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (export_can_be_verified),
    cmocka_unit_test (export_leaves_what_is_there_alone),
    cmocka_unit_test (export_never_writes_over_another_file),
    cmocka_unit_test (export_is_whole_though_another_one_begins_the_same_file),
    cmocka_unit_test (export_that_fails_takes_away_nothing_of_another),
    cmocka_unit_test (export_follows_no_link_that_lies_there),
    cmocka_unit_test (export_locks_its_folder_and_clears_it),
    cmocka_unit_test (verify_finds_a_file_that_was_changed),
    cmocka_unit_test (verify_finds_a_file_that_is_missing),
    cmocka_unit_test (verify_finds_a_manifest_that_is_missing_or_changed),
    cmocka_unit_test (manifest_that_is_another_than_its_number_says_is_refused),
    cmocka_unit_test (manifest_that_does_not_follow_the_one_before_is_refused),
    cmocka_unit_test (manifest_of_another_number_is_refused),
    cmocka_unit_test (verify_finds_a_wrong_number_of_lines),
    cmocka_unit_test (lines_of_csv_are_its_rows),
    cmocka_unit_test (verify_refuses_a_folder_without_a_manifest),
    cmocka_unit_test (part_of_a_statement_is_verified_and_stands_for_no_statement),
    cmocka_unit_test (part_of_a_statement_never_passes_for_the_whole),
    cmocka_unit_test (manifest_with_a_filter_that_is_not_known_is_refused),
    cmocka_unit_test (filter_takes_what_it_names_exactly),
    cmocka_unit_test (filter_refuses_what_is_no_text),
    cmocka_unit_test (export_is_whole_wherever_the_process_stops),
    cmocka_unit_test (export_is_whole_wherever_the_power_goes),
    cmocka_unit_test (export_is_whole_whatever_call_fails),
    cmocka_unit_test (export_is_whole_on_a_full_disk),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
