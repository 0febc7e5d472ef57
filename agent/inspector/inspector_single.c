/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_single: who is asked, who is not for a while, and what became of a call that was given up.
 *
 * The watch calls it, on its thread. The call (inspector_single_read.c) is made on a lane, which is left to a call that takes too
 * long; what that brings in the end is kept for whoever asks for it. */
#include "agent/inspector/inspector_single_private.h"

#include "agent/inventory/lives.h"
#include "agent/schedule/backoff.h"
#include "metering/error.h"
#include "metering/log.h"

#define TIMEOUT_US     (1 * G_USEC_PER_SEC)
#define PAUSE_FIRST_NS (2 * HM_NSEC_PER_SEC)
#define PAUSE_LAST_NS  (60 * HM_NSEC_PER_SEC)
/* What took longer is of no moment: its parts may be as far apart. */
#define LATE_MAX_NS (5 * HM_NSEC_PER_SEC)

struct HmSingle
{
  char *uri;
  HmHangs *hangs;
  HmGenerations *generations;
  const char *root; /* interned: a call that hangs may need it longer than this */
  const HmClock *clock;
  HmStatsDecoder *decoder;
  HmNewsQueue *queue; /* (nullable) */
  gint64 timeout_us;
  HmLane *lane;       /* (nullable) */
  HmSingleJob *first; /* (nullable) what makes the lane ready, while it may be under way */
  GHashTable *guests; /* id → Guest: those that did not answer in time */
};

/* -- guests that do not answer in time */

typedef struct
{
  gint64 failed_ns; /* monotonic: when it was given up last */
  HmBackoff pause;
  HmSingleJob *late; /* (nullable) what was given up; it may have come back since */
} Guest;

static void
free_guest (gpointer data)
{
  Guest *guest = data;

  if (guest->late != NULL)
    hm_job_unref (&guest->late->job);
  g_free (guest);
}

static gboolean
hangs (const Guest *guest)
{
  return guest->late != NULL && !g_atomic_int_get (&guest->late->has_returned);
}

static guint
count_hanging (const HmSingle *self)
{
  GHashTableIter iter;
  gpointer guest;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->guests);
  while (g_hash_table_iter_next (&iter, NULL, &guest))
    n += hangs (guest) ? 1 : 0;
  return n;
}

/* The polls need one that may hang, or they do without QMP. But while none hangs here the last one is risked: a guest at which
 * it hangs would hold up the next poll as well. */
static gboolean
may_risk (const HmSingle *self)
{
  return hm_hangs_left (self->hangs) > (count_hanging (self) > 0 ? 1 : 0);
}

static gboolean
is_paused (const HmSingle *self, const char *id)
{
  const Guest *guest = g_hash_table_lookup (self->guests, id);

  return guest != NULL
         && (hangs (guest) || hm_backoff_left (&guest->pause, self->clock->monotonic (self->clock)) > 0);
}

static gboolean
is_forgotten (gpointer id, gpointer data, gpointer now)
{
  const Guest *guest = data;

  (void)id;
  return !hangs (guest) && *(const gint64 *)now - guest->failed_ns > 2 * PAUSE_LAST_NS;
}

static Guest *
new_guest (void)
{
  Guest *guest = g_new0 (Guest, 1);

  hm_backoff_init (&guest->pause, PAUSE_FIRST_NS, PAUSE_LAST_NS);
  return guest;
}

/* Each guest here has cost a time-out and is forgotten a while later, so they are not many. The first time, libvirtd may just
 * have been busy with it. */
static void
give_up (HmSingle *self, HmSingleJob *reading)
{
  const char *id = hm_instance_id (reading->instance);
  gint64 now = self->clock->monotonic (self->clock);
  Guest *guest;

  g_hash_table_foreach_remove (self->guests, is_forgotten, &now);
  guest = g_hash_table_lookup (self->guests, id);
  if (guest == NULL)
    g_hash_table_insert (self->guests, g_strdup (id), guest = new_guest ());
  else
    hm_backoff_fail (&guest->pause, now, g_random_int ());
  if (guest->late != NULL)
    hm_job_unref (&guest->late->job);
  g_atomic_int_inc (&reading->job.refs);
  guest->late = reading;
  guest->failed_ns = now;
  hm_debug ("%s does not answer in time besides the polls", id);
}

/* -- for the watch */

HmSingle *
hm_single_new (const char *uri, HmHangs *hangs, HmGenerations *generations, const char *root,
               const HmClock *clock)
{
  HmSingle *self = g_new0 (HmSingle, 1);

  self->uri = g_strdup (uri);
  self->hangs = hm_hangs_ref (hangs);
  self->generations = generations;
  self->root = g_intern_string (root);
  self->clock = clock;
  self->decoder = hm_stats_decoder_new ();
  self->timeout_us = TIMEOUT_US;
  self->guests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_guest);
  return self;
}

void
hm_single_set_queue (HmSingle *self, HmNewsQueue *queue)
{
  hm_news_queue_unref (self->queue);
  self->queue = hm_news_queue_ref (queue);
}

void
hm_single_set_timeout (HmSingle *self, gint64 timeout_us)
{
  self->timeout_us = timeout_us;
}

static void
drop_lane (HmSingle *self)
{
  hm_lane_close (g_steal_pointer (&self->lane), 0);
}

