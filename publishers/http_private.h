/* SPDX-License-Identifier: Apache-2.0 */
/* http_private: what the files of the plugin `http` share. http.c is the publisher: queue, thread, confirmations; http_send.c is one
 * batch; http_client.c is one exchange with the collector; http_answer.c is what its answer says; http_options.c is what the publisher is told. */
#pragma once

#include <gio/gio.h>

#include "metering/hypermeter.h"

G_BEGIN_DECLS

/* -- http_options.c -- */

extern const HmOption hm_http_options[];
gboolean hm_http_options_check (const HmOptions *values, GError **error); /* HM_ERROR_CONFIG */
/* Where records go: `url`, with the default path. (transfer full) */
GUri *hm_http_options_uri (const HmOptions *values, GError **error);

/* -- http_client.c -- */

/* What the files say that the options name. */
typedef struct
{
  char *authorization;          /* (nullable) */
  GTlsDatabase *ca;             /* (nullable) the system's */
  GTlsCertificate *certificate; /* (nullable) ours */
} HmHttpKeys;

/* HM_ERROR_CONFIG. *@ret_keys is untouched then. */
gboolean hm_http_keys_read (HmHttpKeys *ret_keys, const HmOptions *values, GError **error);
void hm_http_keys_clear (HmHttpKeys *keys);

typedef struct
{
  guint status;
  guint retry_after_s; /* 0: not said */
  GBytes *body;
} HmHttpReply;

void hm_http_reply_clear (HmHttpReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmHttpReply, hm_http_reply_clear)

/* Of one thread, but for hm_http_client_stop(). */
typedef struct HmHttpClient HmHttpClient;

/* @uri is borrowed, and outlives it. */
HmHttpClient *hm_http_client_new (GUri *uri, gint64 timeout_ns);
void hm_http_client_free (HmHttpClient *client);

/* From now on with these (transfer full, of what is in them); open connections are closed. */
void hm_http_client_use (HmHttpClient *client, HmHttpKeys *keys);

/* One POST of @lines (transfer none), to the end of an answer of @answer_max bytes at most. FALSE: there is none within the timeout;
 * HM_ERROR_UNAVAILABLE. */
gboolean hm_http_client_post (HmHttpClient *client, GBytes *lines, gsize answer_max, HmHttpReply *ret_reply,
                              GError **error);

/* Ends the exchange at hand, and all later ones. Any thread. */
void hm_http_client_stop (HmHttpClient *client);

/* -- http.c -- */

typedef struct
{
  HmOptions *options;
  GUri *uri;
  HmConfirm confirm;
  gpointer user;
  guint batch_records;
  gsize batch_bytes;
  gint64 linger_us;
  HmHttpClient *client;
  GThread *thread;

  /* The thread's own. */
  HmJsonWriter *json;
  GString *line;
  guint most; /* records of the next request: fewer after one was too large */

  GMutex lock; /* of what follows */
  GCond changed;
  GQueue queue;        /* (element-type HmMessage) taken, not yet being sent */
  gsize queue_bytes;   /* of these */
  guint in_hands;      /* taken and not confirmed */
  guint flushing;      /* calls of flush() that wait */
  gint64 send_at;      /* monotonic µs: the first of the queue goes then */
  gint64 quiet_until;  /* monotonic µs: the collector asked for that */
  gboolean gives_back; /* nothing is taken until all is back, nor the first then */
  gboolean reopen, stop;
  guint64 requests, repeated, bytes, rtt_ns;
} HmHttp;

/* -- http_send.c -- */

/* One request, without the lock; @batch is empty afterwards. */
void hm_http_send (HmHttp *self, GQueue *batch);
/* Confirms all of it RETRY, and what is queued behind it: nothing is taken until all that was in hands has come back, and then not the
 * first, which the outbox may have given before it knew; nor for @after_s. */
void hm_http_give_back (HmHttp *self, GQueue *batch, const char *reason, guint after_s);

/* -- http_answer.c -- */

/* The ids that the answer says are where they should be, refused ones too: those are the collector's dead letters, *@ret_refused of
 * them. HM_ERROR_DATA: it is no such answer. (transfer full) (element-type char*) */
GHashTable *hm_http_answer_read (GBytes *body, guint *ret_refused, GError **error);

/* Why a request was not taken, for a person: one line of printable ASCII. (transfer full) */
char *hm_http_answer_reason (const HmHttpReply *reply);

G_END_DECLS
