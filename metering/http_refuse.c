/* SPDX-License-Identifier: Apache-2.0 */
/* http_refuse: the answer to a request whose body shall not be read to its end. libsoup would read it all before it answers, so the
 * connection is taken from it. Closed at once, with bytes of the client unread, the kernel would reset it, and the client
 * might never see the answer: so what still comes is read and dropped for a moment. */
#include "metering/http_private.h"

#include <string.h>

#define LINGER_NS (2 * HM_NSEC_PER_SEC)

/* libsoup 3.2 does not know them all. */
const char *
hm_http_phrase (guint status)
{
  if (status == HM_HTTP_TOO_MANY)
    return "Too Many Requests";
  return status == HM_HTTP_HEADERS_TOO_LARGE ? "Request Header Fields Too Large"
                                             : soup_status_get_phrase (status);
}

static char *
print_answer (const HmHttpAnswer *answer)
{
  const char *reason = hm_http_phrase (answer->status);
  GString *out = g_string_new (NULL);

  g_string_append_printf (
      out, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n",
      answer->status, reason);
  if (answer->retry_after_s > 0)
    g_string_append_printf (out, "Retry-After: %u\r\n", answer->retry_after_s);
  if (answer->challenge != NULL)
    g_string_append_printf (out, "WWW-Authenticate: %s\r\n", answer->challenge);
  g_string_append_printf (out, "Content-Length: %zu\r\n\r\n%s\n", strlen (reason) + 1, reason);
  return g_string_free (out, FALSE);
}

/* What has come, up to a round's worth. FALSE: it has ended. */
static gboolean
drop_input (GIOStream *stream)
{
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  g_autoptr (GError) error = NULL;
  char buffer[16384];
  gssize n = g_pollable_input_stream_read_nonblocking (in, buffer, sizeof buffer, NULL, &error);

  return n > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gboolean
on_input (GObject *in G_GNUC_UNUSED, gpointer user)
{
  HmHttpConnection *connection = user;

  if (drop_input (connection->lingering))
    return G_SOURCE_CONTINUE;
  hm_http_connection_end (connection);
  return G_SOURCE_REMOVE;
}

void
hm_http_refuse (HmHttpConnection *connection, SoupServerMessage *message, const HmHttpAnswer *answer)
{
  HmHttpServer *server = connection->server;
  g_autofree char *text = print_answer (answer);
  GPollableOutputStream *out;
  GPollableInputStream *in;

  hm_http_request_ended (
      connection->request); /* or libsoup's word that it is over would end the connection */
  connection->lingering = soup_server_message_steal_connection (message);
  connection->deadline = hm_http_now () + LINGER_NS;
  hm_http_count_refused (server);
  out = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (connection->lingering));
  in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (connection->lingering));
  /* A few hundred bytes into an empty buffer: what does not go in at once goes to somebody who does not read. */
  g_pollable_output_stream_write_nonblocking (out, text, strlen (text), NULL, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (connection->socket), FALSE, TRUE,
                     NULL); /* fails where it has gone */
  connection->drain = g_pollable_input_stream_create_source (in, NULL);
  g_source_set_callback (connection->drain, G_SOURCE_FUNC (on_input), connection, NULL);
  g_source_attach (connection->drain, server->context);
}

void
hm_http_refuse_end (HmHttpConnection *connection)
{
  GIOStream *stream = g_steal_pointer (&connection->lingering);

  if (connection->drain != NULL)
    g_source_destroy (connection->drain);
  g_clear_pointer (&connection->drain, g_source_unref);
  if (stream == NULL)
    return;
  g_io_stream_close (stream, NULL, NULL);
  g_object_unref (stream);
}
