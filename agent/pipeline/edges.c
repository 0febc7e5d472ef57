/* SPDX-License-Identifier: Apache-2.0 */
/* edges: see edges.h. The same pollsters as in a poll, with a sink of their own: they are pure, so a poll may run them at
 * the same time. */
#include "agent/pipeline/edges.h"

#include "agent/pipeline/samples.h"
#include "agent/outbox/stamp.h"

struct HmEdges
{
  HmOutbox *outbox;
  HmQuarantine *quarantine;
  const HmClock *clock;
  GMutex lock; /* of the next */
  HmRoster *roster;
  HmSink *sink;
  GArray *counters; /* (element-type HmSample) */
};

HmEdges *
hm_edges_new (HmOutbox *outbox, HmQuarantine *quarantine, const HmClock *clock, HmRoster *roster)
{
  HmEdges *self = g_new0 (HmEdges, 1);

  g_mutex_init (&self->lock);
  self->outbox = outbox;
  self->quarantine = quarantine;
  self->clock = clock;
  self->roster = hm_roster_ref (roster);
  self->counters = g_array_new (FALSE, FALSE, sizeof (HmSample));
  self->sink = hm_sink_new (NULL);
  return self;
}

void
hm_edges_free (HmEdges *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->counters);
  hm_sink_free (self->sink);
  hm_roster_unref (self->roster);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
hm_edges_set_roster (HmEdges *self, HmRoster *roster)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  hm_roster_unref (self->roster);
  self->roster = hm_roster_ref (roster);
}

/* (transfer full) */
static HmRoster *
current (HmEdges *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return hm_roster_ref (self->roster);
}

HmFields
hm_edges_fields (HmEdges *self)
{
  g_autoptr (HmRoster) roster = current (self);

  return hm_roster_fields (roster, hm_roster_all (roster)) & ~(HmFields)HM_FIELDS_HOST;
}

/* What a pollster says of its success is for the polls to count; what one that failed has left is no reading here either. */
static void
try_pollster (HmEdges *self, const HmPlugin *plugin, const HmDomain *domain)
{
  HmSinkMark mark = hm_sink_mark (self->sink);

  if (plugin->snapshot_pollster->emit (domain, self->sink) != HM_OK)
    hm_sink_rewind (self->sink, mark);
}

/* All that any source polls of @domain. */
static void
fill_sink (HmEdges *self, const HmDuty *duty, const HmDomain *domain)
{
  hm_sink_clear (self->sink);
  hm_sink_set_wanted (self->sink, hm_duty_wants, duty);
  for (guint i = 0; i < hm_roster_n_pollsters (duty->roster); i++)
    {
      const HmPlugin *plugin = hm_roster_pollster (duty->roster, i);

      if (plugin->snapshot_pollster != NULL && hm_duty_has (duty, i)
          && !hm_quarantine_holds (self->quarantine, plugin->name, domain->resource->id))
        try_pollster (self, plugin, domain);
    }
}

/* A record that cannot be made is logged there. */
void
hm_edges_begin (HmEdges *self, const HmDomain *domain)
{
  g_autoptr (HmRoster) roster = current (self);
  HmDuty duty = { roster, hm_roster_all (roster), hm_roster_of (roster, domain->resource->id) };
  HmRecord record;
  guint refused;

  fill_sink (self, &duty, domain);
  hm_record_init (&record, HM_RECORD_SAMPLES);
  hm_record_set_resource (&record, domain->resource);
  hm_stamp_clock (self->clock, &record.clock);
  record.clock.boot_ns = domain->boot_ns;
  record.time = domain->wall_ns;
  record.read_ns = domain->read_ns;
  hm_samples_append (self->outbox, HM_CLASS_BILLING, &record, &duty, self->sink, &refused);
}

const HmSample *
hm_edges_end (HmEdges *self, const HmDomain *domain, guint *ret_n)
{
  g_autoptr (HmRoster) roster = current (self);
  HmDuty duty = { roster, hm_roster_all (roster), hm_roster_of (roster, domain->resource->id) };

  fill_sink (self, &duty, domain);
  g_array_set_size (self->counters, 0);
  for (guint i = 0; i < hm_sink_size (self->sink) && self->counters->len < HM_SAMPLES_PER_RECORD; i++)
    {
      const HmSample *sample = hm_sink_get (self->sink, i);

      if (sample->type == HM_CUMULATIVE)
        g_array_append_val (self->counters, *sample);
    }
  *ret_n = self->counters->len;
  return (const HmSample *)(void *)self->counters->data;
}
