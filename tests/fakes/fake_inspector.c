/* SPDX-License-Identifier: Apache-2.0 */
/* fake_inspector: see fake_inspector.h. */
#include "tests/fakes/fake_inspector.h"

static FakeInspector *offered;

static HmResource *
make_resource (guint i)
{
  g_autofree char *id = g_strdup_printf ("i-%u", i);
  HmResource *resource = hm_resource_new (id, "instance");

  resource->project = g_strdup (i == 0 ? HM_OWNER_UNKNOWN : "project-1");
  resource->user = g_strdup (i == 0 ? HM_OWNER_UNKNOWN : "user-1");
  resource->flavor = g_strdup ("m1.small");
  resource->state = HM_STATE_RUNNING;
  resource->epoch = g_strdup ("boot-1:1:0");
  resource->epoch_start = HM_TIME_UNKNOWN;
  return resource;
}

static void
add_domain (const FakeInspector *self, HmSnapshot *snapshot, guint i)
{
  g_autoptr (HmResource) resource = make_resource (i);
  HmDomain *domain = hm_snapshot_add (snapshot, resource, resource->id);

  domain->wall_ns = self->clock->wall (self->clock);
  domain->boot_ns = self->clock->boot (self->clock);
  domain->read_ns = 5 * HM_NSEC_PER_MSEC;
  domain->state = HM_GIVEN (1);
  domain->cpu_time = HM_GIVEN (1000 * (i + 1));
  domain->vcpu_current = HM_GIVEN (2);
}

static void
add_host (const FakeInspector *self, HmSnapshot *snapshot)
{
  HmHost *host = hm_snapshot_add_host (snapshot);

  host->wall_ns = self->clock->wall (self->clock) - HM_NSEC_PER_MSEC;
  host->boot_ns = self->clock->boot (self->clock) - HM_NSEC_PER_MSEC;
  host->read_ns = 2 * HM_NSEC_PER_MSEC;
  host->cpus = HM_GIVEN (4);
}

static HmSnapshot *
fake_read (HmInspector *inspector, HmFields fields, gint64 timeout_ns, GError **error)
{
  FakeInspector *self = (FakeInspector *)inspector;
  HmSnapshot *snapshot;

  self->reads++;
  self->asked = fields;
  self->timeout_ns = timeout_ns;
  if (self->away)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the fleet is away");
      return NULL;
    }
  snapshot = hm_snapshot_new ();
  for (guint i = 0; i < self->domains; i++)
    add_domain (self, snapshot, i);
  if (self->host)
    add_host (self, snapshot);
  *hm_snapshot_cost (snapshot) = (HmReadCost){ .rpcs = 3, .unanswered = self->unanswered };
  return snapshot;
}

static gboolean
fake_close (HmInspector *inspector, gint64 timeout_ns G_GNUC_UNUSED)
{
  FakeInspector *self = (FakeInspector *)inspector;

  self->closed++;
  return !self->sticks;
}

static void
fake_audit (HmInspector *inspector)
{
  FakeInspector *self = (FakeInspector *)inspector;

  g_atomic_int_inc (&self->audits);
}

FakeInspector *
fake_inspector_new (const HmClock *clock, guint domains)
{
  FakeInspector *self = g_new0 (FakeInspector, 1);

  self->inspector = (HmInspector){ .read = fake_read, .audit = fake_audit, .close = fake_close };
  self->clock = clock;
  self->domains = domains;
  return self;
}

void
fake_inspector_offer (FakeInspector *inspector)
{
  offered = inspector;
}

HmInspector *
fake_inspector_make (const HmLibvirtOptions *options G_GNUC_UNUSED, HmDomainEventFunc on_event, gpointer user,
                     GError **error G_GNUC_UNUSED)
{
  offered->on_event = on_event;
  offered->user = user;
  return &offered->inspector;
}
