/* SPDX-License-Identifier: Apache-2.0 */
/* file: records as NDJSON, one CloudEvent in structured JSON form per line.
 *
 *   {"specversion":"1.0","id":…,"source":…,"type":"hypermeter.samples/1","subject":<resource id>,"time":…,
 *    "datacontenttype":"application/json","hmsent":…,"hmsignature":…,"data":{…}}
 *
 * `data` is the last member and holds the record's bytes exactly as they were signed. publish() only queues; a thread of its own
 * writes what is queued, waits until it is on disk, as `fsync` says, and then confirms each. */
#include "publishers/file_private.h"

#include <unistd.h>

#define QUEUE_MAX    1000 /* messages that are taken and not confirmed */
#define UNSYNCED_MAX (QUEUE_MAX / 2)

typedef enum
{
  SYNC_ALWAYS,
  SYNC_INTERVAL,
  SYNC_NEVER,
} SyncPolicy;

typedef struct
{
  SyncPolicy policy;
  gint64 sync_interval; /* ns */
  const HmClock *clock;
  HmConfirm confirm;
  gpointer user;
  GThread *thread;

  /* The thread's own. */
  HmFile file;
  HmJsonWriter *json;
  GString *line;
  GQueue unsynced;   /* (element-type HmMessage) written, not yet confirmed */
  gint64 sync_due;   /* µs, monotonic, when there is one */
  gboolean is_stale; /* the path is to be opened anew … */
  gint64 reopen_at;  /* … and not before this, by `clock` */

  GMutex lock; /* of what follows */
  GCond changed;
  GQueue queue;        /* (element-type HmMessage) taken, not yet being written */
  guint in_hands;      /* taken and not confirmed */
  guint flushing;      /* calls of flush() that wait */
  gboolean gives_back; /* nothing is taken until all is back, nor the first then */
  gboolean reopen, stop;
} File;

/* -- the thread -- */

static void
conclude_one (File *self, HmMessage *message, HmDelivery delivery, const char *reason)
{
  self->confirm (self->user, message, delivery, reason);
  hm_message_unref (message);
  g_mutex_lock (&self->lock);
  self->in_hands--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
conclude (File *self, GQueue *messages, HmDelivery delivery, const char *reason)
{
  HmMessage *message;

  while ((message = g_queue_pop_head (messages)) != NULL)
    conclude_one (self, message, delivery, reason);
}

/* Confirms all that was written, once it is where the policy wants it. After a failure none of it is there any more. */
static gboolean
settle (File *self, GError **error)
{
  if (self->unsynced.length > 0 && self->policy != SYNC_NEVER && !hm_file_sync (&self->file, error))
    return FALSE;
  conclude (self, &self->unsynced, HM_DELIVERY_DONE, NULL);
  return TRUE;
}

/* What stands behind a line that failed must not overtake it: nothing is taken until all that was in hands has come back, and then
 * not the first, which the outbox may have given before it knew. */
static void
give_back (File *self, GQueue *batch, const char *reason)
{
  GQueue behind;

  g_mutex_lock (&self->lock);
  self->gives_back = TRUE;
  behind = self->queue;
  g_queue_init (&self->queue);
  g_mutex_unlock (&self->lock);
  conclude (self, &self->unsynced, HM_DELIVERY_RETRY, reason);
  conclude (self, batch, HM_DELIVERY_RETRY, reason);
  conclude (self, &behind, HM_DELIVERY_RETRY, reason);
}

static gboolean
rotate_if_due (File *self, GError **error)
{
  if (!hm_file_rotate_is_due (&self->file, self->line->len))
    return TRUE;
  if (!settle (self, error))
    return FALSE;
  hm_file_rotate (&self->file);
  return TRUE;
}

static void
keep_unsynced (File *self, HmMessage *message)
{
  if (self->unsynced.length == 0)
    self->sync_due = g_get_monotonic_time () + self->sync_interval / 1000;
  g_queue_push_tail (&self->unsynced, message);
}

/* FALSE: what is left of @batch, and what is not settled, is to be given back. */
static gboolean
write_lines (File *self, GQueue *batch, GError **error)
{
  HmMessage *message;

  while ((message = g_queue_peek_head (batch)) != NULL)
    {
      g_autoptr (GError) local = NULL;

      if (!hm_event_line (self->json, message, self->clock->wall (self->clock), self->line, &local))
        {
          conclude_one (self, g_queue_pop_head (batch), HM_DELIVERY_REJECT, local->message);
          continue;
        }
      if (!rotate_if_due (self, error))
        return FALSE;
      if (!hm_file_append (&self->file, self->line->str, self->line->len, error))
        {
          settle (self, NULL);
          return FALSE;
        }
      keep_unsynced (self, g_queue_pop_head (batch));
    }
  return TRUE;
}

/* Whoever asked for it may delete the open file later, so it is tried until it is done, and before the lines that come. FALSE: as
 * write_lines(). */
static gboolean
reopen_if_due (File *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!self->is_stale || self->clock->monotonic (self->clock) < self->reopen_at)
    return TRUE;
  if (!settle (self, error))
    return FALSE;
  self->is_stale = !hm_file_reopen (&self->file, &local);
  if (!self->is_stale)
    return TRUE;
  self->reopen_at = self->clock->monotonic (self->clock) + HM_FILE_TRY_AGAIN_NS;
  hm_warning ("%s: not opened anew, lines go on into the file that is open", local->message);
  return TRUE;
}

