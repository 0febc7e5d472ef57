/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_group: a group of frames on its way into the segments, on the writer's thread. Diagnostics first, then billing: whatever ends
 * between the two, a heartbeat is not on disk without what it counts.
 *
 * What is written is shown to nobody here: each write that was synced is remembered as an advance of its segment, and counts when the whole group
 * is there. After a failed write or sync nobody knows what the file holds beyond its last good byte: it ends there. */
#include "agent/outbox/outbox_private.h"

#include <errno.h>
#include <fcntl.h>

#include "metering/error.h"

#define FILE_MODE 0640

void
hm_group_init (HmGroup *group)
{
  *group = (HmGroup){ .frames = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_outbox_frame_free),
                      .advances = g_array_new (FALSE, FALSE, sizeof (HmAdvance)) };
}

void
hm_group_clear (HmGroup *group)
{
  g_clear_pointer (&group->frames, g_ptr_array_unref);
  g_clear_pointer (&group->advances, g_array_unref);
}

gboolean
hm_outbox_is_advancing (const HmDiskOutbox *self, const HmSegment *segment)
{
  for (guint i = 0; i < self->group.advances->len; i++)
    if (g_array_index (self->group.advances, HmAdvance, i).segment == segment)
      return TRUE;
  return FALSE;
}

/* HM_ERROR_UNAVAILABLE: there is no room. */
static gboolean
fail (const char *path, int number, GError **error)
{
  HmError code = number == ENOSPC || number == EDQUOT ? HM_ERROR_UNAVAILABLE : HM_ERROR_TEMPORARY;

  g_set_error (error, HM_ERROR, code, "%s: %s", path, g_strerror (number));
  return FALSE;
}

/* -- segments -- */

void
hm_outbox_seal (HmDiskOutbox *self, guint lane)
{
  HmTail *tail = &self->tails[lane];

  if (tail->fd < 0)
    return;
  self->files->close (self->files, tail->fd);
  g_mutex_lock (&self->lock);
  if (!hm_outbox_is_advancing (self, tail->segment))
    tail->segment->sealed = TRUE;
  *tail = (HmTail){ .fd = -1 };
  g_mutex_unlock (&self->lock);
}

/* What lies beyond is passed over by who reads, as soon as the next segment is there. */
static void
remember_torn (HmDiskOutbox *self, guint lane)
{
  const HmTail *tail = &self->tails[lane];
  HmTorn *torn = &self->torn[lane][tail->end == 0];

  g_free (torn->path);
  *torn = (HmTorn){ .path = g_strdup (tail->segment->path), .end = tail->end };
}

static void
forget_torn (HmDiskOutbox *self, guint lane)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->torn[lane]); i++)
    g_clear_pointer (&self->torn[lane][i].path, g_free);
}

/* Whether it was unlinked or truncated is known only when that is synced too. */
static gboolean
cut (HmDiskOutbox *self, const HmTorn *torn)
{
  gboolean good;
  int fd;

  if (torn->end == 0)
    return (self->files->unlink (self->files, torn->path) == 0 || errno == ENOENT)
           && self->files->sync_folder (self->files, self->options.folder) == 0;
  fd = self->files->open (self->files, torn->path, O_RDWR | O_NOFOLLOW, 0);
  if (fd < 0)
    return errno == ENOENT;
  good = self->files->truncate (self->files, fd, (off_t)torn->end) == 0
         && self->files->sync (self->files, fd) == 0;
  self->files->close (self->files, fd);
  return good;
}

gboolean
hm_outbox_cut_torn (HmDiskOutbox *self, guint lane)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->torn[lane]); i++)
    if (self->torn[lane][i].path != NULL && !cut (self, &self->torn[lane][i]))
      return FALSE;
  forget_torn (self, lane);
  return TRUE;
}

/* The best that can be done now. */
static void
give_up_segment (HmDiskOutbox *self, guint lane)
{
  HmTail *tail = &self->tails[lane];
  HmSegment *segment = tail->segment;
  gboolean is_empty = tail->end == 0;

  remember_torn (self, lane);
  if (is_empty)
    self->files->unlink (self->files, segment->path);
  else
    self->files->truncate (self->files, tail->fd, (off_t)tail->end);
  hm_outbox_seal (self, lane);
  if (!is_empty)
    return;
  g_mutex_lock (&self->lock);
  hm_segments_remove (&self->lanes[lane], segment);
  g_mutex_unlock (&self->lock);
}

