/* SPDX-License-Identifier: Apache-2.0 */
/* passthrough: keys of a section that belong to a library of somebody else and are passed on to it as they are,
 * such as kafka.*: our defaults, then the user's, then those on which a guarantee of ours rests and which
 * nobody may set. KEY.file=PATH takes the value of KEY from a file (metering/secret.h). Knows no library. */
#pragma once

#include "metering/option.h"

G_BEGIN_DECLS

typedef struct
{
  const char *key, *value;
} HmPassPair;

/* Hands one pair to the library. Result: NULL, or why it does not take it. The reason becomes a message, so it
 * must not hold the value, which may be a secret. */
typedef const char *(*HmPassSet) (gpointer target, const char *key, const char *value);

/* All of it static; each list ends with a NULL key. */
typedef struct
{
  const char *prefix;  /* of the keys in the section, and in messages: "kafka." */
  const char *subject; /* what rests on the guarantee: "delivery" */
  const HmPassPair *defaults;
  const HmPassPair *guarantee;
  const char *const *refused; /* other keys that nobody may set; ends with NULL */
  HmPassSet set;
} HmPassthrough;

/* Sets all that @keys and @options say on @target. HM_ERROR_CONFIG names the key as the user wrote it, and never a
 * value: one that rests with us, that the library does not take, or whose file cannot be used. HM_ERROR_INTERNAL:
 * the library does not take a pair of ours. @target is then set in part. Any thread. */
gboolean hm_passthrough_apply (const HmPassthrough *keys, const HmOptions *options, gpointer target,
                               GError **error);

G_END_DECLS
