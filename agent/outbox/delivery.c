/* SPDX-License-Identifier: Apache-2.0 */
/* delivery: see delivery.h. The thread sleeps without a timeout while nothing waits; the outbox wakes it. The
 * publisher confirms from threads of its own. One lock guards the worker's few flags; neither the outbox nor
 * the publisher is ever called with it held. */
#include "agent/outbox/delivery.h"

#include "agent/schedule/backoff.h"
#include "metering/error.h"
#include "metering/log.h"

/* A publisher that takes nothing and has nothing in its hands (no connection) is asked again after this, and so is an outbox whose disk does not read. */
#define ASK_AGAIN_NS (250 * HM_NSEC_PER_MSEC)
#define FOR_EVER     G_MAXINT64

struct HmDeliveryWorker
{
  const HmPlugin *plugin;
  gpointer publisher; /* (nullable) cleared under the lock, when it has stopped */
  const HmClock *clock;
  HmOutbox *outbox;
  guint index;
  GThread *thread;

  GMutex asking;      /* held while the publisher is asked from elsewhere, so that it stays … */
  gboolean is_ending; /* … and of this: it must not be asked any more */

  GMutex lock;
  GCond changed; /* any of these */
  gboolean stop;
  gboolean work; /* next() may have something */
  gboolean dry;  /* the last time it had nothing */
  gboolean full; /* the publisher took nothing more, or what comes next cannot be read: asked again */
  HmDeliveryReport report; /* without the plugin */
  HmBackoff backoff;
};

static gint64
now (const HmDeliveryWorker *worker)
{
  return worker->clock->monotonic (worker->clock);
}

/* -- what others call -- */

