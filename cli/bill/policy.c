/* SPDX-License-Identifier: Apache-2.0 */
/* policy: `hypermeter policy`: what holds for all records from a time on. list, and set, which is asked of the collector. */
#include "cli/ask.h"
#include "collector/usage/policy.h"
#include "metering/json.h"

#include <string.h>

static const HmColumn columns[] = {
  { "from", HM_COLUMN_TIME },   { "unknown", HM_COLUMN_TEXT }, { "network_limit", HM_COLUMN_TEXT },
  { "author", HM_COLUMN_TEXT }, { "made", HM_COLUMN_TIME },
};

static const HmColumn answer_columns[] = { { "request", HM_COLUMN_COUNT }, { "answer", HM_COLUMN_TEXT } };

/* -- list -- */

static gboolean
show_policy (const HmPolicyRow *row, gpointer output)
{
  char from[HM_TIME_TEXT_MAX], made[HM_TIME_TEXT_MAX];
  g_autofree char *limit = row->network_limit != 0 ? hm_policy_limit_print (row->network_limit) : NULL;

  return hm_output_row (output, (const char *[]){ hm_moment_print (row->from, from),
                                                  hm_policy_unknown_name (row->hold), limit, row->author,
                                                  hm_moment_print (row->made, made) });
}

static int
list (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  HmOutput *output;
  gboolean listed;

  if (!hm_reading_open (&r, &hm_command_policy, NULL, argc, argv, error))
    return 1;
  output = hm_reading_output (&r, columns, G_N_ELEMENTS (columns));
  listed = r.ops->list_policies (r.store, show_policy, output, error);
  return hm_output_end (output, listed, error) ? 0 : 1;
}

/* -- set -- */

static const HmCommand policy_set;

typedef struct
{
  HmReading reading;
  HmAsk ask;
  char *begin, *unknown, *limit; /* as they were written */
  HmTime from;
  gboolean hold;
  guint64 network_limit;
  HmOutput *output;
  gboolean denied;
} Setting;

static void
clear_setting (Setting *setting)
{
  hm_reading_clear (&setting->reading);
  hm_ask_clear (&setting->ask);
  g_free (setting->begin);
  g_free (setting->unknown);
  g_free (setting->limit);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setting, clear_setting)

static gboolean
check_words (Setting *setting, GError **error)
{
  if (setting->unknown == NULL && setting->limit == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                         "what is to be set? --unknown, --network-limit; see 'hypermeter policy set --help'");
  else if (setting->unknown != NULL && !hm_policy_unknown_parse (setting->unknown, &setting->hold))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--unknown: '%s' is none of none, hold", setting->unknown);
  else if (setting->limit != NULL && !hm_policy_limit_parse (setting->limit, &setting->network_limit))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "--network-limit: '%s' is no rate; write 10Gbit, 100Mbit, or 0 for none", setting->limit);
  else
    return hm_ask_check (&setting->ask, error);
  return FALSE;
}

static gboolean
take_latest (const HmPolicyRow *row, gpointer user)
{
  Setting *setting = user;

  if (row->from > setting->from)
    return TRUE;
  if (setting->unknown == NULL)
    setting->hold = row->hold;
  if (setting->limit == NULL)
    setting->network_limit = row->network_limit;
  return TRUE;
}

/* From the earliest moment on where none is said; what is not said stays as it is then. */
static gboolean
complete (Setting *setting, GError **error)
{
  const HmReading *r = &setting->reading;
  const HmClock *clock = hm_clock_system ();
  HmTime now = clock->wall (clock);
  gint64 grain = r->ops->grain (r->store);

  setting->from = hm_policy_earliest (now, grain);
  if (setting->begin != NULL
      && !hm_moment_parse (setting->begin, now, grain, "--from", &setting->from, error))
    return FALSE;
  return r->ops->list_policies (r->store, take_latest, setting, error);
}

