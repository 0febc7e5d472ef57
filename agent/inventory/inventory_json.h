/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_json: instances as JSON and back.
 *
 *   {"format":"hypermeter.inventory","version":1,"uri":"…","saved":…,"instances":[…]}
 *
 * For the inventory's file alone. Any thread. */
#pragma once

#include "agent/inventory/inventory.h"
#include "metering/json.h"

G_BEGIN_DECLS

/* All of @inventory, with the times at which each was last seen. */
void hm_inventory_write_json (HmInventory *inventory, const char *uri, HmTime saved, HmJsonWriter *w);

/* Puts what @json says into @inventory, as remembered. FALSE, and nothing of it, when anything in it is not as it was
 * written. *@ret_is_other: it is of another @uri, so nothing of it was taken. */
gboolean hm_inventory_read_json (HmInventory *inventory, const HmJson *json, const char *uri,
                                 gboolean *ret_is_other);

G_END_DECLS
