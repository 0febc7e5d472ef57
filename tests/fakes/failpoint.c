/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint: see failpoint.h. */
#include "tests/fakes/failpoint.h"

struct Failpoints
{
  GMutex lock;
  GHashTable *counts; /* name → guint64 */
  guint64 passed;
  guint64 stop_at; /* by `passed`; 0: never */
  void (*stop) (gpointer user);
  gpointer user;
  GPatternSpec *failing;  /* (nullable) */
  GPatternSpec *left_out; /* (nullable) */
  guint times;
  int error;
};

Failpoints *
failpoints_new (void)
{
  Failpoints *points = g_new0 (Failpoints, 1);

  g_mutex_init (&points->lock);
  points->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return points;
}

void
failpoints_free (Failpoints *points)
{
  if (points == NULL)
    return;
  g_hash_table_unref (points->counts);
  g_clear_pointer (&points->failing, g_pattern_spec_free);
  g_clear_pointer (&points->left_out, g_pattern_spec_free);
  g_mutex_clear (&points->lock);
  g_free (points);
}

void
failpoints_stop_at (Failpoints *points, guint64 passing, void (*stop) (gpointer user), gpointer user)
{
  g_mutex_lock (&points->lock);
  points->stop_at = passing > 0 ? points->passed + passing : 0;
  points->stop = stop;
  points->user = user;
  g_mutex_unlock (&points->lock);
}

void
failpoints_fail (Failpoints *points, const char *name, guint times, int error)
{
  g_mutex_lock (&points->lock);
  g_clear_pointer (&points->failing, g_pattern_spec_free);
  points->failing = g_pattern_spec_new (name);
  points->times = times;
  points->error = error;
  g_mutex_unlock (&points->lock);
}

void
failpoints_leave_out (Failpoints *points, const char *name)
{
  g_mutex_lock (&points->lock);
  g_clear_pointer (&points->left_out, g_pattern_spec_free);
  points->left_out = g_pattern_spec_new (name);
  g_mutex_unlock (&points->lock);
}

static void
count (Failpoints *points, const char *name)
{
  guint64 *n = g_hash_table_lookup (points->counts, name);

  if (n == NULL)
    g_hash_table_insert (points->counts, g_strdup (name), n = g_new0 (guint64, 1));
  ++*n;
  points->passed++;
}

int
failpoints_pass (Failpoints *points, const char *name)
{
  gboolean is_one, stops;
  int error = 0;

  g_mutex_lock (&points->lock);
  is_one = points->left_out == NULL || !g_pattern_spec_match_string (points->left_out, name);
  if (is_one)
    count (points, name);
  stops = is_one && points->passed == points->stop_at;
  if (points->times > 0 && g_pattern_spec_match_string (points->failing, name))
    {
      points->times--;
      error = points->error;
    }
  g_mutex_unlock (&points->lock);
  if (stops)
    points->stop (points->user);
  return error;
}

guint64
failpoints_passed (Failpoints *points)
{
  guint64 passed;

  g_mutex_lock (&points->lock);
  passed = points->passed;
  g_mutex_unlock (&points->lock);
  return passed;
}

guint64
failpoints_passed_name (Failpoints *points, const char *name)
{
  const guint64 *n;
  guint64 passed;

  g_mutex_lock (&points->lock);
  n = g_hash_table_lookup (points->counts, name);
  passed = n != NULL ? *n : 0;
  g_mutex_unlock (&points->lock);
  return passed;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (a, b);
}

char *
failpoints_list (Failpoints *points)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GList) names = NULL;

  g_mutex_lock (&points->lock);
  names = g_list_sort (g_hash_table_get_keys (points->counts), compare_names);
  for (const GList *link = names; link != NULL; link = link->next)
    g_string_append_printf (text, "%s %" G_GUINT64_FORMAT "\n", (const char *)link->data,
                            *(const guint64 *)g_hash_table_lookup (points->counts, link->data));
  g_mutex_unlock (&points->lock);
  return g_string_free (text, FALSE);
}
