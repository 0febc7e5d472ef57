/* SPDX-License-Identifier: Apache-2.0 */
/* json_tree: a whole document in memory, for messages that are small and foreign (a bus's notifications) and
 * for files of our own. Numbers keep their text. An object with a doubled key is refused: readers differ in
 * which one they believe, so nobody can say what it means. */
#include "metering/json.h"

#include <string.h>

#include "metering/error.h"

typedef enum
{
  NODE_NULL,
  NODE_FALSE,
  NODE_TRUE,
  NODE_NUMBER,
  NODE_TEXT,
  NODE_OBJECT,
  NODE_ARRAY,
} NodeKind;

struct HmJson
{
  NodeKind kind;
  char *text;          /* of a number or text */
  GPtrArray *keys;     /* (element-type utf8) of an object */
  GPtrArray *children; /* (element-type HmJson) of an object or array */
};

void
hm_json_free (HmJson *json)
{
  if (json == NULL)
    return;
  g_free (json->text);
  g_clear_pointer (&json->keys, g_ptr_array_unref);
  g_clear_pointer (&json->children, g_ptr_array_unref);
  g_free (json);
}

/* -- building -- */

typedef struct
{
  HmJson *root;
  HmJson *open[HM_JSON_DEPTH_MAX];
  guint depth;
  const char *refusal;
} Builder;

static HmJson *
add (Builder *builder, NodeKind kind)
{
  HmJson *node = g_new0 (HmJson, 1);

  node->kind = kind;
  if (builder->depth > 0)
    g_ptr_array_add (builder->open[builder->depth - 1]->children, node);
  else
    builder->root = node;
  return node;
}

static gboolean
add_text (Builder *builder, NodeKind kind, const char *text, gsize length)
{
  add (builder, kind)->text = g_strndup (text, length);
  return TRUE;
}

static gboolean
open_node (Builder *builder, NodeKind kind)
{
  HmJson *node;

  if (builder->depth == HM_JSON_DEPTH_MAX)
    {
      builder->refusal = "nested too deep";
      return FALSE;
    }
  node = add (builder, kind);
  node->children = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_json_free);
  if (kind == NODE_OBJECT)
    node->keys = g_ptr_array_new_with_free_func (g_free);
  builder->open[builder->depth++] = node;
  return TRUE;
}

static gboolean
on_null (gpointer user)
{
  add (user, NODE_NULL);
  return TRUE;
}

static gboolean
on_boolean (gpointer user, gboolean value)
{
  add (user, value ? NODE_TRUE : NODE_FALSE);
  return TRUE;
}

static gboolean
on_number (gpointer user, const char *text, gsize length)
{
  return add_text (user, NODE_NUMBER, text, length);
}

static gboolean
on_string (gpointer user, const char *text, gsize length)
{
  return add_text (user, NODE_TEXT, text, length);
}

static gboolean
on_start_map (gpointer user)
{
  return open_node (user, NODE_OBJECT);
}

static gboolean
on_start_array (gpointer user)
{
  return open_node (user, NODE_ARRAY);
}

static gboolean
on_map_key (gpointer user, const char *text, gsize length)
{
  Builder *builder = user;

  g_ptr_array_add (builder->open[builder->depth - 1]->keys, g_strndup (text, length));
  return TRUE;
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
has_doubled_key (const GPtrArray *keys)
{
  g_autofree gpointer *sorted = g_memdup2 (keys->pdata, keys->len * sizeof (gpointer));

  if (keys->len < 2)
    return FALSE;
  qsort (sorted, keys->len, sizeof (gpointer), compare_keys);
  for (guint i = 1; i < keys->len; i++)
    if (strcmp (sorted[i - 1], sorted[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
on_end_array (gpointer user)
{
  Builder *builder = user;

  builder->depth--;
  return TRUE;
}

static gboolean
on_end_map (gpointer user)
{
  Builder *builder = user;

  builder->depth--;
  if (!has_doubled_key (builder->open[builder->depth]->keys))
    return TRUE;
  builder->refusal = "an object has a key twice";
  return FALSE;
}

HmJson *
hm_json_parse (const char *bytes, gsize length, GError **error)
{
  static const HmJsonHandler handler = {
    .null = on_null,
    .boolean = on_boolean,
    .number = on_number,
    .string = on_string,
    .start_map = on_start_map,
    .map_key = on_map_key,
    .end_map = on_end_map,
    .start_array = on_start_array,
    .end_array = on_end_array,
  };
  Builder builder = { NULL };
  g_autofree char *detail = NULL;

  if (hm_json_read (bytes, length, &handler, &builder, &detail) == HM_JSON_OK)
    return builder.root;
  hm_json_free (builder.root);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "bad JSON: %s",
               builder.refusal != NULL ? builder.refusal : detail);
  return NULL;
}

/* -- asking -- */

static const HmJson *
find_member (const HmJson *object, const char *key, gsize length)
{
  if (object == NULL || object->kind != NODE_OBJECT)
    return NULL;
  for (guint i = 0; i < object->keys->len; i++)
    {
      const char *candidate = g_ptr_array_index (object->keys, i);

      if (strncmp (candidate, key, length) == 0 && candidate[length] == '\0')
        return g_ptr_array_index (object->children, i);
    }
  return NULL;
}

const HmJson *
hm_json_at (const HmJson *json, const char *path)
{
  while (path != NULL && json != NULL)
    {
      gsize length = strcspn (path, ".");

      json = find_member (json, path, length);
      path = path[length] == '.' ? path + length + 1 : NULL;
    }
  return json;
}

static const char *
text_of (const HmJson *node, NodeKind kind)
{
  return node != NULL && node->kind == kind ? node->text : NULL;
}

const char *
hm_json_get_text (const HmJson *json, const char *path)
{
  return text_of (hm_json_at (json, path), NODE_TEXT);
}

const char *
hm_json_get_number (const HmJson *json, const char *path)
{
  return text_of (hm_json_at (json, path), NODE_NUMBER);
}

gboolean
hm_json_get_u64 (const HmJson *json, const char *path, guint64 *ret_value)
{
  const HmJson *node = hm_json_at (json, path);
  HmValue value;

  if (node == NULL || node->text == NULL
      || !hm_value_parse (node->text, strlen (node->text), HM_VALUE_U64, &value))
    return FALSE;
  *ret_value = value.u64;
  return TRUE;
}

gboolean
hm_json_is_object (const HmJson *json)
{
  return json != NULL && json->kind == NODE_OBJECT;
}

gboolean
hm_json_is_array (const HmJson *json)
{
  return json != NULL && json->kind == NODE_ARRAY;
}

guint
hm_json_size (const HmJson *json)
{
  return json != NULL && json->children != NULL ? json->children->len : 0;
}

const HmJson *
hm_json_element (const HmJson *json, guint i)
{
  return i < hm_json_size (json) ? g_ptr_array_index (json->children, i) : NULL;
}

const char *
hm_json_member (const HmJson *json, guint i)
{
  return hm_json_is_object (json) && i < json->keys->len ? g_ptr_array_index (json->keys, i) : NULL;
}