static gboolean
is_time_to_settle (const File *self, gboolean in_a_hurry)
{
  return self->policy != SYNC_INTERVAL || in_a_hurry || self->unsynced.length >= UNSYNCED_MAX
         || g_get_monotonic_time () >= self->sync_due;
}

/* One round of the thread, without the lock. */
static void
work (File *self, GQueue *batch, gboolean in_a_hurry)
{
  g_autoptr (GError) error = NULL;

  if (!reopen_if_due (self, &error) || !write_lines (self, batch, &error)
      || (is_time_to_settle (self, in_a_hurry) && !settle (self, &error)))
    give_back (self, batch, error->message);
}

/* Under the lock, as the next three. */
static gboolean
is_in_a_hurry (const File *self)
{
  return self->stop || self->flushing > 0;
}

static gboolean
has_work (const File *self)
{
  return self->queue.length > 0 || self->reopen
         || (self->unsynced.length > 0 && is_time_to_settle (self, is_in_a_hurry (self)));
}

static void
sleep_until_work (File *self)
{
  if (self->unsynced.length > 0)
    g_cond_wait_until (&self->changed, &self->lock, self->sync_due);
  else
    g_cond_wait (&self->changed, &self->lock);
}

static void
take_reopen (File *self)
{
  if (!self->reopen)
    return;
  self->reopen = FALSE;
  self->is_stale = TRUE;
  self->reopen_at = G_MININT64;
}

static gpointer
run (gpointer data)
{
  File *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stop || self->in_hands > 0)
    {
      GQueue batch = self->queue;
      gboolean in_a_hurry = is_in_a_hurry (self);

      if (!has_work (self))
        {
          sleep_until_work (self);
          continue;
        }
      g_queue_init (&self->queue);
      take_reopen (self);
      g_mutex_unlock (&self->lock);
      work (self, &batch, in_a_hurry);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* -- the publisher -- */

static SyncPolicy
policy_of (const char *word)
{
  if (g_str_equal (word, "never"))
    return SYNC_NEVER;
  return g_str_equal (word, "interval") ? SYNC_INTERVAL : SYNC_ALWAYS;
}

static void
take_options (File *self, const HmOptions *values)
{
  self->file.path = g_strdup (hm_options_text (values, "path"));
  self->file.rotate_size = (guint64)hm_options_integer (values, "rotate-size");
  self->file.rotate_interval = hm_options_integer (values, "rotate-interval");
  self->file.keep = (guint)hm_options_integer (values, "keep");
  self->file.clock = self->clock;
  self->file.sync = fdatasync;
  self->file.open = hm_file_open_path;
  self->policy = policy_of (hm_options_text (values, "fsync"));
  self->sync_interval = hm_options_integer (values, "fsync-interval");
}

static gpointer
file_create (const HmOptions *values, const HmPluginContext *context, HmConfirm confirm, gpointer user,
             GError **error)
{
  File *self;

  if (!hm_file_options_check (values, error))
    return NULL;
  self = g_new0 (File, 1);
  self->clock = context->clock;
  self->confirm = confirm;
  self->user = user;
  take_options (self, values);
  self->file.fd = -1;
  self->json = hm_json_writer_new (FALSE);
  self->line = g_string_new (NULL);
  g_queue_init (&self->queue);
  g_queue_init (&self->unsynced);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static gboolean
file_check (gpointer data, GError **error)
{
  const File *self = data;

  return hm_file_check (&self->file, error);
}

static gboolean
file_start (gpointer data, GError **error)
{
  File *self = data;

  if (!hm_file_open (&self->file, error) || !hm_file_rotate_begin (&self->file, error))
    {
      g_prefix_error (error, "path: ");
      return FALSE;
    }
  self->thread = g_thread_try_new ("file", run, self, error);
  return self->thread != NULL;
}

/* Under the lock. */
static gboolean
has_room (File *self)
{
  if (!self->gives_back)
    return self->in_hands < QUEUE_MAX;
  self->gives_back = self->in_hands > 0;
  return FALSE;
}

static gboolean
file_publish (gpointer data, HmMessage *message)
{
  File *self = data;
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = has_room (self);
  if (taken)
    {
      g_queue_push_tail (&self->queue, hm_message_ref (message));
      self->in_hands++;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return taken;
}

static void
file_flush (gpointer data, gint64 timeout_ns)
{
  File *self = data;
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  self->flushing++;
  g_cond_broadcast (&self->changed);
  while (self->in_hands > 0 && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  self->flushing--;
  g_mutex_unlock (&self->lock);
}

static void
file_reopen (gpointer data)
{
  File *self = data;

  g_mutex_lock (&self->lock);
  self->reopen = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* What is queued is still written, and synced once. */
static void
file_free (gpointer data)
{
  File *self = data;

  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (self->thread != NULL)
    g_thread_join (self->thread);
  hm_file_close (&self->file);
  g_string_free (self->line, TRUE);
  hm_json_writer_free (self->json);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->file.path);
  g_free (self);
}

static const HmPublisher ops = {
  .create = file_create,
  .start = file_start,
  .publish = file_publish,
  .flush = file_flush,
  .free = file_free,
  .reopen = file_reopen,
  .check = file_check,
};

HM_PLUGIN (file, .ns = HM_NS_PUBLISHER, .summary = "Records as NDJSON, a CloudEvent per line, to a file",
           .options = hm_file_options, .publisher = &ops);
