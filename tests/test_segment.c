/* SPDX-License-Identifier: Apache-2.0 */
/* test_segment: the outbox's files, whole and with everything that can be wrong with them. */
#include "tests/kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "metering/bytes_private.h"
#include "metering/segment_private.h"
#include "tests/chance.h"
#include "tests/segment_kit.h"

#define FIRST     G_GUINT64_CONSTANT (0x2a)
#define N_FRAMES  6
#define HISTORIES 300

static const HmSegmentItem *
item_at (GArray *items, guint i)
{
  return &g_array_index (items, HmSegmentItem, i);
}

static void
assert_damage (const SegmentContents *contents, guint64 from, guint64 to)
{
  assert_int_equal (contents->damages->len, 1);
  assert_int_equal (item_at (contents->damages, 0)->offset, from);
  assert_int_equal (item_at (contents->damages, 0)->length, to - from);
}

/* All frames of @kit are there in their places, but for number @missing (G_MAXUINT: none is). */
static void
assert_frames (const SegmentContents *contents, const SegmentKit *kit, guint missing)
{
  guint found = 0;

  for (guint i = 0; i < kit->n_frames; i++)
    {
      const HmSegmentItem *item;

      if (i == missing)
        continue;
      assert_true (found < contents->frames->len);
      item = item_at (contents->frames, found++);
      assert_int_equal (item->offset, kit->starts[i]);
      assert_int_equal (item->length, kit->starts[i + 1] - kit->starts[i]);
      assert_true (segment_kit_frames_equal (&item->frame, &kit->frames[i]));
    }
  assert_int_equal (contents->frames->len, found);
}

/* Fewer where everything takes its time (valgrind). */
static guint
n_histories (void)
{
  const char *given = g_getenv ("HYPERMETER_TEST_HISTORIES");

  return given != NULL ? (guint)g_ascii_strtoull (given, NULL, 10) : HISTORIES;
}

static gboolean
is_short (void)
{
  return n_histories () < HISTORIES;
}

/* -- whole */

static void
segment_gives_back_what_was_written (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (guint i = 0; i < 20; i++)
    {
      guint64 first = 1 + chance_any_u64 (rand) / 4;
      g_autoptr (SegmentKit) kit = segment_kit_new (rand, i % HM_LANES, first, i);
      g_auto (SegmentContents) contents
          = segment_kit_read (kit, kit->bytes->data, kit->bytes->len, G_MAXUINT64);

      assert_frames (&contents, kit, G_MAXUINT);
      assert_int_equal (contents.damages->len, 0);
    }
}

