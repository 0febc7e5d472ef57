/* SPDX-License-Identifier: Apache-2.0 */
/* reasons: see reasons.h. Called by collector/health/health.c and agent/health/health_ready.c on the thread of whoever asks. */
#include "metering/reasons.h"

#include <string.h>

#include "metering/resource.h"

#define DETAIL_MAX 256 /* bytes */

typedef struct
{
  const char *name;
  char *detail;
} Reason;

struct HmReasons
{
  GArray *list; /* (element-type Reason) */
};

static void
clear_reason (gpointer data)
{
  g_free (((Reason *)data)->detail);
}

HmReasons *
hm_reasons_new (void)
{
  HmReasons *reasons = g_new (HmReasons, 1);

  reasons->list = g_array_new (FALSE, FALSE, sizeof (Reason));
  g_array_set_clear_func (reasons->list, clear_reason);
  return reasons;
}

void
hm_reasons_free (HmReasons *reasons)
{
  if (reasons == NULL)
    return;
  g_array_unref (reasons->list);
  g_free (reasons);
}

void
hm_reasons_add (HmReasons *reasons, const char *name, const char *format, ...)
{
  g_autofree char *text = NULL;
  Reason reason = { .name = name };
  va_list values;

  va_start (values, format);
  text = g_strdup_vprintf (format, values);
  va_end (values);
  reason.detail = hm_text_clean (text, DETAIL_MAX, NULL);
  g_array_append_val (reasons->list, reason);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  const Reason *left = a, *right = b;
  int order = strcmp (left->name, right->name);

  return order != 0 ? order : strcmp (left->detail, right->detail);
}

gboolean
hm_reasons_write (HmReasons *reasons, HmJsonWriter *w)
{
  g_array_sort (reasons->list, by_name);
  hm_json_key (w, "reasons");
  hm_json_begin_array (w);
  for (guint i = 0; i < reasons->list->len; i++)
    {
      const Reason *reason = &g_array_index (reasons->list, Reason, i);

      hm_json_begin_object (w);
      hm_json_set_text (w, "reason", reason->name);
      hm_json_set_text (w, "detail", reason->detail);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
  hm_json_set_bool (w, "ready", reasons->list->len == 0);
  return reasons->list->len == 0;
}
