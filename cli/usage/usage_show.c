/* SPDX-License-Identifier: Apache-2.0 */
/* usage_show: the figures of `hypermeter usage` as rows. */
#include "cli/usage/usage.h"

#include "cli/table.h"
#include "collector/bill/statement.h"

#include <string.h>

#define N_RANGE       6
#define N_COLUMNS_MAX (HM_BY_COUNT + 4 + N_RANGE)

static const HmColumn range_columns[N_RANGE] = {
  { "min", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "max", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "last", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "mean", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "value_unit", HM_COLUMN_TEXT },
  { "readings", HM_COLUMN_COUNT, .grouped = TRUE },
};

gboolean
hm_usage_is_table (const HmUsage *usage)
{
  return usage->reading.output == HM_OUTPUT_TABLE;
}

/* The text of one column: in a table the name that goes with it. */
static const char *
show_column (const HmUsage *usage, HmBy by, const char *text)
{
  return hm_usage_is_table (usage) ? hm_names_show (usage->names, by, text) : text;
}

static const char *
text_or_absent (const char *text)
{
  return *text != '\0' ? text : NULL;
}

/* In the order of range_columns. */
static void
fill_range (const HmRangeText *text, const char *cells[N_RANGE])
{
  cells[0] = text_or_absent (text->min);
  cells[1] = text_or_absent (text->max);
  cells[2] = text_or_absent (text->last);
  cells[3] = text_or_absent (text->mean);
  cells[4] = text->unit;
  cells[5] = text->readings;
}

static gboolean
show_figure (const HmUsage *usage, HmOutput *output, const HmFigure *figure)
{
  const char *cells[N_COLUMNS_MAX];
  char quantity[HM_NUMBER_MAX], seconds[HM_NUMBER_MAX];
  g_autofree char *unit = NULL, *flags = hm_flags_to_text (figure->flags), *span = NULL;
  g_auto (HmRangeText) range = { .unit = NULL };
  gboolean exact = hm_quantity_print (figure, &usage->style, quantity, &unit);
  guint n = 0;

  for (guint by = 0; by < HM_BY_COUNT; by++)
    if ((usage->columns & 1u << by) != 0)
      cells[n++] = show_column (usage, by, figure->columns[by]);
  hm_int128_print (figure->covered_ns, 9, seconds);
  span = hm_usage_is_table (usage) ? hm_span_print (figure->covered_ns) : NULL;
  cells[n++] = exact ? quantity : NULL;
  cells[n++] = unit;
  cells[n++] = span != NULL ? span : seconds;
  if (usage->range)
    {
      hm_range_print (figure, &usage->style, &range);
      fill_range (&range, cells + n);
      n += N_RANGE;
    }
  cells[n++] = flags;
  return hm_output_row (output, cells);
}

/* Those asked for, in the order of HmBy, and what there is to say of each figure. */
static guint
choose_columns (const HmUsage *usage, HmColumn columns[N_COLUMNS_MAX])
{
  static const HmColumnType types[HM_BY_COUNT]
      = { [HM_BY_HOUR] = HM_COLUMN_HOUR, [HM_BY_DAY] = HM_COLUMN_DAY, [HM_BY_MONTH] = HM_COLUMN_MONTH };
  guint n = 0;

  for (guint by = 0; by < HM_BY_COUNT; by++)
    if ((usage->columns & 1u << by) != 0)
      columns[n++] = (HmColumn){ hm_by_name (by), types[by] };
  columns[n++] = (HmColumn){ "quantity", HM_COLUMN_NUMBER, .grouped = TRUE };
  columns[n++] = (HmColumn){ "unit", HM_COLUMN_TEXT };
  columns[n++] = (HmColumn){ "covered_seconds", HM_COLUMN_NUMBER, .heading = "COVERED" };
  for (guint i = 0; usage->range && i < N_RANGE; i++)
    columns[n++] = range_columns[i];
  columns[n++] = (HmColumn){ "flags", HM_COLUMN_LIST };
  return n;
}

/* A table is sorted by what it shows, so the names are in order; every other form by ids. */
static int
compare_shown (gconstpointer a, gconstpointer b, gpointer user)
{
  const HmFigure *left = *(HmFigure *const *)a, *right = *(HmFigure *const *)b;
  int order = 0;

  for (guint by = 0; by < HM_BY_COUNT && order == 0; by++)
    order = hm_figure_compare (left, right, by, show_column (user, by, left->columns[by]),
                               show_column (user, by, right->columns[by]));
  return order != 0 ? order : strcmp (left->unit, right->unit);
}

/* All figures are checked before the first is written: what is refused has no answer, not half of one. */
static gboolean
check_figures (const HmUsage *usage, const GPtrArray *figures, GError **error)
{
  for (guint i = 0; i < figures->len; i++)
    if (!hm_quantity_check (figures->pdata[i], &usage->style, error))
      return FALSE;
  return TRUE;
}

gboolean
hm_usage_show (HmUsage *usage, GError **error)
{
  g_autoptr (GPtrArray) figures = hm_groups_figures (usage->groups);
  HmColumn columns[N_COLUMNS_MAX];
  guint n = choose_columns (usage, columns);
  HmOutput *output;

  if (!check_figures (usage, figures, error))
    return FALSE;
  if (usage->top > 0)
    hm_figures_top (figures, (guint)usage->top);
  else if (hm_usage_is_table (usage))
    g_ptr_array_sort_with_data (figures, compare_shown, usage);
  output = hm_reading_output (&usage->reading, columns, n);
  for (guint i = 0; i < figures->len; i++)
    if (!show_figure (usage, output, figures->pdata[i]))
      break;
  return hm_output_end (output, TRUE, error);
}
