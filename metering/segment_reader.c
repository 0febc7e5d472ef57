/* SPDX-License-Identifier: Apache-2.0 */
/* segment_reader: a segment file, frame by frame. The publishers' feeds read with it in the agent, the commands of `hypermeter outbox`
 * outside; a reader belongs to one thread.
 *
 * Whatever the file holds is somebody else's: a length is bounded before room is made for it, a frame counts when its mark, length,
 * CRC, number and texts are all right, and where one is not, the next that is right is looked for byte by byte. Bytes at and beyond a
 * limit are never read, as they may still change. */
#include "metering/segment_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <zlib.h>

#include "metering/bytes_private.h"
#include "metering/error.h"

#define WINDOW_BYTES (64 * 1024)

struct HmSegmentReader
{
  HmFiles *files;
  char *path;
  int fd;
  gboolean salvages; /* what the disk does not read counts as zeros */
  guint lane;
  guint64 first;
  guint64 offset; /* of the next frame */
  guint64 last;   /* number of the last one that was read; first − 1 before */
  guint8 *window; /* [window_at, window_at + window_length) of the file */
  gsize room;     /* of the window */
  guint64 window_at;
  gsize window_length;
};

/* What stands at a place of the file. */
typedef enum
{
  FOUND_FRAME,
  FOUND_NONE,
  FOUND_FAILURE, /* it cannot be read now */
} Found;

void
hm_segment_reader_free (HmSegmentReader *reader)
{
  if (reader == NULL)
    return;
  if (reader->fd >= 0)
    reader->files->close (reader->files, reader->fd);
  g_free (reader->window);
  g_free (reader->path);
  g_free (reader);
}

static gboolean
refuse (const HmSegmentReader *reader, HmError code, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, code, "%s: %s", reader->path, reason);
  return FALSE;
}

/* What has a segment's name and is no file will be none later either. */
static gboolean
refuse_errno (const HmSegmentReader *reader, int code, GError **error)
{
  gboolean is_no_file = code == EISDIR || code == ELOOP || code == ENXIO || code == ESPIPE;

  return refuse (reader, is_no_file ? HM_ERROR_DATA : HM_ERROR_TEMPORARY, g_strerror (code), error);
}

/* -- bytes */

static gboolean
is_in_window (const HmSegmentReader *reader, guint64 at, gsize length)
{
  return at >= reader->window_at && at - reader->window_at <= reader->window_length
         && length <= reader->window_length - (at - reader->window_at);
}

static void
resize_window (HmSegmentReader *reader, gsize room)
{
  if (room == reader->room)
    return;
  g_free (reader->window);
  reader->window = g_malloc (room);
  reader->room = room;
}

/* Into the window. */
static ssize_t
read_bytes (HmSegmentReader *reader, gsize length, guint64 at)
{
  return (reader->salvages ? hm_files_salvage : hm_files_read) (reader->files, reader->fd, reader->window,
                                                                length, (off_t)at);
}

/* The @length bytes at @at, which are all below @end; NULL: they cannot be read. Valid until the next call. */
static const guint8 *
get_bytes (HmSegmentReader *reader, guint64 at, gsize length, guint64 end, GError **error)
{
  gsize room = MAX (length, WINDOW_BYTES), wanted = (gsize)MIN (room, end - at);
  ssize_t n;

  if (is_in_window (reader, at, length))
    return reader->window + (at - reader->window_at);
  resize_window (reader, room);
  reader->window_at = at;
  reader->window_length = 0;
  n = read_bytes (reader, wanted, at);
  if (n < 0 && wanted > length) /* what cannot be read may lie behind what is wanted */
    n = read_bytes (reader, length, at);
  if (n < 0)
    refuse_errno (reader, errno, error);
  else if ((gsize)n < length)
    refuse (reader, HM_ERROR_TEMPORARY, "it has become shorter", error);
  if (n < 0 || (gsize)n < length)
    return NULL;
  reader->window_length = (gsize)n;
  return reader->window;
}

/* -- frames */

/* How long the frame that begins with @header claims to be; 0: it is none. */
static gsize
frame_bytes (const guint8 *header)
{
  guint32 length = hm_bytes_get_u32 (header + HM_AT_LENGTH);

  if (memcmp (header, HM_FRAME_MARK, HM_MARK_BYTES) != 0 || length < HM_PAYLOAD_FIXED_BYTES
      || length > HM_FRAME_PAYLOAD_MAX)
    return 0;
  return HM_FRAME_HEADER_BYTES + length;
}

/* Numbers have no gaps, so no frame's is farther from the first than a segment can have frames, whatever stands in it. */
static gboolean
is_possible (const HmSegmentReader *reader, guint64 number)
{
  return number > reader->last && number - reader->first < HM_SEGMENT_FRAMES_MAX;
}

