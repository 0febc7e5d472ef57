/* SPDX-License-Identifier: Apache-2.0 */
/* export_filter: which lines of a statement an export shall have, where not all. What was left out is named wherever the file is named: its own name has
 * the filter's id, and its manifest the filter, so a part is never taken for the whole. Pure. */
#pragma once

#include "collector/stores/store.h"
#include "metering/json.h"

G_BEGIN_DECLS

typedef enum
{
  HM_ONLY_SOURCE,
  HM_ONLY_PROJECT,
  HM_ONLY_USER,
  HM_ONLY_RESOURCE,
  HM_ONLY_METER, /* a glob; the others are what a line has, exactly: "" where it has none */
  HM_ONLY_COUNT,
} HmOnly;

typedef struct
{
  const char *only[HM_ONLY_COUNT]; /* NULL: any */
} HmExportFilter;

#define HM_EXPORT_FILTER_ID_MAX 17 /* 16 hex digits: the beginning of SHA-256 of its JSON text */

gboolean hm_export_filter_is_empty (const HmExportFilter *filter);

/* HM_ERROR_USAGE where it is no text that a line could have. */
gboolean hm_export_filter_check (const HmExportFilter *filter, GError **error);
void hm_export_filter_id (const HmExportFilter *filter, char ret_id[HM_EXPORT_FILTER_ID_MAX]);
gboolean hm_export_filter_takes (const HmExportFilter *filter, const HmStatementLine *line);

/* An object of the members that it names, in the order of HmOnly; and back, borrowed: FALSE when @json is another thing, or names
 * what this program does not know. */
void hm_export_filter_write (const HmExportFilter *filter, HmJsonWriter *json);
gboolean hm_export_filter_read (HmExportFilter *ret_filter, const HmJson *json);

/* Copies the texts, or frees copies. */
void hm_export_filter_keep (HmExportFilter *filter);
void hm_export_filter_clear (HmExportFilter *filter);

G_END_DECLS
