/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline_turn: what a worker makes of one read.
 *
 *   per domain, then for the host: every pollster with something due → one sink → one record per interval → outbox
 *
 * A pollster that fails for one resource costs that resource's samples of that pollster, never more. A domain that a
 * worker was dismissed from is evaluated anew by the next one: pollsters are pure, and nothing of a domain leaves its sink
 * before the last of them. */
#include "agent/pipeline/pipeline_private.h"

#include "agent/outbox/stamp.h"

HmPipelineTurn *
hm_pipeline_turn_new (HmPipeline *pipeline, HmSnapshot *snapshot, HmSourceSet due)
{
  HmPipelineTurn *turn = g_new0 (HmPipelineTurn, 1);

  turn->refs = 1;
  turn->snapshot = snapshot;
  turn->roster = hm_roster_ref (pipeline->roster);
  turn->due = due;
  return turn;
}

HmPipelineTurn *
hm_pipeline_turn_ref (HmPipelineTurn *turn)
{
  g_atomic_int_inc (&turn->refs);
  return turn;
}

void
hm_pipeline_turn_unref (HmPipelineTurn *turn)
{
  if (turn == NULL || !g_atomic_int_dec_and_test (&turn->refs))
    return;
  hm_snapshot_free (turn->snapshot);
  hm_roster_unref (turn->roster);
  g_free (turn);
}

/* One resource of a turn: a domain, or the host. */
typedef struct
{
  const HmDomain *domain; /* (nullable) */
  const HmHost *host;     /* (nullable) */
  const char *id;
  HmDuty duty;
  HmPipelineCounts counts;
} Subject;

/* -- pollsters -- */

static gboolean
is_for (const HmPlugin *plugin, const Subject *subject)
{
  return subject->domain != NULL ? plugin->snapshot_pollster != NULL
                                 : hm_plugin_host_pollster (plugin) != NULL;
}

static HmResult
call (const HmPlugin *plugin, const Subject *subject, HmSink *sink)
{
  return subject->domain != NULL ? plugin->snapshot_pollster->emit (subject->domain, sink)
                                 : plugin->host_pollster->emit (subject->host, sink);
}

static void
take_result (HmPipeline *pipeline, Subject *subject, const HmPlugin *plugin, HmResult result)
{
  HmQuarantine *quarantine = pipeline->parts.quarantine;

  subject->counts.retry += result == HM_RETRY;
  subject->counts.gone += result == HM_GONE;
  subject->counts.broken += result == HM_BROKEN;
  if (result == HM_BROKEN)
    hm_quarantine_enter (quarantine, plugin->name, subject->id, NULL);
  else if (result == HM_OK || result == HM_NO_DATA)
    hm_quarantine_leave (quarantine, plugin->name, subject->id);
}

static void
count_held (HmPipeline *pipeline, guint pollster)
{
  g_mutex_lock (&pipeline->lock);
  g_array_index (pipeline->pollsters, HmPipelinePollster, pollster).tally.quarantined++;
  g_mutex_unlock (&pipeline->lock);
}

/* FALSE: the worker was dismissed. */
static gboolean
poll_one (HmPipelineWorker *worker, Subject *subject, guint pollster)
{
  HmPipeline *pipeline = worker->pipeline;
  const HmPlugin *plugin = hm_roster_pollster (subject->duty.roster, pollster);
  HmSinkMark mark;
  HmResult result;

  if (!is_for (plugin, subject) || !hm_duty_has (&subject->duty, pollster))
    return TRUE;
  if (hm_quarantine_holds (pipeline->parts.quarantine, plugin->name, subject->id))
    {
      count_held (pipeline, pollster);
      return TRUE;
    }
  if (!hm_pipeline_enter (worker, pollster, subject->id))
    return TRUE;
  mark = hm_sink_mark (worker->sink);
  result = call (plugin, subject, worker->sink);
  if (!hm_pipeline_leave (worker, result))
    return FALSE;
  if (result != HM_OK)
    hm_sink_rewind (worker->sink, mark);
  take_result (pipeline, subject, plugin, result);
  return TRUE;
}