static gboolean
take_frame (const HmSegmentReader *reader, const guint8 *bytes, gsize length, HmFrame *ret_frame)
{
  const guint8 *payload = bytes + HM_FRAME_HEADER_BYTES;
  gsize payload_length = length - HM_FRAME_HEADER_BYTES;

  if ((guint32)crc32 (0, payload, (uInt)payload_length) != hm_bytes_get_u32 (bytes + HM_AT_CRC)
      || !is_possible (reader, hm_bytes_get_u64 (payload + HM_AT_NUMBER))
      || !hm_frame_parse (payload, payload_length, ret_frame))
    return FALSE;
  ret_frame->message->position = HM_POSITION (reader->lane, ret_frame->number);
  return TRUE;
}

/* The frame at @at, all of which must be below @end. */
static Found
read_frame (HmSegmentReader *reader, guint64 at, guint64 end, HmFrame *ret_frame, gsize *ret_length,
            GError **error)
{
  const guint8 *bytes;
  gsize length;

  if (end - at < HM_FRAME_HEADER_BYTES + HM_PAYLOAD_FIXED_BYTES)
    return FOUND_NONE;
  bytes = get_bytes (reader, at, HM_FRAME_HEADER_BYTES, end, error);
  if (bytes == NULL)
    return FOUND_FAILURE;
  length = frame_bytes (bytes);
  if (length == 0 || length > end - at)
    return FOUND_NONE;
  bytes = get_bytes (reader, at, length, end, error);
  if (bytes == NULL)
    return FOUND_FAILURE;
  if (!take_frame (reader, bytes, length, ret_frame))
    return FOUND_NONE;
  *ret_length = length;
  return FOUND_FRAME;
}

/* Moves *@at on to the next mark below @end, or to @end. FALSE: it cannot be read. */
static gboolean
find_mark (HmSegmentReader *reader, guint64 *at, guint64 end, GError **error)
{
  while (end - *at >= HM_MARK_BYTES)
    {
      const guint8 *bytes = get_bytes (reader, *at, HM_MARK_BYTES, end, error);
      gsize length = bytes != NULL ? reader->window_length - (gsize)(*at - reader->window_at) : 0;
      const guint8 *mark = bytes != NULL ? memmem (bytes, length, HM_FRAME_MARK, HM_MARK_BYTES) : NULL;

      if (bytes == NULL)
        return FALSE;
      if (mark != NULL)
        {
          *at += (guint64)(mark - bytes);
          return TRUE;
        }
      *at += length - (HM_MARK_BYTES - 1); /* the next may begin in these */
    }
  *at = end;
  return TRUE;
}

/* Where the next good frame behind @at begins; @end: there is none. */
static Found
find_frame (HmSegmentReader *reader, guint64 at, guint64 end, guint64 *ret_at, GError **error)
{
  while (at < end)
    {
      HmFrame frame = { 0 };
      gsize length;
      Found found;

      if (!find_mark (reader, &at, end, error))
        return FOUND_FAILURE;
      found = read_frame (reader, at, end, &frame, &length, error);
      hm_frame_clear (&frame);
      if (found == FOUND_FAILURE)
        return FOUND_FAILURE;
      if (found == FOUND_FRAME)
        break;
      at = MIN (at + 1, end);
    }
  *ret_at = at;
  return at < end ? FOUND_FRAME : FOUND_NONE;
}

static HmSegmentStep
pass_over (HmSegmentReader *reader, guint64 to, HmSegmentItem *ret_item)
{
  *ret_item = (HmSegmentItem){ .offset = reader->offset, .length = to - reader->offset };
  reader->offset = to;
  return HM_SEGMENT_DAMAGED;
}

/* There is no frame at the offset: what is damaged ends at the next, or where the file should. */
static HmSegmentStep
read_damaged (HmSegmentReader *reader, guint64 size, guint64 end, HmSegmentItem *ret_item, GError **error)
{
  guint64 next;

  switch (find_frame (reader, reader->offset + 1, size, &next, error))
    {
    case FOUND_FRAME:
      return pass_over (reader, next, ret_item);
    case FOUND_NONE:
      return pass_over (reader, end, ret_item);
    case FOUND_FAILURE:
      break;
    }
  return HM_SEGMENT_FAILED;
}

