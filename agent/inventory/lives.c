/* SPDX-License-Identifier: Apache-2.0 */
/* lives: see lives.h. The announcer tells of births, a read's composer has each domain marked. */
#include "agent/inventory/lives.h"

#include <string.h>

#include "agent/inventory/generation_private.h"
#include "metering/log.h"

/* An event that arrives so long after its effect was found is another one's. */
#define LATE_NS (5 * HM_NSEC_PER_SEC)
/* A guest says what it likes: how often its word alone may make the agent write to its disk. */
#define GUEST_PACE_NS (60 * HM_NSEC_PER_SEC)
/* Interfaces are named by addresses, which may be ever new ones. */
#define PARTS_MAX 256
#define NIC       "nic:"

/* -- births */

static guint
next_number (const HmKeptLife *kept)
{
  guint last = 0;

  for (guint i = 0; i < kept->parts->len; i++)
    last = MAX (last, ((const HmPartLife *)g_ptr_array_index (kept->parts, i))->number);
  return last + 1;
}

/* The interface that was plugged in longest ago is the one that is likeliest gone; disks have few names. */
static void
drop_oldest_nic (HmKeptLife *kept)
{
  const HmPartLife *oldest = NULL;
  guint at = 0;

  for (guint i = 0; i < kept->parts->len; i++)
    {
      const HmPartLife *part = g_ptr_array_index (kept->parts, i);

      if (!g_str_has_prefix (part->device, NIC) || (oldest != NULL && oldest->number < part->number))
        continue;
      oldest = part;
      at = i;
    }
  if (oldest != NULL)
    g_ptr_array_remove_index (kept->parts, at);
}

/* TRUE when @birth is told of the life that goes on: it was found to have begun, or what was read of it was read after the
 * event had arrived. */
static gboolean
is_late (HmGenerations *self, const char *id, const char *epoch, const HmBirth *birth)
{
  const HmKeptLife *kept = hm_kept_life_find (self, id, epoch);
  HmPartLife *part = kept != NULL ? hm_part_life_find (kept, birth->device) : NULL;
  gboolean was_found, was_read;

  if (birth->kind != HM_BIRTH_TOLD || part == NULL)
    return FALSE;
  was_found = part->found != HM_TIME_UNKNOWN && birth->time <= part->found + LATE_NS;
  was_read = part->read != HM_TIME_UNKNOWN && birth->time <= part->read;
  if (was_found)
    part->found = HM_TIME_UNKNOWN;
  return was_found || was_read;
}

/* A guest may reset itself without end: a life that was told, and of which nothing was read when the next one begins,
 * was none. Its number goes on, and nothing is written. */
static gboolean
is_renewed (HmGenerations *self, const char *id, const char *epoch, const HmBirth *birth)
{
  const HmKeptLife *kept = hm_kept_life_find (self, id, epoch);
  HmPartLife *part = kept != NULL ? hm_part_life_find (kept, birth->device) : NULL;

  if (birth->kind != HM_BIRTH_TOLD || part == NULL || part->is_used || part->start == HM_TIME_UNKNOWN)
    return FALSE;
  part->start = birth->start;
  part->boot_ns = birth->boot_ns;
  return TRUE;
}

/* What comes after a device was gone is the life that was to come, even if it was read before anybody told of it. */
static void
set_life (HmKeptLife *kept, const HmBirth *birth)
{
  guint number = next_number (kept);
  HmPartLife *part = hm_part_life_ensure (kept, birth->device);
  gboolean is_here = part->is_awaited && birth->kind != HM_BIRTH_TO_COME;

  if (!is_here)
    part->number = number;
  if (!is_here || !part->is_used)
    {
      part->start = birth->start;
      part->boot_ns = birth->boot_ns;
      part->read = HM_TIME_UNKNOWN;
      part->is_used = FALSE;
    }
  part->found = birth->kind == HM_BIRTH_FOUND ? birth->time : HM_TIME_UNKNOWN;
  part->is_awaited = birth->kind == HM_BIRTH_TO_COME;
}

static gboolean
begin (HmGenerations *self, const char *id, const char *epoch, const HmBirth *birth, GError **error)
{
  HmKeptLife *kept;

  if (is_late (self, id, epoch, birth) || is_renewed (self, id, epoch, birth))
    return TRUE;
  kept = hm_kept_life_edit (self, id, epoch);
  set_life (kept, birth);
  if (kept->parts->len > PARTS_MAX)
    drop_oldest_nic (kept);
  return hm_generations_keep (self, id, kept, error);
}

