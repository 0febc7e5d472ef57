/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat: the record by which an agent says that it is alive, what waits, and what it made in the bins that ended. The outbox makes it
 * when it is asked to (HmOutbox.heartbeat), as it alone knows what is on disk. Pure. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

/* Bins of one heartbeat at most: with the longest epochs they are far below the least that a record may be limited to. What is left
 * over goes into the next one. */
#define HM_HEARTBEAT_BINS_MAX 128

/* As of now. @bins: (element-type HmBinCount) that have ended (bins.h). Borrows @identity's agent id, and @bins with their epochs. */
void hm_heartbeat_record (const HmIdentity *identity, guint64 backlog, HmTime oldest_unsent,
                          const GArray *bins, HmRecord *ret_record);

G_END_DECLS
