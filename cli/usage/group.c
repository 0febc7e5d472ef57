/* SPDX-License-Identifier: Apache-2.0 */
/* group: see group.h. Pure; `hypermeter usage` feeds it while the store streams rows, so memory grows with
 * the answer and not with what is read. Meters are never summed with one another: the meter and its unit are
 * always part of the key. */
#include "cli/usage/group.h"
#include "cli/command.h"

#include <string.h>

#define N_TIMES (HM_BY_COUNT - HM_BY_HOUR)

struct HmGroups
{
  guint32 by;
  GPatternSpec *glob;
  GHashTable *figures; /* key text → HmFigure */
  GString *key;
  const HmCalendar *calendar; /* (nullable) UTC's */
  gint64 grain_ns;
  gboolean keeps_range;
  HmTime checked_from, checked_to; /* days of the calendar begin with a step there */
};

static const char *const by_names[HM_BY_COUNT]
    = { "source", "project", "user",  "resource", "flavor", "state",
        "agent",  "device",  "meter", "hour",     "day",    "month" };

const char *
hm_by_name (HmBy by)
{
  return by_names[by];
}

static gboolean
parse_word (const char *word, guint32 *by)
{
  for (guint i = 0; i < HM_BY_COUNT; i++)
    if (g_str_equal (word, by_names[i]))
      {
        *by |= 1u << i;
        return TRUE;
      }
  return FALSE;
}

gboolean
hm_by_parse (const char *text, guint32 *ret_by, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  guint32 by = 0;

  for (guint i = 0; words[i] != NULL; i++)
    if (!parse_word (g_strstrip (words[i]), &by))
      {
        g_set_error (
            error, HM_ERROR, HM_ERROR_USAGE,
            "--by: '%s' is none of source, project, user, resource, flavor, state, agent, device, meter, "
            "hour, day, month",
            words[i]);
        return FALSE;
      }
  *ret_by = by;
  return TRUE;
}

static void
range_free (HmFigureRange *range)
{
  if (range == NULL)
    return;
  g_free (range->source);
  g_free (range->resource);
  g_free (range->device);
  g_free (range);
}

static void
figure_free (HmFigure *figure)
{
  range_free (figure->range);
  for (guint i = 0; i < HM_BY_COUNT; i++)
    g_free (figure->columns[i]);
  g_free (figure->unit);
  g_free (figure);
}

HmGroups *
hm_groups_new (guint32 by, const char *glob)
{
  HmGroups *groups = g_new0 (HmGroups, 1);

  groups->by = by | 1u << HM_BY_METER;
  groups->glob = glob != NULL ? g_pattern_spec_new (glob) : NULL;
  groups->figures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)figure_free);
  groups->key = g_string_new (NULL);
  return groups;
}

void
hm_groups_free (HmGroups *groups)
{
  g_clear_pointer (&groups->glob, g_pattern_spec_free);
  g_hash_table_unref (groups->figures);
  g_string_free (groups->key, TRUE);
  g_free (groups);
}

