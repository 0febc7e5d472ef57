/* SPDX-License-Identifier: Apache-2.0 */
/* output: answers, in the form that was asked for. A command describes its columns once and adds rows; table,
 * json, ndjson and csv come from the same cells. Everything goes to standard output; the main thread's alone.
 */
#pragma once

#include "metering/hypermeter.h"

G_BEGIN_DECLS

typedef enum
{
  HM_OUTPUT_TABLE,
  HM_OUTPUT_JSON,   /* one object: {"rows": [...]} */
  HM_OUTPUT_NDJSON, /* an object a line */
  HM_OUTPUT_CSV,    /* RFC 4180, with a header */
} HmOutputFormat;

gboolean hm_output_format_parse (const char *name, HmOutputFormat *ret_format);

/* What the cells of a column are; an absent one is null in JSON, nothing in CSV and "-" in a table. */
typedef enum
{
  HM_COLUMN_TEXT,   /* left, a JSON string; long text is cut in a table unless it is the last column */
  HM_COLUMN_TIME,   /* as hm_time_print() has it; in a table "2026-01-31 21:30:00Z" … */
  HM_COLUMN_HOUR,   /* … "2026-01-31 21:00Z" … */
  HM_COLUMN_DAY,    /* … "2026-01-31" … */
  HM_COLUMN_MONTH,  /* … "2026-01" */
  HM_COLUMN_NUMBER, /* right, aligned at the point, a JSON string: exact decimal text */
  HM_COLUMN_COUNT,  /* right, a JSON number */
  HM_COLUMN_BOOL,   /* "yes" or "no"; true or false in JSON */
  HM_COLUMN_LIST,   /* comma-separated text, a JSON list of strings; an absent one is empty everywhere */
} HmColumnType;

typedef struct
{
  const char *name; /* member name; the table's heading is its upper case … */
  HmColumnType type;
  gboolean machine_only; /* not in tables */
  gboolean people_only;  /* in tables alone */
  gboolean grouped;      /* thousands are set apart in a table */
  const char *heading;   /* … unless this says otherwise */
} HmColumn;

typedef struct HmOutput HmOutput;

/* @columns must outlive the output. Rows of a table are kept until the end (their widths decide); every other
 * form writes a row as it comes. @limit: rows at most, 0 for any number. */
HmOutput *hm_output_new (HmOutputFormat format, const HmColumn *columns, guint n_columns, guint64 limit);

/* One cell text per column, NULL for an absent one. FALSE when no more rows are wanted: the limit is reached,
 * or standard output takes no more. A row beyond the limit is left out. */
gboolean hm_output_row (HmOutput *output, const char *const *cells);

/* Writes what is left and frees @output. An answer that is not @complete is not made to look so: no table, no
 * end of the JSON object; @error is then the caller's already. HM_ERROR_CREATE when standard output could not
 * be written. */
gboolean hm_output_end (HmOutput *output, gboolean complete, GError **error);

HmOutputFormat hm_output_format (const HmOutput *output);

G_END_DECLS
