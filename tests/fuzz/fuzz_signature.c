/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_signature: libFuzzer on the parser of hm-signature. Built by `make fuzz` alone, with clang.
 *
 * What is taken is, put together again, the very text that was read; it is no key's signature of anything but by its digest; and with the
 * digest put right it is. */
#include <stdint.h>
#include <string.h>

#include "metering/signature.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);

#define DIGITS 64

static gboolean
verify (HmSigner *signer, const char *header)
{
  return hm_signer_verify (signer, header, "key", 3, "id", 2, "value", 5);
}

static void
check_v1 (const char *header, const char *key_id)
{
  static const guint8 secret[32] = { 1 };
  g_autoptr (HmSigner) signer = hm_signer_new (key_id, secret);
  g_autofree char *right = hm_signer_sign (signer, "key", "id", "value", 5);
  g_autofree char *prefix = g_strdup_printf ("v1;%s;", key_id);

  g_assert_true (g_str_has_prefix (header, prefix));
  g_assert_cmpuint (strlen (header), ==, strlen (prefix) + DIGITS);
  g_assert_cmpuint (strlen (key_id), <=, HM_KEY_ID_MAX);
  g_assert_true (verify (signer, right));
  g_assert_true (verify (signer, header) == (strcmp (header, right) == 0));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  g_autofree char *header = g_strndup ((const char *)bytes, length);
  char key_id[HM_KEY_ID_MAX + 1] = "untouched";

  if (hm_signature_parse (header, key_id) == HM_SIGNATURE_V1)
    check_v1 (header, key_id);
  else
    g_assert_cmpstr (key_id, ==, "untouched");
  return 0;
}
