/* SPDX-License-Identifier: Apache-2.0 */
/* secret: a password or a key from a file of its own, read by one rule wherever a secret comes from a file. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_SECRET_MAX 65536 /* bytes of one secret, its line end included */

/* The text of the file at @path without one line end at its end. Symbolic links are followed. The file that
 * is open is the one that is judged: it must be a regular one, on which others have no permission at all, and
 * hold HM_SECRET_MAX bytes of text at most, no NUL among them. Never waits, as for a FIFO's writer. Any thread.
 *
 * (transfer full), for hm_secret_free(). HM_ERROR_CONFIG: names path and reason, never the content. */
char *hm_secret_read (const char *path, GError **error);

/* Wipes and frees; NULL is fine. Any thread. */
void hm_secret_free (char *secret);

G_END_DECLS
