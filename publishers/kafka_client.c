/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_client: the life of librdkafka's client: built, served, built anew, closed. All on the plugin's one
 * thread, but for the first one, which start() builds if that can be.
 *
 * A client is built anew after a fatal error, when the broker belongs to another cluster, when a record was
 * acknowledged without an offset, and when no broker was there for a while; all that the old one had goes
 * back to the outbox. */
#include "publishers/kafka_private.h"

#include "publishers/kafka_options.h"

#include <string.h>

#define POLL_MS       1000
#define CLOSE_US      G_GINT64_CONSTANT (500000)
#define RENEW_LAST_US G_GINT64_CONSTANT (60000000) /* the longest time between two clients */
#define DOWN_US       G_GINT64_CONSTANT (10000000) /* without any broker before a new client is tried */

/* (transfer full) HM_ERROR_CONFIG */
static rd_kafka_t *
make_client (HmKafka *self, GError **error)
{
  rd_kafka_conf_t *conf = hm_kafka_conf_new (self->options, error);
  char reason[256];
  rd_kafka_t *client;

  if (conf == NULL)
    return NULL;
  hm_kafka_report_install (self, conf);
  client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (client != NULL)
    return client;
  rd_kafka_conf_destroy (conf);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "librdkafka: %s", reason);
  return NULL;
}

void
hm_kafka_client_wake (HmKafka *self)
{
  rd_kafka_queue_t *queue;

  g_cond_broadcast (&self->changed);
  if (self->client == NULL)
    return;
  queue = rd_kafka_queue_get_main (self->client);
  rd_kafka_queue_yield (queue);
  rd_kafka_queue_destroy (queue);
}

void
hm_kafka_confirm_end (HmKafka *self)
{
  g_mutex_lock (&self->lock);
  self->confirming--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
hm_kafka_give_back (HmKafka *self, const char *reason, gboolean leak)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer message;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->in_hands);
  while (g_hash_table_iter_next (&iter, &message, NULL))
    g_ptr_array_add (left, message);
  g_hash_table_remove_all (self->in_hands);
  self->alone = NULL;
  self->confirming++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (!leak)
    g_ptr_array_set_free_func (left, (GDestroyNotify)hm_message_unref);
  for (guint i = 0; i < left->len; i++)
    self->confirm (self->user, g_ptr_array_index (left, i), HM_DELIVERY_RETRY, reason);
  hm_kafka_confirm_end (self);
}

/* The purge makes every message come back through on_report(). The client is gone before what it had is
 * freed. */
static void
close_client (HmKafka *self, rd_kafka_t *client)
{
  gint64 deadline = g_get_monotonic_time () + CLOSE_US;

  rd_kafka_purge (client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len (client) > 0 && g_get_monotonic_time () < deadline)
    rd_kafka_poll (client, 50);
  rd_kafka_destroy (client);
  hm_kafka_give_back (self, "the client was closed", FALSE);
}

/* Takes the client away from publish(). (nullable) (transfer full) */
static rd_kafka_t *
take_client (HmKafka *self)
{
  rd_kafka_t *client;

  g_mutex_lock (&self->lock);
  client = g_steal_pointer (&self->client);
  self->renew = NULL;
  hm_kafka_figures_close (self);
  g_mutex_unlock (&self->lock);
  return client;
}

/* What was said of the old one is not of the new one. (nullable) client */
static void
install_client (HmKafka *self, rd_kafka_t *client)
{
  g_atomic_int_set (&self->other_cluster, 0);
  g_mutex_lock (&self->lock);
  self->client = client;
  self->counts.clients += client != NULL;
  self->renew = NULL;
  self->call_back = FALSE;
  self->look_again = TRUE;
  g_mutex_unlock (&self->lock);
}

/* That keys contradict each other stopped the load, so this is about files, which may come. */
static void
say_none (HmKafka *self, const char *reason)
{
  hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .plugin = "kafka" },
          "kafka: there is no client, records wait: %s", reason);
  g_mutex_lock (&self->lock);
  g_free (self->trouble);
  self->trouble = g_strdup (reason);
  g_mutex_unlock (&self->lock);
}

void
hm_kafka_client_build (HmKafka *self)
{
  g_autoptr (GError) error = NULL;
  rd_kafka_t *client = make_client (self, &error);

  if (client == NULL)
    say_none (self, error->message);
  self->renewed = self->down_since = g_get_monotonic_time ();
  self->knows_cluster = self->doubted = FALSE;
  hm_kafka_watch_begin (self);
  hm_kafka_declare_begin (self);
  install_client (self, client);
}

