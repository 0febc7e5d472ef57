/* SPDX-License-Identifier: Apache-2.0 */
/* agents_rows: three lists of the store (agents, bins, resources) joined by whose they are. */
#include "cli/status/agents_rows.h"

#include "collector/engine/seen.h"

#include <string.h>

typedef struct
{
  const HmStoreFilter *filter;
  gboolean each_process;
  GHashTable *by_key; /* (element-type utf8 HmAgentLine) */
  GPtrArray *lines;
} Joining;

static void
free_line (gpointer data)
{
  HmAgentLine *line = data;

  g_free (line->source);
  g_free (line->agent);
  g_free (line->epoch);
  g_hash_table_unref (line->projects);
  g_free (line);
}

static HmAgentLine *
line_of (Joining *joining, const char *source, const char *agent, const char *epoch)
{
  const char *of = joining->each_process ? epoch : NULL;
  g_autofree char *key = g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%" G_GSIZE_FORMAT ":%s%s", strlen (source),
                                          source, strlen (agent), agent, of != NULL ? of : "");
  HmAgentLine *line = g_hash_table_lookup (joining->by_key, key);

  if (line != NULL)
    return line;
  line = g_new0 (HmAgentLine, 1);
  line->source = g_strdup (source);
  line->agent = g_strdup (agent);
  line->epoch = g_strdup (of);
  line->row.first_time = G_MAXINT64;
  line->row.last_time = line->row.last_appended = HM_TIME_UNKNOWN;
  line->projects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (joining->lines, line);
  g_hash_table_insert (joining->by_key, g_steal_pointer (&key), line);
  return line;
}

/* -- the store's lists -- */

static gboolean
is_asked_for (const HmStoreFilter *filter, const char *source, const char *agent)
{
  return (filter->source == NULL || strcmp (filter->source, source) == 0)
         && (filter->agent == NULL || strcmp (filter->agent, agent) == 0);
}

static gboolean
take_process (const HmAgentRow *row, gpointer user)
{
  Joining *joining = user;
  HmAgentLine *line;
  HmAgentRow *sum;

  if (!is_asked_for (joining->filter, row->source, row->agent))
    return TRUE;
  line = line_of (joining, row->source, row->agent, row->epoch);
  sum = &line->row;
  line->processes++;
  sum->first_time = MIN (sum->first_time, row->first_time);
  sum->last_time = MAX (sum->last_time, row->last_time);
  sum->last_appended = MAX (sum->last_appended, row->last_appended);
  sum->records += row->records;
  sum->samples += row->samples;
  sum->duplicates += row->duplicates;
  sum->refused += row->refused;
  if (row->heartbeat > sum->heartbeat)
    {
      sum->heartbeat = row->heartbeat;
      sum->backlog = row->backlog;
      sum->oldest_unsent = row->oldest_unsent;
    }
  return TRUE;
}

static gboolean
take_bins (const char *source, const char *agent, const HmBinJudged *bins, guint n_bins, gpointer user)
{
  Joining *joining = user;

  for (guint i = 0; i < n_bins; i++)
    hm_completeness_add (&line_of (joining, source, agent, bins[i].state.came.epoch)->sums, &bins[i], 1);
  return TRUE;
}

typedef struct
{
  Joining *joining;
  GHashTable *projects; /* (element-type utf8 GHashTable) */
  const char *source;
  GError *error;
} Resources;

static void
take_holes (const char *agent, const char *epoch, guint64 missing, gpointer user)
{
  const Resources *resources = user;

  if (missing > 0 && is_asked_for (resources->joining->filter, resources->source, agent))
    line_of (resources->joining, resources->source, agent, epoch)->holes += missing;
}

static void
note_project (GHashTable *projects, const HmResourceRow *row)
{
  GHashTable *names;
  g_autofree char *key = NULL;

  if (row->project == NULL)
    return;
  key = g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (row->source), row->source, row->agent);
  names = g_hash_table_lookup (projects, key);
  if (names == NULL)
    {
      names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (projects, g_steal_pointer (&key), names);
    }
  if (!g_hash_table_contains (names, row->project))
    g_hash_table_add (names, g_strdup (row->project));
}

static gboolean
take_resource (const HmResourceRow *row, gpointer user)
{
  Resources *resources = user;
  g_autoptr (HmSeen) seen = hm_seen_from_json (row->seen, row->seen_length, &resources->error);

  if (seen == NULL)
    return FALSE;
  note_project (resources->projects, row);
  resources->source = row->source;
  hm_seen_each (seen, take_holes, resources);
  return TRUE;
}

static void
free_names (gpointer names)
{
  g_hash_table_unref (names);
}

/* A resource names the agent that measured it last; others may have holes in its numbers too. */
static gboolean
join_resources (Joining *joining, const HmStoreOps *ops, HmStore *store, GError **error)
{
  g_autoptr (GHashTable) projects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_names);
  Resources resources = { .joining = joining, .projects = projects };
  HmStoreFilter filter = *joining->filter;

  filter.from = filter.to = HM_TIME_UNKNOWN;
  filter.limit = 0;
  filter.agent = NULL;
  if (!ops->list_resources (store, &filter, take_resource, &resources, error))
    return FALSE;
  if (resources.error != NULL)
    {
      g_propagate_error (error, resources.error);
      return FALSE;
    }
  for (guint i = 0; i < joining->lines->len; i++)
    {
      HmAgentLine *line = g_ptr_array_index (joining->lines, i);
      g_autofree char *key
          = g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (line->source), line->source, line->agent);
      GHashTable *names = g_hash_table_lookup (projects, key);

      if (names == NULL)
        continue;
      g_hash_table_unref (line->projects);
      line->projects = g_hash_table_ref (names);
    }
  return TRUE;
}

/* -- what is shown -- */

static int
compare (gconstpointer a, gconstpointer b)
{
  const HmAgentLine *left = *(HmAgentLine *const *)a, *right = *(HmAgentLine *const *)b;
  int order = strcmp (left->source, right->source);

  if (order == 0)
    order = strcmp (left->agent, right->agent);
  return order != 0 ? order : g_strcmp0 (left->epoch, right->epoch);
}

static gboolean
is_in_period (const HmStoreFilter *filter, const HmAgentLine *line)
{
  gboolean has_bins = line->sums.expected > 0 || line->sums.received > 0 || line->sums.open > 0;
  gboolean sent = (filter->from == HM_TIME_UNKNOWN || line->row.last_time >= filter->from)
                  && (filter->to == HM_TIME_UNKNOWN || line->row.first_time < filter->to);

  return has_bins || sent;
}

GPtrArray *
hm_agent_lines (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter, gboolean each_process,
                GError **error)
{
  g_autoptr (GHashTable) by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (free_line);
  HmStoreFilter all = *filter;
  Joining joining = { &all, each_process, by_key, lines };

  all.limit = 0;
  if (!ops->list_agents (store, take_process, &joining, error)
      || !hm_completeness_each (ops, store, &all, take_bins, &joining, error)
      || !join_resources (&joining, ops, store, error))
    return NULL;
  for (guint i = lines->len; i-- > 0;)
    if (!is_in_period (filter, g_ptr_array_index (lines, i)))
      g_ptr_array_remove_index (lines, i);
  g_ptr_array_sort (lines, compare);
  return g_steal_pointer (&lines);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

char *
hm_agent_line_projects (const HmAgentLine *line)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, line->projects);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_texts);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (",", (char **)names->pdata);
}
