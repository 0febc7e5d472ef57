/* SPDX-License-Identifier: Apache-2.0 */
/* keys_options: which keys the configuration names. On the main thread, at start and reload; what is in the key files is keys.c's. */
#include "agent/outbox/keys.h"

#include <string.h>

#include "metering/error.h"

static const HmOption table[] = {
  { .key = "file",
    .type = HM_OPTION_TEXT,
    .help = "File with this key: 64 hex digits, not readable by others. The section's name is the key's id, "
            "which never means "
            "another key" },
  { .key = "from",
    .type = HM_OPTION_TEXT,
    .help = "When it begins to be used, such as 2026-12-01T00:00:00Z; records are signed with the key that "
            "began last. "
            "Default: before all others" },
  { .key = NULL },
};

const HmOption *
hm_key_table (void)
{
  return table;
}

static void
free_choice (gpointer data)
{
  HmKeyChoice *choice = data;

  hm_options_unref (choice->options);
  g_free (choice->where);
  g_free (choice->section);
  g_free (choice->id);
  g_free (choice->file);
  g_free (choice);
}

static HmKeyChoice *
add_choice (GPtrArray *choices, const char *id, const char *file)
{
  HmKeyChoice *choice = g_new0 (HmKeyChoice, 1);

  choice->id = g_strdup (id);
  choice->file = g_strdup (file);
  choice->from = HM_TIME_UNKNOWN;
  g_ptr_array_add (choices, choice);
  return choice;
}

static gboolean G_GNUC_PRINTF (5, 6)
    refuse (const char *where, const char *section, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s, [%s]: %s: %s", where, section, key, reason);
  return FALSE;
}

/* The short form for one key. */
static gboolean
take_agent (GPtrArray *choices, const HmOptions *agent, const char *where, GError **error)
{
  const char *id = hm_options_text (agent, "key-id"), *file = hm_options_text (agent, "key-file");

  if ((id == NULL) != (file == NULL))
    return refuse (where, "agent", id != NULL ? "key-id" : "key-file", error,
                   "key-id and key-file go together");
  if (id != NULL)
    add_choice (choices, id, file)->where = g_strdup_printf ("%s, [agent]: key-file", where);
  return TRUE;
}

static gboolean
take_section (GPtrArray *choices, HmSettings *settings, const char *section, const char *where,
              GError **error)
{
  HmOptions *options = hm_settings_section (settings, section, table, error);
  HmKeyChoice *choice;
  const char *from;

  if (options == NULL)
    return FALSE;
  choice = add_choice (choices, section + strlen (HM_KEY_SECTION), hm_options_text (options, "file"));
  choice->options = options;
  choice->section = g_strdup (section);
  choice->where = g_strdup_printf ("%s, [%s]: file", where, section);
  if (choice->file == NULL)
    return refuse (where, section, "file", error, "missing");
  from = hm_options_text (options, "from");
  return from == NULL || hm_time_parse (from, -1, &choice->from)
         || refuse (where, section, "from", error, "\"%s\" is not a time such as 2026-12-01T00:00:00Z", from);
}

static gint
compare_choices (gconstpointer a, gconstpointer b)
{
  const HmKeyChoice *x = *(const HmKeyChoice *const *)a, *y = *(const HmKeyChoice *const *)b;

  return (x->from > y->from) - (x->from < y->from);
}

static const char *
section_of (const HmKeyChoice *choice)
{
  return choice->section != NULL ? choice->section : "agent";
}

/* Two at once would leave open which one signs. */
static gboolean
check_pair (const HmKeyChoice *one, const HmKeyChoice *other, const char *where, GError **error)
{
  if (g_str_equal (one->id, other->id))
    return refuse (where, section_of (other), "key", error, "[%s] is the same key id", section_of (one));
  return one->from != other->from
         || refuse (where, section_of (other), "from", error, "key %s begins at the same time", one->id);
}

static gboolean
check_all (const GPtrArray *choices, const char *where, GError **error)
{
  if (choices->len > HM_KEYS_MAX)
    return refuse (where, section_of (g_ptr_array_index (choices, HM_KEYS_MAX)), "key", error,
                   "more than %d keys", HM_KEYS_MAX);
  for (guint i = 0; i < choices->len; i++)
    for (guint k = i + 1; k < choices->len; k++)
      if (!check_pair (g_ptr_array_index (choices, i), g_ptr_array_index (choices, k), where, error))
        return FALSE;
  return TRUE;
}

GPtrArray *
hm_key_choices_new (HmSettings *settings, const HmOptions *agent, const char *where, GError **error)
{
  g_autoptr (GPtrArray) choices = g_ptr_array_new_with_free_func (free_choice);
  g_auto (GStrv) sections = hm_settings_sections (settings, HM_KEY_SECTION);

  if (!take_agent (choices, agent, where, error))
    return NULL;
  for (guint i = 0; sections[i] != NULL; i++)
    if (!take_section (choices, settings, sections[i], where, error))
      return NULL;
  g_ptr_array_sort (choices, compare_choices);
  return check_all (choices, where, error) ? g_steal_pointer (&choices) : NULL;
}
