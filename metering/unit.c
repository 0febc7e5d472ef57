/* SPDX-License-Identifier: Apache-2.0 */
/* unit: the table of units, and exact conversion between them.
 *
 * One row of UNITS makes three units: the unit itself, and what its gauge is used by over time, "<unit>.s"
 * and
 * "<unit>.h" (UCUM's dot: KiB.s, vcpu.h). What can be counted is a dimension of its own each: four vCPUs are
 * never four packets. Commands call this when they print; the decoder when a foreign meter comes by. */
#include "metering/unit.h"

#include <string.h>

#define KIBI G_GUINT64_CONSTANT (1024)
#define KILO G_GUINT64_CONSTANT (1000)

/* UNIT (name, dimension, scale); the smallest of a dimension first. Base units: ns, B, uJ. */
#define UNITS(UNIT)                                                                                          \
  UNIT ("ns", "time", 1)                                                                                     \
  UNIT ("us", "time", KILO)                                                                                  \
  UNIT ("ms", "time", KILO *KILO)                                                                            \
  UNIT ("s", "time", KILO *KILO *KILO)                                                                       \
  UNIT ("min", "time", 60 * KILO * KILO * KILO)                                                              \
  UNIT ("h", "time", 3600 * KILO * KILO * KILO)                                                              \
  UNIT ("d", "time", 86400 * KILO * KILO * KILO)                                                             \
  UNIT ("B", "information", 1)                                                                               \
  UNIT ("kB", "information", KILO)                                                                           \
  UNIT ("KiB", "information", KIBI)                                                                          \
  UNIT ("MB", "information", KILO *KILO)                                                                     \
  UNIT ("MiB", "information", KIBI *KIBI)                                                                    \
  UNIT ("GB", "information", KILO *KILO *KILO)                                                               \
  UNIT ("GiB", "information", KIBI *KIBI *KIBI)                                                              \
  UNIT ("TB", "information", KILO *KILO *KILO *KILO)                                                         \
  UNIT ("TiB", "information", KIBI *KIBI *KIBI *KIBI)                                                        \
  UNIT ("uJ", "energy", 1)                                                                                   \
  UNIT ("mJ", "energy", KILO)                                                                                \
  UNIT ("J", "energy", KILO *KILO)                                                                           \
  UNIT ("Wh", "energy", 3600 * KILO * KILO)                                                                  \
  UNIT ("kWh", "energy", 3600 * KILO * KILO * KILO)                                                          \
  UNIT ("instance", "instance", 1)                                                                           \
  UNIT ("vcpu", "vcpu", 1)                                                                                   \
  UNIT ("cpu", "cpu", 1)                                                                                     \
  UNIT ("request", "request", 1)                                                                             \
  UNIT ("packet", "packet", 1)                                                                               \
  UNIT ("error", "error", 1)                                                                                 \
  UNIT ("fault", "fault", 1)                                                                                 \
  UNIT ("count", "count", 1)                                                                                 \
  UNIT ("state", "state", 1)

#define UNIT_ALONE(name, dimension, scale)   { name, dimension, scale },
#define UNIT_SECONDS(name, dimension, scale) { name ".s", dimension ".time", scale },
#define UNIT_HOURS(name, dimension, scale)   { name ".h", dimension ".time", (scale)*3600 },

static const HmUnit units[] = { UNITS (UNIT_ALONE) UNITS (UNIT_SECONDS) UNITS (UNIT_HOURS){ NULL, NULL, 0 } };

const HmUnit *
hm_unit_all (void)
{
  return units;
}

const HmUnit *
hm_unit_find (const char *name)
{
  for (const HmUnit *unit = units; unit->name != NULL; unit++)
    if (strcmp (unit->name, name) == 0)
      return unit;
  return NULL;
}

gboolean
hm_unit_name_valid (const char *name)
{
  gsize length = strlen (name);

  if (length < 1 || length > 32)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (name[i]))
      return FALSE;
  return TRUE;
}

/* Decimal multiples of a byte, alone or over time. */
static gboolean
is_decimal (const HmUnit *unit)
{
  return strchr ("kMGT", unit->name[0]) != NULL && unit->name[1] == 'B';
}

/* People are billed by the hour, so no longer unit of time is offered. Usage over time is told in hours as
 * well, or in seconds of the base unit while that is less. Who starts in decimal bytes stays there. */
static gboolean
reads_well (const HmUnit *unit, const HmUnit *candidate)
{
  const char *over_time = strchr (candidate->name, '.');

  if (strcmp (candidate->dimension, unit->dimension) != 0 || strcmp (candidate->name, "d") == 0)
    return FALSE;
  if (over_time != NULL && over_time[1] == 's' && candidate->scale != 1)
    return FALSE;
  return candidate->name[0] == 'B' || is_decimal (candidate) == is_decimal (unit);
}

static HmUint128
size_of (HmInt128 number)
{
  return number < 0 ? 0 - (HmUint128)number : (HmUint128)number;
}

const HmUnit *
hm_unit_for_people (const HmUnit *unit, HmInt128 number)
{
  HmUint128 size = size_of (number);
  const HmUnit *best = NULL;

  if (__builtin_mul_overflow (size, unit->scale, &size))
    size = ~(HmUint128)0;
  for (const HmUnit *candidate = units; candidate->name != NULL; candidate++)
    if (candidate->scale <= size && reads_well (unit, candidate)
        && (best == NULL || candidate->scale > best->scale))
      best = candidate;
  return best != NULL ? best : unit;
}

