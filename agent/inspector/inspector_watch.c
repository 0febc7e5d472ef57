/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_watch: connects, compares, listens, looks; again from the start when the connection is lost.
 *
 * Its thread is the only one that calls the announcer, and so the only writer of the inventory: what happens
 * to a domain is taken in the order in which libvirt told it. Reads ask it to look at what they do not know,
 * and wait. */
#include "agent/inspector/inspector_watch_private.h"

#include "agent/inspector/inspector_look.h"
#include "metering/error.h"
#include "metering/log.h"

#define LOOK_TIMEOUT_US  (5 * G_USEC_PER_SEC)
#define SUSPECT_DELAY_US (1 * G_USEC_PER_SEC)

/* -- looking */

/* After each job: was the connection opened anew underneath, events were missed. */
static void
check_openings (HmWatch *self)
{
  if (self->is_connected && hm_lane_openings (self->lane) != self->openings)
    self->is_connected = FALSE;
}

static gboolean
be_connected (HmWatch *self)
{
  return self->is_connected || hm_watch_connect (self);
}

/* TRUE with *@ret_seen (nullable) when libvirt said how the domain is. */
static gboolean
look (HmWatch *self, const char *id, HmLook **ret_look, HmSeenDomain **ret_seen)
{
  HmLook *look = hm_look_new (id);
  g_autoptr (GError) error = NULL;

  *ret_look = look;
  if (!hm_watch_run (self, &look->job, LOOK_TIMEOUT_US, &error))
    {
      hm_debug ("cannot look at %s: %s", id, error->message);
      return FALSE;
    }
  check_openings (self);
  *ret_seen = look->seen->len > 0 ? g_ptr_array_index (look->seen, 0) : NULL;
  return TRUE;
}

static void
look_and_compare (HmWatch *self, const char *id, gboolean is_confirmed)
{
  HmLook *done = NULL;
  HmSeenDomain *seen = NULL;

  if (!be_connected (self))
    return;
  if (look (self, id, &done, &seen))
    hm_announcer_take_one (self->announcer, id, seen, is_confirmed);
  hm_job_unref (&done->job);
}

static void
take_happening (HmWatch *self, const HmHappening *happening)
{
  HmLook *done = NULL;
  HmSeenDomain *seen = NULL;
  gboolean has_looked = FALSE;

  hm_watch_take_late (self, happening);
  if (happening->read == HM_READ_AT_END)
    hm_watch_read_last (self, happening->id);
  if (happening->needs_look || hm_announcer_needs_look (self->announcer, happening->id))
    has_looked = look (self, happening->id, &done, &seen);
  hm_announcer_take_event (self->announcer, happening, has_looked, seen);
  if (self->is_connected)
    hm_announcer_hear (self->announcer, happening->time);
  if (done != NULL)
    hm_job_unref (&done->job);
  if (happening->read == HM_READ_AT_START)
    hm_watch_read_first (self, happening->id);
}

static void
check_suspects (HmWatch *self)
{
  g_autoptr (GPtrArray) suspects = g_steal_pointer (&self->suspects);

  self->check_us = 0;
  for (guint i = 0; i < suspects->len; i++)
    look_and_compare (self, g_ptr_array_index (suspects, i), TRUE);
}

static void
collect_suspects (HmWatch *self)
{
  if (self->suspects != NULL)
    return;
  self->suspects = hm_announcer_suspects (self->announcer);
  if (self->suspects->len > 0)
    self->check_us = g_get_monotonic_time () + SUSPECT_DELAY_US;
  else
    g_clear_pointer (&self->suspects, g_ptr_array_unref);
}

/* A call that succeeds on a connection that stood before proves that libvirtd has not been started anew. */
static void
verify (HmWatch *self, gint64 since_us)
{
  g_autoptr (HmJob) ping = NULL;
  gint64 begun = g_get_monotonic_time ();

  if (self->is_connected && self->verified_us >= since_us)
    return;
  if (self->is_connected)
    {
      ping = hm_ping_new ();
      if (!hm_watch_run (self, ping, LOOK_TIMEOUT_US, NULL))
        self->is_connected = FALSE;
      check_openings (self);
    }
  if (self->is_connected)
    hm_watch_set_verified (self, begun);
  else
    hm_watch_connect (self);
}

/* -- the thread */

static void
take (HmWatch *self, const HmNews *news)
{
  switch (news->kind)
    {
    case HM_NEWS_HAPPENED:
      take_happening (self, &news->happening);
      break;
    case HM_NEWS_CLOSED:
      self->is_connected = FALSE;
      break;
    case HM_NEWS_LOOK:
      look_and_compare (self, news->happening.id, FALSE);
      break;
    case HM_NEWS_VERIFY:
      verify (self, news->since_us);
      break;
    case HM_NEWS_AUDIT:
      self->must_audit = TRUE;
      break;
    case HM_NEWS_ANSWERED:
      hm_watch_take_answer (self, news->happening.id);
      break;
    }
}

static void
set_done (HmWatch *self, guint64 ticket)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->done = ticket;
  g_cond_broadcast (&self->changed);
}

static void
set_live (HmWatch *self, gboolean is_live)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_live = is_live;
}

