/* SPDX-License-Identifier: Apache-2.0 */
/* segment: frames and headers as bytes and back, and the names of segment files. Pure; the outbox's writer calls it for what it writes,
 * segment_reader.c for what it reads. */
#include "metering/segment_private.h"

#include <string.h>
#include <zlib.h>

#include "metering/bytes_private.h"

#define NAME_END    ".segment"
#define NAME_DIGITS 16

/* An id is four parts, each of which percent-encoding makes three times as long at most. */
#define ID_BYTES_MAX        (4 * 3 * HM_ID_MAX)
#define SIGNATURE_BYTES_MAX 1024

static const char *const lane_names[HM_LANES] = { "billing", "diagnostic" };

const char *
hm_lane_name (guint lane)
{
  g_return_val_if_fail (lane < HM_LANES, NULL);
  return lane_names[lane];
}

void
hm_frame_clear (HmFrame *frame)
{
  g_clear_pointer (&frame->message, hm_message_unref);
  *frame = (HmFrame){ 0 };
}

/* -- names */

char *
hm_segment_name (guint lane, guint64 first)
{
  return g_strdup_printf ("%s-%016" G_GINT64_MODIFIER "x" NAME_END, hm_lane_name (lane), first);
}

static gboolean
parse_number (const char *digits, guint64 *ret_number)
{
  guint64 number = 0;

  for (guint i = 0; i < NAME_DIGITS; i++)
    {
      if (!g_ascii_isxdigit (digits[i]) || g_ascii_isupper (digits[i]))
        return FALSE;
      number = number << 4 | (guint64)g_ascii_xdigit_value (digits[i]);
    }
  *ret_number = number;
  return TRUE;
}

gboolean
hm_segment_parse_name (const char *name, guint *ret_lane, guint64 *ret_first)
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      gsize length = strlen (lane_names[lane]);
      guint64 first;

      if (strlen (name) != length + 1 + NAME_DIGITS + strlen (NAME_END)
          || strncmp (name, lane_names[lane], length) != 0 || name[length] != '-'
          || strcmp (name + length + 1 + NAME_DIGITS, NAME_END) != 0)
        continue;
      if (!parse_number (name + length + 1, &first) || first == 0 || first > HM_NUMBER_LAST)
        return FALSE;
      *ret_lane = lane;
      *ret_first = first;
      return TRUE;
    }
  return FALSE;
}

/* -- writing */

void
hm_segment_write_header (guint lane, guint64 first, GByteArray *ret_bytes)
{
  guint8 header[HM_SEGMENT_HEADER_BYTES] = { 0 };

  memcpy (header, HM_SEGMENT_MAGIC, HM_MAGIC_BYTES);
  hm_bytes_put_u32 (header + HM_AT_FORMAT, HM_SEGMENT_FORMAT);
  hm_bytes_put_u32 (header + HM_AT_LANE, lane);
  hm_bytes_put_u64 (header + HM_AT_FIRST, first);
  hm_bytes_put_u32 (header + HM_AT_HEADER_CRC, (guint32)crc32 (0, header, HM_AT_HEADER_CRC));
  g_byte_array_append (ret_bytes, header, sizeof (header));
}

static gsize
length_of (const char *text)
{
  return text != NULL ? strlen (text) : 0;
}

static void
append_payload (const HmFrame *frame, GByteArray *bytes)
{
  const HmMessage *message = frame->message;
  const char *const texts[] = { message->key, message->id, message->source, message->signature };
  guint8 fixed[HM_PAYLOAD_FIXED_BYTES] = { 0 };
  gsize length;
  const guint8 *value = g_bytes_get_data (message->value, &length);

  hm_bytes_put_u64 (fixed + HM_AT_NUMBER, frame->number);
  hm_bytes_put_u64 (fixed + HM_AT_ORDER, frame->order);
  hm_bytes_put_u64 (fixed + HM_AT_BIN, (guint64)frame->bin);
  hm_bytes_put_u64 (fixed + HM_AT_LOSS, frame->loss);
  hm_bytes_put_u64 (fixed + HM_AT_TIME, (guint64)message->time);
  hm_bytes_put_u32 (fixed + HM_AT_KIND, (guint32)message->kind);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    hm_bytes_put_u32 (fixed + HM_AT_LENGTHS + 4 * i, (guint32)length_of (texts[i]));
  hm_bytes_put_u32 (fixed + HM_AT_LENGTHS + 4 * HM_PIECE_VALUE, (guint32)length);
  g_byte_array_append (bytes, fixed, sizeof (fixed));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_byte_array_append (bytes, (const guint8 *)texts[i], (guint)length_of (texts[i]));
  g_byte_array_append (bytes, value, (guint)length);
}

