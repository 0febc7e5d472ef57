/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_private: what endpoint.c finds in the module. */
#pragma once

#include "metering/http_health.h"

#define HM_ENDPOINT_FILE   "endpoint.module"
#define HM_ENDPOINT_SYMBOL "hm_endpoint_module"

typedef struct
{
  const char *version; /* of the package: no other has the same structures */
  gboolean (*check) (const char *listen, GError **error);
  HmHttpServer *(*start) (const HmHttpSettings *settings, const HmHttpHealth *health, GError **error);
  void (*stop) (HmHttpServer *server, gint64 timeout_ns);
} HmEndpointModule;
