/* SPDX-License-Identifier: Apache-2.0 */
/* export_choose: which closed periods an export is of. A statement goes with its period as a whole: one that --from or --to cuts would be missing from the bill, and
 * nobody would know. */
#include "cli/export/export_command.h"

static gboolean
has_range (const HmExport *export)
{
  return export->reading.from != NULL || export->reading.to != NULL;
}

gboolean
hm_export_has_choice (const HmExport *export)
{
  return export->period != NULL || has_range (export);
}

static gboolean
is_named (const HmExport *export, const HmPeriodRow *period)
{
  return (export->period == NULL || g_str_equal (period->name, export->period))
         && (export->reading.zone == NULL || g_str_equal (period->zone, export->reading.zone));
}

static gboolean
is_within (const HmExport *export, const HmPeriodRow *period)
{
  const HmStoreFilter *filter = &export->reading.filter;

  return (filter->from == HM_TIME_UNKNOWN || period->from >= filter->from)
         && (filter->to == HM_TIME_UNKNOWN || period->to <= filter->to);
}

static gboolean
is_cut (const HmExport *export, const HmPeriodRow *period)
{
  const HmStoreFilter *filter = &export->reading.filter;

  return !is_within (export, period) && (filter->from == HM_TIME_UNKNOWN || period->to > filter->from)
         && (filter->to == HM_TIME_UNKNOWN || period->from < filter->to);
}

static void
refuse_cut (const HmPeriodRow *period, GError **error)
{
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX];

  hm_time_print (period->from, from);
  hm_time_print (period->to, to);
  g_set_error (
      error, HM_ERROR, HM_ERROR_USAGE,
      "--from and --to cut %s of %s, which is from %s to %s: a statement is exported as a whole (with --zone "
      "days and months begin there)",
      period->name, period->zone, from, to);
}

static void
refuse_none (const HmExport *export, GError **error)
{
  const char *zone = export->reading.zone;
  g_autofree char *of = zone != NULL ? g_strconcat (" of ", zone, NULL) : g_strdup ("");

  if (export->period != NULL)
    g_set_error (
        error, HM_ERROR, HM_ERROR_GONE,
        "there is no closed period %s%s; 'hypermeter periods list' shows what there is, --provisional "
        "exports one that is not closed",
        export->period, of);
  else if (has_range (export))
    g_set_error (
        error, HM_ERROR, HM_ERROR_GONE,
        "there is no closed period%s within --from and --to; 'hypermeter periods list' shows what there is",
        of);
  else
    g_set_error_literal (
        error, HM_ERROR, HM_ERROR_GONE,
        "there is no closed period; 'hypermeter periods close' closes one, --provisional exports "
        "one that is not closed");
}

gboolean
hm_export_check_choice (const HmExport *export, GError **error)
{
  gboolean some = FALSE;

  for (guint i = 0; i < export->periods->len; i++)
    {
      const HmPeriodRow *period = export->periods->pdata[i];

      if (is_named (export, period) && is_cut (export, period))
        {
          refuse_cut (period, error);
          return FALSE;
        }
      some = some || (is_named (export, period) && is_within (export, period));
    }
  if (!some)
    refuse_none (export, error);
  return some;
}

const HmPeriodRow *
hm_export_period_of (const HmExport *export, const HmStatementRow *statement)
{
  for (guint i = 0; i < export->periods->len; i++)
    {
      const HmPeriodRow *period = export->periods->pdata[i];

      if (period->id == statement->period)
        return is_named (export, period) && is_within (export, period) ? period : NULL;
    }
  return NULL;
}
