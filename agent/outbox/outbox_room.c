/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_room: which segment goes, on the writer's thread: because all is settled that it holds, because there is no room, or because
 * it is too old. In this order where room is short:
 *
 *   spare       segments that only optional publishers lack: nothing is lost
 *   diagnostic  then that lane's, oldest first
 *   billing     this lane's last, and never for diagnostics: those that come are the loss then
 *
 * What a required publisher has in its hands, or gave back to be tried again, may be delivered already, so its segment is passed over. What goes and somebody lacked is
 * counted, noted in the journal, and only then unlinked. As long as one cannot be noted or unlinked no other goes: it would give no room. */
#include "agent/outbox/outbox_private.h"

#include "metering/error.h"
#include "metering/log.h"

/* A segment that goes. */
typedef struct
{
  guint lane;
  char *path;
  guint64 first, last, bytes;
  gboolean is_oldest; /* of its lane */
  guint8 *lacked;     /* by a required publisher: one for each number */
  guint64 left;       /* of those, not found in the file yet */
  HmLoss loss;
  GPtrArray *gaps; /* (element-type HmMessage) */
} Going;

static const guint drop_order[HM_LANES] = { HM_CLASS_DIAGNOSTIC, HM_CLASS_BILLING };

/* -- choosing; under the lock -- */

static gboolean
is_held (const HmDiskOutbox *self, guint lane, const HmSegment *segment)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    if (self->options.publishers[i].required
        && hm_feed_holds (self->ways[i].feed, lane, segment->first, segment->last))
      return TRUE;
  return FALSE;
}

static gboolean
may_go (const HmDiskOutbox *self, guint lane, const HmSegment *segment)
{
  return segment->last >= segment->first && !hm_outbox_is_advancing (self, segment)
         && !is_held (self, lane, segment);
}

static gboolean
is_spare (HmDiskOutbox *self, guint lane, const HmSegment *segment)
{
  guint64 next[HM_LANES];

  hm_outbox_required_marks (self, next);
  return segment->last < next[lane];
}

static gboolean
is_old (HmDiskOutbox *self, guint lane, const HmSegment *segment)
{
  HmTime now = self->clock->wall (self->clock);

  (void)lane;
  return segment->newest != HM_TIME_UNKNOWN && segment->newest < now - self->options.max_age_ns;
}

static gboolean
is_any (HmDiskOutbox *self, guint lane, const HmSegment *segment)
{
  (void)self;
  (void)lane;
  (void)segment;
  return TRUE;
}

/* The oldest of @lane that may go and is such. */
static HmSegment *
choose (HmDiskOutbox *self, guint lane,
        gboolean (*is_such) (HmDiskOutbox *self, guint lane, const HmSegment *segment))
{
  for (GList *link = self->lanes[lane].list.head; link != NULL; link = link->next)
    if (is_such (self, lane, link->data) && may_go (self, lane, link->data))
      return link->data;
  return NULL;
}

/* -- taking it out; under the lock -- */

/* From here on nobody is given anything of it. */
static void
take_out (HmDiskOutbox *self, HmSegment *segment, Going *going)
{
  HmSegments *lane = &self->lanes[going->lane];

  going->path = g_strdup (segment->path);
  going->first = segment->first;
  going->last = segment->last;
  going->bytes = segment->bytes;
  going->is_oldest = g_queue_peek_head (&lane->list) == segment;
  going->lacked = g_new0 (guint8, segment->last - segment->first + 1);
  for (guint64 number = segment->first; number <= segment->last; number++)
    {
      guint8 lacked = hm_outbox_is_lacked (self, HM_POSITION (going->lane, number));

      going->lacked[number - segment->first] = lacked;
      going->left += lacked;
    }
  hm_outbox_pass (self, going->lane, going->is_oldest ? 0 : going->first, going->last + 1);
  hm_segments_remove (lane, segment);
}

/* Where it goes from the middle of its lane, what it held is a hole that is known. */
static void
note_end (HmDiskOutbox *self, const Going *going)
{
  if (going->is_oldest)
    self->released[going->lane] = MAX (self->released[going->lane], going->last + 1);
  else
    hm_outbox_note_hole (self, going->lane, going->first, going->last - going->first + 1);
  g_ptr_array_add (self->doomed, g_strdup (going->path));
  self->is_dirty = TRUE;
}

/* -- reading what goes; without the lock -- */

