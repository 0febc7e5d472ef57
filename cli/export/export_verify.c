/* SPDX-License-Identifier: Apache-2.0 */
/* export_verify: `hypermeter export --verify`. Looks at files alone: whoever has them can do it without the store, and without this program as well, by
 * sha256sum (docs/billing.md). */
#include "cli/export/export.h"

#include "metering/count.h"

#include <errno.h>
#include <string.h>

#define REPORT_MAX 1000000 /* statements: of more there is nothing to say one by one */

typedef struct
{
  HmFiles *files;
  const char *folder;
  GString *report;
  guint wrong;
} Verify;

static void
find_wrong (Verify *verify, const char *file, const char *what)
{
  g_string_append_printf (verify->report, "%s: %s\n", file, what);
  verify->wrong++;
}

static void
find_lines (Verify *verify, const HmManifestEntry *entry, guint64 lines)
{
  g_autofree char *has = hm_count_print (lines, "line");
  g_autofree char *what = g_strdup_printf ("has %s, not %" G_GUINT64_FORMAT, has, entry->lines);

  find_wrong (verify, entry->file, what);
}

/* "-only-" and the filter's id; nothing else is named so. */
static gboolean
is_named_as_it_is (const HmManifestEntry *entry)
{
  char id[HM_EXPORT_FILTER_ID_MAX];
  const char *only = strstr (entry->file, HM_EXPORT_ONLY);

  if (hm_export_filter_is_empty (&entry->filter))
    return only == NULL;
  hm_export_filter_id (&entry->filter, id);
  return only != NULL && g_str_has_prefix (only + strlen (HM_EXPORT_ONLY), id);
}

/* Whether it is nothing but what the statement's hash is over. */
static gboolean
is_canonical (const HmManifestEntry *entry)
{
  return g_str_has_suffix (entry->file, ".ndjson") && strstr (entry->file, "-by-") == NULL
         && (hm_export_filter_is_empty (&entry->filter) || entry->kept == entry->statement_lines);
}

static void
verify_entry (Verify *verify, const HmManifestEntry *entry)
{
  char sha256[HM_EXPORT_HASH_MAX];
  g_autoptr (GError) local = NULL;
  guint64 lines;

  if (!is_named_as_it_is (entry))
    find_wrong (verify, entry->file, "its name does not say what part of its statement it is");
  else if (!hm_export_file_check (verify->files, verify->folder, entry->file, sha256, &lines, &local))
    find_wrong (verify, entry->file,
                g_error_matches (local, HM_ERROR, HM_ERROR_GONE) ? "is missing" : local->message);
  else if (strcmp (sha256, entry->sha256) != 0)
    find_wrong (verify, entry->file, "was changed: its SHA-256 is not that of the manifest");
  else if (is_canonical (entry) && strcmp (sha256, entry->canonical) != 0)
    find_wrong (verify, entry->file, "is not what its statement says");
  else if (lines != entry->lines)
    find_lines (verify, entry, lines);
}

/* Each is the hash of the one before, down to the first; and what one names stays named. */
static void
verify_chain (Verify *verify, const HmManifest *last)
{
  g_autofree char *previous = g_strdup (last->previous);

  for (guint64 serial = last->serial - 1; serial > 0; serial--)
    {
      g_autofree char *name = g_strdup_printf ("manifest-%06" G_GUINT64_FORMAT ".json", serial);
      g_autoptr (GError) local = NULL;
      g_autoptr (HmManifest) manifest
          = hm_manifest_load_serial (verify->files, verify->folder, serial, &local);

      if (manifest == NULL || g_strcmp0 (manifest->own, previous) != 0)
        {
          find_wrong (verify, name, manifest == NULL ? "is missing or damaged" : "was changed");
          return;
        }
      for (guint i = 0; i < manifest->entries->len; i++)
        {
          const HmManifestEntry *entry = manifest->entries->pdata[i],
                                *now = hm_manifest_find (last, entry->file);

          if (now == NULL || strcmp (now->sha256, entry->sha256) != 0)
            find_wrong (verify, entry->file, "was named in an earlier manifest, and is not now");
        }
      g_free (previous);
      previous = g_strdup (manifest->previous);
    }
}

