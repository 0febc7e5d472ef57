/* SPDX-License-Identifier: Apache-2.0 */
/* test_http: the publisher `http` through the real module, over loopback, against servers that do as they should and others. */
#include "tests/publisher_kit.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "metering/http_server.h"

/* LeakSanitizer dies of what GIO's TLS module, which is loaded and let go of, keeps per thread. Valgrind looks for leaks here. */
const char *__asan_default_options (void);

G_MODULE_EXPORT const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}

#define VALUE   "{\"schema\":\"hypermeter.samples/1\",\"n\":18446744073709551615}"
#define LONG_NS (30 * HM_NSEC_PER_SEC)
#define BODY    (4 * 1024 * 1024)

/* -- a collector, as far as a client sees one -- */

typedef enum
{
  SITE_STORES,
  SITE_NAMES_THE_FIRST, /* of each request */
  SITE_PUTS_OFF_ONCE,
  SITE_TAKES_TWO, /* more are too large */
  SITE_SAYS_NONSENSE,
  SITE_HOLDS, /* never answers */
} SiteManner;

typedef struct
{
  GMutex lock;
  SiteManner manner;
  GPtrArray *bodies; /* (element-type char*) as they came */
  char *token;       /* (nullable) of the last request */
  GAsyncQueue *held; /* (element-type HmHttpRequest) */
} Site;

typedef struct
{
  char *folder;
  Site site;
  HmHttpServer *server;
  KitPublisher *publisher;
} Fixture;

static void
answer_json (HmHttpRequest *request, guint status, const char *text, guint retry_after_s)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  const HmHttpAnswer answer
      = { .status = status, .type = "application/json", .body = body, .retry_after_s = retry_after_s };

  hm_http_answer (request, &answer);
}

/* All lines, or the first. */
static void
answer_stored (HmHttpRequest *request, char **lines, guint n)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text;

  hm_json_begin_object (w);
  hm_json_key (w, "records");
  hm_json_begin_array (w);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (HmJson) line = hm_json_parse (lines[i], strlen (lines[i]), NULL);

      hm_json_begin_object (w);
      hm_json_set_text (w, "id", hm_json_get_text (line, "id"));
      hm_json_set_text (w, "result", i % 3 == 0 ? "stored" : i % 3 == 1 ? "repeated" : "refused");
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, &(gsize){ 0 }, NULL);
  answer_json (request, 200, text, 0);
}

static SiteManner
note_request (Site *site, HmHttpRequest *request, const char *text)
{
  SiteManner manner;

  g_mutex_lock (&site->lock);
  g_ptr_array_add (site->bodies, g_strdup (text));
  g_free (site->token);
  site->token = g_strdup (hm_http_request_header (request, "Authorization"));
  manner = site->manner;
  if (manner == SITE_PUTS_OFF_ONCE)
    site->manner = SITE_STORES;
  g_mutex_unlock (&site->lock);
  return manner;
}

static void
take (HmHttpRequest *request, gpointer user)
{
  gsize length;
  const char *bytes = g_bytes_get_data (hm_http_request_body (request), &length);
  g_autofree char *text = g_strndup (bytes, length);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines) - 1;
  Site *site = user;

  switch (note_request (site, request, text))
    {
    case SITE_STORES:
      answer_stored (request, lines, n);
      break;
    case SITE_NAMES_THE_FIRST:
      answer_stored (request, lines, 1);
      break;
    case SITE_PUTS_OFF_ONCE:
      answer_json (request, 429, "{\"error\":\"not\\nnow\"}", 1);
      break;
    case SITE_TAKES_TWO:
      if (n > 2)
        hm_http_answer_text (request, 413, "");
      else
        answer_stored (request, lines, n);
      break;
    case SITE_SAYS_NONSENSE:
      answer_json (request, 200, "{\"records\":[1,{\"id\":\"id-1\"},{\"id\":\"id-1\",\"result\":\"lost\"}]}",
                   0);
      break;
    case SITE_HOLDS:
      g_async_queue_push (site->held, request);
      break;
    }
}

static const HmHttpRoute routes[]
    = { { .method = "POST", .path = "/v1/records", .body_max = BODY, .handle = take }, { 0 } };

/* -- fixture -- */

