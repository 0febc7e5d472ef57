/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_segment: libFuzzer on what reads the outbox's folder, the segment reader and the journal. Built by `make fuzz` alone, with clang.
 *
 * The same bytes are read as a segment of each lane and as a journal, as they are and with every CRC put right, as hardly any input would get
 * past those by chance; the parsers behind them are given the bytes directly too. Of what a reader accepts it must hold that writing it
 * gives the bytes that were read. */
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "metering/bytes_private.h"
#include "metering/journal_private.h"
#include "metering/segment_private.h"
#include "tests/fakes/one_file.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);

/* What is accepted is written again byte for byte. */
static void
check_frame (const HmFrame *frame, const guint8 *bytes, gsize length)
{
  g_autoptr (GByteArray) again = g_byte_array_new ();

  hm_frame_write (frame, again);
  g_assert_cmpuint (again->len, ==, length);
  g_assert_true (memcmp (again->data, bytes, length) == 0);
}

/* Up to @limit each byte is of one frame or one damaged stretch, and numbers rise. */
static void
read_segment (HmSegmentReader *reader, const guint8 *bytes, guint64 limit)
{
  guint64 at = hm_segment_reader_offset (reader), number = 0;
  HmSegmentItem item;
  HmSegmentStep step;

  while ((step = hm_segment_reader_next (reader, limit, &item, NULL)) != HM_SEGMENT_END)
    {
      g_assert_true (step == HM_SEGMENT_FRAME || step == HM_SEGMENT_DAMAGED);
      g_assert_true (item.offset == at && item.length > 0);
      at += item.length;
      if (step == HM_SEGMENT_DAMAGED)
        continue;
      g_assert_true (item.frame.number > number);
      number = item.frame.number;
      check_frame (&item.frame, bytes + item.offset, item.length);
      hm_frame_clear (&item.frame);
    }
}

static void
fuzz_segment (const guint8 *bytes, gsize length, const char *path)
{
  OneFile file = one_file (bytes, length);
  g_autoptr (HmSegmentReader) reader = hm_segment_reader_new (&file.files, path, NULL);

  if (reader == NULL)
    return;
  read_segment (reader, bytes, G_MAXUINT64);
  hm_segment_reader_seek (reader, HM_SEGMENT_HEADER_BYTES);
  read_segment (reader, bytes, MAX (length / 2, HM_SEGMENT_HEADER_BYTES));
}

static void
fuzz_payload (const guint8 *bytes, gsize length)
{
  HmFrame frame = { 0 };

  if (hm_frame_parse (bytes, length, &frame))
    {
      g_autoptr (GByteArray) again = g_byte_array_new ();

      hm_frame_write (&frame, again);
      g_assert_cmpuint (again->len, ==, length + HM_FRAME_HEADER_BYTES);
      g_assert_true (memcmp (again->data + HM_FRAME_HEADER_BYTES, bytes, length) == 0);
    }
  hm_frame_clear (&frame);
}

/* A journal that was read can be written, and is then read as the same. */
static void
fuzz_text (const guint8 *bytes, gsize length)
{
  g_autoptr (HmJournal) journal = hm_journal_parse ((const char *)bytes, length, NULL);
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  g_autoptr (HmJournal) again = NULL;
  const char *text;
  gsize text_length;

  if (journal == NULL)
    return;
  g_assert_true (hm_journal_print (journal, json, NULL));
  text = hm_json_writer_finish (json, &text_length, NULL);
  g_assert_nonnull (text);
  again = hm_journal_parse (text, text_length, NULL);
  g_assert_nonnull (again);
  g_assert_cmpuint (again->bins->len, ==, journal->bins->len);
}

static void
fuzz_journal (const guint8 *bytes, gsize length)
{
  OneFile file = one_file (bytes, length);
  HmJournal *journal = hm_journal_read (&file.files, "/outbox", NULL);

  hm_journal_free (journal);
}

static void
fuzz_files (const guint8 *bytes, gsize length)
{
  fuzz_segment (bytes, length, "/outbox/billing-0000000000000001.segment");
  fuzz_segment (bytes, length, "/outbox/diagnostic-0000000000000001.segment");
  fuzz_journal (bytes, length);
}

/* -- CRCs put right */

static void
mend_frames (guint8 *bytes, gsize length)
{
  guint8 *mark = bytes;

  while ((mark = memmem (mark, length - (gsize)(mark - bytes), HM_FRAME_MARK, HM_MARK_BYTES)) != NULL)
    {
      gsize left = length - (gsize)(mark - bytes);

      if (left >= HM_FRAME_HEADER_BYTES
          && hm_bytes_get_u32 (mark + HM_AT_LENGTH) <= left - HM_FRAME_HEADER_BYTES)
        hm_bytes_put_u32 (mark + HM_AT_CRC, (guint32)crc32 (0, mark + HM_FRAME_HEADER_BYTES,
                                                            hm_bytes_get_u32 (mark + HM_AT_LENGTH)));
      mark++;
    }
}

/* A segment's header and a journal's slot have magic, length and CRC in the same places. */
static void
mend_header (guint8 *bytes, gsize length)
{
  uLong crc = crc32 (0, bytes, HM_AT_HEADER_CRC);
  guint32 text = hm_bytes_get_u32 (bytes + 12);

  if (memcmp (bytes, HM_SEGMENT_MAGIC, HM_MAGIC_BYTES) != 0 && text <= length - HM_SEGMENT_HEADER_BYTES)
    crc = crc32 (crc, bytes + HM_SEGMENT_HEADER_BYTES, text);
  hm_bytes_put_u32 (bytes + HM_AT_HEADER_CRC, (guint32)crc);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  g_autofree guint8 *mended = g_memdup2 (bytes, length);

  fuzz_payload (bytes, length);
  fuzz_text (bytes, length);
  fuzz_files (bytes, length);
  if (length < HM_SEGMENT_HEADER_BYTES)
    return 0;
  mend_frames (mended + HM_SEGMENT_HEADER_BYTES, length - HM_SEGMENT_HEADER_BYTES);
  mend_header (mended, length);
  fuzz_files (mended, length);
  return 0;
}
