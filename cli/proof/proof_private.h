/* SPDX-License-Identifier: Apache-2.0 */
/* proof_private: what the files that show a proof share. */
#pragma once

#include "cli/proof/proof.h"

G_BEGIN_DECLS

typedef struct
{
  HmReading reading;
  HmProven proven;
  char *meter, *device, *folder;
  HmOutput *output;
  HmProofTrees *trees;
  guint exported;
  HmInt128 quantity; /* of the buckets */
} HmProving;

typedef struct
{
  const char *part, *id, *device, *agent, *life, *file;
  HmTime from, to;
  gboolean counts; /* the next are there */
  HmInt128 quantity, covered_ns;
  guint32 flags;
  const char *sha256, *root;
  const HmProofRecord *record; /* (nullable) */
} HmProofRow;

void hm_proof_row (const HmProving *proving, const HmProofRow *row);

/* What else was said of the same, before and later: the lines that this one corrects, and those that correct it. *@ret_quantity: what was said of
 * it altogether when the statement was made. */
gboolean hm_proof_show_corrections (HmProving *proving, HmInt128 *ret_quantity, GError **error);

/* Segments, other owners' time, and records. */
gboolean hm_proof_show_records (HmProving *proving, const HmShadowFolded *folded, GError **error);

G_END_DECLS
