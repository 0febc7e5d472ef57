/* SPDX-License-Identifier: Apache-2.0 */
/* segment: the outbox's file format, shared by the agent that writes it and the command that reads it. docs/outbox.md has the
 * layout. Nothing here keeps state but a reader, which belongs to one thread.
 *
 *   segment  header (32 bytes: magic, format, lane, first number, CRC-32), then frames
 *   frame    mark (4 bytes that no UTF-8 text holds), length, CRC-32 of the payload (each 32 bits, little-endian), payload
 *   payload  number, order, bin, loss, kind, time, key, id, source, signature, value */
#pragma once

#include "metering/files.h"
#include "metering/plugin.h"

G_BEGIN_DECLS

#define HM_SEGMENT_FORMAT       1
#define HM_SEGMENT_HEADER_BYTES 32
#define HM_FRAME_HEADER_BYTES   12
#define HM_FRAME_PAYLOAD_MAX    (2 * HM_RECORD_MAX)
#define HM_FRAME_BYTES_MIN                                                                                   \
  80 /* its header, a payload's fixed part, one byte of each text that must be there */
#define HM_SEGMENT_FRAMES_MAX (1u << 20)
#define HM_LANES              2 /* HmRecordClass: billing, diagnostic */

#define HM_NUMBER_LAST (G_MAXUINT64 >> 1)
#define HM_ORDER_LAST  (G_MAXUINT64 >> 1)

/* A message's position: its number within its lane, and that. */
#define HM_POSITION(lane, number)    ((guint64)(number) << 1 | (guint64)(lane))
#define HM_POSITION_LANE(position)   ((guint)((position)&1))
#define HM_POSITION_NUMBER(position) ((position) >> 1)

const char *hm_lane_name (guint lane); /* "billing", "diagnostic" */

typedef struct
{
  guint64 number; /* within the lane, without gaps, from 1 */
  guint64 order;  /* over both lanes: what was appended before has the smaller one */
  gint64 bin;     /* the record's agent.bin */
  guint64 loss;   /* of a gap record: which of the journal's losses it says; 0: none */
  HmMessage *message;
} HmFrame;

void hm_frame_clear (HmFrame *frame);

/* Appends the frame's bytes. */
void hm_frame_write (const HmFrame *frame, GByteArray *ret_bytes);

/* Appends a segment's header. */
void hm_segment_write_header (guint lane, guint64 first, GByteArray *ret_bytes);

/* "billing-000000000000002a.segment" (transfer full), and back: FALSE for a name that is none. */
char *hm_segment_name (guint lane, guint64 first);
gboolean hm_segment_parse_name (const char *name, guint *ret_lane, guint64 *ret_first);

/* -- reading */

typedef struct HmSegmentReader HmSegmentReader;

typedef enum
{
  HM_SEGMENT_FRAME,   /* here is the next one */
  HM_SEGMENT_END,     /* the limit is reached; ask again when it is another */
  HM_SEGMENT_DAMAGED, /* bytes that are no frame, up to the next frame or the limit; they are passed over */
  HM_SEGMENT_FAILED,  /* the file cannot be read now: @error */
} HmSegmentStep;

typedef struct
{
  guint64 offset, length; /* of what was read, or of the damaged bytes */
  HmFrame frame; /* of HM_SEGMENT_FRAME; its message's position is set. Cleared by hm_frame_clear() */
} HmSegmentItem;

/* @path: an absolute one; lane and first number are told by its name. HM_ERROR_DATA: it is no segment (empty, foreign), or nothing of it
 * can be read; HM_ERROR_TEMPORARY: it cannot be opened or read now; HM_ERROR_CONFIG: of a format that is not known here. Where only the
 * header is damaged the frames are read all the same: then the first step is DAMAGED and begins at offset 0. */
HmSegmentReader *hm_segment_reader_new (HmFiles *files, const char *path, GError **error);
/* The same for a disk that will not read some of it any more (EIO): those 4 KiB pieces count as zeros, that is as damaged. */
HmSegmentReader *hm_segment_reader_new_salvaging (HmFiles *files, const char *path, GError **error);
void hm_segment_reader_free (HmSegmentReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSegmentReader, hm_segment_reader_free)

/* Goes on at @offset, where a frame begins; HM_SEGMENT_HEADER_BYTES: at the first. */
void hm_segment_reader_seek (HmSegmentReader *reader, guint64 offset);
guint64 hm_segment_reader_offset (const HmSegmentReader *reader);

/* The next frame below @limit bytes, a place where a frame ends (G_MAXUINT64: the file's end as it is now). Nothing behind the limit
 * is read. A frame that is cut off by the limit is DAMAGED (torn), and so are bytes below the limit that the file does not have, and a
 * frame whose number does not rise. Uses a buffer of its own of 64 KiB, more only for a larger frame. */
HmSegmentStep hm_segment_reader_next (HmSegmentReader *reader, guint64 limit, HmSegmentItem *ret_item,
                                      GError **error);

G_END_DECLS
