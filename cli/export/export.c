/* SPDX-License-Identifier: Apache-2.0 */
/* export: `hypermeter export`. Statements as files: a file a statement, the same bytes whenever it is made, and a manifest that says what there is.
 *
 * Lines come from the store one at a time and are in no memory. All that a statement has are read and hashed as the statement was, also where the file shall
 * have some alone: where that is not what the statement says, nothing gets a name. */
#include "cli/export/export_command.h"

#include "cli/usage/group.h"
#include "cli/bill/periods.h"
#include "collector/bill/periods.h"
#include "metering/count.h"

#include <string.h>

static void
clear_export (HmExport *export)
{
  hm_reading_clear (&export->reading);
  g_free (export->period);
  g_free (export->folder);
  g_free (export->verify);
  g_free (export->by);
  g_free (export->meter);
  g_clear_pointer (&export->periods, g_ptr_array_unref);
  g_clear_pointer (&export->statements, g_ptr_array_unref);
  hm_manifest_free (export->manifest);
  if (export->lock >= 0)
    export->files->close (export->files, export->lock);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmExport, clear_export)

gboolean
hm_export_is_csv (const HmExport *export)
{
  return export->reading.output == HM_OUTPUT_CSV;
}

const char *
hm_export_suffix (const HmExport *export)
{
  return hm_export_is_csv (export) ? "csv" : "ndjson";
}

char *
hm_export_part (const HmExport *export)
{
  char id[HM_EXPORT_FILTER_ID_MAX];

  if (hm_export_filter_is_empty (&export->filter))
    return g_strdup ("");
  hm_export_filter_id (&export->filter, id);
  return g_strconcat (HM_EXPORT_ONLY, id, NULL);
}

/* -- one statement -- */

static gboolean
check_said (const HmStatementRow *statement, const HmExportLines *writing, GError **error)
{
  const char *canonical = g_checksum_get_string (writing->canonical);

  if (g_str_equal (canonical, statement->sha256) && writing->read == statement->lines)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA,
               "statement %" G_GINT64_FORMAT
               ": its lines in the store are not those that it was made of (SHA-256 %s, not %s)",
               statement->number, canonical, statement->sha256);
  return FALSE;
}

static void
note_entry (HmExport *export, const HmStatementRow *statement, const HmPeriodRow *period, const char *name,
            const HmExportLines *writing, const char *sha256)
{
  const HmManifestEntry entry = { .file = name,
                                  .statement = statement->number,
                                  .period = period->name,
                                  .zone = period->zone,
                                  .corrects = statement->corrects,
                                  .lines = writing->lines,
                                  .sha256 = sha256,
                                  .canonical = statement->sha256,
                                  .root = statement->root,
                                  .filter = export->filter,
                                  .kept = writing->said,
                                  .statement_lines = statement->lines };

  export->published++;
  export->kept += writing->said;
  export->lines += statement->lines;
  if (hm_manifest_find (export->manifest, name) != NULL)
    return;
  hm_manifest_add (export->manifest, &entry);
  export->added++;
}

static gboolean
check_named (const HmExport *export, const char *name, const char *sha256, GError **error)
{
  const HmManifestEntry *entry = hm_manifest_find (export->manifest, name);

  if (entry == NULL || g_str_equal (entry->sha256, sha256))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s/%s: the manifest there names another one",
               export->folder, name);
  return FALSE;
}

/* "statement-000001.csv", "statement-000001-only-0123456789abcdef-by-project-meter.csv" (transfer full) */
static char *
name_of (const HmExport *export, const HmStatementRow *statement)
{
  g_autoptr (GString) name = g_string_new (NULL);
  g_autofree char *part = hm_export_part (export);

  g_string_printf (name, "statement-%06" G_GINT64_FORMAT "%s", statement->number, part);
  for (guint by = 0; by < HM_BY_COUNT; by++)
    if ((export->columns & 1u << by) != 0)
      g_string_append_printf (name, "%s-%s", strstr (name->str, "-by-") == NULL ? "-by" : "",
                              hm_by_name (by));
  g_string_append_printf (name, ".%s", hm_export_suffix (export));
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static gboolean
export_statement (HmExport *export, const HmStatementRow *statement, const HmPeriodRow *period,
                  GError **error)
{
  const HmReading *r = &export->reading;
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = statement->number };
  g_autofree char *name = name_of (export, statement);
  g_autoptr (HmStatementSum) groups = export->columns != 0 ? hm_statement_sum_new () : NULL;
  g_autoptr (GChecksum) canonical = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (HmExportFile) file = hm_export_file_new (export->files, export->folder, name, error);
  HmExportLines writing = { .file = file,
                            .csv = hm_export_is_csv (export),
                            .filter = &export->filter,
                            .canonical = canonical,
                            .groups = groups,
                            .columns = export->columns };
  char sha256[HM_EXPORT_HASH_MAX];

  if (file == NULL || !hm_export_lines_begin (&writing, error)
      || !hm_export_lines_settle (
          &writing, r->ops->list_lines (r->store, &filter, hm_export_line_put, &writing, error), error)
      || !check_said (statement, &writing, error) || !hm_export_lines_end (&writing, statement->number, error)
      || !hm_export_file_publish (file, FALSE, sha256, error) || !check_named (export, name, sha256, error))
    return FALSE;
  note_entry (export, statement, period, name, &writing, sha256);
  return TRUE;
}

