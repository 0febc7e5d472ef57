/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: see endpoint.h. Made by agent_build.c, started and freed by serve.c. */
#include "agent/health/endpoint.h"

#include <string.h>

#include "agent/health/endpoint_private.h"
#include "metering/error.h"
#include "metering/registry.h"

#define STOP_NS (200 * HM_NSEC_PER_MSEC)

struct HmEndpoint
{
  const HmEndpointModule *module; /* stays in memory */
  const char *listen;
  HmHttpHealth health;
  HmHttpServer *server; /* (nullable) */
};

static const HmEndpointModule *
load (const char *path, GError **error)
{
  GModule *module = hm_registry_open_part (path, HM_ENDPOINT_FILE, error);
  const HmEndpointModule *found = NULL;
  gpointer symbol = NULL;

  if (module == NULL)
    return NULL;
  if (g_module_symbol (module, HM_ENDPOINT_SYMBOL, &symbol))
    found = symbol;
  if (found != NULL && strcmp (found->version, PACKAGE_VERSION) == 0)
    return found;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: it is not of this version (%s)", g_module_name (module),
               PACKAGE_VERSION);
  return NULL;
}

HmEndpoint *
hm_endpoint_new (const HmOptions *options, GError **error)
{
  const char *listen = hm_options_text (options, "listen");
  const HmEndpointModule *module;
  HmEndpoint *endpoint;

  if (*listen == '\0')
    return NULL;
  module = load (hm_options_text (options, "plugin-path"), error);
  if (module == NULL || !module->check (listen, error))
    return NULL;
  endpoint = g_new0 (HmEndpoint, 1);
  endpoint->module = module;
  endpoint->listen = listen;
  return endpoint;
}

gboolean
hm_endpoint_start (HmEndpoint *endpoint, HmAgent *agent, GError **error)
{
  const HmHttpSettings settings = { .listen = endpoint->listen };

  endpoint->health = (HmHttpHealth){ .lives = hm_agent_progresses,
                                     .write_ready = hm_agent_write_ready,
                                     .metrics = hm_agent_metrics,
                                     .user = agent };
  endpoint->server = endpoint->module->start (&settings, &endpoint->health, error);
  return endpoint->server != NULL;
}

void
hm_endpoint_free (HmEndpoint *endpoint)
{
  if (endpoint == NULL)
    return;
  endpoint->module->stop (endpoint->server, STOP_NS);
  g_free (endpoint);
}
