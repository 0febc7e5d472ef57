/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_connection: a lane is one libvirt connection and the one thread that calls it.
 *
 * Whoever wants something from libvirt hands a job to a lane and waits until a deadline of his own, never for
 * libvirt. A lane whose job has not come back by then is retired: nobody uses it again, its thread stays with the
 * call (or with the opening of the connection, which can hang too), and when that returns closes the connection and
 * ends. How many may hang at a time is limited, because each holds one of libvirtd's workers. */
#pragma once

#include "agent/inspector/inspector_job.h"
#include "agent/inspector/inspector_traits.h"

/* What goes with each connection of a lane, on the lane's thread. */
typedef struct
{
  void (*opened) (virConnectPtr connection, gpointer user);  /* (nullable) */
  void (*closing) (virConnectPtr connection, gpointer user); /* (nullable) */
  gpointer user;
  void (*release) (gpointer user); /* (nullable) when the lane is freed */
} HmLaneHooks;

/* Starts the lane's thread; opens nothing before the first job. @hooks (nullable) is copied. NULL with
 * HM_ERROR_TEMPORARY when so many calls hang that no further connection may be made. (transfer full) */
HmLane *hm_lane_new (const char *uri, HmHangs *hangs, const HmLaneHooks *hooks, GError **error);

/* Hands @job over; one at a time. */
void hm_lane_start (HmLane *lane, HmJob *job);
/* Waits for @job until @deadline_us (g_get_monotonic_time()). FALSE when it is not done by then, or somebody else
 * retired the lane: the lane is retired and must be closed. */
gboolean hm_lane_wait (HmLane *lane, HmJob *job, gint64 deadline_us);
/* Both. */
gboolean hm_lane_run (HmLane *lane, HmJob *job, gint64 deadline_us);

/* Makes whoever waits for the lane return, now; any thread. */
void hm_lane_retire (HmLane *lane);

/* Lets go of the lane: its thread closes the connection and ends. Waits for that until @deadline_us; a thread whose
 * call still hangs then is left behind with what belongs to it, on purpose. FALSE in that case. @lane (nullable) */
gboolean hm_lane_close (HmLane *lane, gint64 deadline_us);

/* When the connection that the lane now has was opened (g_get_monotonic_time()), and how many were before it; after
 * hm_lane_wait(). */
gint64 hm_lane_opened_at (HmLane *lane);
guint hm_lane_openings (HmLane *lane);

/* Domains by id (UUID) for whoever runs on the lane to keep from one job to the next; emptied with the connection. From
 * within a job. (transfer none) (element-type utf8 virDomainPtr) */
GHashTable *hm_lane_handles (HmLane *lane);

/* What the driver behind the connection can; on the lane's thread, from within a job, whose calls are counted. */
const HmTraits *hm_lane_traits (HmLane *lane, HmJob *job, virConnectPtr connection);
