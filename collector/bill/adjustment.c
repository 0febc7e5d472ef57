/* SPDX-License-Identifier: Apache-2.0 */
/* adjustment: see adjustment.h. */
#include "collector/bill/adjustment.h"

#include <string.h>

#include "metering/error.h"
#include "metering/unit.h"

#define GAUGE_EXPONENT 9
#define DIGITS_MAX     38
#define MOST_EXPONENT  30 /* sums of many have to have room in 128 bits */

/* "-12.50" → -1250, 2. */
static gboolean
parse_decimal (const char *text, HmInt128 *ret_number, guint *ret_decimals)
{
  const char *digits = text + (*text == '-' || *text == '+'), *point = strchr (digits, '.');
  gsize whole = strspn (digits, G_CSET_DIGITS), length = strlen (digits);
  gsize fraction = point != NULL ? length - whole - 1 : 0;
  g_autofree char *joined = NULL;

  if (whole == 0 || length > DIGITS_MAX + 1 || (point == NULL ? length != whole : digits + whole != point)
      || (point != NULL && (fraction == 0 || strspn (point + 1, G_CSET_DIGITS) != fraction)))
    return FALSE;
  joined = g_strdup_printf ("%s%.*s%s", *text == '-' ? "-" : "", (int)whole, digits,
                            point != NULL ? point + 1 : "");
  *ret_decimals = (guint)fraction;
  return hm_int128_parse (joined, ret_number);
}

/* *@number × 10^@n; FALSE: there is no room. */
static gboolean
scale_up (HmInt128 *number, guint n)
{
  for (guint i = 0; i < n; i++)
    if (__builtin_mul_overflow (*number, (HmInt128)10, number))
      return FALSE;
  return TRUE;
}

/* 2.500 is 2.5: so no more is asked of the unit than there is. */
static void
drop_zeros (HmInt128 *number, guint *decimals)
{
  while (*decimals > 0 && *number % 10 == 0)
    {
      *number /= 10;
      --*decimals;
    }
}

static HmUint128
common_divisor (HmUint128 a, HmUint128 b)
{
  while (b != 0)
    {
      HmUint128 rest = a % b;

      a = b;
      b = rest;
    }
  return a;
}

/* @number × @from × 10^@exponent / (@to × 10^@decimals), where that is a whole number; the greatest number there is where there is no room. */
static gboolean
convert (HmInt128 number, guint decimals, guint64 from, guint64 to, guint exponent, HmInt128 *ret_quantity)
{
  HmInt128 divisor = to, factor = from;
  HmUint128 common;

  if (!scale_up (&divisor, decimals) || !scale_up (&factor, exponent))
    return FALSE;
  common = common_divisor ((HmUint128)factor, (HmUint128)divisor);
  factor /= (HmInt128)common;
  divisor /= (HmInt128)common;
  if (number % divisor != 0)
    return FALSE;
  if (__builtin_mul_overflow (number / divisor, factor, ret_quantity))
    *ret_quantity = (HmInt128)(~(HmUint128)0 >> 1);
  return TRUE;
}

static gboolean
check_size (HmInt128 quantity, const char *text, const char *unit, const char *own, GError **error)
{
  HmInt128 most = 1;

  scale_up (&most, MOST_EXPONENT);
  if (quantity <= most && quantity >= -most)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "%.64s %.32s is more than 10^%d of what the meter counts in, %s", text, unit, MOST_EXPONENT,
               own);
  return FALSE;
}

gboolean
hm_quantity_read (const char *text, const char *unit, HmMeterType type, const char *meter_unit,
                  HmInt128 *ret_quantity, GError **error)
{
  g_autofree char *own = type == HM_GAUGE ? g_strconcat (meter_unit, ".s", NULL) : g_strdup (meter_unit);
  const HmUnit *from = hm_unit_find (unit), *to = hm_unit_find (own);
  gboolean same = strcmp (unit, own) == 0;
  HmInt128 number, quantity;
  guint decimals;

  if (!parse_decimal (text, &number, &decimals) || number == 0)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "'%.64s' is no quantity: a decimal number, such as -12.5, and not 0", text);
  else if (!same && (from == NULL || to == NULL || strcmp (from->dimension, to->dimension) != 0))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "the meter counts in %s, of which %.32s is no unit", own,
                 unit);
  else
    {
      drop_zeros (&number, &decimals);
      if (convert (number, decimals, same ? 1 : from->scale, same ? 1 : to->scale,
                   type == HM_GAUGE ? GAUGE_EXPONENT : 0, &quantity))
        {
          if (!check_size (quantity, text, unit, own, error))
            return FALSE;
          *ret_quantity = quantity;
          return TRUE;
        }
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                   "%.64s %.32s is no whole number of what the meter counts in, %s", text, unit, own);
    }
  return FALSE;
}
