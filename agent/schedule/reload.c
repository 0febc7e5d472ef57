/* SPDX-License-Identifier: Apache-2.0 */
/* reload: see reload.h. */
#include "agent/schedule/reload.h"

#include <string.h>

#include "agent/schedule/folder_watch.h"
#include "metering/error.h"
#include "metering/log.h"

#define CHANGES_SHOWN 10

struct HmReload
{
  HmReloadParts parts;
  const HmSettings *started; /* the settings that all but polling and keys run by */
  HmPolling *current;
  char *file;                /* (nullable) the polling file, whether it is there or not */
  HmFolderWatch *watch;      /* (nullable) of its folder */
  char *last_mistake;        /* (nullable) of the file, as it was said */
  GHashTable *needs_restart; /* "[section] key" that differ from what runs, as they were said */
};

/* -- what changed -- */

static const HmPollingSource *
find_source (const HmPolling *polling, const char *name)
{
  for (guint i = 0; i < polling->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (polling->sources, i);

      if (g_str_equal (source->name, name))
        return source;
    }
  return NULL;
}

static gboolean
same_texts (char *const *a, char *const *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strv_equal ((const char *const *)a, (const char *const *)b);
}

/* (transfer full) (nullable) */
static char *
describe_source (const HmPollingSource *before, const HmPollingSource *after)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *was = hm_duration_print (before->interval_ns),
                  *is = hm_duration_print (after->interval_ns);

  if (before->interval_ns != after->interval_ns)
    g_string_append_printf (text, ", interval %s to %s", was, is);
  if (!same_texts (before->meters, after->meters))
    g_string_append (text, ", meters");
  if (!same_texts (before->resources, after->resources))
    g_string_append (text, ", resources");
  return text->len > 0 ? g_strdup_printf ("source %s: %s", after->name, text->str + strlen (", ")) : NULL;
}

static gboolean
same_order (const HmPolling *before, const HmPolling *after)
{
  for (guint i = 0; i < MIN (before->sources->len, after->sources->len); i++)
    {
      const HmPollingSource *a = g_ptr_array_index (before->sources, i),
                            *b = g_ptr_array_index (after->sources, i);

      if (!g_str_equal (a->name, b->name))
        return FALSE;
    }
  return TRUE;
}

/* (transfer full) (element-type utf8) */
static GPtrArray *
list_changes (const HmPolling *before, const HmPolling *after)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < after->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (after->sources, i);
      const HmPollingSource *old = find_source (before, source->name);
      g_autofree char *interval = hm_duration_print (source->interval_ns);
      char *change = old != NULL ? describe_source (old, source)
                                 : g_strdup_printf ("source %s: new, each %s", source->name, interval);

      if (change != NULL)
        g_ptr_array_add (changes, change);
    }
  for (guint i = 0; i < before->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (before->sources, i);

      if (find_source (after, source->name) == NULL)
        g_ptr_array_add (changes, g_strdup_printf ("source %s: gone", source->name));
    }
  if (changes->len == 0 && !same_order (before, after))
    g_ptr_array_add (changes, g_strdup ("the order of the sources"));
  return changes;
}

char *
hm_reload_describe (const HmPolling *before, const HmPolling *after)
{
  g_autoptr (GPtrArray) changes = list_changes (before, after);
  guint n = changes->len;

  if (n == 0)
    return NULL;
  if (n > CHANGES_SHOWN)
    {
      g_ptr_array_set_size (changes, CHANGES_SHOWN);
      g_ptr_array_add (changes, g_strdup_printf ("and %u more", n - CHANGES_SHOWN));
    }
  g_ptr_array_add (changes, NULL);
  return g_strjoinv ("; ", (char **)changes->pdata);
}

/* -- applying -- */

static gboolean
check (const HmReload *reload, const HmPolling *polling, GError **error)
{
  return reload->parts.check (reload->parts.apply_user, polling, error);
}

/* Takes the polling that differs; says what changed, or with @say_if_same that nothing did. */
static void
apply (HmReload *reload, HmPolling *polling, gboolean say_if_same)
{
  g_autofree char *changes = hm_reload_describe (reload->current, polling);
  g_autofree char *mistake = NULL;

  if (changes != NULL)
    reload->parts.apply (reload->parts.apply_user, polling);
  hm_polling_unref (reload->current);
  reload->current = hm_polling_ref (polling);
  mistake = g_steal_pointer (&reload->last_mistake);
  if (changes != NULL)
    hm_notice ("polling by %s from now on: %s", polling->where, changes);
  else if (mistake != NULL)
    hm_notice ("%s is good again: the polling is as it was", polling->where);
  else if (say_if_same)
    hm_notice ("read anew: the polling by %s is as it was", polling->where);
}

