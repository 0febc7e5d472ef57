/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: records to a Kafka topic, each confirmed by its delivery report and by nothing else.
 *
 * The delivery thread calls publish(), which only queues. A thread of this plugin's own serves librdkafka's
 * client and hears what it says (kafka_client.c, kafka_report.c). The lock guards what the two share; it is
 * never held while the outbox is told something. */
#include "publishers/kafka_private.h"

#include "publishers/kafka_options.h"

#define STOP_US G_GINT64_CONSTANT (1000000)

/* -- one message out -- */

static void
add_header (rd_kafka_headers_t *headers, const char *name, const char *value)
{
  rd_kafka_header_add (headers, name, -1, value, -1);
}

/* CloudEvents 1.0, binary mode, and our two. */
static rd_kafka_headers_t *
make_headers (const HmKafka *self, const HmMessage *message)
{
  rd_kafka_headers_t *headers = rd_kafka_headers_new (9);
  char time[HM_TIME_TEXT_MAX];

  add_header (headers, "ce_specversion", "1.0");
  add_header (headers, "ce_id", message->id);
  add_header (headers, "ce_source", message->source);
  add_header (headers, "ce_type", hm_record_schema (message->kind));
  add_header (headers, "ce_subject", message->key);
  hm_time_print (message->time, time);
  add_header (headers, "ce_time", time);
  add_header (headers, "content-type", "application/json");
  hm_time_print (self->context->clock->wall (self->context->clock), time);
  add_header (headers, "hm-sent", time);
  if (message->signature != NULL)
    add_header (headers, "hm-signature", message->signature);
  return headers;
}

/* The client keeps a pointer to the value, which lives as long as the message is in hands. */
static rd_kafka_resp_err_t
produce (const HmKafka *self, HmMessage *message)
{
  rd_kafka_headers_t *headers = make_headers (self, message);
  gsize length;
  gconstpointer bytes = g_bytes_get_data (message->value, &length);
  rd_kafka_resp_err_t err;

  err = rd_kafka_producev (self->client, RD_KAFKA_V_TOPIC (self->topic),
                           RD_KAFKA_V_KEY (message->key, strlen (message->key)),
                           RD_KAFKA_V_VALUE ((void *)(guintptr)bytes, length), RD_KAFKA_V_HEADERS (headers),
                           RD_KAFKA_V_MSGFLAGS (0), RD_KAFKA_V_OPAQUE (message), RD_KAFKA_V_END);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_headers_destroy (headers);
  return err;
}

/* Under the lock. */
static gboolean
has_room (const HmKafka *self)
{
  guint n = g_hash_table_size (self->in_hands);

  return self->client != NULL && self->renew == NULL && !self->call_back && !self->declaring
         && n < (self->careful > 0 ? 1 : HM_KAFKA_QUEUE_MAX);
}

static rd_kafka_resp_err_t
try_publish (HmKafka *self, HmMessage *message)
{
  rd_kafka_resp_err_t err;

  if (!has_room (self))
    return RD_KAFKA_RESP_ERR__QUEUE_FULL;
  if (self->look_again)
    {
      self->look_again = FALSE;
      return RD_KAFKA_RESP_ERR__QUEUE_FULL;
    }
  err = produce (self, message);
  if (err == RD_KAFKA_RESP_ERR__FATAL)
    self->renew = "the client met a fatal error";
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return err;
  if (self->careful > 0)
    self->alone = message;
  g_hash_table_insert (self->in_hands, hm_message_ref (message), GUINT_TO_POINTER (hm_kafka_now (self)));
  return err;
}

/* That none can be delivered is said by one record that comes back with the reason; it is the next again, and the
 * others wait. */
static gboolean
kafka_publish (gpointer data, HmMessage *message)
{
  HmKafka *self = data;
  g_autofree char *trouble = NULL;
  rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

  g_mutex_lock (&self->lock);
  trouble = g_steal_pointer (&self->trouble);
  if (trouble == NULL)
    {
      err = try_publish (self, message);
      self->full = err == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    }
  g_mutex_unlock (&self->lock);

  if (trouble != NULL)
    {
      self->confirm (self->user, message, HM_DELIVERY_RETRY, trouble);
      return TRUE;
    }
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
    return TRUE;
  if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL || err == RD_KAFKA_RESP_ERR__FATAL)
    return FALSE;
  /* The client itself says so of this one message, so there is no batch to doubt. */
  self->confirm (self->user, message,
                 hm_kafka_is_about_content (err) ? HM_DELIVERY_REJECT : HM_DELIVERY_RETRY,
                 rd_kafka_err2str (err));
  return TRUE;
}

