/* SPDX-License-Identifier: Apache-2.0 */
/* anomalies_decide: `hypermeter anomalies release`, `reject` and `rebase`. A decision is asked of the collector, which stores it and folds the resource
 * again, so it is heeded by every later fold too. */
#include "cli/bill/anomalies.h"
#include "cli/ask.h"
#include "collector/usage/decisions.h"
#include "metering/json.h"

#include <string.h>

static const HmColumn columns[]
    = { { "id", HM_COLUMN_TEXT }, { "request", HM_COLUMN_COUNT }, { "answer", HM_COLUMN_TEXT } };

typedef struct
{
  const HmCommand *command;
  HmDecision decision;
  HmReading reading;
  HmAsk ask;
  char **words;
  GHashTable *targets; /* (element-type utf8 utf8) of each id; NULL: not found yet */
  GError *failed;
  HmOutput *output;
  guint denied;
} Deciding;

static void
clear_deciding (Deciding *deciding)
{
  hm_reading_clear (&deciding->reading);
  hm_ask_clear (&deciding->ask);
  g_strfreev (deciding->words);
  g_clear_pointer (&deciding->targets, g_hash_table_unref);
  g_clear_error (&deciding->failed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Deciding, clear_deciding)

/* -- the command line -- */

static gboolean
check_words (const Deciding *deciding, GError **error)
{
  const char *missing = NULL;

  if (deciding->words == NULL)
    missing = "which ones? Ids";
  else if (deciding->ask.reason == NULL || *deciding->ask.reason == '\0')
    missing = "why? --reason";
  if (missing != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter %s --help'", missing,
                 deciding->command->name);
  return missing == NULL && hm_ask_check (&deciding->ask, error);
}

static gboolean
parse (Deciding *deciding, int argc, char **argv, GError **error)
{
  HmReading *r = &deciding->reading;
  const GOptionEntry entries[]
      = { HM_ASK_OPTIONS (&deciding->ask),
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &deciding->words, NULL, "ID..." },
          { NULL } };

  r->mode = HM_STORE_ASK;
  return hm_reading_parse (r, deciding->command, entries, argc, argv, error) && check_words (deciding, error)
         && hm_reading_configure (r, error) && hm_reading_connect (r, deciding->command, error);
}

/* -- which -- */

/* (transfer full) */
static char *
target_of (const HmHeldRow *row, const char *id)
{
  g_autoptr (HmJsonWriter) writer = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  hm_json_begin_object (writer);
  hm_json_set_text (writer, "source", row->source);
  hm_json_set_text (writer, "resource", row->resource);
  hm_json_set_text (writer, "held", id);
  hm_json_end_object (writer);
  text = hm_json_writer_finish (writer, &length, NULL);
  return g_strndup (text != NULL ? text : "", text != NULL ? length : 0);
}

static gboolean
note_target (const HmHeldRow *row, gpointer user)
{
  Deciding *deciding = user;
  char id[HM_HELD_ID_MAX];

  hm_held_id (row, id);
  if (deciding->failed != NULL || !g_hash_table_contains (deciding->targets, id))
    return TRUE;
  if (hm_decision_check (deciding->decision, row->flag, &deciding->failed))
    g_hash_table_insert (deciding->targets, g_strdup (id), target_of (row, id));
  else
    g_prefix_error (&deciding->failed, "%s: ", id);
  return TRUE;
}

static gboolean
find_targets (Deciding *deciding, GError **error)
{
  const HmReading *r = &deciding->reading;

  deciding->targets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (char **word = deciding->words; *word != NULL; word++)
    g_hash_table_insert (deciding->targets, g_strdup (*word), NULL);
  if (!r->ops->list_held (r->store, &r->filter, note_target, deciding, error))
    return FALSE;
  for (char **word = deciding->words; deciding->failed == NULL && *word != NULL; word++)
    if (g_hash_table_lookup (deciding->targets, *word) == NULL)
      g_set_error (&deciding->failed, HM_ERROR, HM_ERROR_USAGE, "no reading '%s' is held", *word);
  if (deciding->failed == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&deciding->failed));
  return FALSE;
}

/* -- asking -- */

static gboolean
add_requests (Deciding *deciding, GError **error)
{
  GHashTableIter iter;
  gpointer target;

  g_hash_table_iter_init (&iter, deciding->targets);
  while (g_hash_table_iter_next (&iter, NULL, &target))
    if (!hm_ask_add (&deciding->ask, &deciding->reading, hm_decision_name (deciding->decision), 0, target,
                     error))
      return FALSE;
  return TRUE;
}

static gboolean
show_answer (const HmRequestRow *row, gpointer user)
{
  Deciding *deciding = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autoptr (HmJson) target = NULL;

  if (row->target != NULL)
    target = hm_json_parse (row->target, strlen (row->target), NULL);
  if (row->result != NULL && g_str_has_prefix (row->result, "not done"))
    deciding->denied++;
  return hm_output_row (deciding->output,
                        (const char *[]){ hm_json_get_text (target, "held"), request, row->result });
}

static gboolean
decide (Deciding *deciding, GError **error)
{
  const HmReading *r = &deciding->reading;
  HmAsk *ask = &deciding->ask;
  gboolean shown;

  if (!find_targets (deciding, error) || !add_requests (deciding, error) || !hm_ask_wait (ask, r, error))
    return FALSE;
  deciding->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (ask, r, show_answer, deciding, error);
  return hm_output_end (deciding->output, shown, error) && hm_ask_check_answered (ask, error);
}

static int
run (const HmCommand *command, HmDecision decision, int argc, char **argv, GError **error)
{
  g_auto (Deciding) deciding = { .command = command, .decision = decision };

  hm_ask_init (&deciding.ask);
  return parse (&deciding, argc, argv, error) && decide (&deciding, error) && deciding.denied == 0 ? 0 : 1;
}

/* -- the three -- */

static int
run_release (int argc, char **argv, GError **error)
{
  return run (&hm_anomalies_release, HM_DECISION_RELEASE, argc, argv, error);
}

static int
run_reject (int argc, char **argv, GError **error)
{
  return run (&hm_anomalies_reject, HM_DECISION_REJECT, argc, argv, error);
}

static int
run_rebase (int argc, char **argv, GError **error)
{
  return run (&hm_anomalies_rebase, HM_DECISION_REBASE, argc, argv, error);
}

#define STATUS                                                                                               \
  "\n"                                                                                                       \
  "A later decision about the same reading stands; all of them are kept.\n"                                  \
  "\n"                                                                                                       \
  "Exit status: 0 done, 1 one was not, 64 wrong usage, 69 the store is not there, 75 not answered yet,\n"    \
  "78 configuration.\n"

const HmCommand hm_anomalies_release = {
  "anomalies release",
  "A reading that was held out as implausible was so: it counts",
  "Examples:\n"
  "  hypermeter anomalies release 7d865e959b246691 --reason 'a load test'\n" STATUS,
  0,
  run_release,
};

const HmCommand hm_anomalies_reject = {
  "anomalies reject",
  "A reading that was held out was not so: it never counts",
  "Examples:\n"
  "  hypermeter anomalies reject 7d865e959b246691 --reason 'the host counted wrong'\n" STATUS,
  0,
  run_reject,
};

const HmCommand hm_anomalies_rebase = {
  "anomalies rebase",
  "The counter began anew at a reading that was held out: it counts from there on",
  "Examples:\n"
  "  hypermeter anomalies rebase 7d865e959b246691 --reason 'the guest was restored'\n" STATUS,
  0,
  run_rebase,
};
