/* SPDX-License-Identifier: Apache-2.0 */
/* owner_name: patterns of domains' names, such as "{project}_{name}", and how a name is taken apart by one.
 *
 * Checked when the configuration is read; matched on the inspector's watch. The names are tenants' text: one pass, no
 * searching back. */
#include "agent/inventory/owner_map_private.h"

#include <string.h>

#include "metering/error.h"

const char *const hm_owner_keys[HM_OWNER_TEXTS] = {
  [HM_OWNER_PROJECT] = "project", [HM_OWNER_PROJECT_NAME] = "project-name",
  [HM_OWNER_USER] = "user",       [HM_OWNER_USER_NAME] = "user-name",
  [HM_OWNER_NAME] = "name",       [HM_OWNER_FLAVOR] = "flavor",
};

/* A piece of a name's pattern: fixed text, then perhaps a part that varies. */
typedef struct
{
  char *literal;
  gboolean has_part;
  HmOwnerText text; /* HM_OWNER_TEXTS: nobody wants it */
} Piece;

gboolean
hm_owner_refuse (const HmOwnerCheck *check, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (check->error, HM_ERROR, HM_ERROR_CONFIG, "%s, [%s]: %s: %s", check->where, check->section,
               check->key, reason);
  return FALSE;
}

static void
free_piece (gpointer data)
{
  Piece *piece = data;

  g_free (piece->literal);
  g_free (piece);
}

static gboolean
part_of (const HmOwnerCheck *check, const char *key, HmOwnerText *ret_text)
{
  *ret_text = HM_OWNER_TEXTS;
  if (g_str_equal (key, "*"))
    return TRUE;
  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    if (g_str_equal (key, hm_owner_keys[i]))
      {
        *ret_text = (HmOwnerText)i;
        return TRUE;
      }
  return hm_owner_refuse (
      check, "{%s} is none of {project}, {project-name}, {user}, {user-name}, {name}, {flavor}, {*}", key);
}

gboolean
hm_owner_pattern_has (const GPtrArray *pieces, HmOwnerText text)
{
  for (guint i = 0; i < pieces->len; i++)
    {
      const Piece *piece = g_ptr_array_index (pieces, i);

      if (piece->has_part && piece->text == text && text != HM_OWNER_TEXTS)
        return TRUE;
    }
  return FALSE;
}

/* @open: where its "{" is. *@ret_end: behind its "}". */
static gboolean
take_part (const HmOwnerCheck *check, GPtrArray *pieces, const char *open, Piece *piece, const char **ret_end)
{
  const char *close = strchr (open, '}');
  g_autofree char *key = close != NULL ? g_strndup (open + 1, (gsize)(close - open - 1)) : NULL;

  if (key == NULL)
    return hm_owner_refuse (check, "a \"{\" without its \"}\"");
  if (pieces->len > 0 && *piece->literal == '\0')
    return hm_owner_refuse (check, "{%s} follows another part at once: where would that one end?", key);
  if (!part_of (check, key, &piece->text))
    return FALSE;
  if (hm_owner_pattern_has (pieces, piece->text))
    return hm_owner_refuse (check, "{%s} stands twice", key);
  piece->has_part = TRUE;
  *ret_end = close + 1;
  return TRUE;
}

GPtrArray *
hm_owner_pattern_parse (const HmOwnerCheck *check, const char *text)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func (free_piece);

  while (*text != '\0')
    {
      const char *open = strchr (text, '{');
      const char *end = text + strlen (text);
      Piece *piece = g_new0 (Piece, 1);
      gboolean sound;

      piece->literal = g_strndup (text, open != NULL ? (gsize)(open - text) : strlen (text));
      sound = open == NULL || take_part (check, pieces, open, piece, &end);
      g_ptr_array_add (pieces, piece);
      if (!sound)
        return NULL;
      text = end;
    }
  if (pieces->len > HM_OWNER_PARTS_MAX + 1)
    {
      hm_owner_refuse (check, "more than %d parts", HM_OWNER_PARTS_MAX);
      return NULL;
    }
  return g_steal_pointer (&pieces);
}

static const Piece *
piece_at (const HmOwnerRule *rule, guint i)
{
  return i < rule->name_pattern->len ? g_ptr_array_index (rule->name_pattern, i) : NULL;
}

/* How long the part is that @text begins with and that piece @i follows (nullable: nothing does); 0: not as it should be. */
static gsize
part_length (const HmOwnerRule *rule, const char *text, guint i)
{
  const Piece *next = piece_at (rule, i);
  gsize length = strlen (text), tail;
  const char *found;

  if (next == NULL)
    return length;
  if (next->has_part)
    {
      found = *text != '\0' ? strstr (text + 1, next->literal) : NULL;
      return found != NULL ? (gsize)(found - text) : 0;
    }
  tail = strlen (next->literal);
  return length > tail ? length - tail : 0;
}

/* Goes through @name; where @ret_texts is given, takes the parts. FALSE: the name is another. */
static gboolean
walk (const HmOwnerRule *rule, const char *name, char *ret_texts[HM_OWNER_TEXTS])
{
  for (guint i = 0; i < rule->name_pattern->len; i++)
    {
      const Piece *piece = piece_at (rule, i);
      gsize length;

      if (!g_str_has_prefix (name, piece->literal))
        return FALSE;
      name += strlen (piece->literal);
      if (!piece->has_part)
        continue;
      length = part_length (rule, name, i + 1);
      if (length == 0)
        return FALSE;
      if (ret_texts != NULL && piece->text != HM_OWNER_TEXTS)
        ret_texts[piece->text] = g_strndup (name, length);
      name += length;
    }
  return *name == '\0';
}

gboolean
hm_owner_rule_match_name (const HmOwnerRule *rule, const char *name, char *ret_texts[HM_OWNER_TEXTS])
{
  if (rule->name_pattern == NULL)
    return TRUE;
  if (strlen (name) > HM_OWNER_SOURCE_MAX || !walk (rule, name, NULL))
    return FALSE;
  return walk (rule, name, ret_texts);
}
