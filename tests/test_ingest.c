/* SPDX-License-Identifier: Apache-2.0 */
/* test_ingest: records over HTTP into a real pipeline and store, asked over real sockets, well and badly. */
#include "tests/engine_kit.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/ingest/ingest.h"
#include "collector/pipeline/pipeline.h"
#include "metering/event_line.h"

#define LONG  (60 * HM_NSEC_PER_SEC)
#define TOKEN "0123456789abcdef-token"
#define HEAD                                                                                                 \
  "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nAuthorization: "            \
  "Bearer " TOKEN "\r\n"

typedef struct
{
  EngineKit *kit;
  HmPipeline *pipeline;
  HmOptions *options;
  HmIngest *ingest;
} Site;

static const HmStoreOps *sound;
static GMutex gate; /* held by a test: the next begin waits for it */
static gint begins; /* atomic */
static gint away;   /* atomic: the database is */

static gboolean
slow_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  g_atomic_int_inc (&begins);
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
  if (!g_atomic_int_get (&away))
    return sound->begin (store, moves, n, ret_owned, error);
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database is away");
  return FALSE;
}

static guint port;     /* of the ingest */
static HmIngest *told; /* atomic (nullable): asked when a request is refused … */
static gint waiting;   /* atomic: … how many wait */

/* The port is any that is free, so it is taken from what is said. */
static void
listen_in (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
           gpointer user G_GNUC_UNUSED)
{
  const char *at = strstr (text, ", port ");
  HmIngest *ingest = g_atomic_pointer_get (&told);
  HmIngestCounts counts;

  if (at != NULL)
    port = (guint)g_ascii_strtoull (at + strlen (", port "), NULL, 10);
  if (ingest == NULL || strstr (text, " is refused: ") == NULL)
    return;
  hm_ingest_counts (ingest, &counts);
  g_atomic_int_set (&waiting, (gint)counts.waiting);
}

static void
start_ingest (Site *site, const char *answer_within)
{
  g_autofree char *path = g_build_filename (site->kit->folder, "token", NULL);
  g_autoptr (GHashTable) pairs = g_hash_table_new (g_str_hash, g_str_equal);
  const char *const words[] = { "listen",   "127.0.0.1:0", "token-file",    path,         "records-max", "5",
                                "requests", "2",           "answer-within", answer_within };
  g_autoptr (GError) error = NULL;

  kit_write_file (site->kit->folder, "token", "another-token-of-before\n" TOKEN "\n");
  assert_int_equal (chmod (path, 0600), 0);
  for (guint i = 0; i < G_N_ELEMENTS (words); i += 2)
    g_hash_table_insert (pairs, (gpointer)(guintptr)words[i], (gpointer)(guintptr)words[i + 1]);
  site->options = hm_options_new (hm_ingest_options, pairs, "test", &error);
  assert_non_null (site->options);
  site->ingest = hm_ingest_new (site->options, site->pipeline, &error);
  if (site->ingest == NULL)
    fail_msg ("%s", error->message);
}

static int
set_up (void **state)
{
  const HmPipelineSettings settings = { .batch_records = 64, .batch_bytes = 1 << 20 };
  Site *site = g_new0 (Site, 1);

  hm_log_capture (listen_in, NULL);
  site->kit = engine_kit_new ();
  sound = site->kit->real;
  away = begins = 0;
  site->kit->ops.begin = slow_begin;
  site->pipeline = hm_pipeline_new (g_steal_pointer (&site->kit->engine), site->kit->meters, &settings);
  hm_pipeline_start (site->pipeline);
  *state = site;
  return 0;
}

static void
stop (Site *site)
{
  if (site->pipeline == NULL)
    return;
  assert_true (hm_pipeline_stop (site->pipeline, LONG));
  g_clear_pointer (&site->ingest, hm_ingest_free);
  g_clear_pointer (&site->pipeline, hm_pipeline_free);
}

static int
tear_down (void **state)
{
  Site *site = *state;

  stop (site);
  hm_options_unref (site->options);
  engine_kit_free (site->kit);
  hm_log_capture (NULL, NULL);
  g_free (site);
  return 0;
}

/* -- a client -- */

static GSocketConnection *
send_text (const char *head, const char *body)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree char *text
      = g_strdup_printf ("%sContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", head, strlen (body), body);
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, 60);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16)port, NULL, &error);
  if (connection == NULL)
    fail_msg ("%s", error->message);
  assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
                                          strlen (text), NULL, NULL, NULL));
  return connection;
}

