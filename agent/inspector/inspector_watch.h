/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_watch: the thread that keeps the inventory true and calls on_event.
 *
 * It has a lane of its own, so that events keep coming while reads hang, and the other way round. All of its waiting
 * has a deadline or ends when it is closed. */
#pragma once

#include "agent/inventory/announce.h"
#include "agent/inspector/inspector_connection.h"
#include "agent/inspector/inspector_events.h"
#include "agent/inspector/inspector_single.h"

typedef struct HmWatch HmWatch;

/* @announcer, @single: (transfer full). Starts at once; tries for ever, with back-off, while there is no hypervisor.
 * (transfer full) */
HmWatch *hm_watch_new (const char *uri, HmHangs *hangs, HmAnnouncer *announcer, HmSingle *single,
                       const HmClock *clock);

/* Asks it to look at a domain; any thread. */
void hm_watch_look (HmWatch *watch, const char *id);

/* Has `exists` said of every instance, once it is known again what there is; any thread, never blocks. */
void hm_watch_audit (HmWatch *watch);

/* What libvirt told so far; any thread. */
void hm_watch_counts (HmWatch *watch, HmNewsCounts *ret_counts);

/* Waits until all that was asked, and all that libvirt told, before now is done. FALSE at @deadline_us
 * (g_get_monotonic_time()). */
gboolean hm_watch_settle (HmWatch *watch, gint64 deadline_us);

/* Waits until the inventory is known to be that of the hypervisor to which a connection was opened at @opened_us: a
 * domain id means something within one life of libvirtd alone. HM_ERROR_UNAVAILABLE with the watch's reason, or at
 * the deadline HM_ERROR_TEMPORARY. */
gboolean hm_watch_verify (HmWatch *watch, gint64 opened_us, gint64 deadline_us, GError **error);

/* Whether events come, so that the inventory knows of every domain. */
gboolean hm_watch_is_live (HmWatch *watch);

/* Makes whoever waits for it return, now; the thread ends. Any thread; before hm_watch_close(). */
void hm_watch_interrupt (HmWatch *watch);

/* Ends the thread; after that on_event is not called any more. FALSE when it is stuck in on_event at @deadline_us:
 * then all that belongs to it must be left alone. */
gboolean hm_watch_close (HmWatch *watch, gint64 deadline_us);
