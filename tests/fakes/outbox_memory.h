/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_memory: an outbox that keeps nothing, for tests of what lies around it: the same words, no disk, no thread. open(), heartbeat(),
 * replay() and publisher_status() are not there. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

/* @identity must outlive the outbox. @required: one flag per publisher; a message is released when every
 * required one has confirmed it. What only the others still lack stays as long as there is room and is the
 * first to go, which loses nothing. @max_bytes bounds all that is kept; past it the oldest of the least class
 * goes, and one gap record per burst says how many, which period, why. What a publisher has in its hands
 * never goes. */
HmOutbox *hm_outbox_memory_new (const HmIdentity *identity, const gboolean *required, guint n_publishers,
                                guint64 max_bytes, GError **error);

G_END_DECLS
