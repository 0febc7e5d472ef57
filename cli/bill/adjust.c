/* SPDX-License-Identifier: Apache-2.0 */
/* adjust: `hypermeter adjust`. Adds something to the next bill, or takes something from it, under somebody's name and for a reason. The collector reads what is
 * asked, and judges it; `--list` shows what was adjusted so far. */
#include "cli/bill/adjust.h"
#include "cli/store/shadow.h"
#include "collector/bill/adjustment.h"
#include "metering/json.h"

typedef struct
{
  HmReading reading;
  HmAsk ask;
  char *device, *meter, *unit, *quantity, *id;
  gboolean list;
  HmOutput *output;
  gboolean denied;
} Adjust;

static void
clear_adjust (Adjust *adjust)
{
  hm_reading_clear (&adjust->reading);
  hm_ask_clear (&adjust->ask);
  g_free (adjust->device);
  g_free (adjust->meter);
  g_free (adjust->unit);
  g_free (adjust->quantity);
  g_free (adjust->id);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Adjust, clear_adjust)

static const char *
or_nothing (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

/* -- asking -- */

static const HmColumn columns[] = { { "request", HM_COLUMN_COUNT }, { "answer", HM_COLUMN_TEXT } };

/* (transfer full) */
static char *
target_of (const Adjust *adjust, GError **error)
{
  const HmReading *r = &adjust->reading;
  const char *const members[][2]
      = { { "source", r->source },     { "project", r->project },        { "user", r->user },
          { "resource", r->resource }, { "device", adjust->device },     { "meter", adjust->meter },
          { "unit", adjust->unit },    { "quantity", adjust->quantity }, { "id", adjust->id } };
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  hm_json_begin_object (json);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i][1] != NULL)
      hm_json_set_text (json, members[i][0], members[i][1]);
  hm_json_end_object (json);
  text = hm_json_writer_finish (json, &length, error);
  return g_strdup (text);
}

static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  Adjust *adjust = user;
  g_autofree char *request = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);

  adjust->denied |= row->result != NULL && g_str_has_prefix (row->result, "not done");
  return hm_output_row (adjust->output, (const char *[]){ request, row->result });
}

/* What can be seen to be wrong is said at once. A meter that is not known here may be known to the collector, which judges. */
static gboolean
check_quantity (Adjust *adjust, GError **error)
{
  const HmMeter *meter;
  HmInt128 quantity;

  meter = hm_shadow_meters (&adjust->reading, NULL)
              ? hm_meter_table_find (adjust->reading.table, adjust->meter)
              : NULL;
  return meter == NULL
         || hm_quantity_read (adjust->quantity, adjust->unit, meter->type, meter->unit, &quantity, error);
}

/* What was asked for under that id is waited for, not asked for again. */
static gboolean
ask_once (Adjust *adjust, const char *target, GError **error)
{
  gboolean known = FALSE;

  if (adjust->id != NULL
      && !hm_adjust_find (&adjust->ask, &adjust->reading, adjust->id, target, &known, error))
    return FALSE;
  if (known)
    g_printerr ("hypermeter adjust: '%s' was asked for already\n", adjust->id);
  return known || hm_ask_add (&adjust->ask, &adjust->reading, "adjust", 0, target, error);
}

static gboolean
ask (Adjust *adjust, GError **error)
{
  const HmReading *r = &adjust->reading;
  g_autofree char *target = target_of (adjust, error);
  gboolean shown;

  if (target == NULL || !check_quantity (adjust, error) || !ask_once (adjust, target, error)
      || !hm_ask_wait (&adjust->ask, r, error))
    return FALSE;
  adjust->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  shown = hm_ask_visit (&adjust->ask, r, show_request, adjust, error);
  return hm_output_end (adjust->output, shown, error) && hm_ask_check_answered (&adjust->ask, error);
}

/* -- the command -- */

