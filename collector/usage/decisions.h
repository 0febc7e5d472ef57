/* SPDX-License-Identifier: Apache-2.0 */
/* decisions: what people decided about readings that the fold held out. Rows of the store (HmDecisionRow) that every fold of the
 * resource heeds, so a replay gives the same tables. Pure; read-only while a fold uses it. */
#pragma once

#include "collector/stores/store_rows.h"
#include "metering/record.h"

G_BEGIN_DECLS

/* Whether that can be decided about a reading that is held for @flag; HM_ERROR_USAGE says why not. */
gboolean hm_decision_check (HmDecision decision, guint32 flag, GError **error);

typedef struct HmDecisions HmDecisions;

HmDecisions *hm_decisions_new (void);
void hm_decisions_free (HmDecisions *decisions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDecisions, hm_decisions_free)

/* Of one reading the latest decision stands. Copied. */
void hm_decisions_add (HmDecisions *decisions, const HmDecisionRow *row);

/* When that was decided which stands about the held reading; HM_TIME_UNKNOWN: nobody has (@decisions may be NULL). */
HmTime hm_decisions_made (const HmDecisions *decisions, const HmHeldRow *held);

/* What was decided about that sample of @record; HM_DECISION_NONE where nobody has (@decisions may be NULL). */
HmDecision hm_decisions_find (const HmDecisions *decisions, const HmRecord *record, const HmSample *sample);

G_END_DECLS
