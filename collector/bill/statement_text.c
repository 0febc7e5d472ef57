/* SPDX-License-Identifier: Apache-2.0 */
/* statement_text: lines of statements as text. The canonical form, of which a statement keeps the hash, is what an export as NDJSON holds: so
 * sha256sum proves one with the other. A change here would be another form: the test holds it to the byte. */
#include "collector/bill/statement.h"

#include <stdio.h>
#include <stdlib.h>

#include "metering/csv.h"
#include "metering/json.h"

#define SECONDS_SCALE 9

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

char *
hm_flags_to_text (guint32 flags)
{
  const char *names[HM_FLAG_COUNT + 1];
  guint n = 0;

  for (guint bit = 0; bit < HM_FLAG_COUNT; bit++)
    if ((flags & 1u << bit) != 0)
      names[n++] = hm_flag_name (bit);
  qsort (names, n, sizeof names[0], compare_names);
  names[n] = NULL;
  return g_strjoinv (",", (char **)(guintptr)names);
}

HmLineText
hm_line_text (const HmStatementLine *line)
{
  HmLineText text = { .has_quantity = line->quantity != 0 || (line->flags & HM_FLAG_INEXACT) == 0,
                      .is_adjusted = line->adjustment != 0 };
  hm_int128_print (line->number, 0, text.statement);
  hm_int128_print (line->line, 0, text.line);
  hm_int128_print (line->quantity, line->type == HM_GAUGE ? SECONDS_SCALE : 0, text.quantity);
  hm_int128_print (line->covered_ns, SECONDS_SCALE, text.covered_seconds);
  hm_int128_print (line->adjustment, 0, text.adjustment);
  text.unit = line->type == HM_GAUGE ? g_strconcat (line->unit, ".s", NULL) : g_strdup (line->unit);
  text.flags = hm_flags_to_text (line->flags);
  return text;
}

void
hm_line_text_clear (HmLineText *text)
{
  g_free (text->unit);
  g_free (text->flags);
}

static void
set_part (HmJsonWriter *json, const char *key, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  hm_json_set_text (json, key, *text != '\0' ? valid : NULL);
}

static void
write_flags (HmJsonWriter *json, const char *flags)
{
  g_auto (GStrv) names = g_strsplit (flags, ",", -1);

  hm_json_key (json, "flags");
  hm_json_begin_array (json);
  for (guint i = 0; names[i] != NULL; i++)
    hm_json_text (json, names[i]);
  hm_json_end_array (json);
}

char *
hm_statement_line_to_json (const HmStatementLine *line, GError **error)
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  g_auto (HmLineText) text = hm_line_text (line);
  const char *bytes;
  gsize length;

  hm_json_begin_object (json);
  hm_json_set_i64 (json, "statement", line->number);
  hm_json_set_i64 (json, "line", line->line);
  set_part (json, "source", line->source);
  set_part (json, "project", line->project);
  set_part (json, "user", line->user);
  set_part (json, "resource", line->resource);
  set_part (json, "device", line->device);
  set_part (json, "meter", line->meter);
  set_part (json, "type", hm_meter_type_name (line->type));
  set_part (json, "unit", text.unit);
  hm_json_set_text (json, "quantity", text.has_quantity ? text.quantity : NULL);
  hm_json_set_text (json, "covered_seconds", text.covered_seconds);
  write_flags (json, text.flags);
  hm_json_set_text (json, "adjustment", text.is_adjusted ? text.adjustment : NULL);
  hm_json_end_object (json);
  bytes = hm_json_writer_finish (json, &length, error);
  return bytes != NULL ? g_strconcat (bytes, "\n", NULL) : NULL;
}

/* -- CSV -- */

const char *
hm_statement_csv_header (void)
{
  return "statement,line,source,project,user,resource,device,meter,type,unit,quantity,covered_seconds,flags,"
         "adjustment\r\n";
}

char *
hm_statement_line_to_csv (const HmStatementLine *line)
{
  g_auto (HmLineText) text = hm_line_text (line);
  const char *const cells[] = { text.statement,
                                text.line,
                                line->source,
                                line->project,
                                line->user,
                                line->resource,
                                line->device,
                                line->meter,
                                hm_meter_type_name (line->type),
                                text.unit,
                                text.has_quantity ? text.quantity : "",
                                text.covered_seconds,
                                text.flags,
                                text.is_adjusted ? text.adjustment : "" };
  GString *row = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      if (i > 0)
        g_string_append_c (row, ',');
      hm_csv_append (row, cells[i]);
    }
  g_string_append (row, "\r\n");
  return g_string_free (row, FALSE);
}
