/* SPDX-License-Identifier: Apache-2.0 */
/* openmetrics: see openmetrics.h. */
#include "metering/openmetrics.h"

#include <stdarg.h>
#include <string.h>

#include "metering/clock.h"
#include "metering/resource.h"

#define LABEL_MAX 200 /* bytes of a value */

struct HmOpenMetrics
{
  GString *text;
  const char *suffix; /* of the samples of the family at hand */
  char *name;
};

HmOpenMetrics *
hm_openmetrics_new (void)
{
  HmOpenMetrics *metrics = g_new0 (HmOpenMetrics, 1);

  metrics->text = g_string_new (NULL);
  return metrics;
}

void
hm_openmetrics_free (HmOpenMetrics *metrics)
{
  if (metrics == NULL)
    return;
  g_string_free (metrics->text, TRUE);
  g_free (metrics->name);
  g_free (metrics);
}

static void
escape (GString *out, const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (*c == '\n')
      g_string_append (out, "\\n");
    else
      {
        if (*c == '\\' || *c == '"')
          g_string_append_c (out, '\\');
        g_string_append_c (out, *c);
      }
}

void
hm_openmetrics_family (HmOpenMetrics *metrics, HmMetricKind kind, const char *name, const char *unit,
                       const char *help)
{
  gboolean counts = kind == HM_METRIC_COUNTER;

  g_free (metrics->name);
  metrics->name = g_strdup (name);
  metrics->suffix = counts ? "_total" : "";
  g_string_append_printf (metrics->text, "# TYPE %s %s\n", name, counts ? "counter" : "gauge");
  if (unit != NULL)
    g_string_append_printf (metrics->text, "# UNIT %s %s\n", name, unit);
  g_string_append_printf (metrics->text, "# HELP %s ", name);
  escape (metrics->text, help);
  g_string_append_c (metrics->text, '\n');
}

static void
begin_sample (HmOpenMetrics *metrics, va_list labels)
{
  const char *separator = "{", *name;

  g_string_append_printf (metrics->text, "%s%s", metrics->name, metrics->suffix);
  while ((name = va_arg (labels, const char *)) != NULL)
    {
      g_autofree char *value = hm_text_clean (va_arg (labels, const char *), LABEL_MAX, NULL);

      g_string_append_printf (metrics->text, "%s%s=\"", separator, name);
      escape (metrics->text, value);
      g_string_append_c (metrics->text, '"');
      separator = ",";
    }
  g_string_append (metrics->text, *separator == ',' ? "} " : " ");
}

void
hm_openmetrics_count (HmOpenMetrics *metrics, guint64 value, ...)
{
  va_list labels;

  va_start (labels, value);
  begin_sample (metrics, labels);
  va_end (labels);
  g_string_append_printf (metrics->text, "%" G_GUINT64_FORMAT "\n", value);
}

void
hm_openmetrics_seconds (HmOpenMetrics *metrics, gint64 ns, ...)
{
  guint64 size = ns < 0 ? -(guint64)ns : (guint64)ns;
  va_list labels;

  va_start (labels, ns);
  begin_sample (metrics, labels);
  va_end (labels);
  g_string_append_printf (metrics->text, "%s%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT "\n",
                          ns < 0 ? "-" : "", size / HM_NSEC_PER_SEC, size % HM_NSEC_PER_SEC);
}

void
hm_openmetrics_add (HmOpenMetrics *metrics, HmMetricKind kind, const char *name, const char *help,
                    guint64 value)
{
  hm_openmetrics_family (metrics, kind, name, NULL, help);
  hm_openmetrics_count (metrics, value, NULL);
}

GBytes *
hm_openmetrics_finish (HmOpenMetrics *metrics)
{
  GString *text = metrics->text;

  g_string_append (text, "# EOF\n");
  metrics->text = g_string_new (NULL);
  return g_string_free_to_bytes (text);
}