static gboolean
open_segment (HmDiskOutbox *self, guint lane, guint64 first, GError **error)
{
  g_autofree char *name = hm_segment_name (lane, first);
  g_autofree char *path = g_build_filename (self->options.folder, name, NULL);
  int fd = self->files->open (self->files, path, O_RDWR | O_CREAT | O_TRUNC, FILE_MODE);

  if (fd < 0)
    return fail (path, errno, error);
  g_mutex_lock (&self->lock);
  self->tails[lane]
      = (HmTail){ .fd = fd, .segment = hm_segments_add (&self->lanes[lane], g_steal_pointer (&path), first) };
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* -- one write: as many frames as the segment still takes -- */

typedef struct
{
  guint lane;
  guint n; /* frames */
  const HmFrame *first;
  guint64 last;
  HmTime newest;
} Run;

/* The next frame of @lane that is not on disk, from *@index on; (nullable) */
static const HmFrame *
next_frame (const HmGroup *group, guint lane, guint *index)
{
  while (*index < group->frames->len)
    {
      const HmFrame *frame = g_ptr_array_index (group->frames, (*index)++);

      if (HM_POSITION_LANE (frame->message->position) == lane)
        return frame;
    }
  return NULL;
}

/* Into the buffer. A segment takes one frame at least. */
static void
collect (HmDiskOutbox *self, guint *index, Run *run)
{
  const HmTail *tail = &self->tails[run->lane];
  guint before = *index;
  const HmFrame *frame;
  guint length;

  g_byte_array_set_size (self->buffer, 0);
  if (tail->end == 0)
    hm_segment_write_header (run->lane, tail->segment->first, self->buffer);
  while ((frame = next_frame (&self->group, run->lane, &before)) != NULL)
    {
      length = self->buffer->len;
      hm_frame_write (frame, self->buffer);
      if (tail->end + self->buffer->len > self->segment_bytes && (run->n > 0 || tail->end > 0))
        {
          g_byte_array_set_size (self->buffer, length);
          return;
        }
      run->first = run->n == 0 ? frame : run->first;
      run->last = frame->number;
      run->newest = MAX (run->newest, frame->message->time);
      run->n++;
      *index = before;
    }
}

/* A file that is new is there only when its folder is synced too. */
static gboolean
write_buffer (HmDiskOutbox *self, const HmTail *tail)
{
  if (hm_files_write (self->files, tail->fd, self->buffer->data, self->buffer->len, (off_t)tail->end) < 0
      || self->files->sync (self->files, tail->fd) < 0)
    return FALSE;
  return tail->end > 0 || self->files->sync_folder (self->files, self->options.folder) == 0;
}

static void
advance (HmDiskOutbox *self, const Run *run)
{
  HmTail *tail = &self->tails[run->lane];
  gint64 ignored;
  guint64 offset = tail->end > 0 ? tail->end : HM_SEGMENT_HEADER_BYTES;
  HmAdvance step = {
    .lane = run->lane,
    .segment = tail->segment,
    .last = run->last,
    .bytes = tail->end + self->buffer->len,
    /* What a clock says that is not synchronised makes nothing old. */
    .newest = self->clock->synced (self->clock, &ignored) ? run->newest : HM_TIME_UNKNOWN,
    .point = { .number = run->first->number, .offset = offset, .time = run->first->message->time },
  };

  tail->end = step.bytes;
  g_array_append_val (self->group.advances, step);
  forget_torn (self, run->lane);
}

static gboolean
write_run (HmDiskOutbox *self, guint lane, guint *index, GError **error)
{
  HmTail *tail = &self->tails[lane];
  guint peek = *index;
  const HmFrame *frame = next_frame (&self->group, lane, &peek);
  Run run = { .lane = lane, .newest = HM_TIME_UNKNOWN };

  if (tail->fd < 0 && !open_segment (self, lane, frame->number, error))
    return FALSE;
  collect (self, index, &run);
  if (run.n == 0)
    {
      hm_outbox_seal (self, lane);
      return TRUE;
    }
  if (!write_buffer (self, tail))
    {
      fail (tail->segment->path, errno, error);
      give_up_segment (self, lane);
      return FALSE;
    }
  advance (self, &run);
  self->group.written[lane] = *index;
  return TRUE;
}

static gboolean
write_lane (HmDiskOutbox *self, guint lane, GError **error)
{
  guint index = self->group.written[lane], peek = index;

  while (next_frame (&self->group, lane, &peek) != NULL)
    {
      if (!write_run (self, lane, &index, error))
        return FALSE;
      peek = index;
    }
  return TRUE;
}

gboolean
hm_outbox_write_group (HmDiskOutbox *self, GError **error)
{
  return write_lane (self, HM_CLASS_DIAGNOSTIC, error) && write_lane (self, HM_CLASS_BILLING, error);
}

/* -- what is not written after all -- */

guint64
hm_outbox_group_left (const HmDiskOutbox *self, guint lane)
{
  guint index = self->group.written[lane];
  const HmFrame *frame;
  guint64 bytes = 0;

  while ((frame = next_frame (&self->group, lane, &index)) != NULL)
    bytes += hm_frame_size (frame);
  return bytes;
}

/* Its bin has it, as the gap record has; its number is the next one's. */
static void
lose_frame (HmDiskOutbox *self, guint index)
{
  const HmFrame *frame = g_ptr_array_index (self->group.frames, index);
  guint64 bytes = hm_frame_size (frame), counted = self->counted[HM_CLASS_DIAGNOSTIC];

  hm_outbox_count_frame (self, frame);
  self->counted[HM_CLASS_DIAGNOSTIC] = counted;
  g_mutex_lock (&self->lock);
  hm_loss_add (&hm_outbox_unsaid (self, HM_OUTBOX_FULL)->loss, frame->message);
  self->counts.dropped++;
  self->pending_bytes -= bytes;
  self->pending_count--;
  self->group.bytes -= bytes;
  self->number[HM_CLASS_DIAGNOSTIC]--;
  g_ptr_array_remove_index (self->group.frames, index);
  g_mutex_unlock (&self->lock);
}

/* Diagnostics are written first: those that are not lie behind all billing that is, so no place that is counted moves. */
gboolean
hm_outbox_lose_diagnostics (HmDiskOutbox *self)
{
  guint first = self->group.written[HM_CLASS_DIAGNOSTIC];

  if (hm_outbox_group_left (self, HM_CLASS_DIAGNOSTIC) == 0
      || !hm_outbox_cut_torn (self, HM_CLASS_DIAGNOSTIC))
    return FALSE;
  for (guint i = self->group.frames->len; i-- > first;)
    {
      const HmFrame *frame = g_ptr_array_index (self->group.frames, i);

      if (HM_POSITION_LANE (frame->message->position) == HM_CLASS_DIAGNOSTIC)
        lose_frame (self, i);
    }
  self->group.has_lost = TRUE;
  return TRUE;
}
