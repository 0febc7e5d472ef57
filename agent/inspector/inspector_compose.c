/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_compose: from what the lanes brought to the finished snapshot.
 *
 * Each domain gets owner, epoch and devices from the inventory. What the inventory does not know yet, or
 * knows in another life, the watch is asked to look at first, so `described` always precedes a sample and no
 * counter is ever told under the epoch of another process. */
#include "agent/inspector/inspector_cycle.h"

#include "agent/inventory/counters.h"
#include "agent/inspector/inspector_look.h"
#include "agent/inventory/lives.h"
#include "metering/log.h"

/* What was told before the answers came is taken in first, so that a sample never says the owner of before an
 * event that is older than itself; but a storm of events does not hold it up for long. */
#define EVENTS_US (G_USEC_PER_SEC)

/* Is @instance (nullable) known well enough for what was read of that domain? */
static gboolean
is_known (const HmInstance *instance, const HmReading *read)
{
  return instance != NULL && !instance->is_remembered && instance->domain_id == read->domain_id
         && (instance->domain_id < 0 || instance->resource->epoch != NULL);
}

static HmState
state_of (const HmStatsDecoder *decoder, const HmReading *read, const HmInstance *instance)
{
  HmMaybe state = hm_stats_decoder_state (decoder);

  if (state.given)
    return hm_state_of_virt ((int)MIN (state.value, G_MAXINT));
  return read->domain_id < 0 ? HM_STATE_SHUTOFF : instance->resource->state;
}

/* The resource as the read showed it: an event that tells the state may still be on its way, or have been
 * missed. */
static HmResource *
resource_in_state (HmLibvirtInspector *self, const HmInstance *instance, HmState state)
{
  HmResource *resource;

  if (state == instance->resource->state || state == HM_STATE_UNKNOWN)
    return hm_resource_ref (instance->resource);
  hm_watch_look (self->watch, hm_instance_id (instance));
  resource = hm_resource_copy (instance->resource);
  resource->state = state;
  return resource;
}

static void
add_domain (HmCycle *cycle, const HmReading *read, const HmInstance *instance)
{
  HmLibvirtInspector *self = cycle->self;
  HmState state = state_of (self->decoder, read, instance);
  g_autoptr (HmResource) resource = resource_in_state (self, instance, state);
  HmDomain *domain = hm_snapshot_add (cycle->snapshot, resource, instance->name);
  gboolean fell;

  domain->wall_ns = read->wall_ns;
  domain->boot_ns = read->boot_ns;
  domain->read_ns = read->ended_ns - read->begun_ns;
  hm_stats_decoder_write (self->decoder, instance, cycle->snapshot, domain);
  hm_inventory_seen (self->inventory, read->id, state, read->wall_ns);
  fell = hm_generations_fell (self->generations, domain);
  hm_lives_take (self->generations, cycle->snapshot, domain, fell);
  hm_inventory_note_read (self->inventory, read->id, hm_counters_given (domain), read->wall_ns);
  if (fell)
    g_ptr_array_add (cycle->fallen, domain);
}

/* FALSE when the watch must look at the domain first; with @is_last that is a domain less. */
static gboolean
put (HmCycle *cycle, const HmReading *read, gboolean is_last)
{
  HmLibvirtInspector *self = cycle->self;
  g_autoptr (HmInstance) instance = hm_inventory_get (self->inventory, read->id);

  if (!read->has_answered || !is_known (instance, read))
    {
      if (is_last)
        cycle->cost->unanswered++;
      return FALSE;
    }
  if (instance->has_migrated)
    return TRUE; /* what it is, its new host tells */
  hm_reading_decode (read, instance, self->decoder);
  if (!is_last && !hm_stats_decoder_fits (self->decoder, instance))
    return FALSE;
  add_domain (cycle, read, instance);
  return TRUE;
}

static void
put_share (HmCycle *cycle, HmShare *share)
{
  for (guint i = 0; i < share->readings->len; i++)
    if (!put (cycle, g_ptr_array_index (share->readings, i), FALSE))
      g_ptr_array_add (cycle->later, g_ptr_array_index (share->readings, i));
}

static void
put_later (HmCycle *cycle)
{
  HmWatch *watch = cycle->self->watch;

  if (cycle->later->len == 0)
    return;
  for (guint i = 0; i < cycle->later->len; i++)
    hm_watch_look (watch, ((const HmReading *)g_ptr_array_index (cycle->later, i))->id);
  hm_watch_settle (watch, cycle->deadline_us);
  for (guint i = 0; i < cycle->later->len; i++)
    put (cycle, g_ptr_array_index (cycle->later, i), TRUE);
}

/* The counters of these began again within one life: they get a new generation, and this read is its first.
 */
static void
raise_generations (HmCycle *cycle)
{
  HmLibvirtInspector *self = cycle->self;

  for (guint i = 0; i < cycle->fallen->len; i++)
    {
      const HmResource *resource = ((const HmDomain *)g_ptr_array_index (cycle->fallen, i))->resource;
      g_autoptr (GError) error = NULL;

      if (hm_generations_raise (self->generations, resource->id, resource->epoch, &error))
        hm_watch_look (self->watch, resource->id);
      else
        hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = resource->id }, "%s", error->message);
    }
  if (cycle->fallen->len > 0)
    hm_watch_settle (self->watch, cycle->deadline_us);
  for (guint i = 0; i < cycle->fallen->len; i++)
    {
      HmDomain *domain = g_ptr_array_index (cycle->fallen, i);
      g_autoptr (HmInstance) instance = hm_inventory_get (self->inventory, domain->resource->id);

      if (instance == NULL)
        continue;
      hm_resource_unref (domain->resource);
      domain->resource = hm_resource_ref (instance->resource);
    }
}

void
hm_cycle_compose (HmCycle *cycle)
{
  HmLibvirtInspector *self = cycle->self;

  hm_watch_settle (self->watch, MIN (cycle->deadline_us, g_get_monotonic_time () + EVENTS_US));
  for (guint i = 0; i < cycle->n_lanes; i++)
    if (self->slots[i].share != NULL)
      put_share (cycle, self->slots[i].share);
  if (cycle->spared != NULL)
    put_share (cycle, cycle->spared);
  put_later (cycle);
  raise_generations (cycle);
  cycle->cost->wall_ns = cycle->ended_ns - cycle->begun_ns;
}
