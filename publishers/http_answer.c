/* SPDX-License-Identifier: Apache-2.0 */
/* http_answer: what the collector says of a request. Pure. Whoever answers may be anybody, so nothing is believed but what names a
 * record and one of the three words. */
#include "publishers/http_private.h"

#include <string.h>

#define REASON_MAX 200

GHashTable *
hm_http_answer_read (GBytes *body, guint *ret_refused, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  g_autoptr (HmJson) json = hm_json_parse (text, length, error);
  const HmJson *records = hm_json_at (json, "records");
  guint refused = 0;

  if (json == NULL)
    return NULL;
  for (guint i = 0; hm_json_is_array (records) && i < hm_json_size (records); i++)
    {
      const HmJson *record = hm_json_element (records, i);
      const char *id = hm_json_get_text (record, "id"), *result = hm_json_get_text (record, "result");
      gboolean is_refused = g_strcmp0 (result, "refused") == 0;

      if (id == NULL
          || (!is_refused && g_strcmp0 (result, "stored") != 0 && g_strcmp0 (result, "repeated") != 0))
        continue;
      refused += is_refused;
      g_hash_table_add (ids, g_strdup (id));
    }
  *ret_refused = refused;
  return g_steal_pointer (&ids);
}

char *
hm_http_answer_reason (const HmHttpReply *reply)
{
  gsize length;
  const char *text = g_bytes_get_data (reply->body, &length);
  g_autoptr (HmJson) json = length > 0 ? hm_json_parse (text, length, NULL) : NULL;
  const char *said = hm_json_get_text (json, "error");
  GString *reason = g_string_new (NULL);

  g_string_printf (reason, "the collector answers with status %u", reply->status);
  if (said != NULL)
    g_string_append (reason, ": ");
  for (guint i = 0; said != NULL && said[i] != '\0' && i < REASON_MAX; i++)
    g_string_append_c (reason, g_ascii_isprint (said[i]) ? said[i] : '?');
  return g_string_free (reason, FALSE);
}
