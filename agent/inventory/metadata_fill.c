/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_fill: what a description's texts must be like to be used, whatever they were read from.
 *
 * The XML's reader calls it with each text that it finds; limits and refusals are here. */
#include "agent/inventory/metadata_private.h"

#include <string.h>

#define DEVICES_MAX 1024

void
hm_device_free (HmDevice *device)
{
  g_free (device->device);
  g_free (device->target);
  g_free (device->alias);
  g_free (device->mac);
  g_free (device->epoch);
  g_free (device);
}

static void
free_device (gpointer data)
{
  hm_device_free (data);
}

void
hm_metadata_free (HmMetadata *metadata)
{
  if (metadata == NULL)
    return;
  hm_resource_unref (metadata->resource);
  g_ptr_array_unref (metadata->devices);
  g_free (metadata->problem);
  g_free (metadata);
}

void
hm_metadata_complain (HmMetadata *metadata, const char *problem)
{
  if (metadata->problem == NULL)
    metadata->problem = g_strdup (problem);
}

void
hm_metadata_describe (HmMetadata *metadata, const char *key, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  if (strlen (value) > HM_NAME_MAX)
    hm_metadata_complain (metadata, "a text was cut");
  if (!hm_resource_describe (metadata->resource, key, value))
    hm_metadata_complain (metadata, "the description has too many parts");
}

gboolean
hm_metadata_describe_number (HmMetadata *metadata, const char *key, const char *text, guint64 *ret_number)
{
  guint64 number;

  if (text == NULL)
    return FALSE;
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &number, NULL))
    {
      hm_metadata_complain (metadata, "a number of the flavor is none");
      return FALSE;
    }
  hm_metadata_describe (metadata, key, text);
  *ret_number = number;
  return TRUE;
}

char *
hm_metadata_usable_id (HmMetadata *metadata, char *id)
{
  gboolean changed = FALSE;
  g_autofree char *given = id;
  g_autofree char *clean = NULL;

  if (given == NULL)
    return NULL;
  clean = hm_text_clean (given, HM_ID_MAX, &changed);
  if (!changed)
    return g_steal_pointer (&clean);
  hm_metadata_complain (metadata, "the id of an owner is too long or holds forbidden characters");
  return NULL;
}

static guint
count_mac (const GPtrArray *devices, const char *mac)
{
  guint n = 0;

  for (guint i = 0; i < devices->len; i++)
    n += g_strcmp0 (((const HmDevice *)g_ptr_array_index (devices, i))->mac, mac) == 0;
  return n;
}

static gboolean
is_full (HmMetadata *metadata)
{
  if (metadata->devices->len < DEVICES_MAX)
    return FALSE;
  hm_metadata_complain (metadata, "has too many devices");
  return TRUE;
}

void
hm_metadata_add_disk (HmMetadata *metadata, const char *target, const char *alias)
{
  HmDevice *device;

  if (is_full (metadata))
    return;
  device = g_new0 (HmDevice, 1);
  device->kind = HM_DEVICE_DISK;
  device->device = g_strconcat ("disk:", target, NULL);
  device->target = g_strdup (target);
  device->alias = g_strdup (alias);
  g_ptr_array_add (metadata->devices, device);
}

void
hm_metadata_add_nic (HmMetadata *metadata, const char *mac, const char *target, const char *alias)
{
  HmDevice *device;
  guint same;

  if (is_full (metadata))
    return;
  device = g_new0 (HmDevice, 1);
  device->kind = HM_DEVICE_NIC;
  device->mac = g_ascii_strdown (mac, -1);
  same = count_mac (metadata->devices, device->mac);
  device->device = same == 0 ? g_strconcat ("nic:", device->mac, NULL)
                             : g_strdup_printf ("nic:%s.%u", device->mac, same + 1);
  device->target = g_strdup (target);
  device->alias = g_strdup (alias);
  g_ptr_array_add (metadata->devices, device);
}

void
hm_metadata_settle_owner (HmMetadata *metadata, const HmOwnerMap *owners)
{
  HmResource *resource = metadata->resource;
  const char *project = owners != NULL ? owners->default_project : NULL;
  const char *user = owners != NULL ? owners->default_user : NULL;

  if (resource->project == NULL && project != NULL)
    resource->project = g_strdup (project);
  if (resource->user == NULL && user != NULL)
    resource->user = g_strdup (user);
  metadata->owner_unknown = resource->project == NULL;
  if (resource->project == NULL)
    {
      hm_metadata_complain (metadata, "names no owner");
      resource->project = g_strdup (HM_OWNER_UNKNOWN);
    }
  if (resource->user == NULL)
    resource->user = g_strdup (HM_OWNER_UNKNOWN);
}

HmMetadata *
hm_metadata_new (const char *uuid)
{
  HmMetadata *metadata = g_new0 (HmMetadata, 1);

  metadata->resource = hm_resource_new (uuid, "instance");
  metadata->devices = g_ptr_array_new_with_free_func (free_device);
  return metadata;
}
