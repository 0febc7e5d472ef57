/* SPDX-License-Identifier: Apache-2.0 */
/* source_private: what the source's files share. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "collector/source/source.h"

typedef struct
{
  gint32 id;
  gint64 stored;    /* the store's offset when the partition was assigned */
  gint64 position;  /* what the store's offset says once everything consumed so far is stored */
  gint64 next;      /* the offset that the consumer has to give next */
  gint64 gap;       /* where the offsets did not go on, and we assigned anew because of it; -1 */
  gboolean witness; /* the first message is the one before: is it the one that the store knows? */
  gboolean halted;
  gint64 mark;   /* where the partition ended at `marked`, for who asks how far it is stored */
  HmTime marked; /* 0: nobody has asked yet */
  HmTime passed; /* the latest such moment up to which all is stored; 0: none yet */
} HmPartition;

struct HmSource
{
  HmSourceSettings settings;
  char *topic, *member;
  HmPipeline *pipeline;
  HmOptions *options;
  rd_kafka_t *client; /* NULL between two */
  gint stop;          /* atomic */

  GArray *partitions; /* (element-type HmPartition) that the group gave us */
  guint look_first;   /* index of the one that is asked first how far it is */
  GArray *ends;     /* (nullable) (element-type gint64) with until_end: each partition's high watermark at the
                       start */
  gboolean joined;  /* the group has spoken */
  gboolean resolve; /* positions must be asked for, and assigned */
  gint64 resolve_at; /* not before; monotonic ns */
  gint64 retry_ns;
  gboolean paused, rebuild, warned_time;
  gboolean waiting; /* for the storing thread, maybe within a rebalance: the broker is asked nothing */
  guint64 generation;
  gint64 committed_at, ticked_at, stalled_at;
  gint64 heard_at,
      asked_at; /* with until_end: when something last came of a broker; when one was last asked whether it is there */
  gint64 told_at;   /* at_end() was called last; monotonic ns */
  gint64 ended_at;  /* with until_end: when the end was found reached; 0: not yet */
  guint64 heard;    /* consumed by then */
  GPtrArray *chunk; /* (nullable) (element-type HmArrival) */
  gsize chunk_bytes;
  GError *failure;       /* (nullable) the store is broken: trying again does not mend it */
  HmSourceCounts counts; /* `halted` is counted when asked for */
};

static inline gint64
hm_source_now (void)
{
  return g_get_monotonic_time () * 1000;
}

HmPartition *hm_source_partition (HmSource *source, gint32 id); /* (nullable) */

/* A watermark of the broker. */
typedef struct
{
  gint64 low, high;
} HmWatermarks;

/* -- source_options.c -- */

/* Our defaults, then every kafka.* key of the user, then what the guarantee of counting once rests on. Errors
 * as hm_source_options_check(). Free with rd_kafka_conf_destroy(). (transfer full) */
rd_kafka_conf_t *hm_source_conf_new (const HmOptions *options, GError **error);

/* Sets one key that is known to be sound; HM_ERROR_INTERNAL otherwise. */
gboolean hm_source_conf_set (rd_kafka_conf_t *conf, const char *key, const char *value, GError **error);

/* -- source_client.c -- */

gboolean hm_source_connect (HmSource *source, GError **error);
void hm_source_disconnect (HmSource *source, gint64 timeout_ns);
/* The number of the topic's partitions. HM_ERROR_UNAVAILABLE: broker or topic are not there. */
gboolean hm_source_ask_topic (HmSource *source, guint *ret_partitions, GError **error);
/* Both wait for some seconds at most. HM_ERROR_UNAVAILABLE: who leads the partition does not answer. */
gboolean hm_source_ask_end (HmSource *source, gint32 partition, gint64 *ret_end, GError **error);
gboolean hm_source_ask_watermarks (HmSource *source, gint32 partition, HmWatermarks *ret_watermarks,
                                   GError **error);
gboolean hm_source_subscribe (HmSource *source, GError **error);
/* Tells the group how far we are; for lag tools only. */
void hm_source_commit (HmSource *source);

/* -- source_assign.c -- */

/* After this nothing that was consumed before will be stored any more, unless it is already, and none of it is
 * left: the client may be destroyed. */
void hm_source_fence (HmSource *source, gboolean give_up);
/* None is ours any more, and what is known of them is forgotten. */
void hm_source_drop_partitions (HmSource *source);
guint hm_source_halted (const HmSource *source); /* of those that are ours */

void hm_source_rebalanced (rd_kafka_t *client, rd_kafka_resp_err_t what,
                           rd_kafka_topic_partition_list_t *list, void *source);
/* Everything under way is dropped, and each partition begins again where the store says. */
void hm_source_assign_anew (HmSource *source, const char *reason);
/* Asks the store and the broker, and assigns; what does not answer is asked again later. */
void hm_source_resolve (HmSource *source);
/* Whether @error is the store's word that trying again does not help; then the loop ends with it. */
gboolean hm_source_is_broken (HmSource *source, const GError *error);
void hm_source_halt (HmSource *source, HmPartition *partition, const char *reason);

/* -- source_message.c -- */

/* Takes one message or error event; (transfer full) */
void hm_source_take (HmSource *source, rd_kafka_message_t *message);
/* Hands over what was consumed. */
void hm_source_flush (HmSource *source);

/* -- source_end.c: with until_end -- */

/* Notes where each of @n partitions ends now. */
gboolean hm_source_note_ends (HmSource *source, guint n, GError **error);
/* Whether everything up to there is stored, by whomever. */
gboolean hm_source_at_end (HmSource *source);
