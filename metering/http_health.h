/* SPDX-License-Identifier: Apache-2.0 */
/* http_health: /livez, /readyz and /metrics of a daemon over http_server, the same for both. The callbacks are called on the
 * server's thread and must not wait. */
#pragma once

#include "metering/http_server.h"
#include "metering/json.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean (*lives) (gpointer user);
  /* Writes "reasons" and "ready" into the object that is open. TRUE: ready. */
  gboolean (*write_ready) (gpointer user, HmJsonWriter *w);
  /* OpenMetrics. @http_refused: hm_http_server_refused(). (transfer full) */
  GBytes *(*metrics) (gpointer user, guint64 http_refused);
  gpointer user;
} HmHttpHealth;

/* As hm_http_server_new() with @settings but its routes and user; @health outlives the server, which is ended by
 * hm_http_server_stop(). */
HmHttpServer *hm_http_health_new (const HmHttpSettings *settings, const HmHttpHealth *health, GError **error);

G_END_DECLS
