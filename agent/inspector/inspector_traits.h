/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_traits: what a libvirt driver answers in bulk, found out once per connection. Lane threads alone. */
#pragma once

#include <libvirt/libvirt.h>

#include "agent/inspector/plan.h"

typedef struct
{
  gboolean are_known;
  guint32 bulk;    /* a bit per HmRead: groups that the bulk call gives */
  gboolean nowait; /* it knows the flag */
} HmTraits;

/* Makes one call where the driver can everything, nine where it cannot; adds them to *@rpcs. No guest is asked. */
void hm_traits_probe (HmTraits *traits, virConnectPtr connection, guint *rpcs);

/* The reads that such a driver has: its groups, and the calls per domain. */
guint32 hm_traits_available (const HmTraits *traits);

/* libvirt's mask of the bulk groups among @reads. */
unsigned int hm_traits_groups (guint32 reads);