gboolean
hm_lives_begin (HmGenerations *self, const char *id, const char *epoch, const HmBirth *birth, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return begin (self, id, epoch, birth, error);
}

/* -- reads */

typedef struct
{
  HmGenerations *self;
  HmSnapshot *snapshot;
  HmDomain *domain;
  const HmKeptLife *kept; /* (nullable) */
  HmLastCounters *last;   /* (nullable) what to compare with */
} Take;

static HmPartLife *
part_of (const Take *take, const char *device)
{
  return take->kept != NULL ? hm_part_life_find (take->kept, device) : NULL;
}

/* What was zero cannot fall and says nothing. */
static gboolean
all_fell (const HmMaybe *before, const HmMaybe *now, guint n)
{
  guint fell = 0;

  for (guint i = 0; i < n; i++)
    {
      if (!now[i].given || !before[i].given || before[i].value == 0)
        continue;
      if (now[i].value >= before[i].value)
        return FALSE;
      fell++;
    }
  return fell > 0;
}

static void
remember (const Take *take, const char *device, guint number, const HmMaybe *values, guint n)
{
  HmPartCounters *counters = g_hash_table_lookup (take->last->parts, device);

  if (counters == NULL || counters->number != number)
    {
      counters = g_new0 (HmPartCounters, 1);
      counters->number = number;
      g_hash_table_replace (take->last->parts, g_strdup (device), counters);
    }
  for (guint i = 0; i < n; i++)
    if (values[i].given)
      counters->values[i] = values[i];
}

/* These counters began again, and nothing told it. Not kept, it is found again at the next read. */
static gboolean
begin_found (Take *take, const char *device)
{
  const HmDomain *domain = take->domain;
  const HmResource *resource = domain->resource;
  HmBirth birth = { .kind = HM_BIRTH_FOUND,
                    .device = device,
                    .start = HM_TIME_UNKNOWN,
                    .time = domain->wall_ns,
                    .boot_ns = domain->boot_ns - domain->read_ns };
  g_autoptr (GError) error = NULL;
  gboolean done = begin (take->self, resource->id, resource->epoch, &birth, &error);

  if (!done)
    hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = resource->id }, "%s", error->message);
  take->kept = hm_kept_life_find (take->self, resource->id, resource->epoch);
  return done;
}

static void
compare (Take *take, const char *device, const HmMaybe *values, guint n)
{
  const HmPartLife *part = part_of (take, device);
  guint number = part != NULL ? part->number : 0;
  const HmPartCounters *before;

  if (take->last == NULL)
    return;
  before = g_hash_table_lookup (take->last->parts, device);
  if (before != NULL && before->number == number && all_fell (before->values, values, n))
    {
      if (!begin_found (take, device))
        return;
      number = part_of (take, device)->number;
    }
  remember (take, device, number, values, n);
}

/* TRUE when a life of @device began after this read did, so that nobody can say which one it read. */
static gboolean
is_of_before (const Take *take, const char *device)
{
  const HmPartLife *part = part_of (take, device);

  return part != NULL && take->domain->boot_ns - take->domain->read_ns < part->boot_ns;
}

static void
use (const Take *take, HmPartLife *part)
{
  if (!part->is_used)
    part->read = take->domain->wall_ns - take->domain->read_ns;
  part->is_used = TRUE;
}

static HmLifeMark
mark_of (const Take *take, const char *device)
{
  HmPartLife *part = part_of (take, device);
  char epoch[16];

  if (part == NULL)
    return (HmLifeMark){ NULL, HM_TIME_UNKNOWN };
  use (take, part);
  g_snprintf (epoch, sizeof (epoch), "g%u", part->number);
  return (HmLifeMark){ hm_snapshot_text (take->snapshot, epoch), part->start };
}

static void
settle_disk (Take *take, HmDisk *disk)
{
  const HmMaybe values[] = { disk->rd_reqs,  disk->wr_reqs,  disk->fl_reqs,  disk->rd_bytes, disk->wr_bytes,
                             disk->rd_times, disk->wr_times, disk->fl_times, disk->errors };

  compare (take, disk->device, values, G_N_ELEMENTS (values));
  disk->life = mark_of (take, disk->device);
}

static void
take_disks (Take *take)
{
  HmDomain *domain = take->domain;
  HmDisk *disks = hm_snapshot_alloc (take->snapshot, domain->n_disks, sizeof (HmDisk));
  guint n = 0;

  for (guint i = 0; i < domain->n_disks; i++)
    {
      HmDisk *disk = &disks[n];

      *disk = domain->disks[i];
      if (is_of_before (take, disk->device))
        continue;
      settle_disk (take, disk);
      n++;
    }
  domain->disks = disks;
  domain->n_disks = n;
}

