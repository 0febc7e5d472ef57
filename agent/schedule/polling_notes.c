/* SPDX-License-Identifier: Apache-2.0 */
/* polling_notes: see polling_notes.h. */
#include "agent/schedule/polling_notes.h"

#include "metering/log.h"

#define SHOWN_MAX 10

static gboolean
gives (const HmPluginChoice *choice, const char *pattern)
{
  const HmMeter *meter = choice->plugin->meters;

  if (!choice->enabled || choice->plugin->notification != NULL)
    return FALSE;
  for (; meter != NULL && meter->name != NULL; meter++)
    if (hm_polling_pattern_names (pattern, meter))
      return TRUE;
  return FALSE;
}

static gboolean
is_given (const GPtrArray *choices, const char *pattern)
{
  for (guint i = 0; i < choices->len; i++)
    if (gives (g_ptr_array_index (choices, i), pattern))
      return TRUE;
  return FALSE;
}

/* Each once, however many sources have it. (transfer full) (element-type utf8) */
static GPtrArray *
list_vain (const HmPolling *polling, const GPtrArray *choices)
{
  GPtrArray *vain = g_ptr_array_new ();

  for (guint i = 0; i < polling->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (polling->sources, i);

      for (char **pattern = source->meters; *pattern != NULL; pattern++)
        if (**pattern != '!' && !g_ptr_array_find_with_equal_func (vain, *pattern, g_str_equal, NULL)
            && !is_given (choices, *pattern))
          g_ptr_array_add (vain, *pattern);
    }
  return vain;
}

void
hm_polling_notes_say (const HmPolling *polling, const GPtrArray *choices)
{
  g_autoptr (GPtrArray) vain = list_vain (polling, choices);
  guint more = vain->len > SHOWN_MAX ? vain->len - SHOWN_MAX : 0;
  g_autofree char *rest = more > 0 ? g_strdup_printf (" and %u more", more) : g_strdup ("");
  g_autofree char *names = NULL;

  for (guint i = 0; i < MIN (polling->notes->len, SHOWN_MAX); i++)
    hm_notice ("%s", (const char *)g_ptr_array_index (polling->notes, i));
  if (vain->len == 0)
    return;
  g_ptr_array_set_size (vain, (gint)(vain->len - more));
  g_ptr_array_add (vain, NULL);
  names = g_strjoinv (", ", (char **)vain->pdata);
  hm_notice ("%s: no pollster that runs here gives %s%s", polling->where, names, rest);
}
