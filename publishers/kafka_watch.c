/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_watch: what goes on for too long. A message has no time limit, so the client tries for ever, and says nothing,
 * where a partition has no leader or not the replicas that it needs. Seen here, at each turn of the plugin's thread, by
 * the clock and whether a broker is there:
 *
 *   records held back by the declarations   are let go (kafka_declare.c)
 *   records in hands                        are counted and said, and when they leave no room for others, which wait
 *                                           behind them, the outbox is told why. They stay with the client: whatever
 *                                           overtook them could be of the same resource. */
#include "publishers/kafka_private.h"

#define HOLD_S  10
#define STUCK_S 30

guint
hm_kafka_now (const HmKafka *self)
{
  return (guint)(self->context->clock->monotonic (self->context->clock) / HM_NSEC_PER_SEC);
}

void
hm_kafka_watch_begin (HmKafka *self)
{
  self->watch.there = self->gone = FALSE;
}

/* A client that has lost its brokers does not say when they are back, only what they then take. */
static void
look_for_broker (HmKafka *self, guint now)
{
  HmKafkaWatch *watch = &self->watch;
  gboolean there = self->knows_cluster && !self->gone;

  if (there && !watch->there)
    watch->since = now;
  watch->there = there;
  if (there && self->down)
    hm_kafka_note_there (self);
}

/* Under the lock. @ret_key: of the first of them, where there are any. (transfer full) */
static guint
count_stuck (const HmKafka *self, guint now, char **ret_key)
{
  const HmMessage *first = NULL;
  GHashTableIter iter;
  gpointer message, taken;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->in_hands);
  while (g_hash_table_iter_next (&iter, &message, &taken))
    {
      if (GPOINTER_TO_UINT (taken) + STUCK_S > now)
        continue;
      n++;
      if (first == NULL || ((const HmMessage *)message)->position < first->position)
        first = message;
    }
  if (first != NULL)
    *ret_key = g_strdup (first->key);
  return n;
}

static char *
describe (const HmKafka *self, guint n, const char *key)
{
  return g_strdup_printf (
      "%u record%s not confirmed within %d s, the first is of %s: has each partition of %s a "
      "leader and enough replicas?",
      n, n == 1 ? " was" : "s were", STUCK_S, key, self->topic);
}

/* One line when some begin to be, one when none is any more. */
static void
say (HmKafkaWatch *watch, const char *text)
{
  HmLogFields fields = { .plugin = "kafka" };

  if (text != NULL && !watch->said)
    hm_log (G_LOG_LEVEL_WARNING, &fields, "kafka: %s", text);
  if (text == NULL && watch->said)
    hm_log (G_LOG_LEVEL_MESSAGE, &fields, "kafka: no record is stuck any more");
  watch->said = text != NULL;
}

/* Under the lock. The outbox is told once for as long as no record is taken. @text: (nullable) none is stuck. */
static void
tell (HmKafka *self, const char *text)
{
  gboolean blocked = text != NULL && self->full;

  if (blocked && !self->watch.told)
    {
      g_free (self->trouble);
      self->trouble = g_strdup (text);
    }
  self->watch.told = blocked;
}

static void
look_at_hands (HmKafka *self, guint now)
{
  const HmKafkaWatch *watch = &self->watch;
  g_autofree char *key = NULL, *text = NULL;

  g_mutex_lock (&self->lock);
  self->stuck = watch->there && now - watch->since >= STUCK_S ? count_stuck (self, now, &key) : 0;
  if (self->stuck > 0)
    text = describe (self, self->stuck, key);
  tell (self, text);
  g_mutex_unlock (&self->lock);
  say (&self->watch, text);
}

void
hm_kafka_watch (HmKafka *self)
{
  guint now = hm_kafka_now (self);

  look_for_broker (self, now);
  look_at_hands (self, now);
  /* Only this thread sets it. */
  if (self->declaring && self->watch.there && now - self->watch.since >= HOLD_S)
    hm_kafka_declare_let_go (self, HOLD_S);
}
