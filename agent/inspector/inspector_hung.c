/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_hung: the list of domains that hang, a handful at most.
 *
 * One that is on it costs nobody else time: the reads leave it out of what asks its process, and whether it is back is
 * asked rarely, by a call that waits for nobody. Changed by the reading thread between its calls; the lock is for
 * whoever wants to know. */
#include "agent/inspector/inspector_hung.h"

#include <string.h>

#include "metering/log.h"

#define PROBE_FIRST_NS HM_NSEC_PER_SEC
#define PROBE_LAST_NS  (30 * HM_NSEC_PER_SEC)

typedef struct
{
  HmHungDomain told;
  int domain_id;
  gint64 found_ns, probe_ns,
      backoff_ns; /* monotonic: when it was found, is asked again; the pause before that */
} Entry;

struct HmHung
{
  GMutex lock;
  GPtrArray *entries; /* (element-type Entry) */
  guint64 total, probes;
  const HmClock *clock;
};

HmHung *
hm_hung_new (const HmClock *clock)
{
  HmHung *hung = g_new0 (HmHung, 1);

  g_mutex_init (&hung->lock);
  hung->entries = g_ptr_array_new_with_free_func (g_free);
  hung->clock = clock;
  return hung;
}

void
hm_hung_free (HmHung *hung)
{
  if (hung == NULL)
    return;
  g_ptr_array_unref (hung->entries);
  g_mutex_clear (&hung->lock);
  g_free (hung);
}

static gint64
now (const HmHung *hung)
{
  return hung->clock->monotonic (hung->clock);
}

static Entry *
entry_at (HmHung *hung, guint i)
{
  return g_ptr_array_index (hung->entries, i);
}

static Entry *
find (HmHung *hung, const char *id)
{
  for (guint i = 0; i < hung->entries->len; i++)
    if (strcmp (entry_at (hung, i)->told.id, id) == 0)
      return entry_at (hung, i);
  return NULL;
}

/* -- in and out */

static Entry *
new_entry (HmHung *hung, const char *id, int domain_id, const char *name)
{
  Entry *entry = g_new0 (Entry, 1);
  g_autofree char *clean = hm_text_clean (name, sizeof (entry->told.name) - 1, NULL);

  g_strlcpy (entry->told.id, id, sizeof (entry->told.id));
  g_strlcpy (entry->told.name, clean, sizeof (entry->told.name));
  entry->told.since = hung->clock->wall (hung->clock);
  entry->domain_id = domain_id;
  entry->found_ns = now (hung);
  entry->backoff_ns = PROBE_FIRST_NS;
  entry->probe_ns = entry->found_ns + entry->backoff_ns;
  return entry;
}

void
hm_hung_add (HmHung *hung, const char *id, int domain_id, const char *name, guint waits_ms)
{
  if (find (hung, id) != NULL)
    return;
  g_mutex_lock (&hung->lock);
  g_ptr_array_add (hung->entries, new_entry (hung, id, domain_id, name));
  hung->total++;
  g_mutex_unlock (&hung->lock);
  hm_log (
      G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = id },
      "domain %s hangs: nothing from its process for %u.%u s; until it answers, only what needs no answer "
      "of its is read",
      name, waits_ms / 1000, waits_ms % 1000 / 100);
}

/* Takes @entry out and says why. */
static void
let_go (HmHung *hung, Entry *entry, const char *why)
{
  gint64 hung_ms = (now (hung) - entry->found_ns) / HM_NSEC_PER_MSEC;

  hm_log (G_LOG_LEVEL_MESSAGE, &(HmLogFields){ .resource = entry->told.id },
          "domain %s %s, %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " s after it was found to hang",
          entry->told.name, why, hung_ms / 1000, hung_ms % 1000 / 100);
  g_mutex_lock (&hung->lock);
  g_ptr_array_remove (hung->entries, entry);
  g_mutex_unlock (&hung->lock);
}

void
hm_hung_keep (HmHung *hung, int (*domain_id_of) (const char *id, gpointer user), gpointer user)
{
  for (guint i = hung->entries->len; i > 0; i--)
    {
      Entry *entry = entry_at (hung, i - 1);

      if (domain_id_of (entry->told.id, user) != entry->domain_id)
        let_go (hung, entry, "has ended");
    }
}

/* -- asking again */

gboolean
hm_hung_has (HmHung *hung, const char *id)
{
  return find (hung, id) != NULL;
}

guint
hm_hung_size (HmHung *hung)
{
  return hung->entries->len;
}

GPtrArray *
hm_hung_due (HmHung *hung)
{
  GPtrArray *due = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < hung->entries->len; i++)
    if (now (hung) >= entry_at (hung, i)->probe_ns)
      g_ptr_array_add (due, g_strdup (entry_at (hung, i)->told.id));
  return due;
}

void
hm_hung_hurry (HmHung *hung)
{
  for (guint i = 0; i < hung->entries->len; i++)
    entry_at (hung, i)->probe_ns = 0;
}

static void
put_off (HmHung *hung, Entry *entry)
{
  entry->backoff_ns = MIN (2 * entry->backoff_ns, PROBE_LAST_NS);
  entry->probe_ns = now (hung) + entry->backoff_ns;
  g_mutex_lock (&hung->lock);
  entry->told.probes++;
  hung->probes++;
  g_mutex_unlock (&hung->lock);
}

void
hm_hung_take (HmHung *hung, const HmProbed *probed, guint enough_ms)
{
  Entry *entry = find (hung, probed->id);

  if (entry == NULL)
    return;
  put_off (hung, entry);
  if (probed->result == HM_PROBE_GONE)
    let_go (hung, entry, "has ended");
  else if (probed->result == HM_PROBE_FREE
           || (probed->result == HM_PROBE_WAITS && probed->waits_ms < enough_ms))
    let_go (hung, entry, "answers again");
}

void
hm_hung_health (HmHung *hung, HmInspectorHealth *health)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hung->lock);

  health->hung = hung->entries->len;
  for (guint i = 0; i < MIN (hung->entries->len, HM_HUNG_TOLD); i++)
    health->domains[i] = entry_at (hung, i)->told;
  health->hung_total = hung->total;
  health->probes_total = hung->probes;
}
