/* SPDX-License-Identifier: Apache-2.0 */
/* verify: whether a record was signed by its agent, and what becomes of one that was not.
 *
 * A verifier is made once from the configuration and the key files, never changes and may be used on any thread; keys are exchanged by
 * making another one. A signature is judged by the bytes as they came, before anything in the record is believed. A key belongs to one agent
 * id, which stands in the ce_id that it signs. */
#pragma once

#include "collector/pipeline/arrival.h"
#include "metering/settings.h"

G_BEGIN_DECLS

#define HM_VERIFY_KEYS_MAX 100000

typedef enum /* the laxest first */
{
  HM_SIGNATURES_OFF,    /* not looked at */
  HM_SIGNATURES_ACCEPT, /* unsigned records and those of unknown keys are taken, unverified; a wrong one never */
  HM_SIGNATURES_REQUIRE, /* verified records alone are taken */
} HmSignaturePolicy;

/* The word by which the configuration calls it. */
#define HM_SIGNATURE_POLICIES "require|accept|off"

/* -- the configuration; main thread -- */

typedef struct HmVerifyChoices HmVerifyChoices;

/* Every [key:ID] and [source:NAME], and [collector]'s signatures and keys-dir; reads no key file. @where: the configuration's file. HM_ERROR_CONFIG
 * names file, section, key and reason. (transfer full) */
HmVerifyChoices *hm_verify_choices_new (HmSettings *settings, HmOptions *collector, const char *where,
                                        GError **error);
void hm_verify_choices_free (HmVerifyChoices *choices); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmVerifyChoices, hm_verify_choices_free)

/* The sections as a file has them; @comments: with every key explained, and an example where there is none. */
void hm_verify_choices_print (const HmVerifyChoices *choices, gboolean comments, GString *out);

/* -- the verifier; any thread -- */

/* Reads the folder of keys and all key files. HM_ERROR_CONFIG as above. (transfer full) */
HmVerifier *hm_verifier_new (const HmVerifyChoices *choices, GError **error);
HmVerifier *hm_verifier_ref (HmVerifier *verifier);
void hm_verifier_unref (HmVerifier *verifier); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmVerifier, hm_verifier_unref)

/* "3 keys of 2 agents, signatures=accept, source site-a: require" (transfer full) */
char *hm_verifier_describe (const HmVerifier *verifier);

/* Judges the signature, before the value is decoded. FALSE: no source's policy would have the arrival; it is refused. */
gboolean hm_verifier_admit (HmVerifier *verifier, HmArrival *arrival);

/* The same of the decoded record, by the policy of its source and by what its key is for. */
gboolean hm_verifier_admit_record (HmVerifier *verifier, HmArrival *arrival);

const char *hm_verdict_name (HmVerdict verdict); /* "unknown-key" */

G_END_DECLS
