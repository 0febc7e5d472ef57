/* SPDX-License-Identifier: Apache-2.0 */
/* backoff: see backoff.h. Used by the delivery threads and by the poll when the hypervisor is away. */
#include "agent/schedule/backoff.h"

void
hm_backoff_init (HmBackoff *backoff, gint64 first, gint64 cap)
{
  *backoff = (HmBackoff){ .first = first, .cap = cap, .delay = first };
}

gboolean
hm_backoff_fail (HmBackoff *backoff, gint64 now, guint32 random)
{
  gint64 half = backoff->delay / 2;

  if (now < backoff->until)
    return FALSE;
  /* 22 bits are enough of a spread and cannot overflow for any delay below 50 days. */
  backoff->until = now + half + (gint64)(((guint64)half * (random >> 10)) >> 22);
  backoff->delay = MIN (backoff->delay * 2, backoff->cap);
  return TRUE;
}

void
hm_backoff_clear (HmBackoff *backoff)
{
  backoff->delay = backoff->first;
  backoff->until = 0;
}

gint64
hm_backoff_left (const HmBackoff *backoff, gint64 now)
{
  return MAX (backoff->until - now, 0);
}