static void
be_quiet (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED,
          const char *text G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED)
{
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  hm_log_capture (be_quiet, NULL);
  f->folder = kit_temp_folder ();
  g_mutex_init (&f->site.lock);
  f->site.bodies = g_ptr_array_new_with_free_func (g_free);
  f->site.held = g_async_queue_new ();
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;
  HmHttpRequest *held;

  if (f->publisher != NULL)
    kit_publisher_free (f->publisher);
  while ((held = g_async_queue_try_pop (f->site.held)) != NULL)
    hm_http_answer_text (held, 503, "");
  hm_http_server_stop (f->server, LONG_NS);
  g_async_queue_unref (f->site.held);
  g_ptr_array_unref (f->site.bodies);
  g_free (f->site.token);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  hm_log_capture (NULL, NULL);
  g_free (f);
  return 0;
}

static void
serve (Fixture *f, SiteManner manner, HmHttpSettings settings)
{
  g_autoptr (GError) error = NULL;

  f->site.manner = manner;
  settings.listen = "127.0.0.1:0";
  settings.routes = routes;
  settings.user = &f->site;
  f->server = hm_http_server_new (&settings, &error);
  if (f->server == NULL)
    fail_msg ("%s", error->message);
}

static char *
url_of (const Fixture *f, const char *scheme)
{
  return g_strdup_printf ("%s://127.0.0.1:%u", scheme, hm_http_server_port (f->server));
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  if (f->publisher->self == NULL || !f->publisher->plugin->publisher->start (f->publisher->self, &error))
    fail_msg ("%s", error != NULL ? error->message : "not created");
}

/* Makes and starts the publisher with more options. */
#define PUBLISH_TO(f, url, ...)                                                                              \
  do                                                                                                         \
    {                                                                                                        \
      g_autofree char *url_ = (url);                                                                         \
      (f)->publisher = kit_publisher_new ("http", NULL, "url", url_, __VA_ARGS__, NULL);                     \
      start (f);                                                                                             \
    }                                                                                                        \
  while (0)

static void
publish (Fixture *f, guint64 first, guint n)
{
  for (guint64 i = first; i < first + n; i++)
    {
      g_autoptr (HmMessage) message = kit_message (i, "i-1", VALUE);

      kit_publisher_publish (f->publisher, message);
    }
}

static void
assert_all (Fixture *f, guint n, HmDelivery delivery)
{
  kit_publisher_wait (f->publisher, n);
  assert_int_equal (kit_publisher_count (f->publisher, delivery), n);
}

/* -- as it should be -- */

static void
http_confirms_in_order_what_the_answer_names (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_STORES, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "batch-records", "4");
  publish (f, 1, 10);
  assert_all (f, 10, HM_DELIVERY_DONE);
  for (guint i = 0; i < 10; i++)
    assert_int_equal (kit_publisher_word (f->publisher, i)->message->position, i + 1);
  assert_true (f->site.bodies->len >= 3);
  assert_non_null (
      strstr (g_ptr_array_index (f->site.bodies, 0), ",\"hmsignature\":\"v1;k;00\",\"data\":" VALUE "}\n"));
}

static void
http_sends_what_waits_when_flushed (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_STORES, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "60s");
  publish (f, 1, 3);
  f->publisher->plugin->publisher->flush (f->publisher->self, LONG_NS);
  assert_all (f, 3, HM_DELIVERY_DONE);
  assert_int_equal (f->site.bodies->len, 1);
}

static void
write_token (const Fixture *f, const char *path, const char *text, mode_t mode)
{
  kit_write_file (f->folder, "token", text);
  assert_int_equal (chmod (path, mode), 0);
}

static void
http_sends_the_token_of_its_file_and_a_new_one_when_reopened (void **state)
{
  Fixture *f = *state;
  g_autofree char *path = g_build_filename (f->folder, "token", NULL);

  write_token (f, path, "first-token\n", 0600);
  serve (f, SITE_STORES, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "token-file", path, "linger", "0s");
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_DONE);
  assert_string_equal (f->site.token, "Bearer first-token");
  write_token (f, path, "others-can-read-it\n", 0644);
  f->publisher->plugin->publisher->reopen (f->publisher->self);
  publish (f, 2, 1);
  assert_all (f, 2, HM_DELIVERY_DONE);
  assert_string_equal (f->site.token, "Bearer first-token");
  write_token (f, path, "second-token\n", 0600);
  f->publisher->plugin->publisher->reopen (f->publisher->self);
  publish (f, 3, 1);
  assert_all (f, 3, HM_DELIVERY_DONE);
  assert_string_equal (f->site.token, "Bearer second-token");
}

