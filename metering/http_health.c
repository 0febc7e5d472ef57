/* SPDX-License-Identifier: Apache-2.0 */
/* http_health: see http_health.h. */
#include "metering/http_health.h"

#include "metering/http_private.h"
#include "metering/openmetrics.h"

static void
answer_livez (HmHttpRequest *request, gpointer user)
{
  const HmHttpHealth *health = user;
  gboolean lives = health->lives (health->user);

  hm_http_answer_text (request, lives ? 200 : 503, lives ? "alive\n" : "stuck\n");
}

static void
answer_readyz (HmHttpRequest *request, gpointer user)
{
  const HmHttpHealth *health = user;
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  g_autoptr (GBytes) body = NULL;
  HmHttpAnswer answer = { .type = "application/json" };
  const char *text;
  gsize length = 0;

  hm_json_begin_object (w);
  answer.status = health->write_ready (health->user, w) ? 200 : 503;
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, &length, NULL); /* its texts are ours */
  answer.body = body = g_bytes_new (text, length);
  hm_http_answer (request, &answer);
}

static void
answer_metrics (HmHttpRequest *request, gpointer user)
{
  const HmHttpHealth *health = user;
  g_autoptr (GBytes) body = health->metrics (health->user, hm_http_server_refused (request->server));
  const HmHttpAnswer answer = { .status = 200, .type = HM_OPENMETRICS_TYPE, .body = body };

  hm_http_answer (request, &answer);
}

static const HmHttpRoute routes[] = {
  { .method = "GET", .path = "/livez", .handle = answer_livez },
  { .method = "GET", .path = "/readyz", .handle = answer_readyz },
  { .method = "GET", .path = "/metrics", .handle = answer_metrics },
  { 0 },
};

HmHttpServer *
hm_http_health_new (const HmHttpSettings *settings, const HmHttpHealth *health, GError **error)
{
  HmHttpSettings own = *settings;

  own.routes = routes;
  own.user = (gpointer)(guintptr)health;
  return hm_http_server_new (&own, error);
}