/* -- all of them -- */

static gboolean
export_wanted (HmExport *export, GError **error)
{
  for (guint i = 0; i < export->statements->len; i++)
    {
      const HmStatementRow *statement = export->statements->pdata[i];
      const HmPeriodRow *period = hm_export_period_of (export, statement);

      if (period != NULL && !export_statement (export, statement, period, error))
        return FALSE;
    }
  return export->added == 0 || hm_manifest_publish (export->manifest, export->files, export->folder, error);
}

/* -- the command -- */

static gboolean
check_by (HmExport *export, GError **error)
{
  const guint32 known = 1u << HM_BY_SOURCE | 1u << HM_BY_PROJECT | 1u << HM_BY_USER | 1u << HM_BY_RESOURCE
                        | 1u << HM_BY_DEVICE | 1u << HM_BY_METER;

  if (export->by == NULL)
    return TRUE;
  if (!hm_by_parse (export->by, &export->columns, error))
    return FALSE;
  if (export->columns != 0 && (export->columns & ~known) == 0)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                       "--by: a statement has source, project, user, resource, device and meter alone");
  return FALSE;
}

static gboolean
check_options (HmExport *export, GError **error)
{
  const char *wrong = NULL;

  if (export->reading.format == NULL)
    export->reading.output = HM_OUTPUT_CSV;
  if (export->folder == NULL)
    wrong = "--to-dir: which folder?";
  else if (!hm_export_is_csv (export) && export->reading.output != HM_OUTPUT_NDJSON)
    wrong = "--output: csv or ndjson";
  else if (export->period != NULL && (export->reading.from != NULL || export->reading.to != NULL))
    wrong = "either --period, or --from and --to";
  else if (export->reading.zone != NULL && !hm_export_has_choice (export))
    wrong = "--zone: of which --period, or --from and --to?";
  else if (export->provisional && export->period == NULL)
    wrong = "--provisional: which --period?";
  else if (export->by != NULL && export->provisional)
    wrong = "--by: of statements alone";
  if (wrong != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter export --help'", wrong);
  return wrong == NULL && check_by (export, error);
}

static gboolean
take_filter (HmExport *export, GError **error)
{
  const HmReading *r = &export->reading;

  export->filter = (HmExportFilter){ { [HM_ONLY_SOURCE] = r->source,
                                       [HM_ONLY_PROJECT] = r->project,
                                       [HM_ONLY_USER] = r->user,
                                       [HM_ONLY_RESOURCE] = r->resource,
                                       [HM_ONLY_METER] = export->meter } };
  return hm_export_filter_check (&export->filter, error);
}

static gboolean
begin (HmExport *export, GError **error)
{
  HmReading *r = &export->reading;

  if (!check_options (export, error) || !hm_reading_configure (r, error)
      || !hm_reading_connect (r, &hm_command_export, error))
    return FALSE;
  export->lock = hm_export_lock (export->files, export->folder, error);
  return export->lock >= 0;
}

static gboolean
export_all (HmExport *export, GError **error)
{
  HmReading *r = &export->reading;

  if (!begin (export, error))
    return FALSE;
  if (export->provisional)
    return hm_export_provisional (export, error);
  if (!hm_periods_check (r->ops, error))
    return FALSE;
  export->manifest = hm_manifest_load (export->files, export->folder, error);
  if (export->manifest != NULL)
    export->periods = hm_periods_load (r->ops, r->store, error);
  if (export->periods != NULL)
    export->statements = hm_statements_load (r->ops, r->store, error);
  return export->statements != NULL && hm_export_check_choice (export, error)
         && export_wanted (export, error);
}

/* All that a folder has, or nothing: whoever asks for less shall not take the answer for one about that. */
static gboolean
check_verify (const HmExport *export, GError **error)
{
  if (export->period == NULL && export->reading.zone == NULL && export->folder == NULL && export->by == NULL
      && !export->provisional && export->reading.from == NULL && export->reading.to == NULL
      && hm_export_filter_is_empty (&export->filter))
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                       "--verify: checks all files of a folder, and takes no choice of them");
  return FALSE;
}

