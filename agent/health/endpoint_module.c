/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_module: the part of the agent that needs libsoup, as a module; endpoint.c loads it. */
#include <gmodule.h>

#include "agent/health/endpoint_private.h"

G_MODULE_EXPORT extern const HmEndpointModule hm_endpoint_module;
const HmEndpointModule hm_endpoint_module = { .version = PACKAGE_VERSION,
                                              .check = hm_http_listen_check,
                                              .start = hm_http_health_new,
                                              .stop = hm_http_server_stop };
