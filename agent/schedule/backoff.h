/* SPDX-License-Identifier: Apache-2.0 */
/* backoff: how long to wait before something that failed is tried again: exponential, with jitter, capped.
 * Pure: time and randomness come from the caller. Nanoseconds. Not thread-safe. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 first, cap; /* of the delays */
  gint64 delay;      /* of the next failure */
  gint64 until;      /* not again before this moment; 0: at once */
} HmBackoff;

void hm_backoff_init (HmBackoff *backoff, gint64 first, gint64 cap);

/* It failed at @now. The wait is between half of the delay and all of it, chosen by @random, so that a fleet
 * does not come back in one breath. A failure while a wait is on belongs to the same burst and changes
 * nothing. TRUE when it began a new wait. */
gboolean hm_backoff_fail (HmBackoff *backoff, gint64 now, guint32 random);

/* It worked: the next failure waits @first again. */
void hm_backoff_clear (HmBackoff *backoff);

/* What is left to wait at @now; 0: try. */
gint64 hm_backoff_left (const HmBackoff *backoff, gint64 now);

G_END_DECLS
