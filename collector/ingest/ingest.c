/* SPDX-License-Identifier: Apache-2.0 */
/* ingest: requests, from the first look at their headers to their answer.
 *
 * On the server's thread a request is admitted, taken apart and pushed; hm_ingest_tick() and the arrivals' last words come on other
 * threads. Under the lock: the requests that wait, and what is known of each. */
#include "collector/ingest/ingest_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/http_server.h"
#include "metering/log.h"
#include "metering/secret.h"

#define PATH          "/v1/records"
#define TYPE          "application/x-ndjson"
#define STOP_NS       (500 * HM_NSEC_PER_MSEC)
#define RETRY_AFTER_S 1

struct HmIngestBatch
{
  HmIngest *ingest;
  gatomicrefcount refs;
  GBytes *bytes;
  HmIngestBody body;

  /* under the ingest's lock */
  HmHttpRequest *request; /* NULL: it is answered */
  guint left;             /* records of which nothing is known yet */
  gboolean given_up;      /* one of them was not taken */
  HmTime received;
  gint64 deadline; /* monotonic µs */
};

struct HmIngest
{
  const HmOptions *options;
  HmPipeline *pipeline;
  HmHttpServer *server;
  HmHttpRoute routes[2];

  GMutex lock;        /* of what follows */
  GPtrArray *waiting; /* (element-type HmIngestBatch) of which something is not known yet; borrowed */
  char *tokens;       /* (nullable) none is asked for */
  HmIngestCounts counts;
};

/* -- one request's records -- */

static void
unref_batch (gpointer data)
{
  HmIngestBatch *batch = data;

  if (!g_atomic_ref_count_dec (&batch->refs))
    return;
  hm_ingest_body_clear (&batch->body);
  g_bytes_unref (batch->bytes);
  g_free (batch);
}

static HmIngestBatch *
new_batch (HmIngest *ingest, GBytes *bytes)
{
  HmIngestBatch *batch = g_new0 (HmIngestBatch, 1);
  const HmClock *clock = hm_clock_system ();

  g_atomic_ref_count_init (&batch->refs);
  batch->ingest = ingest;
  batch->bytes = g_bytes_ref (bytes);
  batch->deadline = g_get_monotonic_time () + hm_options_integer (ingest->options, "answer-within") / 1000;
  /* Before its records have their times: none may lie before what is said to be reached. */
  g_mutex_lock (&ingest->lock);
  batch->received = clock->wall (clock);
  g_ptr_array_add (ingest->waiting, batch);
  g_mutex_unlock (&ingest->lock);
  return batch;
}

/* @body (transfer full) (nullable) */
static void
answer (HmHttpRequest *request, guint status, GBytes *body)
{
  gboolean again = status == 429 || status == 503;
  const HmHttpAnswer said = {
    .status = status, .type = "application/json", .body = body, .retry_after_s = again ? RETRY_AFTER_S : 0
  };

  hm_http_answer (request, &said);
  g_clear_pointer (&body, g_bytes_unref);
}

static void
refuse (HmHttpRequest *request, guint status, const char *detail)
{
  answer (request, status, hm_ingest_body_refusal (detail));
}

/* Under the lock; all is known. */
static HmHttpRequest *
conclude (HmIngest *ingest, HmIngestBatch *batch)
{
  g_ptr_array_remove_fast (ingest->waiting, batch);
  if (batch->request == NULL)
    return NULL;
  if (batch->given_up)
    ingest->counts.put_off++;
  else
    ingest->counts.records += batch->body.records->len;
  return g_steal_pointer (&batch->request);
}

/* The arrival holds the batch as long as this runs. */
static void
on_told (const HmArrival *arrival, HmArrivalFate fate, gpointer user)
{
  HmIngestRecord *record = user;
  HmIngestBatch *batch = record->batch;
  HmHttpRequest *request = NULL;

  g_mutex_lock (&batch->ingest->lock);
  record->repeated = arrival->repeated;
  record->letter = arrival->letter;
  batch->given_up |= fate != HM_ARRIVAL_STORED;
  if (--batch->left == 0)
    request = conclude (batch->ingest, batch);
  g_mutex_unlock (&batch->ingest->lock);
  if (request == NULL)
    return;
  if (batch->given_up)
    refuse (request, 503, "not stored; send it again");
  else
    answer (request, 200, hm_ingest_body_answer (&batch->body));
}

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

