/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: what stands for the raw records of a resource that are gone.
 *
 * Folding again begins with it: the state of the fold after the last record before the resource's edge, and the bucket
 * rows of older grains as they were then, where a later record has changed them since (an interval that crosses the edge
 * adds to both sides). Made by engine_prune.c, grown by engine_fold.c, used by engine_refold.c. Pure. */
#pragma once

#include "collector/usage/bucket.h"
#include "collector/usage/fold_state.h"

G_BEGIN_DECLS

typedef struct
{
  char *fold;      /* hm_fold_state_to_json() */
  GPtrArray *rows; /* (element-type HmBucket) as they were; one without cells was not there */
  gboolean grown;  /* a row was added since it was read or made */
  HmTime
      reached; /* the latest append time of what it stands for; G_MAXINT64: it was made before that was noted */
} HmCheckpoint;

/* @fold (transfer full) */
HmCheckpoint *hm_checkpoint_new (char *fold);
void hm_checkpoint_free (HmCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmCheckpoint, hm_checkpoint_free)

/* Whether it says what the row of @key's key was. */
gboolean hm_checkpoint_has (const HmCheckpoint *checkpoint, const HmBucket *key);
/* @row (transfer full) */
void hm_checkpoint_add (HmCheckpoint *checkpoint, HmBucket *row);

/* Readings of that time and later ones are found anew when folding again begins at @edge, with the state @fold: its last record may be of
 * a later time than the edge. Held readings of an earlier time stay as they are, and no decision about them is taken any more. */
HmTime hm_checkpoint_held_from (HmTime edge, const HmFoldState *fold);

/* As text, and back. HM_ERROR_DATA. (transfer full) */
char *hm_checkpoint_to_json (const HmCheckpoint *checkpoint, gsize *ret_length);
HmCheckpoint *hm_checkpoint_from_json (const char *json, gsize length, GError **error);

G_END_DECLS
