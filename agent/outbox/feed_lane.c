/* SPDX-License-Identifier: Apache-2.0 */
/* feed_lane: reads one lane for a feed (feed_lane.h).
 *
 * A segment's numbers end where the next segment begins: what it holds beyond was written again there after a sync had failed. Numbers
 * that no frame has are a hole, whatever the reason: damaged bytes, a torn end, a header that is none, a file that
 * somebody removed. What lies in no segment of the list is none: the outbox has let go of it. */
#include "agent/outbox/feed_lane.h"

#include <errno.h>
#include <fcntl.h>

#include "metering/error.h"

/* A disk that recovers does so within seconds; one unreadable sector must not stop a publisher for longer. */
#define FAILURES_MAX     6
#define BACKOFF_FIRST_NS (250 * HM_NSEC_PER_MSEC)
#define BACKOFF_LAST_NS  (4 * HM_NSEC_PER_SEC)

void
hm_feed_lane_init (HmFeedLane *lane, HmFiles *files, guint number, GPtrArray *closing)
{
  *lane = (HmFeedLane){ .files = files, .lane = number, .closing = closing };
  hm_backoff_init (&lane->backoff, BACKOFF_FIRST_NS, BACKOFF_LAST_NS);
  hm_feed_lane_start (lane, 1);
}

void
hm_feed_lane_drop (HmFeedLane *lane)
{
  if (lane->ready)
    hm_frame_clear (&lane->frame);
  lane->ready = FALSE;
}

static void
close_reader (HmFeedLane *lane)
{
  g_clear_pointer (&lane->reader, hm_segment_reader_free);
  lane->offset = lane->length = 0;
  lane->time = HM_TIME_UNKNOWN;
}

/* Under the lock: who closes the last of a file that is unlinked waits until the disk has freed it. */
static void
put_reader_away (HmFeedLane *lane)
{
  if (lane->reader != NULL)
    g_ptr_array_add (lane->closing, g_steal_pointer (&lane->reader));
  close_reader (lane);
}

void
hm_feed_lane_start (HmFeedLane *lane, guint64 next)
{
  hm_feed_lane_drop (lane);
  put_reader_away (lane);
  lane->at = next;
}

void
hm_feed_lane_clear (HmFeedLane *lane)
{
  hm_feed_lane_drop (lane);
  close_reader (lane);
  g_clear_pointer (&lane->path, g_free);
  g_clear_error (&lane->error);
}

/* -- with the lock held -- */

static guint64
last_of (const GList *link)
{
  const HmSegment *segment = link->data, *next = link->next != NULL ? link->next->data : NULL;

  return next != NULL ? MIN (segment->last, next->first - 1) : segment->last;
}

/* The segment that holds @number, or the first above it. */
static const GList *
find_link (const HmSegments *segments, guint64 number)
{
  const GList *link = segments->list.head;

  while (link != NULL && last_of (link) < MAX (number, ((const HmSegment *)link->data)->first))
    link = link->next;
  return link;
}

/* Reading it begins at the nearest place that is known. */
static guint64
offset_before (const HmSegment *segment, guint64 number)
{
  guint64 offset = HM_SEGMENT_HEADER_BYTES;

  for (guint i = 0; i < segment->n_points && segment->points[i].number <= number; i++)
    offset = segment->points[i].offset;
  return offset;
}

gboolean
hm_feed_lane_look (HmFeedLane *lane, const HmSegments *segments)
{
  const GList *link = find_link (segments, lane->at);
  const HmSegment *segment;

  if (link == NULL)
    return FALSE;
  segment = link->data;
  g_free (lane->path);
  lane->path = g_strdup (segment->path);
  lane->first = segment->first;
  lane->last = last_of (link);
  lane->limit = segment->bytes;
  lane->at = MAX (lane->at, lane->first);
  lane->begin = lane->at > lane->first ? offset_before (segment, lane->at) : 0;
  return TRUE;
}

gboolean
hm_feed_lane_is_there (const HmFeedLane *lane, const HmSegments *segments, guint64 number)
{
  const GList *link = find_link (segments, number);

  return link != NULL && ((const HmSegment *)link->data)->first == lane->first;
}

void
hm_feed_lane_close (HmFeedLane *lane, guint64 first, guint64 end)
{
  if (lane->reader != NULL && lane->reader_first >= first && lane->reader_first < end)
    put_reader_away (lane);
}

