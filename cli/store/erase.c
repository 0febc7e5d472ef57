/* SPDX-License-Identifier: Apache-2.0 */
/* erase: `hypermeter erase`. Asks the collector to erase the names of a project, a user or a resource from the descriptions that are stored: one
 * request per resource, each answered in the transaction that does it. */
#include "cli/ask.h"
#include "cli/store/erase.h"
#include "cli/store/shadow.h"
#include "metering/count.h"
#include "metering/json.h"

#include <string.h>

static const HmColumn columns[] = { { "resource", HM_COLUMN_TEXT },
                                    { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
                                    { "request", HM_COLUMN_COUNT },
                                    { "answer", HM_COLUMN_TEXT },
                                    { "dead_letters", HM_COLUMN_COUNT } };

typedef struct
{
  HmReading reading;
  HmAsk ask;
  gboolean dry_run, list;
  GPtrArray *names;    /* (element-type HmShadowName) */
  GHashTable *letters; /* (element-type utf8 guint) by resource */
  HmOutput *output;
  guint denied;
} Erase;

static void
clear_erase (Erase *erase)
{
  hm_reading_clear (&erase->reading);
  hm_ask_clear (&erase->ask);
  g_clear_pointer (&erase->names, g_ptr_array_unref);
  g_clear_pointer (&erase->letters, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Erase, clear_erase)

/* -- asking -- */

static gboolean
ask_for (Erase *erase, const HmShadowName *name, GError **error)
{
  const HmReading *r = &erase->reading;
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *target;
  gsize length;

  hm_json_begin_object (w);
  hm_json_set_text (w, "source", name->source);
  hm_json_set_text (w, "resource", name->resource);
  if (r->project != NULL)
    hm_json_set_text (w, "project", r->project);
  if (r->user != NULL)
    hm_json_set_text (w, "user", r->user);
  hm_json_end_object (w);
  target = hm_json_writer_finish (w, &length, error);
  return target != NULL && hm_ask_add (&erase->ask, r, "erase", 0, target, error);
}

static gboolean
ask_all (Erase *erase, GError **error)
{
  g_autofree char *resources = hm_count_print (erase->names->len, "resource");

  for (guint i = 0; i < erase->names->len; i++)
    if (!ask_for (erase, g_ptr_array_index (erase->names, i), error))
      {
        g_prefix_error (error, "%u of %u asked: ", i, erase->names->len);
        return FALSE;
      }
  g_printerr ("hypermeter erase: asks for %s\n", resources);
  return TRUE;
}

/* -- answers -- */

static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  Erase *erase = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autoptr (HmJson) target
      = row->target != NULL ? hm_json_parse (row->target, strlen (row->target), NULL) : NULL;
  const char *resource = hm_json_get_text (target, "resource");
  gpointer n = resource != NULL ? g_hash_table_lookup (erase->letters, resource) : NULL;
  g_autofree char *letters = g_strdup_printf ("%u", GPOINTER_TO_UINT (n));

  if (row->result != NULL && !g_str_has_prefix (row->result, "erased"))
    erase->denied++;
  return hm_output_row (erase->output, (const char *[]){ resource, hm_json_get_text (target, "source"),
                                                         request, row->result, letters });
}

static gboolean
show (Erase *erase, GError **error)
{
  gboolean shown;

  erase->output = hm_reading_output (&erase->reading, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (&erase->ask, &erase->reading, show_request, erase, error);
  return hm_output_end (erase->output, shown, error) && hm_ask_check_answered (&erase->ask, error);
}

/* -- the command -- */

static gboolean
check (const Erase *erase, GError **error)
{
  const HmReading *r = &erase->reading;
  const char *missing = NULL;

  if (erase->list)
    return TRUE;
  if (r->project == NULL && r->user == NULL && r->resource == NULL)
    missing = "whose names? --project, --user or --resource";
  else if (!erase->dry_run && (erase->ask.reason == NULL || *erase->ask.reason == '\0'))
    missing = "--reason: why, for whoever looks later";
  if (missing == NULL)
    return hm_ask_check (&erase->ask, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; see 'hypermeter erase --help'", missing);
  return FALSE;
}

static gboolean
find (Erase *erase, GError **error)
{
  erase->names = hm_shadow_names (&erase->reading, FALSE, error);
  if (erase->names == NULL || (erase->letters = hm_erase_letters (&erase->reading, error)) == NULL)
    return FALSE;
  if (erase->names->len == 0)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_GONE, "there is no such resource: nothing was asked for");
  return erase->names->len > 0;
}

static gboolean
answer (Erase *erase, GError **error)
{
  if (erase->list)
    return hm_erase_list (&erase->reading, error);
  if (!find (erase, error))
    return FALSE;
  if (erase->dry_run)
    return hm_erase_count (&erase->reading, erase->names, erase->letters, error);
  return ask_all (erase, error) && hm_ask_wait (&erase->ask, &erase->reading, error) && show (erase, error);
}

static gboolean
run_erase (Erase *erase, int argc, char **argv, GError **error)
{
  HmReading *r = &erase->reading;
  const GOptionEntry entries[]
      = { { "dry-run", 0, 0, G_OPTION_ARG_NONE, &erase->dry_run, "Only counts what would be erased", NULL },
          { "list", 'l', 0, G_OPTION_ARG_NONE, &erase->list, "Only lists what was erased so far", NULL },
          HM_ASK_OPTIONS (&erase->ask),
          { NULL } };

  if (!hm_reading_parse (r, &hm_command_erase, entries, argc, argv, error) || !check (erase, error))
    return FALSE;
  r->mode = erase->dry_run || erase->list ? HM_STORE_READ : HM_STORE_ASK;
  return hm_reading_configure (r, error) && hm_reading_connect (r, &hm_command_erase, error)
         && answer (erase, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Erase) erase = { .dry_run = FALSE };

  hm_ask_init (&erase.ask);
  erase.ask.shown_by = "erase --list";
  return run_erase (&erase, argc, argv, error) && erase.denied == 0 ? 0 : 1;
}

const HmCommand hm_command_erase = {
  "erase",
  "Asks the collector to erase the names of a person",
  "What people gave as names, or are called, goes from the descriptions of resources; ids, usage and what "
  "proves it\n"
  "stay, also when a resource is folded again. A description that comes later brings names again. With "
  "--project or\n"
  "--user of those records alone that are theirs. Dead letters are counted, and left as they are.\n"
  "\n"
  "Examples:\n"
  "  hypermeter erase --user 51f0 --dry-run\n"
  "  hypermeter erase --user 51f0 --reason 'asked for on 3 November'\n"
  "  hypermeter erase --resource 4f0c6a52 --reason 'a name that should not be there'\n"
  "  hypermeter erase --list\n"
  "\n"
  "Exit status: 0 done, 1 one was not, 64 wrong usage, 69 the store is not there, 75 not answered yet,\n"
  "78 configuration.\n",
  HM_ASKS_OWNER,
  run,
};
