/* SPDX-License-Identifier: Apache-2.0 */
/* export_command: what the parts of `hypermeter export` share: export.c, which exports statements, and export_provisional.c. */
#pragma once

#include "cli/command.h"
#include "cli/export/export_lines.h"

G_BEGIN_DECLS

typedef struct
{
  HmReading reading;
  char *period, *folder, *verify, *by, *meter;
  HmExportFilter filter; /* borrows from the options */
  guint32 columns;       /* a bit per HmBy; 0: all lines as they are */
  gboolean provisional;
  HmFiles *files;
  GPtrArray *periods, *statements;
  HmManifest *manifest;
  guint published, added; /* files */
  guint64 kept, lines;    /* of all statements, and in all */
  int lock;               /* -1: none */
} HmExport;

gboolean hm_export_is_csv (const HmExport *export);
/* What a file's name ends in (a literal). */
const char *hm_export_suffix (const HmExport *export);
/* "-only-" and the filter's id; "" where there is no filter. (transfer full) */
char *hm_export_part (const HmExport *export);

/* Some periods are asked for, not all. */
gboolean hm_export_has_choice (const HmExport *export);
/* Whether there is something closed of what is asked for, and no closed period is asked for in part. HM_ERROR_GONE, HM_ERROR_USAGE. */
gboolean hm_export_check_choice (const HmExport *export, GError **error);
/* The period that it is of; NULL: it is not asked for. */
const HmPeriodRow *hm_export_period_of (const HmExport *export, const HmStatementRow *statement);

/* What the period's usage is now. */
gboolean hm_export_provisional (HmExport *export, GError **error);

/* Whether each file that the folder's manifest names is what the store's statements give. HM_ERROR_DATA with a line a finding. */
gboolean hm_export_compare (const HmReading *reading, HmFiles *files, const char *folder, GError **error);

G_END_DECLS
