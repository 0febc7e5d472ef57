/* SPDX-License-Identifier: Apache-2.0 */
/* reload: a changed configuration taken by a running agent. On SIGHUP everything is read anew, and on a change in the polling
 * file's folder that file; it is checked as at the start, and only what is good is applied. What is wrong is said, and what was in
 * force stays. Only polling and keys can change under way: any other key that differs needs a restart, and is named.
 *
 * All of it on the thread and in the context of the program's main loop. */
#pragma once

#include "agent/options.h"

G_BEGIN_DECLS

typedef struct
{
  /* Reads and checks the whole configuration, as the start did. Both outputs (transfer full) */
  gboolean (*load) (gpointer user, HmSettings **ret_settings, HmAgentConfig **ret_config, GError **error);
  gpointer load_user;
  /* Whether the agent can poll by @polling; changes nothing. */
  gboolean (*check) (gpointer user, const HmPolling *polling, GError **error);
  /* Lets the agent poll by @polling, which was checked, from now on. */
  void (*apply) (gpointer user, HmPolling *polling);
  gpointer apply_user;   /* for both */
  GMainContext *context; /* in which changes of the file arrive */
  HmKeys *keys;          /* (nullable) take the configuration's */
} HmReloadParts;

typedef struct HmReload HmReload;

/* @settings, @config: what the agent started with. They and what @parts (copied) points to must outlive it. What has
 * changed in the polling file since is applied at once. (transfer full) */
HmReload *hm_reload_new (const HmReloadParts *parts, const HmSettings *settings, const HmAgentConfig *config);
void hm_reload_free (HmReload *reload); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmReload, hm_reload_free)

/* Everything, as on SIGHUP. FALSE when it was refused, which was logged. */
gboolean hm_reload_all (HmReload *reload);

/* The polling file alone, as when it changes; what changes nothing is not spoken of, nor the same mistake twice. Same result. */
gboolean hm_reload_polling (HmReload *reload);

/* How @after differs from @before, for people: "source disks: interval 60s to 10s; source x: new". NULL: not at all.
 * (transfer full) (nullable) */
char *hm_reload_describe (const HmPolling *before, const HmPolling *after);

G_END_DECLS
