/* SPDX-License-Identifier: Apache-2.0 */
/* metadata: whose a domain is and what devices it has, from its XML. Its files are the only ones that know libxml2.
 *
 * What an XML says was written by tenants and by whoever may define domains: nothing in it is trusted, nothing in it
 * makes the instance go unmetered. Any thread; no state. */
#pragma once

#include "agent/inventory/owner_map.h"
#include "metering/resource.h"

G_BEGIN_DECLS

#define HM_DOMAIN_XML_MAX (1024 * 1024) /* bytes; a larger one is not read */

typedef enum
{
  HM_DEVICE_DISK,
  HM_DEVICE_NIC,
} HmDeviceKind;

/* One device that can be metered. */
typedef struct
{
  HmDeviceKind kind;
  char *device; /* the samples' id: "disk:vda", "nic:52:54:00:10:00:01" */
  char *
      target; /* (nullable) libvirt's name of it: "vda", "vnet3"; an interface of a stopped domain may have none */
  char *alias; /* (nullable) the name in device events: "virtio-disk0", "net0" */
  char *mac;   /* (nullable) of an interface, in lower case */
  char *epoch; /* (nullable) its own counter life; not from the XML */
} HmDevice;

void hm_device_free (HmDevice *device);

typedef struct
{
  HmResource *resource; /* id, kind, owner, flavor, description and sizes; neither state nor epoch */
  GPtrArray *devices;   /* (element-type HmDevice) */
  gboolean owner_unknown;
  gboolean is_unread; /* the XML could not be read, so that nothing is known of devices */
  char *problem;      /* (nullable) why something in it could not be used, for one log line */
} HmMetadata;

void hm_metadata_free (HmMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmMetadata, hm_metadata_free)

/* Reads @xml, the description of the domain @uuid named @name. @owners (nullable): how the owner is told where Nova does not,
 * and whose those are that name none. Never fails: an XML that cannot be read gives an instance without devices whose
 * owner is the default one or HM_OWNER_UNKNOWN, and says why in `problem`. An owner's id that is longer than HM_ID_MAX or
 * not clean text is unknown rather than cut: a cut id could be another project's. Names are cut. (transfer full) */
HmMetadata *hm_metadata_read (const char *uuid, const char *name, const char *xml, const HmOwnerMap *owners);

G_END_DECLS
