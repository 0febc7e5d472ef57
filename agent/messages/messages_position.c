/* SPDX-License-Identifier: Apache-2.0 */
/* messages_position: see messages_position.h. messages_file.c alone calls it, on the thread that reads. The file is
 * one line, "<device> <inode> <offset>". */
#include "agent/messages/messages_position.h"

#include <unistd.h>

#include "metering/error.h"
#include "metering/log.h"

static gboolean
parse (const char *text, HmMessagesPosition *ret_position)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", -1);
  HmMessagesPosition position;

  if (g_strv_length (parts) != 3
      || !g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXUINT64, &position.device, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT64, &position.inode, NULL)
      || !g_ascii_string_to_unsigned (parts[2], 10, 0, G_MAXINT64, &position.offset, NULL))
    return FALSE;
  *ret_position = position;
  return TRUE;
}

void
hm_messages_position_load (const char *path, HmMessagesPosition *ret_position)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  *ret_position = (HmMessagesPosition){ 0 };
  if (!g_file_get_contents (path, &text, NULL, &error))
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        hm_warning ("%s; the messages are read from their beginning", error->message);
      return;
    }
  if (!parse (g_strchomp (text), ret_position))
    hm_warning ("%s: not a position; the messages are read from their beginning", path);
}

gboolean
hm_messages_position_save (const char *path, const HmMessagesPosition *position, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text
      = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                         position->device, position->inode, position->offset);

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                0640, &cause))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "cannot keep the position: %s", cause->message);
  return FALSE;
}

static gboolean
is_behind_a_line (int fd, guint64 offset)
{
  char byte;

  return pread (fd, &byte, 1, (off_t)offset - 1) == 1 && byte == '\n';
}

guint64
hm_messages_position_in (const HmMessagesPosition *position, int fd, const struct stat *st)
{
  if (position->offset == 0 || position->device != (guint64)st->st_dev
      || position->inode != (guint64)st->st_ino || position->offset > (guint64)st->st_size
      || !is_behind_a_line (fd, position->offset))
    return 0;
  return position->offset;
}
