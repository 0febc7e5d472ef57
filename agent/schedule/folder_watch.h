/* SPDX-License-Identifier: Apache-2.0 */
/* folder_watch: tells when a file in a folder was written, replaced or removed. A folder and not a file, so that a file that is
 * renamed over the old one is seen, and a link that is turned elsewhere. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct HmFolderWatch HmFolderWatch;

/* Calls @changed in @context, once for all that happens within a short while. NULL when the folder cannot be watched, which is
 * logged unless it is not there. (transfer full) (nullable) */
HmFolderWatch *hm_folder_watch_new (const char *folder, GMainContext *context,
                                    void (*changed) (gpointer user), gpointer user);
void hm_folder_watch_free (HmFolderWatch *watch); /* NULL is fine */

G_END_DECLS
