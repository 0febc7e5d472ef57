/* SPDX-License-Identifier: Apache-2.0 */
/* http_request: one request from its first byte to its answer's last. libsoup's signals come on the server's thread: the headers
 * are there (route, limits, admission), a piece of the body (limits), all of it (handed out, paused), written or broken off. */
#include "metering/http_private.h"

#include <string.h>

#define REQUEST_DATA "hm-http-request"

/* -- life -- */

static void
unref_request (gpointer data)
{
  HmHttpRequest *request = data;

  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  g_clear_pointer (&request->body, g_bytes_unref);
  g_clear_pointer (&request->content, g_bytes_unref);
  g_free (request->client);
  g_free (request->type);
  g_free (request->challenge);
  g_free (request);
}

static char *
print_client (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : g_strdup ("");
}

/* -- what a client may -- */

static gsize
header_bytes (SoupMessageHeaders *headers)
{
  SoupMessageHeadersIter iter;
  const char *name, *value;
  gsize bytes = 0;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    bytes += strlen (name) + strlen (value) + 4;
  return bytes;
}

static gboolean
method_fits (const HmHttpRoute *route, const char *method)
{
  return g_str_equal (route->method, method)
         || (g_str_equal (route->method, "GET") && g_str_equal (method, "HEAD"));
}

/* (nullable) *@ret_status then says why. */
static const HmHttpRoute *
find_route (const HmHttpRequest *request, guint *ret_status)
{
  const char *path = hm_http_request_path (request), *method = hm_http_request_method (request);

  *ret_status = SOUP_STATUS_NOT_FOUND;
  for (const HmHttpRoute *route = request->server->settings.routes; route->path != NULL; route++)
    if (g_str_equal (route->path, path))
      {
        if (method_fits (route, method))
          return route;
        *ret_status = SOUP_STATUS_METHOD_NOT_ALLOWED;
      }
  return NULL;
}

/* What the headers alone forbid. */
static gboolean
judge (HmHttpRequest *request, HmHttpAnswer *ret_refusal)
{
  HmHttpServer *server = request->server;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);

  request->route = find_route (request, &ret_refusal->status);
  if (server->stopping)
    ret_refusal->status = SOUP_STATUS_SERVICE_UNAVAILABLE;
  else if (header_bytes (headers) > server->settings.header_max)
    ret_refusal->status = HM_HTTP_HEADERS_TOO_LARGE;
  else if (request->route == NULL)
    return FALSE;
  else if (request->route->admit != NULL
           && !request->route->admit (request, server->settings.user, ret_refusal))
    return FALSE;
  else if (soup_message_headers_get_content_length (headers) > (goffset)request->route->body_max)
    ret_refusal->status = SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE;
  else
    return TRUE;
  return FALSE;
}

/* -- signals -- */

static void
set_answer (SoupServerMessage *message, const HmHttpAnswer *answer)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  g_autofree char *after = g_strdup_printf ("%u", answer->retry_after_s);

  soup_server_message_set_status (message, answer->status, hm_http_phrase (answer->status));
  soup_message_headers_replace (headers, "Connection", "close");
  if (answer->retry_after_s > 0)
    soup_message_headers_replace (headers, "Retry-After", after);
  if (answer->challenge != NULL)
    soup_message_headers_replace (headers, "WWW-Authenticate", answer->challenge);
  if (answer->body == NULL)
    return;
  soup_message_headers_replace (headers, "Content-Type",
                                answer->type != NULL ? answer->type : "application/octet-stream");
  if (g_bytes_get_size (answer->body) > 0) /* libsoup takes no empty piece */
    soup_message_body_append_bytes (body, answer->body);
}

static void
refuse (HmHttpRequest *request, const HmHttpAnswer *answer)
{
  SoupServerMessage *message = request->message;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  gboolean bodiless = soup_message_headers_get_encoding (headers) == SOUP_ENCODING_NONE
                      || (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
                          && soup_message_headers_get_content_length (headers) == 0);
  const char *reason = hm_http_phrase (answer->status);
  HmHttpAnswer said = *answer;

  if (!bodiless)
    {
      hm_http_refuse (request->connection, message, answer);
      return;
    }
  said.type = "text/plain; charset=utf-8";
  said.body = g_bytes_new (reason, strlen (reason));
  set_answer (message, &said);
  g_bytes_unref (said.body);
}

static void
on_headers (SoupServerMessage *message, gpointer user)
{
  HmHttpRequest *request = user;
  HmHttpAnswer refusal = { 0 };

  if (soup_server_message_get_status (message) != 0) /* libsoup itself does not like it */
    return;
  if (!judge (request, &refusal))
    refuse (request, &refusal);
}

