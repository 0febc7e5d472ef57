/* SPDX-License-Identifier: Apache-2.0 */
/* http_send: one batch to the collector, and what becomes of its records: confirmed, or back to the outbox. On the publisher's
 * thread. */
#include "publishers/http_private.h"

#define ANSWER_BASE    (64 * 1024)
#define ANSWER_RECORD  4096 /* of each, its id above all */
#define STATUS_OK      200
#define STATUS_TOO_BIG 413

static void
conclude_one (HmHttp *self, HmMessage *message, HmDelivery delivery, const char *reason)
{
  self->confirm (self->user, message, delivery, reason);
  hm_message_unref (message);
  g_mutex_lock (&self->lock);
  self->in_hands--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
conclude (HmHttp *self, GQueue *messages, HmDelivery delivery, const char *reason)
{
  HmMessage *message;

  while ((message = g_queue_pop_head (messages)) != NULL)
    conclude_one (self, message, delivery, reason);
}

/* What stands behind must not overtake it. */
void
hm_http_give_back (HmHttp *self, GQueue *batch, const char *reason, guint after_s)
{
  GQueue behind;

  g_mutex_lock (&self->lock);
  self->gives_back = TRUE;
  self->quiet_until = g_get_monotonic_time () + after_s * G_USEC_PER_SEC;
  self->repeated++;
  behind = self->queue;
  self->queue_bytes = 0;
  g_queue_init (&self->queue);
  g_mutex_unlock (&self->lock);
  conclude (self, batch, HM_DELIVERY_RETRY, reason);
  conclude (self, &behind, HM_DELIVERY_RETRY, reason);
}

/* The request's lines; what cannot be written as JSON is given up. (transfer full) */
static GBytes *
write_lines (HmHttp *self, GQueue *batch)
{
  GString *lines = g_string_new (NULL);
  GQueue good = G_QUEUE_INIT;
  HmMessage *message;

  while ((message = g_queue_pop_head (batch)) != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (hm_event_line (self->json, message, HM_TIME_UNKNOWN, self->line, &error))
        {
          g_string_append_len (lines, self->line->str, (gssize)self->line->len);
          g_queue_push_tail (&good, message);
        }
      else
        conclude_one (self, message, HM_DELIVERY_REJECT, error->message);
    }
  *batch = good;
  return g_string_free_to_bytes (lines);
}

static void
count_request (HmHttp *self, gsize bytes, gint64 began)
{
  g_mutex_lock (&self->lock);
  self->requests++;
  self->bytes += bytes;
  self->rtt_ns = (guint64)(g_get_monotonic_time () - began) * 1000;
  g_mutex_unlock (&self->lock);
}

/* A 200 that does not name a record has not taken it. */
static void
take_answer (HmHttp *self, GQueue *batch, const HmHttpReply *reply)
{
  g_autoptr (GError) error = NULL;
  guint refused = 0;
  g_autoptr (GHashTable) ids = hm_http_answer_read (reply->body, &refused, &error);
  GQueue unnamed = G_QUEUE_INIT;
  HmMessage *message;

  if (refused > 0)
    hm_warning ("http: the collector refuses %u record%s, kept there as dead letters", refused,
                refused == 1 ? "" : "s");
  while ((message = g_queue_pop_head (batch)) != NULL)
    if (ids != NULL && g_hash_table_contains (ids, message->id))
      conclude_one (self, message, HM_DELIVERY_DONE, NULL);
    else
      g_queue_push_tail (&unnamed, message);
  self->most = MIN (self->most * 2, self->batch_records);
  if (unnamed.length > 0)
    hm_http_give_back (self, &unnamed, error != NULL ? error->message : "the answer does not name the record",
                       0);
}

static void
take_refusal (HmHttp *self, GQueue *batch, const HmHttpReply *reply)
{
  g_autofree char *reason = hm_http_answer_reason (reply);

  if (reply->status == STATUS_TOO_BIG)
    self->most = MAX (batch->length / 2, 1);
  hm_http_give_back (self, batch, reason, reply->retry_after_s);
}

void
hm_http_send (HmHttp *self, GQueue *batch)
{
  g_autoptr (GBytes) lines = write_lines (self, batch);
  g_auto (HmHttpReply) reply = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 began = g_get_monotonic_time ();

  if (batch->length == 0)
    return;
  if (!hm_http_client_post (self->client, lines, ANSWER_BASE + batch->length * (gsize)ANSWER_RECORD, &reply,
                            &error))
    {
      hm_http_give_back (self, batch, error->message, 0);
      return;
    }
  count_request (self, g_bytes_get_size (lines), began);
  if (reply.status == STATUS_OK)
    take_answer (self, batch, &reply);
  else
    take_refusal (self, batch, &reply);
}
