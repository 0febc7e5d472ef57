/* SPDX-License-Identifier: Apache-2.0 */
/* export_lines: see export_lines.h. */
#include "cli/export/export_lines.h"

#include "cli/usage/group.h"

/* What is not asked for is summed over; meters and units never are. */
static gboolean
group_line (HmExportLines *writing, const HmStatementLine *line)
{
  HmStatementLine group = *line;
  const struct
  {
    HmBy by;
    const char **text;
  } parts[] = { { HM_BY_SOURCE, &group.source },
                { HM_BY_PROJECT, &group.project },
                { HM_BY_USER, &group.user },
                { HM_BY_RESOURCE, &group.resource },
                { HM_BY_DEVICE, &group.device } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if ((writing->columns & 1u << parts[i].by) == 0)
      *parts[i].text = "";
  return hm_statement_sum_add_line (writing->groups, &group, &writing->failure);
}

static gboolean
put_text (HmExportLines *writing, const HmStatementLine *line, const char *json)
{
  g_autofree char *csv = writing->csv ? hm_statement_line_to_csv (line) : NULL;

  writing->lines++;
  return hm_export_file_put (writing->file, csv != NULL ? csv : json, &writing->failure);
}

/* The hash is over the lines as they are in the store, whether or not the file shall have them. */
gboolean
hm_export_line_put (const HmStatementLine *line, gpointer user)
{
  HmExportLines *writing = user;
  g_autofree char *json = hm_statement_line_to_json (line, &writing->failure);

  if (json == NULL)
    return FALSE;
  g_checksum_update (writing->canonical, (const guchar *)json, -1);
  writing->read++;
  if (!hm_export_filter_takes (writing->filter, line))
    return TRUE;
  writing->said++;
  return writing->groups != NULL ? group_line (writing, line) : put_text (writing, line, json);
}

/* @listed: what the store said. */
gboolean
hm_export_lines_settle (HmExportLines *writing, gboolean listed, GError **error)
{
  if (writing->failure == NULL)
    return listed;
  if (listed)
    g_propagate_error (error, g_steal_pointer (&writing->failure));
  g_clear_error (&writing->failure);
  return FALSE;
}

gboolean
hm_export_lines_begin (HmExportLines *writing, GError **error)
{
  return !writing->csv || hm_export_file_put (writing->file, hm_statement_csv_header (), error);
}

gboolean
hm_export_lines_end (HmExportLines *writing, gint64 number, GError **error)
{
  g_autoptr (GPtrArray) lines = NULL;

  if (writing->groups == NULL)
    return TRUE;
  lines = hm_statement_sum_lines (writing->groups, number, FALSE);
  for (guint i = 0; i < lines->len; i++)
    {
      g_autofree char *json = hm_statement_line_to_json (lines->pdata[i], error);

      if (json == NULL)
        return FALSE;
      if (put_text (writing, lines->pdata[i], json))
        continue;
      g_propagate_error (error, g_steal_pointer (&writing->failure));
      return FALSE;
    }
  return TRUE;
}
