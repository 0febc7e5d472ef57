/* SPDX-License-Identifier: Apache-2.0 */
/* announce_say: what is said of an instance, with which times and which values.
 *
 * The announcer's other files call it, and the watch, on the watch's thread. The end of a life says when its counters
 * were read last, as what they counted after that is not known; values go with it only where they are the last that could
 * be read, because the guest's CPUs stood still from then on. */
#include "agent/inventory/announce_private.h"
#include "agent/inventory/counters.h"

/* A clock that was set back would make the state before end after this. */
static HmTime
not_after (HmTime moment, HmTime time)
{
  return moment <= time ? moment : HM_TIME_UNKNOWN;
}

static HmDomainEvent
new_event (HmAnnouncer *self, const char *event, const HmInstance *instance, HmTime time, gboolean compared)
{
  const char *id = hm_instance_id (instance);

  return (HmDomainEvent){
    .event = event,
    .resource = instance->resource,
    .time = time,
    .not_before = not_after (hm_inventory_last_seen (self->options.inventory, id), time),
    .compared = compared,
    .last_read = HM_TIME_UNKNOWN,
  };
}

static void
tell (HmAnnouncer *self, const HmDomainEvent *event)
{
  if (self->options.on_event != NULL)
    self->options.on_event (event, self->options.user);
}

void
hm_announcer_say (HmAnnouncer *self, const char *event, const HmInstance *instance, const char *device,
                  HmTime time, gboolean compared)
{
  HmDomainEvent told = new_event (self, event, instance, time, compared);

  told.device = device;
  tell (self, &told);
}

/* A read shows the state, not whose the instance is: while events were missed, that may have changed at any time since. */
static void
say_change (HmAnnouncer *self, const char *event, const HmInstance *instance, HmTime time, gboolean compared)
{
  HmDomainEvent told = new_event (self, event, instance, time, compared);

  if (compared && told.not_before != HM_TIME_UNKNOWN)
    told.not_before = MIN (told.not_before, self->heard);
  tell (self, &told);
}

/* @before (nullable): what was announced of it so far. Each process describes what it tells of, as the last one's record may have
 * died with it. */
void
hm_announcer_say_changes (HmAnnouncer *self, const HmInstance *before, const HmInstance *instance,
                          HmTime time, gboolean compared)
{
  guint changes = before != NULL ? hm_instance_compare (before, instance) : 0;

  if (before == NULL || before->is_remembered)
    changes |= HM_CHANGED_DESCRIPTION;
  if (changes & HM_CHANGED_DESCRIPTION)
    say_change (self, "described", instance, time, compared);
  if (changes & HM_CHANGED_OWNER)
    say_change (self, "owner-changed", instance, time, compared);
  if (changes & HM_CHANGED_FLAVOR)
    say_change (self, "flavor-changed", instance, time, compared);
}

HmFields
hm_announcer_moments (HmAnnouncer *self)
{
  return self->options.moments != NULL ? self->options.moments (self->options.user) : 0;
}

/* The last values, if they are of the life that ends; takes them. */
static HmSnapshot *
take_held (HmAnnouncer *self, const HmInstance *before)
{
  g_autofree char *id = NULL;
  HmSnapshot *snapshot = NULL;

  if (!g_hash_table_steal_extended (self->held, hm_instance_id (before), (gpointer *)&id,
                                    (gpointer *)&snapshot))
    return NULL;
  if (g_strcmp0 (hm_snapshot_get (snapshot, 0)->resource->epoch, before->resource->epoch) == 0)
    return snapshot;
  hm_snapshot_free (snapshot);
  return NULL;
}

/* The fields of which a poll told a later value than @domain's: after that one, this would seem to step back. */
static HmFields
told_later (HmAnnouncer *self, const HmDomain *domain)
{
  HmFields later = 0;
  HmReadTimes reads;

  hm_inventory_read_times (self->options.inventory, domain->resource->id, &reads);
  for (guint i = 0; i < HM_FIELD_COUNT; i++)
    if (reads.of[i] > domain->wall_ns)
      later |= 1u << i;
  return later;
}

static HmTime
last_read_of (HmAnnouncer *self, const HmInstance *instance)
{
  HmReadTimes reads;

  hm_inventory_read_times (self->options.inventory, hm_instance_id (instance), &reads);
  return hm_counters_last_read (instance, hm_announcer_moments (self), &reads);
}

/* The values are of the life that has ended, so the record is in its epoch. Where time was told later, they are told as of what
 * has no process any more and so no uptime. */