static void
push (HmIngest *ingest, HmIngestBatch *batch, HmHttpRequest *request)
{
  const GPtrArray *records = batch->body.records;
  GPtrArray *chunk = g_ptr_array_new_full (records->len, free_arrival);

  for (guint i = 0; i < records->len; i++)
    {
      HmIngestRecord *record = g_ptr_array_index (records, i);
      HmArrival *arrival = g_steal_pointer (&record->arrival);

      record->batch = batch;
      arrival->told = on_told;
      arrival->told_user = record;
      arrival->release = unref_batch;
      arrival->owner = batch;
      g_atomic_ref_count_inc (&batch->refs);
      g_ptr_array_add (chunk, arrival);
    }
  g_mutex_lock (&ingest->lock);
  batch->left = records->len;
  batch->request = request;
  ingest->counts.requests++;
  g_mutex_unlock (&ingest->lock);
  hm_pipeline_push (ingest->pipeline, chunk);
}

/* -- the server's thread -- */

static void
count_refused (HmIngest *ingest, guint status)
{
  g_mutex_lock (&ingest->lock);
  if (status == 429 || status == 503)
    ingest->counts.put_off++;
  else
    ingest->counts.refused++;
  g_mutex_unlock (&ingest->lock);
}

/* None of its records is pushed. */
static void
drop (HmIngest *ingest, HmIngestBatch *batch)
{
  g_mutex_lock (&ingest->lock);
  g_ptr_array_remove_fast (ingest->waiting, batch);
  g_mutex_unlock (&ingest->lock);
}

static gboolean
may_send (HmIngest *ingest, const HmHttpRequest *request)
{
  gboolean may;

  g_mutex_lock (&ingest->lock);
  may = ingest->tokens == NULL
        || hm_ingest_token_fits (ingest->tokens, hm_http_request_header (request, "Authorization"));
  g_mutex_unlock (&ingest->lock);
  return may;
}

static gboolean
is_ours (const HmHttpRequest *request)
{
  const char *type = hm_http_request_header (request, "Content-Type");
  const char *encoding = hm_http_request_header (request, "Content-Encoding");

  return type != NULL && g_ascii_strncasecmp (type, TYPE, strlen (TYPE)) == 0
         && strchr ("; ", type[strlen (TYPE)]) != NULL
         && (encoding == NULL || g_ascii_strcasecmp (encoding, "identity") == 0);
}

/* 0: it can be taken now. */
static guint
pressure (HmIngest *ingest)
{
  gint64 most = hm_options_integer (ingest->options, "requests");
  HmPipelineCounts counts;
  guint waiting;

  hm_pipeline_counts (ingest->pipeline, &counts);
  g_mutex_lock (&ingest->lock);
  waiting = ingest->waiting->len;
  g_mutex_unlock (&ingest->lock);
  if (counts.store_away)
    return 503;
  return waiting < most && hm_pipeline_wait_room (ingest->pipeline, 0) ? 0 : 429;
}

static gboolean
admit (HmHttpRequest *request, gpointer user, HmHttpAnswer *ret_refusal)
{
  HmIngest *ingest = user;
  guint busy = 0;

  if (!may_send (ingest, request))
    *ret_refusal = (HmHttpAnswer){ .status = 401, .challenge = "Bearer" };
  else if (!is_ours (request))
    ret_refusal->status = 415;
  else if ((busy = pressure (ingest)) != 0)
    *ret_refusal = (HmHttpAnswer){ .status = busy, .retry_after_s = RETRY_AFTER_S };
  else
    return TRUE;
  count_refused (ingest, ret_refusal->status);
  return FALSE;
}

static void
handle (HmHttpRequest *request, gpointer user)
{
  HmIngest *ingest = user;
  HmIngestBatch *batch;
  guint busy = pressure (ingest);

  if (busy != 0)
    {
      count_refused (ingest, busy);
      refuse (request, busy, "not now; send it again");
      return;
    }
  batch = new_batch (ingest, hm_http_request_body (request));
  if (hm_ingest_body_read (&batch->body, batch->bytes,
                           (guint)hm_options_integer (ingest->options, "records-max")))
    push (ingest, batch, request);
  else
    {
      count_refused (ingest, batch->body.status);
      hm_warning ("ingest: a request of %s is refused: %s", hm_http_request_client (request),
                  batch->body.detail);
      drop (ingest, batch);
      refuse (request, batch->body.status, batch->body.detail);
    }
  unref_batch (batch);
}

