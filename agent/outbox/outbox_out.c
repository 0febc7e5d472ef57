/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_out: the outbox's way out. Each publisher reads through a feed of its own, on its delivery thread, what the writer has synced, and
 * confirms from threads of its own. */
#include "agent/outbox/outbox_private.h"

#include "metering/error.h"
#include "metering/log.h"

static gboolean
is_required (const HmDiskOutbox *self, guint publisher)
{
  return self->options.publishers[publisher].required;
}

void
hm_outbox_required_marks (HmDiskOutbox *self, guint64 ret_next[HM_LANES])
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    ret_next[lane] = G_MAXUINT64;
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      guint64 next[HM_LANES];

      if (!is_required (self, i))
        continue;
      hm_feed_marks (self->ways[i].feed, next);
      for (guint lane = 0; lane < HM_LANES; lane++)
        ret_next[lane] = MIN (ret_next[lane], next[lane]);
    }
}

gboolean
hm_outbox_is_lacked (HmDiskOutbox *self, guint64 position)
{
  if (hm_done_has (&self->lost[HM_POSITION_LANE (position)], HM_POSITION_NUMBER (position)))
    return FALSE;
  for (guint i = 0; i < self->options.n_publishers; i++)
    if (is_required (self, i) && hm_feed_lacks (self->ways[i].feed, position))
      return TRUE;
  return FALSE;
}

void
hm_outbox_pass (HmDiskOutbox *self, guint lane, guint64 first, guint64 end)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      HmWayOut *way = &self->ways[i];
      guint64 next[HM_LANES];

      hm_feed_marks (way->feed, next);
      for (guint64 number = MAX (first, next[lane]); number < end; number++)
        way->skipped += hm_feed_lacks (way->feed, HM_POSITION (lane, number));
      hm_feed_pass (way->feed, lane, first, end);
    }
}

HmMessage *
hm_outbox_next (HmOutbox *outbox, guint publisher)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  return hm_feed_next (self->ways[publisher].feed);
}

gboolean
hm_outbox_is_stuck (HmOutbox *outbox, guint publisher)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  gboolean is_stuck;

  g_mutex_lock (&self->lock);
  is_stuck = hm_feed_is_stuck (self->ways[publisher].feed);
  g_mutex_unlock (&self->lock);
  return is_stuck;
}

void
hm_outbox_put_back (HmOutbox *outbox, guint publisher, HmMessage *message)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  g_mutex_lock (&self->lock);
  hm_feed_put_back (self->ways[publisher].feed, message);
  self->ways[publisher].is_full = TRUE;
  g_mutex_unlock (&self->lock);
}

/* A gap record that is rejected would only be rejected again, and a copy that an optional publisher cannot
 * take is no loss of the record: neither makes another gap record. */
static void
reject (HmDiskOutbox *self, guint publisher, const HmMessage *message, const char *reason)
{
  self->counts.rejected++;
  if (is_required (self, publisher) && message->kind != HM_RECORD_GAP && message->kind != HM_RECORD_HEARTBEAT)
    hm_outbox_refuse (self, publisher, message, reason);
}

/* Under the lock. The writer notes it within a second. */
static void
conclude (HmDiskOutbox *self, guint publisher, const HmMessage *message, HmDelivery delivery,
          const char *reason)
{
  gboolean was_lacked = hm_outbox_is_lacked (self, message->position);
  HmFeedWord word = hm_feed_confirm (self->ways[publisher].feed, message, delivery);

  if (word == HM_FEED_NOT_IN_HANDS || delivery == HM_DELIVERY_RETRY)
    return;
  if (delivery == HM_DELIVERY_DONE)
    self->counts.confirmed += was_lacked && !hm_outbox_is_lacked (self, message->position);
  else if (word == HM_FEED_DONE)
    reject (self, publisher, message, reason);
  if (!self->is_dirty)
    g_cond_signal (&self->wake);
  self->is_dirty = TRUE;
}

void
hm_outbox_confirm (HmOutbox *outbox, guint publisher, HmMessage *message, HmDelivery delivery,
                   const char *reason)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  HmWayOut *way = &self->ways[publisher];
  const char *said = reason != NULL ? reason : "no reason given";
  gboolean news;

  g_mutex_lock (&self->lock);
  conclude (self, publisher, message, delivery, said);
  news = way->is_full || (hm_feed_is_rewinding (way->feed) && hm_feed_in_hands (way->feed) == 0);
  way->is_full = FALSE;
  g_mutex_unlock (&self->lock);

  if (delivery == HM_DELIVERY_REJECT)
    hm_warning ("outbox: record %s is given up: %s", message->id, said);
  if (news)
    hm_outbox_notify (self);
}

/* -- replay -- */

static int
find_publisher (const HmDiskOutbox *self, const char *name)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    if (g_str_equal (self->options.publishers[i].name, name))
      return (int)i;
  return -1;
}

gboolean
hm_outbox_replay (HmOutbox *outbox, const char *publisher, const guint64 from[HM_LANES], guint64 *ret_records,
                  GError **error)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  int index = find_publisher (self, publisher);
  guint64 next[HM_LANES], records = 0;

  if (index < 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no publisher \"%s\"", publisher);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      next[lane] = MAX (from[lane], self->released[lane]);
      records += hm_segments_count (&self->lanes[lane], next[lane]);
    }
  hm_feed_rewind (self->ways[index].feed, next);
  self->is_dirty = TRUE;
  g_mutex_unlock (&self->lock);
  hm_outbox_notify (self);
  *ret_records = records;
  return TRUE;
}
