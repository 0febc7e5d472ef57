/* SPDX-License-Identifier: Apache-2.0 */
/* option: the checked values of one section or plugin.
 *
 * Made from a table and what a person wrote, before anything runs; read-only and shared from then on, by any
 * thread. */
#include "metering/option_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/resource.h"

#define KEY_SHOWN 64

/* -- unknown keys -- */

/* Levenshtein's distance: how many letters one has to add, drop or change. @a and @b are short keys. */
static guint
distance (const char *a, const char *b)
{
  gsize length = strlen (b);
  g_autofree guint *row = g_new (guint, length + 1);

  for (gsize j = 0; j <= length; j++)
    row[j] = (guint)j;
  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0]++;

      for (gsize j = 0; j < length; j++)
        {
          guint change = diagonal + (a[i] != b[j]);

          diagonal = row[j + 1];
          row[j + 1] = MIN (change, MIN (row[j], diagonal) + 1);
        }
    }
  return row[length];
}

static const char *
nearest_key (const HmOption *table, const char *key)
{
  const char *nearest = NULL;
  guint best = G_MAXUINT;

  for (const HmOption *option = table; option->key != NULL; option++)
    {
      guint d = distance (key, option->key);

      if (d < best)
        {
          best = d;
          nearest = option->key;
        }
    }
  return nearest;
}

static void
set_unknown_key (const HmOption *table, const char *key, const char *where, GError **error)
{
  g_autofree char *clean = hm_text_clean (key, KEY_SHOWN, NULL);
  const char *nearest = nearest_key (table, clean);

  if (nearest != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: unknown key, the nearest known one is \"%s\"",
                 where, clean, nearest);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: unknown key, no keys are known here", where,
                 clean);
}

/* -- making -- */

static guint
table_size (const HmOption *table)
{
  guint n = 0;

  while (table[n].key != NULL)
    n++;
  return n;
}

/* The row for @key, or -1. An exact key goes before a prefix. */
static int
find_row (const HmOption *table, const char *key)
{
  int prefix = -1;

  for (int i = 0; table[i].key != NULL; i++)
    {
      if (table[i].type != HM_OPTION_PREFIX && g_str_equal (table[i].key, key))
        return i;
      if (prefix < 0 && hm_option_is_prefix_of (&table[i], key))
        prefix = i;
    }
  return prefix;
}

static void
free_pair (gpointer data)
{
  HmOptionPair *pair = data;

  g_free (pair->key);
  g_free (pair->value);
  g_free (pair);
}

static void
add_pair (HmOptionValue *value, const char *key, const char *text)
{
  HmOptionPair *pair = g_new (HmOptionPair, 1);

  pair->key = g_strdup (key);
  pair->value = g_strdup (text);
  if (value->pairs == NULL)
    value->pairs = g_ptr_array_new_with_free_func (free_pair);
  g_ptr_array_add (value->pairs, pair);
  value->set = TRUE;
}

static gboolean
take_row (const HmOption *option, HmOptionValue *value, const char *key, const char *text, const char *where,
          GError **error)
{
  HmOptionValue parsed = { 0 };
  g_autofree char *reason = hm_option_value_parse (option, text, &parsed);

  if (reason != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: %s", where, key, reason);
      return FALSE;
    }
  if (option->type == HM_OPTION_PREFIX)
    {
      hm_option_value_clear (&parsed);
      add_pair (value, key, text);
      return TRUE;
    }
  *value = parsed;
  return TRUE;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that of several mistakes always the same one is told first. (transfer container) */
static GPtrArray *
sorted_keys (GHashTable *pairs)
{
  GPtrArray *keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  if (pairs == NULL)
    return keys;
  g_hash_table_iter_init (&iter, pairs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (keys, key);
  g_ptr_array_sort (keys, by_text);
  return keys;
}

static gboolean
take_pairs (HmOptions *options, GHashTable *pairs, GHashTable *origins, const char *everywhere,
            GError **error)
{
  g_autoptr (GPtrArray) keys = sorted_keys (pairs);

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      const char *origin = origins != NULL ? g_hash_table_lookup (origins, key) : NULL;
      const char *where = origin != NULL ? origin : everywhere;
      int row = find_row (options->table, key);

      if (row < 0)
        {
          set_unknown_key (options->table, key, where, error);
          return FALSE;
        }
      if (!take_row (&options->table[row], &options->values[row], key, g_hash_table_lookup (pairs, key),
                     where, error))
        return FALSE;
      options->values[row].set = TRUE;
      g_free (options->values[row].origin);
      options->values[row].origin = g_strdup (where);
    }
  return TRUE;
}

static gboolean
take_defaults (HmOptions *options, const char *where, GError **error)
{
  static char *no_elements[] = { NULL };

  for (guint i = 0; i < options->n_values; i++)
    {
      const HmOption *option = &options->table[i];
      HmOptionValue *value = &options->values[i];

      if (value->set)
        continue;
      if (option->required)
        {
          g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: it is required and not set", where,
                       option->key);
          return FALSE;
        }
      if (option->fallback != NULL && !take_row (option, value, option->key, option->fallback, where, error))
        return FALSE;
      if (option->type == HM_OPTION_LIST && value->list == NULL)
        value->list = g_strdupv (no_elements);
    }
  return TRUE;
}