/* -- any thread -- */

void
hm_ingest_tick (HmIngest *ingest)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new ();
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&ingest->lock);
  for (guint i = 0; i < ingest->waiting->len; i++)
    {
      HmIngestBatch *batch = g_ptr_array_index (ingest->waiting, i);

      if (batch->request != NULL && now > batch->deadline)
        g_ptr_array_add (late, g_steal_pointer (&batch->request));
    }
  ingest->counts.put_off += late->len;
  g_mutex_unlock (&ingest->lock);
  for (guint i = 0; i < late->len; i++)
    refuse (g_ptr_array_index (late, i), 503, "not stored in time; send it again");
}

HmTime
hm_ingest_reached (HmIngest *ingest)
{
  const HmClock *clock = hm_clock_system ();
  HmTime reached;

  g_mutex_lock (&ingest->lock);
  reached = clock->wall (clock);
  for (guint i = 0; i < ingest->waiting->len; i++)
    reached = MIN (reached, ((const HmIngestBatch *)g_ptr_array_index (ingest->waiting, i))->received);
  g_mutex_unlock (&ingest->lock);
  return reached;
}

void
hm_ingest_counts (HmIngest *ingest, HmIngestCounts *ret_counts)
{
  g_mutex_lock (&ingest->lock);
  *ret_counts = ingest->counts;
  ret_counts->waiting = ingest->waiting->len;
  g_mutex_unlock (&ingest->lock);
  ret_counts->http = hm_http_server_refused (ingest->server);
}

gboolean
hm_ingest_reload (HmIngest *ingest, GError **error)
{
  const char *path = hm_options_text (ingest->options, "token-file");
  char *fresh = path != NULL ? hm_ingest_token_read (path, error) : NULL;

  if (path == NULL || fresh == NULL)
    return path == NULL;
  g_mutex_lock (&ingest->lock);
  hm_secret_free (ingest->tokens);
  ingest->tokens = fresh;
  g_mutex_unlock (&ingest->lock);
  return TRUE;
}

/* -- life -- */

static gboolean
start (HmIngest *ingest, GError **error)
{
  const HmOptions *options = ingest->options;
  HmHttpSettings settings = { .listen = hm_options_text (options, "listen"),
                              .certificate = hm_options_text (options, "tls-certificate"),
                              .key = hm_options_text (options, "tls-key"),
                              .client_ca = hm_options_text (options, "tls-client-ca"),
                              .routes = ingest->routes,
                              .user = ingest };

  ingest->routes[0] = (HmHttpRoute){ .method = "POST",
                                     .path = PATH,
                                     .body_max = (gsize)hm_options_integer (options, "body-max"),
                                     .admit = admit,
                                     .handle = handle };
  settings.connections_max = (guint)hm_options_integer (options, "requests") * 2 + 16;
  settings.client_required = settings.client_ca != NULL;
  if (settings.certificate == NULL)
    hm_warning ("ingest: %s is not encrypted: records and tokens can be read on their way", settings.listen);
  ingest->server = hm_http_server_new (&settings, error);
  return ingest->server != NULL;
}

HmIngest *
hm_ingest_new (const HmOptions *options, HmPipeline *pipeline, GError **error)
{
  HmIngest *ingest = g_new0 (HmIngest, 1);

  g_mutex_init (&ingest->lock);
  ingest->waiting = g_ptr_array_new ();
  ingest->options = options;
  ingest->pipeline = pipeline;
  if (hm_ingest_reload (ingest, error) && start (ingest, error))
    {
      hm_notice ("ingest: records are taken at %s, port %u", hm_options_text (options, "listen"),
                 hm_http_server_port (ingest->server));
      return ingest;
    }
  g_prefix_error (error, "[ingest]: ");
  hm_ingest_free (ingest);
  return NULL;
}

void
hm_ingest_free (HmIngest *ingest)
{
  if (ingest == NULL)
    return;
  hm_http_server_stop (ingest->server, STOP_NS);
  hm_secret_free (ingest->tokens);
  g_ptr_array_unref (ingest->waiting);
  g_mutex_clear (&ingest->lock);
  g_free (ingest);
}
