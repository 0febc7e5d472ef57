/* SPDX-License-Identifier: Apache-2.0 */
/* segment_kit: segments with records as the agent writes them. */
#pragma once

#include "metering/segment.h"
#include "tests/fakes/one_file.h"

typedef struct
{
  guint lane;
  guint64 first;
  guint n_frames;
  HmFrame *frames;
  guint64 *starts;   /* of each frame in the file; one more: the file's length */
  GByteArray *bytes; /* the file */
} SegmentKit;

/* With @n_frames random records. */
SegmentKit *segment_kit_new (GRand *rand, guint lane, guint64 first, guint n_frames);
void segment_kit_free (SegmentKit *kit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SegmentKit, segment_kit_free)

/* A message of its own with a value of @length bytes. (transfer full) */
HmMessage *segment_kit_message (gsize length);

gboolean segment_kit_frames_equal (const HmFrame *a, const HmFrame *b);

/* -- what a reader makes of a file */

typedef struct
{
  GArray *frames;  /* (element-type HmSegmentItem) */
  GArray *damages; /* (element-type HmSegmentItem) */
} SegmentContents;

void segment_contents_clear (SegmentContents *contents);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SegmentContents, segment_contents_clear)

HmSegmentReader *segment_kit_open (OneFile *file, guint lane, guint64 first, GError **error);

/* Fails the test unless every byte from where @reader is up to the limit is of one frame or of one damaged stretch. */
SegmentContents segment_kit_read_all (HmSegmentReader *reader, guint64 limit);

/* The same of a file with these bytes that bears the name of @kit's. */
SegmentContents segment_kit_read (const SegmentKit *kit, const guint8 *bytes, gsize length, guint64 limit);
