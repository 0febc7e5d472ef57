/* SPDX-License-Identifier: Apache-2.0 */
/* announce_build: makes an instance of what was seen of a domain: the XML's part, the epoch of its counters,
 * those of its taps. The announcer calls it, on the watch's thread; it reads /proc and /sys and asks libvirt
 * nothing. */
#include "agent/inventory/announce_private.h"

#include <string.h>

#include "agent/inspector/process_stat.h"
#include "metering/log.h"

/* A domain is listed before its process exists; after this long there is none to be seen from here. */
#define PROCESS_PATIENCE_NS (5 * HM_NSEC_PER_SEC)
#define UNKNOWN_DOMAIN      "<domain/>"

/* Since when the process of @id is missing; begins to count when it was not. */
static gint64
missing_for (HmAnnouncer *self, const char *id)
{
  gint64 now = self->options.clock->monotonic (self->options.clock);
  const gint64 *since = g_hash_table_lookup (self->processes, id);

  if (since == NULL)
    g_hash_table_replace (self->processes, g_strdup (id), g_memdup2 (&now, sizeof (now)));
  return since != NULL ? now - *since : 0;
}

static void
set_epoch (HmAnnouncer *self, HmResource *resource, const char *life, HmTime start, const HmResource *before)
{
  guint generation = hm_generations_get (self->options.generations, resource->id, life);

  resource->epoch = hm_epoch_text (life, generation);
  resource->epoch_start = generation == 0 ? start : HM_TIME_UNKNOWN;
  /* The clocks' difference moves by nanoseconds from one look to the next; the start of a life does not. */
  if (before != NULL && g_strcmp0 (before->epoch, resource->epoch) == 0)
    resource->epoch_start = before->epoch_start;
}

static void
keep_kind (HmInstance *instance, const HmInstance *before)
{
  instance->kind = before->kind;
  instance->pid = before->pid;
  instance->start_ticks = before->start_ticks;
}

static gboolean
is_of_this_boot (const HmAnnouncer *self, const char *epoch)
{
  gsize length = strlen (self->boot_id);

  return strncmp (epoch, self->boot_id, length) == 0 && epoch[length] == ':';
}

/* The domain ids of guests that run outlast libvirtd, so the same one is the same start of the domain. Does it name
 * another one after all (libvirtd began to count anew while no agent ran), what that counts is held against the life
 * of before and too little is told of it; under a new name the counters of one that goes on would be told twice. */
static gboolean
goes_on_unseen (const HmAnnouncer *self, const HmInstance *instance, const HmInstance *before)
{
  return before != NULL && before->domain_id == instance->domain_id && before->resource->epoch != NULL
         && is_of_this_boot (self, before->resource->epoch);
}

/* The same start of the domain as before, whatever told its life then. libvirtd goes on to see the process that is
 * hidden from this run of the agent, and has the same counters of it. */
static void
continue_life (HmAnnouncer *self, HmInstance *instance, const HmInstance *before)
{
  const char *epoch = before->resource->epoch;
  g_autofree char *life = g_strndup (epoch, (gsize)(strrchr (epoch, ':') - epoch));

  keep_kind (instance, before);
  if (before->is_remembered)
    instance->kind.by_process = FALSE;
  set_epoch (self, instance->resource, life, before->resource->epoch_start, before->resource);
}

/* Whether the process has a cgroup of its own is not to be seen either, but libvirtd knows, and reads one source
 * throughout for its bulk group. Other drivers have no such group. */
static void
settle_on_domain_id (HmAnnouncer *self, HmInstance *instance, const char *life, const HmInstance *before)
{
  instance->kind.in_cgroup = self->options.has_processes;
  set_epoch (self, instance->resource, life, HM_TIME_UNKNOWN, before != NULL ? before->resource : NULL);
}

/* A running domain of this machine whose process is not to be seen: not yet, so it stays without an epoch and
 * is not read, or not at all (its processes are hidden from the agent), so that the domain id has to do. */
static void
set_epoch_without_process (HmAnnouncer *self, HmInstance *instance, const HmInstance *before)
{
  const char *id = instance->resource->id;
  g_autofree char *life = hm_life_of_domain_id (self->boot_id, instance->domain_id);

  if (goes_on_unseen (self, instance, before))
    {
      continue_life (self, instance, before);
      return;
    }
  if (missing_for (self, id) < PROCESS_PATIENCE_NS)
    {
      hm_announcer_suspect (self, id);
      return;
    }
  hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = id },
          "%s: no process with its UUID to be seen, its counters' life is told by libvirt's domain id",
          instance->name);
  settle_on_domain_id (self, instance, life, before);
}

static gboolean
is_told_by_domain_id (const HmInstance *before, const char *life)
{
  const char *epoch = before != NULL ? before->resource->epoch : NULL;
  gsize length = strlen (life);

  return epoch != NULL && strncmp (epoch, life, length) == 0 && epoch[length] == ':';
}

/* The domain ran in this process when it was known last. */
static gboolean
was_known (const HmAnnouncer *self, const HmInstance *before, const HmProcess *process)
{
  HmTime seen = hm_inventory_last_seen (self->options.inventory, hm_instance_id (before));

  return hm_process_start (process, self->options.clock) < MAX (seen, before->looked);
}

