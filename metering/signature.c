/* SPDX-License-Identifier: Apache-2.0 */
/* signature: HMAC-SHA256 over what a consumer receives.
 *
 * The agent's outbox signs on its way to disk, the collector's decode thread verifies, commands verify again
 * years later. The length before each part keeps one message from being read as another. The secret lives in
 * libcrypto's context alone, which wipes it; every buffer that it passed through here is wiped too. */
#include "metering/signature.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "metering/error.h"
#include "metering/secret.h"

#define DIGEST_BYTES      32
#define KEY_ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define SCHEME            "v1"

struct HmSigner
{
  char *prefix; /* "v1;<key id>;" */
  gsize prefix_length;
  EVP_MAC_CTX *context; /* holds the key; started anew for each message */
};

static void
print_hex (const guint8 *bytes, gsize length, char *hex)
{
  static const char digits[] = "0123456789abcdef";

  for (gsize i = 0; i < length; i++)
    {
      hex[2 * i] = digits[bytes[i] >> 4];
      hex[2 * i + 1] = digits[bytes[i] & 15];
    }
  hex[2 * length] = '\0';
}

static EVP_MAC_CTX *
new_context (const guint8 secret[DIGEST_BYTES])
{
  char digest[] = "SHA256";
  OSSL_PARAM parameters[]
      = { OSSL_PARAM_construct_utf8_string ("digest", digest, 0), OSSL_PARAM_construct_end () };
  EVP_MAC *algorithm = EVP_MAC_fetch (NULL, "HMAC", NULL);
  EVP_MAC_CTX *context = algorithm != NULL ? EVP_MAC_CTX_new (algorithm) : NULL;

  if (context == NULL || EVP_MAC_init (context, secret, DIGEST_BYTES, parameters) != 1)
    g_error ("libcrypto has no HMAC-SHA256");
  EVP_MAC_free (algorithm);
  return context;
}

HmSigner *
hm_signer_new (const char *key_id, const guint8 secret[DIGEST_BYTES])
{
  HmSigner *signer = g_new0 (HmSigner, 1);

  signer->prefix = g_strdup_printf (SCHEME ";%s;", key_id);
  signer->prefix_length = strlen (signer->prefix);
  signer->context = new_context (secret);
  return signer;
}

void
hm_signer_free (HmSigner *signer)
{
  if (signer == NULL)
    return;
  EVP_MAC_CTX_free (signer->context);
  g_free (signer->prefix);
  g_free (signer);
}

/* -- key files -- */

static gboolean
key_id_is_valid (const char *key_id)
{
  gsize length = strspn (key_id, KEY_ID_CHARACTERS);

  return length >= 1 && length <= HM_KEY_ID_MAX && key_id[length] == '\0';
}

static gboolean
parse_secret (const char *text, gsize length, guint8 secret[DIGEST_BYTES])
{
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  for (; length > 0 && g_ascii_isspace (*text); length--)
    text++;
  if (length != 2 * DIGEST_BYTES)
    return FALSE;
  for (gsize i = 0; i < DIGEST_BYTES; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]), low = g_ascii_xdigit_value (text[2 * i + 1]);

      if (high < 0 || low < 0)
        return FALSE;
      secret[i] = (guint8)(high << 4 | low);
    }
  return TRUE;
}

HmSigner *
hm_signer_new_from_file (const char *key_id, const char *path, GError **error)
{
  guint8 secret[DIGEST_BYTES];
  HmSigner *signer = NULL;
  char *text;

  if (!key_id_is_valid (key_id))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
                   "%s: the key id must be 1 to %d characters of A-Z a-z 0-9 . _ -", path, HM_KEY_ID_MAX);
      return NULL;
    }
  text = hm_secret_read (path, error);
  if (text == NULL)
    return NULL;
  if (parse_secret (text, strlen (text), secret))
    signer = hm_signer_new (key_id, secret);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: a key file must hold exactly %d hex digits", path,
                 2 * DIGEST_BYTES);
  hm_secret_free (text);
  OPENSSL_cleanse (secret, sizeof (secret));
  return signer;
}

/* -- signing -- */

