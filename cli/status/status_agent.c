/* SPDX-License-Identifier: Apache-2.0 */
/* status_agent: `hypermeter status agent`. How the agent of this host fares, as it says itself over its control socket.
 *
 * The answer's members are shown as they come: an object is lines of a table, a list of objects is a table of its own. A
 * key's end says the unit. So this file knows no figure by name, and shows those of a newer agent too. */
#include "cli/status/status_agent.h"

#include "cli/ask_agent.h"
#include "cli/table.h"

#include "metering/count.h"
#include "metering/unit.h"

#include <stdio.h>
#include <string.h>

#define DECIMALS   1
#define ASK_STATUS "{\"command\":\"status\"}"

static struct
{
  char *socket, *config, *format;
} own;

static const GOptionEntry entries[] = {
  { "socket", 0, 0, G_OPTION_ARG_FILENAME, &own.socket, "The agent's control socket", "PATH" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &own.config,
    "Agent's configuration to take the socket's place from", "FILE" },
  { "output", 'o', 0, G_OPTION_ARG_STRING, &own.format, "table, json, ndjson or csv", "FORM" },
  { NULL },
};

static const char examples[]
    = "Examples:\n"
      "  hypermeter status agent\n"
      "  hypermeter status agent --output json | jq .outbox.waiting\n"
      "\n"
      "Exit status: 0 done, 64 wrong usage, 69 no agent is there, 75 it does not answer\n"
      "now, 77 not permitted, 78 configuration.\n";

/* -- values -- */

/* Units by the end of a key. */
static const struct
{
  const char *end, *unit;
} units[] = { { "_ns", "ns" }, { "_bytes", "B" }, { "_kib", "KiB" } };

/* (nullable) The unit of the key's value; *@ret_length: of the key without its end. */
static const HmUnit *
unit_of (const char *key, gsize *ret_length)
{
  *ret_length = strlen (key);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_has_suffix (key, units[i].end))
      {
        *ret_length -= strlen (units[i].end);
        return hm_unit_find (units[i].unit);
      }
  return NULL;
}

/* "late_last_ns" → "late last" (transfer full) */
static char *
name_for_people (const char *key)
{
  gsize length;
  char *name;

  unit_of (key, &length);
  name = g_strndup (key, length);
  return g_strdelimit (name, "_", ' ');
}

/* Text or a number as it came; NULL for nothing. (transfer none) (nullable) */
static const char *
text_of (const HmJson *value)
{
  const char *text = hm_json_get_text (value, NULL);

  if (text == NULL)
    return hm_json_get_number (value, NULL);
  return *text != '\0' ? text : NULL;
}

/* (transfer full) (nullable) */
static char *
value_for_people (const char *key, const HmJson *value)
{
  gsize length;
  const HmUnit *unit = unit_of (key, &length), *best;
  char number[HM_NUMBER_MAX];
  guint64 amount;

  if (text_of (value) == NULL)
    return NULL;
  if (unit == NULL || !hm_json_get_u64 (value, NULL, &amount))
    return g_strdup (text_of (value));
  best = hm_unit_for_people (unit, amount);
  hm_unit_convert (amount, 0, unit, best, best == unit ? 0 : DECIMALS, number);
  return g_strdup_printf ("%s %s", number, best->name);
}

/* -- a table for people -- */

static void
show_object (HmOutput *output, const char *part, const HmJson *object)
{
  for (guint i = 0; i < hm_json_size (object); i++)
    {
      const char *key = hm_json_member (object, i);
      g_autofree char *name = name_for_people (key);
      g_autofree char *what = g_strdup_printf ("%s %s", part, name);
      g_autofree char *value = value_for_people (key, hm_json_element (object, i));

      hm_output_row (output, (const char *[]){ what, value });
    }
}

static gboolean
show_objects (const HmJson *answer, GError **error)
{
  static const HmColumn columns[] = { { "what", HM_COLUMN_TEXT }, { "value", HM_COLUMN_TEXT } };
  HmOutput *output = hm_output_new (HM_OUTPUT_TABLE, columns, G_N_ELEMENTS (columns), 0);

  for (guint i = 0; i < hm_json_size (answer); i++)
    if (hm_json_is_object (hm_json_element (answer, i)))
      show_object (output, hm_json_member (answer, i), hm_json_element (answer, i));
  return hm_output_end (output, TRUE, error);
}

static void
show_item (HmOutput *output, const HmJson *first, const HmJson *item)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < hm_json_size (first); i++)
    {
      const char *key = hm_json_member (first, i);

      g_ptr_array_add (cells, value_for_people (key, hm_json_at (item, key)));
    }
  hm_output_row (output, (const char *const *)cells->pdata);
}

static HmColumnType
column_type (const char *key, const HmJson *value)
{
  gsize length;

  return hm_json_get_number (value, NULL) != NULL && unit_of (key, &length) == NULL ? HM_COLUMN_COUNT
                                                                                    : HM_COLUMN_TEXT;
}