/* -- the file -- */

gboolean
hm_reload_polling (HmReload *reload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmPolling) polling = hm_polling_load (reload->file, &error);

  if (polling != NULL && check (reload, polling, &error))
    {
      apply (reload, polling, FALSE);
      return TRUE;
    }
  if (g_strcmp0 (reload->last_mistake, error->message) == 0)
    return FALSE;
  hm_warning ("%s: the polling in force stays", error->message);
  g_free (reload->last_mistake);
  reload->last_mistake = g_strdup (error->message);
  return FALSE;
}

static void
on_folder_change (gpointer user)
{
  HmReload *reload = user;

  /* The default file that is not there, and was not there: something else in its folder changed. */
  if (!g_str_equal (reload->current->where, reload->file) && !g_file_test (reload->file, G_FILE_TEST_EXISTS))
    return;
  hm_reload_polling (reload);
}

/* A folder that was not there, or was made anew, is found at the next SIGHUP. */
static void
watch_file (HmReload *reload, const HmAgentConfig *config)
{
  const char *path = hm_options_text (config->agent, "polling");
  g_autofree char *folder = *path != '\0' ? g_path_get_dirname (path) : NULL;

  g_clear_pointer (&reload->watch, hm_folder_watch_free);
  g_clear_pointer (&reload->file, g_free);
  if (folder == NULL)
    return;
  reload->file = g_strdup (path);
  reload->watch = hm_folder_watch_new (folder, reload->parts.context, on_folder_change, reload);
}

/* -- everything -- */

typedef struct
{
  HmReload *reload;
  GHashTable *differ; /* "[section] key" now */
} Differing;

/* What may change under way, and is said by apply() or the keys. */
static gboolean
is_taken (const char *section, const char *key)
{
  static const char *const keys[] = { "polling", "interval", "meters", "key-id", "key-file", NULL };

  if (g_str_has_prefix (section, HM_KEY_SECTION))
    return TRUE;
  return g_str_equal (section, "agent") && (key == NULL || g_strv_contains (keys, key));
}

static void
note_difference (const char *section, const char *key, gpointer user)
{
  Differing *differing = user;
  g_autofree char *name = NULL;

  if (is_taken (section, key))
    return;
  name = key != NULL ? g_strdup_printf ("[%s] %s", section, key) : g_strdup_printf ("[%s]", section);
  if (!g_hash_table_contains (differing->reload->needs_restart, name))
    hm_notice ("%s has changed: that needs a restart", name);
  g_hash_table_add (differing->differ, g_steal_pointer (&name));
}

/* Names each key that differs from what runs once, and again after it was back in between. */
static void
say_what_needs_a_restart (HmReload *reload, const HmSettings *settings)
{
  Differing differing = { reload, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };

  hm_settings_compare (reload->started, settings, note_difference, &differing);
  g_hash_table_unref (reload->needs_restart);
  reload->needs_restart = differing.differ;
}

/* The keys are the last that can be refused: nothing has changed until then, and nothing is refused afterwards. */
static gboolean
take_keys (const HmReload *reload, const HmAgentConfig *config, GError **error)
{
  return reload->parts.keys == NULL || hm_keys_replace (reload->parts.keys, config->keys, error);
}

gboolean
hm_reload_all (HmReload *reload)
{
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmAgentConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  if (!reload->parts.load (reload->parts.load_user, &settings, &config, &error)
      || !check (reload, config->polling, &error) || !take_keys (reload, config, &error))
    {
      hm_warning ("%s: the configuration in force stays", error->message);
      return FALSE;
    }
  apply (reload, config->polling, TRUE);
  say_what_needs_a_restart (reload, settings);
  watch_file (reload, config);
  /* What was written between the reading and the watch. */
  if (reload->watch != NULL)
    on_folder_change (reload);
  return TRUE;
}

/* -- life -- */

HmReload *
hm_reload_new (const HmReloadParts *parts, const HmSettings *settings, const HmAgentConfig *config)
{
  HmReload *reload = g_new0 (HmReload, 1);

  reload->parts = *parts;
  reload->started = settings;
  reload->current = hm_polling_ref (config->polling);
  reload->needs_restart = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  watch_file (reload, config);
  if (reload->watch != NULL)
    on_folder_change (reload);
  return reload;
}

void
hm_reload_free (HmReload *reload)
{
  if (reload == NULL)
    return;
  hm_folder_watch_free (reload->watch);
  g_hash_table_unref (reload->needs_restart);
  hm_polling_unref (reload->current);
  g_free (reload->last_mistake);
  g_free (reload->file);
  g_free (reload);
}
