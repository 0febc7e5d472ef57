/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_events: the queue from libvirt's callbacks (inspector_listen.c) to the watch, and the table of what its
 * lifecycle events mean. Order is kept: libvirt's, per connection. */
#include "agent/inspector/inspector_events.h"

#include <string.h>

#define QUEUE_MAX 65536

struct HmNewsQueue
{
  GMutex lock;
  GCond changed;
  GQueue news;
  guint64 tickets;
  HmNewsCounts counts;
  gboolean has_overflowed, is_closed, is_silent;
  const HmClock *clock;
  gint refs;
};

/* -- queue */

void
hm_news_free (HmNews *news)
{
  hm_happening_clear (&news->happening);
  g_free (news);
}

static void
free_news (gpointer data)
{
  hm_news_free (data);
}

HmNewsQueue *
hm_news_queue_new (const HmClock *clock)
{
  HmNewsQueue *queue = g_new0 (HmNewsQueue, 1);

  g_mutex_init (&queue->lock);
  g_cond_init (&queue->changed);
  g_queue_init (&queue->news);
  queue->clock = clock;
  queue->refs = 1;
  return queue;
}

HmNewsQueue *
hm_news_queue_ref (HmNewsQueue *queue)
{
  g_atomic_int_inc (&queue->refs);
  return queue;
}

void
hm_news_queue_unref (HmNewsQueue *queue)
{
  if (queue == NULL || !g_atomic_int_dec_and_test (&queue->refs))
    return;
  g_queue_clear_full (&queue->news, free_news);
  g_mutex_clear (&queue->lock);
  g_cond_clear (&queue->changed);
  g_free (queue);
}

guint64
hm_news_queue_push (HmNewsQueue *queue, HmNews *news)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  news->ticket = ++queue->tickets;
  if (queue->news.length >= QUEUE_MAX || queue->is_closed)
    {
      queue->has_overflowed = TRUE;
      queue->counts.dropped++;
      hm_news_free (news);
      return queue->tickets;
    }
  g_queue_push_tail (&queue->news, news);
  g_cond_broadcast (&queue->changed);
  return queue->tickets;
}

guint64
hm_news_queue_last (HmNewsQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  return queue->tickets;
}

HmNews *
hm_news_queue_pop (HmNewsQueue *queue, gint64 deadline_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  while (queue->news.length == 0 && !queue->is_closed)
    if (!g_cond_wait_until (&queue->changed, &queue->lock, deadline_us))
      break;
  return queue->is_closed ? NULL : g_queue_pop_head (&queue->news);
}

gboolean
hm_news_queue_overflowed (HmNewsQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);
  gboolean has_overflowed = queue->has_overflowed;

  queue->has_overflowed = FALSE;
  return has_overflowed;
}

gboolean
hm_news_queue_is_silent (HmNewsQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  return queue->is_silent;
}

void
hm_news_queue_set_silent (HmNewsQueue *queue, gboolean is_silent)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  queue->is_silent = is_silent;
}

void
hm_news_queue_close (HmNewsQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  queue->is_closed = TRUE;
  g_cond_broadcast (&queue->changed);
}

HmTime
hm_news_queue_time (const HmNewsQueue *queue)
{
  return queue->clock->wall (queue->clock);
}

void
hm_news_queue_note_told (HmNewsQueue *queue, gboolean is_known)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  queue->counts.told++;
  queue->counts.unknown += !is_known;
}

void
hm_news_queue_counts (HmNewsQueue *queue, HmNewsCounts *ret_counts)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  *ret_counts = queue->counts;
}

/* A domain that is undefined while it runs goes on, transient from then on; of one that does not run its stop was told before. */
gboolean
hm_happening_ends_run (const HmHappening *happening)
{
  return happening->state != HM_STATE_UNKNOWN && happening->state != HM_STATE_RUNNING
         && happening->state != HM_STATE_UNDEFINED;
}

gboolean
hm_news_queue_ends_run (HmNewsQueue *queue, const char *id, HmTime time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue->lock);

  for (const GList *link = queue->news.head; link != NULL; link = link->next)
    {
      const HmNews *news = link->data;

      if (news->kind == HM_NEWS_HAPPENED && hm_happening_ends_run (&news->happening)
          && news->happening.time <= time && strcmp (news->happening.id, id) == 0)
        return TRUE;
    }
  return FALSE;
}

/* -- meaning */

typedef struct
{
  int event, detail; /* detail ANY: every other one */
  HmHappening means;
} Meaning;

