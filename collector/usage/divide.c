/* SPDX-License-Identifier: Apache-2.0 */
/* divide: an amount over the parts of its interval, in integers.
 *
 * The method of the largest remainder: every part gets the whole units of its share, and the few that are
 * left go one each to the parts that lost most by cutting. So the parts add up to the amount whatever the
 * cuts, which is what lets the buckets of every grain say the same total. Pure; called by the fold. */
#include "collector/usage/fold.h"

typedef struct
{
  gint64 remainder; /* what cutting took from this part, in 1/sum of a unit */
  guint index;
} Rest;

static int
compare_rests (gconstpointer a, gconstpointer b)
{
  const Rest *x = a, *y = b;

  if (x->remainder != y->remainder)
    return x->remainder < y->remainder ? 1 : -1;
  return x->index < y->index ? -1 : 1;
}

/* total × weight / sum without the product, which would need 192 bits: total = quotient × sum + rest. */
static HmUint128
whole_share (HmUint128 total, guint64 weight, guint64 sum, gint64 *ret_remainder)
{
  HmUint128 product = total % sum * weight;

  *ret_remainder = (gint64)(product % sum);
  return total / sum * weight + product / sum;
}

static guint64
add_up (const gint64 *weights, guint n)
{
  guint64 sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (guint64)weights[i];
  return sum;
}

static void
divide (HmUint128 total, const gint64 *weights, guint n, HmInt128 *ret_parts)
{
  g_autofree Rest *rests = g_new (Rest, n);
  guint64 sum = add_up (weights, n);
  HmUint128 left = total;

  for (guint i = 0; i < n; i++)
    {
      HmUint128 share = whole_share (total, (guint64)weights[i], sum, &rests[i].remainder);

      rests[i].index = i;
      ret_parts[i] = (HmInt128)share;
      left -= share;
    }
  if (left > 0)
    qsort (rests, n, sizeof (Rest), compare_rests);
  for (guint i = 0; i < left; i++) /* fewer than n are left: each part lost less than one */
    ret_parts[rests[i].index]++;
}

void
hm_divide (HmInt128 total, const gint64 *weights, guint n, HmInt128 *ret_parts)
{
  if (n == 1)
    ret_parts[0] = total;
  if (n <= 1)
    return;
  divide (total < 0 ? 0 - (HmUint128)total : (HmUint128)total, weights, n, ret_parts);
  for (guint i = 0; total < 0 && i < n; i++)
    ret_parts[i] = -ret_parts[i];
}
