/* SPDX-License-Identifier: Apache-2.0 */
/* message_line: one line of NDJSON → one notice. Everything in it is foreign and may be hostile: its length,
 * depth and text are checked by the reader (messages_file.c) and the JSON parser before anything is looked
 * at.
 *
 * Shapes: {"event_type": …, "payload": …} as the services write it, or the same as text in
 * {"oslo.version": "2.0", "oslo.message": "…"} as oslo.messaging sends it. */
#include "agent/messages/messages_file.h"

#include <string.h>

#include "metering/error.h"
#include "metering/json.h"

#define EVENT_TYPE_MAX 255

/* A key with a dot in it cannot be a path, so the members are walked. (nullable) */
static const HmJson *
find_member (const HmJson *object, const char *key)
{
  for (guint i = 0; hm_json_is_object (object) && i < hm_json_size (object); i++)
    if (g_strcmp0 (hm_json_member (object, i), key) == 0)
      return hm_json_element (object, i);
  return NULL;
}

/* (nullable) the text inside the envelope */
static const char *
enveloped_text (const HmJson *outer)
{
  const HmJson *inner = find_member (outer, "oslo.message");

  return inner != NULL ? hm_json_get_text (inner, NULL) : NULL;
}

/* The message itself, out of its envelope if it is in one. (transfer full) */
static HmJson *
open_envelope (HmJson *outer, GError **error)
{
  const char *text = enveloped_text (outer);
  HmJson *message;

  if (text == NULL)
    return outer;
  message = hm_json_parse (text, strlen (text), error);
  hm_json_free (outer);
  return message;
}

gboolean
hm_message_line_dispatch (HmDispatcher *dispatcher, const HmClock *clock, const char *line, gsize length,
                          GError **error)
{
  HmJson *outer = hm_json_parse (line, length, error);
  g_autoptr (HmJson) message = outer != NULL ? open_envelope (outer, error) : NULL;
  const char *event_type;
  HmNotice notice;

  if (message == NULL)
    return FALSE;
  event_type = hm_json_get_text (message, "event_type");
  if (event_type == NULL || *event_type == '\0' || strlen (event_type) > EVENT_TYPE_MAX)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "it has no usable event_type");
      return FALSE;
    }
  notice = (HmNotice){
    .last_read = HM_TIME_UNKNOWN,
    .event_type = event_type,
    .time = clock->wall (clock),
    .body = message,
    .not_before = HM_TIME_UNKNOWN,
  };
  hm_dispatcher_dispatch (dispatcher, &notice);
  return TRUE;
}
