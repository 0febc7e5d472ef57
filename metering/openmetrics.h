/* SPDX-License-Identifier: Apache-2.0 */
/* openmetrics: figures as text for Prometheus and its kin (OpenMetrics 1.0). Pure. Numbers are exact: integers as they are, durations
 * in seconds with nine digits. No thread affinity. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef enum
{
  HM_METRIC_COUNTER,
  HM_METRIC_GAUGE,
} HmMetricKind;

typedef struct HmOpenMetrics HmOpenMetrics;

HmOpenMetrics *hm_openmetrics_new (void);
void hm_openmetrics_free (HmOpenMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmOpenMetrics, hm_openmetrics_free)

/* Begins a family, whose samples follow; each once. @name: [a-z_], with the @unit (nullable) at its end and without _total. @help: a
 * sentence of ours. */
void hm_openmetrics_family (HmOpenMetrics *metrics, HmMetricKind kind, const char *name, const char *unit,
                            const char *help);

/* One sample. Labels: names of ours and values of anybody's, which are cleaned, in pairs up to a NULL. */
void hm_openmetrics_count (HmOpenMetrics *metrics, guint64 value, ...) G_GNUC_NULL_TERMINATED;
void hm_openmetrics_seconds (HmOpenMetrics *metrics, gint64 ns, ...) G_GNUC_NULL_TERMINATED;

/* A family of one sample without labels. */
void hm_openmetrics_add (HmOpenMetrics *metrics, HmMetricKind kind, const char *name, const char *help,
                         guint64 value);

/* Ends the text; nothing can be added then. (transfer full) */
GBytes *hm_openmetrics_finish (HmOpenMetrics *metrics);

G_END_DECLS
