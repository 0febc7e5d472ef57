/* SPDX-License-Identifier: Apache-2.0 */
/* registry_private: what registry.c has of registry_open.c. */
#pragma once

#include <gmodule.h>
#include <sys/types.h>

/* The folders of @path, as hm_registry_scan_path() takes it. (transfer full) */
G_GNUC_INTERNAL char **hm_plugin_path_split (const char *path);

/* Why code from @path, which has to be of @type (S_IFREG, S_IFDIR), must not run here, or NULL. (transfer full) (nullable) */
G_GNUC_INTERNAL char *hm_module_check_writers (const char *path, mode_t type);

/* It stays. NULL with a reason (transfer full). */
G_GNUC_INTERNAL GModule *hm_module_open (const char *path, char **ret_reason);
