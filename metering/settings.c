/* SPDX-License-Identifier: Apache-2.0 */
/* settings: all layers of a program's configuration, laid over each other.
 *
 * Loaded by a program's main function at start and reload, on its thread; each part then takes its section by
 * its own table. Every value remembers the layer it came from, so that an error names the place to go to. */
#include "metering/settings.h"

#include <errno.h>
#include <string.h>

#include "metering/error.h"
#include "metering/files.h"
#include "metering/option_private.h"
#include "metering/resource.h"
#include "metering/settings_private.h"

#define COMMAND_LINE   "command line"
#define DROP_IN_SUFFIX ".conf"
#define TEXT_SHOWN     64

typedef struct
{
  char *name;
  char *origin;        /* the layer that brought it first */
  gboolean known;      /* somebody asked for it */
  GHashTable *values;  /* key → text */
  GHashTable *origins; /* key → "layer, [section]" */
} Section;

struct HmSettings
{
  GPtrArray *sections; /* (element-type Section), in the order in which they came */
  char *path;          /* (nullable) */
};

static void
free_section (gpointer data)
{
  Section *section = data;

  g_free (section->name);
  g_free (section->origin);
  g_hash_table_unref (section->values);
  g_hash_table_unref (section->origins);
  g_free (section);
}

void
hm_settings_free (HmSettings *settings)
{
  if (settings == NULL)
    return;
  g_ptr_array_unref (settings->sections);
  g_free (settings->path);
  g_free (settings);
}

static Section *
find_section (const HmSettings *settings, const char *name)
{
  for (guint i = 0; i < settings->sections->len; i++)
    {
      Section *section = g_ptr_array_index (settings->sections, i);

      if (g_str_equal (section->name, name))
        return section;
    }
  return NULL;
}

static Section *
ensure_section (HmSettings *settings, const char *name, const char *origin)
{
  Section *section = find_section (settings, name);

  if (section != NULL)
    return section;
  section = g_new0 (Section, 1);
  section->name = g_strdup (name);
  section->origin = g_strdup (origin);
  section->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  section->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_ptr_array_add (settings->sections, section);
  return section;
}

/* -- layers -- */

typedef struct
{
  HmSettings *settings;
  const char *origin;
  GError *error; /* the first one */
} Layer;

static void
take (const char *name, const char *key, const char *value, gpointer user)
{
  Layer *layer = user;
  Section *section;
  g_autofree char *reason = NULL;
  g_autofree char *expanded = NULL;

  if (layer->error != NULL)
    return;
  section = ensure_section (layer->settings, name, layer->origin);
  if (key == NULL)
    return;
  expanded = hm_settings_expand (value, &reason);
  if (expanded == NULL)
    {
      g_set_error (&layer->error, HM_ERROR, HM_ERROR_CONFIG, "%s, [%s]: %s: %s", layer->origin, name, key,
                   reason);
      return;
    }
  g_hash_table_replace (section->values, g_strdup (key), g_steal_pointer (&expanded));
  g_hash_table_replace (section->origins, g_strdup (key), g_strdup_printf ("%s, [%s]", layer->origin, name));
}

static gboolean
finish_layer (Layer *layer, GError **error)
{
  if (layer->error == NULL)
    return TRUE;
  g_propagate_error (error, layer->error);
  return FALSE;
}

static gboolean
add_file (HmSettings *settings, const char *path, gboolean must_exist, GError **error)
{
  Layer layer = { .settings = settings, .origin = path };

  return hm_settings_file_read (path, must_exist, take, &layer, error) && finish_layer (&layer, error);
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
is_drop_in (const char *name)
{
  return name[0] != '.' && g_str_has_suffix (name, DROP_IN_SUFFIX);
}

/* One that is not there has none; one that cannot be read to its end may hold what somebody counts on. */
static gboolean
add_drop_ins (HmSettings *settings, const char *path, GError **error)
{
  g_autofree char *folder = g_strconcat (path, ".d", NULL);
  HmFiles *files = hm_files_system ();
  g_auto (GStrv) names = files->list (files, folder);

  if (names == NULL && errno == ENOENT)
    return TRUE;
  if (names == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", folder, g_strerror (errno));
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *drop_in = g_build_filename (folder, names[i], NULL);

      if (is_drop_in (names[i]) && !add_file (settings, drop_in, TRUE, error))
        return FALSE;
    }
  return names != NULL;
}

static gboolean
add_override (HmSettings *settings, const char *text, GError **error)
{
  Layer layer = { .settings = settings, .origin = COMMAND_LINE };
  const char *equals = strchr (text, '=');
  const char *dot = strchr (text, '.');
  g_autofree char *section = NULL, *key = NULL;

  if (equals == NULL || dot == NULL || dot == text || dot + 1 >= equals || !g_utf8_validate (text, -1, NULL))
    {
      gsize before_value = equals != NULL ? (gsize)(equals - text) : TEXT_SHOWN;
      g_autofree char *clean = hm_text_clean (text, MIN (before_value, TEXT_SHOWN), NULL);

      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, COMMAND_LINE ": \"%s\" is not SECTION.KEY=VALUE", clean);
      return FALSE;
    }
  section = g_strndup (text, (gsize)(dot - text));
  key = g_strndup (dot + 1, (gsize)(equals - dot - 1));
  take (section, key, equals + 1, &layer);
  return finish_layer (&layer, error);
}