static const char *
text_or_null (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

/* -- time -- */

void
hm_groups_use_calendar (HmGroups *groups, const HmCalendar *calendar, gint64 grain_ns)
{
  groups->calendar = calendar;
  groups->grain_ns = grain_ns;
}

static HmTime
start_of (const HmCalendar *calendar, HmCalendarStep step, HmTime time)
{
  if (calendar != NULL)
    return hm_calendar_start (calendar, step, time);
  if (step == HM_CALENDAR_MONTH)
    return hm_month_start (time);
  return step == HM_CALENDAR_DAY ? hm_day_start (time) : time - time % (3600 * HM_NSEC_PER_SEC);
}

/* Of the times alone that were asked for. */
static void
fill_times (const HmGroups *groups, HmTime grain, HmTime starts[HM_BY_COUNT],
            char text[N_TIMES][HM_MOMENT_MAX])
{
  for (guint i = 0; i < N_TIMES; i++)
    if ((groups->by & 1u << (HM_BY_HOUR + i)) != 0)
      {
        starts[HM_BY_HOUR + i] = start_of (groups->calendar, (HmCalendarStep)i, grain);
        hm_moment_print_in (groups->calendar, starts[HM_BY_HOUR + i], text[i]);
      }
}

/* Month by month: rows of one month come by the million. */
static gboolean
check_grain (HmGroups *groups, HmTime grain, GError **error)
{
  const HmCalendar *calendar = groups->calendar;

  if (calendar == NULL || (groups->by & (1u << HM_BY_HOUR | 1u << HM_BY_DAY | 1u << HM_BY_MONTH)) == 0
      || (grain >= groups->checked_from && grain < groups->checked_to))
    return TRUE;
  groups->checked_from = hm_calendar_start (calendar, HM_CALENDAR_MONTH, grain);
  groups->checked_to = hm_calendar_next (calendar, HM_CALENDAR_MONTH, grain);
  if (hm_calendar_check_grain (calendar, groups->checked_from, groups->checked_to, groups->grain_ns, error))
    return TRUE;
  g_prefix_error (error, "--zone: ");
  return FALSE;
}

/* -- figures -- */

/* The columns of a bucket but its times. */
static void
fill_columns (const HmBucket *bucket, const char *columns[HM_BY_COUNT])
{
  columns[HM_BY_SOURCE] = bucket->source;
  columns[HM_BY_PROJECT] = text_or_null (bucket->project);
  columns[HM_BY_USER] = text_or_null (bucket->user);
  columns[HM_BY_RESOURCE] = bucket->resource;
  columns[HM_BY_FLAVOR] = text_or_null (bucket->flavor);
  columns[HM_BY_STATE] = hm_state_name (bucket->state);
  columns[HM_BY_AGENT] = text_or_null (bucket->agent);
}

/* With its length before it (its last digit first), so that no text, whatever is in it, can pass for two or for another's. */
static void
append_key (GString *key, const char *text)
{
  const gsize length = text != NULL ? strlen (text) : 0;
  char digits[20];
  guint n = 0;

  for (gsize rest = length; n == 0 || rest > 0; rest /= 10)
    digits[n++] = (char)('0' + rest % 10);
  g_string_append_len (key, digits, (gssize)n);
  g_string_append_c (key, ':');
  g_string_append_len (key, text != NULL ? text : "", (gssize)length);
}

void
hm_groups_keep_range (HmGroups *groups)
{
  groups->keeps_range = TRUE;
}

static HmFigureRange *
new_range (const HmBucket *bucket, const HmCell *cell)
{
  HmFigureRange *range = g_new0 (HmFigureRange, 1);

  range->sum.last_time = HM_TIME_UNKNOWN;
  range->source = g_strdup (bucket->source);
  range->resource = g_strdup (bucket->resource);
  range->device = g_strdup (cell->device);
  return range;
}

static void
add_range (HmFigure *figure, const HmBucket *bucket, const HmCell *cell)
{
  HmFigureRange *range = figure->range;

  if (range == NULL)
    range = figure->range = new_range (bucket, cell);
  range->several = range->several || strcmp (range->resource, bucket->resource) != 0
                   || strcmp (range->source, bucket->source) != 0
                   || strcmp (range->device, cell->device) != 0;
  hm_cell_add_readings (&range->sum, cell);
}

static HmFigure *
new_figure (const HmGroups *groups, const HmCell *cell, const char *const columns[HM_BY_COUNT])
{
  HmFigure *figure = g_new0 (HmFigure, 1);

  for (guint i = 0; i < HM_BY_COUNT; i++)
    figure->columns[i] = (groups->by & 1u << i) != 0 ? g_strdup (columns[i]) : NULL;
  figure->meter = figure->columns[HM_BY_METER];
  figure->unit = g_strdup (cell->unit);
  figure->type = cell->type;
  return figure;
}

/* Columns that one bucket's cells differ in. */
#define OF_CELL (1u << HM_BY_DEVICE | 1u << HM_BY_METER)

static void
append_columns (HmGroups *groups, const char *const columns[HM_BY_COUNT], guint32 which)
{
  for (guint i = 0; i < HM_BY_COUNT; i++)
    if ((groups->by & which & 1u << i) != 0)
      append_key (groups->key, columns[i]);
}

/* One bucket; its key begins with what all of its cells have in common. */
typedef struct
{
  char text[N_TIMES][HM_MOMENT_MAX];
  const char *columns[HM_BY_COUNT];
  HmTime starts[HM_BY_COUNT];
  gsize common;
} Row;

static void
begin_row (HmGroups *groups, const HmBucket *bucket, Row *row)
{
  fill_columns (bucket, row->columns);
  fill_times (groups, bucket->grain, row->starts, row->text);
  for (guint i = 0; i < N_TIMES; i++)
    row->columns[HM_BY_HOUR + i] = row->text[i];
  g_string_truncate (groups->key, 0);
  append_columns (groups, row->columns, ~OF_CELL);
  row->common = groups->key->len;
}

static HmFigure *
figure_for (HmGroups *groups, Row *row, const HmCell *cell)
{
  HmFigure *figure;

  row->columns[HM_BY_DEVICE] = text_or_null (cell->device);
  row->columns[HM_BY_METER] = cell->meter;
  g_string_truncate (groups->key, row->common);
  append_columns (groups, row->columns, OF_CELL);
  append_key (groups->key, cell->unit);
  g_string_append_c (groups->key, (char)('0' + cell->type));
  figure = g_hash_table_lookup (groups->figures, groups->key->str);
  if (figure == NULL)
    {
      figure = new_figure (groups, cell, row->columns);
      memcpy (figure->starts, row->starts, sizeof row->starts);
      g_hash_table_insert (groups->figures, g_strdup (groups->key->str), figure);
    }
  return figure;
}

static gboolean
add_cell (HmGroups *groups, HmFigure *figure, const HmBucket *bucket, const HmCell *cell, GError **error)
{
  if (__builtin_add_overflow (figure->quantity, cell->quantity, &figure->quantity))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                   "the sum of %s does not fit 128 bits; ask for a shorter period", cell->meter);
      return FALSE;
    }
  figure->covered_ns += cell->covered_ns;
  figure->flags |= cell->flags;
  if (groups->keeps_range)
    add_range (figure, bucket, cell);
  return TRUE;
}

