/* SPDX-License-Identifier: Apache-2.0 */
/* messages_position: how far the file of messages was read, kept from one start of the agent to the next, so that
 * what was told once is not told again as news of today. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 device, inode; /* of the file */
  guint64 offset;        /* bytes: behind the last line that was taken */
} HmMessagesPosition;

/* What @path keeps. Where there is nothing, all 0, which is no file; where there is something else, too, with one
 * warning. */
void hm_messages_position_load (const char *path, HmMessagesPosition *ret_position);

/* Replaces @path, synced before and after its rename. HM_ERROR_CREATE. */
gboolean hm_messages_position_save (const char *path, const HmMessagesPosition *position, GError **error);

/* Where to go on in the file open as @fd: 0 when it is not the one of @position, is shorter, or has no end of a line
 * there (another file may have got the same number). */
guint64 hm_messages_position_in (const HmMessagesPosition *position, int fd, const struct stat *st);

G_END_DECLS
