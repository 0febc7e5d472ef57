/* SPDX-License-Identifier: Apache-2.0 */
/* unit: the one table of units, with dimension and exact scale.
 *
 * A meter has the unit in which its origin gives it, so that nothing is cut off on the way; conversion
 * is a rational number applied when a figure is printed. The names are those on the wire. */
#pragma once

#include "metering/value.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;      /* on the wire and in prints: "KiB" */
  const char *dimension; /* what can be converted into what: "information" */
  guint64 scale;         /* this unit = scale × the dimension's base unit */
} HmUnit;

/* The unit of that name, or NULL. Case matters ("KiB", never "kib"). (transfer none) */
const HmUnit *hm_unit_find (const char *name);

/* All units, ended by one whose name is NULL. */
const HmUnit *hm_unit_all (void);

/* TRUE where @name may name a unit of a foreign meter: 1 to 32 printable ASCII characters, no space. */
gboolean hm_unit_name_valid (const char *name);

/* For a person's eye: the unit of @unit's dimension in which @number (of @unit) reads best, e.g. 90 min of
 * "ns" as "h": the largest in which it is at least 1, but hours at most, and binary multiples of a byte unless
 * @unit is a decimal one; @unit itself for zero. Never NULL for a known unit. */
const HmUnit *hm_unit_for_people (const HmUnit *unit, HmInt128 number);

/* @number of @from, in @to, as decimal text with exactly @decimals digits after the point (zeros stay, no point
 * for 0; at most 38), rounded half to even; exact rational arithmetic. @exponent: @number is in @from ×
 * 10^-exponent (9 for a quantity in unit·ns; at most 38). What rounds to zero has no sign. FALSE when the
 * dimensions differ. @buffer: HM_NUMBER_MAX bytes. */
gboolean hm_unit_convert (HmInt128 number, guint exponent, const HmUnit *from, const HmUnit *to,
                          guint decimals, char *buffer);

/* @number / @divisor (at least 1) of @from, in @to: text as of hm_unit_convert(), and rounded like it, once. Both units NULL: of one
 * that no table knows, in itself. */
gboolean hm_unit_convert_quotient (HmInt128 number, HmInt128 divisor, const HmUnit *from, const HmUnit *to,
                                   guint decimals, char *buffer);

G_END_DECLS
