/* SPDX-License-Identifier: Apache-2.0 */
/* ingest_token: who may send. A file of tokens, one a line, so that a new one can be there before the old one goes. */
#include "collector/ingest/ingest_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/secret.h"
#include "metering/signature.h"

#define SCHEME    "Bearer "
#define TOKEN_MIN 16

/* Digests are compared, so that time tells nothing of the tokens. */
gboolean
hm_ingest_token_fits (const char *tokens, const char *header)
{
  char given[65], known[65];
  gboolean fits = FALSE;

  if (header == NULL || g_ascii_strncasecmp (header, SCHEME, strlen (SCHEME)) != 0)
    return FALSE;
  hm_sha256_hex (header + strlen (SCHEME), strlen (header + strlen (SCHEME)), given);
  for (const char *at = tokens; *at != '\0';)
    {
      gsize length = strcspn (at, "\n");

      hm_sha256_hex (at, length, known);
      fits |= length >= TOKEN_MIN && strcmp (given, known) == 0;
      at += length + (at[length] == '\n');
    }
  return fits;
}

static gboolean
is_token (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return length >= TOKEN_MIN;
}

char *
hm_ingest_token_read (const char *path, GError **error)
{
  char *tokens = hm_secret_read (path, error);
  guint line = 0;

  for (const char *at = tokens; tokens != NULL && (*at != '\0' || line == 0);)
    {
      gsize length = strcspn (at, "\n");

      line++;
      if (!is_token (at, length))
        {
          g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
                       "%s: line %u: no token: %d printable characters at least, no space", path, line,
                       TOKEN_MIN);
          g_clear_pointer (&tokens, hm_secret_free);
          break;
        }
      at += length + (at[length] == '\n');
    }
  return tokens;
}

gboolean
hm_ingest_tokens_check (const HmOptions *options, GError **error)
{
  const char *path = hm_options_text (options, "token-file");
  char *tokens = path != NULL ? hm_ingest_token_read (path, error) : NULL;
  gboolean good = path == NULL || tokens != NULL;

  hm_secret_free (tokens);
  return good;
}
