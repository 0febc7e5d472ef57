/* SPDX-License-Identifier: Apache-2.0 */
/* export_manifest: manifest-000001.json and the following never change; each holds all files there are and the hash of the one before. manifest.json is the last of
 * them, and is renamed into its place last of all: what it names is there. */
#include "cli/export/export.h"

#include <string.h>

#include "metering/json.h"

#define LAST "manifest.json"

static void
free_entry (gpointer data)
{
  HmManifestEntry *entry = data;

  g_free ((char *)(guintptr)entry->file);
  g_free ((char *)(guintptr)entry->period);
  g_free ((char *)(guintptr)entry->zone);
  g_free ((char *)(guintptr)entry->sha256);
  g_free ((char *)(guintptr)entry->canonical);
  g_free ((char *)(guintptr)entry->root);
  hm_export_filter_clear (&entry->filter);
  g_free (entry);
}

static HmManifest *
manifest_new (void)
{
  HmManifest *manifest = g_new0 (HmManifest, 1);

  manifest->entries = g_ptr_array_new_with_free_func (free_entry);
  manifest->by_file = g_hash_table_new (g_str_hash, g_str_equal);
  return manifest;
}

void
hm_manifest_free (HmManifest *manifest)
{
  if (manifest == NULL)
    return;
  g_free (manifest->previous);
  g_free (manifest->own);
  g_hash_table_unref (manifest->by_file);
  g_ptr_array_unref (manifest->entries);
  g_free (manifest);
}

const HmManifestEntry *
hm_manifest_find (const HmManifest *manifest, const char *file)
{
  return g_hash_table_lookup (manifest->by_file, file);
}

void
hm_manifest_add (HmManifest *manifest, const HmManifestEntry *entry)
{
  HmManifestEntry *copy = g_memdup2 (entry, sizeof *entry);

  copy->file = g_strdup (entry->file);
  copy->period = g_strdup (entry->period);
  copy->zone = g_strdup (entry->zone);
  copy->sha256 = g_strdup (entry->sha256);
  copy->canonical = g_strdup (entry->canonical);
  copy->root = g_strdup (entry->root);
  hm_export_filter_keep (&copy->filter);
  g_ptr_array_add (manifest->entries, copy);
  g_hash_table_replace (manifest->by_file, (char *)(guintptr)copy->file, copy);
}

/* -- reading -- */

/* Of no other place than the folder. */
static gboolean
is_plain (const char *file)
{
  return file != NULL && *file != '\0' && *file != '.' && strchr (file, '/') == NULL;
}

static gboolean
is_hash (const char *text)
{
  return text != NULL && strlen (text) == HM_EXPORT_HASH_MAX - 1
         && strspn (text, "0123456789abcdef") == HM_EXPORT_HASH_MAX - 1;
}

/* Of an entry that has a part of its statement alone. */
static gboolean
read_part (HmManifestEntry *entry, const HmJson *json)
{
  const HmJson *filter = hm_json_at (json, "filter");

  return filter == NULL
         || (hm_export_filter_read (&entry->filter, filter)
             && hm_json_get_u64 (json, "kept_lines", &entry->kept)
             && hm_json_get_u64 (json, "statement_lines", &entry->statement_lines)
             && entry->kept <= entry->statement_lines);
}

static gboolean
read_entry (HmManifest *manifest, const HmJson *json)
{
  guint64 statement, corrects = 0;
  HmManifestEntry entry = { .file = hm_json_get_text (json, "file"),
                            .period = hm_json_get_text (json, "period"),
                            .zone = hm_json_get_text (json, "zone"),
                            .sha256 = hm_json_get_text (json, "sha256"),
                            .canonical = hm_json_get_text (json, "statement_sha256"),
                            .root = hm_json_get_text (json, "root") };

  if (!is_plain (entry.file) || entry.period == NULL || entry.zone == NULL || !is_hash (entry.sha256)
      || !is_hash (entry.canonical) || !is_hash (entry.root)
      || !hm_json_get_u64 (json, "statement", &statement) || !hm_json_get_u64 (json, "lines", &entry.lines)
      || statement > G_MAXINT64 || !read_part (&entry, json)
      || hm_manifest_find (manifest, entry.file) != NULL)
    return FALSE;
  hm_json_get_u64 (json, "corrects", &corrects);
  entry.statement = (gint64)statement;
  entry.corrects = (gint64)corrects;
  hm_manifest_add (manifest, &entry);
  return TRUE;
}

static gboolean
read_manifest (HmManifest *manifest, const HmJson *json)
{
  const HmJson *files = hm_json_at (json, "files");
  const char *previous = hm_json_get_text (json, "previous");

  if (!hm_json_get_u64 (json, "manifest", &manifest->serial) || manifest->serial == 0
      || !hm_json_is_array (files) || (manifest->serial > 1) != is_hash (previous))
    return FALSE;
  manifest->previous = g_strdup (previous);
  for (guint i = 0; i < hm_json_size (files); i++)
    if (!read_entry (manifest, hm_json_element (files, i)))
      return FALSE;
  return TRUE;
}

static HmManifest *
load (HmFiles *files, const char *folder, const char *name, GError **error)
{
  char hash[HM_EXPORT_HASH_MAX];
  gsize length;
  g_autofree char *text = hm_export_file_read (files, folder, name, &length, hash, error);
  g_autoptr (HmManifest) manifest = manifest_new ();
  g_autoptr (HmJson) json = NULL;

  if (text == NULL)
    return NULL;
  json = hm_json_parse (text, length, NULL);
  if (json == NULL || !read_manifest (manifest, json))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s/%s: is no manifest of an export", folder, name);
      return NULL;
    }
  manifest->own = g_strdup (hash);
  return g_steal_pointer (&manifest);
}

