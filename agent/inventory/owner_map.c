/* SPDX-License-Identifier: Apache-2.0 */
/* owner_map: checks the mappings of the configuration.
 *
 * The configuration's reader calls it once, on the main thread. What it leaves is read by the inspector's watch. */
#include "agent/inventory/owner_map_private.h"

#include <string.h>

#define PATH                                                                                                 \
  "Path of elements below the mapping's element, \"owner/project\", or of an attribute, "                    \
  "\"owner/project@uuid\"; "

static const HmOption table[] = {
  { .key = "namespace",
    .type = HM_OPTION_TEXT,
    .help = "Namespace of the element in a domain's <metadata> from which this mapping reads; a domain "
            "without it is not "
            "this mapping's" },
  { .key = "element",
    .type = HM_OPTION_TEXT,
    .help = "Local name of that element; default: the first of the namespace" },
  { .key = "domain-name",
    .type = HM_OPTION_TEXT,
    .help = "What the domain's name is made of, such as {project}_{name}: the keys below in braces, {*} for "
            "a part that "
            "nobody wants; a domain with another name is not this mapping's" },
  { .key = "project", .type = HM_OPTION_TEXT, .help = PATH "one that begins with / starts below <domain>" },
  { .key = "project-name", .type = HM_OPTION_TEXT, .help = PATH "the project's name for people" },
  { .key = "user", .type = HM_OPTION_TEXT, .help = PATH "the user's id" },
  { .key = "user-name", .type = HM_OPTION_TEXT, .help = PATH "the user's name for people" },
  { .key = "name", .type = HM_OPTION_TEXT, .help = PATH "the instance's name for people" },
  { .key = "flavor", .type = HM_OPTION_TEXT, .help = PATH "the flavor's name" },
  { .key = NULL },
};

const HmOption *
hm_owner_map_table (void)
{
  return table;
}

/* -- life -- */

static void
free_rule (gpointer data)
{
  HmOwnerRule *rule = data;

  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    {
      g_strfreev (rule->paths[i].steps);
      g_free (rule->paths[i].attribute);
    }
  g_clear_pointer (&rule->name_pattern, g_ptr_array_unref);
  hm_options_unref (rule->options);
  g_free (rule->section);
  g_free (rule);
}

HmOwnerMap *
hm_owner_map_new (const char *project, const char *user)
{
  HmOwnerMap *map = g_new0 (HmOwnerMap, 1);

  map->default_project = g_strdup (project);
  map->default_user = g_strdup (user);
  map->rules = g_ptr_array_new_with_free_func (free_rule);
  map->refs = 1;
  return map;
}

HmOwnerMap *
hm_owner_map_ref (HmOwnerMap *map)
{
  g_atomic_int_inc (&map->refs);
  return map;
}

void
hm_owner_map_unref (HmOwnerMap *map)
{
  if (map == NULL || !g_atomic_int_dec_and_test (&map->refs))
    return;
  g_ptr_array_unref (map->rules);
  g_free (map->default_project);
  g_free (map->default_user);
  g_free (map);
}

/* -- checks -- */

/* A name as XML has them, without the colon of a prefix; other alphabets than Latin are not needed. */
static gboolean
is_step (const char *step)
{
  static const char *const later = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-.";

  return (g_ascii_isalpha (step[0]) || step[0] == '_') && strspn (step, later) == strlen (step)
         && strlen (step) <= HM_OWNER_STEP_MAX;
}

static gboolean
take_steps (const HmOwnerCheck *check, HmOwnerPath *path, const char *text)
{
  guint n;

  path->steps = g_strsplit (text, "/", -1);
  n = g_strv_length (path->steps);
  if (n > HM_OWNER_STEPS_MAX)
    return hm_owner_refuse (check, "more than %d steps", HM_OWNER_STEPS_MAX);
  for (guint i = 0; i < n; i++)
    if (!is_step (path->steps[i]))
      return hm_owner_refuse (
          check, "\"%s\" is not the name of an element (no prefix: the namespace has a key of its own)",
          path->steps[i]);
  return TRUE;
}