/* The bytes that docs/outbox.md names, one by one. */
static void
segment_is_laid_out_as_documented (void **state G_GNUC_UNUSED)
{
  static const guint8 header[28] = "\x89HMSEG\r\n\x01\0\0\0\x01\0\0\0\x2a\0\0\0\0\0\0\0";
  static const guint8 frame[]
      = "\xf7HM\xfa\x5e\0\0\0....\x2a\0\0\0\0\0\0\0\x03\x02\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff"
        "\x07\0\0\0\0\0\0\0\x00\xca\x9a\x3b\0\0\0\0\x02\0\0\0"
        "\x08\0\0\0\x10\0\0\0\x01\0\0\0\x03\0\0\0\x02\0\0\0"
        "resource"
        "a/e/resource/123"
        "ssig{}";
  g_autoptr (HmMessage) message = segment_kit_message (1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  HmFrame of_record = { .number = FIRST, .order = 0x203, .bin = -2, .loss = 7, .message = message };
  guint8 *at;

  g_free (message->id);
  message->id = g_strdup ("a/e/resource/123");
  g_free (message->source);
  message->source = g_strdup ("s");
  message->signature = g_strdup ("sig");
  message->kind = HM_RECORD_GAP;
  g_bytes_unref (message->value);
  message->value = g_bytes_new ("{}", 2);
  hm_segment_write_header (1, FIRST, bytes);
  hm_frame_write (&of_record, bytes);
  assert_int_equal (bytes->len, 32 + sizeof (frame) - 1);
  assert_memory_equal (bytes->data, header, 28);
  assert_int_equal (hm_bytes_get_u32 (bytes->data + 28), crc32 (0, bytes->data, 28));
  at = bytes->data + 32;
  assert_memory_equal (at, frame, 8);
  assert_int_equal (hm_bytes_get_u32 (at + 8), crc32 (0, at + 12, (uInt)(sizeof (frame) - 1 - 12)));
  assert_memory_equal (at + 12, frame + 12, sizeof (frame) - 1 - 12);
}

static void
segment_name_is_read_back_and_no_other (void **state G_GNUC_UNUSED)
{
  static const char *const bad[] = { "",
                                     "billing",
                                     "billing-000000000000002a",
                                     "billing-000000000000002A.segment",
                                     "billing-000000000000002g.segment",
                                     "billing-00000000000002a.segment",
                                     "billing-0000000000000000.segment",
                                     "billing-ffffffffffffffff.segment",
                                     "billing-000000000000002a.segment~",
                                     "billing_000000000000002a.segment",
                                     "diagnostics-000000000000002a.segment",
                                     "journal" };
  g_autofree char *name = hm_segment_name (1, FIRST);
  guint64 first = 0;
  guint lane = 9;

  assert_string_equal (name, "diagnostic-000000000000002a.segment");
  assert_true (hm_segment_parse_name (name, &lane, &first));
  assert_int_equal (lane, 1);
  assert_int_equal (first, FIRST);
  assert_true (hm_segment_parse_name ("billing-7fffffffffffffff.segment", &lane, &first));
  assert_int_equal (first, HM_NUMBER_LAST);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (hm_segment_parse_name (bad[i], &lane, &first))
      fail_msg ("'%s' is taken for a segment's name", bad[i]);
  assert_int_equal (lane, 0);
  assert_int_equal (first, HM_NUMBER_LAST);
}

static void
segment_reader_holds_a_large_frame_and_many_small (void **state G_GNUC_UNUSED)
{
  static const gsize lengths[] = { 10, 70000, 10, HM_RECORD_MAX, 60000, 60000, 10 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  OneFile file;
  g_autoptr (HmSegmentReader) reader = NULL;
  g_auto (SegmentContents) contents = { NULL };

  hm_segment_write_header (0, 1, bytes);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (HmMessage) message = segment_kit_message (lengths[i]);

      hm_frame_write (&(HmFrame){ .number = i + 1, .message = message }, bytes);
    }
  file = one_file (bytes->data, bytes->len);
  reader = segment_kit_open (&file, 0, 1, NULL);
  contents = segment_kit_read_all (reader, G_MAXUINT64);
  assert_int_equal (contents.frames->len, G_N_ELEMENTS (lengths));
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    assert_int_equal (g_bytes_get_size (item_at (contents.frames, i)->frame.message->value), lengths[i]);
  g_clear_pointer (&reader, hm_segment_reader_free);
  assert_int_equal (file.opens, 0);
}

/* -- limits */

static void
segment_reader_stops_at_the_limit_and_goes_on_when_it_rises (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, 3);
  g_autofree guint8 *bytes = g_memdup2 (kit->bytes->data, kit->bytes->len);
  OneFile file = one_file (bytes, kit->bytes->len);
  g_autoptr (HmSegmentReader) reader = NULL;
  HmSegmentItem item;

  /* What is beyond the limit is still being written: it must not be looked at before the limit says so. */
  memset (bytes + kit->starts[1], 0, kit->bytes->len - kit->starts[1]);
  reader = segment_kit_open (&file, 0, FIRST, NULL);
  assert_int_equal (hm_segment_reader_next (reader, HM_SEGMENT_HEADER_BYTES, &item, NULL), HM_SEGMENT_END);
  file.read_up_to = 0;
  assert_int_equal (hm_segment_reader_next (reader, kit->starts[1], &item, NULL), HM_SEGMENT_FRAME);
  assert_int_equal (file.read_up_to, kit->starts[1]);
  hm_frame_clear (&item.frame);
  assert_int_equal (hm_segment_reader_next (reader, kit->starts[1], &item, NULL), HM_SEGMENT_END);
  memcpy (bytes, kit->bytes->data, kit->bytes->len);
  assert_int_equal (hm_segment_reader_next (reader, kit->starts[2], &item, NULL), HM_SEGMENT_FRAME);
  assert_true (segment_kit_frames_equal (&item.frame, &kit->frames[1]));
  hm_frame_clear (&item.frame);
}

