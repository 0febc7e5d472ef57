/* SPDX-License-Identifier: Apache-2.0 */
/* health: see health.h. What it keeps, and what follows from it: alive, ready, and why not. */
#include "collector/health/health_private.h"

#include "metering/count.h"
#include "metering/reasons.h"

#define LAG_NOTE_NS (60 * HM_NSEC_PER_SEC) /* the lag is compared with that of so long ago */

struct HmHealth
{
  HmHealthParts parts;
  gint64 started;
  GMutex lock;
  HmSourceCounts source;
  GArray *partitions;
  gint64 noted; /* when the source spoke last */
  guint64
      steps; /* of the storing thread, and since when it has made no other, though there was something to store */
  gint64 steps_at;
  guint64 lag_before;
  gint64 lag_noted; /* 0: not yet */
};

HmHealth *
hm_health_new (const HmHealthParts *parts, gint64 now_ns)
{
  HmHealth *health = g_new0 (HmHealth, 1);

  health->parts = *parts;
  health->started = health->noted = health->steps_at = now_ns;
  health->partitions = g_array_new (FALSE, FALSE, sizeof (HmSourcePartition));
  g_mutex_init (&health->lock);
  return health;
}

void
hm_health_free (HmHealth *health)
{
  if (health == NULL)
    return;
  g_array_unref (health->partitions);
  g_mutex_clear (&health->lock);
  g_free (health);
}

const char *
hm_health_topic (const HmHealth *health)
{
  return health->parts.topic;
}

static gboolean
is_behind (const HmSourcePartition *partition)
{
  return partition->high > partition->committed;
}

static guint64
lag_of (const GArray *partitions)
{
  guint64 lag = 0;

  for (guint i = 0; i < partitions->len; i++)
    {
      const HmSourcePartition *partition = &g_array_index (partitions, HmSourcePartition, i);

      if (is_behind (partition))
        lag += (guint64)(partition->high - partition->committed);
    }
  return lag;
}

void
hm_health_note (HmHealth *health, const HmSourceCounts *source, GArray *partitions, gint64 now_ns)
{
  guint64 lag = lag_of (partitions);
  HmPipelineCounts pipeline;

  health->parts.counts (health->parts.pipeline, &pipeline);
  g_mutex_lock (&health->lock);
  if ((pipeline.storing == 0 && !pipeline.awaited) || pipeline.steps != health->steps)
    health->steps_at = now_ns;
  health->steps = pipeline.steps;
  health->source = *source;
  g_array_unref (health->partitions);
  health->partitions = partitions;
  health->noted = now_ns;
  if (health->lag_noted == 0 || now_ns - health->lag_noted >= LAG_NOTE_NS)
    {
      health->lag_before = lag;
      health->lag_noted = now_ns;
    }
  g_mutex_unlock (&health->lock);
}

void
hm_health_look (HmHealth *health, gint64 now_ns, HmSight *ret_sight)
{
  HmSight sight = { .behind = HM_TIME_UNKNOWN };

  health->parts.counts (health->parts.pipeline, &sight.pipeline);
  g_mutex_lock (&health->lock);
  sight.source = health->source;
  sight.partitions = g_array_ref (health->partitions);
  sight.source_age_ns = now_ns - health->noted;
  if ((sight.pipeline.storing > 0 || sight.pipeline.awaited) && sight.pipeline.steps == health->steps)
    sight.stalled_ns = now_ns - health->steps_at;
  sight.lag = lag_of (health->partitions);
  sight.lag_grows = sight.lag > 0 && sight.lag >= health->lag_before;
  g_mutex_unlock (&health->lock);
  sight.up_ns = now_ns - health->started;
  sight.has_others = health->parts.others != NULL;
  if (sight.has_others)
    health->parts.others (health->parts.others_user, &sight.others);
  for (guint i = 0; i < sight.partitions->len; i++)
    {
      const HmSourcePartition *partition = &g_array_index (sight.partitions, HmSourcePartition, i);

      if (is_behind (partition) && partition->appended != HM_TIME_UNKNOWN
          && (sight.behind == HM_TIME_UNKNOWN || partition->appended < sight.behind))
        sight.behind = partition->appended;
    }
  *ret_sight = sight;
}