/* (transfer full) */
static char *
target_of (const Setting *setting)
{
  g_autoptr (HmJsonWriter) writer = hm_json_writer_new (FALSE);
  char from[HM_TIME_TEXT_MAX];
  const char *text;
  gsize length;

  hm_time_print (setting->from, from);
  hm_json_begin_object (writer);
  hm_json_set_text (writer, "from", from);
  hm_json_set_text (writer, "unknown", hm_policy_unknown_name (setting->hold));
  hm_json_set_u64 (writer, "network_limit", setting->network_limit);
  hm_json_end_object (writer);
  text = hm_json_writer_finish (writer, &length, NULL);
  return g_strndup (text != NULL ? text : "", text != NULL ? length : 0);
}

static gboolean
show_answer (const HmRequestRow *row, gpointer user)
{
  Setting *setting = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);

  setting->denied = row->result != NULL && g_str_has_prefix (row->result, "not done");
  return hm_output_row (setting->output, (const char *[]){ request, row->result });
}

static gboolean
ask (Setting *setting, GError **error)
{
  const HmReading *r = &setting->reading;
  g_autofree char *target = NULL;
  gboolean shown;

  if (!complete (setting, error))
    return FALSE;
  target = target_of (setting);
  if (!hm_ask_add (&setting->ask, r, "policy", 0, target, error) || !hm_ask_wait (&setting->ask, r, error))
    return FALSE;
  setting->output = hm_reading_output (r, answer_columns, G_N_ELEMENTS (answer_columns));
  shown = hm_ask_visit (&setting->ask, r, show_answer, setting, error);
  return hm_output_end (setting->output, shown, error) && hm_ask_check_answered (&setting->ask, error);
}

static int
set (int argc, char **argv, GError **error)
{
  g_auto (Setting) setting = { .reading = { .mode = HM_STORE_ASK } };
  HmReading *r = &setting.reading;
  const GOptionEntry entries[]
      = { { "from", 0, 0, G_OPTION_ARG_STRING, &setting.begin,
            "For records from this moment on; default: as soon as it may hold", "T" },
          { "unknown", 0, 0, G_OPTION_ARG_STRING, &setting.unknown,
            "A gauge's value over time that nobody knows of: none, hold", "WORD" },
          { "network-limit", 0, 0, G_OPTION_ARG_STRING, &setting.limit,
            "What one interface can carry, e.g. 10Gbit; more is held out; 0: not known", "RATE" },
          HM_ASK_OPTIONS (&setting.ask),
          { NULL } };

  hm_ask_init (&setting.ask);
  return hm_reading_parse (r, &policy_set, entries, argc, argv, error) && check_words (&setting, error)
                 && hm_reading_configure (r, error) && hm_reading_connect (r, &policy_set, error)
                 && ask (&setting, error) && !setting.denied
             ? 0
             : 1;
}

static const HmCommand policy_set = {
  "policy set",
  "Asks the collector to heed something from a time on; what was counted before stays",
  "Examples:\n"
  "  hypermeter policy set --network-limit 10Gbit\n"
  "  hypermeter policy set --unknown hold --from 2027-01\n"
  "\n"
  "Exit status: 0 done, 1 it was not, 64 wrong usage, 69 the store is not there, 75 not answered yet,\n"
  "78 configuration.\n",
  0,
  set,
};

/* -- the command -- */

static int
run (int argc, char **argv, GError **error)
{
  const char *word = argc > 1 && argv[1][0] != '-' ? argv[1] : "list";
  int named = argc > 1 && argv[1] == word ? 1 : 0;

  if (g_str_equal (word, "list"))
    return list (argc - named, argv + named, error);
  if (g_str_equal (word, "set"))
    return set (argc - named, argv + named, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is none of list, set; see 'hypermeter policy --help'",
               word);
  return 1;
}

const HmCommand hm_command_policy = {
  "policy",
  "What holds for all records from a time on, and who said so",
  "Subcommands:\n"
  "  list           all that was set; the same as no subcommand\n"
  "  set            asks the collector to heed something from a time on\n"
  "\n"
  "Examples:\n"
  "  hypermeter policy\n"
  "  hypermeter policy set --network-limit 10Gbit\n" HM_READING_STATUS,
  0,
  run,
};