static void
segment_reader_calls_damaged_what_the_limit_cuts_off (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, 2);

  for (guint64 limit = kit->starts[1] + 1; limit < kit->starts[2]; limit++)
    {
      g_auto (SegmentContents) contents = segment_kit_read (kit, kit->bytes->data, kit->bytes->len, limit);

      assert_int_equal (contents.frames->len, 1);
      assert_damage (&contents, kit->starts[1], limit);
    }
}

static void
segment_reader_calls_damaged_what_the_file_lacks_below_the_limit (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, 2);

  for (guint64 length = kit->starts[1]; length < kit->starts[2]; length++)
    {
      g_auto (SegmentContents) contents = segment_kit_read (kit, kit->bytes->data, length, kit->starts[2]);

      assert_int_equal (contents.frames->len, 1);
      assert_damage (&contents, kit->starts[1], kit->starts[2]);
    }
}

static void
segment_reader_reads_again_from_where_it_is_sent (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 1, FIRST, 3);
  OneFile file = one_file (kit->bytes->data, kit->bytes->len);
  g_autoptr (HmSegmentReader) reader = segment_kit_open (&file, 1, FIRST, NULL);
  g_auto (SegmentContents) first = segment_kit_read_all (reader, G_MAXUINT64);
  g_auto (SegmentContents) second = { NULL };
  g_auto (SegmentContents) third = { NULL };

  hm_segment_reader_seek (reader, kit->starts[1]);
  second = segment_kit_read_all (reader, G_MAXUINT64);
  assert_int_equal (second.frames->len, 2);
  assert_true (segment_kit_frames_equal (&item_at (second.frames, 0)->frame, &kit->frames[1]));
  hm_segment_reader_seek (reader, HM_SEGMENT_HEADER_BYTES);
  third = segment_kit_read_all (reader, G_MAXUINT64);
  assert_frames (&third, kit, G_MAXUINT);
}

/* -- damage */

/* Which frame @at is in; G_MAXUINT: in the header. */
static guint
frame_of (const SegmentKit *kit, guint64 at)
{
  guint i = kit->n_frames;

  while (i > 0 && kit->starts[i - 1] > at)
    i--;
  return i > 0 ? i - 1 : G_MAXUINT;
}

static void
assert_flip_costs_one_frame (const SegmentKit *kit, guint8 *bytes, guint64 at, guint64 limit)
{
  g_auto (SegmentContents) contents = segment_kit_read (kit, bytes, kit->bytes->len, limit);
  guint hit = frame_of (kit, at);

  assert_frames (&contents, kit, hit);
  if (hit == G_MAXUINT)
    assert_damage (&contents, 0, HM_SEGMENT_HEADER_BYTES);
  else
    assert_damage (&contents, kit->starts[hit], kit->starts[hit + 1]);
}

static void
segment_reader_loses_one_frame_when_any_byte_is_another (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, is_short () ? 2 : N_FRAMES);
  g_autofree guint8 *bytes = g_memdup2 (kit->bytes->data, kit->bytes->len);

  for (guint64 at = 0; at < kit->bytes->len; at++)
    {
      const guint8 flips[] = { 1, 0x80, 0xff, (guint8)g_rand_int_range (rand, 1, 256) };

      for (guint i = is_short () ? G_N_ELEMENTS (flips) - 1 : 0; i < G_N_ELEMENTS (flips); i++)
        {
          bytes[at] ^= flips[i];
          assert_flip_costs_one_frame (kit, bytes, at, i % 2 == 0 ? G_MAXUINT64 : kit->bytes->len);
          bytes[at] ^= flips[i];
        }
    }
}

