/* SPDX-License-Identifier: Apache-2.0 */
/* verify_keys: a verifier's life, and the key files that it is made of. On the main thread, at start and reload.
 *
 * The folder of keys is for many hypervisors: a folder per agent, in it a file per key, named after the key. A host is added, given another key or
 * shut out by what lies there, and no configuration is edited. A [key:ID] without a file says more about a key of the folder. */
#include "collector/pipeline/verify_private.h"

#include <errno.h>
#include <string.h>

#include "metering/count.h"
#include "metering/error.h"
#include "metering/files.h"

static void
free_key (gpointer data)
{
  HmVerifyKey *key = data;

  hm_signer_free (key->signer);
  g_mutex_clear (&key->lock);
  g_free (key->id);
  g_free (key->agent);
  g_free (key->origin);
  g_free (key->prefix);
  g_free (key->source);
  g_free (key);
}

static gboolean G_GNUC_PRINTF (3, 4) refuse (const char *where, GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", where, reason);
  return FALSE;
}

static gboolean
may_add (GHashTable *keys, const char *id, const char *origin, GError **error)
{
  const HmVerifyKey *other = g_hash_table_lookup (keys, id);

  if (other != NULL)
    return refuse (origin, error, "%s is the same key id", other->origin);
  return g_hash_table_size (keys) < HM_VERIFY_KEYS_MAX
         || refuse (origin, error, "more than %d keys", HM_VERIFY_KEYS_MAX);
}

/* @path: of the key file. @origin: what to name in messages. NULL: refused. (transfer none) */
static HmVerifyKey *
add_key (GHashTable *keys, const char *id, const char *agent, const char *path, const char *origin,
         GError **error)
{
  HmSigner *signer = may_add (keys, id, origin, error) ? hm_signer_new_from_file (id, path, error) : NULL;
  g_autofree char *escaped = g_uri_escape_string (agent, NULL, FALSE); /* as hm_record_id() does */
  HmVerifyKey *key;

  if (signer == NULL)
    return NULL;
  key = g_new0 (HmVerifyKey, 1);
  g_mutex_init (&key->lock);
  key->signer = signer;
  key->id = g_strdup (id);
  key->agent = g_strdup (agent);
  key->origin = g_strdup (origin);
  key->prefix = g_strconcat (escaped, "/", NULL);
  key->prefix_length = strlen (key->prefix);
  key->from = key->until = HM_TIME_UNKNOWN;
  g_hash_table_insert (keys, key->id, key);
  return key;
}

/* -- the folder -- */

/* What has a dot in front is somebody's temporary file. (transfer full) NULL: it cannot be read */
static GPtrArray *
list_folder (const char *path, GError **error)
{
  HmFiles *files = hm_files_system ();
  g_auto (GStrv) all = files->list (files, path);
  GPtrArray *names;

  if (all == NULL)
    {
      refuse (path, error, "%s", g_strerror (errno));
      return NULL;
    }
  names = g_ptr_array_new_with_free_func (g_free);
  for (char **name = all; *name != NULL; name++)
    if (**name != '.')
      g_ptr_array_add (names, g_strdup (*name));
  return names;
}

/* The id whose escaped form the folder's name is, exactly. (transfer full) (nullable) */
static char *
agent_of (const char *name)
{
  g_autofree char *agent = g_uri_unescape_string (name, NULL);
  g_autofree char *escaped = agent != NULL ? g_uri_escape_string (agent, NULL, FALSE) : NULL;

  return g_strcmp0 (escaped, name) == 0 ? g_steal_pointer (&agent) : NULL;
}

