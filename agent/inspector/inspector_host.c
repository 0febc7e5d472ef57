/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_host: virNodeGetInfo, virStoragePoolGetInfo of each active pool, and sums over the snapshot.
 *
 * The calls are a job of their own. One that hangs keeps a connection and one of libvirtd's workers, so the host is
 * not asked again before it came back. */
#include "agent/inspector/inspector_host.h"

#include <string.h>

#include "metering/log.h"

#define HOST_US (2 * G_USEC_PER_SEC)

typedef struct
{
  char *device;
  virStoragePoolInfo info;
} Pool;

typedef struct
{
  HmJob job;
  HmFields fields, got;
  const HmClock *clock;
  virNodeInfo node;
  GArray *pools;  /* (element-type Pool) */
  guint left_out; /* pools */
  HmTime wall_ns;
  gint64 boot_ns, begun_ns, ended_ns;
} HostJob;

HmFields
hm_host_expand (HmFields fields)
{
  return fields & HM_FIELD_HOST_TOTALS ? fields | HM_FIELD_STATE | HM_FIELD_VCPU_COUNT | HM_FIELD_MEMORY
                                       : fields;
}

/* -- the job, on a lane's thread */

char *
hm_host_pool_device (const char *name)
{
  g_autofree char *clean = NULL;
  gboolean has_changed = FALSE;

  if (name == NULL || *name == '\0' || strlen (name) + strlen ("pool:") > HM_ID_MAX)
    return NULL;
  clean = hm_text_clean (name, HM_ID_MAX, &has_changed);
  return has_changed ? NULL : g_strconcat ("pool:", name, NULL);
}

static void
clear_pool (gpointer data)
{
  Pool *pool = data;

  g_free (pool->device);
}

static void
ask_node (HostJob *self, virConnectPtr connection)
{
  self->job.rpcs++;
  if (virNodeGetInfo (connection, &self->node) == 0)
    self->got |= HM_FIELD_HOST_NODE;
}

/* A pool that was stopped meanwhile is none. */
static void
ask_pool (HostJob *self, virStoragePoolPtr handle)
{
  Pool pool = { .device = hm_host_pool_device (virStoragePoolGetName (handle)) };

  if (pool.device == NULL || self->pools->len >= HM_HOST_POOLS_MAX)
    {
      self->left_out++;
      clear_pool (&pool);
      return;
    }
  self->job.rpcs++;
  if (virStoragePoolGetInfo (handle, &pool.info) == 0 && pool.info.state != VIR_STORAGE_POOL_INACTIVE)
    g_array_append_val (self->pools, pool);
  else
    clear_pool (&pool);
}

