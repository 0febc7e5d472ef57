/* SPDX-License-Identifier: Apache-2.0 */
/* segments: see segments.h. */
#include "agent/outbox/segments.h"

void
hm_segments_init (HmSegments *segments, guint lane)
{
  *segments = (HmSegments){ .lane = lane };
  g_queue_init (&segments->list);
}

static void
free_segment (gpointer data)
{
  HmSegment *segment = data;

  g_free (segment->path);
  g_free (segment);
}

void
hm_segments_clear (HmSegments *segments)
{
  g_queue_clear_full (&segments->list, free_segment);
  segments->bytes = 0;
}

HmSegment *
hm_segments_add (HmSegments *segments, char *path, guint64 first)
{
  HmSegment *segment = g_new0 (HmSegment, 1);

  segment->path = path;
  segment->first = first;
  segment->last = first - 1;
  segment->newest = HM_TIME_UNKNOWN;
  g_queue_push_tail (&segments->list, segment);
  return segment;
}

void
hm_segments_remove (HmSegments *segments, HmSegment *segment)
{
  segments->bytes -= segment->bytes;
  g_queue_remove (&segments->list, segment);
  free_segment (segment);
}

void
hm_segments_grow (HmSegments *segments, HmSegment *segment, guint64 last, guint64 bytes)
{
  segments->bytes += bytes - segment->bytes;
  segment->bytes = bytes;
  segment->last = last;
}

HmSegment *
hm_segments_find (const HmSegments *segments, guint64 number)
{
  for (const GList *link = segments->list.head; link != NULL; link = link->next)
    {
      HmSegment *segment = link->data;

      if (segment->last >= MAX (number, segment->first))
        return segment;
    }
  return NULL;
}

guint64
hm_segments_count (const HmSegments *segments, guint64 number)
{
  guint64 count = 0;

  for (const GList *link = segments->list.tail; link != NULL; link = link->prev)
    {
      const HmSegment *segment = link->data;

      if (segment->last < number)
        break;
      count += segment->last + 1 - MAX (number, segment->first);
    }
  return count;
}

/* -- points -- */

/* The last one that is not above @number; (nullable) */
static const HmSegmentPoint *
point_before (const HmSegment *segment, guint64 number)
{
  const HmSegmentPoint *found = NULL;

  for (guint i = 0; i < segment->n_points && segment->points[i].number <= number; i++)
    found = &segment->points[i];
  return found;
}

guint64
hm_segments_bytes (const HmSegments *segments, guint64 number)
{
  guint64 bytes = 0;

  for (const GList *link = segments->list.tail; link != NULL; link = link->prev)
    {
      const HmSegment *segment = link->data;
      const HmSegmentPoint *point = point_before (segment, number);

      if (segment->last < number)
        break;
      bytes
          += segment->bytes - (point != NULL ? point->offset : MIN (HM_SEGMENT_HEADER_BYTES, segment->bytes));
    }
  return bytes;
}

HmTime
hm_segments_time (const HmSegments *segments, guint64 number)
{
  const HmSegment *segment = hm_segments_find (segments, number);
  const HmSegmentPoint *point;

  if (segment == NULL || segment->n_points == 0)
    return HM_TIME_UNKNOWN;
  point = point_before (segment, number);
  return point != NULL ? point->time : segment->points[0].time;
}

void
hm_segment_note (HmSegment *segment, const HmSegmentPoint *point)
{
  if (segment->n_points == HM_SEGMENT_POINTS_MAX)
    {
      segment->n_points /= 2;
      for (guint i = 0; i < segment->n_points; i++)
        segment->points[i] = segment->points[2 * i];
    }
  segment->points[segment->n_points++] = *point;
}
