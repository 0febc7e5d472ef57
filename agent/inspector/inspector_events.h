/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_events: what libvirt tells by itself, from its callbacks to the watch, through one queue.
 *
 * Callbacks run on the event loop's thread, which everything depends on: they copy and enqueue, nothing more. The
 * queue is bounded; when it is full what does not fit is dropped, and the watch compares everything instead. */
#pragma once

#include <libvirt/libvirt.h>

#include "agent/inventory/announce.h"
#include "agent/inspector/inspector_connection.h"

typedef enum
{
  HM_NEWS_HAPPENED, /* `happening` */
  HM_NEWS_CLOSED,   /* the connection is gone */
  HM_NEWS_LOOK,     /* somebody wants to know about `happening.id` */
  HM_NEWS_VERIFY,   /* somebody wants to know that nothing was missed since `since_us` */
  HM_NEWS_AUDIT,    /* somebody wants to hear of every instance */
  HM_NEWS_ANSWERED, /* a read of `happening.id` has come back (inspector_single.h) */
} HmNewsKind;

typedef struct
{
  HmNewsKind kind;
  HmHappening happening;
  gint64 since_us;
  guint64 ticket; /* given by the queue, growing */
} HmNews;

void hm_news_free (HmNews *news);

/* Thread-safe; shared by reference, as a callback may outlive the watch. */
typedef struct HmNewsQueue HmNewsQueue;

HmNewsQueue *hm_news_queue_new (const HmClock *clock);
HmNewsQueue *hm_news_queue_ref (HmNewsQueue *queue);
void hm_news_queue_unref (HmNewsQueue *queue);
/* @news: (transfer full). Returns its ticket. */
guint64 hm_news_queue_push (HmNewsQueue *queue, HmNews *news);
/* The ticket given last. */
guint64 hm_news_queue_last (HmNewsQueue *queue);
/* The oldest, or NULL at @deadline_us or when the queue was closed. (transfer full) */
HmNews *hm_news_queue_pop (HmNewsQueue *queue, gint64 deadline_us);
/* Whether something was dropped since the last time that this was asked. */
gboolean hm_news_queue_overflowed (HmNewsQueue *queue);
/* The driver tells nothing by itself, so that only comparison is left. */
gboolean hm_news_queue_is_silent (HmNewsQueue *queue);
void hm_news_queue_set_silent (HmNewsQueue *queue, gboolean is_silent);
void hm_news_queue_close (HmNewsQueue *queue);
/* Wall time by the queue's clock. */
HmTime hm_news_queue_time (const HmNewsQueue *queue);
/* Whether the domain does not run after it. */
gboolean hm_happening_ends_run (const HmHappening *happening);
/* Whether it waits in it that the domain @id did not run any more at @time. */
gboolean hm_news_queue_ends_run (HmNewsQueue *queue, const char *id, HmTime time);

typedef struct
{
  guint64 told;    /* by libvirt */
  guint64 unknown; /* of those, events and details that this program has no meaning for */
  guint64 dropped; /* for want of room; each burst made the watch compare everything */
} HmNewsCounts;
void hm_news_queue_note_told (HmNewsQueue *queue, gboolean is_known);
void hm_news_queue_counts (HmNewsQueue *queue, HmNewsCounts *ret_counts);

/* Hooks for a lane whose connections are to be listened to; they hold a reference on @queue. */
HmLaneHooks hm_events_hooks (HmNewsQueue *queue);

/* What a lifecycle event of libvirt means: sets word, state, needs_look, has_ended, read. A detail that is not known
 * means what the event does. FALSE: nothing. */
gboolean hm_events_translate (int event, int detail, HmHappening *happening);
/* Whether event and detail were known when this was written. */
gboolean hm_events_is_known (int event, int detail);
