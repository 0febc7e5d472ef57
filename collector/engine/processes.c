/* SPDX-License-Identifier: Apache-2.0 */
/* processes: a list of processes per agent id, few each, and who interleaves with whom. Called by the engine: compare
 * before a batch is written, settle after it is. */
#include "collector/engine/processes.h"

#include <string.h>

typedef struct
{
  char *source, *epoch;
  HmTime first, last;
} Process;

struct HmProcesses
{
  GHashTable *agents; /* (element-type utf8 GArray) agent id → (element-type Process) */
  guint size, max;
};

static void
clear_process (gpointer process)
{
  g_free (((Process *)process)->source);
  g_free (((Process *)process)->epoch);
}

static void
free_list (gpointer list)
{
  g_array_unref (list);
}

static Process *
process_at (const GArray *list, guint i)
{
  return &((Process *)(gpointer)list->data)[i];
}

static Process *
find (const HmProcesses *processes, const char *agent, const char *epoch, const char *source)
{
  const GArray *list = g_hash_table_lookup (processes->agents, agent);

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Process *at = process_at (list, i);

      if (strcmp (at->epoch, epoch) == 0 && (source == NULL || strcmp (at->source, source) == 0))
        return at;
    }
  return NULL;
}

/* A row of before the earliest time was kept says the latest alone. */
static HmTime
first_of (const HmAgentRow *row)
{
  return row->first_time != HM_TIME_UNKNOWN ? row->first_time : row->last_time;
}

static void
add (HmProcesses *processes, const HmAgentRow *row)
{
  GArray *list = g_hash_table_lookup (processes->agents, row->agent);
  Process fresh = { g_strdup (row->source), g_strdup (row->epoch), first_of (row), row->last_time };

  if (list == NULL)
    {
      list = g_array_new (FALSE, FALSE, sizeof (Process));
      g_array_set_clear_func (list, clear_process);
      g_hash_table_insert (processes->agents, g_strdup (row->agent), list);
    }
  g_array_append_val (list, fresh);
  processes->size++;
}

/* -- room -- */

static int
compare_times (gconstpointer a, gconstpointer b)
{
  HmTime left = *(const HmTime *)a, right = *(const HmTime *)b;

  return (left > right) - (left < right);
}

/* The time before which the older half ends. */
static HmTime
middle (const HmProcesses *processes)
{
  g_autoptr (GArray) times = g_array_sized_new (FALSE, FALSE, sizeof (HmTime), processes->size);
  GHashTableIter iter;
  gpointer list;

  g_hash_table_iter_init (&iter, processes->agents);
  while (g_hash_table_iter_next (&iter, NULL, &list))
    for (guint i = 0; i < ((GArray *)list)->len; i++)
      g_array_append_val (times, process_at (list, i)->last);
  g_array_sort (times, compare_times);
  return g_array_index (times, HmTime, times->len / 2);
}

static void
make_room (HmProcesses *processes)
{
  HmTime limit;
  GHashTableIter iter;
  gpointer list;

  if (processes->size <= processes->max)
    return;
  limit = middle (processes);
  g_hash_table_iter_init (&iter, processes->agents);
  while (g_hash_table_iter_next (&iter, NULL, &list))
    {
      for (guint i = ((GArray *)list)->len; i-- > 0;)
        if (process_at (list, i)->last <= limit)
          {
            g_array_remove_index_fast (list, i);
            processes->size--;
          }
      if (((GArray *)list)->len == 0)
        g_hash_table_iter_remove (&iter);
    }
}

/* -- life -- */

static gboolean
load (const HmAgentRow *row, gpointer user)
{
  add (user, row);
  make_room (user);
  return TRUE;
}

HmProcesses *
hm_processes_new (const HmStoreOps *ops, HmStore *store, guint max, GError **error)
{
  g_autoptr (HmProcesses) processes = g_new0 (HmProcesses, 1);

  processes->max = max;
  processes->agents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_list);
  return ops->list_agents (store, load, processes, error) ? g_steal_pointer (&processes) : NULL;
}

