/* SPDX-License-Identifier: Apache-2.0 */
/* fleet: a synthetic inspector of many guests, linked with the agent's main in place of the one of libvirt: chaos_agent is the whole agent
 * on a host that does not exist.
 *
 * Pure memory. HM_FLEET says how many guests there are (1,000); they run all the time, and their values rise with the clock. Called like any
 * inspector: read() by the scheduler's thread, the rest by whoever stops. Nothing happens to a guest, so no event is ever told. */
#include "agent/inspector/inspector.h"

#include <string.h>

#include "metering/error.h"

typedef struct
{
  HmInspector inspector;
  const HmClock *clock;
  GPtrArray *resources; /* (element-type HmResource) */
} Fleet;

static HmResource *
make_resource (guint i)
{
  g_autofree char *id = g_strdup_printf ("00000000-0000-4000-8000-%012x", i);
  HmResource *resource = hm_resource_new (id, "instance");

  resource->project = g_strdup_printf ("project-%u", i % 10);
  resource->user = g_strdup ("user-1");
  resource->flavor = g_strdup ("m1.small");
  resource->state = HM_STATE_RUNNING;
  resource->epoch = g_strdup_printf ("fleet:%u:0", i);
  resource->epoch_start = HM_TIME_UNKNOWN;
  return resource;
}

static void
add_domain (const Fleet *fleet, HmSnapshot *snapshot, guint i)
{
  HmResource *resource = g_ptr_array_index (fleet->resources, i);
  HmDomain *domain = hm_snapshot_add (snapshot, resource, resource->id);

  domain->wall_ns = fleet->clock->wall (fleet->clock);
  domain->boot_ns = fleet->clock->boot (fleet->clock);
  domain->read_ns = HM_NSEC_PER_MSEC;
  domain->got = HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY;
  domain->state = HM_GIVEN (1);
  domain->cpu_time = HM_GIVEN ((guint64)domain->boot_ns / 4 * (i % 4 + 1));
  domain->vcpu_current = HM_GIVEN (i % 8 + 1);
  domain->balloon_current = HM_GIVEN ((guint64)1 << 20);
}

static void
add_host (const Fleet *fleet, HmSnapshot *snapshot)
{
  HmHost *host = hm_snapshot_add_host (snapshot);

  host->wall_ns = fleet->clock->wall (fleet->clock);
  host->boot_ns = fleet->clock->boot (fleet->clock);
  host->read_ns = HM_NSEC_PER_MSEC;
  host->got = HM_FIELD_HOST_NODE | HM_FIELD_HOST_TOTALS;
  host->cpus = HM_GIVEN (64);
  host->memory = HM_GIVEN ((guint64)1 << 30);
  host->instances = HM_GIVEN (fleet->resources->len);
}

static HmSnapshot *
fleet_read (HmInspector *inspector, HmFields fields, gint64 timeout_ns G_GNUC_UNUSED,
            GError **error G_GNUC_UNUSED)
{
  const Fleet *fleet = (const Fleet *)inspector;
  HmSnapshot *snapshot = hm_snapshot_new ();

  for (guint i = 0; i < fleet->resources->len; i++)
    add_domain (fleet, snapshot, i);
  if (fields & HM_FIELDS_HOST)
    add_host (fleet, snapshot);
  *hm_snapshot_cost (snapshot) = (HmReadCost){ .rpcs = 1, .wall_ns = HM_NSEC_PER_MSEC };
  return snapshot;
}

static void
fleet_audit (HmInspector *inspector G_GNUC_UNUSED)
{
}

static gboolean
fleet_close (HmInspector *inspector, gint64 timeout_ns G_GNUC_UNUSED)
{
  Fleet *fleet = (Fleet *)inspector;

  g_ptr_array_unref (fleet->resources);
  g_free (fleet);
  return TRUE;
}

static void
fleet_health (HmInspector *inspector, HmInspectorHealth *ret_health)
{
  const Fleet *fleet = (const Fleet *)inspector;

  memset (ret_health, 0, sizeof *ret_health);
  ret_health->instances = fleet->resources->len;
}

HmInspector *
hm_libvirt_inspector_new (const HmLibvirtOptions *options, HmDomainEventFunc on_event G_GNUC_UNUSED,
                          gpointer user G_GNUC_UNUSED, GError **error)
{
  const char *text = g_getenv ("HM_FLEET");
  guint64 guests;
  Fleet *fleet;

  if (!g_ascii_string_to_unsigned (text != NULL ? text : "1000", 10, 1, 1000000, &guests, NULL))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "HM_FLEET: %s is no number of guests", text);
      return NULL;
    }
  fleet = g_new0 (Fleet, 1);
  fleet->inspector = (HmInspector){
    .read = fleet_read, .audit = fleet_audit, .close = fleet_close, .health = fleet_health
  };
  fleet->clock = options->clock;
  fleet->resources = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_resource_unref);
  for (guint i = 0; i < guests; i++)
    g_ptr_array_add (fleet->resources, make_resource (i));
  return &fleet->inspector;
}
