/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_single: reads one domain at once, when it was started or may be about to end.
 *
 * For the watch, on its thread. Has a lane of its own, so that a guest that hangs costs neither the events nor the polls
 * theirs, and no other guest its readings:
 * - A read is waited for a second at most. Then its lane is left to it, and the next read has a new one.
 * - A guest that did not answer in time is not asked again while that call hangs; where it happens again before it answered
 *   in time, nor for 2 s, 4 s … a minute. Nobody else is paused.
 * - Calls that may hang are few and shared with the polls (inspector_job.h). While one hangs here the last one is left to the
 *   polls; while none does it may be used, as a guest that hangs would hold up the next poll as well. With none left nobody
 *   is asked.
 * - An answer that comes late is kept; hm_single_take_late() gives it. */
#pragma once

#include "agent/inspector/inspector_connection.h"
#include "agent/inspector/inspector_events.h"
#include "agent/inventory/generation.h"
#include "agent/inventory/inventory.h"
#include "metering/snapshot.h"

typedef struct HmSingle HmSingle;

/* @generations: borrowed. @root: prefix of /proc. @clock must outlive the process' last call. (transfer full) */
HmSingle *hm_single_new (const char *uri, HmHangs *hangs, HmGenerations *generations, const char *root,
                         const HmClock *clock);
/* @queue is told HM_NEWS_ANSWERED after each call, also one that was given up. (transfer none) */
void hm_single_set_queue (HmSingle *single, HmNewsQueue *queue);
/* Instead of a second. */
void hm_single_set_timeout (HmSingle *single, gint64 timeout_us);

/* Opens the connection, and has libvirtd find out what there is of QEMU: else it does so for the first guest that is read, and
 * holds it up for seconds. Does not wait for that; does nothing while that is under way. */
void hm_single_prepare (HmSingle *single);

/* *@ret_snapshot: @fields of @instance alone, as it is now; a QEMU that is about to exit leaves out what only it knows. NULL when it
 * is in another life by now, or says nothing. FALSE when it was not asked or did not answer in time, so that it can be tried again.
 * (transfer full) (nullable) */
gboolean hm_single_read (HmSingle *single, HmInstance *instance, HmFields fields, HmSnapshot **ret_snapshot);

/* Whether a read of @id that was given up has come back, and nobody has taken what it brought. */
gboolean hm_single_has_late (HmSingle *single, const char *id);
/* What a read of @instance that was given up brought since, once; NULL when there is none, or it is not of @instance as it is
 * now. (transfer full) (nullable) */
HmSnapshot *hm_single_take_late (HmSingle *single, const HmInstance *instance);

/* Does not wait for a call that hangs. */
void hm_single_free (HmSingle *single);
