/* SPDX-License-Identifier: Apache-2.0 */
/* feed_lane: how a feed reads one lane: one frame ahead, over holes, from one segment to the next. Private to the feed.
 *
 * look() and is_there() are called with the outbox's lock held; read() without it, and reads what look() has found. All belongs to the
 * thread that calls next(). */
#pragma once

#include "agent/schedule/backoff.h"
#include "agent/outbox/feed.h"

G_BEGIN_DECLS

/* Numbers [first, end) are not there. */
typedef struct
{
  gboolean found;
  guint64 first, end;
  guint64 offset, length;
  HmTime from, to;
} HmFeedHole;

typedef struct
{
  HmFiles *files;
  guint lane;
  guint64 at;      /* the next number to be read */
  guint64 odd;     /* up to here damaged bytes that cost no number were told */
  gboolean wanted; /* there is a segment to be read: */
  char *path;
  guint64 first, last, limit;
  guint64 begin; /* where a new reader begins; 0: at the header */
  /* where it is read */
  HmSegmentReader *reader;
  guint64 reader_first;
  guint64 offset, length; /* damaged bytes that no frame has followed yet */
  HmTime time;            /* of the frame before */
  /* what was found */
  gboolean ready;
  HmFrame frame;
  HmFeedHole hole;
  GError *error;
  GPtrArray *closing; /* (element-type HmSegmentReader) to be freed without the lock; changed under it */
  HmBackoff backoff;  /* of failures, in which … */
  guint failures;     /* … each wait counts once */
  guint64 salvaged;   /* the first number of the segment that is read as far as it can be; 0: of none */
} HmFeedLane;

void hm_feed_lane_init (HmFeedLane *lane, HmFiles *files, guint number, GPtrArray *closing);
void hm_feed_lane_clear (HmFeedLane *lane);

/* Begins again at @next. */
void hm_feed_lane_start (HmFeedLane *lane, guint64 next);

/* Drops the frame that was read ahead. */
void hm_feed_lane_drop (HmFeedLane *lane);

/* Finds the segment that `at` is in, or moves it to the first above; FALSE: there is nothing to be read. */
gboolean hm_feed_lane_look (HmFeedLane *lane, const HmSegments *segments);

/* Whether @number, that was read, is in the segment that it was read from, still. */
gboolean hm_feed_lane_is_there (const HmFeedLane *lane, const HmSegments *segments, guint64 number);

/* Lets go of the file that is open if it begins in [@first, @end), or if its segment is in the list no more. Not while it is read. */
void hm_feed_lane_close (HmFeedLane *lane, guint64 first, guint64 end);
void hm_feed_lane_let_go (HmFeedLane *lane, const HmSegments *segments);

/* It failed at @now. After some failures and seconds what the disk does not read counts as damaged. FALSE: it belongs to the burst. */
gboolean hm_feed_lane_fail (HmFeedLane *lane, gint64 now);

/* Reads until there is a frame, a hole or an error, or the segment is at its end. */
void hm_feed_lane_read (HmFeedLane *lane);

G_END_DECLS
