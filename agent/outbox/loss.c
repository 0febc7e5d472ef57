/* SPDX-License-Identifier: Apache-2.0 */
/* loss: see loss.h. One gap record per burst says how many records of how many resources and which period are
 * missing, so that the collector can account for them. */
#include "agent/outbox/loss.h"

#include "agent/outbox/stamp.h"

void
hm_loss_init (HmLoss *loss)
{
  loss->resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  hm_loss_clear (loss);
}

void
hm_loss_clear (HmLoss *loss)
{
  loss->records = loss->more = 0;
  loss->from = loss->to = HM_TIME_UNKNOWN;
  g_hash_table_remove_all (loss->resources);
}

void
hm_loss_release (HmLoss *loss)
{
  g_clear_pointer (&loss->resources, g_hash_table_unref);
}

/* HM_TIME_UNKNOWN is the smallest of all, so the later of two is right as it is. */
static void
widen (HmLoss *loss, HmTime from, HmTime to)
{
  if (loss->from == HM_TIME_UNKNOWN || (from != HM_TIME_UNKNOWN && from < loss->from))
    loss->from = from;
  loss->to = MAX (loss->to, to);
}

static void
add_resource (HmLoss *loss, const char *id)
{
  if (g_hash_table_size (loss->resources) < HM_LOSS_RESOURCES_MAX)
    g_hash_table_add (loss->resources, g_strdup (id));
}

void
hm_loss_add (HmLoss *loss, const HmMessage *message)
{
  loss->records++;
  widen (loss, message->time, message->time);
  add_resource (loss, message->key);
}

void
hm_loss_add_unread (HmLoss *loss, guint64 records, HmTime from, HmTime to)
{
  loss->records += records;
  widen (loss, from, to);
}

void
hm_loss_merge (HmLoss *loss, const HmLoss *other)
{
  GHashTableIter iter;
  gpointer id;

  hm_loss_add_unread (loss, other->records, other->from, other->to);
  loss->more = MAX (loss->more, other->more);
  g_hash_table_iter_init (&iter, other->resources);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    add_resource (loss, id);
}

guint64
hm_loss_resources (const HmLoss *loss)
{
  return MAX (g_hash_table_size (loss->resources), loss->more);
}

void
hm_loss_record (const HmLoss *loss, const HmClock *clock, const char *agent_id, const char *reason,
                HmRecord *ret_record)
{
  hm_record_init (ret_record, HM_RECORD_GAP);
  ret_record->resource.id = agent_id;
  ret_record->resource.kind = "agent";
  ret_record->time = clock->wall (clock);
  hm_stamp_clock (clock, &ret_record->clock);
  ret_record->to = loss->to != HM_TIME_UNKNOWN ? loss->to : ret_record->time;
  ret_record->from = loss->from != HM_TIME_UNKNOWN ? loss->from : ret_record->to;
  /* A clock that was set back makes records of the future. */
  ret_record->to = MAX (ret_record->to, ret_record->from);
  ret_record->records = loss->records;
  ret_record->resources = hm_loss_resources (loss);
  ret_record->reason = reason;
}
