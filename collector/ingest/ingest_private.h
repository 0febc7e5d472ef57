/* SPDX-License-Identifier: Apache-2.0 */
/* ingest_private: what the files of the ingest share. */
#pragma once

#include "collector/ingest/ingest.h"

/* One request's records on their way through the pipeline. Its arrivals and whoever works on it hold it. */
typedef struct HmIngestBatch HmIngestBatch;

/* One line of it. */
typedef struct
{
  HmIngestBatch *batch;
  HmArrival *arrival; /* until it is pushed */
  char *id, *key;     /* as they came */
  gboolean repeated;
  HmRefusal letter;
} HmIngestRecord;

/* A request's lines, in their order. */
typedef struct
{
  GPtrArray *records; /* (element-type HmIngestRecord) */
  guint status;       /* where it cannot be taken: 400 or 413, and */
  char *detail;       /* why */
} HmIngestBody;

/* Takes @body apart, all of it or nothing: FALSE sets status and detail. The arrivals' values are pieces of @body. */
gboolean hm_ingest_body_read (HmIngestBody *ret_body, GBytes *body, guint records_max);
void hm_ingest_body_clear (HmIngestBody *body);

/* The answer to one whose records are all committed. (transfer full) */
GBytes *hm_ingest_body_answer (const HmIngestBody *body);
/* The answer that says why not. (transfer full) */
GBytes *hm_ingest_body_refusal (const char *detail);

/* -- ingest_token.c -- */

/* Whether @header (nullable) ("Bearer …") holds one of @tokens, one a line. How long that takes tells nothing of them. */
gboolean hm_ingest_token_fits (const char *tokens, const char *header);
/* The file's tokens. HM_ERROR_CONFIG. (transfer full), for hm_secret_free() */
char *hm_ingest_token_read (const char *path, GError **error);