HmOptions *
hm_options_new_from (const HmOption *table, GHashTable *pairs, GHashTable *origins, const char *where,
                     GError **error)
{
  static const HmOption empty[] = { { .key = NULL } };
  g_autoptr (HmOptions) options = g_new0 (HmOptions, 1);

  options->refs = 1;
  options->table = table != NULL ? table : empty;
  options->n_values = table_size (options->table);
  options->values = g_new0 (HmOptionValue, options->n_values);
  options->where = g_strdup (where);
  if (!take_pairs (options, pairs, origins, where, error) || !take_defaults (options, where, error))
    return NULL;
  return g_steal_pointer (&options);
}

HmOptions *
hm_options_new (const HmOption *table, GHashTable *pairs, const char *where, GError **error)
{
  return hm_options_new_from (table, pairs, NULL, where, error);
}

HmOptions *
hm_options_ref (HmOptions *options)
{
  g_atomic_int_inc (&options->refs);
  return options;
}

void
hm_options_unref (HmOptions *options)
{
  if (options == NULL || !g_atomic_int_dec_and_test (&options->refs))
    return;
  for (guint i = 0; i < options->n_values; i++)
    hm_option_value_clear (&options->values[i]);
  g_free (options->values);
  g_free (options->where);
  g_free (options);
}

/* -- asking -- */

#define KIND(type) (1u << (type))

/* The value of @key, which must be in the table with one of the types in @kinds. */
static const HmOptionValue *
value_of (const HmOptions *options, const char *key, guint kinds)
{
  for (guint i = 0; i < options->n_values; i++)
    if (g_str_equal (options->table[i].key, key))
      {
        if ((KIND (options->table[i].type) & kinds) == 0)
          g_error ("option \"%s\" is asked for by another type than its table's", key);
        return &options->values[i];
      }
  g_error ("option \"%s\" is asked for and not in its table", key);
}

void
hm_options_refuse (const HmOptions *options, const char *key, const char *reason, GError **error)
{
  const char *where = options->where;

  for (guint i = 0; i < options->n_values; i++)
    if (g_str_equal (options->table[i].key, key) && options->values[i].origin != NULL)
      where = options->values[i].origin;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: %s", where, key, reason);
}

gboolean
hm_options_refuse_error (const HmOptions *options, const char *key, GError *local, GError **error)
{
  hm_options_refuse (options, key, local->message, error);
  g_error_free (local);
  return FALSE;
}

const char *
hm_options_text (const HmOptions *options, const char *key)
{
  return value_of (options, key, KIND (HM_OPTION_TEXT) | KIND (HM_OPTION_CHOICE))->text;
}

gboolean
hm_options_bool (const HmOptions *options, const char *key)
{
  return value_of (options, key, KIND (HM_OPTION_BOOL))->number != 0;
}

gint64
hm_options_integer (const HmOptions *options, const char *key)
{
  return value_of (options, key, KIND (HM_OPTION_INTEGER) | KIND (HM_OPTION_DURATION) | KIND (HM_OPTION_SIZE))
      ->number;
}

const char *const *
hm_options_list (const HmOptions *options, const char *key)
{
  return (const char *const *)value_of (options, key, KIND (HM_OPTION_LIST))->list;
}

gboolean
hm_options_is_set (const HmOptions *options, const char *key)
{
  return value_of (options, key, G_MAXUINT)->set;
}

void
hm_options_prefixed (const HmOptions *options, const char *prefix, HmOptionsVisit visit, gpointer user)
{
  const GPtrArray *pairs = value_of (options, prefix, KIND (HM_OPTION_PREFIX))->pairs;

  for (guint i = 0; pairs != NULL && i < pairs->len; i++)
    {
      const HmOptionPair *pair = g_ptr_array_index (pairs, i);

      visit (pair->key + strlen (prefix), pair->value, user);
    }
}
