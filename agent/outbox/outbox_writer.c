/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_writer: the outbox's thread. It sleeps while nothing is there to be written, lets a group grow for a moment, writes it, and
 * shows it to the publishers; at most once a second it notes how far everybody is and lets go of what is settled.
 *
 * A group that the disk does not take stays the group: it is tried again with back-off, into a new segment, for as long as it takes. */
#include "agent/pipeline/heartbeat.h"
#include "agent/outbox/outbox_private.h"

#include "metering/count.h"
#include "metering/error.h"
#include "metering/log.h"

#define NOTE_EVERY_US G_USEC_PER_SEC
#define LOOK_EVERY_US (60 * G_USEC_PER_SEC) /* for what has become too old */

/* -- a group; under the lock -- */

/* What is taken is in the order of both lanes, so that a heartbeat never goes before what it counts. Numbers are given here: what had no
 * place takes none. */
static void
gather (HmDiskOutbox *self)
{
  HmGroup *group = &self->group;
  guint lane;

  while (group->bytes < HM_OUTBOX_GROUP_MAX && !g_queue_is_empty (&self->pending))
    {
      HmFrame *frame = g_queue_pop_head (&self->pending);

      lane = HM_POSITION_LANE (frame->message->position);
      frame->number = ++self->number[lane];
      frame->message->position = HM_POSITION (lane, frame->number);
      g_ptr_array_add (group->frames, frame);
      group->bytes += hm_frame_size (frame);
      group->order = frame->order;
    }
}

static void
apply (HmDiskOutbox *self, const HmAdvance *advance)
{
  HmSegment *segment = advance->segment;

  hm_segments_grow (&self->lanes[advance->lane], segment, advance->last, advance->bytes);
  /* Of a clock that is not synchronised nothing is known, what was known before included: what follows is young. */
  segment->newest
      = advance->newest == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN : MAX (segment->newest, advance->newest);
  segment->sealed = self->tails[advance->lane].segment != segment;
  hm_segment_note (segment, &advance->point);
}

static void
let_go_of_frame (HmDiskOutbox *self, const HmFrame *frame)
{
  self->pending_bytes -= hm_frame_size (frame);
  self->pending_count--;
  if (frame->loss != 0)
    hm_outbox_loss_is_said (self, frame->loss);
  if (frame->message->kind == HM_RECORD_HEARTBEAT)
    self->beating = FALSE;
}

/* The group is on disk. */
static void
show_group (HmDiskOutbox *self)
{
  HmGroup *group = &self->group;

  for (guint i = 0; i < group->advances->len; i++)
    apply (self, &g_array_index (group->advances, HmAdvance, i));
  for (guint i = 0; i < group->frames->len; i++)
    let_go_of_frame (self, g_ptr_array_index (group->frames, i));
  self->synced = group->order;
  self->counts.syncs++;
  *self->counts.reason = '\0';
  self->is_dirty = TRUE;
  hm_group_clear (group);
  hm_group_init (group);
  g_cond_broadcast (&self->written);
}

/* -- the same, without the lock -- */

/* One line when a burst of failures begins, one when it is over. */
static void
note_failure (HmDiskOutbox *self, const GError *error)
{
  gboolean burst;

  g_mutex_lock (&self->lock);
  burst = *self->counts.reason == '\0';
  g_strlcpy (self->counts.reason, error->message, sizeof self->counts.reason);
  g_mutex_unlock (&self->lock);
  hm_backoff_fail (&self->backoff, self->clock->monotonic (self->clock), g_random_int ());
  if (burst)
    hm_error_line ("outbox: the disk takes nothing, tried again until it does: %s", error->message);
}

static void
note_success (HmDiskOutbox *self)
{
  gboolean failed;

  for (guint i = 0; i < self->group.frames->len; i++)
    hm_outbox_count_frame (self, g_ptr_array_index (self->group.frames, i));
  g_mutex_lock (&self->lock);
  failed = *self->counts.reason != '\0';
  show_group (self);
  g_mutex_unlock (&self->lock);
  hm_backoff_clear (&self->backoff);
  if (failed)
    hm_notice ("outbox: the disk takes records again");
  hm_outbox_notify (self);
}

