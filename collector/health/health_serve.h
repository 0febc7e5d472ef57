/* SPDX-License-Identifier: Apache-2.0 */
/* health_serve: where the collector can be asked how it fares: /livez, /readyz, /metrics on [collector] listen, and the control socket
 * collector.sock in [collector] runtime-dir for `hypermeter status`. Threads of their own. */
#pragma once

#include "collector/config.h"
#include "collector/health/health.h"

G_BEGIN_DECLS

typedef struct HmHealthServe HmHealthServe;

/* @health outlives it. HM_ERROR_CONFIG and others where the address cannot be had. A control socket that cannot be made is said, and
 * done without. */
HmHealthServe *hm_health_serve_new (const HmCollectorConfig *config, HmHealth *health, GError **error);
void hm_health_serve_free (HmHealthServe *serve); /* NULL is fine */

G_END_DECLS
