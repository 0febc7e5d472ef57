/* SPDX-License-Identifier: Apache-2.0 */
/* json_tree: a whole document in memory, for messages that are small and foreign (a bus's notifications) and
 * for files of our own. Numbers keep their text. An object with a doubled key is refused: readers differ in
 * which one they believe, so nobody can say what it means. */
#include "metering/json.h"

#include <string.h>

#include "metering/arena.h"
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
  guint size;      /* of an object or array */
  const char *key; /* of an object's member */
  union
  {
    const char *text;       /* of a number or text */
    const HmJson *children; /* of an object or array, one behind the other */
  };
};

typedef struct
{
  HmJson root;    /* first: who holds the document holds this */
  HmArena *arena; /* of everything below it */
} Document;

void
hm_json_free (HmJson *json)
{
  Document *document = (Document *)json;

  if (document == NULL)
    return;
  hm_arena_free (document->arena);
  g_free (document);
}

/* -- building: what is in no closed object or array yet lies on a stack; whatever closes takes its children from the top -- */

typedef struct
{
  HmArena *arena;
  GArray *stack;                 /* (element-type HmJson) */
  guint open[HM_JSON_DEPTH_MAX]; /* where on the stack they lie */
  guint depth;
  const char *key; /* (nullable) of the member that comes next */
  const char *refusal;
} Builder;

static void
add (Builder *builder, NodeKind kind, const char *text)
{
  HmJson node = { .kind = kind, .key = builder->key, .text = text };

  builder->key = NULL;
  g_array_append_val (builder->stack, node);
}

static char *
keep (Builder *builder, const char *text, gsize length)
{
  char *kept = hm_arena_alloc (builder->arena, length + 1);

  return memcpy (kept, text, length);
}

static gboolean
open_node (Builder *builder, NodeKind kind)
{
  if (builder->depth == HM_JSON_DEPTH_MAX)
    {
      builder->refusal = "nested too deep";
      return FALSE;
    }
  builder->open[builder->depth++] = builder->stack->len;
  add (builder, kind, NULL);
  return TRUE;
}

static HmJson *
close_node (Builder *builder)
{
  guint at = builder->open[--builder->depth], size = builder->stack->len - at - 1;
  HmJson *node = &g_array_index (builder->stack, HmJson, at);
  HmJson *children = size > 0 ? hm_arena_alloc (builder->arena, size * sizeof *children) : NULL;

  if (size > 0)
    memcpy (children, node + 1, size * sizeof *children);
  node->size = size;
  node->children = children;
  g_array_set_size (builder->stack, at + 1);
  return node;
}

static gboolean
on_null (gpointer user)
{
  add (user, NODE_NULL, NULL);
  return TRUE;
}

static gboolean
on_boolean (gpointer user, gboolean value)
{
  add (user, value ? NODE_TRUE : NODE_FALSE, NULL);
  return TRUE;
}

static gboolean
on_number (gpointer user, const char *text, gsize length)
{
  add (user, NODE_NUMBER, keep (user, text, length));
  return TRUE;
}

static gboolean
on_string (gpointer user, const char *text, gsize length)
{
  add (user, NODE_TEXT, keep (user, text, length));
  return TRUE;
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

  builder->key = keep (builder, text, length);
  return TRUE;
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
has_doubled_key (const HmJson *object)
{
  g_autofree const char **keys = g_new (const char *, object->size);

  for (guint i = 0; i < object->size; i++)
    keys[i] = object->children[i].key;
  if (object->size > 1)
    qsort (keys, object->size, sizeof *keys, compare_keys);
  for (guint i = 1; i < object->size; i++)
    if (strcmp (keys[i - 1], keys[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
on_end_array (gpointer user)
{
  close_node (user);
  return TRUE;
}

static gboolean
on_end_map (gpointer user)
{
  Builder *builder = user;

  if (!has_doubled_key (close_node (builder)))
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
  g_autoptr (GArray) stack = g_array_sized_new (FALSE, FALSE, sizeof (HmJson), 64);
  Document *document = g_new0 (Document, 1);
  Builder builder = { .arena = hm_arena_new (), .stack = stack };
  g_autofree char *detail = NULL;

  document->arena = builder.arena;
  if (hm_json_read (bytes, length, &handler, &builder, &detail) == HM_JSON_OK)
    {
      document->root = g_array_index (stack, HmJson, 0);
      return &document->root;
    }
  hm_json_free (&document->root);
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
  for (guint i = 0; i < object->size; i++)
    {
      const HmJson *member = &object->children[i];

      if (strncmp (member->key, key, length) == 0 && member->key[length] == '\0')
        return member;
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

  if (node == NULL || (node->kind != NODE_NUMBER && node->kind != NODE_TEXT)
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
  return json != NULL ? json->size : 0;
}

const HmJson *
hm_json_element (const HmJson *json, guint i)
{
  return i < hm_json_size (json) ? &json->children[i] : NULL;
}

const char *
hm_json_member (const HmJson *json, guint i)
{
  return hm_json_is_object (json) && i < json->size ? json->children[i].key : NULL;
}
