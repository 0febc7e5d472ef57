/* SPDX-License-Identifier: Apache-2.0 */
/* source_message: from librdkafka's messages to arrivals, and what is wrong with an offset.
 *
 * The topic is neither compacted nor transactional, so offsets go on by one. One that does not means that
 * messages were lost on the way to us: everything is assigned anew, once; if the same hole is still there,
 * the bus has it, and it is said and passed. */
#include "collector/source/source_private.h"

#include "metering/log.h"

#define CHUNK_RECORDS 512
#define CHUNK_BYTES   (1024 * 1024)

static void
free_message (gpointer message)
{
  rd_kafka_message_destroy (message);
}

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

static void
take_headers (HmArrival *arrival, const rd_kafka_message_t *message)
{
  rd_kafka_headers_t *headers;
  const char *name;
  const void *value;
  size_t size;

  if (rd_kafka_message_headers (message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  for (size_t i = 0; rd_kafka_header_get_all (headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       i++)
    hm_arrival_take_header (arrival, name, value, size);
}

static void
take_times (HmSource *source, HmArrival *arrival, const rd_kafka_message_t *message)
{
  const HmClock *clock = hm_clock_system ();
  rd_kafka_timestamp_type_t type;
  gint64 ms = rd_kafka_message_timestamp (message, &type);

  arrival->received = arrival->appended = clock->wall (clock);
  if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && ms >= 0 && ms < G_MAXINT64 / HM_NSEC_PER_MSEC)
    {
      arrival->appended = ms * HM_NSEC_PER_MSEC;
      arrival->by_broker = TRUE;
    }
  else if (!source->warned_time)
    {
      source->warned_time = TRUE;
      hm_warning ("topic %s does not say when the broker took a record "
                  "(message.timestamp.type=LogAppendTime); the time "
                  "at which it is received stands for it",
                  source->topic);
    }
}

/* (transfer full) @message becomes the arrival's. */
static HmArrival *
new_arrival (HmSource *source, HmPartition *partition, rd_kafka_message_t *message)
{
  HmArrival *arrival = hm_arrival_new ();

  arrival->topic = source->topic;
  arrival->partition = message->partition;
  arrival->offset = message->offset;
  arrival->expected = partition->position;
  arrival->generation = source->generation;
  arrival->key = message->key;
  arrival->key_length = message->key_len;
  arrival->value = message->payload;
  arrival->length = message->len;
  arrival->owner = message;
  arrival->release = free_message;
  take_times (source, arrival, message);
  take_headers (arrival, message);
  return arrival;
}

/* -- the witness -- */

typedef struct
{
  HmArrival *arrival;
  gboolean known;
  GError *error;
} Recognition;

static void
recognise (HmEngine *engine, gpointer user)
{
  Recognition *recognition = user;

  hm_engine_recognises (engine, recognition->arrival, &recognition->known, &recognition->error);
}

/* The record before the one to be read next: if it is not the one that the store knows, the topic is another.
 */
static void
question_witness (HmSource *source, HmPartition *partition, rd_kafka_message_t *message)
{
  g_autoptr (HmArrival) arrival = new_arrival (source, partition, message);
  Recognition recognition = { arrival, FALSE, NULL };

  hm_pipeline_call (source->pipeline, recognise, &recognition);
  partition->witness = FALSE;
  if (recognition.error != NULL && !hm_source_is_broken (source, recognition.error))
    hm_source_assign_anew (source, recognition.error->message);
  else if (recognition.error == NULL && !recognition.known)
    {
      hm_source_halt (source, partition,
                      "the record before the next one is not the one that was stored: the topic was "
                      "created anew");
      hm_source_assign_anew (source, "one partition is left out");
    }
  g_clear_error (&recognition.error);
}

/* -- offsets -- */

/* TRUE: the message is to be taken. */
static gboolean
check_offset (HmSource *source, HmPartition *partition, gint64 offset)
{
  g_autofree char *reason = NULL;

  if (offset <= partition->next)
    return offset == partition->next;
  if (partition->gap != partition->next)
    {
      partition->gap = partition->next;
      reason = g_strdup_printf ("partition %d goes on at %" G_GINT64_FORMAT " instead of %" G_GINT64_FORMAT,
                                partition->id, offset, partition->next);
      hm_source_assign_anew (source, reason);
      return FALSE;
    }
  hm_log (G_LOG_LEVEL_CRITICAL, &(HmLogFields){ .topic = source->topic },
          "partition %d of %s has no offsets %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, partition->id,
          source->topic, partition->next, offset - 1);
  source->counts.gaps += (guint64)(offset - partition->next);
  partition->next = offset;
  return TRUE;
}

static void
keep (HmSource *source, HmPartition *partition, rd_kafka_message_t *message)
{
  HmArrival *arrival = new_arrival (source, partition, message);

  partition->next = partition->position = message->offset + 1;
  if (source->chunk == NULL)
    source->chunk = g_ptr_array_new_with_free_func (free_arrival);
  g_ptr_array_add (source->chunk, arrival);
  source->chunk_bytes += hm_arrival_weight (arrival);
  source->counts.consumed++;
  if (source->chunk->len >= CHUNK_RECORDS || source->chunk_bytes >= CHUNK_BYTES)
    hm_source_flush (source);
}

void
hm_source_flush (HmSource *source)
{
  if (source->chunk != NULL)
    hm_pipeline_push (source->pipeline, g_steal_pointer (&source->chunk));
  source->chunk_bytes = 0;
}

/* -- messages and events -- */

static void
take_event (HmSource *source, const rd_kafka_message_t *message)
{
  const char *reason = rd_kafka_message_errstr (message);

  switch (message->err)
    {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* the offset is no longer, or not yet, in the log */
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      hm_source_assign_anew (source, reason);
      break;
    case RD_KAFKA_RESP_ERR__FATAL:
      source->rebuild = TRUE;
      break;
    default:
      hm_warning ("topic %s: %s", source->topic, reason);
      break;
    }
}

void
hm_source_take (HmSource *source, rd_kafka_message_t *message)
{
  HmPartition *partition;

  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      take_event (source, message);
      rd_kafka_message_destroy (message);
      return;
    }
  partition = hm_source_partition (source, message->partition);
  if (partition == NULL || partition->halted
      || source->resolve) /* left over from an assignment that is gone */
    rd_kafka_message_destroy (message);
  else if (partition->witness && message->offset == partition->next - 1)
    question_witness (source, partition, message);
  else if (check_offset (source, partition, message->offset))
    keep (source, partition, message);
  else
    rd_kafka_message_destroy (message);
}
