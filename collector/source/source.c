/* SPDX-License-Identifier: Apache-2.0 */
/* source: the loop. Wait for the topic, join the group, then poll and look after what changed, until told to
 * stop.
 *
 * Messages are polled one at a time: with this librdkafka a batch call that runs into a rebalance or a pause
 * loses messages, and one at a time costs less than a microsecond. When the queue behind is full, polling
 * waits for a moment; when it stays full, because the database is away, the partitions are paused and polling
 * goes on, so that the group does not take us for dead. */
#include "collector/source/source_private.h"

#include "metering/error.h"
#include "metering/log.h"

#define POLL_MS       50
#define POLL_MAX      4096
#define STALL_NS      HM_NSEC_PER_SEC
#define COMMIT_NS     (5 * HM_NSEC_PER_SEC)
#define TICK_NS       (100 * HM_NSEC_PER_MSEC)
#define WAIT_NS       HM_NSEC_PER_SEC
#define DESTROY_NS    (2 * HM_NSEC_PER_SEC)
#define ASK_NS        (5 * HM_NSEC_PER_SEC)
#define TELL_AGAIN_NS HM_NSEC_PER_SEC

static void
tick (HmSource *source)
{
  gint64 now = hm_source_now ();

  if (source->settings.tick == NULL || now - source->ticked_at < TICK_NS)
    return;
  source->ticked_at = now;
  source->settings.tick (source->settings.user);
}

/* The storing thread keeps us waiting. */
static void
tick_meanwhile (gpointer user)
{
  HmSource *source = user;

  source->waiting = TRUE;
  tick (source);
  source->waiting = FALSE;
}

HmSource *
hm_source_new (const HmSourceSettings *settings, HmPipeline *pipeline, GError **error)
{
  HmSource *source;

  if (!hm_source_options_check (settings->options, error))
    return NULL;
  if (settings->until_end && hm_source_is_off (settings->options))
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG, "[source]: topic: empty, so it has no end");
      return NULL;
    }
  source = g_new0 (HmSource, 1);
  source->settings = *settings;
  source->options = hm_options_ref (settings->options);
  source->topic = g_strdup (hm_options_text (settings->options, "topic"));
  source->member = g_strdup (settings->member);
  source->pipeline = pipeline;
  source->partitions = g_array_new (FALSE, FALSE, sizeof (HmPartition));
  hm_pipeline_set_meanwhile (pipeline, tick_meanwhile, source);
  return source;
}

void
hm_source_free (HmSource *source, gint64 timeout_ns)
{
  if (source == NULL)
    return;
  hm_pipeline_set_meanwhile (source->pipeline, NULL, NULL);
  g_clear_pointer (&source->chunk, g_ptr_array_unref);
  hm_source_disconnect (source, timeout_ns);
  g_array_unref (source->partitions);
  g_clear_pointer (&source->ends, g_array_unref);
  g_clear_error (&source->failure);
  hm_options_unref (source->options);
  g_free (source->topic);
  g_free (source->member);
  g_free (source);
}

void
hm_source_stop (HmSource *source)
{
  g_atomic_int_set (&source->stop, TRUE);
}

void
hm_source_counts (const HmSource *source, HmSourceCounts *ret_counts)
{
  *ret_counts = source->counts;
  ret_counts->halted = hm_source_halted (source);
  ret_counts->off = hm_source_is_off (source->options);
  ret_counts->paused = source->paused;
}

static gboolean
is_stopped (HmSource *source)
{
  return g_atomic_int_get (&source->stop) != 0;
}

/* -- joining -- */

static gboolean
ask (HmSource *source, GError **error)
{
  guint n;

  if (!hm_source_ask_topic (source, &n, error))
    return FALSE;
  source->counts.topic_partitions = n;
  return !source->settings.until_end || source->ends != NULL || hm_source_note_ends (source, n, error);
}

static void
wait_a_moment (HmSource *source)
{
  gint64 until = hm_source_now () + WAIT_NS;

  while (hm_source_now () < until && !is_stopped (source))
    {
      rd_kafka_message_t *message
          = rd_kafka_consumer_poll (source->client, POLL_MS); /* errors are said by it */

      if (message != NULL)
        hm_source_take (source, message);
      tick (source);
    }
}

/* Broker or topic may come later than we do. */
static gboolean
await_topic (HmSource *source, GError **error)
{
  gint64 start = hm_source_now ();

  while (!is_stopped (source))
    {
      g_autoptr (GError) reason = NULL;

      if (ask (source, &reason))
        return TRUE;
      if (source->settings.until_end && source->settings.patience_ns >= 0
          && hm_source_now () - start > source->settings.patience_ns)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      hm_warning ("waiting: %s", reason->message);
      wait_a_moment (source);
    }
  return TRUE;
}

static gboolean
join (HmSource *source, GError **error)
{
  source->joined = source->rebuild = FALSE;
  if (!hm_source_connect (source, error) || !await_topic (source, error))
    return FALSE;
  source->heard_at = source->asked_at = hm_source_now ();
  return is_stopped (source) || hm_source_subscribe (source, error);
}

/* Whoever waits for the end waits for ever for a broker that has gone. Nothing that comes may mean that there is nothing, so it is asked. FALSE: for longer than the
 * patience nothing came and nobody answered. */
