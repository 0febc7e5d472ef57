/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_in: the outbox's way in. Any thread: the record is stamped, numbered and laid before the writer, all of it under the lock and without
 * the disk. What waits for the writer is bounded; beyond, the newest is not kept, which is a loss like any other. */
#include "agent/outbox/outbox_private.h"

#include <string.h>

#include "metering/log.h"

void
hm_outbox_frame_free (HmFrame *frame)
{
  hm_frame_clear (frame);
  g_free (frame);
}

static guint64
size_of (const HmMessage *message)
{
  return g_bytes_get_size (message->value) + strlen (message->key) + strlen (message->id)
         + strlen (message->source) + (message->signature != NULL ? strlen (message->signature) : 0)
         + HM_OUTBOX_FRAME_EXTRA;
}

guint64
hm_frame_size (const HmFrame *frame)
{
  return size_of (frame->message);
}

/* A gap record is the only trace of a loss; a heartbeat closes bins, and the next is made when it is on disk: both are few. */
static gboolean
has_memory (const HmDiskOutbox *self, guint lane, HmRecordKind kind, guint64 bytes)
{
  guint64 limit = lane == HM_CLASS_DIAGNOSTIC ? HM_OUTBOX_PENDING_MAX / 2 : HM_OUTBOX_PENDING_MAX;

  return kind == HM_RECORD_GAP || kind == HM_RECORD_HEARTBEAT || self->pending_bytes + bytes <= limit;
}

void
hm_outbox_lose_unwritten (HmDiskOutbox *self, const HmMessage *message)
{
  const char *why = *self->counts.reason != '\0' ? self->counts.reason : "too slow";
  g_autofree char *reason = g_strdup_printf ("the disk takes nothing: %s", why);

  self->counts.dropped++;
  if (message->kind != HM_RECORD_HEARTBEAT)
    hm_loss_add (&hm_outbox_unsaid (self, reason)->loss, message);
}

gboolean
hm_outbox_keep (HmDiskOutbox *self, guint lane, HmMessage *message, gint64 bin, guint64 loss)
{
  guint64 bytes = size_of (message);
  HmFrame *frame;

  if (!has_memory (self, lane, message->kind, bytes))
    {
      hm_outbox_lose_unwritten (self, message);
      hm_message_unref (message);
      return FALSE;
    }
  frame = g_new0 (HmFrame, 1);
  *frame = (HmFrame){ .order = ++self->order, .bin = bin, .loss = loss, .message = message };
  message->position = HM_POSITION (lane, 0); /* it has its number when it is written */
  if (g_queue_is_empty (&self->pending))
    self->pending_since = g_get_monotonic_time ();
  g_queue_push_tail (&self->pending, frame);
  self->pending_bytes += bytes;
  self->pending_count++;
  if (self->pending.length == 1 || self->pending_bytes >= HM_OUTBOX_GROUP_WAKE)
    g_cond_signal (&self->wake);
  return TRUE;
}

gboolean
hm_outbox_take (HmDiskOutbox *self, guint lane, HmRecord *record, guint64 loss, GError **error)
{
  g_auto (HmStamped) stamped = { 0 };

  if (!hm_stamper_stamp_parts (self->stamper, record, self->options.max_record_bytes, &stamped, error))
    return FALSE;
  for (guint i = 0; i < stamped.messages->len; i++)
    {
      self->counts.appended++;
      hm_outbox_keep (self, lane, hm_message_ref (g_ptr_array_index (stamped.messages, i)), record->agent.bin,
                      loss);
    }
  self->counts.refused += stamped.refused;
  if (stamped.refused > 0)
    hm_warning ("outbox: samples refused: %u: %s", stamped.refused, stamped.reason);
  return TRUE;
}

gboolean
hm_outbox_append (HmOutbox *outbox, HmRecordClass class, HmRecord *record, GError **error)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  gboolean good;

  g_mutex_lock (&self->lock);
  good = hm_outbox_take (self, class, record, 0, error);
  g_mutex_unlock (&self->lock);
  return good;
}

/* -- heartbeats, and waiting for the disk -- */

void
hm_outbox_heartbeat (HmOutbox *outbox)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  g_mutex_lock (&self->lock);
  self->beats = TRUE;
  self->beat_order = self->order;
  self->beat_bin = hm_stamper_bin (self->stamper);
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
}

/* A heartbeat that was asked for belongs to what was appended. */
static gboolean
is_flushed (const HmDiskOutbox *self, guint64 order)
{
  return !self->beats && self->synced >= MAX (order, self->beaten);
}

gboolean
hm_outbox_flush (HmOutbox *outbox, gint64 timeout_ns)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean done;
  guint64 order;

  g_mutex_lock (&self->lock);
  order = self->order;
  self->hurry++;
  g_cond_signal (&self->wake);
  while (!is_flushed (self, order) && self->thread != NULL && !self->has_ended
         && g_cond_wait_until (&self->written, &self->lock, deadline))
    continue;
  done = is_flushed (self, order);
  self->hurry--;
  g_mutex_unlock (&self->lock);
  return done;
}