void
hm_feed_lane_let_go (HmFeedLane *lane, const HmSegments *segments)
{
  if (lane->reader != NULL && !hm_feed_lane_is_there (lane, segments, lane->reader_first))
    put_reader_away (lane);
}

gboolean
hm_feed_lane_fail (HmFeedLane *lane, gint64 now)
{
  if (!hm_backoff_fail (&lane->backoff, now, g_random_int ()))
    return FALSE;
  if (++lane->failures >= FAILURES_MAX)
    lane->salvaged = lane->first;
  return TRUE;
}

/* -- without it -- */

static void
note_success (HmFeedLane *lane)
{
  lane->failures = 0;
  hm_backoff_clear (&lane->backoff);
}

static void
skip_to (HmFeedLane *lane, guint64 end, HmTime to)
{
  if (end > lane->at || lane->length > 0)
    lane->hole = (HmFeedHole){ .found = TRUE,
                               .first = lane->at,
                               .end = end,
                               .offset = lane->offset,
                               .length = lane->length,
                               .from = lane->time,
                               .to = to };
  lane->at = end;
  lane->offset = lane->length = 0;
}

static void
end_segment (HmFeedLane *lane)
{
  if (lane->length == 0)
    lane->offset = lane->limit;
  skip_to (lane, lane->last + 1, HM_TIME_UNKNOWN);
}

static void
take_frame (HmFeedLane *lane, HmFrame *frame)
{
  HmTime time = frame->message->time;

  if (frame->number > lane->last)
    {
      hm_frame_clear (frame);
      end_segment (lane);
      return;
    }
  if (frame->number < lane->at)
    {
      hm_frame_clear (frame);
      lane->offset = lane->length = 0;
    }
  else
    {
      skip_to (lane, frame->number, time);
      lane->frame = *frame;
      lane->ready = TRUE;
      lane->at = frame->number + 1;
    }
  lane->time = time;
}

static void
add_damage (HmFeedLane *lane, const HmSegmentItem *item)
{
  if (lane->length == 0)
    lane->offset = item->offset;
  lane->length = item->offset + item->length - lane->offset;
}

static gboolean
is_gone (const HmFeedLane *lane)
{
  int fd = lane->files->open (lane->files, lane->path, O_RDONLY, 0);

  if (fd < 0)
    return errno == ENOENT;
  lane->files->close (lane->files, fd);
  return FALSE;
}

/* A file that will never be read is one hole; one that cannot be read now is an error. */
static gboolean
open_reader (HmFeedLane *lane)
{
  if (lane->reader != NULL && lane->reader_first == lane->first)
    return TRUE;
  close_reader (lane);
  lane->reader = lane->salvaged == lane->first
                     ? hm_segment_reader_new_salvaging (lane->files, lane->path, &lane->error)
                     : hm_segment_reader_new (lane->files, lane->path, &lane->error);
  lane->reader_first = lane->first;
  if (lane->reader != NULL)
    {
      if (lane->begin > 0)
        hm_segment_reader_seek (lane->reader, lane->begin);
      return TRUE;
    }
  if (g_error_matches (lane->error, HM_ERROR, HM_ERROR_TEMPORARY) && !is_gone (lane))
    return FALSE;
  g_clear_error (&lane->error);
  lane->length = lane->limit;
  end_segment (lane);
  return FALSE;
}

static void
step (HmFeedLane *lane)
{
  HmSegmentItem item = { 0 };

  switch (hm_segment_reader_next (lane->reader, lane->limit, &item, &lane->error))
    {
    case HM_SEGMENT_FRAME:
      take_frame (lane, &item.frame);
      break;
    case HM_SEGMENT_DAMAGED:
      add_damage (lane, &item);
      break;
    case HM_SEGMENT_END:
      end_segment (lane);
      break;
    case HM_SEGMENT_FAILED:
      close_reader (lane);
      break;
    }
}

void
hm_feed_lane_read (HmFeedLane *lane)
{
  if (!open_reader (lane))
    return;
  while (!lane->ready && !lane->hole.found && lane->error == NULL && lane->at <= lane->last)
    step (lane);
  if (lane->error == NULL)
    note_success (lane);
}
