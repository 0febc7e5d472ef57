/* SPDX-License-Identifier: Apache-2.0 */
/* meters: `hypermeter meters`. The shipped meters (meters.json) and those that other plugins' samples brought
 * into the store; `--units` lists the units that --unit takes. What is shipped can be told before anything
 * was collected, so only a store that was named has to be there. */
#include "cli/command.h"

static const HmColumn meter_columns[] = {
  { "meter", HM_COLUMN_TEXT }, { "type", HM_COLUMN_TEXT },    { "unit", HM_COLUMN_TEXT },
  { "value", HM_COLUMN_TEXT }, { "shipped", HM_COLUMN_BOOL }, { "default", HM_COLUMN_TEXT },
  { "help", HM_COLUMN_TEXT },
};

static const HmColumn unit_columns[] = { { "unit", HM_COLUMN_TEXT }, { "dimension", HM_COLUMN_TEXT } };

static gboolean
show_foreign (const HmMeterRow *row, gpointer user)
{
  return hm_output_row (user, (const char *[]){ row->name, hm_meter_type_name (row->type), row->unit,
                                                hm_value_type_name (row->value), "no", NULL, NULL });
}

static void
show_shipped (HmOutput *output, const HmMeterTable *table)
{
  g_autoptr (GPtrArray) list = hm_meter_table_list (table);

  for (guint i = 0; i < list->len; i++)
    {
      const HmMeter *meter = list->pdata[i];

      if (!hm_output_row (output, (const char *[]){ meter->name, hm_meter_type_name (meter->type),
                                                    meter->unit, hm_value_type_name (meter->value), "yes",
                                                    meter->off ? "off" : "on", meter->help }))
        return;
    }
}

static gboolean
show_units (const HmReading *r, GError **error)
{
  HmOutput *output = hm_reading_output (r, unit_columns, G_N_ELEMENTS (unit_columns));

  for (const HmUnit *unit = hm_unit_all (); unit->name != NULL; unit++)
    if (!hm_output_row (output, (const char *[]){ unit->name, unit->dimension }))
      break;
  return hm_output_end (output, TRUE, error);
}

/* The option, the configuration, the environment of an uninstalled tree, what is installed: in this order. */
static const char *
meters_file (const HmReading *r)
{
  const char *path = r->meters != NULL ? r->meters : g_getenv ("HYPERMETER_METERS");

  return path != NULL ? path : HM_PKGDATADIR "/meters.json";
}

static gboolean
connect (HmReading *r, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (hm_reading_connect (r, &hm_command_meters, &local))
    return TRUE;
  if (!r->found_store && g_error_matches (local, HM_ERROR, HM_ERROR_UNAVAILABLE))
    {
      g_printerr ("hypermeter meters: only the shipped ones: %s\n", local->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
show_meters (HmReading *r, GError **error)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  HmOutput *output;
  gboolean listed;

  if (!hm_reading_configure (r, error) || !hm_meter_table_load (table, meters_file (r), error)
      || !connect (r, error))
    return FALSE;
  output = hm_reading_output (r, meter_columns, G_N_ELEMENTS (meter_columns));
  show_shipped (output, table);
  listed = r->store == NULL || r->ops->list_meters (r->store, show_foreign, output, error);
  return hm_output_end (output, listed, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  gboolean units = FALSE;
  const GOptionEntry entries[]
      = { { "meters", 0, 0, G_OPTION_ARG_FILENAME, &r.meters, "Table of the shipped meters", "FILE" },
          { "units", 0, 0, G_OPTION_ARG_NONE, &units, "List the units that usage --unit takes", NULL },
          { NULL } };

  if (!hm_reading_parse (&r, &hm_command_meters, entries, argc, argv, error))
    return 1;
  return (units ? show_units (&r, error) : show_meters (&r, error)) ? 0 : 1;
}

const HmCommand hm_command_meters = {
  "meters",
  "What is measured: name, type, unit",
  "Examples:\n"
  "  hypermeter meters\n"
  "  hypermeter meters --units\n" HM_READING_STATUS,
  HM_ASKS_LIMIT,
  run,
};