/* Done with making the lane ready, or the lane is dropped. */
static void
await_first (HmSingle *self, gint64 deadline_us)
{
  HmSingleJob *first = g_steal_pointer (&self->first);

  if (first == NULL)
    return;
  if (!hm_lane_wait (self->lane, &first->job, deadline_us))
    drop_lane (self);
  hm_job_unref (&first->job);
}

static gboolean
have_lane (HmSingle *self)
{
  g_autoptr (GError) error = NULL;

  if (self->lane == NULL)
    self->lane = hm_lane_new (self->uri, self->hangs, NULL, &error);
  if (error != NULL)
    hm_debug ("no reading besides the polls: %s", error->message);
  return self->lane != NULL;
}

static HmSingleJob *
new_job (const HmSingle *self, HmInstance *instance, HmFields fields)
{
  return hm_single_job_new (instance, fields, self->root, self->clock, self->queue);
}

/* A lane whose connection failed opens it anew, with a back-off of its own; one whose call hangs is of no more use. */
static gboolean
run (HmSingle *self, HmJob *job, gint64 deadline_us)
{
  if (hm_lane_run (self->lane, job, deadline_us))
    return TRUE;
  drop_lane (self);
  return FALSE;
}

/* One that is under way is left to it: given up it would count as a call that hangs, at each new connection of the watch. */
void
hm_single_prepare (HmSingle *self)
{
  if (self->first != NULL && !g_atomic_int_get (&self->first->has_returned))
    return;
  await_first (self, 0);
  if (!may_risk (self) || !have_lane (self))
    return;
  self->first = new_job (self, NULL, 0);
  hm_lane_start (self->lane, &self->first->job);
}

static HmSnapshot *
compose (HmSingle *self, const HmSingleJob *reading)
{
  const HmInstance *instance = reading->instance;
  HmSnapshot *snapshot = hm_snapshot_new ();
  HmDomain *domain = hm_snapshot_add (snapshot, instance->resource, instance->name);

  hm_reading_decode (&reading->read, instance, self->decoder);
  hm_stats_decoder_write (self->decoder, instance, snapshot, domain);
  domain->wall_ns = reading->read.wall_ns;
  domain->boot_ns = reading->read.boot_ns;
  domain->read_ns = reading->read.ended_ns - reading->read.begun_ns;
  hm_lives_take (self->generations, snapshot, domain, TRUE); /* which lives there are, the polls find out */
  return snapshot;
}

/* FALSE when there was no connection to ask on. */
static gboolean
take_answer (HmSingle *self, const HmSingleJob *reading, HmSnapshot **ret_snapshot)
{
  const GError *error = reading->job.error;

  if (error != NULL && !g_error_matches (error, HM_ERROR, HM_ERROR_GONE))
    {
      hm_debug ("no reading besides the polls: %s", error->message);
      return FALSE;
    }
  g_hash_table_remove (self->guests, hm_instance_id (reading->instance));
  *ret_snapshot = reading->read.has_answered ? compose (self, reading) : NULL;
  return TRUE;
}

gboolean
hm_single_read (HmSingle *self, HmInstance *instance, HmFields fields, HmSnapshot **ret_snapshot)
{
  gint64 deadline_us = g_get_monotonic_time () + self->timeout_us;
  gboolean is_answered = FALSE;
  HmSingleJob *reading;

  if (fields == 0 || instance->domain_id < 0 || instance->resource->epoch == NULL)
    {
      *ret_snapshot = NULL;
      return TRUE;
    }
  if (is_paused (self, hm_instance_id (instance)) || !may_risk (self))
    return FALSE;
  await_first (self, deadline_us);
  if (g_get_monotonic_time () >= deadline_us || !have_lane (self))
    return FALSE;
  reading = new_job (self, instance, fields);
  if (run (self, &reading->job, deadline_us))
    is_answered = take_answer (self, reading, ret_snapshot);
  else
    give_up (self, reading);
  hm_job_unref (&reading->job);
  return is_answered;
}

gboolean
hm_single_has_late (HmSingle *self, const char *id)
{
  const Guest *guest = g_hash_table_lookup (self->guests, id);

  return guest != NULL && guest->late != NULL && !hangs (guest);
}

HmSnapshot *
hm_single_take_late (HmSingle *self, const HmInstance *instance)
{
  const char *id = hm_instance_id (instance);
  HmSnapshot *snapshot = NULL;
  HmSingleJob *late;

  if (!hm_single_has_late (self, id))
    return NULL;
  late = g_steal_pointer (&((Guest *)g_hash_table_lookup (self->guests, id))->late);
  if (late->read.has_answered && late->read.ended_ns - late->read.begun_ns <= LATE_MAX_NS
      && hm_instance_compare (late->instance, instance) == 0)
    snapshot = compose (self, late);
  hm_job_unref (&late->job);
  return snapshot;
}

void
hm_single_free (HmSingle *self)
{
  if (self == NULL)
    return;
  hm_lane_close (self->lane, g_get_monotonic_time () + self->timeout_us);
  if (self->first != NULL)
    hm_job_unref (&self->first->job);
  g_hash_table_unref (self->guests);
  hm_stats_decoder_free (self->decoder);
  hm_news_queue_unref (self->queue);
  hm_hangs_unref (self->hangs);
  g_free (self->uri);
  g_free (self);
}
