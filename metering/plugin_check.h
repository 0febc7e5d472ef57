/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_check: what a descriptor must fulfil by itself. Not installed. */
#pragma once

#include "metering/plugin.h"

/* The first members of a descriptor, which never move, and its size: until this is NULL nothing else of
 * @plugin may be read. NULL or the reason for a refusal. (transfer full) (nullable) */
G_GNUC_INTERNAL char *hm_plugin_check_abi (const HmPlugin *plugin);

/* Everything else but collisions: name, namespace, callbacks, options, meters. (transfer full) (nullable) */
G_GNUC_INTERNAL char *hm_plugin_check (const HmPlugin *plugin);
