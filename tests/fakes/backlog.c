/* SPDX-License-Identifier: Apache-2.0 */
/* backlog: see backlog.h. Who goes first when room is short:
 *
 *   spare       waits for optional publishers only, so nothing is lost by dropping it
 *   diagnostic  then these, oldest first
 *   billing     these last
 *
 * What a publisher has in its hands is never dropped (it may be delivered already), and gap records never are
 * (they are the only trace of a loss, and few). */
#include "tests/fakes/backlog.h"

#define ENTRY_OVERHEAD 384 /* bytes that an entry costs besides its value, allocator included */

void
hm_backlog_init (HmBacklog *backlog, const gboolean *required, guint n_lanes)
{
  *backlog = (HmBacklog){ .n_lanes = n_lanes };
  for (guint i = 0; i < n_lanes; i++)
    backlog->required |= required[i] ? 1u << i : 0;
  backlog->by_position = g_hash_table_new (g_int64_hash, g_int64_equal);
}

void
hm_backlog_release (HmBacklog *backlog)
{
  while (backlog->all.head != NULL)
    hm_backlog_remove (backlog, backlog->all.head->data);
  g_clear_pointer (&backlog->by_position, g_hash_table_unref);
}

/* -- entries -- */

static void
leave_queue (HmBacklog *backlog, HmBacklogEntry *entry)
{
  g_queue_unlink (&backlog->queues[entry->queue], &entry->place);
  if (entry->queue != HM_QUEUE_SPARE)
    backlog->waiting_bytes -= entry->bytes;
}

static void
enter_queue (HmBacklog *backlog, HmBacklogEntry *entry, HmQueue queue)
{
  entry->queue = queue;
  g_queue_push_tail_link (&backlog->queues[queue], &entry->place);
  if (queue != HM_QUEUE_SPARE)
    backlog->waiting_bytes += entry->bytes;
}

/* Lanes that had read to the end continue, or go back to, what just came. */
static void
show_to_lanes (HmBacklog *backlog, GList *link)
{
  for (guint i = 0; i < backlog->n_lanes; i++)
    {
      HmLane *lane = &backlog->lanes[i];

      if (lane->cursor == NULL)
        lane->cursor = link;
      if (lane->rewinding && lane->back == NULL)
        lane->back = link;
    }
}

static void
hide_from_lanes (HmBacklog *backlog, const GList *link)
{
  for (guint i = 0; i < backlog->n_lanes; i++)
    {
      HmLane *lane = &backlog->lanes[i];

      if (lane->cursor == link)
        lane->cursor = link->next;
      if (lane->back == link)
        lane->back = link->next;
    }
}

void
hm_backlog_add (HmBacklog *backlog, HmRecordClass class, HmMessage *message)
{
  HmBacklogEntry *entry = g_new0 (HmBacklogEntry, 1);

  entry->message = message;
  entry->link.data = entry->place.data = entry;
  entry->open = (1u << backlog->n_lanes) - 1;
  entry->missing = backlog->required;
  entry->bytes = g_bytes_get_size (message->value) + ENTRY_OVERHEAD;
  backlog->bytes += entry->bytes;
  g_queue_push_tail_link (&backlog->all, &entry->link);
  enter_queue (backlog, entry, entry->missing != 0 ? (HmQueue) class : HM_QUEUE_SPARE);
  g_hash_table_insert (backlog->by_position, &message->position, entry);
  show_to_lanes (backlog, &entry->link);
}

void
hm_backlog_remove (HmBacklog *backlog, HmBacklogEntry *entry)
{
  hide_from_lanes (backlog, &entry->link);
  leave_queue (backlog, entry);
  g_queue_unlink (&backlog->all, &entry->link);
  g_hash_table_remove (backlog->by_position, &entry->message->position);
  backlog->bytes -= entry->bytes;
  hm_message_unref (entry->message);
  g_free (entry);
}

/* -- lanes -- */

