/* SPDX-License-Identifier: Apache-2.0 */
/* registry: finds plugins by namespace, checks them, and says why one was refused.
 *
 * Static descriptors and modules take the same path. A module that is merely found and fails is reported and left
 * out; whether a name that the configuration asks for is there is the caller's question (hm_registry_find).
 * Modules are resident: never unloaded. One thread. */
#pragma once

#include "metering/plugin.h"

G_BEGIN_DECLS

typedef struct HmRegistry HmRegistry;

HmRegistry *hm_registry_new (void);
void hm_registry_free (HmRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmRegistry, hm_registry_free)

/* Checks one descriptor: ABI, size, name, namespace, the callbacks its namespace asks for, options, meters,
 * collision. @origin: path of the module or "built in". HM_ERROR_CONFIG says which rule was broken and, for a
 * collision, both origins. */
gboolean hm_registry_add (HmRegistry *registry, const HmPlugin *plugin, const char *origin, GError **error);

/* Loads every *.so of @folder (sorted) whose descriptor is of one of @namespaces (NULL: all). Refusals are kept,
 * not errors; a folder that is not there holds no plugins. Returns how many were added. */
guint hm_registry_scan (HmRegistry *registry, const char *folder, const char *const *namespaces);

/* hm_registry_scan() over a colon-separated path. @path NULL: HYPERMETER_PLUGIN_PATH if set, else the
 * installed folder. */
guint hm_registry_scan_path (HmRegistry *registry, const char *path, const char *const *namespaces);

/* Opens the module @file, which is no plugin but a part of the program, in the first folder of @path (as hm_registry_scan_path()) that
 * has it, where a plugin could be loaded. It stays. HM_ERROR_CONFIG. (transfer none) */
GModule *hm_registry_open_part (const char *path, const char *file, GError **error);

typedef struct
{
  const HmPlugin *plugin;
  const char *origin;
} HmRegistered;

typedef struct
{
  char *origin; /* which module */
  char *reason; /* why it was refused */
} HmRefused;

/* (nullable) (transfer none) */
const HmRegistered *hm_registry_find (const HmRegistry *registry, const char *ns, const char *name);
/* All of @ns (NULL: all), sorted by namespace and name. (transfer container) (element-type HmRegistered) */
GPtrArray *hm_registry_list (const HmRegistry *registry, const char *ns);
/* (transfer none) (element-type HmRefused) */
const GPtrArray *hm_registry_refused (const HmRegistry *registry);

/* "pollster", "notification", "publisher", "store": the first half of the plugin's section "pollster:cpu". */
const char *hm_plugin_kind (const HmPlugin *plugin);

G_END_DECLS
