/* SPDX-License-Identifier: Apache-2.0 */
/* feed: the way out of the outbox for one publisher: where it reads, what it has in its hands, how far it is.
 *
 * Reads segments in the order of both lanes. What is given is in hands until it is confirmed; all below the lowest number of a lane that
 * is not confirmed is done, and so is, above it, what is remembered one by one, which is no more than what can be in hands. After a RETRY
 * nothing is given until nothing is in hands; then it begins again at the lowest that is not done and passes over what is.
 *
 * @lock is the outbox's. next() is called without it, by one thread, and lets go of it while it reads; all others are called with it held. */
#pragma once

#include "agent/outbox/done.h"
#include "agent/outbox/segments.h"

G_BEGIN_DECLS

typedef struct HmFeed HmFeed;

/* What next() came across and the outbox must know. Called without the lock, on next()'s thread. */
typedef struct
{
  /* Bytes [@offset, @offset + @length) of @path cannot be read; @count numbers from @first on are not there. @count 0: none is known to be
   * missing. @from, @to: the times of the neighbours, HM_TIME_UNKNOWN where there are none. */
  void (*damaged) (guint lane, guint64 first, guint64 count, const char *path, guint64 offset, guint64 length,
                   HmTime from, HmTime to, gpointer user);
  /* A file cannot be opened or read now. Asked for again later; after some failures what the disk does not read is damaged. Not each time,
   * but ever more seldom as it goes on. */
  void (*failed) (const GError *error, gpointer user);
  gpointer user;
} HmFeedEvents;

/* @events must outlive it. */
HmFeed *hm_feed_new (HmFiles *files, const HmClock *clock, GMutex *lock, const HmSegments *lanes,
                     const HmFeedEvents *events);
void hm_feed_free (HmFeed *feed);

/* Where it begins: in each lane the first number that is not confirmed. @given: as hm_feed_given() said it to the process before. */
void hm_feed_begin (HmFeed *feed, const guint64 next[HM_LANES], const guint64 given[HM_LANES]);

/* The next message, now in hands; NULL: none now. (transfer full) */
HmMessage *hm_feed_next (HmFeed *feed);

/* Not taken after all: given again at once. */
void hm_feed_put_back (HmFeed *feed, const HmMessage *message);

typedef enum
{
  HM_FEED_NOT_IN_HANDS, /* nothing was done */
  HM_FEED_DONE,
  HM_FEED_COMES_AGAIN,
} HmFeedWord;

/* The publisher's word. After hm_feed_rewind() what was in hands comes again, whatever the word. */
HmFeedWord hm_feed_confirm (HmFeed *feed, const HmMessage *message, HmDelivery delivery);

/* In each lane the first number that is not confirmed. */
void hm_feed_marks (const HmFeed *feed, guint64 ret_next[HM_LANES]);
/* It was never done, not even before it was to be given again. */
gboolean hm_feed_lacks (const HmFeed *feed, guint64 position);
/* Adds to @lacked what it lacks of [@first, @end) of @lane and has not in memory: that cannot come from the disk any more. */
void hm_feed_add_lacked (const HmFeed *feed, guint lane, guint64 first, guint64 end, HmDone *lacked);
/* Adds to @kept what it lacks of @lane and has in memory. */
void hm_feed_add_kept (const HmFeed *feed, guint lane, HmDone *kept);
/* In each lane: no number from here on was given, but perhaps such as are settled. Below, what is not confirmed may have arrived. */
void hm_feed_given (const HmFeed *feed, guint64 ret_end[HM_LANES]);
/* Whether one of [@first, @last] of @lane may have arrived though nobody has confirmed it: it is in hands, or came back with RETRY, which says
 * as much of a request without an answer. */
gboolean hm_feed_holds (const HmFeed *feed, guint lane, guint64 first, guint64 last);
guint hm_feed_in_hands (const HmFeed *feed);
/* The last next() gave nothing because it could not be read: to be asked again after a while. */
gboolean hm_feed_is_stuck (const HmFeed *feed);
/* It waits for what is in hands before it begins again. */
gboolean hm_feed_is_rewinding (const HmFeed *feed);

/* [@first, @end) of @lane is gone or settled otherwise: it counts as confirmed. A file that begins there is not kept open: a dropped one gives
 * its room back only then, by hm_feed_close_files(). */
void hm_feed_pass (HmFeed *feed, guint lane, guint64 first, guint64 end);

/* Closes what is not read any more. Without the lock: it may wait for the disk. next() does it too. */
void hm_feed_close_files (HmFeed *feed);

/* Gives everything from @next on again (what is in hands first comes back). */
void hm_feed_rewind (HmFeed *feed, const guint64 next[HM_LANES]);

G_END_DECLS
