/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_connection: read-only connections, each with its thread, under deadlines that others keep.
 *
 * The reading thread owns the lanes of reads, the watch that of events; each hands over one job at a time.
 * The lane's thread opens (with back-off), calls and closes; it holds a reference of its own, so a hung call
 * owns all it touches. */
#include "agent/inspector/inspector_connection.h"

#include "agent/inspector/inspector_loop.h"
#include "metering/error.h"

#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      3
#define BACKOFF_MIN_US       (G_USEC_PER_SEC / 2)
#define BACKOFF_MAX_US       (30 * G_USEC_PER_SEC)

struct HmLane
{
  GMutex lock;
  GCond changed;
  HmJob *job;          /* handed over, or running */
  gboolean is_running; /* the thread is inside libvirt for it */
  gboolean is_retired, is_closing, has_ended;
  gboolean is_counted; /* as a call that hangs */
  gint64 opened_at;
  guint openings;

  /* The thread's alone. */
  virConnectPtr connection;
  HmTraits traits;
  GHashTable *handles;
  gint64 not_before, backoff; /* of the next attempt to open; until then, what is refused why: */
  GError *refusal;

  char *uri;
  HmHangs *hangs;
  HmLaneHooks hooks;
  GThread *thread;
  gint refs;
};

/* -- the connection, on the lane's thread */

static void
drop_connection (HmLane *lane)
{
  if (lane->connection == NULL)
    return;
  if (lane->hooks.closing != NULL)
    lane->hooks.closing (lane->connection, lane->hooks.user);
  g_hash_table_remove_all (lane->handles);
  virConnectClose (lane->connection);
  lane->connection = NULL;
  lane->traits = (HmTraits){ 0 };
}

static void
note_failure (HmLane *lane, const char *reason)
{
  g_clear_error (&lane->refusal);
  lane->refusal = g_error_new_literal (HM_ERROR, HM_ERROR_UNAVAILABLE, reason);
  lane->backoff = CLAMP (2 * lane->backoff, BACKOFF_MIN_US, BACKOFF_MAX_US);
  lane->not_before = g_get_monotonic_time () + lane->backoff;
  hm_hangs_opened (lane->hangs, FALSE);
}

static void
note_success (HmLane *lane)
{
  lane->backoff = lane->not_before = 0;
  g_mutex_lock (&lane->lock);
  lane->opened_at = g_get_monotonic_time ();
  lane->openings++;
  g_mutex_unlock (&lane->lock);
  hm_hangs_opened (lane->hangs, TRUE);
}

/* A driver without a network connection has no keepalive and refuses it, which is no harm. */
static gboolean
open_connection (HmLane *lane, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (g_get_monotonic_time () < lane->not_before)
    {
      g_propagate_error (error, g_error_copy (lane->refusal));
      return FALSE;
    }
  lane->connection = virConnectOpenReadOnly (lane->uri);
  if (lane->connection == NULL)
    {
      hm_set_virt_error (&cause, lane->uri);
      note_failure (lane, cause->message);
      g_propagate_error (error, g_error_copy (lane->refusal));
      return FALSE;
    }
  virConnectSetKeepAlive (lane->connection, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
  note_success (lane);
  if (lane->hooks.opened != NULL)
    lane->hooks.opened (lane->connection, lane->hooks.user);
  return TRUE;
}

static gboolean
have_connection (HmLane *lane, GError **error)
{
  if (lane->connection != NULL && virConnectIsAlive (lane->connection) == 1)
    return TRUE;
  drop_connection (lane);
  return open_connection (lane, error);
}

/* -- the thread */

static void
unref_lane (HmLane *lane)
{
  if (!g_atomic_int_dec_and_test (&lane->refs))
    return;
  if (lane->hooks.release != NULL)
    lane->hooks.release (lane->hooks.user);
  hm_hangs_unref (lane->hangs);
  g_mutex_clear (&lane->lock);
  g_cond_clear (&lane->changed);
  g_hash_table_unref (lane->handles);
  g_clear_error (&lane->refusal);
  g_free (lane->uri);
  g_free (lane);
}

/* The next job, or NULL when the lane is done for. */
static HmJob *
take_job (HmLane *lane)
{
  HmJob *job = NULL;

  g_mutex_lock (&lane->lock);
  while (lane->job == NULL && !lane->is_closing && !lane->is_retired)
    g_cond_wait (&lane->changed, &lane->lock);
  if (!lane->is_retired && !lane->is_closing)
    job = lane->job;
  lane->is_running = job != NULL;
  g_mutex_unlock (&lane->lock);
  return job;
}

static void
give_back (HmJob *job)
{
  if (job->returned != NULL)
    job->returned (job);
  hm_job_unref (job);
}

static void
finish_job (HmLane *lane, HmJob *job)
{
  g_mutex_lock (&lane->lock);
  job->is_done = TRUE;
  lane->is_running = FALSE;
  lane->job = NULL;
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->lock);
  give_back (job);
}

