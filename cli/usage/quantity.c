/* SPDX-License-Identifier: Apache-2.0 */
/* quantity: see quantity.h. */
#include "cli/usage/quantity.h"

#include "metering/error.h"

#include <string.h>

#define GAUGE_EXPONENT 9 /* kept in unit·ns, told in unit·s */

char *
hm_quantity_unit (const HmFigure *figure)
{
  return figure->type == HM_GAUGE ? g_strconcat (figure->unit, ".s", NULL) : g_strdup (figure->unit);
}

static guint
exponent_of (const HmFigure *figure)
{
  return figure->type == HM_GAUGE ? GAUGE_EXPONENT : 0;
}

gboolean
hm_quantity_check (const HmFigure *figure, const HmQuantityStyle *style, GError **error)
{
  g_autofree char *own = hm_quantity_unit (figure);
  const HmUnit *from = hm_unit_find (own);

  if (style->unit == NULL || (from != NULL && g_str_equal (from->dimension, style->unit->dimension)))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--unit: %s of %s cannot be converted to %s", own,
               figure->meter, style->unit->name);
  return FALSE;
}

/* "2.500" → "2.5", "10.000" → "10" */
static void
trim (char *number)
{
  char *end = number + strlen (number);

  if (strchr (number, '.') == NULL)
    return;
  while (end[-1] == '0')
    end--;
  if (end[-1] == '.')
    end--;
  *end = '\0';
}

/* What is there, but less than the last digit shows. */
static void
print_trace (gboolean negative, guint decimals, char *buffer)
{
  g_snprintf (buffer, HM_NUMBER_MAX, "%s%.*s1", negative ? ">-0." : "<0.", (int)decimals - 1,
              "00000000000000000000000000000000000000");
  if (decimals == 0)
    g_strlcpy (buffer, negative ? ">-1" : "<1", HM_NUMBER_MAX);
}

/* @buffer holds @number, rounded. */
static void
finish (HmInt128 number, const HmQuantityStyle *style, char *buffer)
{
  trim (buffer);
  if (style->for_people && number != 0 && g_str_equal (buffer, "0"))
    print_trace (number < 0, style->decimals, buffer);
}

gboolean
hm_quantity_print (const HmFigure *figure, const HmQuantityStyle *style, char *buffer, char **ret_unit)
{
  g_autofree char *own = hm_quantity_unit (figure);
  const HmUnit *from = hm_unit_find (own), *to = style->unit;
  HmInt128 whole = figure->type == HM_GAUGE ? figure->quantity / HM_NSEC_PER_SEC : figure->quantity;

  if (to == NULL && from != NULL && style->for_people)
    to = hm_unit_for_people (from, whole);
  *ret_unit = g_strdup (to != NULL ? to->name : own);
  *buffer = '\0';
  if (figure->quantity == 0 && (figure->flags & HM_FLAG_INEXACT) != 0)
    return FALSE;
  if (to == NULL || (to == from && !style->for_people))
    hm_int128_print (figure->quantity, exponent_of (figure), buffer);
  else
    hm_unit_convert (figure->quantity, exponent_of (figure), from, to, style->decimals, buffer);
  finish (figure->quantity, style, buffer);
  return TRUE;
}

/* -- what was read -- */

static gboolean
is_inexact (const HmCell *sum)
{
  return sum->has_range
         && (sum->min.type == HM_VALUE_DOUBLE || sum->max.type == HM_VALUE_DOUBLE
             || sum->last.type == HM_VALUE_DOUBLE);
}

static gboolean
has_mean (const HmFigure *figure)
{
  return figure->type == HM_GAUGE && figure->covered_ns > 0
         && (figure->quantity != 0 || (figure->flags & HM_FLAG_INEXACT) == 0);
}

/* The unit of a gauge's values, of that of its usage: "GiB" of "GiB.h". */
static const HmUnit *
unit_of_values (const HmUnit *unit)
{
  g_autofree char *name = g_strndup (unit->name, strcspn (unit->name, "."));

  return hm_unit_find (name);
}

/* Of a negative one it is one less, which always has room. */
static HmInt128
size_of (HmInt128 number)
{
  return number < 0 ? ~number : number;
}

/* The largest that is shown, which says what unit reads best. */
static HmInt128
largest (const HmFigure *figure)
{
  const HmCell *sum = &figure->range->sum;
  HmInt128 most = has_mean (figure) ? size_of (figure->quantity / figure->covered_ns) : 0;

  if (!sum->has_range)
    return most;
  return MAX (most, MAX (size_of (hm_value_widen (sum->min)), size_of (hm_value_widen (sum->max))));
}

static const HmUnit *
choose_unit (const HmFigure *figure, const HmUnit *own, const HmQuantityStyle *style)
{
  if (own == NULL || is_inexact (&figure->range->sum))
    return own;
  if (style->unit != NULL)
    return unit_of_values (style->unit);
  return style->for_people ? hm_unit_for_people (own, largest (figure)) : own;
}

static void
print_value (HmValue value, const HmUnit *from, const HmUnit *to, const HmQuantityStyle *style, char *buffer)
{
  if (to == from)
    {
      hm_value_print (value, buffer);
      return;
    }
  hm_unit_convert (hm_value_widen (value), 0, from, to, style->decimals, buffer);
  finish (hm_value_widen (value), style, buffer);
}

void
hm_range_print (const HmFigure *figure, const HmQuantityStyle *style, HmRangeText *ret_text)
{
  const HmCell *sum = &figure->range->sum;
  const HmUnit *own = hm_unit_find (figure->unit), *unit = choose_unit (figure, own, style);

  *ret_text = (HmRangeText){ .unit = NULL };
  g_snprintf (ret_text->readings, HM_NUMBER_MAX, "%" G_GUINT64_FORMAT, sum->count);
  if (sum->has_range)
    {
      print_value (sum->min, own, unit, style, ret_text->min);
      print_value (sum->max, own, unit, style, ret_text->max);
    }
  if (sum->has_range && !figure->range->several)
    print_value (sum->last, own, unit, style, ret_text->last);
  if (has_mean (figure))
    {
      hm_unit_convert_quotient (figure->quantity, figure->covered_ns, own, unit, style->decimals,
                                ret_text->mean);
      finish (figure->quantity, style, ret_text->mean);
    }
  if (sum->has_range || has_mean (figure))
    ret_text->unit = g_strdup (unit != NULL ? unit->name : figure->unit);
}

void
hm_range_text_clear (HmRangeText *text)
{
  g_free (text->unit);
}
