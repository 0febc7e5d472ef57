/* SPDX-License-Identifier: Apache-2.0 */
/* feed_private: what a feed is made of. feed.c gives and takes back; feed_state.c says and changes how far it is. */
#pragma once

#include "agent/outbox/done.h"
#include "agent/outbox/feed_lane.h"

G_BEGIN_DECLS

/* A message that was given, or was put back and is to be given first. */
typedef struct
{
  guint64 position; /* the key; first, for g_int64_hash() */
  guint64 order;
  HmMessage *message;
} HmHand;

struct HmFeed
{
  GMutex *lock;
  const HmSegments *segments;
  const HmFeedEvents *events;
  const HmClock *clock;
  HmDone done[HM_LANES];    /* is not given, or not again */
  HmDone settled[HM_LANES]; /* that, and what was done before it was to be given again: no loss any more */
  guint64 doubt
      [HM_LANES];    /* below, what is not settled came back with RETRY, to this process or the one before */
  GHashTable *hands; /* HmHand as its own key */
  GQueue returned;   /* (element-type HmHand) by order */
  gboolean is_reading; /* next() has let go of the lock, and the lanes are its own */
  gboolean is_stuck;   /* what comes next could not be read */
  gboolean rewinding;
  gboolean forgets; /* what comes back now is given again, confirmed or not */
  HmFeedLane lanes[HM_LANES];
  GPtrArray *closing; /* (element-type HmSegmentReader) that the lanes let go of under the lock */
};

void hm_hand_free (HmHand *hand);
gboolean hm_feed_is_done (const HmFeed *feed, guint64 position);
/* [@first, @end) is done, and settled. */
void hm_feed_settle (HmFeed *feed, guint lane, guint64 first, guint64 end);

G_END_DECLS
