/* SPDX-License-Identifier: Apache-2.0 */
/* http_options: what [publisher:http] may say. Part of the plugin `http`; pure, called when the configuration is read. */
#include "publishers/http_private.h"

#include <string.h>

#define KIB          G_GINT64_CONSTANT (1024)
#define DEFAULT_PATH "/v1/records"

const HmOption hm_http_options[] = {
  { .key = "url",
    .type = HM_OPTION_TEXT,
    .required = TRUE,
    .help = "The collector's address for records, https://HOST:PORT or http://HOST:PORT; the path is "
            "/v1/records unless "
            "it has one" },
  { .key = "token-file",
    .type = HM_OPTION_TEXT,
    .help = "File of the token that the collector asks for, which others cannot read" },
  { .key = "tls-ca",
    .type = HM_OPTION_TEXT,
    .help = "PEM file: the collector's certificate is checked against this alone; its own certificate in it "
            "pins it. "
            "Default: what "
            "the system trusts" },
  { .key = "tls-certificate",
    .type = HM_OPTION_TEXT,
    .help = "PEM file: this client's certificate, where the collector asks for one" },
  { .key = "tls-key", .type = HM_OPTION_TEXT, .help = "PEM file; without it, in the certificate's" },
  { .key = "batch-records",
    .type = HM_OPTION_INTEGER,
    .fallback = "500",
    .min = 1,
    .max = 100000,
    .help = "Records of one request at most; the collector takes records-max, 1000 by default" },
  { .key = "batch-size",
    .type = HM_OPTION_SIZE,
    .fallback = "1MiB",
    .min = 64 * KIB,
    .max = 32 * KIB * KIB,
    .help
    = "Bytes of records in one request at most, unless one has more; the collector takes body-max, 4MiB by "
      "default" },
  { .key = "linger",
    .type = HM_OPTION_DURATION,
    .fallback = "200ms",
    .max = 60 * HM_NSEC_PER_SEC,
    .help = "How long a record waits for others to go with it" },
  { .key = "timeout",
    .type = HM_OPTION_DURATION,
    .fallback = "60s",
    .min = HM_NSEC_PER_SEC,
    .max = 600 * HM_NSEC_PER_SEC,
    .help
    = "A request that is not answered by then is sent again. The collector answers when it has stored" },
  { .key = NULL },
};

GUri *
hm_http_options_uri (const HmOptions *values, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (hm_options_text (values, "url"), G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *path = uri != NULL ? g_uri_get_path (uri) : "";

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL
      || (strcmp (scheme, "http") != 0 && strcmp (scheme, "https") != 0))
    {
      /* Not repeated: there may be a password in it. */
      g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG,
                           "url: not https://HOST:PORT/PATH or http://HOST:PORT/PATH, and nothing else");
      return NULL;
    }
  return g_uri_build (G_URI_FLAGS_NONE, scheme, NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                      *path == '\0' || strcmp (path, "/") == 0 ? DEFAULT_PATH : path, NULL, NULL);
}

gboolean
hm_http_options_check (const HmOptions *values, GError **error)
{
  g_autoptr (GUri) uri = hm_http_options_uri (values, error);

  if (uri == NULL)
    return FALSE;
  if (hm_options_text (values, "tls-key") != NULL && hm_options_text (values, "tls-certificate") == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG, "tls-key: there is no tls-certificate");
  else if (strcmp (g_uri_get_scheme (uri), "https") != 0
           && (hm_options_text (values, "tls-ca") != NULL
               || hm_options_text (values, "tls-certificate") != NULL))
    g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG,
                         "url: http:// has no use for certificates; is it https://?");
  else
    return TRUE;
  return FALSE;
}
