/* SPDX-License-Identifier: Apache-2.0 */
/* yaml: from libyaml's events to a tree; the one file that knows libyaml. Called on the thread that loads a configuration, at the
 * start, at a reload and by the command. Nothing in the file can make it use more than the limits in yaml.h: events are taken one
 * at a time, so a tree that is too deep or too large ends the reading there and then. */
#include "metering/yaml.h"

#include <string.h>

#include <yaml.h>

#include "metering/error.h"
#include "metering/resource.h"
#include "metering/settings_private.h"

#define TEXT_SHOWN 64
#define YAML_TAG   "tag:yaml.org,2002:"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (yaml_event_t, yaml_event_delete)

typedef struct
{
  yaml_parser_t parser;
  const char *where;
  const char *text;
  guint nodes;
  GError **error;
} Load;

/* -- errors -- */

static void G_GNUC_PRINTF (3, 4) refuse (const Load *load, gsize line, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (load->error, HM_ERROR, HM_ERROR_CONFIG, "%s:%" G_GSIZE_FORMAT ": %s", load->where, line,
               reason);
}

static gsize
line_of (const char *text, gsize offset)
{
  gsize line = 1;

  for (gsize i = 0; i < offset; i++)
    line += text[i] == '\n';
  return line;
}

/* What the parser could not read. Only a reader's error has no mark. */
static void
refuse_syntax (const Load *load)
{
  const yaml_parser_t *parser = &load->parser;
  const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
  const char *context = parser->context != NULL ? parser->context : "";
  gboolean is_alias = g_str_equal (context, "while scanning an alias");

  if (parser->error == YAML_READER_ERROR)
    refuse (load, line_of (load->text, parser->problem_offset), "%s", problem);
  else if (is_alias)
    refuse (load, parser->problem_mark.line + 1, "a text that begins with * stands in quotes, as \"*\"");
  else
    refuse (load, parser->problem_mark.line + 1, "%s%s%s", context, *context != '\0' ? ": " : "", problem);
}

/* -- nodes -- */

void
hm_yaml_free (HmYaml *node)
{
  if (node == NULL)
    return;
  g_clear_pointer (&node->items, g_ptr_array_unref);
  g_free (node->text);
  g_free (node);
}

static gboolean
next_event (Load *load, yaml_event_t *event)
{
  if (yaml_parser_parse (&load->parser, event))
    return TRUE;
  refuse_syntax (load);
  return FALSE;
}

static const char *
tag_of (const yaml_event_t *event)
{
  const yaml_char_t *tag = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
                           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                                                                      : event->data.mapping_start.tag;

  return (const char *)tag;
}

/* A tag that says what the node is anyway changes nothing; any other would. */
static gboolean
check_tag (const Load *load, const yaml_event_t *event)
{
  const char *tag = tag_of (event);
  const char *fitting = event->type == YAML_SCALAR_EVENT           ? "str"
                        : event->type == YAML_SEQUENCE_START_EVENT ? "seq"
                                                                   : "map";
  g_autofree char *clean = NULL;

  if (tag == NULL || g_str_equal (tag, "!")
      || (g_str_has_prefix (tag, YAML_TAG) && g_str_equal (tag + strlen (YAML_TAG), fitting)))
    return TRUE;
  clean = hm_text_clean (tag, TEXT_SHOWN, NULL);
  refuse (load, event->start_mark.line + 1,
          "%s is a tag, and there are none: a text that begins with ! stands in quotes, as \"!disk.*\"",
          clean);
  return FALSE;
}

/* As "\0" in quotes makes one: the text would end there unseen. */
static gboolean
has_nul (const yaml_event_t *event)
{
  return event->type == YAML_SCALAR_EVENT
         && memchr (event->data.scalar.value, 0, event->data.scalar.length) != NULL;
}

static gboolean
check_event (Load *load, const yaml_event_t *event, guint depth)
{
  gsize line = event->start_mark.line + 1;

  if (event->type == YAML_ALIAS_EVENT)
    refuse (load, line, "there are no aliases: a text that begins with * stands in quotes");
  else if (depth > HM_YAML_DEPTH_MAX)
    refuse (load, line, "more than %d levels", HM_YAML_DEPTH_MAX);
  else if (++load->nodes > HM_YAML_NODES_MAX)
    refuse (load, line, "more than %d values", HM_YAML_NODES_MAX);
  else if (has_nul (event))
    refuse (load, line, "a text with a NUL byte in it");
  else
    return check_tag (load, event);
  return FALSE;
}

/* What @event begins. (transfer full) */
static HmYaml *
new_node (const yaml_event_t *event)
{
  HmYaml *node = g_new0 (HmYaml, 1);

  node->line = (guint)event->start_mark.line + 1;
  node->column = (guint)event->start_mark.column + 1;
  if (event->type == YAML_SCALAR_EVENT)
    {
      node->kind = HM_YAML_TEXT;
      node->text = g_strndup ((const char *)event->data.scalar.value, event->data.scalar.length);
      node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      return node;
    }
  node->kind = event->type == YAML_SEQUENCE_START_EVENT ? HM_YAML_LIST : HM_YAML_MAP;
  node->items = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_yaml_free);
  return node;
}

static HmYaml *take_node (Load *load, const yaml_event_t *event, guint depth);

