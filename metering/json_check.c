/* SPDX-License-Identifier: Apache-2.0 */
/* json_check: text is judged here, before yajl sees it.
 *
 * yajl takes overlong UTF-8 and encoded surrogates as text, turns half an escaped surrogate pair into "?",
 * and is known to read beyond a text or to stop the program on some of them. GLib's check knows UTF-8; here
 * the plain case, ASCII without a backslash, costs a fraction of a nanosecond per byte. Pure, any thread. */
#include "metering/json_check.h"

#include <string.h>

/* How many of the first bytes are ASCII, in steps of eight. */
static gsize
ascii_prefix (const char *text, gsize length)
{
  gsize at = 0;

  for (guint64 word; at + sizeof (word) <= length; at += sizeof (word))
    {
      memcpy (&word, text + at, sizeof (word));
      if ((word & G_GUINT64_CONSTANT (0x8080808080808080)) != 0)
        break;
    }
  return at;
}

const char *
hm_json_find_bad_utf8 (const char *text, gsize length)
{
  gsize ascii = ascii_prefix (text, length);
  const char *bad;

  return g_utf8_validate_len (text + ascii, length - ascii, &bad) ? NULL : bad;
}

/* The code unit of a \uXXXX at @at, or -1 when there is none. */
static int
escaped_unit (const char *at, const char *end)
{
  int unit = 0;

  if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return -1;
  for (guint i = 2; i < 6; i++)
    {
      int digit = g_ascii_xdigit_value (at[i]);

      if (digit < 0)
        return -1;
      unit = unit << 4 | digit;
    }
  return unit;
}

static gboolean
is_low_surrogate (int unit)
{
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The length of the escape at @at; 0 for one that stands for NUL or for half a character. What is no escape
 * at all has the length 2 here: yajl will refuse it. */
static gsize
escape_length (const char *at, const char *end)
{
  int unit = escaped_unit (at, end);

  if (unit == 0 || is_low_surrogate (unit))
    return 0;
  if (unit >= 0xd800 && unit <= 0xdbff)
    return is_low_surrogate (escaped_unit (at + 6, end)) ? 12 : 0;
  return unit < 0 ? 2 : 6;
}

/* A backslash outside of a text is none of ours: yajl refuses it. */
const char *
hm_json_find_bad_escape (const char *bytes, gsize length)
{
  const char *end = bytes + length;
  const char *at = memchr (bytes, '\\', length);

  while (at != NULL)
    {
      gsize escape = escape_length (at, end);

      if (escape == 0)
        return at;
      at = escape < (gsize)(end - at) ? memchr (at + escape, '\\', (gsize)(end - at) - escape) : NULL;
    }
  return NULL;
}
