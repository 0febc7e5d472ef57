/* SPDX-License-Identifier: Apache-2.0 */
/* feed: one publisher's way out of the outbox (feed.h).
 *
 * Both lanes are read one frame ahead and the frame of the smaller order is given. That is right because the writer shows a group in both
 * lanes at once and next() looks at both under one hold of the lock: a lane without a frame has none of a smaller order. Two things are guarded by the
 * lock: what is done and what is in hands; the lanes' reading belongs to next()'s thread. Whatever the others change
 * while it reads, it sees when it holds the lock again. */
#include "agent/outbox/feed_private.h"

HmFeed *
hm_feed_new (HmFiles *files, const HmClock *clock, GMutex *lock, const HmSegments *lanes,
             const HmFeedEvents *events)
{
  HmFeed *feed = g_new0 (HmFeed, 1);

  feed->lock = lock;
  feed->clock = clock;
  feed->segments = lanes;
  feed->events = events;
  feed->hands = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)hm_hand_free);
  feed->closing = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_segment_reader_free);
  for (guint i = 0; i < HM_LANES; i++)
    {
      hm_done_init (&feed->done[i], 1);
      hm_done_init (&feed->settled[i], 1);
      hm_feed_lane_init (&feed->lanes[i], files, i, feed->closing);
    }
  return feed;
}

static void
drop_returned (HmFeed *feed)
{
  HmHand *hand;

  while ((hand = g_queue_pop_head (&feed->returned)) != NULL)
    hm_hand_free (hand);
}

void
hm_feed_free (HmFeed *feed)
{
  if (feed == NULL)
    return;
  drop_returned (feed);
  g_hash_table_unref (feed->hands);
  for (guint i = 0; i < HM_LANES; i++)
    {
      hm_feed_lane_clear (&feed->lanes[i]);
      hm_done_clear (&feed->done[i]);
      hm_done_clear (&feed->settled[i]);
    }
  g_ptr_array_unref (feed->closing);
  g_free (feed);
}

void
hm_feed_begin (HmFeed *feed, const guint64 next[HM_LANES], const guint64 given[HM_LANES])
{
  for (guint i = 0; i < HM_LANES; i++)
    {
      hm_done_clear (&feed->done[i]);
      hm_done_init (&feed->done[i], next[i]);
      hm_done_clear (&feed->settled[i]);
      hm_done_init (&feed->settled[i], next[i]);
      feed->doubt[i] = given[i];
      hm_feed_lane_start (&feed->lanes[i], next[i]);
    }
}

/* -- giving; under the lock unless it says otherwise -- */

static void
settle (HmFeed *feed, guint64 position)
{
  guint64 number = HM_POSITION_NUMBER (position);

  hm_feed_settle (feed, HM_POSITION_LANE (position), number, number + 1);
}

/* FALSE: it still waits for what is in hands. */
static gboolean
begin_again (HmFeed *feed)
{
  if (!feed->rewinding)
    return TRUE;
  if (g_hash_table_size (feed->hands) > 0)
    return FALSE;
  feed->rewinding = feed->forgets = FALSE;
  drop_returned (feed);
  for (guint i = 0; i < HM_LANES; i++)
    hm_feed_lane_start (&feed->lanes[i], feed->done[i].next);
  return TRUE;
}

static HmMessage *
give (HmFeed *feed, HmHand *hand)
{
  g_hash_table_add (feed->hands, hand);
  return hm_message_ref (hand->message);
}

/* What lies in no segment any more is settled. */
static gboolean
is_kept (const HmFeed *feed, guint64 position)
{
  const HmSegment *segment
      = hm_segments_find (&feed->segments[HM_POSITION_LANE (position)], HM_POSITION_NUMBER (position));

  return segment != NULL && segment->first <= HM_POSITION_NUMBER (position);
}

static HmMessage *
give_returned (HmFeed *feed)
{
  HmHand *hand;

  while ((hand = g_queue_pop_head (&feed->returned)) != NULL)
    {
      if (is_kept (feed, hand->position))
        return give (feed, hand);
      settle (feed, hand->position);
      hm_hand_free (hand);
    }
  return NULL;
}

/* A frame that was read ahead is only good as long as its segment is there. */
static void
check_ready (HmFeed *feed, HmFeedLane *lane)
{
  guint64 number = lane->frame.number;
  gboolean there = hm_feed_lane_is_there (lane, &feed->segments[lane->lane], number);

  if (there && !hm_done_has (&feed->done[lane->lane], number))
    return;
  hm_feed_lane_drop (lane);
  if (!there)
    lane->at = number;
}

/* TRUE: a lane has something to be read before it is known what comes next. */
static gboolean
look (HmFeed *feed)
{
  gboolean more = FALSE;

  for (guint i = 0; i < HM_LANES; i++)
    {
      HmFeedLane *lane = &feed->lanes[i];
      guint64 at;

      if (lane->ready)
        check_ready (feed, lane);
      if (lane->ready)
        continue;
      at = lane->at = MAX (lane->at, feed->done[i].next);
      lane->wanted = hm_feed_lane_look (lane, &feed->segments[i]);
      hm_feed_settle (feed, i, at, lane->at);
      more = more || lane->wanted;
    }
  return more;
}

static HmMessage *
give_read (HmFeed *feed)
{
  HmFeedLane *first = NULL;
  HmHand *hand;

  for (guint i = 0; i < HM_LANES; i++)
    if (feed->lanes[i].ready && (first == NULL || feed->lanes[i].frame.order < first->frame.order))
      first = &feed->lanes[i];
  if (first == NULL)
    return NULL;
  hand = g_new0 (HmHand, 1);
  *hand = (HmHand){ .position = HM_POSITION (first->lane, first->frame.number),
                    .order = first->frame.order,
                    .message = hm_message_ref (first->frame.message) };
  hm_feed_lane_drop (first);
  return give (feed, hand);
}

