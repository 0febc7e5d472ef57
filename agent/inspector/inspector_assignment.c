/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_assignment: deals the instances out to the lanes of one read. The reading thread makes it, the
 * lanes look things up in it; it never changes. */
#include "agent/inspector/inspector_assignment.h"

#include "agent/inspector/plan.h"

/* in_cgroup, by_process */
#define N_KINDS 4

struct HmAssignment
{
  GPtrArray *instances;
  GHashTable *places; /* id → index + 1 */
  guint *lanes;       /* by index */
  guint *shares;      /* by lane, and one for those that are spared */
  guint n_lanes;
  gboolean has[N_KINDS];
  gint refs;
};

static guint
index_of (HmDomainKind kind)
{
  return (kind.in_cgroup ? 1 : 0) + (kind.by_process ? 2 : 0);
}

static HmDomainKind
kind_at (guint index)
{
  return (HmDomainKind){ .in_cgroup = (index & 1) != 0, .by_process = (index & 2) != 0 };
}

HmAssignment *
hm_assignment_new (GPtrArray *instances, guint n_lanes)
{
  HmAssignment *self = g_new0 (HmAssignment, 1);
  guint n = 0;

  self->instances = g_ptr_array_ref (instances);
  self->places = g_hash_table_new (g_str_hash, g_str_equal);
  self->lanes = g_new0 (guint, instances->len + 1);
  self->shares = g_new0 (guint, n_lanes + 1);
  self->n_lanes = n_lanes;
  self->refs = 1;
  for (guint i = 0; i < instances->len; i++)
    {
      HmInstance *instance = g_ptr_array_index (instances, i);

      g_hash_table_insert (self->places, instance->resource->id, GUINT_TO_POINTER (i + 1));
      if (instance->domain_id < 0)
        continue;
      self->has[index_of (instance->kind)] = TRUE;
      self->shares[n % n_lanes]++;
      self->lanes[i] = n++ % n_lanes;
    }
  return self;
}

/* A copy, as a lane that hangs may still read @self. */
HmAssignment *
hm_assignment_without (const HmAssignment *self, HmHung *hung)
{
  HmAssignment *copy = hm_assignment_new (self->instances, self->n_lanes);

  for (guint i = 0; i < copy->instances->len; i++)
    {
      const HmInstance *instance = hm_assignment_get (copy, i);

      if (instance->domain_id < 0 || !hm_hung_has (hung, hm_instance_id (instance)))
        continue;
      copy->shares[copy->lanes[i]]--;
      copy->shares[copy->n_lanes]++;
      copy->lanes[i] = copy->n_lanes;
    }
  return copy;
}

guint
hm_assignment_spare (const HmAssignment *self)
{
  return self->n_lanes;
}

HmAssignment *
hm_assignment_ref (HmAssignment *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
hm_assignment_unref (HmAssignment *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->refs))
    return;
  g_hash_table_unref (self->places);
  g_ptr_array_unref (self->instances);
  g_free (self->lanes);
  g_free (self->shares);
  g_free (self);
}

guint
hm_assignment_size (const HmAssignment *self)
{
  return self->instances->len;
}

const HmInstance *
hm_assignment_get (const HmAssignment *self, guint i)
{
  return g_ptr_array_index (self->instances, i);
}

const HmInstance *
hm_assignment_find (const HmAssignment *self, const char *id)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, id));

  return place > 0 ? hm_assignment_get (self, place - 1) : NULL;
}

guint
hm_assignment_lane (const HmAssignment *self, const char *id)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, id));

  return place > 0 ? self->lanes[place - 1] : 0;
}

guint
hm_assignment_share (const HmAssignment *self, guint lane)
{
  return self->shares[lane];
}

static guint32
plan_for (HmDomainKind kind, HmFields fields, guint32 available)
{
  if (!kind.by_process)
    available &= ~HM_READ_BIT (HM_READ_PROCESS);
  return hm_plan (fields, available, available & hm_plan_settled (fields, kind), NULL);
}

guint32
hm_assignment_plan (const HmAssignment *self, HmFields fields, guint32 available)
{
  guint32 reads = 0;

  for (guint i = 0; i < N_KINDS; i++)
    if (self->has[i])
      reads |= plan_for (kind_at (i), fields, available);
  return reads != 0 ? reads : plan_for (kind_at (0), fields, available);
}
