/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine: see quarantine.h. Asked before and told after each call of a pollster, by the poll's worker and by the readers'. */
#include "agent/schedule/quarantine.h"

#include "agent/schedule/backoff.h"
#include "metering/log.h"

/* Between two tries. */
#define FIRST_NS (30 * HM_NSEC_PER_SEC)
#define LAST_NS  (3600 * HM_NSEC_PER_SEC)

/* What nobody asked about for so long is forgotten. */
#define FORGET_NS (2 * 3600 * HM_NSEC_PER_SEC)

typedef struct
{
  char *plugin, *resource;
  HmBackoff backoff;
  guint failures;
  gint64 since, asked; /* when it entered, and was asked about last */
} Entry;

struct HmQuarantine
{
  const HmClock *clock;
  GMutex lock;
  GHashTable *entries; /* (element-type Entry) a set */
  HmQuarantineCounts counts;
};

static guint
hash_entry (gconstpointer data)
{
  const Entry *entry = data;

  return g_str_hash (entry->plugin) * 31 + g_str_hash (entry->resource);
}

static gboolean
entries_are_equal (gconstpointer a, gconstpointer b)
{
  const Entry *one = a, *other = b;

  return g_str_equal (one->plugin, other->plugin) && g_str_equal (one->resource, other->resource);
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_free (entry->plugin);
  g_free (entry->resource);
  g_free (entry);
}

HmQuarantine *
hm_quarantine_new (const HmClock *clock)
{
  HmQuarantine *quarantine = g_new0 (HmQuarantine, 1);

  quarantine->clock = clock;
  quarantine->entries = g_hash_table_new_full (hash_entry, entries_are_equal, free_entry, NULL);
  g_mutex_init (&quarantine->lock);
  return quarantine;
}

void
hm_quarantine_free (HmQuarantine *quarantine)
{
  if (quarantine == NULL)
    return;
  g_hash_table_unref (quarantine->entries);
  g_mutex_clear (&quarantine->lock);
  g_free (quarantine);
}

static gint64
now (const HmQuarantine *quarantine)
{
  return quarantine->clock->monotonic (quarantine->clock);
}

/* Under the lock, as all below. (nullable) */
static Entry *
find (HmQuarantine *quarantine, const char *plugin, const char *resource)
{
  Entry key = { .plugin = (char *)(guintptr)plugin, .resource = (char *)(guintptr)resource };

  return g_hash_table_lookup (quarantine->entries, &key);
}

static void
drop_old (HmQuarantine *quarantine)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, quarantine->entries);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (now (quarantine) - ((const Entry *)key)->asked > FORGET_NS)
      {
        g_hash_table_iter_remove (&iter);
        quarantine->counts.forgotten++;
      }
}

/* (nullable) there is no room */
static Entry *
add (HmQuarantine *quarantine, const char *plugin, const char *resource)
{
  Entry *entry;

  drop_old (quarantine);
  if (g_hash_table_size (quarantine->entries) >= HM_QUARANTINE_MAX)
    {
      quarantine->counts.overflowed++;
      return NULL;
    }
  entry = g_new0 (Entry, 1);
  entry->plugin = g_strdup (plugin);
  entry->resource = g_strdup (resource);
  entry->since = entry->asked = now (quarantine);
  hm_backoff_init (&entry->backoff, FIRST_NS, LAST_NS);
  g_hash_table_add (quarantine->entries, entry);
  quarantine->counts.entered++;
  return entry;
}

/* -- before and after a call -- */

gboolean
hm_quarantine_holds (HmQuarantine *quarantine, const char *plugin, const char *resource)
{
  Entry *entry;
  gboolean holds = FALSE;

  g_mutex_lock (&quarantine->lock);
  entry = g_hash_table_size (quarantine->entries) > 0 ? find (quarantine, plugin, resource) : NULL;
  if (entry != NULL)
    {
      entry->asked = now (quarantine);
      holds = hm_backoff_left (&entry->backoff, entry->asked) > 0;
    }
  g_mutex_unlock (&quarantine->lock);
  return holds;
}

void
hm_quarantine_enter (HmQuarantine *quarantine, const char *plugin, const char *resource, const char *why)
{
  HmLogFields fields = { .plugin = plugin, .resource = resource };
  Entry *entry;
  gboolean is_new;

  g_mutex_lock (&quarantine->lock);
  entry = find (quarantine, plugin, resource);
  is_new = entry == NULL;
  if (is_new)
    entry = add (quarantine, plugin, resource);
  is_new &= entry != NULL;
  if (entry != NULL)
    {
      entry->failures++;
      hm_backoff_fail (&entry->backoff, now (quarantine), g_random_int ());
    }
  g_mutex_unlock (&quarantine->lock);
  if (is_new)
    hm_log (G_LOG_LEVEL_WARNING, &fields,
            "pollster %s: broken for %s (%s), left out there and tried again from time to time", plugin,
            resource, why != NULL ? why : "it gave no reason");
}

void
hm_quarantine_leave (HmQuarantine *quarantine, const char *plugin, const char *resource)
{
  HmLogFields fields = { .plugin = plugin, .resource = resource };
  Entry *entry;

  g_mutex_lock (&quarantine->lock);
  entry = g_hash_table_size (quarantine->entries) > 0 ? find (quarantine, plugin, resource) : NULL;
  if (entry != NULL)
    {
      g_hash_table_remove (quarantine->entries, entry);
      quarantine->counts.left++;
    }
  g_mutex_unlock (&quarantine->lock);
  if (entry != NULL)
    hm_log (G_LOG_LEVEL_MESSAGE, &fields, "pollster %s: works for %s again", plugin, resource);
}

static gboolean
is_of (gpointer key, gpointer value G_GNUC_UNUSED, gpointer resource)
{
  return g_str_equal (((const Entry *)key)->resource, resource);
}

void
hm_quarantine_forget (HmQuarantine *quarantine, const char *resource)
{
  g_mutex_lock (&quarantine->lock);
  quarantine->counts.forgotten
      += g_hash_table_foreach_remove (quarantine->entries, is_of, (gpointer)(guintptr)resource);
  g_mutex_unlock (&quarantine->lock);
}

/* -- for those who show it -- */

static void
clear_quarantined (gpointer data)
{
  HmQuarantined *one = data;

  g_free (one->plugin);
  g_free (one->resource);
}

GArray *
hm_quarantine_list (HmQuarantine *quarantine)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (HmQuarantined));
  GHashTableIter iter;
  gpointer key;

  g_array_set_clear_func (list, clear_quarantined);
  g_mutex_lock (&quarantine->lock);
  g_hash_table_iter_init (&iter, quarantine->entries);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const Entry *entry = key;
      HmQuarantined one = {
        .plugin = g_strdup (entry->plugin),
        .resource = g_strdup (entry->resource),
        .failures = entry->failures,
        .since_ns = now (quarantine) - entry->since,
        .retry_in_ns = hm_backoff_left (&entry->backoff, now (quarantine)),
      };

      g_array_append_val (list, one);
    }
  g_mutex_unlock (&quarantine->lock);
  return list;
}

void
hm_quarantine_counts (HmQuarantine *quarantine, HmQuarantineCounts *ret_counts)
{
  g_mutex_lock (&quarantine->lock);
  *ret_counts = quarantine->counts;
  ret_counts->size = g_hash_table_size (quarantine->entries);
  g_mutex_unlock (&quarantine->lock);
}
