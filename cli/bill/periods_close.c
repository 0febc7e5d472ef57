/* SPDX-License-Identifier: Apache-2.0 */
/* periods_close: `hypermeter periods close`. The collector does it; here it is asked, and its answer is waited for. */
#include "cli/ask.h"
#include "cli/bill/periods.h"

#include "metering/json.h"

/* All of a month is read and written. */
#define CLOSE_WAIT_S 300

typedef struct
{
  HmReading reading;
  HmAsk ask;
  char **words, *zone;
  gboolean accept, accept_unrolled, accept_gap, corrections;
  HmOutput *output;
  gboolean denied;
} Closing;

static void
clear_closing (Closing *closing)
{
  hm_reading_clear (&closing->reading);
  hm_ask_clear (&closing->ask);
  g_strfreev (closing->words);
  g_free (closing->zone);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Closing, clear_closing)

static const HmColumn columns[] = { { "request", HM_COLUMN_COUNT }, { "answer", HM_COLUMN_TEXT } };

/* (transfer full) */
static char *
target_of (const Closing *closing, GError **error)
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  hm_json_begin_object (json);
  if (!closing->corrections)
    {
      hm_json_set_text (json, "name", closing->words[0]);
      hm_json_set_text (json, "zone", closing->zone != NULL ? closing->zone : "UTC");
    }
  hm_json_set_text (json, "accept", closing->accept ? "yes" : "no");
  if (closing->accept_unrolled)
    hm_json_set_text (json, "accept-unrolled", "yes");
  if (closing->accept_gap)
    hm_json_set_text (json, "accept-gap", "yes");
  hm_json_end_object (json);
  text = hm_json_writer_finish (json, &length, error);
  return g_strdup (text);
}

static gboolean
check_words (const Closing *closing, GError **error)
{
  guint n = closing->words != NULL ? g_strv_length (closing->words) : 0;
  const char *wrong = NULL;

  if (n > 1 || (n == 0) != closing->corrections)
    wrong = "one period, such as 2026-10, or --corrections";
  else if (closing->corrections && closing->zone != NULL)
    wrong = "--zone: of which period?";
  if (wrong != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter periods close --help'", wrong);
  return wrong == NULL;
}

static gboolean
parse (Closing *closing, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[]
      = { { "zone", 'z', 0, G_OPTION_ARG_STRING, &closing->zone,
            "Time zone of the period, e.g. Europe/Berlin; default: UTC", "ZONE" },
          { "accept-missing", 0, 0, G_OPTION_ARG_NONE, &closing->accept,
            "Though not all that was sent is stored; the statement names what is missing", NULL },
          { "accept-unrolled", 0, 0, G_OPTION_ARG_NONE, &closing->accept_unrolled,
            "Though days of it are not rolled up: what is used then is billed without evidence", NULL },
          { "accept-gap", 0, 0, G_OPTION_ARG_NONE, &closing->accept_gap,
            "Though time between it and another closed period is left out of all statements", NULL },
          { "corrections", 0, 0, G_OPTION_ARG_NONE, &closing->corrections,
            "Close no period, only correct those that were closed", NULL },
          HM_ASK_OPTIONS_WAIT (&closing->ask, G_STRINGIFY (CLOSE_WAIT_S)),
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &closing->words, NULL, "[PERIOD]" },
          { NULL } };

  closing->ask.wait_s = CLOSE_WAIT_S;
  closing->ask.shown_by = "periods list";
  closing->reading.mode = HM_STORE_ASK;
  return hm_reading_parse (&closing->reading, &hm_periods_close, entries, argc, argv, error)
         && check_words (closing, error) && hm_ask_check (&closing->ask, error)
         && hm_reading_configure (&closing->reading, error)
         && hm_reading_connect (&closing->reading, &hm_periods_close, error);
}

static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  Closing *closing = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);

  closing->denied |= row->result != NULL && g_str_has_prefix (row->result, "not done");
  return hm_output_row (closing->output, (const char *[]){ request, row->result });
}

/* What can be seen to be wrong is said here, at once. */
static gboolean
check_period (const Closing *closing, GError **error)
{
  const HmClock *clock = hm_clock_system ();
  char end[HM_TIME_TEXT_MAX];
  HmTime from, to;

  if (closing->corrections)
    return TRUE;
  if (!hm_period_times (&closing->reading, closing->words[0], closing->zone, &from, &to, error))
    return FALSE;
  if (to <= clock->wall (clock))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s is not over: it ends at %s", closing->words[0],
               hm_moment_print (to, end));
  return FALSE;
}

static gboolean
close_period (Closing *closing, GError **error)
{
  HmReading *r = &closing->reading;
  g_autofree char *target = NULL;
  gboolean shown;

  if (!check_period (closing, error))
    return FALSE;
  target = target_of (closing, error);
  if (target == NULL || !hm_ask_add (&closing->ask, r, "close", 0, target, error)
      || !hm_ask_wait (&closing->ask, r, error))
    return FALSE;
  closing->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (&closing->ask, r, show_request, closing, error);
  return hm_output_end (closing->output, shown, error) && hm_ask_check_answered (&closing->ask, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Closing) closing = { 0 };

  hm_ask_init (&closing.ask);
  return parse (&closing, argc, argv, error) && close_period (&closing, error) && !closing.denied ? 0 : 1;
}

const HmCommand hm_periods_close = {
  "periods close",
  "Asks the collector to close a period by a statement, and to correct those that were closed",
  "Examples:\n"
  "  hypermeter periods close 2026-10 --zone Europe/Berlin --author billing@example.org\n"
  "  hypermeter periods close 2026-10 --accept-missing --reason 'node-3 was lost'\n"
  "  hypermeter periods close --corrections\n"
  "\n"
  "Exit status: 0 closed, 1 not yet, or not at all: the answer says why, 64 wrong usage, 69 the\n"
  "store is not there, 75 asked and not answered yet: it is in the store, do not ask again,\n"
  "78 configuration.\n",
  0,
  run,
};
