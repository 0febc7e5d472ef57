/* SPDX-License-Identifier: Apache-2.0 */
/* loss: what the outbox could not keep or deliver, summed up until a gap record says it. Not thread-safe: it
 * belongs to the outbox and is under its lock. */
#pragma once

#include "metering/plugin.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 records;
  HmTime from, to;
  GHashTable *resources; /* ids, HM_LOSS_RESOURCES_MAX at most */
  guint64 more;          /* resources of which only the number is known; they may be the same ones */
} HmLoss;

/* Beyond this many the gap record's number of resources is a lower bound; likewise where only a number is known of some. */
#define HM_LOSS_RESOURCES_MAX 10000

void hm_loss_init (HmLoss *loss);
void hm_loss_clear (HmLoss *loss); /* forgets all; hm_loss_release() frees too */
void hm_loss_release (HmLoss *loss);
void hm_loss_add (HmLoss *loss, const HmMessage *message);

/* @records of resources that are not known, between @from and @to (HM_TIME_UNKNOWN: not known either). */
void hm_loss_add_unread (HmLoss *loss, guint64 records, HmTime from, HmTime to);
void hm_loss_merge (HmLoss *loss, const HmLoss *other);
guint64 hm_loss_resources (const HmLoss *loss);

/* A gap record of agent @agent_id as of now. Borrows @agent_id and @reason. A period that is not known is now. */
void hm_loss_record (const HmLoss *loss, const HmClock *clock, const char *agent_id, const char *reason,
                     HmRecord *ret_record);

G_END_DECLS
