/* SPDX-License-Identifier: Apache-2.0 */
/* health_status: the answers to `status` and `outbox` (commands.c). Each is one object with a member per part: an object of
 * figures, or a list of objects. Keys say their units (_ns, _bytes, _kib); moments are RFC 3339. Who shows it takes the
 * members as they come, so a figure that is added here is shown there. On the control thread. */
#include "agent/health/health.h"

#include <unistd.h>

#include "agent/agent_private.h"
#include "metering/log.h"

static void
set_time (HmJsonWriter *w, const char *key, HmTime time)
{
  char text[HM_TIME_TEXT_MAX];

  if (time == HM_TIME_UNKNOWN)
    return;
  hm_time_print (time, text);
  hm_json_set_text (w, key, text);
}

/* What others named: of any length, and perhaps cut inside a character. */
static void
set_foreign (HmJsonWriter *w, const char *key, const char *text)
{
  g_autofree char *clean = hm_text_clean (text, HM_NAME_MAX, NULL);

  hm_json_set_text (w, key, clean);
}

static void
set_maybe (HmJsonWriter *w, const char *key, HmMaybe value)
{
  if (value.given)
    hm_json_set_u64 (w, key, value.value);
}

static void
begin_part (HmJsonWriter *w, const char *name)
{
  hm_json_key (w, name);
  hm_json_begin_object (w);
}

static void
begin_list (HmJsonWriter *w, const char *name)
{
  hm_json_key (w, name);
  hm_json_begin_array (w);
}

/* -- parts -- */

static void
write_agent (const HmAgent *agent, const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmIdentity *identity = &agent->identity;

  begin_part (w, "agent");
  hm_json_set_text (w, "id", identity->agent_id);
  hm_json_set_text (w, "source", identity->source);
  hm_json_set_text (w, "version", PACKAGE_VERSION);
  hm_json_set_i64 (w, "pid", getpid ());
  hm_json_set_text (w, "epoch", identity->agent_epoch);
  set_time (w, "started", agent->started);
  hm_json_set_i64 (w, "uptime_ns", health->uptime_ns);
  set_time (w, "metering_since", identity->metering_since);
  hm_json_end_object (w);
}

static void
write_process (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmProcessUse *process = &health->process;

  begin_part (w, "process");
  set_maybe (w, "memory_kib", process->memory_kib);
  set_maybe (w, "threads", process->threads);
  set_maybe (w, "descriptors", process->descriptors);
  hm_json_set_i64 (w, "cpu_ns", process->cpu_ns);
  hm_json_set_u64 (w, "log_lines_dropped", hm_log_dropped ());
  hm_json_end_object (w);
}

static void
write_polls (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmPipelineCounts *polls = &health->report.pipeline;
  const HmReaderCounts *readers = &health->report.readers;

  begin_part (w, "polls");
  hm_json_set_u64 (w, "made", polls->polls);
  hm_json_set_u64 (w, "failed", polls->failed);
  hm_json_set_u64 (w, "readings", readers->rounds);
  hm_json_set_u64 (w, "samples", polls->samples + readers->samples);
  hm_json_set_u64 (w, "absent", polls->absent);
  hm_json_set_u64 (w, "records", polls->records + readers->records);
  hm_json_set_u64 (w, "refused", polls->refused + readers->refused);
  hm_json_set_u64 (w, "instances", polls->domains);
  hm_json_set_u64 (w, "ownerless", polls->ownerless);
  hm_json_end_object (w);
}

/* "spared": so many calls hang that no guest's own process is asked any more. */
static const char *
hypervisor_state (const HmAgentHealth *health)
{
  if (health->report.is_away)
    return "away";
  return health->inspector.is_sparing ? "spared" : "there";
}

static void
write_hypervisor (const HmAgent *agent, const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmInspectorHealth *inspector = &health->inspector;
  const HmAgentReport *report = &health->report;

  begin_part (w, "hypervisor");
  set_foreign (w, "uri", hm_options_text (agent->config->inspector, "uri"));
  hm_json_set_text (w, "state", hypervisor_state (health));
  hm_json_set_u64 (w, "calls", report->pipeline.rpcs);
  hm_json_set_u64 (w, "last_read_calls", report->last_read.rpcs);
  hm_json_set_i64 (w, "last_read_ns", report->last_read.wall_ns);
  hm_json_set_u64 (w, "unanswered", report->pipeline.unanswered);
  if (health->has_inspector)
    {
      hm_json_set_u64 (w, "hung_guests", inspector->hung);
      hm_json_set_u64 (w, "hung_guests_ever", inspector->hung_total);
      hm_json_set_u64 (w, "hanging_calls", inspector->hanging_calls);
      hm_json_set_u64 (w, "hanging_calls_limit", inspector->hanging_limit);
      hm_json_set_u64 (w, "connections_opened", inspector->connects_total);
      hm_json_set_u64 (w, "connections_refused", inspector->refused_total);
      hm_json_set_u64 (w, "connections_left_behind", inspector->retired_total);
    }
  hm_json_end_object (w);
}

