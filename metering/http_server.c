/* SPDX-License-Identifier: Apache-2.0 */
/* http_server: see http_server.h. This file: address, certificates, thread. Whom it talks to is in http_connection.c, what
 * becomes of a request in http_request.c and http_refuse.c.
 *
 * It listens and accepts itself: libsoup limits neither the number of clients nor their time, and that of Debian 12 (3.2) keeps a descriptor of each
 * connection that its own listener accepted and its client has closed. */
#include "metering/http_private.h"

#include <string.h>

#include "metering/error.h"

#define CONNECTIONS   64
#define HEADER_BYTES  (16 * 1024)
#define REQUEST_NS    (30 * HM_NSEC_PER_SEC)
#define LAST_ROUNDS   100 /* of the loop, for what ends when everything is closed */
#define SERVER_THREAD "http"

/* -- address -- */

/* "[::1]:80" or "127.0.0.1:80". (transfer full) */
static GSocketAddress *
parse_listen (const char *listen, GError **error)
{
  const char *colon = strrchr (listen, ':');
  guint64 port = 0;
  g_autofree char *host = NULL;
  gsize length;

  if (colon != NULL && g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    {
      length = (gsize)(colon - listen);
      if (length > 2 && listen[0] == '[' && listen[length - 1] == ']')
        host = g_strndup (listen + 1, length - 2);
      else if (memchr (listen, ':', length) == NULL)
        host = g_strndup (listen, length);
    }
  if (host != NULL && g_hostname_is_ip_address (host))
    return g_inet_socket_address_new_from_string (host, (guint)port);
  g_set_error (
      error, HM_ERROR, HM_ERROR_CONFIG,
      "'%s' is no address to listen on: ADDRESS:PORT in numbers, such as 127.0.0.1:9464 or [::1]:9464",
      listen);
  return NULL;
}

gboolean
hm_http_listen_check (const char *listen, GError **error)
{
  g_autoptr (GSocketAddress) address = parse_listen (listen, error);

  return address != NULL;
}

static HmError
code_of (const GError *local)
{
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return HM_ERROR_TEMPORARY;
  return g_error_matches (local, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ? HM_ERROR_PERMISSION
                                                                           : HM_ERROR_UNAVAILABLE;
}

static gboolean
listen_on (HmHttpServer *server, GSocketAddress *address, GError **error)
{
  GSocketListener *listener = G_SOCKET_LISTENER (server->service);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) local = NULL;

  if (!g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                      &bound, &local))
    {
      g_set_error (error, HM_ERROR, code_of (local), "%s: %s", server->settings.listen, local->message);
      return FALSE;
    }
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

/* -- TLS -- */

static gboolean
load_certificate (HmHttpServer *server, GError **error)
{
  const HmHttpSettings *s = &server->settings;
  g_autoptr (GError) local = NULL;

  server->certificate = s->key != NULL ? g_tls_certificate_new_from_files (s->certificate, s->key, &local)
                                       : g_tls_certificate_new_from_file (s->certificate, &local);
  if (server->certificate != NULL)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s%s%s: %s", s->certificate, s->key != NULL ? " with " : "",
               s->key != NULL ? s->key : "", local->message);
  return FALSE;
}

static gboolean
load_client_ca (HmHttpServer *server, GError **error)
{
  const HmHttpSettings *s = &server->settings;
  g_autofree char *path = s->client_ca != NULL ? g_canonicalize_filename (s->client_ca, NULL) : NULL;
  g_autoptr (GError) local = NULL;

  if (path != NULL)
    server->client_ca = g_tls_file_database_new (path, &local);
  if (local != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", s->client_ca, local->message);
  return local == NULL;
}

static gboolean
load_tls (HmHttpServer *server, GError **error)
{
  const HmHttpSettings *s = &server->settings;

  if (s->certificate == NULL && s->key == NULL && s->client_ca == NULL && !s->client_required)
    return TRUE;
  if (s->certificate == NULL || (s->client_required && s->client_ca == NULL))
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", s->listen,
                 s->certificate == NULL ? "TLS needs a certificate"
                                        : "clients' certificates cannot be checked without a CA");
  else if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: no TLS on this system (glib-networking)", s->listen);
  else
    return load_certificate (server, error) && load_client_ca (server, error);
  return FALSE;
}

gboolean
hm_http_tls_check (const HmHttpSettings *settings, GError **error)
{
  HmHttpServer server = { .settings = *settings };
  gboolean good = load_tls (&server, error);

  g_clear_object (&server.certificate);
  g_clear_object (&server.client_ca);
  return good;
}

