/* SPDX-License-Identifier: Apache-2.0 */
/* system_file: small files that the kernel writes below /proc and /sys, for reading pollsters. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All of <@root><@path> as text, NUL-terminated. HM_ERROR_UNAVAILABLE when it is not there, HM_ERROR_PERMISSION when it may not be
 * read, HM_ERROR_TEMPORARY when it cannot be; HM_ERROR_DATA when it is larger than @max bytes, empty, holds a NUL or does not end
 * with a newline, which the kernel never leaves out: then a part of it is missing. (transfer full) */
char *hm_system_file_read (const char *root, const char *path, gsize max, GError **error);

/* A file that holds one decimal number and nothing else. */
gboolean hm_system_file_number (const char *root, const char *path, guint64 *ret_number, GError **error);

/* Reads the digits after the blanks at *@cursor, which must end at a blank or at the end of a line, and moves *@cursor behind
 * them. FALSE, with nothing moved, where there is no number of 64 bits. */
gboolean hm_system_text_number (const char **cursor, guint64 *ret_number);

/* Names in the folder <@root><@path> that are valid UTF-8 without controls, sorted, @max at most; NULL with an error as above when
 * it cannot be read. (transfer full) (element-type utf8) */
GPtrArray *hm_system_folder_list (const char *root, const char *path, guint max, GError **error);

/* Whether @name of <@root><@folder> (/sys/block, /sys/class/net) matches one of @patterns or, where there are none, is hardware: that is,
 * has a `device`. What lies on top of hardware would count the same bytes once more. */
gboolean hm_system_device_is_wanted (const char *root, const char *folder, const char *name,
                                     char *const *patterns);

G_END_DECLS
