/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_json: writes instances and reads them back, member by member.
 *
 * What is read was written by an agent into a folder of its own, and is checked all the same: one instance that makes no
 * sense makes the file none. */
#include "agent/inventory/inventory_json.h"

#include <string.h>

#include "agent/inventory/metadata_private.h"

#define FORMAT        "hypermeter.inventory"
#define INSTANCES_MAX 65536

static const char *const device_kinds[] = { [HM_DEVICE_DISK] = "disk", [HM_DEVICE_NIC] = "nic" };

/* -- writing */

static void
set_optional (HmJsonWriter *w, const char *key, const char *text)
{
  if (text != NULL)
    hm_json_set_text (w, key, text);
}

/* Present is true. */
static void
set_flag (HmJsonWriter *w, const char *key, gboolean flag)
{
  if (flag)
    hm_json_set_u64 (w, key, 1);
}

static void
set_time (HmJsonWriter *w, const char *key, HmTime time)
{
  if (time >= 0)
    hm_json_set_i64 (w, key, time);
}

static void
write_device (const HmDevice *device, HmJsonWriter *w)
{
  hm_json_begin_object (w);
  hm_json_set_text (w, "kind", device_kinds[device->kind]);
  hm_json_set_text (w, "device", device->device);
  set_optional (w, "target", device->target);
  set_optional (w, "alias", device->alias);
  set_optional (w, "mac", device->mac);
  set_optional (w, "epoch", device->epoch);
  hm_json_end_object (w);
}

static void
write_description (const HmResource *resource, HmJsonWriter *w)
{
  hm_json_key (w, "description");
  hm_json_begin_object (w);
  for (guint i = 0; resource->description != NULL && i < resource->description->len; i++)
    {
      const HmAttr *attr = g_ptr_array_index (resource->description, i);

      hm_json_set_text (w, attr->key, attr->value);
    }
  hm_json_end_object (w);
}

static void
write_resource (const HmResource *resource, HmJsonWriter *w)
{
  hm_json_set_text (w, "id", resource->id);
  set_optional (w, "project", resource->project);
  set_optional (w, "user", resource->user);
  set_optional (w, "flavor", resource->flavor);
  set_optional (w, "state", hm_state_name (resource->state));
  set_optional (w, "epoch", resource->epoch);
  set_time (w, "epoch_start", resource->epoch_start);
  if (resource->has_root_gib)
    hm_json_set_u64 (w, "root_gib", resource->root_gib);
  if (resource->has_ephemeral_gib)
    hm_json_set_u64 (w, "ephemeral_gib", resource->ephemeral_gib);
  write_description (resource, w);
}

/* A counter life keeps its provider, so what it was settled on is remembered with it. */
static void
write_kind (const HmInstance *instance, HmJsonWriter *w)
{
  set_flag (w, "in_cgroup", instance->kind.in_cgroup);
  if (!instance->kind.by_process)
    return;
  hm_json_set_i64 (w, "pid", instance->pid);
  hm_json_set_u64 (w, "start_ticks", instance->start_ticks);
}

static void
write_instance (const HmInstance *instance, HmTime seen, HmJsonWriter *w)
{
  hm_json_begin_object (w);
  write_resource (instance->resource, w);
  hm_json_set_text (w, "name", instance->name);
  if (instance->domain_id >= 0)
    hm_json_set_i64 (w, "domain_id", instance->domain_id);
  set_flag (w, "persistent", instance->persistent);
  set_flag (w, "migrated", instance->has_migrated);
  write_kind (instance, w);
  set_flag (w, "owner_unknown", instance->owner_unknown);
  set_optional (w, "problem", instance->problem);
  set_time (w, "seen", seen);
  set_time (w, "looked", instance->looked);
  hm_json_key (w, "devices");
  hm_json_begin_array (w);
  for (guint i = 0; i < instance->devices->len; i++)
    write_device (g_ptr_array_index (instance->devices, i), w);
  hm_json_end_array (w);
  hm_json_end_object (w);
}

void
hm_inventory_write_json (HmInventory *inventory, const char *uri, HmTime saved, HmJsonWriter *w)
{
  g_autoptr (GPtrArray) all = hm_inventory_list (inventory);

  hm_json_begin_object (w);
  hm_json_set_text (w, "format", FORMAT);
  hm_json_set_u64 (w, "version", 1);
  hm_json_set_text (w, "uri", uri);
  set_time (w, "saved", saved);
  hm_json_key (w, "instances");
  hm_json_begin_array (w);
  for (guint i = 0; i < MIN (all->len, INSTANCES_MAX); i++)
    {
      const HmInstance *instance = g_ptr_array_index (all, i);

      write_instance (instance, hm_inventory_last_seen (inventory, hm_instance_id (instance)), w);
    }
  hm_json_end_array (w);
  hm_json_end_object (w);
}

/* -- reading */

static HmTime
time_at (const HmJson *json, const char *key)
{
  guint64 number;

  return hm_json_get_u64 (json, key, &number) && number <= G_MAXINT64 ? (HmTime)number : HM_TIME_UNKNOWN;
}

static gboolean
is_set (const HmJson *json, const char *key)
{
  return hm_json_at (json, key) != NULL;
}