static void
assert_cut (const SegmentKit *kit, const guint8 *bytes, gsize length)
{
  OneFile file = one_file (bytes, length);
  GError *error = NULL;
  g_autoptr (HmSegmentReader) reader = segment_kit_open (&file, kit->lane, kit->first, &error);
  g_auto (SegmentContents) contents = { NULL };
  guint whole = 0;

  if (length < HM_SEGMENT_HEADER_BYTES)
    {
      assert_null (reader);
      kit_assert_error (&error, HM_ERROR_DATA, length == 0 ? "empty" : "shorter than a segment's header");
      assert_int_equal (file.opens, 0);
      return;
    }
  contents = segment_kit_read_all (reader, G_MAXUINT64);
  while (whole < kit->n_frames && kit->starts[whole + 1] <= length)
    whole++;
  assert_int_equal (contents.frames->len, whole);
  for (guint i = 0; i < whole; i++)
    assert_true (segment_kit_frames_equal (&item_at (contents.frames, i)->frame, &kit->frames[i]));
  if (length == kit->starts[whole])
    assert_int_equal (contents.damages->len, 0);
  else
    assert_damage (&contents, kit->starts[whole], length);
}

static void
segment_reader_keeps_all_before_when_the_file_is_cut (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 1, FIRST, is_short () ? 2 : N_FRAMES);

  for (gsize length = 0; length <= kit->bytes->len; length++)
    {
      /* A copy of its own, so that a sanitizer sees a read behind its end. */
      g_autofree guint8 *bytes = g_memdup2 (kit->bytes->data, length);

      assert_cut (kit, bytes, length);
    }
}

/* Some stretches with random bytes in them: frames that none of them touches are all read, and no other. */
static void
assert_survives_stretches (const SegmentKit *kit, GRand *rand)
{
  g_autofree guint8 *bytes = g_memdup2 (kit->bytes->data, kit->bytes->len);
  g_autofree gboolean *hit = g_new0 (gboolean, kit->n_frames);
  g_auto (SegmentContents) contents = { NULL };
  guint found = 0;

  for (guint n = (guint)g_rand_int_range (rand, 1, 5); n > 0; n--)
    {
      guint at = (guint)g_rand_int_range (rand, HM_SEGMENT_HEADER_BYTES, (gint32)kit->bytes->len);
      guint length = (guint)g_rand_int_range (rand, 1, 400), end = MIN (at + length, kit->bytes->len);

      for (; at < end; at++)
        {
          bytes[at] = (guint8)g_rand_int (rand);
          hit[frame_of (kit, at)] = TRUE;
        }
    }
  contents = segment_kit_read (kit, bytes, kit->bytes->len, G_MAXUINT64);
  for (guint i = 0; i < kit->n_frames; i++)
    {
      const HmSegmentItem *item = found < contents.frames->len ? item_at (contents.frames, found) : NULL;
      gboolean is_there = item != NULL && item->offset == kit->starts[i];

      assert_true (is_there || hit[i]);
      if (is_there)
        assert_true (segment_kit_frames_equal (&item->frame, &kit->frames[i]));
      found += is_there;
    }
  assert_int_equal (contents.frames->len, found);
}

static void
segment_reader_keeps_what_no_damage_touches (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (guint i = n_histories (); i > 0; i--)
    {
      g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, (guint)g_rand_int_range (rand, 1, 9));

      assert_survives_stretches (kit, rand);
    }
}

/* Random bytes with marks and plausible lengths strewn in. */
static GByteArray *
make_rubbish (GRand *rand)
{
  GByteArray *bytes = g_byte_array_new ();
  guint n = (guint)g_rand_int_range (rand, 0, 4000);

  for (guint i = 0; i < n; i++)
    {
      guint8 header[HM_FRAME_HEADER_BYTES] = { 0 };

      header[0] = (guint8)g_rand_int (rand);
      if (g_rand_int_range (rand, 0, 20) != 0)
        {
          g_byte_array_append (bytes, header, 1);
          continue;
        }
      memcpy (header, HM_FRAME_MARK, HM_MARK_BYTES);
      hm_bytes_put_u32 (header + HM_AT_LENGTH, (guint32)chance_any_u64 (rand));
      g_byte_array_append (bytes, header, sizeof (header));
    }
  return bytes;
}

