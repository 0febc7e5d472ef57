/* SPDX-License-Identifier: Apache-2.0 */
/* keys: see keys.h. The outbox signs under its own lock, the main thread exchanges the set on reload; the lock here is held for one
 * signature, or for the exchange of a pointer. Each key has a context of libcrypto that is used again for every record. */
#include "agent/outbox/keys.h"

#include "metering/error.h"
#include "metering/log.h"
#include "metering/signature.h"

typedef struct
{
  char *id;
  HmTime from;
  HmSigner *signer;
  char *mark; /* its signature of nothing: tells its bytes from others */
} Key;

struct HmKeys
{
  const HmClock *clock;
  GMutex lock;      /* of all that follows */
  GPtrArray *set;   /* (element-type Key) sorted by `from` */
  GHashTable *used; /* id → mark, of every key that has signed a record */
  char *current;    /* (nullable) id of the one that signed last */
};

/* -- a set -- */

static void
free_key (gpointer data)
{
  Key *key = data;

  hm_signer_free (key->signer);
  g_free (key->id);
  g_free (key->mark);
  g_free (key);
}

static gboolean
add_key (GPtrArray *set, const HmKeyChoice *choice, GError **error)
{
  HmSigner *signer = hm_signer_new_from_file (choice->id, choice->file, error);
  Key *key;

  if (signer == NULL)
    {
      g_prefix_error (error, "%s: ", choice->where);
      return FALSE;
    }
  key = g_new (Key, 1);
  *key = (Key){ g_strdup (choice->id), choice->from, signer, hm_signer_sign (signer, "", "", "", 0) };
  g_ptr_array_add (set, key);
  return TRUE;
}

/* (transfer full) */
static GPtrArray *
read_set (const GPtrArray *choices, GError **error)
{
  g_autoptr (GPtrArray) set = g_ptr_array_new_with_free_func (free_key);

  for (guint i = 0; i < choices->len; i++)
    if (!add_key (set, g_ptr_array_index (choices, i), error))
      return NULL;
  return g_steal_pointer (&set);
}

/* "a, b from 2026-12-01T00:00:00.000000000Z" (transfer full) */
static char *
describe (const GPtrArray *set)
{
  GString *text = g_string_new (set->len == 0 ? "none, records are not signed" : NULL);

  for (guint i = 0; i < set->len; i++)
    {
      const Key *key = g_ptr_array_index (set, i);
      char from[HM_TIME_TEXT_MAX];

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", key->id);
      if (key->from == HM_TIME_UNKNOWN)
        continue;
      hm_time_print (key->from, from);
      g_string_append_printf (text, " from %s", from);
    }
  return g_string_free (text, FALSE);
}

/* -- life -- */

HmKeys *
hm_keys_new (const GPtrArray *choices, const HmClock *clock, GError **error)
{
  GPtrArray *set = read_set (choices, error);
  HmKeys *keys;

  if (set == NULL)
    return NULL;
  keys = g_new0 (HmKeys, 1);
  keys->clock = clock;
  keys->set = set;
  keys->used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_mutex_init (&keys->lock);
  return keys;
}

void
hm_keys_free (HmKeys *keys)
{
  if (keys == NULL)
    return;
  g_ptr_array_unref (keys->set);
  g_hash_table_unref (keys->used);
  g_mutex_clear (&keys->lock);
  g_free (keys->current);
  g_free (keys);
}

/* -- exchange -- */

/* The id of a key in @set that has signed with other bytes; NULL: there is none. Under the lock. */
static const char *
find_other_bytes (const HmKeys *keys, const GPtrArray *set)
{
  for (guint i = 0; i < set->len; i++)
    {
      const Key *key = g_ptr_array_index (set, i);
      const char *mark = g_hash_table_lookup (keys->used, key->id);

      if (mark != NULL && !g_str_equal (mark, key->mark))
        return key->id;
    }
  return NULL;
}

/* Gives the old set in @set. NULL, or the id that stands in the way. */
static const char *
exchange (HmKeys *keys, GPtrArray **set)
{
  GPtrArray *old;
  const char *id;

  g_mutex_lock (&keys->lock);
  id = find_other_bytes (keys, *set);
  if (id == NULL)
    {
      old = g_steal_pointer (&keys->set);
      keys->set = g_steal_pointer (set);
      *set = old;
    }
  g_mutex_unlock (&keys->lock);
  return id;
}

static const char *
where_of (const GPtrArray *choices, const char *id)
{
  for (guint i = 0; i < choices->len; i++)
    {
      const HmKeyChoice *choice = g_ptr_array_index (choices, i);

      if (g_str_equal (choice->id, id))
        return choice->where;
    }
  return "";
}

gboolean
hm_keys_replace (HmKeys *keys, const GPtrArray *choices, GError **error)
{
  g_autoptr (GPtrArray) set = read_set (choices, error);
  g_autofree char *after = set != NULL ? describe (set) : NULL;
  g_autofree char *before = NULL;
  const char *id;

  if (set == NULL)
    return FALSE;
  id = exchange (keys, &set);
  if (id != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
                   "%s: key %s has signed records already and was another one then; a new key needs an id of "
                   "its own",
                   where_of (choices, id), id);
      return FALSE;
    }
  before = describe (set);
  if (!g_str_equal (before, after))
    hm_notice ("keys from now on: %s", after);
  return TRUE;
}

/* -- signing -- */

/* (nullable) */
static const Key *
choose (const HmKeys *keys)
{
  HmTime now = keys->clock->wall (keys->clock);
  const Key *chosen = keys->set->len > 0 ? g_ptr_array_index (keys->set, 0) : NULL;

  for (guint i = 1; i < keys->set->len; i++)
    {
      const Key *key = g_ptr_array_index (keys->set, i);

      if (key->from <= now)
        chosen = key;
    }
  return chosen;
}

/* Remembers what has signed; says when that is another key than before. */
static void
note_use (HmKeys *keys, const Key *key)
{
  if (g_strcmp0 (keys->current, key->id) == 0)
    return;
  g_free (keys->current);
  keys->current = g_strdup (key->id);
  g_hash_table_replace (keys->used, g_strdup (key->id), g_strdup (key->mark));
  hm_notice ("records are signed with key %s from now on", key->id);
}

char *
hm_keys_sign (HmKeys *keys, const char *key, const char *id, gconstpointer value, gsize length)
{
  const Key *chosen;
  char *signature = NULL;

  g_mutex_lock (&keys->lock);
  chosen = choose (keys);
  if (chosen != NULL)
    {
      note_use (keys, chosen);
      signature = hm_signer_sign (chosen->signer, key, id, value, length);
    }
  g_mutex_unlock (&keys->lock);
  return signature;
}
