/* SPDX-License-Identifier: Apache-2.0 */
/* segment_private: where what stands in a segment's header and in a frame, for who writes and for who reads them. The same table is
 * in docs/outbox.md. Not installed. */
#pragma once

#include "metering/segment.h"

#define HM_SEGMENT_MAGIC "\211HMSEG\r\n" /* 8 bytes, the first of which no text begins with */
#define HM_FRAME_MARK    "\367HM\372"    /* 4 bytes, the first and last of which are in no UTF-8 text */
#define HM_MAGIC_BYTES   8
#define HM_MARK_BYTES    4

/* Of a header, which every format keeps: magic, format and the CRC-32 of all before it. */
enum
{
  HM_AT_FORMAT = 8,
  HM_AT_LANE = 12,
  HM_AT_FIRST = 16,
  HM_AT_ZERO = 24,
  HM_AT_HEADER_CRC = 28,
};

/* Of a frame. */
enum
{
  HM_AT_LENGTH = 4,
  HM_AT_CRC = 8,
};

/* Of a payload. Behind the lengths the texts, in the same order, and then the value. */
enum
{
  HM_AT_NUMBER = 0,
  HM_AT_ORDER = 8,
  HM_AT_BIN = 16,
  HM_AT_LOSS = 24,
  HM_AT_TIME = 32,
  HM_AT_KIND = 40,
  HM_AT_LENGTHS = 44,
};

typedef enum
{
  HM_PIECE_KEY,
  HM_PIECE_ID,
  HM_PIECE_SOURCE,
  HM_PIECE_SIGNATURE, /* of no bytes: there is none */
  HM_PIECE_VALUE,
  HM_PIECES,
} HmPiece;

#define HM_PAYLOAD_FIXED_BYTES (HM_AT_LENGTHS + 4 * HM_PIECES)

/* Fills in @ret_frame from a frame's payload, but for its message's position. FALSE: it is none, though its CRC is right. */
gboolean hm_frame_parse (const guint8 *payload, gsize length, HmFrame *ret_frame);