static gboolean
verify (HmExport *export, GError **error)
{
  HmReading *r = &export->reading;
  gboolean compare = r->store_url != NULL || r->config != NULL;
  g_autofree char *report = NULL;

  if (!check_verify (export, error) || !hm_export_verify (export->files, export->verify, &report, error))
    return FALSE;
  if (compare
      && (!hm_reading_configure (r, error) || !hm_reading_connect (r, &hm_command_export, error)
          || !hm_export_compare (r, export->files, export->verify, error)))
    return FALSE;
  g_print ("%s%s", report, compare ? "and as the statements in the store give them\n" : "");
  return TRUE;
}

static void
say_what_is_there (const HmExport *export)
{
  g_autofree char *part = hm_export_part (export), *files = hm_count_print (export->published, "file"),
                  *lines = hm_count_print (export->lines, "line");

  g_print ("%s in %s%s", files, export->folder,
           export->added > 0 || export->provisional ? "" : ", all of them there already");
  if (*part != '\0')
    g_print (": %" G_GUINT64_FORMAT " of %s, *%s*.%s", export->kept, lines, part, hm_export_suffix (export));
  g_print ("\n");
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmExport) export = { .files = hm_files_system (), .lock = -1 };
  const GOptionEntry entries[] = {
    { "period", 'p', 0, G_OPTION_ARG_STRING, &export.period, "Statements of this period: 2026-10, 2026-10-25",
      "NAME" },
    { "zone", 'z', 0, G_OPTION_ARG_STRING, &export.reading.zone,
      "Of this time zone alone, e.g. Europe/Berlin, in which days and months of --from and --to begin then",
      "ZONE" },
    { "from", 0, 0, G_OPTION_ARG_STRING, &export.reading.from,
      "Statements of all periods that begin at T or later: 2026-10, 2026-10-25, RFC 3339, last-month", "T" },
    { "to", 0, 0, G_OPTION_ARG_STRING, &export.reading.to,
      "Statements of all periods that end by T; a period that --from or --to cuts is refused", "T" },
    { "to-dir", 'd', 0, G_OPTION_ARG_FILENAME, &export.folder, "Folder to write into", "DIR" },
    { "by", 'b', 0, G_OPTION_ARG_STRING, &export.by,
      "Add lines up by source,project,user,resource,device,meter; default: all of them as they are", "LIST" },
    { "meter", 'm', 0, G_OPTION_ARG_STRING, &export.meter, "Only meters that match", "GLOB" },
    { "provisional", 0, 0, G_OPTION_ARG_NONE, &export.provisional,
      "What the period's usage is now, though it is not closed", NULL },
    { "verify", 0, 0, G_OPTION_ARG_FILENAME, &export.verify,
      "Check the files of an export by its manifest, and with --store or --config by the store as well",
      "DIR" },
    { NULL }
  };

  if (!hm_reading_parse (&export.reading, &hm_command_export, entries, argc, argv, error)
      || !take_filter (&export, error))
    return 1;
  if (export.verify != NULL)
    return verify (&export, error) ? 0 : 1;
  if (!export_all (&export, error))
    return 1;
  say_what_is_there (&export);
  return 0;
}

const HmCommand hm_command_export = {
  "export",
  "Statements of closed periods as files, with a manifest of hashes",
  "Examples:\n"
  "  hypermeter export --to-dir /srv/bills\n"
  "  hypermeter export --period 2026-10 --zone Europe/Berlin --to-dir /srv/bills --output ndjson\n"
  "  hypermeter export --from 2026-01 --to 2027-01 --zone Europe/Berlin --to-dir /srv/bills\n"
  "  hypermeter export --period 2026-11 --zone Europe/Berlin --provisional --to-dir /tmp/preview\n"
  "  hypermeter export --by project,meter --to-dir /srv/bills\n"
  "  hypermeter export --project 9b1c --meter 'disk.*' --to-dir /srv/bills/9b1c\n"
  "  hypermeter export --verify /srv/bills\n"
  "\n"
  "Exit status: 0 done, 1 there is no such statement, or a file is not what it was, 64 wrong usage,\n"
  "69 the store is not there, 73 a file cannot be written, or is there and another, 75 another export\n"
  "is writing into the folder, 78 configuration.\n",
  HM_ASKS_OWNER | HM_ASKS_FILES,
  run,
};
