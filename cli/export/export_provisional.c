/* SPDX-License-Identifier: Apache-2.0 */
/* export_provisional: `hypermeter export --provisional`. Usage of a period that nobody has closed, in the form of a statement's lines. */
#include "cli/export/export_command.h"

#include "cli/bill/periods.h"
#include "collector/bill/periods.h"

typedef struct
{
  HmStatementSum *sum;
  GError *failure;
} Adding;

static gboolean
add_bucket (const HmBucket *bucket, gpointer user)
{
  Adding *adding = user;

  return hm_statement_sum_add (adding->sum, bucket, &adding->failure);
}

static gboolean
put_lines (HmExportLines *writing, const GPtrArray *lines, GError **error)
{
  gboolean put = TRUE;

  for (guint i = 0; put && i < lines->len; i++)
    put = hm_export_line_put (lines->pdata[i], writing);
  if (!put)
    g_propagate_error (error, g_steal_pointer (&writing->failure));
  return put;
}

static gboolean
write_provisional (HmExport *export, const GPtrArray *lines, GError **error)
{
  g_autofree char *part = hm_export_part (export);
  g_autofree char *name
      = g_strdup_printf ("provisional-%s%s.%s", export->period, part, hm_export_suffix (export));
  g_autoptr (GChecksum) canonical = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (HmExportFile) file = hm_export_file_new (export->files, export->folder, name, error);
  HmExportLines writing
      = { .file = file, .csv = hm_export_is_csv (export), .filter = &export->filter, .canonical = canonical };
  char sha256[HM_EXPORT_HASH_MAX];

  if (file == NULL || !hm_export_lines_begin (&writing, error) || !put_lines (&writing, lines, error)
      || !hm_export_file_publish (file, TRUE, sha256, error))
    return FALSE;
  export->published = 1;
  export->kept = writing.said;
  export->lines = lines->len;
  return TRUE;
}

static gboolean
check_begun (const char *period, HmTime from, GError **error)
{
  const HmClock *clock = hm_clock_system ();

  if (from <= clock->wall (clock))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--provisional: %s has not begun", period);
  return FALSE;
}

/* As it is at this moment: it has no number, is in no manifest, and is replaced by the next. */
gboolean
hm_export_provisional (HmExport *export, GError **error)
{
  const HmReading *r = &export->reading;
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (GPtrArray) lines = NULL;
  Adding adding = { sum, NULL };
  HmTime from, to;

  if (!hm_period_times (r, export->period, export->reading.zone, &from, &to, error)
      || !check_begun (export->period, from, error)
      || !hm_periods_list_usage (r->ops, r->store, from, to, add_bucket, &adding, error))
    {
      g_clear_error (&adding.failure);
      return FALSE;
    }
  if (adding.failure != NULL)
    {
      g_propagate_error (error, adding.failure);
      return FALSE;
    }
  lines = hm_statement_sum_lines (sum, 0, FALSE);
  return write_provisional (export, lines, error);
}
