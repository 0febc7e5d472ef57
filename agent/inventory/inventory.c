/* SPDX-License-Identifier: Apache-2.0 */
/* inventory: the table of instances between the one who learns about them and those who read them.
 *
 * The watch puts in what an event or a comparison showed; the reading thread looks up owner, epoch and
 * devices for each domain that answered. Nothing here is ever parsed, and nothing waits: the lock covers a
 * table access. */
#include "agent/inventory/inventory.h"

#include <string.h>

struct HmInventory
{
  GMutex lock;
  GHashTable *slots;               /* id → Slot */
  void (*changed) (gpointer user); /* (nullable) */
  gpointer user;
};

typedef struct
{
  HmInstance *instance;
  HmTime seen;
  HmReadTimes read;
} Slot;

/* -- instance */

HmInstance *
hm_instance_new (HmMetadata *metadata, const char *name, int domain_id)
{
  HmInstance *instance = g_new0 (HmInstance, 1);

  instance->resource = g_steal_pointer (&metadata->resource);
  instance->devices = g_steal_pointer (&metadata->devices);
  instance->problem = g_steal_pointer (&metadata->problem);
  instance->owner_unknown = metadata->owner_unknown;
  instance->is_unread = metadata->is_unread;
  g_free (metadata);
  instance->name = g_strdup (name);
  instance->domain_id = domain_id;
  instance->looked = HM_TIME_UNKNOWN;
  instance->refs = 1;
  return instance;
}

HmInstance *
hm_instance_with_state (const HmInstance *instance, HmState state, int domain_id)
{
  HmInstance *copy = g_new0 (HmInstance, 1);

  copy->resource = hm_resource_copy (instance->resource);
  copy->resource->state = state;
  copy->name = g_strdup (instance->name);
  copy->domain_id = domain_id;
  copy->persistent = instance->persistent;
  copy->has_migrated = instance->has_migrated;
  copy->kind = instance->kind;
  copy->pid = instance->pid;
  copy->start_ticks = instance->start_ticks;
  copy->looked = instance->looked;
  copy->devices = g_ptr_array_ref (instance->devices);
  copy->problem = g_strdup (instance->problem);
  copy->owner_unknown = instance->owner_unknown;
  copy->is_unread = instance->is_unread;
  copy->is_remembered = instance->is_remembered;
  copy->refs = 1;
  if (domain_id < 0)
    {
      g_clear_pointer (&copy->resource->epoch, g_free);
      copy->resource->epoch_start = HM_TIME_UNKNOWN;
    }
  return copy;
}

HmInstance *
hm_instance_ref (HmInstance *instance)
{
  g_atomic_int_inc (&instance->refs);
  return instance;
}

void
hm_instance_unref (HmInstance *instance)
{
  if (instance == NULL || !g_atomic_int_dec_and_test (&instance->refs))
    return;
  hm_resource_unref (instance->resource);
  g_ptr_array_unref (instance->devices);
  g_free (instance->name);
  g_free (instance->problem);
  g_free (instance);
}

const char *
hm_instance_id (const HmInstance *instance)
{
  return instance->resource->id;
}

const HmDevice *
hm_instance_find_device (const HmInstance *instance, HmDeviceKind kind, const char *target)
{
  for (guint i = 0; i < instance->devices->len; i++)
    {
      const HmDevice *device = g_ptr_array_index (instance->devices, i);

      if (device->kind == kind && g_strcmp0 (device->target, target) == 0)
        return device;
    }
  return NULL;
}

const HmDevice *
hm_instance_find_alias (const HmInstance *instance, const char *alias)
{
  for (guint i = 0; i < instance->devices->len; i++)
    {
      const HmDevice *device = g_ptr_array_index (instance->devices, i);

      if (g_strcmp0 (device->alias, alias) == 0)
        return device;
    }
  return NULL;
}

/* -- comparison */

static const HmAttr *
attr (const GPtrArray *description, guint i)
{
  return g_ptr_array_index (description, i);
}

