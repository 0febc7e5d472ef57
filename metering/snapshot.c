/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: the container of one read of the hypervisor.
 *
 * An inspector fills it on its reading thread and hands it over whole; pollsters then read it on their
 * workers. Everything in it lives exactly as long as it does. */
#include "metering/snapshot.h"

#include "metering/arena.h"

struct HmSnapshot
{
  HmArena *arena;
  GPtrArray *domains; /* (element-type HmDomain), memory of the arena */
  HmHost *host;       /* (nullable) of the arena */
  HmReadCost cost;
};

static void
release_domain (gpointer data)
{
  HmDomain *domain = data;

  hm_resource_unref (domain->resource);
}

HmSnapshot *
hm_snapshot_new (void)
{
  HmSnapshot *snapshot = g_new0 (HmSnapshot, 1);

  snapshot->arena = hm_arena_new ();
  snapshot->domains = g_ptr_array_new_with_free_func (release_domain);
  return snapshot;
}

void
hm_snapshot_free (HmSnapshot *snapshot)
{
  if (snapshot == NULL)
    return;
  g_ptr_array_unref (snapshot->domains);
  hm_arena_free (snapshot->arena);
  g_free (snapshot);
}

HmDomain *
hm_snapshot_add (HmSnapshot *snapshot, HmResource *resource, const char *name)
{
  HmDomain *domain = hm_arena_alloc (snapshot->arena, sizeof (HmDomain));

  domain->resource = hm_resource_ref (resource);
  domain->name = hm_arena_text (snapshot->arena, name);
  domain->wall_ns = HM_TIME_UNKNOWN;
  g_ptr_array_add (snapshot->domains, domain);
  return domain;
}

const char *
hm_snapshot_text (HmSnapshot *snapshot, const char *text)
{
  return hm_arena_text (snapshot->arena, text);
}

gpointer
hm_snapshot_alloc (HmSnapshot *snapshot, gsize n, gsize size)
{
  g_assert (size == 0 || n <= G_MAXSIZE / 2 / size);
  return hm_arena_alloc (snapshot->arena, n * size);
}

HmHost *
hm_snapshot_add_host (HmSnapshot *snapshot)
{
  snapshot->host = hm_arena_alloc (snapshot->arena, sizeof (HmHost));
  snapshot->host->wall_ns = HM_TIME_UNKNOWN;
  return snapshot->host;
}

const HmHost *
hm_snapshot_host (const HmSnapshot *snapshot)
{
  return snapshot->host;
}

guint
hm_snapshot_size (const HmSnapshot *snapshot)
{
  return snapshot->domains->len;
}

const HmDomain *
hm_snapshot_get (const HmSnapshot *snapshot, guint i)
{
  g_assert (i < snapshot->domains->len);
  return g_ptr_array_index (snapshot->domains, i);
}

HmReadCost *
hm_snapshot_cost (HmSnapshot *snapshot)
{
  return &snapshot->cost;
}
