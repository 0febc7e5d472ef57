/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection: the clients, each with the moment by which it has to have done its part. A timer shuts down the sockets of those that
 * have not; whoever reads from one then finds its end. libsoup gets a client once its TLS handshake is over. */
#include "metering/http_private.h"

#define LOOK_NS   (250 * HM_NSEC_PER_MSEC)
#define SILENCE_S 10 /* bounds what closes a TLS connection, too, which waits */

void
hm_http_count_refused (HmHttpServer *server)
{
  __atomic_add_fetch (&server->refused, 1, __ATOMIC_RELAXED);
}

/* -- deadlines -- */

static void
shut (HmHttpConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection->socket);

  if (!g_socket_is_closed (socket))
    g_socket_shutdown (socket, TRUE, TRUE, NULL); /* fails where the client was faster */
}

static void
end_late (HmHttpConnection *connection)
{
  if (connection->lingering != NULL)
    {
      hm_http_connection_end (connection);
      return;
    }
  connection->deadline = 0;
  hm_http_count_refused (connection->server);
  shut (connection);
}

static gboolean
on_look (gpointer user)
{
  HmHttpServer *server = user;
  g_autoptr (GList) all = g_hash_table_get_keys (server->connections);
  gint64 now = hm_http_now ();

  for (GList *l = all; l != NULL; l = l->next)
    {
      HmHttpConnection *connection = l->data;

      if (connection->deadline != 0 && connection->deadline <= now)
        end_late (connection);
    }
  if (g_hash_table_size (server->connections) > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&server->timer, g_source_unref);
  return G_SOURCE_REMOVE;
}

GSource *
hm_http_attach_timer (HmHttpServer *server, gint64 after_ns, GSourceFunc function)
{
  GSource *source = g_timeout_source_new ((guint)(after_ns / HM_NSEC_PER_MSEC));

  g_source_set_callback (source, function, server, NULL);
  g_source_attach (source, server->context);
  return source;
}

/* -- begin -- */

static void
give_to_soup (HmHttpConnection *connection, GIOStream *stream)
{
  HmHttpServer *server = connection->server;
  g_autoptr (GSocketAddress) here = g_socket_connection_get_local_address (connection->socket, NULL);
  g_autoptr (GSocketAddress) there = g_socket_connection_get_remote_address (connection->socket, NULL);

  if (here == NULL || there == NULL) /* it has gone already */
    {
      hm_http_connection_end (connection);
      return;
    }
  server->begun = connection;
  soup_server_accept_iostream (server->soup, stream, here, there, NULL); /* has no way to fail */
  server->begun = NULL;
}

static void
on_handshake (GObject *tls, GAsyncResult *result, gpointer user)
{
  HmHttpConnection *connection = user;
  gboolean good = g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, NULL);

  connection->server->handshakes--;
  if (good)
    give_to_soup (connection, G_IO_STREAM (tls));
  else
    {
      hm_http_count_refused (connection->server);
      hm_http_connection_end (connection);
    }
}

/* A server has to say so itself when a client's certificate is in order. */
static gboolean
on_certificate (GTlsConnection *tls G_GNUC_UNUSED, GTlsCertificate *certificate G_GNUC_UNUSED,
                GTlsCertificateFlags faults, gpointer user G_GNUC_UNUSED)
{
  return faults == 0;
}

static void
begin_tls (HmHttpConnection *connection)
{
  HmHttpServer *server = connection->server;
  g_autoptr (GIOStream) tls
      = g_tls_server_connection_new (G_IO_STREAM (connection->socket), server->certificate, NULL);

  if (tls == NULL)
    {
      hm_http_connection_end (connection);
      return;
    }
  if (server->client_ca != NULL)
    {
      g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_certificate), NULL);
      g_tls_connection_set_database (G_TLS_CONNECTION (tls), server->client_ca);
      g_object_set (tls, "authentication-mode",
                    server->settings.client_required ? G_TLS_AUTHENTICATION_REQUIRED
                                                     : G_TLS_AUTHENTICATION_REQUESTED,
                    NULL);
    }
  connection->tls = G_TLS_CONNECTION (g_object_ref (tls));
  server->handshakes++;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, on_handshake,
                                    connection);
}

gboolean
hm_http_on_incoming (GSocketService *service G_GNUC_UNUSED, GSocketConnection *socket,
                     GObject *source G_GNUC_UNUSED, gpointer user)
{
  HmHttpServer *server = user;
  HmHttpConnection *connection;

  if (g_hash_table_size (server->connections) >= server->settings.connections_max)
    {
      hm_http_count_refused (server);
      return TRUE; /* nobody keeps it, so it is closed */
    }
  g_socket_set_timeout (g_socket_connection_get_socket (socket), SILENCE_S);
  connection = g_new0 (HmHttpConnection, 1);
  connection->server = server;
  connection->socket = g_object_ref (socket);
  connection->deadline = hm_http_now () + server->settings.request_ns;
  g_hash_table_add (server->connections, connection);
  if (server->timer == NULL)
    server->timer = hm_http_attach_timer (server, LOOK_NS, on_look);
  if (server->certificate != NULL)
    begin_tls (connection);
  else
    give_to_soup (connection, G_IO_STREAM (socket));
  return TRUE;
}

/* -- end -- */

void
hm_http_connection_end (HmHttpConnection *connection)
{
  g_hash_table_remove (connection->server->connections, connection);
}

void
hm_http_connections_end (HmHttpServer *server)
{
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, server->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    shut (connection);
  while (server->handshakes > 0)
    g_main_context_iteration (server->context, TRUE);
  g_hash_table_remove_all (server->connections);
}

void
hm_http_connection_free (gpointer data)
{
  HmHttpConnection *connection = data;

  if (connection->request != NULL)
    hm_http_request_ended (connection->request);
  hm_http_refuse_end (connection);
  g_io_stream_close (G_IO_STREAM (connection->socket), NULL, NULL);
  g_clear_object (&connection->tls);
  g_object_unref (connection->socket);
  g_free (connection);
}