/* Once a life is told by the domain id it stays so, though its process may be seen later: also in the next run of the
 * agent, unless that process shows that the domain was started anew under the same id. */
static gboolean
stays_with_domain_id (HmAnnouncer *self, const HmInstance *instance, const HmInstance *before,
                      const char *life)
{
  HmProcess process;

  if (!is_told_by_domain_id (before, life))
    return FALSE;
  return !before->is_remembered
         || !hm_process_find (self->finder, hm_instance_id (instance), instance->name, &process)
         || was_known (self, before, &process);
}

static gboolean
is_same_life (const HmInstance *instance, const HmInstance *before)
{
  return before != NULL && before->domain_id == instance->domain_id
         && g_strcmp0 (before->resource->epoch, instance->resource->epoch) == 0;
}

/* Once in a life: two sources of one counter never alternate. */
static void
settle_kind (HmAnnouncer *self, HmInstance *instance, const HmProcess *process)
{
  g_auto (HmProcessAccount) account = { 0 };

  instance->kind.in_cgroup = process->in_cgroup;
  instance->kind.by_process
      = hm_process_account_read (self->root, process->pid, process->start_ticks, &account)
        && account.vcpus->len > 0;
  instance->pid = process->pid;
  instance->start_ticks = process->start_ticks;
}

static void
settle_on_process (HmAnnouncer *self, HmInstance *instance, const HmProcess *process,
                   const HmInstance *before)
{
  g_autofree char *life = hm_life_of_process (self->boot_id, process);
  const HmResource *old = before != NULL ? before->resource : NULL;

  g_hash_table_remove (self->processes, instance->resource->id);
  set_epoch (self, instance->resource, life, hm_process_start (process, self->options.clock), old);
  if (is_same_life (instance, before))
    keep_kind (instance, before);
  else
    settle_kind (self, instance, process);
}

static void
settle_epoch (HmAnnouncer *self, HmInstance *instance, const HmInstance *before)
{
  HmResource *resource = instance->resource;
  g_autofree char *life = NULL;
  HmProcess process;

  if (instance->domain_id < 0)
    return;
  life = hm_life_of_domain_id (self->boot_id, instance->domain_id);
  if (!self->options.has_processes || stays_with_domain_id (self, instance, before, life))
    settle_on_domain_id (self, instance, life, before);
  else if (hm_process_find (self->finder, resource->id, instance->name, &process))
    settle_on_process (self, instance, &process, before);
  else
    set_epoch_without_process (self, instance, before);
}

/* Within one life of the domain a tap that had no epoch gets none, and one that had keeps it where it cannot
 * be read now: coming and going would look like counters that began again. */
static void
settle_device_epoch (HmAnnouncer *self, HmDevice *device, const HmInstance *before)
{
  const HmDevice *old
      = before != NULL ? hm_instance_find_device (before, HM_DEVICE_NIC, device->target) : NULL;

  if (old != NULL && old->epoch == NULL)
    return;
  device->epoch = hm_tap_epoch (self->root, device->target, device->mac);
  if (device->epoch == NULL && old != NULL)
    device->epoch = g_strdup (old->epoch);
}

static void
settle_devices (HmAnnouncer *self, HmInstance *instance, const HmInstance *before)
{
  gboolean same_life = is_same_life (instance, before);

  for (guint i = 0; i < instance->devices->len; i++)
    {
      HmDevice *device = g_ptr_array_index (instance->devices, i);

      if (device->kind == HM_DEVICE_NIC && device->target != NULL)
        settle_device_epoch (self, device, same_life ? before : NULL);
    }
}

static void
tell_problem (const HmInstance *instance, const HmInstance *before)
{
  if (instance->problem == NULL || (before != NULL && g_strcmp0 (before->problem, instance->problem) == 0))
    return;
  hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = instance->resource->id },
          "%s: %s; metered as %s's", instance->name, instance->problem, instance->resource->project);
}

HmInstance *
hm_announcer_build (HmAnnouncer *self, const HmSeenDomain *seen, const HmInstance *before, HmState state)
{
  HmMetadata *metadata = hm_metadata_read (seen->id, seen->name, seen->xml, self->owners);
  HmInstance *instance = hm_instance_new (metadata, seen->name, seen->domain_id);

  instance->persistent = seen->persistent;
  instance->has_migrated = before != NULL && before->has_migrated && seen->domain_id < 0;
  instance->looked = self->options.clock->wall (self->options.clock);
  instance->resource->state = state;
  settle_epoch (self, instance, before);
  settle_devices (self, instance, before);
  hm_announcer_settle_lives (self, instance, before);
  tell_problem (instance, before);
  return instance;
}

HmInstance *
hm_announcer_build_unseen (HmAnnouncer *self, const HmHappening *happening)
{
  HmMetadata *metadata = hm_metadata_read (happening->id, happening->name, UNKNOWN_DOMAIN, self->owners);
  HmInstance *instance = hm_instance_new (metadata, happening->name, -1);

  instance->resource->state = happening->state;
  return instance;
}