/* Goes back when it is time to. FALSE: what is in flight must come back first. */
static gboolean
ready_lane (HmLane *lane)
{
  if (!lane->rewinding)
    return TRUE;
  if (lane->flying > 0)
    return FALSE;
  lane->cursor = lane->back;
  lane->back = NULL;
  lane->rewinding = FALSE;
  return TRUE;
}

HmMessage *
hm_backlog_take (HmBacklog *backlog, guint lane)
{
  HmLane *self = &backlog->lanes[lane];
  guint32 bit = 1u << lane;

  if (!ready_lane (self))
    return NULL;
  while (self->cursor != NULL)
    {
      HmBacklogEntry *entry = self->cursor->data;

      self->cursor = self->cursor->next;
      /* After a rewind, what was confirmed in the meantime is passed over. */
      if ((entry->open & bit) == 0)
        continue;
      entry->flight |= bit;
      self->flying++;
      return hm_message_ref (entry->message);
    }
  return NULL;
}

HmBacklogEntry *
hm_backlog_land (HmBacklog *backlog, guint lane, const HmMessage *message)
{
  HmBacklogEntry *entry = g_hash_table_lookup (backlog->by_position, &message->position);

  g_return_val_if_fail (entry != NULL && (entry->flight & (1u << lane)) != 0, NULL);
  entry->flight &= ~(1u << lane);
  backlog->lanes[lane].flying--;
  return entry;
}

void
hm_backlog_put_back (HmBacklog *backlog, guint lane, HmBacklogEntry *entry)
{
  /* While a rewind is due, going back covers this one: it came after the one that failed. */
  if (!backlog->lanes[lane].rewinding)
    backlog->lanes[lane].cursor = &entry->link;
}

void
hm_backlog_go_back (HmBacklog *backlog, guint lane, HmBacklogEntry *entry)
{
  HmLane *self = &backlog->lanes[lane];
  const HmBacklogEntry *back = self->back != NULL ? self->back->data : NULL;

  if (back == NULL || entry->message->position < back->message->position)
    self->back = &entry->link;
  self->rewinding = TRUE;
}

gboolean
hm_backlog_settle (HmBacklog *backlog, guint lane, HmBacklogEntry *entry)
{
  gboolean was_missing = entry->missing != 0;
  gboolean last;

  entry->open &= ~(1u << lane);
  entry->missing &= ~(1u << lane);
  last = was_missing && entry->missing == 0;
  if (last)
    {
      leave_queue (backlog, entry);
      enter_queue (backlog, entry, HM_QUEUE_SPARE);
    }
  if (entry->open == 0)
    hm_backlog_remove (backlog, entry);
  return last;
}

/* -- room -- */

static gboolean
is_droppable (const HmBacklogEntry *entry)
{
  return entry->flight == 0 && (entry->queue == HM_QUEUE_SPARE || entry->message->kind != HM_RECORD_GAP);
}

HmBacklogEntry *
hm_backlog_oldest_droppable (const HmBacklog *backlog)
{
  static const HmQueue order[] = { HM_QUEUE_SPARE, HM_QUEUE_DIAGNOSTIC, HM_QUEUE_BILLING };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    for (const GList *place = backlog->queues[order[i]].head; place != NULL; place = place->next)
      if (is_droppable (place->data))
        return place->data;
  return NULL;
}

guint64
hm_backlog_waiting (const HmBacklog *backlog)
{
  return backlog->queues[HM_QUEUE_BILLING].length + backlog->queues[HM_QUEUE_DIAGNOSTIC].length;
}

HmTime
hm_backlog_oldest (const HmBacklog *backlog)
{
  HmTime oldest = HM_TIME_UNKNOWN;

  for (guint q = HM_QUEUE_BILLING; q <= HM_QUEUE_DIAGNOSTIC; q++)
    if (backlog->queues[q].head != NULL)
      {
        const HmBacklogEntry *entry = backlog->queues[q].head->data;
        HmTime time = entry->message->time;

        oldest = oldest == HM_TIME_UNKNOWN ? time : MIN (oldest, time);
      }
  return oldest;
}