/* A natural number of 384 bits, least limb first. Room for 2^127 · 2^64 (scale) · 10^38 (decimals) · 2. */
#define LIMBS 6
typedef struct
{
  guint64 limb[LIMBS];
} Wide;

static void
wide_multiply (Wide *wide, guint64 factor)
{
  HmUint128 carry = 0;

  for (guint i = 0; i < LIMBS; i++)
    {
      carry += (HmUint128)wide->limb[i] * factor;
      wide->limb[i] = (guint64)carry;
      carry >>= 64;
    }
}

/* Returns the remainder. */
static guint64
wide_divide (Wide *wide, guint64 divisor)
{
  HmUint128 rest = 0;

  for (guint i = LIMBS; i-- > 0;)
    {
      rest = rest << 64 | wide->limb[i];
      wide->limb[i] = (guint64)(rest / divisor);
      rest %= divisor;
    }
  return (guint64)rest;
}

static void
wide_increment (Wide *wide)
{
  for (guint i = 0; i < LIMBS && ++wide->limb[i] == 0; i++)
    ;
}

static gboolean
wide_is_zero (const Wide *wide)
{
  static const Wide zero;

  return memcmp (wide, &zero, sizeof (zero)) == 0;
}

/* @wide / 2, half to even; @inexact says that a part below that half was cut off before. */
static void
wide_round_half (Wide *wide, gboolean inexact)
{
  gboolean half = wide_divide (wide, 2) != 0;

  if (half && (inexact || (wide->limb[0] & 1) != 0))
    wide_increment (wide);
}

/* Digits of @wide with the point before the last @decimals. */
static void
wide_print (Wide *wide, guint decimals, gboolean negative, char *buffer)
{
  char digits[HM_NUMBER_MAX];
  char *end = digits + sizeof (digits), *start = end;
  gsize whole;

  while (!wide_is_zero (wide) || (gsize)(end - start) <= decimals)
    *--start = (char)('0' + wide_divide (wide, 10));
  whole = (gsize)(end - start) - decimals;
  if (negative)
    *buffer++ = '-';
  memcpy (buffer, start, whole);
  buffer += whole;
  if (decimals > 0)
    *buffer++ = '.';
  memcpy (buffer, end - decimals, decimals);
  buffer[decimals] = '\0';
}

/* Bit by bit, for divisors of up to 127 bits: what is left is always smaller, so twice it has room. Says whether anything was. */
static gboolean
wide_divide_long (Wide *wide, HmUint128 divisor)
{
  HmUint128 rest = 0;

  for (guint i = LIMBS * 64; i-- > 0;)
    {
      guint64 *limb = &wide->limb[i / 64], bit = G_GUINT64_CONSTANT (1) << (i % 64);

      rest = rest << 1 | ((*limb & bit) != 0);
      *limb &= ~bit;
      if (rest < divisor)
        continue;
      rest -= divisor;
      *limb |= bit;
    }
  return rest != 0;
}

/* number · scale · 10^decimals · 2 */
static Wide
wide_begin (HmInt128 number, guint64 scale, guint decimals)
{
  HmUint128 size = size_of (number);
  Wide wide = { { (guint64)size, (guint64)(size >> 64) } };

  wide_multiply (&wide, scale);
  wide_multiply (&wide, 2);
  for (guint i = 0; i < decimals; i++)
    wide_multiply (&wide, 10);
  return wide;
}

/* The result is number · from · 10^decimals / (to · 10^exponent), rounded. Twice that is computed, dividing
 * by one factor after the other: the last bit is then the half, and any remainder on the way lies below it.
 */
gboolean
hm_unit_convert (HmInt128 number, guint exponent, const HmUnit *from, const HmUnit *to, guint decimals,
                 char *buffer)
{
  gboolean inexact;
  Wide wide;

  g_return_val_if_fail (exponent <= 38 && decimals <= 38, FALSE);
  if (strcmp (from->dimension, to->dimension) != 0)
    return FALSE;
  wide = wide_begin (number, from->scale, decimals);
  inexact = wide_divide (&wide, to->scale) != 0;
  for (guint i = 0; i < exponent; i++)
    inexact |= wide_divide (&wide, 10) != 0;
  wide_round_half (&wide, inexact);
  wide_print (&wide, decimals, number < 0 && !wide_is_zero (&wide), buffer);
  return TRUE;
}

gboolean
hm_unit_convert_quotient (HmInt128 number, HmInt128 divisor, const HmUnit *from, const HmUnit *to,
                          guint decimals, char *buffer)
{
  gboolean inexact;
  Wide wide;

  g_return_val_if_fail (divisor > 0 && decimals <= 38 && (from == NULL) == (to == NULL), FALSE);
  if (from != NULL && strcmp (from->dimension, to->dimension) != 0)
    return FALSE;
  wide = wide_begin (number, from != NULL ? from->scale : 1, decimals);
  inexact = wide_divide (&wide, to != NULL ? to->scale : 1) != 0;
  inexact |= wide_divide_long (&wide, (HmUint128)divisor);
  wide_round_half (&wide, inexact);
  wide_print (&wide, decimals, number < 0 && !wide_is_zero (&wide), buffer);
  return TRUE;
}