/* -- as it should not be -- */

static void
http_gives_back_what_the_answer_does_not_name (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_NAMES_THE_FIRST, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "60s", "batch-records", "3");
  publish (f, 1, 3);
  kit_publisher_wait (f->publisher, 3);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 1);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_RETRY), 2);
  assert_int_equal (kit_publisher_word (f->publisher, 0)->message->position, 1);
}

static void
http_gives_back_what_an_answer_of_nonsense_names (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_SAYS_NONSENSE, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "0s");
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
}

static void
http_waits_as_long_as_it_is_told_to (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) message = kit_message (1, "i-1", VALUE);
  gint64 told;

  serve (f, SITE_PUTS_OFF_ONCE, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "0s");
  told = g_get_monotonic_time ();
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
  assert_string_equal (kit_publisher_word (f->publisher, 0)->reason,
                       "the collector answers with status 429: not?now");
  publish (f, 1, 1); /* tried until it is taken */
  assert_true (g_get_monotonic_time () - told >= G_USEC_PER_SEC);
  kit_publisher_wait (f->publisher, 2);
  assert_int_equal (kit_publisher_count (f->publisher, HM_DELIVERY_DONE), 1);
}

static void
http_sends_fewer_when_a_request_is_too_large (void **state)
{
  Fixture *f = *state;
  guint done = 0;

  serve (f, SITE_TAKES_TWO, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "60s", "batch-records", "8");
  /* As many as one request takes, and no more: the rest could be the next one. */
  for (guint most = 8, words = 0; most >= 2; most /= 2)
    {
      publish (f, 1, most);
      kit_publisher_wait (f->publisher, words += most);
      done = kit_publisher_count (f->publisher, HM_DELIVERY_DONE);
      assert_int_equal (done > 0, most == 2);
    }
}

static void
http_gives_back_when_the_answer_does_not_come_in_time (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_HOLDS, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "0s", "timeout", "1s");
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
  assert_string_equal (kit_publisher_word (f->publisher, 0)->reason, "no answer in time");
}

static void
http_gives_back_what_is_at_hand_when_it_is_freed (void **state)
{
  Fixture *f = *state;

  serve (f, SITE_HOLDS, (HmHttpSettings){ 0 });
  PUBLISH_TO (f, url_of (f, "http"), "linger", "0s");
  publish (f, 1, 1);
  g_async_queue_push (f->site.held, g_async_queue_pop (f->site.held));
  publish (f, 2, 2);
  kit_publisher_stop (f->publisher);
  assert_all (f, 3, HM_DELIVERY_RETRY);
}

/* -- servers that lie -- */

typedef struct
{
  GSocketListener *listener;
  GCancellable *end;
  const char *first;   /* what is said to each client … */
  const char *endless; /* (nullable) … and then without end */
  guint16 port;
} Liar;

static void
lie (const Liar *liar, GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  char buffer[4096];

  g_input_stream_read (in, buffer, sizeof buffer, liar->end, NULL);
  g_output_stream_write_all (out, liar->first, strlen (liar->first), NULL, liar->end, NULL);
  while (liar->endless != NULL
         && g_output_stream_write_all (out, liar->endless, strlen (liar->endless), NULL, liar->end, NULL))
    ;
}

static gpointer
run_liar (gpointer data)
{
  const Liar *liar = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (liar->listener, NULL, liar->end, NULL)) != NULL)
    {
      lie (liar, connection);
      g_object_unref (connection);
    }
  return NULL;
}

/* One record to a server that says this: it comes back. */
static void
assert_comes_back (Fixture *f, const char *first, const char *endless)
{
  Liar liar = { g_socket_listener_new (), g_cancellable_new (), first, endless, 0 };
  GThread *thread;

  liar.port = g_socket_listener_add_any_inet_port (liar.listener, NULL, NULL);
  thread = g_thread_new ("liar", run_liar, &liar);
  PUBLISH_TO (f, g_strdup_printf ("http://127.0.0.1:%u", liar.port), "linger", "0s");
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
  kit_publisher_free (g_steal_pointer (&f->publisher));
  g_cancellable_cancel (liar.end);
  g_thread_join (thread);
  g_object_unref (liar.listener);
  g_object_unref (liar.end);
}

static void
http_gives_back_when_the_server_closes (void **state)
{
  assert_comes_back (*state, "", NULL);
  assert_comes_back (*state, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"rec", NULL);
}