static void
segment_reader_finds_nothing_in_random_bytes (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (guint i = n_histories (); i > 0; i--)
    {
      g_autoptr (GByteArray) rubbish = make_rubbish (rand);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      OneFile file = one_file (rubbish->data, rubbish->len);
      SegmentKit name = { .lane = 0, .first = FIRST };
      g_auto (SegmentContents) contents = { NULL };

      assert_null (segment_kit_open (&file, 0, FIRST, NULL));
      hm_segment_write_header (0, FIRST, bytes);
      g_byte_array_append (bytes, rubbish->data, rubbish->len);
      contents = segment_kit_read (&name, bytes->data, bytes->len, G_MAXUINT64);
      assert_int_equal (contents.frames->len, 0);
      if (rubbish->len > 0)
        assert_damage (&contents, HM_SEGMENT_HEADER_BYTES, bytes->len);
    }
}

static void
segment_reader_passes_over_a_number_that_does_not_rise (void **state G_GNUC_UNUSED)
{
  static const guint64 numbers[] = { FIRST - 1, FIRST, FIRST, FIRST - 1, FIRST + 5, FIRST + 1 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (HmMessage) message = segment_kit_message (10);
  SegmentKit name = { .lane = 0, .first = FIRST };
  g_auto (SegmentContents) contents = { NULL };

  hm_segment_write_header (0, FIRST, bytes);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    hm_frame_write (&(HmFrame){ .number = numbers[i], .message = message }, bytes);
  contents = segment_kit_read (&name, bytes->data, bytes->len, G_MAXUINT64);
  assert_int_equal (contents.frames->len, 2);
  assert_int_equal (item_at (contents.frames, 0)->frame.number, FIRST);
  assert_int_equal (item_at (contents.frames, 1)->frame.number, FIRST + 5);
  assert_int_equal (contents.damages->len, 3);
}

/* -- frames with a good CRC that are none */

typedef void (*Spoil) (HmFrame *frame);

static void
spoil_key (HmFrame *frame)
{
  g_free (frame->message->key);
  frame->message->key = g_strnfill (HM_ID_MAX + 1, 'k');
}

static void
spoil_empty_id (HmFrame *frame)
{
  frame->message->id[0] = '\0';
}

static void
spoil_source (HmFrame *frame)
{
  frame->message->source[0] = '\xff';
}

static void
spoil_value (HmFrame *frame)
{
  g_bytes_unref (frame->message->value);
  frame->message->value = g_bytes_new_static ("a\0b", 3);
}

static void
spoil_large_value (HmFrame *frame)
{
  g_autofree char *text = g_strnfill (HM_RECORD_MAX + 1, 'v');

  g_bytes_unref (frame->message->value);
  frame->message->value = g_bytes_new (text, HM_RECORD_MAX + 1);
}

static void
spoil_kind (HmFrame *frame)
{
  frame->message->kind = (HmRecordKind)(HM_RECORD_HEARTBEAT + 1);
}

static void
spoil_time (HmFrame *frame)
{
  frame->message->time = -1;
}

static void
spoil_number (HmFrame *frame)
{
  frame->number = HM_NUMBER_LAST + 1;
}

static void
segment_reader_refuses_a_frame_whose_contents_cannot_be (void **state G_GNUC_UNUSED)
{
  static const Spoil spoils[] = { spoil_key,         spoil_empty_id, spoil_source, spoil_value,
                                  spoil_large_value, spoil_kind,     spoil_time,   spoil_number };

  for (guint i = 0; i < G_N_ELEMENTS (spoils); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      HmFrame frame = { .number = 1, .message = segment_kit_message (10) };
      SegmentKit name = { .lane = 0, .first = 1 };
      g_auto (SegmentContents) contents = { NULL };
      guint64 good;

      hm_segment_write_header (0, 1, bytes);
      spoils[i](&frame);
      hm_frame_write (&frame, bytes);
      hm_frame_clear (&frame);
      good = bytes->len;
      frame = (HmFrame){ .number = 2, .message = segment_kit_message (10) };
      hm_frame_write (&frame, bytes);
      hm_frame_clear (&frame);
      contents = segment_kit_read (&name, bytes->data, bytes->len, G_MAXUINT64);
      assert_int_equal (contents.frames->len, 1);
      assert_damage (&contents, HM_SEGMENT_HEADER_BYTES, good);
    }
}

/* Each number of a payload set to what bounds are wrong at, with a CRC that agrees. */
static void
segment_reader_refuses_lengths_that_do_not_fill_the_payload (void **state G_GNUC_UNUSED)
{
  static const guint32 wrong[] = { 0, 1, 9, 0x7fffffff, 0x80000000, 0xffffffff };
  g_autoptr (HmMessage) message = segment_kit_message (10);
  SegmentKit name = { .lane = 0, .first = 1 };

  for (guint i = 0; i < HM_PIECES * G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_auto (SegmentContents) contents = { NULL };
      guint8 *frame;

      hm_segment_write_header (0, 1, bytes);
      hm_frame_write (&(HmFrame){ .number = 1, .message = message }, bytes);
      frame = bytes->data + HM_SEGMENT_HEADER_BYTES;
      if (i % HM_PIECES == HM_PIECE_SIGNATURE && wrong[i / HM_PIECES] == 0)
        continue;
      hm_bytes_put_u32 (frame + HM_FRAME_HEADER_BYTES + HM_AT_LENGTHS + 4 * (i % HM_PIECES),
                        wrong[i / HM_PIECES]);
      hm_bytes_put_u32 (frame + HM_AT_CRC, (guint32)crc32 (0, frame + HM_FRAME_HEADER_BYTES,
                                                           hm_bytes_get_u32 (frame + HM_AT_LENGTH)));
      contents = segment_kit_read (&name, bytes->data, bytes->len, G_MAXUINT64);
      assert_int_equal (contents.frames->len, 0);
    }
}

/* The reader looks at 64 KiB at a time; the mark of the next frame may lie across two of them. */
static void
segment_reader_finds_a_frame_behind_much_damage (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmMessage) message = segment_kit_message (10);
  SegmentKit name = { .lane = 0, .first = 1 };

  for (guint length = 64 * 1024 - 6; length < 64 * 1024 + 6; length++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_auto (SegmentContents) contents = { NULL };

      hm_segment_write_header (0, 1, bytes);
      g_byte_array_set_size (bytes, HM_SEGMENT_HEADER_BYTES + length);
      memset (bytes->data + HM_SEGMENT_HEADER_BYTES, 0xf7, length);
      hm_frame_write (&(HmFrame){ .number = 1, .message = message }, bytes);
      contents = segment_kit_read (&name, bytes->data, bytes->len, G_MAXUINT64);
      assert_int_equal (contents.frames->len, 1);
      assert_damage (&contents, HM_SEGMENT_HEADER_BYTES, HM_SEGMENT_HEADER_BYTES + length);
    }
}

