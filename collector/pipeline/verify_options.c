/* SPDX-License-Identifier: Apache-2.0 */
/* verify_options: which keys and policies the configuration names. On the main thread, at start and reload; what is in the key files is
 * verify_keys.c's. */
#include "collector/pipeline/verify_private.h"

#include <string.h>

#include "metering/error.h"

static const HmOption key_table[] = {
  { .key = "agent",
    .type = HM_OPTION_TEXT,
    .help = "The id of the agent whose key it is. The section's name is the key's id, which never means "
            "another key" },
  { .key = "file",
    .type = HM_OPTION_TEXT,
    .help = "File with this key: 64 hex digits, not readable by others. Default: the key of that name in "
            "[collector] keys-dir" },
  { .key = "from",
    .type = HM_OPTION_TEXT,
    .help = "Records that came to the bus before it are not this key's, such as 2026-12-01T00:00:00Z" },
  { .key = "until", .type = HM_OPTION_TEXT, .help = "Those that came at that moment or later are not" },
  { .key = "source",
    .type = HM_OPTION_TEXT,
    .help = "The only source whose records it signs. Default: every source" },
  { .key = NULL },
};

static const HmOption source_table[] = {
  { .key = "signatures",
    .type = HM_OPTION_CHOICE,
    .choices = HM_SIGNATURE_POLICIES,
    .help = "What records of the source of this name must have. Default: [collector] signatures" },
  { .key = NULL },
};

static const char *const policy_names[]
    = { [HM_SIGNATURES_OFF] = "off", [HM_SIGNATURES_ACCEPT] = "accept", [HM_SIGNATURES_REQUIRE] = "require" };

const char *
hm_signature_policy_name (HmSignaturePolicy policy)
{
  return policy_names[policy];
}

/* @name is one of them: the option's table has seen to it. */
static HmSignaturePolicy
parse_policy (const char *name)
{
  HmSignaturePolicy policy = HM_SIGNATURES_OFF;

  while (strcmp (policy_names[policy], name) != 0)
    policy++;
  return policy;
}

/* -- life -- */

static void
free_key_choice (gpointer data)
{
  HmKeyChoice *choice = data;

  hm_options_unref (choice->options);
  g_free (choice->where);
  g_free (choice->section);
  g_free (choice->id);
  g_free (choice);
}

static void
free_source_choice (gpointer data)
{
  HmSourceChoice *choice = data;

  hm_options_unref (choice->options);
  g_free (choice->section);
  g_free (choice->name);
  g_free (choice);
}

void
hm_verify_choices_free (HmVerifyChoices *choices)
{
  if (choices == NULL)
    return;
  g_ptr_array_unref (choices->keys);
  g_ptr_array_unref (choices->sources);
  hm_options_unref (choices->collector);
  g_free (choices->folder);
  g_free (choices);
}

/* -- reading -- */

static gboolean
refuse (const char *where, const char *key, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s: %s", where, key, reason);
  return FALSE;
}

static gboolean
take_time (const HmKeyChoice *choice, const char *key, HmTime *ret_time, GError **error)
{
  const char *text = hm_options_text (choice->options, key);
  g_autofree char *reason = NULL;

  if (text == NULL || hm_time_parse (text, -1, ret_time))
    return TRUE;
  reason = g_strdup_printf ("\"%s\" is not a time such as 2026-12-01T00:00:00Z", text);
  return refuse (choice->where, key, reason, error);
}

static gboolean
check_key (HmKeyChoice *choice, GError **error)
{
  const char *agent = hm_options_text (choice->options, "agent");

  if (agent == NULL && hm_options_text (choice->options, "file") != NULL)
    return refuse (choice->where, "agent", "missing", error);
  if (agent != NULL && *agent == '\0')
    return refuse (choice->where, "agent", "empty", error);
  if (!take_time (choice, "from", &choice->from, error)
      || !take_time (choice, "until", &choice->until, error))
    return FALSE;
  return choice->until == HM_TIME_UNKNOWN || choice->from < choice->until
         || refuse (choice->where, "until", "not after \"from\"", error);
}

