/* SPDX-License-Identifier: Apache-2.0 */
/* statement_verify: statements against what is stored of them: their lines, their numbers, and what they correct. */
#pragma once

#include "collector/bill/shadow_compare.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

/* @statement: its number; 0: of none, of a closed period. `what` is "statement", `figure` one of "number", "lines", "sha256", "corrects", "period", "adjustment", "usage". */
typedef void (*HmStatementDifferenceVisit) (gint64 statement, const HmDifference *difference, gpointer user);

/* Reads every line and keeps none; then adds up what was used in each closed period, one after the other, and reads its lines once more. A period that was touched is none of its business: the
 * next close corrects it. Nothing is said of a store without periods. A statement that is made
 * meanwhile is looked at the next time. */
gboolean hm_statements_verify (const HmStoreOps *ops, HmStore *store, HmStatementDifferenceVisit visit,
                               gpointer user, GError **error);

G_END_DECLS
