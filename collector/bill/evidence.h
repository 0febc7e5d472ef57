/* SPDX-License-Identifier: Apache-2.0 */
/* evidence: what stands behind the days of a resource: how many records each has, and the root of the tree over them.
 *
 * Made when a day is rolled up (engine_roll.c), on the storing thread, and made again, from what is stored by then, by whoever verifies it
 * (shadow_verify.c). */
#pragma once

#include "collector/bill/merkle.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

/* Visits, in order, each day of UTC of which a raw row is stored of the filter's resource; from and to, the filter's, are both the start of
 * one. HM_ERROR_DATA: a row's bytes are gone, and it has no hash. */
gboolean hm_evidence_make (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter,
                           HmEvidenceVisit visit, gpointer user, GError **error);

/* A raw row in its day's tree. */
typedef struct
{
  char *agent, *epoch;
  guint64 seq; /* they are in the order of these three */
  HmTime received;
  HmHash hash;
} HmEvidenceLeaf;

/* All of a day, in order. (transfer full) (element-type HmEvidenceLeaf) HM_ERROR_DATA as above. */
GArray *hm_evidence_leaves (const HmStoreOps *ops, HmStore *store, const char *source, const char *resource,
                            HmTime day, GError **error);
/* Puts some of them in order. */
void hm_evidence_sort (GArray *leaves);

G_END_DECLS
