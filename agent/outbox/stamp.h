/* SPDX-License-Identifier: Apache-2.0 */
/* stamp: makes a record this agent's own. Whatever keeps the records stamps them with this.
 */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

typedef struct HmStamper HmStamper;

/* @identity must outlive the stamper. (transfer full) */
HmStamper *hm_stamper_new (const HmIdentity *identity);
void hm_stamper_free (HmStamper *stamper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmStamper, hm_stamper_free)

/* What one record became. */
typedef struct
{
  GPtrArray *messages; /* (element-type HmMessage) in order; their positions are not set */
  guint refused;       /* samples that alone are larger than a record may be, and are in none … */
  char *reason;        /* … (nullable) and why, with the first of them by name */
} HmStamped;

/* Gives @record source, agent, boot id and the next number of its resource, encodes and signs it; what would be larger than
 * @max_bytes (0: HM_RECORD_MAX) is split (split.h). Where it fails no number is taken. One call at a time. HM_ERROR_DATA. @ret_stamped:
 * cleared by hm_stamped_clear(). */
gboolean hm_stamper_stamp_parts (HmStamper *stamper, HmRecord *record, gsize max_bytes,
                                 HmStamped *ret_stamped, GError **error);
void hm_stamped_clear (HmStamped *stamped);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmStamped, hm_stamped_clear)

/* The number of the bin that a record would be counted in now. Any thread. */
gint64 hm_stamper_bin (const HmStamper *stamper);

/* The record's clock as of now: boot time and how well the wall clock is disciplined. Any thread. */
void hm_stamp_clock (const HmClock *clock, HmClockStamp *stamp);

G_END_DECLS
