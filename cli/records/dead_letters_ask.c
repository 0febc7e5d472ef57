/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letters_ask: `hypermeter dead-letters replay` and `discard`. Nothing is changed here: a row says what is asked, and the collector, which
 * is the store's one writer, answers it. Without a collector it waits in the store for the next one. */
#include "cli/ask.h"
#include "cli/records/dead_letters.h"

static const HmColumn columns[]
    = { { "id", HM_COLUMN_COUNT }, { "request", HM_COLUMN_COUNT }, { "answer", HM_COLUMN_TEXT } };

typedef struct
{
  const HmCommand *command;
  const char *action;
  HmReading reading;
  HmAsk ask;
  char **words, *refused;
  gboolean all;
  GArray *letters; /* (element-type gint64) */
  HmOutput *output;
  guint denied;
} Asking;

static void
clear_asking (Asking *asking)
{
  hm_reading_clear (&asking->reading);
  hm_ask_clear (&asking->ask);
  g_strfreev (asking->words);
  g_free (asking->refused);
  g_clear_pointer (&asking->letters, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Asking, clear_asking)

/* -- the command line -- */

static gboolean
check_words (Asking *asking, GError **error)
{
  const char *missing = NULL;

  asking->letters = hm_letter_ids (asking->words, error);
  if (asking->letters == NULL)
    return FALSE;
  if (asking->all && asking->letters->len > 0)
    missing = "either ids or --all";
  else if (!asking->all && asking->letters->len == 0)
    missing = "which ones? Ids, or --all";
  else if (!asking->all
           && (asking->refused != NULL || asking->reading.from != NULL || asking->reading.to != NULL))
    missing = "--refused, --from and --to choose among --all";
  if (missing != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter %s --help'", missing,
                 asking->command->name);
  return missing == NULL && hm_ask_check (&asking->ask, error);
}

static gboolean
parse (Asking *asking, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[]
      = { { "all", 0, 0, G_OPTION_ARG_NONE, &asking->all, "All that nobody has decided on", NULL },
          { "refused", 0, 0, G_OPTION_ARG_STRING, &asking->refused,
            "With --all: those that were refused for this", "REASON" },
          HM_ASK_OPTIONS (&asking->ask),
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &asking->words, NULL, "[ID...]" },
          { NULL } };

  asking->reading.mode = HM_STORE_ASK;
  return hm_reading_parse (&asking->reading, asking->command, entries, argc, argv, error)
         && check_words (asking, error) && hm_letter_reason_check (asking->refused, error)
         && hm_reading_configure (&asking->reading, error)
         && hm_reading_connect (&asking->reading, asking->command, error);
}

/* -- which -- */

static gboolean
choose (const HmDeadLetter *row, gpointer user)
{
  Asking *asking = user;

  if (asking->refused == NULL || g_str_equal (asking->refused, row->reason))
    g_array_append_val (asking->letters, row->id);
  return TRUE;
}

static gboolean
note_there (const HmDeadLetter *row, gpointer user)
{
  gboolean *there = user;

  (void)row;
  *there = TRUE;
  return FALSE;
}

static gboolean
check_there (const Asking *asking, GError **error)
{
  const HmReading *r = &asking->reading;

  for (guint i = 0; i < asking->letters->len; i++)
    {
      gint64 id = g_array_index (asking->letters, gint64, i);
      gboolean there = FALSE;

      if (!r->ops->dead_letter_get (r->store, id, note_there, &there, error))
        return FALSE;
      if (there)
        continue;
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no dead letter %" G_GINT64_FORMAT, id);
      return FALSE;
    }
  return TRUE;
}

/* -- asking -- */

static gboolean
add_requests (Asking *asking, GError **error)
{
  for (guint i = 0; i < asking->letters->len; i++)
    if (!hm_ask_add (&asking->ask, &asking->reading, asking->action,
                     g_array_index (asking->letters, gint64, i), NULL, error))
      {
        g_prefix_error (error, "%u of %u asked: ", i, asking->letters->len);
        return FALSE;
      }
  return TRUE;
}

/* -- answers -- */

static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  Asking *asking = user;
  g_autofree char *letter = g_strdup_printf ("%" G_GINT64_FORMAT, row->subject);
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);

  if (row->result != NULL && !g_str_has_prefix (row->result, "accepted")
      && !g_str_has_prefix (row->result, "discarded"))
    asking->denied++;
  return hm_output_row (asking->output, (const char *[]){ letter, request, row->result });
}

static gboolean
ask (Asking *asking, GError **error)
{
  const HmReading *r = &asking->reading;
  gboolean shown;

  if (asking->all && !r->ops->list_dead_letters (r->store, &r->filter, choose, asking, error))
    return FALSE;
  if (!check_there (asking, error) || !add_requests (asking, error) || !hm_ask_wait (&asking->ask, r, error))
    return FALSE;
  asking->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (&asking->ask, r, show_request, asking, error);
  return hm_output_end (asking->output, shown, error) && hm_ask_check_answered (&asking->ask, error);
}

static int
run (const HmCommand *command, const char *action, int argc, char **argv, GError **error)
{
  g_auto (Asking) asking = { .command = command, .action = action };

  hm_ask_init (&asking.ask);
  return parse (&asking, argc, argv, error) && ask (&asking, error) && asking.denied == 0 ? 0 : 1;
}

/* -- the two -- */

static int
run_replay (int argc, char **argv, GError **error)
{
  return run (&hm_dead_letters_replay, "replay", argc, argv, error);
}

static int
run_discard (int argc, char **argv, GError **error)
{
  return run (&hm_dead_letters_discard, "discard", argc, argv, error);
}

#define STATUS                                                                                               \
  "\n"                                                                                                       \
  "Exit status: 0 done, 1 one was not, 64 wrong usage, 69 the store is not there, 75 not answered yet,\n"    \
  "78 configuration.\n"

const HmCommand hm_dead_letters_replay = {
  "dead-letters replay",
  "Asks the collector to take refused records after all: what they were refused for may be mended",
  "Examples:\n"
  "  hypermeter dead-letters replay 17 18\n"
  "  hypermeter dead-letters replay --all --refused bad-signature --from today\n" STATUS,
  HM_ASKS_PERIOD,
  run_replay,
};

const HmCommand hm_dead_letters_discard = {
  "dead-letters discard",
  "Asks the collector to put refused records aside; they stay, as evidence, until retention takes them",
  "Examples:\n"
  "  hypermeter dead-letters discard 17 18 --reason 'sent by a test'\n"
  "  hypermeter dead-letters discard --all --refused bad-json --to yesterday\n" STATUS,
  HM_ASKS_PERIOD,
  run_discard,
};
