/* SPDX-License-Identifier: Apache-2.0 */
/* queue: a list of chunks under one lock. */
#include "collector/pipeline/queue.h"

struct HmQueue
{
  GMutex lock;
  GCond filled, emptied, released;
  GQueue chunks; /* (element-type GPtrArray) */
  guint arrivals, max_arrivals;
  gsize bytes, max_bytes;
  gboolean closed, woken;
  gboolean held; /* what was popped last is still in the taker's hands */
};

HmQueue *
hm_queue_new (guint max_arrivals, gsize max_bytes)
{
  HmQueue *queue = g_new0 (HmQueue, 1);

  g_mutex_init (&queue->lock);
  g_cond_init (&queue->filled);
  g_cond_init (&queue->emptied);
  g_cond_init (&queue->released);
  g_queue_init (&queue->chunks);
  queue->max_arrivals = max_arrivals;
  queue->max_bytes = max_bytes;
  return queue;
}

static void
clear (HmQueue *queue)
{
  GPtrArray *chunk;

  while ((chunk = g_queue_pop_head (&queue->chunks)) != NULL)
    g_ptr_array_unref (chunk);
  queue->arrivals = 0;
  queue->bytes = 0;
  g_cond_broadcast (&queue->emptied);
}

void
hm_queue_free (HmQueue *queue)
{
  if (queue == NULL)
    return;
  clear (queue);
  g_mutex_clear (&queue->lock);
  g_cond_clear (&queue->filled);
  g_cond_clear (&queue->emptied);
  g_cond_clear (&queue->released);
  g_free (queue);
}

static gsize
bytes_of (const GPtrArray *chunk)
{
  gsize bytes = 0;

  for (guint i = 0; i < chunk->len; i++)
    bytes += hm_arrival_weight (g_ptr_array_index (chunk, i));
  return bytes;
}

/* g_cond_wait_until() with a deadline in GLib's monotonic µs; G_MAXINT64 waits for ever. */
static gint64
deadline_of (gint64 timeout_ns)
{
  return timeout_ns < 0 ? G_MAXINT64 : g_get_monotonic_time () + timeout_ns / 1000;
}

static gboolean
wait_until (HmQueue *queue, GCond *cond, gint64 deadline)
{
  if (deadline != G_MAXINT64)
    return g_cond_wait_until (cond, &queue->lock, deadline);
  g_cond_wait (cond, &queue->lock);
  return TRUE;
}

void
hm_queue_push (HmQueue *queue, GPtrArray *chunk)
{
  gsize bytes = bytes_of (chunk);

  g_mutex_lock (&queue->lock);
  if (queue->closed)
    {
      g_mutex_unlock (&queue->lock);
      g_ptr_array_unref (chunk);
      return;
    }
  g_queue_push_tail (&queue->chunks, chunk);
  queue->arrivals += chunk->len;
  queue->bytes += bytes;
  g_cond_signal (&queue->filled);
  g_mutex_unlock (&queue->lock);
}

static gboolean
has_room (const HmQueue *queue)
{
  return queue->closed || (queue->arrivals < queue->max_arrivals && queue->bytes < queue->max_bytes);
}

gboolean
hm_queue_wait_room (HmQueue *queue, gint64 timeout_ns)
{
  gint64 deadline = deadline_of (timeout_ns);
  gboolean room;

  g_mutex_lock (&queue->lock);
  while (!has_room (queue) && wait_until (queue, &queue->emptied, deadline))
    ;
  room = has_room (queue);
  g_mutex_unlock (&queue->lock);
  return room;
}

gboolean
hm_queue_half_empty (HmQueue *queue)
{
  gboolean half;

  g_mutex_lock (&queue->lock);
  half = queue->arrivals <= queue->max_arrivals / 2 && queue->bytes <= queue->max_bytes / 2;
  g_mutex_unlock (&queue->lock);
  return half;
}

/* -- taking out -- */

static GPtrArray *
take (HmQueue *queue, guint max_arrivals, gsize max_bytes)
{
  GPtrArray *taken = g_queue_pop_head (&queue->chunks);
  gsize bytes = bytes_of (taken);

  while (queue->chunks.head != NULL)
    {
      GPtrArray *next = queue->chunks.head->data;
      gsize more = bytes_of (next);

      if (taken->len + next->len > max_arrivals || bytes + more > max_bytes)
        break;
      g_ptr_array_extend_and_steal (taken, g_queue_pop_head (&queue->chunks));
      bytes += more;
    }
  queue->arrivals -= taken->len;
  queue->bytes -= bytes;
  queue->held = TRUE;
  g_cond_broadcast (&queue->emptied);
  return taken;
}

GPtrArray *
hm_queue_pop (HmQueue *queue, guint max_arrivals, gsize max_bytes, gint64 timeout_ns)
{
  gint64 deadline = deadline_of (timeout_ns);
  GPtrArray *taken = NULL;

  g_mutex_lock (&queue->lock);
  while (queue->chunks.head == NULL && !queue->closed && !queue->woken)
    if (!wait_until (queue, &queue->filled, deadline))
      break;
  if (queue->chunks.head != NULL && !queue->closed && !queue->woken)
    taken = take (queue, max_arrivals, max_bytes);
  queue->woken = FALSE;
  g_mutex_unlock (&queue->lock);
  return taken;
}

void
hm_queue_wake (HmQueue *queue)
{
  g_mutex_lock (&queue->lock);
  queue->woken = TRUE;
  g_cond_broadcast (&queue->filled);
  g_mutex_unlock (&queue->lock);
}

void
hm_queue_clear (HmQueue *queue)
{
  g_mutex_lock (&queue->lock);
  clear (queue);
  g_mutex_unlock (&queue->lock);
}

void
hm_queue_done (HmQueue *queue)
{
  g_mutex_lock (&queue->lock);
  queue->held = FALSE;
  g_cond_broadcast (&queue->released);
  g_mutex_unlock (&queue->lock);
}

gboolean
hm_queue_drain (HmQueue *queue, gint64 timeout_ns)
{
  gint64 deadline = deadline_of (timeout_ns);
  gboolean drained;

  g_mutex_lock (&queue->lock);
  clear (queue);
  while (queue->held && wait_until (queue, &queue->released, deadline))
    ;
  drained = !queue->held;
  g_mutex_unlock (&queue->lock);
  return drained;
}

void
hm_queue_close (HmQueue *queue)
{
  g_mutex_lock (&queue->lock);
  queue->closed = TRUE;
  g_cond_broadcast (&queue->filled);
  g_cond_broadcast (&queue->emptied);
  g_mutex_unlock (&queue->lock);
}

void
hm_queue_size (HmQueue *queue, guint *ret_arrivals, gsize *ret_bytes)
{
  g_mutex_lock (&queue->lock);
  *ret_arrivals = queue->arrivals;
  *ret_bytes = queue->bytes;
  g_mutex_unlock (&queue->lock);
}
