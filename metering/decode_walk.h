/* SPDX-License-Identifier: Apache-2.0 */
/* decode_walk: one pass over a document, along the shapes of decode.h. Private to the library. */
#pragma once

#include "metering/decode.h"
#include "metering/json.h"

G_BEGIN_DECLS

typedef enum
{
  HM_FRAME_OBJECT,
  HM_FRAME_LIST,
  HM_FRAME_PAIRS,
} HmFrameKind;

/* One open object or list that is known; what is not known has no frame and is only counted. */
typedef struct
{
  HmFrameKind kind;
  const HmShape *shape;   /* of the object, or of the list's elements */
  const HmMember *member; /* whose value comes next or is open; NULL: unknown */
  guint32 seen;           /* bit i: member i was there */
  guint next;             /* the member that is likely to come next */
  gpointer base;          /* what the members' offsets count from */
  GArray *rows;           /* where a list's or the pairs' rows go */
  guint first;            /* the first row of these pairs */
} HmFrame;

/* A record holds samples, a sample holds attrs: four frames at most. */
#define HM_FRAMES_MAX 4

typedef struct
{
  HmMeterIndex *meters;

  /* The document at hand. */
  HmDecoded *out;
  gsize length;
  HmFrame frames[HM_FRAMES_MAX];
  guint n_frames;
  guint depth; /* open objects and lists, known or not */
  guint skip;  /* those of them that are not known */
  gboolean schema_seen;
  HmSample sample;
  const HmMeter *meter; /* the sample's; NULL: not a shipped one */
  HmScalar value;       /* the sample's, until its type is sure */
  HmBinCount bin;
  HmAttr pair;

  /* Rows of the document; they keep their memory for the next one. */
  GArray *samples, *bins, *attrs, *description;

  /* Why the walk ended early, if it did. */
  HmRefusal refusal;
  char *detail;
} HmWalk;

/* The innermost frame. */
static inline HmFrame *
hm_walk_top (HmWalk *walk)
{
  return &walk->frames[walk->n_frames - 1];
}

/* Walks over @out->document, of @length bytes, into @out->record and the rows. FALSE: refused. */
G_GNUC_INTERNAL gboolean hm_walk_run (HmWalk *walk, HmDecoded *out, gsize length);

/* Judges the object whose end has come, and adds what it is to the record. */
G_GNUC_INTERNAL gboolean hm_walk_finish (HmWalk *walk);

/* -- refusing: each notes the first reason, with the path to where the walk is, and returns what the event
 * has to return: FALSE ends the walk -- */

/* Ends the walk. */
G_GNUC_INTERNAL gboolean hm_walk_stop (HmWalk *walk, HmRefusal refusal, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Ends the walk, or lets it go on for the schema alone: then all that is open above the record is passed
 * over. */
G_GNUC_INTERNAL gboolean hm_walk_refuse (HmWalk *walk, HmRefusal refusal, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* "<scalar> is not <expected>" */
G_GNUC_INTERNAL gboolean hm_walk_refuse_value (HmWalk *walk, HmRefusal refusal, HmScalar scalar,
                                               const char *expected);

/* @found ("an object") is not what the member, list or pair at hand has to be. */
G_GNUC_INTERNAL gboolean hm_walk_refuse_kind (HmWalk *walk, const char *found);

G_END_DECLS