static gboolean
poll_all (HmPipelineWorker *worker, Subject *subject)
{
  hm_sink_clear (worker->sink);
  hm_sink_set_wanted (worker->sink, hm_duty_wants, &subject->duty);
  for (guint i = 0; i < hm_roster_n_pollsters (subject->duty.roster); i++)
    if (!poll_one (worker, subject, i))
      return FALSE;
  return TRUE;
}

/* -- records -- */

static void
begin_domain (const HmPipeline *pipeline, const HmDomain *domain, HmRecord *ret_record)
{
  hm_record_init (ret_record, HM_RECORD_SAMPLES);
  hm_record_set_resource (ret_record, domain->resource);
  hm_stamp_clock (pipeline->parts.host.clock, &ret_record->clock);
  ret_record->clock.boot_ns = domain->boot_ns;
  ret_record->time = domain->wall_ns;
  ret_record->read_ns = domain->read_ns;
}

static void
begin_host (const HmPipeline *pipeline, const HmHost *host, HmRecord *ret_record)
{
  hm_samples_begin_host (&pipeline->parts.host, HM_NS_POLL_HOST, host->read_ns, ret_record);
  ret_record->clock.boot_ns = host->boot_ns;
  ret_record->time = host->wall_ns;
}

/* Between the last pollster and the record: the place for what is made of a resource's samples as a whole. */
static void
finish_samples (HmPipeline *pipeline, Subject *subject, HmSink *sink)
{
  HmRecordClass class = subject->domain != NULL ? HM_CLASS_BILLING : HM_CLASS_DIAGNOSTIC;
  HmRecord record;
  guint refused;

  if (subject->domain != NULL)
    begin_domain (pipeline, subject->domain, &record);
  else
    begin_host (pipeline, subject->host, &record);
  hm_deltas_settle (pipeline->parts.deltas, &record, sink);
  subject->counts.absent += hm_sink_absent (sink);
  subject->counts.samples += hm_sink_size (sink);
  subject->counts.records
      += hm_samples_append (pipeline->parts.outbox, class, &record, &subject->duty, sink, &refused);
  subject->counts.refused += refused;
}

/* -- the turn -- */

/* FALSE: there is nobody at this place. */
static gboolean
find_subject (const HmPipeline *pipeline, const HmPipelineTurn *turn, Subject *subject)
{
  if (turn->next < hm_snapshot_size (turn->snapshot))
    {
      subject->domain = hm_snapshot_get (turn->snapshot, turn->next);
      subject->id = subject->domain->resource->id;
    }
  else
    {
      subject->host = hm_snapshot_host (turn->snapshot);
      subject->id = pipeline->parts.host.agent_id;
    }
  subject->duty = (HmDuty){ turn->roster, turn->due, hm_roster_of (turn->roster, subject->id) };
  return subject->domain != NULL || subject->host != NULL;
}

static gboolean
run_next (HmPipelineWorker *worker)
{
  HmPipelineTurn *turn = worker->turn;
  Subject subject = { 0 };

  if (!find_subject (worker->pipeline, turn, &subject))
    return TRUE;
  if (!poll_all (worker, &subject))
    return FALSE;
  finish_samples (worker->pipeline, &subject, worker->sink);
  if (subject.domain != NULL)
    subject.counts.ownerless = g_strcmp0 (subject.domain->resource->project, HM_OWNER_UNKNOWN) == 0;
  hm_pipeline_counts_add (&turn->counts, &subject.counts);
  turn->counts.ownerless += subject.counts.ownerless;
  return TRUE;
}

gboolean
hm_pipeline_turn_run (HmPipelineWorker *worker)
{
  HmPipelineTurn *turn = worker->turn;

  for (; turn->next <= hm_snapshot_size (turn->snapshot); turn->next++)
    if (!run_next (worker))
      return FALSE;
  return TRUE;
}