static void
outbox_changed (gpointer user)
{
  HmDeliveryWorker *worker = user;

  g_mutex_lock (&worker->lock);
  worker->work = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* One line when a burst of failures begins, one when it is over. */
static void
say (const HmDeliveryWorker *worker, gboolean fails, const char *reason)
{
  HmLogFields fields = { .plugin = worker->plugin->name };

  if (fails)
    hm_log (G_LOG_LEVEL_WARNING, &fields, "publisher %s: not delivered, tried again until it is: %s",
            worker->plugin->name, reason != NULL ? reason : "no reason given");
  else
    hm_log (G_LOG_LEVEL_MESSAGE, &fields, "publisher %s: delivers again", worker->plugin->name);
}

/* TRUE when the worker passed from one of working and failing to the other. */
static gboolean
note_result (HmDeliveryWorker *worker, gboolean fails)
{
  gboolean turned = worker->report.fails != fails;

  worker->report.fails = fails;
  if (fails)
    hm_backoff_fail (&worker->backoff, now (worker), g_random_int ());
  else
    hm_backoff_clear (&worker->backoff);
  return turned;
}

/* Under the lock. */
static void
count_word (HmDeliveryReport *report, HmDelivery delivery, const char *reason)
{
  g_autofree char *clean = NULL;

  report->done += delivery == HM_DELIVERY_DONE;
  report->retried += delivery == HM_DELIVERY_RETRY;
  report->rejected += delivery == HM_DELIVERY_REJECT;
  if (delivery == HM_DELIVERY_DONE)
    return;
  clean = hm_text_clean (reason != NULL ? reason : "no reason given", sizeof report->reason - 1, NULL);
  g_strlcpy (report->reason, clean, sizeof report->reason);
}

static void
confirm (gpointer user, HmMessage *message, HmDelivery delivery, const char *reason)
{
  HmDeliveryWorker *worker = user;
  gboolean turned;

  /* The back-off must stand before the outbox wakes the thread. */
  g_mutex_lock (&worker->lock);
  turned = note_result (worker, delivery == HM_DELIVERY_RETRY) && !worker->stop;
  count_word (&worker->report, delivery, reason);
  g_mutex_unlock (&worker->lock);
  if (turned)
    say (worker, delivery == HM_DELIVERY_RETRY, reason);
  worker->outbox->confirm (worker->outbox, worker->index, message, delivery, reason);
  g_mutex_lock (&worker->lock);
  worker->report.in_hands--;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* -- the thread -- */

/* Hands over one message. FALSE: there is none, or *@ret_full: the publisher is full, or the next cannot be read. */
static gboolean
hand_over (HmDeliveryWorker *worker, gboolean *ret_full)
{
  g_autoptr (HmMessage) message = worker->outbox->next (worker->outbox, worker->index);
  gboolean taken;

  if (message == NULL)
    {
      *ret_full = worker->outbox->is_stuck (worker->outbox, worker->index);
      return FALSE;
    }
  g_mutex_lock (&worker->lock);
  worker->report.in_hands++;
  g_mutex_unlock (&worker->lock);
  taken = worker->plugin->publisher->publish (worker->publisher, message);
  if (taken)
    return TRUE;
  worker->outbox->put_back (worker->outbox, worker->index, message);
  g_mutex_lock (&worker->lock);
  worker->report.in_hands--;
  g_mutex_unlock (&worker->lock);
  *ret_full = TRUE;
  return FALSE;
}

/* How long to sleep; 0: there is something to do. Under the lock. */
static gint64
nap (const HmDeliveryWorker *worker)
{
  gint64 left = hm_backoff_left (&worker->backoff, now (worker));

  if (left > 0)
    return left;
  if (worker->work)
    return 0;
  return worker->full ? ASK_AGAIN_NS : FOR_EVER;
}

static void
sleep_for (HmDeliveryWorker *worker, gint64 ns)
{
  if (ns == FOR_EVER)
    g_cond_wait (&worker->changed, &worker->lock);
  else if (!g_cond_wait_until (&worker->changed, &worker->lock, g_get_monotonic_time () + ns / 1000 + 1))
    worker->work |= worker->full;
}

/* It confirms from inside of its end. (nullable) publisher */
static void
end_publisher (HmDeliveryWorker *worker)
{
  g_mutex_lock (&worker->asking);
  worker->is_ending = TRUE;
  g_mutex_unlock (&worker->asking);
  if (worker->publisher != NULL)
    worker->plugin->publisher->free (worker->publisher);
  g_mutex_lock (&worker->lock);
  worker->publisher = NULL;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

static gpointer
run (gpointer data)
{
  HmDeliveryWorker *worker = data;
  gboolean full = FALSE;

  g_mutex_lock (&worker->lock);
  while (!worker->stop)
    {
      gint64 ns = nap (worker);
      gboolean more;

      if (ns > 0)
        {
          sleep_for (worker, ns);
          continue;
        }
      worker->work = worker->dry = worker->full = FALSE;
      g_mutex_unlock (&worker->lock);
      more = hand_over (worker, &full);
      g_mutex_lock (&worker->lock);
      worker->work |= more;
      worker->full = !more && full;
      worker->dry = !more && !full;
      g_cond_broadcast (&worker->changed);
    }
  g_mutex_unlock (&worker->lock);
  end_publisher (worker);
  return NULL;
}

/* -- life -- */

HmDeliveryWorker *
hm_delivery_new (const HmPlugin *plugin, const HmDeliveryOptions *options, const HmOptions *plugin_options,
                 const HmPluginContext *context, GError **error)
{
  g_autoptr (HmDeliveryWorker) worker = g_new0 (HmDeliveryWorker, 1);

  worker->plugin = plugin;
  worker->clock = context->clock;
  g_mutex_init (&worker->asking);
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->changed);
  hm_backoff_init (&worker->backoff, options->first_wait, options->longest_wait);
  worker->publisher = plugin->publisher->create (plugin_options, context, confirm, worker, error);
  return worker->publisher != NULL ? g_steal_pointer (&worker) : NULL;
}

gboolean
hm_delivery_check (HmDeliveryWorker *worker, GError **error)
{
  return !hm_plugin_publisher_checks (worker->plugin)
         || worker->plugin->publisher->check (worker->publisher, error);
}

gboolean
hm_delivery_start (HmDeliveryWorker *worker, HmOutbox *outbox, guint index, GError **error)
{
  g_autofree char *name = g_strdup_printf ("to-%s", worker->plugin->name);

  worker->outbox = outbox;
  worker->index = index;
  if (!worker->plugin->publisher->start (worker->publisher, error))
    {
      g_prefix_error (error, "[publisher:%s]: ", worker->plugin->name);
      return FALSE;
    }
  outbox->watch (outbox, outbox_changed, worker);
  worker->work = TRUE;
  worker->thread = g_thread_try_new (name, run, worker, error);
  return worker->thread != NULL;
}

/* The thread ends the publisher only after a stop, which is the caller's own. */
void
hm_delivery_reopen (HmDeliveryWorker *worker)
{
  if (hm_plugin_publisher_is_whole (worker->plugin) && worker->plugin->publisher->reopen != NULL)
    worker->plugin->publisher->reopen (worker->publisher);
}

void
hm_delivery_report (HmDeliveryWorker *worker, HmDeliveryReport *ret_report)
{
  g_mutex_lock (&worker->lock);
  *ret_report = worker->report;
  g_mutex_unlock (&worker->lock);
  ret_report->plugin = worker->plugin;
}

void
hm_delivery_figures (HmDeliveryWorker *worker, HmFigureFunc each, gpointer user)
{
  if (!hm_plugin_publisher_is_whole (worker->plugin) || worker->plugin->publisher->figures == NULL)
    return;
  g_mutex_lock (&worker->asking);
  if (!worker->is_ending)
    worker->plugin->publisher->figures (worker->publisher, each, user);
  g_mutex_unlock (&worker->asking);
}

/* -- stopping -- */

typedef gboolean (*Condition) (const HmDeliveryWorker *worker);

static gboolean
is_handed_over (const HmDeliveryWorker *worker)
{
  return worker->dry && !worker->work;
}

static gboolean
is_drained (const HmDeliveryWorker *worker)
{
  return is_handed_over (worker) && worker->report.in_hands == 0;
}

/* Under the lock. @deadline: of g_get_monotonic_time(). */
static gboolean
wait_until (HmDeliveryWorker *worker, Condition condition, gint64 deadline)
{
  while (!condition (worker))
    if (!g_cond_wait_until (&worker->changed, &worker->lock, deadline))
      return condition (worker);
  return TRUE;
}

void
hm_delivery_wake (HmDeliveryWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->work = TRUE;
  worker->backoff.until = 0;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* What was handed over the publisher sends at once, even where it would still collect. */
gboolean
hm_delivery_drain (HmDeliveryWorker *worker, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean drained;

  if (worker->thread == NULL)
    return TRUE;
  hm_delivery_wake (worker);
  g_mutex_lock (&worker->lock);
  if (wait_until (worker, is_handed_over, deadline))
    {
      g_mutex_unlock (&worker->lock);
      worker->plugin->publisher->flush (worker->publisher,
                                        MAX (deadline - g_get_monotonic_time (), 0) * 1000);
      g_mutex_lock (&worker->lock);
    }
  drained = wait_until (worker, is_drained, deadline);
  g_mutex_unlock (&worker->lock);
  return drained;
}

void
hm_delivery_end (HmDeliveryWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->stop = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

static gboolean
has_ended (const HmDeliveryWorker *worker)
{
  return worker->publisher == NULL;
}

gboolean
hm_delivery_stop (HmDeliveryWorker *worker, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean ended;

  hm_delivery_end (worker);
  if (worker->thread == NULL)
    {
      end_publisher (worker);
      return TRUE;
    }
  g_mutex_lock (&worker->lock);
  ended = wait_until (worker, has_ended, deadline);
  g_mutex_unlock (&worker->lock);
  if (ended)
    g_thread_join (g_steal_pointer (&worker->thread));
  return ended;
}

void
hm_delivery_free (HmDeliveryWorker *worker)
{
  if (worker == NULL)
    return;
  hm_delivery_stop (worker, FOR_EVER);
  g_mutex_clear (&worker->asking);
  g_mutex_clear (&worker->lock);
  g_cond_clear (&worker->changed);
  g_free (worker);
}
