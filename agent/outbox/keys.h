/* SPDX-License-Identifier: Apache-2.0 */
/* keys: what records are signed with: several keys, each by its id and from a moment on, exchanged while the agent runs.
 *
 * A record is signed, when it enters the outbox, with the key that began last. Where none has begun yet it is the one that begins
 * first, so that a wrong clock leaves no record unsigned. An id means one key: once it has signed a record, other bytes are refused
 * under it for as long as the process lives. */
#pragma once

#include "metering/settings.h"

G_BEGIN_DECLS

#define HM_KEY_SECTION "key:"
#define HM_KEYS_MAX    32

/* One key as the configuration says it. */
typedef struct
{
  char *where;        /* "agent.conf, [key:ID]: file", for messages */
  char *section;      /* (nullable) of its own; else it is [agent]'s */
  HmOptions *options; /* (nullable) of that section */
  char *id, *file;
  HmTime from; /* HM_TIME_UNKNOWN: it began before all others */
} HmKeyChoice;

/* Every [key:ID], and [agent]'s key-id and key-file; reads no key file. @where: the configuration's file. HM_ERROR_CONFIG.
 * (transfer full) (element-type HmKeyChoice) sorted by `from` */
GPtrArray *hm_key_choices_new (HmSettings *settings, const HmOptions *agent, const char *where,
                               GError **error);

const HmOption *hm_key_table (void);

typedef struct HmKeys HmKeys;

/* Reads the key files. @clock must outlive the keys. HM_ERROR_CONFIG: names file, section, key and reason. (transfer full) */
HmKeys *hm_keys_new (const GPtrArray *choices, const HmClock *clock, GError **error);
void hm_keys_free (HmKeys *keys); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmKeys, hm_keys_free)

/* Reads the key files, then goes over to them between two records; says what has changed. After HM_ERROR_CONFIG what was there
 * stays. Any thread. */
gboolean hm_keys_replace (HmKeys *keys, const GPtrArray *choices, GError **error);

/* As hm_signer_sign(), with the key of this moment. Any thread. NULL: there are no keys. (transfer full) (nullable) */
char *hm_keys_sign (HmKeys *keys, const char *key, const char *id, gconstpointer value, gsize length);

G_END_DECLS
