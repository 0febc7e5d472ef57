/* SPDX-License-Identifier: Apache-2.0 */
/* csv: one cell of a file that may end up in a spreadsheet. Called by whoever writes CSV, on any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends @text as a cell, in quotes where it needs them. A spreadsheet takes a cell that begins with = + - @, a tab or a carriage return for a formula, even in
 * quotes; so one that does, and is no decimal number, has a ' before it, and so has one that begins with ': whoever takes a leading ' off has the text. */
void hm_csv_append (GString *row, const char *text);

G_END_DECLS