static gboolean
read_agent (GHashTable *keys, const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *agent = agent_of (name);
  g_autoptr (GPtrArray) files = NULL;

  if (agent == NULL)
    return refuse (path, error, "not an agent's id as it stands in a ce_id");
  files = list_folder (path, error);
  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      const char *id = g_ptr_array_index (files, i);
      g_autofree char *file = g_build_filename (path, id, NULL);

      if (add_key (keys, id, agent, file, file, error) == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_folder (GHashTable *keys, const HmVerifyChoices *choices, GError **error)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (GError) local = NULL;

  if (choices->folder == NULL)
    return TRUE;
  agents = list_folder (choices->folder, &local);
  if (agents == NULL)
    hm_options_refuse (choices->collector, "keys-dir", local->message, error);
  for (guint i = 0; agents != NULL && i < agents->len; i++)
    if (!read_agent (keys, choices->folder, g_ptr_array_index (agents, i), error))
      return FALSE;
  return agents != NULL;
}

/* -- the sections -- */

/* The key of the folder that the section speaks of. (nullable) */
static HmVerifyKey *
find_key (GHashTable *keys, const HmKeyChoice *choice, GError **error)
{
  const char *agent = hm_options_text (choice->options, "agent");
  HmVerifyKey *key = g_hash_table_lookup (keys, choice->id);

  if (key == NULL)
    refuse (choice->where, error, "file: missing, and keys-dir holds no key of that name");
  else if (agent != NULL && strcmp (agent, key->agent) != 0)
    refuse (choice->where, error, "agent: %s is another agent's", key->origin);
  else
    return key;
  return NULL;
}

static gboolean
read_section (GHashTable *keys, const HmKeyChoice *choice, GError **error)
{
  const char *file = hm_options_text (choice->options, "file");
  const char *agent = hm_options_text (choice->options, "agent");
  HmVerifyKey *key;

  if (file == NULL)
    key = find_key (keys, choice, error);
  else
    key = add_key (keys, choice->id, agent, file, choice->where, error);
  if (key == NULL)
    return FALSE;
  key->from = choice->from;
  key->until = choice->until;
  key->source = g_strdup (hm_options_text (choice->options, "source"));
  return TRUE;
}

/* id → HmVerifyKey: those of the folder, then those of the sections. (transfer full) */
static GHashTable *
read_keys (const HmVerifyChoices *choices, GError **error)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_key);

  if (!read_folder (keys, choices, error))
    return NULL;
  for (guint i = 0; i < choices->keys->len; i++)
    if (!read_section (keys, g_ptr_array_index (choices->keys, i), error))
      return NULL;
  return g_steal_pointer (&keys);
}

/* -- life -- */

static void
take_policy (HmVerifier *verifier, const HmSourceChoice *choice)
{
  g_hash_table_insert (verifier->policies, g_strdup (choice->name), GINT_TO_POINTER (choice->policy));
  verifier->laxest = MIN (verifier->laxest, choice->policy);
  verifier->strictest = MAX (verifier->strictest, choice->policy);
}

static gboolean
is_bound (gpointer id G_GNUC_UNUSED, gpointer key, gpointer user G_GNUC_UNUSED)
{
  return ((const HmVerifyKey *)key)->source != NULL;
}

HmVerifier *
hm_verifier_new (const HmVerifyChoices *choices, GError **error)
{
  GHashTable *keys = read_keys (choices, error);
  HmVerifier *verifier;

  if (keys == NULL)
    return NULL;
  verifier = g_new0 (HmVerifier, 1);
  g_atomic_ref_count_init (&verifier->refs);
  verifier->keys = keys;
  verifier->bound = g_hash_table_find (keys, is_bound, NULL) != NULL;
  verifier->policies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  verifier->fallback = verifier->laxest = verifier->strictest = choices->fallback;
  for (guint i = 0; i < choices->sources->len; i++)
    take_policy (verifier, g_ptr_array_index (choices->sources, i));
  return verifier;
}

HmVerifier *
hm_verifier_ref (HmVerifier *verifier)
{
  g_atomic_ref_count_inc (&verifier->refs);
  return verifier;
}

void
hm_verifier_unref (HmVerifier *verifier)
{
  if (verifier == NULL || !g_atomic_ref_count_dec (&verifier->refs))
    return;
  g_hash_table_unref (verifier->keys);
  g_hash_table_unref (verifier->policies);
  g_free (verifier);
}

char *
hm_verifier_describe (const HmVerifier *verifier)
{
  g_autoptr (GHashTable) agents = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *n_keys = NULL, *n_agents = NULL;
  GString *text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, verifier->keys);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_hash_table_add (agents, ((HmVerifyKey *)value)->agent);
  n_keys = hm_count_print (g_hash_table_size (verifier->keys), "key");
  n_agents = hm_count_print (g_hash_table_size (agents), "agent");
  g_string_append_printf (text, "%s of %s, signatures=%s", n_keys, n_agents,
                          hm_signature_policy_name (verifier->fallback));
  g_hash_table_iter_init (&iter, verifier->policies);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_string_append_printf (text, ", source %s: %s", (const char *)name,
                            hm_signature_policy_name (GPOINTER_TO_INT (value)));
  return g_string_free (text, FALSE);
}
