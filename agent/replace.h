/* SPDX-License-Identifier: Apache-2.0 */
/* replace: puts a file in the place of another, whole or not at all.
 *
 * For what the state folder keeps. Readable by its owner alone: it holds tenants' names. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes "@path.new" and renames it. @durable: synced before the rename, and the folder after it, so that the file outlives the
 * host's fall too; else only the process'. HM_ERROR_CREATE, and the file is as it was, or (when it is the folder that
 * could not be synced) the new one. */
gboolean hm_replace_file (const char *path, const char *text, gsize length, gboolean durable, GError **error);

/* Moves a damaged file out of the way, to "@path.damaged", for a person to look at; says so with @reason. */
void hm_set_aside (const char *path, const char *reason);

/* For tests: how many more of the calls that can fail ("open", "write", "fsync", "rename", "folder") go well before
 * one does not; negative: all do, which is how it is. */
extern gint hm_replace_good_calls;

/* Whether it is that one's turn. */
gboolean hm_replace_fails (void);

G_END_DECLS