/* What of the group was lost must be noted as the rest of it is on disk: who waits for both need not tell them apart. */
static gboolean
note_lost (HmDiskOutbox *self, GError **error)
{
  if (!self->group.has_lost || hm_outbox_write_journal (self))
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY, "what is lost cannot be noted");
  return FALSE;
}

/* A full disk is one more reason to make room; a broken one is not. */
static gboolean
write_group (HmDiskOutbox *self)
{
  g_autoptr (GError) error = NULL;

  hm_outbox_make_room (self);
  while (!hm_outbox_write_group (self, &error))
    {
      if (!g_error_matches (error, HM_ERROR, HM_ERROR_UNAVAILABLE) || !hm_outbox_make_some_room (self))
        {
          note_failure (self, error);
          return FALSE;
        }
      g_clear_error (&error);
    }
  if (note_lost (self, &error))
    note_success (self);
  else
    note_failure (self, error);
  return error == NULL;
}

/* -- heartbeats; under the lock -- */

/* What was appended before is on disk and counted: so the bins that had ended are as they will stay. */
static void
beat (HmDiskOutbox *self)
{
  const HmIdentity *identity = self->options.identity;
  g_autoptr (GArray) ended = NULL;
  g_autoptr (GError) error = NULL;
  guint64 next[HM_LANES], backlog = 0;
  guint64 before = self->order;
  HmTime oldest;
  HmRecord record;

  if (!self->beats || self->beating || self->synced < self->beat_order)
    return;
  ended = hm_bins_ended (self->bins, identity->agent_epoch, self->beat_bin, HM_HEARTBEAT_BINS_MAX);
  hm_outbox_required_marks (self, next);
  for (guint lane = 0; lane < HM_LANES; lane++)
    backlog += hm_segments_count (&self->lanes[lane], next[lane]);
  oldest = hm_segments_time (&self->lanes[HM_CLASS_BILLING], next[HM_CLASS_BILLING]);
  hm_heartbeat_record (identity, backlog, oldest, ended, &record);
  self->beats = FALSE;
  if (!hm_outbox_take (self, HM_CLASS_BILLING, &record, 0, &error))
    hm_error_line ("outbox: a heartbeat cannot be written down: %s", error->message);
  self->beating = self->order > before; /* it was kept */
  self->beaten = self->order;
}

/* -- the thread -- */

/* Microseconds until the group may be written; 0: now; −1: there is none. Under the lock. */
static gint64
group_nap (const HmDiskOutbox *self)
{
  gint64 left;

  if (self->group.frames->len == 0 && self->pending.length == 0)
    return -1;
  left = hm_backoff_left (&self->backoff, self->clock->monotonic (self->clock)) / 1000;
  if (left > 0)
    return left;
  if (self->group.frames->len > 0 || self->hurry > 0 || self->pending_bytes >= HM_OUTBOX_GROUP_WAKE)
    return 0;
  return MAX (self->pending_since + self->options.linger_ns / 1000 - g_get_monotonic_time (), 0);
}

static gint64
shorter (gint64 a, gint64 b)
{
  return a < 0 || b < 0 ? MAX (a, b) : MIN (a, b);
}

static gboolean
is_to_be_noted (const HmDiskOutbox *self)
{
  return self->is_dirty || self->doomed->len > 0;
}

/* The same for the journal, and for what is too old. */
static gint64
house_nap (const HmDiskOutbox *self)
{
  gint64 now = g_get_monotonic_time (), note = -1, look = -1;

  if (is_to_be_noted (self))
    note = MAX (self->noted_at + NOTE_EVERY_US - now, 0);
  if (self->options.max_age_ns > 0)
    look = MAX (self->looked_at + LOOK_EVERY_US - now, 0);
  return shorter (note, look);
}

static void
sleep_for (HmDiskOutbox *self, gint64 us)
{
  if (us < 0)
    g_cond_wait (&self->wake, &self->lock);
  else if (us > 0)
    g_cond_wait_until (&self->wake, &self->lock, g_get_monotonic_time () + us);
}

