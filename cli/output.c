/* SPDX-License-Identifier: Apache-2.0 */
/* output: see output.h. The forms for machines are written here, the one for people is laid out by table.c.
 */
#include "cli/table.h"
#include "metering/csv.h"

#include <stdio.h>
#include <string.h>

struct HmOutput
{
  HmOutputFormat format;
  const HmColumn *columns;
  guint n_columns;
  GPtrArray *rows; /* (element-type GStrv) of a table */
  HmJsonWriter *json;
  guint64 limit, written;
  gboolean failed; /* standard output does not take it */
};

gboolean
hm_output_format_parse (const char *name, HmOutputFormat *ret_format)
{
  static const char *const names[] = { "table", "json", "ndjson", "csv" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name, names[i]))
      {
        *ret_format = i;
        return TRUE;
      }
  return FALSE;
}

static void
put (HmOutput *output, const char *text, gsize length)
{
  if (fwrite (text, 1, length, stdout) != length)
    output->failed = TRUE;
}

static void
put_text (HmOutput *output, const char *text)
{
  put (output, text, strlen (text));
}

static void
put_csv_row (HmOutput *output, const char *const *cells)
{
  g_autoptr (GString) row = g_string_new (NULL);
  gboolean first = TRUE;

  for (guint i = 0; i < output->n_columns; i++)
    {
      const char *cell = cells != NULL ? cells[i] : output->columns[i].name;

      if (output->columns[i].people_only)
        continue;
      if (!first)
        g_string_append_c (row, ',');
      hm_csv_append (row, cell != NULL ? cell : "");
      first = FALSE;
    }
  g_string_append (row, "\r\n");
  put (output, row->str, row->len);
}

/* JSON is UTF-8, whatever a database holds. */
static void
write_text (HmJsonWriter *json, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  hm_json_text (json, valid);
}

static void
write_list (HmJsonWriter *json, const char *cell)
{
  g_auto (GStrv) words = g_strsplit (cell, ",", -1);

  hm_json_begin_array (json);
  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      hm_json_text (json, words[i]);
  hm_json_end_array (json);
}

static void
write_cell (HmJsonWriter *json, const HmColumn *column, const char *cell)
{
  guint64 count;

  hm_json_key (json, column->name);
  if (column->type == HM_COLUMN_LIST)
    write_list (json, cell != NULL ? cell : "");
  else if (cell == NULL)
    hm_json_null (json);
  else if (column->type == HM_COLUMN_COUNT
           && g_ascii_string_to_unsigned (cell, 10, 0, G_MAXUINT64, &count, NULL))
    hm_json_u64 (json, count);
  else if (column->type == HM_COLUMN_BOOL)
    hm_json_bool (json, g_str_equal (cell, "yes"));
  else
    write_text (json, cell);
}

static void
put_json_row (HmOutput *output, const char *const *cells)
{
  g_autoptr (GError) error = NULL;
  const char *text;
  gsize length;

  hm_json_writer_clear (output->json);
  hm_json_begin_object (output->json);
  for (guint i = 0; i < output->n_columns; i++)
    if (!output->columns[i].people_only)
      write_cell (output->json, &output->columns[i], cells[i]);
  hm_json_end_object (output->json);
  text = hm_json_writer_finish (output->json, &length, &error);
  if (text == NULL)
    {
      output->failed = TRUE;
      return;
    }
  if (output->format == HM_OUTPUT_JSON)
    put_text (output, output->written > 0 ? ",\n" : "\n");
  put (output, text, length);
  if (output->format == HM_OUTPUT_NDJSON)
    put_text (output, "\n");
}

HmOutput *
hm_output_new (HmOutputFormat format, const HmColumn *columns, guint n_columns, guint64 limit)
{
  HmOutput *output = g_new0 (HmOutput, 1);

  output->format = format;
  output->columns = columns;
  output->n_columns = n_columns;
  output->limit = limit > 0 ? limit : G_MAXUINT64;
  output->rows = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  output->json = hm_json_writer_new (FALSE);
  if (format == HM_OUTPUT_JSON)
    put_text (output, "{\"rows\":[");
  else if (format == HM_OUTPUT_CSV)
    put_csv_row (output, NULL);
  return output;
}

HmOutputFormat
hm_output_format (const HmOutput *output)
{
  return output->format;
}

gboolean
hm_output_row (HmOutput *output, const char *const *cells)
{
  if (output->written == output->limit)
    return FALSE;
  switch (output->format)
    {
    case HM_OUTPUT_TABLE:
      g_ptr_array_add (output->rows, hm_table_row (output->columns, output->n_columns, cells));
      break;
    case HM_OUTPUT_CSV:
      put_csv_row (output, cells);
      break;
    case HM_OUTPUT_JSON:
    case HM_OUTPUT_NDJSON:
      put_json_row (output, cells);
      break;
    }
  output->written++;
  return output->written < output->limit && !output->failed;
}

static void
put_end (HmOutput *output)
{
  g_autofree char *table = NULL;

  if (output->format == HM_OUTPUT_JSON)
    put_text (output, output->written > 0 ? "\n]}\n" : "]}\n");
  if (output->format != HM_OUTPUT_TABLE)
    return;
  if (output->rows->len == 0)
    {
      fputs ("nothing found\n", stderr);
      return;
    }
  table = hm_table_print (output->columns, output->n_columns, output->rows);
  put_text (output, table);
}

gboolean
hm_output_end (HmOutput *output, gboolean complete, GError **error)
{
  gboolean failed;

  if (complete)
    put_end (output);
  failed = fflush (stdout) != 0 || output->failed;
  g_ptr_array_unref (output->rows);
  hm_json_writer_free (output->json);
  g_free (output);
  if (failed && complete)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_CREATE, "standard output could not be written");
  return complete && !failed;
}