static void
tell_values (HmAnnouncer *self, HmDomainEvent *told, HmDomain *values, gboolean has_time)
{
  g_autoptr (HmResource) resource = hm_resource_copy (told->resource);

  g_free (resource->epoch);
  resource->epoch = g_strdup (values->resource->epoch);
  resource->epoch_start = values->resource->epoch_start;
  if (!has_time)
    values->resource = resource;
  told->resource = resource;
  told->values = values;
  tell (self, told);
}

/* @held: of the life that ends. FALSE when all of its counters were told later. */
static gboolean
tell_held (HmAnnouncer *self, HmDomainEvent *told, HmSnapshot *held, const HmInstance *before)
{
  HmFields later = told_later (self, hm_snapshot_get (held, 0));
  HmDomain values = hm_counters_without (held, later);
  HmFields given = hm_counters_given (&values) & ~later;

  if (given == 0)
    return FALSE;
  hm_inventory_note_read (self->options.inventory, hm_instance_id (before), given, values.wall_ns);
  told->last_read = MIN (last_read_of (self, before), told->time);
  tell_values (self, told, &values, (given & HM_FIELD_STATE) != 0);
  return TRUE;
}

void
hm_announcer_say_end (HmAnnouncer *self, const HmEnd *end)
{
  HmDomainEvent told = new_event (self, end->event, end->after, end->time, end->compared);
  gboolean has_lived = end->before != NULL && end->before->resource->epoch != NULL;
  g_autoptr (HmSnapshot) held = has_lived ? take_held (self, end->before) : NULL;

  if (held != NULL && tell_held (self, &told, held, end->before))
    return;
  if (has_lived)
    told.last_read = not_after (last_read_of (self, end->before), end->time);
  tell (self, &told);
}

/* The end of its hour comes early: nobody will know of it then. */
void
hm_announcer_say_gone (HmAnnouncer *self, const char *event, const HmInstance *instance, HmState state,
                       HmTime time, gboolean compared)
{
  g_autoptr (HmInstance) last = hm_instance_with_state (instance, state, -1);
  HmEnd end = { .event = event, .before = instance, .after = last, .time = time, .compared = compared };

  hm_announcer_say_end (self, &end);
  hm_announcer_say (self, "exists", last, NULL, time, TRUE);
}

/* -- values */

HmInstance *
hm_announcer_instance (HmAnnouncer *self, const char *id)
{
  return hm_inventory_get (self->options.inventory, id);
}

void
hm_announcer_hear (HmAnnouncer *self, HmTime until)
{
  self->heard = until;
}

/* Of the same life, and with counters that @domain lacks: a QEMU that exits leaves out what it told before. */
static gboolean
has_more (const HmDomain *held, const HmDomain *domain)
{
  return g_strcmp0 (held->resource->epoch, domain->resource->epoch) == 0
         && (hm_counters_given (held) & ~hm_counters_given (domain)) != 0;
}

void
hm_announcer_hold (HmAnnouncer *self, HmSnapshot *snapshot)
{
  const HmDomain *domain = hm_snapshot_get (snapshot, 0);
  const char *id = domain->resource->id;
  HmSnapshot *held = g_hash_table_lookup (self->held, id);

  if (held != NULL && has_more (hm_snapshot_get (held, 0), domain))
    hm_snapshot_free (snapshot);
  else
    g_hash_table_replace (self->held, g_strdup (id), snapshot);
}

gboolean
hm_announcer_was_read (HmAnnouncer *self, const char *id)
{
  HmReadTimes reads;

  hm_inventory_read_times (self->options.inventory, id, &reads);
  for (guint i = 0; i < HM_FIELD_COUNT; i++)
    if (reads.of[i] != HM_TIME_UNKNOWN)
      return TRUE;
  return FALSE;
}

void
hm_announcer_tell_first (HmAnnouncer *self, const HmDomain *domain)
{
  hm_inventory_note_read (self->options.inventory, domain->resource->id, hm_counters_given (domain),
                          domain->wall_ns);
  if (self->options.on_read != NULL)
    self->options.on_read (domain, self->options.user);
}

/* -- audit */

void
hm_announcer_audit (HmAnnouncer *self)
{
  g_autoptr (GPtrArray) all = hm_inventory_list (self->options.inventory);
  HmTime time = self->options.clock->wall (self->options.clock);

  for (guint i = 0; i < all->len; i++)
    {
      const HmInstance *instance = g_ptr_array_index (all, i);

      if (!instance->has_migrated && !instance->is_remembered)
        hm_announcer_say (self, "exists", instance, NULL, time, TRUE);
    }
}