static gboolean
check_broker (HmSource *source, GError **error)
{
  gint64 patience = source->settings.patience_ns, now = hm_source_now ();
  g_autoptr (GError) reason = NULL;
  g_autofree char *span = NULL;
  guint n;

  if (source->counts.consumed != source->heard)
    {
      source->heard = source->counts.consumed;
      source->heard_at = now;
    }
  if (patience < 0 || now - MAX (source->heard_at, source->asked_at) < MIN (patience, ASK_NS))
    return TRUE;
  if (hm_source_ask_topic (source, &n, &reason))
    source->heard_at = hm_source_now ();
  source->asked_at = hm_source_now ();
  if (source->asked_at - source->heard_at <= patience)
    return TRUE;
  span = hm_duration_print (patience);
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
               "the end is not reached, and no broker has been there for more than %s: %s", span,
               reason->message);
  return FALSE;
}

/* -- flow -- */

static void
set_paused (HmSource *source, gboolean paused)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new ((int)source->partitions->len);

  for (guint i = 0; i < source->partitions->len; i++)
    {
      const HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);

      if (!partition->halted)
        rd_kafka_topic_partition_list_add (list, source->topic, partition->id);
    }
  if (paused)
    rd_kafka_pause_partitions (source->client, list);
  else
    rd_kafka_resume_partitions (source->client, list);
  rd_kafka_topic_partition_list_destroy (list);
  source->paused = paused;
  hm_notice ("%s is %s", source->topic,
             paused ? "paused: what was consumed waits for the store" : "consumed again");
}

/* TRUE: there is room for more. */
static gboolean
make_room (HmSource *source)
{
  gint64 now;

  if (source->paused)
    {
      if (hm_pipeline_half_empty (source->pipeline))
        set_paused (source, FALSE);
      return TRUE; /* polled all the same: nothing comes while it is paused */
    }
  if (hm_pipeline_wait_room (source->pipeline, TICK_NS))
    {
      source->stalled_at = 0;
      return TRUE;
    }
  now = hm_source_now ();
  if (source->stalled_at == 0)
    source->stalled_at = now;
  if (now - source->stalled_at > STALL_NS && !source->resolve)
    set_paused (source, TRUE);
  return FALSE;
}

static void
poll_messages (HmSource *source)
{
  for (guint i = 0; i < POLL_MAX && !is_stopped (source) && !source->rebuild; i++)
    {
      rd_kafka_message_t *message = rd_kafka_consumer_poll (source->client, i == 0 ? POLL_MS : 0);

      if (message == NULL)
        break;
      hm_source_take (source, message);
    }
  hm_source_flush (source);
}

/* -- looking after -- */

/* Where nothing is ours, or a part of that is halted, asking again tells no more. */
static gboolean
is_told (HmSource *source)
{
  source->told_at = hm_source_now ();
  return source->settings.at_end == NULL || source->settings.at_end (source->settings.user)
         || source->partitions->len == 0 || hm_source_halted (source) > 0;
}

/* FALSE: the patience is over. */
static gboolean
ends_here (HmSource *source, gboolean *ret_ends, GError **error)
{
  gint64 patience = source->settings.patience_ns;
  g_autofree char *span = NULL;

  *ret_ends = FALSE;
  if (!source->settings.until_end)
    return TRUE;
  if (source->ended_at != 0 && hm_source_now () - source->told_at < TELL_AGAIN_NS)
    return TRUE;
  if (!hm_source_at_end (source))
    {
      source->ended_at = 0;
      return check_broker (source, error);
    }
  if (source->ended_at == 0)
    source->ended_at = hm_source_now ();
  *ret_ends = is_told (source);
  if (*ret_ends || patience < 0 || hm_source_now () - source->ended_at <= patience)
    return TRUE;
  span = hm_duration_print (patience);
  g_set_error (
      error, HM_ERROR, HM_ERROR_UNAVAILABLE,
      "everything is stored, but that could not be noted for more than %s: a broker does not tell where "
      "its partitions end, or the store does not take it",
      span);
  return FALSE;
}

static gboolean
rebuild (HmSource *source, GError **error)
{
  hm_source_fence (source, FALSE); /* what was consumed belongs to the client that goes */
  hm_source_drop_partitions (source);
  source->resolve = source->paused = FALSE;
  hm_source_disconnect (source, DESTROY_NS);
  return join (source, error);
}

static gboolean
look_after (HmSource *source, GError **error)
{
  gint64 now = hm_source_now ();
  GError *failure
      = source->failure != NULL ? g_steal_pointer (&source->failure) : hm_pipeline_failure (source->pipeline);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (source->rebuild)
    return rebuild (source, error);
  if (hm_pipeline_was_lost (source->pipeline))
    hm_source_assign_anew (source, "somebody else has moved an offset");
  if (source->resolve && now >= source->resolve_at)
    hm_source_resolve (source);
  if (now - source->committed_at > COMMIT_NS)
    {
      source->committed_at = now;
      hm_source_commit (source);
    }
  tick (source);
  return TRUE;
}

static gboolean
finish (HmSource *source, GError **error)
{
  guint halted = hm_source_halted (source);

  hm_source_commit (source);
  if (!source->settings.until_end || halted == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "partitions of %s that are halted: %u", source->topic, halted);
  return FALSE;
}

/* No bus: this thread looks after what others do. */
static gboolean
look_on (HmSource *source, GError **error)
{
  while (!is_stopped (source))
    {
      GError *failure = hm_pipeline_failure (source->pipeline);

      if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
      tick (source);
      g_usleep (POLL_MS * 1000);
    }
  return TRUE;
}

gboolean
hm_source_run (HmSource *source, GError **error)
{
  gboolean ends = FALSE;

  if (hm_source_is_off (source->options))
    return look_on (source, error);
  if (!join (source, error))
    return FALSE;
  while (!ends && !is_stopped (source))
    {
      if (make_room (source))
        poll_messages (source);
      if (!look_after (source, error) || !ends_here (source, &ends, error))
        return FALSE;
    }
  return finish (source, error);
}