void
hm_processes_free (HmProcesses *processes)
{
  if (processes == NULL)
    return;
  g_hash_table_unref (processes->agents);
  g_free (processes);
}

gboolean
hm_processes_find (const HmProcesses *processes, const char *agent, const char *epoch, HmProcess *ret_process)
{
  const Process *found = find (processes, agent, epoch, NULL);

  if (found != NULL)
    *ret_process = (HmProcess){ found->source, found->first, found->last };
  return found != NULL;
}

guint
hm_processes_size (const HmProcesses *processes)
{
  return processes->size;
}

/* -- who interleaves -- */

typedef struct
{
  HmTime first, last;
} Span;

static const Span nothing = { G_MAXINT64, G_MININT64 };

/* A process of the agent that is looked at, before and after the batch. */
typedef struct
{
  const char *epoch;
  const HmAgentRow *row; /* (nullable) of the batch */
  Span before, after;
} Candidate;

static gboolean
overlap (Span a, Span b)
{
  return a.first < b.last && b.first < a.last;
}

static GArray *
known_of (const HmProcesses *processes, const HmAgentRow *row)
{
  const GArray *list = g_hash_table_lookup (processes->agents, row->agent);
  GArray *known = g_array_new (FALSE, FALSE, sizeof (Candidate));

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      const Process *at = process_at (list, i);
      Span span = { at->first, at->last };
      Candidate candidate = { at->epoch, NULL, span, span };

      if (strcmp (at->source, row->source) == 0)
        g_array_append_val (known, candidate);
    }
  return known;
}

static void
take_row (GArray *candidates, const HmAgentRow *row)
{
  Candidate fresh = { row->epoch, row, nothing, { first_of (row), row->last_time } };

  for (guint i = 0; i < candidates->len; i++)
    {
      Candidate *at = &g_array_index (candidates, Candidate, i);

      if (strcmp (at->epoch, row->epoch) != 0)
        continue;
      at->row = row;
      at->after
          = (Span){ MIN (at->before.first, fresh.after.first), MAX (at->before.last, fresh.after.last) };
      return;
    }
  g_array_append_val (candidates, fresh);
}

static void
compare_pair (const Candidate *a, const Candidate *b, HmProcessesVisit visit, gpointer user)
{
  if (overlap (a->after, b->after) && !overlap (a->before, b->before))
    visit (a->row, b->epoch, user);
}

/* Each pair in which there is something new, once. */
static void
compare_pairs (const Candidate *candidates, guint n, HmProcessesVisit visit, gpointer user)
{
  for (guint i = 0; i < n; i++)
    for (guint j = 0; candidates[i].row != NULL && j < n; j++)
      if (candidates[j].row == NULL || j > i)
        compare_pair (&candidates[i], &candidates[j], visit, user);
}

/* @rows are of one agent. */
static void
compare_agent (const HmProcesses *processes, const HmAgentRow *rows, guint n, HmProcessesVisit visit,
               gpointer user)
{
  g_autoptr (GArray) candidates = known_of (processes, rows);

  for (guint i = 0; i < n; i++)
    take_row (candidates, &rows[i]);
  compare_pairs ((const Candidate *)(gpointer)candidates->data, candidates->len, visit, user);
}

void
hm_processes_compare (const HmProcesses *processes, const HmAgentRow *rows, guint n, HmProcessesVisit visit,
                      gpointer user)
{
  guint end;

  for (guint start = 0; start < n; start = end)
    {
      for (end = start + 1; end < n && strcmp (rows[end].agent, rows[start].agent) == 0
                            && strcmp (rows[end].source, rows[start].source) == 0;
           end++)
        ;
      compare_agent (processes, &rows[start], end - start, visit, user);
    }
}

void
hm_processes_settle (HmProcesses *processes, const HmAgentRow *rows, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      Process *known = find (processes, rows[i].agent, rows[i].epoch, rows[i].source);

      if (known == NULL)
        {
          add (processes, &rows[i]);
          continue;
        }
      known->first = MIN (known->first, first_of (&rows[i]));
      known->last = MAX (known->last, rows[i].last_time);
    }
  make_room (processes);
}
