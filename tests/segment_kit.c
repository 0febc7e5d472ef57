/* SPDX-License-Identifier: Apache-2.0 */
/* segment_kit: see segment_kit.h. Called on the test's thread. */
#include "tests/segment_kit.h"

#include <string.h>

#include "metering/codec.h"
#include "tests/chance.h"
#include "tests/kit.h"
#include "tests/random_record.h"
#include "tests/records.h"

/* As the outbox makes one of a record; NULL: it cannot be encoded. */
static HmMessage *
message_of (HmEncoder *encoder, const HmRecord *record, gboolean is_signed)
{
  g_autoptr (GError) error = NULL;
  GBytes *value = hm_encoder_encode (encoder, record, &error);
  HmMessage *message;

  if (value == NULL)
    g_error ("cannot encode: %s", error->message);
  message = g_new0 (HmMessage, 1);
  message->kind = record->kind;
  message->key = g_strdup (record->resource.id);
  message->id = hm_record_id (record);
  message->source = g_strdup (record->source);
  message->time = record->time;
  message->signature = is_signed ? g_strdup ("v1;key-1;00ff") : NULL;
  message->value = value;
  message->refs = 1;
  return message;
}

HmMessage *
segment_kit_message (gsize length)
{
  g_autofree char *value = g_strnfill (length, 'x');
  HmMessage *message = g_new0 (HmMessage, 1);

  message->key = g_strdup ("resource");
  message->id = g_strdup ("agent/epoch/resource/1");
  message->source = g_strdup ("default");
  message->time = HM_NSEC_PER_SEC;
  message->value = g_bytes_new (value, length);
  message->refs = 1;
  return message;
}

static void
fill (SegmentKit *kit, GRand *rand)
{
  g_autoptr (HmEncoder) encoder = hm_encoder_new ();
  HmMeterTable *table = records_table ();

  for (guint i = 0; i < kit->n_frames; i++)
    {
      RandomRecord *random = random_record_new (rand, table);
      HmFrame *frame = &kit->frames[i];

      *frame = (HmFrame){ .number = kit->first + i,
                          .order = chance_any_u64 (rand) & HM_ORDER_LAST,
                          .bin = (gint64)chance_any_u64 (rand),
                          .loss = i % 3 == 0 ? chance_any_u64 (rand) : 0,
                          .message = message_of (encoder, &random->record, i % 2 == 0) };
      frame->message->position = HM_POSITION (kit->lane, frame->number);
      kit->starts[i] = kit->bytes->len;
      hm_frame_write (frame, kit->bytes);
      random_record_free (random);
    }
  kit->starts[kit->n_frames] = kit->bytes->len;
  hm_meter_table_free (table);
}

SegmentKit *
segment_kit_new (GRand *rand, guint lane, guint64 first, guint n_frames)
{
  SegmentKit *kit = g_new0 (SegmentKit, 1);

  kit->lane = lane;
  kit->first = first;
  kit->n_frames = n_frames;
  kit->frames = g_new0 (HmFrame, n_frames);
  kit->starts = g_new0 (guint64, n_frames + 1);
  kit->bytes = g_byte_array_new ();
  hm_segment_write_header (lane, first, kit->bytes);
  fill (kit, rand);
  return kit;
}

void
segment_kit_free (SegmentKit *kit)
{
  for (guint i = 0; i < kit->n_frames; i++)
    hm_frame_clear (&kit->frames[i]);
  g_free (kit->frames);
  g_free (kit->starts);
  g_byte_array_unref (kit->bytes);
  g_free (kit);
}

gboolean
segment_kit_frames_equal (const HmFrame *a, const HmFrame *b)
{
  const HmMessage *m = a->message, *n = b->message;

  return a->number == b->number && a->order == b->order && a->bin == b->bin && a->loss == b->loss
         && m->position == n->position && m->kind == n->kind && m->time == n->time
         && g_str_equal (m->key, n->key) && g_str_equal (m->id, n->id) && g_str_equal (m->source, n->source)
         && g_strcmp0 (m->signature, n->signature) == 0 && g_bytes_equal (m->value, n->value);
}

/* -- what a reader makes of a file */

static void
clear_item (gpointer data)
{
  hm_frame_clear (&((HmSegmentItem *)data)->frame);
}

static SegmentContents
contents_new (void)
{
  SegmentContents contents = { .frames = g_array_new (FALSE, FALSE, sizeof (HmSegmentItem)),
                               .damages = g_array_new (FALSE, FALSE, sizeof (HmSegmentItem)) };

  g_array_set_clear_func (contents.frames, clear_item);
  return contents;
}

void
segment_contents_clear (SegmentContents *contents)
{
  g_clear_pointer (&contents->frames, g_array_unref);
  g_clear_pointer (&contents->damages, g_array_unref);
}

HmSegmentReader *
segment_kit_open (OneFile *file, guint lane, guint64 first, GError **error)
{
  g_autofree char *name = hm_segment_name (lane, first);
  g_autofree char *path = g_build_filename ("/outbox", name, NULL);

  return hm_segment_reader_new (&file->files, path, error);
}

SegmentContents
segment_kit_read_all (HmSegmentReader *reader, guint64 limit)
{
  SegmentContents contents = contents_new ();
  guint64 at = hm_segment_reader_offset (reader);
  HmSegmentItem item;
  HmSegmentStep step;

  while ((step = hm_segment_reader_next (reader, limit, &item, NULL)) != HM_SEGMENT_END)
    {
      assert_true (step == HM_SEGMENT_FRAME || step == HM_SEGMENT_DAMAGED);
      assert_int_equal (item.offset, at);
      assert_true (item.length > 0);
      at += item.length;
      g_array_append_val (step == HM_SEGMENT_FRAME ? contents.frames : contents.damages, item);
    }
  assert_int_equal (hm_segment_reader_offset (reader), at);
  return contents;
}

SegmentContents
segment_kit_read (const SegmentKit *kit, const guint8 *bytes, gsize length, guint64 limit)
{
  OneFile file = one_file (bytes, length);
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSegmentReader) reader = segment_kit_open (&file, kit->lane, kit->first, &error);

  if (reader == NULL)
    fail_msg ("%s", error->message);
  return segment_kit_read_all (reader, limit);
}