/* -- the publisher -- */

static gpointer
kafka_create (const HmOptions *options, const HmPluginContext *context, HmConfirm confirm, gpointer user,
              GError **error)
{
  const char *declare_topic = hm_options_text (options, "declare-topic");
  g_autofree char *trouble = NULL;
  HmKafka *self;

  if (!hm_kafka_conf_try (options, &trouble, error))
    return NULL;
  if (trouble != NULL)
    hm_warning ("kafka: there can be no client while this is so: %s", trouble);
  self = g_new0 (HmKafka, 1);
  self->topic = g_strdup (hm_options_text (options, "topic"));
  self->declare_topic = *declare_topic != '\0' ? g_strdup (declare_topic) : NULL;
  self->options = hm_options_ref ((HmOptions *)(guintptr)options);
  self->context = context;
  self->confirm = confirm;
  self->user = user;
  self->in_hands = g_hash_table_new (NULL, NULL);
  self->renew_wait = HM_KAFKA_RENEW_FIRST_US;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

/* Neither a broker nor the files for TLS need be there yet: the thread builds the client, and does so until there is one.
 */
static gboolean
kafka_start (gpointer data, GError **error)
{
  HmKafka *self = data;

  hm_kafka_client_build (self);
  self->look_again = FALSE; /* nobody was refused before */
  self->thread = g_thread_try_new ("kafka", hm_kafka_client_run, self, error);
  return self->thread != NULL;
}

static void
kafka_flush (gpointer data, gint64 timeout_ns)
{
  HmKafka *self = data;
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (g_hash_table_size (self->in_hands) > 0 && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  g_mutex_unlock (&self->lock);
}

/* The thread that stays hangs in closing the client. It has nothing in hands any more, so it confirms nothing after what
 * it was about to, which does not take long; with `stop` set it uses nothing that is not the plugin's own, and it frees
 * that. FALSE: it has come to its end after all. */
static gboolean
leave_behind (HmKafka *self)
{
  GThread *thread = self->thread;

  hm_kafka_give_back (self, "the client was left behind", TRUE);
  hm_warning ("kafka: the client does not come to an end, left behind");
  g_mutex_lock (&self->lock);
  while (self->confirming > 0)
    g_cond_wait (&self->changed, &self->lock);
  self->left = !self->finished;
  if (!self->left)
    thread = NULL;
  g_mutex_unlock (&self->lock);
  if (thread != NULL)
    g_thread_unref (thread);
  return thread != NULL;
}

/* FALSE: the thread is still closing the client (a name server that does not answer can hold it up for long).
 */
static gboolean
stop_thread (HmKafka *self)
{
  gint64 deadline = g_get_monotonic_time () + STOP_US;
  gboolean in_time = TRUE, finished;

  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  hm_kafka_client_wake (self);
  while (!self->finished && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  finished = self->finished;
  g_mutex_unlock (&self->lock);
  return finished;
}

void
hm_kafka_dispose (HmKafka *self)
{
  hm_options_unref (self->options);
  g_hash_table_unref (self->in_hands);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_clear_pointer (&self->round.meters, g_ptr_array_unref);
  g_free (self->last_error);
  g_free (self->trouble);
  g_free (self->cluster);
  g_free (self->declare_topic);
  g_free (self->topic);
  g_free (self);
}

static void
kafka_free (gpointer data)
{
  HmKafka *self = data;

  if (self->thread != NULL && !stop_thread (self) && leave_behind (self))
    return;
  if (self->thread != NULL)
    g_thread_join (self->thread);
  else if (self->client != NULL)
    rd_kafka_destroy (self->client);
  hm_kafka_dispose (self);
}

static const HmPublisher ops = {
  .create = kafka_create,
  .start = kafka_start,
  .publish = kafka_publish,
  .flush = kafka_flush,
  .free = kafka_free,
  .figures = hm_kafka_figures,
};

HM_PLUGIN (kafka, .ns = HM_NS_PUBLISHER, .summary = "Records to a Kafka topic, confirmed by delivery report",
           .options = hm_kafka_options, .publisher = &ops);
