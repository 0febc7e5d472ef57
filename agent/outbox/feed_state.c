/* SPDX-License-Identifier: Apache-2.0 */
/* feed_state: how far a feed is, and what is decided of it elsewhere: passed over, or to be given again. Under the outbox's lock, on any thread. */
#include "agent/outbox/feed_private.h"

gboolean
hm_feed_is_done (const HmFeed *feed, guint64 position)
{
  return hm_done_has (&feed->done[HM_POSITION_LANE (position)], HM_POSITION_NUMBER (position));
}

void
hm_feed_settle (HmFeed *feed, guint lane, guint64 first, guint64 end)
{
  hm_done_add (&feed->done[lane], first, end);
  hm_done_add (&feed->settled[lane], first, end);
}

void
hm_hand_free (HmHand *hand)
{
  hm_message_unref (hand->message);
  g_free (hand);
}

/* -- what is known -- */

void
hm_feed_marks (const HmFeed *feed, guint64 ret_next[HM_LANES])
{
  for (guint i = 0; i < HM_LANES; i++)
    ret_next[i] = feed->done[i].next;
}

gboolean
hm_feed_lacks (const HmFeed *feed, guint64 position)
{
  return !hm_done_has (&feed->settled[HM_POSITION_LANE (position)], HM_POSITION_NUMBER (position));
}

static void
keep (const HmFeed *feed, guint lane, const HmHand *hand, HmDone *kept)
{
  guint64 number = HM_POSITION_NUMBER (hand->position);

  if (HM_POSITION_LANE (hand->position) == lane && hm_feed_lacks (feed, hand->position))
    hm_done_add (kept, number, number + 1);
}

void
hm_feed_add_kept (const HmFeed *feed, guint lane, HmDone *kept)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, feed->hands);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    keep (feed, lane, key, kept);
  for (const GList *link = feed->returned.head; link != NULL; link = link->next)
    keep (feed, lane, link->data, kept);
}

void
hm_feed_add_lacked (const HmFeed *feed, guint lane, guint64 first, guint64 end, HmDone *lacked)
{
  HmDone has = hm_done_copy (&feed->settled[lane]);

  hm_feed_add_kept (feed, lane, &has);
  hm_done_add_gaps (lacked, &has, first, end);
  hm_done_clear (&has);
}

void
hm_feed_given (const HmFeed *feed, guint64 ret_end[HM_LANES])
{
  GHashTableIter iter;
  gpointer key;

  for (guint i = 0; i < HM_LANES; i++)
    ret_end[i] = feed->doubt[i];
  g_hash_table_iter_init (&iter, feed->hands);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      guint64 position = ((const HmHand *)key)->position, *end = &ret_end[HM_POSITION_LANE (position)];

      *end = MAX (*end, HM_POSITION_NUMBER (position) + 1);
    }
}

gboolean
hm_feed_holds (const HmFeed *feed, guint lane, guint64 first, guint64 last)
{
  GHashTableIter iter;
  HmDoneRange ignored;
  gpointer key;

  if (hm_done_find_gap (&feed->settled[lane], first, MIN (last + 1, feed->doubt[lane]), &ignored))
    return TRUE;
  g_hash_table_iter_init (&iter, feed->hands);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      guint64 position = ((const HmHand *)key)->position, number = HM_POSITION_NUMBER (position);

      if (HM_POSITION_LANE (position) == lane && number >= first && number <= last)
        return TRUE;
    }
  return FALSE;
}

guint
hm_feed_in_hands (const HmFeed *feed)
{
  return g_hash_table_size (feed->hands);
}

gboolean
hm_feed_is_stuck (const HmFeed *feed)
{
  return feed->is_stuck;
}

gboolean
hm_feed_is_rewinding (const HmFeed *feed)
{
  return feed->rewinding;
}

/* -- what is decided elsewhere -- */

void
hm_feed_pass (HmFeed *feed, guint lane, guint64 first, guint64 end)
{
  GList *link = feed->returned.head;

  hm_feed_settle (feed, lane, first, end);
  if (!feed->is_reading)
    hm_feed_lane_close (&feed->lanes[lane], first, end);
  while (link != NULL)
    {
      GList *next = link->next;

      if (hm_feed_is_done (feed, ((const HmHand *)link->data)->position))
        {
          hm_hand_free (link->data);
          g_queue_delete_link (&feed->returned, link);
        }
      link = next;
    }
}

void
hm_feed_close_files (HmFeed *feed)
{
  gpointer *taken;
  gsize n;

  g_mutex_lock (feed->lock);
  taken = g_ptr_array_steal (feed->closing, &n);
  g_mutex_unlock (feed->lock);
  for (gsize i = 0; i < n; i++)
    hm_segment_reader_free (taken[i]);
  g_free (taken);
}

void
hm_feed_rewind (HmFeed *feed, const guint64 next[HM_LANES])
{
  for (guint i = 0; i < HM_LANES; i++)
    hm_done_take_back (&feed->done[i], next[i]);
  feed->rewinding = feed->forgets = TRUE;
}
