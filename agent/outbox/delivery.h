/* SPDX-License-Identifier: Apache-2.0 */
/* delivery: the way from the outbox into one publisher. One thread per publisher, so that a slow one never
 * holds back another. It hands over what next() gives, puts back what the publisher does not take now, and
 * after a RETRY waits (exponential, jitter, capped) before it begins again. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 first_wait, longest_wait; /* ns between attempts after a RETRY */
} HmDeliveryOptions;

typedef struct HmDeliveryWorker HmDeliveryWorker;

/* Creates @plugin's publisher with its confirmations wired to this worker; opens nothing. (transfer full) */
HmDeliveryWorker *hm_delivery_new (const HmPlugin *plugin, const HmDeliveryOptions *options,
                                   const HmOptions *plugin_options, const HmPluginContext *context,
                                   GError **error);

/* Whether the publisher would find its files at a start; TRUE of one that cannot tell. Not once it was started. */
gboolean hm_delivery_check (HmDeliveryWorker *worker, GError **error);

/* Starts the publisher and its thread, which feeds it as number @index of @outbox. Once. */
gboolean hm_delivery_start (HmDeliveryWorker *worker, HmOutbox *outbox, guint index, GError **error);

/* Tells the publisher to open its files anew, where it can. Between start and end, from the thread that does these; waits for
 * nothing. */
void hm_delivery_reopen (HmDeliveryWorker *worker);

/* Asks for one more look at the outbox, at once, whatever failed before; waits for nothing. */
void hm_delivery_wake (HmDeliveryWorker *worker);

/* The same, and waits until the publisher has confirmed all that the outbox has for it; FALSE when @timeout_ns passed
 * first. One that was not started has nothing to wait for. */
gboolean hm_delivery_drain (HmDeliveryWorker *worker, gint64 timeout_ns);

#define HM_DELIVERY_REASON_MAX 160 /* bytes */

/* How one publisher fares. */
typedef struct
{
  const HmPlugin *plugin;
  guint64 done, retried, rejected;     /* confirmations */
  guint in_hands;                      /* messages that it has taken and not confirmed */
  gboolean fails;                      /* the last one was to be tried again */
  char reason[HM_DELIVERY_REASON_MAX]; /* of the last that did not succeed, cut there; "" */
} HmDeliveryReport;

/* Any thread, while it is not stopped. */
void hm_delivery_report (HmDeliveryWorker *worker, HmDeliveryReport *ret_report);

/* The publisher's own figures, where it tells any and does not end. Any thread; waits for another one's asking alone. */
void hm_delivery_figures (HmDeliveryWorker *worker, HmFigureFunc each, gpointer user);

/* Has the thread hand over nothing more, stop the publisher and end; waits for nothing. */
void hm_delivery_end (HmDeliveryWorker *worker);

/* The same, and waits for it: what the publisher has not confirmed by then goes back to the outbox. FALSE when it still ran after
 * @timeout_ns: then worker and outbox must stay in memory. May be called again. */
gboolean hm_delivery_stop (HmDeliveryWorker *worker, gint64 timeout_ns);

/* Stops it if it runs, however long that takes. The outbox still calls a worker that was started, so it is freed first. NULL is fine.
 */
void hm_delivery_free (HmDeliveryWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDeliveryWorker, hm_delivery_free)

G_END_DECLS
