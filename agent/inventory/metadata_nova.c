/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_nova: reads Nova's element, of namespace 1.1 or 1.0, with what Nova 2025.2 added to it.
 *
 * Called through hm_metadata_read(), for every domain whose description may have changed. */
#include "agent/inventory/metadata_private.h"
#include "agent/inventory/metadata_xml.h"

#include <string.h>

#define PORT_ADDRESSES_MAX 16

static const char *const nova_namespaces[] = {
  "http://openstack.org/xmlns/libvirt/nova/1.1",
  "http://openstack.org/xmlns/libvirt/nova/1.0",
};

static void
read_owner (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  const xmlNode *owner = hm_xml_child (instance, "owner", ns);
  const xmlNode *project = hm_xml_child (owner, "project", ns);
  const xmlNode *user = hm_xml_child (owner, "user", ns);
  g_autofree char *project_name = hm_xml_text (project);
  g_autofree char *user_name = hm_xml_text (user);

  metadata->resource->project = hm_metadata_usable_id (metadata, hm_xml_attribute (project, "uuid"));
  metadata->resource->user = hm_metadata_usable_id (metadata, hm_xml_attribute (user, "uuid"));
  hm_metadata_describe (metadata, "project_name", project_name);
  hm_metadata_describe (metadata, "user_name", user_name);
}

static void
read_extra_specs (HmMetadata *metadata, const xmlNode *flavor, const char *ns)
{
  const xmlNode *specs = hm_xml_child (flavor, "extraSpecs", ns);

  for (const xmlNode *spec = hm_xml_child (specs, "extraSpec", ns); spec != NULL;
       spec = hm_xml_next (spec, "extraSpec", ns))
    {
      g_autofree char *name = hm_xml_attribute (spec, "name");
      g_autofree char *value = hm_xml_text (spec);
      g_autofree char *key = g_strconcat ("flavor.extra_specs.", name, NULL);

      if (name != NULL)
        hm_metadata_describe (metadata, key, value);
    }
}

static void
read_flavor (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  static const struct
  {
    const char *element, *key;
  } numbers[]
      = { { "vcpus", "flavor.vcpus" }, { "memory", "flavor.memory_mb" }, { "swap", "flavor.swap_mb" } };
  HmResource *resource = metadata->resource;
  const xmlNode *flavor = hm_xml_child (instance, "flavor", ns);
  g_autofree char *name = hm_xml_attribute (flavor, "name");
  g_autofree char *id = hm_xml_attribute (flavor, "id");
  g_autofree char *root = hm_xml_text (hm_xml_child (flavor, "disk", ns));
  g_autofree char *ephemeral = hm_xml_text (hm_xml_child (flavor, "ephemeral", ns));

  if (name != NULL)
    resource->flavor = hm_text_clean (name, HM_NAME_MAX, NULL);
  hm_metadata_describe (metadata, "flavor.name", name);
  hm_metadata_describe (metadata, "flavor.id", id);
  resource->has_root_gib
      = hm_metadata_describe_number (metadata, "flavor.disk_gb", root, &resource->root_gib);
  resource->has_ephemeral_gib
      = hm_metadata_describe_number (metadata, "flavor.ephemeral_gb", ephemeral, &resource->ephemeral_gib);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *text = hm_xml_text (hm_xml_child (flavor, numbers[i].element, ns));
      guint64 unused;

      hm_metadata_describe_number (metadata, numbers[i].key, text, &unused);
    }
  read_extra_specs (metadata, flavor, ns);
}

/* The first address of a port is "port.<uuid>.address", a further one ends in ".2", ".3", … */
static void
read_port (HmMetadata *metadata, const xmlNode *port, const char *ns)
{
  g_autofree char *uuid = hm_xml_attribute (port, "uuid");
  guint n = 0;

  if (uuid == NULL)
    return;
  for (const xmlNode *ip = hm_xml_child (port, "ip", ns); ip != NULL && n < PORT_ADDRESSES_MAX;
       ip = hm_xml_next (ip, "ip", ns))
    {
      g_autofree char *address = hm_xml_attribute (ip, "address");
      g_autofree char *key = NULL;

      if (address == NULL)
        continue;
      key = ++n == 1 ? g_strdup_printf ("port.%s.address", uuid)
                     : g_strdup_printf ("port.%s.address.%u", uuid, n);
      hm_metadata_describe (metadata, key, address);
    }
}

/* Nova writes UTC without saying so. */
static void
read_created (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  g_autofree char *text = hm_xml_text (hm_xml_child (instance, "creationTime", ns));
  g_autofree char *time = NULL;
  HmTime parsed;

  if (text == NULL)
    return;
  if (strlen (text) == strlen ("2026-01-01 00:00:00") && text[10] == ' ')
    {
      time = g_strconcat (text, "Z", NULL);
      time[10] = 'T';
    }
  hm_metadata_describe (metadata, "created", time != NULL && hm_time_parse (time, -1, &parsed) ? time : text);
}

static void
read_image (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  const xmlNode *root = hm_xml_child (instance, "root", ns);
  g_autofree char *type = hm_xml_attribute (root, "type");
  g_autofree char *image = hm_xml_attribute (hm_xml_child (instance, "image", ns), "uuid");

  if (image == NULL && g_strcmp0 (type, "image") == 0)
    image = hm_xml_attribute (root, "uuid");
  hm_metadata_describe (metadata, "image", image);
}

/* Last of all: an image's owner writes as many properties as he likes, and what is full takes no more. */
static void
read_image_properties (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  const xmlNode *properties = hm_xml_child (hm_xml_child (instance, "image", ns), "properties", ns);

  for (const xmlNode *node = hm_xml_child (properties, "property", ns); node != NULL;
       node = hm_xml_next (node, "property", ns))
    {
      g_autofree char *name = hm_xml_attribute (node, "name");
      g_autofree char *value = hm_xml_text (node);
      g_autofree char *key = g_strconcat ("image.properties.", name, NULL);

      if (name != NULL)
        hm_metadata_describe (metadata, key, value);
    }
}

static void
read_instance (HmMetadata *metadata, const xmlNode *instance, const char *ns)
{
  const xmlNode *ports = hm_xml_child (instance, "ports", ns);
  g_autofree char *name = hm_xml_text (hm_xml_child (instance, "name", ns));
  g_autofree char *version = hm_xml_attribute (hm_xml_child (instance, "package", ns), "version");

  hm_metadata_describe (metadata, "display_name", name);
  hm_metadata_describe (metadata, "nova_version", version);
  read_owner (metadata, instance, ns);
  read_image (metadata, instance, ns);
  read_created (metadata, instance, ns);
  read_flavor (metadata, instance, ns);
  for (const xmlNode *port = hm_xml_child (ports, "port", ns); port != NULL;
       port = hm_xml_next (port, "port", ns))
    read_port (metadata, port, ns);
  read_image_properties (metadata, instance, ns);
}

void
hm_metadata_read_nova (HmMetadata *metadata, const xmlNode *element)
{
  for (guint i = 0; i < G_N_ELEMENTS (nova_namespaces); i++)
    {
      const xmlNode *instance = hm_xml_child (element, "instance", nova_namespaces[i]);

      if (instance == NULL)
        continue;
      read_instance (metadata, instance, nova_namespaces[i]);
      return;
    }
}
