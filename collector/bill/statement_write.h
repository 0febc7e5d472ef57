/* SPDX-License-Identifier: Apache-2.0 */
/* statement_write: one statement, written into a transaction that is open and holds the lock of periods. Called by engine_close.c, on the storing thread. */
#pragma once

#include "collector/bill/statement.h"

G_BEGIN_DECLS

typedef struct
{
  const HmStoreOps *ops;
  HmStore *store;
  HmTime made;
  const char *author;
  gint64 last; /* number of the last statement there is */
} HmStatementWriter;

/* The period's statement (`corrects` 0; @period->id 0: the period is new and is written, too), or a correction. Its `missing` is @period->accepted. @lines (element-type HmStatementLine) of number
 * @writer->last + 1, which is the last afterwards. @adjusted (element-type gint64): adjustments that are among them. */
gboolean hm_statement_write (HmStatementWriter *writer, const HmPeriodRow *period, gint64 corrects,
                             const GPtrArray *lines, const GArray *adjusted, GError **error);

/* SHA-256 over the canonical form of @lines (element-type HmStatementLine). A million take seconds, so the store is told every now and then that somebody is at work.
 * (transfer full) */
char *hm_statement_hash (const HmStatementWriter *writer, const GPtrArray *lines, GError **error);

G_END_DECLS
