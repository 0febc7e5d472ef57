/* SPDX-License-Identifier: Apache-2.0 */
/* source_assign: from the group's word to messages that come from the right place.
 *
 * The group says which partitions are ours. The rebalance callback only takes note (an empty assignment keeps
 * the group content); then, outside of it, the store is asked where each partition goes on, the broker what
 * it still has, and only then are they assigned, each with its offset. So a database that is away holds up no
 * rebalance, and no partition ever begins at an offset that is not the store's. A position is changed by
 * assigning anew, never by a seek, which does not revive a partition after auto.offset.reset=error. */
#include "collector/source/source_private.h"

#include "metering/error.h"
#include "metering/log.h"

#define RETRY_FIRST (500 * HM_NSEC_PER_MSEC)
#define RETRY_LAST  (10 * HM_NSEC_PER_SEC)

HmPartition *
hm_source_partition (HmSource *source, gint32 id)
{
  for (guint i = 0; i < source->partitions->len; i++)
    {
      HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);

      if (partition->id == id)
        return partition;
    }
  return NULL;
}

guint
hm_source_halted (const HmSource *source)
{
  guint halted = 0;

  for (guint i = 0; i < source->partitions->len; i++)
    halted += g_array_index (source->partitions, HmPartition, i).halted;
  return halted;
}

void
hm_source_drop_partitions (HmSource *source)
{
  for (guint i = 0; i < source->partitions->len; i++)
    hm_pipeline_forget_committed (source->pipeline, g_array_index (source->partitions, HmPartition, i).id);
  g_array_set_size (source->partitions, 0);
  source->counts.assigned = 0;
}

void
hm_source_fence (HmSource *source, gboolean give_up)
{
  g_clear_pointer (&source->chunk, g_ptr_array_unref);
  source->chunk_bytes = 0;
  hm_pipeline_fence (source->pipeline, give_up);
  source->generation = hm_pipeline_generation (source->pipeline);
}

static void
resolve_soon (HmSource *source)
{
  source->resolve = TRUE;
  source->resolve_at = 0;
  source->retry_ns = RETRY_FIRST;
}

/* -- the group's word -- */

static void
take_over (HmSource *source, const rd_kafka_topic_partition_list_t *list)
{
  rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new (0);

  hm_source_drop_partitions (source);
  for (int i = 0; i < list->cnt; i++)
    {
      HmPartition partition = { .id = list->elems[i].partition, .gap = -1 };

      g_array_append_val (source->partitions, partition);
    }
  source->joined = TRUE;
  resolve_soon (source);
  rd_kafka_assign (source->client, none);
  rd_kafka_topic_partition_list_destroy (none);
  hm_info ("partitions of %s that are ours: %d", source->topic, list->cnt);
}

/* What was lost may already be somebody else's: then the transaction at hand is not finished. */
static void
let_go (HmSource *source, gboolean lost)
{
  hm_source_fence (source, lost);
  if (!lost)
    hm_source_commit (source);
  hm_info ("partitions of %s that were %s: %u", source->topic, lost ? "lost" : "given back",
           source->partitions->len);
  hm_source_drop_partitions (source);
  source->resolve = source->paused = FALSE;
  rd_kafka_assign (source->client, NULL);
}

void
hm_source_rebalanced (rd_kafka_t *client, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list,
                      void *user)
{
  HmSource *source = user;

  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    take_over (source, list);
  else
    let_go (source, what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS || rd_kafka_assignment_lost (client));
}

void
hm_source_assign_anew (HmSource *source, const char *reason)
{
  hm_notice ("assigning %s anew: %s", source->topic, reason);
  hm_source_fence (source, FALSE);
  resolve_soon (source);
}

/* -- where each partition goes on -- */

gboolean
hm_source_is_broken (HmSource *source, const GError *error)
{
  if (!g_error_matches (error, HM_ERROR, HM_ERROR_INTERNAL)
      && !g_error_matches (error, HM_ERROR, HM_ERROR_PERMISSION))
    return FALSE;
  if (source->failure == NULL)
    source->failure = g_error_copy (error);
  return TRUE;
}

void
hm_source_halt (HmSource *source, HmPartition *partition, const char *reason)
{
  partition->halted = TRUE;
  hm_log (G_LOG_LEVEL_CRITICAL, &(HmLogFields){ .topic = source->topic },
          "partition %d of %s is halted: %s. Nothing more of it is stored until somebody has looked",
          partition->id, source->topic, reason);
}

typedef struct
{
  HmSource *source;
  HmPartition *partition;
  gint64 low, next;
  GError *error;
} Question;

