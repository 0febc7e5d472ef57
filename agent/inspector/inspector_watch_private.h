/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_watch_private: what the watch's files share. Everything here is its thread's. */
#pragma once

#include "agent/inspector/inspector_events.h"
#include "agent/inspector/inspector_single.h"
#include "agent/inspector/inspector_watch.h"

struct HmWatch
{
  GMutex lock;
  GCond changed;
  guint64 done;       /* ticket */
  gint64 verified_us; /* the inventory is that of the hypervisor that was there then */
  char *reason;       /* (nullable) why it is not connected */
  HmLane *lane;       /* (nullable) changed by the thread, under the lock */
  gboolean is_live;   /* connected, and the driver tells events */
  gboolean is_closing, has_ended;

  /* The thread's alone. */
  HmAnnouncer *announcer;
  gboolean is_connected;
  guint openings;              /* of the lane, when everything was compared */
  gint64 attempt_us, backoff;  /* of the next attempt to connect */
  gint64 compare_us, check_us; /* next comparison, next look at suspects (0: none) */
  GPtrArray *suspects;
  HmSingle *single;
  GHashTable *firsts; /* id → first reading that is to be tried again */
  gboolean must_audit;

  char *uri;
  HmHangs *hangs;
  HmNewsQueue *queue;
  GThread *thread;
};

gboolean hm_watch_is_closing (HmWatch *self);

/* Runs @job on the watch's lane, making one if there is none. A failure that leaves the connection in doubt makes the
 * watch begin anew. */
gboolean hm_watch_run (HmWatch *self, HmJob *job, gint64 timeout_us, GError **error);
void hm_watch_drop_lane (HmWatch *self);

/* Compares all domains with the inventory; makes the connection if there is none. */
gboolean hm_watch_compare (HmWatch *self, GError **error);
/* The same, after a loss: logs the reason once, and waits longer after each failure. */
gboolean hm_watch_connect (HmWatch *self);

void hm_watch_set_verified (HmWatch *self, gint64 at_us);

/* -- reading at moments (inspector_watch_moments.c) */

/* Before the end of @id, which the next event may tell; after its start. */
void hm_watch_read_last (HmWatch *self, const char *id);
void hm_watch_read_first (HmWatch *self, const char *id);
/* A call at @id has come back. */
void hm_watch_take_answer (HmWatch *self, const char *id);
/* Something happened: before that is taken in, what came back, if it ends the run only what is of before. */
void hm_watch_take_late (HmWatch *self, const HmHappening *happening);
/* Tries the first readings again that are due. */
void hm_watch_read_due (HmWatch *self);
/* When the next one is; G_MAXINT64: never. */
gint64 hm_watch_next_read (HmWatch *self);
GHashTable *hm_watch_firsts_new (void);