static void
lose (HmDiskOutbox *self, Going *going, const HmFrame *frame)
{
  g_autoptr (HmDecoded) heartbeat = NULL;

  if (frame->number < going->first || frame->number > going->last
      || !going->lacked[frame->number - going->first])
    return;
  going->lacked[frame->number - going->first] = FALSE;
  going->left--;
  switch (frame->message->kind)
    {
    case HM_RECORD_GAP:
      g_ptr_array_add (going->gaps, hm_message_ref (frame->message));
      break;
    case HM_RECORD_HEARTBEAT:
      heartbeat = hm_outbox_decode (frame->message);
      if (heartbeat != NULL)
        hm_bins_put_back (self->bins, heartbeat->record.bins, heartbeat->record.n_bins);
      break;
    default:
      hm_loss_add (&going->loss, frame->message);
    }
}

static void
read_once (HmDiskOutbox *self, Going *going, GError **error)
{
  g_autoptr (HmSegmentReader) reader = hm_segment_reader_new (self->files, going->path, error);
  HmSegmentItem item = { 0 };
  HmSegmentStep step;

  while (reader != NULL && going->left > 0
         && ((step = hm_segment_reader_next (reader, going->bytes, &item, error)) == HM_SEGMENT_FRAME
             || step == HM_SEGMENT_DAMAGED))
    if (step == HM_SEGMENT_FRAME)
      {
        lose (self, going, &item.frame);
        hm_frame_clear (&item.frame);
      }
}

/* A call that fails is tried again, as the next one may not: with a heartbeat that is not read, the bins that it closes stay open for ever, and
 * with a gap record what it says is never said. What cannot be read at all is not there, and is lost like the rest. */
static void
read_what_goes (HmDiskOutbox *self, Going *going)
{
  g_autoptr (GError) error = NULL;
  guint tries = 0;

  while (going->left > 0 && tries++ < HM_OUTBOX_TRIES)
    {
      g_clear_error (&error);
      read_once (self, going, &error);
      if (!g_error_matches (error, HM_ERROR, HM_ERROR_TEMPORARY))
        break;
    }
  if (error != NULL)
    hm_warning ("outbox: what is dropped cannot be read: %s", error->message);
}

/* -- the books; under the lock -- */

/* What is lacked and was not found, unless it is known to be missing. */
static guint64
count_unread (HmDiskOutbox *self, const Going *going)
{
  guint64 count = 0;

  for (guint64 number = going->first; going->left > 0 && number <= going->last; number++)
    if (going->lacked[number - going->first])
      count += hm_outbox_unknown_holes (self, going->lane, number, 1);
  return count;
}

static void
book (HmDiskOutbox *self, Going *going, const char *reason)
{
  guint64 unread = count_unread (self, going);

  hm_loss_add_unread (&going->loss, unread, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN);
  if (going->loss.records > 0)
    hm_loss_merge (&hm_outbox_unsaid (self, reason)->loss, &going->loss);
  self->counts.dropped += going->loss.records;
  for (guint i = 0; i < going->gaps->len; i++)
    {
      HmMessage *message = g_ptr_array_index (going->gaps, i);
      g_autoptr (HmDecoded) gap = hm_outbox_decode (message);

      if (gap != NULL)
        hm_outbox_say_again (self, hm_message_ref (message), &gap->record);
    }
  note_end (self, going);
}

static void
clear_going (Going *going)
{
  g_free (going->path);
  g_free (going->lacked);
  hm_loss_release (&going->loss);
  g_ptr_array_unref (going->gaps);
}

/* FALSE: it cannot be noted, so it is not gone yet. */
static gboolean
drop (HmDiskOutbox *self, guint lane, HmSegment *segment, const char *reason)
{
  Going going = { .lane = lane };

  if (self->tails[lane].segment == segment)
    hm_outbox_seal (self, lane);
  hm_loss_init (&going.loss);
  going.gaps = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_message_unref);
  g_mutex_lock (&self->lock);
  take_out (self, segment, &going);
  g_mutex_unlock (&self->lock);
  read_what_goes (self, &going);
  g_mutex_lock (&self->lock);
  book (self, &going, reason);
  g_mutex_unlock (&self->lock);
  clear_going (&going);
  return hm_outbox_write_journal (self);
}

/* Something went before and is not noted or not unlinked. */
static gboolean
is_owing (const HmDiskOutbox *self)
{
  return self->journal_fails || self->doomed->len > 0;
}

