/* SPDX-License-Identifier: Apache-2.0 */
/* plugins: which plugins this agent runs, with which options.
 *
 * A pollster or notification that was found runs unless the configuration says otherwise. A publisher needs
 * to be told where to, so it runs when the configuration has a section of it; when it has none of any
 * publisher, `kafka` runs with its defaults (localhost:9092). */
#pragma once

#include "metering/registry.h"
#include "metering/settings.h"

G_BEGIN_DECLS

typedef struct
{
  const HmPlugin *plugin;
  const char *origin;
  char *section;   /* "publisher:kafka" */
  HmOption *table; /* enabled (and required), then the plugin's own */
  HmOptions *options;
  gboolean named;    /* the configuration has its section: then its failure stops the start */
  gboolean enabled;  /* and of a namespace that this agent runs */
  gboolean required; /* of a publisher: a record waits until this one has confirmed it */
} HmPluginChoice;

/* Looks into every folder of @path (nullable: see hm_registry_scan_path()) for plugins that an agent may run.
 */
HmRegistry *hm_agent_plugins_scan (const char *path, const char *const *namespaces);

/* Every plugin of @registry, those that the configuration names first and in its order. HM_ERROR_CONFIG for a
 * named one that is not there, was refused, or has wrong options, and where no publisher is left. @where: the
 * file, for messages.
 * @registry must outlive the
 * result. (transfer full) (element-type HmPluginChoice) */
GPtrArray *hm_agent_plugins_choose (const HmRegistry *registry, HmSettings *settings, const char *where,
                                    const char *const *namespaces, GError **error);

G_END_DECLS