gboolean
hm_groups_add (HmGroups *groups, const HmBucket *bucket, GError **error)
{
  Row row = { .common = 0 };

  if (!check_grain (groups, bucket->grain, error))
    return FALSE;
  begin_row (groups, bucket, &row);
  for (guint i = 0; i < bucket->cells->len; i++)
    {
      const HmCell *cell = bucket->cells->pdata[i];

      if (groups->glob != NULL && !g_pattern_spec_match_string (groups->glob, cell->meter))
        continue;
      if (!add_cell (groups, figure_for (groups, &row, cell), bucket, cell, error))
        return FALSE;
    }
  return TRUE;
}

int
hm_figure_compare (const HmFigure *left, const HmFigure *right, HmBy by, const char *left_text,
                   const char *right_text)
{
  if (by >= HM_BY_HOUR)
    return (left->starts[by] > right->starts[by]) - (left->starts[by] < right->starts[by]);
  return g_strcmp0 (left_text, right_text);
}

static int
compare_figures (gconstpointer a, gconstpointer b)
{
  const HmFigure *left = *(HmFigure *const *)a, *right = *(HmFigure *const *)b;
  int order = 0;

  for (guint i = 0; i < HM_BY_COUNT && order == 0; i++)
    order = hm_figure_compare (left, right, i, left->columns[i], right->columns[i]);
  return order != 0 ? order : strcmp (left->unit, right->unit);
}

static int
compare_meters (const HmFigure *left, const HmFigure *right)
{
  int order = strcmp (left->meter, right->meter);

  if (order == 0)
    order = strcmp (left->unit, right->unit);
  return order != 0 ? order : (left->type > right->type) - (left->type < right->type);
}

static int
compare_sizes (gconstpointer a, gconstpointer b)
{
  const HmFigure *left = *(HmFigure *const *)a, *right = *(HmFigure *const *)b;
  int order = compare_meters (left, right);

  if (order == 0)
    order = (left->quantity < right->quantity) - (left->quantity > right->quantity);
  return order != 0 ? order : compare_figures (a, b);
}

void
hm_figures_top (GPtrArray *figures, guint n)
{
  const HmFigure *before = NULL;
  guint kept = 0, of_meter = 0;

  g_ptr_array_sort (figures, compare_sizes);
  for (guint i = 0; i < figures->len; i++)
    {
      HmFigure *figure = figures->pdata[i];

      of_meter = before != NULL && compare_meters (before, figure) == 0 ? of_meter + 1 : 1;
      before = figure;
      if (of_meter <= n)
        figures->pdata[kept++] = figure;
    }
  g_ptr_array_set_size (figures, (int)kept);
}

GPtrArray *
hm_groups_figures (HmGroups *groups)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer figure;

  g_hash_table_iter_init (&iter, groups->figures);
  while (g_hash_table_iter_next (&iter, NULL, &figure))
    g_ptr_array_add (list, figure);
  g_ptr_array_sort (list, compare_figures);
  return list;
}
