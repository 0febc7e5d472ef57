/* SPDX-License-Identifier: Apache-2.0 */
/* statement_due: what is used in a period, and what is due of it: that without all that its statement and its corrections have said.
 *
 * engine_close_write.c makes statements of it, in the transaction of the close, on the storing thread; statement_verify.c looks whether a period that nobody has
 * touched since has anything due. What it needs grows with the number of series. */
#pragma once

#include "collector/bill/statement.h"

G_BEGIN_DECLS

/* Adds what was used in @period. HM_ERROR_DATA when a sum leaves 128 bits. */
gboolean hm_statement_add_usage (const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period,
                                 HmStatementSum *sum, GError **error);

/* The same, and takes away what those of @statements have said that are of it: hm_statement_sum_lines() gives the differences. */
gboolean hm_statement_add_due (const HmStoreOps *ops, HmStore *store, const HmPeriodRow *period,
                               const GPtrArray *statements, HmStatementSum *sum, GError **error);

G_END_DECLS