static void
write_inventory (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmInspectorHealth *inspector = &health->inspector;

  begin_part (w, "inventory");
  hm_json_set_u64 (w, "instances", inspector->instances);
  hm_json_set_u64 (w, "owners_unknown", inspector->owners_unknown);
  hm_json_set_u64 (w, "metadata_problems", inspector->problems);
  hm_json_end_object (w);
}

static void
write_hung (const HmAgentHealth *health, HmJsonWriter *w)
{
  begin_list (w, "hung");
  for (guint i = 0; i < MIN (health->inspector.hung, HM_HUNG_TOLD); i++)
    {
      const HmHungDomain *hung = &health->inspector.domains[i];

      hm_json_begin_object (w);
      set_foreign (w, "guest", hung->name);
      set_foreign (w, "id", hung->id);
      set_time (w, "since", hung->since);
      hm_json_set_u64 (w, "probes", hung->probes);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static void
write_sources (const HmAgentHealth *health, HmJsonWriter *w)
{
  begin_list (w, "sources");
  for (guint i = 0; i < health->report.jobs->len; i++)
    {
      const HmJobReport *job = &g_array_index (health->report.jobs, HmJobReport, i);

      hm_json_begin_object (w);
      set_foreign (w, "source", job->name);
      hm_json_set_i64 (w, "interval_ns", job->interval_ns);
      hm_json_set_u64 (w, "ticks", job->ticks);
      hm_json_set_u64 (w, "skipped", job->skipped);
      hm_json_set_i64 (w, "late_last_ns", job->late_last_ns);
      hm_json_set_i64 (w, "late_max_ns", job->late_max_ns);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static const char *
state_of (const HmAgentHealth *health, const HmPluginTally *tally)
{
  if (tally->is_stuck)
    return "overruns";
  for (guint i = 0; i < health->report.quarantine->len; i++)
    if (g_str_equal (g_array_index (health->report.quarantine, HmQuarantined, i).plugin, tally->plugin->name))
      return "quarantined";
  return "runs";
}

static void
write_plugins (const HmAgentHealth *health, HmJsonWriter *w)
{
  begin_list (w, "plugins");
  for (guint i = 0; i < health->report.plugins->len; i++)
    {
      const HmPluginTally *tally = &g_array_index (health->report.plugins, HmPluginTally, i);

      hm_json_begin_object (w);
      hm_json_set_text (w, "plugin", tally->plugin->name);
      hm_json_set_text (w, "namespace", tally->plugin->ns);
      hm_json_set_text (w, "state", state_of (health, tally));
      hm_json_set_u64 (w, "calls", tally->calls);
      hm_json_set_i64 (w, "time_ns", tally->spent_ns);
      hm_json_set_u64 (w, "retry", tally->retry);
      hm_json_set_u64 (w, "broken", tally->broken);
      hm_json_set_u64 (w, "late", tally->late);
      hm_json_set_u64 (w, "skipped", tally->skipped + tally->quarantined);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static void
write_quarantine (const HmAgentHealth *health, HmJsonWriter *w)
{
  begin_list (w, "quarantine");
  for (guint i = 0; i < health->report.quarantine->len; i++)
    {
      const HmQuarantined *one = &g_array_index (health->report.quarantine, HmQuarantined, i);

      hm_json_begin_object (w);
      hm_json_set_text (w, "plugin", one->plugin);
      set_foreign (w, "resource", one->resource);
      hm_json_set_u64 (w, "failures", one->failures);
      hm_json_set_i64 (w, "since_ns", one->since_ns);
      hm_json_set_i64 (w, "retry_in_ns", one->retry_in_ns);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static void
write_notifications (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmDispatcherCounts *counts = &health->notifications;

  begin_part (w, "notifications");
  hm_json_set_u64 (w, "messages", counts->messages);
  hm_json_set_u64 (w, "ignored", counts->ignored);
  hm_json_set_u64 (w, "failed", counts->failed);
  hm_json_set_u64 (w, "refused", counts->refused);
  hm_json_set_u64 (w, "records", counts->records);
  hm_json_set_u64 (w, "unsound", counts->unsound);
  if (health->has_messages)
    {
      hm_json_set_u64 (w, "lines", health->messages.lines);
      hm_json_set_u64 (w, "bad_lines", health->messages.bad);
      hm_json_set_u64 (w, "long_lines", health->messages.too_long);
    }
  hm_json_end_object (w);
}

static void
write_deltas (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmDeltasStatus *deltas = &health->deltas;

  begin_part (w, "deltas");
  hm_json_set_u64 (w, "counters", deltas->counters);
  hm_json_set_u64 (w, "baselines", deltas->baselines);
  hm_json_set_u64 (w, "held_out", deltas->held_out);
  hm_json_set_u64 (w, "refused", deltas->refused);
  hm_json_set_u64 (w, "failed_writes", deltas->failures);
  hm_json_end_object (w);
}

static void
write_outbox (const HmAgentHealth *health, HmJsonWriter *w)
{
  const HmOutboxStatus *outbox = &health->report.outbox;

  begin_part (w, "outbox");
  hm_json_set_u64 (w, "waiting", outbox->waiting);
  hm_json_set_u64 (w, "size_bytes", outbox->waiting_bytes);
  set_time (w, "oldest", outbox->oldest);
  hm_json_set_i64 (w, "age_ns", health->outbox_age_ns);
  hm_json_set_u64 (w, "appended", outbox->appended);
  hm_json_set_u64 (w, "confirmed", outbox->confirmed);
  hm_json_set_u64 (w, "rejected", outbox->rejected);
  hm_json_set_u64 (w, "dropped", outbox->dropped);
  hm_json_set_u64 (w, "refused", outbox->refused);
  hm_json_set_u64 (w, "damaged", outbox->damaged);
  hm_json_set_u64 (w, "unsaid", outbox->unsaid);
  hm_json_set_u64 (w, "bins_dropped", outbox->bins_dropped);
  hm_json_set_u64 (w, "unsynced", outbox->unsynced);
  hm_json_set_u64 (w, "syncs", outbox->syncs);
  hm_json_set_u64 (w, "segments", outbox->segments);
  hm_json_set_u64 (w, "files_bytes", outbox->bytes);
  hm_json_set_text (w, "state", *outbox->reason == '\0' ? "writes" : "fails");
  set_foreign (w, "reason", outbox->reason);
  hm_json_end_object (w);
}

static void
write_backlog (const HmOutboxPublisherStatus *backlog, HmJsonWriter *w)
{
  hm_json_set_text (w, "required", backlog->required ? "yes" : "no");
  hm_json_set_u64 (w, "waiting", backlog->waiting);
  hm_json_set_u64 (w, "skipped", backlog->skipped);
}

static void
write_publishers (const HmAgentHealth *health, HmJsonWriter *w)
{
  begin_list (w, "publishers");
  for (guint i = 0; i < health->publishers->len; i++)
    {
      const HmDeliveryReport *report = &g_array_index (health->publishers, HmDeliveryReport, i);

      hm_json_begin_object (w);
      hm_json_set_text (w, "publisher", report->plugin->name);
      hm_json_set_text (w, "state", report->fails ? "fails" : "delivers");
      write_backlog (&g_array_index (health->backlogs, HmOutboxPublisherStatus, i), w);
      hm_json_set_u64 (w, "delivered", report->done);
      hm_json_set_u64 (w, "retried", report->retried);
      hm_json_set_u64 (w, "rejected", report->rejected);
      hm_json_set_u64 (w, "in_hands", report->in_hands);
      set_foreign (w, "last_failure", report->reason);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

void
hm_agent_write_status (HmAgent *agent, HmJsonWriter *w)
{
  g_auto (HmAgentHealth) health = { 0 };

  hm_agent_health (agent, &health);
  write_agent (agent, &health, w);
  write_process (&health, w);
  write_polls (&health, w);
  if (health.has_hypervisor)
    write_hypervisor (agent, &health, w);
  if (health.has_inspector)
    write_inventory (&health, w);
  write_hung (&health, w);
  write_sources (&health, w);
  write_plugins (&health, w);
  write_quarantine (&health, w);
  write_notifications (&health, w);
  write_deltas (&health, w);
  write_outbox (&health, w);
  write_publishers (&health, w);
}

void
hm_agent_write_outbox (HmAgent *agent, HmJsonWriter *w)
{
  g_auto (HmAgentHealth) health = { 0 };

  hm_agent_health (agent, &health);
  write_outbox (&health, w);
  write_publishers (&health, w);
}
