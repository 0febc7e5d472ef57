/* SPDX-License-Identifier: Apache-2.0 */
/* option_value: reads one value's text by its row of an option table, and says what is wrong with it.
 *
 * Called by option.c while a program or a plugin takes its configuration, at start or reload. Pure. */
#include "metering/option_private.h"

#include <string.h>

#include "metering/resource.h"

#define KEY_MAX    128
#define TEXT_SHOWN 64

/* -- one value -- */

/* @text as it may stand in a message: short, clean, and not at all when it is a secret. */
static char *
shown (const HmOption *option, const char *text)
{
  g_autofree char *clean = NULL;

  if (option->secret)
    return g_strdup ("the value");
  clean = hm_text_clean (text, TEXT_SHOWN, NULL);
  return g_strdup_printf ("\"%s\"", clean);
}

static char *
wrong (const HmOption *option, const char *text, const char *expectation)
{
  g_autofree char *value = shown (option, text);

  return g_strdup_printf ("%s is not %s", value, expectation);
}

static char *
bound_print (const HmOption *option, gint64 bound)
{
  return option->type == HM_OPTION_DURATION ? hm_duration_print (bound)
                                            : g_strdup_printf ("%" G_GINT64_FORMAT, bound);
}

static char *
check_range (const HmOption *option, const char *text, gint64 number)
{
  g_autofree char *value = NULL, *min = NULL, *max = NULL;

  if ((option->min == 0 && option->max == 0) || (number >= option->min && number <= option->max))
    return NULL;
  value = shown (option, text);
  min = bound_print (option, option->min);
  max = bound_print (option, option->max);
  return g_strdup_printf ("%s is out of range, %s to %s", value, min, max);
}

static char *
parse_bool (const HmOption *option, const char *text, HmOptionValue *value)
{
  if (!g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return wrong (option, text, "true or false");
  value->number = text[0] == 't';
  return NULL;
}

static char *
parse_integer (const HmOption *option, const char *text, HmOptionValue *value)
{
  if (text[0] == '+' || !g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value->number, NULL))
    return wrong (option, text, "a whole number");
  return check_range (option, text, value->number);
}

static char *
parse_duration (const HmOption *option, const char *text, HmOptionValue *value)
{
  if (!hm_duration_parse (text, &value->number))
    return wrong (option, text, "a duration like 500ms, 60s, 10m, 2h or 7d");
  return check_range (option, text, value->number);
}

static char *
parse_size (const HmOption *option, const char *text, HmOptionValue *value)
{
  guint64 bytes;

  if (!hm_size_parse (text, &bytes) || bytes > G_MAXINT64)
    return wrong (option, text, "a size like 512, 64MiB or 1GiB");
  value->number = (gint64)bytes;
  return check_range (option, text, value->number);
}

/* "a;b" and, as GKeyFile writes lists, "a;b;"; nothing is no element. */
static char *
parse_list (const HmOption *option, const char *text, HmOptionValue *value)
{
  guint n;

  value->list = g_strsplit (text, ";", -1);
  n = g_strv_length (value->list);
  if (n > 0 && *g_strstrip (value->list[n - 1]) == '\0')
    g_clear_pointer (&value->list[--n], g_free);
  for (guint i = 0; i < n; i++)
    if (*g_strstrip (value->list[i]) == '\0')
      return wrong (option, text, "a list without empty elements, separated by ;");
  return NULL;
}

static char *
parse_choice (const HmOption *option, const char *text, HmOptionValue *value)
{
  g_auto (GStrv) words = g_strsplit (option->choices != NULL ? option->choices : "", "|", -1);
  g_autofree char *expectation = NULL;

  (void)value;
  if (g_strv_contains ((const char *const *)words, text))
    return NULL;
  expectation = g_strdup_printf ("one of %s", option->choices);
  return wrong (option, text, expectation);
}

static char *
parse_text (const HmOption *option, const char *text, HmOptionValue *value)
{
  (void)value;
  return option->required && *text == '\0' ? g_strdup ("it must not be empty") : NULL;
}

static char *(*const parsers[]) (const HmOption *, const char *, HmOptionValue *) = {
  [HM_OPTION_TEXT] = parse_text,         [HM_OPTION_BOOL] = parse_bool,   [HM_OPTION_INTEGER] = parse_integer,
  [HM_OPTION_DURATION] = parse_duration, [HM_OPTION_SIZE] = parse_size,   [HM_OPTION_LIST] = parse_list,
  [HM_OPTION_CHOICE] = parse_choice,     [HM_OPTION_PREFIX] = parse_text,
};

char *
hm_option_value_parse (const HmOption *option, const char *text, HmOptionValue *ret_value)
{
  HmOptionValue value = { 0 };
  char *reason;

  if (!g_utf8_validate (text, -1, NULL))
    return g_strdup ("it is not UTF-8");
  reason = parsers[option->type](option, text, &value);
  if (reason != NULL)
    {
      hm_option_value_clear (&value);
      return reason;
    }
  value.text = g_strdup (text);
  *ret_value = value;
  return NULL;
}

void
hm_option_value_clear (HmOptionValue *value)
{
  g_clear_pointer (&value->origin, g_free);
  g_clear_pointer (&value->text, g_free);
  g_clear_pointer (&value->list, g_strfreev);
  g_clear_pointer (&value->pairs, g_ptr_array_unref);
}

gboolean
hm_option_is_prefix_of (const HmOption *option, const char *key)
{
  gsize length = strlen (option->key);

  return option->type == HM_OPTION_PREFIX && strncmp (key, option->key, length) == 0 && key[length] != '\0';
}

/* -- one table -- */

static gboolean
key_is_sound (const char *key)
{
  gsize length = strlen (key);

  return length >= 1 && length <= KEY_MAX && g_ascii_islower (key[0])
         && strspn (key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == length;
}

static char *
check_fallback (const HmOption *option)
{
  HmOptionValue value = { 0 };
  char *reason;

  if (option->fallback == NULL)
    return NULL;
  if (option->required || option->type == HM_OPTION_PREFIX)
    return g_strdup ("it has a default and could not use it");
  reason = hm_option_value_parse (option, option->fallback, &value);
  hm_option_value_clear (&value);
  return reason;
}

static char *
check_row (const HmOption *option)
{
  if (!key_is_sound (option->key))
    return g_strdup ("the key is not [a-z0-9_.-] that starts with a letter");
  if ((guint)option->type >= G_N_ELEMENTS (parsers))
    return g_strdup_printf ("there is no option type of number %d", (int)option->type);
  if (option->min > option->max)
    return g_strdup ("its range is empty");
  if ((option->type == HM_OPTION_CHOICE) != (option->choices != NULL))
    return g_strdup ("a choice has words to choose from, and nothing else has");
  if (option->help == NULL || !g_utf8_validate (option->help, -1, NULL) || *option->help == '\0')
    return g_strdup ("its help is empty or not UTF-8");
  return check_fallback (option);
}

char *
hm_option_table_check (const HmOption *table)
{
  for (const HmOption *option = table; option != NULL && option->key != NULL; option++)
    {
      g_autofree char *reason = check_row (option);

      for (const HmOption *earlier = table; reason == NULL && earlier < option; earlier++)
        if (g_str_equal (earlier->key, option->key))
          reason = g_strdup ("the key is there twice");
      if (reason != NULL)
        {
          g_autofree char *key = hm_text_clean (option->key, TEXT_SHOWN, NULL);

          return g_strdup_printf ("option %s: %s", key, reason);
        }
    }
  return NULL;
}
