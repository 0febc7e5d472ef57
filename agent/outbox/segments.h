/* SPDX-License-Identifier: Apache-2.0 */
/* segments: the files of one lane (metering/segment.h), oldest first, as the writer knows them. A plain list that the outbox's lock
 * guards; it opens and writes nothing. */
#pragma once

#include "metering/segment.h"

G_BEGIN_DECLS

#define HM_SEGMENT_POINTS_MAX 64

/* Where in a segment a record begins, and its time. */
typedef struct
{
  guint64 number, offset;
  HmTime time;
} HmSegmentPoint;

typedef struct
{
  char *path;
  guint64 first, last; /* numbers that are on disk; last = first − 1: none yet */
  guint64 bytes;       /* that are on disk and good: who reads stops here */
  HmTime newest;       /* of its records; HM_TIME_UNKNOWN: not known */
  gboolean sealed;     /* nothing is added any more */
  guint n_points;
  HmSegmentPoint points[HM_SEGMENT_POINTS_MAX]; /* some, in order */
} HmSegment;

typedef struct
{
  guint lane;
  GQueue list;   /* (element-type HmSegment) in the order of their numbers */
  guint64 bytes; /* of all */
} HmSegments;

void hm_segments_init (HmSegments *segments, guint lane);
void hm_segments_clear (HmSegments *segments);

/* @path: (transfer full). Empty, above all that are there. */
HmSegment *hm_segments_add (HmSegments *segments, char *path, guint64 first);
void hm_segments_remove (HmSegments *segments, HmSegment *segment);

/* @segment holds numbers up to @last in its first @bytes bytes now. */
void hm_segments_grow (HmSegments *segments, HmSegment *segment, guint64 last, guint64 bytes);

/* The segment that holds @number, or the first above it; NULL: there is none. Never one with nothing in it. */
HmSegment *hm_segments_find (const HmSegments *segments, guint64 number);

/* What there is from @number on. */
guint64 hm_segments_count (const HmSegments *segments, guint64 number);

/* The same in bytes, and the time of @number or of what comes first after it (HM_TIME_UNKNOWN: not known): not
 * exact where no point is. */
guint64 hm_segments_bytes (const HmSegments *segments, guint64 number);
HmTime hm_segments_time (const HmSegments *segments, guint64 number);

/* Every other point goes when there are too many. */
void hm_segment_note (HmSegment *segment, const HmSegmentPoint *point);

G_END_DECLS