static guint
attrs (const GPtrArray *description)
{
  return description != NULL ? description->len : 0;
}

static gboolean
same_description (const GPtrArray *a, const GPtrArray *b)
{
  if (attrs (a) != attrs (b))
    return FALSE;
  for (guint i = 0; i < attrs (a); i++)
    if (strcmp (attr (a, i)->key, attr (b, i)->key) != 0
        || strcmp (attr (a, i)->value, attr (b, i)->value) != 0)
      return FALSE;
  return TRUE;
}

static gboolean
same_owner (const HmResource *a, const HmResource *b)
{
  return g_strcmp0 (a->project, b->project) == 0 && g_strcmp0 (a->user, b->user) == 0;
}

static guint
first_of_flavor (const GPtrArray *description)
{
  guint i = 0;

  while (i < attrs (description) && !g_str_has_prefix (attr (description, i)->key, "flavor."))
    i++;
  return i;
}

static gboolean
is_of_flavor (const GPtrArray *description, guint i)
{
  return i < attrs (description) && g_str_has_prefix (attr (description, i)->key, "flavor.");
}

/* A flavor may be changed under its name, so its numbers and extra specs count too. They stand side by side, as a
 * description is sorted. */
static gboolean
same_flavor (const HmResource *a, const HmResource *b)
{
  guint i = first_of_flavor (a->description), k = first_of_flavor (b->description);

  for (; is_of_flavor (a->description, i) && is_of_flavor (b->description, k); i++, k++)
    if (strcmp (attr (a->description, i)->key, attr (b->description, k)->key) != 0
        || strcmp (attr (a->description, i)->value, attr (b->description, k)->value) != 0)
      return FALSE;
  return is_of_flavor (a->description, i) == is_of_flavor (b->description, k)
         && g_strcmp0 (a->flavor, b->flavor) == 0;
}

guint
hm_instance_compare (const HmInstance *before, const HmInstance *after)
{
  const HmResource *a = before->resource, *b = after->resource;
  guint changes = 0;

  if (!same_owner (a, b))
    changes |= HM_CHANGED_OWNER | HM_CHANGED_DESCRIPTION;
  if (!same_flavor (a, b))
    changes |= HM_CHANGED_FLAVOR;
  if (!same_description (a->description, b->description))
    changes |= HM_CHANGED_DESCRIPTION;
  if (a->state != b->state)
    changes |= HM_CHANGED_STATE;
  if (g_strcmp0 (a->epoch, b->epoch) != 0)
    changes |= HM_CHANGED_EPOCH;
  return changes;
}

/* -- table */

static void
free_slot (gpointer data)
{
  Slot *slot = data;

  hm_instance_unref (slot->instance);
  g_free (slot);
}

HmInventory *
hm_inventory_new (void)
{
  HmInventory *inventory = g_new0 (HmInventory, 1);

  g_mutex_init (&inventory->lock);
  inventory->slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_slot);
  return inventory;
}

void
hm_inventory_free (HmInventory *inventory)
{
  if (inventory == NULL)
    return;
  g_hash_table_unref (inventory->slots);
  g_mutex_clear (&inventory->lock);
  g_free (inventory);
}

HmInstance *
hm_inventory_get (HmInventory *inventory, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  const Slot *slot = g_hash_table_lookup (inventory->slots, id);

  return slot != NULL ? hm_instance_ref (slot->instance) : NULL;
}

static gboolean
same_state (const HmInstance *a, const HmInstance *b)
{
  return a->resource->state == b->resource->state && g_strcmp0 (a->resource->epoch, b->resource->epoch) == 0;
}

/* The life of @before's counters goes on, or has ended and no other began. */
static gboolean
goes_on (const HmInstance *before, const HmInstance *after)
{
  return after->resource->epoch == NULL || g_strcmp0 (before->resource->epoch, after->resource->epoch) == 0;
}