/* A tap's ifindex names its life already; when that began is the process's start, unless it was plugged in later. */
static void
settle_nic (Take *take, HmNic *nic)
{
  const HmMaybe values[] = { nic->rx_bytes, nic->rx_pkts, nic->rx_errs, nic->rx_drop,
                             nic->tx_bytes, nic->tx_pkts, nic->tx_errs, nic->tx_drop };
  HmPartLife *part = part_of (take, nic->device);

  if (nic->life.epoch != NULL)
    {
      if (part != NULL)
        use (take, part);
      nic->life.start = part != NULL ? part->start : take->domain->resource->epoch_start;
      return;
    }
  compare (take, nic->device, values, G_N_ELEMENTS (values));
  nic->life = mark_of (take, nic->device);
}

static void
take_nics (Take *take)
{
  HmDomain *domain = take->domain;
  HmNic *nics = hm_snapshot_alloc (take->snapshot, domain->n_nics, sizeof (HmNic));
  guint n = 0;

  for (guint i = 0; i < domain->n_nics; i++)
    {
      nics[n] = domain->nics[i];
      if (is_of_before (take, nics[n].device))
        continue;
      settle_nic (take, &nics[n]);
      n++;
    }
  domain->nics = nics;
  domain->n_nics = n;
}

static void
take_vcpus (Take *take)
{
  HmDomain *domain = take->domain;
  HmVcpu *vcpus = hm_snapshot_alloc (take->snapshot, domain->n_vcpus, sizeof (HmVcpu));

  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      HmVcpu *vcpu = &vcpus[i];

      *vcpu = domain->vcpus[i];
      compare (take, vcpu->device, (const HmMaybe[]){ vcpu->time, vcpu->wait, vcpu->delay }, 3);
      vcpu->life = mark_of (take, vcpu->device);
    }
  domain->vcpus = vcpus;
}

/* What was told of a life in the agent's run before is known by its start alone. Reports are told in whole seconds. */
static gboolean
is_older (HmMaybe update, HmTime start)
{
  gint64 second = start / HM_NSEC_PER_SEC + (start % HM_NSEC_PER_SEC != 0);

  return start != HM_TIME_UNKNOWN && (!update.given || update.value < (guint64)second);
}

/* The guest's word is as old as its driver's last report. Both ages are taken as of this read, so that a step of the
 * wall clock before it does not matter. */
static gboolean
is_report_of_before (const Take *take, const HmPartLife *part)
{
  const HmDomain *domain = take->domain;
  HmMaybe update = domain->balloon_last_update;
  gint64 age;

  if (part->boot_ns == 0)
    return is_older (update, part->start);
  if (!update.given || update.value > (guint64)domain->wall_ns / HM_NSEC_PER_SEC)
    return !update.given;
  age = domain->wall_ns - (gint64)update.value * HM_NSEC_PER_SEC;
  return age >= domain->boot_ns - part->boot_ns;
}

static void
take_guest (Take *take)
{
  HmDomain *domain = take->domain;
  const HmPartLife *part = part_of (take, HM_LIVES_GUEST);
  const HmMaybe values[] = { domain->swap_in, domain->swap_out, domain->major_fault, domain->minor_fault };

  if (part != NULL && is_report_of_before (take, part))
    {
      domain->swap_in = domain->swap_out = domain->major_fault = domain->minor_fault = HM_ABSENT;
      return;
    }
  if (part == NULL || part->boot_ns == 0 || domain->boot_ns - part->boot_ns >= GUEST_PACE_NS)
    compare (take, HM_LIVES_GUEST, values, G_N_ELEMENTS (values));
  else if (take->last != NULL)
    remember (take, HM_LIVES_GUEST, part->number, values, G_N_ELEMENTS (values));
  domain->guest = mark_of (take, HM_LIVES_GUEST);
}

void
hm_lives_take (HmGenerations *self, HmSnapshot *snapshot, HmDomain *domain, gboolean fell)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const HmResource *resource = domain->resource;
  HmLastCounters *last = g_hash_table_lookup (self->last, resource->id);
  Take take = { .self = self, .snapshot = snapshot, .domain = domain };

  if (resource->epoch == NULL)
    return;
  take.kept = hm_kept_life_find (self, resource->id, resource->epoch);
  if (!fell && last != NULL && strcmp (last->epoch, resource->epoch) == 0)
    take.last = last;
  take_disks (&take);
  take_nics (&take);
  take_vcpus (&take);
  take_guest (&take);
}
