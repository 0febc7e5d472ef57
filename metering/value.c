/* SPDX-License-Identifier: Apache-2.0 */
/* value: numbers to decimal text and back, exactly.
 *
 * The codec calls it for every value on the wire, stores and commands for every quantity. No function here
 * looks at the locale, allocates on the way of an integer, or rounds. */
#include "metering/value.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define INT128_MAX ((HmInt128)(~(HmUint128)0 >> 1))

/* The largest power of ten in 64 bits, and how many digits it stands for. */
#define CHUNK        G_GUINT64_CONSTANT (10000000000000000000)
#define CHUNK_DIGITS 19

/* Writes the digits of @number before @end, at least @width of them; returns where they begin. */
static char *
digits_before (char *end, guint64 number, guint width)
{
  char *start = end;

  while (number != 0 || (guint)(end - start) < width)
    {
      *--start = (char)('0' + number % 10);
      number /= 10;
    }
  return start;
}

static gsize
print_u64 (guint64 number, gboolean negative, char *buffer)
{
  char digits[24];
  char *end = digits + sizeof (digits);
  char *start = digits_before (end, number, 1);
  gsize length;

  if (negative)
    *--start = '-';
  length = (gsize)(end - start);
  memcpy (buffer, start, length);
  buffer[length] = '\0';
  return length;
}

/* Fifteen digits are the shortest form of every normal double that fifteen can express at all; only below
 * DBL_MIN, where precision fades out, fewer may do. A whole number keeps a ".0" so that a reader who has no
 * table still sees a double. */
static gsize
print_double (double number, char *buffer)
{
  int digits = fabs (number) < DBL_MIN ? 1 : 15;

  buffer[0] = '\0';
  if (!isfinite (number))
    return 0;
  do
    {
      char format[8];

      g_snprintf (format, sizeof (format), "%%.%dg", digits);
      g_ascii_formatd (buffer, HM_NUMBER_MAX, format, number);
    }
  while (g_ascii_strtod (buffer, NULL) != number && ++digits <= 17);
  if (strpbrk (buffer, ".e") == NULL)
    strcat (buffer, ".0");
  return strlen (buffer);
}

gsize
hm_value_print (HmValue value, char *buffer)
{
  switch (value.type)
    {
    case HM_VALUE_U64:
      return print_u64 (value.u64, FALSE, buffer);
    case HM_VALUE_I64:
      return print_u64 (value.i64 < 0 ? 0 - (guint64)value.i64 : (guint64)value.i64, value.i64 < 0, buffer);
    case HM_VALUE_DOUBLE:
      return print_double (value.f64, buffer);
    }
  buffer[0] = '\0';
  return 0;
}

/* Digits only, at least one; FALSE as well when they do not fit. */
static gboolean
parse_u64 (const char *text, gsize length, guint64 *ret_number)
{
  guint64 number = 0;

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isdigit (text[i]) || __builtin_mul_overflow (number, 10, &number)
        || __builtin_add_overflow (number, (guint64)(text[i] - '0'), &number))
      return FALSE;
  if (length == 0)
    return FALSE;
  *ret_number = number;
  return TRUE;
}

static gboolean
parse_i64 (const char *text, gsize length, gint64 *ret_number)
{
  gboolean negative = length > 0 && text[0] == '-';
  guint64 number;

  if (!parse_u64 (text + negative, length - negative, &number) || number > (guint64)G_MAXINT64 + negative)
    return FALSE;
  *ret_number = (gint64)(negative ? 0 - number : number);
  return TRUE;
}

static gsize
count_digits (const char *text, gsize length)
{
  gsize n = 0;

  while (n < length && g_ascii_isdigit (text[n]))
    n++;
  return n;
}

