/* SPDX-License-Identifier: Apache-2.0 */
/* source: the consumer of the topic, as one member of a group.
 *
 * Which partitions are ours is the group's to say; where each begins is the database's alone. One thread, the
 * caller of hm_source_run(), owns the client: it polls, assigns, pauses and commits, and nobody else does. */
#pragma once

#include "collector/pipeline/pipeline.h"
#include "metering/option.h"

G_BEGIN_DECLS

/* The table of section [source]. */
extern const HmOption hm_source_options[];

/* Whether the kafka.* keys can be taken. HM_ERROR_CONFIG names the key: unknown to librdkafka, a value that
 * it refuses, one on which counting once rests, or a secret's file that cannot be used. Opens nothing but
 * such files. */
gboolean hm_source_options_check (const HmOptions *options, GError **error);

/* Whether there is no bus to take from: `topic` is empty. Then running means to look after the rest, until stopped. */
gboolean hm_source_is_off (const HmOptions *options);

typedef struct
{
  HmOptions *options; /* section [source] */
  const char *member; /* the static id by which the group knows this collector again */
  gboolean until_end; /* end when everything is stored that was there at the start */
  gint64 patience_ns; /* with until_end: how long broker and topic may be away; negative: for ever */
  /* (nullable) Called about every 100 ms, also while the storing thread keeps us waiting: neither fences nor calls the pipeline. */
  void (*tick) (gpointer user);
  /* (nullable) With until_end: called when the end is reached; may call the pipeline. FALSE: the broker has not told it all that it asked, or the store has not
   * taken it, and it wants to be called again. */
  gboolean (*at_end) (gpointer user);
  gpointer user; /* of both */
} HmSourceSettings;

typedef struct HmSource HmSource;

/* One partition that is ours. */
typedef struct
{
  gint32 id;
  gint64 committed; /* the store's offset */
  gint64 high;      /* the broker's end, as far as is known without asking; -1: it is not known */
  HmTime appended;  /* of the last record stored by this collector; HM_TIME_UNKNOWN: none yet */
  gboolean halted;
} HmSourcePartition;

typedef struct
{
  guint64 consumed;
  guint64 assignments; /* times that partitions were assigned to the client */
  guint64 gaps;        /* offsets that the bus had lost before they were read */
  guint assigned, halted;
  guint topic_partitions; /* that the topic has, whoever's they are; 0: not known yet */
  gboolean paused;        /* what was consumed waits for the store */
  gboolean broker_away;   /* no broker is connected */
  gboolean off;           /* there is no bus */
} HmSourceCounts;

/* @pipeline outlives it. HM_ERROR_CONFIG for a kafka.* key that cannot be taken. Connects to nothing. */
HmSource *hm_source_new (const HmSourceSettings *settings, HmPipeline *pipeline, GError **error);

/* Destroys the client on a thread of its own, which is waited for @timeout_ns at most: it may hang after
 * partitions were lost. The pipeline must be stopped, as arrivals belong to the client. */
void hm_source_free (HmSource *source, gint64 timeout_ns);

/* Consumes until hm_source_stop(), or to the end. FALSE: HM_ERROR_UNAVAILABLE when broker or topic are not
 * there within the patience, or at_end() is not done within it, HM_ERROR_DATA when a partition had to be halted and the others are at their end,
 * or the pipeline's failure. */
gboolean hm_source_run (HmSource *source, GError **error);

/* Ends hm_source_run() soon. Any thread; safe in a signal handler. */
void hm_source_stop (HmSource *source);

/* All that was appended to a partition before @reached lies below @next and is stored. */
typedef struct
{
  gint32 partition;
  gint64 next;
  HmTime reached;
} HmSourceReached;

/* Where the broker has nothing more, that is said of the moment before it was asked, less this: its clock may be that much behind ours. */
#define HM_SOURCE_SKEW_NS (10 * HM_NSEC_PER_SEC)

/* Up to when everything that was appended to our partitions is stored: now, where all of it is. Adds to @partitions (nullable) (element-type HmSourceReached)
 * those of which that is known. Asks the broker, so in the tick or at the end alone. FALSE: that is not known of all, as we have no partition, or one of which
 * nothing was read yet, or the broker does not answer. */
gboolean hm_source_reached (HmSource *source, GArray *partitions, HmTime *ret_reached);

void hm_source_counts (const HmSource *source, HmSourceCounts *ret_counts);

/* The partitions that are ours. On the source's thread: in `tick`, or while nothing runs. (transfer full) (element-type HmSourcePartition) */
GArray *hm_source_list (HmSource *source);

G_END_DECLS
