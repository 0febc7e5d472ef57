/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_disk: the outbox (outbox.h) that survives process and host:
 * its life, its state and the table of its functions. Nobody but the writer waits for the disk under a lock, so nobody else waits for it
 * at all. */
#include "agent/outbox/outbox_private.h"

#include "metering/error.h"
#include "metering/log.h"

#define SEGMENT_MIN   (256u << 10)
#define SEGMENT_MAX   (8u << 20)
#define SEGMENT_SHARE 16

/* What the end gives the writer: the publishers have stopped by then, so it has only to write what is there. */
#define END_US (5 * G_USEC_PER_SEC)

#define BACKOFF_FIRST_NS (100 * HM_NSEC_PER_MSEC)
#define BACKOFF_LAST_NS  (10 * HM_NSEC_PER_SEC)

/* -- watchers -- */

/* The writer may run while watchers are still added; none is ever removed. They are called without the lock. */
void
hm_outbox_notify (HmDiskOutbox *self)
{
  HmWatcher watchers[HM_OUTBOX_WATCHERS_MAX];
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_watchers;
  for (guint i = 0; i < n; i++)
    watchers[i] = self->watchers[i];
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < n; i++)
    watchers[i].changed (watchers[i].user);
}

static void
disk_watch (HmOutbox *outbox, void (*changed) (gpointer user), gpointer user)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  g_return_if_fail (self->n_watchers < HM_OUTBOX_WATCHERS_MAX);
  g_mutex_lock (&self->lock);
  self->watchers[self->n_watchers++] = (HmWatcher){ changed, user };
  g_mutex_unlock (&self->lock);
}

/* -- state -- */

static guint64
unsaid_records (const HmDiskOutbox *self)
{
  guint64 records = 0;

  for (guint i = 0; i < self->unsaid->len; i++)
    records += ((const HmUnsaid *)g_ptr_array_index (self->unsaid, i))->loss.records;
  for (guint i = 0; i < self->options.n_publishers; i++)
    records += self->ways[i].refused->len;
  return records;
}

static HmTime
earlier (HmTime a, HmTime b)
{
  if (a == HM_TIME_UNKNOWN || b == HM_TIME_UNKNOWN)
    return MAX (a, b);
  return MIN (a, b);
}

static HmTime
oldest_pending (const HmDiskOutbox *self)
{
  const HmFrame *frame = g_queue_peek_head ((GQueue *)(guintptr)&self->pending);

  if (self->group.frames->len > 0)
    frame = g_ptr_array_index (self->group.frames, 0);
  return frame != NULL ? frame->message->time : HM_TIME_UNKNOWN;
}

static void
disk_status (HmOutbox *outbox, HmOutboxStatus *ret_status)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  guint64 next[HM_LANES];

  g_mutex_lock (&self->lock);
  *ret_status = self->counts;
  hm_outbox_required_marks (self, next);
  ret_status->oldest = oldest_pending (self);
  ret_status->unsynced = self->pending_count;
  ret_status->waiting = self->pending_count;
  ret_status->waiting_bytes = self->pending_bytes;
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      const HmSegments *segments = &self->lanes[lane];

      ret_status->waiting += hm_segments_count (segments, next[lane]);
      ret_status->waiting_bytes += hm_segments_bytes (segments, next[lane]);
      ret_status->oldest = earlier (ret_status->oldest, hm_segments_time (segments, next[lane]));
      ret_status->bytes += segments->bytes;
      ret_status->segments += segments->list.length;
    }
  ret_status->unsaid = unsaid_records (self);
  ret_status->bins_dropped = hm_bins_dropped (self->bins);
  g_mutex_unlock (&self->lock);
}

static void
disk_publisher_status (HmOutbox *outbox, guint publisher, HmOutboxPublisherStatus *ret_status)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;
  const HmOutboxPublisher *known = &self->options.publishers[publisher];
  guint64 next[HM_LANES];

  g_mutex_lock (&self->lock);
  hm_feed_marks (self->ways[publisher].feed, next);
  *ret_status = (HmOutboxPublisherStatus){ .name = known->name,
                                           .required = known->required,
                                           .waiting = self->pending_count,
                                           .skipped = self->ways[publisher].skipped };
  for (guint lane = 0; lane < HM_LANES; lane++)
    ret_status->waiting += hm_segments_count (&self->lanes[lane], next[lane]);
  g_mutex_unlock (&self->lock);
}

/* -- life -- */

static gboolean
disk_open (HmOutbox *outbox, GError **error)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  if (!hm_outbox_recover (self, error))
    return FALSE;
  self->thread = g_thread_try_new ("outbox", hm_outbox_write, self, error);
  return self->thread != NULL;
}

