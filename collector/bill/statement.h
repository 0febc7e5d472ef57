/* SPDX-License-Identifier: Apache-2.0 */
/* statement: what the lines of a statement are, exactly: usage added up, or what it differs by from what was said before; and their one form as text.
 *
 * Called by engine_close.c, which writes statements, and by the command line, which shows and exports them. Pure; no thread affinity. */
#pragma once

#include "collector/stores/store.h"

G_BEGIN_DECLS

/* -- sums -- */

typedef struct HmStatementSum HmStatementSum;

HmStatementSum *hm_statement_sum_new (void);
void hm_statement_sum_free (HmStatementSum *sum);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmStatementSum, hm_statement_sum_free)

/* Adds usage: all cells of @bucket. HM_ERROR_DATA when a sum leaves 128 bits. */
gboolean hm_statement_sum_add (HmStatementSum *sum, const HmBucket *bucket, GError **error);
/* Adds what a line says, adjustments too. */
gboolean hm_statement_sum_add_line (HmStatementSum *sum, const HmStatementLine *line, GError **error);
/* Takes away what a line has said. An adjustment was not measured, and is passed over. */
gboolean hm_statement_sum_take_away (HmStatementSum *sum, const HmStatementLine *line, GError **error);
/* A line of its own; it differs from no usage. */
void hm_statement_sum_adjust (HmStatementSum *sum, const HmAdjustmentRow *row);

/* All lines in their order, numbered from 1, of statement @number; with @differences those alone that are not zero. They borrow from @sum.
 * (transfer container) (element-type HmStatementLine) */
GPtrArray *hm_statement_sum_lines (HmStatementSum *sum, gint64 number, gboolean differences);

/* -- text -- */

/* The parts of a line as text. Those of `quantity` and `covered_seconds` are exact decimals; what a line is about nothing of is NULL. */
typedef struct
{
  char statement[HM_NUMBER_MAX], line[HM_NUMBER_MAX], quantity[HM_NUMBER_MAX], covered_seconds[HM_NUMBER_MAX],
      adjustment[HM_NUMBER_MAX];
  char *unit, *flags;                 /* of the quantity: a gauge's "KiB.s"; sorted names between commas */
  gboolean has_quantity, is_adjusted; /* FALSE: no exact quantity is kept; it was measured */
} HmLineText;

HmLineText hm_line_text (const HmStatementLine *line);
void hm_line_text_clear (HmLineText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmLineText, hm_line_text_clear)

/* The canonical form: one JSON object and a line feed. Equal lines give equal text. (transfer full) */
char *hm_statement_line_to_json (const HmStatementLine *line, GError **error);
/* The same for a spreadsheet: RFC 4180, ending in CR LF; and its first row. Equal lines give equal text. (transfer full) */
char *hm_statement_line_to_csv (const HmStatementLine *line);
const char *hm_statement_csv_header (void);

/* "baseline,late": names of @flags, sorted. (transfer full) */
char *hm_flags_to_text (guint32 flags);

G_END_DECLS