/* The next node inside of @parent, added to it. *@ret_node: NULL at @parent's end. (transfer none) */
static gboolean
take_item (Load *load, HmYaml *parent, guint depth, HmYaml **ret_node)
{
  g_auto (yaml_event_t) event = { 0 };
  HmYaml *node;

  if (!next_event (load, &event))
    return FALSE;
  if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
    {
      *ret_node = NULL;
      return TRUE;
    }
  node = take_node (load, &event, depth + 1);
  if (node == NULL)
    return FALSE;
  g_ptr_array_add (parent->items, node);
  *ret_node = node;
  return TRUE;
}

static gboolean
take_list (Load *load, HmYaml *list, guint depth)
{
  HmYaml *item = NULL;

  do
    if (!take_item (load, list, depth, &item))
      return FALSE;
  while (item != NULL);
  return TRUE;
}

/* @seen: text of each key so far → its node. */
static gboolean
check_key (const Load *load, GHashTable *seen, HmYaml *key)
{
  g_autofree char *clean = NULL;
  const HmYaml *earlier;

  if (key->kind != HM_YAML_TEXT)
    {
      refuse (load, key->line, "a key is a text");
      return FALSE;
    }
  earlier = g_hash_table_lookup (seen, key->text);
  if (earlier == NULL)
    return g_hash_table_insert (seen, key->text, key);
  clean = hm_text_clean (key->text, TEXT_SHOWN, NULL);
  refuse (load, key->line, "key %s is there already, in line %u", clean, earlier->line);
  return FALSE;
}

static gboolean
take_map (Load *load, HmYaml *map, guint depth)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  HmYaml *key, *value;

  for (;;)
    {
      if (!take_item (load, map, depth, &key))
        return FALSE;
      if (key == NULL)
        return TRUE;
      if (!check_key (load, seen, key) || !take_item (load, map, depth, &value))
        return FALSE;
    }
}

/* The node that @event begins, with everything in it. (transfer full) */
static HmYaml *
take_node (Load *load, const yaml_event_t *event, guint depth)
{
  g_autoptr (HmYaml) node = NULL;

  if (!check_event (load, event, depth))
    return NULL;
  node = new_node (event);
  if (node->kind == HM_YAML_LIST && !take_list (load, node, depth))
    return NULL;
  if (node->kind == HM_YAML_MAP && !take_map (load, node, depth))
    return NULL;
  return g_steal_pointer (&node);
}

/* -- the document -- */

/* (transfer full) */
static HmYaml *
new_empty (void)
{
  HmYaml *node = g_new0 (HmYaml, 1);

  *node = (HmYaml){ .kind = HM_YAML_TEXT, .line = 1, .column = 1, .text = g_strdup (""), .is_plain = TRUE };
  return node;
}

/* Passes over an event of the stream; FALSE with an error. *@ret_type: what it was. */
static gboolean
skip_event (Load *load, yaml_event_type_t *ret_type)
{
  g_auto (yaml_event_t) event = { 0 };

  if (!next_event (load, &event))
    return FALSE;
  *ret_type = event.type;
  return TRUE;
}

/* After the first document: its end, and nothing more. */
static gboolean
take_end (Load *load)
{
  yaml_event_type_t type;

  if (!skip_event (load, &type) || !skip_event (load, &type))
    return FALSE;
  if (type == YAML_STREAM_END_EVENT)
    return TRUE;
  refuse (load, load->parser.mark.line + 1, "a second document begins before this line; there is one");
  return FALSE;
}

/* (transfer full) */
static HmYaml *
take_document (Load *load)
{
  g_auto (yaml_event_t) event = { 0 };
  g_autoptr (HmYaml) root = NULL;
  yaml_event_type_t type;

  if (!skip_event (load, &type) || !skip_event (load, &type))
    return NULL;
  if (type == YAML_STREAM_END_EVENT)
    return new_empty ();
  if (!next_event (load, &event))
    return NULL;
  root = take_node (load, &event, 1);
  return root != NULL && take_end (load) ? g_steal_pointer (&root) : NULL;
}

HmYaml *
hm_yaml_parse (const char *text, gsize length, const char *where, GError **error)
{
  Load load = { .where = where, .text = text, .error = error };
  const char *end;
  HmYaml *root;

  if (!g_utf8_validate_len (text, length, &end))
    {
      refuse (&load, line_of (text, (gsize)(end - text)), "it is not UTF-8");
      return NULL;
    }
  /* libyaml would count it as a column. */
  if (length >= strlen (BYTE_ORDER_MARK) && memcmp (text, BYTE_ORDER_MARK, strlen (BYTE_ORDER_MARK)) == 0)
    {
      load.text += strlen (BYTE_ORDER_MARK);
      length -= strlen (BYTE_ORDER_MARK);
    }
  if (!yaml_parser_initialize (&load.parser))
    g_error ("out of memory");
  yaml_parser_set_encoding (&load.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string (&load.parser, (const unsigned char *)load.text, length);
  root = take_document (&load);
  yaml_parser_delete (&load.parser);
  return root;
}

HmYaml *
hm_yaml_load (const char *path, GError **error)
{
  g_autofree char *text = hm_settings_file_text (path, TRUE, error);

  return text != NULL ? hm_yaml_parse (text, strlen (text), path, error) : NULL;
}

/* -- asking -- */

const HmYaml *
hm_yaml_get (const HmYaml *map, const char *key)
{
  for (guint i = 0; i + 1 < map->items->len; i += 2)
    if (g_str_equal (((const HmYaml *)g_ptr_array_index (map->items, i))->text, key))
      return g_ptr_array_index (map->items, i + 1);
  return NULL;
}

gboolean
hm_yaml_is_null (const HmYaml *node)
{
  static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };

  return node->kind == HM_YAML_TEXT && node->is_plain && g_strv_contains (nulls, node->text);
}
