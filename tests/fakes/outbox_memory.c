/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_memory: see outbox_memory.h.
 *
 * Pollers, event threads and message readers append; each publisher's delivery thread takes; publishers
 * confirm from their own threads. What waits lies in a backlog (backlog.c) under one lock; watchers are
 * called without it. What had to be dropped is summed up and said in one gap record as soon as there is room
 * again. */
#include "tests/fakes/outbox_memory.h"

#include "tests/fakes/backlog.h"
#include "agent/outbox/loss.h"
#include "agent/outbox/stamp.h"

#include "metering/error.h"
#include "metering/log.h"

#define MAX_WATCHERS 32
#define REASON_FULL  "outbox full"

typedef struct
{
  HmOutbox outbox;
  const HmIdentity *identity;
  GMutex lock;
  HmStamper *stamper;
  guint64 max_bytes;
  guint64 position; /* the last one given */
  HmBacklog backlog;
  HmLoss loss; /* dropped and not yet said */
  guint64 appended, confirmed, rejected, dropped;
  gboolean
      full[HM_BACKLOG_LANES_MAX]; /* that publisher took nothing more: tell it when it confirms something */
  struct
  {
    void (*changed) (gpointer user);
    gpointer user;
  } watchers[MAX_WATCHERS];
  guint n_watchers;
} Memory;

/* -- watchers -- */

/* Watchers are added before records flow and never removed, so what is read without the lock stands still. */
static void
notify (const Memory *self)
{
  for (guint i = 0; i < self->n_watchers; i++)
    self->watchers[i].changed (self->watchers[i].user);
}

static void
memory_watch (HmOutbox *outbox, void (*changed) (gpointer user), gpointer user)
{
  Memory *self = (Memory *)outbox;

  g_return_if_fail (self->n_watchers < MAX_WATCHERS);
  self->watchers[self->n_watchers].changed = changed;
  self->watchers[self->n_watchers].user = user;
  self->n_watchers++;
}

/* -- the way in; below here under the lock -- */

static gboolean
stamp_and_add (Memory *self, HmRecordClass class, HmRecord *record, GError **error)
{
  g_auto (HmStamped) stamped = { 0 };

  if (!hm_stamper_stamp_parts (self->stamper, record, 0, &stamped, error))
    return FALSE;
  for (guint i = 0; i < stamped.messages->len; i++)
    {
      HmMessage *message = hm_message_ref (g_ptr_array_index (stamped.messages, i));

      message->position = ++self->position;
      self->appended++;
      hm_backlog_add (&self->backlog, class, message);
    }
  return TRUE;
}

/* A gap record is small, one per burst, and all of it is ours: that it cannot be encoded is a broken promise.
 */
static void
add_gap (Memory *self, const HmLoss *loss, const char *reason)
{
  g_autoptr (GError) error = NULL;
  HmRecord record;

  hm_loss_record (loss, self->identity->clock, self->identity->agent_id, reason, &record);
  if (!stamp_and_add (self, HM_CLASS_BILLING, &record, &error))
    hm_error_line ("outbox: a loss of %" G_GUINT64_FORMAT " records cannot be written down: %s",
                   loss->records, error->message);
}

/* Waits for an eighth of room, so that a full outbox does not fill itself with gap records. */
static void
say_loss (Memory *self)
{
  if (self->loss.records == 0 || self->backlog.bytes > self->max_bytes - self->max_bytes / 8)
    return;
  add_gap (self, &self->loss, REASON_FULL);
  hm_loss_clear (&self->loss);
}

/* TRUE when a burst of losses began. */
static gboolean
make_room (Memory *self)
{
  guint64 before = self->loss.records;
  HmBacklogEntry *entry;

  while (self->backlog.bytes > self->max_bytes
         && (entry = hm_backlog_oldest_droppable (&self->backlog)) != NULL)
    {
      if (entry->queue != HM_QUEUE_SPARE)
        {
          hm_loss_add (&self->loss, entry->message);
          self->dropped++;
        }
      hm_backlog_remove (&self->backlog, entry);
    }
  return before == 0 && self->loss.records > 0;
}

static gboolean
memory_append (HmOutbox *outbox, HmRecordClass class, HmRecord *record, GError **error)
{
  Memory *self = (Memory *)outbox;
  gboolean good, burst;

  g_mutex_lock (&self->lock);
  good = stamp_and_add (self, class, record, error);
  burst = make_room (self);
  say_loss (self);
  g_mutex_unlock (&self->lock);

  if (burst)
    hm_warning ("outbox: more than %" G_GUINT64_FORMAT
                " bytes wait: the oldest records are dropped, diagnostics first",
                self->max_bytes);
  if (good)
    notify (self);
  return good;
}

/* -- the way out -- */

static HmMessage *
memory_next (HmOutbox *outbox, guint publisher)
{
  Memory *self = (Memory *)outbox;
  HmMessage *message;

  g_mutex_lock (&self->lock);
  message = hm_backlog_take (&self->backlog, publisher);
  g_mutex_unlock (&self->lock);
  return message;
}

