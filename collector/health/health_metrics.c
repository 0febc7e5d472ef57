/* SPDX-License-Identifier: Apache-2.0 */
/* health_metrics: the figures of the collector as OpenMetrics. What is not known is not there. */
#include "collector/health/health_private.h"

#include <string.h>
#include <unistd.h>

#include "collector/pipeline/verify.h"
#include "metering/openmetrics.h"

#define P "hypermeter_collector_"

static void
add_counters (HmOpenMetrics *m, const HmSight *sight)
{
  const HmEngineCounts *engine = &sight->pipeline.engine;
  const struct
  {
    const char *name, *help;
    guint64 value;
  } counters[] = {
    { P "consumed_records", "Messages taken from the bus", sight->source.consumed },
    { P "records", "Records stored", engine->records },
    { P "samples", "Samples in stored records", engine->samples },
    { P "duplicates", "Records that were stored already", engine->duplicates },
    { P "dead_letters", "Messages that were kept as dead letters", engine->dead_letters },
    { P "refolds", "Resources that were folded again from all their records", engine->refolds },
    { P "beyond_horizon_records", "Records stored that were too late to be counted", engine->beyond_horizon },
    { P "checkpoints", "Times that the edge of what is kept of a resource moved", engine->checkpoints },
    { P "commits", "Transactions", engine->commits },
    { P "rows", "Rows written", engine->rows },
    { P "gaps", "Offsets that the bus had lost before they were read", sight->source.gaps },
    { P "assignments", "Times that partitions were assigned to this collector", sight->source.assignments },
  };

  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    hm_openmetrics_add (m, HM_METRIC_COUNTER, counters[i].name, counters[i].help, counters[i].value);
  hm_openmetrics_family (m, HM_METRIC_COUNTER, P "work_seconds", "seconds",
                         "Time of the storing thread, by what it did");
  hm_openmetrics_seconds (m, engine->fold_ns, "part", "fold", NULL);
  hm_openmetrics_seconds (m, engine->write_ns, "part", "write", NULL);
}

static void
add_state (HmOpenMetrics *m, const HmSight *sight)
{
  const HmPipelineCounts *pipeline = &sight->pipeline;

  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "partitions", "Partitions that are this collector's",
                      sight->partitions->len);
  if (sight->source.topic_partitions > 0)
    hm_openmetrics_add (m, HM_METRIC_GAUGE, P "topic_partitions",
                        "Partitions that the topic has, whoever's they are", sight->source.topic_partitions);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "halted_partitions",
                      "Of these, those that wait for somebody to look", sight->source.halted);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "paused", "1: what was consumed waits for the store",
                      sight->source.paused);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "broker_away", "1: no broker is connected",
                      sight->source.broker_away);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "store_away", "1: the database does not take records",
                      pipeline->store_away);
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "queue_records", NULL, "Records between two threads");
  hm_openmetrics_count (m, pipeline->decoding, "queue", "decode", NULL);
  hm_openmetrics_count (m, pipeline->storing, "queue", "store", NULL);
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "step_seconds", "seconds",
                         "How long each thread has been at its present step");
  hm_openmetrics_seconds (m, pipeline->busy_ns, "thread", "store", NULL);
  hm_openmetrics_seconds (m, sight->source_age_ns, "thread", "source", NULL);
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "uptime_seconds", "seconds", "Since the start");
  hm_openmetrics_seconds (m, sight->up_ns, NULL);
  if (pipeline->since_commit_ns < 0)
    return;
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "commit_age_seconds", "seconds", "Since the last commit");
  hm_openmetrics_seconds (m, pipeline->since_commit_ns, NULL);
}

static void
add_lag (HmOpenMetrics *m, const HmSight *sight, const char *topic)
{
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "lag_records", NULL,
                         "Records of the partition that are not stored yet");
  for (guint i = 0; i < sight->partitions->len; i++)
    {
      const HmSourcePartition *row = &g_array_index (sight->partitions, HmSourcePartition, i);
      g_autofree char *id = g_strdup_printf ("%d", row->id);

      if (row->high >= 0)
        hm_openmetrics_count (m, (guint64)MAX (row->high - row->committed, 0), "topic", topic, "partition",
                              id, NULL);
    }
}

static void
add_lag_seconds (HmOpenMetrics *m, const HmSight *sight, const char *topic, HmTime wall)
{
  hm_openmetrics_family (
      m, HM_METRIC_GAUGE, P "lag_seconds", "seconds",
      "Age of the last stored record of a partition that has others to be stored; 0: it has none");
  for (guint i = 0; i < sight->partitions->len; i++)
    {
      const HmSourcePartition *row = &g_array_index (sight->partitions, HmSourcePartition, i);
      g_autofree char *id = g_strdup_printf ("%d", row->id);
      gboolean behind = row->high > row->committed;

      if (row->high >= 0 && (!behind || row->appended != HM_TIME_UNKNOWN))
        hm_openmetrics_seconds (m, behind ? MAX (wall - row->appended, 0) : 0, "topic", topic, "partition",
                                id, NULL);
    }
}

static void
add_memory (HmOpenMetrics *m)
{
  g_autofree char *text = NULL;
  guint64 pages;
  char *resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) || (resident = strchr (text, ' ')) == NULL)
    return;
  pages = g_ascii_strtoull (resident + 1, NULL, 10);
  hm_openmetrics_family (m, HM_METRIC_GAUGE, P "memory_bytes", "bytes", "Resident memory");
  hm_openmetrics_count (m, pages * (guint64)sysconf (_SC_PAGESIZE), NULL);
}

