/* SPDX-License-Identifier: Apache-2.0 */
/* anomalies_show: `hypermeter anomalies show`: all that is known of one reading that is held out, and every decision about it: the last one stands. */
#include "cli/bill/anomalies.h"
#include "collector/usage/checkpoint.h"

#include <string.h>

static const HmColumn columns[] = {
  { "id", HM_COLUMN_TEXT },        { "kind", HM_COLUMN_TEXT },      { "source", HM_COLUMN_TEXT },
  { "resource", HM_COLUMN_TEXT },  { "device", HM_COLUMN_TEXT },    { "meter", HM_COLUMN_TEXT },
  { "type", HM_COLUMN_TEXT },      { "time", HM_COLUMN_TIME },      { "value", HM_COLUMN_NUMBER },
  { "base_time", HM_COLUMN_TIME }, { "base", HM_COLUMN_NUMBER },    { "amount", HM_COLUMN_NUMBER },
  { "unit", HM_COLUMN_TEXT },      { "agent", HM_COLUMN_TEXT },     { "epoch", HM_COLUMN_TEXT },
  { "seq", HM_COLUMN_COUNT },      { "life", HM_COLUMN_TEXT },      { "decision", HM_COLUMN_TEXT },
  { "reason", HM_COLUMN_TEXT },    { "author", HM_COLUMN_TEXT },    { "decided", HM_COLUMN_TIME },
  { "earlier", HM_COLUMN_TEXT },   { "decidable", HM_COLUMN_BOOL }, /* whether the collector would heed another decision */
};

/* For people: a line each. */
static const HmColumn lines[] = { { "field", HM_COLUMN_TEXT }, { "content", HM_COLUMN_TEXT } };

typedef struct
{
  HmReading reading;
  char **words;
  HmOutput *output;
  gboolean found;
  /* the latest decision, and those before it */
  char *source, *resource, *decision, *reason, *author;
  HmTime decided;
  GString *earlier;
  HmTime from; /* what is older cannot be folded again; HM_TIME_UNKNOWN: all can be */
  GError *error;
} Showing;

static void
clear_decision (Showing *showing)
{
  g_clear_pointer (&showing->decision, g_free);
  g_clear_pointer (&showing->reason, g_free);
  g_clear_pointer (&showing->author, g_free);
}

static void
clear_showing (Showing *showing)
{
  hm_reading_clear (&showing->reading);
  g_strfreev (showing->words);
  g_free (showing->source);
  g_free (showing->resource);
  clear_decision (showing);
  g_string_free (showing->earlier, TRUE);
  g_clear_error (&showing->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Showing, clear_showing)

static gboolean
is_asked_for (const Showing *showing, const HmHeldRow *row)
{
  char id[HM_HELD_ID_MAX];

  hm_held_id (row, id);
  return g_str_equal (id, showing->words[0]);
}

/* -- decisions -- */

static void
put_behind (Showing *showing)
{
  char when[HM_TIME_TEXT_MAX];

  if (showing->decision == NULL)
    return;
  hm_time_print (showing->decided, when);
  g_string_append_printf (showing->earlier, "%s%s by %s at %s: %s", showing->earlier->len > 0 ? "; " : "",
                          showing->decision, showing->author, when, showing->reason);
  clear_decision (showing);
}

static gboolean
note_decision (const HmDecisionRow *row, gpointer user)
{
  Showing *showing = user;
  const HmHeldRow about = { .source = row->source,
                            .resource = row->resource,
                            .agent = row->agent,
                            .epoch = row->epoch,
                            .seq = row->seq,
                            .device = row->device,
                            .meter = row->meter,
                            .sample_epoch = row->sample_epoch };

  if (!is_asked_for (showing, &about))
    return TRUE;
  put_behind (showing);
  showing->decision = g_strdup (hm_decision_name (row->decision));
  showing->reason = g_strdup (row->reason);
  showing->author = g_strdup (row->author);
  showing->decided = row->made;
  return TRUE;
}

/* -- the reading -- */

static gboolean
note_place (const HmHeldRow *row, gpointer user)
{
  Showing *showing = user;

  if (showing->found || !is_asked_for (showing, row))
    return TRUE;
  showing->found = TRUE;
  showing->source = g_strdup (row->source);
  showing->resource = g_strdup (row->resource);
  return TRUE;
}

static void
put (HmOutput *output, const char *const *cells)
{
  if (hm_output_format (output) != HM_OUTPUT_TABLE)
    {
      hm_output_row (output, cells);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    if (cells[i] != NULL)
      hm_output_row (output, (const char *[]){ columns[i].name, cells[i] });
}

static HmFoldState *
state_at_edge (const HmResourceRow *row, GError **error)
{
  g_autoptr (HmCheckpoint) checkpoint = NULL;

  if (row->checkpoint == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "resource %s has an edge and no checkpoint",
                   row->resource);
      return NULL;
    }
  checkpoint = hm_checkpoint_from_json (row->checkpoint, row->checkpoint_length, error);
  return checkpoint != NULL ? hm_fold_state_from_json (checkpoint->fold, strlen (checkpoint->fold), error)
                            : NULL;
}

/* As the collector sees it (engine_decide.c). */
static gboolean
note_edge (const HmResourceRow *row, gpointer user)
{
  Showing *showing = user;
  g_autoptr (HmFoldState) fold = NULL;

  if (row->edge == 0)
    return FALSE;
  fold = state_at_edge (row, &showing->error);
  if (fold != NULL)
    showing->from = hm_checkpoint_held_from (row->edge, fold);
  return FALSE;
}

static gboolean
load_edge (Showing *showing, GError **error)
{
  const HmReading *r = &showing->reading;

  if (!r->ops->resource_load (r->store, showing->source, showing->resource, note_edge, showing, error))
    return FALSE;
  if (showing->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&showing->error));
  return FALSE;
}