/* Moves the hole's first number on to what is not settled. FALSE: there is nothing to be told. That a number was read before says
 * nothing: what is damaged since, and comes again after a RETRY, is as lost. */
static gboolean
is_news (HmFeed *feed, HmFeedLane *lane, HmDoneRange *ret_news)
{
  const HmFeedHole *hole = &lane->hole;
  gboolean is_odd = hole->first == hole->end && hole->end > lane->odd;

  *ret_news = (HmDoneRange){ hole->first, hole->end };
  if (is_odd)
    lane->odd = hole->end;
  return is_odd || hm_done_find_gap (&feed->settled[lane->lane], hole->first, hole->end, ret_news);
}

/* Without the lock. The outbox hears of a hole before it counts as done: so a drop of its segment at this moment finds it in one place
 * at least. */
static void
tell_hole (HmFeed *feed, HmFeedLane *lane)
{
  const HmFeedHole *hole = &lane->hole;
  gboolean news;
  HmDoneRange range;

  g_mutex_lock (feed->lock);
  news = is_news (feed, lane, &range);
  g_mutex_unlock (feed->lock);
  if (news)
    feed->events->damaged (lane->lane, range.first, hole->end - range.first, lane->path, hole->offset,
                           hole->length, hole->from, hole->to, feed->events->user);
}

/* Without the lock. */
static void
read_lanes (HmFeed *feed)
{
  for (guint i = 0; i < HM_LANES; i++)
    {
      HmFeedLane *lane = &feed->lanes[i];

      if (lane->ready || !lane->wanted)
        continue;
      hm_feed_lane_read (lane);
      if (lane->hole.found)
        tell_hole (feed, lane);
    }
}

/* Unless its segment was let go of meanwhile. */
static gboolean
has_failed (const HmFeed *feed, const HmFeedLane *lane)
{
  return lane->error != NULL && hm_feed_lane_is_there (lane, &feed->segments[lane->lane], lane->at);
}

/* FALSE: something could not be read. @ret_error: (nullable) (transfer full) what is to be said of it. */
static gboolean
note_what_was_read (HmFeed *feed, GError **ret_error)
{
  gboolean good = TRUE;

  for (guint i = 0; i < HM_LANES; i++)
    {
      HmFeedLane *lane = &feed->lanes[i];

      if (lane->hole.found)
        hm_feed_settle (feed, i, lane->hole.first, lane->hole.end);
      lane->hole.found = FALSE;
      if (has_failed (feed, lane))
        {
          good = FALSE;
          if (hm_feed_lane_fail (lane, feed->clock->monotonic (feed->clock)) && *ret_error == NULL)
            *ret_error = g_steal_pointer (&lane->error);
        }
      g_clear_error (&lane->error);
      hm_feed_lane_let_go (lane, &feed->segments[i]);
    }
  return good;
}

HmMessage *
hm_feed_next (HmFeed *feed)
{
  g_autoptr (GError) error = NULL;
  HmMessage *message = NULL;

  g_mutex_lock (feed->lock);
  feed->is_stuck = FALSE;
  while (!feed->is_stuck && begin_again (feed) && (message = give_returned (feed)) == NULL)
    {
      if (!look (feed))
        {
          message = give_read (feed);
          break;
        }
      feed->is_reading = TRUE;
      g_mutex_unlock (feed->lock);
      read_lanes (feed);
      g_mutex_lock (feed->lock);
      feed->is_reading = FALSE;
      feed->is_stuck = !note_what_was_read (feed, &error);
    }
  g_mutex_unlock (feed->lock);
  hm_feed_close_files (feed);
  if (error != NULL)
    feed->events->failed (error, feed->events->user);
  return message;
}

/* -- what comes back -- */

static int
compare_hands (gconstpointer a, gconstpointer b, gpointer user)
{
  const HmHand *one = a, *other = b;

  (void)user;
  return one->order < other->order ? -1 : one->order > other->order;
}

static HmHand *
land (HmFeed *feed, const HmMessage *message)
{
  gpointer hand = NULL;

  g_hash_table_steal_extended (feed->hands, &message->position, &hand, NULL);
  return hand;
}

void
hm_feed_put_back (HmFeed *feed, const HmMessage *message)
{
  HmHand *hand = land (feed, message);

  if (hand == NULL)
    return;
  if (feed->rewinding || hm_feed_is_done (feed, hand->position))
    hm_hand_free (hand);
  else
    g_queue_insert_sorted (&feed->returned, hand, compare_hands, NULL);
}

HmFeedWord
hm_feed_confirm (HmFeed *feed, const HmMessage *message, HmDelivery delivery)
{
  HmHand *hand = land (feed, message);
  guint lane = HM_POSITION_LANE (message->position);
  guint64 number = HM_POSITION_NUMBER (message->position);

  if (hand == NULL)
    return HM_FEED_NOT_IN_HANDS;
  hm_hand_free (hand);
  if (delivery == HM_DELIVERY_RETRY)
    {
      feed->doubt[lane] = MAX (feed->doubt[lane], number + 1);
      feed->rewinding = TRUE;
    }
  else if (!feed->forgets)
    hm_feed_settle (feed, lane, number, number + 1);
  else if (delivery == HM_DELIVERY_DONE)
    hm_done_add (&feed->settled[lane], number, number + 1);
  return delivery == HM_DELIVERY_RETRY || feed->forgets ? HM_FEED_COMES_AGAIN : HM_FEED_DONE;
}
