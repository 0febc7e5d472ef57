/* SPDX-License-Identifier: Apache-2.0 */
/* engine_context: what decides about records and stands in none: settings, which hold for the store's life, policies, which hold for all of them from a time on, and decisions
 * about single readings. Both are rows of the store, so folding again heeds them again. */
#include "collector/engine/engine_private.h"

#include "metering/error.h"

#include <string.h>

/* -- settings -- */

/* A gauge that held otherwise on another day would refold to another bill. */
gboolean
hm_engine_settle_holding (HmEngine *engine, GError **error)
{
  HmFoldSettings *settings = &engine->settings;
  gint64 hold, fallback;

  if (!engine->ops->setting (engine->store, "hold_intervals", settings->hold_intervals, &hold, error)
      || !engine->ops->setting (engine->store, "fallback_interval_ns", settings->fallback_interval, &fallback,
                                error))
    return FALSE;
  settings->hold_intervals = (guint)CLAMP (hold, 0, G_MAXINT);
  settings->fallback_interval = fallback;
  if (hold > 0 && fallback > 0)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                       "the store does not say yet for how long a gauge's value holds; a collector of this "
                       "version keeps that in it when it starts");
  return FALSE;
}

void
hm_engine_holding (const HmEngine *engine, guint *ret_intervals, gint64 *ret_fallback_ns)
{
  *ret_intervals = engine->settings.hold_intervals;
  *ret_fallback_ns = engine->settings.fallback_interval;
}

/* -- policies -- */

/* Of one `from` the latest stands. */
static gboolean
add_policy (const HmPolicyRow *row, gpointer user)
{
  GArray *policies = user;
  const HmFoldPolicy policy = { row->from, row->hold, row->network_limit };

  if (policies->len > 0 && g_array_index (policies, HmFoldPolicy, policies->len - 1).from == row->from)
    g_array_set_size (policies, policies->len - 1);
  g_array_append_val (policies, policy);
  return TRUE;
}

gboolean
hm_engine_load_policies (HmEngine *engine, GError **error)
{
  g_autoptr (GArray) policies = g_array_new (FALSE, FALSE, sizeof (HmFoldPolicy));

  engine->policies_due = TRUE;
  if (engine->ops->list_policies != NULL
      && !engine->ops->list_policies (engine->store, add_policy, policies, error))
    return FALSE;
  g_clear_pointer (&engine->policies, g_array_unref);
  engine->policies = g_steal_pointer (&policies);
  engine->settings.policies = engine->policies;
  engine->policies_due = FALSE;
  return TRUE;
}

/* -- decisions -- */

typedef struct
{
  HmDecisions *decisions;
  HmTime until; /* HM_TIME_UNKNOWN: all */
} Loading;

static gboolean
add_decision (const HmDecisionRow *row, gpointer user)
{
  const Loading *loading = user;

  if (loading->until == HM_TIME_UNKNOWN || row->made <= loading->until)
    hm_decisions_add (loading->decisions, row);
  return TRUE;
}

gboolean
hm_folding_load_decisions (HmFolding *folding)
{
  HmEntry *entry = folding->entry;
  const HmStoreFilter filter = {
    .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = entry->source, .resource = entry->resource
  };
  g_autoptr (HmDecisions) decisions = NULL;
  Loading loading = { .until = folding->decided };

  if (entry->decided == 0 || entry->decisions != NULL)
    return TRUE;
  loading.decisions = decisions = hm_decisions_new ();
  if (!folding->engine->ops->list_decisions (folding->engine->store, &filter, add_decision, &loading,
                                             &folding->error))
    return FALSE;
  entry->decisions = g_steal_pointer (&decisions);
  return TRUE;
}

/* -- folding again because of them -- */

static gboolean
is_about (const HmEntry *entry, const HmDecisionRow *row)
{
  return strcmp (row->source, entry->source) == 0 && strcmp (row->resource, entry->resource) == 0;
}

void
hm_entry_add_decisions (HmEntry *entry, const HmBatchRows *rows)
{
  for (guint i = 0; i < rows->decisions->len; i++)
    {
      const HmDecisionRow *row = &g_array_index (rows->decisions, HmDecisionRow, i);

      if (!is_about (entry, row))
        continue;
      if (entry->decisions == NULL)
        entry->decisions = hm_decisions_new ();
      hm_decisions_add (entry->decisions, row);
      entry->decided++;
    }
}

gboolean
hm_engine_refold (HmEngine *engine, HmBatchRows *rows, const char *source, const char *resource,
                  GError **error)
{
  HmEntry *entry = hm_entry_cache_get (engine->cache, source, resource, error);

  if (entry == NULL)
    return FALSE;
  if (entry->version == 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "nothing is stored of resource %s", resource);
      return FALSE;
    }
  entry->again = TRUE;
  if (!g_ptr_array_find (rows->touched, entry, NULL))
    g_ptr_array_add (rows->touched, entry);
  return TRUE;
}
