/* SPDX-License-Identifier: Apache-2.0 */
/* done: the settled numbers of a lane (done.h).
 *
 * The feed notes each confirmation here. Publishers confirm nearly in order, so there are few ranges, mostly none: a sorted array and
 * a binary search do. */
#include "agent/outbox/done.h"

static HmDoneRange *
range_at (const HmDone *done, guint i)
{
  return &g_array_index (done->above, HmDoneRange, i);
}

void
hm_done_init (HmDone *done, guint64 next)
{
  done->next = next;
  done->above = g_array_new (FALSE, FALSE, sizeof (HmDoneRange));
}

void
hm_done_clear (HmDone *done)
{
  g_clear_pointer (&done->above, g_array_unref);
}

/* The first range that ends at or above @number: the one that holds it, touches it from below, or follows. */
static guint
find (const HmDone *done, guint64 number)
{
  guint low = 0, high = done->above->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (range_at (done, middle)->end < number)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

gboolean
hm_done_has (const HmDone *done, guint64 number)
{
  guint i = find (done, number + 1);

  return number < done->next || (i < done->above->len && range_at (done, i)->first <= number);
}

gboolean
hm_done_find_gap (const HmDone *done, guint64 from, guint64 end, HmDoneRange *ret_gap)
{
  guint64 first = MAX (from, done->next);
  guint i = find (done, first + 1);

  if (i < done->above->len && range_at (done, i)->first <= first)
    first = range_at (done, i++)->end;
  if (first >= end)
    return FALSE;
  *ret_gap = (HmDoneRange){ first, i < done->above->len ? MIN (end, range_at (done, i)->first) : end };
  return TRUE;
}

guint64
hm_done_count (const HmDone *done, guint64 first, guint64 end)
{
  guint64 count = end > first ? end - first : 0;
  HmDoneRange gap;

  for (guint64 from = first; hm_done_find_gap (done, from, end, &gap); from = gap.end)
    count -= gap.end - gap.first;
  return count;
}

HmDone
hm_done_copy (const HmDone *done)
{
  return (HmDone){ .next = done->next, .above = g_array_copy (done->above) };
}

/* Ranges that the low mark has reached are part of it. */
static void
settle (HmDone *done)
{
  guint i = 0;

  for (; i < done->above->len && range_at (done, i)->first <= done->next; i++)
    done->next = MAX (done->next, range_at (done, i)->end);
  if (i > 0)
    g_array_remove_range (done->above, 0, i);
}

void
hm_done_add (HmDone *done, guint64 first, guint64 end)
{
  HmDoneRange whole = { first, end };
  guint i = find (done, first), n = 0;

  if (first >= end)
    return;
  for (; i + n < done->above->len && range_at (done, i + n)->first <= end; n++)
    {
      whole.first = MIN (whole.first, range_at (done, i + n)->first);
      whole.end = MAX (whole.end, range_at (done, i + n)->end);
    }
  if (n > 0)
    g_array_remove_range (done->above, i, n);
  g_array_insert_val (done->above, i, whole);
  settle (done);
}

void
hm_done_add_gaps (HmDone *done, const HmDone *other, guint64 first, guint64 end)
{
  HmDoneRange gap;

  for (guint64 from = first; hm_done_find_gap (other, from, end, &gap); from = gap.end)
    hm_done_add (done, gap.first, gap.end);
}

void
hm_done_take_back (HmDone *done, guint64 next)
{
  guint i = find (done, next);

  if (i < done->above->len && range_at (done, i)->first < next)
    {
      range_at (done, i)->end = MIN (range_at (done, i)->end, next);
      i++;
    }
  g_array_set_size (done->above, i);
  done->next = MIN (done->next, next);
}