/* What is settled goes, what is too old goes, all of it is noted. */
static void
keep_house (HmDiskOutbox *self)
{
  gboolean is_due;

  hm_outbox_release (self);
  hm_outbox_drop_old (self);
  self->looked_at = g_get_monotonic_time ();
  g_mutex_lock (&self->lock);
  is_due = is_to_be_noted (self);
  g_mutex_unlock (&self->lock);
  if (is_due)
    hm_outbox_write_journal (self);
}

/* A gap record's loss is in the journal as long as the record is not on disk. */
static void
lose_frame (HmDiskOutbox *self, const HmFrame *frame)
{
  if (frame->loss == 0)
    hm_outbox_lose_unwritten (self, frame->message);
}

/* Of a lane whose segment could not be cut the next process may find the group's frames, and gives them: then they are not lost. */
static void
lose_group (HmDiskOutbox *self, const gboolean is_cut[HM_LANES])
{
  const HmGroup *group = &self->group;

  for (guint i = 0; i < group->frames->len; i++)
    {
      const HmFrame *frame = g_ptr_array_index (group->frames, i);
      guint lane = HM_POSITION_LANE (frame->message->position);

      if (i >= group->written[lane] && is_cut[lane])
        lose_frame (self, frame);
    }
}

/* What the end leaves unwritten, the next process says. */
static void
lose_the_rest (HmDiskOutbox *self, const gboolean is_cut[HM_LANES])
{
  g_autofree char *records = hm_count_print (self->pending_count, "record");

  hm_error_line ("outbox: lost with the end of the agent: %s: %s", records, self->counts.reason);
  lose_group (self, is_cut);
  for (const GList *link = self->pending.head; link != NULL; link = link->next)
    lose_frame (self, link->data);
}

static gboolean
cut_at_end (HmDiskOutbox *self, guint lane)
{
  if (hm_outbox_cut_torn (self, lane))
    return TRUE;
  hm_error_line (
      "outbox: what of the %s records is on disk is not known, and none of the last group is said to be lost",
      hm_lane_name (lane));
  return FALSE;
}

/* Everything that waits, until the disk refuses: then what is left is left, and said. */
static void
write_the_rest (HmDiskOutbox *self)
{
  gboolean good = TRUE, is_cut[HM_LANES];

  g_mutex_lock (&self->lock);
  while (good && (self->group.frames->len > 0 || self->pending.length > 0))
    {
      gather (self);
      g_mutex_unlock (&self->lock);
      good = write_group (self);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);
  for (guint lane = 0; lane < HM_LANES; lane++)
    is_cut[lane] = cut_at_end (self, lane);
  g_mutex_lock (&self->lock);
  if (self->pending_count > 0)
    lose_the_rest (self, is_cut);
  g_mutex_unlock (&self->lock);
  hm_outbox_release (self);
  hm_outbox_write_journal (self);
}

void
hm_outbox_step (HmDiskOutbox *self, gboolean writes, gboolean notes)
{
  beat (self);
  hm_outbox_say_losses (self);
  if (writes)
    gather (self);
  writes = writes && self->group.frames->len > 0;
  g_mutex_unlock (&self->lock);
  if (writes)
    write_group (self);
  if (notes)
    keep_house (self);
  g_mutex_lock (&self->lock);
}

/* One turn. Under the lock, which it lets go of to work. */
static void
turn (HmDiskOutbox *self)
{
  gboolean writes, notes;

  beat (self);
  hm_outbox_say_losses (self);
  writes = group_nap (self) == 0;
  notes = house_nap (self) == 0;
  if (!writes && !notes)
    {
      sleep_for (self, shorter (group_nap (self), house_nap (self)));
      writes = group_nap (self) == 0;
      notes = house_nap (self) == 0;
    }
  hm_outbox_step (self, writes, notes);
}

gpointer
hm_outbox_write (gpointer data)
{
  HmDiskOutbox *self = data;

  g_mutex_lock (&self->lock);
  while (!self->is_stopping)
    turn (self);
  g_mutex_unlock (&self->lock);
  write_the_rest (self);
  g_mutex_lock (&self->lock);
  self->has_ended = TRUE;
  g_cond_broadcast (&self->written);
  g_mutex_unlock (&self->lock);
  return NULL;
}