/* -- files that are no segments */

static void
assert_refused (guint8 *bytes, gsize length, HmError code, const char *part)
{
  OneFile file = one_file (bytes, length);
  GError *error = NULL;

  assert_null (segment_kit_open (&file, 0, FIRST, &error));
  kit_assert_error (&error, code, part);
  assert_int_equal (file.opens, 0);
}

static void
segment_reader_refuses_what_is_no_segment (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) other_lane = segment_kit_new (rand, 1, FIRST, 1);
  g_autoptr (SegmentKit) other_first = segment_kit_new (rand, 0, FIRST + 1, 1);
  g_autoptr (SegmentKit) future = segment_kit_new (rand, 0, FIRST, 1);
  guint8 text[] = "[a foreign file]\nthat stands in the outbox's folder\n";

  hm_bytes_put_u32 (future->bytes->data + HM_AT_FORMAT, 2);
  hm_bytes_put_u32 (future->bytes->data + HM_AT_HEADER_CRC,
                    (guint32)crc32 (0, future->bytes->data, HM_AT_HEADER_CRC));
  assert_refused (future->bytes->data, future->bytes->len, HM_ERROR_CONFIG, "format 2");
  assert_refused (other_lane->bytes->data, other_lane->bytes->len, HM_ERROR_DATA, "another name");
  assert_refused (other_first->bytes->data, other_first->bytes->len, HM_ERROR_DATA, "another name");
  assert_refused (text, sizeof (text), HM_ERROR_DATA, "not a segment");
  assert_refused (text, 0, HM_ERROR_DATA, "empty");
}