static gboolean
memory_is_stuck (HmOutbox *outbox G_GNUC_UNUSED, guint publisher G_GNUC_UNUSED)
{
  return FALSE;
}

static void
memory_put_back (HmOutbox *outbox, guint publisher, HmMessage *message)
{
  Memory *self = (Memory *)outbox;
  HmBacklogEntry *entry;

  g_mutex_lock (&self->lock);
  entry = hm_backlog_land (&self->backlog, publisher, message);
  if (entry != NULL)
    hm_backlog_put_back (&self->backlog, publisher, entry);
  self->full[publisher] = TRUE;
  g_mutex_unlock (&self->lock);
}

/* A gap record that is rejected would only be rejected again, and a copy that an optional publisher cannot
 * take is no loss of the record: neither makes another gap record. */
static void
reject (Memory *self, guint publisher, const HmMessage *message, const char *reason)
{
  g_autofree char *text = g_strdup_printf ("rejected: %s", reason);
  HmLoss loss;

  self->rejected++;
  if ((self->backlog.required & (1u << publisher)) == 0 || message->kind == HM_RECORD_GAP)
    return;
  hm_loss_init (&loss);
  hm_loss_add (&loss, message);
  add_gap (self, &loss, text);
  hm_loss_release (&loss);
}

static void
conclude (Memory *self, guint publisher, const HmMessage *message, HmDelivery delivery, const char *reason)
{
  HmBacklogEntry *entry = hm_backlog_land (&self->backlog, publisher, message);
  gboolean last;

  if (entry == NULL)
    return;
  if (delivery == HM_DELIVERY_RETRY)
    {
      hm_backlog_go_back (&self->backlog, publisher, entry);
      return;
    }
  last = hm_backlog_settle (&self->backlog, publisher, entry);
  if (delivery == HM_DELIVERY_REJECT)
    reject (self, publisher, message, reason);
  else if (last)
    self->confirmed++;
  say_loss (self);
}

static void
memory_confirm (HmOutbox *outbox, guint publisher, HmMessage *message, HmDelivery delivery,
                const char *reason)
{
  Memory *self = (Memory *)outbox;
  const HmLane *lane = &self->backlog.lanes[publisher];
  const char *said = reason != NULL ? reason : "no reason given";
  guint64 position;
  gboolean news;

  g_mutex_lock (&self->lock);
  position = self->position;
  conclude (self, publisher, message, delivery, said);
  news = self->full[publisher] || self->position != position || (lane->rewinding && lane->flying == 0);
  self->full[publisher] = FALSE;
  g_mutex_unlock (&self->lock);

  if (delivery == HM_DELIVERY_REJECT)
    hm_warning ("outbox: record %s is given up: %s", message->id, said);
  if (news)
    notify (self);
}

/* -- state -- */

static void
memory_status (HmOutbox *outbox, HmOutboxStatus *ret_status)
{
  Memory *self = (Memory *)outbox;

  g_mutex_lock (&self->lock);
  *ret_status = (HmOutboxStatus){
    .appended = self->appended,
    .confirmed = self->confirmed,
    .rejected = self->rejected,
    .dropped = self->dropped,
    .waiting = hm_backlog_waiting (&self->backlog),
    .waiting_bytes = self->backlog.waiting_bytes,
    .oldest = hm_backlog_oldest (&self->backlog),
  };
  g_mutex_unlock (&self->lock);
}

static gboolean
memory_end (HmOutbox *outbox G_GNUC_UNUSED)
{
  return TRUE;
}

static void
memory_free (HmOutbox *outbox)
{
  Memory *self = (Memory *)outbox;

  hm_backlog_release (&self->backlog);
  hm_loss_release (&self->loss);
  hm_stamper_free (self->stamper);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static const HmOutbox methods = {
  .append = memory_append,
  .next = memory_next,
  .is_stuck = memory_is_stuck,
  .put_back = memory_put_back,
  .confirm = memory_confirm,
  .watch = memory_watch,
  .status = memory_status,
  .end = memory_end,
  .free = memory_free,
};

HmOutbox *
hm_outbox_memory_new (const HmIdentity *identity, const gboolean *required, guint n_publishers,
                      guint64 max_bytes, GError **error)
{
  HmStamper *stamper;
  Memory *self;

  if (n_publishers == 0 || n_publishers > HM_BACKLOG_LANES_MAX)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%u publishers, where 1 to %d can be", n_publishers,
                   HM_BACKLOG_LANES_MAX);
      return NULL;
    }
  stamper = hm_stamper_new (identity);
  self = g_new0 (Memory, 1);
  self->outbox = methods;
  self->identity = identity;
  self->stamper = stamper;
  self->max_bytes = max_bytes;
  g_mutex_init (&self->lock);
  hm_backlog_init (&self->backlog, required, n_publishers);
  hm_loss_init (&self->loss);
  return &self->outbox;
}
