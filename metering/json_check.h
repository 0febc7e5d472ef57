/* SPDX-License-Identifier: Apache-2.0 */
/* json_check: what text may be in JSON that we read or write. Private to the library. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first byte that is not UTF-8 (or, behind anything but ASCII, NUL); NULL when all are. */
G_GNUC_INTERNAL const char *hm_json_find_bad_utf8 (const char *text, gsize length);

/* The first backslash of an escape that no text may hold: NUL, or half of a surrogate pair. NULL: none. */
G_GNUC_INTERNAL const char *hm_json_find_bad_escape (const char *bytes, gsize length);

G_END_DECLS
