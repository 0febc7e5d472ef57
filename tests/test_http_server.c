/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_server: the HTTP server, asked over real sockets, well and badly. */
#include "metering/http_server.h"

#include <gio/gio.h>
#include <gmodule.h>
#include <string.h>

#include "tests/kit.h"

/* LeakSanitizer dies of what GIO's TLS module, which is loaded and let go of, keeps per thread. Valgrind looks for leaks here. */
const char *__asan_default_options (void);

G_MODULE_EXPORT const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}

#define PATIENCE_S 120
#define BODY_MAX   1000
#define SHORT_NS   (2 * HM_NSEC_PER_SEC)
#define LONG_NS    (30 * HM_NSEC_PER_SEC)

/* -- what it serves -- */

typedef struct
{
  GAsyncQueue *held; /* (element-type HmHttpRequest) what /hold got */
  gint answered;     /* atomic: calls of /echo */
} Site;

static void
say_hello (HmHttpRequest *request, gpointer user G_GNUC_UNUSED)
{
  hm_http_answer_text (request, 200, "hello\n");
}

static void
echo (HmHttpRequest *request, gpointer user)
{
  Site *site = user;
  const HmHttpAnswer answer = { .status = 202,
                                .type = hm_http_request_header (request, "Content-Type"),
                                .body = hm_http_request_body (request),
                                .retry_after_s = 7 };

  g_atomic_int_inc (&site->answered);
  hm_http_answer (request, &answer);
}

static gboolean
admit_known (HmHttpRequest *request, gpointer user G_GNUC_UNUSED, HmHttpAnswer *ret_refusal)
{
  const char *word = hm_http_request_header (request, "Authorization");

  ret_refusal->status = 401;
  ret_refusal->challenge = "Bearer";
  return g_strcmp0 (word, "Bearer right") == 0;
}

static void
hold (HmHttpRequest *request, gpointer user)
{
  Site *site = user;

  g_async_queue_push (site->held, request);
}

static gpointer
answer_elsewhere (gpointer request)
{
  hm_http_answer_text (request, 200, "later\n");
  return NULL;
}

static void
say_nothing (HmHttpRequest *request, gpointer user G_GNUC_UNUSED)
{
  hm_http_answer_text (request, 200, "");
}

static const HmHttpRoute routes[] = {
  { .method = "GET", .path = "/hello", .handle = say_hello },
  { .method = "POST", .path = "/echo", .body_max = BODY_MAX, .handle = echo },
  { .method = "POST", .path = "/guarded", .body_max = BODY_MAX, .admit = admit_known, .handle = echo },
  { .method = "GET", .path = "/hold", .handle = hold },
  { .method = "GET", .path = "/nothing", .handle = say_nothing },
  { 0 },
};

/* -- fixture -- */

typedef struct
{
  Site site;
  HmHttpServer *server;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->site.held = g_async_queue_new ();
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_http_server_stop (f->server, LONG_NS);
  g_async_queue_unref (f->site.held);
  g_free (f);
  return 0;
}

static void
serve (Fixture *f, HmHttpSettings settings)
{
  g_autoptr (GError) error = NULL;

  settings.listen = "127.0.0.1:0";
  settings.routes = routes;
  settings.user = &f->site;
  f->server = hm_http_server_new (&settings, &error);
  if (f->server == NULL)
    fail_msg ("%s", error->message);
}

/* -- a client -- */

static GSocketConnection *
call (const Fixture *f)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, PATIENCE_S);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16)hm_http_server_port (f->server),
                                                NULL, &error);
  if (connection == NULL)
    fail_msg ("%s", error->message);
  return connection;
}

static void
send_text (GSocketConnection *connection, const char *text)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  assert_true (g_output_stream_write_all (out, text, strlen (text), NULL, NULL, NULL));
}

/* As far as the other side takes it. */
static void
flood (GSocketConnection *connection, const char *text, guint times)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  while (times-- > 0)
    if (!g_output_stream_write_all (out, text, strlen (text), NULL, NULL, NULL))
      return;
}

/* Everything until the server ends it. (transfer full) */
static char *
read_all (GSocketConnection *connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (text, buffer, n);
  return g_string_free (text, FALSE);
}

/* Until @part is there. (transfer full) */
static char *
read_until (GSocketConnection *connection, const char *part)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GString *text = g_string_new (NULL);
  char buffer[4096];

  while (strstr (text->str, part) == NULL)
    {
      gssize n = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL);

      if (n <= 0)
        fail_msg ("no '%s' in '%s'", part, text->str);
      g_string_append_len (text, buffer, n);
    }
  return g_string_free (text, FALSE);
}

