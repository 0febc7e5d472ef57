/* SPDX-License-Identifier: Apache-2.0 */
/* event_line: see event_line.h. Pure; on whatever thread writes lines. */
#include "metering/event_line.h"

static void
write_attributes (HmJsonWriter *json, const HmMessage *message, HmTime sent)
{
  char time[HM_TIME_TEXT_MAX];

  hm_time_print (message->time, time);
  hm_json_begin_object (json);
  hm_json_set_text (json, "specversion", "1.0");
  hm_json_set_text (json, "id", message->id);
  hm_json_set_text (json, "source", message->source);
  hm_json_set_text (json, "type", hm_record_schema (message->kind));
  hm_json_set_text (json, "subject", message->key);
  hm_json_set_text (json, "time", time);
  hm_json_set_text (json, "datacontenttype", "application/json");
  if (sent != HM_TIME_UNKNOWN)
    {
      hm_time_print (sent, time);
      hm_json_set_text (json, "hmsent", time);
    }
  if (message->signature != NULL)
    hm_json_set_text (json, "hmsignature", message->signature);
  hm_json_end_object (json);
}

gboolean
hm_event_line (HmJsonWriter *json, const HmMessage *message, HmTime sent, GString *line, GError **error)
{
  gsize length, data_length;
  const char *attributes, *data = g_bytes_get_data (message->value, &data_length);

  hm_json_writer_clear (json);
  write_attributes (json, message, sent);
  attributes = hm_json_writer_finish (json, &length, error);
  if (attributes == NULL)
    return FALSE;
  /* The object is reopened for `data`, whose bytes must stay as they are. */
  g_string_truncate (line, 0);
  g_string_append_len (line, attributes, (gssize)length - 1);
  g_string_append (line, ",\"data\":");
  g_string_append_len (line, data, (gssize)data_length);
  g_string_append (line, "}\n");
  return TRUE;
}
