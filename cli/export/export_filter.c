/* SPDX-License-Identifier: Apache-2.0 */
/* export_filter: see export_filter.h. */
#include "cli/export/export_filter.h"

#include "metering/error.h"

#include <string.h>

static const char *const names[HM_ONLY_COUNT] = { "source", "project", "user", "resource", "meter" };

gboolean
hm_export_filter_is_empty (const HmExportFilter *filter)
{
  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    if (filter->only[i] != NULL)
      return FALSE;
  return TRUE;
}

gboolean
hm_export_filter_check (const HmExportFilter *filter, GError **error)
{
  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    if (filter->only[i] != NULL && !g_utf8_validate (filter->only[i], -1, NULL))
      {
        g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--%s: that is no UTF-8", names[i]);
        return FALSE;
      }
  return TRUE;
}

gboolean
hm_export_filter_takes (const HmExportFilter *filter, const HmStatementLine *line)
{
  const char *const has[] = { line->source, line->project, line->user, line->resource };

  for (guint i = 0; i < HM_ONLY_METER; i++)
    if (filter->only[i] != NULL && strcmp (filter->only[i], has[i]) != 0)
      return FALSE;
  return filter->only[HM_ONLY_METER] == NULL
         || g_pattern_match_simple (filter->only[HM_ONLY_METER], line->meter);
}

/* -- text -- */

void
hm_export_filter_write (const HmExportFilter *filter, HmJsonWriter *json)
{
  hm_json_begin_object (json);
  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    if (filter->only[i] != NULL)
      hm_json_set_text (json, names[i], filter->only[i]);
  hm_json_end_object (json);
}

gboolean
hm_export_filter_read (HmExportFilter *ret_filter, const HmJson *json)
{
  HmExportFilter filter = { { NULL } };
  guint known = 0;

  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    {
      filter.only[i] = hm_json_get_text (json, names[i]);
      known += filter.only[i] != NULL;
    }
  if (!hm_json_is_object (json) || known == 0 || known != hm_json_size (json))
    return FALSE;
  *ret_filter = filter;
  return TRUE;
}

void
hm_export_filter_id (const HmExportFilter *filter, char ret_id[HM_EXPORT_FILTER_ID_MAX])
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  g_autofree char *hash = NULL;
  const char *text;
  gsize length = 0;

  hm_export_filter_write (filter, json);
  text = hm_json_writer_finish (json, &length, NULL);
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)(text != NULL ? text : ""), length);
  g_strlcpy (ret_id, hash, HM_EXPORT_FILTER_ID_MAX);
}

/* -- owning -- */

void
hm_export_filter_keep (HmExportFilter *filter)
{
  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    filter->only[i] = g_strdup (filter->only[i]);
}

void
hm_export_filter_clear (HmExportFilter *filter)
{
  for (guint i = 0; i < HM_ONLY_COUNT; i++)
    g_free ((char *)(guintptr)filter->only[i]);
}