HmSettings *
hm_settings_load (const char *path, gboolean must_exist, const char *const *overrides, GError **error)
{
  g_autoptr (HmSettings) settings = g_new0 (HmSettings, 1);

  settings->sections = g_ptr_array_new_with_free_func (free_section);
  settings->path = g_strdup (path);
  if (path != NULL && !(add_file (settings, path, must_exist, error) && add_drop_ins (settings, path, error)))
    return NULL;
  for (guint i = 0; overrides != NULL && overrides[i] != NULL; i++)
    if (!add_override (settings, overrides[i], error))
      return NULL;
  return g_steal_pointer (&settings);
}

/* -- asking -- */

HmOptions *
hm_settings_section (HmSettings *settings, const char *section, const HmOption *table, GError **error)
{
  Section *found = find_section (settings, section);
  const char *file = settings->path != NULL ? settings->path : COMMAND_LINE;
  g_autofree char *where = g_strdup_printf ("%s, [%s]", found != NULL ? found->origin : file, section);

  if (found == NULL)
    return hm_options_new (table, NULL, where, error);
  found->known = TRUE;
  return hm_options_new_from (table, found->values, found->origins, where, error);
}

gboolean
hm_settings_has (const HmSettings *settings, const char *section)
{
  return find_section (settings, section) != NULL;
}

const char *
hm_settings_peek (const HmSettings *settings, const char *section, const char *key)
{
  const Section *found = find_section (settings, section);

  return found != NULL ? g_hash_table_lookup (found->values, key) : NULL;
}

GStrv
hm_settings_sections (const HmSettings *settings, const char *prefix)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < settings->sections->len; i++)
    {
      const Section *section = g_ptr_array_index (settings->sections, i);

      if (g_str_has_prefix (section->name, prefix))
        g_ptr_array_add (names, g_strdup (section->name));
    }
  g_ptr_array_add (names, NULL);
  return (GStrv)g_ptr_array_free (names, FALSE);
}

gboolean
hm_settings_finish (const HmSettings *settings, GError **error)
{
  for (guint i = 0; i < settings->sections->len; i++)
    {
      const Section *section = g_ptr_array_index (settings->sections, i);

      if (!section->known)
        {
          g_autofree char *clean = hm_text_clean (section->name, TEXT_SHOWN, NULL);

          g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s, [%s]: unknown section", section->origin, clean);
          return FALSE;
        }
    }
  return TRUE;
}

/* -- comparing -- */

/* The keys of both, sorted, each once. (nullable: no such section) (transfer container) */
static GPtrArray *
keys_of (const Section *a, const Section *b)
{
  const Section *both[] = { a, b };
  GPtrArray *keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      if (both[i] == NULL)
        continue;
      g_hash_table_iter_init (&iter, both[i]->values);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        if (i == 0 || a == NULL || !g_hash_table_contains (a->values, key))
          g_ptr_array_add (keys, key);
    }
  g_ptr_array_sort (keys, by_text);
  return keys;
}

static const char *
value_in (const Section *section, const char *key)
{
  return section != NULL ? g_hash_table_lookup (section->values, key) : NULL;
}

static void
compare_section (const Section *a, const Section *b, HmSettingsDiffer visit, gpointer user)
{
  g_autoptr (GPtrArray) keys = keys_of (a, b);
  const char *name = a != NULL ? a->name : b->name;

  if (a == NULL || b == NULL)
    visit (name, NULL, user);
  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);

      if (g_strcmp0 (value_in (a, key), value_in (b, key)) != 0)
        visit (name, key, user);
    }
}

void
hm_settings_compare (const HmSettings *before, const HmSettings *after, HmSettingsDiffer visit, gpointer user)
{
  for (guint i = 0; i < before->sections->len; i++)
    {
      const Section *section = g_ptr_array_index (before->sections, i);

      compare_section (section, find_section (after, section->name), visit, user);
    }
  for (guint i = 0; i < after->sections->len; i++)
    {
      const Section *section = g_ptr_array_index (after->sections, i);

      if (find_section (before, section->name) == NULL)
        compare_section (NULL, section, visit, user);
    }
}
