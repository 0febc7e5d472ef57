/* SPDX-License-Identifier: Apache-2.0 */
/* http_private: what the files of the HTTP server share. All of it is the server thread's, but where it says otherwise. */
#pragma once

#include <libsoup/soup.h>

#include "metering/http_server.h"

G_BEGIN_DECLS

/* One client, from its connection to the end. */
typedef struct
{
  HmHttpServer *server;
  GSocketConnection *socket;
  GTlsConnection *tls; /* (nullable) on top of it */
  gint64 deadline;     /* monotonic ns, for the client's part; 0: it is our turn */
  GIOStream
      *lingering; /* (nullable) refused while it sent: what still comes is read and dropped until it ends */
  GSource *drain; /* (nullable) */
  HmHttpRequest *request; /* (nullable) borrowed */
} HmHttpConnection;

struct HmHttpServer
{
  HmHttpSettings settings;      /* limits filled in; its texts are not used after the start */
  GTlsCertificate *certificate; /* (nullable) */
  GTlsDatabase *client_ca;      /* (nullable) */
  SoupServer *soup;
  GSocketService *service;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GHashTable *connections; /* (element-type HmHttpConnection) a set */
  guint handshakes;
  HmHttpConnection *begun; /* the one whose request libsoup is just told of */
  GSource *timer;          /* (nullable) runs while there are connections */
  guint under_way;         /* requests handed out whose answers are not written */
  gboolean stopping;
  gint64 stop_ns;
  guint port;
  guint64 refused; /* atomic */
};

struct HmHttpRequest
{
  gatomicrefcount refs;         /* the message's, and the holder's */
  HmHttpServer *server;         /* NULL once the message is over */
  HmHttpConnection *connection; /* the same */
  const HmHttpRoute *route;     /* (nullable) */
  SoupServerMessage *message;   /* borrowed; a reference of our own while it is handed out */
  GMainContext *context;        /* a reference while it is handed out */
  GBytes *body;
  char *client;
  gsize read;         /* of the body */
  gboolean under_way; /* counted in the server */
  guint status;       /* answer: */
  char *type, *challenge;
  GBytes *content;
  guint retry_after_s;
};

static inline gint64
hm_http_now (void)
{
  return g_get_monotonic_time () * 1000;
}

void hm_http_count_refused (HmHttpServer *server);

/* http_connection.c. @connection is freed, its client gone, its request over. */
GSource *hm_http_attach_timer (HmHttpServer *server, gint64 after_ns, GSourceFunc function);
gboolean hm_http_on_incoming (GSocketService *service, GSocketConnection *socket, GObject *source,
                              gpointer server);
void hm_http_connection_end (HmHttpConnection *connection);
void hm_http_connections_end (HmHttpServer *server);
void hm_http_connection_free (gpointer connection);

/* http_request.c: for SoupServer::request-started and its default handler. @server: HmHttpServer */
void hm_http_on_started (SoupServer *soup, SoupServerMessage *message, gpointer server);
void hm_http_on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
                         gpointer server);
void hm_http_request_ended (
    HmHttpRequest *request); /* its connection is no longer there, or no longer its own */

#define HM_HTTP_HEADERS_TOO_LARGE 431
#define HM_HTTP_TOO_MANY          429
const char *hm_http_phrase (guint status);

/* http_refuse.c: answers while the client still sends, and lets it find out. The message is over then. */
void hm_http_refuse (HmHttpConnection *connection, SoupServerMessage *message, const HmHttpAnswer *answer);
void hm_http_refuse_end (HmHttpConnection *connection); /* frees what that holds */

G_END_DECLS
