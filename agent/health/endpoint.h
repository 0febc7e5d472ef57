/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: where the agent can be asked over HTTP how it fares: /livez, /readyz, /metrics on [agent] listen.
 *
 * The server and its library are a module of their own (endpoint_module.c), which is loaded where `listen` is set and costs nothing where it is
 * not. It lies in the folder of the plugins, under a name that none of them has. Main thread. */
#pragma once

#include "agent/health/health.h"

G_BEGIN_DECLS

typedef struct HmEndpoint HmEndpoint;

/* Loads the module and checks @options' `listen`; opens nothing. NULL without an error: it is not set. HM_ERROR_CONFIG. */
HmEndpoint *hm_endpoint_new (const HmOptions *options, GError **error);

/* Answers for @agent, which runs, until it is freed. */
gboolean hm_endpoint_start (HmEndpoint *endpoint, HmAgent *agent, GError **error);
void hm_endpoint_free (HmEndpoint *endpoint); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEndpoint, hm_endpoint_free)

G_END_DECLS