HmSegmentStep
hm_segment_reader_next (HmSegmentReader *reader, guint64 limit, HmSegmentItem *ret_item, GError **error)
{
  off_t size = reader->files->size (reader->files, reader->fd);
  guint64 end = limit != G_MAXUINT64 ? limit : (guint64)MAX (size, 0), there;
  HmFrame frame = { 0 };
  gsize length = 0;

  if (size < 0)
    {
      refuse_errno (reader, errno, error);
      return HM_SEGMENT_FAILED;
    }
  if (reader->offset >= end)
    return HM_SEGMENT_END;
  there = MIN (end, (guint64)size);
  if (reader->offset >= there)
    return pass_over (reader, end, ret_item);
  switch (read_frame (reader, reader->offset, there, &frame, &length, error))
    {
    case FOUND_FAILURE:
      return HM_SEGMENT_FAILED;
    case FOUND_NONE:
      return read_damaged (reader, there, end, ret_item, error);
    case FOUND_FRAME:
      break;
    }
  *ret_item = (HmSegmentItem){ .offset = reader->offset, .length = length, .frame = frame };
  reader->offset += length;
  reader->last = frame.number;
  return HM_SEGMENT_FRAME;
}

/* -- the header */

/* A whole header of another format is another version's; the first 8 bytes and the CRC stay what they are in each. */
static gboolean
is_header (const guint8 *header)
{
  return memcmp (header, HM_SEGMENT_MAGIC, HM_MAGIC_BYTES) == 0
         && (guint32)crc32 (0, header, HM_AT_HEADER_CRC) == hm_bytes_get_u32 (header + HM_AT_HEADER_CRC);
}

/* A damaged header alone costs no record: its lane and first number stand in the name too. What is then passed over as damaged are
 * the bytes before the first good frame; without one there is nothing to say that this is a segment at all. */
static gboolean
check_damaged (HmSegmentReader *reader, guint64 size, GError **error)
{
  guint64 next;

  switch (find_frame (reader, 0, size, &next, error))
    {
    case FOUND_FRAME:
      reader->offset = 0;
      return TRUE;
    case FOUND_NONE:
      return refuse (reader, HM_ERROR_DATA, "not a segment, or nothing of it can be read", error);
    case FOUND_FAILURE:
      break;
    }
  return FALSE;
}

static gboolean
check_header (HmSegmentReader *reader, const guint8 *header, guint64 size, GError **error)
{
  if (!is_header (header))
    return check_damaged (reader, size, error);
  if (hm_bytes_get_u32 (header + HM_AT_FORMAT) != HM_SEGMENT_FORMAT)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: of format %u, which is not known here",
                   reader->path, hm_bytes_get_u32 (header + HM_AT_FORMAT));
      return FALSE;
    }
  if (hm_bytes_get_u32 (header + HM_AT_LANE) != reader->lane
      || hm_bytes_get_u64 (header + HM_AT_FIRST) != reader->first)
    return refuse (reader, HM_ERROR_DATA, "a segment of another name", error);
  return TRUE;
}

static gboolean
read_header (HmSegmentReader *reader, GError **error)
{
  off_t size = reader->files->size (reader->files, reader->fd);
  const guint8 *header;

  if (size < 0)
    return refuse_errno (reader, errno, error);
  if (size < HM_SEGMENT_HEADER_BYTES)
    return refuse (reader, HM_ERROR_DATA, size == 0 ? "empty" : "shorter than a segment's header", error);
  header = get_bytes (reader, 0, HM_SEGMENT_HEADER_BYTES, (guint64)size, error);
  return header != NULL && check_header (reader, header, (guint64)size, error);
}

/* A FIFO of that name must not keep the agent waiting, nor a link lead it elsewhere. */
static HmSegmentReader *
open_reader (HmFiles *files, const char *path, gboolean salvages, GError **error)
{
  g_autoptr (HmSegmentReader) reader = g_new0 (HmSegmentReader, 1);
  g_autofree char *name = g_path_get_basename (path);

  reader->files = files;
  reader->path = g_strdup (path);
  reader->fd = -1;
  reader->salvages = salvages;
  reader->offset = HM_SEGMENT_HEADER_BYTES;
  if (!hm_segment_parse_name (name, &reader->lane, &reader->first)
      && !refuse (reader, HM_ERROR_DATA, "not a segment's name", error))
    return NULL;
  reader->last = reader->first - 1;
  reader->fd = files->open (files, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
  if (!(reader->fd < 0 ? refuse_errno (reader, errno, error) : read_header (reader, error)))
    return NULL;
  reader->window_length = 0; /* it reaches beyond any limit */
  return g_steal_pointer (&reader);
}

HmSegmentReader *
hm_segment_reader_new (HmFiles *files, const char *path, GError **error)
{
  return open_reader (files, path, FALSE, error);
}

HmSegmentReader *
hm_segment_reader_new_salvaging (HmFiles *files, const char *path, GError **error)
{
  return open_reader (files, path, TRUE, error);
}

void
hm_segment_reader_seek (HmSegmentReader *reader, guint64 offset)
{
  reader->offset = offset;
  reader->last = reader->first - 1;
  reader->window_length = 0;
}

guint64
hm_segment_reader_offset (const HmSegmentReader *reader)
{
  return reader->offset;
}