static void
http_gives_back_when_the_server_speaks_something_else (void **state)
{
  assert_comes_back (*state, "SSH-2.0-OpenSSH_9.2\r\n", NULL);
  assert_comes_back (
      *state, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", NULL);
}

static void
http_gives_back_when_the_answer_has_no_end (void **state)
{
  assert_comes_back (*state, "HTTP/1.1 200 OK\r\n\r\n", "{\"records\":[");
}

static void
http_gives_back_when_nobody_listens (void **state)
{
  Fixture *f = *state;

  PUBLISH_TO (f, g_strdup ("http://127.0.0.1:1"), "linger", "0s");
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
}

/* -- TLS -- */

/* (transfer full) */
static char *
fixture (const char *name)
{
  return g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "fixtures", "tls", name, NULL);
}

static void
http_sends_to_a_server_that_its_ca_has_signed (void **state)
{
  Fixture *f = *state;
  g_autofree char *ca = fixture ("ca.pem"), *server = fixture ("server.pem"),
                  *client = fixture ("client.pem");

  serve (f, SITE_STORES, (HmHttpSettings){ .certificate = server, .client_ca = ca, .client_required = TRUE });
  PUBLISH_TO (f, url_of (f, "https"), "linger", "0s", "tls-ca", ca, "tls-certificate", client);
  publish (f, 1, 2);
  assert_all (f, 2, HM_DELIVERY_DONE);
}

static void
http_sends_nothing_to_a_server_that_its_ca_has_not_signed (void **state)
{
  Fixture *f = *state;
  g_autofree char *ca = fixture ("other.pem"), *server = fixture ("server.pem");

  serve (f, SITE_STORES, (HmHttpSettings){ .certificate = server });
  PUBLISH_TO (f, url_of (f, "https"), "linger", "0s", "tls-ca", ca);
  publish (f, 1, 1);
  assert_all (f, 1, HM_DELIVERY_RETRY);
  assert_int_equal (f->site.bodies->len, 0);
}

/* -- options -- */

static void
assert_refused (const char *part, const char *url, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;
  KitPublisher *publisher = kit_publisher_new ("http", &error, "url", url, key, value, NULL);

  assert_null (publisher->self);
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
  kit_publisher_free (publisher);
}

static void
http_refuses_options_that_cannot_be (void **state G_GNUC_UNUSED)
{
  assert_refused ("url", "ftp://127.0.0.1", "linger", "0s");
  assert_refused ("url", "127.0.0.1:9465", "linger", "0s");
  assert_refused ("url", "https://user:word@127.0.0.1", "linger", "0s");
  assert_refused ("url", "http://127.0.0.1", "tls-ca", "/ca.pem");
  assert_refused ("tls-key", "https://127.0.0.1", "tls-key", "/key.pem");
}

static void
http_does_not_start_without_its_files (void **state)
{
  Fixture *f = *state;
  const char *const keys[] = { "token-file", "tls-ca", "tls-certificate" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;

      f->publisher
          = kit_publisher_new ("http", NULL, "url", "https://127.0.0.1:1", keys[i], "/nowhere/file", NULL);
      assert_false (f->publisher->plugin->publisher->start (f->publisher->self, &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, "/nowhere/file");
      kit_publisher_free (g_steal_pointer (&f->publisher));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (http_confirms_in_order_what_the_answer_names),
    CASE (http_sends_what_waits_when_flushed),
    CASE (http_sends_the_token_of_its_file_and_a_new_one_when_reopened),
    CASE (http_gives_back_what_the_answer_does_not_name),
    CASE (http_gives_back_what_an_answer_of_nonsense_names),
    CASE (http_waits_as_long_as_it_is_told_to),
    CASE (http_sends_fewer_when_a_request_is_too_large),
    CASE (http_gives_back_when_the_answer_does_not_come_in_time),
    CASE (http_gives_back_what_is_at_hand_when_it_is_freed),
    CASE (http_gives_back_when_the_server_closes),
    CASE (http_gives_back_when_the_server_speaks_something_else),
    CASE (http_gives_back_when_the_answer_has_no_end),
    CASE (http_gives_back_when_nobody_listens),
    CASE (http_sends_to_a_server_that_its_ca_has_signed),
    CASE (http_sends_nothing_to_a_server_that_its_ca_has_not_signed),
    CASE (http_refuses_options_that_cannot_be),
    CASE (http_does_not_start_without_its_files),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
