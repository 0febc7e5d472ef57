/* SPDX-License-Identifier: Apache-2.0 */
/* passthrough: see passthrough.h. Called when a part is made, before it opens anything, and by --check-config:
 * a wrong key stops the start. */
#include "metering/passthrough.h"

#include <string.h>

#include "metering/error.h"
#include "metering/secret.h"

#define FILE_SUFFIX ".file"

typedef struct
{
  const HmPassthrough *keys;
  gpointer target;
  GError *error; /* the first one */
} Visit;

static gboolean
is_refused (const HmPassthrough *keys, const char *key)
{
  for (const HmPassPair *pair = keys->guarantee; pair->key != NULL; pair++)
    if (g_str_equal (pair->key, key))
      return TRUE;
  return g_strv_contains (keys->refused, key);
}

static gboolean
set_ours (const HmPassthrough *keys, const HmPassPair *pairs, gpointer target, GError **error)
{
  for (; pairs->key != NULL; pairs++)
    {
      const char *reason = keys->set (target, pairs->key, pairs->value);

      if (reason == NULL)
        continue;
      g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s%s: %s", keys->prefix, pairs->key, reason);
      return FALSE;
    }
  return TRUE;
}

/* -- the user's keys -- */

/* @written: the key as the user wrote it. */
static void
set_users (Visit *visit, const char *written, const char *key, const char *value)
{
  const char *reason = visit->keys->set (visit->target, key, value);

  if (reason != NULL)
    g_set_error (&visit->error, HM_ERROR, HM_ERROR_CONFIG, "%s%s: %s", visit->keys->prefix, written, reason);
}

static void
set_from_file (Visit *visit, const char *written, const char *key, const char *path)
{
  char *secret = hm_secret_read (path, &visit->error);

  if (secret == NULL)
    {
      g_prefix_error (&visit->error, "%s%s: ", visit->keys->prefix, written);
      return;
    }
  set_users (visit, written, key, secret);
  hm_secret_free (secret);
}

static void
take_pair (const char *written, const char *value, gpointer user)
{
  Visit *visit = user;
  const HmPassthrough *keys = visit->keys;
  gboolean is_file = g_str_has_suffix (written, FILE_SUFFIX);
  g_autofree char *key = g_strndup (written, strlen (written) - (is_file ? strlen (FILE_SUFFIX) : 0));

  if (visit->error != NULL)
    return;
  if (is_refused (keys, key))
    g_set_error (&visit->error, HM_ERROR, HM_ERROR_CONFIG, "%s%s: %s rests on this key, so it cannot be set",
                 keys->prefix, written, keys->subject);
  else if (is_file)
    set_from_file (visit, written, key, value);
  else
    set_users (visit, written, key, value);
}

gboolean
hm_passthrough_apply (const HmPassthrough *keys, const HmOptions *options, gpointer target, GError **error)
{
  Visit visit = { .keys = keys, .target = target };

  if (!set_ours (keys, keys->defaults, target, error))
    return FALSE;
  hm_options_prefixed (options, keys->prefix, take_pair, &visit);
  if (visit.error == NULL)
    return set_ours (keys, keys->guarantee, target, error);
  g_propagate_error (error, visit.error);
  return FALSE;
}
