/* SPDX-License-Identifier: Apache-2.0 */
/* ingest_options: section [ingest]. */
#include "collector/ingest/ingest.h"

#include "metering/error.h"
#include "metering/http_server.h"

#define MIB (G_GINT64_CONSTANT (1) << 20)

const HmOption hm_ingest_options[] = {
  { .key = "listen",
    .type = HM_OPTION_TEXT,
    .fallback = "",
    .help = "Where records are taken over HTTP (POST /v1/records): ADDRESS:PORT in numbers; empty: nowhere" },
  { .key = "tls-certificate", .type = HM_OPTION_TEXT, .help = "PEM file: TLS there, and nothing else" },
  { .key = "tls-key", .type = HM_OPTION_TEXT, .help = "PEM file; without it, in the certificate's" },
  { .key = "tls-client-ca",
    .type = HM_OPTION_TEXT,
    .help = "PEM file: clients need a certificate that it has signed" },
  { .key = "token-file",
    .type = HM_OPTION_TEXT,
    .help
    = "File of tokens, one a line, that others cannot read: clients need one. Read anew by SIGHUP. This, "
      "tls-client-ca or "
      "both must be there" },
  { .key = "body-max",
    .type = HM_OPTION_SIZE,
    .fallback = "4MiB",
    .min = 2 * MIB,
    .max = 64 * MIB,
    .help = "Bytes of one request at most" },
  { .key = "records-max",
    .type = HM_OPTION_INTEGER,
    .fallback = "1000",
    .min = 1,
    .max = 100000,
    .help = "Records of one request at most" },
  { .key = "requests",
    .type = HM_OPTION_INTEGER,
    .fallback = "16",
    .min = 1,
    .max = 1000,
    .help = "Requests that wait for their commit at once; more are put off (429)" },
  { .key = "answer-within",
    .type = HM_OPTION_DURATION,
    .fallback = "30s",
    .min = HM_NSEC_PER_SEC,
    .max = 600 * HM_NSEC_PER_SEC,
    .help = "A request whose records are not committed by then is answered 503" },
  { .key = NULL },
};

gboolean
hm_ingest_is_on (const HmOptions *options)
{
  const char *listen = hm_options_text (options, "listen");

  return listen != NULL && *listen != '\0';
}

gboolean
hm_ingest_options_check (const HmOptions *options, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!hm_ingest_is_on (options))
    return TRUE;
  if (!hm_http_listen_check (hm_options_text (options, "listen"), &local))
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "[ingest]: listen: %s", local->message);
  else if (hm_options_text (options, "token-file") == NULL
           && hm_options_text (options, "tls-client-ca") == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG,
                         "[ingest]: token-file: anybody could send; this or tls-client-ca is needed");
  else
    return TRUE;
  return FALSE;
}