static void
do_what_is_due (HmWatch *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  if (hm_news_queue_overflowed (self->queue))
    self->is_connected = FALSE;
  if (!self->is_connected && now >= self->attempt_us)
    hm_watch_connect (self);
  if (self->is_connected && now >= self->compare_us && !hm_watch_compare (self, &error))
    hm_debug ("no comparison: %s", error->message);
  if (self->check_us != 0 && now >= self->check_us)
    check_suspects (self);
  if (self->must_audit && self->is_connected)
    {
      self->must_audit = FALSE;
      hm_announcer_audit (self->announcer);
    }
  hm_watch_read_due (self);
  collect_suspects (self);
}

static gint64
next_due (HmWatch *self)
{
  gint64 due = MIN (self->is_connected ? self->compare_us : self->attempt_us, hm_watch_next_read (self));

  return self->check_us != 0 ? MIN (due, self->check_us) : due;
}

static gpointer
run_watch (gpointer data)
{
  HmWatch *self = data;

  while (!hm_watch_is_closing (self))
    {
      HmNews *news;

      do_what_is_due (self);
      set_live (self, self->is_connected && !hm_news_queue_is_silent (self->queue));
      news = hm_news_queue_pop (self->queue, next_due (self));
      if (news == NULL)
        continue;
      take (self, news);
      set_live (self, self->is_connected && !hm_news_queue_is_silent (self->queue));
      set_done (self, news->ticket);
      hm_news_free (news);
    }
  hm_watch_drop_lane (self);
  g_clear_pointer (&self->single, hm_single_free);
  g_mutex_lock (&self->lock);
  self->has_ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* -- for others */

HmWatch *
hm_watch_new (const char *uri, HmHangs *hangs, HmAnnouncer *announcer, HmSingle *single, const HmClock *clock)
{
  HmWatch *self = g_new0 (HmWatch, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->uri = g_strdup (uri);
  self->hangs = hm_hangs_ref (hangs);
  self->announcer = announcer;
  self->single = single;
  self->queue = hm_news_queue_new (clock);
  hm_single_set_queue (single, self->queue);
  self->firsts = hm_watch_firsts_new ();
  self->thread = g_thread_new ("hypervisor-watch", run_watch, self);
  return self;
}

void
hm_watch_look (HmWatch *self, const char *id)
{
  HmNews *news = g_new0 (HmNews, 1);

  news->kind = HM_NEWS_LOOK;
  g_strlcpy (news->happening.id, id, sizeof (news->happening.id));
  hm_news_queue_push (self->queue, news);
}

void
hm_watch_audit (HmWatch *self)
{
  HmNews *news = g_new0 (HmNews, 1);

  news->kind = HM_NEWS_AUDIT;
  hm_news_queue_push (self->queue, news);
}

void
hm_watch_counts (HmWatch *self, HmNewsCounts *ret_counts)
{
  hm_news_queue_counts (self->queue, ret_counts);
}

gboolean
hm_watch_settle (HmWatch *self, gint64 deadline_us)
{
  guint64 asked = hm_news_queue_last (self->queue);
  gboolean is_done;

  g_mutex_lock (&self->lock);
  while (self->done < asked && !self->is_closing)
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline_us))
      break;
  is_done = self->done >= asked;
  g_mutex_unlock (&self->lock);
  return is_done;
}

gboolean
hm_watch_verify (HmWatch *self, gint64 opened_us, gint64 deadline_us, GError **error)
{
  HmNews *news = g_new0 (HmNews, 1);
  gboolean is_settled;

  news->kind = HM_NEWS_VERIFY;
  news->since_us = opened_us;
  hm_news_queue_push (self->queue, news);
  is_settled = hm_watch_settle (self, deadline_us);

  g_mutex_lock (&self->lock);
  if (self->verified_us < opened_us)
    g_set_error (error, HM_ERROR, is_settled ? HM_ERROR_UNAVAILABLE : HM_ERROR_TEMPORARY,
                 "what runs there is not known: %s",
                 self->reason != NULL ? self->reason : "no answer in time");
  is_settled = self->verified_us >= opened_us;
  g_mutex_unlock (&self->lock);
  return is_settled;
}

gboolean
hm_watch_is_live (HmWatch *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->is_live;
}

static void
free_watch (HmWatch *self)
{
  hm_announcer_free (self->announcer);
  g_clear_pointer (&self->suspects, g_ptr_array_unref);
  g_hash_table_unref (self->firsts);
  hm_news_queue_unref (self->queue);
  hm_hangs_unref (self->hangs);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->reason);
  g_free (self->uri);
  g_free (self);
}

void
hm_watch_interrupt (HmWatch *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  hm_news_queue_close (self->queue);
  self->is_closing = TRUE;
  if (self->lane != NULL)
    hm_lane_retire (self->lane);
  g_cond_broadcast (&self->changed);
}

gboolean
hm_watch_close (HmWatch *self, gint64 deadline_us)
{
  gboolean has_ended;

  if (self == NULL)
    return TRUE;
  hm_watch_interrupt (self);
  g_mutex_lock (&self->lock);
  while (!self->has_ended && g_cond_wait_until (&self->changed, &self->lock, deadline_us))
    continue;
  has_ended = self->has_ended;
  g_mutex_unlock (&self->lock);
  if (!has_ended)
    return FALSE;
  g_thread_join (self->thread);
  free_watch (self);
  return TRUE;
}