/* One request on a connection of its own that the client lets end. (transfer full) */
static char *
ask (const Fixture *f, const char *request)
{
  g_autoptr (GSocketConnection) connection = call (f);

  send_text (connection, request);
  return read_all (connection);
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    fail_msg ("no '%s' in '%s'", part, text);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n"
#define CLOSE     "Connection: close\r\n\r\n"

/* -- requests -- */

static void
server_answers_when_path_and_method_fit (void **state)
{
  Fixture *f = *state;
  g_autofree char *got = NULL, *head = NULL, *nothing = NULL;

  serve (f, (HmHttpSettings){ 0 });
  got = ask (f, GET ("/hello?x=1") CLOSE);
  assert_has (got, "HTTP/1.1 200 OK\r\n");
  assert_has (got, "\r\n\r\nhello\n");
  head = ask (f, "HEAD /hello HTTP/1.1\r\nHost: x\r\n" CLOSE);
  assert_has (head, "HTTP/1.1 200 OK\r\n");
  assert_null (strstr (head, "hello\n"));
  nothing = ask (f, GET ("/nothing") CLOSE);
  assert_has (nothing, "HTTP/1.1 200 OK\r\n");
  assert_has (nothing, "\r\nContent-Length: 0\r\n");
}

static void
server_ends_the_connection_when_it_has_answered (void **state)
{
  Fixture *f = *state;
  g_autofree char *text = NULL;

  serve (f, (HmHttpSettings){ 0 });
  text = ask (f, GET ("/hello") "\r\n" GET ("/hello") "\r\n");
  assert_has (text, "Connection: close\r\n");
  assert_true (g_str_has_suffix (text, "\r\n\r\nhello\n"));
  assert_ptr_equal (strstr (text, "hello"), g_strrstr (text, "hello"));
}

static void
server_refuses_when_path_or_method_is_another (void **state)
{
  Fixture *f = *state;
  g_autofree char *path = NULL, *below = NULL, *method = NULL, *all = NULL, *nonsense = NULL;

  serve (f, (HmHttpSettings){ 0 });
  path = ask (f, GET ("/") CLOSE);
  assert_has (path, "HTTP/1.1 404 ");
  below = ask (f, GET ("/hello/there") CLOSE);
  assert_has (below, "HTTP/1.1 404 ");
  method = ask (f, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" CLOSE);
  assert_has (method, "HTTP/1.1 405 ");
  all = ask (f, "OPTIONS * HTTP/1.1\r\nHost: x\r\n" CLOSE);
  assert_has (all, "HTTP/1.1 404 ");
  nonsense = ask (f, "\x01\x02\x03\r\n\r\n");
  assert_has (nonsense, " 400 ");
  assert_int_equal (f->site.answered, 0);
}

static void
server_gives_the_body_when_it_came (void **state)
{
  Fixture *f = *state;
  g_autofree char *plain = NULL, *chunked = NULL;

  serve (f, (HmHttpSettings){ 0 });
  plain
      = ask (f, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 5\r\n" CLOSE "12345");
  assert_has (plain, "HTTP/1.1 202 ");
  assert_has (plain, "Content-Type: a/b\r\n");
  assert_has (plain, "Retry-After: 7\r\n");
  assert_has (plain, "\r\n\r\n12345");
  chunked = ask (f, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" CLOSE
                    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  assert_has (chunked, "\r\n\r\nabcde");
}

static void
server_admits_before_the_body_when_asked_to (void **state)
{
  Fixture *f = *state;
  g_autofree char *wrong = NULL, *twice = NULL, *right = NULL;

  serve (f, (HmHttpSettings){ 0 });
  /* The body is never sent: the answer does not wait for it. */
  wrong = ask (f, "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  assert_has (wrong, "HTTP/1.1 401 ");
  assert_has (wrong, "WWW-Authenticate: Bearer\r\n");
  twice = ask (f, "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: Bearer wrong\r\n"
                  "Authorization: Bearer right\r\n" CLOSE);
  assert_has (twice, "HTTP/1.1 401 ");
  right = ask (
      f,
      "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nAuthorization: Bearer right\r\n" CLOSE "ok");
  assert_has (right, "HTTP/1.1 202 ");
  assert_int_equal (f->site.answered, 1);
}

/* -- limits -- */

static void
server_refuses_a_body_when_it_is_too_large (void **state)
{
  Fixture *f = *state;
  g_autofree char *said = NULL, *expected = NULL, *none = NULL, *huge = g_strnfill (2048, 'x');

  serve (f, (HmHttpSettings){ 0 });
  said = ask (f, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  assert_has (said, "HTTP/1.1 413 ");
  assert_has (said, "Connection: close\r\n");
  expected = ask (
      f, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n");
  assert_has (expected, "HTTP/1.1 413 ");
  none = ask (f, "GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
  assert_has (none, "HTTP/1.1 413 ");
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (GSocketConnection) connection = call (f);
      g_autofree char *got = NULL;

      send_text (connection, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n");
      send_text (connection, huge);
      got = read_until (connection, "\r\n\r\n"); /* while the chunked body goes on */
      assert_has (got, "HTTP/1.1 413 ");
      flood (connection, huge, 100);
    }
  assert_int_equal (hm_http_server_refused (f->server), 23);
  assert_int_equal (f->site.answered, 0);
}

static void
server_refuses_headers_when_they_are_too_large (void **state)
{
  Fixture *f = *state;
  g_autofree char *large = g_strnfill (3000, 'h'), *request = NULL, *got = NULL, *rest = NULL;
  g_autoptr (GSocketConnection) endless = NULL;

  serve (f, (HmHttpSettings){ .header_max = 2000 });
  request = g_strconcat (GET ("/hello"), "X-Large: ", large, "\r\n" CLOSE, NULL);
  got = ask (f, request);
  assert_has (got, "HTTP/1.1 431 ");
  endless = call (f);
  send_text (endless, GET ("/hello") "X-Endless: ");
  flood (endless, large, 10000);
  rest = read_all (endless);
  assert_null (strstr (rest, "200 OK"));
}

static void
server_closes_a_connection_when_there_are_too_many (void **state)
{
  Fixture *f = *state;
  g_autoptr (GSocketConnection) first = NULL, second = NULL, second_held = NULL, third = NULL;
  g_autofree char *text = NULL, *rest = NULL;
  HmHttpRequest *request;

  serve (f, (HmHttpSettings){ .connections_max = 2 });
  first = call (f);
  second = call (f);
  send_text (second, GET ("/hold") "\r\n");
  answer_elsewhere (g_async_queue_pop (f->site.held));
  text = read_until (second, "later\n");
  second_held = call (f);
  send_text (second_held, GET ("/hold") "\r\n");
  request = g_async_queue_pop (f->site.held);
  third = call (f);
  flood (third, GET ("/hello") "\r\n", 1);
  rest = read_all (third);
  assert_string_equal (rest, "");
  g_clear_object (&first);
  answer_elsewhere (request);
  for (gboolean served = FALSE; !served;) /* as soon as the two have been noticed to be gone */
    {
      g_autoptr (GSocketConnection) again = call (f);
      g_autofree char *got = NULL;

      flood (again, GET ("/hello") CLOSE, 1);
      got = read_all (again);
      served = strstr (got, "200 OK") != NULL;
    }
}

static void
server_ends_a_client_when_it_is_slow (void **state)
{
  Fixture *f = *state;
  g_autoptr (GSocketConnection) silent = NULL, half = NULL;
  g_autofree char *nothing = NULL, *rest = NULL;

  serve (f, (HmHttpSettings){ .request_ns = SHORT_NS });
  silent = call (f);
  half = call (f);
  send_text (half, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  nothing = read_all (silent);
  assert_string_equal (nothing, "");
  rest = read_all (half);
  assert_null (strstr (rest, "202"));
  assert_int_equal (f->site.answered, 0);
}

/* -- later answers -- */

static void
server_answers_later_when_another_thread_does (void **state)
{
  Fixture *f = *state;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *other = NULL, *text = NULL;
  GThread *thread;

  serve (f, (HmHttpSettings){ .request_ns = SHORT_NS });
  connection = call (f);
  send_text (connection, GET ("/hold") CLOSE);
  thread = g_thread_new ("answers", answer_elsewhere, g_async_queue_pop (f->site.held));
  other = ask (f, GET ("/hello") CLOSE);
  assert_has (other, "hello\n");
  text = read_all (connection);
  assert_has (text, "later\n");
  g_thread_join (thread);
}

static void
server_lives_on_when_a_client_goes_away (void **state)
{
  Fixture *f = *state;
  g_autofree char *text = NULL;

  serve (f, (HmHttpSettings){ 0 });
  for (int i = 0; i < 3; i++)
    {
      GSocketConnection *connection = call (f);
      HmHttpRequest *request;

      send_text (connection, GET ("/hold") "\r\n");
      request = g_async_queue_pop (f->site.held);
      g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
      g_object_unref (connection);
      answer_elsewhere (request);
    }
  text = ask (f, GET ("/hello") CLOSE);
  assert_has (text, "hello\n");
}

static gpointer
stop (gpointer server)
{
  hm_http_server_stop (server, LONG_NS);
  return NULL;
}

/* TRUE: nobody listens any more. */
static gboolean
is_closed (guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16)port, NULL, NULL);
  return connection == NULL;
}

static void
server_waits_for_answers_when_it_stops (void **state)
{
  Fixture *f = *state;
  g_autoptr (GSocketConnection) held = NULL, late = NULL;
  g_autofree char *refused = NULL, *text = NULL;
  HmHttpRequest *request;
  HmHttpServer *server;
  GThread *thread;
  guint port;

  serve (f, (HmHttpSettings){ 0 });
  port = hm_http_server_port (f->server);
  late = call (f);
  held = call (f);
  send_text (held, GET ("/hold") "\r\n");
  request = g_async_queue_pop (f->site.held);
  server = g_steal_pointer (&f->server);
  thread = g_thread_new ("stops", stop, server);
  while (!is_closed (port))
    g_thread_yield ();
  send_text (late, GET ("/hello") "\r\n");
  refused = read_all (late);
  assert_has (refused, "HTTP/1.1 503 ");
  answer_elsewhere (request);
  text = read_all (held);
  assert_has (text, "later\n");
  g_thread_join (thread);
}

static void
request_is_answered_into_nothing_when_the_server_has_ended (void **state)
{
  Fixture *f = *state;
  g_autoptr (GSocketConnection) held = NULL;
  g_autofree char *text = NULL;
  HmHttpRequest *request;

  serve (f, (HmHttpSettings){ 0 });
  held = call (f);
  send_text (held, GET ("/hold") "\r\n");
  request = g_async_queue_pop (f->site.held);
  hm_http_server_stop (g_steal_pointer (&f->server), SHORT_NS);
  assert_string_equal (hm_http_request_path (request), "/hold");
  hm_http_answer_text (request, 200, "too late\n");
  text = read_all (held);
  assert_string_equal (text, "");
}

/* -- TLS -- */

static char *
fixture_path (const char *name)
{
  return g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "fixtures", "tls", name, NULL);
}

static void
serve_tls (Fixture *f, gboolean client_required)
{
  g_autofree char *certificate = fixture_path ("server.pem"), *ca = fixture_path ("ca.pem");

  serve (f,
         (HmHttpSettings){ .certificate = certificate, .client_ca = ca, .client_required = client_required });
}

/* With the certificate of @name (nullable). (transfer full) What came, "" when nobody wanted to talk. */
static char *
ask_tls (const Fixture *f, const char *name)
{
  g_autofree char *ca_path = fixture_path ("ca.pem"), *path = name != NULL ? fixture_path (name) : NULL;
  g_autoptr (GTlsDatabase) ca = g_tls_file_database_new (ca_path, NULL);
  g_autoptr (GTlsCertificate) certificate
      = path != NULL ? g_tls_certificate_new_from_file (path, NULL) : NULL;
  g_autoptr (GSocketConnection) plain = call (f);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 0);
  g_autoptr (GIOStream) tls = g_tls_client_connection_new (G_IO_STREAM (plain), identity, NULL);
  const char *request = GET ("/hello") CLOSE;
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  g_tls_connection_set_database (G_TLS_CONNECTION (tls), ca);
  if (certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (tls), certificate);
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), request, strlen (request), NULL, NULL,
                             NULL);
  while ((n = g_input_stream_read (g_io_stream_get_input_stream (tls), buffer, sizeof buffer, NULL, NULL))
         > 0)
    g_string_append_len (text, buffer, n);
  return g_string_free (text, FALSE);
}

static void
server_talks_to_nobody_when_a_certificate_is_not_of_its_ca (void **state)
{
  Fixture *f = *state;
  g_autofree char *known = NULL, *none = NULL, *other = NULL;

  serve_tls (f, FALSE);
  known = ask_tls (f, "client.pem");
  assert_has (known, "HTTP/1.1 200 OK\r\n");
  none = ask_tls (f, NULL);
  assert_has (none, "HTTP/1.1 200 OK\r\n");
  other = ask_tls (f, "other.pem"); /* the same name, signed by itself */
  assert_string_equal (other, "");
}

static void
server_talks_to_nobody_when_a_certificate_is_required_and_missing (void **state)
{
  Fixture *f = *state;
  g_autofree char *known = NULL, *none = NULL, *plain = NULL;

  serve_tls (f, TRUE);
  none = ask_tls (f, NULL);
  assert_string_equal (none, "");
  plain = ask (f, GET ("/hello") CLOSE);
  assert_null (strstr (plain, "HTTP/1.1 200"));
  known = ask_tls (f, "client.pem");
  assert_has (known, "HTTP/1.1 200 OK\r\n");
}

static void
server_refuses_large_bodies_when_it_speaks_tls (void **state)
{
  Fixture *f = *state;
  g_autofree char *ca_path = fixture_path ("ca.pem");
  g_autoptr (GTlsDatabase) ca = g_tls_file_database_new (ca_path, NULL);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 0);
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  const char *request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf";
  char buffer[100] = "";

  serve_tls (f, FALSE);
  plain = call (f);
  tls = g_tls_client_connection_new (G_IO_STREAM (plain), identity, NULL);
  g_tls_connection_set_database (G_TLS_CONNECTION (tls), ca);
  assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (tls), request, strlen (request),
                                          NULL, NULL, NULL));
  assert_true (g_input_stream_read (g_io_stream_get_input_stream (tls), buffer, sizeof buffer - 1, NULL, NULL)
               > 0);
  assert_has (buffer, "HTTP/1.1 413 ");
}

