/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_headers: libFuzzer on a whole message: its headers, what they make of the record, and the verifier. Built by `make fuzz` alone, with
 * clang.
 *
 * The input is a policy, then fields with their lengths: the key, any number of headers (a name's number, a value), and what is left is the
 * value. Nobody here knows the secret of the key that the verifier has, so nothing may ever be verified; where signatures are required
 * nothing may be taken, and where they are accepted nothing that names this key. */
#include <stdint.h>
#include <string.h>

#include "collector/pipeline/verify_private.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);

typedef struct
{
  const guint8 *at;
  gsize left;
} Input;

static guint
take_byte (Input *input)
{
  if (input->left == 0)
    return 0;
  input->left--;
  return *input->at++;
}

/* Two bytes of length, then as much of it as is there. */
static const char *
take_field (Input *input, gsize *ret_length)
{
  guint low = take_byte (input), length = low | take_byte (input) << 8;
  const char *field = (const char *)input->at;

  *ret_length = MIN (length, input->left);
  input->at += *ret_length;
  input->left -= *ret_length;
  return field;
}

/* As verify_keys.c would make it of a configuration with one key. */
static HmVerifier *
new_verifier (HmSignaturePolicy policy)
{
  static const guint8 secret[32] = { 0x5e, 0xc2, 0xe7 };
  static HmVerifyKey key = { .id = (char *)"k",
                             .agent = (char *)"a",
                             .prefix = (char *)"a/",
                             .prefix_length = 2,
                             .from = HM_TIME_UNKNOWN,
                             .until = HM_TIME_UNKNOWN };
  HmVerifier *verifier = g_new0 (HmVerifier, 1);

  if (key.signer == NULL)
    key.signer = hm_signer_new ("k", secret);
  verifier->keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (verifier->keys, key.id, &key);
  verifier->policies = g_hash_table_new (g_str_hash, g_str_equal);
  verifier->fallback = verifier->laxest = verifier->strictest = policy;
  return verifier;
}

static void
check_text (const char *text, gsize max)
{
  if (text == NULL)
    return;
  g_assert_cmpuint (strlen (text), >, 0);
  g_assert_cmpuint (strlen (text), <=, max);
  for (const char *c = text; *c != '\0'; c++)
    g_assert_true (g_ascii_isgraph (*c));
}

static void
take_headers (HmArrival *arrival, Input *input)
{
  static const char *const names[] = { "ce_id", "hm-signature", "ce_type", "ce_source" };

  for (guint i = take_byte (input) % 6; i > 0; i--)
    {
      const char *name = names[take_byte (input) % G_N_ELEMENTS (names)];
      gsize length;
      const char *value = take_field (input, &length);

      hm_arrival_take_header (arrival, name, value, length);
    }
  check_text (arrival->ce_id, 4096);
  check_text (arrival->signature, HM_SIGNATURE_MAX);
  check_text (arrival->ce_type, 255);
  g_assert_true ((arrival->refusal != HM_REFUSED_NOT) == (arrival->spoiled != 0));
}

static void
check (const HmArrival *arrival, HmSignaturePolicy policy)
{
  g_assert_false (arrival->verified);
  g_assert_true ((arrival->decoded == NULL) == (arrival->refusal != HM_REFUSED_NOT));
  g_assert_true ((arrival->detail != NULL) == (arrival->refusal != HM_REFUSED_NOT));
  g_assert_true (policy != HM_SIGNATURES_REQUIRE || arrival->decoded == NULL);
  g_assert_true (policy != HM_SIGNATURES_ACCEPT || arrival->decoded == NULL || arrival->signature == NULL
                 || !g_str_has_prefix (arrival->signature, "v1;k;"));
  if (arrival->detail == NULL)
    return;
  g_assert_cmpuint (strlen (arrival->detail), <=, 4096);
  g_assert_true (g_utf8_validate (arrival->detail, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static HmDecoder *decoder;
  static HmMeterTable *meters;
  static HmVerifier *verifiers[HM_SIGNATURES_REQUIRE + 1];
  Input input = { bytes, length };
  HmSignaturePolicy policy = take_byte (&input) % G_N_ELEMENTS (verifiers);
  g_autoptr (HmArrival) arrival = hm_arrival_new ();

  if (decoder == NULL)
    {
      meters = hm_meter_table_new ();
      decoder = hm_decoder_new (meters);
    }
  if (verifiers[policy] == NULL)
    verifiers[policy] = new_verifier (policy);
  arrival->key = take_field (&input, &arrival->key_length);
  take_headers (arrival, &input);
  arrival->value = input.at;
  arrival->length = input.left;
  hm_arrival_decode (arrival, decoder, meters, verifiers[policy]);
  check (arrival, policy);
  return 0;
}
