/* SPDX-License-Identifier: Apache-2.0 */
/* quantity: a figure's number and unit as text. Pure. */
#pragma once

#include "cli/usage/group.h"
#include "metering/unit.h"

G_BEGIN_DECLS

#define HM_DECIMALS_FOR_PEOPLE 3 /* unless another number is asked for */

typedef struct
{
  const HmUnit *unit;  /* (nullable) the one that was asked for */
  gboolean for_people; /* without one: that which reads best, instead of the figure's own */
  guint decimals;      /* of converted numbers, at most; up to 38 */
} HmQuantityStyle;

/* Unit of what is counted: a gauge's usage is value × time, so "KiB.s" where the meter has "KiB". (transfer
 * full) */
char *hm_quantity_unit (const HmFigure *figure);

/* HM_ERROR_USAGE when @figure cannot be told in the unit that was asked for. */
gboolean hm_quantity_check (const HmFigure *figure, const HmQuantityStyle *style, GError **error);

/* Exact decimal text without trailing zeros; converted numbers are rounded to @style's decimals, and for
 * people a trace that would round to zero reads "<0.001". FALSE, and an empty text, when there is no exact
 * quantity: the meter's values have fractions. @figure passed the check. @buffer: HM_NUMBER_MAX bytes.
 * @ret_unit (transfer full) */
gboolean hm_quantity_print (const HmFigure *figure, const HmQuantityStyle *style, char *buffer,
                            char **ret_unit);

/* What was read of a figure's series, in the meter's own unit or, where another one was asked for, in that which goes with it (with "GiB.h"
 * "GiB"). "" for what there is none of: never a zero. */
typedef struct
{
  char min[HM_NUMBER_MAX], max[HM_NUMBER_MAX], last[HM_NUMBER_MAX]; /* of readings */
  char mean[HM_NUMBER_MAX]; /* of a gauge, by time: quantity / covered time, rounded to @style's decimals */
  char readings[HM_NUMBER_MAX];
  char *unit; /* of the four; NULL: there is none of them (transfer full) */
} HmRangeText;

/* @figure has a range. Values that are no integers are told as they are, and so is what stands beside them. */
void hm_range_print (const HmFigure *figure, const HmQuantityStyle *style, HmRangeText *ret_text);
void hm_range_text_clear (HmRangeText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmRangeText, hm_range_text_clear)

G_END_DECLS
