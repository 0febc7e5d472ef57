/* SPDX-License-Identifier: Apache-2.0 */
/* service: what a daemon tells the service manager that started it (sd_notify(3)): that it is ready, reloads, stops, how it
 * fares, and for the watchdog that it makes progress. Without a manager that listens, or built without libsystemd, all of it
 * does nothing. The only file that knows libsystemd. Of both daemons; not part of the library. One thread's. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whom to ask. */
typedef struct
{
  gboolean (*progresses) (gpointer user); /* FALSE: the watchdog hears nothing */
  char *(*describe) (gpointer user);      /* one line (transfer full) */
  const char *work;                       /* what progress is: "the polls" */
  gpointer user;
} HmServiceParts;

typedef struct HmService HmService;

HmService *hm_service_new (const HmServiceParts *parts);
void hm_service_free (HmService *service); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmService, hm_service_free)

void hm_service_ready (HmService *service);
void hm_service_reloading (HmService *service); /* hm_service_ready() ends it */
void hm_service_stopping (HmService *service);

/* How often hm_service_beat() is to be called: a third of what the watchdog waits, 30 s without one; 0: nobody
 * listens. */
guint hm_service_interval_ms (const HmService *service);

/* Tells how it fares, and the watchdog that it lives if it makes progress. One line in the log when that ends, one
 * when it is back. */
void hm_service_beat (HmService *service);

G_END_DECLS
