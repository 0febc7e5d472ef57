/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_file: the inventory in the state folder, so that an agent that starts while the hypervisor is away knows who was
 * who, and what ended meanwhile is found by comparison.
 *
 * Written by a thread of its own, some seconds after a change, now and then for the times at which instances were last
 * seen, and at the end. What is loaded is marked as remembered: nothing is metered by it until the hypervisor showed the
 * instance again. */
#pragma once

#include "agent/inventory/inventory.h"

G_BEGIN_DECLS

#define HM_INVENTORY_FILE     "inventory.json"
#define HM_INVENTORY_FILE_MAX (64 * 1024 * 1024) /* bytes; what is larger is neither written nor read */

typedef struct HmInventoryFile HmInventoryFile;

/* Loads what there is into @inventory (empty; must outlive it). @uri: whose domains they are; those of another one are of no
 * use here. A damaged file is set aside, and said. HM_ERROR_DATA when there is one that cannot be read. (transfer full) */
HmInventoryFile *hm_inventory_file_new (HmInventory *inventory, const char *state_dir, const char *uri,
                                        const HmClock *clock, GError **error);

/* Keeps it from now on, @delay_ns after a change and at least each @interval_ns. */
gboolean hm_inventory_file_start (HmInventoryFile *file, gint64 delay_ns, gint64 interval_ns, GError **error);

/* Writes it now. HM_ERROR_CREATE, HM_ERROR_DATA when it is too large; any thread. */
gboolean hm_inventory_file_save (HmInventoryFile *file, GError **error);

/* Ends the thread; writes it once more. */
void hm_inventory_file_free (HmInventoryFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmInventoryFile, hm_inventory_file_free)

G_END_DECLS