static gboolean
take_path (const HmOwnerCheck *check, HmOwnerPath *path, const char *text)
{
  const char *at = strchr (text, '@');
  g_autofree char *elements = at != NULL ? g_strndup (text, (gsize)(at - text)) : g_strdup (text);
  const char *start = elements;

  path->from_domain = *start == '/';
  start += path->from_domain;
  if (at != NULL && !is_step (at + 1))
    return hm_owner_refuse (check, "\"%s\" is not the name of an attribute", at + 1);
  if (at == NULL && *start == '\0')
    return hm_owner_refuse (check, "not a path such as \"owner/project@uuid\"");
  path->attribute = at != NULL ? g_strdup (at + 1) : NULL;
  return take_steps (check, path, start);
}

/* -- a section -- */

static gboolean
take_texts (HmOwnerCheck *check, HmOwnerRule *rule)
{
  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    {
      const char *text = hm_options_text (rule->options, hm_owner_keys[i]);

      check->key = hm_owner_keys[i];
      if (text == NULL)
        continue;
      if (!take_path (check, &rule->paths[i], text))
        return FALSE;
      if (!rule->paths[i].from_domain && rule->namespace == NULL)
        return hm_owner_refuse (check, "without a namespace only paths that begin with / lead anywhere");
      if (rule->name_pattern != NULL && hm_owner_pattern_has (rule->name_pattern, (HmOwnerText)i))
        return hm_owner_refuse (check, "the domain's name gives it already");
    }
  return TRUE;
}

static gboolean
check_rule (HmOwnerCheck *check, const HmOwnerRule *rule)
{
  check->key = "namespace";
  if (rule->namespace == NULL && rule->name_pattern == NULL)
    return hm_owner_refuse (check, "neither it nor domain-name is set, so the mapping would be any domain's");
  check->key = "element";
  if (rule->element != NULL && rule->namespace == NULL)
    return hm_owner_refuse (check, "needs a namespace");
  if (rule->element != NULL && !is_step (rule->element))
    return hm_owner_refuse (check, "\"%s\" is not the name of an element", rule->element);
  check->key = "project";
  return rule->paths[HM_OWNER_PROJECT].steps != NULL
         || (rule->name_pattern != NULL && hm_owner_pattern_has (rule->name_pattern, HM_OWNER_PROJECT))
         || hm_owner_refuse (check, "neither set nor a part of domain-name");
}

static gboolean
take_rule (HmOwnerCheck *check, HmOwnerRule *rule)
{
  const char *pattern = hm_options_text (rule->options, "domain-name");

  rule->namespace = hm_options_text (rule->options, "namespace");
  rule->element = hm_options_text (rule->options, "element");
  check->key = "domain-name";
  if (pattern != NULL)
    {
      rule->name_pattern = hm_owner_pattern_parse (check, pattern);
      if (rule->name_pattern == NULL)
        return FALSE;
    }
  return take_texts (check, rule) && check_rule (check, rule);
}

static gboolean
take_section (HmOwnerMap *map, HmSettings *settings, HmOwnerCheck *check)
{
  HmOwnerRule *rule;
  HmOptions *options = hm_settings_section (settings, check->section, table, check->error);

  if (options == NULL)
    return FALSE;
  rule = g_new0 (HmOwnerRule, 1);
  rule->section = g_strdup (check->section);
  rule->options = options;
  g_ptr_array_add (map->rules, rule);
  check->key = "section";
  if (map->rules->len > HM_OWNER_RULES_MAX)
    return hm_owner_refuse (check, "more than %d mappings", HM_OWNER_RULES_MAX);
  return take_rule (check, rule);
}

gboolean
hm_owner_map_take (HmOwnerMap *map, HmSettings *settings, const char *where, GError **error)
{
  g_auto (GStrv) sections = hm_settings_sections (settings, HM_OWNER_SECTION);

  for (guint i = 0; sections[i] != NULL; i++)
    {
      HmOwnerCheck check = { .where = where, .section = sections[i], .error = error };

      if (!take_section (map, settings, &check))
        return FALSE;
    }
  return TRUE;
}