/* Until the server ends it; then @connection is gone. (transfer full) */
static char *
read_answer (GSocketConnection *connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (text, buffer, n);
  g_object_unref (connection);
  return g_string_free (text, FALSE);
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    fail_msg ("no '%s' in '%s'", part, text);
}

static void
assert_answer (const char *head, const char *body, const char *status, const char *part)
{
  g_autofree char *answer = read_answer (send_text (head, body)),
                  *line = g_strdup_printf ("HTTP/1.1 %s ", status);

  assert_has (answer, line);
  assert_has (answer, part);
}

/* The line of the record with that number. (transfer full) */
static char *
line_of (Site *site, guint64 seq)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *id = NULL;
  HmMessage message
      = { .kind = HM_RECORD_SAMPLES, .key = (char *)(guintptr) "r1", .source = (char *)(guintptr) "s" };
  HmRecord record;

  engine_kit_record (&record, "r1", seq, MORNING + (gint64)seq * MINUTE);
  message.id = id = hm_record_id (&record);
  message.time = record.time;
  message.value = hm_encoder_encode (site->kit->encoder, &record, NULL);
  assert_true (hm_event_line (w, &message, HM_TIME_UNKNOWN, line, NULL));
  g_bytes_unref (message.value);
  return g_strdup (line->str);
}

static guint64
stored (Site *site)
{
  HmPipelineCounts counts;

  hm_pipeline_counts (site->pipeline, &counts);
  return counts.engine.records;
}

static void
await_begin (gint n)
{
  while (g_atomic_int_get (&begins) < n)
    g_thread_yield ();
}

/* -- what becomes of records -- */

static void
ingest_says_of_each_record_what_became_of_it (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *two = NULL, *body = NULL, *again = NULL;
  const char *bad = "{\"id\":\"a/e/r/9\",\"subject\":\"r\",\"data\" : {\"schema\":\"x\"} }\n";

  start_ingest (site, "30s");
  one = line_of (site, 1);
  two = line_of (site, 2);
  body = g_strconcat (one, "\n", two, one, bad, NULL);
  again = read_answer (send_text (HEAD, body));
  assert_has (again, "HTTP/1.1 200 ");
  assert_has (again, "/r1/1\",\"result\":\"stored\"},{");
  assert_has (again, "/r1/2\",\"result\":\"stored\"},{");
  assert_has (again, "/r1/1\",\"result\":\"repeated\"},{");
  assert_has (again, "{\"id\":\"a/e/r/9\",\"result\":\"refused\",\"reason\":\"bad-schema\"}]}");
  assert_int_equal (stored (site), 2);
}

static void
ingest_counts_once_when_the_same_comes_again (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *letters = NULL;
  const char *bad = "{\"id\":\"a/e/r/9\",\"subject\":\"r\",\"data\":{\"schema\":\"x\"}}";
  g_autofree char *twice = g_strconcat (bad, "\n", bad, NULL);

  start_ingest (site, "30s");
  one = line_of (site, 1);
  assert_answer (HEAD, one, "200", "\"stored\"");
  assert_answer (HEAD, one, "200", "\"repeated\"");
  assert_answer (HEAD, twice, "200", "\"refused\"");
  assert_answer (HEAD, bad, "200", "\"refused\"");
  assert_int_equal (stored (site), 1);
  stop (site);
  letters = engine_kit_letters (site->kit);
  assert_ptr_equal (strstr (letters, "bad-schema"), g_strrstr (letters, "bad-schema"));
}

static void
ingest_knows_what_came_over_the_bus (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL;
  GPtrArray *chunk = g_ptr_array_new ();
  HmRecord record;
  HmArrival *arrival;

  start_ingest (site, "30s");
  engine_kit_record (&record, "r1", 1, MORNING + MINUTE);
  arrival = engine_kit_arrival (site->kit, &record);
  g_clear_pointer (&arrival->decoded, hm_decoded_free); /* that is the pipeline's to do */
  arrival->foreign = FALSE;
  arrival->generation = hm_pipeline_generation (site->pipeline);
  g_ptr_array_add (chunk, arrival);
  hm_pipeline_push (site->pipeline, chunk);
  one = line_of (site, 1);
  assert_answer (HEAD, one, "200", "\"repeated\"");
  assert_int_equal (stored (site), 1);
}

static void
ingest_goes_on_behind_a_fence (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL;

  start_ingest (site, "30s");
  one = line_of (site, 1);
  hm_pipeline_fence (site->pipeline, TRUE);
  assert_answer (HEAD, one, "200", "\"stored\"");
}

/* -- what is not let in -- */