static gboolean
show_list (const HmJson *list, GError **error)
{
  const HmJson *first = hm_json_element (list, 0);
  guint n_columns = hm_json_size (first);
  g_autofree HmColumn *columns = g_new0 (HmColumn, n_columns + 1);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  HmOutput *output;

  for (guint i = 0; i < n_columns; i++)
    {
      g_ptr_array_add (names, name_for_people (hm_json_member (first, i)));
      columns[i].name = names->pdata[i];
      columns[i].type = column_type (hm_json_member (first, i), hm_json_element (first, i));
      columns[i].grouped = columns[i].type == HM_COLUMN_COUNT;
    }
  output = hm_output_new (HM_OUTPUT_TABLE, columns, n_columns, 0);
  for (guint i = 0; i < hm_json_size (list); i++)
    show_item (output, first, hm_json_element (list, i));
  return hm_output_end (output, TRUE, error);
}

static gboolean
show_table (const HmJson *answer, GError **error)
{
  if (!show_objects (answer, error))
    return FALSE;
  for (guint i = 0; i < hm_json_size (answer); i++)
    {
      const HmJson *list = hm_json_element (answer, i);

      if (!hm_json_is_array (list) || !hm_json_is_object (hm_json_element (list, 0)))
        continue;
      putchar ('\n');
      if (!show_list (list, error))
        return FALSE;
    }
  return TRUE;
}

/* -- forms for programs -- */

static void
show_csv_part (HmOutput *output, const char *part, const char *name, const HmJson *object)
{
  for (guint i = 0; i < hm_json_size (object); i++)
    hm_output_row (output, (const char *[]){ part, name, hm_json_member (object, i),
                                             text_of (hm_json_element (object, i)) });
}

static gboolean
show_csv (const HmJson *answer, GError **error)
{
  static const HmColumn columns[] = { { "part", HM_COLUMN_TEXT },
                                      { "name", HM_COLUMN_TEXT },
                                      { "what", HM_COLUMN_TEXT },
                                      { "value", HM_COLUMN_TEXT } };
  HmOutput *output = hm_output_new (HM_OUTPUT_CSV, columns, G_N_ELEMENTS (columns), 0);

  for (guint i = 0; i < hm_json_size (answer); i++)
    {
      const HmJson *part = hm_json_element (answer, i);
      const char *name = hm_json_member (answer, i);

      if (hm_json_is_object (part))
        show_csv_part (output, name, NULL, part);
      for (guint j = 0; hm_json_is_array (part) && j < hm_json_size (part); j++)
        show_csv_part (output, name, text_of (hm_json_element (hm_json_element (part, j), 0)),
                       hm_json_element (part, j));
    }
  return hm_output_end (output, TRUE, error);
}

/* The agent's answer is a line of JSON already. */
static gboolean
show_line (const char *line, GError **error)
{
  if (puts (line) >= 0 && fflush (stdout) == 0)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_CREATE, "standard output could not be written");
  return FALSE;
}

/* -- the command -- */

static gboolean
parse (int argc, char **argv, HmOutputFormat *ret_format, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) local = NULL;

  g_set_prgname ("hypermeter status agent");
  g_option_context_set_summary (context, "How the agent of this host fares");
  g_option_context_set_description (context, examples);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter status agent --help'", local->message);
  else if (argc > 1)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "'%s' is not expected here; see 'hypermeter status agent --help'", argv[1]);
  else if (own.format != NULL && !hm_output_format_parse (own.format, ret_format))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--output: '%s' is none of table, json, ndjson, csv",
                 own.format);
  else
    return TRUE;
  return FALSE;
}

gboolean
hm_status_show (HmOutputFormat format, const char *line, const HmJson *answer, GError **error)
{
  if (format == HM_OUTPUT_TABLE)
    return show_table (answer, error);
  return format == HM_OUTPUT_CSV ? show_csv (answer, error) : show_line (line, error);
}

int
hm_status_agent (int argc, char **argv, GError **error)
{
  HmOutputFormat format = HM_OUTPUT_TABLE;
  g_autofree char *socket = NULL, *line = NULL;
  g_autoptr (HmJson) answer = NULL;

  if (!parse (argc, argv, &format, error))
    return 1;
  socket = hm_agent_socket (own.socket, own.config, error);
  if (socket == NULL)
    return 1;
  answer = hm_agent_ask (socket, ASK_STATUS, &line, error);
  return answer != NULL && hm_status_show (format, line, answer, error) ? 0 : 1;
}

char *
hm_status_agent_brief (void)
{
  g_autofree char *socket = hm_agent_socket (NULL, NULL, NULL), *line = NULL, *up = NULL, *id = NULL,
                  *records = NULL;
  g_autoptr (HmJson) answer = socket != NULL ? hm_agent_ask (socket, ASK_STATUS, &line, NULL) : NULL;
  guint64 waiting = 0;

  if (answer == NULL)
    return NULL;
  id = hm_text_clean (hm_json_get_text (answer, "agent.id"), HM_ID_MAX, NULL);
  up = value_for_people ("uptime_ns", hm_json_at (answer, "agent.uptime_ns"));
  hm_json_get_u64 (answer, "outbox.waiting", &waiting);
  records = hm_count_print (waiting, "record");
  return g_strdup_printf ("%s, up %s, %s waiting", id, up, records);
}
