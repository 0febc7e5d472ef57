/* SPDX-License-Identifier: Apache-2.0 */
/* health_serve: see health_serve.h. */
#include "collector/health/health_serve.h"

#include <unistd.h>

#include "metering/control.h"
#include "metering/error.h"
#include "metering/http_health.h"
#include "metering/log.h"

#define STOP_NS (200 * HM_NSEC_PER_MSEC)

struct HmHealthServe
{
  HmHttpHealth health;
  HmHttpServer *http; /* (nullable) */
  HmControl *control; /* (nullable) */
};

static gint64
now (void)
{
  return g_get_monotonic_time () * 1000;
}

/* -- HTTP -- */

static gboolean
lives (gpointer health)
{
  return hm_health_lives (health, now ());
}

static gboolean
write_ready (gpointer health, HmJsonWriter *w)
{
  return hm_health_write_ready (health, now (), w);
}

static GBytes *
metrics (gpointer health, guint64 http_refused)
{
  const HmClock *clock = hm_clock_system ();

  return hm_health_metrics (health, now (), clock->wall (clock), http_refused);
}

/* -- the control socket -- */

static gboolean
answer_status (gpointer health, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
               GError **error G_GNUC_UNUSED)
{
  g_autofree char *line = hm_health_describe (health, now ());

  hm_json_set_i64 (answer, "pid", getpid ());
  hm_json_set_bool (answer, "lives", hm_health_lives (health, now ()));
  hm_json_set_text (answer, "summary", line);
  hm_health_write_ready (health, now (), answer);
  return TRUE;
}

static const HmControlCommand commands[] = { { "status", answer_status }, { NULL, NULL } };

static void
start_control (HmHealthServe *serve, const HmCollectorConfig *config, HmHealth *health)
{
  HmControlParts parts = { .folder = hm_options_text (config->collector, "runtime-dir"),
                           .socket = HM_CONTROL_COLLECTOR,
                           .commands = commands,
                           .user = health };
  g_autoptr (GError) error = NULL;

  serve->control = hm_control_new (&parts, &error);
  if (serve->control == NULL)
    hm_warning ("control socket: %s; 'hypermeter status' sees the store alone", error->message);
}

/* -- life -- */

/* Where nobody asked for that very address, a second collector on this host does without. */
static gboolean
start_http (HmHealthServe *serve, const HmCollectorConfig *config, HmHealth *health, GError **error)
{
  const HmOptions *options = config->collector;
  HmHttpSettings settings = { .listen = hm_options_text (options, "listen"),
                              .certificate = hm_options_text (options, "tls-certificate"),
                              .key = hm_options_text (options, "tls-key"),
                              .client_ca = hm_options_text (options, "tls-client-ca") };
  g_autoptr (GError) local = NULL;

  settings.client_required = settings.client_ca != NULL;
  if (settings.listen == NULL || *settings.listen == '\0')
    return TRUE;
  serve->health = (HmHttpHealth){ lives, write_ready, metrics, health };
  serve->http = hm_http_health_new (&settings, &serve->health, &local);
  if (serve->http != NULL)
    return TRUE;
  g_prefix_error (&local, "[collector]: %s",
                  settings.certificate != NULL && g_error_matches (local, HM_ERROR, HM_ERROR_CONFIG)
                      ? "tls-*: "
                      : "listen: ");
  if (hm_options_is_set (options, "listen") || !g_error_matches (local, HM_ERROR, HM_ERROR_TEMPORARY))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  hm_warning ("%s; health is not served", local->message);
  return TRUE;
}

HmHealthServe *
hm_health_serve_new (const HmCollectorConfig *config, HmHealth *health, GError **error)
{
  HmHealthServe *serve = g_new0 (HmHealthServe, 1);

  if (!start_http (serve, config, health, error))
    g_clear_pointer (&serve, g_free);
  else
    start_control (serve, config, health);
  return serve;
}

void
hm_health_serve_free (HmHealthServe *serve)
{
  if (serve == NULL)
    return;
  hm_http_server_stop (serve->http, STOP_NS);
  hm_control_free (serve->control);
  g_free (serve);
}
