/* SPDX-License-Identifier: Apache-2.0 */
/* group: sums cells of bucket rows by the columns that were asked for, exactly. */
#pragma once

#include "collector/usage/bucket.h"
#include "collector/usage/calendar.h"

G_BEGIN_DECLS

typedef enum
{
  HM_BY_SOURCE,
  HM_BY_PROJECT,
  HM_BY_USER,
  HM_BY_RESOURCE,
  HM_BY_FLAVOR, /* this and the next: of the time in question, not of now */
  HM_BY_STATE,
  HM_BY_AGENT,
  HM_BY_DEVICE,
  HM_BY_METER,
  HM_BY_HOUR,
  HM_BY_DAY,
  HM_BY_MONTH,
  HM_BY_COUNT,
} HmBy;

const char *hm_by_name (HmBy by);

/* "project,meter" → a bit per HmBy; HM_ERROR_USAGE names the word that is none. */
gboolean hm_by_parse (const char *text, guint32 *ret_by, GError **error);

/* What was read of a figure's series. */
typedef struct
{
  HmCell sum; /* as hm_cell_add_readings() leaves it */
  char *source, *resource, *device;
  gboolean several; /* series: the three are those of one of them */
} HmFigureRange;

/* One figure. The text of a column is NULL when it was not asked for, or when there is none: a host has no
 * project. */
typedef struct
{
  char *columns[HM_BY_COUNT];
  HmTime starts[HM_BY_COUNT]; /* of the columns that are times */
  const char *meter;          /* the column, which is always there */
  char *unit;                 /* of the meter, not of the quantity */
  HmMeterType type;
  HmInt128 quantity; /* in unit, or unit·ns for a gauge */
  HmInt128 covered_ns;
  guint32 flags;
  HmFigureRange *range; /* (nullable) where it was asked for */
} HmFigure;

typedef struct HmGroups HmGroups;

/* @by: a bit per HmBy; the meter's is always added. @glob (nullable): only meters that match. */
HmGroups *hm_groups_new (guint32 by, const char *glob);
void hm_groups_free (HmGroups *groups);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmGroups, hm_groups_free)

/* Hours, days and months are those of @calendar, which outlives @groups, not UTC's; the store keeps steps of @grain_ns. */
void hm_groups_use_calendar (HmGroups *groups, const HmCalendar *calendar, gint64 grain_ns);

/* Figures tell what was read, too. */
void hm_groups_keep_range (HmGroups *groups);

/* Adds all cells of @bucket. HM_ERROR_DATA when a sum leaves 128 bits; HM_ERROR_USAGE where days of the calendar do not begin with a step. */
gboolean hm_groups_add (HmGroups *groups, const HmBucket *bucket, GError **error);

/* Sorted by the columns in the order of HmBy, times by time. (transfer container) (element-type HmFigure) */
GPtrArray *hm_groups_figures (HmGroups *groups);

/* Where @left stands before @right in one column: by time, else by @left_text and @right_text. */
int hm_figure_compare (const HmFigure *left, const HmFigure *right, HmBy by, const char *left_text,
                       const char *right_text);

/* Leaves the @n largest of each meter, the largest first. Meters of doubles have no exact quantity to go by: of these the first @n. */
void hm_figures_top (GPtrArray *figures, guint n);

G_END_DECLS