void
hm_frame_write (const HmFrame *frame, GByteArray *ret_bytes)
{
  guint start = ret_bytes->len, payload = start + HM_FRAME_HEADER_BYTES;
  guint32 length;

  g_byte_array_set_size (ret_bytes, payload);
  append_payload (frame, ret_bytes);
  length = ret_bytes->len - payload;
  memcpy (ret_bytes->data + start, HM_FRAME_MARK, HM_MARK_BYTES);
  hm_bytes_put_u32 (ret_bytes->data + start + HM_AT_LENGTH, length);
  hm_bytes_put_u32 (ret_bytes->data + start + HM_AT_CRC,
                    (guint32)crc32 (0, ret_bytes->data + payload, length));
}

/* -- reading */

typedef struct
{
  const char *bytes;
  gsize length;
} Piece;

static const struct
{
  gsize min, max;
} limits[HM_PIECES] = {
  [HM_PIECE_KEY] = { 1, HM_ID_MAX },       [HM_PIECE_ID] = { 1, ID_BYTES_MAX },
  [HM_PIECE_SOURCE] = { 1, HM_ID_MAX },    [HM_PIECE_SIGNATURE] = { 0, SIGNATURE_BYTES_MAX },
  [HM_PIECE_VALUE] = { 1, HM_RECORD_MAX },
};

/* The pieces fill the payload to its last byte, or it is none. */
static gboolean
cut_pieces (const guint8 *payload, gsize length, Piece pieces[HM_PIECES])
{
  gsize at = HM_PAYLOAD_FIXED_BYTES;

  for (guint i = 0; i < HM_PIECES; i++)
    {
      gsize size = hm_bytes_get_u32 (payload + HM_AT_LENGTHS + 4 * i);

      if (size < limits[i].min || size > limits[i].max || size > length - at)
        return FALSE;
      pieces[i] = (Piece){ (const char *)payload + at, size };
      at += size;
    }
  return at == length;
}

/* UTF-8 without a NUL: what GLib refuses in a text whose length is given. */
static gboolean
are_texts (const Piece pieces[HM_PIECES])
{
  for (guint i = 0; i < HM_PIECES; i++)
    if (!g_utf8_validate (pieces[i].bytes, (gssize)pieces[i].length, NULL))
      return FALSE;
  return TRUE;
}

static char *
copy_piece (const Piece *piece)
{
  return piece->length > 0 ? g_strndup (piece->bytes, piece->length) : NULL;
}

static HmMessage *
make_message (const guint8 *payload, const Piece pieces[HM_PIECES])
{
  HmMessage *message = g_new0 (HmMessage, 1);

  message->kind = (HmRecordKind)hm_bytes_get_u32 (payload + HM_AT_KIND);
  message->key = copy_piece (&pieces[HM_PIECE_KEY]);
  message->id = copy_piece (&pieces[HM_PIECE_ID]);
  message->source = copy_piece (&pieces[HM_PIECE_SOURCE]);
  message->time = (HmTime)hm_bytes_get_u64 (payload + HM_AT_TIME);
  message->signature = copy_piece (&pieces[HM_PIECE_SIGNATURE]);
  message->value = g_bytes_new (pieces[HM_PIECE_VALUE].bytes, pieces[HM_PIECE_VALUE].length);
  message->refs = 1;
  return message;
}

static gboolean
are_numbers (const guint8 *payload)
{
  guint64 number = hm_bytes_get_u64 (payload + HM_AT_NUMBER);

  return number >= 1 && number <= HM_NUMBER_LAST && hm_bytes_get_u64 (payload + HM_AT_ORDER) <= HM_ORDER_LAST
         && (gint64)hm_bytes_get_u64 (payload + HM_AT_TIME) >= 0
         && hm_bytes_get_u32 (payload + HM_AT_KIND) <= HM_RECORD_HEARTBEAT;
}

gboolean
hm_frame_parse (const guint8 *payload, gsize length, HmFrame *ret_frame)
{
  Piece pieces[HM_PIECES];

  if (length < HM_PAYLOAD_FIXED_BYTES || length > HM_FRAME_PAYLOAD_MAX || !are_numbers (payload)
      || !cut_pieces (payload, length, pieces) || !are_texts (pieces))
    return FALSE;
  *ret_frame = (HmFrame){ .number = hm_bytes_get_u64 (payload + HM_AT_NUMBER),
                          .order = hm_bytes_get_u64 (payload + HM_AT_ORDER),
                          .bin = (gint64)hm_bytes_get_u64 (payload + HM_AT_BIN),
                          .loss = hm_bytes_get_u64 (payload + HM_AT_LOSS),
                          .message = make_message (payload, pieces) };
  return TRUE;
}