/* -- start -- */

static void
assert_start_fails (const HmHttpSettings *settings, HmError code, const char *part)
{
  g_autoptr (GError) error = NULL;

  assert_null (hm_http_server_new (settings, &error));
  kit_assert_error (&error, code, part);
}

static void
server_says_why_when_it_cannot_listen (void **state)
{
  static const char *const bad[]
      = { "",         "9464",  "localhost:9464", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
          "::1:9464", "[::1]", "[127.0.0.1:1",   "1.2.3:4" };
  Fixture *f = *state;
  g_autofree char *taken = NULL, *key = fixture_path ("ca.pem"), *certificate = fixture_path ("server.pem");
  HmHttpSettings settings = { .listen = "127.0.0.1:0", .routes = routes };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_false (hm_http_listen_check (bad[i], &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, "no address to listen on");
    }
  assert_true (hm_http_listen_check ("[::1]:9464", NULL));
  settings.client_ca = key;
  assert_start_fails (&settings, HM_ERROR_CONFIG, "needs a certificate");
  settings.certificate = certificate;
  settings.key = key;
  assert_start_fails (&settings, HM_ERROR_CONFIG, "ca.pem");
  serve (f, (HmHttpSettings){ 0 });
  taken = g_strdup_printf ("127.0.0.1:%u", hm_http_server_port (f->server));
  settings = (HmHttpSettings){ .listen = taken, .routes = routes };
  assert_start_fails (&settings, HM_ERROR_TEMPORARY, taken);
}

