/* SPDX-License-Identifier: Apache-2.0 */
/* periods_show: `hypermeter periods show`: what the statements of one closed period say, added up by project and meter. People get the units in which `hypermeter
 * usage` tells them its figures; forms for machines have the text of the statement. */
#include "cli/bill/periods.h"
#include "cli/table.h"
#include "cli/usage/quantity.h"
#include "collector/bill/periods.h"
#include "collector/bill/statement.h"
#include "metering/count.h"

static const HmColumn columns[] = {
  { "statement", HM_COLUMN_COUNT },
  { "project", HM_COLUMN_TEXT },
  { "meter", HM_COLUMN_TEXT },
  { "quantity", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "unit", HM_COLUMN_TEXT },
  { "covered_seconds", HM_COLUMN_NUMBER, .heading = "COVERED" },
  { "flags", HM_COLUMN_LIST },
  { "sha256", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "root", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "accepted", HM_COLUMN_TEXT, .machine_only = TRUE },
};

typedef struct
{
  HmReading reading;
  char *zone;
  GPtrArray *periods, *statements;
  HmOutput *output;
} Show;

static void
clear_show (Show *show)
{
  hm_reading_clear (&show->reading);
  g_free (show->zone);
  g_clear_pointer (&show->periods, g_ptr_array_unref);
  g_clear_pointer (&show->statements, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Show, clear_show)

/* -- one statement -- */

typedef struct
{
  HmStatementSum *sum;
  GError *failure;
} Adding;

/* Adjustments too: they are part of what is billed. */
static gboolean
add_line (const HmStatementLine *line, gpointer user)
{
  Adding *adding = user;
  HmStatementLine by_project = *line;

  by_project.source = by_project.user = by_project.resource = by_project.device = "";
  return hm_statement_sum_add_line (adding->sum, &by_project, &adding->failure);
}

static gboolean
put_line (HmOutput *output, const HmStatementRow *statement, const HmStatementLine *line,
          const HmLineText *text)
{
  return hm_output_row (
      output, (const char *[]){ text->statement, *line->project != '\0' ? line->project : NULL, line->meter,
                                text->has_quantity ? text->quantity : NULL, text->unit, text->covered_seconds,
                                text->flags, statement->sha256, statement->root, statement->missing });
}

/* @text of @line, as people read it: rounded where `hypermeter usage` rounds. */
static void
word_for_people (const HmStatementLine *line, HmLineText *text)
{
  static const HmQuantityStyle style = { .for_people = TRUE, .decimals = HM_DECIMALS_FOR_PEOPLE };
  const HmFigure figure = { .meter = line->meter,
                            .unit = (char *)(guintptr)line->unit,
                            .type = line->type,
                            .quantity = line->quantity,
                            .flags = line->flags };
  g_autofree char *span = hm_span_print (line->covered_ns);

  g_clear_pointer (&text->unit, g_free);
  text->has_quantity = hm_quantity_print (&figure, &style, text->quantity, &text->unit);
  g_strlcpy (text->covered_seconds, span, sizeof text->covered_seconds);
}

static gboolean
show_line (HmOutput *output, const HmStatementRow *statement, const HmStatementLine *line)
{
  g_auto (HmLineText) text = hm_line_text (line);

  if (hm_output_format (output) == HM_OUTPUT_TABLE)
    word_for_people (line, &text);
  return put_line (output, statement, line, &text);
}

static gboolean
show_statement (const Show *show, const HmStatementRow *statement, GError **error)
{
  const HmReading *r = &show->reading;
  g_autoptr (HmStatementSum) sum = hm_statement_sum_new ();
  g_autoptr (GPtrArray) lines = NULL;
  Adding adding = { sum, NULL };
  HmStoreFilter filter = r->filter;
  gboolean listed;

  filter.from = filter.to = HM_TIME_UNKNOWN;
  filter.number = statement->number;
  filter.limit = 0;
  listed = r->ops->list_lines (r->store, &filter, add_line, &adding, error);
  if (!listed || adding.failure != NULL)
    {
      if (listed)
        g_propagate_error (error, g_steal_pointer (&adding.failure));
      g_clear_error (&adding.failure);
      return FALSE;
    }
  lines = hm_statement_sum_lines (sum, statement->number, FALSE);
  for (guint i = 0; i < lines->len; i++)
    if (!show_line (show->output, statement, lines->pdata[i]))
      break;
  return TRUE;
}

/* Above a table: what else there is to say of it. The other forms have it in each row. */
static void
tell_statement (const Show *show, const HmStatementRow *statement)
{
  g_autofree char *lines = hm_count_print (statement->lines, "line");
  g_autofree char *records = hm_count_print (statement->records, "record");
  g_autofree char *missing
      = statement->missing != NULL ? hm_text_clean (statement->missing, G_MAXUINT16, NULL) : NULL;

  if (show->reading.output != HM_OUTPUT_TABLE)
    return;
  g_print ("Statement %" G_GINT64_FORMAT ": %s of %s\n"
           "  sha256    %s\n  root      %s\n  accepted  %s\n",
           statement->number, lines, records, statement->sha256, statement->root,
           missing != NULL ? missing : "-");
}

/* -- which -- */

static const HmPeriodRow *
find_period (const Show *show, const char *name, GError **error)
{
  g_autoptr (GString) zones = g_string_new (NULL);
  const HmPeriodRow *found = NULL;

  for (guint i = 0; i < show->periods->len; i++)
    {
      const HmPeriodRow *period = show->periods->pdata[i];

      if (!g_str_equal (period->name, name))
        continue;
      if (show->zone == NULL || g_str_equal (period->zone, show->zone))
        found = period;
      g_string_append_printf (zones, "%s%s", zones->len > 0 ? ", " : "", period->zone);
    }
  if (found == NULL && zones->len > 0)
    g_set_error (error, HM_ERROR, HM_ERROR_GONE, "no period '%.32s' of %s was closed, but of %s", name,
                 show->zone, zones->str);
  else if (found == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_GONE,
                 "no period '%.32s' was closed; 'hypermeter periods list' shows what there is", name);
  return found;
}

static gboolean
load (Show *show, GError **error)
{
  const HmReading *r = &show->reading;

  if (!hm_periods_check (r->ops, error))
    return FALSE;
  show->periods = hm_periods_load (r->ops, r->store, error);
  if (show->periods != NULL)
    show->statements = hm_statements_load (r->ops, r->store, error);
  return show->statements != NULL;
}

static gboolean
check_name (const Show *show, const char *name, GError **error)
{
  g_autoptr (HmCalendar) calendar = hm_calendar_new (show->zone != NULL ? show->zone : "UTC", error);
  HmTime from, to;

  return calendar != NULL && hm_calendar_parse (calendar, name, &from, &to, error);
}

static gboolean
show_period (Show *show, const char *name, GError **error)
{
  const HmPeriodRow *period;
  gboolean shown = TRUE;

  if (!check_name (show, name, error) || !load (show, error))
    return FALSE;
  period = find_period (show, name, error);
  if (period == NULL)
    return FALSE;
  show->output = hm_reading_output (&show->reading, columns, G_N_ELEMENTS (columns));
  for (guint i = 0; shown && i < show->statements->len; i++)
    {
      const HmStatementRow *statement = show->statements->pdata[i];

      if (statement->period != period->id)
        continue;
      tell_statement (show, statement);
      shown = show_statement (show, statement, error);
    }
  return hm_output_end (show->output, shown, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Show) show = { 0 };
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[]
      = { { "zone", 'z', 0, G_OPTION_ARG_STRING, &show.zone, "Of this time zone", "ZONE" },
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, "PERIOD" },
          { NULL } };

  if (!hm_reading_parse (&show.reading, &hm_periods_show, entries, argc, argv, error))
    return 1;
  if (words == NULL || g_strv_length (words) != 1)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                   "which period? One name, such as 2026-10; see 'hypermeter periods show --help'");
      return 1;
    }
  return hm_reading_configure (&show.reading, error)
                 && hm_reading_connect (&show.reading, &hm_periods_show, error)
                 && show_period (&show, words[0], error)
             ? 0
             : 1;
}

const HmCommand hm_periods_show = {
  "periods show",
  "What the statements of a closed period say, by project and meter",
  "In a table quantities are rounded and in the unit that reads best, as in 'hypermeter usage'; json, ndjson "
  "and\n"
  "csv have the exact text of the statement.\n"
  "\n"
  "Examples:\n"
  "  hypermeter periods show 2026-10\n"
  "  hypermeter periods show 2026-10 --zone Europe/Berlin --project 9b1c --output csv\n" HM_READING_STATUS,
  HM_ASKS_OWNER | HM_ASKS_LIMIT,
  run,
};
