/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat: see heartbeat.h. */
#include "agent/pipeline/heartbeat.h"

#include "agent/outbox/stamp.h"

void
hm_heartbeat_record (const HmIdentity *identity, guint64 backlog, HmTime oldest_unsent, const GArray *bins,
                     HmRecord *ret_record)
{
  hm_record_init (ret_record, HM_RECORD_HEARTBEAT);
  ret_record->resource.id = identity->agent_id;
  ret_record->resource.kind = "agent";
  ret_record->time = identity->clock->wall (identity->clock);
  hm_stamp_clock (identity->clock, &ret_record->clock);
  ret_record->backlog = backlog;
  ret_record->oldest_unsent = oldest_unsent;
  ret_record->bins = (const HmBinCount *)bins->data;
  ret_record->n_bins = bins->len;
}