static gboolean
read_device (const HmJson *json, GPtrArray *devices)
{
  const char *kind = hm_json_get_text (json, "kind"), *id = hm_json_get_text (json, "device");
  HmDevice *device;

  if (id == NULL || (g_strcmp0 (kind, "disk") != 0 && g_strcmp0 (kind, "nic") != 0))
    return FALSE;
  device = g_new0 (HmDevice, 1);
  device->kind = g_str_equal (kind, "disk") ? HM_DEVICE_DISK : HM_DEVICE_NIC;
  device->device = g_strdup (id);
  device->target = g_strdup (hm_json_get_text (json, "target"));
  device->alias = g_strdup (hm_json_get_text (json, "alias"));
  device->mac = g_strdup (hm_json_get_text (json, "mac"));
  device->epoch = g_strdup (hm_json_get_text (json, "epoch"));
  g_ptr_array_add (devices, device);
  return TRUE;
}

static gboolean
read_devices (const HmJson *json, GPtrArray *devices)
{
  if (!hm_json_is_array (json))
    return FALSE;
  for (guint i = 0; i < hm_json_size (json); i++)
    if (!read_device (hm_json_element (json, i), devices))
      return FALSE;
  return TRUE;
}

static gboolean
read_description (const HmJson *json, HmResource *resource)
{
  if (!hm_json_is_object (json))
    return FALSE;
  for (guint i = 0; i < hm_json_size (json); i++)
    {
      const char *value = hm_json_get_text (hm_json_element (json, i), NULL);

      if (value == NULL || !hm_resource_describe (resource, hm_json_member (json, i), value))
        return FALSE;
    }
  return TRUE;
}

static void
read_epoch (const HmJson *json, HmResource *resource)
{
  const char *epoch = hm_json_get_text (json, "epoch");

  if (epoch == NULL || strchr (epoch, ':') == NULL)
    return;
  resource->epoch = g_strdup (epoch);
  resource->epoch_start = time_at (json, "epoch_start");
}

static gboolean
read_resource (const HmJson *json, HmResource *resource)
{
  const char *state = hm_json_get_text (json, "state");

  resource->project = g_strdup (hm_json_get_text (json, "project"));
  resource->user = g_strdup (hm_json_get_text (json, "user"));
  resource->flavor = g_strdup (hm_json_get_text (json, "flavor"));
  resource->has_root_gib = hm_json_get_u64 (json, "root_gib", &resource->root_gib);
  resource->has_ephemeral_gib = hm_json_get_u64 (json, "ephemeral_gib", &resource->ephemeral_gib);
  read_epoch (json, resource);
  return resource->project != NULL && resource->user != NULL
         && (state == NULL || hm_state_parse (state, &resource->state))
         && read_description (hm_json_at (json, "description"), resource);
}

static void
read_kind (const HmJson *json, HmInstance *instance)
{
  guint64 pid;

  instance->kind.in_cgroup = is_set (json, "in_cgroup");
  instance->kind.by_process = hm_json_get_u64 (json, "pid", &pid) && pid > 0 && pid <= G_MAXINT
                              && hm_json_get_u64 (json, "start_ticks", &instance->start_ticks);
  if (instance->kind.by_process)
    instance->pid = (gint64)pid;
}

/* NULL: it makes no sense. (transfer full) */
static HmInstance *
read_instance (const HmJson *json)
{
  const char *id = hm_json_get_text (json, "id"), *name = hm_json_get_text (json, "name");
  g_autoptr (HmInstance) instance = NULL;
  guint64 domain_id;

  if (id == NULL || name == NULL)
    return NULL;
  instance = hm_instance_new (hm_metadata_new (id), name, -1);
  if (hm_json_get_u64 (json, "domain_id", &domain_id))
    instance->domain_id = (int)MIN (domain_id, G_MAXINT);
  instance->persistent = is_set (json, "persistent");
  instance->has_migrated = is_set (json, "migrated");
  read_kind (json, instance);
  instance->owner_unknown = is_set (json, "owner_unknown");
  instance->problem = g_strdup (hm_json_get_text (json, "problem"));
  instance->looked = time_at (json, "looked");
  instance->is_remembered = TRUE;
  return read_resource (json, instance->resource)
                 && read_devices (hm_json_at (json, "devices"), instance->devices)
             ? g_steal_pointer (&instance)
             : NULL;
}

static void
put (HmInventory *inventory, HmInstance *instance, HmTime seen)
{
  hm_inventory_put (inventory, instance);
  if (seen != HM_TIME_UNKNOWN)
    hm_inventory_seen (inventory, hm_instance_id (instance), instance->resource->state, seen);
}

static void
unref_instance (gpointer data)
{
  hm_instance_unref (data);
}

static gboolean
read_instances (HmInventory *inventory, const HmJson *json)
{
  g_autoptr (GPtrArray) instances = g_ptr_array_new_with_free_func (unref_instance);

  if (!hm_json_is_array (json) || hm_json_size (json) > INSTANCES_MAX)
    return FALSE;
  for (guint i = 0; i < hm_json_size (json); i++)
    {
      HmInstance *instance = read_instance (hm_json_element (json, i));

      if (instance == NULL)
        return FALSE;
      g_ptr_array_add (instances, instance);
    }
  for (guint i = 0; i < instances->len; i++)
    put (inventory, g_ptr_array_index (instances, i), time_at (hm_json_element (json, i), "seen"));
  return TRUE;
}

gboolean
hm_inventory_read_json (HmInventory *inventory, const HmJson *json, const char *uri, gboolean *ret_is_other)
{
  guint64 version;

  if (g_strcmp0 (hm_json_get_text (json, "format"), FORMAT) != 0
      || !hm_json_get_u64 (json, "version", &version) || version != 1)
    return FALSE;
  *ret_is_other = g_strcmp0 (hm_json_get_text (json, "uri"), uri) != 0;
  return *ret_is_other || read_instances (inventory, hm_json_at (json, "instances"));
}