/* -- thread -- */

static gpointer
run (gpointer user)
{
  HmHttpServer *server = user;

  g_main_context_push_thread_default (server->context);
  g_main_loop_run (server->loop);
  g_socket_service_stop (server->service);
  g_socket_listener_close (G_SOCKET_LISTENER (server->service));
  soup_server_disconnect (server->soup);
  for (guint i = 0; i < LAST_ROUNDS && g_main_context_iteration (server->context, FALSE); i++)
    continue;
  hm_http_connections_end (server);
  g_clear_object (&server->soup);
  g_clear_object (&server->service);
  g_main_context_pop_thread_default (server->context);
  return NULL;
}

static gboolean
on_stop_deadline (gpointer user)
{
  HmHttpServer *server = user;

  g_main_loop_quit (server->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_stop (gpointer user)
{
  HmHttpServer *server = user;

  server->stopping = TRUE;
  g_socket_service_stop (server->service);
  g_socket_listener_close (G_SOCKET_LISTENER (server->service));
  if (server->under_way == 0)
    g_main_loop_quit (server->loop);
  else
    g_source_unref (hm_http_attach_timer (server, server->stop_ns, on_stop_deadline));
  return G_SOURCE_REMOVE;
}

/* -- life -- */

static void
take_settings (HmHttpServer *server, const HmHttpSettings *settings)
{
  HmHttpSettings *s = &server->settings;

  *s = *settings;
  s->connections_max = s->connections_max != 0 ? s->connections_max : CONNECTIONS;
  s->header_max = s->header_max != 0 ? s->header_max : HEADER_BYTES;
  s->request_ns = s->request_ns != 0 ? s->request_ns : REQUEST_NS;
}

static gboolean
start (HmHttpServer *server, GError **error)
{
  g_autoptr (GSocketAddress) address = parse_listen (server->settings.listen, error);

  if (address == NULL || !load_tls (server, error) || !listen_on (server, address, error))
    return FALSE;
  g_signal_connect (server->soup, "request-started", G_CALLBACK (hm_http_on_started), server);
  soup_server_add_handler (server->soup, NULL, hm_http_on_request, server, NULL);
  g_signal_connect (server->service, "incoming", G_CALLBACK (hm_http_on_incoming), server);
  return TRUE;
}

/* Only one thread can have the context: this one first. */
static gboolean
start_thread (HmHttpServer *server, GError **error)
{
  gboolean good;

  g_main_context_push_thread_default (server->context);
  server->soup = soup_server_new ("server-header", NULL, NULL);
  server->service = g_socket_service_new ();
  good = start (server, error);
  g_main_context_pop_thread_default (server->context);
  if (good)
    server->thread = g_thread_try_new (SERVER_THREAD, run, server, error);
  return server->thread != NULL;
}

static void
free_server (HmHttpServer *server)
{
  g_clear_object (&server->soup);
  g_clear_object (&server->service);
  g_clear_object (&server->certificate);
  g_clear_object (&server->client_ca);
  if (server->timer != NULL)
    g_source_destroy (server->timer);
  g_clear_pointer (&server->timer, g_source_unref);
  g_hash_table_unref (server->connections);
  g_main_loop_unref (server->loop);
  g_main_context_unref (server->context);
  g_free (server);
}

HmHttpServer *
hm_http_server_new (const HmHttpSettings *settings, GError **error)
{
  HmHttpServer *server = g_new0 (HmHttpServer, 1);

  take_settings (server, settings);
  server->context = g_main_context_new ();
  server->loop = g_main_loop_new (server->context, FALSE);
  server->connections = g_hash_table_new_full (NULL, NULL, hm_http_connection_free, NULL);
  if (start_thread (server, error))
    return server;
  free_server (server);
  return NULL;
}

void
hm_http_server_stop (HmHttpServer *server, gint64 timeout_ns)
{
  GSource *source;

  if (server == NULL)
    return;
  server->stop_ns = timeout_ns;
  source = g_idle_source_new ();
  g_source_set_callback (source, on_stop, server, NULL);
  g_source_attach (source, server->context);
  g_source_unref (source);
  g_thread_join (server->thread);
  free_server (server);
}

guint
hm_http_server_port (const HmHttpServer *server)
{
  return server->port;
}

guint64
hm_http_server_refused (HmHttpServer *server)
{
  return __atomic_load_n (&server->refused, __ATOMIC_RELAXED);
}