static gboolean
take_key (HmVerifyChoices *choices, HmSettings *settings, const char *section, const char *where,
          GError **error)
{
  HmOptions *options = hm_settings_section (settings, section, key_table, error);
  HmKeyChoice *choice;

  if (options == NULL)
    return FALSE;
  choice = g_new0 (HmKeyChoice, 1);
  choice->options = options;
  choice->section = g_strdup (section);
  choice->where = g_strdup_printf ("%s, [%s]", where, section);
  choice->id = g_strdup (section + strlen (HM_KEY_SECTION));
  choice->from = choice->until = HM_TIME_UNKNOWN;
  g_ptr_array_add (choices->keys, choice);
  return check_key (choice, error);
}

static gboolean
take_source (HmVerifyChoices *choices, HmSettings *settings, const char *section, GError **error)
{
  HmOptions *options = hm_settings_section (settings, section, source_table, error);
  HmSourceChoice *choice;
  const char *policy;

  if (options == NULL)
    return FALSE;
  policy = hm_options_text (options, "signatures");
  choice = g_new0 (HmSourceChoice, 1);
  choice->options = options;
  choice->section = g_strdup (section);
  choice->name = g_strdup (section + strlen (HM_SOURCE_SECTION));
  choice->policy = policy != NULL ? parse_policy (policy) : choices->fallback;
  g_ptr_array_add (choices->sources, choice);
  return TRUE;
}

static gboolean
take_sections (HmVerifyChoices *choices, HmSettings *settings, const char *where, GError **error)
{
  g_auto (GStrv) keys = hm_settings_sections (settings, HM_KEY_SECTION);
  g_auto (GStrv) sources = hm_settings_sections (settings, HM_SOURCE_SECTION);

  for (guint i = 0; keys[i] != NULL; i++)
    if (!take_key (choices, settings, keys[i], where, error))
      return FALSE;
  for (guint i = 0; sources[i] != NULL; i++)
    if (!take_source (choices, settings, sources[i], error))
      return FALSE;
  return TRUE;
}

HmVerifyChoices *
hm_verify_choices_new (HmSettings *settings, HmOptions *collector, const char *where, GError **error)
{
  g_autoptr (HmVerifyChoices) choices = g_new0 (HmVerifyChoices, 1);

  choices->keys = g_ptr_array_new_with_free_func (free_key_choice);
  choices->sources = g_ptr_array_new_with_free_func (free_source_choice);
  choices->collector = hm_options_ref (collector);
  choices->folder = g_strdup (hm_options_text (collector, "keys-dir"));
  choices->fallback = parse_policy (hm_options_text (collector, "signatures"));
  if (choices->folder != NULL && !g_path_is_absolute (choices->folder))
    hm_options_refuse (collector, "keys-dir", "not an absolute path", error);
  else if (take_sections (choices, settings, where, error))
    return g_steal_pointer (&choices);
  return NULL;
}

/* -- printing -- */

static void
print_section (const char *section, const HmOptions *options, gboolean comments, GString *out)
{
  g_string_append_printf (out, "\n[%s]\n", section);
  hm_options_print (options, comments, out);
}

/* A section that nobody has yet, as comment. */
static void
print_example (const char *section, const HmOption *table, GString *out)
{
  g_autoptr (HmOptions) options = hm_options_new (table, NULL, section, NULL);

  g_string_append_printf (out, "\n#[%s]\n", section);
  hm_options_print (options, TRUE, out);
}

void
hm_verify_choices_print (const HmVerifyChoices *choices, gboolean comments, GString *out)
{
  for (guint i = 0; i < choices->keys->len; i++)
    {
      const HmKeyChoice *choice = g_ptr_array_index (choices->keys, i);

      print_section (choice->section, choice->options, comments, out);
    }
  for (guint i = 0; i < choices->sources->len; i++)
    {
      const HmSourceChoice *choice = g_ptr_array_index (choices->sources, i);

      print_section (choice->section, choice->options, comments, out);
    }
  if (comments && choices->keys->len == 0)
    print_example (HM_KEY_SECTION "ID", key_table, out);
  if (comments && choices->sources->len == 0)
    print_example (HM_SOURCE_SECTION "NAME", source_table, out);
}
