/* SPDX-License-Identifier: Apache-2.0 */
/* table: see table.h. */
#include "cli/table.h"

#include <string.h>

#define TEXT_COLUMNS_MAX 64

/* Bytes at the start of @text that take @columns at most; *@ret_width: what they take. */
static gsize
measure (const char *text, guint columns, guint *ret_width)
{
  const char *p = text;
  guint width = 0;

  while (*p != '\0')
    {
      gunichar c = g_utf8_get_char (p);
      guint more = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;

      if (more > columns - width)
        break;
      width += more;
      p += g_utf8_skip[*(const guchar *)p];
    }
  *ret_width = width;
  return (gsize)(p - text);
}

guint
hm_text_width (const char *text)
{
  guint width;

  measure (text, G_MAXUINT, &width);
  return width;
}

char *
hm_group_thousands (const char *decimal)
{
  const char *digits = decimal + strcspn (decimal, "0123456789");
  gsize whole = strspn (digits, "0123456789");
  GString *out = g_string_new_len (decimal, digits - decimal);

  for (gsize i = 0; i < whole; i++)
    {
      if (i > 0 && (whole - i) % 3 == 0)
        g_string_append_c (out, ',');
      g_string_append_c (out, digits[i]);
    }
  g_string_append (out, digits + whole);
  return g_string_free (out, FALSE);
}

char *
hm_span_print (HmInt128 ns)
{
  static const struct
  {
    gint64 seconds;
    char name;
  } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
  HmInt128 seconds = ns / HM_NSEC_PER_SEC;
  char first[HM_NUMBER_MAX];
  g_autofree char *grouped = NULL;
  guint i = 0;

  if (seconds <= 0)
    return g_strdup (ns > 0 ? "<1s" : "0s");
  while (seconds < units[i].seconds)
    i++;
  hm_int128_print (seconds / units[i].seconds, 0, first);
  grouped = hm_group_thousands (first);
  seconds %= units[i].seconds;
  if (i + 1 == G_N_ELEMENTS (units) || seconds < units[i + 1].seconds)
    return g_strdup_printf ("%s%c", grouped, units[i].name);
  return g_strdup_printf ("%s%c %d%c", grouped, units[i].name, (int)(seconds / units[i + 1].seconds),
                          units[i + 1].name);
}

/* -- cells -- */

/* (transfer full) */
static char *
shorten (const char *text)
{
  guint width;

  if (hm_text_width (text) <= TEXT_COLUMNS_MAX)
    return g_strdup (text);
  return g_strdup_printf ("%.*s…", (int)measure (text, TEXT_COLUMNS_MAX - 1, &width), text);
}

/* "2026-01-31T21:30:00.000000000Z", as much of it as the column is about. */
/* "+01:00" of "2026-01-31T21:30:00.000000000+01:00", else "Z". */
static const char *
zone_of (const char *text)
{
  const char *zone = strpbrk (text + MIN (strlen (text), strlen ("2026-01-31T")), "+-");

  return zone != NULL ? zone : "Z";
}

static char *
show_time (HmColumnType type, const char *text)
{
  static const guint8 lengths[] = { [HM_COLUMN_TIME] = strlen ("2026-01-31T21:30:00"),
                                    [HM_COLUMN_HOUR] = strlen ("2026-01-31T21:30"),
                                    [HM_COLUMN_DAY] = strlen ("2026-01-31"),
                                    [HM_COLUMN_MONTH] = strlen ("2026-01") };
  char *shown = g_strndup (text, lengths[type]);
  char *zoned;

  g_strdelimit (shown, "T", ' ');
  if (type == HM_COLUMN_DAY || type == HM_COLUMN_MONTH)
    return shown;
  zoned = g_strconcat (shown, zone_of (text), NULL);
  g_free (shown);
  return zoned;
}

static char *
show_cell (const HmColumn *column, const char *cell, gboolean last)
{
  g_autofree char *clean = NULL;

  if (cell == NULL || *cell == '\0')
    return g_strdup (column->type == HM_COLUMN_LIST ? "" : "-");
  clean = hm_text_clean (cell, G_MAXUINT16, NULL);
  if (column->type >= HM_COLUMN_TIME && column->type <= HM_COLUMN_MONTH)
    return show_time (column->type, clean);
  if (column->grouped)
    return hm_group_thousands (clean);
  return column->type == HM_COLUMN_TEXT && !last ? shorten (clean) : g_steal_pointer (&clean);
}

static guint
last_shown (const HmColumn *columns, guint n_columns)
{
  while (n_columns > 1 && columns[n_columns - 1].machine_only)
    n_columns--;
  return n_columns - 1;
}

char **
hm_table_row (const HmColumn *columns, guint n_columns, const char *const *cells)
{
  char **row = g_new0 (char *, n_columns + 1);
  guint last = last_shown (columns, n_columns);

  for (guint i = 0; i < n_columns; i++)
    row[i] = columns[i].machine_only ? g_strdup ("") : show_cell (&columns[i], cells[i], i == last);
  return row;
}

/* -- lines -- */

static gsize
fraction_length (const char *number)
{
  const char *point = strchr (number, '.');

  return point != NULL ? strlen (point) : 0;
}

/* Blanks behind each number until the points stand below each other. */
static void
align_points (GPtrArray *rows, guint column)
{
  gsize widest = 0;

  for (guint r = 0; r < rows->len; r++)
    widest = MAX (widest, fraction_length (((char **)rows->pdata[r])[column]));
  for (guint r = 0; r < rows->len; r++)
    {
      char **cell = (char **)rows->pdata[r] + column;
      char *padded = g_strdup_printf ("%s%*s", *cell, (int)(widest - fraction_length (*cell)), "");

      g_free (*cell);
      *cell = padded;
    }
}

static char **
new_heading (const HmColumn *columns, guint n_columns)
{
  char **heading = g_new0 (char *, n_columns + 1);

  for (guint i = 0; i < n_columns; i++)
    heading[i] = columns[i].heading != NULL ? g_strdup (columns[i].heading)
                                            : g_strdelimit (g_ascii_strup (columns[i].name, -1), "_", ' ');
  return heading;
}

static gboolean
is_right (HmColumnType type)
{
  return type == HM_COLUMN_NUMBER || type == HM_COLUMN_COUNT;
}

static void
append_line (GString *out, const HmColumn *columns, guint n_columns, char *const *cells, const guint *widths)
{
  gboolean first = TRUE;

  for (guint i = 0; i < n_columns; i++)
    {
      int pad = (int)(widths[i] - hm_text_width (cells[i]));

      if (columns[i].machine_only)
        continue;
      g_string_append_printf (out, "%s%*s%s%*s", first ? "" : "  ", is_right (columns[i].type) ? pad : 0, "",
                              cells[i], is_right (columns[i].type) ? 0 : pad, "");
      first = FALSE;
    }
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

char *
hm_table_print (const HmColumn *columns, guint n_columns, GPtrArray *rows)
{
  g_auto (GStrv) heading = new_heading (columns, n_columns);
  g_autofree guint *widths = g_new0 (guint, n_columns);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n_columns; i++)
    {
      if (columns[i].type == HM_COLUMN_NUMBER)
        align_points (rows, i);
      widths[i] = hm_text_width (heading[i]);
      for (guint r = 0; r < rows->len; r++)
        widths[i] = MAX (widths[i], hm_text_width (((char **)rows->pdata[r])[i]));
    }
  append_line (out, columns, n_columns, heading, widths);
  for (guint r = 0; r < rows->len; r++)
    append_line (out, columns, n_columns, rows->pdata[r], widths);
  return g_string_free (out, FALSE);
}
