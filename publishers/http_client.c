/* SPDX-License-Identifier: Apache-2.0 */
/* http_client: one exchange with the collector, over libsoup, on the publisher's thread. It waits in a main context of its own, so that
 * the whole exchange has a deadline, however slowly the other side speaks, and can be ended from outside. */
#include "publishers/http_private.h"

#include <libsoup/soup.h>

#define TYPE      "application/x-ndjson"
#define AFTER_MAX 3600

struct HmHttpClient
{
  GUri *uri;
  gint64 timeout_ns;
  HmHttpKeys keys;
  GMainContext *context;
  SoupSession *session; /* NULL: to be made */
  gint stopped;         /* atomic */
};

/* -- keys -- */

static gboolean
read_token (HmHttpKeys *keys, const char *path, GError **error)
{
  char *token = hm_secret_read (path, error);

  if (token == NULL)
    {
      g_prefix_error (error, "token-file: ");
      return FALSE;
    }
  for (const char *at = token; *at != '\0' || at == token; at++)
    if (!g_ascii_isgraph (*at))
      {
        g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
                     "token-file: %s: no token: one line of printable characters, no space", path);
        hm_secret_free (token);
        return FALSE;
      }
  keys->authorization = g_strconcat ("Bearer ", token, NULL);
  hm_secret_free (token);
  return TRUE;
}

/* @local (transfer full) */
static gboolean
refuse_file (const char *key, const char *path, GError *local, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: %s", key, path, local->message);
  g_error_free (local);
  return FALSE;
}

static gboolean
read_certificates (HmHttpKeys *keys, const HmOptions *values, GError **error)
{
  const char *ca = hm_options_text (values, "tls-ca"), *path = hm_options_text (values, "tls-certificate");
  const char *key = hm_options_text (values, "tls-key");
  g_autofree char *whole = ca != NULL ? g_canonicalize_filename (ca, NULL) : NULL;
  GError *local = NULL;

  if (ca != NULL)
    keys->ca = g_tls_file_database_new (whole, &local);
  if (local != NULL)
    return refuse_file ("tls-ca", ca, local, error);
  if (path != NULL)
    keys->certificate = g_tls_certificate_new_from_files (path, key != NULL ? key : path, &local);
  return local == NULL || refuse_file ("tls-certificate", path, local, error);
}

gboolean
hm_http_keys_read (HmHttpKeys *ret_keys, const HmOptions *values, GError **error)
{
  const char *token = hm_options_text (values, "token-file");
  HmHttpKeys keys = { 0 };

  if ((token == NULL || read_token (&keys, token, error)) && read_certificates (&keys, values, error))
    {
      *ret_keys = keys;
      return TRUE;
    }
  hm_http_keys_clear (&keys);
  return FALSE;
}

void
hm_http_keys_clear (HmHttpKeys *keys)
{
  g_clear_pointer (&keys->authorization, hm_secret_free);
  g_clear_object (&keys->ca);
  g_clear_object (&keys->certificate);
}

/* -- life -- */

HmHttpClient *
hm_http_client_new (GUri *uri, gint64 timeout_ns)
{
  HmHttpClient *client = g_new0 (HmHttpClient, 1);

  client->uri = uri;
  client->timeout_ns = timeout_ns;
  client->context = g_main_context_new ();
  return client;
}

/* The session's last words need its context. */
static void
end_session (HmHttpClient *client)
{
  if (client->session == NULL)
    return;
  g_main_context_push_thread_default (client->context);
  soup_session_abort (client->session);
  g_clear_object (&client->session);
  while (g_main_context_iteration (client->context, FALSE))
    ;
  g_main_context_pop_thread_default (client->context);
}

void
hm_http_client_free (HmHttpClient *client)
{
  if (client == NULL)
    return;
  end_session (client);
  hm_http_keys_clear (&client->keys);
  g_main_context_unref (client->context);
  g_free (client);
}

void
hm_http_client_use (HmHttpClient *client, HmHttpKeys *keys)
{
  end_session (client);
  hm_http_keys_clear (&client->keys);
  client->keys = *keys;
  *keys = (HmHttpKeys){ 0 };
}

void
hm_http_client_stop (HmHttpClient *client)
{
  g_atomic_int_set (&client->stopped, TRUE);
  g_main_context_wakeup (client->context);
}

