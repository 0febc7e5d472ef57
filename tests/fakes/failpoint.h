/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint: named points that a scenario passes, "outbox.sync.journal.before", and what is to happen at one of them. A fake layer below the
 * code under test calls failpoints_pass() around each of its operations; that code knows nothing of it.
 *
 * A test runs its scenario once to see how many points it passes, then once for each and stops there. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct Failpoints Failpoints;

Failpoints *failpoints_new (void);
void failpoints_free (Failpoints *points);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Failpoints, failpoints_free)

/* Calls @stop at the @passing-th passing from now on (1: the next), whatever its name; 0: never. */
void failpoints_stop_at (Failpoints *points, guint64 passing, void (*stop) (gpointer user), gpointer user);

/* The next @times passings whose name matches the glob @name fail with @error (an errno). */
void failpoints_fail (Failpoints *points, const char *name, guint times, int error);

/* A point whose name matches the glob @name is none from now on. One such. */
void failpoints_leave_out (Failpoints *points, const char *name);

/* For the layer: 0, or the errno that its call is to fail with. */
int failpoints_pass (Failpoints *points, const char *name);

/* How many were passed since the beginning, in all and of one name. */
guint64 failpoints_passed (Failpoints *points);
guint64 failpoints_passed_name (Failpoints *points, const char *name);

/* "name count" of each, sorted, one a line. (transfer full) */
char *failpoints_list (Failpoints *points);

G_END_DECLS
