/* SPDX-License-Identifier: Apache-2.0 */
/* ingest: records over HTTP, for a site without Kafka: POST /v1/records, answered once what came is committed.
 *
 * The server's thread takes the request apart and pushes arrivals into the pipeline, behind whatever came over the bus; the storing thread
 * says what became of each, and with the last of them the request is answered. Nothing is kept here: what is not stored is answered
 * 503, and the client sends it again. */
#pragma once

#include "collector/pipeline/pipeline.h"
#include "metering/option.h"

G_BEGIN_DECLS

#define HM_INGEST_TOPIC "http" /* of records that came this way, in the store */

/* The table of section [ingest]. */
extern const HmOption hm_ingest_options[];

/* Whether it is on: has an address. */
gboolean hm_ingest_is_on (const HmOptions *options);

/* Whether the options go together. HM_ERROR_CONFIG. Opens nothing. */
gboolean hm_ingest_options_check (const HmOptions *options, GError **error);

typedef struct HmIngest HmIngest;

typedef struct
{
  guint64 requests; /* that were let in */
  guint64 records;  /* of those answered 200 */
  guint64 refused;  /* requests: 400, 401, 413, 415 */
  guint64 put_off;  /* requests: 429 and 503 */
  guint64 http;     /* hm_http_server_refused() of its server: some of those, too */
  guint waiting;    /* requests, now */
} HmIngestCounts;

/* Whether the tokens can be read, where there is a file of them. HM_ERROR_CONFIG. */
gboolean hm_ingest_tokens_check (const HmOptions *options, GError **error);

/* @pipeline outlives it; so do @options. Listens when it returns. HM_ERROR_CONFIG, and as hm_http_server_new(). */
HmIngest *hm_ingest_new (const HmOptions *options, HmPipeline *pipeline, GError **error);

/* The pipeline must be stopped: so each request that waits has its answer, which is given a moment to go out. NULL is fine. */
void hm_ingest_free (HmIngest *ingest);

/* Reads the tokens anew. FALSE: they stay as they were. Any thread. */
gboolean hm_ingest_reload (HmIngest *ingest, GError **error);

/* Now and then, on any thread: answers 503 to requests that have waited too long. What they brought may be stored all the same. */
void hm_ingest_tick (HmIngest *ingest);

/* Up to when everything that came is stored. Any thread. */
HmTime hm_ingest_reached (HmIngest *ingest);

/* Any thread. */
void hm_ingest_counts (HmIngest *ingest, HmIngestCounts *ret_counts);

G_END_DECLS
