/* SPDX-License-Identifier: Apache-2.0 */
/* access: whether what the configuration names could be used by whoever asks, as --check-config wants to know. Looks, and opens, makes
 * and changes nothing. What the file system says later may be something else. Any thread; HM_ERROR_CONFIG with path and reason.
 *
 * Among the installed headers, as a publisher needs it too, and one of this tree is given no more than one from elsewhere. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A folder that files are made in. Where it is missing it could be made, and those above it. */
gboolean hm_access_folder (const char *path, GError **error);

/* A file that is read and written. Where it is missing it could be made in its folder, which must be there. */
gboolean hm_access_file (const char *path, GError **error);

/* A file for @mode (R_OK, W_OK) where it is there already; where it is missing, all is good. */
gboolean hm_access_there (const char *path, int mode, GError **error);

G_END_DECLS