void
hm_inventory_watch (HmInventory *inventory, void (*changed) (gpointer user), gpointer user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);

  inventory->changed = changed;
  inventory->user = user;
}

/* Under the lock, so that who unwatched is not called any more. */
static void
tell_change (const HmInventory *inventory)
{
  if (inventory->changed != NULL)
    inventory->changed (inventory->user);
}

static HmReadTimes
never_read (void)
{
  HmReadTimes times;

  for (guint i = 0; i < HM_FIELD_COUNT; i++)
    times.of[i] = HM_TIME_UNKNOWN;
  return times;
}

void
hm_inventory_put (HmInventory *inventory, HmInstance *instance)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  Slot *before = g_hash_table_lookup (inventory->slots, hm_instance_id (instance));
  Slot *slot = g_new0 (Slot, 1);

  slot->instance = hm_instance_ref (instance);
  slot->seen = before != NULL && same_state (before->instance, instance) ? before->seen : HM_TIME_UNKNOWN;
  slot->read = before != NULL && goes_on (before->instance, instance) ? before->read : never_read ();
  g_hash_table_replace (inventory->slots, g_strdup (hm_instance_id (instance)), slot);
  tell_change (inventory);
}

void
hm_inventory_remove (HmInventory *inventory, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);

  if (g_hash_table_remove (inventory->slots, id))
    tell_change (inventory);
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  return strcmp (hm_instance_id (*(HmInstance *const *)a), hm_instance_id (*(HmInstance *const *)b));
}

static void
unref_instance (gpointer data)
{
  hm_instance_unref (data);
}

GPtrArray *
hm_inventory_list (HmInventory *inventory)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (unref_instance);
  GHashTableIter iter;
  gpointer slot;

  g_mutex_lock (&inventory->lock);
  g_hash_table_iter_init (&iter, inventory->slots);
  while (g_hash_table_iter_next (&iter, NULL, &slot))
    g_ptr_array_add (list, hm_instance_ref (((Slot *)slot)->instance));
  g_mutex_unlock (&inventory->lock);
  g_ptr_array_sort (list, by_id);
  return list;
}

void
hm_inventory_status (HmInventory *inventory, HmInventoryStatus *ret_status)
{
  HmInventoryStatus status = { 0 };
  GHashTableIter iter;
  gpointer slot;

  g_mutex_lock (&inventory->lock);
  g_hash_table_iter_init (&iter, inventory->slots);
  while (g_hash_table_iter_next (&iter, NULL, &slot))
    {
      const HmInstance *instance = ((Slot *)slot)->instance;

      status.instances++;
      status.remembered += instance->is_remembered;
      status.owners_unknown += instance->owner_unknown;
      status.problems += instance->problem != NULL;
    }
  g_mutex_unlock (&inventory->lock);
  *ret_status = status;
}

void
hm_inventory_seen (HmInventory *inventory, const char *id, HmState state, HmTime time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  Slot *slot = g_hash_table_lookup (inventory->slots, id);

  if (slot != NULL && slot->instance->resource->state == state)
    slot->seen = time;
}

HmTime
hm_inventory_last_seen (HmInventory *inventory, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  const Slot *slot = g_hash_table_lookup (inventory->slots, id);

  return slot != NULL ? slot->seen : HM_TIME_UNKNOWN;
}

void
hm_inventory_note_read (HmInventory *inventory, const char *id, HmFields fields, HmTime time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  Slot *slot = g_hash_table_lookup (inventory->slots, id);

  for (guint i = 0; slot != NULL && i < HM_FIELD_COUNT; i++)
    if (fields & (1u << i))
      slot->read.of[i] = time;
}

void
hm_inventory_read_times (HmInventory *inventory, const char *id, HmReadTimes *ret_times)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&inventory->lock);
  const Slot *slot = g_hash_table_lookup (inventory->slots, id);

  *ret_times = slot != NULL ? slot->read : never_read ();
}