static gboolean
is_stopping (HmKafka *self)
{
  gboolean stop;

  g_mutex_lock (&self->lock);
  stop = self->stop;
  g_mutex_unlock (&self->lock);
  return stop;
}

static void
renew_client (HmKafka *self, const char *why)
{
  HmLogFields fields = { .plugin = "kafka" };
  rd_kafka_t *client = take_client (self);

  hm_log (G_LOG_LEVEL_MESSAGE, &fields, "kafka: the client is built anew: %s", why);
  if (client != NULL)
    close_client (self, client);
  /* That may have taken so long that this thread was left behind. */
  if (is_stopping (self))
    return;
  self->renew_wait = MIN (self->renew_wait * 2, RENEW_LAST_US);
  hm_kafka_client_build (self);
}

/* Why the client must be built anew now, or NULL. */
static const char *
renewal_due (HmKafka *self)
{
  gint64 at = g_get_monotonic_time ();
  const char *why;
  gboolean idle;

  g_mutex_lock (&self->lock);
  why = self->client == NULL ? "there is none" : self->renew;
  idle = g_hash_table_size (self->in_hands) == 0 && !self->declaring;
  g_mutex_unlock (&self->lock);
  if (why == NULL && g_atomic_int_get (&self->other_cluster))
    why = "the broker belongs to another cluster";
  if (why == NULL && self->down && !idle && at - self->down_since >= DOWN_US)
    why = "no broker answered for a while";
  return at - self->renewed >= self->renew_wait ? why : NULL;
}

/* What stands behind a message that failed must not overtake it: nothing is taken until all that was in hands has
 * come back, and then not the first, which the outbox may have given before it knew. Between two polls every report has
 * reached the outbox. */
static void
call_back_queue (HmKafka *self, rd_kafka_t *client)
{
  gboolean wanted;

  g_mutex_lock (&self->lock);
  wanted = self->call_back;
  if (wanted && g_hash_table_size (self->in_hands) == 0)
    {
      self->call_back = wanted = FALSE;
      self->look_again = TRUE;
    }
  g_mutex_unlock (&self->lock);
  if (wanted)
    rd_kafka_purge (client, RD_KAFKA_PURGE_F_QUEUE);
}

/* The client keeps the brokers' word at hand: nothing waits. One client that has met two clusters is not to be used
 * any more; a new one may well be in another than the one before. */
static void
look_at_cluster (HmKafka *self, rd_kafka_t *client)
{
  gint64 at = g_get_monotonic_time ();
  char *id = at - self->asked >= POLL_MS * 1000 ? rd_kafka_clusterid (client, 0) : NULL;

  if (id == NULL)
    return;
  self->asked = at;
  if (self->cluster != NULL && strcmp (id, self->cluster) != 0)
    {
      hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .plugin = "kafka" },
              "kafka: the brokers are of the cluster %s, and were of %s", id, self->cluster);
      g_atomic_int_or (&self->other_cluster, (guint)self->knows_cluster);
    }
  self->knows_cluster = TRUE;
  g_free (self->cluster);
  self->cluster = g_strdup (id);
  rd_kafka_mem_free (client, id);
}

static void
wait_without_client (HmKafka *self)
{
  g_mutex_lock (&self->lock);
  if (!self->stop)
    g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + POLL_MS * 1000);
  g_mutex_unlock (&self->lock);
}

gpointer
hm_kafka_client_run (gpointer data)
{
  HmKafka *self = data;
  rd_kafka_t *client;
  gboolean left;

  while (!is_stopping (self))
    {
      const char *why;

      /* Only this thread changes the client. */
      if (self->client == NULL)
        wait_without_client (self);
      else
        {
          hm_kafka_declare_go_on (self, self->client);
          rd_kafka_poll (self->client, POLL_MS);
          /* Whoever was left behind in there must not use the program any more. */
          if (is_stopping (self))
            break;
          call_back_queue (self, self->client);
          look_at_cluster (self, self->client);
        }
      hm_kafka_watch (self);
      why = renewal_due (self);
      if (why != NULL && !is_stopping (self))
        renew_client (self, why);
    }
  client = take_client (self);
  if (client != NULL)
    close_client (self, client);
  g_mutex_lock (&self->lock);
  self->finished = TRUE;
  left = self->left;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (left)
    hm_kafka_dispose (self);
  return NULL;
}
