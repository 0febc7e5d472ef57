/* SPDX-License-Identifier: Apache-2.0 */
/* expected: what the cloud itself says was there, from a file: which resource, created when, deleted when. */
#pragma once

#include "collector/usage/calendar.h"
#include "metering/hypermeter.h"

G_BEGIN_DECLS

#define HM_EXPECTED_LINE_MAX (64 * 1024) /* bytes of a line */
#define HM_EXPECTED_MAX      10000000    /* resources */

typedef struct
{
  char *resource;
  HmTime created; /* HM_TIME_UNKNOWN: it does not say */
  HmTime deleted; /* HM_TIME_UNKNOWN: it is there */
  guint line;
} HmExpected;

/* CSV (RFC 4180, with a header that has resource, created, deleted in any order; others are passed over) or NDJSON, an object with these members a line;
 * "" and null are absent. Times as hm_time_parse() takes them, and, where there is a @zone (nullable), without a zone as well ("2026-11-21T01:00:00.000000", also with
 * a blank for the T), told by its clock: those that this shows twice or never are wrong. @path "-": standard input.
 *
 * HM_ERROR_UNAVAILABLE: it cannot be read; HM_ERROR_USAGE: "path:line: why" of the first line that is wrong: no line is passed over, and a resource stands in
 * one line alone. (transfer full) (element-type HmExpected), in the order of the file. */
GPtrArray *hm_expected_read (const char *path, const HmCalendar *zone, GError **error);

G_END_DECLS
