/* SPDX-License-Identifier: Apache-2.0 */
/* count: how many of something, in words for people: "1 file", "2 files". Called by whoever writes a message, on any thread. Not installed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @noun is the singular of one that only takes an s. (transfer full) */
char *hm_count_print (guint64 count, const char *noun);

G_END_DECLS