static void
ingest_names_the_line_that_cannot_be_read (void **state)
{
  static const struct
  {
    const char *line, *said;
  } cases[] = {
    { "{", "line 2: " },
    { "[]", "line 2: no JSON object" },
    { "\"text\"", "line 2: no JSON object" },
    { "{\"id\":\"a\",\"subject\":\"b\"}", "line 2: data: missing" },
    { "{\"id\":\"a\",\"data\":{}}", "line 2: subject: missing" },
    { "{\"subject\":\"a\",\"data\":{}}", "line 2: id: missing" },
    { "{\"id\":1,\"subject\":\"b\",\"data\":{}}", "line 2: id: no text" },
    { "{\"id\":\"a\",\"subject\":{\"id\":\"b\"},\"data\":{}}", "line 2: subject: no text" },
    { "{\"id\":\"a\",\"id\":\"a\",\"subject\":\"b\",\"data\":{}}", "line 2: id: there more than once" },
    { "{\"id\":\"a\",\"subject\":\"b\",\"data\":{},\"more\":1}", "line 2: data: not the last member" },
    { "{\"id\":\"a\",\"subject\":\"b\",\"d\\u0061ta\":{}}", "line 2: data: its name is escaped" },
    { "{\"id\":\"a\",\"subject\":\"b\",\"data\"", "line 2: data: " },
    { "{\"id\":\"a\",\"subject\":\"b\",\"data\":", "line 2: " },
    { "{\"id\":\"\xff\",\"subject\":\"b\",\"data\":{}}", "line 2: not UTF-8" },
  };
  Site *site = *state;
  g_autofree char *one = NULL;

  start_ingest (site, "30s");
  one = line_of (site, 1);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *body = g_strconcat (one, cases[i].line, NULL);

      assert_answer (HEAD, body, "400", cases[i].said);
    }
  assert_answer (HEAD, " \n\n", "400", "no record");
  assert_int_equal (stored (site), 0);
}

/* What is reached stays before the records that it may hold. */
static void
ingest_counts_a_request_as_waiting_while_it_is_read (void **state)
{
  Site *site = *state;
  HmIngestCounts counts;

  start_ingest (site, "30s");
  g_atomic_pointer_set (&told, site->ingest);
  assert_answer (HEAD, "{", "400", "line 1: ");
  g_atomic_pointer_set (&told, NULL);
  assert_int_equal (g_atomic_int_get (&waiting), 1);
  hm_ingest_counts (site->ingest, &counts);
  assert_int_equal (counts.waiting, 0);
}

