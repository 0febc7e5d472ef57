/* SPDX-License-Identifier: Apache-2.0 */
/* stretch: see stretch.h. What is missing of a step lies at its beginning where something was missing up to there, or where the resource was seen
 * first only later; else at its end. */
#include "cli/bill/stretch.h"

#include <glib.h>

static void
finish (HmStretches *stretches, HmStretchVisit visit, gpointer user)
{
  if (stretches->open.missing_ns > 0)
    visit (&stretches->open, user);
  stretches->open.missing_ns = 0;
}

/* How much of @missing lies at the beginning of [@from, …). */
static gint64
head_of (const HmStretches *stretches, HmTime from, gint64 missing)
{
  if (stretches->open.missing_ns > 0)
    return missing;
  if (from != stretches->from || stretches->first_seen == HM_TIME_UNKNOWN || stretches->first_seen <= from)
    return 0;
  return MIN (missing, stretches->first_seen - from);
}

/* At the beginning, from where it went on or from @from. */
static void
take_head (HmStretches *stretches, HmTime from, gint64 head)
{
  HmStretch *open = &stretches->open;

  if (open->missing_ns == 0)
    open->from = from;
  else if (open->missing_ns < from - open->from) /* it is known by now that it lay at that step's end */
    open->from = from - open->missing_ns;
  open->to = from + head;
  open->missing_ns = open->to - open->from;
}

static gboolean
ends_known (const HmStretches *stretches, HmTime from, HmTime to)
{
  return to == stretches->to && stretches->last_seen != HM_TIME_UNKNOWN && stretches->last_seen >= from;
}

void
hm_stretches_step (HmStretches *stretches, HmTime start, HmTime end, gint64 covered_ns, HmStretchVisit visit,
                   gpointer user)
{
  HmTime from = MAX (start, stretches->from), to = MIN (end, stretches->to);
  gint64 missing, head, rest;

  if (from >= to)
    return;
  missing = MAX (to - from - covered_ns, 0);
  head = head_of (stretches, from, missing);
  rest = missing - head;
  if (head > 0)
    take_head (stretches, from, head);
  if (head < to - from)
    finish (stretches, visit, user);
  if (rest > 0) /* where it lies shows at the next step; at the last one it is the end */
    stretches->open
        = (HmStretch){ rest == to - from || ends_known (stretches, from, to) ? to - rest : from, to, rest };
}

void
hm_stretches_end (HmStretches *stretches, HmStretchVisit visit, gpointer user)
{
  finish (stretches, visit, user);
}
