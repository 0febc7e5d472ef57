/* SPDX-License-Identifier: Apache-2.0 */
/* recompute: `hypermeter recompute`. Asks the collector to make the usage of resources anew from their stored records; each is replaced in one
 * transaction, and the answer says what has changed. */
#include "cli/ask.h"
#include "cli/store/shadow.h"
#include "metering/count.h"
#include "metering/json.h"

#include <string.h>

static const HmColumn columns[] = { { "resource", HM_COLUMN_TEXT },
                                    { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
                                    { "request", HM_COLUMN_COUNT },
                                    { "answer", HM_COLUMN_TEXT } };

typedef struct
{
  HmReading reading;
  HmAsk ask;
  gboolean all;
  HmOutput *output;
  guint denied;
} Recomputing;

/* -- asking -- */

static gboolean
ask_for (Recomputing *recomputing, const HmShadowName *name, GError **error)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *target;
  gsize length;

  hm_json_begin_object (w);
  hm_json_set_text (w, "source", name->source);
  hm_json_set_text (w, "resource", name->resource);
  hm_json_end_object (w);
  target = hm_json_writer_finish (w, &length, error);
  return target != NULL
         && hm_ask_add (&recomputing->ask, &recomputing->reading, "recompute", 0, target, error);
}

static gboolean
ask_all (Recomputing *recomputing, GError **error)
{
  g_autoptr (GPtrArray) names = hm_shadow_names (&recomputing->reading, FALSE, error);
  g_autofree char *resources = names != NULL ? hm_count_print (names->len, "resource") : NULL;

  for (guint i = 0; names != NULL && i < names->len; i++)
    if (!ask_for (recomputing, g_ptr_array_index (names, i), error))
      {
        g_prefix_error (error, "%u of %u asked: ", i, names->len);
        return FALSE;
      }
  if (names != NULL && names->len == 0)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_GONE, "there is no such resource: nothing was asked for");
  else if (names != NULL)
    g_printerr ("hypermeter recompute: asks for %s\n", resources);
  return names != NULL && names->len > 0;
}

/* -- answers -- */

static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  Recomputing *recomputing = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autoptr (HmJson) target
      = row->target != NULL ? hm_json_parse (row->target, strlen (row->target), NULL) : NULL;

  if (row->result != NULL && !g_str_has_prefix (row->result, "recomputed"))
    recomputing->denied++;
  return hm_output_row (recomputing->output,
                        (const char *[]){ target != NULL ? hm_json_get_text (target, "resource") : NULL,
                                          target != NULL ? hm_json_get_text (target, "source") : NULL,
                                          request, row->result });
}

static gboolean
show (Recomputing *recomputing, GError **error)
{
  gboolean shown;

  recomputing->output = hm_reading_output (&recomputing->reading, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (&recomputing->ask, &recomputing->reading, show_request, recomputing, error);
  return hm_output_end (recomputing->output, shown, error)
         && hm_ask_check_answered (&recomputing->ask, error);
}

/* -- the command -- */

/* Everything is asked for in so many words. */
static gboolean
check (const Recomputing *recomputing, GError **error)
{
  const HmReading *r = &recomputing->reading;
  gboolean chosen = r->source != NULL || r->project != NULL || r->user != NULL || r->resource != NULL;
  const char *missing = NULL;

  if (recomputing->ask.reason == NULL || *recomputing->ask.reason == '\0')
    missing = "--reason: why, for whoever looks later";
  else if (chosen == recomputing->all)
    missing = "which resources? --resource, --project, --user, --source; or --all";
  if (missing == NULL)
    return hm_ask_check (&recomputing->ask, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter recompute --help'", missing);
  return FALSE;
}

static gboolean
recompute (Recomputing *recomputing, int argc, char **argv, GError **error)
{
  HmReading *r = &recomputing->reading;
  const GOptionEntry entries[]
      = { { "all", 0, 0, G_OPTION_ARG_NONE, &recomputing->all, "All resources", NULL },
          HM_ASK_OPTIONS (&recomputing->ask),
          { NULL } };

  r->mode = HM_STORE_ASK;
  return hm_reading_parse (r, &hm_command_recompute, entries, argc, argv, error) && check (recomputing, error)
         && hm_reading_configure (r, error) && hm_reading_connect (r, &hm_command_recompute, error)
         && ask_all (recomputing, error) && hm_ask_wait (&recomputing->ask, r, error)
         && show (recomputing, error);
}

static int
run (int argc, char **argv, GError **error)
{
  Recomputing recomputing = { 0 };
  gboolean done;

  hm_ask_init (&recomputing.ask);
  done = recompute (&recomputing, argc, argv, error);
  hm_ask_clear (&recomputing.ask);
  hm_reading_clear (&recomputing.reading);
  return done && recomputing.denied == 0 ? 0 : 1;
}

const HmCommand hm_command_recompute = {
  "recompute",
  "Asks the collector to make usage anew from the stored records",
  "Each resource is replaced in one transaction, from the oldest record that is kept on; the answer says "
  "what\n"
  "has changed. With --project those that have used something of it between --from and --to.\n"
  "\n"
  "Examples:\n"
  "  hypermeter recompute --resource 4f0c6a52 --reason 'restored from a backup'\n"
  "  hypermeter recompute --project 9b1c --from this-month --reason 'a meter was mended'\n"
  "  hypermeter recompute --all --no-wait --reason 'after an upgrade'\n"
  "\n"
  "Exit status: 0 done, 1 one was not, 64 wrong usage, 69 the store is not there, 75 not answered yet,\n"
  "78 configuration.\n",
  HM_ASKS_PERIOD | HM_ASKS_STEPS | HM_ASKS_OWNER,
  run,
};
