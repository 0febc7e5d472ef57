/* SPDX-License-Identifier: Apache-2.0 */
/* meter_json: the meter table as a file, meters.json.
 *
 * Written by the build from the rows of all plugins, read by the collector at its start. A file is input like
 * any other: it is checked row by row and taken whole or not at all. */
#include "metering/meter.h"

#include <string.h>

#include "metering/error.h"
#include "metering/json.h"

#define FILE_MAX (4 * 1024 * 1024)

static void
write_meter (HmJsonWriter *w, const HmMeter *meter)
{
  hm_json_begin_object (w);
  hm_json_set_text (w, "name", meter->name);
  hm_json_set_text (w, "type", hm_meter_type_name (meter->type));
  hm_json_set_text (w, "unit", meter->unit);
  hm_json_set_text (w, "value", hm_value_type_name (meter->value));
  hm_json_set_text (w, "hold", hm_hold_name (meter->hold));
  hm_json_set_u64 (w, "wrap", meter->wrap);
  hm_json_set_text (w, "life", hm_life_name (meter->life));
  hm_json_set_text (w, "default", meter->off ? "off" : "on");
  hm_json_set_text (w, "help", meter->help);
  hm_json_end_object (w);
}

/* What hm_meter_check() passed can be written. (transfer full) */
static char *
finish (HmJsonWriter *w)
{
  gsize length;
  const char *text = hm_json_writer_finish (w, &length, NULL);

  g_assert (text != NULL);
  return g_strndup (text, length);
}

char *
hm_meter_to_json (const HmMeter *meter)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  write_meter (w, meter);
  return finish (w);
}

char *
hm_meter_table_to_json (const HmMeterTable *table)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (TRUE);
  g_autoptr (GPtrArray) list = hm_meter_table_list (table);

  hm_json_begin_object (w);
  hm_json_key (w, "meters");
  hm_json_begin_array (w);
  for (guint i = 0; i < list->len; i++)
    write_meter (w, g_ptr_array_index (list, i));
  hm_json_end_array (w);
  hm_json_end_object (w);
  return finish (w);
}

/* Fills @ret_meter, whose text stays @json's; FALSE when a member is missing or not one of its words. */
static gboolean
read_words (const HmJson *json, HmMeter *ret_meter)
{
  const char *switched = hm_json_get_text (json, "default");

  ret_meter->off = g_strcmp0 (switched, "off") == 0;
  return (ret_meter->off || g_strcmp0 (switched, "on") == 0)
         && hm_meter_type_parse (hm_json_get_text (json, "type"), &ret_meter->type)
         && hm_value_type_parse (hm_json_get_text (json, "value"), &ret_meter->value)
         && hm_hold_parse (hm_json_get_text (json, "hold"), &ret_meter->hold)
         && hm_life_parse (hm_json_get_text (json, "life"), &ret_meter->life);
}

/* NULL and *@ret_meter filled, or the reason why not. */
static char *
read_meter (const HmJson *json, HmMeter *ret_meter)
{
  guint64 wrap;

  ret_meter->name = hm_json_get_text (json, "name");
  ret_meter->unit = hm_json_get_text (json, "unit");
  ret_meter->help = hm_json_get_text (json, "help");
  if (!read_words (json, ret_meter) || !hm_json_get_u64 (json, "wrap", &wrap) || wrap > 64)
    return g_strdup ("type, value, hold, life, default or wrap is missing or wrong");
  ret_meter->wrap = (guint8)wrap;
  return hm_meter_check (ret_meter);
}

static gboolean
read_meters (HmMeterTable *table, const HmJson *json, const char *path, GError **error)
{
  const HmJson *meters = hm_json_at (json, "meters");

  if (meters == NULL || !hm_json_is_array (meters))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: there is no list \"meters\" in it", path);
      return FALSE;
    }
  for (guint i = 0; i < hm_json_size (meters); i++)
    {
      HmMeter meter = { 0 };
      g_autofree char *reason = read_meter (hm_json_element (meters, i), &meter);

      if (reason != NULL)
        {
          g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: meter number %u: %s", path, i + 1, reason);
          return FALSE;
        }
      if (!hm_meter_table_add (table, &meter, path, error))
        return FALSE;
    }
  return TRUE;
}

/* All of @from or nothing. Adding a name that is there never changes a table, so the first round only asks.
 */
static gboolean
merge (HmMeterTable *table, const HmMeterTable *from, const char *path, GError **error)
{
  g_autoptr (GPtrArray) list = hm_meter_table_list (from);

  for (guint i = 0; i < list->len; i++)
    {
      const HmMeter *meter = g_ptr_array_index (list, i);

      if (hm_meter_table_find (table, meter->name) != NULL && !hm_meter_table_add (table, meter, path, error))
        return FALSE;
    }
  for (guint i = 0; i < list->len; i++)
    if (!hm_meter_table_add (table, g_ptr_array_index (list, i), path, error))
      return FALSE;
  return TRUE;
}

static HmJson *
read_file (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  gsize length;
  HmJson *json = NULL;

  if (g_file_get_contents (path, &text, &length, &local))
    {
      if (length > FILE_MAX)
        g_set_error (&local, HM_ERROR, HM_ERROR_CONFIG, "it is larger than %d bytes", FILE_MAX);
      else
        json = hm_json_parse (text, length, &local);
    }
  if (json == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, local->message);
  return json;
}

gboolean
hm_meter_table_load (HmMeterTable *table, const char *path, GError **error)
{
  g_autoptr (HmJson) json = read_file (path, error);
  g_autoptr (HmMeterTable) fresh = hm_meter_table_new ();

  return json != NULL && read_meters (fresh, json, path, error) && merge (table, fresh, path, error);
}
