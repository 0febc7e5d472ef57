/* SPDX-License-Identifier: Apache-2.0 */
/* settings_private: reading one file, for settings and yaml. Not installed. */
#pragma once

#include <glib.h>

/* Called for each section (@key and @value NULL) and each of its keys, in the file's order. All borrowed. */
typedef void (*HmSettingsTake) (const char *section, const char *key, const char *value, gpointer user);

/* Hands everything in the file at @path to @take, or nothing at all when anything in it is wrong: HM_ERROR_CONFIG.
 * A file that is not there is empty unless it @must_exist. */
G_GNUC_INTERNAL gboolean hm_settings_file_read (const char *path, gboolean must_exist, HmSettingsTake take,
                                                gpointer user, GError **error);

/* The text at @path, 1 MiB at most and without a NUL byte: HM_ERROR_CONFIG "path: reason". NULL without an error for a file
 * that is not there and need not. (transfer full) */
G_GNUC_INTERNAL char *hm_settings_file_text (const char *path, gboolean must_exist, GError **error);

/* @text with each ${NAME} replaced from the environment, once, and $$ by a dollar. NULL with a reason that does not show the
 * text. Both (transfer full) */
G_GNUC_INTERNAL char *hm_settings_expand (const char *text, char **ret_reason);
