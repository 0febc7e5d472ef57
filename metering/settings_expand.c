/* SPDX-License-Identifier: Apache-2.0 */
/* settings_expand: variables of the environment in a value, for settings. */
#include "metering/settings_private.h"

#include <string.h>

/* Appends the variable whose "{NAME}" begins at @text; returns what follows it, or NULL with a reason. */
static const char *
append_variable (GString *out, const char *text, char **ret_reason)
{
  gsize length = strspn (text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
  g_autofree char *name = g_strndup (text + 1, length);
  const char *value;

  if (length == 0 || text[1 + length] != '}')
    {
      *ret_reason = g_strdup ("a variable is ${NAME}");
      return NULL;
    }
  value = g_getenv (name);
  if (value == NULL)
    {
      *ret_reason = g_strdup_printf ("there is no environment variable %s", name);
      return NULL;
    }
  g_string_append (out, value);
  return text + length + 2;
}

char *
hm_settings_expand (const char *text, char **ret_reason)
{
  g_autoptr (GString) out = g_string_new (NULL);

  while (text != NULL && *text != '\0')
    {
      gsize plain = strcspn (text, "$");

      g_string_append_len (out, text, (gssize)plain);
      text += plain;
      if (text[0] == '\0')
        break;
      if (text[1] == '{')
        text = append_variable (out, text + 1, ret_reason);
      else if (text[1] == '$')
        {
          g_string_append_c (out, '$');
          text += 2;
        }
      else
        {
          *ret_reason = g_strdup ("a $ stands before {NAME}; $$ is a dollar");
          return NULL;
        }
    }
  return text != NULL ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}
