/* SPDX-License-Identifier: Apache-2.0 */
/* option_print: options as the lines of a configuration file, for --print-config and --write-config.
 *
 * What is printed reads back as the same values, but for secrets, which are never printed. */
#include "metering/option_private.h"

#include <string.h>

#define MASK "******"

/* -- secrets -- */

/* Keys of a foreign library's configuration that hold a secret, whatever the library. */
static gboolean
key_is_secret (const char *key)
{
  static const char *const parts[] = { "password",   "passwd",  "secret", "token",
                                       "credential", "key.pem", "jaas",   "oauthbearer.config",
                                       NULL };
  g_autofree char *lower = g_ascii_strdown (key, -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (strstr (lower, parts[i]) != NULL)
      return TRUE;
  return g_str_has_suffix (lower, ".key");
}

/* "scheme://user:password@host" without the password. A '?' ends no authority: libpq takes it as part of the password. */
static char *
mask_authority (const char *text, const char *authority)
{
  const char *at = memrchr (authority, '@', strcspn (authority, "/"));
  const char *colon = at != NULL ? memchr (authority, ':', (gsize)(at - authority)) : NULL;

  if (colon == NULL)
    return g_strdup (text);
  return g_strdup_printf ("%.*s:" MASK "%s", (int)(colon - text), text, at);
}

/* "key=value" of a query: the key may be percent-encoded; one that cannot be read is taken for a secret. */
static char *
mask_parameter (const char *parameter)
{
  gsize length = strcspn (parameter, "=");
  g_autofree char *key = g_uri_unescape_segment (parameter, parameter + length, NULL);

  if (parameter[length] == '\0' || (key != NULL && !key_is_secret (key)))
    return g_strdup (parameter);
  return g_strdup_printf ("%.*s=" MASK, (int)length, parameter);
}

/* A URL without its passwords, wherever they stand; any other text as it is. */
static char *
mask_url (const char *text)
{
  const char *scheme = strstr (text, "://");
  g_autofree char *masked = NULL, *joined = NULL;
  g_auto (GStrv) parameters = NULL;
  char *query;

  if (scheme == NULL)
    return g_strdup (text);
  masked = mask_authority (text, scheme + strlen ("://"));
  query = strchr (masked, '?');
  if (query == NULL)
    return g_steal_pointer (&masked);
  parameters = g_strsplit (query + 1, "&", -1);
  for (guint i = 0; parameters[i] != NULL; i++)
    {
      g_autofree char *parameter = parameters[i];

      parameters[i] = mask_parameter (parameter);
    }
  *query = '\0';
  joined = g_strjoinv ("&", parameters);
  return g_strconcat (masked, "?", joined, NULL);
}

/* -- lines -- */

/* As GKeyFile and the variables of the settings read it back. */
static void
append_escaped (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case ' ':
        g_string_append (out, p == text || p[1] == '\0' ? "\\s" : " ");
        break;
      case '\t':
        g_string_append (out, "\\t");
        break;
      case '\n':
        g_string_append (out, "\\n");
        break;
      case '\r':
        g_string_append (out, "\\r");
        break;
      case '\\':
        g_string_append (out, "\\\\");
        break;
      case '$':
        g_string_append (out, "$$");
        break;
      default:
        g_string_append_c (out, *p);
      }
}

static void
append_line (GString *out, const char *key, const char *value, gboolean secret)
{
  g_autofree char *masked = secret ? g_strdup (MASK) : mask_url (value);

  g_string_append_printf (out, "%s=", key);
  append_escaped (out, masked);
  g_string_append_c (out, '\n');
}

/* Each line of @text behind a "# ". */
static void
append_comment (GString *out, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (out, "# %s\n", lines[i]);
}

static const char *const type_names[] = {
  [HM_OPTION_TEXT] = "text",
  [HM_OPTION_BOOL] = "true or false",
  [HM_OPTION_INTEGER] = "whole number",
  [HM_OPTION_DURATION] = "duration",
  [HM_OPTION_SIZE] = "size",
  [HM_OPTION_LIST] = "list, separated by ;",
  [HM_OPTION_CHOICE] = "one of ",
  [HM_OPTION_PREFIX] = "any key that begins so",
};

static void
append_range (GString *out, const HmOption *option)
{
  g_autofree char *min = NULL, *max = NULL;

  if (option->min == 0 && option->max == 0)
    return;
  if (option->type == HM_OPTION_DURATION)
    {
      min = hm_duration_print (option->min);
      max = hm_duration_print (option->max);
      g_string_append_printf (out, ", %s to %s", min, max);
    }
  else
    g_string_append_printf (out, ", %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, option->min, option->max);
}

static void
append_help (GString *out, const HmOption *option)
{
  append_comment (out, option->help);
  g_string_append_printf (out, "# (%s%s", type_names[option->type],
                          option->type == HM_OPTION_CHOICE ? option->choices : "");
  append_range (out, option);
  if (option->required)
    g_string_append (out, "; required");
  else if (option->fallback != NULL)
    g_string_append_printf (out, "; default %s", option->fallback);
  g_string_append (out, ")\n");
}

static void
append_pairs (GString *out, const GPtrArray *pairs, gboolean secret)
{
  for (guint i = 0; pairs != NULL && i < pairs->len; i++)
    {
      const HmOptionPair *pair = g_ptr_array_index (pairs, i);

      append_line (out, pair->key, pair->value, secret || key_is_secret (pair->key));
    }
}

static void
append_option (GString *out, const HmOption *option, const HmOptionValue *value, gboolean comments)
{
  if (comments)
    append_help (out, option);
  if (option->type == HM_OPTION_PREFIX)
    append_pairs (out, value->pairs, option->secret);
  else if (value->set || (!comments && value->text != NULL))
    append_line (out, option->key, value->text, option->secret);
  else if (comments)
    {
      g_string_append_c (out, '#');
      append_line (out, option->key, option->fallback != NULL ? option->fallback : "", FALSE);
    }
  if (comments)
    g_string_append_c (out, '\n');
}

void
hm_options_print (const HmOptions *options, gboolean comments, GString *out)
{
  for (guint i = 0; i < options->n_values; i++)
    append_option (out, &options->table[i], &options->values[i], comments);
}