/* -- what else is there -- */

/* manifest.json and those that were before, down to the first; whoever was stopped may have left one more. */
static gboolean
is_manifest (const HmManifest *last, const char *name)
{
  guint64 serial;
  g_autofree char *own = NULL;

  if (g_str_equal (name, "manifest.json"))
    return TRUE;
  if (!g_str_has_prefix (name, "manifest-"))
    return FALSE;
  serial = g_ascii_strtoull (name + strlen ("manifest-"), NULL, 10);
  own = g_strdup_printf ("manifest-%06" G_GUINT64_FORMAT ".json", serial);
  return serial > 0 && serial <= last->serial && g_str_equal (name, own);
}

/* Whoever adds up what is called a statement would add it up, too. What is provisional is of no manifest. */
static gboolean
verify_folder (Verify *verify, const HmManifest *last, GError **error)
{
  g_auto (GStrv) names = verify->files->list (verify->files, verify->folder);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *name = g_strescape (names[i], NULL);

      if (g_str_has_prefix (names[i], "provisional-"))
        g_string_append_printf (verify->report, "%s: is provisional, and nothing says what it was\n", name);
      else if ((g_str_has_prefix (names[i], "statement") && hm_manifest_find (last, names[i]) == NULL)
               || (g_str_has_prefix (names[i], "manifest") && !is_manifest (last, names[i])))
        find_wrong (verify, name, "is there, and the manifest does not name it");
    }
  if (names == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: cannot be read: %s", verify->folder,
                 g_strerror (errno));
  return names != NULL;
}

static void
note_missing (Verify *verify, gint64 number, gboolean in_part)
{
  g_string_append_printf (verify->report, "statement %" G_GINT64_FORMAT " was %s\n", number,
                          in_part ? "exported in part alone" : "not exported here");
}

/* Numbers of statements have no gap; a part stands for no statement. */
static void
note_gaps (Verify *verify, const HmManifest *manifest)
{
  g_autoptr (GHashTable) whole = g_hash_table_new (g_int64_hash, g_int64_equal),
                         parts = g_hash_table_new (g_int64_hash, g_int64_equal);
  gint64 most = 0;

  for (guint i = 0; i < manifest->entries->len; i++)
    {
      HmManifestEntry *entry = manifest->entries->pdata[i];

      g_hash_table_add (hm_export_filter_is_empty (&entry->filter) ? whole : parts, &entry->statement);
      most = MAX (most, entry->statement);
    }
  for (gint64 number = 1; number <= most && most - number < REPORT_MAX; number++)
    if (!g_hash_table_contains (whole, &number))
      note_missing (verify, number, g_hash_table_contains (parts, &number));
}

static gboolean
conclude (const Verify *verify, const HmManifest *manifest, GError **error)
{
  g_autofree char *files = hm_count_print (manifest->entries->len, "file");
  g_autofree char *findings = hm_count_print (verify->wrong, "finding");

  if (verify->wrong > 0)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s%s in %s of manifest %" G_GUINT64_FORMAT,
                 verify->report->str, findings, files, manifest->serial);
  else
    g_string_append_printf (verify->report, "%s %s as manifest %" G_GUINT64_FORMAT " says\n", files,
                            manifest->entries->len == 1 ? "is" : "are", manifest->serial);
  return verify->wrong == 0;
}

gboolean
hm_export_verify (HmFiles *files, const char *folder, char **ret_report, GError **error)
{
  Verify verify = { .files = files, .folder = folder };
  g_autoptr (HmManifest) manifest = hm_manifest_load (files, folder, error);
  g_autoptr (GString) report = verify.report = g_string_new (NULL);

  if (manifest == NULL)
    return FALSE;
  if (manifest->serial == 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: there is no manifest.json", folder);
      return FALSE;
    }
  for (guint i = 0; i < manifest->entries->len; i++)
    verify_entry (&verify, manifest->entries->pdata[i]);
  verify_chain (&verify, manifest);
  if (!verify_folder (&verify, manifest, error))
    return FALSE;
  note_gaps (&verify, manifest);
  if (!conclude (&verify, manifest, error))
    return FALSE;
  *ret_report = g_strdup (report->str);
  return TRUE;
}
