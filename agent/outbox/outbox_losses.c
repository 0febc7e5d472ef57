/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_losses: what is gone, until a gap record on disk says it. All under the outbox's lock.
 *
 * A loss has a number that the journal keeps beside it; its gap record's frame carries the number. Who finds that frame on disk knows
 * that the loss is said. */
#include "agent/outbox/outbox_private.h"

#include "metering/count.h"
#include "metering/error.h"
#include "metering/log.h"

HmUnsaid *
hm_unsaid_new (guint64 id, const char *reason)
{
  HmUnsaid *unsaid = g_new0 (HmUnsaid, 1);

  unsaid->id = id;
  unsaid->reason = g_strdup (reason);
  hm_loss_init (&unsaid->loss);
  return unsaid;
}

void
hm_unsaid_free (HmUnsaid *unsaid)
{
  hm_loss_release (&unsaid->loss);
  g_free (unsaid->reason);
  g_free (unsaid);
}

static HmUnsaid *
unsaid_at (const HmDiskOutbox *self, guint i)
{
  return g_ptr_array_index (self->unsaid, i);
}

static HmUnsaid *
find_reason (const HmDiskOutbox *self, const char *reason)
{
  for (guint i = 0; i < self->unsaid->len; i++)
    if (!unsaid_at (self, i)->is_said && g_str_equal (unsaid_at (self, i)->reason, reason))
      return unsaid_at (self, i);
  return NULL;
}

/* The journal has so many places; beyond, a loss goes with another one that is not said either, whatever its reason. */
static HmUnsaid *
find_any (const HmDiskOutbox *self)
{
  if (self->unsaid->len < HM_JOURNAL_LOSSES_MAX)
    return NULL;
  for (guint i = 0; i < self->unsaid->len; i++)
    if (!unsaid_at (self, i)->is_said)
      return unsaid_at (self, i);
  return NULL;
}

/* The log has its own thread. */
HmUnsaid *
hm_outbox_unsaid (HmDiskOutbox *self, const char *reason)
{
  HmUnsaid *unsaid = find_reason (self, reason);

  self->is_dirty = TRUE;
  if (unsaid == NULL)
    unsaid = find_any (self);
  if (unsaid != NULL)
    {
      unsaid->is_noted = FALSE;
      return unsaid;
    }
  unsaid = hm_unsaid_new (self->next_loss++, reason);
  g_ptr_array_add (self->unsaid, unsaid);
  hm_warning ("outbox: records are lost, a gap record will say how many: %s", reason);
  return unsaid;
}

/* -- what a publisher does not take -- */

void
hm_refused_free (HmRefused *refused)
{
  hm_message_unref (refused->message);
  g_free (refused->reason);
  g_free (refused);
}

/* It is no loss yet: should the process end now, it is given again. Of one that another has rejected, or that is said as damaged, it is none
 * more. */
void
hm_outbox_refuse (HmDiskOutbox *self, guint publisher, const HmMessage *message, const char *reason)
{
  guint lane = HM_POSITION_LANE (message->position);
  guint64 number = HM_POSITION_NUMBER (message->position);
  HmRefused *refused;

  if (hm_done_has (&self->lost[lane], number) || hm_outbox_unknown_holes (self, lane, number, 1) == 0)
    return;
  hm_done_add (&self->lost[lane], number, number + 1);
  refused = g_new0 (HmRefused, 1);
  refused->message = hm_message_ref ((HmMessage *)(guintptr)message);
  refused->reason = g_strdup_printf ("rejected: %s", reason);
  g_ptr_array_add (self->ways[publisher].refused, refused);
}

/* Whether the next process would not give it again. */
static gboolean
is_settled (const HmDiskOutbox *self, guint64 position, const guint64 next[HM_LANES])
{
  guint lane = HM_POSITION_LANE (position);
  guint64 number = HM_POSITION_NUMBER (position);
  const HmSegment *segment = hm_segments_find (&self->lanes[lane], number);

  return number < next[lane] || segment == NULL || segment->first > number;
}

