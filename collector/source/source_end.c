/* SPDX-License-Identifier: Apache-2.0 */
/* source_end: how far we are. With --until-end the end is where each partition ended when the collector started; it is reached
 * when the store says so, whoever of the group took the partition there. */
#include "collector/source/source_private.h"

#include "metering/log.h"

/* A partition that does not answer takes seconds, and nothing is consumed meanwhile: after so many the others are asked the next time. */
#define SILENT_MAX 3

gboolean
hm_source_note_ends (HmSource *source, guint n, GError **error)
{
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < n; i++)
    {
      gint64 end;

      if (!hm_source_ask_end (source, (gint32)i, &end, error))
        return FALSE;
      g_array_append_val (ends, end);
    }
  source->ends = g_steal_pointer (&ends);
  return TRUE;
}

typedef struct
{
  HmSource *source;
  gboolean reached;
  GError *error;
} Question;

/* On the storing thread. A partition that nobody has begun yet is noted at its beginning by whoever gets it;
 * until then it is at its end only when it is empty. */
static void
ask_store (HmEngine *engine, gpointer user)
{
  Question *question = user;
  const HmSource *source = question->source;

  for (guint i = 0; question->reached && i < source->ends->len; i++)
    {
      gint64 end = g_array_index (source->ends, gint64, i), next = 0;
      gboolean found;

      question->reached
          = hm_engine_find_offset (engine, source->topic, (gint32)i, &next, &found, &question->error)
            && (found ? next >= end : end == 0);
    }
}

/* The cheap question first: what is ours, by what was committed. */
static gboolean
ours_are_there (HmSource *source)
{
  for (guint i = 0; i < source->partitions->len; i++)
    {
      const HmPartition *partition = &g_array_index (source->partitions, HmPartition, i);
      gint64 stored = MAX (partition->stored, hm_pipeline_committed (source->pipeline, partition->id));

      if (!partition->halted && (guint)partition->id < source->ends->len
          && stored < g_array_index (source->ends, gint64, partition->id))
        return FALSE;
    }
  return TRUE;
}

gboolean
hm_source_at_end (HmSource *source)
{
  Question question = { source, TRUE, NULL };

  if (!source->joined || source->resolve || !ours_are_there (source))
    return FALSE;
  if (hm_source_halted (source) > 0)
    return TRUE;
  hm_pipeline_call (source->pipeline, ask_store, &question);
  if (question.error != NULL && !hm_source_is_broken (source, question.error))
    hm_warning ("cannot tell whether the end is reached: %s", question.error->message);
  g_clear_error (&question.error);
  return question.reached;
}

/* -- up to when -- */

/* Where the broker does not tell when it took a record, the last one stored says nothing of what waits behind it. What does is where the partition
 * ended at some moment, once all of that is stored. Then the next such moment is this one. HM_TIME_UNKNOWN: none was passed yet. */
static HmTime
mark_passed (HmPartition *partition, gint64 stored, gint64 high, HmTime now)
{
  gboolean passed = partition->marked != 0 && stored >= partition->mark;

  if (passed)
    partition->passed = partition->marked;
  if (passed || partition->marked == 0)
    {
      partition->mark = high;
      partition->marked = now;
    }
  return partition->passed != 0 ? partition->passed : HM_TIME_UNKNOWN;
}

/* By our clock where `*ret_ours`, else by the broker's. */
static HmTime
reached_at (HmSource *source, HmPartition *partition, gint64 stored, gint64 high, HmTime now,
            gboolean *ret_ours)
{
  gboolean by_broker;
  HmTime appended = hm_pipeline_reached (source->pipeline, partition->id, &by_broker);
  HmTime passed = mark_passed (partition, stored, high, now);

  *ret_ours = stored >= high || !by_broker;
  return stored >= high ? now : by_broker ? appended : passed;
}

static gboolean
reached_in (HmSource *source, HmPartition *partition, HmTime now, GArray *partitions, guint *silent,
            HmTime *ret_reached)
{
  gint64 stored = MAX (partition->stored, hm_pipeline_committed (source->pipeline, partition->id)), end;
  HmSourceReached row = { .partition = partition->id, .next = stored };
  gboolean ours;

  if (partition->halted)
    return FALSE;
  if (!hm_source_ask_end (source, partition->id, &end, NULL))
    {
      ++*silent;
      return FALSE;
    }
  *ret_reached = reached_at (source, partition, stored, end, now, &ours);
  if (*ret_reached == HM_TIME_UNKNOWN)
    return FALSE;
  row.reached = *ret_reached - (ours ? HM_SOURCE_SKEW_NS : 0);
  if (partitions != NULL)
    g_array_append_val (partitions, row);
  return TRUE;
}

gboolean
hm_source_reached (HmSource *source, GArray *partitions, HmTime *ret_reached)
{
  const HmClock *clock = hm_clock_system ();
  HmTime now = clock->wall (clock), least = now;
  gboolean known = TRUE;
  guint silent = 0, n = source->partitions->len, first = source->look_first;

  if (hm_source_is_off (source->options))
    {
      *ret_reached = now;
      return TRUE;
    }
  if (source->client == NULL || source->resolve || n == 0)
    return FALSE;
  for (guint i = 0; i < n && silent < SILENT_MAX && !g_atomic_int_get (&source->stop); i++)
    {
      HmPartition *partition = &g_array_index (source->partitions, HmPartition, (first + i) % n);
      HmTime reached = now;

      if (!reached_in (source, partition, now, partitions, &silent, &reached))
        known = FALSE;
      least = MIN (least, reached);
      source->look_first = (first + i + 1) % n;
    }
  known = known && !g_atomic_int_get (&source->stop);
  if (known)
    *ret_reached = least;
  return known;
}