static gboolean
check_options (const Adjust *adjust, GError **error)
{
  const struct
  {
    const char *option, *given;
  } needed[] = { { "--project", adjust->reading.project },
                 { "--meter", adjust->meter },
                 { "--unit", adjust->unit },
                 { "--quantity", adjust->quantity },
                 { "--reason", adjust->ask.reason } };

  for (guint i = 0; !adjust->list && i < G_N_ELEMENTS (needed); i++)
    if (or_nothing (needed[i].given) == NULL)
      {
        g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s is needed; see 'hypermeter adjust --help'",
                     needed[i].option);
        return FALSE;
      }
  if (adjust->id != NULL && *adjust->id == '\0')
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "--id: is empty");
      return FALSE;
    }
  return hm_ask_check (&adjust->ask, error);
}

static gboolean
parse (Adjust *adjust, int argc, char **argv, GError **error)
{
  HmReading *r = &adjust->reading;
  const GOptionEntry entries[] = {
    { "source", 0, 0, G_OPTION_ARG_FILENAME, &r->source, "Site that is adjusted", "NAME" },
    { "project", 0, 0, G_OPTION_ARG_FILENAME, &r->project, "Project whose bill is adjusted", "ID" },
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &r->user, "User of it", "ID" },
    { "resource", 0, 0, G_OPTION_ARG_FILENAME, &r->resource, "Resource of it", "ID" },
    { "device", 0, 0, G_OPTION_ARG_FILENAME, &adjust->device, "Device of the resource", "ID" },
    { "meter", 'm', 0, G_OPTION_ARG_STRING, &adjust->meter, "Meter, as 'hypermeter meters' has it", "NAME" },
    { "unit", 'u', 0, G_OPTION_ARG_STRING, &adjust->unit,
      "Unit of the quantity, e.g. h, GiB, GiB.h; what it makes in the meter's own must be whole", "UNIT" },
    { "quantity", 'q', 0, G_OPTION_ARG_STRING, &adjust->quantity,
      "A decimal number with a sign: --quantity=-12.5 takes away", "N" },
    { "id", 0, 0, G_OPTION_ARG_FILENAME, &adjust->id,
      "A name of your own for this adjustment: asked for again, it is not made twice", "KEY" },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &adjust->list,
      "Show what was adjusted, and what was asked for and waits", NULL },
    HM_ASK_OPTIONS (&adjust->ask),
    { NULL }
  };

  if (!hm_reading_parse (&adjust->reading, &hm_command_adjust, entries, argc, argv, error)
      || !check_options (adjust, error))
    return FALSE;
  adjust->reading.mode = adjust->list ? HM_STORE_READ : HM_STORE_ASK;
  return hm_reading_configure (&adjust->reading, error)
         && hm_reading_connect (&adjust->reading, &hm_command_adjust, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Adjust) adjust = { 0 };

  hm_ask_init (&adjust.ask);
  adjust.ask.shown_by = "adjust --list";
  if (!parse (&adjust, argc, argv, error))
    return 1;
  return (adjust.list ? hm_adjust_list (&adjust.reading, error) : ask (&adjust, error)) && !adjust.denied ? 0
                                                                                                          : 1;
}

const HmCommand hm_command_adjust = {
  "adjust",
  "Adds to the next statement, or takes from it, with a reason and an author",
  "Examples:\n"
  "  hypermeter adjust --project 9b1c --meter cpu --unit h --quantity=-12.5 \\\n"
  "    --reason 'node-3 was slow' --author billing@example.org\n"
  "  hypermeter adjust --list --output csv\n"
  "\n"
  "Exit status: 0 done, 1 it was not, and the answer says why, 64 wrong usage, 69 the store is\n"
  "not there, 75 asked and not answered: do not ask again, it is in the store, and 'adjust --list'\n"
  "shows it when it is done, 78 configuration. With --id asking again is safe: of one id there is one\n"
  "adjustment, and whoever asks for it again is told that it is there.\n",
  HM_ASKS_LIMIT,
  run,
};