static void
lose_refused (HmDiskOutbox *self, HmWayOut *way)
{
  guint64 next[HM_LANES];

  hm_feed_marks (way->feed, next);
  for (guint i = 0; i < way->refused->len;)
    {
      const HmRefused *refused = g_ptr_array_index (way->refused, i);

      if (!is_settled (self, refused->message->position, next))
        {
          i++;
          continue;
        }
      hm_loss_add (&hm_outbox_unsaid (self, refused->reason)->loss, refused->message);
      g_ptr_array_remove_index (way->refused, i);
    }
}

void
hm_outbox_lose_refused (HmDiskOutbox *self)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    lose_refused (self, &self->ways[i]);
  for (guint lane = 0; lane < HM_LANES; lane++)
    hm_done_add (&self->lost[lane], 1, self->released[lane]);
}

/* -- the gap records -- */

void
hm_outbox_losses_are_noted (HmDiskOutbox *self, gboolean noted)
{
  for (guint i = 0; i < self->unsaid->len; i++)
    unsaid_at (self, i)->is_noted = noted;
}

/* Only what is noted: else the records may come again after their loss was said. A full outbox waits for an eighth of room, so that it does not fill itself with gap records. */
static gboolean
may_say (const HmDiskOutbox *self, const HmUnsaid *unsaid)
{
  guint64 bytes
      = self->lanes[HM_CLASS_BILLING].bytes + self->lanes[HM_CLASS_DIAGNOSTIC].bytes + self->pending_bytes;

  if (unsaid->is_said || !unsaid->is_noted || unsaid->loss.records == 0)
    return FALSE;
  if (g_str_equal (unsaid->reason, HM_OUTBOX_FULL))
    return bytes <= self->options.max_bytes - self->options.max_bytes / 8;
  return *self->counts.reason == '\0';
}

/* A gap record is small, one per burst, and all of it is ours: that it cannot be encoded is a broken promise. */
static void
say (HmDiskOutbox *self, HmUnsaid *unsaid)
{
  const HmIdentity *identity = self->options.identity;
  g_autofree char *records = hm_count_print (unsaid->loss.records, "record");
  g_autoptr (GError) error = NULL;
  HmRecord record;

  hm_loss_record (&unsaid->loss, self->clock, identity->agent_id, unsaid->reason, &record);
  unsaid->is_said = TRUE;
  if (!hm_outbox_take (self, HM_CLASS_BILLING, &record, unsaid->id, &error))
    hm_error_line ("outbox: a loss cannot be written down, of %s: %s", records, error->message);
}

void
hm_outbox_say_losses (HmDiskOutbox *self)
{
  for (guint i = 0; i < self->unsaid->len; i++)
    if (may_say (self, unsaid_at (self, i)))
      say (self, unsaid_at (self, i));
}

void
hm_outbox_loss_is_said (HmDiskOutbox *self, guint64 id)
{
  for (guint i = 0; i < self->unsaid->len; i++)
    if (unsaid_at (self, i)->id == id)
      {
        g_ptr_array_remove_index (self->unsaid, i);
        return;
      }
}

/* Should the process end before the record is on disk again, the next one says its loss anew, and that the record itself is gone. */
void
hm_outbox_say_again (HmDiskOutbox *self, HmMessage *message, const HmRecord *record)
{
  HmUnsaid *unsaid = hm_unsaid_new (self->next_loss++, record->reason);

  hm_loss_add_unread (&unsaid->loss, record->records, record->from, record->to);
  unsaid->loss.more = record->resources;
  hm_loss_add (&unsaid->loss, message);
  unsaid->is_said = TRUE;
  g_ptr_array_add (self->unsaid, unsaid);
  hm_outbox_keep (self, HM_CLASS_BILLING, message, HM_OUTBOX_UNCOUNTED, unsaid->id);
}
