/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_loop: runs virEventRunDefaultImpl, and nothing else does.
 *
 * Each lane holds a reference from its first connection to the end of its thread, so a call that outlives
 * everything still finds a loop that reads its answer. */
#include "agent/inspector/inspector_loop.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* libvirt frees what belongs to closed connections in idle moments of the loop: it gets one before it ends.
 */
#define LAST_ROUND_MS 10

static GMutex lock;
static guint refs;
static GThread *thread;
static gint is_over; /* atomic */

static void
ignore_error (void *user, virErrorPtr error)
{
  (void)user, (void)error;
}

static gpointer
run_loop (gpointer unused)
{
  (void)unused;
  while (!g_atomic_int_get (&is_over))
    if (virEventRunDefaultImpl () < 0)
      g_usleep (1000 * LAST_ROUND_MS);
  return NULL;
}

/* On the loop's thread. */
static void
end_loop (int timer, void *unused)
{
  (void)unused;
  virEventRemoveTimeout (timer);
  g_atomic_int_set (&is_over, TRUE);
}

static gpointer
register_once (gpointer unused)
{
  virInitialize ();
  virSetErrorFunc (NULL, ignore_error);
  virEventRegisterDefaultImpl ();
  return unused;
}

void
hm_loop_ref (void)
{
  static GOnce once = G_ONCE_INIT;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  g_once (&once, register_once, NULL);
  if (refs++ > 0)
    return;
  g_atomic_int_set (&is_over, FALSE);
  thread = g_thread_new ("libvirt-events", run_loop, NULL);
}

void
hm_loop_unref (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (--refs > 0)
    return;
  virEventAddTimeout (LAST_ROUND_MS, end_loop, NULL, NULL);
  g_thread_join (g_steal_pointer (&thread));
}
