/* SPDX-License-Identifier: Apache-2.0 */
/* watch: see watch.h. One look: the agents' list, who is silent, and as many agents' bins as there is time for. */
#include "collector/tasks/watch.h"

#include <string.h>

#include "collector/usage/completeness.h"
#include "metering/count.h"
#include "metering/log.h"

#define PROJECTS_NAMED 10
#define SAID_AT_ONCE   20 /* silences whose projects are asked for in one look */

typedef struct
{
  char *source, *agent;
  HmTime last_appended;
  gboolean silent; /* and that was said */
  guint64 bins, missing;
  guint64 said_bins, said_missing;
} Watched;

struct HmWatch
{
  const HmStoreOps *ops;
  HmStore *store;
  HmWatchSettings settings;
  GHashTable *by_key; /* (element-type utf8 Watched) */
  GPtrArray *agents;  /* (element-type Watched) the same */
  guint next;         /* whose bins are looked at next */
  GMutex lock;
  HmWatchCounts counts; /* under the lock */
};

static void
free_watched (gpointer data)
{
  Watched *watched = data;

  g_free (watched->source);
  g_free (watched->agent);
  g_free (watched);
}

HmWatch *
hm_watch_new (const HmStoreOps *ops, HmStore *store, const HmWatchSettings *settings)
{
  HmWatch *watch = g_new0 (HmWatch, 1);

  watch->ops = ops;
  watch->store = store;
  watch->settings = *settings;
  watch->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  watch->agents = g_ptr_array_new_with_free_func (free_watched);
  g_mutex_init (&watch->lock);
  return watch;
}

void
hm_watch_free (HmWatch *watch)
{
  if (watch == NULL)
    return;
  g_hash_table_unref (watch->by_key);
  g_ptr_array_unref (watch->agents);
  g_mutex_clear (&watch->lock);
  g_free (watch);
}

/* -- the agents -- */

static char *
key_of (const char *source, const char *agent)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (source), source, agent);
}

static gboolean
note_process (const HmAgentRow *row, gpointer user)
{
  HmWatch *watch = user;
  g_autofree char *key = key_of (row->source, row->agent);
  Watched *watched = g_hash_table_lookup (watch->by_key, key);

  if (watched == NULL)
    {
      watched = g_new0 (Watched, 1);
      watched->source = g_strdup (row->source);
      watched->agent = g_strdup (row->agent);
      watched->last_appended = row->last_appended;
      g_ptr_array_add (watch->agents, watched);
      g_hash_table_insert (watch->by_key, g_steal_pointer (&key), watched);
    }
  watched->last_appended = MAX (watched->last_appended, row->last_appended);
  return TRUE;
}

static void
forget_gone (HmWatch *watch, HmTime reached)
{
  for (guint i = watch->agents->len; i-- > 0;)
    {
      const Watched *watched = g_ptr_array_index (watch->agents, i);
      g_autofree char *key = key_of (watched->source, watched->agent);

      if (reached - watched->last_appended <= HM_WATCH_FORGET_NS)
        continue;
      g_hash_table_remove (watch->by_key, key);
      g_ptr_array_remove_index_fast (watch->agents, i);
    }
}

/* -- silence -- */

typedef struct
{
  GHashTable *names; /* (element-type utf8) */
  GString *text;
} Projects;

static gboolean
note_project (const HmResourceRow *row, gpointer user)
{
  Projects *projects = user;

  if (row->project == NULL || g_hash_table_contains (projects->names, row->project))
    return TRUE;
  g_hash_table_add (projects->names, g_strdup (row->project));
  if (g_hash_table_size (projects->names) <= PROJECTS_NAMED)
    g_string_append_printf (projects->text, "%s%s", projects->text->len > 0 ? ", " : "", row->project);
  return TRUE;
}

/* "p1, p2 and 3 more". (transfer full) */
static char *
projects_of (HmWatch *watch, const Watched *watched, GError **error)
{
  const HmStoreFilter filter = {
    .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = watched->source, .agent = watched->agent
  };
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Projects projects = { names, g_string_new (NULL) };

  if (!watch->ops->list_resources (watch->store, &filter, note_project, &projects, error))
    {
      g_string_free (projects.text, TRUE);
      return NULL;
    }
  if (g_hash_table_size (names) == 0)
    g_string_append (projects.text, "none");
  else if (g_hash_table_size (names) > PROJECTS_NAMED)
    g_string_append_printf (projects.text, " and %u more", g_hash_table_size (names) - PROJECTS_NAMED);
  return g_string_free (projects.text, FALSE);
}

static gboolean
say_silent (HmWatch *watch, Watched *watched, GError **error)
{
  char since[HM_TIME_TEXT_MAX];
  g_autofree char *projects = projects_of (watch, watched, error);

  if (projects == NULL)
    return FALSE;
  hm_time_print (MAX (watched->last_appended, 0), since);
  watched->silent = TRUE;
  hm_error_line ("agent %s of %s is silent: nothing has come of it since %s; projects on it: %s",
                 watched->agent, watched->source, since, projects);
  return TRUE;
}

