/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_job: a piece of work for a lane (inspector_connection.h), and the count of those that hang. */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

#include "metering/inspector.h"

typedef struct HmLane HmLane;
typedef struct HmJob HmJob;

/* Shared by the lanes of one inspector; counts calls that hang, and what became of connections. Thread-safe. */
typedef struct HmHangs HmHangs;
/* @limit: calls that may hang before nothing is asked any more that a guest can hold up. */
HmHangs *hm_hangs_new (guint limit);
HmHangs *hm_hangs_ref (HmHangs *hangs);
void hm_hangs_unref (HmHangs *hangs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmHangs, hm_hangs_unref)
guint hm_hangs_now (HmHangs *hangs);
/* How many calls more may be made at a time that a guest can hold up. */
guint hm_hangs_left (HmHangs *hangs);
/* One call hangs beyond the limit, so not even those come back that no guest can hold up. */
gboolean hm_hangs_are_enough (HmHangs *hangs);
/* How many calls that hung have come back by now. */
guint64 hm_hangs_returned (HmHangs *hangs);

/* For lanes. One is left behind, with a call that hangs if @is_calling; it is done with that and has ended; it has opened
 * a connection, or failed to. */
void hm_hangs_begin (HmHangs *hangs, gboolean is_calling);
void hm_hangs_end (HmHangs *hangs, gboolean was_calling);
void hm_hangs_opened (HmHangs *hangs, gboolean is_open);

/* Sets what it knows of: hanging_calls, hanging_limit, retired, and the totals of connections. */
void hm_hangs_health (HmHangs *hangs, HmInspectorHealth *health);

/* Something to be done on a lane's thread. Embedded as first member; shared by the lane and the one who waits, so
 * that either may let go first. What run() stores in it may be looked at once hm_lane_wait() returned TRUE. */
struct HmJob
{
  void (*run) (HmJob *self, HmLane *lane, virConnectPtr connection); /* counts its calls in `rpcs` */
  void (*dispose) (HmJob *self);
  void (*returned) (HmJob *self); /* (nullable) on the lane's thread, when it is done with it, run or not */
  GError *error;                  /* set when there was no connection, or by run() */
  guint rpcs;
  gboolean is_done; /* under the lane's lock */
  gint refs;
};

void hm_job_init (HmJob *job, void (*run) (HmJob *, HmLane *, virConnectPtr), void (*dispose) (HmJob *));
void hm_job_unref (HmJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmJob, hm_job_unref)

/* libvirt's last error on this thread as HM_ERROR: GONE when the domain is, UNAVAILABLE when the connection is,
 * PERMISSION, else TEMPORARY. */
void hm_set_virt_error (GError **error, const char *what);