static gboolean
add_part (EVP_MAC_CTX *context, gconstpointer bytes, gsize length)
{
  guint32 prefix = GUINT32_TO_BE ((guint32)length);

  g_assert (length <= G_MAXUINT32);
  return EVP_MAC_update (context, (const guint8 *)&prefix, sizeof (prefix)) == 1
         && EVP_MAC_update (context, bytes, length) == 1;
}

static void
compute (HmSigner *signer, const char *key, gsize key_length, const char *id, gsize id_length,
         gconstpointer value, gsize length, char hex[2 * DIGEST_BYTES + 1])
{
  guint8 digest[DIGEST_BYTES];
  gsize written;

  /* No key: the context starts anew with the one that it has. */
  if (EVP_MAC_init (signer->context, NULL, 0, NULL) != 1 || !add_part (signer->context, key, key_length)
      || !add_part (signer->context, id, id_length) || !add_part (signer->context, value, length)
      || EVP_MAC_final (signer->context, digest, &written, sizeof (digest)) != 1
      || written != sizeof (digest))
    g_error ("libcrypto cannot compute an HMAC");
  print_hex (digest, sizeof (digest), hex);
}

/* "v" and a number, which is not ours, before the first semicolon. */
static gboolean
is_other_scheme (const char *header)
{
  gsize digits = *header == 'v' ? strspn (header + 1, "0123456789") : 0;

  return digits > 0 && header[1 + digits] == ';' && !g_str_has_prefix (header, SCHEME ";");
}

HmSignatureForm
hm_signature_parse (const char *header, char *ret_key_id)
{
  const char *id = header + strlen (SCHEME ";"), *hex;
  gsize length;

  if (!g_str_has_prefix (header, SCHEME ";"))
    return is_other_scheme (header) ? HM_SIGNATURE_OTHER : HM_SIGNATURE_MALFORMED;
  length = strspn (id, KEY_ID_CHARACTERS);
  hex = id + length + 1;
  if (length < 1 || length > HM_KEY_ID_MAX || id[length] != ';' || strlen (hex) != 2 * DIGEST_BYTES
      || strspn (hex, "0123456789abcdef") != 2 * DIGEST_BYTES)
    return HM_SIGNATURE_MALFORMED;
  memcpy (ret_key_id, id, length);
  ret_key_id[length] = '\0';
  return HM_SIGNATURE_V1;
}

char *
hm_signer_sign (HmSigner *signer, const char *key, const char *id, gconstpointer value, gsize length)
{
  char hex[2 * DIGEST_BYTES + 1];

  compute (signer, key, strlen (key), id, strlen (id), value, length, hex);
  return g_strconcat (signer->prefix, hex, NULL);
}

gboolean
hm_signer_verify (HmSigner *signer, const char *header, const char *key, gsize key_length, const char *id,
                  gsize id_length, gconstpointer value, gsize length)
{
  char hex[2 * DIGEST_BYTES + 1];

  if (strncmp (header, signer->prefix, signer->prefix_length) != 0
      || strlen (header) != signer->prefix_length + 2 * DIGEST_BYTES)
    return FALSE;
  compute (signer, key, key_length, id, id_length, value, length, hex);
  return CRYPTO_memcmp (header + signer->prefix_length, hex, 2 * DIGEST_BYTES) == 0;
}

static gpointer
fetch_sha256 (gpointer unused G_GNUC_UNUSED)
{
  return EVP_MD_fetch (NULL, "SHA256", NULL);
}

void
hm_sha256 (gconstpointer bytes, gsize length, guint8 digest[DIGEST_BYTES])
{
  static GOnce once = G_ONCE_INIT;
  const EVP_MD *algorithm = g_once (&once, fetch_sha256, NULL);

  if (algorithm == NULL || EVP_Digest (bytes, length, digest, NULL, algorithm, NULL) != 1)
    g_error ("libcrypto has no SHA-256");
}

void
hm_sha256_hex (gconstpointer bytes, gsize length, char hex[2 * DIGEST_BYTES + 1])
{
  guint8 digest[DIGEST_BYTES];

  hm_sha256 (bytes, length, digest);
  print_hex (digest, sizeof (digest), hex);
}

guint64
hm_id_sum (const char *id)
{
  guint8 digest[DIGEST_BYTES];
  guint64 sum;

  hm_sha256 (id, strlen (id), digest);
  memcpy (&sum, digest, sizeof (sum));
  return GUINT64_FROM_BE (sum);
}
