/* SPDX-License-Identifier: Apache-2.0 */
/* collector: the life of the parts that collector_build.c has made: what is looked after about every 100 ms, the line that says once a minute what was
 * done, and the end in the reverse order. */
#include "collector/collector_private.h"

#include <unistd.h>

#include "collector/pipeline/verify.h"
#include "metering/error.h"
#include "metering/log.h"

#define CLOSE_NS  (4 * HM_NSEC_PER_SEC)
#define BURY_NS   (HM_NSEC_PER_SEC / 2)
#define REPORT_NS (60 * HM_NSEC_PER_SEC)
#define NOTE_NS   HM_NSEC_PER_SEC

/* -- what was done -- */

/* "; signatures: 5 right, 2 unsigned", or nothing where nobody looked. (transfer full) */
static char *
describe_signatures (const HmEngineCounts *counts)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = HM_VERDICT_NONE + 1; i < HM_VERDICTS; i++)
    if (counts->verdicts[i] > 0)
      g_string_append_printf (text, "%s%" G_GUINT64_FORMAT " %s",
                              text->len > 0 ? ", " : "; signatures: ", counts->verdicts[i],
                              hm_verdict_name (i));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
report (HmCollector *collector)
{
  HmPipelineCounts now;
  HmSourceCounts source;
  const HmEngineCounts *counts = &now.engine;
  g_autofree char *signatures = NULL;

  hm_pipeline_counts (collector->pipeline, &now);
  hm_source_counts (collector->source, &source);
  signatures = describe_signatures (counts);
  hm_notice (
      "%" G_GUINT64_FORMAT " records stored (%" G_GUINT64_FORMAT " since last said), %" G_GUINT64_FORMAT
      " samples, %" G_GUINT64_FORMAT " repeated, %" G_GUINT64_FORMAT " dead letters, %" G_GUINT64_FORMAT
      " resources folded again, %" G_GUINT64_FORMAT " commits, %" G_GUINT64_FORMAT
      " offsets lost by the bus, %u partitions, %u halted, %u waiting, %.1f s folding, %.1f s writing%s%s",
      counts->records, counts->records - collector->reported.engine.records, counts->samples,
      counts->duplicates, counts->dead_letters, counts->refolds, counts->commits, source.gaps,
      source.assigned, source.halted, now.decoding + now.storing, (double)counts->fold_ns / 1e9,
      (double)counts->write_ns / 1e9, now.store_away ? ", store away" : "", signatures);
  collector->reported = now;
}

/* -- keys exchanged while it runs -- */

static void
reload (HmCollector *collector)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmCollectorConfig) config = collector->load (collector->load_user, &error);
  HmVerifier *verifier = config != NULL ? hm_verifier_new (config->verify, &error) : NULL;

  if (verifier != NULL)
    hm_collector_use_verifier (collector, verifier);
  else
    hm_warning ("keys and policies of signatures stay as they were: %s", error->message);
  g_clear_error (&error);
  if (collector->ingest != NULL && !hm_ingest_reload (collector->ingest, &error))
    hm_warning ("tokens stay as they were: %s", error->message);
}

void
hm_collector_load_with (HmCollector *collector, HmCollectorLoad load, gpointer user)
{
  collector->load = load;
  collector->load_user = user;
}

void
hm_collector_reload (HmCollector *collector)
{
  g_atomic_int_set (&collector->reload, TRUE);
}

/* -- agents -- */

/* On the storing thread, which may hang: the source's thread does not wait for it. */
gboolean
hm_collector_look_after_agents (HmEngine *engine, gpointer user)
{
  HmCollector *collector = user;
  g_autoptr (GError) error = NULL;
  HmTime reached;

  (void)engine;
  g_mutex_lock (&collector->reached_lock);
  reached = collector->reached;
  g_mutex_unlock (&collector->reached_lock);
  if (reached != HM_TIME_UNKNOWN && !hm_watch_look (collector->watch, reached, &error))
    hm_warning ("agents cannot be looked after now: %s", error->message);
  return FALSE;
}

/* FALSE: the store does not take it; then it waits to be noted still, unless there is newer already. */
static gboolean
note_partitions (HmCollector *collector)
{
  const HmStoreOps *ops = collector->ops;
  g_autoptr (GArray) partitions = NULL;
  g_autoptr (GError) error = NULL;
  gboolean noted = ops->offset_reached != NULL;

  g_mutex_lock (&collector->reached_lock);
  partitions = g_steal_pointer (&collector->partitions);
  g_mutex_unlock (&collector->reached_lock);
  for (guint i = 0; noted && partitions != NULL && i < partitions->len; i++)
    {
      const HmSourceReached *row = &g_array_index (partitions, HmSourceReached, i);

      noted = ops->offset_reached (collector->store, collector->topic, row->partition, row->next,
                                   row->reached, &error);
    }
  if (error == NULL)
    return TRUE;
  hm_warning ("how far partitions are is not noted now: %s", error->message);
  g_mutex_lock (&collector->reached_lock);
  if (collector->partitions == NULL)
    collector->partitions = g_steal_pointer (&partitions);
  g_mutex_unlock (&collector->reached_lock);
  return FALSE;
}

gboolean
hm_collector_note_partitions (HmEngine *engine, gpointer user)
{
  (void)engine;
  note_partitions (user);
  return FALSE;
}

