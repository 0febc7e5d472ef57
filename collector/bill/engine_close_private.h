/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close_private: what the files that close periods share: engine_close.c (the transaction), engine_close_check.c (what is refused), engine_close_gap.c (what would
 * be in no statement), engine_close_write.c (what is said). */
#pragma once

#include "collector/bill/engine_close.h"
#include "collector/engine/engine_private.h"
#include "collector/bill/periods.h"
#include "collector/bill/statement_write.h"

typedef struct
{
  HmEngine *engine;
  HmCloseOrder *order;
  HmTime now;
  HmPeriodRow period; /* to be closed; `name` NULL: none */
  char *missing;
  guint64 token;
  GPtrArray *periods, *statements; /* as they were at the beginning of the transaction */
  HmStatementWriter writer;
  GString *done, *waits; /* for people */
} HmClosing;

/* -- engine_close_check.c -- */

/* When the period that was asked for is. HM_ERROR_USAGE. */
gboolean hm_closing_find (HmClosing *closing, GError **error);

/* Whether it can be closed. HM_ERROR_USAGE, with the reason; what was accepted is in `missing`. In the transaction, where nothing can change, it is asked
 * for once more. */
gboolean hm_closing_check (HmClosing *closing, GError **error);

/* Adds to `missing`. */
void hm_closing_note (HmClosing *closing, const char *missing);

/* *@ret_text (transfer full) (nullable): what has no evidence yet up to @to. */
gboolean hm_closing_unrolled (const HmClosing *closing, HmTime to, char **ret_text, GError **error);

/* -- engine_close_gap.c -- */

/* Whether it leaves out time between closed periods. HM_ERROR_USAGE names it; what was accepted is in `missing`. */
gboolean hm_closing_check_gaps (HmClosing *closing, GError **error);

/* -- engine_close_write.c: within the transaction -- */

/* The statement of a period that is not closed. */
gboolean hm_closing_write_period (HmClosing *closing, GError **error);
/* Corrections of those that are, and whose usage has changed. */
gboolean hm_closing_correct (HmClosing *closing, GError **error);

/* Adds to a line for people. */
void hm_closing_say (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);