/* The number grammar of RFC 8259, which strtod() alone is far from checking. */
static gboolean
is_json_number (const char *text, gsize length)
{
  gsize at = length > 0 && text[0] == '-', n = count_digits (text + at, length - at);

  if (n == 0 || (n > 1 && text[at] == '0'))
    return FALSE;
  at += n;
  if (at < length && text[at] == '.')
    {
      n = count_digits (text + at + 1, length - at - 1);
      if (n == 0)
        return FALSE;
      at += n + 1;
    }
  if (at < length && (text[at] == 'e' || text[at] == 'E'))
    {
      at++;
      at += at < length && (text[at] == '+' || text[at] == '-');
      n = count_digits (text + at, length - at);
      if (n == 0)
        return FALSE;
      at += n;
    }
  return at == length;
}

static gboolean
parse_double (const char *text, gsize length, double *ret_number)
{
  g_autofree char *copy = NULL;
  double number;

  if (!is_json_number (text, length))
    return FALSE;
  copy = g_strndup (text, length);
  number = g_ascii_strtod (copy, NULL);
  if (!isfinite (number))
    return FALSE;
  *ret_number = number;
  return TRUE;
}

gboolean
hm_value_parse (const char *text, gsize length, HmValueType type, HmValue *ret_value)
{
  HmValue value = { .type = type };
  gboolean parsed = FALSE;

  switch (type)
    {
    case HM_VALUE_U64:
      parsed = parse_u64 (text, length, &value.u64);
      break;
    case HM_VALUE_I64:
      parsed = parse_i64 (text, length, &value.i64);
      break;
    case HM_VALUE_DOUBLE:
      parsed = parse_double (text, length, &value.f64);
      break;
    }
  if (parsed)
    *ret_value = value;
  return parsed;
}

/* Places the point @scale digits before @end and drops zeros behind it. @start has more than @scale digits
 * and room for one character before it. Returns the new length from the new start. */
static gsize
place_point (char **start, char *end, guint scale)
{
  gsize whole = (gsize)(end - *start) - scale;

  while (scale > 0 && end[-1] == '0')
    {
      end--;
      scale--;
    }
  if (scale == 0)
    return (gsize)(end - *start);
  memmove (*start - 1, *start, whole);
  --*start;
  (*start)[whole] = '.';
  return (gsize)(end - *start);
}

gsize
hm_int128_print (HmInt128 number, guint scale, char *buffer)
{
  char digits[HM_NUMBER_MAX];
  char *end = digits + sizeof (digits), *start = end;
  HmUint128 rest = number < 0 ? 0 - (HmUint128)number : (HmUint128)number;
  gsize length, sign = number < 0;

  g_return_val_if_fail (scale <= 38, 0);
  while (rest >= CHUNK)
    {
      start = digits_before (start, (guint64)(rest % CHUNK), CHUNK_DIGITS);
      rest /= CHUNK;
    }
  start = digits_before (start, (guint64)rest, 1);
  while ((gsize)(end - start) <= scale)
    *--start = '0';
  length = place_point (&start, end, scale);
  if (sign)
    buffer[0] = '-';
  memcpy (buffer + sign, start, length);
  buffer[sign + length] = '\0';
  return sign + length;
}

gboolean
hm_int128_parse (const char *text, HmInt128 *ret_number)
{
  gboolean negative = text[0] == '-';
  HmUint128 number = 0, limit = (HmUint128)INT128_MAX + negative;

  text += negative;
  if (*text == '\0')
    return FALSE;
  for (; *text != '\0'; text++)
    {
      guint digit = (guint)(*text - '0');

      if (digit > 9 || number > (limit - digit) / 10)
        return FALSE;
      number = number * 10 + digit;
    }
  *ret_number = (HmInt128)(negative ? 0 - number : number);
  return TRUE;
}

static double
as_double (HmValue value)
{
  if (value.type == HM_VALUE_DOUBLE)
    return value.f64;
  return value.type == HM_VALUE_I64 ? (double)value.i64 : (double)value.u64;
}

static HmInt128
as_integer (HmValue value)
{
  return value.type == HM_VALUE_I64 ? (HmInt128)value.i64 : (HmInt128)value.u64;
}

gboolean
hm_value_is_less (HmValue a, HmValue b)
{
  if (a.type == HM_VALUE_DOUBLE || b.type == HM_VALUE_DOUBLE)
    return as_double (a) < as_double (b);
  return as_integer (a) < as_integer (b);
}
