/* SPDX-License-Identifier: Apache-2.0 */
/* http: records to a collector over HTTP, for a site without Kafka.
 *
 * publish() only queues. A thread of its own sends what is queued, one request at a time and in order, as lines of hm_event_line(), and
 * confirms each record that the answer names: it is committed then. Everything else comes back to the outbox, to be sent
 * again; the collector knows each record by its number. */
#include "publishers/http_private.h"

#include <string.h>

/* -- the thread -- */

static void
read_keys (HmHttp *self)
{
  g_autoptr (GError) error = NULL;
  HmHttpKeys keys;

  if (hm_http_keys_read (&keys, self->options, &error))
    hm_http_client_use (self->client, &keys);
  else
    hm_warning ("http: %s: token and certificates stay as they were", error->message);
}

/* Under the lock, as the next three. */
static void
take_batch (HmHttp *self, GQueue *ret_batch)
{
  gsize bytes = 0;
  HmMessage *message;

  while ((message = g_queue_peek_head (&self->queue)) != NULL && ret_batch->length < self->most)
    {
      gsize size = g_bytes_get_size (message->value);

      if (ret_batch->length > 0 && bytes + size > self->batch_bytes)
        break;
      bytes += size;
      self->queue_bytes -= size;
      g_queue_push_tail (ret_batch, g_queue_pop_head (&self->queue));
    }
  self->send_at = g_get_monotonic_time () + self->linger_us;
}

static gboolean
is_time_to_send (const HmHttp *self)
{
  return self->queue.length > 0
         && (self->stop || self->flushing > 0 || self->queue.length >= self->most
             || self->queue_bytes >= self->batch_bytes || g_get_monotonic_time () >= self->send_at);
}

static void
sleep_until_work (HmHttp *self)
{
  if (self->queue.length > 0)
    g_cond_wait_until (&self->changed, &self->lock, self->send_at);
  else
    g_cond_wait (&self->changed, &self->lock);
}

static void
work (HmHttp *self)
{
  GQueue batch = G_QUEUE_INIT;
  gboolean stop = self->stop, reopen = self->reopen;

  self->reopen = FALSE;
  take_batch (self, &batch);
  g_mutex_unlock (&self->lock);
  if (reopen)
    read_keys (self);
  if (stop)
    hm_http_give_back (self, &batch, "the program ends", 0);
  else
    hm_http_send (self, &batch);
  g_mutex_lock (&self->lock);
}

static gpointer
run (gpointer data)
{
  HmHttp *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stop || self->in_hands > 0)
    if (is_time_to_send (self))
      work (self);
    else
      sleep_until_work (self);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* -- the publisher -- */

static gpointer
http_create (const HmOptions *values, const HmPluginContext *context G_GNUC_UNUSED, HmConfirm confirm,
             gpointer user, GError **error)
{
  HmHttp *self;

  if (!hm_http_options_check (values, error))
    return NULL;
  self = g_new0 (HmHttp, 1);
  self->options = hm_options_ref ((HmOptions *)(guintptr)values);
  self->uri = hm_http_options_uri (values, NULL);
  self->confirm = confirm;
  self->user = user;
  self->batch_records = self->most = (guint)hm_options_integer (values, "batch-records");
  self->batch_bytes = (gsize)hm_options_integer (values, "batch-size");
  self->linger_us = hm_options_integer (values, "linger") / 1000;
  self->client = hm_http_client_new (self->uri, hm_options_integer (values, "timeout"));
  self->json = hm_json_writer_new (FALSE);
  self->line = g_string_new (NULL);
  g_queue_init (&self->queue);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static gboolean
http_check (gpointer data, GError **error)
{
  const HmHttp *self = data;
  HmHttpKeys keys;

  if (!hm_http_keys_read (&keys, self->options, error))
    return FALSE;
  hm_http_keys_clear (&keys);
  return TRUE;
}

static gboolean
http_start (gpointer data, GError **error)
{
  HmHttp *self = data;
  HmHttpKeys keys;

  if (!hm_http_keys_read (&keys, self->options, error))
    return FALSE;
  if (keys.authorization != NULL && strcmp (g_uri_get_scheme (self->uri), "https") != 0)
    hm_warning ("http: %s is not encrypted: records and token can be read on their way",
                hm_options_text (self->options, "url"));
  hm_http_client_use (self->client, &keys);
  self->thread = g_thread_try_new ("http", run, self, error);
  return self->thread != NULL;
}

/* Under the lock. */
static gboolean
has_room (HmHttp *self)
{
  if (self->gives_back)
    {
      self->gives_back = self->in_hands > 0;
      return FALSE;
    }
  return self->in_hands < 2 * self->batch_records && self->queue_bytes < self->batch_bytes
         && g_get_monotonic_time () >= self->quiet_until;
}

static gboolean
http_publish (gpointer data, HmMessage *message)
{
  HmHttp *self = data;
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = has_room (self);
  if (taken)
    {
      if (self->queue.length == 0)
        self->send_at = g_get_monotonic_time () + self->linger_us;
      g_queue_push_tail (&self->queue, hm_message_ref (message));
      self->queue_bytes += g_bytes_get_size (message->value);
      self->in_hands++;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return taken;
}

static void
http_flush (gpointer data, gint64 timeout_ns)
{
  HmHttp *self = data;
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
http_reopen (gpointer data)
{
  HmHttp *self = data;

  g_mutex_lock (&self->lock);
  self->reopen = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
http_figures (gpointer data, HmFigureFunc each, gpointer user)
{
  HmHttp *self = data;
  guint64 requests, repeated, bytes, rtt;

  g_mutex_lock (&self->lock);
  requests = self->requests;
  repeated = self->repeated;
  bytes = self->bytes;
  rtt = self->rtt_ns;
  g_mutex_unlock (&self->lock);
  each ("agent.publisher.requests", NULL, requests, user);
  each ("agent.publisher.requests.repeated", NULL, repeated, user);
  each ("agent.publisher.bytes", NULL, bytes, user);
  if (requests > 0)
    each ("agent.publisher.rtt", NULL, rtt, user);
}

/* The request at hand is broken off: whether the collector has it, it will know when it comes again. */
static void
http_free (gpointer data)
{
  HmHttp *self = data;

  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  hm_http_client_stop (self->client);
  if (self->thread != NULL)
    g_thread_join (self->thread);
  hm_http_client_free (self->client);
  g_string_free (self->line, TRUE);
  hm_json_writer_free (self->json);
  g_uri_unref (self->uri);
  hm_options_unref (self->options);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static const HmPublisher ops = {
  .create = http_create,
  .start = http_start,
  .publish = http_publish,
  .flush = http_flush,
  .free = http_free,
  .reopen = http_reopen,
  .figures = http_figures,
  .check = http_check,
};

HM_PLUGIN (http, .ns = HM_NS_PUBLISHER,
           .summary = "Records over HTTP to a collector, for a site without Kafka",
           .options = hm_http_options, .publisher = &ops);
