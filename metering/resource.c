/* SPDX-License-Identifier: Apache-2.0 */
/* resource: reference-counted facts about what is measured, and the washing of text that tenants wrote.
 *
 * The inventory makes resources on its own thread; snapshots, records and notices share them from any thread.
 */
#include "metering/resource.h"

#include <string.h>

#include "metering/record.h"
#include "metering/text_private.h"

#define REPLACEMENT 0xFFFD

static const char *const state_names[] = {
  [HM_STATE_UNKNOWN] = NULL,      [HM_STATE_RUNNING] = "running",
  [HM_STATE_PAUSED] = "paused",   [HM_STATE_SHUTTING_DOWN] = "shutting-down",
  [HM_STATE_SHUTOFF] = "shutoff", [HM_STATE_UNDEFINED] = "undefined",
  [HM_STATE_LOST] = "lost",
};

const char *
hm_state_name (HmState state)
{
  return (guint)state < G_N_ELEMENTS (state_names) ? state_names[state] : NULL;
}

gboolean
hm_state_parse (const char *name, HmState *ret_state)
{
  for (guint i = HM_STATE_UNKNOWN + 1; i < G_N_ELEMENTS (state_names); i++)
    if (g_strcmp0 (name, state_names[i]) == 0)
      {
        *ret_state = (HmState)i;
        return TRUE;
      }
  return FALSE;
}

HmAttr *
hm_attr_new (const char *key, const char *value)
{
  HmAttr *attr = g_new (HmAttr, 1);

  attr->key = g_strdup (key);
  attr->value = g_strdup (value);
  return attr;
}

void
hm_attr_free (HmAttr *attr)
{
  if (attr == NULL)
    return;
  g_free (attr->key);
  g_free (attr->value);
  g_free (attr);
}

static void
free_attr (gpointer data)
{
  hm_attr_free (data);
}

HmResource *
hm_resource_new (const char *id, const char *kind)
{
  HmResource *resource = g_new0 (HmResource, 1);

  resource->id = g_strdup (id);
  resource->kind = g_strdup (kind);
  resource->epoch_start = HM_TIME_UNKNOWN;
  resource->refs = 1;
  return resource;
}

static gpointer
copy_attr (gconstpointer data, gpointer unused)
{
  const HmAttr *attr = data;

  (void)unused;
  return hm_attr_new (attr->key, attr->value);
}

static GPtrArray *
copy_description (GPtrArray *description)
{
  GPtrArray *copy;

  if (description == NULL)
    return NULL;
  copy = g_ptr_array_copy (description, copy_attr, NULL);
  g_ptr_array_set_free_func (copy, free_attr);
  return copy;
}

HmResource *
hm_resource_copy (const HmResource *resource)
{
  HmResource *copy = hm_resource_new (resource->id, resource->kind);

  /* Member by member: others may count references of the original meanwhile. */
  copy->project = g_strdup (resource->project);
  copy->user = g_strdup (resource->user);
  copy->flavor = g_strdup (resource->flavor);
  copy->state = resource->state;
  copy->epoch = g_strdup (resource->epoch);
  copy->epoch_start = resource->epoch_start;
  copy->description = copy_description (resource->description);
  copy->has_root_gib = resource->has_root_gib;
  copy->has_ephemeral_gib = resource->has_ephemeral_gib;
  copy->root_gib = resource->root_gib;
  copy->ephemeral_gib = resource->ephemeral_gib;
  return copy;
}

HmResource *
hm_resource_ref (HmResource *resource)
{
  g_atomic_int_inc (&resource->refs);
  return resource;
}

void
hm_resource_unref (HmResource *resource)
{
  if (resource == NULL || !g_atomic_int_dec_and_test (&resource->refs))
    return;
  g_free (resource->id);
  g_free (resource->kind);
  g_free (resource->project);
  g_free (resource->user);
  g_free (resource->flavor);
  g_free (resource->epoch);
  g_clear_pointer (&resource->description, g_ptr_array_unref);
  g_free (resource);
}

/* Where @key is, or would be put, in the sorted description. */
static guint
description_index (const GPtrArray *description, const char *key, gboolean *ret_found)
{
  guint i = 0;
  int order = -1;

  while (i < description->len
         && (order = strcmp (((const HmAttr *)g_ptr_array_index (description, i))->key, key)) < 0)
    i++;
  *ret_found = i < description->len && order == 0;
  return i;
}

gboolean
hm_resource_describe (HmResource *resource, const char *key, const char *value)
{
  g_autofree char *clean_key = hm_text_clean (key, HM_NAME_MAX, NULL);
  g_autofree char *clean_value = hm_text_clean (value, HM_NAME_MAX, NULL);
  gboolean found;
  guint i;

  if (resource->description == NULL)
    resource->description = g_ptr_array_new_with_free_func (free_attr);

  i = description_index (resource->description, clean_key, &found);
  if (found)
    {
      HmAttr *attr = g_ptr_array_index (resource->description, i);

      g_free (attr->value);
      attr->value = g_steal_pointer (&clean_value);
      return TRUE;
    }
  if (resource->description->len >= HM_ATTRS_MAX)
    return FALSE;
  g_ptr_array_insert (resource->description, (gint)i, hm_attr_new (clean_key, clean_value));
  return TRUE;
}

const char *
hm_resource_description (const HmResource *resource, const char *key)
{
  gboolean found;
  guint i;

  if (resource->description == NULL)
    return NULL;
  i = description_index (resource->description, key, &found);
  return found ? ((const HmAttr *)g_ptr_array_index (resource->description, i))->value : NULL;
}

char *
hm_text_clean (const char *text, gsize max, gboolean *ret_changed)
{
  GString *clean = g_string_sized_new (MIN (max, 64));
  gboolean changed = FALSE;

  while (*text != '\0')
    {
      gunichar c = g_utf8_get_char_validated (text, -1);
      gboolean bad = (gint32)c < 0;
      char encoded[6];
      gsize length;

      text += bad ? 1 : g_unichar_to_utf8 (c, NULL);
      if (bad || hm_char_is_treacherous (c))
        {
          c = REPLACEMENT;
          changed = TRUE;
        }
      length = (gsize)g_unichar_to_utf8 (c, encoded);
      if (clean->len + length > max)
        {
          changed = TRUE;
          break;
        }
      g_string_append_len (clean, encoded, (gssize)length);
    }

  if (ret_changed != NULL)
    *ret_changed = changed;
  return g_string_free (clean, FALSE);
}

/* A tab or a line's end was replaced by then. */
static gboolean
says_nothing (const char *character)
{
  gunichar c = g_utf8_get_char (character);

  return c == REPLACEMENT || g_unichar_isspace (c);
}

char *
hm_text_words (const char *text, gsize max)
{
  g_autofree char *clean = NULL;
  const char *from, *to;

  if (text == NULL)
    return NULL;
  clean = hm_text_clean (text, max, NULL);
  for (from = clean; *from != '\0' && says_nothing (from);)
    from = g_utf8_find_next_char (from, NULL);
  for (to = from + strlen (from); to > from; to = g_utf8_prev_char (to))
    if (!says_nothing (g_utf8_prev_char (to)))
      break;
  return to > from ? g_strndup (from, (gsize)(to - from)) : NULL;
}
