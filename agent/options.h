/* SPDX-License-Identifier: Apache-2.0 */
/* options: the agent's own sections of its configuration, as tables, and what they say together. The sections
 * of plugins are in plugins.h. */
#pragma once

#include "agent/outbox/keys.h"
#include "agent/inventory/owner_map.h"
#include "metering/polling.h"
#include "metering/settings.h"

G_BEGIN_DECLS

#define HM_AGENT_CONFIG_FILE HM_SYSCONFDIR "/hypermeter/agent.conf"

typedef struct
{
  HmOptions *agent, *inspector, *owner, *outbox, *notification;
  char *where;        /* the file, for messages */
  char *id;           /* [agent] id, or the host's name */
  char **namespaces;  /* which sources run; the command line's go before the file's */
  HmPolling *polling; /* of the polling file, or of [agent] interval and meters */
  HmOwnerMap *owners; /* [owner] and every [owner:NAME] */
  GPtrArray *keys;    /* (element-type HmKeyChoice) every [key:ID], and [agent]'s */
} HmAgentConfig;

/* One row per section: what --print-config and --write-config walk over. Ended by a NULL name. */
typedef struct
{
  const char *name;
  const HmOption *table;
  gsize offset; /* of its HmOptions in HmAgentConfig */
} HmAgentSection;

const HmAgentSection *hm_agent_sections (void);
const HmOptions *hm_agent_config_section (const HmAgentConfig *config, const HmAgentSection *section);

/* Reads and checks the agent's own sections. @namespaces (nullable): in place of [agent] namespaces. @where:
 * the configuration's file, for messages. HM_ERROR_CONFIG. (transfer full) */
HmAgentConfig *hm_agent_config_new (HmSettings *settings, const char *where, const char *const *namespaces,
                                    GError **error);
void hm_agent_config_free (HmAgentConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmAgentConfig, hm_agent_config_free)

G_END_DECLS