/* Of more than a few at once the rest is said at the next look. */
static gboolean
look_for_silence (HmWatch *watch, HmTime reached, GError **error)
{
  guint said = 0;

  for (guint i = 0; i < watch->agents->len; i++)
    {
      Watched *watched = g_ptr_array_index (watch->agents, i);
      gboolean silent = reached - watched->last_appended > watch->settings.silent_after_ns;

      if (watched->silent && !silent)
        {
          watched->silent = FALSE;
          hm_notice ("agent %s of %s is heard again", watched->agent, watched->source);
        }
      else if (silent && !watched->silent && said++ < SAID_AT_ONCE && !say_silent (watch, watched, error))
        return FALSE;
    }
  return TRUE;
}

/* -- bins -- */

typedef struct
{
  Watched *watched;
  HmTime closed_by;
  HmTime since; /* of the oldest bin that lacks something */
  guint64 bins, missing;
} BinLook;

static gboolean
judge (const char *source, const char *agent, const HmBinJudged *bins, guint n_bins, gpointer user)
{
  BinLook *look = user;

  (void)source, (void)agent;
  for (guint i = 0; i < n_bins; i++)
    {
      gboolean lacks = bins[i].verdict == HM_BIN_INCOMPLETE || bins[i].verdict == HM_BIN_ODD;

      if (!lacks || bins[i].state.said > look->closed_by)
        continue;
      if (look->bins++ == 0)
        look->since = bins[i].state.came.bin * HM_BIN_NS;
      look->missing += bins[i].missing;
    }
  return TRUE;
}

static void
say_missing (const BinLook *look)
{
  Watched *watched = look->watched;
  g_autofree char *records = hm_count_print (look->missing, "record");
  g_autofree char *bins = hm_count_print (look->bins, "bin");
  char since[HM_TIME_TEXT_MAX];

  if (look->bins > watched->said_bins || look->missing > watched->said_missing)
    {
      hm_time_print (look->since, since);
      hm_error_line (
          "agent %s of %s: %s missing, %s of five minutes incomplete or odd, from %s on, and nobody "
          "accounts for that; see 'hypermeter agents --bins --missing'",
          watched->agent, watched->source, records, bins, since);
    }
  else if (look->bins == 0 && watched->said_bins > 0)
    hm_notice ("agent %s of %s: no bin of the last day lacks anything any more", watched->agent,
               watched->source);
  watched->said_bins = look->bins;
  watched->said_missing = look->missing;
}

static gboolean
look_at_bins (HmWatch *watch, Watched *watched, HmTime reached, GError **error)
{
  const HmStoreFilter filter = { .from = MAX (reached - HM_WATCH_WINDOW_NS, 0),
                                 .to = HM_TIME_UNKNOWN,
                                 .source = watched->source,
                                 .agent = watched->agent };
  BinLook look = { .watched = watched, .closed_by = reached - HM_WATCH_GRACE_NS };

  if (!hm_completeness_each (watch->ops, watch->store, &filter, judge, &look, error))
    return FALSE;
  watched->bins = look.bins;
  watched->missing = look.missing;
  say_missing (&look);
  return TRUE;
}

static gboolean
look_at_some_bins (HmWatch *watch, HmTime reached, GError **error)
{
  const HmClock *clock = watch->settings.clock;
  gint64 start = clock->monotonic (clock);

  for (guint n = 0; n < watch->agents->len; n++)
    {
      watch->next = watch->next < watch->agents->len ? watch->next : 0;
      if (!look_at_bins (watch, g_ptr_array_index (watch->agents, watch->next++), reached, error))
        return FALSE;
      if (clock->monotonic (clock) - start > watch->settings.slice_ns)
        break;
    }
  return TRUE;
}

/* -- a look -- */

static void
count (HmWatch *watch)
{
  HmWatchCounts counts = { .agents = watch->agents->len };

  for (guint i = 0; i < watch->agents->len; i++)
    {
      const Watched *watched = g_ptr_array_index (watch->agents, i);

      counts.silent += watched->silent;
      counts.incomplete_agents += watched->bins > 0;
      counts.incomplete_bins += watched->bins;
      counts.missing_records += watched->missing;
    }
  g_mutex_lock (&watch->lock);
  watch->counts = counts;
  g_mutex_unlock (&watch->lock);
}

gboolean
hm_watch_look (HmWatch *watch, HmTime reached, GError **error)
{
  gboolean looked = watch->ops->list_agents (watch->store, note_process, watch, error);

  if (looked)
    {
      forget_gone (watch, reached);
      looked = look_for_silence (watch, reached, error) && look_at_some_bins (watch, reached, error);
    }
  count (watch);
  return looked;
}

void
hm_watch_counts (HmWatch *watch, HmWatchCounts *ret_counts)
{
  g_mutex_lock (&watch->lock);
  *ret_counts = watch->counts;
  g_mutex_unlock (&watch->lock);
}
