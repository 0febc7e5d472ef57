/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_scan: one segment at the start: what is its last good frame? Only what a process before may not have counted is read in full; of all
 * others it is the last stretch, so that a start is quick whatever waits. The opener's thread, before anything runs. */
#include "agent/outbox/outbox_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "metering/access.h"
#include "metering/error.h"

#define STRETCH_BYTES (64 * 1024)

static gboolean
fail (HmScan *scan, int number)
{
  gboolean is_no_file = number == EISDIR || number == ELOOP || number == ENXIO;
  HmError code = number == EACCES || number == EPERM ? HM_ERROR_PERMISSION : HM_ERROR_TEMPORARY;

  g_set_error (&scan->error, HM_ERROR, is_no_file ? HM_ERROR_DATA : code, "%s: %s", scan->path,
               g_strerror (number));
  return FALSE;
}

/* What cannot be opened is of any size: nothing may be made of it. */
static gboolean
take_size (HmDiskOutbox *self, HmScan *scan)
{
  int fd = self->files->open (self->files, scan->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
  off_t size = fd >= 0 ? self->files->size (self->files, fd) : -1;
  int number = errno;

  if (fd >= 0)
    self->files->close (self->files, fd);
  scan->is_sized = size >= 0;
  scan->size = (guint64)MAX (size, 0);
  return scan->is_sized || fail (scan, number);
}

HmScan *
hm_scan_new (HmDiskOutbox *self, const char *name)
{
  HmScan *scan = g_new0 (HmScan, 1);

  scan->name = g_strdup (name);
  scan->path = g_build_filename (self->options.folder, name, NULL);
  scan->newest = HM_TIME_UNKNOWN;
  hm_segment_parse_name (name, &scan->lane, &scan->first);
  scan->last = scan->first - 1;
  return scan;
}

void
hm_scan_free (HmScan *scan)
{
  g_clear_error (&scan->error);
  g_free (scan->name);
  g_free (scan->path);
  g_free (scan);
}

static void
take_point (HmScan *scan, const HmSegmentItem *item)
{
  if (scan->point.number == 0)
    scan->point = (HmSegmentPoint){ .number = item->frame.number,
                                    .offset = item->offset,
                                    .time = item->frame.message->time };
}

static void
count (HmDiskOutbox *self, const HmFrame *frame)
{
  if (frame->number <= self->counted[HM_POSITION_LANE (frame->message->position)])
    return;
  hm_outbox_count_frame (self, frame);
  if (frame->loss == 0)
    return;
  hm_outbox_loss_is_said (self, frame->loss);
  self->next_loss = MAX (self->next_loss, frame->loss + 1);
}

static void
take_frame (HmScan *scan, const HmSegmentItem *item)
{
  scan->last = item->frame.number;
  scan->bytes = item->offset + item->length;
  scan->order = MAX (scan->order, item->frame.order);
  scan->newest = MAX (scan->newest, item->frame.message->time);
}

/* All frames below @end from @offset on; where @is_first, only the first one's place and time are taken. */
static void
read_from (HmDiskOutbox *self, HmScan *scan, guint64 offset, guint64 end, gboolean counts, gboolean is_first)
{
  g_autoptr (HmSegmentReader) reader = hm_segment_reader_new (self->files, scan->path, &scan->error);
  HmSegmentItem item = { 0 };
  HmSegmentStep step = HM_SEGMENT_DAMAGED;
  gboolean more = reader != NULL;

  if (reader != NULL && offset > HM_SEGMENT_HEADER_BYTES)
    hm_segment_reader_seek (reader, offset);
  while (more)
    {
      step = hm_segment_reader_next (reader, G_MAXUINT64, &item, &scan->error);
      more = step == HM_SEGMENT_DAMAGED || (step == HM_SEGMENT_FRAME && item.frame.number < end);
      if (more && step == HM_SEGMENT_FRAME)
        {
          take_point (scan, &item);
          if (!is_first)
            take_frame (scan, &item);
          if (counts)
            count (self, &item.frame);
          more = !is_first;
        }
      if (step == HM_SEGMENT_FRAME)
        hm_frame_clear (&item.frame);
    }
}

/* The last stretch, and more of it until there is a frame. FALSE: only all of it would do. */
static gboolean
read_tail (HmDiskOutbox *self, HmScan *scan, guint64 end)
{
  guint64 stretch = STRETCH_BYTES;

  while (scan->error == NULL && scan->last < scan->first && scan->size > stretch + HM_SEGMENT_HEADER_BYTES)
    {
      read_from (self, scan, scan->size - stretch, end, FALSE, FALSE);
      stretch *= 8;
    }
  return scan->last >= scan->first;
}

static void
read_once (HmDiskOutbox *self, HmScan *scan, guint64 end, gboolean counts)
{
  if (!take_size (self, scan))
    return;
  scan->last = scan->first - 1;
  scan->bytes = 0;
  if (!counts)
    read_from (self, scan, 0, end, FALSE, TRUE);
  if (scan->error == NULL && (counts || !read_tail (self, scan, end)))
    read_from (self, scan, 0, end, counts, FALSE);
}

/* Some of it cannot be read, and will perhaps never be. Where it ends is told by its last stretch, or else by how many frames have room in
 * the rest: a number that may be in it is not given again. */
static void
read_around (HmDiskOutbox *self, HmScan *scan, guint64 end)
{
  g_autoptr (GError) error = g_steal_pointer (&scan->error);
  guint64 last = scan->last, bytes = scan->bytes;

  scan->is_unreadable = TRUE;
  scan->last = scan->first - 1;
  if (!read_tail (self, scan, end) || scan->error != NULL)
    {
      last = MAX (scan->last, last);
      bytes = MAX (scan->bytes, bytes);
      scan->last = MIN (end - 1, MAX (last + (scan->size - bytes) / HM_FRAME_BYTES_MIN, scan->first));
      scan->bytes = scan->size;
    }
  g_clear_error (&scan->error);
  scan->error = g_steal_pointer (&error);
}

gboolean
hm_scan_may_pass (const HmScan *scan)
{
  return g_error_matches (scan->error, HM_ERROR, HM_ERROR_TEMPORARY)
         || g_error_matches (scan->error, HM_ERROR, HM_ERROR_PERMISSION);
}

void
hm_scan_read (HmDiskOutbox *self, HmScan *scan, guint64 end, gboolean counts)
{
  guint tries = 0;

  do
    {
      g_clear_error (&scan->error);
      read_once (self, scan, end, counts);
    }
  while (hm_scan_may_pass (scan) && ++tries < HM_OUTBOX_TRIES);
  if (hm_scan_may_pass (scan) && scan->is_sized)
    read_around (self, scan, end);
}

/* -- before there is an outbox -- */

static gboolean
is_used (const char *name)
{
  guint lane;
  guint64 first;

  return g_str_equal (name, HM_JOURNAL_NAME) || hm_segment_parse_name (name, &lane, &first);
}

gboolean
hm_outbox_check (const char *folder, GError **error)
{
  HmFiles *files = hm_files_system ();
  g_autofree char *quarantine = g_build_filename (folder, HM_OUTBOX_QUARANTINE, NULL);
  g_auto (GStrv) names = files->list (files, folder);
  gboolean good;

  if (names == NULL && errno != ENOENT)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  good = hm_access_folder (folder, error) && hm_access_folder (quarantine, error);
  for (guint i = 0; good && names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      int mode
          = g_str_equal (names[i], HM_JOURNAL_NAME) ? R_OK | W_OK : R_OK; /* closed segments are only read */

      good = !is_used (names[i]) || hm_access_there (path, mode, error);
    }
  return good;
}
