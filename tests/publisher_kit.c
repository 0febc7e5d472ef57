/* SPDX-License-Identifier: Apache-2.0 */
/* publisher_kit: see publisher_kit.h. */
#include "tests/publisher_kit.h"

#define PATIENCE_US (120 * G_USEC_PER_SEC)

const HmMeterTable *kit_publisher_meters;

static const HmMeterTable *
tell_meters (gpointer program)
{
  return program;
}

static void
free_confirmed (gpointer data)
{
  KitConfirmed *word = data;

  hm_message_unref (word->message);
  g_free (word->reason);
  g_free (word);
}

/* On the publisher's threads. */
static void
keep (gpointer user, HmMessage *message, HmDelivery delivery, const char *reason)
{
  KitPublisher *publisher = user;
  KitConfirmed *word = g_new (KitConfirmed, 1);

  word->message = hm_message_ref (message);
  word->delivery = delivery;
  word->reason = g_strdup (reason);
  g_mutex_lock (&publisher->lock);
  publisher->held++;
  g_cond_broadcast (&publisher->changed);
  while (publisher->hold)
    g_cond_wait (&publisher->changed, &publisher->lock);
  publisher->held--;
  g_ptr_array_add (publisher->confirmed, word);
  g_cond_broadcast (&publisher->changed);
  while (publisher->by_steps && publisher->steps == 0)
    g_cond_wait (&publisher->changed, &publisher->lock);
  publisher->steps -= publisher->by_steps;
  g_mutex_unlock (&publisher->lock);
}

void
kit_publisher_step (KitPublisher *publisher, gboolean by_steps)
{
  g_mutex_lock (&publisher->lock);
  publisher->by_steps = by_steps;
  publisher->steps += by_steps;
  g_cond_broadcast (&publisher->changed);
  g_mutex_unlock (&publisher->lock);
}

static GHashTable *
collect_pairs (va_list args)
{
  GHashTable *pairs = g_hash_table_new (g_str_hash, g_str_equal);
  const char *key;

  while ((key = va_arg (args, const char *)) != NULL)
    g_hash_table_insert (pairs, (gpointer)(guintptr)key, va_arg (args, gpointer));
  return pairs;
}

KitPublisher *
kit_publisher_new (const char *plugin, GError **error, ...)
{
  KitPublisher *publisher = g_new0 (KitPublisher, 1);
  g_autoptr (GHashTable) pairs = NULL;
  va_list args;

  va_start (args, error);
  pairs = collect_pairs (args);
  va_end (args);
  g_mutex_init (&publisher->lock);
  g_cond_init (&publisher->changed);
  publisher->confirmed = g_ptr_array_new_with_free_func (free_confirmed);
  publisher->plugin = kit_plugin (HM_NS_PUBLISHER, plugin);
  publisher->clock = hm_fake_clock_new (3000 * HM_NSEC_PER_SEC);
  publisher->context = (HmPluginContext){ .clock = &publisher->clock->clock,
                                          .root = "",
                                          .meters = kit_publisher_meters != NULL ? tell_meters : NULL,
                                          .program = (gpointer)(guintptr)kit_publisher_meters };
  publisher->options = hm_options_new (publisher->plugin->options, pairs, "test", error);
  if (publisher->options != NULL)
    publisher->self = publisher->plugin->publisher->create (publisher->options, &publisher->context, keep,
                                                            publisher, error);
  return publisher;
}

void
kit_publisher_stop (KitPublisher *publisher)
{
  kit_publisher_step (publisher, FALSE);
  if (publisher->self != NULL)
    publisher->plugin->publisher->free (g_steal_pointer (&publisher->self));
}

void
kit_publisher_free (KitPublisher *publisher)
{
  kit_publisher_stop (publisher);
  hm_options_unref (publisher->options);
  g_ptr_array_unref (publisher->confirmed);
  g_mutex_clear (&publisher->lock);
  g_cond_clear (&publisher->changed);
  g_free (publisher->clock);
  g_free (publisher);
}

HmMessage *
kit_message (guint64 position, const char *key, const char *value)
{
  HmMessage *message = g_new0 (HmMessage, 1);

  message->refs = 1;
  message->position = position;
  message->kind = HM_RECORD_SAMPLES;
  message->key = g_strdup (key);
  message->id = g_strdup_printf ("id-%" G_GUINT64_FORMAT, position);
  message->source = g_strdup ("site-a");
  message->time = 2000 * HM_NSEC_PER_SEC;
  message->signature = g_strdup ("v1;k;00");
  message->value = g_bytes_new (value, strlen (value));
  return message;
}

void
kit_publisher_publish (KitPublisher *publisher, HmMessage *message)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (!publisher->plugin->publisher->publish (publisher->self, message))
    {
      if (g_get_monotonic_time () > deadline)
        fail_msg ("%s does not take %s", publisher->plugin->name, message->id);
      /* It takes more when it has confirmed some. */
      g_mutex_lock (&publisher->lock);
      g_cond_wait_until (&publisher->changed, &publisher->lock, g_get_monotonic_time () + 10000);
      g_mutex_unlock (&publisher->lock);
    }
}

void
kit_publisher_wait (KitPublisher *publisher, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;
  guint have;

  g_mutex_lock (&publisher->lock);
  while ((have = publisher->confirmed->len) < n && in_time)
    in_time = g_cond_wait_until (&publisher->changed, &publisher->lock, deadline);
  g_mutex_unlock (&publisher->lock);
  if (have < n)
    fail_msg ("%u confirmations, where %u were expected", have, n);
}

static void
set_hold (KitPublisher *publisher, gboolean hold)
{
  g_mutex_lock (&publisher->lock);
  publisher->hold = hold;
  g_cond_broadcast (&publisher->changed);
  g_mutex_unlock (&publisher->lock);
}

void
kit_publisher_hold (KitPublisher *publisher)
{
  set_hold (publisher, TRUE);
}

void
kit_publisher_release (KitPublisher *publisher)
{
  set_hold (publisher, FALSE);
}

void
kit_publisher_await_held (KitPublisher *publisher, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;
  guint held;

  g_mutex_lock (&publisher->lock);
  while ((held = publisher->held) < n && in_time)
    in_time = g_cond_wait_until (&publisher->changed, &publisher->lock, deadline);
  g_mutex_unlock (&publisher->lock);
  if (held < n)
    fail_msg ("%u confirmations are held, where %u were expected", held, n);
}

const KitConfirmed *
kit_publisher_word (KitPublisher *publisher, guint i)
{
  const KitConfirmed *word;

  g_mutex_lock (&publisher->lock);
  word = g_ptr_array_index (publisher->confirmed, i);
  g_mutex_unlock (&publisher->lock);
  return word;
}

guint
kit_publisher_count (KitPublisher *publisher, HmDelivery delivery)
{
  guint n = 0;

  g_mutex_lock (&publisher->lock);
  for (guint i = 0; i < publisher->confirmed->len; i++)
    n += ((const KitConfirmed *)g_ptr_array_index (publisher->confirmed, i))->delivery == delivery;
  g_mutex_unlock (&publisher->lock);
  return n;
}
