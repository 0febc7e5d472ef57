/* SPDX-License-Identifier: Apache-2.0 */
/* export_compare: `hypermeter export --verify` with a store. Makes each file of the manifest again from the statement's lines, in no file and no memory, and
 * compares what it would be with what the manifest says. Called after export_verify.c has found that the files are as the manifest says. */
#include "cli/export/export_command.h"

#include "cli/usage/group.h"
#include "collector/bill/periods.h"
#include "metering/count.h"

#include <string.h>

typedef struct
{
  const HmReading *reading;
  GPtrArray *statements;
  GString *report;
  guint wrong;
} Comparing;

static void
find_wrong (Comparing *comparing, const HmManifestEntry *entry, const char *what)
{
  g_string_append_printf (comparing->report, "%s: %s\n", entry->file, what);
  comparing->wrong++;
}

static const HmStatementRow *
statement_of (const Comparing *comparing, const HmManifestEntry *entry)
{
  for (guint i = 0; i < comparing->statements->len; i++)
    {
      const HmStatementRow *row = comparing->statements->pdata[i];

      if (row->number == entry->statement)
        return row;
    }
  return NULL;
}

/* "…-by-project-meter.csv": by what its lines were added up. FALSE: no export calls one so. */
static gboolean
columns_of (const HmManifestEntry *entry, guint32 *ret_columns)
{
  const char *by = strstr (entry->file, "-by-");
  g_autofree char *list = by != NULL ? g_strdup (by + strlen ("-by-")) : NULL;
  char *suffix = list != NULL ? strchr (list, '.') : NULL;

  *ret_columns = 0;
  if (list == NULL)
    return TRUE;
  if (suffix != NULL)
    *suffix = '\0';
  return hm_by_parse (g_strdelimit (list, "-", ','), ret_columns, NULL) && *ret_columns != 0;
}

/* The store sends what the filter takes, and more. */
static gboolean
make_again (const Comparing *comparing, const HmManifestEntry *entry, HmExportLines *writing, GError **error)
{
  const HmReading *r = comparing->reading;
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = entry->statement };

  return hm_export_lines_begin (writing, error)
         && hm_export_lines_settle (
             writing, r->ops->list_lines (r->store, &filter, hm_export_line_put, writing, error), error)
         && hm_export_lines_end (writing, entry->statement, error);
}

static gboolean
compare_lines (Comparing *comparing, const HmManifestEntry *entry, GError **error)
{
  g_autoptr (HmExportFile) file = hm_export_file_new_unwritten ();
  g_autoptr (GChecksum) canonical = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (HmStatementSum) groups = hm_statement_sum_new ();
  HmExportLines writing = { .file = file,
                            .csv = g_str_has_suffix (entry->file, ".csv"),
                            .filter = &entry->filter,
                            .canonical = canonical };

  if (!columns_of (entry, &writing.columns))
    {
      find_wrong (comparing, entry, "its name does not say by what it was added up");
      return TRUE;
    }
  writing.groups = writing.columns != 0 ? groups : NULL;
  if (!make_again (comparing, entry, &writing, error))
    return FALSE;
  if (strcmp (hm_export_file_sha256 (file), entry->sha256) != 0)
    find_wrong (comparing, entry, "is not what the lines in the store give");
  return TRUE;
}

static gboolean
compare_entry (Comparing *comparing, const HmManifestEntry *entry, GError **error)
{
  const HmStatementRow *row = statement_of (comparing, entry);

  if (row == NULL)
    find_wrong (comparing, entry, "is of a statement that is not in the store");
  else if (strcmp (row->sha256, entry->canonical) != 0 || strcmp (row->root, entry->root) != 0
           || row->corrects != entry->corrects)
    find_wrong (comparing, entry, "its manifest does not say of the statement what the store says");
  else
    return compare_lines (comparing, entry, error);
  return TRUE;
}

gboolean
hm_export_compare (const HmReading *reading, HmFiles *files, const char *folder, GError **error)
{
  g_autoptr (HmManifest) manifest = hm_manifest_load (files, folder, error);
  g_autoptr (GString) report = g_string_new (NULL);
  g_autoptr (GPtrArray) statements = NULL;
  Comparing comparing = { .reading = reading, .report = report };

  if (manifest == NULL || !hm_periods_check (reading->ops, error))
    return FALSE;
  comparing.statements = statements = hm_statements_load (reading->ops, reading->store, error);
  if (statements == NULL)
    return FALSE;
  for (guint i = 0; i < manifest->entries->len; i++)
    if (!compare_entry (&comparing, manifest->entries->pdata[i], error))
      return FALSE;
  if (comparing.wrong > 0)
    {
      g_autofree char *all = hm_count_print (manifest->entries->len, "file");

      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s%u of %s %s not as the store says", report->str,
                   comparing.wrong, all, comparing.wrong == 1 ? "is" : "are");
    }
  return comparing.wrong == 0;
}