/* For what comes of @class. FALSE: there is nothing that may go. */
static gboolean
drop_one (HmDiskOutbox *self, HmRecordClass class)
{
  guint n = class == HM_CLASS_BILLING ? 2 * HM_LANES : 2 * HM_LANES - 1; /* billing is the last */
  HmSegment *segment = NULL;
  guint lane = 0;

  if (is_owing (self))
    return hm_outbox_write_journal (self) && !is_owing (self);
  g_mutex_lock (&self->lock);
  for (guint i = 0; segment == NULL && i < n; i++)
    segment = choose (self, lane = drop_order[i % HM_LANES], i < HM_LANES ? is_spare : is_any);
  g_mutex_unlock (&self->lock);
  return segment != NULL && drop (self, lane, segment, HM_OUTBOX_FULL);
}

static guint64
bytes_of (HmDiskOutbox *self)
{
  guint64 bytes;

  g_mutex_lock (&self->lock);
  bytes = self->lanes[HM_CLASS_BILLING].bytes + self->lanes[HM_CLASS_DIAGNOSTIC].bytes;
  g_mutex_unlock (&self->lock);
  return bytes;
}

static gboolean
has_room (HmDiskOutbox *self, guint64 bytes)
{
  return bytes_of (self) + bytes <= self->options.max_bytes;
}

void
hm_outbox_make_room (HmDiskOutbox *self)
{
  guint64 diagnostic = hm_outbox_group_left (self, HM_CLASS_DIAGNOSTIC);

  while (!has_room (self, diagnostic) && drop_one (self, HM_CLASS_DIAGNOSTIC))
    continue;
  if (!self->journal_fails && !has_room (self, diagnostic))
    hm_outbox_lose_diagnostics (self);
  if (hm_outbox_group_left (self, HM_CLASS_BILLING) == 0)
    return;
  while (!has_room (self, self->group.bytes) && drop_one (self, HM_CLASS_BILLING))
    continue;
}

gboolean
hm_outbox_make_some_room (HmDiskOutbox *self)
{
  if (hm_outbox_group_left (self, HM_CLASS_DIAGNOSTIC) == 0)
    return drop_one (self, HM_CLASS_BILLING);
  return drop_one (self, HM_CLASS_DIAGNOSTIC) || (!self->journal_fails && hm_outbox_lose_diagnostics (self));
}

/* A clock that is wrong by years must not empty the outbox. */
void
hm_outbox_drop_old (HmDiskOutbox *self)
{
  gint64 ignored;
  HmSegment *segment;

  if (self->options.max_age_ns == 0 || !self->clock->synced (self->clock, &ignored) || self->journal_fails)
    return;
  for (guint lane = 0; lane < HM_LANES; lane++)
    do
      {
        g_mutex_lock (&self->lock);
        segment = choose (self, lane, is_old);
        g_mutex_unlock (&self->lock);
      }
    while (segment != NULL && drop (self, lane, segment, HM_OUTBOX_TOO_OLD));
}

/* -- what is settled -- */

/* The first number that any publisher may still want, by name or by its place in an older configuration's journal: those are not
 * waited for. */
static guint64
wanted_from (HmDiskOutbox *self, guint lane)
{
  guint64 from = G_MAXUINT64;

  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      guint64 next[HM_LANES];

      hm_feed_marks (self->ways[i].feed, next);
      from = MIN (from, next[lane]);
    }
  return from;
}

static void
release_lane (HmDiskOutbox *self, guint lane)
{
  HmSegments *segments = &self->lanes[lane];
  guint64 wanted = wanted_from (self, lane);
  HmSegment *segment;

  while ((segment = g_queue_peek_head (&segments->list)) != NULL && segment->sealed
         && segment->last >= segment->first && segment->last < wanted)
    {
      self->released[lane] = segment->last + 1;
      g_ptr_array_add (self->doomed, g_strdup (segment->path));
      self->is_dirty = TRUE;
      /* Whoever has it open gives its room back only by closing it, and may have nothing more to read. */
      for (guint i = 0; i < self->options.n_publishers; i++)
        hm_feed_pass (self->ways[i].feed, lane, segment->first, segment->last + 1);
      hm_segments_remove (segments, segment);
    }
}

void
hm_outbox_release (HmDiskOutbox *self)
{
  g_mutex_lock (&self->lock);
  for (guint lane = 0; lane < HM_LANES; lane++)
    release_lane (self, lane);
  g_mutex_unlock (&self->lock);
}