static void
ingest_refuses_who_may_not_send (void **state)
{
  Site *site = *state;
  HmIngestCounts counts;

  start_ingest (site, "30s");
  assert_answer ("POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n", "", "401",
                 "WWW-Authenticate: Bearer");
  assert_answer ("POST /v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN "x\r\n", "{}", "401",
                 "");
  assert_answer ("POST /v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer another-token-of-before\r\n",
                 "{}", "415", "");
  assert_answer ("GET /v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN "\r\n", "", "405", "");
  hm_ingest_counts (site->ingest, &counts);
  assert_true (counts.refused >= 3);
  assert_int_equal (counts.requests, 0);
}

static void
ingest_refuses_too_many_records (void **state)
{
  Site *site = *state;
  GString *body = g_string_new (NULL);

  start_ingest (site, "30s");
  for (guint64 seq = 1; seq <= 6; seq++)
    {
      g_autofree char *line = line_of (site, seq);

      g_string_append (body, line);
    }
  assert_answer (HEAD, body->str, "413", "more records than 5");
  g_string_free (body, TRUE);
  assert_int_equal (stored (site), 0);
}

/* -- pressure -- */

static void
ingest_puts_off_when_enough_requests_wait (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *two = NULL, *first = NULL, *second = NULL;
  GSocketConnection *waits, *too;
  HmIngestCounts counts = { 0 };

  start_ingest (site, "30s");
  one = line_of (site, 1);
  two = line_of (site, 2);
  g_mutex_lock (&gate);
  waits = send_text (HEAD, one);
  too = send_text (HEAD, two);
  while (counts.waiting < 2)
    hm_ingest_counts (site->ingest, &counts);
  assert_answer (HEAD, two, "429", "Retry-After: 1");
  assert_true (hm_ingest_reached (site->ingest) <= hm_clock_system ()->wall (hm_clock_system ()));
  g_mutex_unlock (&gate);
  first = read_answer (waits);
  second = read_answer (too);
  assert_has (first, "\"stored\"");
  assert_has (second, "\"stored\"");
}

static void
ingest_puts_off_while_the_store_is_away (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *first = NULL;
  GSocketConnection *waits;
  HmPipelineCounts counts = { 0 };

  start_ingest (site, "30s");
  one = line_of (site, 1);
  g_atomic_int_set (&away, TRUE);
  waits = send_text (HEAD, one);
  while (!counts.store_away)
    hm_pipeline_counts (site->pipeline, &counts);
  assert_answer (HEAD, one, "503", "Retry-After: 1");
  g_atomic_int_set (&away, FALSE);
  first = read_answer (waits);
  assert_has (first, "\"stored\"");
}

static void
ingest_answers_when_it_takes_too_long (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *first = NULL;
  HmIngestCounts counts = { 0 };
  GSocketConnection *waits;

  start_ingest (site, "1s");
  one = line_of (site, 1);
  g_mutex_lock (&gate);
  waits = send_text (HEAD, one);
  await_begin (1);
  while (counts.put_off == 0)
    {
      hm_ingest_tick (site->ingest);
      hm_ingest_counts (site->ingest, &counts);
    }
  first = read_answer (waits);
  assert_has (first, "HTTP/1.1 503 ");
  g_mutex_unlock (&gate);
  assert_answer (HEAD, one, "200", "\"repeated\"");
}

static gpointer
stop_pipeline (gpointer pipeline)
{
  hm_pipeline_stop (pipeline, LONG);
  return NULL;
}

/* What is in a transaction is finished; what waits behind it is given up. */
static void
ingest_gives_up_what_waits_when_it_ends (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *two = NULL, *first = NULL, *second = NULL;
  GSocketConnection *waits, *too;
  HmIngestCounts counts = { 0 };
  GThread *thread;

  start_ingest (site, "30s");
  one = line_of (site, 1);
  two = line_of (site, 2);
  g_mutex_lock (&gate);
  waits = send_text (HEAD, one);
  await_begin (1);
  too = send_text (HEAD, two);
  while (counts.waiting < 2)
    hm_ingest_counts (site->ingest, &counts);
  thread = g_thread_new ("stop", stop_pipeline, site->pipeline);
  g_mutex_unlock (&gate);
  g_thread_join (thread);
  first = read_answer (waits);
  second = read_answer (too);
  assert_has (first, "\"stored\"");
  assert_true (strstr (second, "HTTP/1.1 503 ") != NULL || strstr (second, "\"stored\"") != NULL);
  stop (site);
}

static void
ingest_gives_up_all_that_waits_for_a_store_that_is_away (void **state)
{
  Site *site = *state;
  g_autofree char *one = NULL, *first = NULL;
  GSocketConnection *waits;

  start_ingest (site, "30s");
  one = line_of (site, 1);
  g_atomic_int_set (&away, TRUE);
  waits = send_text (HEAD, one);
  await_begin (1);
  assert_true (hm_pipeline_stop (site->pipeline, LONG));
  first = read_answer (waits);
  assert_has (first, "HTTP/1.1 503 ");
  assert_has (first, "Retry-After: 1");
}

/* -- tokens -- */

static void
ingest_keeps_its_tokens_when_the_new_ones_are_bad (void **state)
{
  Site *site = *state;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (site->kit->folder, "token", NULL), *one = NULL;

  start_ingest (site, "30s");
  one = line_of (site, 1);
  kit_write_file (site->kit->folder, "token", "short\n");
  assert_int_equal (chmod (path, 0600), 0);
  assert_false (hm_ingest_reload (site->ingest, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "line 1");
  assert_answer (HEAD, one, "200", "\"stored\"");
  kit_write_file (site->kit->folder, "token", "quite-another-token\n");
  assert_int_equal (chmod (path, 0600), 0);
  assert_true (hm_ingest_reload (site->ingest, &error));
  assert_answer (HEAD, one, "401", "");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (ingest_says_of_each_record_what_became_of_it),
    CASE (ingest_counts_once_when_the_same_comes_again),
    CASE (ingest_knows_what_came_over_the_bus),
    CASE (ingest_goes_on_behind_a_fence),
    CASE (ingest_names_the_line_that_cannot_be_read),
    CASE (ingest_counts_a_request_as_waiting_while_it_is_read),
    CASE (ingest_refuses_who_may_not_send),
    CASE (ingest_refuses_too_many_records),
    CASE (ingest_puts_off_when_enough_requests_wait),
    CASE (ingest_puts_off_while_the_store_is_away),
    CASE (ingest_answers_when_it_takes_too_long),
    CASE (ingest_gives_up_what_waits_when_it_ends),
    CASE (ingest_gives_up_all_that_waits_for_a_store_that_is_away),
    CASE (ingest_keeps_its_tokens_when_the_new_ones_are_bad),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
