/* SPDX-License-Identifier: Apache-2.0 */
/* service: see service.h. main says each of these at its moment; a timer of its loop beats. The watchdog hears of progress
 * alone: a main thread that is alive says nothing about a poll that hangs. */
#include "metering/service.h"

#include <stdarg.h>
#include <string.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "metering/log.h"

#define QUIET_MS 30000 /* between two lines on how it fares, where there is no watchdog */
#define BEATS    3     /* in the time that the watchdog waits */

struct HmService
{
  HmServiceParts parts;
  guint64 watchdog_us; /* 0: none waits */
  gboolean listens;
  gboolean stuck; /* said already */
};

#ifdef HAVE_LIBSYSTEMD
static void
find_manager (HmService *service)
{
  service->listens = g_getenv ("NOTIFY_SOCKET") != NULL;
  if (sd_watchdog_enabled (FALSE, &service->watchdog_us) <= 0)
    service->watchdog_us = 0;
}

static void
tell (const HmService *service, const char *state)
{
  int result = service->listens ? sd_notify (FALSE, state) : 0;

  if (result < 0)
    hm_warning ("service manager: %s", g_strerror (-result));
}
#else
static void
find_manager (HmService *service)
{
  service->listens = FALSE;
}

static void
tell (const HmService *service G_GNUC_UNUSED, const char *state G_GNUC_UNUSED)
{
}
#endif

HmService *
hm_service_new (const HmServiceParts *parts)
{
  HmService *service = g_new0 (HmService, 1);

  service->parts = *parts;
  find_manager (service);
  return service;
}

void
hm_service_free (HmService *service)
{
  g_free (service);
}

void
hm_service_ready (HmService *service)
{
  tell (service, "READY=1");
}

/* The moment tells the manager's own clock which READY=1 is the answer to this. */
void
hm_service_reloading (HmService *service)
{
  g_autofree char *state
      = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  tell (service, state);
}

void
hm_service_stopping (HmService *service)
{
  tell (service, "STOPPING=1");
}

guint
hm_service_interval_ms (const HmService *service)
{
  guint64 ms = service->watchdog_us / 1000 / BEATS;

  if (!service->listens)
    return 0;
  return service->watchdog_us > 0 ? (guint)CLAMP (ms, 1, QUIET_MS) : QUIET_MS;
}

static void
note_progress (HmService *service, gboolean progresses)
{
  if (!progresses && !service->stuck)
    hm_error_line ("%s do not come back: the service manager's watchdog is not told that all is well",
                   service->parts.work);
  if (progresses && service->stuck)
    hm_notice ("%s came back", service->parts.work);
  service->stuck = !progresses;
}

void
hm_service_beat (HmService *service)
{
  g_autofree char *line = service->parts.describe (service->parts.user);
  gboolean progresses = service->parts.progresses (service->parts.user);
  g_autofree char *state = g_strdup_printf ("STATUS=%s%s", g_strdelimit (line, "\n", ' '),
                                            progresses && service->watchdog_us > 0 ? "\nWATCHDOG=1" : "");

  note_progress (service, progresses);
  tell (service, state);
}