/* FALSE: the disk hangs, and the writer with it. */
static gboolean
end_writer (HmDiskOutbox *self)
{
  gint64 deadline = g_get_monotonic_time () + END_US;
  gboolean ended;

  if (self->thread == NULL)
    return TRUE;
  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  g_cond_signal (&self->wake);
  while (!self->has_ended && g_cond_wait_until (&self->written, &self->lock, deadline))
    continue;
  ended = self->has_ended;
  g_mutex_unlock (&self->lock);
  if (ended)
    g_thread_join (g_steal_pointer (&self->thread));
  return ended;
}

static void
close_files (HmDiskOutbox *self)
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      if (self->tails[lane].fd >= 0)
        self->files->close (self->files, self->tails[lane].fd);
      hm_segments_clear (&self->lanes[lane]);
      hm_done_clear (&self->lost[lane]);
      for (guint i = 0; i < G_N_ELEMENTS (self->torn[lane]); i++)
        g_free (self->torn[lane][i].path);
    }
  hm_journal_writer_free (self->journal);
}

static gboolean
disk_end (HmOutbox *outbox)
{
  gboolean ended = end_writer ((HmDiskOutbox *)outbox);

  if (!ended)
    hm_error_line ("outbox: the disk does not answer, what is not written yet is left behind");
  return ended;
}

static void
disk_free (HmOutbox *outbox)
{
  HmDiskOutbox *self = (HmDiskOutbox *)outbox;

  if (!disk_end (outbox))
    return;
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      hm_feed_free (self->ways[i].feed);
      g_ptr_array_unref (self->ways[i].refused);
    }
  close_files (self);
  hm_group_clear (&self->group);
  g_queue_clear_full (&self->pending, (GDestroyNotify)hm_outbox_frame_free);
  g_ptr_array_unref (self->unsaid);
  g_ptr_array_unref (self->strangers);
  g_ptr_array_unref (self->doomed);
  g_array_unref (self->damages);
  g_byte_array_unref (self->buffer);
  hm_bins_free (self->bins);
  hm_stamper_free (self->stamper);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->written);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static const HmOutbox methods = {
  .open = disk_open,
  .append = hm_outbox_append,
  .next = hm_outbox_next,
  .is_stuck = hm_outbox_is_stuck,
  .put_back = hm_outbox_put_back,
  .confirm = hm_outbox_confirm,
  .watch = disk_watch,
  .heartbeat = hm_outbox_heartbeat,
  .flush = hm_outbox_flush,
  .replay = hm_outbox_replay,
  .status = disk_status,
  .publisher_status = disk_publisher_status,
  .end = disk_end,
  .free = disk_free,
};

static void
free_mark (gpointer data)
{
  HmJournalMark *mark = data;

  g_free (mark->publisher);
  g_free (mark);
}

static void
init_lists (HmDiskOutbox *self)
{
  static const guint64 first[HM_LANES] = { 1, 1 }, none[HM_LANES];

  self->damages = g_array_new (FALSE, FALSE, sizeof (HmJournalDamage));
  self->unsaid = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_unsaid_free);
  self->strangers = g_ptr_array_new_with_free_func (free_mark);
  self->doomed = g_ptr_array_new_with_free_func (g_free);
  self->buffer = g_byte_array_new ();
  self->bins = hm_bins_new ();
  self->next_loss = 1;
  hm_group_init (&self->group);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      hm_segments_init (&self->lanes[lane], lane);
      self->released[lane] = 1;
      hm_done_init (&self->lost[lane], 1);
      self->tails[lane].fd = -1;
    }
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      self->ways[i].feed = hm_feed_new (self->files, self->clock, &self->lock, self->lanes, &self->events);
      hm_feed_begin (self->ways[i].feed, first, none);
      self->ways[i].refused = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_refused_free);
    }
}

HmOutbox *
hm_outbox_new (const HmOutboxOptions *options, GError **error)
{
  HmDiskOutbox *self;

  if (options->n_publishers == 0 || options->n_publishers > HM_OUTBOX_PUBLISHERS_MAX)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%u publishers, where 1 to %d can be",
                   options->n_publishers, HM_OUTBOX_PUBLISHERS_MAX);
      return NULL;
    }
  self = g_new0 (HmDiskOutbox, 1);
  self->outbox = methods;
  self->options = *options;
  self->clock = options->identity->clock;
  self->files = options->files;
  self->stamper = hm_stamper_new (options->identity);
  self->segment_bytes
      = CLAMP (options->max_bytes / SEGMENT_SHARE, MIN (SEGMENT_MIN, options->max_bytes / 4), SEGMENT_MAX);
  self->counts.oldest = HM_TIME_UNKNOWN;
  self->events
      = (HmFeedEvents){ .damaged = hm_outbox_damaged, .failed = hm_outbox_read_failed, .user = self };
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->written);
  hm_backoff_init (&self->backoff, BACKOFF_FIRST_NS, BACKOFF_LAST_NS);
  init_lists (self);
  return &self->outbox;
}