/* @partitions (transfer full): where there is none, those that wait to be noted are as true as before. */
static void
keep_reached (HmCollector *collector, GArray *partitions, gboolean known, HmTime reached)
{
  g_autoptr (GArray) none = partitions->len == 0 ? partitions : NULL;

  g_mutex_lock (&collector->reached_lock);
  if (none == NULL)
    {
      g_clear_pointer (&collector->partitions, g_array_unref);
      collector->partitions = partitions;
    }
  if (known)
    collector->reached = reached;
  g_mutex_unlock (&collector->reached_lock);
}

/* Up to when everything that came is stored, whatever way it came. FALSE: it is not known. */
static gboolean
look_how_far (HmCollector *collector)
{
  GArray *partitions = g_array_new (FALSE, FALSE, sizeof (HmSourceReached));
  HmTime reached = HM_TIME_UNKNOWN;
  gboolean known = hm_source_reached (collector->source, partitions, &reached);

  if (known && collector->ingest != NULL)
    reached = MIN (reached, hm_ingest_reached (collector->ingest));
  keep_reached (collector, partitions, known, reached);
  return known;
}

/* The broker is asked, so not often, and not one that is away. */
static void
note_reached (HmCollector *collector, gboolean broker_away, gint64 now)
{
  if (broker_away || now - collector->watched_at < MIN (collector->watch_every_ns, HM_COLLECTOR_REACHED_NS))
    return;
  collector->watched_at = now;
  look_how_far (collector);
}

typedef struct
{
  HmCollector *collector;
  gboolean noted;
} End;

static void
note_end (HmEngine *engine, gpointer user)
{
  End *end = user;

  (void)engine;
  end->noted = note_partitions (end->collector);
}

gboolean
hm_collector_at_end (gpointer user)
{
  HmCollector *collector = user;
  End end = { collector, FALSE };
  gboolean known = look_how_far (collector);

  hm_pipeline_call (collector->pipeline, note_end, &end);
  return known && end.noted;
}

static void
note_health (HmCollector *collector, gint64 now)
{
  HmSourceCounts counts;

  if (now - collector->noted_at < NOTE_NS)
    return;
  collector->noted_at = now;
  hm_source_counts (collector->source, &counts);
  note_reached (collector, counts.broker_away, now);
  hm_health_note (collector->health, &counts, hm_source_list (collector->source), now);
}

/* On the source's thread: where that hangs, nobody tells the watchdog that all is well. */
static void
beat (HmCollector *collector, gint64 now)
{
  gint64 interval = hm_service_interval_ms (collector->service) * HM_NSEC_PER_MSEC;

  if (interval == 0 || now - collector->beat_at < interval)
    return;
  collector->beat_at = now;
  hm_service_beat (collector->service);
}

void
hm_collector_tick (gpointer user)
{
  HmCollector *collector = user;
  gint64 now = g_get_monotonic_time () * 1000;

  if (g_atomic_int_compare_and_exchange (&collector->reload, TRUE, FALSE) && collector->load != NULL)
    reload (collector);
  if (collector->ingest != NULL)
    hm_ingest_tick (collector->ingest);
  note_health (collector, now);
  beat (collector, now);
  if (collector->reported_at == 0)
    collector->reported_at = now;
  if (now - collector->reported_at < REPORT_NS)
    return;
  collector->reported_at = now;
  report (collector);
}

/* -- life -- */

HmCollector *
hm_collector_new (const HmCollectorConfig *config, gboolean until_end, GError **error)
{
  HmCollector *collector = g_new0 (HmCollector, 1);

  collector->lock_fd = -1;
  collector->reached = HM_TIME_UNKNOWN;
  g_mutex_init (&collector->reached_lock);
  if (hm_collector_build (collector, config, until_end, error))
    return collector;
  hm_collector_close (collector);
  return NULL;
}

gboolean
hm_collector_run (HmCollector *collector, GError **error)
{
  gboolean good;

  hm_service_ready (collector->service);
  good = hm_source_run (collector->source, error);
  hm_service_stopping (collector->service);
  return good;
}

void
hm_collector_stop (HmCollector *collector)
{
  hm_source_stop (collector->source);
}

gboolean
hm_collector_close (HmCollector *collector)
{
  if (collector->mirror != NULL)
    hm_mirror_stop (collector->mirror, 0); /* it ends while the others do */
  g_clear_pointer (&collector->serve, hm_health_serve_free);
  if (collector->pipeline != NULL && !hm_pipeline_stop (collector->pipeline, CLOSE_NS))
    {
      hm_warning (
          "a transaction does not end; what it holds is not stored, and is consumed again at the next start");
      return FALSE;
    }
  g_clear_pointer (&collector->ingest, hm_ingest_free);
  if (collector->mirror != NULL && !hm_mirror_stop (collector->mirror, BURY_NS))
    {
      hm_warning ("the mirror of dead letters does not end; what it has not sent is sent at the next start");
      return FALSE;
    }
  if (collector->source != NULL)
    report (collector);
  hm_source_free (collector->source, BURY_NS);
  hm_pipeline_free (collector->pipeline);
  hm_mirror_free (collector->mirror);
  hm_watch_free (collector->watch);
  hm_keeper_free (collector->keeper);
  hm_roller_free (collector->roller);
  hm_health_free (collector->health);
  hm_service_free (collector->service);
  if (collector->store != NULL)
    collector->ops->close (collector->store);
  g_clear_pointer (&collector->registry, hm_registry_free);
  hm_meter_table_free (collector->meters);
  if (collector->lock_fd >= 0)
    close (collector->lock_fd);
  g_mutex_clear (&collector->reached_lock);
  g_clear_pointer (&collector->partitions, g_array_unref);
  g_free (collector->topic);
  g_free (collector->holder);
  g_free (collector);
  return TRUE;
}
