/* SPDX-License-Identifier: Apache-2.0 */
/* csv: see csv.h. Names come from guests and tenants, and a bill is opened by a person: what it says must not be worked out. */
#include "metering/csv.h"

#include <string.h>

/* "-12.5": harmless, and a number for whoever reads it. */
static gboolean
is_number (const char *text)
{
  const char *digits = text + (*text == '-' || *text == '+');
  gsize whole = strspn (digits, G_CSET_DIGITS), fraction = 0;

  if (digits[whole] == '.')
    fraction = strspn (digits + whole + 1, G_CSET_DIGITS) + 1;
  return whole > 0 && fraction != 1 && digits[whole + fraction] == '\0';
}

static gboolean
is_guarded (const char *text)
{
  return *text != '\0' && strchr ("=+-@\t\r'", *text) != NULL && !is_number (text);
}

void
hm_csv_append (GString *row, const char *text)
{
  const char *guard = is_guarded (text) ? "'" : "";

  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append_printf (row, "%s%s", guard, text);
      return;
    }
  g_string_append_printf (row, "\"%s", guard);
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        g_string_append_c (row, '"');
      g_string_append_c (row, *p);
    }
  g_string_append_c (row, '"');
}
