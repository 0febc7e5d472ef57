/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letters_show: `hypermeter dead-letters show`: all that is known of one: as it came, why it was refused, what was decided and by
 * whom. */
#include "cli/records/dead_letters.h"

static const HmColumn columns[] = {
  { "id", HM_COLUMN_COUNT },        { "received", HM_COLUMN_TIME },   { "appended", HM_COLUMN_TIME },
  { "topic", HM_COLUMN_TEXT },      { "partition", HM_COLUMN_COUNT }, { "offset", HM_COLUMN_COUNT },
  { "reason", HM_COLUMN_TEXT },     { "detail", HM_COLUMN_TEXT },     { "key", HM_COLUMN_TEXT },
  { "key_base64", HM_COLUMN_TEXT }, { "ce_id", HM_COLUMN_TEXT },      { "signature", HM_COLUMN_TEXT },
  { "verified", HM_COLUMN_BOOL },   { "value", HM_COLUMN_TEXT },      { "value_base64", HM_COLUMN_TEXT },
  { "outcome", HM_COLUMN_TEXT },    { "settled", HM_COLUMN_TIME },    { "asked_for", HM_COLUMN_TEXT },
  { "asked", HM_COLUMN_TIME },      { "author", HM_COLUMN_TEXT },     { "why", HM_COLUMN_TEXT },
  { "answered", HM_COLUMN_TIME },   { "answer", HM_COLUMN_TEXT },
};

/* For people: a line each, and nothing twice. */
static const HmColumn lines[] = { { "field", HM_COLUMN_TEXT }, { "content", HM_COLUMN_TEXT } };

typedef struct
{
  gint64 id;
  HmOutput *output;
  gboolean found;
  /* The request that settled it; else the latest. (nullable) */
  char *action, *author, *why, *answer;
  HmTime asked, answered;
} Showing;

static void
clear_request (Showing *showing)
{
  g_free (showing->action);
  g_free (showing->author);
  g_free (showing->why);
  g_free (showing->answer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Showing, clear_request)

static gboolean
has_settled (const char *answer)
{
  return answer != NULL && (g_str_has_prefix (answer, "accepted") || g_str_has_prefix (answer, "discarded"));
}

static gboolean
note_request (const HmRequestRow *row, gpointer user)
{
  Showing *showing = user;

  if (row->subject != showing->id || has_settled (showing->answer))
    return TRUE;
  clear_request (showing);
  showing->action = g_strdup (row->action);
  showing->author = g_strdup (row->author);
  showing->why = g_strdup (row->reason);
  showing->answer = g_strdup (row->result);
  showing->asked = row->asked;
  showing->answered = row->done;
  return TRUE;
}

static const char *
moment (HmTime time, char buffer[HM_TIME_TEXT_MAX])
{
  return time != 0 ? hm_moment_print (time, buffer) : NULL;
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
    {
      gboolean twice = i > 0 && cells[i - 1] != NULL && g_str_has_suffix (columns[i].name, "_base64");

      if (cells[i] != NULL && !twice)
        hm_output_row (output, (const char *[]){ columns[i].name, cells[i] });
    }
}

static gboolean
show (const HmDeadLetter *row, gpointer user)
{
  Showing *showing = user;
  char received[HM_TIME_TEXT_MAX], appended[HM_TIME_TEXT_MAX], settled[HM_TIME_TEXT_MAX],
      asked[HM_TIME_TEXT_MAX], answered[HM_TIME_TEXT_MAX];
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autofree char *partition = g_strdup_printf ("%d", row->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, row->offset);
  g_autofree char *key = hm_letter_text (row->key, row->key_length);
  g_autofree char *key_base64 = row->key != NULL ? g_base64_encode (row->key, row->key_length) : NULL;
  g_autofree char *value = hm_letter_text (row->value, row->length);
  g_autofree char *value_base64 = g_base64_encode (row->value, row->length);

  showing->found = TRUE;
  put (showing->output, (const char *[]){ id,
                                          hm_moment_print (row->received, received),
                                          hm_moment_print (row->appended, appended),
                                          row->topic,
                                          partition,
                                          offset,
                                          row->reason,
                                          row->detail,
                                          key,
                                          key_base64,
                                          row->ce_id,
                                          row->signature,
                                          row->verified ? "yes" : "no",
                                          value,
                                          value_base64,
                                          row->outcome,
                                          moment (row->settled, settled),
                                          showing->action,
                                          moment (showing->asked, asked),
                                          showing->author,
                                          showing->why,
                                          moment (showing->answered, answered),
                                          showing->answer });
  return FALSE;
}

static gboolean
read_letter (const HmReading *r, Showing *showing, GError **error)
{
  if (!r->ops->list_requests (r->store, FALSE, note_request, showing, error)
      || !r->ops->dead_letter_get (r->store, showing->id, show, showing, error))
    return FALSE;
  if (!showing->found)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no dead letter %" G_GINT64_FORMAT, showing->id);
  return showing->found;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  g_auto (Showing) showing = { 0 };
  g_auto (GStrv) words = NULL;
  g_autoptr (GArray) ids = NULL;
  gboolean table, shown;
  const GOptionEntry entries[]
      = { { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, "ID" }, { NULL } };

  if (!hm_reading_parse (&r, &hm_dead_letters_show, entries, argc, argv, error))
    return 1;
  ids = hm_letter_ids (words, error);
  if (ids != NULL && ids->len != 1)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                         "which one? See 'hypermeter dead-letters show --help'");
  if (ids == NULL || ids->len != 1 || !hm_reading_configure (&r, error)
      || !hm_reading_connect (&r, &hm_dead_letters_show, error))
    return 1;
  showing.id = g_array_index (ids, gint64, 0);
  table = r.output == HM_OUTPUT_TABLE;
  showing.output = hm_reading_output (&r, table ? lines : columns,
                                      table ? G_N_ELEMENTS (lines) : G_N_ELEMENTS (columns));
  shown = read_letter (&r, &showing, error);
  return hm_output_end (showing.output, shown, error) ? 0 : 1;
}

const HmCommand hm_dead_letters_show = {
  "dead-letters show",
  "All that is known of one refused record",
  "Examples:\n"
  "  hypermeter dead-letters show 17\n"
  "  hypermeter dead-letters show 17 --output json | jq -r '.rows[0].value_base64' | base64 "
  "-d\n" HM_READING_STATUS,
  0,
  run,
};