#define ANY -1
#define SAYS(word_, state_, ...)                                                                             \
  {                                                                                                          \
    .word = word_, .state = HM_STATE_##state_, __VA_ARGS__                                                   \
  }
#define ENDS(word_)                                                                                          \
  {                                                                                                          \
    .word = word_, .state = HM_STATE_SHUTOFF, .has_ended = TRUE                                              \
  }
#define LOOKS                                                                                                \
  {                                                                                                          \
    .needs_look = TRUE                                                                                       \
  }

/* The first that fits. An incoming migration owns nothing until it is resumed, so it begins as paused. QEMU
 * that died by itself is told as "failed". A rename is an undefinition and a definition of one UUID: only the
 * name changes. A guest that loaded its crash kernel runs on. A domain whose definition goes with it when it migrates is
 * undefined without a word.
 *
 * What is read at once: the counters' first values when a guest was started, so that one that ends before the next poll
 * has been measured; and, where its CPUs have come to stand but QEMU is still there, what may be the last. */
static const Meaning meanings[] = {
  { VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_ADDED, SAYS ("defined", UNKNOWN, .needs_look = TRUE) },
  { VIR_DOMAIN_EVENT_DEFINED, ANY, LOOKS },
  { VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED,
    SAYS ("undefined", UNDEFINED, .needs_look = TRUE) },
  { VIR_DOMAIN_EVENT_UNDEFINED, ANY, LOOKS },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED,
    SAYS ("migrated-in", PAUSED, .needs_look = TRUE) },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_WAKEUP, SAYS ("resumed", RUNNING) },
  { VIR_DOMAIN_EVENT_STARTED, ANY, SAYS ("started", RUNNING, .needs_look = TRUE, .read = HM_READ_AT_START) },
  { VIR_DOMAIN_EVENT_SUSPENDED, ANY, SAYS ("suspended", PAUSED, .read = HM_READ_AT_END) },
  { VIR_DOMAIN_EVENT_RESUMED, ANY, SAYS ("resumed", RUNNING) },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED, ENDS ("crashed") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED, ENDS ("crashed") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED,
    SAYS ("migrated-out", SHUTOFF, .has_ended = TRUE, .needs_look = TRUE) },
  { VIR_DOMAIN_EVENT_STOPPED, ANY, ENDS ("stopped") },
  { VIR_DOMAIN_EVENT_SHUTDOWN, ANY, SAYS ("shutdown", SHUTTING_DOWN, .read = HM_READ_AT_END) },
  { VIR_DOMAIN_EVENT_PMSUSPENDED, ANY, SAYS ("suspended", PAUSED, .read = HM_READ_AT_END) },
  { VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED, LOOKS },
  { VIR_DOMAIN_EVENT_CRASHED, ANY, SAYS ("crashed", SHUTOFF, .read = HM_READ_AT_END) },
};

/* The last detail of each event that this table was made with. */
static const int last_details[] = {
  [VIR_DOMAIN_EVENT_DEFINED] = VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT,
  [VIR_DOMAIN_EVENT_UNDEFINED] = VIR_DOMAIN_EVENT_UNDEFINED_RENAMED,
  [VIR_DOMAIN_EVENT_STARTED] = VIR_DOMAIN_EVENT_STARTED_WAKEUP,
  [VIR_DOMAIN_EVENT_SUSPENDED] = VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED,
  [VIR_DOMAIN_EVENT_RESUMED] = VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED,
  [VIR_DOMAIN_EVENT_STOPPED] = VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT,
  [VIR_DOMAIN_EVENT_SHUTDOWN] = VIR_DOMAIN_EVENT_SHUTDOWN_HOST,
  [VIR_DOMAIN_EVENT_PMSUSPENDED] = VIR_DOMAIN_EVENT_PMSUSPENDED_DISK,
  [VIR_DOMAIN_EVENT_CRASHED] = VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED,
};

gboolean
hm_events_is_known (int event, int detail)
{
  return event >= 0 && event < (int)G_N_ELEMENTS (last_details) && detail >= 0
         && detail <= last_details[event];
}

gboolean
hm_events_translate (int event, int detail, HmHappening *happening)
{
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    {
      const Meaning *meaning = &meanings[i];

      if (meaning->event != event || (meaning->detail != ANY && meaning->detail != detail))
        continue;
      happening->word = meaning->means.word;
      happening->state = meaning->means.state;
      happening->needs_look = meaning->means.needs_look;
      happening->has_ended = meaning->means.has_ended;
      happening->read = meaning->means.read;
      return TRUE;
    }
  return FALSE;
}