/* -- signatures -- */

/* A reason or a verdict that never came up is a zero, so that a rate over it is right from its first. */
static void
add_letters (HmOpenMetrics *m, const HmEngineCounts *engine)
{
  hm_openmetrics_family (m, HM_METRIC_COUNTER, P "refused_records", NULL,
                         "Messages that were kept as dead letters, by reason");
  for (guint i = 1; i < HM_REFUSALS; i++)
    hm_openmetrics_count (m, engine->refused[i], "reason", hm_refusal_name (i), NULL);
  hm_openmetrics_family (m, HM_METRIC_COUNTER, P "signatures", NULL,
                         "Messages that were committed, by what their signature said");
  for (guint i = 0; i < HM_VERDICTS; i++)
    hm_openmetrics_count (m, engine->verdicts[i], "verdict", hm_verdict_name (i), NULL);
  hm_openmetrics_family (m, HM_METRIC_COUNTER, P "taken_records", NULL,
                         "Records stored, by whether a signature proves them");
  hm_openmetrics_count (m, engine->verified, "verified", "yes", NULL);
  hm_openmetrics_count (m, engine->unverified, "verified", "no", NULL);
}

/* -- other parts -- */

static void
add_watch (HmOpenMetrics *m, const HmWatchCounts *watch)
{
  hm_openmetrics_add (m, HM_METRIC_GAUGE, "hypermeter_agents", "Agents that are watched", watch->agents);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, "hypermeter_agents_silent", "Agents that have fallen silent",
                      watch->silent);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, "hypermeter_agents_incomplete",
                      "Agents of which records are missing", watch->incomplete_agents);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, "hypermeter_bins_incomplete",
                      "Five minutes of one agent of which records are missing, of the last day",
                      watch->incomplete_bins);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, "hypermeter_records_missing",
                      "Records that are missing and that nobody accounts for, of the last day",
                      watch->missing_records);
}

/* 0 bytes: nobody has asked yet, or the store cannot say. */
static void
add_store (HmOpenMetrics *m, const HmKeeperCounts *keeper)
{
  if (keeper->bytes > 0)
    {
      hm_openmetrics_family (m, HM_METRIC_GAUGE, "hypermeter_store_bytes", "bytes", "Size of the store");
      hm_openmetrics_count (m, keeper->bytes, NULL);
    }
  hm_openmetrics_add (m, HM_METRIC_COUNTER, "hypermeter_store_oversize",
                      "Times that the store became larger than it may be", keeper->alarms);
}

static void
add_ingest (HmOpenMetrics *m, const HmIngestCounts *ingest)
{
  hm_openmetrics_add (m, HM_METRIC_COUNTER, P "ingest_requests", "Requests with records that were let in",
                      ingest->requests);
  hm_openmetrics_add (m, HM_METRIC_COUNTER, P "ingest_records", "Records of those that were answered 200",
                      ingest->records);
  hm_openmetrics_add (m, HM_METRIC_COUNTER, P "ingest_refused", "Requests that may not, or cannot be read",
                      ingest->refused);
  hm_openmetrics_add (m, HM_METRIC_COUNTER, P "ingest_put_off", "Requests that were told to come again",
                      ingest->put_off);
  hm_openmetrics_add (m, HM_METRIC_GAUGE, P "ingest_waiting", "Requests that wait for their commit",
                      ingest->waiting);
  hm_openmetrics_add (m, HM_METRIC_COUNTER, P "ingest_http_refused",
                      "Requests to the address of ingest that were refused or ended by a limit",
                      ingest->http);
}

static void
add_others (HmOpenMetrics *m, const HmHealthOthers *others)
{
  add_watch (m, &others->watch);
  add_store (m, &others->keeper);
  if (others->mirrors)
    {
      hm_openmetrics_add (m, HM_METRIC_COUNTER, P "mirror_sent", "Dead letters sent to the topic",
                          others->mirror.sent);
      hm_openmetrics_add (m, HM_METRIC_COUNTER, P "mirror_refused",
                          "Dead letters that the topic does not take", others->mirror.refused);
      hm_openmetrics_add (m, HM_METRIC_GAUGE, P "mirror_failing", "1: dead letters wait for their topic",
                          others->mirror.failing);
    }
  if (others->ingests)
    add_ingest (m, &others->ingest);
}

GBytes *
hm_health_metrics (HmHealth *health, gint64 now_ns, HmTime wall, guint64 http_refused)
{
  g_autoptr (HmOpenMetrics) metrics = hm_openmetrics_new ();
  g_auto (HmSight) sight = { 0 };

  hm_health_look (health, now_ns, &sight);
  add_counters (metrics, &sight);
  add_state (metrics, &sight);
  add_lag (metrics, &sight, hm_health_topic (health));
  add_lag_seconds (metrics, &sight, hm_health_topic (health), wall);
  add_letters (metrics, &sight.pipeline.engine);
  if (sight.has_others)
    add_others (metrics, &sight.others);
  hm_openmetrics_add (metrics, HM_METRIC_COUNTER, P "http_refused",
                      "Requests to this address that were refused or ended by a limit", http_refused);
  add_memory (metrics);
  return hm_openmetrics_finish (metrics);
}
