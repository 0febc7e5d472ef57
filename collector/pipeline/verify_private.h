/* SPDX-License-Identifier: Apache-2.0 */
/* verify_private: what the verifier's files share. */
#pragma once

#include "collector/pipeline/verify.h"
#include "metering/signature.h"

#define HM_KEY_SECTION    "key:"
#define HM_SOURCE_SECTION "source:"

/* One [key:ID] as the configuration says it. */
typedef struct
{
  char *where; /* "collector.conf, [key:ID]", for messages */
  char *section, *id;
  HmOptions *options;
  HmTime from, until; /* HM_TIME_UNKNOWN: for ever */
} HmKeyChoice;

typedef struct
{
  char *section, *name;
  HmOptions *options;
  HmSignaturePolicy policy;
} HmSourceChoice;

struct HmVerifyChoices
{
  HmOptions *collector;
  char *folder; /* (nullable) */
  HmSignaturePolicy fallback;
  GPtrArray *keys;    /* (element-type HmKeyChoice) */
  GPtrArray *sources; /* (element-type HmSourceChoice) */
};

typedef struct
{
  char *id, *agent;
  char *origin; /* where it was named: section or file */
  char *prefix; /* what each ce_id of its agent begins with */
  gsize prefix_length;
  char *source;       /* (nullable) the only one that it is for */
  HmTime from, until; /* by the broker's append time: from <= t < until; HM_TIME_UNKNOWN: for ever */
  GMutex lock;        /* of the signer, whose context is used again for each record */
  HmSigner *signer;
} HmVerifyKey;

struct HmVerifier
{
  gatomicrefcount refs;
  GHashTable *keys;                              /* id → HmVerifyKey */
  GHashTable *policies;                          /* source → HmSignaturePolicy */
  HmSignaturePolicy fallback, laxest, strictest; /* of sources that nobody names; of all */
  gboolean bound;                                /* a key is for one source alone */
};

const char *hm_signature_policy_name (HmSignaturePolicy policy);
