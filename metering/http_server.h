/* SPDX-License-Identifier: Apache-2.0 */
/* http_server: a small HTTP/1.1 server over libsoup, on a thread of its own, for health (both daemons) and ingest (the collector).
 *
 * Handlers are called on that thread and must not wait; each gets a request that is its own, and answers it now or later,
 * from any thread. Everything that a client can make large or slow has a limit, and what exceeds it is refused while it is
 * being read. A connection carries one request. Not part of the library, so that neither plugins nor the command have libsoup. */
#pragma once

#include <glib.h>

#include "metering/clock.h"

G_BEGIN_DECLS

typedef struct HmHttpServer HmHttpServer;
typedef struct HmHttpRequest HmHttpRequest;

typedef struct
{
  guint status;          /* 200 to 599 */
  const char *type;      /* (nullable) Content-Type of `body` */
  GBytes *body;          /* (nullable) */
  guint retry_after_s;   /* 0: not said */
  const char *challenge; /* (nullable) WWW-Authenticate */
} HmHttpAnswer;

typedef struct
{
  const char *method, *path; /* exactly; NULL ends a list. GET answers HEAD, too */
  gsize body_max;            /* of a larger one: 413, as soon as that is known */

  /* (nullable) Asked when the headers are there and before the body is read; FALSE: it is answered with *@ret_refusal, whose
   * texts are static and which has no body. @request is borrowed. */
  gboolean (*admit) (HmHttpRequest *request, gpointer user, HmHttpAnswer *ret_refusal);

  /* @request (transfer full) is given back by hm_http_answer(), which must be called for every one. */
  void (*handle) (HmHttpRequest *request, gpointer user);
} HmHttpRoute;

typedef struct
{
  const char *listen;        /* "127.0.0.1:9464", "[::1]:9464": numbers, no names; port 0: any that is free */
  const char *certificate;   /* (nullable) PEM: TLS, and nothing else */
  const char *key;           /* (nullable) PEM; without it, in the same file */
  const char *client_ca;     /* (nullable) PEM: clients' certificates are checked against it … */
  gboolean client_required;  /* … and each needs one */
  const HmHttpRoute *routes; /* outlive the server */
  gpointer user;             /* for the routes */
  guint connections_max;     /* more are closed at once; 0: 64 */
  gsize header_max;          /* bytes of all fields: 431; 0: 16 KiB */
  gint64
      request_ns; /* from the first byte (or the connection) to the last, and for taking the answer; 0: 30 s */
  gint64 idle_ns; /* between two requests; 0: 60 s */
} HmHttpSettings;

/* Whether @listen can be one. HM_ERROR_CONFIG. */
gboolean hm_http_listen_check (const char *listen, GError **error);

/* Whether certificate, key and CA of @settings can be read and used. HM_ERROR_CONFIG names the file. */
gboolean hm_http_tls_check (const HmHttpSettings *settings, GError **error);

/* Listens when it returns. HM_ERROR_CONFIG (address, certificate, key, CA), HM_ERROR_TEMPORARY (the address is taken),
 * HM_ERROR_PERMISSION, HM_ERROR_UNAVAILABLE. */
HmHttpServer *hm_http_server_new (const HmHttpSettings *settings, GError **error);

/* Takes no new request (503), waits for the answers to those that were handed out, @timeout_ns at most, and ends. Requests that
 * are still out may be answered later; nobody hears it. NULL is fine. */
void hm_http_server_stop (HmHttpServer *server, gint64 timeout_ns);

guint hm_http_server_port (const HmHttpServer *server);

/* What was refused or ended by a limit, since the start. Any thread. */
guint64 hm_http_server_refused (HmHttpServer *server);

/* -- a request: of the thread that has it -- */

const char *hm_http_request_method (const HmHttpRequest *request);
const char *hm_http_request_path (const HmHttpRequest *request);
/* Of that name, several joined by ", ". (nullable) As it came: any bytes but controls. */
const char *hm_http_request_header (const HmHttpRequest *request, const char *name);
/* (nullable) There is none yet when it is to be admitted. */
GBytes *hm_http_request_body (const HmHttpRequest *request);
/* The client's address, for logs. */
const char *hm_http_request_client (const HmHttpRequest *request);

/* @request (transfer full); @answer is copied. Any thread, also after the server has ended. */
void hm_http_answer (HmHttpRequest *request, const HmHttpAnswer *answer);

/* The same with one line of text. */
void hm_http_answer_text (HmHttpRequest *request, guint status, const char *text);

G_END_DECLS
