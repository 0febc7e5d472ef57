/* SPDX-License-Identifier: Apache-2.0 */
/* verify: see verify.h. Called for each record on the decoding thread, and by whoever decodes one that came another way.
 *
 * Which source a record is of it says itself, inside what is signed. So a record is judged twice: before it is decoded by the laxest
 * policy that any source has (where every source requires signatures nothing unsigned reaches the decoder), and afterwards by its own. */
#include "collector/pipeline/verify_private.h"

#include <string.h>

typedef struct
{
  const char *name;   /* for metrics */
  const char *detail; /* of a dead letter; the key's id follows where there is one */
  HmRefusal refusal;
  HmSignaturePolicy passes; /* the strictest policy that takes it */
} Verdict;

static const Verdict verdicts[] = {
  [HM_VERDICT_NONE] = { "none", "", HM_REFUSED_NOT, HM_SIGNATURES_OFF },
  [HM_VERDICT_RIGHT] = { "right", "", HM_REFUSED_NOT, HM_SIGNATURES_REQUIRE },
  [HM_VERDICT_UNSIGNED] = { "unsigned", "unsigned", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_ACCEPT },
  [HM_VERDICT_MALFORMED]
  = { "malformed", "malformed hm-signature", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_OFF },
  [HM_VERDICT_LOST] = { "lost", "its ce_id or hm-signature was no good, and is not kept",
                        HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_OFF },
  [HM_VERDICT_NO_ID]
  = { "no-id", "no ce_id, which is part of what is signed", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_OFF },
  [HM_VERDICT_UNKNOWN_KEY] = { "unknown-key", "unknown key", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_ACCEPT },
  [HM_VERDICT_MISMATCH] = { "mismatch", "does not match", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_OFF },
  [HM_VERDICT_OUT_OF_TIME]
  = { "out-of-time", "out of its key's time", HM_REFUSED_BAD_SIGNATURE, HM_SIGNATURES_OFF },
  [HM_VERDICT_OTHER_AGENT]
  = { "other-agent", "signed with another agent's key", HM_REFUSED_WRONG_AGENT, HM_SIGNATURES_OFF },
  [HM_VERDICT_OTHER_SOURCE]
  = { "other-source", "signed with another source's key", HM_REFUSED_WRONG_AGENT, HM_SIGNATURES_OFF },
};
G_STATIC_ASSERT (G_N_ELEMENTS (verdicts) == HM_VERDICTS);

const char *
hm_verdict_name (HmVerdict verdict)
{
  return verdicts[verdict].name;
}

/* -- judging -- */

static gboolean
matches (HmVerifyKey *key, const HmArrival *arrival)
{
  gboolean right;

  g_mutex_lock (&key->lock);
  right = hm_signer_verify (key->signer, arrival->signature, arrival->key, arrival->key_length,
                            arrival->ce_id, strlen (arrival->ce_id), arrival->value, arrival->length);
  g_mutex_unlock (&key->lock);
  return right;
}

/* Before its digest is right nothing else is said of it. */
static HmVerdict
judge_key (HmVerifyKey *key, const HmArrival *arrival)
{
  if (arrival->ce_id == NULL)
    return HM_VERDICT_NO_ID;
  if (!matches (key, arrival))
    return HM_VERDICT_MISMATCH;
  if (strncmp (arrival->ce_id, key->prefix, key->prefix_length) != 0)
    return HM_VERDICT_OTHER_AGENT;
  if ((key->from != HM_TIME_UNKNOWN && arrival->appended < key->from)
      || (key->until != HM_TIME_UNKNOWN && arrival->appended >= key->until))
    return HM_VERDICT_OUT_OF_TIME;
  return HM_VERDICT_RIGHT;
}

static HmVerdict
judge (const HmVerifier *verifier, const HmArrival *arrival)
{
  char id[HM_KEY_ID_MAX + 1];
  HmVerifyKey *key;

  if (arrival->headers_lost)
    return HM_VERDICT_LOST;
  if (arrival->signature == NULL)
    return HM_VERDICT_UNSIGNED;
  switch (hm_signature_parse (arrival->signature, id))
    {
    case HM_SIGNATURE_MALFORMED:
      return HM_VERDICT_MALFORMED;
    case HM_SIGNATURE_OTHER:
      return HM_VERDICT_UNKNOWN_KEY;
    case HM_SIGNATURE_V1:
      break;
    }
  key = g_hash_table_lookup (verifier->keys, id);
  return key != NULL ? judge_key (key, arrival) : HM_VERDICT_UNKNOWN_KEY;
}

/* -- what follows -- */

/* "does not match: key node-17-2026" (transfer full) */
static char *
describe (const HmArrival *arrival)
{
  const char *detail = verdicts[arrival->verdict].detail;
  char id[HM_KEY_ID_MAX + 1];

  if (arrival->signature == NULL || hm_signature_parse (arrival->signature, id) != HM_SIGNATURE_V1)
    return g_strdup (detail);
  return g_strdup_printf ("%s: key %s", detail, id);
}

static gboolean
apply (HmArrival *arrival, HmSignaturePolicy policy)
{
  const Verdict *verdict = &verdicts[arrival->verdict];

  if (policy <= verdict->passes)
    return TRUE;
  hm_arrival_refuse (arrival, verdict->refusal, describe (arrival));
  return FALSE;
}

gboolean
hm_verifier_admit (HmVerifier *verifier, HmArrival *arrival)
{
  if (verifier->strictest == HM_SIGNATURES_OFF)
    return TRUE;
  arrival->verdict = judge (verifier, arrival);
  arrival->verified = arrival->verdict == HM_VERDICT_RIGHT;
  return apply (arrival, verifier->laxest);
}

/* A key that was found a moment ago is there still: a verifier does not change. */
static gboolean
is_for_source (const HmVerifier *verifier, const HmArrival *arrival, const char *source)
{
  char id[HM_KEY_ID_MAX + 1];
  const HmVerifyKey *key;

  hm_signature_parse (arrival->signature, id);
  key = g_hash_table_lookup (verifier->keys, id);
  return key->source == NULL || strcmp (key->source, source) == 0;
}

static HmSignaturePolicy
policy_of (const HmVerifier *verifier, const char *source)
{
  gpointer policy;

  if (g_hash_table_lookup_extended (verifier->policies, source, NULL, &policy))
    return (HmSignaturePolicy)GPOINTER_TO_INT (policy);
  return verifier->fallback;
}

gboolean
hm_verifier_admit_record (HmVerifier *verifier, HmArrival *arrival)
{
  const char *source = arrival->decoded->record.source;
  HmSignaturePolicy policy = policy_of (verifier, source);

  if (policy == HM_SIGNATURES_OFF)
    arrival->verdict = HM_VERDICT_NONE;
  else if (arrival->verified && verifier->bound && !is_for_source (verifier, arrival, source))
    arrival->verdict = HM_VERDICT_OTHER_SOURCE;
  arrival->verified = arrival->verdict == HM_VERDICT_RIGHT;
  return apply (arrival, policy);
}