void
hm_sight_clear (HmSight *sight)
{
  g_clear_pointer (&sight->partitions, g_array_unref);
}

/* -- alive -- */

static gboolean
lives (const HmHealth *health, const HmSight *sight)
{
  return MAX (MAX (sight->source_age_ns, sight->stalled_ns), sight->pipeline.busy_ns)
         <= health->parts.stuck_ns;
}

gboolean
hm_health_lives (HmHealth *health, gint64 now_ns)
{
  g_auto (HmSight) sight = { 0 };

  hm_health_look (health, now_ns, &sight);
  return lives (health, &sight);
}

/* -- ready -- */

/* What stands between the bus and us. */
static void
judge_source (const HmHealth *health, const HmSight *sight, HmReasons *reasons)
{
  const HmSourceCounts *source = &sight->source;

  if (source->broker_away)
    hm_reasons_add (reasons, "broker_away", "no broker is connected");
  if (sight->partitions->len == 0 && !source->off)
    hm_reasons_add (reasons, "not_assigned", "no partition of %s is this collector's", health->parts.topic);
  if (source->halted > 0)
    hm_reasons_add (reasons, "halted",
                    "partitions that wait for somebody to look at them: %u; the log says why",
                    source->halted);
  if (source->paused)
    hm_reasons_add (reasons, "paused", "what was consumed waits for the store");
}

static void
judge_store (const HmHealth *health, const HmSight *sight, HmReasons *reasons)
{
  const HmPipelineCounts *pipeline = &sight->pipeline;
  gint64 idle = pipeline->since_commit_ns >= 0 ? pipeline->since_commit_ns : sight->up_ns;
  gint64 last_step = MAX (MAX (pipeline->busy_ns, sight->stalled_ns), sight->source_age_ns);

  if (pipeline->store_away)
    hm_reasons_add (reasons, "store_away", "the database does not take records");
  if (!lives (health, sight))
    hm_reasons_add (reasons, "stuck",
                    "a thread does not come back: the last step lasts %" G_GINT64_FORMAT " s",
                    last_step / HM_NSEC_PER_SEC);
  if ((sight->lag > 0 || pipeline->decoding + pipeline->storing > 0) && idle > health->parts.commit_ns)
    hm_reasons_add (reasons, "no_commit",
                    "nothing was committed for %" G_GINT64_FORMAT " s, though records wait",
                    idle / HM_NSEC_PER_SEC);
}

static void
judge_lag (const HmHealth *health, const HmSight *sight, HmReasons *reasons)
{
  const HmClock *clock = hm_clock_system ();
  gint64 behind = sight->behind != HM_TIME_UNKNOWN ? clock->wall (clock) - sight->behind : 0;
  g_autofree char *lag = hm_count_print (sight->lag, "record");

  if (sight->lag_grows && behind > health->parts.lag_ns)
    hm_reasons_add (reasons, "lag_grows", "behind by %s and %" G_GINT64_FORMAT " s, and not less than before",
                    lag, behind / HM_NSEC_PER_SEC);
}

gboolean
hm_health_write_ready (HmHealth *health, gint64 now_ns, HmJsonWriter *w)
{
  g_autoptr (HmReasons) reasons = hm_reasons_new ();
  g_auto (HmSight) sight = { 0 };

  hm_health_look (health, now_ns, &sight);
  judge_source (health, &sight, reasons);
  judge_store (health, &sight, reasons);
  judge_lag (health, &sight, reasons);
  return hm_reasons_write (reasons, w);
}

char *
hm_health_describe (HmHealth *health, gint64 now_ns)
{
  g_auto (HmSight) sight = { 0 };
  g_autofree char *partitions = NULL, *records = NULL;

  hm_health_look (health, now_ns, &sight);
  partitions = hm_count_print (sight.partitions->len, "partition");
  records = hm_count_print (sight.pipeline.engine.records, "record");
  return g_strdup_printf ("%s, %u halted, %s stored, %" G_GUINT64_FORMAT " behind%s%s", partitions,
                          sight.source.halted, records, sight.lag,
                          sight.source.broker_away ? "; no broker" : "",
                          sight.pipeline.store_away ? "; the database is away" : "");
}
