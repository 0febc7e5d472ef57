/* SPDX-License-Identifier: Apache-2.0 */
/* health_metrics: the figures of figures.c as OpenMetrics: /metrics. Each family is named after its meter of hypermeter.self, with dots as
 * underscores and the unit at its end; ns become seconds, KiB bytes, both exactly. On the endpoint's thread (endpoint.h). */
#include "agent/health/health.h"

#include <string.h>

#include "agent/agent_private.h"
#include "metering/openmetrics.h"

#define KIB G_GUINT64_CONSTANT (1024)

typedef struct
{
  const HmMeter *meter;
  char *device; /* (nullable) */
  guint64 value;
} Figure;

typedef struct
{
  const HmMeterTable *meters;
  GArray *figures; /* (element-type Figure) */
} Gathering;

static void
clear_figure (gpointer data)
{
  g_free (((Figure *)data)->device);
}

/* A figure of a meter that the installed plugin does not have has no type and no unit. */
static void
gather (const char *name, const char *device, guint64 value, gpointer user)
{
  Gathering *gathering = user;
  Figure figure = { .meter = hm_meter_table_find (gathering->meters, name), .value = value };

  if (figure.meter == NULL)
    return;
  figure.device = g_strdup (device);
  g_array_append_val (gathering->figures, figure);
}

/* A family's samples stand together. */
static gint
by_meter (gconstpointer a, gconstpointer b)
{
  const Figure *left = a, *right = b;
  int order = strcmp (left->meter->name, right->meter->name);

  return order != 0 ? order : g_strcmp0 (left->device, right->device);
}

/* (nullable) What the figure's unit is called there; none where it is a count. */
static const char *
unit_of (const HmMeter *meter)
{
  if (g_str_equal (meter->unit, "ns"))
    return "seconds";
  return g_str_equal (meter->unit, "B") || g_str_equal (meter->unit, "KiB") ? "bytes" : NULL;
}

static void
begin_family (HmOpenMetrics *m, const HmMeter *meter)
{
  HmMetricKind kind = meter->type == HM_GAUGE ? HM_METRIC_GAUGE : HM_METRIC_COUNTER;
  const char *unit = unit_of (meter);
  g_autoptr (GString) name = g_string_new ("hypermeter_");
  g_autofree char *end = g_strconcat ("_", unit, NULL);

  g_string_append (name, meter->name);
  g_string_replace (name, ".", "_", 0);
  if (unit != NULL && !g_str_has_suffix (name->str, end))
    g_string_append (name, end);
  hm_openmetrics_family (m, kind, name->str, unit, meter->help);
}

static void
add_sample (HmOpenMetrics *m, const Figure *figure)
{
  const char *label = figure->device != NULL ? "device" : NULL;
  const char *unit = figure->meter->unit;

  if (g_str_equal (unit, "ns"))
    hm_openmetrics_seconds (m, (gint64)figure->value, label, figure->device, NULL);
  else
    hm_openmetrics_count (m, g_str_equal (unit, "KiB") ? figure->value * KIB : figure->value, label,
                          figure->device, NULL);
}

GBytes *
hm_agent_metrics (gpointer user, guint64 http_refused)
{
  HmAgent *agent = user;
  g_autoptr (HmOpenMetrics) metrics = hm_openmetrics_new ();
  g_autoptr (GArray) figures = g_array_new (FALSE, FALSE, sizeof (Figure));
  Gathering gathering = { agent->own_meters, figures };
  const HmMeter *last = NULL;

  g_array_set_clear_func (figures, clear_figure);
  hm_agent_figures (agent, gather, &gathering);
  g_array_sort (figures, by_meter);
  for (guint i = 0; i < figures->len; i++)
    {
      const Figure *figure = &g_array_index (figures, Figure, i);

      if (figure->meter != last)
        begin_family (metrics, figure->meter);
      last = figure->meter;
      add_sample (metrics, figure);
    }
  hm_openmetrics_add (metrics, HM_METRIC_COUNTER, "hypermeter_agent_http_refused",
                      "Requests to this address that were refused or ended by a limit", http_refused);
  return hm_openmetrics_finish (metrics);
}