static void
ask_pools (HostJob *self, virConnectPtr connection)
{
  virStoragePoolPtr *handles = NULL;
  int n;

  self->job.rpcs++;
  n = virConnectListAllStoragePools (connection, &handles, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
  if (n >= 0)
    self->got |= HM_FIELD_HOST_POOLS;
  for (int i = 0; i < n; i++)
    {
      ask_pool (self, handles[i]);
      virStoragePoolFree (handles[i]);
    }
  free (handles);
}

static void
run_host (HmJob *job, HmLane *lane G_GNUC_UNUSED, virConnectPtr connection)
{
  HostJob *self = (HostJob *)job;

  self->begun_ns = self->clock->monotonic (self->clock);
  if (self->fields & HM_FIELD_HOST_NODE)
    ask_node (self, connection);
  if (self->fields & HM_FIELD_HOST_POOLS)
    ask_pools (self, connection);
  self->wall_ns = self->clock->wall (self->clock);
  self->boot_ns = self->clock->boot (self->clock);
  self->ended_ns = self->clock->monotonic (self->clock);
}

static void
dispose_host (HmJob *job)
{
  HostJob *self = (HostJob *)job;

  g_array_unref (self->pools);
  g_free (self);
}

static HostJob *
new_job (HmFields fields, const HmClock *clock)
{
  HostJob *self = g_new0 (HostJob, 1);

  hm_job_init (&self->job, run_host, dispose_host);
  self->fields = fields;
  self->clock = clock;
  self->pools = g_array_new (FALSE, FALSE, sizeof (Pool));
  g_array_set_clear_func (self->pools, clear_pool);
  return self;
}

/* -- asking, on the reading thread */

static HmSlot *
slot_that_answers (HmCycle *cycle)
{
  for (guint i = 0; i < cycle->n_lanes; i++)
    if (cycle->self->slots[i].lane != NULL)
      return &cycle->self->slots[i];
  return NULL;
}

/* TRUE while the job that was given up last is still with its lane. */
static gboolean
is_hung (HmLibvirtInspector *self)
{
  if (self->hung_host != NULL && g_atomic_int_get (&self->hung_host->refs) == 1)
    g_clear_pointer (&self->hung_host, hm_job_unref);
  return self->hung_host != NULL;
}

/* Waits for @asked; FALSE, with @asked unreferenced or kept to see when it comes back, when it brought nothing. */
static gboolean
await_answer (HmCycle *cycle, HmSlot *slot, HostJob *asked)
{
  gint64 deadline_us = MIN (cycle->deadline_us, g_get_monotonic_time () + HOST_US);

  if (hm_cycle_await (cycle, slot, &asked->job, deadline_us))
    return TRUE;
  if (slot->lane != NULL)
    {
      hm_job_unref (&asked->job);
      return FALSE;
    }
  hm_warning ("%s does not tell of the host's node and pools in time: they are not asked for until it did",
              cycle->self->uri);
  cycle->self->hung_host = &asked->job;
  return FALSE;
}

/* (nullable) (transfer full) */
static HostJob *
ask (HmCycle *cycle, HmFields fields)
{
  HmSlot *slot = slot_that_answers (cycle);
  HostJob *asked;

  if (fields == 0 || slot == NULL || is_hung (cycle->self))
    return NULL;
  asked = new_job (fields, cycle->self->clock);
  hm_lane_start (slot->lane, &asked->job);
  return await_answer (cycle, slot, asked) ? asked : NULL;
}

/* -- the snapshot */

static void
take_pools (HmHost *host, HmSnapshot *snapshot, const HostJob *asked)
{
  HmPool *pools = hm_snapshot_alloc (snapshot, asked->pools->len, sizeof (HmPool));

  for (guint i = 0; i < asked->pools->len; i++)
    {
      const Pool *pool = &g_array_index (asked->pools, Pool, i);

      pools[i].device = hm_snapshot_text (snapshot, pool->device);
      pools[i].capacity = HM_GIVEN (pool->info.capacity);
      pools[i].allocation = HM_GIVEN (pool->info.allocation);
      pools[i].available = HM_GIVEN (pool->info.available);
    }
  host->pools = pools;
  host->n_pools = asked->pools->len;
  if (asked->left_out > 0)
    hm_warning ("%u storage pools are not metered: names that cannot be a device's, or more than %d",
                asked->left_out, HM_HOST_POOLS_MAX);
}

static void
take (HmHost *host, HmSnapshot *snapshot, const HostJob *asked)
{
  host->got |= asked->got;
  host->wall_ns = asked->wall_ns;
  host->boot_ns = asked->boot_ns;
  host->read_ns = asked->ended_ns - asked->begun_ns;
  if (asked->got & HM_FIELD_HOST_NODE)
    {
      host->cpus = HM_GIVEN (asked->node.cpus);
      host->memory = HM_GIVEN (asked->node.memory);
    }
  take_pools (host, snapshot, asked);
}

static gboolean
has_process (HmState state)
{
  return state == HM_STATE_RUNNING || state == HM_STATE_PAUSED || state == HM_STATE_SHUTTING_DOWN;
}

static void
add (HmMaybe *sum, HmMaybe part)
{
  sum->given = sum->given && part.given && g_uint64_checked_add (&sum->value, sum->value, part.value);
}

void
hm_host_sum (HmHost *host, const HmSnapshot *snapshot, guint unanswered)
{
  HmMaybe instances = { unanswered == 0, 0 }, vcpus = instances, memory = instances;

  for (guint i = 0; i < hm_snapshot_size (snapshot); i++)
    {
      const HmDomain *domain = hm_snapshot_get (snapshot, i);

      if (domain->resource->state == HM_STATE_UNKNOWN)
        instances.given = vcpus.given = memory.given = FALSE;
      if (!has_process (domain->resource->state))
        continue;
      add (&instances, HM_GIVEN (1));
      add (&vcpus, domain->vcpu_current);
      add (&memory, domain->balloon_current);
    }
  host->instances = instances;
  host->vcpus_allocated = vcpus;
  host->memory_allocated = memory;
  if (instances.given)
    host->got |= HM_FIELD_HOST_TOTALS;
}

/* The sums are as old as the domains' answers: their span is the whole read's. */
static void
take_totals (HmCycle *cycle, HmHost *host)
{
  const HmClock *clock = cycle->self->clock;

  hm_host_sum (host, cycle->snapshot, cycle->cost->unanswered);
  host->wall_ns = clock->wall (clock);
  host->boot_ns = clock->boot (clock);
  host->read_ns = clock->monotonic (clock) - cycle->begun_ns;
}

void
hm_cycle_add_host (HmCycle *cycle)
{
  HostJob *asked;
  HmHost *host;

  if (!(cycle->fields & HM_FIELDS_HOST))
    return;
  asked = ask (cycle, cycle->fields & (HM_FIELD_HOST_NODE | HM_FIELD_HOST_POOLS));
  if (asked == NULL && !(cycle->fields & HM_FIELD_HOST_TOTALS))
    return;
  host = hm_snapshot_add_host (cycle->snapshot);
  if (asked != NULL)
    {
      take (host, cycle->snapshot, asked);
      hm_job_unref (&asked->job);
    }
  if (cycle->fields & HM_FIELD_HOST_TOTALS)
    take_totals (cycle, host);
}
