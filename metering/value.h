/* SPDX-License-Identifier: Apache-2.0 */
/* value: exact numbers.
 *
 * A measured value is one of three tagged kinds; a quantity that was computed from values is a 128-bit
 * integer. Neither ever passes through a double on its way to text or back. Pure functions, any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HM_VALUE_U64,
  HM_VALUE_I64,
  HM_VALUE_DOUBLE,
} HmValueType;

typedef struct
{
  HmValueType type;
  union
  {
    guint64 u64;
    gint64 i64;
    double f64;
  };
} HmValue;

/* A statistic that its origin may not give. Absent is never zero: @value means nothing unless @given. */
typedef struct
{
  gboolean given;
  guint64 value;
} HmMaybe;

#define HM_ABSENT   ((HmMaybe){ FALSE, 0 })
#define HM_GIVEN(v) ((HmMaybe){ TRUE, (v) })

__extension__ typedef __int128 HmInt128;
__extension__ typedef unsigned __int128 HmUint128;

/* An integer value in full width. */
static inline HmInt128
hm_value_widen (HmValue value)
{
  return value.type == HM_VALUE_I64 ? (HmInt128)value.i64 : (HmInt128)value.u64;
}

/* Room for any number this file prints, with sign, point and NUL. */
#define HM_NUMBER_MAX 128

/* Writes @value as JSON text: integers in decimal, doubles in the shortest form that reads back the same.
 * @buffer: HM_NUMBER_MAX bytes. Returns the length. A NaN or infinite double yields 0 and an empty string. */
gsize hm_value_print (HmValue value, char *buffer);

/* Reads the decimal text @text of @length bytes (no NUL needed) as @type.
 * Integers: an optional minus (I64 only), then digits, nothing else; anything that does not fit 64 bits or
 * has a fraction or an exponent is refused. Doubles: JSON number syntax, finite. TRUE on success. */
gboolean hm_value_parse (const char *text, gsize length, HmValueType type, HmValue *ret_value);

/* Integers are compared exactly, whatever their types; a double with anything as doubles. */
gboolean hm_value_is_less (HmValue a, HmValue b);

/* @number / 10^@scale as plain decimal text: no exponent, no trailing zeros after the point, "0" for zero.
 * @buffer: HM_NUMBER_MAX bytes; @scale at most 38. Returns the length. */
gsize hm_int128_print (HmInt128 number, guint scale, char *buffer);

/* The reverse of hm_int128_print() at scale 0. */
gboolean hm_int128_parse (const char *text, HmInt128 *ret_number);

G_END_DECLS