/* On the storing thread: the connection is its own. */
static void
ask_store (HmEngine *engine, gpointer user)
{
  Question *question = user;

  hm_engine_offset (engine, question->source->topic, question->partition->id, question->low, &question->next,
                    &question->error);
}

/* -- what the bus has dropped -- */

typedef struct
{
  HmGapRow row;
  gboolean owned;
  GError *error;
} Passing;

static void
ask_to_pass (HmEngine *engine, gpointer user)
{
  Passing *passing = user;

  hm_engine_pass_over (engine, &passing->row, &passing->owned, &passing->error);
}

/* The store first: what is not written down there is not passed, and what is said is said once. */
static gboolean
pass_over (HmSource *source, HmPartition *partition, gint64 low, GError **error)
{
  const HmClock *clock = hm_clock_system ();
  Passing passing
      = { { source->topic, partition->id, partition->next, low, clock->wall (clock) }, FALSE, NULL };

  hm_pipeline_call (source->pipeline, ask_to_pass, &passing);
  if (passing.error != NULL)
    g_propagate_error (error, passing.error);
  else if (!passing.owned)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "somebody else has moved the offset of partition %d",
                 partition->id);
  if (!passing.owned)
    return FALSE;
  hm_log (G_LOG_LEVEL_CRITICAL, &(HmLogFields){ .topic = source->topic },
          "partition %d of %s: the bus has dropped offsets %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
          " before they were read",
          partition->id, source->topic, partition->next, low - 1);
  source->counts.gaps += (guint64)(low - partition->next);
  partition->stored = partition->position = partition->next = low;
  return TRUE;
}

static gboolean
place (HmSource *source, HmPartition *partition, const HmWatermarks *marks, gint64 next, GError **error)
{
  g_autofree char *reason = NULL;

  partition->stored = partition->position = partition->next = next;
  partition->witness = next > marks->low && next > 0;
  if (marks->low > next)
    return pass_over (source, partition, marks->low, error);
  if (marks->high >= next)
    return TRUE;
  reason = g_strdup_printf ("it ends at %" G_GINT64_FORMAT ", before the %" G_GINT64_FORMAT
                            " that is stored: the topic was created anew",
                            marks->high, next);
  hm_source_halt (source, partition, reason);
  return TRUE;
}

static gboolean
locate (HmSource *source, HmPartition *partition, GError **error)
{
  HmWatermarks marks;
  Question question = { .source = source, .partition = partition };

  if (!hm_source_ask_watermarks (source, partition->id, &marks, error))
    return FALSE;
  question.low = marks.low;
  hm_pipeline_call (source->pipeline, ask_store, &question);
  if (question.error != NULL)
    {
      g_propagate_error (error, question.error);
      return FALSE;
    }
  /* Somebody else may have stored more meanwhile than there was before. */
  if (marks.high < question.next && !hm_source_ask_watermarks (source, partition->id, &marks, error))
    return FALSE;
  return place (source, partition, &marks, question.next, error);
}

static gboolean
locate_all (HmSource *source, rd_kafka_topic_partition_list_t *list, GError **error)
{
  for (guint i = 0; i < source->partitions->len; i++)
    {
      HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);

      if (!partition->halted && !locate (source, partition, error))
        return FALSE;
      if (!partition->halted)
        rd_kafka_topic_partition_list_add (list, source->topic, partition->id)->offset
            = partition->next - (partition->witness ? 1 : 0);
    }
  return TRUE;
}

static gboolean
assign (HmSource *source, rd_kafka_topic_partition_list_t *list, GError **error)
{
  rd_kafka_resp_err_t code;

  /* A pause outlives the assignment that it was made in. */
  rd_kafka_resume_partitions (source->client, list);
  code = rd_kafka_assign (source->client, list);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      source->paused = source->resolve = FALSE;
      source->counts.assignments++;
      source->counts.assigned = (guint)list->cnt;
      return TRUE;
    }
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "assigning %s: %s", source->topic,
               rd_kafka_err2str (code));
  return FALSE;
}

void
hm_source_resolve (HmSource *source)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new ((int)source->partitions->len);
  g_autoptr (GError) error = NULL;

  source->generation = hm_pipeline_generation (source->pipeline);
  if ((!locate_all (source, list, &error) || !assign (source, list, &error))
      && !hm_source_is_broken (source, error))
    {
      hm_warning ("cannot begin yet, trying again: %s", error->message);
      source->resolve_at = hm_source_now () + source->retry_ns;
      source->retry_ns = MIN (source->retry_ns * 2, RETRY_LAST);
    }
  rd_kafka_topic_partition_list_destroy (list);
}