/* A decision counts by folding again. */
static gboolean
is_decidable (const Showing *showing, const HmHeldRow *row)
{
  char from[HM_TIME_TEXT_MAX];

  if (row->time >= showing->from)
    return TRUE;
  hm_time_print (showing->from, from);
  g_printerr ("hypermeter anomalies show: the raw records of that time are gone (before %s), so no decision "
              "about it is taken any more; "
              "an adjustment can put it right\n",
              from);
  return FALSE;
}

static gboolean
show_reading (const HmHeldRow *row, gpointer user)
{
  Showing *showing = user;
  HmHeldText text;
  char decided[HM_TIME_TEXT_MAX];
  g_autofree char *seq = g_strdup_printf ("%" G_GUINT64_FORMAT, row->seq);

  if (!is_asked_for (showing, row))
    return TRUE;
  hm_held_print (row, &text);
  put (showing->output,
       (const char *[]){ text.id,
                         text.kind,
                         row->source,
                         row->resource,
                         hm_text_or_null (row->device),
                         row->meter,
                         hm_meter_type_name (row->type),
                         text.time,
                         text.value,
                         hm_held_has_base (row) ? text.base_time : NULL,
                         hm_held_has_base (row) ? text.base : NULL,
                         hm_held_has_amount (row) ? text.amount : NULL,
                         row->unit,
                         row->agent,
                         row->epoch,
                         seq,
                         hm_text_or_null (row->sample_epoch),
                         showing->decision,
                         hm_text_or_null (showing->reason),
                         showing->author,
                         showing->decision != NULL ? hm_moment_print (showing->decided, decided) : NULL,
                         hm_text_or_null (showing->earlier->str),
                         is_decidable (showing, row) ? "yes" : "no" });
  return TRUE;
}

static gboolean
read_one (Showing *showing, GError **error)
{
  const HmReading *r = &showing->reading;
  HmStoreFilter filter = r->filter;

  if (!r->ops->list_held (r->store, &filter, note_place, showing, error))
    return FALSE;
  if (!showing->found)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "no reading '%s' is held", showing->words[0]);
      return FALSE;
    }
  filter.source = showing->source;
  filter.resource = showing->resource;
  return load_edge (showing, error)
         && r->ops->list_decisions (r->store, &filter, note_decision, showing, error)
         && r->ops->list_held (r->store, &filter, show_reading, showing, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Showing) showing = { .earlier = g_string_new (NULL), .from = HM_TIME_UNKNOWN };
  HmReading *r = &showing.reading;
  gboolean table, shown;
  const GOptionEntry entries[]
      = { { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &showing.words, NULL, "ID" }, { NULL } };

  if (!hm_reading_parse (r, &hm_anomalies_show, entries, argc, argv, error))
    return 1;
  if (showing.words == NULL || g_strv_length (showing.words) != 1)
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                           "which one? See 'hypermeter anomalies show --help'");
      return 1;
    }
  if (!hm_reading_configure (r, error) || !hm_reading_connect (r, &hm_anomalies_show, error))
    return 1;
  table = r->output == HM_OUTPUT_TABLE;
  showing.output
      = hm_reading_output (r, table ? lines : columns, table ? G_N_ELEMENTS (lines) : G_N_ELEMENTS (columns));
  shown = read_one (&showing, error);
  return hm_output_end (showing.output, shown, error) ? 0 : 1;
}

const HmCommand hm_anomalies_show = {
  "anomalies show",
  "All that is known of one reading that is held out, and what was decided",
  "Examples:\n"
  "  hypermeter anomalies show 7d865e959b246691\n" HM_READING_STATUS,
  0,
  run,
};
