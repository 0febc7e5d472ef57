/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_watch_link: the watch's lane, its loss and its return.
 *
 * Each time that the connection is there (again), all domains are compared with the inventory, since nobody
 * told what happened meanwhile. */
#include "agent/inspector/inspector_watch_private.h"

#include "agent/inspector/inspector_look.h"
#include "metering/error.h"
#include "metering/log.h"

/* How long a thread is waited for that may be inside a call that hangs. */
#define LANE_CLOSE_US             (G_USEC_PER_SEC / 2)
#define COMPARE_TIMEOUT_US        (30 * G_USEC_PER_SEC)
#define COMPARE_INTERVAL_US       (600 * G_USEC_PER_SEC)
#define COMPARE_WITHOUT_EVENTS_US (30 * G_USEC_PER_SEC)
#define BACKOFF_MIN_US            (G_USEC_PER_SEC / 2)
#define BACKOFF_MAX_US            (30 * G_USEC_PER_SEC)

gboolean
hm_watch_is_closing (HmWatch *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->is_closing;
}

/* Sets the lane, or refuses because the watch is being closed. */
static gboolean
set_lane (HmWatch *self, HmLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->is_closing && lane != NULL)
    return FALSE;
  self->lane = lane;
  return TRUE;
}

void
hm_watch_drop_lane (HmWatch *self)
{
  HmLane *lane = self->lane;

  set_lane (self, NULL);
  self->is_connected = FALSE;
  hm_lane_close (lane, g_get_monotonic_time () + LANE_CLOSE_US);
}

static gboolean
have_lane (HmWatch *self, GError **error)
{
  HmLaneHooks hooks;
  HmLane *lane;

  if (self->lane != NULL)
    return TRUE;
  hooks = hm_events_hooks (self->queue);
  lane = hm_lane_new (self->uri, self->hangs, &hooks, error);
  if (lane == NULL)
    {
      hooks.release (hooks.user);
      return FALSE;
    }
  if (set_lane (self, lane))
    return TRUE;
  hm_lane_close (lane, g_get_monotonic_time () + LANE_CLOSE_US);
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "being closed");
  return FALSE;
}

gboolean
hm_watch_run (HmWatch *self, HmJob *job, gint64 timeout_us, GError **error)
{
  if (!have_lane (self, error))
    return FALSE;
  if (!hm_lane_run (self->lane, job, g_get_monotonic_time () + timeout_us))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s does not answer", self->uri);
      hm_watch_drop_lane (self);
      return FALSE;
    }
  if (job->error == NULL)
    return TRUE;
  if (g_error_matches (job->error, HM_ERROR, HM_ERROR_UNAVAILABLE))
    hm_watch_drop_lane (self);
  g_propagate_error (error, g_error_copy (job->error));
  return FALSE;
}

/* -- connecting and comparing */

static void
set_reason (HmWatch *self, const char *reason)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_free (self->reason);
  self->reason = g_strdup (reason);
}

void
hm_watch_set_verified (HmWatch *self, gint64 at_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->verified_us = at_us;
}

/* One line per outage and reason, not per attempt. */
static void
note_failure (HmWatch *self, const GError *error)
{
  if (g_strcmp0 (self->reason, error->message) != 0)
    hm_warning ("no events: %s; trying again", error->message);
  set_reason (self, error->message);
  self->backoff = CLAMP (2 * self->backoff, BACKOFF_MIN_US, BACKOFF_MAX_US);
  self->attempt_us = g_get_monotonic_time () + self->backoff;
}

static void
note_success (HmWatch *self)
{
  if (self->reason != NULL)
    hm_notice ("%s is there again", self->uri);
  set_reason (self, NULL);
  self->backoff = 0;
}

gboolean
hm_watch_compare (HmWatch *self, GError **error)
{
  HmLook *look = hm_look_new (NULL);
  g_autoptr (HmJob) job = &look->job;
  gint64 begun = g_get_monotonic_time ();
  HmTime begun_wall = hm_news_queue_time (self->queue);
  gboolean is_new, is_silent;

  self->compare_us = begun + COMPARE_WITHOUT_EVENTS_US;
  if (!hm_watch_run (self, job, COMPARE_TIMEOUT_US, error))
    return FALSE;
  is_silent = hm_news_queue_is_silent (self->queue);
  is_new = is_silent || !self->is_connected || hm_lane_openings (self->lane) != self->openings;
  self->openings = hm_lane_openings (self->lane);
  self->is_connected = TRUE;
  self->compare_us = begun + (is_silent ? COMPARE_WITHOUT_EVENTS_US : COMPARE_INTERVAL_US);
  hm_announcer_take_all (self->announcer, look->seen, is_new);
  hm_announcer_hear (self->announcer, begun_wall);
  hm_watch_set_verified (self, begun);
  return TRUE;
}

gboolean
hm_watch_connect (HmWatch *self)
{
  g_autoptr (GError) error = NULL;

  if (!hm_watch_compare (self, &error))
    {
      if (!hm_watch_is_closing (self))
        note_failure (self, error);
      return FALSE;
    }
  note_success (self);
  if (hm_announcer_moments (self->announcer) != 0)
    hm_single_prepare (self->single);
  return TRUE;
}
