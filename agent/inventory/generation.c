/* SPDX-License-Identifier: Apache-2.0 */
/* generation: notices that all counters of a domain fell at once, and keeps the number that says so.
 *
 * The reading thread asks for each domain of a snapshot; the inventory's worker reads the number when it
 * names an epoch. */
#include "agent/inventory/generation_private.h"

#include <string.h>

static void
free_kept (gpointer data)
{
  hm_kept_life_free (data);
}

static void
free_last (gpointer data)
{
  HmLastCounters *last = data;

  g_free (last->epoch);
  g_hash_table_unref (last->parts);
  g_free (last);
}

HmGenerations *
hm_generations_new (const char *state_dir, GError **error)
{
  g_autoptr (HmGenerations) self = g_new0 (HmGenerations, 1);

  g_mutex_init (&self->lock);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_kept);
  self->last = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_last);
  if (state_dir != NULL)
    {
      self->path = g_build_filename (state_dir, HM_GENERATIONS_FILE, NULL);
      if (!hm_generations_load (self, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
hm_generations_free (HmGenerations *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->kept);
  g_hash_table_unref (self->last);
  g_free (self->path);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint
hm_generations_get (HmGenerations *self, const char *id, const char *life)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const HmKeptLife *kept = g_hash_table_lookup (self->kept, id);

  return kept != NULL && strcmp (kept->life, life) == 0 ? kept->generation : 0;
}

/* -- noticing */

static void
add (HmMaybe *sum, HmMaybe value)
{
  if (!value.given)
    return;
  sum->value = (sum->given ? sum->value : 0) + value.value;
  sum->given = TRUE;
}

static void
sum_up (const HmDomain *domain, HmMaybe sums[HM_N_SUMS])
{
  add (&sums[HM_SUM_CPU], domain->cpu_time);
  for (guint i = 0; i < domain->n_vcpus; i++)
    add (&sums[HM_SUM_VCPUS], domain->vcpus[i].time);
  for (guint i = 0; i < domain->n_disks; i++)
    {
      add (&sums[HM_SUM_DISKS], domain->disks[i].rd_bytes);
      add (&sums[HM_SUM_DISKS], domain->disks[i].wr_bytes);
    }
  for (guint i = 0; i < domain->n_nics; i++)
    {
      add (&sums[HM_SUM_NICS], domain->nics[i].rx_bytes);
      add (&sums[HM_SUM_NICS], domain->nics[i].tx_bytes);
    }
}

/* What was zero cannot fall and says nothing. */
static gboolean
all_fell (const HmMaybe before[HM_N_SUMS], const HmMaybe now[HM_N_SUMS])
{
  guint fell = 0;

  for (guint i = 0; i < HM_N_SUMS; i++)
    {
      if (!now[i].given || !before[i].given || before[i].value == 0)
        continue;
      if (now[i].value >= before[i].value)
        return FALSE;
      fell++;
    }
  return fell >= 2 && now[HM_SUM_CPU].given && before[HM_SUM_CPU].given
         && now[HM_SUM_CPU].value < before[HM_SUM_CPU].value;
}

static void
remember (HmGenerations *self, const HmResource *resource, HmLastCounters *last, const HmMaybe now[HM_N_SUMS])
{
  if (last == NULL || g_strcmp0 (last->epoch, resource->epoch) != 0)
    {
      last = g_new0 (HmLastCounters, 1);
      last->epoch = g_strdup (resource->epoch);
      last->parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_replace (self->last, g_strdup (resource->id), last);
    }
  for (guint i = 0; i < HM_N_SUMS; i++)
    if (now[i].given)
      last->sums[i] = now[i];
}

gboolean
hm_generations_fell (HmGenerations *self, const HmDomain *domain)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const HmResource *resource = domain->resource;
  HmLastCounters *last = g_hash_table_lookup (self->last, resource->id);
  HmMaybe now[HM_N_SUMS] = { HM_ABSENT };
  gboolean fell;

  if (resource->epoch == NULL)
    return FALSE;
  sum_up (domain, now);
  fell = last != NULL && g_strcmp0 (last->epoch, resource->epoch) == 0 && all_fell (last->sums, now);
  /* One that fell is remembered by the raise alone: until then the next read must be found to have fallen too. */
  if (!fell)
    remember (self, resource, last, now);
  return fell;
}

/* -- raising */

gboolean
hm_generations_raise (HmGenerations *self, const char *id, const char *epoch, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  HmKeptLife *kept = hm_kept_life_edit (self, id, epoch);

  kept->generation++;
  /* Whatever began again did so now, its parts too. */
  for (guint i = 0; i < kept->parts->len; i++)
    ((HmPartLife *)g_ptr_array_index (kept->parts, i))->start = HM_TIME_UNKNOWN;
  if (!hm_generations_keep (self, id, kept, error))
    return FALSE;
  g_hash_table_remove (self->last, id);
  return TRUE;
}

void
hm_generations_drop (HmGenerations *self, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_hash_table_remove (self->last, id);
}

gboolean
hm_generations_forget (HmGenerations *self, const char *id, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_hash_table_remove (self->last, id);
  return !g_hash_table_contains (self->kept, id) || hm_generations_keep (self, id, NULL, error);
}
