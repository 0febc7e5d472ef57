/* SPDX-License-Identifier: Apache-2.0 */
/* polling: the sources once they are read, and what can be asked of them. Made at the start and at each reload by whoever loads
 * the configuration; asked by the polls' threads, which change nothing in it. */
#include "metering/polling_private.h"

#include <errno.h>
#include <unistd.h>

void
hm_polling_source_free (HmPollingSource *source)
{
  if (source == NULL)
    return;
  hm_meter_filter_free (source->filter);
  g_strfreev (source->meters);
  g_strfreev (source->resources);
  g_free (source->name);
  g_free (source);
}

HmPolling *
hm_polling_new (const char *where)
{
  HmPolling *polling = g_new0 (HmPolling, 1);

  polling->where = g_strdup (where);
  polling->sources = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_polling_source_free);
  polling->notes = g_ptr_array_new_with_free_func (g_free);
  polling->refs = 1;
  return polling;
}

HmPolling *
hm_polling_new_default (gint64 interval_ns, const char *const *meters, GError **error)
{
  static const char *const all[] = { NULL };
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (meters, error);
  HmPollingSource *source;
  HmPolling *polling;

  if (filter == NULL)
    return NULL;
  source = g_new0 (HmPollingSource, 1);
  source->name = g_strdup ("default");
  source->interval_ns = interval_ns;
  source->meters = g_strdupv ((char **)(guintptr)(meters != NULL ? meters : all));
  source->filter = g_steal_pointer (&filter);
  polling = hm_polling_new ("[agent] interval and meters");
  g_ptr_array_add (polling->sources, source);
  return polling;
}

HmPolling *
hm_polling_from_options (const HmOptions *agent, GError **error)
{
  const char *path = hm_options_text (agent, "polling");
  gboolean was_named = hm_options_is_set (agent, "polling");
  gboolean is_there = *path != '\0' && (was_named || access (path, F_OK) == 0 || errno != ENOENT);

  if (is_there)
    return hm_polling_load (path, error);
  return hm_polling_new_default (hm_options_integer (agent, "interval"), hm_options_list (agent, "meters"),
                                 error);
}

HmPolling *
hm_polling_ref (HmPolling *polling)
{
  g_atomic_int_inc (&polling->refs);
  return polling;
}

void
hm_polling_unref (HmPolling *polling)
{
  if (polling == NULL || !g_atomic_int_dec_and_test (&polling->refs))
    return;
  g_ptr_array_unref (polling->sources);
  g_ptr_array_unref (polling->notes);
  g_free (polling->where);
  g_free (polling);
}

gboolean
hm_polling_source_has (const HmPollingSource *source, const char *resource_id)
{
  if (source->resources == NULL)
    return TRUE;
  for (guint i = 0; source->resources[i] != NULL; i++)
    if (g_pattern_match_simple (source->resources[i], resource_id))
      return TRUE;
  return FALSE;
}

const HmPollingSource *
hm_polling_find (const HmPolling *polling, const HmMeter *meter)
{
  const HmPollingSource *best = NULL;

  for (guint i = 0; i < polling->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (polling->sources, i);

      if (hm_meter_filter_wants (source->filter, meter)
          && (best == NULL || source->interval_ns < best->interval_ns))
        best = source;
    }
  return best;
}

/* -- why -- */

gboolean
hm_polling_pattern_names (const char *pattern, const HmMeter *meter)
{
  const char *const globs[] = { pattern + (pattern[0] == '!' ? 1 : 0), NULL };
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (globs, NULL);

  return filter != NULL && hm_meter_filter_wants (filter, meter);
}

const char *
hm_polling_source_why (const HmPollingSource *source, const HmMeter *meter)
{
  const char *inclusion = NULL;

  for (guint i = 0; source->meters[i] != NULL; i++)
    {
      const char *pattern = source->meters[i];

      if (!hm_polling_pattern_names (pattern, meter))
        continue;
      if (pattern[0] == '!')
        return pattern;
      if (inclusion == NULL)
        inclusion = pattern;
    }
  return inclusion;
}