static char *
name_of (guint64 serial)
{
  return g_strdup_printf ("manifest-%06" G_GUINT64_FORMAT ".json", serial);
}

HmManifest *
hm_manifest_load_serial (HmFiles *files, const char *folder, guint64 serial, GError **error)
{
  g_autofree char *name = name_of (serial);
  g_autoptr (HmManifest) manifest = load (files, folder, name, error);

  if (manifest == NULL || manifest->serial == serial)
    return g_steal_pointer (&manifest);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s/%s: says that it is manifest %" G_GUINT64_FORMAT, folder,
               name, manifest->serial);
  return NULL;
}

/* manifest.json is a copy, which is replaced; what it was copied from never is. */
static gboolean
check_copy (const HmManifest *manifest, HmFiles *files, const char *folder, GError **error)
{
  g_autofree char *name = name_of (manifest->serial);
  g_autoptr (GError) local = NULL;
  g_autoptr (HmManifest) numbered = hm_manifest_load_serial (files, folder, manifest->serial, &local);

  if (numbered != NULL && g_str_equal (numbered->own, manifest->own))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s/" LAST ": is not what %s is%s%s", folder, name,
               local != NULL ? ": " : "", local != NULL ? local->message : "");
  return FALSE;
}

static HmManifest *
load_last (HmFiles *files, const char *folder, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HmManifest) manifest = load (files, folder, LAST, &local);

  if (manifest == NULL && g_error_matches (local, HM_ERROR, HM_ERROR_GONE))
    return manifest_new ();
  if (manifest == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (check_copy (manifest, files, folder, error))
    return g_steal_pointer (&manifest);
  return NULL;
}

static gboolean
check_follows (const HmManifest *next, const HmManifest *manifest, const char *folder, GError **error)
{
  g_autofree char *name = name_of (next->serial), *before = name_of (manifest->serial);

  if (g_strcmp0 (next->previous, manifest->own) == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s/%s: does not follow %s", folder, name, before);
  return FALSE;
}

/* Whoever was stopped before manifest.json had its name has left one more. */
HmManifest *
hm_manifest_load (HmFiles *files, const char *folder, GError **error)
{
  g_autoptr (HmManifest) manifest = load_last (files, folder, error);

  while (manifest != NULL)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (HmManifest) next = hm_manifest_load_serial (files, folder, manifest->serial + 1, &local);

      if (next == NULL && g_error_matches (local, HM_ERROR, HM_ERROR_GONE))
        return g_steal_pointer (&manifest);
      if (next == NULL)
        g_propagate_error (error, g_steal_pointer (&local));
      if (next == NULL || !check_follows (next, manifest, folder, error))
        return NULL;
      hm_manifest_free (manifest);
      manifest = g_steal_pointer (&next);
    }
  return NULL;
}

/* -- writing -- */

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const HmManifestEntry *left = *(const HmManifestEntry *const *)a,
                        *right = *(const HmManifestEntry *const *)b;

  return strcmp (left->file, right->file);
}

static void
write_entry (HmJsonWriter *json, const HmManifestEntry *entry)
{
  hm_json_begin_object (json);
  hm_json_set_text (json, "file", entry->file);
  hm_json_set_i64 (json, "statement", entry->statement);
  hm_json_set_text (json, "period", entry->period);
  hm_json_set_text (json, "zone", entry->zone);
  hm_json_key (json, "corrects");
  if (entry->corrects != 0)
    hm_json_i64 (json, entry->corrects);
  else
    hm_json_null (json);
  hm_json_set_u64 (json, "lines", entry->lines);
  hm_json_set_text (json, "sha256", entry->sha256);
  hm_json_set_text (json, "statement_sha256", entry->canonical);
  hm_json_set_text (json, "root", entry->root);
  if (!hm_export_filter_is_empty (&entry->filter))
    {
      hm_json_key (json, "filter");
      hm_export_filter_write (&entry->filter, json);
      hm_json_set_u64 (json, "kept_lines", entry->kept);
      hm_json_set_u64 (json, "statement_lines", entry->statement_lines);
    }
  hm_json_end_object (json);
}

/* (transfer full) */
static char *
to_json (const HmManifest *manifest, GError **error)
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (TRUE);
  const char *text;
  gsize length;

  hm_json_begin_object (json);
  hm_json_set_u64 (json, "manifest", manifest->serial);
  hm_json_set_text (json, "previous", manifest->previous);
  hm_json_key (json, "files");
  hm_json_begin_array (json);
  for (guint i = 0; i < manifest->entries->len; i++)
    write_entry (json, manifest->entries->pdata[i]);
  hm_json_end_array (json);
  hm_json_end_object (json);
  text = hm_json_writer_finish (json, &length, error);
  return text != NULL ? g_strndup (text, length) : NULL;
}

static gboolean
publish (HmFiles *files, const char *folder, const char *name, const char *text, gboolean replaces,
         GError **error)
{
  g_autoptr (HmExportFile) file = hm_export_file_new (files, folder, name, error);
  char hash[HM_EXPORT_HASH_MAX];

  return file != NULL && hm_export_file_put (file, text, error)
         && hm_export_file_publish (file, replaces, hash, error);
}

gboolean
hm_manifest_publish (HmManifest *manifest, HmFiles *files, const char *folder, GError **error)
{
  g_autofree char *name = name_of (manifest->serial + 1), *text = NULL;

  g_ptr_array_sort (manifest->entries, compare_entries);
  g_free (manifest->previous);
  manifest->previous = g_steal_pointer (&manifest->own);
  manifest->serial++;
  text = to_json (manifest, error);
  if (text == NULL)
    return FALSE;
  manifest->own = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  return publish (files, folder, name, text, FALSE, error)
         && publish (files, folder, LAST, text, TRUE, error);
}
