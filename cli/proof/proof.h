/* SPDX-License-Identifier: Apache-2.0 */
/* proof: what the files of `hypermeter proof` share. */
#pragma once

#include "cli/command.h"
#include "collector/bill/merkle.h"
#include "collector/bill/shadow.h"

G_BEGIN_DECLS

/* What is proven. Text is its own. */
typedef struct
{
  gint64 statement, line;                                           /* 0: a figure that is in no statement */
  char *source, *project, *user, *resource, *device, *meter, *unit; /* (nullable) of any */
  HmMeterType type;
  HmInt128 quantity, covered_ns; /* that the line says */
  guint32 flags;
  gint64 adjustment; /* of the line; 0: it was measured */
  gint64 corrects;   /* of the statement: its lines are differences */
  HmTime made;       /* of the statement; HM_TIME_UNKNOWN: there is none */
  HmTime from, to;
  char *root, *sha256; /* (nullable) of the statement */
} HmProven;

void hm_proven_clear (HmProven *proven);

/* Fills in what the line says. HM_ERROR_USAGE where there is none of that number. */
gboolean hm_proof_find (const HmReading *reading, HmProven *proven, GError **error);

/* One stored record with its bytes, copied. */
typedef struct
{
  char *key, *ce_id; /* as its message had them */
  char *agent, *epoch, *topic;
  guint64 seq;
  HmTime grain, time, appended;
  gint32 partition;
  gint64 offset;
  char *signature; /* (nullable) */
  gboolean verified;
  void *value; /* NULL: the bytes were erased */
  gsize length;
  void *redacted; /* (nullable) what is left of them; no evidence */
  gsize redacted_length;
  char *sha256;
  char *entry; /* of its day's tree */
} HmProofRecord;

void hm_proof_record_free (HmProofRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmProofRecord, hm_proof_record_free)

/* Reads it. HM_ERROR_DATA where it is gone. (transfer full) */
HmProofRecord *hm_proof_record_read (const HmReading *reading, const HmProven *proven,
                                     const HmShadowRecord *record, GError **error);

/* The trees that paths lead through: the statement's is read once, and a day's as long as the records are of it. */
typedef struct HmProofTrees HmProofTrees;

/* @reading and @proven outlive it. */
HmProofTrees *hm_proof_trees_new (const HmReading *reading, const HmProven *proven);
void hm_proof_trees_free (HmProofTrees *trees);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmProofTrees, hm_proof_trees_free)

/* The way from a record to its day's root and, where the day is in the statement's period, on to the statement's, as lines that docs/audit.md
 * explains. *@ret_day: the day's entry in the statement's tree; NULL: the day has no evidence. (transfer full) of both */
char *hm_proof_path (HmProofTrees *trees, const HmProofRecord *record, char **ret_day, GError **error);

/* Writes @record as number @n into the folder @folder. HM_ERROR_CREATE. */
gboolean hm_proof_export (HmProofTrees *trees, const HmProofRecord *record, const char *folder, guint n,
                          GError **error);

G_END_DECLS