static void
end_lane (HmLane *lane)
{
  HmJob *left;

  drop_connection (lane);
  hm_loop_unref ();
  g_mutex_lock (&lane->lock);
  if (lane->is_retired)
    hm_hangs_end (lane->hangs, lane->is_counted);
  left = g_steal_pointer (&lane->job);
  lane->has_ended = TRUE;
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->lock);
  if (left != NULL)
    give_back (left);
  unref_lane (lane);
}

/* Whatever libvirt calls the failure of a call whose connection broke, it is that. */
static void
run_job (HmLane *lane, HmJob *job)
{
  job->run (job, lane, lane->connection);
  if (job->error != NULL && virConnectIsAlive (lane->connection) != 1)
    job->error->code = HM_ERROR_UNAVAILABLE;
}

static gpointer
run_lane (gpointer data)
{
  HmLane *lane = data;
  HmJob *job;

  while ((job = take_job (lane)) != NULL)
    {
      if (have_connection (lane, &job->error))
        run_job (lane, job);
      finish_job (lane, job);
    }
  end_lane (lane);
  return NULL;
}

/* -- for those who wait */

static void
free_domain (gpointer domain)
{
  virDomainFree (domain);
}

HmLane *
hm_lane_new (const char *uri, HmHangs *hangs, const HmLaneHooks *hooks, GError **error)
{
  HmLane *lane;

  if (hm_hangs_are_enough (hangs))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: calls that hang: %u, none more is risked", uri,
                   hm_hangs_now (hangs));
      return NULL;
    }
  lane = g_new0 (HmLane, 1);
  g_mutex_init (&lane->lock);
  g_cond_init (&lane->changed);
  lane->uri = g_strdup (uri);
  lane->hangs = hm_hangs_ref (hangs);
  if (hooks != NULL)
    lane->hooks = *hooks;
  lane->handles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_domain);
  lane->refs = 2;
  hm_loop_ref ();
  lane->thread = g_thread_new ("libvirt-calls", run_lane, lane);
  return lane;
}

void
hm_lane_start (HmLane *lane, HmJob *job)
{
  g_atomic_int_inc (&job->refs);
  g_mutex_lock (&lane->lock);
  g_assert (lane->job == NULL);
  lane->job = job;
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->lock);
}

/* With the lock held. */
static void
retire (HmLane *lane)
{
  if (lane->is_retired || lane->has_ended)
    return;
  lane->is_retired = TRUE;
  lane->is_counted = lane->is_running;
  hm_hangs_begin (lane->hangs, lane->is_counted);
  g_cond_broadcast (&lane->changed);
}

gboolean
hm_lane_wait (HmLane *lane, HmJob *job, gint64 deadline_us)
{
  gboolean is_done;

  g_mutex_lock (&lane->lock);
  while (!job->is_done && !lane->is_retired)
    if (!g_cond_wait_until (&lane->changed, &lane->lock, deadline_us))
      break;
  is_done = job->is_done;
  if (!is_done)
    retire (lane);
  g_mutex_unlock (&lane->lock);
  return is_done;
}

gboolean
hm_lane_run (HmLane *lane, HmJob *job, gint64 deadline_us)
{
  hm_lane_start (lane, job);
  return hm_lane_wait (lane, job, deadline_us);
}

void
hm_lane_retire (HmLane *lane)
{
  g_mutex_lock (&lane->lock);
  retire (lane);
  g_mutex_unlock (&lane->lock);
}

gboolean
hm_lane_close (HmLane *lane, gint64 deadline_us)
{
  GThread *thread;
  gboolean has_ended;

  if (lane == NULL)
    return TRUE;
  g_mutex_lock (&lane->lock);
  lane->is_closing = TRUE;
  g_cond_broadcast (&lane->changed);
  while (!lane->has_ended && g_cond_wait_until (&lane->changed, &lane->lock, deadline_us))
    continue;
  has_ended = lane->has_ended;
  g_mutex_unlock (&lane->lock);
  thread = g_steal_pointer (&lane->thread);
  if (has_ended)
    g_thread_join (thread);
  else
    g_thread_unref (thread);
  unref_lane (lane);
  return has_ended;
}

gint64
hm_lane_opened_at (HmLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return lane->opened_at;
}

guint
hm_lane_openings (HmLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return lane->openings;
}

const HmTraits *
hm_lane_traits (HmLane *lane, HmJob *job, virConnectPtr connection)
{
  if (!lane->traits.are_known)
    hm_traits_probe (&lane->traits, connection, &job->rpcs);
  return &lane->traits;
}

GHashTable *
hm_lane_handles (HmLane *lane)
{
  return lane->handles;
}
