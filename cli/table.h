/* SPDX-License-Identifier: Apache-2.0 */
/* table: the layout of an answer for people. Pure. Text that tenants wrote reaches a terminal here, so
 * control characters are shown, never sent, and nobody's long name pushes everybody else's figures off the
 * screen. */
#pragma once

#include "cli/output.h"

G_BEGIN_DECLS

/* Columns of a terminal that @text takes: wide letters two, combining marks none. */
guint hm_text_width (const char *text);

/* @cells as they are shown: clean, shortened, with "-" for what is absent. (transfer full) */
char **hm_table_row (const HmColumn *columns, guint n_columns, const char *const *cells);

/* Heading and @rows (element-type GStrv, as hm_table_row() made them; changed: numbers are padded), aligned;
 * two blanks between columns, none at a line's end. (transfer full) */
char *hm_table_print (const HmColumn *columns, guint n_columns, GPtrArray *rows);

/* "1234567.5" → "1,234,567.5" (transfer full) */
char *hm_group_thousands (const char *decimal);

/* How long something took, by its two largest units: "45s", "1h 2m", "3d"; cut off, not rounded; "<1s" for
 * less. (transfer full) */
char *hm_span_print (HmInt128 ns);

G_END_DECLS