#define WITH_SERVER(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    WITH_SERVER (server_answers_when_path_and_method_fit),
    WITH_SERVER (server_ends_the_connection_when_it_has_answered),
    WITH_SERVER (server_refuses_when_path_or_method_is_another),
    WITH_SERVER (server_gives_the_body_when_it_came),
    WITH_SERVER (server_admits_before_the_body_when_asked_to),
    WITH_SERVER (server_refuses_a_body_when_it_is_too_large),
    WITH_SERVER (server_refuses_headers_when_they_are_too_large),
    WITH_SERVER (server_closes_a_connection_when_there_are_too_many),
    WITH_SERVER (server_ends_a_client_when_it_is_slow),
    WITH_SERVER (server_answers_later_when_another_thread_does),
    WITH_SERVER (server_lives_on_when_a_client_goes_away),
    WITH_SERVER (server_waits_for_answers_when_it_stops),
    WITH_SERVER (request_is_answered_into_nothing_when_the_server_has_ended),
    WITH_SERVER (server_talks_to_nobody_when_a_certificate_is_not_of_its_ca),
    WITH_SERVER (server_talks_to_nobody_when_a_certificate_is_required_and_missing),
    WITH_SERVER (server_refuses_large_bodies_when_it_speaks_tls),
    WITH_SERVER (server_says_why_when_it_cannot_listen),
  };

  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL); /* what a library says of a wrong call */
  return cmocka_run_group_tests_name ("http_server", tests, NULL, NULL);
}
