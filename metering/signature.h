/* SPDX-License-Identifier: Apache-2.0 */
/* signature: `hm-signature`, an HMAC-SHA256 over the Kafka key, the record's id and the exact value bytes, each
 * preceded by its length in 32 bits, big-endian. The one file that knows libcrypto. A signer belongs to one
 * thread (its context is reused: 0.85 µs a record instead of 3). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_KEY_ID_MAX    64
#define HM_SIGNATURE_MAX 1024 /* bytes of any scheme's header, here and on an agent's disk */

typedef enum
{
  HM_SIGNATURE_MALFORMED,
  HM_SIGNATURE_OTHER, /* of a scheme that is not ours: "v2;…" */
  HM_SIGNATURE_V1,
} HmSignatureForm;

/* Takes @header apart. Only HM_SIGNATURE_V1 ("v1;<key id>;<64 digits of lower-case hex>" and no byte more) gives @ret_key_id
 * (HM_KEY_ID_MAX + 1 bytes). Any thread. */
HmSignatureForm hm_signature_parse (const char *header, char *ret_key_id);

typedef struct HmSigner HmSigner;

/* Key file: 64 hex digits and white space, not readable by others. HM_ERROR_CONFIG names file and reason.
 * @key_id: 1 to 64 characters of [A-Za-z0-9._-]. */
HmSigner *hm_signer_new_from_file (const char *key_id, const char *path, GError **error);
HmSigner *hm_signer_new (const char *key_id, const guint8 secret[32]);
void hm_signer_free (HmSigner *signer); /* wipes the secret */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSigner, hm_signer_free)

/* "v1;<key id>;<hex>" (transfer full) */
char *hm_signer_sign (HmSigner *signer, const char *key, const char *id, gconstpointer value, gsize length);

/* TRUE when @header is this key's signature of these bytes; constant time over the digest. */
gboolean hm_signer_verify (HmSigner *signer, const char *header, const char *key, gsize key_length,
                           const char *id, gsize id_length, gconstpointer value, gsize length);

/* SHA-256 of @length bytes. Any thread. */
void hm_sha256 (gconstpointer bytes, gsize length, guint8 ret_digest[32]);
/* Lower-case hex SHA-256 of @length bytes into @hex (65 bytes). Any thread. */
void hm_sha256_hex (gconstpointer bytes, gsize length, char hex[65]);

/* What a record's @id adds to the sum of its bin: the first eight bytes of its SHA-256, big-endian. Any thread. */
guint64 hm_id_sum (const char *id);

G_END_DECLS