static void
segment_reader_refuses_what_is_no_file (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *pipe = g_build_filename (folder, "billing-0000000000000001.segment", NULL);
  g_autofree char *inner = g_build_filename (folder, "billing-0000000000000002.segment", NULL);
  g_autofree char *absent = g_build_filename (folder, "billing-0000000000000003.segment", NULL);
  GError *error = NULL;

  assert_int_equal (mkfifo (pipe, 0600), 0);
  assert_int_equal (g_mkdir (inner, 0700), 0);
  assert_null (hm_segment_reader_new (hm_files_system (), pipe, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "empty");
  assert_null (hm_segment_reader_new (hm_files_system (), inner, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "directory");
  assert_null (hm_segment_reader_new (hm_files_system (), absent, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "No such file");
  assert_null (hm_segment_reader_new (hm_files_system (), folder, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "not a segment's name");
  kit_remove_tree (folder);
}

static void
segment_reader_fails_and_goes_on_when_the_disk_does (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (SegmentKit) kit = segment_kit_new (rand, 0, FIRST, 2);
  OneFile file = one_file (kit->bytes->data, kit->bytes->len);
  g_autoptr (HmSegmentReader) reader = segment_kit_open (&file, 0, FIRST, NULL);
  g_auto (SegmentContents) contents = { NULL };
  GError *error = NULL;
  HmSegmentItem item;

  file.fails = EIO;
  assert_int_equal (hm_segment_reader_next (reader, G_MAXUINT64, &item, &error), HM_SEGMENT_FAILED);
  kit_assert_error (&error, HM_ERROR_TEMPORARY, g_strerror (EIO));
  file.fails = 0;
  contents = segment_kit_read_all (reader, G_MAXUINT64);
  assert_frames (&contents, kit, G_MAXUINT);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (segment_gives_back_what_was_written),
    cmocka_unit_test (segment_is_laid_out_as_documented),
    cmocka_unit_test (segment_name_is_read_back_and_no_other),
    cmocka_unit_test (segment_reader_holds_a_large_frame_and_many_small),
    cmocka_unit_test (segment_reader_stops_at_the_limit_and_goes_on_when_it_rises),
    cmocka_unit_test (segment_reader_calls_damaged_what_the_limit_cuts_off),
    cmocka_unit_test (segment_reader_calls_damaged_what_the_file_lacks_below_the_limit),
    cmocka_unit_test (segment_reader_reads_again_from_where_it_is_sent),
    cmocka_unit_test (segment_reader_loses_one_frame_when_any_byte_is_another),
    cmocka_unit_test (segment_reader_keeps_all_before_when_the_file_is_cut),
    cmocka_unit_test (segment_reader_keeps_what_no_damage_touches),
    cmocka_unit_test (segment_reader_finds_nothing_in_random_bytes),
    cmocka_unit_test (segment_reader_passes_over_a_number_that_does_not_rise),
    cmocka_unit_test (segment_reader_finds_a_frame_behind_much_damage),
    cmocka_unit_test (segment_reader_refuses_a_frame_whose_contents_cannot_be),
    cmocka_unit_test (segment_reader_refuses_lengths_that_do_not_fill_the_payload),
    cmocka_unit_test (segment_reader_refuses_what_is_no_segment),
    cmocka_unit_test (segment_reader_refuses_what_is_no_file),
    cmocka_unit_test (segment_reader_fails_and_goes_on_when_the_disk_does),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
