/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_single_read: one look-up, and the reads that the plan takes for a poll of this domain too, so that each counter has
 * the same source here and there. On a lane's thread. */
#include "agent/inspector/inspector_single_private.h"

#include "agent/inspector/inspector_assignment.h"
#include "agent/inspector/inspector_calls.h"

#define RUNNING_NOW (VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT | VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE)

static guint32
plan (const HmSingleJob *self, guint32 available)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  HmAssignment *assignment;
  guint32 reads;

  g_ptr_array_add (one, self->instance);
  assignment = hm_assignment_new (one, 1);
  reads = hm_assignment_plan (assignment, self->fields, available);
  hm_assignment_unref (assignment);
  return reads;
}

/* What a domain with another id says is of another life. */
static gboolean
take_bulk (HmSingleJob *self, virDomainPtr domain, guint32 reads, unsigned int flags)
{
  virDomainPtr domains[] = { domain, NULL };
  virDomainStatsRecordPtr *records = NULL;
  gboolean is_same = FALSE;
  int n;

  self->job.rpcs++;
  n = virDomainListGetStats (domains, hm_traits_groups (reads), &records, flags);
  if (n < 0)
    return FALSE;
  if (n == 1 && (int)virDomainGetID (records[0]->dom) == self->instance->domain_id)
    {
      self->read.bulk = (HmParams){ .params = records[0]->params, .n = records[0]->nparams };
      records[0]->params = NULL;
      records[0]->nparams = 0;
      is_same = TRUE;
    }
  virDomainStatsRecordListFree (records);
  return is_same;
}

/* That it is the life that is known, the start ticks say. */
static void
read_process (HmSingleJob *self)
{
  gboolean is_sending;

  if (!self->instance->kind.by_process)
    return;
  self->read.start_ticks = self->instance->start_ticks;
  hm_calls_read_process (self->root, self->instance, &self->read.process, &is_sending);
}

/* While libvirtd was asked, a poll may have read the process and told an earlier moment than this reading will: so it is read once more, and
 * what it counts is of that moment. One that has gone meanwhile leaves what it said before. */
static void
renew_process (HmSingleJob *self)
{
  HmParams before = self->read.process;

  if (before.n == 0)
    return;
  self->read.process = (HmParams){ 0 };
  read_process (self);
  if (self->read.process.n < before.n)
    {
      virTypedParamsFree (self->read.process.params, self->read.process.n);
      self->read.process = before;
      return;
    }
  virTypedParamsFree (before.params, before.n);
}

static void
read_domain (HmSingleJob *self, virDomainPtr domain, const HmTraits *traits)
{
  guint32 reads = plan (self, hm_traits_available (traits));
  gboolean is_same = (int)virDomainGetID (domain) == self->instance->domain_id;

  if (!is_same)
    return;
  if (reads & HM_READ_BIT (HM_READ_PROCESS))
    read_process (self);
  if (reads & ~HM_READS_BULK)
    is_same = hm_calls_make (domain, self->instance, reads, &self->read.calls, &self->job.rpcs);
  if (is_same && (reads & HM_READS_BULK))
    is_same = take_bulk (self, domain, reads, traits->nowait ? RUNNING_NOW : 0);
  self->read.has_answered = is_same && self->read.calls.n + self->read.bulk.n + self->read.process.n > 0;
}

/* libvirtd asks each QEMU that is installed what it can do, once, and keeps that; it tells no guest's CPU time before. */
static void
warm_up (HmSingleJob *self, virConnectPtr connection)
{
  self->job.rpcs++;
  free (virConnectGetCapabilities (connection));
}

static void
run_reading (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  HmSingleJob *self = (HmSingleJob *)job;
  const HmTraits *traits = hm_lane_traits (lane, job, connection);
  virDomainPtr domain;

  if (self->instance == NULL)
    {
      warm_up (self, connection);
      return;
    }
  self->read.begun_ns = self->clock->monotonic (self->clock);
  job->rpcs++;
  domain = virDomainLookupByUUIDString (connection, hm_instance_id (self->instance));
  if (domain == NULL)
    {
      hm_set_virt_error (&job->error, hm_instance_id (self->instance));
      return;
    }
  read_domain (self, domain, traits);
  virDomainFree (domain);
  renew_process (self);
  self->read.wall_ns = self->clock->wall (self->clock);
  self->read.boot_ns = self->clock->boot (self->clock);
  self->read.ended_ns = self->clock->monotonic (self->clock);
}

/* Whoever gave it up learns that it is back. */
static void
note_return (HmJob *job)
{
  HmSingleJob *self = (HmSingleJob *)job;
  HmNews *news;

  g_atomic_int_set (&self->has_returned, TRUE);
  if (self->queue == NULL || self->instance == NULL)
    return;
  news = g_new0 (HmNews, 1);
  news->kind = HM_NEWS_ANSWERED;
  g_strlcpy (news->happening.id, hm_instance_id (self->instance), sizeof (news->happening.id));
  hm_news_queue_push (self->queue, news);
}

static void
dispose_reading (HmJob *job)
{
  HmSingleJob *self = (HmSingleJob *)job;

  virTypedParamsFree (self->read.calls.params, self->read.calls.n);
  virTypedParamsFree (self->read.bulk.params, self->read.bulk.n);
  virTypedParamsFree (self->read.process.params, self->read.process.n);
  hm_instance_unref (self->instance);
  hm_news_queue_unref (self->queue);
  g_free (self);
}

HmSingleJob *
hm_single_job_new (HmInstance *instance, HmFields fields, const char *root, const HmClock *clock,
                   HmNewsQueue *queue)
{
  HmSingleJob *self = g_new0 (HmSingleJob, 1);

  hm_job_init (&self->job, run_reading, dispose_reading);
  self->job.returned = note_return;
  self->instance = instance != NULL ? hm_instance_ref (instance) : NULL;
  self->queue = queue != NULL ? hm_news_queue_ref (queue) : NULL;
  self->fields = fields;
  self->root = root;
  self->clock = clock;
  return self;
}
