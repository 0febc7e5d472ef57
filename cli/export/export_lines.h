/* SPDX-License-Identifier: Apache-2.0 */
/* export_lines: lines of one statement on their way into a file, as they are or added up. */
#pragma once

#include "cli/export/export.h"
#include "collector/bill/statement.h"

G_BEGIN_DECLS

typedef struct
{
  HmExportFile *file;
  gboolean csv;
  const HmExportFilter *filter; /* lines that it does not take are in the hash, and not in the file */
  guint64 read, said, lines;    /* of the statement; as far as they are taken; in the file */
  GChecksum *canonical;         /* of all that were read */
  HmStatementSum *groups;       /* (nullable) lines are added up by `columns` */
  guint32 columns;
  GError *failure;
} HmExportLines;

/* The header, where the form has one. */
gboolean hm_export_lines_begin (HmExportLines *writing, GError **error);
/* A visitor of a store's list. */
gboolean hm_export_line_put (const HmStatementLine *line, gpointer writing);
/* After the list: @listed is what the store said of it. */
gboolean hm_export_lines_settle (HmExportLines *writing, gboolean listed, GError **error);
/* Writes what was added up. */
gboolean hm_export_lines_end (HmExportLines *writing, gint64 number, GError **error);

G_END_DECLS
