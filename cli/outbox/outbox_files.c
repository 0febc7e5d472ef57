/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_files: see outbox_files.h. All of each file is read, so that what is counted is there and good. */
#include "cli/outbox/outbox_files.h"

#include "cli/outbox/outbox.h"

typedef struct
{
  guint64 (*from)[HM_LANES];
  guint n;
  HmOutboxFiles sums;
  guint64 *counts;
} Sum;

static void
add_frame (Sum *sum, guint lane, const HmFrame *frame)
{
  HmLaneFiles *files = &sum->sums.lanes[lane];
  HmTime time = frame->message->time;

  files->records++;
  files->first = files->first == 0 ? frame->number : MIN (files->first, frame->number);
  files->last = MAX (files->last, frame->number);
  sum->sums.oldest = sum->sums.oldest == HM_TIME_UNKNOWN ? time : MIN (sum->sums.oldest, time);
  sum->sums.newest = MAX (sum->sums.newest, time);
  for (guint i = 0; i < sum->n; i++)
    sum->counts[i] += frame->number >= sum->from[i][lane];
}

/* From @end on it was written again in the next segment. */
static gboolean
add_frames (Sum *sum, guint lane, HmSegmentReader *reader, guint64 end, GError **error)
{
  for (;;)
    {
      HmSegmentItem item;

      switch (hm_segment_reader_next (reader, G_MAXUINT64, &item, error))
        {
        case HM_SEGMENT_FRAME:
          if (item.frame.number < end)
            add_frame (sum, lane, &item.frame);
          hm_frame_clear (&item.frame);
          break;
        case HM_SEGMENT_DAMAGED:
          sum->sums.damaged += item.length;
          break;
        case HM_SEGMENT_END:
          sum->sums.lanes[lane].bytes += hm_segment_reader_offset (reader);
          return TRUE;
        case HM_SEGMENT_FAILED:
          return FALSE;
        }
    }
}

/* One of which no record can be read is counted and adds nothing. */
static gboolean
add_segment (Sum *sum, guint lane, const HmOutboxFile *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HmSegmentReader) reader = hm_segment_reader_new (hm_files_system (), file->path, &local);

  if (reader == NULL && !g_error_matches (local, HM_ERROR, HM_ERROR_DATA))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  sum->sums.lanes[lane].segments++;
  return reader == NULL || add_frames (sum, lane, reader, file->end, error);
}

static gboolean
add_lane (Sum *sum, const char *folder, char *const *names, guint lane, GError **error)
{
  g_autoptr (GPtrArray) segments = hm_outbox_segments (folder, names, lane);

  for (guint i = 0; i < segments->len; i++)
    if (!add_segment (sum, lane, g_ptr_array_index (segments, i), error))
      return FALSE;
  return TRUE;
}

gboolean
hm_outbox_files_read (const char *folder, guint64 (*from)[HM_LANES], guint n, HmOutboxFiles *ret_files,
                      guint64 *ret_counts, GError **error)
{
  g_auto (GStrv) names = hm_outbox_list (folder, error);
  g_autofree guint64 *counts = g_new0 (guint64, n + 1);
  Sum sum = { from, n, { .oldest = HM_TIME_UNKNOWN, .newest = HM_TIME_UNKNOWN }, counts };

  if (names == NULL)
    return FALSE;
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (!add_lane (&sum, folder, names, lane, error))
      return FALSE;
  *ret_files = sum.sums;
  for (guint i = 0; i < n; i++)
    ret_counts[i] = counts[i];
  return TRUE;
}