static void
on_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user)
{
  HmHttpRequest *request = user;
  const HmHttpAnswer refusal = { .status = SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE };

  request->read += g_bytes_get_size (chunk);
  if (request->route == NULL || request->read > request->route->body_max)
    hm_http_refuse (request->connection, message, &refusal);
}

void
hm_http_request_ended (HmHttpRequest *request)
{
  HmHttpServer *server = request->server;

  if (server == NULL)
    return;
  request->connection->request = NULL;
  request->server = NULL;
  request->connection = NULL;
  if (!request->under_way)
    return;
  request->under_way = FALSE;
  server->under_way--;
  if (server->stopping && server->under_way == 0)
    g_main_loop_quit (server->loop);
}

static void
on_disconnected (SoupServerMessage *message G_GNUC_UNUSED, gpointer user)
{
  HmHttpRequest *request = user;

  if (request->connection != NULL)
    hm_http_connection_end (request->connection);
}

static void
on_message_freed (gpointer request)
{
  on_disconnected (NULL, request);
  unref_request (request);
}

void
hm_http_on_started (SoupServer *soup G_GNUC_UNUSED, SoupServerMessage *message, gpointer user)
{
  HmHttpServer *server = user;
  HmHttpRequest *request = g_new0 (HmHttpRequest, 1);

  g_atomic_ref_count_init (&request->refs);
  request->server = server;
  request->connection = server->begun;
  request->connection->request = request;
  request->message = message;
  request->client = print_client (message);
  g_object_set_data_full (G_OBJECT (message), REQUEST_DATA, request, on_message_freed);
  g_signal_connect (message, "got-headers", G_CALLBACK (on_headers), request);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), request);
  g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), request);
}

/* -- handed out, and back -- */

void
hm_http_on_request (SoupServer *soup G_GNUC_UNUSED, SoupServerMessage *message,
                    const char *path G_GNUC_UNUSED, GHashTable *query G_GNUC_UNUSED, gpointer user)
{
  HmHttpServer *server = user;
  HmHttpRequest *request = g_object_get_data (G_OBJECT (message), REQUEST_DATA);

  request->body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  request->connection->deadline = 0;
  request->under_way = TRUE;
  server->under_way++;
  request->context = g_main_context_ref (server->context);
  g_object_ref (message);
  g_atomic_ref_count_inc (&request->refs);
  soup_server_message_pause (message);
  request->route->handle (request, server->settings.user);
}

static gboolean
on_answer (gpointer user)
{
  HmHttpRequest *request = user;
  const HmHttpAnswer answer = { .status = request->status,
                                .type = request->type,
                                .body = request->content,
                                .retry_after_s = request->retry_after_s,
                                .challenge = request->challenge };

  if (request->server == NULL) /* the client has gone */
    return G_SOURCE_REMOVE;
  request->connection->deadline = hm_http_now () + request->server->settings.request_ns;
  set_answer (request->message, &answer);
  soup_server_message_unpause (request->message);
  return G_SOURCE_REMOVE;
}

static void
give_back (gpointer user)
{
  HmHttpRequest *request = user;

  g_object_unref (request->message);
  unref_request (request);
}

void
hm_http_answer (HmHttpRequest *request, const HmHttpAnswer *answer)
{
  GMainContext *context = g_steal_pointer (&request->context);
  GSource *source = g_idle_source_new ();

  request->status = answer->status;
  request->type = g_strdup (answer->type);
  request->challenge = g_strdup (answer->challenge);
  request->content = answer->body != NULL ? g_bytes_ref (answer->body) : NULL;
  request->retry_after_s = answer->retry_after_s;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_answer, request, give_back);
  g_source_attach (source, context);
  g_source_unref (source);
  g_main_context_unref (
      context); /* where the server has ended this is the last one, and gives everything back */
}

void
hm_http_answer_text (HmHttpRequest *request, guint status, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  const HmHttpAnswer answer = { .status = status, .type = "text/plain; charset=utf-8", .body = body };

  hm_http_answer (request, &answer);
}

/* -- what it says -- */

const char *
hm_http_request_method (const HmHttpRequest *request)
{
  return soup_server_message_get_method (request->message);
}

const char *
hm_http_request_path (const HmHttpRequest *request)
{
  GUri *uri = soup_server_message_get_uri (request->message);

  return uri != NULL ? g_uri_get_path (uri) : "";
}

const char *
hm_http_request_header (const HmHttpRequest *request, const char *name)
{
  return soup_message_headers_get_list (soup_server_message_get_request_headers (request->message), name);
}

GBytes *
hm_http_request_body (const HmHttpRequest *request)
{
  return request->body;
}

const char *
hm_http_request_client (const HmHttpRequest *request)
{
  return request->client;
}