/* No proxy: what the environment of a daemon says is nobody's choice. */
static void
make_session (HmHttpClient *client)
{
  if (client->session == NULL)
    client->session
        = soup_session_new_with_options ("max-conns", 1, "max-conns-per-host", 1, "proxy-resolver", NULL,
                                         "user-agent", "hypermeter-agent", NULL);
  if (client->keys.ca != NULL)
    soup_session_set_tls_database (client->session, client->keys.ca);
}

/* -- one exchange -- */

typedef struct
{
  GInputStream *stream;
  char *buffer; /* one byte more than an answer may have */
  gsize room, length;
  GCancellable *cancellable;
  gboolean late, done;
  GError *error;
} Exchange;

static void
on_read (GObject *stream, GAsyncResult *result, gpointer user)
{
  Exchange *exchange = user;

  g_input_stream_read_all_finish (G_INPUT_STREAM (stream), result, &exchange->length, &exchange->error);
  exchange->done = TRUE;
}

static void
on_headers (GObject *session, GAsyncResult *result, gpointer user)
{
  Exchange *exchange = user;

  exchange->stream = soup_session_send_finish (SOUP_SESSION (session), result, &exchange->error);
  exchange->done = exchange->stream == NULL;
  if (!exchange->done)
    g_input_stream_read_all_async (exchange->stream, exchange->buffer, exchange->room, G_PRIORITY_DEFAULT,
                                   exchange->cancellable, on_read, exchange);
}

static gboolean
on_deadline (gpointer user)
{
  Exchange *exchange = user;

  exchange->late = TRUE;
  g_cancellable_cancel (exchange->cancellable);
  return G_SOURCE_REMOVE;
}

static SoupMessage *
make_message (const HmHttpClient *client, GBytes *lines)
{
  SoupMessage *message = soup_message_new_from_uri ("POST", client->uri);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_set_request_body_from_bytes (message, TYPE, lines);
  if (client->keys.authorization != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                  client->keys.authorization);
  if (client->keys.certificate != NULL)
    soup_message_set_tls_client_certificate (message, client->keys.certificate);
  return message;
}

static void
run (HmHttpClient *client, SoupMessage *message, Exchange *exchange)
{
  GSource *timer = g_timeout_source_new ((guint)(client->timeout_ns / HM_NSEC_PER_MSEC));

  g_source_set_callback (timer, on_deadline, exchange, NULL);
  g_source_attach (timer, client->context);
  soup_session_send_async (client->session, message, G_PRIORITY_DEFAULT, exchange->cancellable, on_headers,
                           exchange);
  while (!exchange->done)
    {
      if (g_atomic_int_get (&client->stopped))
        g_cancellable_cancel (exchange->cancellable);
      g_main_context_iteration (client->context, TRUE);
    }
  g_source_destroy (timer);
  g_source_unref (timer);
}

static guint
retry_after (SoupMessage *message)
{
  const char *text
      = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  guint64 seconds = 0;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, AFTER_MAX, &seconds, NULL))
    return 0;
  return (guint)seconds;
}

/* Nothing more is read of a connection on which something went wrong. */
static gboolean
conclude (HmHttpClient *client, const Exchange *exchange, GError **error)
{
  if (exchange->error == NULL && exchange->length < exchange->room)
    return TRUE;
  soup_session_abort (client->session);
  if (exchange->late)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "no answer in time");
  else
    g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                         exchange->error != NULL ? exchange->error->message : "the answer is too long");
  return FALSE;
}

gboolean
hm_http_client_post (HmHttpClient *client, GBytes *lines, gsize answer_max, HmHttpReply *ret_reply,
                     GError **error)
{
  Exchange exchange = { .room = answer_max + 1, .cancellable = g_cancellable_new () };
  SoupMessage *message;
  gboolean good;

  g_main_context_push_thread_default (client->context);
  make_session (client);
  message = make_message (client, lines);
  exchange.buffer = g_malloc (exchange.room);
  run (client, message, &exchange);
  good = conclude (client, &exchange, error);
  if (good)
    *ret_reply = (HmHttpReply){ .status = soup_message_get_status (message),
                                .retry_after_s = retry_after (message),
                                .body = g_bytes_new (exchange.buffer, exchange.length) };
  g_clear_object (&exchange.stream);
  g_clear_error (&exchange.error);
  g_free (exchange.buffer);
  g_object_unref (exchange.cancellable);
  g_object_unref (message);
  g_main_context_pop_thread_default (client->context);
  return good;
}

void
hm_http_reply_clear (HmHttpReply *reply)
{
  g_clear_pointer (&reply->body, g_bytes_unref);
}
