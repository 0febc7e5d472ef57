/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_watch_moments: what the watch reads of a domain at once, on its thread: the first values of a life, and what may be
 * its last.
 *
 * libvirtd may hold a guest up that it has just started, so a first reading that was not answered in time is told when its
 * answer comes, or is tried again: as long as the guest runs that life and no poll has read it, a few times. A last one is not, as
 * the event that it belongs to does not wait. */
#include "agent/inspector/inspector_watch_private.h"

/* After 2, 4 and 8 seconds. By then the polls come to it. */
#define RETRY_US    (2 * G_USEC_PER_SEC)
#define RETRIES_MAX 3

/* A first reading that is to be tried again. */
typedef struct
{
  char *epoch; /* of the life that it is of */
  guint tries;
  gint64 due_us;
} First;

static void
free_first (gpointer data)
{
  First *first = data;

  g_free (first->epoch);
  g_free (first);
}

GHashTable *
hm_watch_firsts_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_first);
}

/* What may be the last values of a domain: whether they are, the next event tells. */
void
hm_watch_read_last (HmWatch *self, const char *id)
{
  g_autoptr (HmInstance) instance = hm_announcer_instance (self->announcer, id);
  HmSnapshot *snapshot = NULL;

  if (instance != NULL
      && hm_single_read (self->single, instance, hm_announcer_moments (self->announcer), &snapshot)
      && snapshot != NULL)
    hm_announcer_hold (self->announcer, snapshot);
}

/* Of a domain that had stopped by the time of the answer, or by @until, a record of it as running would come after its end. Where a poll
 * has read this life meanwhile, these are no first values, and some of them may be older than the poll's. */
static void
tell_first (HmWatch *self, HmSnapshot *snapshot, HmTime until)
{
  const HmDomain *domain = hm_snapshot_get (snapshot, 0);

  if (domain->wall_ns <= until && !hm_announcer_was_read (self->announcer, domain->resource->id)
      && !hm_news_queue_ends_run (self->queue, domain->resource->id, domain->wall_ns))
    hm_announcer_tell_first (self->announcer, domain);
}

/* FALSE when none has come. */
static gboolean
take_late (HmWatch *self, const HmInstance *instance, HmTime until)
{
  g_autoptr (HmSnapshot) snapshot = hm_single_take_late (self->single, instance);

  if (snapshot == NULL)
    return FALSE;
  tell_first (self, snapshot, until);
  return TRUE;
}

/* FALSE when it is to be tried again. */
static gboolean
read_first (HmWatch *self, HmInstance *instance)
{
  g_autoptr (HmSnapshot) snapshot = NULL;

  if (!hm_single_read (self->single, instance, hm_announcer_moments (self->announcer), &snapshot))
    return FALSE;
  if (snapshot != NULL)
    tell_first (self, snapshot, G_MAXINT64);
  return TRUE;
}

void
hm_watch_read_first (HmWatch *self, const char *id)
{
  g_autoptr (HmInstance) instance = hm_announcer_instance (self->announcer, id);
  First *first;

  g_hash_table_remove (self->firsts, id);
  if (instance == NULL || read_first (self, instance))
    return;
  first = g_new0 (First, 1);
  first->epoch = g_strdup (instance->resource->epoch);
  first->due_us = g_get_monotonic_time () + RETRY_US;
  g_hash_table_insert (self->firsts, g_strdup (id), first);
}

static gboolean
is_awaited (HmWatch *self, const First *first, const HmInstance *instance)
{
  return instance != NULL && instance->resource->state == HM_STATE_RUNNING
         && g_strcmp0 (instance->resource->epoch, first->epoch) == 0
         && !hm_announcer_was_read (self->announcer, hm_instance_id (instance));
}

/* FALSE when it is to be tried again. */
static gboolean
try_again (HmWatch *self, const char *id, const First *first)
{
  g_autoptr (HmInstance) instance = hm_announcer_instance (self->announcer, id);

  return !is_awaited (self, first, instance) || take_late (self, instance, G_MAXINT64)
         || read_first (self, instance);
}

/* Not after a call that failed at once: it would fail again at once, without end. Its turn comes. */
void
hm_watch_take_answer (HmWatch *self, const char *id)
{
  const First *first = g_hash_table_lookup (self->firsts, id);

  if (first != NULL && hm_single_has_late (self->single, id) && try_again (self, id, first))
    g_hash_table_remove (self->firsts, id);
}

void
hm_watch_take_late (HmWatch *self, const HmHappening *happening)
{
  const char *id = happening->id;
  HmTime until = hm_happening_ends_run (happening) ? happening->time : G_MAXINT64;
  const First *first = g_hash_table_lookup (self->firsts, id);
  g_autoptr (HmInstance) instance = first != NULL ? hm_announcer_instance (self->announcer, id) : NULL;

  if (first != NULL && (!is_awaited (self, first, instance) || take_late (self, instance, until)))
    g_hash_table_remove (self->firsts, id);
}

static GPtrArray *
due_ones (HmWatch *self)
{
  GPtrArray *due = g_ptr_array_new_with_free_func (g_free);
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer id, first;

  g_hash_table_iter_init (&iter, self->firsts);
  while (g_hash_table_iter_next (&iter, &id, &first))
    if (((First *)first)->due_us <= now)
      g_ptr_array_add (due, g_strdup (id));
  return due;
}

void
hm_watch_read_due (HmWatch *self)
{
  g_autoptr (GPtrArray) due = due_ones (self);

  for (guint i = 0; i < due->len; i++)
    {
      const char *id = g_ptr_array_index (due, i);
      First *first = g_hash_table_lookup (self->firsts, id);

      if (try_again (self, id, first) || ++first->tries == RETRIES_MAX)
        g_hash_table_remove (self->firsts, id);
      else
        first->due_us = g_get_monotonic_time () + (RETRY_US << first->tries);
    }
}

gint64
hm_watch_next_read (HmWatch *self)
{
  gint64 next = G_MAXINT64;
  GHashTableIter iter;
  gpointer first;

  g_hash_table_iter_init (&iter, self->firsts);
  while (g_hash_table_iter_next (&iter, NULL, &first))
    next = MIN (next, ((First *)first)->due_us);
  return next;
}
