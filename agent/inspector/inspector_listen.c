/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_listen: libvirt's callbacks, a row for each kind of event.
 *
 * Registered on the lane's thread each time that the connection is opened, called on the event loop's thread, which
 * everything depends on: they copy and enqueue, nothing more. The watch takes it in. */
#include "agent/inspector/inspector_events.h"
#include "metering/log.h"

/* What a callback is registered with. */
typedef struct
{
  HmNewsQueue *queue;
  const char *word; /* (nullable) what the event is called */
} Ear;

static HmNews *
news_of (const Ear *ear, virDomainPtr domain)
{
  HmNews *news = g_new0 (HmNews, 1);

  news->kind = HM_NEWS_HAPPENED;
  virDomainGetUUIDString (domain, news->happening.id);
  news->happening.name = g_strdup (virDomainGetName (domain));
  news->happening.time = hm_news_queue_time (ear->queue);
  news->happening.word = ear->word;
  return news;
}

static void
push (const Ear *ear, HmNews *news)
{
  hm_news_queue_note_told (ear->queue, TRUE);
  hm_news_queue_push (ear->queue, news);
}

/* An event that nobody knew when this was written is of a newer libvirt. What it changed, the next comparison tells. */
static int
on_lifecycle (virConnectPtr connection, virDomainPtr domain, int event, int detail, void *user)
{
  const Ear *ear = user;
  HmNews *news = news_of (ear, domain);
  gboolean is_known = hm_events_is_known (event, detail);

  (void)connection;
  hm_news_queue_note_told (ear->queue, is_known);
  if (!is_known)
    hm_debug ("libvirt told of %s event %d, detail %d, which are not known here", news->happening.id, event,
              detail);
  if (!hm_events_translate (event, detail, &news->happening))
    news->happening.needs_look = TRUE;
  hm_news_queue_push (ear->queue, news);
  return 0;
}

static void
on_metadata (virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *user)
{
  HmNews *news = news_of (user, domain);

  (void)connection, (void)type, (void)uri;
  news->happening.needs_look = TRUE;
  push (user, news);
}

/* A device was added or removed. */
static void
on_device (virConnectPtr connection, virDomainPtr domain, const char *alias, void *user)
{
  HmNews *news = news_of (user, domain);

  (void)connection;
  news->happening.needs_look = TRUE;
  news->happening.alias = g_strdup (alias);
  push (user, news);
}

/* The guest did not let go of a device: all is as it was. */
static void
on_removal_failed (virConnectPtr connection, virDomainPtr domain, const char *alias, void *user)
{
  HmNews *news = news_of (user, domain);

  (void)connection;
  news->happening.alias = g_strdup (alias);
  push (user, news);
}

static void
on_reboot (virConnectPtr connection, virDomainPtr domain, void *user)
{
  HmNews *news = news_of (user, domain);

  (void)connection;
  news->happening.needs_look = TRUE;
  push (user, news);
}

static void
on_balloon (virConnectPtr connection, virDomainPtr domain, unsigned long long actual, void *user)
{
  (void)connection, (void)actual;
  push (user, news_of (user, domain));
}

static void
on_agent (virConnectPtr connection, virDomainPtr domain, int agent_state, int reason, void *user)
{
  (void)connection, (void)agent_state, (void)reason;
  push (user, news_of (user, domain));
}

static void
on_close (virConnectPtr connection, int reason, void *user)
{
  HmNews *news = g_new0 (HmNews, 1);

  (void)connection, (void)reason;
  news->kind = HM_NEWS_CLOSED;
  hm_news_queue_push (user, news);
}

/* -- registration, on the lane's thread */

/* The lifecycle is first: a driver without it tells nothing that matters. */
static const struct
{
  int id;
  const char *word;
  virConnectDomainEventGenericCallback callback;
} rows[] = {
  { VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL, VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle) },
  { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, NULL, VIR_DOMAIN_EVENT_CALLBACK (on_metadata) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "device-added", VIR_DOMAIN_EVENT_CALLBACK (on_device) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, "device-removed", VIR_DOMAIN_EVENT_CALLBACK (on_device) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, "device-removal-failed",
    VIR_DOMAIN_EVENT_CALLBACK (on_removal_failed) },
  { VIR_DOMAIN_EVENT_ID_REBOOT, HM_WORD_REBOOTED, VIR_DOMAIN_EVENT_CALLBACK (on_reboot) },
  { VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, "balloon-changed", VIR_DOMAIN_EVENT_CALLBACK (on_balloon) },
  { VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, "agent-changed", VIR_DOMAIN_EVENT_CALLBACK (on_agent) },
};

typedef struct
{
  HmNewsQueue *queue;
  int ids[G_N_ELEMENTS (rows)]; /* -1: the driver has no such event */
  gboolean watches_close;
} Listener;

static void
free_ear (void *user)
{
  Ear *ear = user;

  hm_news_queue_unref (ear->queue);
  g_free (ear);
}

static int
listen_to (virConnectPtr connection, HmNewsQueue *queue, guint row)
{
  Ear *ear = g_new (Ear, 1);
  int id;

  ear->queue = hm_news_queue_ref (queue);
  ear->word = rows[row].word;
  id = virConnectDomainEventRegisterAny (connection, NULL, rows[row].id, rows[row].callback, ear, free_ear);
  if (id < 0)
    free_ear (ear);
  return id;
}

static void
listen (virConnectPtr connection, gpointer user)
{
  Listener *listener = user;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    listener->ids[i] = listen_to (connection, listener->queue, i);
  hm_news_queue_set_silent (listener->queue, listener->ids[0] < 0);
  /* A driver that has no such event takes the callback and never frees what belongs to it: it gets no
   * reference. The listener's own outlives the connection, and libvirt is done with the callback when it is
   * unregistered. */
  listener->watches_close
      = virConnectRegisterCloseCallback (connection, on_close, listener->queue, NULL) == 0;
}

/* libvirt keeps a connection open as long as a callback is registered on it. */
static void
unlisten (virConnectPtr connection, gpointer user)
{
  Listener *listener = user;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (listener->ids[i] >= 0)
      virConnectDomainEventDeregisterAny (connection, listener->ids[i]);
  if (listener->watches_close)
    virConnectUnregisterCloseCallback (connection, on_close);
}

static void
free_listener (gpointer user)
{
  Listener *listener = user;

  hm_news_queue_unref (listener->queue);
  g_free (listener);
}

HmLaneHooks
hm_events_hooks (HmNewsQueue *queue)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->queue = hm_news_queue_ref (queue);
  return (HmLaneHooks){
    .opened = listen,
    .closing = unlisten,
    .user = listener,
    .release = free_listener,
  };
}
