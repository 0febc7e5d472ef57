/* SPDX-License-Identifier: Apache-2.0 */
/* metadata: reads whose a domain is and what devices it has out of its XML.
 *
 * The inventory's worker calls it when an event says that a description changed. Nova's element comes first; where it names
 * nobody, the mappings of the configuration are tried in their order; the first that finds a project has the say.
 */
#include "agent/inventory/metadata_private.h"
#include "agent/inventory/metadata_xml.h"

/* -- mappings */

static void
free_texts (char *texts[HM_OWNER_TEXTS])
{
  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    g_free (texts[i]);
}

/* What the rule says of the domain; FALSE: it is not for this one. */
static gboolean
apply (const HmOwnerRule *rule, const xmlNode *domain, const char *name, char *ret_texts[HM_OWNER_TEXTS])
{
  const xmlNode *element = NULL;

  if (rule->namespace != NULL)
    {
      element = hm_xml_child_in (hm_xml_child (domain, "metadata", NULL), rule->namespace, rule->element);
      if (element == NULL)
        return FALSE;
    }
  if (!hm_owner_rule_match_name (rule, name, ret_texts))
    return FALSE;
  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    {
      const HmOwnerPath *path = &rule->paths[i];

      if (path->steps != NULL)
        ret_texts[i] = path->from_domain ? hm_xml_look_up (domain, NULL, path)
                                         : hm_xml_look_up (element, rule->namespace, path);
    }
  return TRUE;
}

/* TRUE: it names a project. What it says besides is taken only then. */
static gboolean
take_texts (HmMetadata *metadata, char *texts[HM_OWNER_TEXTS])
{
  HmResource *resource = metadata->resource;

  resource->project = hm_metadata_usable_id (metadata, g_steal_pointer (&texts[HM_OWNER_PROJECT]));
  if (resource->project == NULL)
    return FALSE;
  if (texts[HM_OWNER_USER] != NULL)
    {
      g_free (resource->user);
      resource->user = hm_metadata_usable_id (metadata, g_steal_pointer (&texts[HM_OWNER_USER]));
    }
  if (texts[HM_OWNER_FLAVOR] != NULL)
    {
      g_free (resource->flavor);
      resource->flavor = hm_text_clean (texts[HM_OWNER_FLAVOR], HM_NAME_MAX, NULL);
    }
  hm_metadata_describe (metadata, "project_name", texts[HM_OWNER_PROJECT_NAME]);
  hm_metadata_describe (metadata, "user_name", texts[HM_OWNER_USER_NAME]);
  hm_metadata_describe (metadata, "display_name", texts[HM_OWNER_NAME]);
  hm_metadata_describe (metadata, "flavor.name", texts[HM_OWNER_FLAVOR]);
  return TRUE;
}

static void
map_owner (HmMetadata *metadata, const xmlNode *domain, const char *name, const HmOwnerMap *owners)
{
  guint n = owners != NULL ? owners->rules->len : 0;

  for (guint i = 0; i < n && metadata->resource->project == NULL; i++)
    {
      const HmOwnerRule *rule = g_ptr_array_index (owners->rules, i);
      char *texts[HM_OWNER_TEXTS] = { NULL };

      if (apply (rule, domain, name, texts))
        take_texts (metadata, texts);
      free_texts (texts);
    }
}

/* -- what libvirt itself says */

static void
read_machine (HmMetadata *metadata, const xmlNode *domain)
{
  const xmlNode *type = hm_xml_child (hm_xml_child (domain, "os", NULL), "type", NULL);
  g_autofree char *os = hm_xml_text (type);
  g_autofree char *arch = hm_xml_attribute (type, "arch");
  g_autofree char *machine = hm_xml_attribute (type, "machine");

  hm_metadata_describe (metadata, "os_type", os);
  hm_metadata_describe (metadata, "architecture", arch);
  hm_metadata_describe (metadata, "machine", machine);
}

/* -- devices */

static void
add_disk (HmMetadata *metadata, const xmlNode *node)
{
  g_autofree char *target = hm_xml_attribute (hm_xml_child (node, "target", NULL), "dev");
  g_autofree char *alias = hm_xml_attribute (hm_xml_child (node, "alias", NULL), "name");

  if (target != NULL)
    hm_metadata_add_disk (metadata, target, alias);
}

static void
add_nic (HmMetadata *metadata, const xmlNode *node)
{
  g_autofree char *mac = hm_xml_attribute (hm_xml_child (node, "mac", NULL), "address");
  g_autofree char *target = hm_xml_attribute (hm_xml_child (node, "target", NULL), "dev");
  g_autofree char *alias = hm_xml_attribute (hm_xml_child (node, "alias", NULL), "name");

  if (mac != NULL)
    hm_metadata_add_nic (metadata, mac, target, alias);
}

static void
read_devices (HmMetadata *metadata, const xmlNode *domain)
{
  const xmlNode *devices = hm_xml_child (domain, "devices", NULL);

  for (const xmlNode *node = hm_xml_child (devices, "disk", NULL); node != NULL;
       node = hm_xml_next (node, "disk", NULL))
    add_disk (metadata, node);
  for (const xmlNode *node = hm_xml_child (devices, "interface", NULL); node != NULL;
       node = hm_xml_next (node, "interface", NULL))
    add_nic (metadata, node);
}

/* -- the whole */

HmMetadata *
hm_metadata_read (const char *uuid, const char *name, const char *xml, const HmOwnerMap *owners)
{
  HmMetadata *metadata = hm_metadata_new (uuid);
  const char *problem = NULL;
  g_autoptr (xmlDoc) document = hm_xml_parse (xml, &problem);
  const xmlNode *domain = document != NULL ? xmlDocGetRootElement (document) : NULL;

  metadata->is_unread = domain == NULL;
  hm_metadata_describe (metadata, "instance_name", name);
  if (problem != NULL)
    hm_metadata_complain (metadata, problem);
  if (domain != NULL)
    {
      read_machine (metadata, domain);
      hm_metadata_read_nova (metadata, hm_xml_child (domain, "metadata", NULL));
      map_owner (metadata, domain, name, owners);
      read_devices (metadata, domain);
    }
  hm_metadata_settle_owner (metadata, owners);
  return metadata;
}
